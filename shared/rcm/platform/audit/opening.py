"""Which trail the settings name: it stands where the service's store stands."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rcm.platform.audit.port import AuditTrail
from rcm.platform.audit.postgres import PostgresTrail, make_trail
from rcm.platform.audit.sqlite import SqliteTrail
from rcm.platform.settings import Settings


async def open_trail(
    service: str, settings: Settings, now: Callable[[], datetime] | None = None
) -> AuditTrail:
    """Open the trail of a running service; made if it is missing and we may."""
    now = now or _utc_now
    if not settings.postgres_url:
        return SqliteTrail(settings.data_dir / "audit" / f"{service}.db", service, now)
    url, owner_url = urls_of(service, settings)
    if owner_url:
        await make_trail(owner_url, urlsplit(url).username or "")
    return PostgresTrail(url, service, now)


async def open_trail_whole(service: str, settings: Settings) -> AuditTrail | None:
    """Open the trail of a service to read every tenant's; None if there is none, or if only its
    owner could.
    """
    if not settings.postgres_url:
        path = settings.data_dir / "audit" / f"{service}.db"
        return SqliteTrail(path, service, _utc_now) if path.exists() else None
    url, owner_url = urls_of(service, settings)
    if not owner_url:
        return None
    await make_trail(owner_url, urlsplit(url).username or "")
    return PostgresTrail(owner_url, service, _utc_now)


def urls_of(service: str, settings: Settings) -> tuple[str, str]:
    """Return the service's own URLs: as its role, and as the owner."""
    name = service.replace("-", "_")
    return (
        settings.postgres_url.replace("{service}", name),
        settings.postgres_owner_url.replace("{service}", name),
    )


def _utc_now() -> datetime:
    return datetime.now(UTC)
