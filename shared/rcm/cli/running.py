"""`rcm serve`, `up`, `down`, `status`: the services of this machine as processes."""

import asyncio
import contextlib
import signal
import sys
import time
from typing import Annotated

import httpx
import msgspec
import typer
import uvicorn

from rcm.cli import talking
from rcm.cli.services import Installed, find_service, service_names
from rcm.cli.supervisor import Process, Supervisor
from rcm.platform.http.server import server
from rcm.platform.log.opening import open_log as open_event_log
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Status, open_log

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

READY_S = 60.0

Offset = Annotated[
    int, typer.Option("--port-offset", min=0, help="Added to each service's port.", metavar="N")
]


@app.command(epilog="Example: rcm serve claims-svc")
def serve(
    name: Annotated[str, typer.Argument(metavar="SERVICE|all", help="Which service.")],
    port: Annotated[int, typer.Option(min=0, help="Listen there; 0 for its own port.")] = 0,
    port_offset: Offset = 0,
) -> None:
    """Run one service here until it is told to stop; `all` runs every one in this process."""
    if not __debug__:
        talking.refuse("rcm refuses to serve under -O: assertions hold invariants")
    settings = talking.settings()
    names = service_names() if name == "all" else [name]
    chosen = [find_service(one) for one in names]
    if port and len(chosen) > 1:
        talking.refuse("--port is for one service; --port-offset moves all of them")
    asyncio.run(_serve(chosen, settings, port, port_offset))


async def _serve(chosen: list[Installed], settings: Settings, port: int, port_offset: int) -> None:
    log = await open_event_log(settings)  # the embedded one must be there before services start
    await log.close()
    servers: list[uvicorn.Server] = []
    for one in chosen:
        listen = port or settings.port or one.port + port_offset
        logger = open_log(one.name, settings.log_level)
        app_settings = settings.model_copy(update={"port": listen})
        made = server(one.create_app(app_settings), app_settings, listen, logger)
        logger.info("listening", host=settings.host, port=listen)
        servers.append(made)

    def stop() -> None:
        for one in servers:
            one.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.create_task(_one(one)) for one in servers]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop()
    if not all(await asyncio.gather(*tasks)):
        talking.refuse("a service did not start; its log says why")


async def _one(one: uvicorn.Server) -> bool:
    """Run one of several servers: the signals are handled for all of them together. False if it
    could not start.
    """
    one.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]  # ours are set
    try:
        await one.serve()
    except SystemExit:  # how uvicorn says that the port is taken or the start failed
        return False
    return one.started


@app.command(epilog="Example: rcm up && rcm status")
def up(port_offset: Offset = 0, as_json: talking.Json = False) -> None:
    """Start every installed service as a process of its own, and wait until all are ready."""
    settings = talking.settings()
    asyncio.run(_make_log(settings))
    supervisor = Supervisor(settings)
    started: list[Process] = []
    for name in service_names():
        one = find_service(name)
        known = supervisor.running(name)
        if known is None:
            started.append(supervisor.start(name, one.port + port_offset, port_offset))
        else:
            started.append(known)
    _wait_until_ready(supervisor, settings, started)
    if as_json:
        talking.print_json([p._asdict() for p in started])
        return
    for process in started:
        talking.out().print(f"{process.name:<14} http://{settings.host}:{process.port}")


async def _make_log(settings: Settings) -> None:
    log = await open_event_log(settings)
    await log.close()


def _wait_until_ready(supervisor: Supervisor, settings: Settings, started: list[Process]) -> None:
    waiting, until = {process.name: process for process in started}, time.monotonic() + READY_S
    with talking.progress("waiting for services") as bar:
        while waiting:
            for name, process in list(waiting.items()):
                if _is_ready(settings, process):
                    del waiting[name]
                elif supervisor.running(name) is None:
                    supervisor.stop_all()
                    talking.refuse(f"{name} did not start; see {supervisor.log_path(name)}")
            bar(len(started) - len(waiting), len(started))
            if waiting and time.monotonic() > until:
                supervisor.stop_all()
                talking.refuse(
                    f"not ready after {READY_S:.0f} s: {', '.join(waiting)};"
                    f" see {supervisor.log_path('')}"
                )
            time.sleep(0.1)


def _is_ready(settings: Settings, process: Process) -> bool:
    try:
        answer = httpx.get(
            f"http://{settings.host}:{process.port}/health/ready", timeout=2, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@app.command(epilog="Example: rcm down")
def down() -> None:
    """Stop what `rcm up` started; each finishes the transaction in hand and empties its outbox."""
    stopped = Supervisor(talking.settings()).stop_all()
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
    if find_service(process.name).manifest is None:
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
