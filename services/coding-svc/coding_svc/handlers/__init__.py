"""Everything that comes in, and what is done about it: each way in is one command, one commit."""

from typing import Any, Final

from coding_svc.decide import commands
from coding_svc.decide.desk import note_submission, settle_withdrawal
from coding_svc.handlers.again import (
    account_of,
    look_again_at_waiting,
    replay_encounter,
    replay_message,
)
from coding_svc.handlers.beside import streams_of
from coding_svc.handlers.taking import answer_frame, take_bundle, take_file, take_message
from coding_svc.handlers.way import ProfilesOf, Taken, Way
from coding_svc.model.encounter import State, evolve
from coding_svc.views.projection import project
from rcm.domain import Reaction, Service
from rcm.events.catalogue import CLAIMS, CODING, DENIALS
from rcm.events.claims import ClaimSubmitted
from rcm.events.claims_withdrawal import ReleaseWithdrawalSettled
from rcm.events.denials import CodingReworkRequested
from rcm.events.envelope import Recorded

__all__ = [
    "SERVICE",
    "ProfilesOf",
    "Taken",
    "Way",
    "account_of",
    "answer_frame",
    "look_again_at_waiting",
    "replay_encounter",
    "replay_message",
    "streams_of",
    "take_bundle",
    "take_file",
    "take_message",
]


def _of_encounter(recorded: Recorded[Any]) -> list[str]:
    return [recorded.event.encounter_id]


SERVICE: Final[Service[State]] = Service(
    name="coding-svc",
    topic=CODING,
    state=State,
    evolve=evolve,
    project=project,
    reactions={
        DENIALS: {CodingReworkRequested.name: Reaction(_of_encounter, commands.send_back)},
        CLAIMS: {
            ClaimSubmitted.name: Reaction(_of_encounter, note_submission),
            ReleaseWithdrawalSettled.name: Reaction(_of_encounter, settle_withdrawal),
        },
    },
)
