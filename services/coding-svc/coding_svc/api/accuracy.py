"""Routes of accuracy alerts: where the coding that was reviewed is under the goal."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from coding_svc.problems import AlertNotFound
from coding_svc.store import accuracy as store
from coding_svc.store.accuracy import AlertRow
from rcm.platform.http import Page, Paging, Runtime, Tenant, needs, responses
from rcm.platform.http.paging import InvalidCursor

alerts = APIRouter(prefix="/accuracy-alerts", tags=["audit of coding"])
READERS = needs("manager", "auditor")


class AlertOut(BaseModel):
    """Accuracy under the goal. Each count names the listing of what it counts."""

    alert_id: str
    coder: str = Field(description="Whose; empty for all coders together.")
    status: Literal["open", "cleared"]
    goal_milli: int = Field(description="Correct codes of a thousand that are asked for.")
    accuracy_milli: int = Field(description="Correct ones when it was raised, rounded down.")
    case_count: int
    cases_href: str
    decision_count: int
    error_count: int
    errors_href: str
    reviewed_from: str
    reviewed_through: str
    raised_at: str
    cleared_at: str
    cleared_milli: int | None = Field(description="Correct ones when it was cleared.")

    @classmethod
    def of(cls, row: AlertRow) -> "AlertOut":
        """Show a row."""
        return cls(
            **row.model_dump(exclude={"tenant_id", "number", "case_ids"}),
            cases_href=f"/v1/audit-cases?alert_id={row.alert_id}",
            errors_href=f"/v1/audit-findings?alert_id={row.alert_id}",
        )


@alerts.get("", responses=responses(InvalidCursor), dependencies=[READERS])
async def list_alerts(
    tenant: Tenant,
    paging: Paging,
    status: Annotated[Literal["", "open", "cleared"], Query()] = "",
    coder: Annotated[str, Query(max_length=200, description="`-` for all together.")] = "",
) -> Page[AlertOut]:
    """List alerts, the newest first: a coder, or all together, under the goal."""
    return await paging.read(
        {"raised_at": str, "alert_id": str},
        lambda session, after, count: store.alerts(session, tenant, status, coder, after, count),
        AlertOut.of,
    )


@alerts.get("/{alert_id}", responses=responses(AlertNotFound), dependencies=[READERS])
async def get_alert(alert_id: str, tenant: Tenant, runtime: Runtime) -> AlertOut:
    """Show an alert."""
    async with runtime.read(tenant) as session:
        row = await store.alert(session, tenant, alert_id)
    if row is None:
        raise AlertNotFound
    return AlertOut.of(row)
