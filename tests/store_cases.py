"""Settings of a service on each kind of store, for suites that must hold on both.

@pytest.fixture(params=STORES)
def admin_url(request):
    return admin_url_of(request)
"""

import uuid

import pytest

from rcm.platform.local import create_database
from rcm.platform.settings import Settings

STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.connected)]


def admin_url_of(request) -> str:
    """Where PostgreSQL is; empty for SQLite. Not from within a running loop: it starts a server."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")


async def settings_on(admin_url: str, tmp_path) -> Settings:
    """Make settings, with a database of its own where it is PostgreSQL."""
    if not admin_url:
        return Settings(data_dir=tmp_path, partition_count=2)
    owner_url, url = await create_database(admin_url, f"svc_{uuid.uuid4().hex[:8]}")
    return Settings(
        data_dir=tmp_path, partition_count=2, postgres_url=url, postgres_owner_url=owner_url
    )
