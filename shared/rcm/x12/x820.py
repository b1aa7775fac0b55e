"""The 820: a premium payment and what it is for. 005010X218, and X306 of the exchanges.

for payment in x820.read(data).documents:
    payment.amount_cents, [one.paid_cents for one in payment.items]
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from rcm.money import x12_from_cents
from rcm.x12 import documents
from rcm.x12.envelope import Unit
from rcm.x12.guide_820 import GUIDE
from rcm.x12.lexer import Delimiters
from rcm.x12.parties import Raw, Row, Segment, at, kept, kept_segments, needed
from rcm.x12.private import Private
from rcm.x12.values import cents, day_text, optional_cents, optional_day
from rcm.x12.writer import Draft, Envelope
from rcm.x12.writer import write as write_drafts

__all__ = ["GUIDE", "Item", "PremiumPayment", "Remittee", "Stream", "drafts", "read", "write"]

_BPR_DATE: Final = 16


class Item(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a part of the payment is for. 2300 RMR."""

    qualifier_code: str  # RMR01: AZ policy, IK invoice, 11 account, CT contract, ...
    number: str  # RMR02
    action_code: str = ""  # RMR03
    paid_cents: int | None = None  # RMR04
    billed_cents: int | None = None  # RMR05
    further: tuple[str, ...] = ()  # RMR06 and on
    rows: tuple[Raw, ...] = ()  # REF, DTM, IT1, SLN, ADX of it, as they stand

    @property
    def adjusted_cents(self) -> int:
        """The sum of its adjustments: ADX01."""
        amounts = (row[1] for row in self.rows if row[0] == "ADX" and len(row) > 1)
        return sum(cents(one) for one in amounts if isinstance(one, str))


class Remittee(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person or organization that the payment is for. 2000 ENT, 2100 NM1."""

    rows: tuple[Raw, ...]  # ENT, NM1, REF, ADX before the first item, as they stand
    items: tuple[Item, ...] = ()

    @property
    def number(self) -> str:
        """ENT04."""
        found = self.rows[0][4] if len(self.rows[0]) > 4 else ""
        return found if isinstance(found, str) else ""


class PremiumPayment(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One payment. ST to SE."""

    handling_code: str  # BPR01
    amount_cents: int  # BPR02
    payment: tuple[str, ...]  # BPR03 to BPR15, as they stand
    effective_on: date | None  # BPR16
    trace_type_code: str = ""  # TRN01: 1 with the money, 3 apart from it
    trace_number: str = ""  # TRN02
    trace: tuple[str, ...] = ()  # TRN03 and on
    head_rows: tuple[Raw, ...] = ()  # CUR, REF, DTM, 1000: as they stand
    remittees: tuple[Remittee, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """What is paid, of all."""
        return tuple(item for one in self.remittees for item in one.items)


class Stream(documents.Stream[PremiumPayment]):
    """A file of payments, read one by one."""

    guide = GUIDE

    def taker(self) -> documents.Taker[PremiumPayment]:
        """Make what reads one transaction."""
        return _Taker()


read = Stream.whole


class _Taker:
    """Reads one 820. Its details are units, and its payment is whole at the end."""

    def __init__(self) -> None:
        self._payment: PremiumPayment | None = None
        self._remittees: list[Remittee] = []

    def take(self, unit: Unit) -> Iterator[PremiumPayment]:
        if unit.name == "ST":
            self._payment = _payment(unit.segments, unit.transaction.delimiters)
        else:
            self._remittees.append(_remittee(unit.segments, unit.transaction.delimiters))
        return iter(())

    def end(self) -> Iterator[PremiumPayment]:
        if self._payment is not None:
            yield replace(self._payment, remittees=tuple(self._remittees))


def _payment(rows: Sequence[Row], delimiters: Delimiters) -> PremiumPayment:
    order = needed(rows, "BPR")
    trace = next((one for one in rows if one[0] == "TRN"), ())
    known = {"ST", "BPR", "TRN"}
    return PremiumPayment(
        handling_code=at(order, 1),
        amount_cents=cents(at(order, 2)),
        payment=tuple(order[3:_BPR_DATE]),
        effective_on=optional_day(at(order, _BPR_DATE)),
        trace_type_code=at(trace, 1),
        trace_number=at(trace, 2),
        trace=tuple(trace[3:]),
        head_rows=kept((one for one in rows if one[0] not in known), delimiters),
    )


def _remittee(rows: Sequence[Row], delimiters: Delimiters) -> Remittee:
    starts = [place for place, one in enumerate(rows) if one[0] == "RMR"]
    first = starts[0] if starts else len(rows)
    ends = [*starts[1:], len(rows)]
    return Remittee(
        rows=kept(rows[:first], delimiters),
        items=tuple(
            _item(rows[start:end], delimiters) for start, end in zip(starts, ends, strict=False)
        ),
    )


def _item(rows: Sequence[Row], delimiters: Delimiters) -> Item:
    head = rows[0]
    for one in rows:
        if one[0] == "ADX":
            cents(at(one, 1))
    return Item(
        qualifier_code=at(head, 1),
        number=at(head, 2),
        action_code=at(head, 3),
        paid_cents=optional_cents(at(head, 4)),
        billed_cents=optional_cents(at(head, 5)),
        further=tuple(head[6:]),
        rows=kept(rows[1:], delimiters),
    )


def drafts(payments: Iterable[PremiumPayment]) -> list[Draft]:
    """Make transactions to write, one for each payment."""
    return [Draft(GUIDE, list(_segments(one))) for one in payments]


def write(payments: Iterable[PremiumPayment], envelope: Envelope) -> bytes:
    """Write an interchange with a transaction for each payment.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write_drafts(drafts(payments), envelope)


def _segments(one: PremiumPayment) -> Iterator[Segment]:
    payment = (*one.payment, *[""] * _BPR_DATE)[: _BPR_DATE - 3]
    amount = x12_from_cents(one.amount_cents)
    yield ("BPR", one.handling_code, amount, *payment, day_text(one.effective_on))
    if one.trace_number:
        yield ("TRN", one.trace_type_code, one.trace_number, *one.trace)
    yield from kept_segments(one.head_rows)
    for remittee in one.remittees:
        yield from kept_segments(remittee.rows)
        for item in remittee.items:
            paid, billed = (
                "" if value is None else x12_from_cents(value)
                for value in (item.paid_cents, item.billed_cents)
            )
            yield (
                "RMR", item.qualifier_code, item.number, item.action_code, paid, billed,
                *item.further,
            )  # fmt: skip
            yield from kept_segments(item.rows)
