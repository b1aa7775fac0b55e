"""The coder's desk: the next encounter, leases, releases that are asked back, the work done."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from time import monotonic
from typing import Any, Final

from msgspec import Struct

from coding_svc.decide import desk
from coding_svc.decide.desk import INSTANT, Worker
from coding_svc.handlers.way import Way
from coding_svc.model.desk import Coder, Credential, coder_parts
from coding_svc.problems import (
    AssignedToAnother,
    CredentialMissing,
    EncounterMergedAway,
    EncounterNotFound,
    NotHeld,
    QueueEmpty,
    TakenByAnother,
)
from coding_svc.rules.agreement import milli
from coding_svc.rules.desk import DeskRules, classes_for
from coding_svc.store import coders as store_coders
from coding_svc.store import desk as store_desk
from coding_svc.store.coders import Worked
from coding_svc.store.desk import Filter, Moment, Routing, WithdrawalRow
from rcm.domain import Command, Context, Fact, Loaded

CANDIDATES: Final = 20
"""How many encounters are looked at in one go: as many coders may ask at once without a second
look.
"""
_POLL_S: Final = 0.1

Ask = Callable[..., Command]
"""Makes the command of streams and decision, with the request's idempotency key in it."""


def moment_of(now: datetime) -> Moment:
    """Return the instant and the days that a listing of the desk is divided by."""
    today = now.date()
    three, seven, fourteen, thirty = (
        (today - timedelta(days=days)).isoformat() for days in (3, 7, 14, 30)
    )
    instant = now.astimezone(UTC).strftime(INSTANT)
    return Moment(instant, today.isoformat(), (three, seven, fourteen, thirty))


def at_desk(
    way: Way, encounter_id: str, worker: Worker, decide: desk.Decide, act: desk.Act = "other"
) -> tuple[list[str], desk.Decide]:
    """Name the streams that the desk's rules read, and let only those decide whom it lets."""
    streams = desk.streams_of(way.opaque_id, encounter_id, worker.coder)
    return streams, desk.guarded(encounter_id, worker, decide, act)


async def take_next(way: Way, worker: Worker, wanted: Filter, sort: str, ask: Ask) -> Any:
    """Take the next encounter that a coder may be given.

    Of two who ask at once, the second finds the encounter taken and gets the next one.

    Raises:
        QueueEmpty: Nothing waits that fits.
    """
    tried: set[str] = set()
    while True:
        found = [one for one in await _free(way, worker, wanted, sort) if one not in tried]
        for encounter_id in found:
            tried.add(encounter_id)
            decide = partial(desk.take, encounter_id, worker)
            streams = desk.streams_of(way.opaque_id, encounter_id, worker.coder)
            try:
                return await way.runtime.execute(ask(streams, decide))
            except _GONE:
                continue
        if not found:
            # A repeat of a request that took the last one is answered by its first outcome.
            return await way.runtime.execute(ask([way.opaque_id("cdr", worker.coder)], _nothing))


_GONE: Final = (
    AssignedToAnother,
    CredentialMissing,
    EncounterMergedAway,
    EncounterNotFound,
    NotHeld,
    TakenByAnother,
)


def _nothing(_loaded: Loaded, _context: Context) -> Sequence[Fact]:
    raise QueueEmpty


async def _free(way: Way, worker: Worker, wanted: Filter, sort: str) -> Sequence[str]:
    now = datetime.now(UTC)
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_coders.coder(session, way.tenant_id, worker.coder)
        return await store_desk.free(
            session,
            way.tenant_id,
            wanted,
            moment_of(now),
            worker.coder,
            sort=sort,
            routing=_routing(row, worker.rules, now),
            limit=CANDIDATES,
        )


def _routing(row: store_coders.CoderRow | None, rules: DeskRules, now: datetime) -> Routing:
    """Leave out what the decision would refuse; where the day differs by zone, it decides."""
    if row is None:
        return Routing(closed_classes=classes_for(rules, None, now.date()))
    credentials = tuple(Credential(**one) for one in row.credentials)
    known = Coder(coder=row.coder, credentials=credentials)
    closed = classes_for(rules, known, now.date())
    return Routing(row.class_codes, row.specialty_codes, row.payer_ids, closed)


async def ask_back(way: Way, encounter_id: str, worker: Worker, ask: Ask, wait_s: float) -> Any:
    """Ask a release back and wait a little for billing's answer.

    Returns:
        The outcome, and the row of the request as it is by then.

    Raises:
        NotReleased: It is not released.
        WithdrawalPending: It was asked back before.
    """
    streams, decide = at_desk(way, encounter_id, worker, partial(desk.ask_back, encounter_id))
    outcome = await way.runtime.execute(ask(streams, decide))
    (requested,) = outcome.recorded
    deadline = monotonic() + wait_s
    while True:
        row = await _withdrawal(way, encounter_id, requested.event.withdrawal_id)
        if row.outcome != "asked" or monotonic() >= deadline:
            return outcome, row
        await asyncio.sleep(_POLL_S)


async def _withdrawal(way: Way, encounter_id: str, withdrawal_id: str) -> WithdrawalRow:
    async with way.runtime.read(way.tenant_id) as session:
        rows = await store_desk.withdrawals(session, way.tenant_id, encounter_id)
    return next(row for row in rows if row.withdrawal_id == withdrawal_id)


class Productivity(Struct, frozen=True, kw_only=True):
    """What a coder did in one patient class, against the quota.

    Attributes:
        coder: The user's subject.
        class_code: Patient class.
        released_count: Encounters that the coder released.
        timed_count: Of those, the ones that were taken first: only they have a time.
        worked_ms: From taking to releasing them.
        unfinished_ms: Time on encounters that were given back, taken away or left.
        per_hour_milli: Timed releases an hour of both times, in thousandths; None without time.
        quota_milli: Expected an hour; None where none is set.
        of_quota_milli: Thousandths of the quota; None where either is missing.
        rework_count: Releases that answered a denial.
        billed_cents: Charges released.
    """

    coder: str
    class_code: str
    released_count: int
    timed_count: int
    worked_ms: int
    unfinished_ms: int
    per_hour_milli: int | None
    quota_milli: int | None
    of_quota_milli: int | None
    rework_count: int
    billed_cents: int


async def productivity(
    runtime: Any, tenant_id: str, start: str, end: str, coder: str
) -> list[Productivity]:
    """Measure the work of some days of the facility's calendar."""
    async with runtime.read(tenant_id) as session:
        found = await store_coders.worked(session, tenant_id, start, end, coder)
        subjects = list(dict.fromkeys(one.coder for one in found))
        rows = await store_coders.coders_named(session, tenant_id, subjects)
    quotas = {row.coder: row.quotas for row in rows}
    return [_measured(one, quotas.get(one.coder, {})) for one in found]


def _measured(one: Worked, quotas: dict[str, int]) -> Productivity:
    spent_ms = one.timed_ms + one.unfinished_ms
    rate = Fraction(one.timed_count * 3_600_000, spent_ms) if spent_ms else None
    quota = quotas.get(one.class_code, quotas.get(""))
    share = rate * 1_000 / quota if rate is not None and quota else None
    return Productivity(
        coder=one.coder,
        class_code=one.class_code,
        released_count=one.released_count,
        timed_count=one.timed_count,
        worked_ms=one.timed_ms,
        unfinished_ms=one.unfinished_ms,
        per_hour_milli=milli(rate),
        quota_milli=quota,
        of_quota_milli=milli(share),
        rework_count=one.rework_count,
        billed_cents=one.billed_cents,
    )


def coder_stream(way: Way, coder: str) -> str:
    """Name the stream of a coder."""
    return way.opaque_id(*coder_parts(coder))
