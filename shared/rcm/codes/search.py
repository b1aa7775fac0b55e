"""Find codes as an encoder does: by code, by prefix, by words.

By words, in three steps. (1) Candidates: headings filed under exactly these words, and headings
that have the rarest of them. (2) Rank by how much of the question a heading answers and how little
else it says. (3) Walk down from a heading to the billable code that fits the words left over
("left", "subsequent encounter"), else to the plain one.
"""

import datetime as dt
import functools
import heapq
import math
import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from rcm.codes.forms import display, normalise
from rcm.codes.headings import FREE_WORDS, plainness
from rcm.codes.index_terms import unpack_numbers
from rcm.codes.model import Note, Status, System
from rcm.codes.sets import CodeSets
from rcm.codes.terms import key, one_slip_away, stem, stems, tokens

QUERY_CHARS_MAX = 300
_CANDIDATES = 80
_HEADINGS_MAX = 6_000
"""Headings looked at for one question, roughly."""
_OWN, _ABOVE = 1.6, 1.0
"""Worth of a word that a heading has, and of one that only stands above it."""
_POSTINGS_KEPT = 4_000
_ANSWERS_KEPT, _KEPT_HITS_MAX = 1_000, 30
"""Questions come again all day; the least lately asked go first, long answers are not kept."""
_WALKED = 14
_FREE = frozenset(stem(word) for word in FREE_WORDS)
_ENDINGS = frozenset(
    map(stem, ("initial", "subsequent", "encounter", "sequela", "closed", "open", "routine",
               "delayed", "healing", "nonunion", "malunion", "left", "right", "bilateral"))
)  # fmt: skip
"""Words of the last characters of a code: they choose among siblings, never a heading."""
_ENDING_WORTH = 1.5
_UNSAID = 0.004
"""Taken for a word in parentheses, or behind "without", that was not asked for."""
_PAST, _NOT_PAST = stem("history"), 0.6
_MENDED_LENGTH_MIN, _MENDED_MAX = 5, 3
"""Shorter words have too many neighbours; whoever misspells more words is asked to write anew."""
_CODE_LIKE = re.compile(r"[A-Za-z][0-9][0-9A-Za-z]?\.?[0-9A-Za-z]{0,4}")
_PCS_LIKE = re.compile(r"[0-9A-Za-z]{1,7}")


class Hit(msgspec.Struct, frozen=True):
    """One code found.

    Attributes:
        code: Billable, as people write it.
        title: Its title.
        why: What matched, in a few words.
        score: Between 0 and about 1; comparable within one answer only.
        billable: False for a category shown so that one can walk down.
        notes: Instructional notes that govern it.
    """

    code: str
    title: str
    why: str
    score: float
    billable: bool = True
    notes: tuple[Note, ...] = ()


class _Candidate(NamedTuple):
    node_code: str
    score: float
    said: str
    left: frozenset[str]


class _Word(NamedTuple):
    stem: str
    idf: float


class _Posting(NamedTuple):
    """In which headings a word is."""

    own: "array[int]"
    above: "array[int]"


_NOWHERE = _Posting(array("I"), array("I"))


class Searcher:
    """Search over one opened code file; safe to share between threads."""

    def __init__(self, sets: CodeSets) -> None:
        """Read the document counts, some 15,000 short words."""
        self._sets = sets
        self._counts: dict[str, int] = dict(
            sets.connection.execute("SELECT stem, document_count FROM stem")
        )
        (total,) = sets.connection.execute("SELECT count(*) FROM node").fetchone()
        self._unknown_idf = math.log(1 + max(1, total))
        self._idfs = {
            stem: math.log(1 + max(1, total) / (1 + count)) for stem, count in self._counts.items()
        }
        self._first_node: dict[str, int] = dict(
            sets.connection.execute("SELECT system, min(node) FROM node GROUP BY system")
        )
        self._answered = functools.lru_cache(maxsize=_ANSWERS_KEPT)(self._answer)
        self._mean_length = functools.cache(self._read_mean_length)
        self._posting = functools.lru_cache(maxsize=_POSTINGS_KEPT)(self._read_posting)
        # A heading's children and their stems: read again and again on the way down.
        self._below = functools.lru_cache(maxsize=8_000)(self._read_below)

    def search(
        self, query: str, system: System, on: dt.date, *, limit: int = 10, notes: bool = False
    ) -> list[Hit]:
        """Return the codes in force on a date that fit, best first.

        Args:
            query: A code, the beginning of one, or words.
            system: Where to look.
            on: Date of service, or discharge.
            limit: How many at most.
            notes: Bring the instructional notes of each diagnosis.
        """
        text = query[:QUERY_CHARS_MAX].strip()
        answer = self._answered if limit <= _KEPT_HITS_MAX else self._answer
        hits = list(answer(text, system, on, limit))
        if notes and system is System.ICD10CM:
            hits = [
                msgspec.structs.replace(hit, notes=tuple(self._sets.notes(normalise(hit.code))))
                for hit in hits
            ]
        return hits

    def _answer(self, text: str, system: System, on: dt.date, limit: int) -> tuple[Hit, ...]:
        hits = self._by_code(text, system, on, limit) if _looks_like_code(text, system) else []
        return tuple(hits or self._by_words(text, system, on, limit))

    def _by_code(self, text: str, system: System, on: dt.date, limit: int) -> list[Hit]:
        """Return the code itself, or what begins with it."""
        asked = normalise(text)
        found = self._sets.validate(asked, system, on)
        if found.status is Status.VALID:
            return [Hit(display(asked, system), found.title or "", "code", 1.0)]
        hits = []
        if found.status in (Status.HEADER, Status.EXPIRED):
            why = "category" if found.status is Status.HEADER else found.reason
            hits.append(Hit(display(asked, system), found.title or "", why, 1.0, billable=False))
        below = found.successors or self._sets.beginning_with(asked, system, on, limit)
        for code in below:
            title = self._title(code, system)
            why = "replaces it" if found.successors else f"begins with {display(asked, system)}"
            hits.append(Hit(display(code, system), title, why, 0.9))
        return hits[:limit]

    def _title(self, code: str, system: System) -> str:
        spans = self._sets.spans(code, system)
        return (spans[-1].title or "") if spans else ""

    def _by_words(self, text: str, system: System, on: dt.date, limit: int) -> list[Hit]:
        text, mended = self._mend(text, system)
        asked = tuple(dict.fromkeys(stems(text)))
        said = _as_said(text)
        if not asked:
            return []
        weighed = {s: _ENDING_WORTH if s in _ENDINGS else self._idf(s) for s in asked}
        best: dict[str, Hit] = {}
        candidates = self._candidates(weighed, system)
        for candidate in candidates[: max(_WALKED, limit)]:
            hit = self._resolve(candidate, weighed, said, system, on)
            if hit is not None and (hit.code not in best or best[hit.code].score < hit.score):
                best[hit.code] = hit
        found = sorted(best.values(), key=lambda hit: (-hit.score, hit.code))[:limit]
        if mended:
            read = f"read as {', '.join(mended)}; "
            return [msgspec.structs.replace(hit, why=read + hit.why) for hit in found]
        return found

    def _mend(self, text: str, system: System) -> tuple[str, list[str]]:
        """Replace words that no heading has by the commonest one that is a slip away, if any is.

        Returns the text, and the words put in.
        """
        parts, mended, done = list[str](), list[str](), 0
        for token in tokens(text):
            word = text[token.start : token.end].lower()
            mendable = len(word) >= _MENDED_LENGTH_MIN and word.isalpha() and word.isascii()
            if not mendable or token.start < done or len(mended) == _MENDED_MAX:
                continue
            if self._is_known(token.stem, system):
                continue
            near = {made: stem(made) for made in one_slip_away(word)}
            known = [made for made, cut in near.items() if self._is_known(cut, system)]
            if known:
                put = max(
                    known,
                    key=lambda made: self._likely(word, made, near[made], system),
                )
                parts += [text[done : token.start], put]
                done = token.end
                mended.append(put)
        return "".join(parts) + text[done:], mended

    def _likely(self, word: str, made: str, cut: str, system: System) -> tuple[bool, int, str]:
        """Rank what a word may have been: people get its first letter right."""
        return (made[0] == word[0], self._spread(cut, system), made)

    def _is_known(self, word: str, system: System) -> bool:
        return word in self._counts if system is System.ICD10CM else self._spread(word, system) > 0

    def _spread(self, word: str, system: System) -> int:
        return len(self._posting(system, word).own)

    def _idf(self, word: str) -> float:
        return self._idfs.get(word, self._unknown_idf)

    def _candidates(self, asked: dict[str, float], system: System) -> list[_Candidate]:
        """Return headings, best first."""
        total = sum(asked.values())
        filed = {
            row[0]
            for row in self._sets.connection.execute(
                "SELECT node FROM term WHERE key = ?", (key(asked),)
            )
        }
        ranked = []
        for code, packed, above in self._rows(asked, system, filed):
            context = asked.keys() & above
            best: _Candidate | None = None
            for needed_text, optional_text, weight in msgspec.json.decode(packed):
                needed, optional = needed_text.split(), set(optional_text.split())
                score, covered = self._fit(asked, total, needed, optional, context)
                score *= 0.9 + 0.1 * weight
                if best is None or score > best.score:
                    best = _Candidate(code, score, needed_text, frozenset(asked) - covered)
            if best is not None:
                bonus = 0.15 if code in filed else 0.0
                fitting = (
                    best.score * _chapter_factor(code, asked)
                    if system is System.ICD10CM
                    else best.score
                )
                if _PAST in best.left:
                    fitting *= _NOT_PAST  # what a patient had is another code than what they have
                ranked.append(best._replace(score=fitting + bonus))
        ranked.sort(key=lambda c: (-c.score, len(c.node_code), c.node_code))
        return ranked

    def _rows(
        self, asked: dict[str, float], system: System, filed: set[str]
    ) -> Iterable[tuple[str, str, frozenset[str]]]:
        """Yield (code, phrases, stems of the headings above) of candidate headings."""
        numbers = self._nearest(asked, system)
        marks = ",".join("?" * len(numbers))
        codes = ",".join("?" * len(filed))
        rows = self._sets.connection.execute(
            f"SELECT code, phrases, above FROM node WHERE node IN ({marks}) AND system = ? "  # noqa: S608 - marks only
            f"UNION SELECT code, phrases, above FROM node WHERE system = ? AND code IN ({codes})",
            (*numbers, system, system, *filed),
        )
        for code, packed, above in rows:
            yield code, packed, frozenset(above.split())

    def _nearest(self, asked: Mapping[str, float], system: System) -> list[int]:
        """Return the headings that have the rarest of the words, by BM25.

        What it costs is the number of headings that are looked at, so the commonest words
        ("other", "unspecified") are left to the ranking.
        """
        words = [s for s in asked if s not in _ENDINGS] or list(asked)
        found = [p for s in words if (p := self._posting(system, s)).own or p.above]
        found.sort(key=lambda posting: len(posting.own) + len(posting.above))
        if len(found) > 2:
            found = found[: max(3, len(found) - 1)]
        lengths = self._posting(system, "").own
        if not found or not lengths:
            return []
        first, scores, looked_at = self._first_node[system], dict[int, float](), 0
        for posting in found:
            count = len(posting.own) + len(posting.above)
            looked_at += count
            if scores and looked_at > _HEADINGS_MAX:
                break
            idf = math.log(1 + len(lengths) / (count + 0.5))
            for nodes, worth in ((posting.own, _OWN * idf), (posting.above, _ABOVE * idf)):
                for node in nodes:
                    scores[node] = scores.get(node, 0.0) + worth
        mean = self._mean_length(system)
        return heapq.nlargest(
            _CANDIDATES, scores, key=lambda node: scores[node] / (mean + lengths[node - first])
        )

    def _read_mean_length(self, system: System) -> float:
        lengths = self._posting(system, "").own
        return sum(lengths) / len(lengths)

    def _read_posting(self, system: System, word: str) -> _Posting:
        row = self._sets.connection.execute(
            "SELECT own, above FROM posting WHERE system = ? AND stem = ?", (system, word)
        ).fetchone()
        return _Posting(*map(unpack_numbers, row)) if row is not None else _NOWHERE

    def _fit(
        self,
        asked: dict[str, float],
        total: float,
        needed: Sequence[str],
        optional: set[str],
        context: Iterable[str],
    ) -> tuple[float, set[str]]:
        """Return how well one phrase answers, and which asked words it covers."""
        said = set(needed) | optional
        covered = asked.keys() & said
        gained = sum(asked[s] for s in covered)
        around = set(context) - covered
        recall = (gained + 0.7 * sum(asked[s] for s in around)) / total
        extra = sum(self._idf(s) for s in needed if s not in asked and s not in _FREE)
        hit = sum(asked[s] for s in covered if s in needed)
        precision = hit / (hit + 0.6 * extra) if hit else 0.0
        if not recall or not precision:
            return 0.0, set(covered)
        unsaid = sum(1 for s in optional if s not in asked and s not in _FREE)
        return recall**1.5 * precision**0.6 - _UNSAID * unsaid, set(covered) | around

    def _resolve(
        self,
        candidate: _Candidate,
        asked: dict[str, float],
        said: Mapping[str, str],
        system: System,
        on: dt.date,
    ) -> Hit | None:
        """Walk down to the billable code in force; None if there is none."""
        code, left = candidate.node_code, set(candidate.left)
        gained = 0.0
        if system is System.ICD10CM:
            code, gained = self._walk(code, left, asked)
        status = self._sets.standing(code, system, on)
        if status is Status.EXPIRED:
            successors = self._sets.successors(code, system, on)
            if not successors:
                return None
            code, status = self._plainest(successors, system), Status.VALID
        if status is not Status.VALID:
            return None
        total = sum(asked.values())
        plain = plainness(code, self._title(code, system), frozenset())
        score = candidate.score + 0.6 * gained / total + 0.004 * plain
        return Hit(
            display(code, system),
            self._title(code, system),
            _why(candidate, asked, said),
            round(score, 4),
        )

    def _walk(self, code: str, left: set[str], asked: dict[str, float]) -> tuple[str, float]:
        """Return the billable code below that fits the words left over, and their worth."""
        gained = 0.0
        while True:
            below = self._below(code)
            if not below:
                return code, gained
            best_code, best_stems, best_score = code, frozenset[str](), -math.inf
            for child, child_stems, plain in below:
                fitting = sum(asked[s] for s in left & child_stems)
                extra = sum(1 for s in child_stems if s not in asked and s not in _FREE)
                score = 2.0 * fitting + 0.6 * plain - 0.2 * extra
                if score > best_score:
                    best_code, best_stems, best_score = child, child_stems, score
            gained += sum(asked[s] for s in left & best_stems)
            left -= best_stems
            code = best_code

    def _read_below(self, code: str) -> list[tuple[str, frozenset[str], float]]:
        """Return (code, stems its title adds, plainness) of the children of a heading."""
        rows = self._sets.connection.execute(
            "SELECT code, added, plainness FROM heading WHERE parent = ?", (code,)
        )
        return [(row[0], frozenset(row[1].split()), row[2]) for row in rows]

    def _plainest(self, codes: Sequence[str], system: System) -> str:
        def rank(code: str) -> tuple[float, str]:
            return (-plainness(code, self._title(code, system), frozenset()), code)

        return min(codes, key=rank)


def _looks_like_code(text: str, system: System) -> bool:
    """Tell if a text is a code or the beginning of one, rather than words."""
    if system is System.ICD10CM:
        return _CODE_LIKE.fullmatch(text) is not None
    has_digit = any(c.isdigit() for c in text)
    return has_digit and _PCS_LIKE.fullmatch(text) is not None


_CHAPTERS: tuple[tuple[str, float, str], ...] = (
    (
        "O",
        0.75,
        (
            "pregnancy pregnant maternal obstetric labor delivery puerperium postpartum "
            "gestational trimester childbirth antepartum abortion ectopic preeclampsia"
        ),
    ),
    ("P", 0.75, "newborn neonatal perinatal infant birth fetal prematurity preterm"),
    ("Q", 0.85, "congenital malformation anomaly syndrome"),
    (
        "Z",
        0.88,
        (
            "encounter history status screening presence absence exposure examination vaccination "
            "counseling dependence allergy long use family personal"
        ),
    ),
    ("VWXY", 0.7, "fall accident struck collision assault bite vehicle external activity place"),
)
"""Letters of a chapter, how far it is held back, and the words that call for it."""


@functools.cache
def _called_for(letter: str) -> tuple[float, frozenset[str]]:
    for letters, factor, said in _CHAPTERS:
        if letter in letters:
            return factor, frozenset(stem(word) for word in said.split())
    return 1.0, frozenset()


def _chapter_factor(code: str, asked: Mapping[str, float]) -> float:
    """Hold back chapters that are meant only when their own words are said."""
    factor, said = _called_for(code[0])
    return 1.0 if said & asked.keys() else factor


def _as_said(text: str) -> dict[str, str]:
    """Return each stem of a query with the words that it was asked by."""
    return {token.stem: text[token.start : token.end].lower() for token in tokens(text)}


def _why(candidate: _Candidate, asked: dict[str, float], said: Mapping[str, str]) -> str:
    matched = (said.get(s, s) for s in asked if s not in candidate.left)
    return f"{candidate.node_code}: " + " ".join(dict.fromkeys(matched))
