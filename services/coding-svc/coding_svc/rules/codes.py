"""Shapes of codes, and the names that senders give to code systems.

A shape says that a text could be a code, not that the code is in force: that is a question for the
code sets of the date of service. Codes are kept as X12 carries them: upper case, undotted.
"""

import re
from enum import StrEnum
from typing import Final

_ICD10_CM: Final = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?", re.ASCII)
# ICD-10-PCS leaves out I and O.
_ICD10_PCS: Final = re.compile(r"[0-9A-HJ-NP-Z]{7}", re.ASCII)
# CPT category I, II (F), III (T), PLA (U), MAAA (M), administrative (A); HCPCS level II.
_HCPCS: Final = re.compile(r"\d{4}[0-9AFTUM]|[A-V]\d{4}", re.ASCII)
_MODIFIER: Final = re.compile(r"[A-Z0-9]{2}", re.ASCII)
_REVENUE: Final = re.compile(r"\d{4}", re.ASCII)
_PLACE_OF_SERVICE: Final = re.compile(r"\d{2}", re.ASCII)
_NDC_PARTS: Final = re.compile(r"(\d{4,5})-(\d{3,4})-(\d{1,2})", re.ASCII)
_NDC: Final = re.compile(r"\d{11}", re.ASCII)


PACKAGED_REVENUE_CODES: Final = frozenset(
    {
        *("0250", "0251", "0252", "0254", "0255", "0257", "0258", "0259", "0260", "0262", "0263"),
        *("0264", "0269", "0270", "0271", "0272", "0275", "0276", "0278", "0279", "0280", "0289"),
        *("0343", "0344", "0370", "0371", "0372", "0379", "0390", "0399", "0621", "0622", "0624"),
        *("0630", "0631", "0632", "0633", "0637", "0700", "0709", "0710", "0719", "0720", "0721"),
        *("0732", "0762", "0801", "0802", "0803", "0804", "0809", "0810", "0819", "0821", "0942"),
    }
)
"""Outpatient services that Medicare packages and takes without a HCPCS code (CMS Pub. 100-04,
chapter 4, 20.5): drugs and supplies without a code of their own, anesthesia, recovery."""


class CodeSystem(StrEnum):
    """Which list a code comes from."""

    ICD10_CM = "ICD-10-CM"
    ICD10_PCS = "ICD-10-PCS"
    HCPCS = "HCPCS"
    """HCPCS level I (CPT) and II: X12 qualifier HC for both."""
    REVENUE = "REVENUE"
    OTHER = "OTHER"
    """Named, but nothing that is billed: SNOMED CT, ICD-9, LOINC."""
    NONE = ""
    """Not named."""


# HL7 table 0396, the URIs of FHIR, and what feeds write instead.
SYSTEMS: Final = {
    **dict.fromkeys(
        (
            "I10",
            "I10C",
            "ICD10",
            "ICD-10",
            "ICD10CM",
            "ICD-10-CM",
            "ICD10-CM",
            "10",
            "http://hl7.org/fhir/sid/icd-10-cm",
            "http://hl7.org/fhir/sid/icd-10",
            "urn:oid:2.16.840.1.113883.6.90",
        ),
        CodeSystem.ICD10_CM,
    ),
    **dict.fromkeys(
        (
            "I10P",
            "ICD10PCS",
            "ICD-10-PCS",
            "ICD10-PCS",
            "http://www.cms.gov/Medicare/Coding/ICD10",
            "http://hl7.org/fhir/sid/icd-10-pcs",
            "urn:oid:2.16.840.1.113883.6.4",
        ),
        CodeSystem.ICD10_PCS,
    ),
    **dict.fromkeys(
        (
            "C4",
            "CPT",
            "CPT4",
            "CPT-4",
            "CPT5",
            "HCPCS",
            "HCPC",
            "HPC",
            "HCPT",
            "http://www.ama-assn.org/go/cpt",
            "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
            "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
            "urn:oid:2.16.840.1.113883.6.12",
            "urn:oid:2.16.840.1.113883.6.285",
        ),
        CodeSystem.HCPCS,
    ),
    **dict.fromkeys(
        (
            "UB",
            "UB04",
            "UB-04",
            "UB92",
            "NUBC",
            "REV",
            "https://www.nubc.org/CodeSystem/RevenueCodes",
        ),
        CodeSystem.REVENUE,
    ),
    **dict.fromkeys(
        (
            "I9",
            "I9C",
            "I9CDX",
            "I9CP",
            "ICD9",
            "ICD-9",
            "ICD9CM",
            "ICD-9-CM",
            "SCT",
            "SNM",
            "SNOMED",
            "SNOMEDCT",
            "LN",
            "CVX",
            "NDC",
            "RXNORM",
            "http://snomed.info/sct",
            "http://hl7.org/fhir/sid/icd-9-cm",
            "http://loinc.org",
            "http://hl7.org/fhir/sid/cvx",
            "http://www.nlm.nih.gov/research/umls/rxnorm",
        ),
        CodeSystem.OTHER,
    ),
}


def system_of(name: str) -> CodeSystem:
    """Name the code system that a sender means; NONE when the name says nothing."""
    return SYSTEMS.get(name) or SYSTEMS.get(name.upper(), CodeSystem.NONE)


def icd10_cm(text: str) -> str:
    """Return a diagnosis code as X12 carries it, or an empty text when it has not the shape."""
    code = text.strip().upper()
    return code.replace(".", "") if _ICD10_CM.fullmatch(code) else ""


def icd10_pcs(text: str) -> str:
    """Return an inpatient procedure code, or an empty text when it has not the shape."""
    code = text.strip().upper()
    return code if _ICD10_PCS.fullmatch(code) else ""


def hcpcs(text: str) -> str:
    """Return a HCPCS level I or II code, or an empty text when it has not the shape."""
    code = text.strip().upper()
    return code if _HCPCS.fullmatch(code) else ""


def modifier_is_shaped(text: str) -> bool:
    """Tell whether a text has the shape of a procedure modifier."""
    return _MODIFIER.fullmatch(text) is not None


def revenue_code(text: str) -> str:
    """Return a revenue code with its four digits (`450` is `0450`), or an empty text."""
    code = text.strip()
    if len(code) == 3:
        code = "0" + code
    return code if _REVENUE.fullmatch(code) else ""


def place_of_service(text: str) -> str:
    """Return a CMS place of service code, or an empty text."""
    code = text.strip()
    return code if _PLACE_OF_SERVICE.fullmatch(code) else ""


def ndc(text: str) -> str:
    """Return a National Drug Code as eleven digits, 5-4-2 (45 CFR 162.1002), or an empty text."""
    code = text.strip()
    parts = _NDC_PARTS.fullmatch(code)
    if parts is not None:
        return parts[1].zfill(5) + parts[2].zfill(4) + parts[3].zfill(2)
    return code if _NDC.fullmatch(code) else ""
