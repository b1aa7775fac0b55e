"""Read 270s and 271s: one document for each person asked about or answered for."""

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
from rcm.x12.x270_documents import (
    Benefit,
    Delivery,
    Exchange,
    Identifier,
    Inquiry,
    Party,
    Period,
    Person,
    Qualification,
    Question,
    Rejection,
    Response,
    Trace,
)
from rcm.x12.x837_read_parties import NameGroup, Row, at
from rcm.x12.x837_read_payers import procedure
from rcm.x12.x837_read_plain import period as read_period
from rcm.x12.x837_read_plain import pointers

NOT_ELIGIBILITY: Final = Rule(
    "not-eligibility", 1, Severity.ERROR, "Send a 270 or 271 of 005010X279A1.", ("AK9", "2")
)
_LEVELS: Final = ("20", "21", "22", "23")
_PERSON_LEVELS: Final = frozenset({"22", "23"})
_INS: Final = (
    (1, "insured_code"),
    (2, "relationship_code"),
    (3, "maintenance_type_code"),
    (4, "maintenance_reason_code"),
    (17, "birth_sequence"),
)
_EB: Final = (
    (2, "coverage_level_code"),
    (4, "insurance_type_code"),
    (5, "plan_description"),
    (6, "time_period_code"),
    (9, "quantity_qualifier_code"),
    (11, "needs_authorization_code"),
    (12, "in_network_code"),
)
Facts = dict[str, Any]


class ReadInquiry(Struct, frozen=True):
    """An inquiry, the head of its transaction, and where it stands."""

    inquiry: Inquiry
    exchange: Exchange
    origin: Origin


class ReadResponse(Struct, frozen=True):
    """A response, the head of its transaction, and where it stands."""

    response: Response
    exchange: Exchange
    origin: Origin


class Reading(Struct, frozen=True):
    """A file of 270s and 271s, read whole.

    Attributes:
        inquiries: Of its 270s.
        responses: Of its 271s.
        set_aside: What could not be read, with its bytes and reasons.
        findings: Everything that is wrong.
        reader: The interchanges, for acknowledging.
    """

    inquiries: tuple[ReadInquiry, ...]
    responses: tuple[ReadResponse, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


class Stream:
    """A file of 270s and 271s, read person by person in constant memory.

    Attributes:
        reader: The interchanges, for acknowledging.
        findings: What is wrong so far. May be cleared while reading.
    """

    def __init__(self, source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> None:
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax

    def __iter__(self) -> Iterator[ReadInquiry | ReadResponse | SetAside]:
        """Give each inquiry and response, and what could not be read."""
        checker: Checker | None = None
        levels: _Levels | None = None
        for unit in self.reader.units():
            guide = unit.transaction.guide
            known = guide is not None and guide.set_code in {"270", "271"}
            if unit.name == "ST":
                checker = Checker(unit.transaction, relax=self._relax) if known else None
                levels = _Levels(unit.transaction.set_code == "270") if known else None
            if checker is not None:
                self.findings += checker.feed(unit)
            if levels is None:
                if unit.texts:
                    yield _aside(unit, self.findings, NOT_ELIGIBILITY, "It is another kind.")
            elif unit.is_cut_off and unit.name != "SE":
                yield _aside(unit, self.findings, CUT_OFF, "Its end is missing.")
            else:
                yield from levels.take(unit, self.findings)


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a whole file.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    stream = Stream(source, relax=relax)
    gathered = list(stream)
    return Reading(
        tuple(one for one in gathered if isinstance(one, ReadInquiry)),
        tuple(one for one in gathered if isinstance(one, ReadResponse)),
        tuple(one for one in gathered if isinstance(one, SetAside)),
        tuple(stream.findings),
        stream.reader,
    )


def _aside(unit: Unit, findings: list[Finding], rule: Rule, message: str) -> SetAside:
    finding = Finding(rule=rule, place=unit.place(), message=message)
    findings.append(finding)
    return SetAside(unit, (finding,))


class _Levels:
    """The levels of one transaction as they are read; a level without one below is a document."""

    def __init__(self, is_inquiry: bool) -> None:  # noqa: FBT001 - one caller, above
        self._is_inquiry = is_inquiry
        self._exchange: Exchange | None = None
        self._facts: dict[str, Facts] = {}
        self._pending: tuple[Unit, str] | None = None
        self._counts = dict.fromkeys(_LEVELS, 0)

    def take(
        self, unit: Unit, findings: list[Finding]
    ) -> Iterator[ReadInquiry | ReadResponse | SetAside]:
        """Read a unit; give the document that it completes."""
        if unit.name == "HL":
            level = at(unit.segments[0], 3)
            below = self._pending is not None and level > self._pending[1]
            if not below or (self._pending is not None and self._has_content(self._pending[1])):
                yield from self._finish(findings)
            self._pending = None
            try:
                self._read(unit, level)
            except (ValueError, TypeError, LookupError):  # KeyError: HL03 is no level of ours
                yield _aside(unit, findings, UNREADABLE, "A value of it cannot be read.")
                return
            self._pending = (unit, level)
        elif unit.name == "SE":
            yield from self._finish(findings)
        else:
            row = next((row for row in unit.segments if row[0] == "BHT"), ["BHT"])
            try:
                self._exchange = Exchange(
                    purpose_code=at(row, 2),
                    reference_number=at(row, 3),
                    created_on=values.day(at(row, 4)),
                    created_time=at(row, 5),
                    transaction_type_code=at(row, 6),
                )
            except ValueError:
                yield _aside(unit, findings, UNREADABLE, "BHT cannot be read.")

    def _has_content(self, level: str) -> bool:
        """Tell whether a subscriber with dependents below was itself asked about."""
        facts = self._facts.get(level, {})
        return bool(facts.get("questions") or facts.get("benefits") or facts.get("traces"))

    def _finish(self, findings: list[Finding]) -> Iterator[ReadInquiry | ReadResponse | SetAside]:
        pending, self._pending = self._pending, None
        if pending is None:
            return
        unit, level = pending
        above = {one for one in _LEVELS if one < level}
        if self._exchange is None or not self._facts.keys() >= above:
            yield _aside(unit, findings, HEADER_LOST, "What it belongs to was not read.")
            return
        here = self._facts[level] if level in _PERSON_LEVELS else {}
        origin = Origin(unit, self._path(level))
        source, receiver = self._facts["20"], self._facts.get("21", {})
        subscriber = self._facts.get("22", {})
        shared: Facts = {
            "source": source["party"],
            "receiver": receiver.get("party"),
            "subscriber": subscriber.get("party"),
            "dependent": here.get("party") if level == "23" else None,
            "traces": here.get("traces", ()),
        }
        if self._is_inquiry:
            if level in _PERSON_LEVELS:
                inquiry = Inquiry(**shared, questions=here.get("questions", ()))
                yield ReadInquiry(inquiry, self._exchange, origin)
            return
        response = Response(
            **shared,
            system_rejections=source.get("system_rejections", ()),
            source_rejections=source.get("rejections", ()),
            receiver_rejections=receiver.get("rejections", ()),
            rejections=here.get("rejections", ()),
            benefits=here.get("benefits", ()),
        )
        yield ReadResponse(response, self._exchange, origin)

    def _path(self, level: str) -> str:
        names = {"20": "2000A", "21": "2000B", "22": "2000C", "23": "2000D"}
        return "/".join(
            f"{name}[{self._counts[code]}]" for code, name in names.items() if code <= level
        )

    def _read(self, unit: Unit, level: str) -> None:
        for code in _LEVELS:
            if code > level:
                self._counts[code] = 0
            if code >= level:
                self._facts.pop(code, None)
        self._counts[level] += 1
        delimiters = unit.transaction.delimiters
        walk = _Walk(delimiters.component, delimiters.repetition, is_person=level in _PERSON_LEVELS)
        for row in unit.segments:
            walk.take(row)
        self._facts[level] = walk.facts()


class _Walk:
    """Reads the segments of one level: the party first, then each question or benefit."""

    def __init__(self, component: str, repetition: str, *, is_person: bool) -> None:
        self._component = component
        self._repetition = repetition
        self._is_person = is_person
        self._level: Facts = {}
        self._items: list[tuple[type, Facts]] = []
        self._groups: list[NameGroup] = []
        self._extra: Facts = {}
        self._inner: list[tuple[NameGroup, Facts]] = []

    def take(self, row: Row) -> None:
        """Read one segment."""
        name = row[0]
        if name == "NM1":
            group = NameGroup(row)
            if self._items:
                self._inner.append((group, {}))
            else:
                self._groups.append(group)
        elif name in {"EQ", "EB"}:
            self._close_item()
            self._items.append((Question if name == "EQ" else Benefit, self._opened(row)))
        elif name == "TRN":
            made = Trace(
                type_code=at(row, 1),
                number=at(row, 2),
                originator=at(row, 3),
                addition=at(row, 4),
            )
            _append(self._level, "traces", made)
        elif self._items:
            self._take_of_item(row)
        else:
            self._take_of_party(row)

    def facts(self) -> Facts:
        """Give what the level holds."""
        self._close_item()
        items = tuple(make(**facts) for make, facts in self._items)
        if items:
            self._level["questions" if isinstance(items[0], Question) else "benefits"] = items
        group = self._groups[0]
        make = Person if self._is_person else Party
        self._level["party"] = make(**_party(group), **self._extra)
        return self._level

    def _opened(self, row: Row) -> Facts:
        """Read EQ or EB."""
        is_question = row[0] == "EQ"
        codes = at(row, 1 if is_question else 3)
        service = at(row, 2 if is_question else 13)
        points = at(row, 5 if is_question else 14)
        facts: Facts = {
            "service_type_codes": tuple(codes.split(self._repetition or "^")) if codes else (),
            "procedure": procedure(service, self._component),
            "pointers": pointers(points, self._component) if points else (),
        }
        if not is_question:
            facts |= {name: row[place] for place, name in _EB if place < len(row)}
            facts["information_code"] = at(row, 1)
            facts["amount_cents"] = values.optional_cents(at(row, 7))
            facts["share"] = values.optional_quantity(at(row, 8))
            facts["quantity"] = values.optional_quantity(at(row, 10))
        return facts

    def _close_item(self) -> None:
        if self._items and self._inner:
            parties = tuple(Party(**_party(group), **more) for group, more in self._inner)
            self._items[-1][1]["parties"] = parties
        self._inner = []

    def _take_of_party(self, row: Row) -> None:
        name, extra = row[0], self._extra
        if name == "AAA":
            key = "rejections" if self._groups else "system_rejections"
            _append(self._level, key, _rejection(row))
        elif name == "PRV":
            extra |= _provider(row)
        elif name == "REF":
            _append(extra, "identifiers", _identifier(row))
        elif name == "DMG":
            extra["birth_on"] = values.optional_day(at(row, 2))
            extra["sex_code"] = at(row, 3)
        elif name == "INS":
            extra |= {key: row[place] for place, key in _INS if place < len(row)}
        elif name == "HI":
            parts = [text.split(self._component) for text in row[1:] if text]
            extra["diagnoses"] = tuple((part[0], at(part, 1)) for part in parts)
        elif name == "DTP":
            _append(extra, "periods", _period(row))
        elif name in {"N3", "N4", "PER"} and self._groups:
            self._groups[0].take(row)

    def _take_of_item(self, row: Row) -> None:
        name, (make, facts) = row[0], self._items[-1]
        if self._inner and name in {"N3", "N4", "PER", "PRV", "REF"}:
            group, more = self._inner[-1]
            if name == "PRV":
                more |= _provider(row)
            else:
                group.take(row)
        elif make is Question:
            _take_of_question(facts, row)
        elif name == "HSD":
            _append(facts, "deliveries", _delivery(row))
        elif name == "REF":
            _append(facts, "identifiers", _identifier(row))
        elif name == "DTP":
            _append(facts, "periods", _period(row))
        elif name == "AAA":
            _append(facts, "rejections", _rejection(row))
        elif name == "MSG":
            _append(facts, "messages", at(row, 1))
        elif name == "III":
            made = Qualification(
                list_code=at(row, 1),
                code=at(row, 2),
                category_code=at(row, 3),
                text=at(row, 4),
            )
            _append(facts, "qualifications", made)


def _take_of_question(facts: Facts, row: Row) -> None:
    name = row[0]
    if name == "AMT":
        key = "spend_down_cents" if at(row, 1) == "R" else "spend_down_billed_cents"
        facts[key] = values.cents(at(row, 2))
    elif name == "III":
        facts["place_of_service_code"] = at(row, 2)
    elif name == "REF":
        facts["prior_authorization"] = _identifier(row)
    elif name == "DTP":
        facts["period"] = _period(row)


def _append(facts: Facts, name: str, value: object) -> None:
    facts[name] = (*facts.get(name, ()), value)


def _party(group: NameGroup) -> Facts:
    return {
        **group.names,
        "role_code": group.code,
        "entity_type_code": group.person,
        "number_qualifier_code": group.qualifier,
        "number": group.number,
        "address": group.address,
        "contacts": group.contacts,
    }


def _provider(row: Row) -> Facts:
    return {
        "provider_code": at(row, 1),
        "provider_number_qualifier_code": at(row, 2),
        "provider_number": at(row, 3),
    }


def _identifier(row: Row) -> Identifier:
    return Identifier(qualifier_code=at(row, 1), number=at(row, 2), description=at(row, 3))


def _period(row: Row) -> Period:
    first, last = read_period(at(row, 3))
    return Period(qualifier_code=at(row, 1), first_on=first, last_on=last)


def _rejection(row: Row) -> Rejection:
    return Rejection(
        is_valid_request=at(row, 1) == "Y", reason_code=at(row, 3), follow_up_code=at(row, 4)
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        quantity_qualifier_code=at(row, 1),
        quantity=values.optional_quantity(at(row, 2)),
        unit_code=at(row, 3),
        sample_rate=values.optional_quantity(at(row, 4)),
        period_qualifier_code=at(row, 5),
        period_count=at(row, 6),
        frequency_code=at(row, 7),
        pattern_code=at(row, 8),
    )


__all__ = ["ReadInquiry", "ReadResponse", "Reading", "read"]
