"""What waits for the disk holds up nobody else, and is not left half way."""

import asyncio
import sqlite3
import threading

import pytest

from rcm.platform.disk import DiskThread


@pytest.fixture
def disk():
    disk = DiskThread()
    yield disk
    disk.close()


async def test_the_loop_goes_on_while_the_disk_is_waited_for(disk):
    gate = threading.Event()
    waiting = asyncio.create_task(disk(gate.wait, 10))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    gate.set()
    assert await waiting


async def test_what_is_cancelled_has_ended_when_it_returns(disk):
    gate, done = threading.Event(), []

    def commit(number):
        gate.wait(10)
        done.append(number)

    running = asyncio.create_task(disk(commit, 7))
    await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.sleep(0.02)
    assert not running.done(), "it may be durable any moment: nobody may go on before it is"
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert done == [7]


async def test_a_failure_reaches_whoever_called_and_nobody_where_it_was_cancelled(disk):
    gate = threading.Event()

    def fail():
        gate.wait(10)
        raise sqlite3.OperationalError("disk full")

    cancelled = asyncio.create_task(disk(fail))
    await asyncio.sleep(0.02)
    cancelled.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    with pytest.raises(sqlite3.OperationalError, match="disk full"):
        await disk(fail)
