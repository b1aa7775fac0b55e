"""`rcm up`, `down`, `status`: the services of this machine as processes.

No service is imported here, and nothing that serves: each process says itself where it listens.
"""

import asyncio
import sys
import time

import httpx
import msgspec
import typer

from rcm.cli import talking
from rcm.cli.services import is_peer, service_names
from rcm.cli.supervisor import Process, Supervisor
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Status

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

READY_S = 60.0


@app.command(epilog="Example: rcm up && rcm status")
def up(port_offset: talking.Offset = 0, as_json: talking.Json = False) -> None:
    """Start every installed service as a process of its own, and wait until all are ready."""
    settings = talking.settings()
    asyncio.run(_make_log(settings))
    supervisor = Supervisor(settings)
    started = [
        supervisor.running(name) or supervisor.start(name, port_offset) for name in service_names()
    ]
    started = _wait_until_ready(supervisor, settings, started)
    if as_json:
        talking.print_json([p._asdict() for p in started])
        return
    for process in started:
        talking.out().print(f"{process.name:<14} http://{settings.host}:{process.port}")


async def _make_log(settings: Settings) -> None:
    """Make the embedded log, or see whether Kafka answers, once and before all of them do."""
    from rcm.platform.log.opening import open_log  # noqa: PLC0415 - only `up` needs it

    log = await open_log(settings)
    await log.close()


def _wait_until_ready(
    supervisor: Supervisor, settings: Settings, started: list[Process]
) -> list[Process]:
    """Wait until all listen and are ready; tells where."""
    ready: dict[str, Process] = {}
    until = time.monotonic() + READY_S
    with talking.progress("waiting for services") as bar:
        while waiting := [process.name for process in started if process.name not in ready]:
            for name in waiting:
                process = supervisor.running(name)
                if process is None:
                    supervisor.stop_all()
                    talking.refuse(f"{name} did not start; see {supervisor.log_path(name)}")
                elif process.port and _is_ready(settings, process):
                    ready[name] = process
            bar(len(ready), len(started))
            if time.monotonic() > until:
                supervisor.stop_all()
                talking.refuse(
                    f"not ready after {READY_S:.0f} s: {', '.join(waiting)};"
                    f" see {supervisor.log_path('')}"
                )
            time.sleep(0.05)
    return [ready[process.name] for process in started]


def _is_ready(settings: Settings, process: Process) -> bool:
    try:
        answer = httpx.get(
            f"http://{settings.host}:{process.port}/health/ready", timeout=2, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@app.command(epilog="Example: rcm down --json")
def down(as_json: talking.Json = False) -> None:
    """Stop what `rcm up` started; each finishes the transaction in hand and empties its outbox."""
    stopped = Supervisor(talking.settings()).stop_all()
    if as_json:
        talking.print_json({"stopped": stopped})
    talking.err().print(f"stopped {len(stopped)}: {', '.join(stopped)}" if stopped else "none ran")


@app.command(epilog="Example: rcm status --json | jq '.[].status.outbox_count'")
def status(as_json: talking.Json = False) -> None:
    """Show what runs, how far it is, and what waits. Exit status 1 if something is not ready."""
    settings = talking.settings()
    supervisor = Supervisor(settings)
    rows: list[tuple[str, Process | None, Status | None]] = []
    for name in service_names():
        process = supervisor.running(name)
        rows.append((name, process, _status(settings, process) if process else None))
    if as_json:
        talking.print_json(
            [
                {"name": name, "process": p and p._asdict(), "status": found}
                for name, p, found in rows
            ]
        )
    else:
        columns = ("service", "process>", "port>", "state", "lag>", "outbox>", "parked>")
        talking.print_table(columns, [_row(*row) for row in rows])
    if any(found is None or found.waiting_for for _, _, found in rows):
        sys.exit(1)


def _status(settings: Settings, process: Process) -> Status | None:
    if is_peer(process.name):
        is_ready = _is_ready(settings, process)
        return Status(service=process.name, waiting_for=[] if is_ready else ["readiness"])
    try:
        answer = httpx.get(
            f"http://{settings.host}:{process.port}/status", timeout=2, trust_env=False
        )
        return msgspec.json.decode(answer.raise_for_status().content, type=Status)
    except (httpx.HTTPError, msgspec.MsgspecError):
        return None


def _row(name: str, process: Process | None, found: Status | None) -> tuple[object, ...]:
    if process is None:
        return (name, "", "", "stopped", "", "", "")
    if found is None:
        return (name, process.pid, process.port, "does not answer", "", "", "")
    lag = sum(max(p.end_offset - p.next_offset, 0) for p in found.partitions)
    state = f"waits for {', '.join(found.waiting_for)}" if found.waiting_for else "ready"
    return (name, process.pid, process.port, state, lag, found.outbox_count, found.parked_count)
