"""The CDC/NCHS tabular list of ICD-10-CM: titles, hierarchy, notes and 7th characters from XML.

    <chapter> <section id="A00-A09"> <diag> <name> <desc>
        <inclusionTerm> <includes> <excludes1> <excludes2>
        <codeFirst> <useAdditionalCode> <codeAlso> <notes>
        <sevenChrNote> <sevenChrDef> <extension char="A">
        <diag> ...

Codes with a 7th character are not printed in the list; they are made here from the nearest
`sevenChrDef` above, with the placeholder X in the empty places (guideline I.A.4 and I.A.5).
"""

import importlib.util
import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from rcm.codes.forms import dotted, normalise
from rcm.codes.model import Note, NoteKind

_NOTE_TAGS = {
    "inclusionTerm": NoteKind.INCLUSION_TERM,
    "includes": NoteKind.INCLUDES,
    "excludes1": NoteKind.EXCLUDES1,
    "excludes2": NoteKind.EXCLUDES2,
    "codeFirst": NoteKind.CODE_FIRST,
    "useAdditionalCode": NoteKind.USE_ADDITIONAL,
    "codeAlso": NoteKind.CODE_ALSO,
    "notes": NoteKind.NOTE,
    "sevenChrNote": NoteKind.SEVENTH_CHARACTER,
}
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DEPTH_MAX = 20


class TabularError(ValueError):
    """The file is not a tabular list."""


class Heading(NamedTuple):
    """A chapter, section, category, subcategory or billable code of the list.

    Attributes:
        code: Normalised code, section range (`A00-A09`) or chapter number.
        kind: `chapter`, `section` or `code`.
        title: As printed, or made of the printed title and the 7th character's meaning.
        parent: Code of the heading above; None for a chapter.
        billable: True if nothing is below it.
    """

    code: str
    kind: str
    title: str
    parent: str | None
    billable: bool


class Tabular(NamedTuple):
    """The whole list, in printed order."""

    version: str
    headings: list[Heading]
    notes: list[Note]


def package_file() -> Path:
    """Return the tabular list inside the installed simple-icd-10-cm package, not importing it.

    Raises:
        FileNotFoundError: The package is not installed, or holds no such file.
    """
    spec = importlib.util.find_spec("simple_icd_10_cm")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("simple-icd-10-cm is not installed: pip install 'rcm[codes]'")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    found = sorted(folder.glob("icd10c*-tabular-*.xml"))
    if not found:
        raise FileNotFoundError(f"no tabular list in {folder}")
    return found[-1]


def read_xml(data: bytes) -> ET.Element:
    """Parse XML that may be hostile: no document type, so no entities and no files read.

    Raises:
        TabularError: Not well formed, or it declares a document type.
    """
    if _DOCTYPE.search(data):
        raise TabularError("the file declares a document type or an entity: refused")
    try:
        return ET.fromstring(data)  # noqa: S314 - entities are refused above; expat fetches nothing
    except ET.ParseError as error:
        raise TabularError(f"the file is not well-formed XML: {error}") from error


def parse_tabular(data: bytes) -> Tabular:
    """Read the list.

    Raises:
        TabularError: Not a tabular list, or cut short.
    """
    root = read_xml(data)
    if root.tag != "ICD10CM.tabular":
        raise TabularError(f"expected <ICD10CM.tabular>, found <{root.tag[:40]}>")
    reader = _Reader()
    for chapter in root.iterfind("chapter"):
        reader.read(chapter, "chapter", None, {}, 0)
    if not reader.headings:
        raise TabularError("the list holds no chapter")
    return Tabular(root.findtext("version") or "", reader.headings, reader.notes)


class _Reader:
    """Collects headings and notes while walking down."""

    def __init__(self) -> None:
        self.headings: list[Heading] = []
        self.notes: list[Note] = []

    def read(
        self,
        element: ET.Element,
        kind: str,
        parent: str | None,
        seventh: dict[str, str],
        depth: int,
    ) -> None:
        """Read one heading and all below it; `seventh` is the nearest definition above."""
        if depth > _DEPTH_MAX:
            raise TabularError("headings are nested too deeply")
        name = element.get("id") or element.findtext("name") or ""
        code = normalise(name)
        if not code:
            raise TabularError("a heading has no name")
        if kind == "section" and "-" not in code:
            code = f"{code}-{code}"  # a section of one category would be its own parent
        below: list[ET.Element] = []
        for child in element:
            if child.tag in ("section", "diag"):
                below.append(child)
            elif child.tag == "sevenChrDef":
                seventh = _extensions(child)
            elif child.tag in _NOTE_TAGS:
                self._take_notes(child, code)
        title = " ".join((element.findtext("desc") or "").split())
        extended = kind == "code" and not below and bool(seventh) and len(code) < 7
        billable = kind == "code" and not below and not extended
        self.headings.append(Heading(code, kind, title, parent, billable))
        if extended:
            self._extend(code, title, seventh)
        for child in below:
            self.read(
                child, "section" if child.tag == "section" else "code", code, seventh, depth + 1
            )

    def _take_notes(self, element: ET.Element, code: str) -> None:
        kind = _NOTE_TAGS[element.tag]
        for note in element.iterfind("note"):
            text = " ".join((note.text or "").split())
            if text:
                self.notes.append(Note(kind, code, text))

    def _extend(self, code: str, title: str, seventh: dict[str, str]) -> None:
        """Add the billable codes that a 7th character makes of a six-character place."""
        padded = code.ljust(6, "X")
        for character, meaning in seventh.items():
            self.headings.append(
                Heading(padded + character, "code", f"{title}, {meaning}", code, billable=True)
            )


def _extensions(element: ET.Element) -> dict[str, str]:
    """Return 7th character -> meaning."""
    return {
        extension.get("char", "")[:1].upper(): " ".join((extension.text or "").split())
        for extension in element.iterfind("extension")
        if extension.get("char")
    }


_CODE_IN_TEXT = re.compile(
    r"(?<![A-Z0-9.])([A-Z][0-9A][0-9A-Z](?:\.[0-9A-Z]{1,4})?)(?:(-)(?:([A-Z][0-9A][0-9A-Z]"
    r"(?:\.[0-9A-Z]{1,4})?))?)?"
)


class CodeRange(NamedTuple):
    """Codes that a note names: all that begin with `first`, or lie up to those under `last`."""

    first: str
    last: str

    def holds(self, code: str) -> bool:
        """Tell if a normalised code is inside."""
        return self.first <= code[: len(self.first)] and code[: len(self.last)] <= self.last


@lru_cache(maxsize=20_000)
def codes_named(text: str) -> tuple[CodeRange, ...]:
    """Return the codes that a note cites: `(E08-E13)`, `(I50.-)`, `(K35.2-, K35.3-)`."""
    found = []
    for match in _CODE_IN_TEXT.finditer(text):
        first = normalise(match[1])
        last = normalise(match[3]) if match[3] else first
        if len(last) < len(first) and not match[3]:
            last = first
        found.append(CodeRange(first, last))
    return tuple(found)


def describe_range(found: CodeRange) -> str:
    """Write a range as the list prints it."""
    first, last = dotted(found.first), dotted(found.last)
    return first if first == last else f"{first}-{last}"
