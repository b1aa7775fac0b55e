"""The service, and reading an event back from the log for whoever may see it."""

from typing import Any, Final

import msgspec

from lifecycle_svc import store
from lifecycle_svc.model import State, evolve, folded_stories
from lifecycle_svc.views import project
from rcm.domain import Service
from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.envelope import attributes
from rcm.events.phi import Phi
from rcm.platform.http.phi import Viewing
from rcm.platform.runtime import Runtime
from rcm.problems import NotFound

SERVICE: Final[Service[State]] = Service(
    name="lifecycle-svc",
    topic="",
    state=State,
    evolve=evolve,
    project=project,
    folds=dict.fromkeys(TOPICS, folded_stories),
)


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it stands on the log.

    Attributes:
        event_id: Its id.
        type: `ClaimSubmitted.v1`.
        place: `topic/partition/offset`.
        headers: Every attribute of the envelope.
        body: The event's JSON; PHI fields as sealed boxes, unless they were opened.
        phi_fields: Names of the PHI fields that it has.
        opened: Those that stand open in `body`; one whose key was destroyed is null.
    """

    event_id: str
    type: str
    place: str
    headers: dict[str, str]
    body: dict[str, Any]
    phi_fields: list[str]
    opened: list[str] = []


async def read_event(runtime: Runtime, tenant_id: str, event_id: str) -> EventView:
    """Read an event from the log, as it was written.

    Raises:
        NotFound: Nothing of this tenant has that id.
    """
    async with runtime.read(tenant_id) as session:
        step = await store.step(session, tenant_id, event_id)
    if step is None:
        raise NotFound
    topic, partition, offset = step.place.split("/")
    record = await runtime.log.read(topic, int(partition), int(offset))
    if record is None:
        raise NotFound
    envelope = attributes(record.packed)
    if (envelope.tenant_id, envelope.event_id) != (tenant_id, event_id):
        raise NotFound
    body = msgspec.json.decode(record.value, type=dict[str, Any])
    fields = [
        f for f in CATALOGUE.phi_fields.get(envelope.event_name, ()) if body.get(f) is not None
    ]
    return EventView(
        event_id=event_id,
        type=envelope.event_type,
        place=step.place,
        headers=dict(record.headers),
        body=body,
        phi_fields=fields,
    )


async def open_phi(views: Viewing, event: EventView) -> EventView:
    """Open the sealed fields of an event for a caller whose role sees PHI, as one recorded view.

    Raises:
        Forbidden: None of the caller's roles sees PHI.
    """
    if not event.phi_fields:
        return event
    boxes = {field: msgspec.convert(event.body[field], Phi) for field in event.phi_fields}
    opened = await views.open_all(boxes, Any, "event", event.event_id)
    return msgspec.structs.replace(event, body=event.body | opened, opened=event.phi_fields)
