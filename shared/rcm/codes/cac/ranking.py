"""The probability that a coder would assign a candidate: a logistic model on a few numbers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from rcm.codes.cac.association import Evidence

NAMES = (
    "strongest word", "root of evidence", "log of evidence", "strongest word for the category",
    "root of evidence for the category", "term found", "mentions", "share of mentions flagged",
    "rarity of the term", "log of notes with the code", "share of the title in the note",
    "term of the same category found", "term found x log of notes", "title x evidence",
)  # fmt: skip
MENTIONS_MAX = 4


class TermEvidence(NamedTuple):
    """What the dictionary says for a code in a note."""

    mentions: int
    flagged: int
    rarity: float


NO_TERM = TermEvidence(0, 0, 0.0)
NO_WORDS = Evidence(0.0, 0.0)


class Ranking(NamedTuple):
    """A fitted model: standardise each number, weigh, add."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float


# Learned nothing: the dictionary alone, rarer terms first.
COLD = Ranking(
    (0.0,) * len(NAMES),
    (1.0,) * len(NAMES),
    (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.1, -1.0, 0.05, 0.0, 0.5, 0.0, 0.0, 0.0),
    -2.5,
)


def numbers(
    words: Evidence,
    category: Evidence,
    term: TermEvidence,
    note_count: int,
    title_share: float,
    *,
    category_term: bool,
) -> tuple[float, ...]:
    """Return what is known of a candidate, in the order of `NAMES`."""
    evidence = math.sqrt(words.total)
    found = 1.0 if term.mentions else 0.0
    known = math.log1p(note_count)
    return (
        words.strongest, evidence, math.log(words.total + 1e-4), category.strongest,
        math.sqrt(category.total), found, float(min(term.mentions, MENTIONS_MAX)),
        term.flagged / term.mentions if term.mentions else 0.0, term.rarity, known, title_share,
        1.0 if category_term else 0.0, found * known, title_share * evidence,
    )  # fmt: skip


def log_odds(ranking: Ranking, row: Sequence[float]) -> float:
    """Return the log-odds of a candidate."""
    return ranking.bias + sum(
        weight * (value - mean) / scale
        for value, mean, scale, weight in zip(
            row, ranking.means, ranking.scales, ranking.weights, strict=True
        )
    )


def probability(odds: float) -> float:
    """Return the probability of log-odds, without overflow."""
    if odds >= 0:
        return 1.0 / (1.0 + math.exp(-min(odds, 700.0)))
    power = math.exp(max(odds, -700.0))
    return power / (1.0 + power)


def fit(
    rows: Sequence[Sequence[float]],
    labels: Sequence[bool],
    *,
    rounds: int = 12,
    ridge: float = 1e-3,
) -> Ranking:
    """Fit by Newton's method on all rows; exact, so the same input gives the same model."""
    width, count = len(NAMES), len(rows)
    columns = list(zip(*rows, strict=True))
    means = tuple(math.fsum(column) / count for column in columns)
    scales = tuple(
        math.sqrt(math.fsum((x - mean) ** 2 for x in column) / count) + 1e-9
        for column, mean in zip(columns, means, strict=True)
    )
    table = [
        (*((x - m) / s for x, m, s in zip(row, means, scales, strict=True)), 1.0) for row in rows
    ]
    beta = [0.0] * (width + 1)
    for _ in range(rounds):
        gradient, curvature = _derivatives(table, labels, beta)
        for index in range(width):
            gradient[index] -= ridge * count * beta[index]
            curvature[index][index] += ridge * count
        step = _solve(curvature, gradient)
        beta = [b + d for b, d in zip(beta, step, strict=True)]
        if max(map(abs, step)) < 1e-6:
            break
    return Ranking(means, scales, tuple(beta[:width]), beta[width])


def _derivatives(
    table: Sequence[Sequence[float]], labels: Sequence[bool], beta: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    """Return gradient and curvature of the log-likelihood."""
    size = len(beta)
    gradient = [0.0] * size
    curvature = [[0.0] * size for _ in range(size)]
    for row, label in zip(table, labels, strict=True):
        chance = probability(sum(b * x for b, x in zip(beta, row, strict=True)))
        error, spread = label - chance, chance * (1 - chance)
        for i, x in enumerate(row):
            gradient[i] += error * x
            scaled = spread * x
            line = curvature[i]
            for j in range(i + 1):
                line[j] += scaled * row[j]
    for i in range(size):
        for j in range(i):
            curvature[j][i] = curvature[i][j]
    return gradient, curvature


def _solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a small symmetric system by Gaussian elimination with pivoting."""
    size = len(right)
    table = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for at in range(size):
        pivot = max(range(at, size), key=lambda r: abs(table[r][at]))
        table[at], table[pivot] = table[pivot], table[at]
        for below in range(at + 1, size):
            factor = table[below][at] / table[at][at]
            if factor:
                table[below] = [
                    a - factor * b for a, b in zip(table[below], table[at], strict=True)
                ]
    found = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(table[at][k] * found[k] for k in range(at + 1, size))
        found[at] = (table[at][size] - rest) / table[at][at]
    return found
