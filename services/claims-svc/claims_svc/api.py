"""The HTTP side of claims-svc: claims and what holds them, interchanges, acknowledgements."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from claims_svc import store
from claims_svc.decide.bill import Directories
from claims_svc.decide.correct import Correction, DropCause
from claims_svc.decide.prepare import written
from claims_svc.handlers import desk, mail, sending
from claims_svc.model.content import ClaimContent
from claims_svc.problems import (
    ClaimAlreadySent,
    ClaimInFlight,
    ClaimReplacedAlready,
    EmptyCorrection,
    InterchangeSettledAlready,
    NothingToDrop,
    NothingToRelease,
    PatientForgotten,
    SupplementNotUnderstood,
    UnreadableAcknowledgement,
)
from rcm.platform.clearinghouse.port import Receipt
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    InvalidCursor,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.problems import NotFound, StreamMoved

WORKERS: Final = needs("biller", "manager")
OPERATORS: Final = needs("operator", "manager")

_CHANGE: Final = (
    NotFound,
    ClaimInFlight,
    ClaimAlreadySent,
    ClaimReplacedAlready,
    PatientForgotten,
    StreamMoved,
    *CHANGE_PROBLEMS,
)

claims = APIRouter(prefix="/claims", tags=["claims"])
encounters = APIRouter(prefix="/encounters", tags=["encounters"])
interchanges = APIRouter(prefix="/interchanges", tags=["interchanges"])
acknowledgements = APIRouter(prefix="/acknowledgements", tags=["acknowledgements"])

ClaimNumber = Annotated[str, Path(min_length=1, max_length=17, pattern=r"^[A-Z0-9]+$")]
Number = Annotated[str, Path(min_length=9, max_length=9, pattern=r"^[0-9]+$")]
ReceiverNumber = Annotated[str, Path(min_length=2, max_length=15, pattern=r"^[\x21-\x7e]+$")]
Status = Literal["held", "ready", "batched", "sent", "rejected", "replaced"]


async def directories_of(request: Request) -> Directories:
    """Return the tenants' directories of this app."""
    return cast("Directories", request.app.state.directories)


async def nudge_of(request: Request) -> asyncio.Event:
    """Return what wakes the sending job of this app."""
    return cast("asyncio.Event", request.app.state.nudge)


AllDirectories = Annotated[Directories, Depends(directories_of)]
Nudge = Annotated[asyncio.Event, Depends(nudge_of)]


class ReasonOut(BaseModel):
    """Why something waits or was refused."""

    rule_id: str = Field(examples=["npi-invalid"])
    path: str = Field(examples=["2310B NM109"], description="X12 loop and element.")
    text: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"


class ClaimOut(BaseModel):
    """A claim: where it is and what is asked of it. No PHI."""

    model_config = ConfigDict(from_attributes=True)

    claim_id: str = Field(examples=["PX5RNTTAI4OQ6ZS"], description="837 2300 CLM01.")
    encounter_id: str
    form: Literal["P", "I"]
    status: Status
    accepted_level: str = Field(description="How far on its way it was taken: 999, 277CA-...")
    rejected_level: str
    contradicted: bool = Field(description="Two answers contradict each other; look at both.")
    reasons: list[ReasonOut]
    payer_id: str
    payer_name: str
    facility_id: str
    receiver_id: str
    frequency_code: Literal["1", "7", "8"] = Field(description="837 2300 CLM05-3.")
    payer_number: str = Field(description="The payer's own number for it, once known.")
    billed_cents: int = Field(examples=[17500], description="837 2300 CLM02, US cents.")
    service_from: str
    filing_deadline_on: str = Field(description="Last day for the payer to receive it.")
    accepted_on: str = Field(description="The day that the payer took it; the clock has stopped.")
    attempt: int
    interchange_control_number: str
    transaction_control_number: str
    replaces_claim_id: str
    replaced_by: str
    prior_claim_id: str = Field(description="The claim for the payer before, or empty.")
    next_claim_id: str = Field(description="The claim for the next payer, or empty.")
    denial_id: str
    changed_at: str


class EncounterOut(BaseModel):
    """What one encounter was billed by."""

    model_config = ConfigDict(from_attributes=True)

    encounter_id: str
    coded_version: int
    outcome: Literal["claims", "self-pay", "waiting"]
    billed_cents: int
    claim_ids: list[str]
    reasons: list[ReasonOut]
    changed_at: str


class InterchangeOut(BaseModel):
    """An interchange and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    receiver_id: str
    submitter_id: str
    interchange_control_number: str = Field(description="ISA13.")
    group_control_number: str = Field(description="GS06.")
    transaction_control_numbers: list[str] = Field(description="ST02.")
    form: Literal["P", "I"]
    claim_ids: list[str]
    billed_cents: int
    sha256: str
    bytes_count: int
    written_at: str
    outcome: Literal["", "sent", "unknown", "not-sent"] = Field(
        description="Empty while it is on the wire."
    )
    evidence: str
    settled_at: str


class AcknowledgementOut(BaseModel):
    """An acknowledgement file and what it spoke of."""

    model_config = ConfigDict(from_attributes=True)

    acknowledgement_id: str
    kind: Literal["TA1", "999", "277CA", "unreadable"]
    sha256: str
    receiver_id: str
    interchange_control_number: str
    claim_count: int
    unknown_references: list[str]
    reasons: list[ReasonOut]
    received_at: str


class AddressIn(BaseModel):
    """A postal address. N3 and N4."""

    model_config = ConfigDict(extra="forbid")

    line1: str = Field(min_length=1, max_length=55)
    line2: str = Field("", max_length=55)
    city: str = Field(min_length=2, max_length=30)
    state_code: str = Field(pattern=r"^[A-Z]{2}$")
    postal_code: str = Field(pattern=r"^[0-9]{5}([0-9]{4})?$")


class CorrectionIn(BaseModel):
    """What is to be corrected; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    member_number: str | None = Field(None, min_length=2, max_length=80)
    group_number: str | None = Field(None, max_length=50)
    relationship_code: str | None = Field(None, pattern=r"^[0-9A-Z]{2}$")
    claim_filing_indicator_code: str | None = Field(None, pattern=r"^[0-9A-Z]{2}$")
    subscriber_last_name: str | None = Field(None, min_length=1, max_length=60)
    subscriber_first_name: str | None = Field(None, max_length=35)
    born_on: str | None = Field(None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    sex_code: Literal["F", "M", "U"] | None = None
    address: AddressIn | None = None
    prior_authorization_number: str | None = Field(None, max_length=50)
    referral_number: str | None = Field(None, max_length=50)
    payer_claim_control_number: str | None = Field(None, max_length=50)
    delay_reason_code: str | None = Field(None, pattern=r"^[0-9]{1,2}$")
    insurance_type_code: str | None = Field(
        None, pattern=r"^[0-9A-Z]{1,3}$", description="SBR05: why Medicare is not the first payer."
    )
    is_non_covered_before: bool | None = Field(
        None, description="The payers before never cover this and were not asked: AMT*A8."
    )
    supplement: dict[str, Any] | None = Field(
        None,
        description="Attachments, notes, ambulance, certifications, further providers and dates of"
        " the claim and its lines, in place of what was there. See docs/services/claims-svc.md.",
        examples=[{"attachments": [{"report_type_code": "OB", "transmission_code": "AA"}]}],
    )


class DropIn(BaseModel):
    """Why a later payer is asked for nothing."""

    model_config = ConfigDict(extra="forbid")

    cause: DropCause = Field(description="`asked-otherwise`: on paper, or by the patient.")


class SettlementIn(BaseModel):
    """What an operator knows of an interchange whose fate is unknown."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["sent", "not-sent"] = Field(
        description="`not-sent` lets its claims go in another interchange: be sure of it."
    )


class ClaimX12(BaseModel):
    """A claim as it is written. Holds PHI."""

    claim_id: str
    x12: str = Field(description="One ST..SE with this claim alone, one segment a line.")


class Moved(BaseModel):
    """What a request did."""

    events: list[str] = Field(examples=[["ClaimReleased"]], description="In order.")
    repeated: bool = Field(description="This is the outcome of an earlier request.")


def _moved(outcome: Any, answer: Response, asking: Asking) -> Moved:
    asking.mark(answer, outcome.repeated)
    names = [fact.event.name for fact in outcome.recorded]
    return Moved(events=names, repeated=outcome.repeated)


@claims.get("", responses=responses(InvalidCursor))
async def list_claims(
    tenant: Tenant,
    paging: Paging,
    status: Annotated[list[Status] | None, Query(description="Of these only.")] = None,
) -> Page[ClaimOut]:
    """List claims by filing deadline. `status=held` and `status=rejected` are the worklist."""
    wanted = sorted(set(status or ()))
    return await paging.read(
        {"filing_deadline_on": str, "claim_id": str},
        lambda session, after, count: store.claims(session, tenant, wanted, after, count),
        ClaimOut.model_validate,
    )


@claims.get("/{claim_id}", responses=responses(NotFound))
async def get_claim(claim_id: ClaimNumber, tenant: Tenant, runtime: Runtime) -> ClaimOut:
    """Show a claim."""
    async with runtime.read(tenant) as session:
        row = await store.claim(session, tenant, claim_id)
    if row is None:
        raise NotFound
    return ClaimOut.model_validate(row)


@claims.get(
    "/{claim_id}/x12",
    responses=responses(NotFound, PatientForgotten),
    dependencies=[needs("coder", "biller", "manager")],
)
async def get_claim_x12(
    claim_id: ClaimNumber,
    tenant: Tenant,
    runtime: Runtime,
    directories: AllDirectories,
    views: PhiViews,
) -> ClaimX12:
    """Show a claim as it is written, for those who may see PHI."""
    async with runtime.read(tenant) as session:
        row = await store.claim(session, tenant, claim_id)
        sealed = (await store.contents(session, tenant, [claim_id])).get(claim_id)
    if row is None:
        raise NotFound
    content = None
    if sealed is not None:
        content = await views.open(sealed, ClaimContent, "claim-x12", claim_id)
    if content is None:
        raise PatientForgotten("What it was written from can be read no more.")
    directory = directories(tenant)
    today = datetime.now(UTC).date()
    text = written(claim_id, content, directory, today) if directory is not None else ""
    return ClaimX12(claim_id=claim_id, x12=text)


@claims.post(
    "/{claim_id}/release", responses=responses(NothingToRelease, *_CHANGE), dependencies=[WORKERS]
)
async def release_claim(
    claim_id: ClaimNumber,
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    directories: AllDirectories,
    answer: Response,
) -> Moved:
    """Let a held or rejected claim go; a held one is checked anew."""
    outcome = await desk.release_claim(runtime, tenant, claim_id, directories, asking.command)
    return _moved(outcome, answer, asking)


@claims.post("/{claim_id}/hold", responses=responses(*_CHANGE), dependencies=[WORKERS])
async def hold_claim(
    claim_id: ClaimNumber,
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    directories: AllDirectories,
    answer: Response,
) -> Moved:
    """Keep a claim from leaving until it is released."""
    outcome = await desk.hold_claim(runtime, tenant, claim_id, directories, asking.command)
    return _moved(outcome, answer, asking)


@claims.post(
    "/{claim_id}/drop", responses=responses(NothingToDrop, *_CHANGE), dependencies=[WORKERS]
)
async def drop_claim(
    claim_id: ClaimNumber,
    body: DropIn,
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    answer: Response,
) -> Moved:
    """Drop a later payer's claim that never left: the share that it asks for is the patient's."""
    outcome = await desk.drop_claim(runtime, tenant, claim_id, body.cause, asking.command)
    return _moved(outcome, answer, asking)


@claims.post(
    "/{claim_id}/corrections",
    status_code=201,
    responses=responses(EmptyCorrection, SupplementNotUnderstood, *_CHANGE),
    dependencies=[WORKERS],
)
async def correct_claim(
    claim_id: ClaimNumber,
    body: CorrectionIn,
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    directories: AllDirectories,
    answer: Response,
) -> Moved:
    """Correct named fields of a claim that the payer does not have, and check it anew."""
    try:
        correction = msgspec.convert(body.model_dump(exclude_none=True), Correction)
    except msgspec.ValidationError as error:
        # The place alone: a value may be PHI.
        raise SupplementNotUnderstood(str(error).rpartition(" - at ")[2] or "$") from None
    outcome = await desk.correct_claim(
        runtime, tenant, claim_id, correction, directories, asking.command
    )
    return _moved(outcome, answer, asking)


@encounters.get("", responses=responses(InvalidCursor))
async def list_encounters(
    tenant: Tenant,
    paging: Paging,
    outcome: Literal["claims", "self-pay", "waiting"] = "waiting",
) -> Page[EncounterOut]:
    """List encounters of an outcome; unless told, those whose new version waits."""
    return await paging.read(
        {"encounter_id": str},
        lambda session, after, count: store.encounters(session, tenant, outcome, after, count),
        EncounterOut.model_validate,
    )


@interchanges.get("", responses=responses(InvalidCursor))
async def list_interchanges(
    tenant: Tenant,
    paging: Paging,
    outcome: Annotated[
        list[Literal["sent", "unknown", "not-sent"]] | None, Query(description="Of these only.")
    ] = None,
) -> Page[InterchangeOut]:
    """List interchanges, the newest first. `outcome=unknown` is what somebody has to look at."""
    wanted = sorted(set(outcome or ()))
    return await paging.read(
        {"written_at": str, "receiver_id": str, "interchange_control_number": str},
        lambda session, before, count: store.interchanges(session, tenant, wanted, before, count),
        InterchangeOut.model_validate,
    )


@interchanges.get("/{receiver_id}/{number}", responses=responses(NotFound))
async def get_interchange(
    receiver_id: ReceiverNumber, number: Number, tenant: Tenant, runtime: Runtime
) -> InterchangeOut:
    """Show an interchange."""
    async with runtime.read(tenant) as session:
        row = await store.interchange(session, tenant, receiver_id, number)
    if row is None:
        raise NotFound
    return InterchangeOut.model_validate(row)


@interchanges.post(
    "/{receiver_id}/{number}/settlement",
    status_code=201,
    responses=responses(NotFound, InterchangeSettledAlready, StreamMoved, *CHANGE_PROBLEMS),
    dependencies=[OPERATORS],
)
async def settle_interchange(
    receiver_id: ReceiverNumber,
    number: Number,
    body: SettlementIn,
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    answer: Response,
) -> Moved:
    """Say what became of an interchange, after asking the receiver by other means."""
    receipt = Receipt(body.outcome, "operator")
    outcome = await sending.settle_interchange(
        runtime, tenant, receiver_id, number, receipt, asking.command
    )
    return _moved(outcome, answer, asking)


@interchanges.post("/now", status_code=202, dependencies=[OPERATORS])
async def send_now(nudge: Nudge) -> None:
    """Send what is ready without waiting for the sending job's next round."""
    nudge.set()


@acknowledgements.get("", responses=responses(InvalidCursor))
async def list_acknowledgements(tenant: Tenant, paging: Paging) -> Page[AcknowledgementOut]:
    """List acknowledgement files, the newest first."""
    return await paging.read(
        {"received_at": str, "acknowledgement_id": str},
        lambda session, before, count: store.acknowledgements(session, tenant, before, count),
        AcknowledgementOut.model_validate,
    )


@acknowledgements.post(
    "",
    status_code=201,
    responses=responses(UnreadableAcknowledgement, StreamMoved, *CHANGE_PROBLEMS),
    dependencies=[needs("biller", "manager", "integration")],
)
async def post_acknowledgement(
    data: Annotated[bytes, Body(media_type="application/edi-x12")],
    tenant: Tenant,
    asking: Asking,
    runtime: Runtime,
    answer: Response,
) -> Moved:
    """Take in a TA1, 999 or 277CA file. The same content again has no effect."""
    outcome = await mail.take_acknowledgement(
        runtime, tenant, data, asking.command, keep_unreadable=False
    )
    return _moved(outcome, answer, asking)
