"""How the other services are: each is asked for its `/status`, at most once a second for everybody
who looks.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import NamedTuple

import httpx
import msgspec

from rcm.platform.telemetry import Status

_FRESH_S = 1.0
_RATE_OVER_S = 30.0


class Watched(NamedTuple):
    """One service as it was last seen.

    Attributes:
        name: Its name.
        status: What it said; None when it did not answer.
        events_per_s: Events that it handled and recorded, over the last half minute.
    """

    name: str
    status: Status | None
    events_per_s: float

    @property
    def lag_count(self) -> int:
        """Upstream records that it has not handled yet."""
        parts = self.status.partitions if self.status else []
        return sum(max(part.end_offset - part.next_offset, 0) for part in parts)

    @property
    def oldest_s(self) -> float:
        """Age of the oldest of them, seconds."""
        parts = self.status.partitions if self.status else []
        return max((part.oldest_s for part in parts), default=0.0)


class Pipeline:
    """Watches the services."""

    def __init__(
        self, addresses: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._addresses = addresses
        self._transport = transport
        self._seen: list[Watched] = []
        self._seen_at = float("-inf")
        self._counts: dict[str, list[tuple[float, int]]] = {}
        self._lock = asyncio.Lock()

    async def look(self) -> list[Watched]:
        """Return every service as it was at most a second ago."""
        async with self._lock:
            now = time.monotonic()
            if now - self._seen_at > _FRESH_S:
                async with httpx.AsyncClient(
                    timeout=1.0, transport=self._transport, trust_env=False
                ) as client:
                    asked = [self._ask(client, *pair) for pair in self._addresses.items()]
                    self._seen = list(await asyncio.gather(*asked))
                self._seen_at = now
            return self._seen

    async def _ask(self, client: httpx.AsyncClient, name: str, address: str) -> Watched:
        try:
            answer = await client.get(f"{address}/status")
            answer.raise_for_status()
            status = msgspec.json.decode(answer.content, type=Status)
        except (httpx.HTTPError, msgspec.MsgspecError):
            self._counts.pop(name, None)
            return Watched(name, None, 0.0)
        return Watched(name, status, self._rate(name, status))

    def _rate(self, name: str, status: Status) -> float:
        now, total = time.monotonic(), status.consumed_count + status.recorded_count
        counts = self._counts.setdefault(name, [])
        if counts and total < counts[-1][1]:  # it was started again
            counts.clear()
        counts.append((now, total))
        while len(counts) > 2 and now - counts[0][0] > _RATE_OVER_S:
            counts.pop(0)
        (began, first), (ended, last) = counts[0], counts[-1]
        return (last - first) / (ended - began) if ended > began else 0.0
