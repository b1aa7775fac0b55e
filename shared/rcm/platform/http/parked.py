"""`/v1/parked` of every service: upstream events that wait for an operator, to retry or to skip.

A record whose tenant cannot be read belongs to nobody, and no token can name nobody: with
`unreadable` an operator of any tenant deals with those. Of a record nothing is shown that its
sender could have chosen freely: sizes, names of ours, and a digest.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from rcm.events.catalogue import CATALOGUE
from rcm.platform.engine.intake import NOBODY
from rcm.platform.engine.outcomes import Outcome
from rcm.platform.engine.parking import StillParked
from rcm.platform.http.caller import Tenant, needs
from rcm.platform.http.paging import InvalidCursor, Page, Paging
from rcm.platform.http.problems import responses
from rcm.platform.http.runtime import Runtime
from rcm.platform.log.port import Record
from rcm.platform.store.port import ParkedEvent
from rcm.problems import NotFound

PLACE: Final = r"^[a-z0-9._-]{1,100}/\d{1,6}/\d{1,18}$"
_HEADERS: Final = frozenset(
    {
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "tenant",
        "streamversion", "correlationid", "causationid", "actor", "traceparent", "handled",
        "idempotency",
    }
)  # fmt: skip
_FIELDS: Final = frozenset(
    name for event in CATALOGUE.events.values() for name in event.__struct_fields__
)

Place = Annotated[str, Query(pattern=PLACE, description="topic/partition/offset.")]
Unreadable = Annotated[
    bool, Query(description="Records whose tenant cannot be read, instead of the caller's.")
]


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


class ParkedRecord(Parked):
    """A parked event and the shape of its record on the log, masked: no value of it is shown."""

    is_on_the_log: bool = Field(description="False: retention or another's hand removed it.")
    sha256: str = Field(description="Of the record's value.")
    bytes_count: int = Field(description="Of the record's value.")
    key_bytes_count: int
    headers: list[str] = Field(description="Headers of the envelope that it has.")
    other_header_count: int
    json_kind: str = Field(description="object, array, other, or not-json.")
    fields: list[str] = Field(description="Its fields, as far as our contracts name them.")
    other_field_count: int


class Which(BaseModel, extra="forbid"):
    """Which parked event."""

    place: str = Field(pattern=PLACE)
    unreadable: bool = Field(False, description="A record whose tenant cannot be read.")


class Done(BaseModel):
    """What became of it."""

    recorded_count: int = Field(description="Events that were recorded for it and those behind.")


def parked_router() -> APIRouter:
    """Make the routes: every service has them, for the role operator."""
    router = APIRouter(prefix="/parked", tags=["parked"], dependencies=[needs("operator")])

    @router.get("", responses=responses(InvalidCursor))
    async def list_parked(
        tenant: Tenant, paging: Paging, runtime: Runtime, *, unreadable: Unreadable = False
    ) -> Page[Parked]:
        """List what waits, in the order of its places."""
        after = paging.after(str, int, int)
        found = await runtime.parked(_whose(tenant, unreadable))
        rows = [event for event in found if after is None or _key(event) > after]
        return paging.page(rows[: paging.fetch_count], _key, _view)

    @router.get("/record", responses=responses(NotFound))
    async def read_record(
        place: Place, tenant: Tenant, runtime: Runtime, *, unreadable: Unreadable = False
    ) -> ParkedRecord:
        """Show the shape of a parked record: enough to know where it came from, none of its
        content.
        """
        for event in await runtime.parked(_whose(tenant, unreadable)):
            if _view(event).place == place:
                record = await runtime.log.read(event.topic, event.partition, event.offset)
                return _shape(event, record)
        raise NotFound

    @router.post("/retries", responses=responses(NotFound, StillParked))
    async def retry(which: Which, tenant: Tenant, runtime: Runtime) -> Done:
        """Handle an event again, and those behind it. Asking twice has no second effect."""
        whose = _whose(tenant, which.unreadable)
        return _done(await runtime.retry(whose, *_place(which.place)))

    @router.post("/skips", responses=responses(NotFound, StillParked))
    async def skip(which: Which, tenant: Tenant, runtime: Runtime) -> Done:
        """Do without an event, for good, and handle those behind it."""
        whose = _whose(tenant, which.unreadable)
        return _done(await runtime.skip(whose, *_place(which.place)))

    return router


def _whose(tenant_id: str, unreadable: bool) -> str:  # noqa: FBT001 - the caller's own word
    return NOBODY if unreadable else tenant_id


def _place(text: str) -> tuple[str, int, int]:
    topic, partition, offset = text.split("/")
    return topic, int(partition), int(offset)


def _key(event: ParkedEvent) -> tuple[str, int, int]:
    return event.topic, event.partition, event.offset


def _done(outcome: Outcome) -> Done:
    return Done(recorded_count=len(outcome.recorded))


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


def _shape(event: ParkedEvent, record: Record | None) -> ParkedRecord:
    value = record.value if record is not None else b""
    kind, names = _kind_and_names(value)
    headers = record.headers if record is not None else {}
    return ParkedRecord(
        **_view(event).model_dump(),
        is_on_the_log=record is not None,
        sha256=hashlib.sha256(value).hexdigest(),
        bytes_count=len(value),
        key_bytes_count=len(record.key) if record is not None else 0,
        headers=sorted(_HEADERS & headers.keys()),
        other_header_count=len(headers.keys() - _HEADERS),
        json_kind=kind,
        fields=sorted(_FIELDS.intersection(names)),
        other_field_count=len(set(names) - _FIELDS),
    )


def _kind_and_names(value: bytes) -> tuple[str, Sequence[str]]:
    try:
        content = msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError):
        return "not-json", ()
    if isinstance(content, dict):
        return "object", list(content)
    return ("array" if isinstance(content, list) else "other"), ()
