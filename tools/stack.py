"""The whole product on one machine, for the demonstration and the benchmarks: started and asked
through `rcm` and HTTP.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from rcm.platform.local import CannotStart, create_database, start_kafka, start_postgres, stop

SERVICES = ("coding-svc", "claims-svc", "remit-svc", "denials-svc", "lifecycle-svc")
TENANTS = ("northside", "lakeview")
MLLP_PORT = 2575
PAYER_PORT = 8010
PORTS = (*range(8000, 8005), PAYER_PORT, *range(MLLP_PORT, MLLP_PORT + len(TENANTS)))
TOKEN_ROLES = ("integration", "coder", "biller")


class Stack:
    """Six services in a data folder, on the embedded default or on Kafka and PostgreSQL."""

    def __init__(self, data: Path, samples: Path, bus: str, **more: str) -> None:
        self.data, self.samples, self.bus = data, samples, bus
        self._tokens: dict[str, str] = {}
        self._offset, self._hold = _hold_offset()
        first = MLLP_PORT + self._offset
        self.mllp_ports = dict(zip(TENANTS, range(first, first + len(TENANTS)), strict=True))
        directory = str(data.absolute() / "directory")
        self._environment = os.environ | {
            "RCM_DATA_DIR": str(data),
            "RCM_TENANTS": ",".join(TENANTS),
            "RCM_CODING_MLLP_PORTS": ",".join(f"{t}={p}" for t, p in self.mllp_ports.items()),
            "RCM_CODING_PROFILES_DIR": str(samples),
            "RCM_CODING_DROP_SETTLE_S": "0.5",
            "RCM_CLAIMS_DIRECTORY_DIR": directory,
            "RCM_REMIT_DIRECTORY_DIR": directory,
            "RCM_REMIT_MAILBOX_S": "0.5",
            "RCM_PAYER_RULES": str(samples / "scenarios.json"),
            "PYTHONDONTWRITEBYTECODE": "",
            **more,
        }  # fmt: skip
        self._ports: dict[str, int] = {}
        self._client = _client()

    @property
    def _servers(self) -> tuple[Path, Path]:
        return self.data.absolute() / "kafka", self.data.absolute() / "postgres"

    def is_running(self) -> bool:
        """Tell whether services of this data folder live."""
        return any(path.exists() for path in (self.data / "run").glob("*.json"))

    def up(self) -> None:
        """Start everything and wait until it is ready."""
        self._place_directories()
        if self._client.is_closed:
            self._client = _client()
        if self.bus == "kafka":
            self._start_servers()
        started = json.loads(self.rcm("up", "--port-offset", str(self._offset), "--json").stdout)
        self._ports = {process["name"]: process["port"] for process in started}

    def down(self, *, servers: bool = True) -> None:
        """Stop the services, and the servers that were started for them."""
        self.rcm("down", check=False)
        self._client.close()
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
        if servers and self.bus == "kafka":
            for folder in self._servers:
                with contextlib.suppress(OSError, ValueError):
                    stop(folder)

    def url(self, service: str) -> str:
        """Return where a service listens."""
        return f"http://127.0.0.1:{self._ports[service]}"

    def rcm(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run an `rcm` command against this data folder."""
        return subprocess.run(
            [sys.executable, "-m", "rcm.cli", *arguments],
            env=self._environment, capture_output=True, text=True, check=check,
        )  # fmt: skip

    def token(self, tenant: str) -> str:
        """Return an access token of the development issuer."""
        if tenant not in self._tokens:
            roles = [word for role in TOKEN_ROLES for word in ("--role", role)]
            self._tokens[tenant] = self.rcm("token", "--tenant", tenant, *roles).stdout.strip()
        return self._tokens[tenant]

    def progress(self) -> tuple[int, int]:
        """Return how many events there are, and how many are not handled or not yet on the log."""
        statuses = [self._client.get(f"{self.url(service)}/status").json() for service in SERVICES]
        ends: dict[tuple[str, int], int] = {}
        behind = 0
        for status in statuses:
            behind += status["outbox_count"]
            for part in status["partitions"]:
                ends[part["topic"], part["partition"]] = part["end_offset"]
                behind += max(part["end_offset"] - part["next_offset"], 0)
        return sum(ends.values()), behind

    def wait_until_quiet(
        self,
        quiet_s: float,
        patience_s: float,
        *,
        busy: Callable[[], bool] = lambda: False,
        watch: Callable[[int, int], None] = lambda _recorded, _behind: None,
    ) -> float:
        """Wait until nothing lags and nothing new was recorded for `quiet_s`.

        Args:
            quiet_s: How long nothing may have moved.
            patience_s: How long to wait at most.
            busy: Tells that more is being fed, however quiet it is.
            watch: Told how many events there are, and how many are behind.

        Returns:
            The monotonic time since which it has been quiet.

        Raises:
            TimeoutError: It did not become quiet.
        """
        seen, since, until = -1, time.monotonic(), time.monotonic() + patience_s
        while time.monotonic() < until:
            recorded, behind = self.progress()
            watch(recorded, behind)
            if recorded != seen or behind or busy():
                seen, since = recorded, time.monotonic()
            elif time.monotonic() - since > quiet_s:
                return since
            time.sleep(0.25)
        raise TimeoutError(f"not quiet after {patience_s:.0f} s; see {self.data / 'logs'}")

    def claims(self, tenant: str) -> Iterator[dict[str, Any]]:
        """Read every claim of a tenant from lifecycle-svc, page by page."""
        return self._pages("lifecycle-svc", "/v1/claims", tenant)

    def holds(self, tenant: str) -> Iterator[dict[str, Any]]:
        """Read the encounters that may not be billed yet."""
        return self._pages("coding-svc", "/v1/encounters", tenant, status="held")

    def quarantine(self, tenant: str) -> Iterator[dict[str, Any]]:
        """Read the remittance advices that may not be posted."""
        return self._pages("remit-svc", "/v1/quarantine", tenant)

    def _pages(
        self, service: str, path: str, tenant: str, **query: str
    ) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            answer = self._client.get(
                self.url(service) + path,
                params={"limit": 100} | query | ({"cursor": cursor} if cursor else {}),
                headers={"Authorization": f"Bearer {self.token(tenant)}"},
            ).raise_for_status()
            page = answer.json()
            yield from page["data"]
            if not page["has_more"]:
                return
            cursor = page["next_cursor"]

    def _place_directories(self) -> None:
        """Copy the tenants' directories, the payer simulator's port set to where it listens."""
        folder = self.data / "directory"
        folder.mkdir(parents=True, exist_ok=True)
        for path in (self.samples / "directory").glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            there = f":{PAYER_PORT + self._offset}/"
            (folder / path.name).write_text(text.replace(f":{PAYER_PORT}/", there), "utf-8")

    def _start_servers(self) -> None:
        kafka_folder, postgres_folder = self._servers
        for folder in self._servers:
            folder.mkdir(parents=True, exist_ok=True)
        self.data.absolute().chmod(0o755)
        try:
            kafka, postgres = start_kafka(kafka_folder), start_postgres(postgres_folder)
        except CannotStart as error:
            raise SystemExit(f"cannot start: {error}") from error
        for service in SERVICES:
            owner_url, url = asyncio.run(create_database(postgres.address, service))
        name = SERVICES[-1].replace("-", "_")
        self._environment |= {
            "RCM_BUS": "kafka",
            "RCM_KAFKA_SERVERS": kafka.address,
            "RCM_POSTGRES_URL": url.replace(name, "{service}"),
            "RCM_POSTGRES_OWNER_URL": owner_url.replace(name, "{service}"),
        }
        self.rcm("topics", "deploy/topics.json", "--replication", "1")


def _client() -> httpx.Client:
    # One for all questions: making a client costs more than what it asks.
    return httpx.Client(timeout=30, trust_env=False)


def _hold_offset() -> tuple[int, int | None]:
    """Find what to add to every port so that all of them are free; 0 where nobody listens.

    Returns:
        The number, and a lock on it that lasts as long as this process: a second one that looks
        at the same moment takes other ports, before anybody listens.
    """
    for offset in range(0, 20_000, 100):
        path = Path(tempfile.gettempdir()) / f"claimstream-ports-{os.getuid()}-{offset}"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        if not any(_listens(port + offset) for port in PORTS):
            return offset, lock
        os.close(lock)
    raise SystemExit("no free ports were found for the services")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
