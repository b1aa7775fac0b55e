"""Suggest codes for a note: candidates from dictionary and association, ranked, with evidence."""

import datetime as dt
import functools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from rcm.codes.cac.association import Association, features, weigh
from rcm.codes.cac.dictionary import Match, TermDictionary
from rcm.codes.cac.feedback import Learned, shift
from rcm.codes.cac.model_file import Model
from rcm.codes.cac.ranking import (
    COLD,
    NO_TERM,
    NO_WORDS,
    TermEvidence,
    log_odds,
    numbers,
    probability,
)
from rcm.codes.context import Flag, Scope, flags_of, scopes
from rcm.codes.forms import display
from rcm.codes.headings import plainness
from rcm.codes.model import Status, System
from rcm.codes.sets import CodeSets
from rcm.codes.terms import Token, stems, tokens

NOTE_CHARS_MAX = 200_000
"""A longer note is cut: no dictated document comes near."""
_LEARNED_CANDIDATES = 120
_SPANS_MAX = 5
_FEATURES_SHOWN = 3
_LIFT = 0.01
_DENIED = 1.5
"""Log-odds taken from a finding that the note only denies: shown, but after what it affirms.

Annotators of the training notes coded some denied findings; the guidelines do not.
"""
_NOT_TELLING = frozenset(stems("unspecified other specified type"))
_NO_ASSOCIATION = Association({}, {}, 0)


class Span(NamedTuple):
    """Characters of the note that speak for a code, and those characters."""

    start: int
    end: int
    text: str


class Suggestion(msgspec.Struct, frozen=True):
    """One code for a coder to accept or reject; never a coded fact.

    Attributes:
        code: As people write it; in force on the date.
        confidence: Probability, by the model, that a coder assigns it.
        title: Its title.
        spans: Evidence in the note, strongest first.
        flags: Negated, family, history, uncertain: if every mention is so flagged.
        evidence: Terms and features that spoke for it; kept with the decision, never the note.
        model_id: What suggested it.
    """

    code: str
    confidence: float
    title: str
    spans: tuple[Span, ...]
    flags: tuple[Flag, ...]
    evidence: tuple[str, ...]
    model_id: str


class Note(NamedTuple):
    """A note, read once."""

    text: str
    tokens: Sequence[Token]
    matches: Sequence[Match]
    scopes: Sequence[Scope]
    features: set[str]


class Candidate(NamedTuple):
    """A code that something in the note speaks for, as learned or filed: perhaps not in force."""

    code: str
    row: tuple[float, ...]
    matches: tuple[Match, ...]


class Suggester:
    """Suggestions over one code file and one model; build once, use for many notes."""

    def __init__(self, sets: CodeSets, model: Model | None) -> None:
        """Read the dictionary; without a model it alone suggests."""
        self._sets = sets
        self._terms = TermDictionary(sets.connection)
        self._codes = model.codes if model else _NO_ASSOCIATION
        self._categories = model.categories if model else _NO_ASSOCIATION
        self._ranking = model.ranking if model else COLD
        self.model_id = model.model_id if model else "dictionary-1"
        self._counts = dict(sets.connection.execute("SELECT stem, document_count FROM stem"))
        self._title_stems = functools.lru_cache(maxsize=20_000)(self._read_title_stems)
        self._in_force = functools.lru_cache(maxsize=20_000)(self._find_in_force)

    def suggest(
        self, text: str, on: dt.date, *, limit: int = 20, learned: Learned | None = None
    ) -> list[Suggestion]:
        """Return codes in force on a date, best first.

        Args:
            text: The note.
            on: Date of service, or discharge.
            limit: How many at most.
            learned: What coders of this tenant accepted and rejected.
        """
        note = self.read(text)
        ranked = self.rank(note, on, learned)[:limit]
        wordless = {candidate.code for _, _, candidate in ranked if not candidate.matches}
        words = self._words_for(note, wordless)
        return [
            self._explain(note, code, probability(odds), candidate, words.get(candidate.code, []))
            for code, odds, candidate in ranked
        ]

    def rank(
        self, note: Note, on: dt.date, learned: Learned | None = None
    ) -> list[tuple[str, float, Candidate]]:
        """Return (code in force, log-odds, candidate), best first, each code once."""
        best: dict[str, tuple[float, Candidate]] = {}
        for candidate in self.candidates(note, self._codes, self._categories):
            code = self._in_force(candidate.code, on)
            if code is None:
                continue
            odds = log_odds(self._ranking, candidate.row)
            if self._denied(note, candidate):
                odds -= _DENIED
            if code not in best or best[code][0] < odds:
                best[code] = (odds, candidate)
        _lift_specific(best)
        if learned is not None:
            for code, (odds, candidate) in best.items():
                reasons = tuple({match.key for match in candidate.matches})
                best[code] = (odds + shift(learned, code, reasons), candidate)
        ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
        return [(code, odds, candidate) for code, (odds, candidate) in ranked]

    def read(self, text: str) -> Note:
        """Analyse a note once."""
        text = text[:NOTE_CHARS_MAX]
        found = tokens(text)
        return Note(text, found, self._terms.find(text, found), scopes(text), features(found))

    def candidates(
        self, note: Note, codes: Association, categories: Association
    ) -> list[Candidate]:
        """Return every candidate with what is known of it; associations are given, for training."""
        words, groups = weigh(codes, note.features), weigh(categories, note.features)
        by_code: defaultdict[str, list[Match]] = defaultdict(list)
        for match in note.matches:
            for target in self._terms.targets(match.key):
                by_code[target.code].append(match)
        strongest = sorted(words, key=lambda code: (-words[code].total, code))
        found_groups = {code[:3] for code in by_code}
        present = frozenset(token.stem for token in note.tokens)
        out = []
        for code in dict.fromkeys([*by_code, *strongest[:_LEARNED_CANDIDATES]]):
            matches = tuple(by_code.get(code, ()))
            row = numbers(
                words.get(code, NO_WORDS),
                groups.get(code[:3], NO_WORDS),
                self._term_evidence(note, matches),
                codes.code_counts.get(code, 0),
                self._title_share(code, present),
                category_term=code[:3] in found_groups,
            )
            out.append(Candidate(code, row, matches))
        return out

    def _term_evidence(self, note: Note, matches: Sequence[Match]) -> TermEvidence:
        if not matches:
            return NO_TERM
        flagged = sum(
            any(f in (Flag.NEGATED, Flag.FAMILY) for f in self._flags(note, match))
            for match in matches
        )
        rarity = max(sum(map(self._idf, match.key.split())) for match in matches)
        return TermEvidence(len(matches), flagged, rarity)

    def _denied(self, note: Note, candidate: Candidate) -> bool:
        """Tell if every mention is negated or a relative's."""
        return bool(candidate.matches) and all(
            {Flag.NEGATED, Flag.FAMILY} & set(self._flags(note, match))
            for match in candidate.matches
        )

    def _flags(self, note: Note, match: Match) -> tuple[Flag, ...]:
        return flags_of(note.tokens[match.first].start, note.tokens[match.last].end, note.scopes)

    def _idf(self, stem: str) -> float:
        return math.log(47_000 / (1 + self._counts.get(stem, 0)))

    def _title_share(self, code: str, present: frozenset[str]) -> float:
        """Return the share of a title, by rarity of its words, that the note has."""
        weights = self._title_stems(code)
        total = sum(weights.values())
        return sum(w for stem, w in weights.items() if stem in present) / total if total else 0.0

    def _read_title_stems(self, code: str) -> Mapping[str, float]:
        spans = self._sets.spans(code, System.ICD10CM)
        heading = None if spans else self._sets.heading(code)
        title = spans[-1].title if spans else heading.title if heading else ""
        return {stem: self._idf(stem) for stem in stems(title or "") if stem not in _NOT_TELLING}

    def _find_in_force(self, code: str, on: dt.date) -> str | None:
        """Return the code, or the plain code in force that stands in its place on the date."""
        status = self._sets.standing(code, System.ICD10CM, on)
        if status is Status.VALID:
            return code
        heirs = self._sets.successors(code, System.ICD10CM, on)
        if not heirs:
            return None
        above = frozenset[str]()

        def rank(heir: str) -> tuple[float, str]:
            title = self._sets.spans(heir, System.ICD10CM)[-1].title or ""
            return (-plainness(heir, title, above), heir)

        return min(heirs, key=rank)

    def _explain(
        self, note: Note, code: str, chance: float, candidate: Candidate, words: Sequence[str]
    ) -> Suggestion:
        """Word a suggestion: title, evidence, flags."""
        if candidate.matches:
            terms = [match.key for match in candidate.matches]
            spans = [
                (note.tokens[match.first].start, note.tokens[match.last].end)
                for match in candidate.matches
            ]
        else:
            terms = list(words)
            spans = [place for feature in words if (place := _place(note, feature))]
        flags = [set(flags_of(start, end, note.scopes)) for start, end in spans]
        common = set.intersection(*flags) if flags else set[Flag]()
        rows = self._sets.spans(code, System.ICD10CM)
        return Suggestion(
            display(code, System.ICD10CM),
            round(chance, 4),
            (rows[-1].title if rows else None) or "",
            tuple(
                Span(start, end, note.text[start:end])
                for start, end in list(dict.fromkeys(spans))[:_SPANS_MAX]
            ),
            tuple(sorted(common)),
            tuple(dict.fromkeys(terms)),
            self.model_id,
        )

    def _words_for(self, note: Note, codes: set[str]) -> dict[str, list[str]]:
        """Return the strongest learned features of each code that the note has."""
        found: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        links = self._codes.links
        for feature in note.features:
            if feature in links:
                for code, strength in links[feature]:
                    if code in codes:
                        found[code].append((-strength, feature))
        return {
            code: [feature for _, feature in sorted(told)[:_FEATURES_SHOWN]]
            for code, told in found.items()
        }


def _lift_specific(best: dict[str, tuple[float, Candidate]]) -> None:
    """Put a code that the note spells out before a sibling that only its words suggest.

    "COPD exacerbation" is J44.1 by its term; the words alone, learned, say J44.9.
    """
    strongest: dict[str, float] = {}
    for code, (odds, candidate) in best.items():
        if not candidate.matches:
            strongest[code[:3]] = max(odds, strongest.get(code[:3], odds))
    for code, (odds, candidate) in best.items():
        spelled = any(match.last > match.first for match in candidate.matches)
        sibling = strongest.get(code[:3])
        if spelled and sibling is not None and sibling >= odds:
            best[code] = (sibling + _LIFT, candidate)


def _place(note: Note, feature: str) -> tuple[int, int] | None:
    """Return where a feature first stands in the note."""
    first, _, second = feature.partition(" ")
    for at, token in enumerate(note.tokens):
        if token.stem == first:
            if not second:
                return token.start, token.end
            if at + 1 < len(note.tokens) and note.tokens[at + 1].stem == second:
                return token.start, note.tokens[at + 1].end
    return None
