"""The simulator over HTTP, in the shape that `rcm.platform.clearinghouse.http` describes, one
mailbox under each path: `/northside/interchanges`, `/northside/mailbox`. No token, loopback only.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from fastapi import Body, FastAPI, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, JSONResponse

from payer_sim.answer import numbers_of
from payer_sim.book import Book, Timing
from payer_sim.folder import Folder
from payer_sim.scenarios import Rules

T = TypeVar("T")

Box = Annotated[str, PathParameter(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[str, PathParameter(pattern=r"^[0-9]{9}\.[A-Z0-9]{3,5}$")]

INTERCHANGE_BYTES_MAX: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Setup:
    """How a simulator is set up.

    Attributes:
        rules: Which claim meets which fate.
        timing: How long the payer takes.
        path: The SQLite file; None to keep everything in memory.
        folder: Root of `<box>/to` and `<box>/from`; None for HTTP alone.
        hang_s: How long a request hangs that is to hang.
        tick_s: How often due work is looked at.
        now: The clock.
    """

    rules: Rules = field(default_factory=Rules)
    timing: Timing = field(default_factory=Timing)
    path: Path | None = None
    folder: Path | None = None
    hang_s: float = 75.0
    tick_s: float = 0.05
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Simulator:
    """A book, the one thread that uses it, and the task that does what is due."""

    def __init__(self, setup: Setup) -> None:
        self.setup: Final = setup
        self._book = Book(setup.path, setup.rules, setup.timing)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="book")
        self._wake = asyncio.Event()

    async def ask(self, question: Callable[[Book], T]) -> T:
        """Use the book on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, self._book)

    def wake(self) -> None:
        """Look at due work at once."""
        self._wake.set()

    async def work(self) -> None:
        """Answer interchanges and write remittances until cancelled."""
        folder = Folder(self.setup.folder) if self.setup.folder is not None else None
        while True:
            self._wake.clear()
            busy = await self.ask(lambda book: book.answer_next(self.setup.now()))
            paid = await self.ask(lambda book: book.remit(self.setup.now()))
            moved = (
                await self.ask(lambda book: folder.look(book, self.setup.now())) if folder else 0
            )
            if not (busy or paid or moved):
                # Not wait_for: it may swallow a cancellation that comes with the timeout.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.setup.tick_s):
                        await self._wake.wait()

    async def close(self) -> None:
        """Let go of the book."""
        await self.ask(Book.close)
        self._thread.shutdown()


def create_app(setup: Setup) -> FastAPI:
    """Make the app; several in one process are no trouble to each other."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        simulator = app.state.simulator = Simulator(setup)
        working = asyncio.create_task(simulator.work(), name="payer")
        yield
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await simulator.close()

    app = FastAPI(title="payer-sim", lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_routes(app)
    return app


def _add_routes(app: FastAPI) -> None:
    @app.post("/{box}/interchanges")
    async def take(
        box: Box, data: Annotated[bytes, Body(media_type="application/edi-x12")], request: Request
    ) -> Response:
        simulator: Simulator = request.app.state.simulator
        if len(data) > INTERCHANGE_BYTES_MAX:
            return JSONResponse({"error": "too-large"}, 413)
        fault = await simulator.ask(lambda book: book.fault(box, data))
        if fault:
            # Remembered at once: the same file again meets no fault, however soon it comes.
            await simulator.ask(lambda book: book.mark_seen(box, data))
        if fault.endswith("-before") or fault == "refused-400":
            return await _fail(fault, simulator)
        outcome = await simulator.ask(lambda book: book.take(box, data))
        simulator.wake()
        if fault:
            return await _fail(fault, simulator)
        if outcome == "not-x12":
            return JSONResponse({"error": outcome}, 400)
        if outcome == "number-reused":
            return JSONResponse({"error": outcome}, 409)
        return _named(numbers_of(data)[2], 202 if outcome == "taken" else 200)

    @app.get("/{box}/interchanges/{number}")
    async def status(
        box: Box,
        number: Annotated[str, PathParameter(pattern=r"^[0-9]{9}$")],
        sender: Annotated[str, Query(max_length=15)],
        receiver: Annotated[str, Query(max_length=15)],
        request: Request,
    ) -> Response:
        simulator: Simulator = request.app.state.simulator
        there = await simulator.ask(lambda book: book.has(box, sender, receiver, number))
        return _named(number, 200 if there else 404)

    @app.get("/{box}/mailbox")
    async def mailbox(
        box: Box,
        request: Request,
        kind: Annotated[list[str], Query(max_length=10)],
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    ) -> Any:
        simulator: Simulator = request.app.state.simulator
        now = simulator.setup.now()
        items = await simulator.ask(lambda book: book.waiting(box, kind, limit, now))
        return {"items": [{"name": item.name, "kind": item.kind} for item in items]}

    @app.get("/{box}/mailbox/{name}")
    async def fetch(box: Box, name: Name, request: Request) -> Response:
        simulator: Simulator = request.app.state.simulator
        data = await simulator.ask(lambda book: book.fetch(box, name))
        if data is None:
            return JSONResponse({"error": "absent"}, 404)
        return Response(data, media_type="application/edi-x12")

    @app.delete("/{box}/mailbox/{name}", status_code=204)
    async def remove(box: Box, name: Name, request: Request) -> None:
        simulator: Simulator = request.app.state.simulator
        await simulator.ask(lambda book: book.remove(box, name))

    @app.get("/health/ready")
    async def ready(request: Request) -> Any:
        simulator: Simulator = request.app.state.simulator
        return {"status": "ready", **await simulator.ask(Book.counts)}


async def _fail(fault: str, simulator: Simulator) -> Response:
    """Answer badly, or not at all."""
    if fault.startswith("hang"):
        await asyncio.sleep(simulator.setup.hang_s)
    if fault == "refused-400":
        return JSONResponse({"error": "refused"}, 400)
    if fault == "html-after":
        return HTMLResponse("<html><body>Sign in</body></html>")
    return JSONResponse({"error": "internal"}, 500)


def _named(number: str, status: int) -> Response:
    return JSONResponse({"interchange_control_number": number}, status)
