"""What every test may use: real servers, started once for the session and only when asked for."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends import NOT_HERE, kafka_server, postgres_server


def pytest_configure() -> None:
    """Let no test see the code sets of this machine: who needs some, says which."""
    nowhere = Path(tempfile.gettempdir()) / f"no-code-sets-{os.getpid()}"
    os.environ["RCM_CODES"] = str(nowhere)


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """A running Apache Kafka."""
    with kafka_server() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL: the URL of its superuser."""
    with postgres_server() as url:
        yield url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what could not be had, and how to get it; from the reports, so however tests are run."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", []))
    for line in sorted({r.partition(NOT_HERE)[2].strip("')") for r in reasons if NOT_HERE in r}):
        terminalreporter.write_line(f"not tested, because not here: {line}")
