"""Several payers of one claim, in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rcm.events import claims_coordination, remit_coordination
from rcm.events.event import Event
from rcm.lifecycle.said import Said
from rcm.money import dollars

_NEXT: Final = {"S": "secondary", "T": "tertiary"}
_PAYER: Final = {"P": "primary", **_NEXT}


def _coordinated(event: claims_coordination.ClaimCoordinated) -> Said:
    left = f"{dollars(event.left_cents)} left to the patient"
    turn = _NEXT.get(event.payer_sequence_code, "next")
    what, why = {
        "billed": (f"{turn} claim {event.next_claim_id} made for {event.payer_id}", left),
        "crossed-over": (f"no {turn} claim of ours", "the payer sent the claim on by itself"),
        "nothing-left": (f"no {turn} claim", "nothing is left to the patient"),
        "taken-back": ("the next payer is told nothing more", "no answer stands"),
        "voided": (f"nothing more is asked of the {turn} payer", "this claim was voided"),
        "last-payer": ("every payer has answered", left),
    }[event.outcome]
    return Said(what, why)


def _passed_on(event: remit_coordination.PatientSharePassedOn) -> Said:
    if event.to_claim_id:
        return Said(
            f"patient share of {dollars(event.share_cents)} waits for {event.to_claim_id}",
            "the next payer is asked for it first",
            {entry.account: entry.amount_cents for entry in event.entries},
        )
    return Said("patient share is the patient's again", "", {"patient": event.due_cents})


def _of_both(event: claims_coordination.ClaimCoordinated) -> tuple[str, ...]:
    return tuple(f"claim/{one}" for one in (event.claim_id, event.next_claim_id) if one)


def _of_all(event: remit_coordination.PatientSharePassedOn) -> tuple[str, ...]:
    named = (event.claim_id, event.to_claim_id, event.instead_of_claim_id)
    return tuple(f"claim/{one}" for one in named if one)


STORIES: Final[Mapping[type[Event], Callable[[Any], tuple[str, ...]]]] = {
    claims_coordination.ClaimCoordinated: _of_both,
    remit_coordination.PatientSharePassedOn: _of_all,
}
"""Told in the stories of all claims that they name."""

WORDS: Final[Mapping[type[Event], Callable[[Any], Said]]] = {
    claims_coordination.PriorAnswerLearned: lambda e: Said(
        f"answer of the {_PAYER[e.answer.payer_sequence_code]} kept for the next payer",
        is_detail=True,
    ),
    claims_coordination.ClaimCoordinated: _coordinated,
    remit_coordination.PatientSharePassedOn: _passed_on,
}
