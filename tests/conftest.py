"""What every test may use: real servers, started once for the session and only when asked for."""

from collections.abc import Iterator

import pytest

from backends import kafka_server, missing, postgres_server


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
    for name, reason in missing.items():
        terminalreporter.write_line(f"not tested: {name}: {reason}")
