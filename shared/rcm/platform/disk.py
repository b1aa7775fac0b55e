"""Waiting for the disk off the event loop: milliseconds in which others can be served."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

_Given = TypeVarTuple("_Given")
_Found = TypeVar("_Found")


class DiskThread:
    """One thread that does what waits for the disk, for one connection of SQLite.

    Whoever calls it holds the connection's lock until it is done: a second one that used the
    connection meanwhile would see what is not durable yet.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "disk")

    async def __call__(self, function: Callable[[*_Given], _Found], *arguments: *_Given) -> _Found:
        """Call a function there. When this is cancelled, the call has ended as it returns."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            running.exception()  # whoever cancelled does not ask for it
            raise

    def close(self) -> None:
        """Let the thread go."""
        self._pool.shutdown()
