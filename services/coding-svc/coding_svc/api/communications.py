"""An EHR that fetches: the physician queries that wait for it, as FHIR R4 Communications."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Path, Response

from coding_svc.api.encounters import CallersWay
from coding_svc.api.query_shapes import QueryOut
from coding_svc.codec.fhir.communication import communication
from coding_svc.handlers import queries as handling
from coding_svc.model.query import Address, Content
from coding_svc.problems import QueryNotFound
from coding_svc.store import queries as store_queries
from coding_svc.store.queries import QueryFilter
from rcm.platform.http import Paging, PhiViews, Tenant, needs, responses
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import Busy

router = APIRouter(prefix="/fhir", tags=["physician queries"])

FHIR: Final = "application/fhir+json"
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
_PULLED: Final = QueryFilter(status="sent", channel_kind="fhir-pull")


@router.get(
    "/Communication", responses=responses(InvalidCursor, Busy), dependencies=[needs("integration")]
)
async def search_communications(
    tenant: Tenant, paging: Paging, way: CallersWay, views: PhiViews
) -> Response:
    """Give the queries that wait to be fetched by the EHR, as a FHIR R4 searchset. PHI.

    Only queries whose channel is `fhir-pull` are here; fetching one is recorded as its delivery.
    """
    async with way.runtime.read(tenant) as session:
        total = await store_queries.count(session, tenant, _PULLED)
    page = await paging.read(
        {"opened_at": str, "query_id": str},
        lambda session, after, count: store_queries.queries(session, tenant, _PULLED, after, count),
        QueryOut.of,
    )
    found = [await _communication(way, views, row.query_id) for row in page.data]
    links = [{"relation": "self", "url": "Communication"}]
    if page.next_cursor:
        next_url = "Communication?" + urlencode({"limit": paging.limit, "cursor": page.next_cursor})
        links.append({"relation": "next", "url": next_url})
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": links,
        "entry": [
            {"resource": one, "search": {"mode": "match"}} for one in found if one is not None
        ],
    }
    return Response(msgspec.json.encode(bundle), media_type=FHIR)


@router.get(
    "/Communication/{communication_id}",
    responses=responses(QueryNotFound, Busy),
    dependencies=[needs("integration")],
)
async def get_communication(communication_id: Id, way: CallersWay, views: PhiViews) -> Response:
    """Give one query that waits to be fetched by the EHR, as a FHIR R4 Communication. PHI."""
    query_id = communication_id.replace("-", "_")
    row = await handling.row_of(way, query_id)
    if row.channel_kind != "fhir-pull" or row.status == "draft":
        raise QueryNotFound
    found = await _communication(way, views, query_id)
    if found is None:
        raise QueryNotFound
    return Response(msgspec.json.encode(found), media_type=FHIR)


async def _communication(way: Any, views: Any, query_id: str) -> dict[str, Any] | None:
    """Open a delivery for the EHR that it is addressed to, and note that it was fetched."""
    state = await handling.state_of(way, query_id)
    content = await handling.opened_for(views, state.content, Content, query_id, is_addressee=True)
    about = await handling.opened_for(views, state.address, Address, query_id, is_addressee=True)
    if content is None or about is None:
        return None
    said = handling.delivery_of(state, content, about)
    await handling.note_fetched(way, query_id, state.control_number)
    return communication(said, "in-progress" if state.status == "sent" else "completed")
