"""`/v1/phi-views` of every service: who saw what of which patient, for the role auditor."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from rcm.invariants.audit import AuditEntry
from rcm.platform.audit.port import AuditFilter, TrailUnavailable
from rcm.platform.http.caller import Tenant, needs
from rcm.platform.http.paging import InvalidCursor, Page, Paging
from rcm.platform.http.problems import responses
from rcm.platform.http.runtime import Runtime
from rcm.problems import Busy

Id = Annotated[str, Query(max_length=200)]


class AuditView(BaseModel):
    """One view of PHI, as it stands in the chain."""

    sequence: int = Field(description="1, 2, 3 ... within service and tenant.")
    at: str
    actor: str = Field(description="The issuer's name for who asked.")
    subject_kind: str
    subject_id: str = Field(description="Opaque id of what was asked for.")
    key_ids: list[str] = Field(description="Opaque ids of the patients' keys.")
    purpose_code: str = Field(description="Of HL7's PurposeOfUse.")
    outcome: str = Field(description="shown, forgotten, or refused.")
    request_id: str
    previous_hash: str
    entry_hash: str = Field(description="sha256 of the entry and the hash before it.")


def audit_router() -> APIRouter:
    """Make the route: every service has it."""
    router = APIRouter(prefix="/phi-views", tags=["phi-views"], dependencies=[needs("auditor")])

    @router.get("", responses=responses(InvalidCursor, Busy))
    async def list_views(
        tenant: Tenant,
        paging: Paging,
        runtime: Runtime,
        actor: Id = "",
        subject_id: Id = "",
        key_id: Id = "",
    ) -> Page[AuditView]:
        """List who saw what, the last first: of one person, one thing, or one patient's key."""
        after = paging.after(int)
        wanted = AuditFilter(actor, subject_id, key_id)
        before = int(after[0]) if after else None
        try:
            rows = await runtime.audit.page(tenant, wanted, before, paging.fetch_count)
        except TrailUnavailable as error:
            raise Busy("The trail cannot be read now.") from error
        return paging.page(rows, lambda entry: (entry.sequence,), _view)

    return router


def _view(entry: AuditEntry) -> AuditView:
    return AuditView.model_validate(entry, from_attributes=True)
