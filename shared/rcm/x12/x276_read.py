"""Read 276s and 277s (005010X212): one document for each claim asked about or answered for."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from msgspec import Struct

from rcm.x12 import values
from rcm.x12.checker import Checker
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding, Rule, Severity
from rcm.x12.origin import Origin
from rcm.x12.reader import Reader
from rcm.x12.set_aside import CUT_OFF, HEADER_LOST, UNREADABLE, SetAside
from rcm.x12.x270_documents import Party, Person
from rcm.x12.x276_documents import (
    Status,
    StatusExchange,
    StatusLine,
    StatusReport,
    StatusRequest,
)
from rcm.x12.x277ca_documents import StatusCode
from rcm.x12.x837_read_parties import NameGroup, Row, at
from rcm.x12.x837_read_payers import procedure
from rcm.x12.x837_read_plain import period

NOT_CLAIM_STATUS: Final = Rule(
    "not-claim-status", 1, Severity.ERROR, "Send a 276 or 277 of 005010X212.", ("AK9", "2")
)
_LEVELS: Final = ("20", "21", "19", "22", "23")
_NAMES: Final = ("2000A", "2000B", "2000C", "2000D", "2000E")
_NUMBERS: Final = {
    "1K": "payer_claim_control_number",
    "BLT": "bill_type_code",
    "EJ": "claim_id",
    "XZ": "prescription_number",
    "D9": "clearinghouse_trace_number",
    "LU": "location",
    "6P": "group_number",
    "VV": "voucher_number",
}
Facts = dict[str, Any]


class ReadStatus(Struct, frozen=True):
    """A request or report, the head of its transaction, and where it stands."""

    document: StatusRequest | StatusReport
    exchange: StatusExchange
    origin: Origin


class Reading(Struct, frozen=True):
    """A file of 276s and 277s, read whole.

    Attributes:
        documents: Requests and reports, in the order of the file.
        set_aside: What could not be read, with its bytes and reasons.
        findings: Everything that is wrong.
        reader: The interchanges, for acknowledging.
    """

    documents: tuple[ReadStatus, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader

    @property
    def requests(self) -> tuple[StatusRequest, ...]:
        """What 276s ask."""
        found = (one.document for one in self.documents)
        return tuple(one for one in found if isinstance(one, StatusRequest))

    @property
    def reports(self) -> tuple[StatusReport, ...]:
        """What 277s answer."""
        found = (one.document for one in self.documents)
        return tuple(one for one in found if isinstance(one, StatusReport))


class Stream:
    """A file of 276s and 277s, read claim by claim in constant memory.

    Attributes:
        reader: The interchanges, for acknowledging.
        findings: What is wrong so far. May be cleared while reading.
    """

    def __init__(self, source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> None:
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax

    def __iter__(self) -> Iterator[ReadStatus | SetAside]:
        """Give each request and report, and what could not be read."""
        checker: Checker | None = None
        levels: _Levels | None = None
        for unit in self.reader.units():
            guide = unit.transaction.guide
            known = guide is not None and guide.guide_id == "005010X212"
            if unit.name == "ST":
                checker = Checker(unit.transaction, relax=self._relax) if known else None
                levels = _Levels(is_request=unit.transaction.set_code == "276") if known else None
            if checker is not None:
                self.findings += checker.feed(unit)
            rule, message = None, ""
            if levels is None:
                rule, message = NOT_CLAIM_STATUS, "It is another kind of transaction."
            elif unit.is_cut_off and unit.name != "SE":
                rule, message = CUT_OFF, "Its end is missing."
            else:
                try:
                    yield from levels.take(unit)
                except KeyError:
                    rule, message = HEADER_LOST, "What it belongs to was not read."
                except (ValueError, TypeError, IndexError):
                    rule, message = UNREADABLE, "A value of it cannot be read."
            if rule is not None and unit.texts:
                finding = Finding(rule=rule, place=unit.place(), message=message)
                self.findings.append(finding)
                yield SetAside(unit, (finding,))


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a whole file.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    stream = Stream(source, relax=relax)
    gathered = list(stream)
    return Reading(
        tuple(one for one in gathered if isinstance(one, ReadStatus)),
        tuple(one for one in gathered if isinstance(one, SetAside)),
        tuple(stream.findings),
        stream.reader,
    )


class _Levels:
    """The levels of one transaction while it is read."""

    def __init__(self, *, is_request: bool) -> None:
        self._is_request = is_request
        self._exchange: StatusExchange | None = None
        self._parties: dict[str, tuple[Any, ...]] = {}
        self._counts = dict.fromkeys(_LEVELS, 0)

    def take(self, unit: Unit) -> list[ReadStatus]:
        """Read a unit; give the documents in it.

        Raises:
            ValueError: A value cannot be read.
            KeyError: What it belongs to was not read.
        """
        if unit.name == "HL":
            return list(self._level(unit))
        if unit.name != "SE":
            row = next((row for row in unit.segments if row[0] == "BHT"), ["BHT"])
            self._exchange = StatusExchange(
                reference_number=at(row, 3),
                created_on=values.day(at(row, 4)),
                created_time=at(row, 5),
            )
        return []

    def _level(self, unit: Unit) -> Iterator[ReadStatus]:
        rows = unit.segments
        level = at(rows[0], 3)
        place = _LEVELS.index(level)
        for below in _LEVELS[place:]:
            self._parties.pop(below, None)
        for below in _LEVELS[place + 1 :]:
            self._counts[below] = 0
        self._counts[level] += 1
        component = unit.transaction.delimiters.component
        walk = _Walk(component)
        for row in rows:
            walk.take(row)
        self._parties[level] = walk.parties(is_person=level in {"22", "23"})
        claims = walk.claims()
        if not claims:
            return
        if self._exchange is None:
            raise KeyError("BHT")
        loop = "/".join(
            f"{name}[{self._counts[code]}]"
            for name, code in zip(_NAMES[: place + 1], _LEVELS, strict=False)
        )
        for claim in claims:
            yield ReadStatus(self._document(claim), self._exchange, Origin(unit, loop))

    def _document(self, facts: Facts) -> StatusRequest | StatusReport:
        levels = self._parties
        shared: Facts = {
            "payer": levels["20"][0],
            "receiver": next(iter(levels.get("21", ())), None),
            "providers": levels.get("19", ()),
            "subscriber": next(iter(levels.get("22", ())), None),
            "dependent": next(iter(levels.get("23", ())), None),
            **facts,
        }
        return StatusRequest(**shared) if self._is_request else StatusReport(**shared)


class _Walk:
    """Reads the segments of one level."""

    def __init__(self, component: str) -> None:
        self._component = component
        self._groups: list[NameGroup] = []
        self._person: Facts = {}
        self._claims: list[Facts] = []
        self._line: Facts | None = None

    def parties(self, *, is_person: bool) -> tuple[Any, ...]:
        """Give the parties of the level."""
        made: list[Any] = []
        for group in self._groups:
            facts: Facts = {
                **group.names,
                "role_code": group.code,
                "entity_type_code": group.person,
                "number_qualifier_code": group.qualifier,
                "number": group.number,
                "contacts": group.contacts,
            }
            made.append(Person(**facts, **self._person) if is_person else Party(**facts))
        return tuple(made)

    def claims(self) -> list[Facts]:
        """Give the claims, or the one answer for the level itself."""
        for facts in self._claims:
            lines = tuple(StatusLine(**line) for line in facts.pop("raw_lines", ()))
            if lines:
                facts["lines"] = lines
        return self._claims

    def take(self, row: Row) -> None:
        """Read one segment."""
        name = row[0]
        if name == "NM1":
            self._groups.append(NameGroup(row))
        elif name == "DMG":
            self._person = {
                "birth_on": values.optional_day(at(row, 2)),
                "sex_code": at(row, 3),
            }
        elif name == "PER" and self._groups:
            self._groups[-1].take(row)
        elif name == "TRN":
            self._claims.append({"trace_type_code": at(row, 1), "trace_number": at(row, 2)})
            self._line = None
        elif name == "SVC" and self._claims:
            self._line = {
                "procedure": procedure(at(row, 1), self._component),
                "billed_cents": values.cents(at(row, 2)),
                "paid_cents": values.optional_cents(at(row, 3)),
                "revenue_code": at(row, 4),
                "quantity": values.optional_quantity(at(row, 7)),
            }
            self._claims[-1].setdefault("raw_lines", []).append(self._line)
        elif self._claims:
            self._take_of_claim(row)

    def _take_of_claim(self, row: Row) -> None:
        name = row[0]
        target = self._line if self._line is not None else self._claims[-1]
        if name == "STC":
            made = _status(row, self._component)
            target["statuses"] = (*target.get("statuses", ()), made)
        elif name == "DTP":
            target["service_from"], target["service_through"] = period(at(row, 3))
        elif name == "AMT":
            target["billed_cents"] = values.cents(at(row, 2))
        elif name == "REF" and at(row, 1) == "FJ":
            target["line_item_control_number"] = at(row, 2)
        elif name == "REF" and at(row, 1) in _NUMBERS:
            target.setdefault(_NUMBERS[at(row, 1)], at(row, 2))


def _status(row: Row, component: str) -> Status:
    codes = []
    for place in (1, 10, 11):
        text = at(row, place)
        if text:
            parts = text.split(component)
            codes.append(StatusCode(parts[0], at(parts, 1), at(parts, 2), at(parts, 3)))
    return Status(
        codes=tuple(codes),
        effective_on=values.optional_day(at(row, 2)),
        billed_cents=values.optional_cents(at(row, 4)),
        paid_cents=values.optional_cents(at(row, 5)),
        adjudicated_on=values.optional_day(at(row, 6)),
        payment_method_code=at(row, 7),
        paid_on=values.optional_day(at(row, 8)),
        payment_number=at(row, 9),
        text=at(row, 12),
    )
