"""Real Kafka and PostgreSQL for the tests: started here, or at an address given.

`RCM_TEST_KAFKA=host:port`, `RCM_TEST_POSTGRES=postgresql://superuser@host:port/database` name ones
that run already. `RCM_REQUIRE_CONNECTED=1` makes a missing one a failure instead of a skip.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rcm.platform.local import CannotStart, Server, start_kafka, start_postgres

RECIPE = Path(__file__).parents[1] / "deploy" / "kafka"

NOT_HERE = "not here: "
"""Begins the reason of a skip for something that could not be had; said in the last lines."""


def must_connect() -> bool:
    return os.environ.get("RCM_REQUIRE_CONNECTED", "") not in ("", "0")


def give_up(name: str, reason: str) -> None:
    """Skip, or fail where nothing connected may be missing."""
    if must_connect():
        pytest.fail(f"{name} is required here: {reason}", pytrace=False)
    pytest.skip(f"{NOT_HERE}{name}: {reason}")


@contextlib.contextmanager
def kafka_server() -> Iterator[str]:
    """Give the address of a Kafka."""
    if given := os.environ.get("RCM_TEST_KAFKA"):
        yield given
        return
    with _server("kafka") as server:
        yield server.address


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of a PostgreSQL's superuser."""
    if given := os.environ.get("RCM_TEST_POSTGRES"):
        yield given
        return
    with _server("postgres") as server:
        yield server.address


def _start(name: str, folder: Path) -> Server:
    return start_kafka(folder, recipe=RECIPE) if name == "kafka" else start_postgres(folder)


@contextlib.contextmanager
def _server(name: str) -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix=f"claimstream-{name}-"))
    folder.chmod(0o755)
    try:
        try:
            # In a thread: an asynchronous fixture may ask for the server from within its loop.
            with ThreadPoolExecutor(1) as starter:
                server = starter.submit(_start, name, folder).result()
        except CannotStart as error:
            give_up(name, str(error))
            raise AssertionError from error
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
