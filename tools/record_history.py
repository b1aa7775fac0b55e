"""Keep what a build recorded, so that every later build must fold it to the same lives: run at
each release.

    python -m tools.record_history .data/demo tests/histories/0.1.0

Writes `events.jsonl.gz` (each record's headers and value, sealed boxes emptied: they are opened by
nobody) and
`lives.json` (each claim's state and money).
"""

import asyncio
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.envelope import Recorded, attributes, recorded
from rcm.lifecycle import life_of
from rcm.platform.log.opening import open_log
from rcm.platform.settings import Settings


def main() -> None:
    """Read the log of a data folder and write the history."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    lines = sorted(asyncio.run(_lines(Settings(data_dir=folder))))
    with gzip.GzipFile(out / "events.jsonl.gz", "wb", mtime=0) as file:
        file.write("\n".join(line for _, line in lines).encode() + b"\n")
    text = json.dumps(lives(read_history(out / "events.jsonl.gz")), indent=1, sort_keys=True)
    (out / "lives.json").write_text(text + "\n")


def read_history(path: Path) -> list[Recorded[Any]]:
    """Read the events of a history."""
    events = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            headers, value = msgspec.json.decode(line, type=tuple[dict[str, str], msgspec.Raw])
            found = attributes(headers)
            events.append(recorded(found, CATALOGUE.decode(found.event_type, bytes(value))))
    return events


def lives(events: list[Recorded[Any]]) -> dict[str, Any]:
    """Fold a history: each claim's state, and its money in cents."""
    found = {}
    for tenant_id in sorted({one.tenant_id for one in events}):
        own = [one for one in events if one.tenant_id == tenant_id]
        claims = {one.event.claim_id for one in own if one.event.name == "ClaimPrepared"}
        for claim_id in sorted(claims):
            life = life_of(claim_id, own, own)
            money = msgspec.to_builtins(life.money)
            found[f"{tenant_id}/{claim_id}"] = {"state": life.state, "money": money}
    return found


async def _lines(settings: Settings) -> list[tuple[str, str]]:
    log, found = await open_log(settings), []
    try:
        for topic in TOPICS:
            for partition, end in (await log.end_offsets(topic)).items():
                start = 0
                while start < end:
                    records = await log.read_range(topic, partition, start, end, 1_000)
                    for record in records:
                        value = _emptied(json.loads(record.value))
                        line = json.dumps([record.headers, value], separators=(",", ":"))
                        found.append((f"{record.headers['ce_time']}{len(found):09d}", line))
                    start = records[-1].offset + 1
    finally:
        await log.close()
    return found


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "" if k == "box" else _emptied(v) for k, v in value.items()}
    return [_emptied(v) for v in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
