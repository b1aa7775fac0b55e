"""HL7 v2: reading messages and batches, answering them, and mapping them to an encounter."""
