"""Build the search layer: terms filed without order, and the words of every printed heading.

Imitates the Alphabetic Index from what is free: titles, inclusion terms and `includes` notes,
stemmed, words in parentheses non-essential, order dropped. A term on a heading points to the
heading's default code. When the official index is loaded its own terms are filed beside these.
"""

import re
import sqlite3
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from rcm.codes.headings import Headings
from rcm.codes.model import Note, NoteKind, System
from rcm.codes.terms import key, stems

_UNSAID = re.compile(
    r"\bwithout\b[^,]*|, (?:[^,]*\bunspecified\b[^,]*|[^,]*\bnot specified\b[^,]*|not [^,]*)"
)
"""Parts of a title that only say that nothing more was said: optional, like parentheses."""
_PARENTHESES = re.compile(r"[(\[][^()\[\]]*[)\]]")
_TITLE, _INCLUSION, _INCLUDES, _INDEX = 1.0, 0.95, 0.7, 1.2
_PLAIN_STEMS = frozenset(stems("unspecified") + stems("specified"))


class Phrase(NamedTuple):
    """One way to say a heading.

    Attributes:
        needed: Stems that make the term.
        optional: Stems in parentheses or brackets, which may be left out.
        weight: Trust in the source.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    weight: float


def phrase(text: str, weight: float) -> Phrase:
    """Analyse one title or term."""
    inside = " ".join(_PARENTHESES.findall(text))
    outside = _PARENTHESES.sub(" ", text)
    inside += " ".join(_UNSAID.findall(outside))
    outside = _UNSAID.sub(" ", outside)
    needed = tuple(dict.fromkeys(stems(outside)))
    return Phrase(needed, tuple(s for s in dict.fromkeys(stems(inside)) if s not in needed), weight)


def _phrases(
    headings: Headings, notes: Iterable[Note], index: Iterable[tuple[str, str]]
) -> dict[str, list[Phrase]]:
    """Return the phrases of each printed heading that is a code."""
    found: dict[str, list[Phrase]] = defaultdict(list)
    for heading in headings.by_code.values():
        parent = headings.by_code.get(heading.parent or "")
        made = parent is not None and heading.billable and heading.title.startswith(parent.title)
        if heading.code in headings.untitled or (made and len(heading.code) == 7):
            continue
        if heading.kind == "code" and heading.title:
            found[heading.code].append(phrase(heading.title, _TITLE))
    for note in notes:
        weight = {NoteKind.INCLUSION_TERM: _INCLUSION, NoteKind.INCLUDES: _INCLUDES}.get(note.kind)
        if weight is not None and note.at in found:
            found[note.at].append(phrase(note.text, weight))
    for term, code in index:
        if code in headings.by_code:
            found[code].append(phrase(term, _INDEX))
    return {code: [p for p in phrases if p.needed] for code, phrases in found.items()}


def fill(
    connection: sqlite3.Connection,
    headings: Headings,
    notes: Iterable[Note],
    index: Iterable[tuple[str, str]],
) -> int:
    """Write the tables `node`, `posting`, `term` and `stem`; return the number of terms."""
    phrases = _phrases(headings, notes, index)
    nodes, said, counts = [], list[Said](), Counter[str]()
    for number, (code, found) in enumerate(phrases.items(), start=1):
        own = {s for p in found for s in (*p.needed, *p.optional)}
        above = {
            s
            for heading in headings.above(code)
            for p in phrases.get(heading.code, ())
            for s in p.needed
        }
        context = sorted(above - own)
        billable = headings.by_code[code].billable
        nodes.append((number, System.ICD10CM, code, billable, pack(found), " ".join(context)))
        said.append(Said(number, sorted(own), context))
        counts.update(own)
    connection.executemany("INSERT INTO node VALUES (?,?,?,?,?,?)", nodes)
    _write_postings(connection, System.ICD10CM, said)
    connection.executemany("INSERT INTO stem VALUES (?,?)", counts.items())
    terms = _best_terms(headings, phrases)
    connection.executemany("INSERT OR IGNORE INTO term VALUES (?,?,?,?)", terms)
    return len(terms)


def add_flat(
    connection: sqlite3.Connection, system: System, rows: Iterable[tuple[str, str]], first_node: int
) -> int:
    """Make the codes of a system without hierarchy searchable; return how many."""
    nodes, said = [], list[Said]()
    for number, (code, title) in enumerate(rows, start=first_node):
        found = phrase(title, _TITLE)
        nodes.append((number, system, code, True, pack([found]), ""))
        said.append(Said(number, (*found.needed, *found.optional), ()))
    connection.executemany("INSERT INTO node VALUES (?,?,?,?,?,?)", nodes)
    _write_postings(connection, system, said)
    return len(nodes)


class Said(NamedTuple):
    """The stems of one heading, and those of the headings above it that it lacks."""

    node: int
    own: Sequence[str]
    above: Sequence[str]


def _write_postings(connection: sqlite3.Connection, system: System, said: Sequence[Said]) -> None:
    """Write in which headings each stem is: their numbers, each four bytes, little-endian.

    The row of the empty stem holds how many stems each heading has, from the first number on.
    """
    own, above = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for node, mine, others in said:
        for stem in mine:
            own[stem].append(node)
        for stem in others:
            above[stem].append(node)
    own[""] = [len(one.own) + len(one.above) for one in said]
    connection.execute("DELETE FROM posting WHERE system = ?", (system,))
    connection.executemany(
        "INSERT INTO posting VALUES (?,?,?,?)",
        ((system, stem, pack_numbers(own[stem]), pack_numbers(above[stem]))
         for stem in {*own, *above}),
    )  # fmt: skip


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Write numbers as `posting` holds them."""
    packed = array("I", numbers)
    if sys.byteorder == "big":  # pragma: no cover - no such machine in our tests
        packed.byteswap()
    return packed.tobytes()


def unpack_numbers(data: bytes) -> "array[int]":
    """Read numbers as `posting` holds them."""
    numbers = array("I")
    numbers.frombytes(data)
    if sys.byteorder == "big":  # pragma: no cover - no such machine in our tests
        numbers.byteswap()
    return numbers


def pack(found: Iterable[Phrase]) -> str:
    """Write phrases as the `node.phrases` column holds them."""
    rows = [(" ".join(p.needed), " ".join(p.optional), p.weight) for p in found]
    return msgspec.json.encode(rows).decode()


def _best_terms(
    headings: Headings, phrases: dict[str, list[Phrase]]
) -> list[tuple[str, str, str, float]]:
    """Return (key, code, node, weight), the best weight for each key and code."""
    best: dict[tuple[str, str], tuple[str, float]] = {}
    for code, found in phrases.items():
        target = headings.default(code)
        if target is None:
            continue
        for filed, weight in _keys(found):
            held = best.get((filed, target))
            if held is None or held[1] < weight:
                best[filed, target] = (code, weight)
    return [(filed, target, code, weight) for (filed, target), (code, weight) in best.items()]


def _keys(found: Iterable[Phrase]) -> Iterator[tuple[str, float]]:
    """Yield the keys of a heading: plain, with what is in parentheses, without `unspecified`."""
    for said in found:
        yield key(list(said.needed)), said.weight
        if said.optional:
            yield key([*said.needed, *said.optional]), said.weight
        plain = [s for s in said.needed if s not in _PLAIN_STEMS]
        if plain and len(plain) < len(said.needed):
            yield key(plain), said.weight * 1.02
