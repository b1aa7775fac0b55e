"""The de-identified analytic export: released encounters without whom they were about.

Safe Harbor (45 CFR 164.514(b)(2)) unless a limited data set is asked for by its data use agreement.
The layout is `coding_svc.model.analytic`, by name and version.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from coding_svc.handlers.analytics import Wanted, records_of
from coding_svc.model.analytic import SCHEMA, VERSION, AnalyticEncounter
from coding_svc.store import analytics as store
from rcm.platform.http import Page, Paging, PhiViews, Runtime, Tenant, needs, responses
from rcm.platform.http.identity import Forbidden
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import Busy

READERS = needs("analyst", "auditor", "manager")

analytics = APIRouter(prefix="/analytic-encounters", tags=["analytics"])


class AnalyticOut(BaseModel, extra="allow"):
    """A record; `GET /v1/analytic-encounters/schema` describes every field."""

    schema_version: int = Field(examples=[VERSION])
    encounter: str = Field(description="Pseudonym within the export.")
    patient: str = Field(description="Pseudonym within the export.")


@analytics.get(
    "",
    response_model=Page[AnalyticOut],
    responses=responses(InvalidCursor, Forbidden, Busy),
    dependencies=[READERS],
)
async def list_analytic_encounters(
    tenant: Tenant,
    paging: Paging,
    runtime: Runtime,
    phi: PhiViews,
    export_id: Annotated[
        str,
        Query(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$",
            description="Yours: pseudonyms are the same within it, and like those of no other.",
        ),
    ],
    year: Annotated[
        int | None, Query(ge=1990, le=2100, description="Released in that year; all without.")
    ] = None,
    agreement: Annotated[
        str,
        Query(
            pattern=r"^([A-Za-z0-9._-]{3,60})?$",
            description="Data use agreement of a limited data set (164.514(e)): dates go out, "
            "moved by the patient. Needs a role that sees PHI. Without: Safe Harbor.",
        ),
    ] = "",
) -> Response:
    """Export released encounters, de-identified: codes, POA, DRG, payer class, edits; one record a
    released version. That it was done, and of whom, is recorded as a view.
    """
    after = paging.after(str, int)
    async with runtime.read(tenant) as session:
        rows = await store.releases_of_year(session, tenant, year, after, paging.fetch_count)
    shown, has_more = rows[: paging.limit], len(rows) > paging.limit
    made = await records_of(phi, shown, Wanted(export_id, agreement))
    last = shown[-1] if has_more else None
    return Response(
        msgspec.json.encode(
            {
                "data": [record for record in made if record is not None],
                "has_more": has_more,
                "next_cursor": paging.cursor_after((last.encounter_id, last.coded_version))
                if last is not None
                else None,
            }
        ),
        media_type="application/json",
    )


@analytics.get("/schema", dependencies=[READERS])
async def get_analytic_schema() -> dict[str, Any]:
    """Describe the records as a JSON Schema, with name and version."""
    return {"$id": f"{SCHEMA}/{VERSION}", **msgspec.json.schema(AnalyticEncounter)}
