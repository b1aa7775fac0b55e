"""Routes about coders: credentials, what they are given, quotas, and what they got done."""

from datetime import date
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from coding_svc.api.desk_shapes import Class, Specialty
from coding_svc.api.encounters import CallersWay
from coding_svc.decide import coders
from coding_svc.handlers import desk as handlers
from coding_svc.model.desk import Credential
from coding_svc.problems import CoderNotFound
from coding_svc.store import coders as store_coders
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    InvalidCursor,
    Page,
    Paging,
    Runtime,
    Tenant,
    needs,
    responses,
)

MANAGERS: Final = needs("manager")
Subject = Annotated[str, Field(min_length=1, max_length=200)]

people = APIRouter(tags=["coders"])


class CredentialIn(BaseModel, extra="forbid"):
    """A coder's credential."""

    coder: Subject
    credential_code: str = Field(pattern=r"^[A-Z0-9-]{2,12}$", examples=["CCS"])
    valid_from: date
    valid_through: date | None = None


class CredentialEnd(BaseModel, extra="forbid"):
    """A credential that no longer holds."""

    coder: Subject
    credential_code: str = Field(pattern=r"^[A-Z0-9-]{2,12}$")


class RoutingIn(BaseModel, extra="forbid"):
    """What a coder is given; an empty list means anything."""

    coder: Subject
    class_codes: list[Class] = Field([], max_length=20)
    specialty_codes: list[Specialty] = Field([], max_length=50)
    payer_ids: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field([], max_length=200)


class QuotaIn(BaseModel, extra="forbid"):
    """How many encounters an hour are expected of a coder."""

    coder: Subject
    class_code: str = Field("", pattern=r"^[A-Z]?$", description="Empty for any other class.")
    per_hour_milli: int = Field(ge=0, le=1_000_000, description="2500 is two and a half an hour.")


class CredentialOut(BaseModel):
    """A credential and its days."""

    code: str
    valid_from: str
    valid_through: str = ""


class CoderOut(BaseModel):
    """A coder as managers entered it."""

    model_config = ConfigDict(from_attributes=True)

    coder: str
    credentials: list[CredentialOut]
    class_codes: list[str]
    specialty_codes: list[str]
    payer_ids: list[str]
    quotas: dict[str, int] = Field(description="Thousandths an hour, by patient class.")
    changed_at: str


class ProductivityOut(BaseModel):
    """What a coder did in one patient class, against the quota."""

    model_config = ConfigDict(from_attributes=True)

    coder: str
    class_code: str
    released_count: int
    timed_count: int = Field(description="Released after taking them: only these have a time.")
    worked_ms: int
    unfinished_ms: int = Field(description="On encounters given back, taken away, or left.")
    per_hour_milli: int | None = Field(description="Timed releases an hour of both, thousandths.")
    quota_milli: int | None
    of_quota_milli: int | None = Field(description="Thousandths of the quota.")
    rework_count: int
    billed_cents: int


@people.get("/coders", responses=responses(InvalidCursor))
async def list_coders(tenant: Tenant, paging: Paging) -> Page[CoderOut]:
    """List coders: credentials, what they are given, quotas."""
    return await paging.read(
        {"coder": str},
        lambda session, after, count: store_coders.coders(session, tenant, after, count),
        CoderOut.model_validate,
    )


@people.post(
    "/coder-credentials",
    status_code=201,
    responses=responses(*CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def enter_credential(
    body: CredentialIn, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """Enter a coder's credential, or change its days."""
    through = body.valid_through.isoformat() if body.valid_through is not None else ""
    entered = Credential(body.credential_code, body.valid_from.isoformat(), through)
    decide = partial(coders.enter_credential, body.coder, entered)
    return await _entered(body.coder, decide, way, asking, answer)


@people.post(
    "/coder-credentials/ends",
    status_code=201,
    responses=responses(CoderNotFound, *CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def end_credential(
    body: CredentialEnd, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """End a coder's credential."""
    decide = partial(coders.end_credential, body.coder, body.credential_code)
    return await _entered(body.coder, decide, way, asking, answer)


@people.put("/coder-routing", responses=responses(*CHANGE_PROBLEMS), dependencies=[MANAGERS])
async def set_routing(
    body: RoutingIn, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """Say what a coder is given when asking for the next encounter."""
    decide = partial(
        coders.route, body.coder, body.class_codes, body.specialty_codes, body.payer_ids
    )
    return await _entered(body.coder, decide, way, asking, answer)


@people.put("/coder-quotas", responses=responses(*CHANGE_PROBLEMS), dependencies=[MANAGERS])
async def set_quota(body: QuotaIn, way: CallersWay, asking: Asking, answer: Response) -> CoderOut:
    """Set how many encounters an hour are expected of a coder."""
    decide = partial(coders.set_quota, body.coder, body.class_code, body.per_hour_milli)
    return await _entered(body.coder, decide, way, asking, answer)


@people.get("/coding-productivity")
async def get_productivity(
    tenant: Tenant,
    runtime: Runtime,
    worked_from: Annotated[date, Query(alias="from", description="At the facility.")],
    worked_through: Annotated[date, Query(alias="through", description="At the facility.")],
    coder: Annotated[str, Query(max_length=200)] = "",
) -> list[ProductivityOut]:
    """Measure what coders released in some days, by patient class and against their quotas.

    The day is the facility's calendar date of the release, or of the end of the work.
    """
    found = await handlers.productivity(
        runtime, tenant, worked_from.isoformat(), worked_through.isoformat(), coder
    )
    return [ProductivityOut.model_validate(one, from_attributes=True) for one in found]


async def _entered(
    coder: str, decide: Any, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    stream = handlers.coder_stream(way, coder)
    outcome = await way.runtime.execute(asking.command([stream], decide))
    asking.mark(answer, outcome.repeated)
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_coders.coder(session, way.tenant_id, coder)
    if row is None:
        raise CoderNotFound
    return CoderOut.model_validate(row)
