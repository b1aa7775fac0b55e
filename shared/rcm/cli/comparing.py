"""Stores against the log, for `rcm verify`: I11 and I12 of every service that does not run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError

from rcm.cli.services import find_service, service_names
from rcm.cli.supervisor import Supervisor
from rcm.events.envelope import Recorded
from rcm.invariants import Breach, compare_dumps, compare_streams
from rcm.platform.rebuild import Progress, rebuild
from rcm.platform.settings import Settings
from rcm.platform.store.places import StoreInUse, place_of
from rcm.platform.store.port import StreamKey


@dataclass(slots=True)
class Comparison:
    """What was found in the stores.

    Attributes:
        skipped: Services whose store could not be compared, and why.
        versions: Of the others: the version of each stream; none for one that only reads.
    """

    skipped: dict[str, str] = field(default_factory=dict)
    versions: dict[str, dict[StreamKey, int]] = field(default_factory=dict)
    _breaches: list[Breach] = field(default_factory=list)

    async def run(self, settings: Settings, progress: Progress) -> None:
        """Fold every service beside its live store. What is in an outbox goes to the log first."""
        supervisor = Supervisor(settings)
        for name in service_names():
            manifest = find_service(name).manifest
            if manifest is None:
                continue
            if settings.postgres_url and not settings.postgres_owner_url:
                self.skipped[name] = "RCM_POSTGRES_OWNER_URL is needed to see every tenant"
                continue
            if supervisor.running(name) is not None:
                self.skipped[name] = "it runs"
                continue
            place = place_of(manifest, settings)
            live = await place.open_live()
            if live is None:
                continue
            await live.close()
            try:
                done = await rebuild(manifest, settings, swap=False, progress=progress)
            except StoreInUse:
                self.skipped[name] = "it runs"
                continue
            except DBAPIError:
                self.skipped[name] = "its tables are of another build; start it once"
                continue
            self._breaches += compare_dumps(name, done.hashes, done.live_hashes)
            found = await place.versions_live() if manifest.service.topic else {}
            self.versions[name] = dict(found)

    def breaches(self, events: Sequence[Recorded[Any]]) -> Iterator[Breach]:
        """Name what differs, now that the log was read."""
        yield from self._breaches
        for name, stored in self.versions.items():
            if stored or any(recorded.source == name for recorded in events):
                yield from compare_streams(name, stored, events)
