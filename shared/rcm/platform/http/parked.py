"""`/v1/parked` of every service: upstream events that wait for an operator, to retry or to skip."""

import re
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from rcm.platform.engine.parking import StillParked
from rcm.platform.http.caller import Tenant, needs
from rcm.platform.http.problems import responses
from rcm.platform.http.runtime import Runtime
from rcm.platform.store.port import ParkedEvent
from rcm.problems import NotFound

_PLACE: Final = re.compile(r"([a-z0-9._-]{1,100})/(\d{1,6})/(\d{1,18})", re.ASCII)


class Parked(BaseModel):
    """An upstream event that waits for an operator; later ones of its stream wait behind it."""

    place: str = Field(description="topic/partition/offset; names it in the other routes.")
    source: str = Field(description="The service that recorded it.")
    stream_id: str
    version: int
    event_id: str
    event_type: str
    cause: str = Field(description="decision-failed, not-an-event, gap or behind.")
    reason: str = Field(description="Name of the failure.")
    parked_at: str


class ParkedList(BaseModel):
    """What waits."""

    data: list[Parked]


class Which(BaseModel, extra="forbid"):
    """Which parked event."""

    place: str = Field(pattern=r"^[a-z0-9._-]{1,100}/\d{1,6}/\d{1,18}$")


class Done(BaseModel):
    """What became of it."""

    recorded_count: int = Field(description="Events that were recorded for it and those behind.")


def parked_router() -> APIRouter:
    """Make the routes: every service has them, for the role operator."""
    router = APIRouter(prefix="/parked", tags=["parked"], dependencies=[needs("operator")])

    @router.get("")
    async def list_parked(tenant: Tenant, runtime: Runtime) -> ParkedList:
        """List what waits, in the order of its places."""
        return ParkedList(data=[_view(event) for event in await runtime.parked(tenant)])

    @router.post("/retries", responses=responses(NotFound, StillParked))
    async def retry(which: Which, tenant: Tenant, runtime: Runtime) -> Done:
        """Handle an event again, and those behind it. Asking twice has no second effect."""
        outcome = await runtime.retry(tenant, *_place(which.place))
        return Done(recorded_count=len(outcome.recorded))

    @router.post("/skips", responses=responses(NotFound, StillParked))
    async def skip(which: Which, tenant: Tenant, runtime: Runtime) -> Done:
        """Do without an event, for good, and handle those behind it."""
        outcome = await runtime.skip(tenant, *_place(which.place))
        return Done(recorded_count=len(outcome.recorded))

    return router


def _place(text: str) -> tuple[str, int, int]:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise NotFound
    return match[1], int(match[2]), int(match[3])


def _view(event: ParkedEvent) -> Parked:
    return Parked(
        place=f"{event.topic}/{event.partition}/{event.offset}",
        source=event.source,
        stream_id=event.stream_id,
        version=event.version,
        event_id=event.event_id,
        event_type=event.event_type,
        cause=event.cause,
        reason=event.reason,
        parked_at=event.parked_at,
    )
