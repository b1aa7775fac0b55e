"""Who is named in a 275, 277 request, 278, 820 or 834: NM1 and N1, with address and identifiers.

The claim and eligibility guides have richer parties of their own; these serve the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from rcm.x12.lexer import Delimiters
from rcm.x12.private import Private
from rcm.x12.values import day, day_text
from rcm.x12.writer import Composite, Repeated, Value

Row = Sequence[str]
Element = str | tuple[str | tuple[str, ...], ...]
#: A segment kept as it stood, whatever the separators were: a composite is a tuple, and an element
#: that repeats a tuple of them.
Raw = tuple[Element, ...]
Segment = tuple[Value, ...]


class Identifier(Private, frozen=True, omit_defaults=True, gc=False):
    """A number under its qualifier. REF."""

    qualifier_code: str  # REF01
    number: str  # REF02
    description: str = ""  # REF03


class Dated(Private, frozen=True, omit_defaults=True, gc=False):
    """A day or a period under its qualifier. DTP."""

    qualifier_code: str  # DTP01
    first_on: date  # DTP03
    last_on: date | None = None  # DTP03 of format RD8; None means D8


class Named(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person or an organization. NM1, N3, N4, REF, PER."""

    role_code: str  # NM101
    type_code: str  # NM102: 1 person, 2 organization
    last_name: str = ""  # NM103: last name, or the organization's name
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    prefix: str = ""  # NM106
    suffix: str = ""  # NM107
    qualifier_code: str = ""  # NM108: XX NPI, MI member number, PI payer, ...
    number: str = ""  # NM109
    identifiers: tuple[Identifier, ...] = ()  # REF
    street: tuple[str, ...] = ()  # N301, N302
    place: tuple[str, ...] = ()  # N401 city, N402 state, N403 postal code, N404 country
    contacts: tuple[tuple[str, ...], ...] = ()  # PER01 and on, as they stand


class Organization(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An organization of an 820 or 834. N1."""

    role_code: str  # N101
    name: str = ""  # N102
    qualifier_code: str = ""  # N103
    number: str = ""  # N104
    account: Raw = ()  # ACT of a broker of an 834 (1100C), as it stands


def at(row: Row, position: int) -> str:
    """Give an element; empty where the segment has none."""
    return row[position] if position < len(row) else ""


def needed(rows: Iterable[Row], segment_id: str) -> Row:
    """Find the first segment of an id.

    Raises:
        ValueError: There is none.
    """
    for row in rows:
        if row[0] == segment_id:
            return row
    raise ValueError("a segment is missing")


def named(rows: Sequence[Row]) -> Named:
    """Read a party: NM1, and the address, identifiers and contacts that follow it."""
    name = rows[0]
    first = {one[0]: one for one in reversed(rows)}
    return Named(
        role_code=at(name, 1),
        type_code=at(name, 2),
        last_name=at(name, 3),
        first_name=at(name, 4),
        middle_name=at(name, 5),
        prefix=at(name, 6),
        suffix=at(name, 7),
        qualifier_code=at(name, 8),
        number=at(name, 9),
        identifiers=identifiers(rows),
        street=tuple(first["N3"][1:]) if "N3" in first else (),
        place=tuple(first["N4"][1:]) if "N4" in first else (),
        contacts=tuple(tuple(one[1:]) for one in rows if one[0] == "PER"),
    )


def name_segment(one: Named) -> Segment:
    """Write NM1."""
    return (
        "NM1", one.role_code, one.type_code, one.last_name, one.first_name, one.middle_name,
        one.prefix, one.suffix, one.qualifier_code, one.number,
    )  # fmt: skip


def party_segments(one: Named) -> Iterator[Segment]:
    """Write NM1, REF, N3, N4 and PER, in the order of most guides."""
    yield name_segment(one)
    yield from identifier_segments(one.identifiers)
    yield from place_segments(one)
    yield from contact_segments(one)


def place_segments(one: Named) -> Iterator[Segment]:
    """Write N3 and N4 where there is an address."""
    if one.street:
        yield ("N3", *one.street)
    if one.place:
        yield ("N4", *one.place)


def contact_segments(one: Named) -> Iterator[Segment]:
    """Write PER."""
    for contact in one.contacts:
        yield ("PER", *contact)


def organization(row: Row) -> Organization:
    """Read N1."""
    return Organization(
        role_code=at(row, 1), name=at(row, 2), qualifier_code=at(row, 3), number=at(row, 4)
    )


def organization_segment(one: Organization) -> Segment:
    """Write N1."""
    return ("N1", one.role_code, one.name, one.qualifier_code, one.number)


def identifiers(rows: Iterable[Row]) -> tuple[Identifier, ...]:
    """Read the REF segments among rows."""
    return tuple(Identifier(at(one, 1), at(one, 2), at(one, 3)) for one in rows if one[0] == "REF")


def identifier_segments(found: Iterable[Identifier]) -> Iterator[Segment]:
    """Write REF."""
    for one in found:
        yield ("REF", one.qualifier_code, one.number, one.description)


def number_of(found: Iterable[Identifier], qualifier_code: str) -> str:
    """Find the number under a qualifier; empty if there is none."""
    return next((one.number for one in found if one.qualifier_code == qualifier_code), "")


def dates(rows: Iterable[Row]) -> tuple[Dated, ...]:
    """Read the DTP segments among rows.

    Raises:
        ValueError: One is no date.
    """
    return tuple(_dated(one) for one in rows if one[0] == "DTP")


def _dated(row: Row) -> Dated:
    first, dash, last = at(row, 3).partition("-")
    return Dated(at(row, 1), day(first[:8]), day(last[:8]) if dash else None)


def date_segments(found: Iterable[Dated]) -> Iterator[Segment]:
    """Write DTP."""
    for one in found:
        if one.last_on is None:
            yield ("DTP", one.qualifier_code, "D8", day_text(one.first_on))
        else:
            period = f"{day_text(one.first_on)}-{day_text(one.last_on)}"
            yield ("DTP", one.qualifier_code, "RD8", period)


def kept(rows: Iterable[Row], delimiters: Delimiters) -> tuple[Raw, ...]:
    """Keep segments as they stand, without empty elements at their ends."""
    return tuple(tuple(_element(one, delimiters) for one in _trimmed(row)) for row in rows)


def _trimmed(row: Row) -> Row:
    last = len(row)
    while last and not row[last - 1]:
        last -= 1
    return row[:last]


def _element(text: str, delimiters: Delimiters) -> Element:
    if delimiters.repetition and delimiters.repetition in text:
        repeats = text.split(delimiters.repetition)
        return tuple(tuple(one.split(delimiters.component)) for one in repeats)
    return tuple(text.split(delimiters.component)) if delimiters.component in text else text


def kept_segments(rows: Iterable[Raw]) -> Iterator[Segment]:
    """Write segments that were kept."""
    for row in rows:
        yield tuple(_value(one) for one in row)


def _value(element: Element) -> Value:
    if isinstance(element, str):
        return element
    if element and isinstance(element[0], tuple):
        return Repeated(tuple(Composite(one) for one in element))
    return Composite(element)  # type: ignore[arg-type]  # a tuple of texts, by the line above


def split_at(rows: Sequence[Row], tags: frozenset[str]) -> list[list[Row]]:
    """Cut rows into parts that each begin with one of the segment ids; what comes first, first."""
    parts: list[list[Row]] = [[]]
    for row in rows:
        if row[0] in tags:
            parts.append([])
        parts[-1].append(row)
    return parts
