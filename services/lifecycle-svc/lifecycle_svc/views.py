"""What an event changes in the tables that are read: a step of each of its stories, and the row of
its claim or interchange.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from lifecycle_svc.model import ClaimStory, OtherStory, State
from rcm.domain import Row
from rcm.events import claims
from rcm.events.catalogue import CATALOGUE
from rcm.events.envelope import Recorded
from rcm.lifecycle import Claim, step_of, stories


def project(_before: State | None, after: State, recorded: Recorded[Any]) -> Iterable[Row]:
    """Tell the step in every story, and where its main story stands now."""
    step = step_of(recorded, CATALOGUE.phi_fields.get(recorded.event.name, ()))
    values = msgspec.structs.asdict(step)
    del values["event_id"]
    for story_id in stories(recorded):
        yield Row("step", {"event_id": step.event_id, "story_id": story_id}, values)
    if isinstance(after, ClaimStory):
        yield claim_row(after.claim)
    elif isinstance(recorded.event, claims.InterchangePrepared | claims.InterchangeSettled):
        yield _interchange_row(after, recorded.event, recorded.recorded_at)


def claim_row(claim: Claim) -> Row:
    """Write where a claim stands as a row."""
    denials = claim.open_denials
    return Row(
        "claim",
        {"claim_id": claim.claim_id},
        {
            "state": claim.state,
            "turn": claim.turn,
            "why": claim.why,
            "encounter_id": claim.encounter_id,
            "patient_id": claim.patient_id,
            "form": claim.form,
            "frequency_code": claim.frequency_code,
            "payer_id": claim.payer_id,
            "payer_name": claim.payer_name,
            "payer_sequence_code": claim.payer_sequence_code,
            "facility_id": claim.facility_id,
            "service_from": claim.service_from,
            "filing_deadline_on": "" if claim.is_received else claim.filing_deadline_on,
            "denial_deadline_on": min((d.deadline_on for d in denials), default=""),
            "denial_count": len(denials),
            "attempt": claim.attempt,
            "replaced_by": claim.replaced_by,
            "replaces_claim_id": claim.replaces_claim_id,
            **msgspec.structs.asdict(claim.money),
            "legs": claim.legs,
            "denials": claim.denials,
            "interchanges": list(claim.interchanges),
            "remittance_ids": list(claim.remittance_ids),
            "first_at": claim.first_at,
            "changed_at": claim.changed_at,
        },
    )


def _interchange_row(
    state: OtherStory, event: claims.InterchangePrepared | claims.InterchangeSettled, at: str
) -> Row:
    return Row(
        "interchange",
        {
            "receiver_id": event.receiver_id,
            "interchange_control_number": event.interchange_control_number,
        },
        {"outcome": state.outcome, "claim_count": state.claim_count, "changed_at": at},
    )
