"""Read one claim of an 835 (2100 CLP with its 2110 SVC) from its raw segments.

Speed decides how this is written: one pass, no object that is not kept, and equal dates,
procedures and remarks made once (they are frozen, so claims may share them). A claim that cannot
be read raises Unreadable with the index of the segment, which `x835_read.py` turns into Findings;
nothing else raises.
"""

from functools import lru_cache

from rcm.x12.origin import Origin
from rcm.x12.set_aside import Unreadable
from rcm.x12.values import cents, day, optional_quantity, quantity
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


def read_claim(origin: Origin) -> ClaimPayment:
    """Read the claim of a unit that begins with CLP.

    Raises:
        Unreadable: An amount, date, number or mandatory element cannot be read.
    """
    segments = origin.unit.segments
    component = origin.unit.transaction.delimiters.component
    own: _Facts | None = None
    lines: list[ServiceLine] = []
    parties: list[Party] = []
    contacts: list[Contact] = []
    inpatient: tuple[str, ...] = ()
    outpatient: tuple[str, ...] = ()
    head, at, index = segments[0], 0, 0
    # What the claim, and then each line, gathers until the next SVC.
    adjustments: list[Adjustment] = []
    references: list[Reference] = []
    dates: list[DatedOn] = []
    amounts: list[Amount] = []
    quantities: list[Quantity] = []
    remarks: list[Remark] = []
    facts: _Facts = (adjustments, references, dates, amounts, quantities, remarks)
    try:
        for index, segment in enumerate(segments):
            tag = segment[0]
            if tag == "DTM":
                dates.append(_dated(segment[1], segment[2]))
            elif tag == "CAS":
                if len(segment) == 4:
                    adjustments.append(Adjustment(segment[1], segment[2], cents(segment[3])))
                else:
                    _adjustments(segment, adjustments)
            elif tag == "REF":
                references.append(Reference(segment[1], segment[2]))
            elif tag == "AMT":
                amounts.append(Amount(segment[1], cents(segment[2])))
            elif tag == "SVC":
                if own is None:
                    own = facts
                else:
                    lines.append(_line(head, at, component, facts))
                head, at = segment, index
                adjustments, references, dates = [], [], []
                amounts, quantities, remarks = [], [], []
                facts = (adjustments, references, dates, amounts, quantities, remarks)
            elif tag == "NM1":
                parties.append(_party(segment))
            elif tag == "LQ":
                remarks.append(_remark(segment[1], segment[2]))
            elif tag == "QTY":
                quantities.append(Quantity(segment[1], quantity(segment[2])))
            elif tag == "PER":
                contacts.append(read_contact(segment))
            elif tag == "MOA":
                outpatient = tuple(segment[1:])
            elif tag == "MIA":
                inpatient = tuple(segment[1:])
        if own is not None:
            index = at
            lines.append(_line(head, at, component, facts))
        index = 0
        around = (tuple(lines), tuple(parties), tuple(contacts), inpatient, outpatient)
        return _claim(segments[0], own or facts, around, origin)
    except (ValueError, IndexError):
        raise Unreadable(index) from None


_Facts = tuple[
    list[Adjustment],
    list[Reference],
    list[DatedOn],
    list[Amount],
    list[Quantity],
    list[Remark],
]
_Around = tuple[
    tuple[ServiceLine, ...],
    tuple[Party, ...],
    tuple[Contact, ...],
    tuple[str, ...],
    tuple[str, ...],
]


def _claim(head: list[str], facts: _Facts, around: _Around, origin: Origin) -> ClaimPayment:
    if len(head) < 14:
        head = head + [""] * (14 - len(head))
    if not head[1] or not head[2]:
        raise ValueError("CLP01 and CLP02 say which claim, and what became of it")
    adjustments, references, dates, amounts, quantities, _ = facts
    lines, parties, contacts, inpatient, outpatient = around
    # By position, in the order of the document: names would cost a tenth of the reading.
    return ClaimPayment(
        head[1],
        head[2],
        cents(head[3]),
        cents(head[4]),
        cents(head[5]) if head[5] else None,
        head[6],
        head[7],
        head[8],
        head[9],
        head[10],
        head[11],
        optional_quantity(head[12]),
        optional_quantity(head[13]),
        tuple(adjustments),
        parties,
        inpatient,
        outpatient,
        tuple(references),
        tuple(dates),
        contacts,
        tuple(amounts),
        tuple(quantities),
        lines,
        origin,
    )


def _line(head: list[str], at: int, component: str, facts: _Facts) -> ServiceLine:
    count = len(head)
    adjustments, references, dates, amounts, quantities, remarks = facts
    return ServiceLine(
        _procedure(head[1], component),
        cents(head[2]),
        cents(head[3]),
        head[4] if count > 4 else "",
        quantity(head[5]) if count > 5 and head[5] else None,
        _procedure(head[6], component) if count > 6 and head[6] else None,
        quantity(head[7]) if count > 7 and head[7] else None,
        tuple(dates),
        tuple(adjustments),
        tuple(references),
        tuple(amounts) if amounts else (),
        tuple(quantities) if quantities else (),
        tuple(remarks) if remarks else (),
        at,
    )


def _adjustments(segment: list[str], into: list[Adjustment]) -> None:
    """Read the triples of CAS: reason, amount, quantity, up to six times."""
    group_code = segment[1]
    count = len(segment)
    for at in range(2, max(min(count, 20), 3), 3):
        if not segment[at]:
            # An empty reason with an amount is a fault; without one it is an unused triple.
            if at == 2 or (at + 1 < count and segment[at + 1]):
                raise ValueError("an amount without a reason")
            continue
        number = segment[at + 2] if at + 2 < count else ""
        amount = cents(segment[at + 1])
        into.append(
            Adjustment(group_code, segment[at], amount, quantity(number) if number else None)
        )


@lru_cache(maxsize=1 << 14)
def _dated(qualifier_code: str, text: str) -> DatedOn:
    return DatedOn(qualifier_code, day(text))


@lru_cache(maxsize=1 << 12)
def _remark(qualifier_code: str, code: str) -> Remark:
    return Remark(qualifier_code, code)


def _party(segment: list[str]) -> Party:
    if len(segment) < 10:
        segment = segment + [""] * (10 - len(segment))
    _, entity, kind, last, first, middle, _, suffix, qualifier, number = segment[:10]
    return Party(entity, kind, last, first, middle, suffix, qualifier, number)


@lru_cache(maxsize=1 << 14)
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
