"""The head of any transaction, typed: what it is, its numbers and dates, who sends and who takes.

For transactions that we read to the level of segments and envelopes (275, 277 request, 278, 820,
834), and for whoever must route a file before knowing what it is. The guides put the same facts
into BHT, BGN or BPR with TRN; here they have one shape.
"""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, Final

from msgspec import Struct

from rcm.money import Cents
from rcm.x12 import values
from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding
from rcm.x12.private import Private
from rcm.x12.reader import Reader


class HeaderParty(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A party that the head names. NM1 or N1."""

    role_code: str  # NM101 or N101: 41, 40, PR, X3, P5, IN, PE, RM, ...
    name: str = ""  # NM103 or N102
    number_qualifier_code: str = ""  # NM108 or N103
    number: str = ""  # NM109 or N104


class TransactionHeader(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a transaction says of itself before its first detail."""

    set_code: str  # ST01
    transaction_control_number: str  # ST02
    guide_id: str  # ST03, or GS08 where ST03 is not used
    structure_code: str = ""  # BHT01
    purpose_code: str = ""  # BHT02, BGN01; BPR01 of an 820 or 835
    reference_number: str = ""  # BHT03, BGN02; TRN02 of an 820 or 835
    created_on: date | None = None  # BHT04, BGN03; BPR16
    created_time: str = ""  # BHT05, BGN04
    type_code: str = ""  # BHT06; BGN08, the action of an 834
    payment_cents: Cents | None = None  # BPR02
    payment_method_code: str = ""  # BPR04
    parties: tuple[HeaderParty, ...] = ()


_PARTY: Final = {"NM1": (1, 3, 8, 9), "N1": (1, 2, 3, 4)}


def headers(source: bytes | BinaryIO) -> Iterator[tuple[TransactionHeader, Transaction]]:
    """Give the head of each transaction of a file, with the transaction it stands in.

    A value that cannot be read is left out; `findings` of `check` say what is wrong with it.
    """
    reader = Reader(source)
    head: list[list[str]] = []
    details = 0
    transaction: Transaction | None = None
    for unit in reader.units():
        if unit.name == "ST":
            head, details, transaction = list(unit.segments), 0, unit.transaction
        elif unit.name == "HL" and details < 2:
            # The first two levels of a hierarchy name who asks whom: 278, 270, 276.
            details += 1
            head += unit.segments
        elif unit.name == "SE" and transaction is not None:
            yield _header(head, transaction), transaction
            transaction = None


def check(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> list[Finding]:
    """Check any file to the level of envelopes, loops, segments and elements.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    reader = Reader(source)
    found: list[Finding] = []
    checker: Checker | None = None
    for unit in reader.units():
        if _starts(unit):
            checker = Checker(unit.transaction, relax=relax)
        elif unit.name == "ST":
            checker = None
        if checker is not None:
            found += checker.feed(unit)
    return [*reader.findings, *found]


def _starts(unit: Unit) -> bool:
    return unit.name == "ST" and unit.transaction.guide is not None


def _header(rows: list[list[str]], transaction: Transaction) -> TransactionHeader:
    facts: dict[str, str] = {}
    created: date | None = None
    cents: int | None = None
    parties: list[HeaderParty] = []
    for row in rows:
        cell = (*row, *[""] * 20)
        match row[0]:
            case "BHT":
                facts["structure_code"] = cell[1]
                facts["purpose_code"] = cell[2]
                facts["reference_number"] = cell[3]
                facts["created_time"] = cell[5]
                facts["type_code"] = cell[6]
                created = _day(cell[4])
            case "BGN":
                facts["purpose_code"] = cell[1]
                facts["reference_number"] = cell[2]
                facts["created_time"] = cell[4]
                facts["type_code"] = cell[8]
                created = _day(cell[3])
            case "BPR":
                facts["purpose_code"] = cell[1]
                facts["payment_method_code"] = cell[4]
                cents = _cents(cell[2])
                created = _day(cell[16])
            case "TRN" if "reference_number" not in facts:
                facts["reference_number"] = cell[2]
            case "NM1" | "N1":
                role, name, qualifier, number = (cell[place] for place in _PARTY[row[0]])
                parties.append(
                    HeaderParty(
                        role_code=role,
                        name=name,
                        number_qualifier_code=qualifier,
                        number=number,
                    )
                )
            case _:
                pass
    return TransactionHeader(
        set_code=transaction.set_code,
        transaction_control_number=transaction.control_number,
        guide_id=transaction.version,
        created_on=created,
        payment_cents=cents,
        parties=tuple(parties),
        **facts,
    )


def _day(text: str) -> date | None:
    try:
        return values.optional_day(text)
    except ValueError:
        return None


def _cents(text: str) -> int | None:
    try:
        return values.optional_cents(text)
    except ValueError:
        return None
