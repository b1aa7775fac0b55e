"""The HTTP side of coding-svc: messages in, encounters and what holds them out."""

from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from msgspec import Struct
from pydantic import BaseModel, Field

from coding_svc import handlers
from coding_svc.decide import commands
from coding_svc.decide.desk import Act, Worker
from coding_svc.handlers import Taken, Way
from coding_svc.handlers.audit import check_not_blind
from coding_svc.handlers.desk import at_desk
from coding_svc.model.account import Account
from coding_svc.problems import (
    BlindUntilSubmitted,
    ChargeNotFound,
    CodedByYou,
    CodeMalformed,
    CredentialMissing,
    EncounterIncomplete,
    EncounterMergedAway,
    EncounterNotFound,
    MessageNotFound,
    NothingToRelease,
    NotOverrulable,
    NotTaken,
    PatientForgotten,
    SenderUnknown,
    TakenByAnother,
)
from coding_svc.store import encounters as store
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Caller,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import Busy, StreamMoved

DESK_PROBLEMS: Final = (TakenByAnother, NotTaken, CredentialMissing)
"""What the desk refuses of whoever changes codes."""

ENCOUNTER_PROBLEMS: Final = (
    EncounterNotFound,
    EncounterMergedAway,
    PatientForgotten,
    SenderUnknown,
    StreamMoved,
    *DESK_PROBLEMS,
)


class ReasonOut(BaseModel):
    """Something that was noticed, and what to do about it."""

    rule_id: str = Field(examples=["npi-missing"])
    path: str = Field(examples=["FT1[2]-20"], description="Where in the message, or in the model.")
    text: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"


class MessageResult(BaseModel):
    """What became of a message."""

    message_id: str
    result: Literal["ACCEPTED", "ACCEPTED_WITH_ISSUES", "IGNORED", "REJECTED"]
    repeated: bool = Field(description="The same message came before; nothing was done.")
    encounter_ids: list[str]
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, taken: Taken) -> "MessageResult":
        """Show a message that was just taken."""
        return cls.model_validate(
            {
                "message_id": taken.message_id,
                "result": taken.result,
                "repeated": taken.repeated,
                "encounter_ids": list(taken.encounter_ids),
                "reasons": [_reason(why) for why in taken.reasons],
            }
        )


class MessageOut(BaseModel):
    """A message as it is listed."""

    message_id: str
    encounter_id: str | None = Field(description="Null where no encounter was changed.")
    control_number: str = Field(description="HL7 MSH-10.")
    kind: str = Field(examples=["DFT^P03"])
    sender: str = Field(examples=["EPIC|HOSP"], description="HL7 MSH-3 and MSH-4.")
    sha256: str
    outcome: str
    received_at: str
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, row: store.MessageRow) -> "MessageOut":
        """Show a row."""
        shown = row.model_dump(exclude={"tenant_id", "raw", "ordinal"})
        return cls.model_validate({**shown, "encounter_id": row.encounter_id or None})


class EncounterOut(BaseModel):
    """An encounter, without PHI."""

    encounter_id: str
    patient_id: str
    status: Literal["held", "coded", "merged"]
    coded_version: int
    merged_into: str | None
    rework_of: str | None
    reasons: list[ReasonOut] = Field(description="What holds it.")
    message_count: int
    charge_count: int = Field(description="Charges left after credits.")
    billed_cents: int = Field(description="Their sum, US cents.")
    service_from: str | None
    drg: dict[str, Any] | None = Field(
        None, description="MS-DRG of the stay that was billed: code, version, weight, severities."
    )
    changed_at: str

    @classmethod
    def of(cls, row: store.EncounterRow) -> "EncounterOut":
        """Show a row."""
        shown = row.model_dump(exclude={"tenant_id", "is_waiting"})
        for name in ("merged_into", "rework_of", "service_from"):
            shown[name] = shown[name] or None
        return cls.model_validate(shown)


class Release(BaseModel, extra="forbid"):
    """Release an encounter to billing."""

    overruled: list[str] = Field(
        [], max_length=20, description="Rule ids of doubts and edits that are passed by decision."
    )
    reason: str = Field("", max_length=500, description="Why; edits need ten characters of it.")


class LineCodesIn(BaseModel, extra="forbid"):
    """New codes of one charge; what is left out stays."""

    charge_id: str = Field(min_length=1, max_length=200)
    procedure_code: str | None = Field(None, max_length=10)
    modifiers: list[str] | None = Field(None, max_length=4)
    revenue_code: str | None = Field(None, max_length=4)
    place_of_service_code: str | None = Field(None, max_length=2)
    diagnosis_codes: list[str] | None = Field(None, max_length=12)


class CodesIn(BaseModel, extra="forbid"):
    """A coder's decision."""

    diagnoses: list[str] | None = Field(None, max_length=25, description="The principal one first.")
    poa_codes: list[Literal["Y", "N", "U", "W", "1", ""]] = Field([], max_length=25)
    lines: list[LineCodesIn] = Field([], max_length=999)


async def way_of(request: Request, caller: Caller, runtime: Runtime) -> Way:
    """Make the caller's way in."""
    profiles: handlers.ProfilesOf = request.app.state.profiles_of
    return Way(
        runtime=runtime,
        tenant_id=caller.tenant_id,
        profiles=profiles(caller.tenant_id),
        actor=caller.subject,
        desk=request.app.state.desk_of(caller.tenant_id),
        siblings=request.app.state.siblings,
    )


CallersWay = Annotated[Way, Depends(way_of)]

messages = APIRouter(tags=["messages"])
encounters = APIRouter(prefix="/encounters", tags=["encounters"])


@messages.post(
    "/hl7",
    status_code=202,
    responses=responses(Busy),
    dependencies=[needs("integration", "coder", "manager")],
)
async def take_hl7(
    data: Annotated[bytes, Body(media_type="application/hl7-v2")], way: CallersWay
) -> list[MessageResult]:
    """Take an HL7 v2 message, or a batch file of them. Durable when answered.

    The same bytes again are the same message: nothing is done twice, so no key is asked for.
    """
    taken = await handlers.take_file(way, data)
    return [MessageResult.of(one) for one in taken]


@messages.post(
    "/fhir",
    status_code=202,
    responses=responses(Busy),
    dependencies=[needs("integration", "coder", "manager")],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/fhir+json": {"schema": {"type": "object"}}},
        }
    },
)
async def take_fhir(request: Request, way: CallersWay) -> MessageResult:
    """Take a FHIR R4 Bundle about one encounter. Durable when answered."""
    return MessageResult.of(await handlers.take_bundle(way, await request.body()))


@messages.get("/messages", responses=responses(InvalidCursor))
async def list_messages(
    tenant: Tenant,
    paging: Paging,
    outcome: Annotated[
        Literal["", "accepted", "accepted-with-issues", "ignored", "rejected"], Query()
    ] = "",
) -> Page[MessageOut]:
    """List messages, the newest first; `outcome=rejected` is the worklist of the interface."""
    return await paging.read(
        {"received_at": str, "message_id": str, "encounter_id": str},
        lambda session, after, count: store.messages(session, tenant, outcome, after, count),
        MessageOut.of,
    )


@messages.get("/messages/{message_id}", responses=responses(MessageNotFound))
async def get_message(message_id: str, tenant: Tenant, runtime: Runtime) -> list[MessageOut]:
    """Tell what became of a message, at each encounter that it changed."""
    async with runtime.read(tenant) as session:
        rows = await store.message(session, tenant, message_id)
    if not rows:
        raise MessageNotFound
    return [MessageOut.of(row) for row in rows]


@messages.post(
    "/messages/{message_id}/replays",
    status_code=202,
    responses=responses(MessageNotFound, PatientForgotten, Busy),
    dependencies=[needs("coder", "manager")],
)
async def replay_message(message_id: str, way: CallersWay) -> MessageResult:
    """Take a rejected message again, as the sender profile reads it today."""
    return MessageResult.of(await handlers.replay_message(way, message_id))


@encounters.get("", responses=responses(InvalidCursor))
async def list_encounters(
    tenant: Tenant,
    paging: Paging,
    status: Annotated[Literal["", "held", "coded", "merged"], Query()] = "",
) -> Page[EncounterOut]:
    """List encounters, the oldest service first; `status=held` is the hold list."""
    return await paging.read(
        {"service_from": str, "encounter_id": str},
        lambda session, after, count: store.encounters(session, tenant, status, after, count),
        EncounterOut.of,
    )


@encounters.get("/{encounter_id}", responses=responses(EncounterNotFound))
async def get_encounter(encounter_id: str, tenant: Tenant, runtime: Runtime) -> EncounterOut:
    """Show an encounter without PHI."""
    async with runtime.read(tenant) as session:
        row = await store.encounter(session, tenant, encounter_id)
    if row is None:
        raise EncounterNotFound
    return EncounterOut.of(row)


@encounters.get(
    "/{encounter_id}/messages",
    responses=responses(EncounterNotFound, InvalidCursor),
)
async def list_encounter_messages(
    encounter_id: str, tenant: Tenant, paging: Paging, runtime: Runtime
) -> Page[MessageOut]:
    """List the messages that an encounter was put together from, the oldest first."""
    async with runtime.read(tenant) as session:
        if await store.encounter(session, tenant, encounter_id) is None:
            raise EncounterNotFound
    return await paging.read(
        {"ordinal": int, "message_id": str},
        lambda session, after, count: store.messages_of_encounter(
            session, tenant, encounter_id, after, count
        ),
        MessageOut.of,
    )


async def not_blind(encounter_id: str, caller: Caller, runtime: Runtime) -> None:
    """Keep the codes of an encounter from whoever is coding it a second time.

    Raises:
        BlindUntilSubmitted: The caller has an open audit case of it.
    """
    await check_not_blind(runtime, caller.tenant_id, encounter_id, caller.subject)


NOT_BLIND: Final = Depends(not_blind)
"""For each route that shows the codes of one encounter."""


@encounters.get(
    "/{encounter_id}/account",
    responses=responses(EncounterNotFound, PatientForgotten, BlindUntilSubmitted),
    dependencies=[needs("coder", "biller", "manager"), NOT_BLIND],
)
async def get_account(encounter_id: str, views: PhiViews) -> dict[str, Any]:
    """Show everything known of an encounter, with the message and path of each part. PHI."""
    account = await handlers.account_of(views, encounter_id)
    return _shown(account)


@encounters.post(
    "/{encounter_id}/releases",
    status_code=201,
    responses=responses(
        *ENCOUNTER_PROBLEMS,
        EncounterIncomplete,
        NotOverrulable,
        NothingToRelease,
        CodedByYou,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[needs("coder", "manager")],
)
async def release_encounter(
    encounter_id: str,
    body: Release,
    caller: Caller,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> EncounterOut:
    """Release an encounter to billing; doubts may be overruled, what is missing may not.

    An edit is set aside for the codes that it is about now, by whom it names (a manager stands for
    the supervisor), with a reason. It holds again on other codes.
    """
    overruling = commands.Overruling(
        rule_ids=tuple(dict.fromkeys(body.overruled)),
        reason=body.reason,
        by=caller.subject,
        role="supervisor" if "manager" in caller.roles else "coder",
    )
    decide = partial(commands.release, encounter_id, overruling, way.profiles)
    return await changed(encounter_id, decide, way, asking, answer, "release")


@encounters.put(
    "/{encounter_id}/codes",
    responses=responses(*ENCOUNTER_PROBLEMS, CodeMalformed, ChargeNotFound, *CHANGE_PROBLEMS),
    dependencies=[needs("coder", "manager")],
)
async def set_codes(
    encounter_id: str, body: CodesIn, way: CallersWay, asking: Asking, answer: Response
) -> EncounterOut:
    """Set diagnoses and the codes of charges by hand; a complete encounter goes to billing."""
    wanted = commands.Codes(
        diagnoses=tuple(body.diagnoses) if body.diagnoses is not None else None,
        poa_codes=tuple(body.poa_codes),
        lines=tuple(_line_codes(line) for line in body.lines),
    )
    decide = partial(commands.recode, encounter_id, wanted, way.profiles)
    return await changed(encounter_id, decide, way, asking, answer)


@encounters.post(
    "/{encounter_id}/replays",
    status_code=201,
    responses=responses(*ENCOUNTER_PROBLEMS, MessageNotFound, *CHANGE_PROBLEMS),
    dependencies=[needs("coder", "manager")],
)
async def replay_encounter(
    encounter_id: str, way: CallersWay, asking: Asking, answer: Response
) -> EncounterOut:
    """Read the messages of an encounter again, as the sender profile reads them today."""
    outcome = await handlers.replay_encounter(way, encounter_id, asking.command)
    asking.mark(answer, outcome.repeated)
    return await get_encounter(encounter_id, way.tenant_id, way.runtime)


async def changed(
    encounter_id: str,
    decide: Any,
    way: Way,
    asking: Asking,
    answer: Response,
    act: Act = "codes",
) -> EncounterOut:
    """Carry out a decision about one encounter, and show the encounter after it."""
    streams, decide = at_desk(way, encounter_id, worker_of(way, asking.caller), decide, act)
    streams += [s for s in await handlers.streams_of(way, encounter_id) if s not in streams]
    outcome = await way.runtime.execute(asking.command(streams, decide))
    asking.mark(answer, outcome.repeated)
    return await get_encounter(encounter_id, way.tenant_id, way.runtime)


def worker_of(way: Way, caller: Caller) -> Worker:
    """Say who works on an encounter, by the rules of the desk."""
    return Worker(caller.subject, way.desk, is_manager="manager" in caller.roles)


def _line_codes(line: LineCodesIn) -> commands.LineCodes:
    return commands.LineCodes(
        charge_id=line.charge_id,
        procedure_code=line.procedure_code,
        modifiers=tuple(line.modifiers) if line.modifiers is not None else None,
        revenue_code=line.revenue_code,
        place_of_service_code=line.place_of_service_code,
        diagnosis_codes=tuple(line.diagnosis_codes) if line.diagnosis_codes is not None else None,
    )


def _reason(why: Any) -> dict[str, Any]:
    return {name: getattr(why, name) for name in why.__struct_fields__}


def _shown(account: Account) -> dict[str, Any]:
    """Show an account as JSON; parts that nobody said anything about are left out."""
    shown: dict[str, Any] = {
        name: _plain(getattr(account, name)) for name in account.__struct_fields__[1:]
    }
    return {name: value for name, value in shown.items() if value not in _UNSAID}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Struct):
        parts = {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        return {name: part for name, part in parts.items() if part not in _UNSAID}
    return value


_UNSAID: Final[tuple[object, ...]] = (None, "", [], {})
