"""From segments to what other payers did: 2320, 2330 and 2430."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from rcm.x12 import values
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_details import Procedure
from rcm.x12.x837_lines import (
    InpatientAdjudication,
    LineAdjudication,
    OtherPayer,
    OtherSubscriber,
    OutpatientAdjudication,
)
from rcm.x12.x837_read_parties import NameGroup, Row, Rows, at, name_group

if TYPE_CHECKING:
    from rcm.x12.x837_parties import Provider

_AMOUNTS: Final = {
    "D": "paid_cents",
    "A8": "non_covered_cents",
    "EAF": "remaining_patient_liability_cents",
}
_SBR: Final = (
    (1, "responsibility_code"),
    (2, "relationship_code"),
    (3, "group_number"),
    (4, "group_name"),
    (5, "insurance_type_code"),
    (9, "claim_filing_indicator_code"),
)
_PAYER_REFERENCES: Final = ("G1", "9F", "T4", "G3", "F8")


def adjustments(row: Row) -> list[Adjustment]:
    """Read CAS.

    Raises:
        ValueError: An amount or quantity cannot be read.
    """
    return [
        Adjustment(
            group_code=row[1],
            reason_code=row[place],
            amount_cents=values.cents(at(row, place + 1)),
            quantity=values.optional_quantity(at(row, place + 2)),
        )
        for place in range(2, len(row), 3)
        if row[place] or at(row, place + 1)
    ]


@lru_cache(maxsize=1 << 14)
def procedure(text: str, component: str) -> Procedure | None:
    """Read a composite medical procedure identifier."""
    if not text:
        return None
    parts = text.split(component)
    if len(parts) == 2:
        return Procedure(qualifier_code=parts[0], code=parts[1])
    return Procedure(
        qualifier_code=parts[0],
        code=at(parts, 1),
        modifiers=tuple(filter(None, parts[2:6])),
        description=at(parts, 6),
    )


def other_payer(rows: Rows, start: int, component: str) -> tuple[OtherPayer, int]:
    """Read 2320 at `start` with its 2330 loops; also give the place after it.

    Raises:
        ValueError: An amount, quantity or date cannot be read.
    """
    row = rows[start]
    facts: dict[str, Any] = {name: row[at_] for at_, name in _SBR if at_ < len(row)}
    adjusted: list[Adjustment] = []
    holder = payer = NameGroup(("NM1", "", ""))
    providers: list[Provider] = []
    place = start + 1
    while place < len(rows):
        row = rows[place]
        segment_id = row[0]
        if segment_id == "NM1":
            group, place = name_group(rows, place)
            if group.code == "IL":
                holder = group
            elif group.code == "PR":
                payer = group
                place = _take_payer_facts(rows, place, group, facts)
            else:
                providers.append(group.provider(component))
            continue
        if segment_id == "CAS":
            adjusted += adjustments(row)
        elif segment_id == "AMT":
            name = _AMOUNTS.get(at(row, 1))
            if name:
                facts[name] = values.cents(at(row, 2))
        elif segment_id == "OI":
            facts["benefits_assignment_code"] = at(row, 3)
            facts["patient_signature_source_code"] = at(row, 4)
            facts["release_code"] = at(row, 6)
        elif segment_id == "MIA":
            facts["inpatient"] = inpatient(row)
        elif segment_id == "MOA":
            facts["outpatient"] = outpatient(row)
        elif segment_id in {"SBR", "LX", "CLM"}:
            break
        place += 1
    facts.setdefault("responsibility_code", "")
    facts.setdefault("relationship_code", "")
    other = OtherPayer(
        **facts,
        subscriber=_other_subscriber(holder),
        name=payer.name,
        number=payer.number,
        number_qualifier_code=payer.qualifier or "PI",
        adjustments=tuple(adjusted),
        address=payer.address,
        secondary_identifiers=payer.other_references(*_PAYER_REFERENCES, component=component),
        prior_authorization_number=payer.one_reference("G1"),
        referral_number=payer.one_reference("9F"),
        claim_adjustment_indicator=payer.one_reference("T4"),
        predetermination_number=payer.one_reference("G3"),
        payer_claim_control_number=payer.one_reference("F8"),
        providers=tuple(providers),
    )
    return other, place


def _take_payer_facts(rows: Rows, place: int, group: NameGroup, facts: dict[str, Any]) -> int:
    """Read the date and the references of 2330B that come after its address."""
    while place < len(rows) and rows[place][0] in {"DTP", "REF"}:
        row = rows[place]
        if row[0] == "REF":
            group.take(row)
        elif at(row, 1) == "573":
            facts["adjudicated_on"] = values.day(at(row, 3))
        place += 1
    return place


def _other_subscriber(group: NameGroup) -> OtherSubscriber:
    return OtherSubscriber(
        **group.names,
        entity_type_code="2" if group.person == "2" else "1",
        member_number=group.number,
        member_number_qualifier_code=group.qualifier or "MI",
        address=group.address,
        social_security_number=group.one_reference("SY"),
    )


def outpatient(row: Row) -> OutpatientAdjudication:
    """Read MOA.

    Raises:
        ValueError: An amount cannot be read.
    """
    return OutpatientAdjudication(
        reimbursement_rate=values.optional_quantity(at(row, 1)),
        hcpcs_payable_cents=values.optional_cents(at(row, 2)),
        remark_codes=tuple(filter(None, row[3:8])),
        esrd_cents=values.optional_cents(at(row, 8)),
        nonpayable_professional_cents=values.optional_cents(at(row, 9)),
    )


_MIA_CENTS: Final = (
    (2, "operating_outlier_cents"),
    (4, "drg_cents"),
    (6, "disproportionate_share_cents"),
    (7, "msp_pass_through_cents"),
    (8, "pps_capital_cents"),
    (9, "capital_federal_drg_cents"),
    (10, "capital_hospital_drg_cents"),
    (11, "capital_disproportionate_cents"),
    (12, "old_capital_cents"),
    (13, "capital_teaching_cents"),
    (14, "operating_hospital_drg_cents"),
    (16, "operating_federal_drg_cents"),
    (17, "capital_outlier_cents"),
    (18, "indirect_teaching_cents"),
    (19, "nonpayable_professional_cents"),
    (24, "capital_exception_cents"),
)


def inpatient(row: Row) -> InpatientAdjudication:
    """Read MIA.

    Raises:
        ValueError: An amount or a count of days cannot be read.
    """
    amounts = {name: values.optional_cents(at(row, place)) for place, name in _MIA_CENTS}
    return InpatientAdjudication(
        covered_days=values.optional_quantity(at(row, 1)),
        lifetime_psychiatric_days=values.optional_quantity(at(row, 3)),
        cost_report_days=values.optional_quantity(at(row, 15)),
        remark_codes=tuple(filter(None, (at(row, 5), *row[20:24]))),
        **amounts,
    )


def line_adjudication(rows: Rows, start: int, component: str) -> tuple[LineAdjudication, int]:
    """Read 2430 at `start`; also give the place after it.

    Raises:
        ValueError: An amount, quantity or date cannot be read.
    """
    row = rows[start]
    facts: dict[str, Any] = {}
    adjusted: list[Adjustment] = []
    place = start + 1
    while place < len(rows):
        more = rows[place]
        segment_id = more[0]
        if segment_id == "CAS":
            adjusted += adjustments(more)
        elif segment_id == "DTP" and at(more, 1) == "573":
            facts["adjudicated_on"] = values.day(at(more, 3))
        elif segment_id == "AMT" and at(more, 1) == "EAF":
            facts["remaining_patient_liability_cents"] = values.cents(at(more, 2))
        else:
            break
        place += 1
    adjudication = LineAdjudication(
        payer_number=at(row, 1),
        paid_cents=values.cents(at(row, 2)),
        procedure=procedure(at(row, 3), component),
        revenue_code=at(row, 4),
        quantity=values.optional_quantity(at(row, 5)),
        bundled_line_number=at(row, 6),
        adjustments=tuple(adjusted),
        **facts,
    )
    return adjudication, place
