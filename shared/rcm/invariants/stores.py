"""Stores against the log: I11 and I12. What is compared is read by others; here it is judged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rcm.events.envelope import Recorded
from rcm.invariants.breach import Breach


def compare_dumps(
    service: str, rebuilt: Mapping[str, str], live: Mapping[str, str]
) -> Iterator[Breach]:
    """I11: each table of the live store hashes as that of the store folded from the log."""
    for table in sorted({*rebuilt, *live}):
        if rebuilt.get(table) != live.get(table):
            text = f"table {table} of {service} is not what the log says"
            yield Breach(invariant="I11", tenant_id="-", text=text)


def compare_streams(
    service: str,
    stored: Mapping[tuple[str, str], int],
    events: Sequence[Recorded[Any]],
) -> Iterator[Breach]:
    """I12: every stream of a store stands at the version that the log has of it, and every event on
    the log has its stream.

    Args:
        service: Whose store.
        stored: Version by tenant and stream.
        events: Of the log, at least those of the service; its outbox is empty.
    """
    told: dict[tuple[str, str], int] = {}
    for recorded in events:
        if recorded.source == service:
            key = (recorded.tenant_id, recorded.stream_id)
            told[key] = max(told.get(key, 0), recorded.stream_version)
    for key in sorted({*stored, *told}):
        if stored.get(key, 0) != told.get(key, 0):
            yield Breach(
                invariant="I12",
                tenant_id=key[0],
                claim_id=key[1],
                text=f"{service} has version {stored.get(key, 0)} of the stream,"
                f" the log {told.get(key, 0)}",
            )
