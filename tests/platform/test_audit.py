"""The audit trail on SQLite and PostgreSQL: chained, append-only, one tenant's own, durable."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import asyncpg
import pytest

from rcm.invariants.audit import Head, View, check_chains
from rcm.platform.audit.opening import open_trail, open_trail_whole, urls_of
from rcm.platform.audit.port import AuditFilter
from rcm.platform.local import create_database
from rcm.platform.settings import Settings

SERVICE, US, THEM = "audited-svc", "northside", "lakeview"


def a_view(number, tenant_id=US, **more):
    about = {
        "actor": "ada", "subject_kind": "event", "subject_id": f"e{number}", "key_ids": ["pt_1"],
        "purpose_code": "HPAYMT", "outcome": "shown",
    } | more  # fmt: skip
    return View(tenant_id=tenant_id, **about)


class Trails:
    """Opens trails of one service in one place."""

    def __init__(self, settings):
        self.settings = settings

    async def open(self):
        return await open_trail(SERVICE, self.settings, lambda: datetime(2026, 3, 2, tzinfo=UTC))

    async def breaches(self, anchors=()):
        trail = await open_trail_whole(SERVICE, self.settings)
        try:
            return [b.text for b in check_chains(*await trail.everything(), anchors)]
        finally:
            await trail.close()

    async def as_vandal(self, *statements, head=False):
        """Somebody who may do everything in the database, and takes the guards away."""
        table = "head" if head else "entry"
        if not self.settings.postgres_url:
            with sqlite3.connect(self.settings.data_dir / "audit" / f"{SERVICE}.db") as db:
                db.execute("drop trigger entry_stays")
                db.execute("drop trigger entry_is_fixed")
                for statement in statements:
                    db.execute(statement.replace("TABLE", table))
            return
        connection = await asyncpg.connect(self.settings.postgres_owner_url)
        for statement in (
            "drop trigger if exists entry_stays on audit.entry",
            f"alter table audit.{table} disable row level security",
            *statements,
            f"alter table audit.{table} enable row level security",
        ):
            await connection.execute(statement.replace("TABLE", f"audit.{table}"))
        await connection.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.connected)])
async def trails(request, tmp_path):
    if request.param == "sqlite":
        yield Trails(Settings(data_dir=tmp_path))
        return
    admin_url = request.getfixturevalue("postgres_url")
    owner_url, url = await create_database(admin_url, SERVICE)
    yield Trails(Settings(data_dir=tmp_path, postgres_url=url, postgres_owner_url=owner_url))
    connection = await asyncpg.connect(owner_url)
    await connection.execute("drop schema audit cascade")
    await connection.close()


@pytest.fixture
async def trail(trails):
    trail = await trails.open()
    yield trail
    await trail.close()


async def test_views_are_chained_for_each_tenant(trail, trails):
    for number in range(3):
        await trail.append(a_view(number))
    await trail.append(a_view(9, THEM))
    entries, heads = await (whole := await open_trail_whole(SERVICE, trails.settings)).everything()
    await whole.close()
    assert [(e.tenant_id, e.sequence) for e in entries] == [(THEM, 1), (US, 1), (US, 2), (US, 3)]
    assert sorted(head[1:3] for head in heads) == [(THEM, 1), (US, 3)]
    assert await trails.breaches() == []


async def test_members_that_write_at_once_make_one_chain(trails):
    members = [await trails.open() for _ in range(3)]
    await asyncio.gather(*(members[n % 3].append(a_view(n)) for n in range(30)))
    found = await members[0].page(US, AuditFilter(), None, 100)
    for member in members:
        await member.close()
    assert [entry.sequence for entry in found] == list(range(30, 0, -1))
    assert await trails.breaches() == []


async def test_a_tenant_sees_its_own_views_by_page_and_filter(trail):
    for number in range(5):
        await trail.append(a_view(number, actor="ada" if number % 2 else "bob"))
    await trail.append(a_view(9, THEM))
    await trail.append(a_view(5, key_ids=["pt_2", "pt_3"]))
    first = await trail.page(US, AuditFilter(), None, 4)
    rest = await trail.page(US, AuditFilter(), first[-1].sequence, 4)
    assert [e.sequence for e in (*first, *rest)] == [6, 5, 4, 3, 2, 1]
    assert [e.sequence for e in await trail.page(US, AuditFilter(actor="bob"), None, 9)] == [
        5,
        3,
        1,
    ]
    assert [e.sequence for e in await trail.page(US, AuditFilter(key_id="pt_3"), None, 9)] == [6]
    assert [e.sequence for e in await trail.page(US, AuditFilter(subject_id="e2"), None, 9)] == [3]
    assert len(await trail.page(THEM, AuditFilter(), None, 9)) == 1


async def test_a_trail_goes_on_where_it_was_after_a_restart(trails):
    for number in range(2):
        trail = await trails.open()
        await trail.append(a_view(number))
        await trail.close()
    assert await trails.breaches() == []


async def test_the_database_refuses_to_change_or_delete(trails, trail):
    await trail.append(a_view(1))
    for statement in (
        "update TABLE set actor='eve'", "delete from TABLE where tenant_id='northside'"
    ):  # fmt: skip
        if not trails.settings.postgres_url:
            path = trails.settings.data_dir / "audit" / f"{SERVICE}.db"
            with sqlite3.connect(path) as db, pytest.raises(sqlite3.IntegrityError):
                db.execute(statement.replace("TABLE", "entry"))
            continue
        for url in urls_of(SERVICE, trails.settings):
            connection = await asyncpg.connect(url)
            with pytest.raises((asyncpg.RaiseError, asyncpg.InsufficientPrivilegeError)):
                await connection.execute(statement.replace("TABLE", "audit.entry"))
            await connection.close()


@pytest.mark.parametrize(("statement", "text"), [
    ("update TABLE set actor='eve' where sequence=2", "entry 2 was changed"),
    ("update TABLE set outcome='refused' where sequence=3", "entry 3 was changed"),
    ("delete from TABLE where sequence=2", "entry 3 follows 1"),
    ("delete from TABLE where sequence=3", "the chain ends at 2, its head says 3"),
])  # fmt: skip
async def test_what_a_vandal_did_is_found(trails, trail, statement, text):
    for number in range(3):
        await trail.append(a_view(number))
    await trails.as_vandal(statement)
    assert [f"{SERVICE}: {text}"] == await trails.breaches()


async def test_a_cut_that_took_the_head_along_is_found_by_an_anchor(trails, trail):
    entries = [await trail.append(a_view(number)) for number in range(3)]
    anchor = Head(SERVICE, US, 3, entries[2].entry_hash)
    await trails.as_vandal("delete from TABLE where sequence=3")
    set_back = f"update TABLE set sequence=2, entry_hash='{entries[1].entry_hash}'"
    if trails.settings.postgres_url:
        await trails.as_vandal(set_back, head=True)
    else:
        with sqlite3.connect(trails.settings.data_dir / "audit" / f"{SERVICE}.db") as db:
            db.execute(set_back.replace("TABLE", "head"))
    assert await trails.breaches() == []
    assert await trails.breaches([anchor]) == [
        f"{SERVICE}: entry 3 is not the one that was anchored"
    ]


@pytest.mark.connected
async def test_row_level_security_hides_other_tenants_views(postgres_url, tmp_path):
    owner_url, url = await create_database(postgres_url, SERVICE)
    settings = Settings(data_dir=tmp_path, postgres_url=url, postgres_owner_url=owner_url)
    trail = await open_trail(SERVICE, settings)
    await trail.append(a_view(1, THEM))
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("set local app.tenants = 'northside'")
        assert await connection.fetchval("select count(*) from audit.entry") == 0
    await connection.close()
    await trail.close()
