"""`rcm serve`: one service, or all of them, in this process."""

import asyncio
import contextlib
import signal
from typing import Annotated

import typer
import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from rcm.cli import talking
from rcm.cli.services import Installed, find_service, service_names
from rcm.cli.supervisor import Supervisor
from rcm.platform.http.server import server
from rcm.platform.log.opening import open_log as open_event_log
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog="Example: rcm serve claims-svc")
def serve(
    name: Annotated[str, typer.Argument(metavar="SERVICE|all", help="Which service.")],
    port: Annotated[int, typer.Option(min=0, help="Listen there; 0 for its own port.")] = 0,
    port_offset: talking.Offset = 0,
) -> None:
    """Run one service here until it is told to stop; `all` runs every one in this process."""
    if not __debug__:
        talking.refuse("rcm refuses to serve under -O: assertions hold invariants")
    settings = talking.settings()
    names = service_names() if name == "all" else [name]
    chosen = [find_service(one) for one in names]
    if port and len(chosen) > 1:
        talking.refuse("--port is for one service; --port-offset moves all of them")
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:  # uvloop, where there is one
        runner.run(serve_all(chosen, settings, port, port_offset))


async def serve_all(
    chosen: list[Installed], settings: Settings, port: int, port_offset: int
) -> None:
    """Serve services until a signal; when one ends, all do."""
    log = await open_event_log(settings)  # the embedded one must be there before services start
    await log.close()
    servers: list[uvicorn.Server] = []
    for one in chosen:
        listen = port or settings.port or one.port + port_offset
        logger = open_log(one.name, settings.log_level)
        app_settings = settings.model_copy(update={"port": listen})
        made = server(one.create_app(app_settings), app_settings, listen, logger)
        logger.info("listening", host=settings.host, port=listen)
        Supervisor(settings).listens(one.name, listen)
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
