"""Words and codes that go together, counted over coded notes.

The strength of a word (or pair of neighbours) for a code is how often the code follows from the
word, times the root of how many of the code's notes have the word:

    strength = (n_wc - 0.5) / (n_w + 0.5) * sqrt(n_wc / n_c)

A feature enters only if two notes or more have it, so no single note can be read back.
"""

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rcm.codes.terms import Token

_NOTES_MIN = 2
_LIFT_MIN = 2.0
_STRENGTH_MIN = 0.02
_STRENGTH_MAX = 0.95


Link = tuple[str, float]
"""A code, and how strongly a feature speaks for it (0 to 1)."""


class Evidence(NamedTuple):
    """What the features of one note say for one code."""

    strongest: float
    total: float
    """Sum of the squared log-odds of every feature that speaks for the code."""


class Association(NamedTuple):
    """What was learned.

    Attributes:
        links: Feature -> codes.
        code_counts: Code -> number of notes that had it.
        note_count: Notes learned from.
    """

    links: Mapping[str, Collection[Link]]
    code_counts: Mapping[str, int]
    note_count: int


def features(tokens: Sequence[Token]) -> set[str]:
    """Return the features of a note: its stems, and pairs of neighbours."""
    stems = [token.stem for token in tokens]
    return set(stems).union(f"{a} {b}" for a, b in pairwise(stems))


def learn(notes: Sequence[tuple[set[str], Iterable[str]]]) -> Association:
    """Count what goes together in notes given as (features, codes)."""
    feature_counts = Counter(feature for found, _ in notes for feature in found)
    code_counts = Counter(code for _, codes in notes for code in set(codes))
    together: Counter[tuple[str, str]] = Counter()
    for found, codes in notes:
        shared = [feature for feature in found if feature_counts[feature] >= _NOTES_MIN]
        for code in set(codes):
            together.update((feature, code) for feature in shared)
    links: defaultdict[str, list[Link]] = defaultdict(list)
    for (feature, code), count in together.items():
        follows = (count - 0.5) / (feature_counts[feature] + 0.5)
        if follows * len(notes) / code_counts[code] <= _LIFT_MIN:
            continue
        strength = follows * math.sqrt(count / code_counts[code])
        if strength >= _STRENGTH_MIN:
            links[feature].append((code, strength))
    return Association(dict(links), dict(code_counts), len(notes))


def weigh(association: Association, found: Iterable[str]) -> dict[str, Evidence]:
    """Return what the features of a note say for each code they are linked to."""
    strongest: defaultdict[str, float] = defaultdict(float)
    total: defaultdict[str, float] = defaultdict(float)
    links = association.links
    for feature in found:
        if feature in links:
            for code, strength in links[feature]:
                strongest[code] = max(strength, strongest[code])
                total[code] += _squared_log_odds(strength)
    return {code: Evidence(strongest[code], total[code]) for code in strongest}


@functools.lru_cache(maxsize=4_096)
def _squared_log_odds(strength: float) -> float:
    return math.log1p(-min(strength, _STRENGTH_MAX)) ** 2
