"""Routes of the evidence: every version that was released, and the archive of an encounter."""

from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from coding_svc.api.encounters import NOT_BLIND, CallersWay, ReasonOut
from coding_svc.handlers.evidence import pack_of
from coding_svc.problems import BlindUntilSubmitted, EncounterNotFound, PatientForgotten
from coding_svc.store import audit as store_audit
from coding_svc.store import encounters as store
from rcm.platform.http import PhiViews, Runtime, Tenant, needs, responses
from rcm.problems import Busy

READERS: Final = needs("auditor", "coder", "biller", "manager")

evidence = APIRouter(prefix="/encounters", tags=["evidence"])


class ReleaseOut(BaseModel):
    """A version of an encounter as it was released to billing."""

    coded_version: int
    event_id: str
    released_by: str = Field(description="Empty for rules: nobody held it.")
    released_at: str
    rework_of: str | None = Field(description="The denial that it answers.")
    drg_code: str
    billed_cents: int
    diagnoses: list[dict[str, Any]]
    procedures: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    drg: dict[str, Any] | None
    code_set_versions: dict[str, str]
    rule_versions: dict[str, str]
    warnings: list[ReasonOut]


@evidence.get(
    "/{encounter_id}/coded-versions",
    responses=responses(EncounterNotFound, BlindUntilSubmitted),
    dependencies=[READERS, NOT_BLIND],
)
async def list_releases(encounter_id: str, way: CallersWay) -> list[ReleaseOut]:
    """List every version that was released, with its codes and what it was checked by."""
    runtime, tenant = way.runtime, way.tenant_id
    async with runtime.read(tenant) as session:
        if await store.encounter(session, tenant, encounter_id) is None:
            raise EncounterNotFound
        rows = await store_audit.releases(session, tenant, encounter_id)
    return [
        ReleaseOut.model_validate({**store_audit.released(r), "rework_of": r.rework_of or None})
        for r in rows
    ]


@evidence.get(
    "/{encounter_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The archive."},
        **responses(EncounterNotFound, BlindUntilSubmitted, PatientForgotten, Busy),
    },
    dependencies=[READERS, NOT_BLIND],
)
async def get_evidence(
    encounter_id: str,
    request: Request,
    way: CallersWay,
    phi: PhiViews,
    *,
    open_phi: Annotated[bool, Query(description="With the record itself, opened.")] = False,
) -> Response:
    """Download the evidence of an encounter's coding as an archive; check it with `rcm evidence`.

    The same log gives the same bytes. That it was given, to whom and with what hash, is recorded.
    """
    data = await pack_of(way, encounter_id, phi if open_phi else None, request.state.request_id)
    name = f"{encounter_id}{'-phi' if open_phi else ''}.zip"
    return Response(
        data,
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Sha256": sha256(data).hexdigest(),
        },
    )


class PackOut(BaseModel):
    """An evidence pack that was given to somebody."""

    model_config = ConfigDict(from_attributes=True)

    given_to: str
    holds_phi: bool
    sha256: str
    bytes_count: int
    request_id: str
    issued_at: str


@evidence.get(
    "/{encounter_id}/evidence-packs",
    dependencies=[needs("auditor", "manager")],
)
async def list_packs(encounter_id: str, tenant: Tenant, runtime: Runtime) -> list[PackOut]:
    """List the evidence packs of an encounter that were given out, the first one first."""
    async with runtime.read(tenant) as session:
        rows = await store_audit.packs(session, tenant, encounter_id)
    return [PackOut.model_validate(row) for row in rows]
