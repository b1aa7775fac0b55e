"""Read one claim of an 835 (2100 CLP with its 2110 SVC) from its raw segments.

Speed decides how this is written: one pass, no object that is not kept, and values cached in
`values.py`. A claim that cannot be read raises Unreadable with the index of the segment, which
`x835_read.py` turns into Findings; nothing else raises.
"""

from rcm.x12.origin import Origin
from rcm.x12.set_aside import Unreadable
from rcm.x12.values import cents, day, optional_cents, optional_quantity, quantity
from rcm.x12.x835_documents import (
    Adjustment,
    Amount,
    ClaimPayment,
    Contact,
    ContactNumber,
    DatedOn,
    Party,
    Procedure,
    Quantity,
    Reference,
    Remark,
    ServiceLine,
)


class _Scope:
    """What a claim or a line gathers before it is complete."""

    __slots__ = (
        "adjustments",
        "amounts",
        "at",
        "dates",
        "head",
        "quantities",
        "references",
        "remarks",
    )

    def __init__(self, head: list[str], at: int) -> None:
        self.head = head
        self.at = at
        self.adjustments: list[Adjustment] = []
        self.references: list[Reference] = []
        self.dates: list[DatedOn] = []
        self.amounts: list[Amount] = []
        self.quantities: list[Quantity] = []
        self.remarks: list[Remark] = []


def read_claim(origin: Origin) -> ClaimPayment:
    """Read the claim of a unit that begins with CLP.

    Raises:
        Unreadable: An amount, date, number or mandatory element cannot be read.
    """
    segments = origin.unit.segments
    component = origin.unit.transaction.delimiters.component
    claim = scope = _Scope(segments[0], 0)
    lines: list[ServiceLine] = []
    parties: list[Party] = []
    contacts: list[Contact] = []
    inpatient: tuple[str, ...] = ()
    outpatient: tuple[str, ...] = ()
    index = 0
    try:
        for index, segment in enumerate(segments):
            tag = segment[0]
            if tag == "DTM":
                scope.dates.append(DatedOn(segment[1], day(segment[2])))
            elif tag == "CAS":
                _adjustments(segment, scope.adjustments)
            elif tag == "REF":
                scope.references.append(Reference(segment[1], segment[2]))
            elif tag == "AMT":
                scope.amounts.append(Amount(segment[1], cents(segment[2])))
            elif tag == "SVC":
                if scope is not claim:
                    lines.append(_line(scope, component))
                scope = _Scope(segment, index)
            elif tag == "NM1":
                parties.append(_party(segment))
            elif tag == "LQ":
                scope.remarks.append(Remark(segment[1], segment[2]))
            elif tag == "QTY":
                scope.quantities.append(Quantity(segment[1], quantity(segment[2])))
            elif tag == "PER":
                contacts.append(read_contact(segment))
            elif tag == "MOA":
                outpatient = tuple(segment[1:])
            elif tag == "MIA":
                inpatient = tuple(segment[1:])
        if scope is not claim:
            index = scope.at
            lines.append(_line(scope, component))
        index = 0
        return _claim(claim, lines, parties, contacts, inpatient, outpatient, origin)
    except (ValueError, IndexError):
        raise Unreadable(index) from None


def _claim(
    scope: _Scope,
    lines: list[ServiceLine],
    parties: list[Party],
    contacts: list[Contact],
    inpatient: tuple[str, ...],
    outpatient: tuple[str, ...],
    origin: Origin,
) -> ClaimPayment:
    head = scope.head
    if len(head) < 14:
        head = head + [""] * (14 - len(head))
    if not head[1] or not head[2]:
        raise ValueError("CLP01 and CLP02 say which claim, and what became of it")
    return ClaimPayment(
        claim_id=head[1],
        claim_status_code=head[2],
        billed_cents=cents(head[3]),
        paid_cents=cents(head[4]),
        patient_responsibility_cents=optional_cents(head[5]),
        claim_filing_indicator_code=head[6],
        payer_claim_control_number=head[7],
        facility_code=head[8],
        frequency_code=head[9],
        patient_status_code=head[10],
        drg_code=head[11],
        drg_weight=optional_quantity(head[12]),
        discharge_fraction=optional_quantity(head[13]),
        adjustments=tuple(scope.adjustments),
        parties=tuple(parties),
        inpatient=inpatient,
        outpatient=outpatient,
        references=tuple(scope.references),
        dates=tuple(scope.dates),
        contacts=tuple(contacts),
        amounts=tuple(scope.amounts),
        quantities=tuple(scope.quantities),
        lines=tuple(lines),
        origin=origin,
    )


def _line(scope: _Scope, component: str) -> ServiceLine:
    head = scope.head
    count = len(head)
    return ServiceLine(
        procedure=_procedure(head[1], component),
        billed_cents=cents(head[2]),
        paid_cents=cents(head[3]),
        revenue_code=head[4] if count > 4 else "",
        paid_units=optional_quantity(head[5]) if count > 5 else None,
        submitted_procedure=_procedure(head[6], component) if count > 6 and head[6] else None,
        billed_units=optional_quantity(head[7]) if count > 7 else None,
        dates=tuple(scope.dates),
        adjustments=tuple(scope.adjustments),
        references=tuple(scope.references),
        amounts=tuple(scope.amounts),
        quantities=tuple(scope.quantities),
        remarks=tuple(scope.remarks),
        at=scope.at,
    )


def _adjustments(segment: list[str], into: list[Adjustment]) -> None:
    """Read the triples of CAS: reason, amount, quantity, up to six times."""
    group_code = segment[1]
    count = len(segment)
    if count <= 4:
        into.append(Adjustment(group_code, segment[2], cents(segment[3])))
        return
    for at in range(2, min(count, 20), 3):
        if not segment[at]:
            # An empty reason with an amount is a fault; without one it is an unused triple.
            if at + 1 < count and segment[at + 1]:
                raise ValueError("an amount without a reason")
            continue
        number = segment[at + 2] if at + 2 < count else ""
        into.append(
            Adjustment(
                group_code,
                segment[at],
                cents(segment[at + 1]),
                quantity(number) if number else None,
            )
        )


def _party(segment: list[str]) -> Party:
    if len(segment) < 10:
        segment = segment + [""] * (10 - len(segment))
    _, entity, kind, last, first, middle, _, suffix, qualifier, number = segment[:10]
    return Party(entity, kind, last, first, middle, suffix, qualifier, number)


def _procedure(text: str, component: str) -> Procedure:
    parts = text.split(component)
    count = len(parts)
    if count == 2:
        return Procedure(parts[0], parts[1])
    if count < 2:
        raise ValueError("SVC01 has a qualifier and a code")
    modifiers = tuple(filter(None, parts[2:6]))
    if count < 7:
        return Procedure(parts[0], parts[1], modifiers)
    return Procedure(parts[0], parts[1], modifiers, parts[6], parts[7] if count > 7 else "")


def read_contact(segment: list[str]) -> Contact:
    """Read a PER segment."""
    name = segment[2] if len(segment) > 2 else ""
    numbers = tuple(
        ContactNumber(segment[at], segment[at + 1])
        for at in range(3, min(len(segment) - 1, 8), 2)
        if segment[at] or segment[at + 1]
    )
    return Contact(segment[1], name, numbers)
