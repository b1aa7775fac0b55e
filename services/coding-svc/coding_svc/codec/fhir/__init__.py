"""FHIR R4: reading a bundle strictly, and mapping it to an encounter."""
