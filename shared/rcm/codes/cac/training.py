"""Learn a model from coded notes, and measure one.

The ranking is fitted on candidates of notes that the association had not seen (ten folds), so that
it learns how far to trust what it will meet in new notes.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rcm.codes.cac import model_file
from rcm.codes.cac.association import Association, learn
from rcm.codes.cac.ranking import fit
from rcm.codes.cac.suggester import Note, Suggester

_FOLDS = 10


class CodedNote(NamedTuple):
    """A note and the diagnoses a coder gave it."""

    note_id: str
    text: str
    codes: frozenset[str]


class Quality(NamedTuple):
    """How good suggestions are over notes.

    Attributes:
        notes: Notes measured.
        mean_average_precision: Mean over notes of average precision, all suggestions.
        precision_at_5: Share of the first five that a coder gave.
        recall_at_20: Share of what a coder gave that is among the first twenty.
    """

    notes: int
    mean_average_precision: float
    precision_at_5: float
    recall_at_20: float


def train(suggester: Suggester, notes: Sequence[CodedNote], source: str) -> bytes:
    """Return the model file learned from coded notes; the same notes give the same bytes."""
    read = [suggester.read(note.text) for note in notes]
    codes = [note.codes for note in notes]
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    order = sorted(range(len(notes)), key=lambda at: _digest(notes[at].note_id))
    for fold in range(_FOLDS):
        held = set(order[fold::_FOLDS])
        kept = [at for at in range(len(notes)) if at not in held]
        by_code, by_category = _learn_both([read[at] for at in kept], [codes[at] for at in kept])
        for at in sorted(held):
            for candidate in suggester.candidates(read[at], by_code, by_category):
                rows.append(candidate.row)
                labels.append(candidate.code in codes[at])
    by_code, by_category = _learn_both(read, codes)
    return model_file.dump(source, by_code, by_category, fit(rows, labels))


def _learn_both(
    read: Sequence[Note], codes: Sequence[Iterable[str]]
) -> tuple[Association, Association]:
    pairs = [(note.features, list(given)) for note, given in zip(read, codes, strict=True)]
    categories = [(found, {code[:3] for code in given}) for found, given in pairs]
    return learn(pairs), learn(categories)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def measure(suggester: Suggester, notes: Sequence[CodedNote], on: dt.date) -> Quality:
    """Measure suggestions for a date of service against what coders gave, code for code."""
    precisions, firsts, recalls = [], [], []
    for note in notes:
        if not note.codes:
            continue
        found = [code for code, _, _ in suggester.rank(suggester.read(note.text), on)]
        precisions.append(average_precision(found, note.codes))
        firsts.append(len(note.codes.intersection(found[:5])) / 5)
        recalls.append(len(note.codes.intersection(found[:20])) / len(note.codes))
    count = max(1, len(precisions))
    return Quality(
        len(precisions), sum(precisions) / count, sum(firsts) / count, sum(recalls) / count
    )


def average_precision(ranked: Sequence[str], wanted: frozenset[str]) -> float:
    """Return the mean, over the codes wanted, of the precision at each one's rank."""
    hits, total = 0, 0.0
    for rank, code in enumerate(ranked, start=1):
        if code in wanted:
            hits += 1
            total += hits / rank
    return total / len(wanted) if wanted else 0.0
