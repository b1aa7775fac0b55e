"""What is asked of an audit trail. One suite holds every implementation to it.

A trail stands beside the service's store, not in it: a rebuild folds the store anew and leaves the
trail as it is. Nothing in a trail is ever changed or deleted; the database itself refuses it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rcm.invariants.audit import AuditEntry, Head, View


class AuditFilter(NamedTuple):
    """Which entries are wanted; an empty part wants all.

    Attributes:
        actor: Who asked.
        subject_id: What was asked for.
        key_id: Of which patient.
    """

    actor: str = ""
    subject_id: str = ""
    key_id: str = ""


class AuditTrail(Protocol):
    """The chains of one service."""

    async def append(self, view: View) -> AuditEntry:
        """Add a view to its tenant's chain; durable when it returns.

        Raises:
            TrailUnavailable: It cannot be written; then nothing may be shown.
        """
        ...

    async def page(
        self, tenant_id: str, wanted: AuditFilter, before: int | None, rows_max: int
    ) -> Sequence[AuditEntry]:
        """List a tenant's entries, the last first, below a sequence number."""
        ...

    async def everything(self) -> tuple[Sequence[AuditEntry], Sequence[Head]]:
        """Read every chain in order, and the heads; on PostgreSQL as the owner."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class TrailUnavailable(Exception):
    """The trail cannot be written or read now."""
