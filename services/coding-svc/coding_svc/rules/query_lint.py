"""What keeps a physician query from leading: checks of its wording, each finding with its place.

By the practice that AHIMA and ACDIS describe for compliant queries, in our own words: a query says
what the record holds and asks; it does not say what answer is wanted, what it would be coded as, or
what it is worth. `error` keeps it from being sent, `warning` is told to the coder.

    title       names no diagnosis
    question    no code, no money or quality, no leading phrase, no diagnosis that the record lacks
    indicators  each with its source; those that the template asks for
    options     two or more that rest on indicators, `other`, and `unable to determine`
    yes or no   only where the record names it already: present on admission, cause, conflict ...
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from coding_svc.model.query import Content, QueryOption
from coding_svc.rules.query_terms import diagnoses_in, stems_of

LINT_VERSION: Final = "1"
"""Recorded with every query; counted up with every change of what is found."""

YES_NO_REASONS: Final = frozenset(
    {"present-on-admission", "cause-effect", "conflict", "established-diagnosis"}
)
"""Why a yes or no may be asked: about something that the record names already."""

INDICATORS_MIN: Final = 1
OPTIONS_MIN: Final = 2
TITLE_MAX: Final = 120
TEXT_MAX: Final = 2_000


class LintRule(Struct, frozen=True):
    """How a finding reads.

    Attributes:
        text: What is wrong.
        remedy: What to do about it.
        severity: `error` keeps the query from being sent.
    """

    text: str
    remedy: str
    severity: Literal["error", "warning"] = "error"


RULES: Final = {
    "code-in-query": LintRule(
        "A diagnosis or procedure code stands in the query; a physician documents, a coder codes.",
        "Take the code out; describe the finding in words.",
    ),
    "payment-or-quality": LintRule(
        "The query speaks of payment, coverage, grouping or quality scores.",
        "Take it out: what an answer is worth must not be known to whoever gives it.",
    ),
    "leading-phrase": LintRule(
        "The wording says which answer is wanted.",
        "Ask openly: 'Based on your clinical judgment, please clarify ...'.",
    ),
    "title-names-diagnosis": LintRule(
        "The title names a diagnosis.", "Name the findings or the question instead."
    ),
    "unsupported-diagnosis": LintRule(
        "A diagnosis is named that nothing cited here supports.",
        "Cite the finding or the note that holds it, or take it out.",
    ),
    "option-without-indicator": LintRule(
        "The option rests on no indicator of this query.",
        "Name the indicators that support it, or take the option out.",
    ),
    "open-option-names-diagnosis": LintRule(
        "An option 'other' or 'unable to determine' names a diagnosis.",
        "Leave the physician's own words to the physician.",
    ),
    "indicators-missing": LintRule(
        "The query cites no clinical indicator.", "Cite what in the record gives rise to it."
    ),
    "indicator-without-source": LintRule(
        "The indicator does not say where the record holds it.",
        "Name the document, or the message and path.",
    ),
    "required-indicator-missing": LintRule(
        "The template asks for this indicator.", "Take it from the record; without it, do not ask."
    ),
    "yes-no-not-allowed": LintRule(
        "A yes or no is asked about something new.",
        "Offer several options; ask yes or no only about what the record names already.",
    ),
    "yes-no-not-established": LintRule(
        "A yes or no needs the diagnosis or finding that the record names already, and where.",
        "Cite the note that names it.",
    ),
    "too-few-options": LintRule(
        "Fewer than two options rest on the record.",
        "Offer every option that the indicators support, or ask an open question.",
    ),
    "other-missing": LintRule("There is no option 'other'.", "Add it."),
    "unable-missing": LintRule("There is no option 'unable to determine'.", "Add it."),
    "options-of-another-shape": LintRule(
        "The options do not go with the way in which the query is asked.",
        "Offer yes and no for a yes or no, none for an open question.",
    ),
    "option-repeated": LintRule("Two options say the same, or share a key.", "Keep one."),
    "empty-text": LintRule("A text is empty.", "Say it."),
    "too-long": LintRule("A text is longer than anybody reads.", "Say it shorter."),
    "unprintable": LintRule("A text holds control characters.", "Take them out."),
    "severity-named": LintRule(
        "Severity is asked for without saying of what.",
        "Say 'severity of' the condition, if that is meant.",
        "warning",
    ),
    "emphasis": LintRule(
        "Capitals or exclamation marks press for an answer.", "Write it plainly.", "warning"
    ),
    "one-sided-options": LintRule(
        "All supported options name the same condition.",
        "Offer what else the indicators fit, or that they are without clinical significance.",
        "warning",
    ),
}
"""Every rule, by its stable id."""


class QueryFinding(Struct, frozen=True, kw_only=True):
    """A fault in the wording of a query.

    Attributes:
        rule_id: Which rule.
        path: Which text: `title`, `question`, `options[2].text`, `indicators[0].source`.
        start: Where in that text it begins.
        end: Where it ends; `start` where the text as a whole is meant.
        text: What is wrong.
        remedy: What to do about it.
        severity: `error` keeps the query from being sent.
    """

    rule_id: str
    path: str
    start: int
    end: int
    text: str
    remedy: str
    severity: Literal["error", "warning"]


def lint(content: Content, *, required: Sequence[str] = ()) -> list[QueryFinding]:
    """Check a query; total, and the same for the same query.

    Args:
        content: The query.
        required: Slots that its template asks for.

    Returns:
        Everything that was found, by path and place.
    """
    found = [
        *_shape(content),
        *_indicators(content, required),
        *_options(content),
        *_diagnoses(content),
    ]
    for path, text in _texts(content):
        found += _wording(path, text)
    return sorted(dict.fromkeys(found), key=lambda f: (f.path, f.start, f.end, f.rule_id))


def has_errors(found: Sequence[QueryFinding]) -> bool:
    """Tell whether anything found keeps a query from being sent."""
    return any(finding.severity == "error" for finding in found)


def finding(rule_id: str, path: str, start: int = 0, end: int = 0) -> QueryFinding:
    """Say what is wrong at a place."""
    rule = RULES[rule_id]
    return QueryFinding(
        rule_id=rule_id,
        path=path,
        start=start,
        end=end,
        text=rule.text,
        remedy=rule.remedy,
        severity=rule.severity,
    )


def _texts(content: Content) -> Iterator[tuple[str, str]]:
    """Go through everything that a physician reads."""
    yield "title", content.title
    yield "question", content.question
    for at, option in enumerate(content.options):
        yield f"options[{at}].text", option.text
    for at, indicator in enumerate(content.indicators):
        yield f"indicators[{at}].label", indicator.label
        yield f"indicators[{at}].value", indicator.value
    for at, text in enumerate(content.established):
        yield f"established[{at}]", text


# -- how it is put together ------------------------------------------------------------------------


def _shape(content: Content) -> Iterator[QueryFinding]:
    for path, text in _texts(content):
        limit = TITLE_MAX if path == "title" else TEXT_MAX
        if not text.strip() and not path.endswith(".label"):
            yield finding("empty-text", path)
        if len(text) > limit:
            yield finding("too-long", path, limit, len(text))
        unprintable = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", text)
        if unprintable is not None:
            yield finding("unprintable", path, unprintable.start(), unprintable.end())


def _indicators(content: Content, required: Sequence[str]) -> Iterator[QueryFinding]:
    filled = {i.slot for i in content.indicators if i.value.strip()}
    if len(filled) < INDICATORS_MIN:
        yield finding("indicators-missing", "indicators")
    for at, indicator in enumerate(content.indicators):
        if not indicator.source.strip():
            yield finding("indicator-without-source", f"indicators[{at}].source")
    for slot in required:
        if slot not in filled:
            yield finding("required-indicator-missing", f"indicators[{slot}]")


def _options(content: Content) -> Iterator[QueryFinding]:
    yield from _repeated(content.options)
    kinds = [option.stands_for for option in content.options]
    if content.shape == "open":
        if kinds:
            yield finding("options-of-another-shape", "options")
        return
    if "other" not in kinds:
        yield finding("other-missing", "options")
    if "unable" not in kinds:
        yield finding("unable-missing", "options")
    if content.shape == "yes-no":
        yield from _yes_no(content, kinds)
        return
    if {"yes", "no"} & set(kinds):
        yield finding("options-of-another-shape", "options")
    filled = {i.slot for i in content.indicators if i.value.strip()}
    supported = 0
    for at, option in enumerate(content.options):
        if option.stands_for == "diagnosis":
            rests = bool(option.supported_by) and filled.issuperset(option.supported_by)
            supported += rests
            if not rests:
                yield finding("option-without-indicator", f"options[{at}]")
        elif option.stands_for in ("other", "unable"):
            for term in diagnoses_in(option.text):
                yield finding(
                    "open-option-names-diagnosis", f"options[{at}].text", term.start, term.end
                )
    supported += kinds.count("not-significant")
    if supported < OPTIONS_MIN or "diagnosis" not in kinds:
        yield finding("too-few-options", "options")
    yield from _one_sided(content)


def _repeated(options: Sequence[QueryOption]) -> Iterator[QueryFinding]:
    keys: set[str] = set()
    texts: set[str] = set()
    for at, option in enumerate(options):
        text = " ".join(option.text.casefold().split())
        if option.key in keys or text in texts or not option.key:
            yield finding("option-repeated", f"options[{at}]")
        keys.add(option.key)
        texts.add(text)


def _one_sided(content: Content) -> Iterator[QueryFinding]:
    named = [stems_of(o.text) for o in content.options if o.stands_for == "diagnosis"]
    is_one = len(named) >= OPTIONS_MIN and bool(named[0]) and all(n == named[0] for n in named)
    # Types or degrees of a condition that the record names are what specificity asks about.
    if not is_one or named[0] <= _held(content):
        return
    if not any(o.stands_for == "not-significant" for o in content.options):
        yield finding("one-sided-options", "options")


def _yes_no(content: Content, kinds: Sequence[str]) -> Iterator[QueryFinding]:
    if content.reason_code not in YES_NO_REASONS:
        yield finding("yes-no-not-allowed", "shape")
    if not content.established or not content.established_source.strip():
        yield finding("yes-no-not-established", "established")
    if kinds.count("yes") != 1 or kinds.count("no") != 1 or "diagnosis" in kinds:
        yield finding("options-of-another-shape", "options")


# -- what it names ---------------------------------------------------------------------------------


def _diagnoses(content: Content) -> Iterator[QueryFinding]:
    """Find diagnoses where none may stand, and those that nothing cited holds."""
    for term in diagnoses_in(content.title):
        yield finding("title-names-diagnosis", "title", term.start, term.end)
    held = _held(content)
    for term in diagnoses_in(content.question):
        if term.stem not in held:
            yield finding("unsupported-diagnosis", "question", term.start, term.end)


def _held(content: Content) -> frozenset[str]:
    """Name the diagnoses that the record holds, as far as the query says where."""
    cited = [f"{i.label} {i.value}" for i in content.indicators if i.source.strip()]
    if content.established_source.strip():
        cited += content.established
    return stems_of(*cited)


# -- how it is said --------------------------------------------------------------------------------

_CUED: Final = r"(?:ICD(?:-?10)?(?:-?(?:CM|PCS))?|CPT|HCPCS|codes?|coded as)[\s:#=-]*"

CODES: Final = (
    # ICD-10-CM with its point: E11.9, S52.502A. A version such as `v2.5` has one digit before it.
    re.compile(r"\b[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}\b", re.IGNORECASE),
    # The same without point: a letter and three to six digits, or with the letters of an injury.
    re.compile(r"(?<![#\w-])[A-TV-Z]\d{3,6}(?![\w-])"),
    re.compile(r"(?<![#\w-])[A-TV-Z]\d[0-9AB](?:\d{2,3}|\d{1,2}X{1,2}|X{1,3})[A-Z](?![\w-])"),
    # ICD-10-PCS: seven characters, no O and no I, letters and digits mixed.
    re.compile(
        r"(?<![#\w-])(?=[0-9A-Z]*\d[0-9A-Z]*\d)(?=[0-9A-Z]*[A-HJ-NP-Z][0-9A-Z]*[A-HJ-NP-Z])"
        r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}(?![\w-])"
    ),
    # CPT and short codes only where something says that it is a code: five digits may be a count.
    re.compile(rf"\b{_CUED}(?:\d{{4}}[0-9FTU]|[A-Z]\d[0-9A-Z]{{1,5}})\b", re.IGNORECASE),
    re.compile(r"\bICD(?:-?10)?(?:-?(?:CM|PCS))\b|\bCPT\b|\bHCPCS\b", re.IGNORECASE),
)
_PLACES: Final = re.compile(
    r"\b(?:room|bed|unit|ward|suite|lot|model|serial|pager|ext)\W*$", re.IGNORECASE
)
"""What an identifier of another kind follows on."""

PAYMENT: Final = (
    re.compile(r"\b(?:(?:MS|APR|AP)[- ]?)?DRGs?\b(?:[- ]?\d{1,3}\b)?", re.IGNORECASE),
    re.compile(r"(?<!\d )(?<!\d)\b(?:CC|MCC)s?\b(?!:)"),
    re.compile(r"\breimburs\w*|\bpayments?\b|\bpayers?\b|\bpaid\b|\brevenue\b", re.IGNORECASE),
    re.compile(r"\bbill(?:able|ing|ed)\b|\bclaims?\b|\bdenials?\b|\binsurance\b", re.IGNORECASE),
    re.compile(r"\bmedicare\b|\bmedicaid\b|\bcoverage\b|\bmedical necessity\b", re.IGNORECASE),
    re.compile(r"\bcase[- ]mix\b|\bCMI\b|\bRVUs?\b|\bGMLOS\b|\brelative weight\b", re.IGNORECASE),
    re.compile(r"\bHCCs?\b|\bRAF\b|\bSOI\b|\bROM score\b|\bPSI[- ]?\d{0,2}\b|\bHACs?\b"),
    re.compile(r"\brisk[- ]adjust\w*|\brisk of mortality\b", re.IGNORECASE),
    re.compile(
        r"\bseverity (?:of illness|level|score|index|adjust\w*|capture|profile)\b"
        r"|\b(?:increas\w+|rais\w+|captur\w+|reflect\w*|affect\w*|impact\w*|improv\w+)"
        r"(?:\s+\w+){0,3}\s+severity\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bquality (?:measures?|metrics?|scores?|indicators?|ratings?|reporting|data)\b"
        r"|\bpatient safety indicators?\b|\bhospital[- ]acquired condition\w*\b"
        r"|\bcore measures?\b|\bstar rating\w*\b|\breport card\b",
        re.IGNORECASE,
    ),
)

LEADING: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            r"\bplease (?:document|add|state|write|amend|change|chart|diagnose|consider|agree"
            r"|confirm|include|list|record|note)\b"
        ),
        (
            r"\b(?:would|do|don'?t|wouldn'?t|will|can|could) you (?:please )?(?:not )?"
            r"(?:agree|think|concur|accept|confirm|document|consider)\b"
        ),
        r"\b(?:if|that) you agree\b|\bagree (?:that|with)\b",
        r"\b(?:should|must|needs? to|has to|ought to) be (?:documented|diagnosed|added|coded)\b",
        r"\byou (?:should|must|need to|ought to|forgot|failed|neglected)\b",
        r"\bwe (?:need|recommend|suggest|advise|believe|think|feel|would like)\b",
        r"\b(?:I|the coder|coding|CDI) (?:believes?|thinks?|feels?|suggests?|recommends?|needs?)\b",
        r"\b(?:clearly|obviously|evidently|undoubtedly|certainly|apparently)\b",
        r"\b(?:it|this|the patient) (?:appears|seems|looks)\b",
        (
            r"\b(?:isn'?t|wasn'?t|aren'?t|doesn'?t|didn'?t|hasn'?t|is not|does not)"
            r" (?:it|this|that|the patient)\b[^.?]*\?"
        ),
        r",\s*(?:right|correct|yes|no)\s*\?",
        r"\b(?:in order|so) (?:to|that we (?:can|may)) (?:code|capture|support|justify)\b",
        r"\bmeets? (?:the )?criteria (?:for|of)\b",
        r"\bconsistent with\b|\bindicative of\b|\bsuggestive of\b|\bsuggests?\b",
        r"\b(?:the )?(?:correct|right|best|preferred|expected) (?:answer|diagnosis|response)\b",
        r"\b(?:only|just) (?:check|choose|select|sign|initial)\b",
        r"\bfailure to (?:respond|answer|document)\b",
    )
)
_EMPHASIS: Final = re.compile(r"!+|\b[A-Z]{4,}(?:\s+[A-Z]{4,}){1,}\b")
_SEVERITY: Final = re.compile(r"\bseverity\b(?!\s+of\b)", re.IGNORECASE)
_QUOTED: Final = ("indicators", "established")


def _wording(path: str, text: str) -> Iterator[QueryFinding]:
    """Check a text; what is quoted from the record may be worded as the record has it."""
    text = text[: TEXT_MAX * 2]
    for pattern in CODES:
        for match in pattern.finditer(text):
            if not _PLACES.search(text[: match.start()]):
                yield finding("code-in-query", path, match.start(), match.end())
    money = [match for pattern in PAYMENT for match in pattern.finditer(text)]
    for match in money:
        yield finding("payment-or-quality", path, match.start(), match.end())
    if path.startswith(_QUOTED):
        return
    for pattern in LEADING:
        for match in pattern.finditer(text):
            yield finding("leading-phrase", path, match.start(), match.end())
    for match in _EMPHASIS.finditer(text):
        yield finding("emphasis", path, match.start(), match.end())
    for match in _SEVERITY.finditer(text):
        if not any(m.start() <= match.start() < m.end() for m in money):
            yield finding("severity-named", path, match.start(), match.end())
