"""Foreign formats on one side, our model on the other: HL7 v2, its MLLP framing, and FHIR R4."""
