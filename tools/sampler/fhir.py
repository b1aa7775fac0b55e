"""The FHIR R4 bundle of a case, as an EHR that exports bundles writes it."""

from typing import Any

from tools.sampler.cases import Case

V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
RELATION = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NPI = "http://hl7.org/fhir/sid/us-npi"


def bundle(case: Case) -> dict[str, Any]:
    """Build the bundle: patient, coverage, encounter, conditions, charge items, practitioner,
    payer.
    """
    p = case.patient
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient", "id": "patient",
            "identifier": [{"type": _coding(V2_0203, "MR"), "value": p.record_number}],
            "name": [{"use": "official", "family": p.last, "given": [p.first, p.middle]}],
            "gender": {"F": "female", "M": "male"}[p.sex],
            "birthDate": p.born_on.isoformat(),
            "address": [{"line": [p.street], "city": p.city, "state": p.state,
                         "postalCode": p.postal}],
        },
        {
            "resourceType": "Organization", "id": "payer", "name": case.payer.name,
            "identifier": [{"system": "urn:payer-id", "value": case.payer.number}],
        },
        {
            "resourceType": "Coverage", "id": "coverage", "status": "active", "order": 1,
            "subscriberId": case.member, "subscriber": {"reference": "Patient/patient"},
            "beneficiary": {"reference": "Patient/patient"},
            "relationship": _coding(RELATION, "self"),
            "payor": [{"reference": "Organization/payer"}],
        },
        {
            "resourceType": "Practitioner", "id": "doctor",
            "identifier": [{"system": NPI, "value": case.doctor.npi}],
            "name": [{"family": case.doctor.last, "given": [case.doctor.first], "prefix": ["Dr."]}],
        },
        {
            "resourceType": "Encounter", "id": "encounter", "status": "finished",
            "identifier": [{"type": _coding(V2_0203, "VN"), "value": case.visit}],
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": {"reference": "Patient/patient"},
            "participant": [{"individual": {"reference": "Practitioner/doctor"}}],
            "period": {"start": f"{case.day}T09:00:00-05:00", "end": f"{case.day}T09:40:00-05:00"},
            "diagnosis": [
                {"condition": {"reference": f"Condition/dx{n}"}, "rank": n}
                for n in range(1, len(case.diagnoses) + 1)
            ],
        },
    ]  # fmt: skip
    resources += [
        {
            "resourceType": "Condition", "id": f"dx{n}",
            "category": [_coding(CATEGORY, "encounter-diagnosis")],
            "code": _coding(ICD10, code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"),
            "subject": {"reference": "Patient/patient"},
            "encounter": {"reference": "Encounter/encounter"},
        }
        for n, code in enumerate(case.diagnoses, 1)
    ]  # fmt: skip
    resources += [
        {
            "resourceType": "ChargeItem", "id": f"charge{n}", "status": "billable",
            "identifier": [{"value": f"{case.visit}T{n}"}],
            "code": _coding(HCPCS, line.code), "subject": {"reference": "Patient/patient"},
            "context": {"reference": "Encounter/encounter"},
            "occurrenceDateTime": f"{case.day}T09:30:00-05:00",
            "performer": [{"actor": {"reference": "Practitioner/doctor"}}],
            "quantity": {"value": line.units},
            "priceOverride": {"value": line.cents / 100, "currency": "USD"},
        }
        for n, line in enumerate(case.lines, 1)
    ]  # fmt: skip
    if case.second is not None:
        resources += [
            {
                "resourceType": "Organization", "id": "second", "name": case.second.name,
                "identifier": [{"system": "urn:payer-id", "value": case.second.number}],
            },
            {
                "resourceType": "Coverage", "id": "coverage2", "status": "active", "order": 2,
                "subscriberId": case.second_member,
                "subscriber": {"reference": "Patient/patient"},
                "beneficiary": {"reference": "Patient/patient"},
                "relationship": _coding(RELATION, "self"),
                "payor": [{"reference": "Organization/second"}],
            },
        ]  # fmt: skip
    entries = [{"fullUrl": f"urn:x:{r['id']}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _coding(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
