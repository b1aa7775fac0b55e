"""Take a released encounter to what Safe Harbor leaves of it (45 CFR 164.514(b)(2)).

Pure: the key of the export is given. What is taken is named field by field; a value that does not
fit the pattern of its field is left out, never passed on.
"""

import hmac
from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from coding_svc.model.account import Account, Stay
from coding_svc.model.analytic import VERSION, AnalyticEncounter, PayerClass
from coding_svc.model.desk import ReleaseContent
from rcm.events.clinical import ChargeLine, DrgGrouping

AGE_MAX: Final = 89
LOW_POPULATION_ZIP3: Final = frozenset(
    ("036", "059", "063", "102", "202", "203", "204", "205", "369", "556", "692", "753", "772",
     "790", "821", "823", "830", "831", "878", "879", "884", "890", "893")
)  # fmt: skip
"""Three-digit areas of 20,000 people or fewer; told as 000 (164.514(b)(2)(i)(B)).

The union of both lists, which is never less careful than either:
Census 2000, as HHS's guidance of 2012-11-26 on de-identification prints it: 036 059 063 102 203 556
692 790 821 823 830 831 878 879 884 890 893; and Census 2010 (ZCTA of 2010, summed by their first
three digits): 036 059 102 202 203 204 205 369 556 692 753 772 821 823 878 879 884 893. An area that
neither list knows, such as one that a later census makes small, is to be added here.
"""
_SHIFT_DAYS_MAX: Final = 182

_PAYER_CLASSES: Final[Mapping[str, PayerClass]] = {
    "MA": "medicare", "MB": "medicare", "16": "medicare-advantage", "MC": "medicaid",
    "CH": "tricare", "VA": "veterans", "WC": "workers-compensation", "AM": "auto-liability",
    "LM": "auto-liability", "09": "self-pay", "CI": "commercial", "BL": "commercial",
    "HM": "commercial", "12": "commercial", "13": "commercial", "14": "commercial",
    "15": "commercial", "17": "commercial",
}  # fmt: skip
"""Claim filing indicator (837 SBR09) to a class that names no payer."""


class Released(Struct, frozen=True, kw_only=True):
    """A version that was released, as the tables hold it.

    Attributes:
        encounter_id: Opaque id; only its pseudonym goes out.
        patient_id: Opaque id; only its pseudonym goes out.
        coded_version: Which.
        is_latest: No later one was released.
        is_rework: A denial asked for it.
        class_code: Patient class.
        billed_cents: Of all lines.
        content: Codes, and what they were checked by.
        overruled: Rule ids that people set aside.
    """

    encounter_id: str
    patient_id: str
    coded_version: int
    is_latest: bool
    is_rework: bool
    class_code: str
    billed_cents: int
    content: ReleaseContent
    overruled: Sequence[str]


def pseudonym(key: bytes, prefix: str, opaque_id: str) -> str:
    """Name something so that only whoever has the key could find it again."""
    digest = hmac.new(key, f"{prefix}/{opaque_id}".encode(), sha256).digest()
    return f"{prefix}_{b32encode(digest).decode().lower()[:26]}"


def deidentify(
    released: Released, account: Account, key: bytes, *, shifted_dates: bool
) -> AnalyticEncounter:
    """Make the record of one version.

    Args:
        released: The version.
        account: The encounter as it is known, opened.
        key: Of this export.
        shifted_dates: A limited data set (164.514(e)): the first service as a date, moved by a
            number of days that is the patient's own.
    """
    content, stay = released.content, account.stay
    days = [day for line in content.lines if (day := _day(line.service_from)) is not None]
    first = min(days, default=_day(stay.started_on))
    severities = {one.code: one.severity for one in content.drg.severities} if content.drg else {}
    person = account.patient.person if account.patient is not None else None
    made: dict[str, Any] = {
        "schema_version": VERSION,
        "encounter": pseudonym(key, "e", released.encounter_id),
        "patient": pseudonym(key, "p", released.patient_id),
        "coded_version": released.coded_version,
        "is_latest": released.is_latest,
        "is_rework": released.is_rework,
        "year": first.year if first is not None and not shifted_dates else None,
        "service_from": _shifted(first, key, released.patient_id) if shifted_dates else None,
        "length_of_stay_days": _stay_days(stay) if released.class_code == "I" else None,
        "age": age_at(person.born_on if person is not None else None, first),
        "sex": person.sex_code if person is not None and person.sex_code in ("M", "F") else "U",
        "zip3": zip3(person.address.postal_code if person and person.address else ""),
        "class_code": released.class_code,
        "admission_type": stay.admission_type_code or "",
        "point_of_origin": stay.point_of_origin_code or "",
        "discharge_status": stay.patient_status_code or "",
        "payer_class": payer_class(account),
        "coverage_count": len(account.coverages),
        "billed_cents": released.billed_cents,
        "diagnoses": [
            {
                "code": one.code,
                "role": one.role,
                "poa": one.present_on_admission_code,
                "severity": severities.get(one.code, ""),
            }
            for one in content.diagnoses
        ],
        "procedures": [
            {
                "code": one.code,
                "is_principal": one.is_principal,
                "day": _after(first, one.performed_on),
            }
            for one in content.procedures
        ],
        "lines": [_line(line, first) for line in content.lines],
        "drg": _drg(content.drg),
        "edits": [
            *({"rule": one.rule_id, "outcome": "warned"} for one in content.warnings),
            *({"rule": rule, "outcome": "overruled"} for rule in released.overruled),
        ],
        "code_set": content.code_set_versions.get("icd10cm", ""),
    }
    return _fitting(made)


def age_at(born_on: str | None, on: date | None) -> str:
    """Return whole years, `90+` above 89, nothing where it cannot be told."""
    born = _day(born_on)
    if born is None or on is None or born > on:
        return ""
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return str(years) if years <= AGE_MAX else "90+"


def zip3(postal_code: str) -> str:
    """Return the first three digits of a US ZIP code, `000` for a small area."""
    digits = postal_code.replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (5, 9)):
        return ""
    return "000" if digits[:3] in LOW_POPULATION_ZIP3 else digits[:3]


def payer_class(account: Account) -> PayerClass:
    """Return the kind of the first payer."""
    if not account.coverages:
        return "self-pay"
    first = min(account.coverages, key=lambda coverage: coverage.order)
    return _PAYER_CLASSES.get(first.filing_indicator_code, "other")


def _line(line: ChargeLine, first: date | None) -> dict[str, Any]:
    return {
        "form": line.form,
        "code": line.procedure_code,
        "modifiers": list(line.modifiers),
        "revenue_code": line.revenue_code,
        "place_of_service": line.place_of_service_code,
        "ndc": line.drug.ndc if line.drug is not None else "",
        "units_milli": line.units_milli,
        "billed_cents": line.billed_cents,
        "day": _after(first, line.service_from) or 0,
        "pointers": list(line.diagnosis_pointers),
    }


def _drg(drg: DrgGrouping | None) -> dict[str, Any] | None:
    if drg is None:
        return None
    return {"code": drg.drg_code, "version": drg.version, "mdc": drg.mdc, "weight": drg.weight}


def _fitting(made: dict[str, Any]) -> AnalyticEncounter:
    """Hold every value to its field; one that does not fit is left out, with what it is part of."""
    for name in ("diagnoses", "procedures", "lines", "edits"):
        made[name] = list(_those_that_fit(made[name], _PARTS[name]))
    for name in ("drg", *_TEXTS):
        if not _fits({name: made[name]}, _ALONE[name]):
            made[name] = None if name == "drg" else ""
    return msgspec.convert(made, AnalyticEncounter)


def _those_that_fit(rows: Iterable[dict[str, Any]], shape: Any) -> Iterable[dict[str, Any]]:
    return (row for row in rows if _fits(row, shape))


def _fits(value: dict[str, Any], shape: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return False
    return True


_TEXTS: Final = (
    "age", "zip3", "class_code", "admission_type", "point_of_origin", "discharge_status",
    "code_set",
)  # fmt: skip
_SHAPES: Final = {field.name: field.type for field in msgspec.structs.fields(AnalyticEncounter)}
_PARTS: Final = {
    name: _SHAPES[name].__args__[0] for name in ("diagnoses", "procedures", "lines", "edits")
}
_ALONE: Final = {
    name: msgspec.defstruct(name, [(name, _SHAPES[name])]) for name in ("drg", *_TEXTS)
}


def _day(text: str | None) -> date | None:
    if not text or len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _after(first: date | None, text: str) -> int | None:
    on = _day(text)
    return (on - first).days if first is not None and on is not None else None


def _stay_days(stay: Stay) -> int | None:
    started, ended = _day(stay.started_on), _day(stay.ended_on)
    return (ended - started).days if started and ended and ended >= started else None


def _shifted(first: date | None, key: bytes, patient_id: str) -> str | None:
    """Move a date by the patient's own number of days, never by none."""
    if first is None:
        return None
    digest = hmac.new(key, f"shift/{patient_id}".encode(), sha256).digest()
    days = int.from_bytes(digest[:8]) % (2 * _SHIFT_DAYS_MAX) - _SHIFT_DAYS_MAX
    return (first + timedelta(days=days if days < 0 else days + 1)).isoformat()
