"""Claims, their lives, and every event: to read, nothing to change."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from lifecycle_svc import handlers, store
from rcm.lifecycle import Money, in_order
from rcm.platform.http import (
    Forbidden,
    InvalidCursor,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    responses,
)
from rcm.problems import NotFound

router = APIRouter()

STEPS_MAX = 2_000
"""Steps of one claim's life that are told at once."""


class MoneyView(BaseModel):
    """A claim's money, US cents: billed = paid + adjusted + patient + denied + open."""

    billed_cents: int = Field(description="CLM02 while the claim stands; 0 once it was replaced.")
    paid_cents: int = Field(description="By all payers, after reversals. CLP04.")
    adjusted_cents: int = Field(description="Written off: CAS with CO, OA, PI, not in dispute.")
    patient_cents: int = Field(description="The patient's share. CAS with PR.")
    denied_cents: int = Field(
        description="Refused to us and in dispute: CO, PI, OA. What was refused to the patient (PR)"
        " and is disputed stands in `patient_cents`; see `patient_disputed_cents`."
    )
    open_cents: int = Field(description="Not answered yet, or the payer is still deciding.")


class ClaimSummary(BaseModel):
    """Where a claim stands."""

    claim_id: str = Field(description="837 2300 CLM01.")
    state: str
    turn: Literal["ours", "theirs", "nobody"] = Field(description="Whose next step it is.")
    why: str = Field(description="Why it stands there, where somebody said so.")
    encounter_id: str
    form: str = Field(description="P for 837P, I for 837I.")
    frequency_code: str = Field(description="837 2300 CLM05-3.")
    payer_id: str
    payer_name: str
    payer_sequence_code: str = Field(description="P, S or T: which of the payers is asked. SBR01")
    service_from: str
    filing_deadline_on: str = Field(description="Empty once the payer has the claim.")
    denial_deadline_on: str = Field(description="The first deadline of its open denials.")
    denial_count: int
    patient_disputed_cents: int = Field(
        description="How much of the patient's share has an open denial: on the worklist, with"
        " `money.denied_cents`."
    )
    replaced_by: str
    money: MoneyView
    changed_at: str


class StepView(BaseModel):
    """One step of a claim's life."""

    event_id: str
    at: str
    source: str
    name: str
    place: str = Field(description="topic/partition/offset.")
    actor: str
    causation_id: str
    what: str
    why: str
    money: dict[str, int] = Field(description="Amounts in US cents by name.")
    is_detail: bool
    phi_fields: list[str] = Field(description="Its sealed fields.")


class ClaimLife(ClaimSummary):
    """A claim and everything that happened to it."""

    legs: dict[str, Any] = Field(description="What each payer in sequence answered.")
    denials: dict[str, Any]
    interchanges: list[str] = Field(description="receiver/ISA13, the last one last.")
    remittance_ids: list[str]
    steps: list[StepView]


class StateTotal(BaseModel):
    """How many claims stand in a state, and their money."""

    state: str
    turn: str
    claim_count: int
    money: MoneyView


def money_view(money: Money) -> MoneyView:
    """Show money."""
    return MoneyView.model_validate(money, from_attributes=True)


def _summary(row: store.ClaimRow) -> ClaimSummary:
    return ClaimSummary.model_validate(row, from_attributes=True)


def _step(row: store.StepRow) -> StepView:
    return StepView.model_validate(row, from_attributes=True)


Text = Annotated[
    str, Query(max_length=64, description="Beginning of an id, or a part of a payer's name.")
]


@router.get("/claims", responses=responses(InvalidCursor), tags=["claims"])
async def list_claims(
    tenant: Tenant,
    paging: Paging,
    state: Annotated[str, Query(max_length=32)] = "",
    turn: Annotated[str, Query(max_length=8)] = "",
    q: Text = "",
) -> Page[ClaimSummary]:
    """List claims, the one that changed last first."""
    wanted = store.ClaimFilter(state=state, turn=turn, text=q)
    return await paging.read(
        {"changed_at": str, "claim_id": str},
        lambda session, after, count: store.claims(session, tenant, wanted, after, count),
        _summary,
    )


@router.get("/claim-states", tags=["claims"])
async def list_states(tenant: Tenant, runtime: Runtime) -> list[StateTotal]:
    """Count claims by state, with their money."""
    async with runtime.read(tenant) as session:
        counts = await store.state_counts(session, tenant, store.ClaimFilter())
    return [
        StateTotal(
            state=found.state,
            turn=found.turn,
            claim_count=found.claim_count,
            money=money_view(found.money),
        )
        for found in sorted(counts, key=lambda found: -found.claim_count)
    ]


@router.get("/claims/{claim_id}", responses=responses(NotFound), tags=["claims"])
async def read_claim(claim_id: str, tenant: Tenant, runtime: Runtime) -> ClaimLife:
    """Tell one claim's life: its own events and those of its encounter, interchanges, advices."""
    async with runtime.read(tenant) as session:
        row = await store.claim(session, tenant, claim_id)
        if row is None:
            raise NotFound
        steps = await store.steps(session, tenant, row.stories, None, STEPS_MAX)
    told = in_order({step.event_id: step for step in steps}.values(), claim_id)
    return ClaimLife(
        **_summary(row).model_dump(),
        legs=row.legs,
        denials=row.denials,
        interchanges=row.interchanges,
        remittance_ids=row.remittance_ids,
        steps=[_step(step) for step in told],
    )


@router.get("/events", responses=responses(InvalidCursor, NotFound), tags=["events"])
async def list_events(
    tenant: Tenant,
    paging: Paging,
    runtime: Runtime,
    claim_id: Annotated[str, Query(max_length=20)] = "",
    source: Annotated[str, Query(max_length=40)] = "",
) -> Page[StepView]:
    """List the events of a claim's life in their order; without a claim, the latest of a service
    or of all. An event that belongs to two stories comes twice.
    """
    after = paging.after(str, str, str)
    async with runtime.read(tenant) as session:
        if claim_id:
            row = await store.claim(session, tenant, claim_id)
            if row is None:
                raise NotFound
            rows = await store.steps(session, tenant, row.stories, after, paging.fetch_count)
        else:
            rows = await store.latest_steps(session, tenant, source, after, paging.fetch_count)
    return paging.page(rows, lambda row: (row.at, row.event_id, row.story_id), _step)


class Event(BaseModel):
    """An event as it stands on the log."""

    event_id: str
    type: str
    place: str = Field(description="topic/partition/offset.")
    headers: dict[str, str] = Field(description="The attributes of its envelope.")
    body: dict[str, Any] = Field(description="PHI fields are sealed boxes unless opened.")
    phi_fields: list[str]
    opened: list[str] = Field(description="PHI fields that stand open in the body.")


@router.get("/events/{event_id}", responses=responses(NotFound, Forbidden), tags=["events"])
async def read_event(
    event_id: str,
    tenant: Tenant,
    runtime: Runtime,
    views: PhiViews,
    *,
    open_phi: Annotated[
        bool, Query(description="Open the PHI fields; needs a role that sees PHI; is audited.")
    ] = False,
) -> Event:
    """Read one event from the log."""
    found = await handlers.read_event(runtime, tenant, event_id)
    if open_phi:
        found = await handlers.open_phi(views, found)
    return Event.model_validate(found, from_attributes=True)
