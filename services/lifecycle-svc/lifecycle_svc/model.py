"""What is kept of each story: where a claim stands, or how far an interchange has come."""

from typing import Any

import msgspec

from rcm.events import claims
from rcm.events.envelope import Recorded
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.lifecycle import Claim, fold_claim, stories


class ClaimStory(msgspec.Struct, frozen=True, tag="claim"):
    """The story of a claim."""

    claim: Claim


class OtherStory(msgspec.Struct, frozen=True, tag="other"):
    """The story of an encounter, an interchange, a remittance advice or a stream.

    Attributes:
        claim_count: Claims in the interchange.
        outcome: What is known of the interchange: `prepared`, `sent`, `unknown`, `not-sent`.
    """

    claim_count: int = 0
    outcome: str = ""


State = ClaimStory | OtherStory

_CLAIM = "claim/"


def main_story(recorded: Recorded[Any]) -> str:
    """Name the story whose state an event changes; it is told in the others as well."""
    return stories(recorded)[0]


def folded_stories(recorded: Recorded[Any]) -> tuple[str, ...]:
    """Name the stories whose state an event changes: a share that is passed on changes the claims
    of both payers, whichever topic is read first.
    """
    if isinstance(recorded.event, PatientSharePassedOn):
        return stories(recorded)
    return (main_story(recorded),)


def evolve(state: State | None, recorded: Recorded[Any]) -> State:
    """Fold an event of any service into a story whose state it changes."""
    story = main_story(recorded)
    if story.startswith(_CLAIM):
        claim = state.claim if isinstance(state, ClaimStory) else None
        if claim is not None:
            claim_id = claim.claim_id
        elif isinstance(recorded.event, PatientSharePassedOn) and recorded.event.to_claim_id:
            # The answered claim and an earlier next one were told of before, in the same stream.
            claim_id = recorded.event.to_claim_id
        else:
            claim_id = story.removeprefix(_CLAIM)
        return ClaimStory(fold_claim(claim, recorded, claim_id))
    other = state if isinstance(state, OtherStory) else OtherStory()
    match recorded.event:
        case claims.InterchangePrepared(claim_ids=claim_ids):
            return OtherStory(len(claim_ids), other.outcome or "prepared")
        case claims.InterchangeSettled(outcome=outcome):
            return OtherStory(other.claim_count, outcome)
        case _:
            return other
