"""What coders accepted and rejected, as counts: suggestions get better, no note is kept.

A decision brings a code and the terms that spoke for it: keys of the code set's own dictionary or
features of the model, both public vocabulary. Fold decisions with `learn`; `shift` moves the
log-odds of the next suggestion of the same code for the same reason.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_SHIFT_MAX = 2.0
"""No history says more than this: a factor of seven in the odds."""
_PRIOR = 2.0
"""Decisions that must be seen before history weighs as much as the model."""


class Count(NamedTuple):
    """Times accepted and rejected."""

    accepted: int = 0
    rejected: int = 0

    def plus(self, *, accepted: bool) -> "Count":
        """Count one more decision."""
        return Count(self.accepted + accepted, self.rejected + (not accepted))


class Decision(NamedTuple):
    """A person's word on one suggestion."""

    code: str
    evidence: tuple[str, ...]
    accepted: bool


class Learned(NamedTuple):
    """The fold of all decisions of a tenant: by code, and by code and evidence."""

    codes: Mapping[str, Count] = MappingProxyType({})
    evidence: Mapping[tuple[str, str], Count] = MappingProxyType({})


def learn(state: Learned, decision: Decision) -> Learned:
    """Return the state after one more decision; the order of decisions never matters."""
    codes, evidence = dict(state.codes), dict(state.evidence)
    held = codes.get(decision.code, Count())
    codes[decision.code] = held.plus(accepted=decision.accepted)
    for term in set(decision.evidence):
        where = (decision.code, term)
        evidence[where] = evidence.get(where, Count()).plus(accepted=decision.accepted)
    return Learned(MappingProxyType(codes), MappingProxyType(evidence))


def shift(state: Learned, code: str, evidence: tuple[str, ...]) -> float:
    """Return what history adds to the log-odds of a suggestion; 0 where there is none."""
    moves = [_lean(state.codes.get(code, Count()))]
    moves += [_lean(state.evidence.get((code, term), Count())) for term in set(evidence)]
    told = [move for move in moves if move]
    if not told:
        return 0.0
    mean = sum(told) / len(told)
    return max(-_SHIFT_MAX, min(_SHIFT_MAX, mean))


def _lean(count: Count) -> float:
    """Return the log-odds of acceptance, drawn to zero while decisions are few."""
    return math.log((count.accepted + _PRIOR) / (count.rejected + _PRIOR))
