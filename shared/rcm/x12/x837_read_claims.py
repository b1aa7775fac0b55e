"""From segments to claims: 2300 with its loops, for the three guides.

Reading takes what it finds in any order and gives what it can; whether a segment may stand where
it stands is the checker's business (`checker.py`), whether a value makes sense is that of the
rules (`x837_rules.py`).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from rcm.x12 import values
from rcm.x12.envelope import Unit
from rcm.x12.set_aside import Unreadable
from rcm.x12.x837_claims import Claim, DentalClaim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_details import (
    Diagnosis,
    InpatientProcedure,
    Occurrence,
    OccurrenceSpan,
    Orthodontics,
    SpinalManipulation,
    ToothStatus,
    ValueCode,
)
from rcm.x12.x837_parties import BillingProvider, Patient, Payer, Subscriber
from rcm.x12.x837_qualifiers import (
    DENTAL_NUMBERS,
    INSTITUTIONAL_NUMBERS,
    PROFESSIONAL_DAYS,
    PROFESSIONAL_NUMBERS,
)
from rcm.x12.x837_read_lines import (
    DENTAL,
    INSTITUTIONAL,
    PROFESSIONAL,
    Facts,
    Handler,
    LineTable,
    append,
    lines,
    take_ambulance,
    take_attachment,
    take_condition,
    take_contract,
    take_day,
    take_fixed_format,
    take_note,
    take_repricing,
)
from rcm.x12.x837_read_parties import Row, Rows, at, name_group
from rcm.x12.x837_read_payers import other_payer
from rcm.x12.x837_read_plain import period
from rcm.x12.x837_shapes import line_start, taken_apart


class Above(NamedTuple):
    """What the HL levels above a claim say."""

    billing_provider: BillingProvider
    subscriber: Subscriber
    payer: Payer
    patient: Patient | None


class ClaimTable(NamedTuple):
    """What tells the claims of one guide from those of another.

    Attributes:
        make: The type to make.
        head: Reads CLM.
        lines: How its lines are read.
        days: Field of each DTP qualifier that is one day.
        numbers: Field of each REF qualifier that occurs once.
        amounts: Field of each AMT qualifier.
        handlers: Readers of further segments.
    """

    make: Callable[..., Claim]
    head: Callable[[Row, str], Facts]
    lines: LineTable
    days: dict[str, str]
    numbers: dict[str, str]
    amounts: dict[str, str]
    handlers: dict[str, Handler]


def claim(unit: Unit, table: ClaimTable, above: Above) -> tuple[Claim, tuple[str, ...]]:
    """Read a claim from CLM on.

    Returns:
        The claim; and LX01 of its lines, but nothing when they count 1, 2, 3 as they should.

    Raises:
        Unreadable: A value cannot be represented; it names the segment.
    """
    text, delimiters = unit.text, unit.transaction.delimiters
    first = line_start(delimiters).search(text)
    start = len(text) if first is None else first.start() + 1
    facts = _facts(taken_apart(text[:start], delimiters), delimiters.component, table)
    made, numbers = lines(text, start, delimiters, table.lines)
    try:
        one = table.make(
            billing_provider=above.billing_provider,
            subscriber=above.subscriber,
            payer=above.payer,
            patient=above.patient,
            lines=tuple(made),
            **facts,
        )
    except TypeError as error:  # a field without default has no value
        raise Unreadable(0) from error
    return one, numbers


def _facts(rows: Rows, component: str, table: ClaimTable) -> Facts:
    """Read a claim up to its first line."""
    place = 0
    try:
        facts = table.head(rows[0], component)
        place = 1
        count = len(rows)
        while place < count:
            row = rows[place]
            segment_id = row[0]
            if segment_id == "NM1":
                group, place = name_group(rows, place)
                append(facts, "providers", group.provider(component))
            elif segment_id == "SBR":
                other, place = other_payer(rows, place, component)
                append(facts, "other_payers", other)
            else:
                _take(facts, row, component, table)
                place += 1
    except (ValueError, TypeError, IndexError) as error:
        raise Unreadable(place) from error
    return facts


def _take(facts: Facts, row: Row, component: str, table: ClaimTable) -> None:
    segment_id = row[0]
    handler = table.handlers.get(segment_id)
    if handler is not None:
        handler(facts, row, component)
    elif segment_id == "REF":
        name = table.numbers.get(at(row, 1))
        if name is not None:
            facts.setdefault(name, at(row, 2))
        elif at(row, 1) == "LX":
            append(facts, "investigational_device_numbers", at(row, 2))
    elif segment_id == "DTP":
        handler = table.handlers.get("DTP" + at(row, 1))
        if handler is not None:
            handler(facts, row, component)
        else:
            take_day(facts, row, table.days)
    elif segment_id == "AMT":
        name = table.amounts.get(at(row, 1))
        if name is not None:
            facts[name] = values.cents(at(row, 2))


def _head(row: Row, component: str) -> Facts:
    """Read CLM01, 02, 05, 07 to 09 and 20, which the guides share."""
    if len(row) < 10:
        row = (*row, *("",) * (10 - len(row)))
    place = row[5].split(component)
    facts: Facts = {
        "claim_id": row[1],
        "billed_cents": values.cents(row[2]),
        "facility": place[0],
        "frequency_code": at(place, 2),
        "assignment_code": row[7],
        "benefits_assignment_code": row[8],
        "release_code": row[9],
    }
    if len(row) > 19:
        facts["predetermination_code"] = row[19]
        facts["delay_reason_code"] = at(row, 20)
    return facts


def _professional_head(row: Row, component: str) -> Facts:
    facts = _head(row, component)
    facts["place_of_service_code"] = facts.pop("facility")
    facts["has_provider_signature"] = at(row, 6) == "Y"
    if len(row) > 10:
        facts["patient_signature_source_code"] = row[10]
        _take_circumstances(facts, row, component)
    facts["diagnoses"] = ()
    return facts


def _dental_head(row: Row, component: str) -> Facts:
    facts = _head(row, component)
    facts["place_of_service_code"] = facts.pop("facility")
    facts["has_provider_signature"] = at(row, 6) == "Y"
    _take_circumstances(facts, row, component)
    return facts


def _take_circumstances(facts: Facts, row: Row, component: str) -> None:
    causes = at(row, 11)
    if causes:
        parts = causes.split(component)
        facts["related_cause_codes"] = tuple(filter(None, parts[:3]))
        facts["accident_state_code"] = at(parts, 3)
        facts["accident_country_code"] = at(parts, 4)
    facts["special_program_code"] = at(row, 12)


def _institutional_head(row: Row, component: str) -> Facts:
    facts = _head(row, component)
    facts["bill_type_code"] = facts.pop("facility")
    facts["admission_type_code"] = facts["patient_status_code"] = ""
    return facts


def _cr2(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["spinal_manipulation"] = SpinalManipulation(
        condition_code=at(row, 8), description=at(row, 10), more_description=at(row, 11)
    )


def _disability(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["disability_from"], facts["disability_through"] = period(at(row, 3))


def _statement(facts: Facts, row: Row, component: str) -> None:
    del component
    first, last = period(at(row, 3))
    facts["statement_from"], facts["statement_through"] = first, last or first


def _admission(facts: Facts, row: Row, component: str) -> None:
    del component
    text = at(row, 3)
    facts["admitted_on"] = values.day(text[:8])
    facts["admission_time"] = text[8:]


def _discharge(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["discharge_time"] = at(row, 3)


def _cl1(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["admission_type_code"] = at(row, 1)
    facts["point_of_origin_code"] = at(row, 2)
    facts["patient_status_code"] = at(row, 3)


def _dn1(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["orthodontics"] = Orthodontics(
        total_months=values.optional_quantity(at(row, 1)),
        remaining_months=values.optional_quantity(at(row, 2)),
        is_for_services=at(row, 4) == "Y",
    )


def _dn2(facts: Facts, row: Row, component: str) -> None:
    del component
    append(facts, "tooth_statuses", ToothStatus(tooth_code=at(row, 1), status_code=at(row, 2)))


def _diagnosis(parts: list[str]) -> Diagnosis:
    version: Any = 10 if parts[0][:1] == "A" else 9
    if len(parts) == 2:
        return Diagnosis(code=parts[1], icd_version=version)
    return Diagnosis(code=at(parts, 1), poa_code=at(parts, 8), icd_version=version)


@lru_cache(maxsize=1 << 14)
def _listed_diagnosis(text: str, component: str) -> Diagnosis:
    return _diagnosis(text.split(component))


def _hi(facts: Facts, row: Row, component: str) -> None:
    """Read HI of an 837P or 837D."""
    texts = [text for text in row[1:] if text]
    kind = texts[0].split(component, 1)[0] if texts else ""
    if kind in {"ABK", "BK", "ABF", "BF"}:
        found = [_listed_diagnosis(text, component) for text in texts]
        facts["diagnoses"] = (*facts.get("diagnoses", ()), *found)
    elif kind == "BP":
        codes = (at(text.split(component), 1) for text in texts)
        facts["anaesthesia_procedure_codes"] = tuple(codes)
    elif kind == "BG":
        codes = (at(text.split(component), 1) for text in texts)
        facts["condition_codes"] = (*facts.get("condition_codes", ()), *codes)


def _institutional_hi(facts: Facts, row: Row, component: str) -> None:
    """Read HI of an 837I; its qualifier says what the codes are."""
    for text in row[1:]:
        if not text:
            continue
        parts = text.split(component)
        kind = _KINDS.get(parts[0])
        if kind is None:
            continue
        name, make, is_list = kind
        if is_list:
            append(facts, name, make(parts))
        else:
            facts.setdefault(name, make(parts))


def _inpatient_procedure(parts: list[str]) -> InpatientProcedure:
    version: Any = 10 if len(parts[0]) == 3 else 9
    return InpatientProcedure(
        code=at(parts, 1), performed_on=values.optional_day(at(parts, 3)), icd_version=version
    )


def _occurrence(parts: list[str]) -> Occurrence:
    return Occurrence(code=at(parts, 1), occurred_on=values.day(at(parts, 3)))


def _span(parts: list[str]) -> OccurrenceSpan:
    first, last = period(at(parts, 3))
    if last is None:
        raise ValueError("not a range of dates")
    return OccurrenceSpan(code=at(parts, 1), occurred_from=first, occurred_through=last)


def _value(parts: list[str]) -> ValueCode:
    return ValueCode(code=at(parts, 1), amount_cents=values.cents(at(parts, 4)))


def _code(parts: list[str]) -> str:
    return at(parts, 1)


_KINDS: Final[dict[str, tuple[str, Callable[[list[str]], object], bool]]] = {
    "ABK": ("principal_diagnosis", _diagnosis, False),
    "BK": ("principal_diagnosis", _diagnosis, False),
    "ABJ": ("admitting_diagnosis", _diagnosis, False),
    "BJ": ("admitting_diagnosis", _diagnosis, False),
    "APR": ("reasons_for_visit", _diagnosis, True),
    "PR": ("reasons_for_visit", _diagnosis, True),
    "ABN": ("external_causes", _diagnosis, True),
    "BN": ("external_causes", _diagnosis, True),
    "ABF": ("other_diagnoses", _diagnosis, True),
    "BF": ("other_diagnoses", _diagnosis, True),
    "DR": ("drg_code", _code, False),
    "BBR": ("principal_procedure", _inpatient_procedure, False),
    "BR": ("principal_procedure", _inpatient_procedure, False),
    "BBQ": ("other_procedures", _inpatient_procedure, True),
    "BQ": ("other_procedures", _inpatient_procedure, True),
    "BI": ("occurrence_spans", _span, True),
    "BH": ("occurrences", _occurrence, True),
    "BE": ("value_codes", _value, True),
    "BG": ("condition_codes", _code, True),
    "TC": ("treatment_codes", _code, True),
}
_SHARED: Final[dict[str, Handler]] = {
    "PWK": take_attachment,
    "CN1": take_contract,
    "K3": take_fixed_format,
    "NTE": take_note,
    "CRC": take_condition,
    "HCP": take_repricing,
}
PROFESSIONAL_CLAIM: Final = ClaimTable(
    make=ProfessionalClaim,
    head=_professional_head,
    lines=PROFESSIONAL,
    days=PROFESSIONAL_DAYS,
    numbers=PROFESSIONAL_NUMBERS,
    amounts={"F5": "patient_paid_cents"},
    handlers=_SHARED | {"CR1": take_ambulance, "CR2": _cr2, "HI": _hi, "DTP314": _disability},
)
INSTITUTIONAL_CLAIM: Final = ClaimTable(
    make=InstitutionalClaim,
    head=_institutional_head,
    lines=INSTITUTIONAL,
    days={"050": "repricer_received_on"},
    numbers=INSTITUTIONAL_NUMBERS,
    amounts={"F3": "patient_estimated_due_cents"},
    handlers=_SHARED
    | {
        "CL1": _cl1,
        "HI": _institutional_hi,
        "DTP434": _statement,
        "DTP435": _admission,
        "DTP096": _discharge,
    },
)
DENTAL_CLAIM: Final = ClaimTable(
    make=DentalClaim,
    head=_dental_head,
    lines=DENTAL,
    days={
        "472": "service_from",
        "439": "accident_on",
        "452": "appliance_placement_on",
        "050": "repricer_received_on",
    },
    numbers=DENTAL_NUMBERS,
    amounts={"F5": "patient_paid_cents"},
    handlers=_SHARED | {"DN1": _dn1, "DN2": _dn2, "HI": _hi},
)
