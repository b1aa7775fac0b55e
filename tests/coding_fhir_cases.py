"""Makes FHIR bundles for the tests of coding-svc. All synthetic."""

V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
SCT = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
NPI = "http://hl7.org/fhir/sid/us-npi"


def coded(system: str, code: str) -> dict:
    return {"coding": [{"system": system, "code": code}]}


def typed(kind: str, value: str) -> dict:
    return {"type": coded(V2_0203, kind), "value": value}


def resources() -> dict[str, dict]:
    """A complete office visit, by name of the resource."""
    return {
        "patient": {
            "resourceType": "Patient",
            "id": "p",
            "identifier": [{"system": "x", "value": "other"}, typed("MR", "R1")],
            "name": [
                {"use": "nickname", "family": "X"},
                {"use": "official", "family": "TESTPATIENT", "given": ["ALPHA", "Q"]},
            ],
            "gender": "female",
            "birthDate": "1980-06-15",
            "address": [
                {
                    "line": ["100 TEST ST"],
                    "city": "COLUMBUS",
                    "state": "oh",
                    "postalCode": "43004-1234",
                }
            ],
            "telecom": [
                {"system": "email", "value": "a@b"},
                {"system": "phone", "value": "614-555-0100"},
            ],
        },
        "payer": {
            "resourceType": "Organization",
            "id": "o",
            "name": "AETNA",
            "identifier": [{"value": "60054"}],
        },
        "coverage": {
            "resourceType": "Coverage",
            "id": "c",
            "status": "active",
            "order": 1,
            "subscriberId": "W123-456 789",
            "beneficiary": {"reference": "Patient/p"},
            "subscriber": {"reference": "Patient/p"},
            "relationship": coded("r", "self"),
            "payor": [{"reference": "Organization/o"}],
            "class": [{"type": coded("t", "group"), "value": "GRP1", "name": "ACME"}],
        },
        "doctor": {
            "resourceType": "Practitioner",
            "id": "d",
            "identifier": [
                {"system": "local", "value": "D7"},
                {"system": NPI, "value": "1999999901"},
            ],
            "name": [{"family": "ALPHADOC", "given": ["ANNA"]}],
        },
        "role": {
            "resourceType": "PractitionerRole",
            "id": "r",
            "practitioner": {"reference": "Practitioner/d"},
        },
        "encounter": {
            "resourceType": "Encounter",
            "id": "e",
            "status": "finished",
            "identifier": [typed("VN", "V1"), typed("AN", "A1")],
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/p"},
            "participant": [{"individual": {"reference": "PractitionerRole/r"}}],
            "period": {"start": "2026-02-28T22:15:00-05:00", "end": "2026-02-28T23:00:00-05:00"},
            "diagnosis": [{"condition": {"reference": "Condition/x1"}, "rank": 1}],
        },
        "condition": {
            "resourceType": "Condition",
            "id": "x1",
            "category": [coded("c", "encounter-diagnosis")],
            "code": {
                "coding": [{"system": SCT, "code": "44054006"}, {"system": ICD10, "code": "E11.9"}]
            },
        },
        "charge": {
            "resourceType": "ChargeItem",
            "id": "ch1",
            "status": "billable",
            "identifier": [{"value": "TX1"}],
            "code": coded(CPT, "99214"),
            "extension": [{"url": "http://example.org/modifier", "valueCode": "25"}],
            "occurrenceDateTime": "2026-03-01T03:15:00Z",
            "performer": [{"actor": {"reference": "Practitioner/d"}}],
            "quantity": {"value": 1},
            "priceOverride": {"value": 285.00, "currency": "USD"},
        },
    }


def bundle(parts: dict[str, dict]) -> dict:
    entries = [{"fullUrl": f"urn:{name}", "resource": part} for name, part in parts.items()]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
