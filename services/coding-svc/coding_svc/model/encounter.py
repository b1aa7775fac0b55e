"""The state of a stream of coding-svc, and how its own facts change it.

    EncounterReceived ──▶ held ◀──▶ coded          EncounterMerged ──▶ merged, for ever
                           ▲  EncounterHeld  EncounterCoded
    MessageSetAside   ──▶ a stream of its own, with nothing but the fact

The account itself is PHI, and stands here as the sealed box of the newest fact that brought one.
"""

from typing import Any, Literal

from msgspec import Struct, structs

from coding_svc.model.adopted import Adopted, evolve_adopted
from coding_svc.model.audit import (
    CASE_EVENTS,
    Accuracy,
    Audit,
    AuditCase,
    evolve_accuracy,
    evolve_audit,
    evolve_case,
)
from coding_svc.model.desk import (
    CODER_EVENTS,
    Coder,
    Desk,
    Packs,
    evolve_coder,
    evolve_packs,
    follow_desk,
)
from coding_svc.model.note import NOTE_EVENTS, Learned, Note, evolve_learned, evolve_note
from coding_svc.model.query import QUERY_EVENTS, Query, evolve_query
from coding_svc.model.services import Service, services_of
from rcm.events.clinical import DrgGrouping, Reason
from rcm.events.coding import (
    EncounterCoded,
    EncounterHeld,
    EncounterMerged,
    EncounterReceived,
    MessageSetAside,
)
from rcm.events.coding_audit import AccuracyAlertCleared, AccuracyAlertRaised, AuditDrawn
from rcm.events.coding_codes import CodeSetsAdopted, SuggestionLearned
from rcm.events.coding_desk import EvidencePackIssued
from rcm.events.coding_query import (
    CodingQueryAnswerNoted,
    CodingQueryHoldLifted,
    CodingQueryHoldPlaced,
)
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi

Status = Literal["held", "coded", "merged"]


class Encounter(Struct, frozen=True, omit_defaults=True, tag="encounter"):
    """One encounter, as far as it may be known without opening anything.

    Attributes:
        encounter_id: Opaque id; also the stream's.
        patient_id: Opaque id; names the PHI key.
        status: Held until it is coded; coded until something holds it again; merged away.
        account: The sealed account.
        coded_version: How often it was released to billing.
        reasons: What holds it.
        merged_into: The encounter that took it over.
        rework_of: Denial that sent it back to coding, until it is released again.
        message_count: Messages taken.
        charge_count: Net charges.
        billed_cents: Their sum.
        service_from: First date of service.
        open_queries: Physician queries that hold it, the oldest first.
        answered_queries: Those of them that were answered and wait for the coder.
        services: What was billed last, for the patient's other encounters.
        drg: The MS-DRG of what was billed last.
        desk: The encounter as a piece of work.
    """

    encounter_id: str
    patient_id: str = ""
    status: Status = "held"
    account: Phi | None = None
    coded_version: int = 0
    reasons: tuple[Reason, ...] = ()
    merged_into: str = ""
    rework_of: str = ""
    message_count: int = 0
    charge_count: int = 0
    billed_cents: int = 0
    service_from: str | None = None
    open_queries: tuple[str, ...] = ()
    answered_queries: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    drg: DrgGrouping | None = None
    desk: Desk = Desk()


class SetAside(Struct, frozen=True, omit_defaults=True, tag="message"):
    """A message that changed no encounter.

    Attributes:
        message_id: Opaque id; also the stream's.
        outcome: Ignored or rejected.
    """

    message_id: str
    outcome: str


State = (
    Encounter | SetAside | Query | Coder | Packs | Audit | AuditCase | Accuracy | Note | Learned
    | Adopted
)  # fmt: skip
"""What a stream of this service can be."""


AUDIT_EVENTS = (AuditDrawn, AccuracyAlertRaised, AccuracyAlertCleared, *CASE_EVENTS)


def evolve(state: State | None, recorded: Recorded[Any]) -> State:
    """Fold one own fact into the state of its stream."""
    event = recorded.event
    if isinstance(event, MessageSetAside):
        return SetAside(event.message_id, event.outcome)
    if isinstance(event, QUERY_EVENTS):
        return evolve_query(state if isinstance(state, Query) else None, recorded)
    if isinstance(event, NOTE_EVENTS):
        return evolve_note(state if isinstance(state, Note) else None, recorded)
    if isinstance(event, SuggestionLearned):
        return evolve_learned(state if isinstance(state, Learned) else None, event)
    if isinstance(event, CodeSetsAdopted):
        return evolve_adopted(event)
    if isinstance(event, CODER_EVENTS):
        return evolve_coder(state if isinstance(state, Coder) else None, recorded)
    if isinstance(event, EvidencePackIssued):
        return evolve_packs(state if isinstance(state, Packs) else None, recorded)
    if isinstance(event, AUDIT_EVENTS):
        return _audited(state, recorded)
    encounter = (
        state if isinstance(state, Encounter) else Encounter(encounter_id=recorded.stream_id)
    )
    encounter = structs.replace(encounter, desk=follow_desk(encounter.desk, recorded))
    match event:
        case EncounterReceived():
            return structs.replace(
                encounter,
                patient_id=event.patient_id,
                account=event.account or encounter.account,
                message_count=encounter.message_count + 1,
                charge_count=event.charge_count,
                billed_cents=event.billed_cents,
                service_from=event.service_from,
            )
        case EncounterHeld():
            return structs.replace(
                encounter,
                status="held",
                reasons=tuple(event.reasons),
                rework_of=event.rework_of or encounter.rework_of,
            )
        case EncounterCoded():
            return structs.replace(
                encounter,
                status="coded",
                coded_version=event.coded_version,
                reasons=(),
                rework_of="",
                services=services_of(event.lines),
                drg=event.drg,
            )
        case CodingQueryHoldPlaced() | CodingQueryAnswerNoted() | CodingQueryHoldLifted():
            return _query_hold(encounter, event)
        case EncounterMerged():
            return structs.replace(
                encounter,
                status="merged",
                account=None,
                reasons=(),
                merged_into=event.into_encounter_id,
                charge_count=0,
                billed_cents=0,
                service_from=None,
                open_queries=(),
                answered_queries=(),
            )
        case _:
            return encounter


def _audited(state: State | None, recorded: Recorded[Any]) -> State:
    event = recorded.event
    if isinstance(event, AuditDrawn):
        return evolve_audit(event)
    if isinstance(event, CASE_EVENTS):
        return evolve_case(state if isinstance(state, AuditCase) else None, event)
    return evolve_accuracy(state, recorded)


def _query_hold(
    encounter: Encounter,
    event: CodingQueryHoldPlaced | CodingQueryAnswerNoted | CodingQueryHoldLifted,
) -> Encounter:
    """Note or drop a query; where nothing was left to bill anew, it is coded as it was before."""
    query_id = event.query_id
    others = tuple(other for other in encounter.open_queries if other != query_id)
    answered = tuple(other for other in encounter.answered_queries if other != query_id)
    if isinstance(event, CodingQueryHoldPlaced):
        return structs.replace(encounter, open_queries=(*others, query_id))
    if isinstance(event, CodingQueryAnswerNoted):
        return structs.replace(encounter, answered_queries=(*answered, query_id))
    left = structs.replace(encounter, open_queries=others, answered_queries=answered)
    if event.is_as_released:
        return structs.replace(left, status="coded", reasons=())
    return left
