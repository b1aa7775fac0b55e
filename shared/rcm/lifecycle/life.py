"""One claim's life from the log alone: its own steps, and those of what it travelled with."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

import msgspec

from rcm.events.catalogue import CATALOGUE
from rcm.events.envelope import Recorded
from rcm.lifecycle.claim import Claim, Denial, Leg, Money, fold_claim
from rcm.lifecycle.steps import (
    Step,
    claim_story,
    encounter_story,
    interchange_story,
    remittance_story,
    step_of,
    stories,
)


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """A claim's life.

    Attributes:
        claim: Where it stands.
        state: Derived from all topics; see `rcm.lifecycle.claim.State`.
        turn: Whose turn it is: `ours`, `theirs` or `nobody`.
        money: Balanced: billed = paid + adjusted + patient + denied + open.
        legs: State of each leg, by sequence code.
        steps: In the order in which they were recorded.
    """

    claim: Claim
    state: str
    turn: str
    money: Money
    legs: dict[str, str]
    steps: list[Step]


_SOURCES: Final = ("coding-svc", "claims-svc", "remit-svc", "denials-svc")


class Placed(Protocol):
    """What tells a step's place among others."""

    @property
    def at(self) -> str:
        """When it was recorded."""
        ...

    @property
    def source(self) -> str:
        """The service that recorded it."""
        ...

    @property
    def stream_id(self) -> str:
        """Its stream there."""
        ...

    @property
    def stream_version(self) -> int:
        """Its number there."""
        ...


S = TypeVar("S", bound=Placed)


def in_order(steps: Iterable[S], claim_id: str) -> list[S]:
    """Put steps in the order in which they happened. Those of one transaction bear one time: then
    what a claim's step followed from (its encounter, advice, interchange) goes before it.
    """
    return sorted(
        steps,
        key=lambda step: (
            step.at,
            _SOURCES.index(step.source) if step.source in _SOURCES else len(_SOURCES),
            step.stream_id == claim_id,
            step.stream_version,
        ),
    )


def related_stories(claim: Claim) -> tuple[str, ...]:
    """Name the stories that a claim's life is told from, its own first."""
    return (
        claim_story(claim.claim_id),
        *([encounter_story(claim.encounter_id)] if claim.encounter_id else []),
        *(interchange_story(*place.rsplit("/", 1)) for place in claim.interchanges),
        *(remittance_story(remittance_id) for remittance_id in claim.remittance_ids),
    )


def life_of(
    claim_id: str, own: Iterable[Recorded[Any]], others: Iterable[Recorded[Any]]
) -> Life | None:
    """Tell a claim's life; None if no event speaks of it.

    Args:
        claim_id: CLM01 = CLP01.
        own: At least every event of the claim's own story, in the order of each topic; others are
            passed over.
        others: Every event from which the rest of the life may come; read once `own` is known.
    """
    story = claim_story(claim_id)
    claim: Claim | None = None
    steps: dict[str, Step] = {}
    for recorded in own:
        if story in stories(recorded):
            claim = fold_claim(claim, recorded, claim_id)
            steps[recorded.event_id] = _step(recorded)
    if claim is None:
        return None
    related = frozenset(related_stories(claim))
    for recorded in others:
        if related.intersection(stories(recorded)):
            steps.setdefault(recorded.event_id, _step(recorded))
    return Life(
        claim=claim,
        state=claim.state,
        turn=claim.turn,
        money=claim.money,
        legs={code: leg.state for code, leg in sorted((claim.legs or _no_answer(claim)).items())},
        steps=in_order(steps.values(), claim_id),
    )


def patient_disputed(denials: Mapping[str, Denial], patient_cents: int) -> int:
    """Add up the open denials of what a payer left to the patient (group PR, ADR 0022).

    That money stands in the patient's share, never in `denied`, and on the worklist, too: who adds
    up the worklist finds `denied` and this.
    """
    disputed = sum(
        one.denied_cents for one in denials.values() if one.is_open and one.reason.startswith("PR-")
    )
    return max(min(disputed, patient_cents), 0)


def _no_answer(claim: Claim) -> dict[str, Leg]:
    return {claim.payer_sequence_code: Leg()}


def _step(recorded: Recorded[Any]) -> Step:
    return step_of(recorded, CATALOGUE.phi_fields.get(recorded.event.name, ()))
