"""Carries facts from the outbox to the log: the oldest that are there, then deletes exactly those.

It keeps no position of its own, so a transaction that commits late is never passed over. Killed
between publishing and deleting, it publishes again; readers drop the repeat by stream version.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from rcm.platform.crash import CrashPoint
from rcm.platform.log.port import EventLog, LogUnavailable
from rcm.platform.store.port import Store, StoreUnavailable

logger: Final = logging.getLogger(__name__)

ROWS_MAX: Final = 2_000
PACE_S: Final = 0.05
"""Least time between two publications: each is a commit of its own."""

_IDLE_S: Final = 0.05
_RETRY_S: Final = (0.05, 0.2, 1.0, 2.0)


class Relay:
    """Publishes the outbox of one service; one member of it at a time."""

    def __init__(
        self,
        store: Store,
        log: EventLog,
        topic: str,
        *,
        crash: CrashPoint,
        emptied: Callable[[int], None],
    ) -> None:
        self._store = store
        self._log = log
        self._topic = topic
        self._crash = crash
        self._emptied = emptied
        self._wake = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Publish until `stop`, then whatever is left."""
        failures = 0
        while True:
            try:
                busy = await self._store.lead() and await self.publish_once()
                failures = 0
                if not busy:
                    if self._stopping:
                        return
                    await self._pause()
                elif not self._stopping:
                    await asyncio.sleep(PACE_S)
            except (StoreUnavailable, LogUnavailable) as error:
                logger.warning("relay waits", extra={"error_type": str(error)})
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1

    async def publish_once(self) -> bool:
        """Publish the oldest facts. False if there is none."""
        rows = await self._store.pending(ROWS_MAX)
        if not rows:
            self._emptied(0)
            return False
        self._crash("produce-sent")
        await self._log.publish(self._topic, [draft for _, draft in rows])
        self._crash("produce-acked")
        await self._store.sent([position for position, _ in rows])
        self._crash("mark-sent")
        self._emptied(len(rows))
        return True

    def wake(self) -> None:
        """There is something to publish."""
        self._wake.set()

    def stop(self) -> None:
        """Publish what is left, then end."""
        self._stopping = True
        self._wake.set()

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            # Not wait_for: on Python 3.11 it may swallow a cancellation that meets the time-out.
            async with asyncio.timeout(_IDLE_S):
                await self._wake.wait()
        self._wake.clear()
