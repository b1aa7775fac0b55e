"""The store port: one suite, every implementation; and the walls between tenants."""

import asyncio
import dataclasses
import uuid

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from rcm.platform.local import create_database
from rcm.platform.log.port import Draft, TopicPartition, pack_headers
from rcm.platform.settings import Settings
from rcm.platform.store.migrate import NotMigrated, check_migrated, migrate
from rcm.platform.store.places import place_of
from rcm.platform.store.port import (
    Changes,
    Fenced,
    ForeignTenant,
    ParkedEvent,
    StoreConflict,
    StoredOutcome,
    StoredStream,
    StoreUnavailable,
    Wanted,
)
from rcm.platform.store.postgres import PostgresStore, UnsafeRole, sqlalchemy_url
from rcm.platform.store.revise import revise
from rcm.platform.store.sqlite import SqliteStore
from toy_cases import ALPHA_MANIFEST, BETA_MANIFEST, GAMMA_MANIFEST, Note

US, THEM = "northside", "lakeview"
PLACE = TopicPartition("toy.alpha", 0)


class Bench:
    """A database of one kind, opened as often as a test likes."""

    def __init__(self, kind, path, admin_url):
        self.kind, self.path, self.admin_url = kind, path, admin_url
        self.owner_url = self.url = ""
        self.stores = []

    async def create(self):
        if self.kind == "sqlite":
            await migrate(f"sqlite+aiosqlite:///{self.path}", ALPHA_MANIFEST)
        else:
            name = f"toy_{uuid.uuid4().hex[:8]}"
            self.owner_url, self.url = await create_database(self.admin_url, name)
            await migrate(sqlalchemy_url(self.owner_url), ALPHA_MANIFEST, name)

    def open(self):
        sqlite = self.kind == "sqlite"
        store = (
            SqliteStore(self.path, ALPHA_MANIFEST)
            if sqlite
            else PostgresStore(self.url, ALPHA_MANIFEST)
        )
        self.stores.append(store)
        return store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.connected)])
async def bench(request, tmp_path):
    admin_url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    bench = Bench(request.param, tmp_path / "store.db", admin_url)
    await bench.create()
    yield bench
    for store in bench.stores:
        await store.close()


@pytest.fixture
def store(bench):
    return bench.open()


def a_draft(value):
    return Draft(0, b"k", pack_headers({}), str(value).encode())


def a_parked_event(offset=3, tenant_id=US):
    return ParkedEvent(
        tenant_id, "toy.beta", 1, offset, "beta-svc", "s", 4, "e", "Echoed.v1", "gap", "why", "now"
    )


async def write(store, changes, tenants=(US,)):
    async with store.transaction(tenants) as transaction:
        await transaction.write(changes)
        await transaction.commit()


async def load(store, wanted, tenants=(US,)):
    async with store.transaction(tenants) as transaction:
        return await transaction.load(wanted)


async def test_what_was_written_is_loaded_and_what_is_not_there_is_absent(store):
    event = a_parked_event()
    changes = Changes(
        streams={(US, "a"): (0, 2, b"[1]"), (US, "b"): (0, 1, b"[2]")},
        rows={"note": {(US, "a"): (3, None), (US, "b"): (4, "wörd")}},
        outbox=[a_draft(1), a_draft(2)],
        inbox={(US, "beta-svc", "x"): 7},
        outcomes={(US, "k"): StoredOutcome("hash", b"out")},
        parked={event[:4]: event},
    )
    await write(store, changes)
    wanted = Wanted(
        {(US, "a"), (US, "b"), (US, "c")},
        {(US, "beta-svc", "x"), (US, "beta-svc", "y")},
        {(US, "k"), (US, "l")},
    )
    found = await load(store, wanted)
    assert found.streams == {(US, "a"): StoredStream(2, b"[1]"), (US, "b"): StoredStream(1, b"[2]")}
    assert found.inbox == {(US, "beta-svc", "x"): 7}
    assert found.outcomes == {(US, "k"): StoredOutcome("hash", b"out")}
    assert found.parked == {(US, "beta-svc", "s"): {4}}
    assert [draft.value for _, draft in await store.pending(10)] == [b"1", b"2"]
    assert await store.parked(US) == [event]
    assert await store.parked(THEM) == []
    assert await store.backlog() == 2


async def test_nobody_is_shown_what_is_not_yet_committed(store):
    event = a_parked_event()
    async with store.transaction((US,)) as transaction:
        await transaction.write(Changes(outbox=[a_draft(1)], parked={event[:4]: event}))
        asked = (store.pending(10), store.backlog(), store.parked(US), store.parked_counts())
        looks = [asyncio.ensure_future(one) for one in asked]
        await asyncio.wait(looks, timeout=0.1)
        assert all(not look.done() or look.result() in ([], 0, (0, 0)) for look in looks)
    await asyncio.gather(*looks)
    assert await store.pending(10) == [], "it was rolled back"


async def test_rows_are_overwritten_and_deleted_by_their_key(store):
    await write(store, Changes(rows={"note": {(US, "a"): (1, "x"), (US, "b"): (1, "y")}}))
    await write(store, Changes(rows={"note": {(US, "a"): (2, None), (US, "b"): None}}))
    async with store.read(US) as session:
        rows = (await session.exec(select(Note))).all()
    assert [(row.stream_id, row.word_count, row.last_word) for row in rows] == [("a", 2, None)]


async def test_a_parked_event_that_is_taken_up_again_is_gone(store):
    first, second = a_parked_event(3), a_parked_event(4)
    await write(store, Changes(parked={first[:4]: first, second[:4]: second}))
    await write(store, Changes(unparked={first[:4]}))
    assert await store.parked(US) == [second]


@pytest.mark.parametrize("known", [0, 1])
async def test_a_stream_that_moved_stops_the_whole_batch(store, known):
    await write(store, Changes(streams={(US, "a"): (0, 1, b"1")}))
    if known:
        await write(store, Changes(streams={(US, "a"): (1, 2, b"2")}))
    with pytest.raises(StoreConflict):
        await write(store, Changes(streams={(US, "a"): (known, 9, b"9")}, outbox=[a_draft(1)]))
    assert await store.backlog() == 0
    found = await load(store, Wanted({(US, "a")}))
    assert found.streams[US, "a"].state == str(known + 1).encode()


async def test_a_zombie_is_fenced_by_its_position(bench):
    zombie, heir = bench.open(), bench.open()
    assert await zombie.positions([PLACE]) == {PLACE: 0}
    assert await heir.positions([PLACE]) == {PLACE: 0}
    await write(heir, Changes(consumed={PLACE: (0, 5)}, outbox=[a_draft("heir")]))
    with pytest.raises(Fenced) as fenced:
        await write(zombie, Changes(consumed={PLACE: (0, 4)}, outbox=[a_draft("zombie")]))
    assert fenced.value.places == {PLACE}
    assert [draft.value for _, draft in await heir.pending(9)] == [b"heir"]
    assert await zombie.positions([PLACE]) == {PLACE: 5}


async def test_leaving_without_commit_undoes(store):
    async with store.transaction([US]) as transaction:
        await transaction.write(Changes(outbox=[a_draft(1)]))
    with pytest.raises(LookupError):  # noqa: PT012 - the failure comes after a write
        async with store.transaction([US]) as transaction:
            await transaction.write(Changes(outbox=[a_draft(1)]))
            raise LookupError
    assert await store.backlog() == 0


async def test_parked_events_are_counted_over_all_tenants_and_shown_to_none_else(store):
    events = [a_parked_event(3), a_parked_event(4), a_parked_event(3, THEM)]
    assert await store.parked_counts() == (0, 0)
    await write(store, Changes(parked={e[:4]: e for e in events}), (US, THEM))
    assert await store.parked_counts() == (3, 2)
    assert await store.parked(THEM) == [events[2]]


async def test_exactly_what_was_published_is_deleted(store):
    await write(store, Changes(outbox=[a_draft(n) for n in range(5)]))
    rows = await store.pending(3)
    await store.sent([position for position, _ in rows])
    assert [draft.value for _, draft in await store.pending(9)] == [b"3", b"4"]


async def test_a_transaction_that_commits_late_is_not_passed_over(bench):
    late, early, relay = bench.open(), bench.open(), bench.open()
    if bench.kind == "sqlite":
        pytest.skip("one writer at a time: a transaction cannot take a position and commit late")
    async with late.transaction([US]) as transaction:
        await transaction.write(Changes(outbox=[a_draft("late")]))
        await write(early, Changes(outbox=[a_draft("early")]))
        rows = await relay.pending(9)
        assert [draft.value for _, draft in rows] == [b"early"]
        await relay.sent([position for position, _ in rows])
        await transaction.commit()
    rows = await relay.pending(9)
    assert [draft.value for _, draft in rows] == [b"late"]


async def test_one_member_publishes_and_another_follows_it(bench):
    first, second = bench.open(), bench.open()
    assert await first.lead()
    assert await first.lead()
    assert not await second.lead()
    await first.close()
    async with asyncio.timeout(5):
        while not await second.lead():  # noqa: ASYNC110 - a lock of another process sets no event
            await asyncio.sleep(0.02)


async def test_a_transaction_names_its_tenants(store):
    with pytest.raises(AssertionError):
        async with store.transaction([]):
            pass


@pytest.mark.parametrize("changes", [
    Changes(streams={(THEM, "a"): (0, 1, b"1")}),
    Changes(rows={"note": {(THEM, "a"): (1, None)}}),
    Changes(inbox={(THEM, "beta-svc", "x"): 1}),
    Changes(outcomes={(THEM, "k"): StoredOutcome("", b"")}),
    Changes(parked={a_parked_event(3, THEM)[:4]: a_parked_event(3, THEM)}),
])  # fmt: skip
async def test_a_foreign_row_is_not_written(store, changes):
    with pytest.raises(ForeignTenant):
        await write(store, changes)


async def test_a_session_sees_one_tenant_and_writes_nothing(store):
    both = {"note": {(US, "a"): (1, "ours"), (THEM, "a"): (1, "theirs")}}
    await write(store, Changes(rows=both), (US, THEM))
    async with store.read(US) as session:
        assert [row.last_word for row in (await session.exec(select(Note))).all()] == ["ours"]
        foreign = select(Note).where(Note.tenant_id == THEM)
        assert (await session.exec(foreign)).all() == []
    async with store.read(US) as session:
        with pytest.raises(DBAPIError):
            await session.exec(text("delete from note"))
    async with store.read(THEM) as session:
        assert [row.last_word for row in (await session.exec(select(Note))).all()] == ["theirs"]


async def test_a_batch_may_name_several_tenants(store):
    streams = {(US, "a"): (0, 1, b"1"), (THEM, "a"): (0, 1, b"2")}
    await write(store, Changes(streams=streams), (US, THEM))
    found = await load(store, Wanted({(US, "a"), (THEM, "a")}), (US, THEM))
    assert found.streams[THEM, "a"].state == b"2"


@pytest.mark.parametrize("manifest", [ALPHA_MANIFEST, BETA_MANIFEST, GAMMA_MANIFEST])
def test_the_revisions_make_the_tables(manifest):
    assert revise(manifest, "nothing") is None


async def test_a_store_of_another_build_is_refused(bench, tmp_path):
    empty = dataclasses.replace(ALPHA_MANIFEST, migrations=tmp_path / "none")
    empty.migrations.mkdir()
    async with bench.open().administer() as connection:
        await connection.run_sync(check_migrated, ALPHA_MANIFEST)
        with pytest.raises(NotMigrated):
            await connection.run_sync(check_migrated, empty)


@pytest.fixture
async def database(tmp_path, postgres_url):
    """A PostgreSQL store with a row of each of two tenants."""
    bench = Bench("postgres", tmp_path, postgres_url)
    await bench.create()
    both = {"note": {(US, "a"): (1, "ours"), (THEM, "a"): (1, "theirs")}}
    await write(bench.open(), Changes(rows=both), (US, THEM))
    yield bench
    for store in bench.stores:
        await store.close()


async def ask(url, *statements):
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetch(statements[-1])
    finally:
        await connection.close()


@pytest.mark.connected
async def test_without_a_tenant_nothing_is_seen_not_even_by_the_owner(database):
    for url in (database.url, database.owner_url):
        assert await ask(url, "select * from note") == []
        assert await ask(url, "begin; set local app.tenants=''", "select * from note") == []


@pytest.mark.connected
async def test_a_tenant_is_forgotten_with_its_transaction(database):
    statements = (f"begin; set local app.tenants='{US}'", "commit", "select * from note")
    assert await ask(database.url, *statements) == []


@pytest.mark.connected
async def test_a_tenants_name_is_not_a_pattern_nor_a_list(database):
    for name in ("%", f"{US}%", f"{US}_", f" {US}"):
        assert (
            await ask(database.url, f"begin; set local app.tenants='{name}'", "select * from note")
            == []
        )
    with pytest.raises(AssertionError):
        async with database.open().transaction([f"x,{THEM}"]):
            pass


@pytest.mark.connected
async def test_a_row_cannot_be_moved_to_another_tenant(database):
    moving = f"update note set tenant_id='{THEM}', stream_id='b'"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(database.url, f"begin; set local app.tenants='{US}'", moving)


@pytest.mark.connected
@pytest.mark.parametrize("statement", [
    "alter table note disable row level security", "drop policy tenant on note", "drop table note",
    "create table mine(a int)", "alter role current_user bypassrls", "truncate note",
])  # fmt: skip
async def test_the_services_role_cannot_take_the_wall_down(database, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ask(database.url, statement)


@pytest.mark.connected
async def test_every_table_with_a_tenant_is_walled_and_no_view_goes_around(database):
    rows = await ask(
        database.owner_url,
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity walled "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'public' and c.relkind = 'r'",
    )
    walled = {row["relname"] for row in rows if row["walled"]}
    assert walled == {"stream", "inbox", "idempotency", "parked", "note"}
    assert {row["relname"] for row in rows} - walled == {"alembic_version", "consumed", "outbox"}
    assert not await ask(database.owner_url, "select 1 from pg_views where schemaname='public'")
    assert not await ask(database.owner_url, "select 1 from pg_constraint where contype='f'")


@pytest.mark.connected
async def test_a_role_that_is_not_bound_is_refused(database):
    await database.open().check_role()
    admin = database.admin_url.rpartition("/")[0] + "/" + database.url.rpartition("/")[2]
    for url in (admin, database.owner_url):
        store = PostgresStore(url, ALPHA_MANIFEST)
        with pytest.raises(UnsafeRole):
            await store.check_role()
        await store.close()


@pytest.mark.connected
async def test_a_lost_connection_is_opened_again(database):
    store = database.open()
    assert await store.lead()
    await write(store, Changes(outbox=[a_draft(1)]))
    name = database.url.rpartition("/")[2]
    kill = f"select pg_terminate_backend(pid) from pg_stat_activity where datname='{name}'"
    with pytest.raises(StoreUnavailable):  # noqa: PT012 - lost in the middle
        async with store.transaction([US]) as transaction:
            await ask(database.admin_url, kill)
            await transaction.write(Changes(outbox=[a_draft(2)]))
    await write(store, Changes(outbox=[a_draft(3)]))
    assert [draft.value for _, draft in await store.pending(9)] == [b"1", b"3"]
    other = database.open()
    assert (await other.lead(), await store.lead()) in [(True, False), (False, True)]


async def test_only_a_service_that_records_waits_for_the_disk(tmp_path):
    found = {}
    for manifest in (ALPHA_MANIFEST, GAMMA_MANIFEST):
        store = await place_of(manifest, Settings(data_dir=tmp_path)).open()
        (found[manifest.service.topic != ""],) = store._db.execute("pragma synchronous").fetchone()
        await store.close()
    assert found == {True: 2, False: 1}  # FULL, NORMAL
