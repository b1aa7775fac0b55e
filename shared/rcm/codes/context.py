"""Is a finding affirmed? Negated, a relative's, past or uncertain mentions of a note.

After NegEx and ConText (Chapman 2001, Harkema 2009), with the scopes that fail most often there
treated apart: "not only X", "no change in X", "no known allergies and has X", "no tenderness,
swelling noted". A flagged finding is shown to the coder with its flag, never hidden: guidelines
tell what may be coded, and a person decides.
"""

import enum
import re
from collections.abc import Sequence
from typing import NamedTuple


class Flag(enum.StrEnum):
    """Why a mention may not be a diagnosis of this patient now."""

    NEGATED = "negated"
    FAMILY = "family"
    HISTORY = "history"
    UNCERTAIN = "uncertain"
    """Suspected or to be ruled out: not coded as established on an outpatient claim (IV.H)."""


class Scope(NamedTuple):
    """Characters of the note in which a flag holds."""

    start: int
    end: int
    flag: Flag


_SENTENCE_END = re.compile(r"(?<!\bdr)(?<!\bvs)[.!?](?=\s|$)|\n+|;", re.IGNORECASE)

_NOT_NEGATION = re.compile(
    r"\b(?:not only|no (?:change|increase|decrease|improvement|further|significant change)s?\b"
    r"(?: (?:in|of))?|not (?:certain|sure|necessarily|improv\w+|respond\w*|tolerat\w+|well)"
    r"|no (?:known )?(?:drug )?allerg\w+|without (?:difficulty|incident|improvement|response)"
    r"|no doubt|not controlled|cannot be (?:ruled out|excluded))",
    re.IGNORECASE,
)
_BEFORE = {
    Flag.NEGATED: re.compile(
        r"\b(?:no(?! longer\b)|not|non|without|den(?:y|ies|ied|ying)|negative (?:for|to)|"
        r"absence of|absent|lack(?:s|ed|ing)?(?: of)?|free of|never had|nor|neither|"
        r"rul(?:e|ed|es|ing) out|exclud(?:e|ed|es|ing)|fail(?:s|ed) to (?:reveal|show)|"
        r"did not (?:have|show|reveal|present)|unremarkable for)\b",
        re.IGNORECASE,
    ),
    Flag.FAMILY: re.compile(
        r"\b(?:family (?:medical )?history(?: of)?|famil(?:y|ial) antecedents|fhx?|"
        r"(?:his|her|patient's|the|whose|maternal|paternal) "
        r"(?:mother|father|sister|brother|parents?|siblings?|grand(?:mother|father|parents?)|"
        r"aunt|uncle|cousin|son|daughter|niece|nephew)s?|(?:mother|father|sister|brother) "
        r"(?:has|had|with|died|suffered|diagnosed))\b",
        re.IGNORECASE,
    ),
    Flag.HISTORY: re.compile(
        r"\b(?:(?<!family )(?<!family medical )(?:past |previous |prior )?"
        r"(?:(?<!family )medical |surgical )?history of|h/o|hx of|pmh|"
        r"antecedents? of|status post|s/p|previously (?:had|diagnosed with)|years? ago|"
        r"prior|previous)\b",
        re.IGNORECASE,
    ),
    Flag.UNCERTAIN: re.compile(
        r"\b(?:possib(?:le|ly)|probab(?:le|ly)|suspect(?:ed|s|ing)?(?: of)?|"
        r"suspicio(?:n|us) (?:of|for)|"
        r"presum(?:ed|ptive|ably)|questionable|likely|suggest(?:s|ed|ive|ing)(?: of)?|"
        r"consistent with|compatible with|r/o|rule out|differential diagnosis|"
        r"cannot be (?:ruled out|excluded)|risk of)\b",
        re.IGNORECASE,
    ),
}  # fmt: skip
_AFTER = {
    Flag.NEGATED: re.compile(
        r"\b(?:(?:was|were|is|are|has been|have been|being) (?:ruled out|excluded|absent|denied|"
        r"negative|not (?:present|seen|found|observed|detected|identified))|"
        r"(?:ruled out|not (?:seen|detected|identified)))\b",
        re.IGNORECASE,
    ),
    Flag.UNCERTAIN: re.compile(
        r"\b(?:(?:is|was|were) (?:suspected|possible|probable|considered)|"
        r"cannot be (?:ruled out|excluded))\b",
        re.IGNORECASE,
    ),
}
_STOP = re.compile(
    r"\b(?:but|however|although|though|except|apart from|aside from|which|who|"
    r"and (?:has|have|had|is|was|presents?|complains?|reports?|with|developed|a|an)|"
    r"(?:he|she|the patient|patient) (?:has|had|is|was|presents?|presented|reports?|reported)|"
    r"secondary to|due to|because|presents? with|presented with|complain\w* of|"
    r"positive for|revealed|showed|shows|reveals)\b",
    re.IGNORECASE,
)
_AFFIRMED = re.compile(
    r"\b(?:noted|present|seen|found|observed|positive|appreciated|detected|evident|persists?|"
    r"identified|remains?|revealed|shows?|showed|was diagnosed)\b",
    re.IGNORECASE,
)
_AFTER_CHARS_MAX = 60
_SCOPE_CHARS_MAX = 160


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence or line."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if match.start() > start:
            found.append((start, match.start()))
        start = match.end()
    if start < len(text):
        found.append((start, len(text)))
    return found


def scopes(text: str) -> list[Scope]:
    """Return every flagged stretch of a note, in order of sentence."""
    return [scope for start, end in sentences(text) for scope in _in_sentence(text, start, end)]


def flags_of(start: int, end: int, found: Sequence[Scope]) -> tuple[Flag, ...]:
    """Return the flags of a mention: those whose scope holds it whole."""
    return tuple(
        sorted({scope.flag for scope in found if scope.start <= start and end <= scope.end})
    )


def _in_sentence(text: str, start: int, end: int) -> list[Scope]:
    sentence = text[start:end]
    blocked = [match.span() for match in _NOT_NEGATION.finditer(sentence)]
    found = []
    for flag, pattern in _BEFORE.items():
        for match in pattern.finditer(sentence):
            if flag is Flag.NEGATED and any(a <= match.start() < b for a, b in blocked):
                continue
            until = _reach(sentence, match.end(), flag)
            found.append(Scope(start + match.end(), start + until, flag))
    for flag, pattern in _AFTER.items():
        for match in pattern.finditer(sentence):
            if flag is Flag.NEGATED and any(a <= match.start() < b for a, b in blocked):
                continue
            since = _reach_back(sentence, match.start())
            found.append(Scope(start + since, start + match.start(), flag))
    return found


def _reach(sentence: str, since: int, flag: Flag) -> int:
    """Return where a scope that opens at `since` closes."""
    stop = _STOP.search(sentence, since)
    until = stop.start() if stop else len(sentence)
    if flag is Flag.FAMILY:
        return until
    until = min(until, since + _SCOPE_CHARS_MAX)
    if flag is Flag.NEGATED:
        # "no tenderness, swelling noted": a part with its own verb is affirmed.
        comma = sentence.find(",", since, until)
        while comma != -1:
            part_end = sentence.find(",", comma + 1, until)
            part = sentence[comma + 1 : part_end if part_end != -1 else until]
            if _AFFIRMED.search(part) and not re.match(r"\s*(?:or|nor|and no)\b", part):
                return comma
            comma = part_end
        return until
    comma = sentence.find(",", since, until)
    return comma if comma != -1 and flag is Flag.UNCERTAIN else until


def _reach_back(sentence: str, until: int) -> int:
    """Return where a scope that closes at `until` opens: at the clause before."""
    since = max(0, until - _AFTER_CHARS_MAX)
    for match in _STOP.finditer(sentence, since, until):
        since = match.end()
    comma = sentence.rfind(",", since, until)
    return comma + 1 if comma != -1 else since
