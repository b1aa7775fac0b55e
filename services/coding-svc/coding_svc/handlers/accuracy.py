"""Accuracy of coding, looked at after each review and now and then: alerts raised and cleared."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

from coding_svc.decide import accuracy as decide
from coding_svc.decide.accuracy import Measured, is_changed
from coding_svc.handlers.way import Way
from coding_svc.store import accuracy as store
from coding_svc.store.accuracy import Reviewed
from rcm.problems import Problem


class AccuracyWatch:
    """Looks at the accuracy of a tenant's coders, one look at a time.

    Attributes:
        tell: Told the tenant, and how many of its alerts are open, after each look.
    """

    def __init__(self) -> None:
        self.tell: Callable[[str, int], None] = _untold
        self._looking = asyncio.Lock()

    async def after_review(self, way: Way) -> None:
        """Look, for a review was just recorded; if that fails now, the next look finds the same."""
        try:
            await self.look(way)
        except Problem:
            return

    async def look(self, way: Way) -> int:
        """Raise and clear alerts; returns how many changed."""
        rules, today = way.desk.accuracy, datetime.now(UTC).date()
        since = today - timedelta(days=rules.days - 1)
        changed = 0
        async with self._looking:
            async with way.runtime.read(way.tenant_id) as session:
                found = await store.reviewed(
                    session,
                    way.tenant_id,
                    since.isoformat(),
                    (today + timedelta(days=1)).isoformat(),
                )
                last = await store.last_alerts(session, way.tenant_id)
            open_count = sum(row.status == "open" for row in last.values())
            for measured in _measured(found, since.isoformat(), today.isoformat()):
                row = last.get(measured.coder)
                is_open = row is not None and row.status == "open"
                if not is_changed(measured, rules, is_open=is_open):
                    continue
                stream_id = way.opaque_id("acc", measured.coder or "*")
                number = row.number if row is not None else 0
                await way.execute(
                    command_id=f"accuracy/{stream_id}/{number}/{'clear' if is_open else 'raise'}",
                    streams=[stream_id],
                    decide=partial(decide.review, stream_id, measured, rules),
                )
                changed += 1
                open_count += -1 if is_open else 1
            self.tell(way.tenant_id, open_count)
        return changed


def _measured(found: Iterable[Reviewed], since: str, through: str) -> list[Measured]:
    """Add up by coder, and all together; what rules released is nobody's."""
    by_coder: dict[str, list[Reviewed]] = {"": []}
    for one in found:
        by_coder[""].append(one)
        if one.coder:
            by_coder.setdefault(one.coder, []).append(one)
    return [
        Measured(
            coder=coder,
            case_ids=tuple(one.case_id for one in those),
            decision_count=sum(one.decision_count for one in those),
            error_count=sum(one.error_count for one in those),
            reviewed_from=since,
            reviewed_through=through,
        )
        for coder, those in by_coder.items()
    ]


def _untold(_tenant_id: str, _open_count: int) -> None:
    """Nobody is told."""
