"""Makes synthetic encounters as an EHR would send them: HL7 v2 feeds, HL7 batch files, FHIR
bundles.

Everything is invented: names, numbers, addresses, prices. The same seed gives the same bytes.
Procedure codes are
HCPCS Level II, because CPT is licensed.
"""
