"""The two XML files of ICD-10-CM (CDC/NCHS): the tabular list and the Alphabetic Index.

<ICD10CM.index> <letter>
    <mainTerm> <title>Abscess <nemod>(acute)</nemod></title> <code>L02.91</code>
        <term level="1"> <title>brain</title> <code>G06.0</code>
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from rcm.codes.forms import has_shape, normalise
from rcm.codes.loaders.parsed import PUBLIC_DOMAIN, LoadError, Parsed, Upload, release
from rcm.codes.model import System
from rcm.codes.sources.tabular import TabularError, parse_tabular, read_xml

_HEADINGS_MIN, _TERMS_MIN = 40_000, 30_000
_DEPTH_MAX = 15


def parse_tabular_list(upload: Upload) -> Parsed:
    """Read icd10cm_tabular_YYYY.xml."""
    try:
        tabular = parse_tabular(upload.data)
    except TabularError as error:
        raise LoadError(str(error)) from error
    count = len(tabular.headings)
    if count < _HEADINGS_MIN:
        raise LoadError(f"only {count} headings: at least {_HEADINGS_MIN} expected")
    return Parsed(
        release(upload, "icd10cm-tabular", "icd10cm-tabular", PUBLIC_DOMAIN, count), tabular=tabular
    )


def parse_index(upload: Upload) -> Parsed:
    """Read icd10cm_index_YYYY.xml."""
    try:
        root = read_xml(upload.data)
    except TabularError as error:
        raise LoadError(str(error)) from error
    if root.tag != "ICD10CM.index":
        raise LoadError(f"expected <ICD10CM.index>, found <{root.tag[:40]}>")
    terms = [
        pair
        for letter in root.iterfind("letter")
        for main in letter.iterfind("mainTerm")
        for pair in _terms(main, "", 0)
    ]
    if len(terms) < _TERMS_MIN:
        raise LoadError(f"only {len(terms)} terms with a code: at least {_TERMS_MIN} expected")
    return Parsed(
        release(upload, "icd10cm-index", "icd10cm-index", PUBLIC_DOMAIN, len(terms)),
        index_terms=terms,
    )


def _terms(element: ET.Element, above: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (whole term, code) for one term and those below it."""
    if depth > _DEPTH_MAX:
        raise LoadError("terms are nested too deeply")
    title = element.find("title")
    own = " ".join("".join(title.itertext()).split()) if title is not None else ""
    term = f"{above} {own}".strip()
    code = normalise(element.findtext("code") or "").rstrip("-")
    if term and code and has_shape(code, System.ICD10CM):
        yield term, code
    for child in element.iterfind("term"):
        yield from _terms(child, term, depth + 1)
