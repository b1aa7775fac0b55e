"""Apache Kafka and PostgreSQL on this machine, without containers: for tests and demonstrations.

    python -m rcm.platform.local kafka start .data/kafka --port 9092
    python -m rcm.platform.local postgres start .data/postgres --port 5432
    python -m rcm.platform.local kafka stop .data/kafka

Kafka's jars come from Maven Central by `deploy/kafka/pom.xml`, kept in `.kafka/` under the hash of
that file. PostgreSQL is whatever the machine has; it refuses root, so root runs it as `postgres`.
Both listen on loopback only, without passwords. Not for production.
"""

import argparse
import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

RECIPE: Final = Path("deploy/kafka")
READY_S: Final = 60.0
_PID: Final = "server.pid"
_LOG: Final = "server.log"


class CannotStart(RuntimeError):
    """Something that is needed is not on this machine; says what, and how to get it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started.

    Attributes:
        address: `host:port` of Kafka, URL of PostgreSQL's superuser.
        folder: Where its data are.
        pid: Its process.
    """

    address: str
    folder: Path
    pid: int

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        stop(self.folder)


def start_kafka(folder: Path, *, port: int = 0, recipe: Path = RECIPE) -> Server:
    """Start one Kafka node with its data in a folder, and wait until it answers.

    Raises:
        CannotStart: No Java 17, no Maven, or it did not come up.
    """
    libraries = kafka_libraries(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    properties = folder / "server.properties"
    template = (recipe / "server.properties").read_text(encoding="utf-8")
    for mark, value in (
        ("@BROKER@", port),
        ("@CONTROLLER@", free_port()),
        ("@DATA@", (folder / "data").resolve()),
    ):
        template = template.replace(mark, str(value))
    properties.write_text(template, encoding="utf-8")
    java = [
        "java",
        "-cp",
        f"{libraries}/*",
        f"-Dlog4j2.configurationFile={recipe}/log4j2.properties",
    ]
    if not (folder / "data" / "meta.properties").exists():
        cluster = _output([*java, "kafka.tools.StorageTool", "random-uuid"]).split()[-1]
        formatting = ["format", "--standalone", "--ignore-formatted", "-t", cluster]
        _output([*java, "kafka.tools.StorageTool", *formatting, "-c", str(properties)])
    memory = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC"]
    pid = _detached([java[0], *memory, *java[1:], "kafka.Kafka", str(properties)], folder)
    address = f"127.0.0.1:{port}"
    asyncio.run(_kafka_ready(address, folder))
    return Server(address, folder, pid)


def kafka_libraries(recipe: Path = RECIPE) -> Path:
    """Return the folder of Kafka's jars; fetch them if this pom's are not there yet."""
    pom = recipe / "pom.xml"
    folder = (
        recipe.resolve().parents[1] / ".kafka" / hashlib.sha256(pom.read_bytes()).hexdigest()[:16]
    )
    done = folder / ".complete"
    if not done.exists():
        if shutil.which("java") is None or shutil.which("mvn") is None:
            raise CannotStart(
                "Kafka needs java and mvn: apt-get install openjdk-17-jre-headless maven"
            )
        _output([
            "mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={folder}",
        ])  # fmt: skip
        done.touch()
    return folder


def start_postgres(folder: Path, *, port: int = 0) -> Server:
    """Start PostgreSQL with its data in a folder, and wait until it answers.

    Raises:
        CannotStart: It is not installed, or did not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    if not (data / "PG_VERSION").exists():
        _output([
            _postgres("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust",
            "-E", "UTF8", "--locale=C.UTF-8",
        ], as_postgres=True)  # fmt: skip
    command = [
        _postgres("postgres"), "-D", str(data), "-p", str(port),
        "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        "-c", "max_connections=200",
    ]  # fmt: skip
    pid = _detached(command, folder, as_postgres=True)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    asyncio.run(_postgres_ready(url, folder))
    return Server(url, folder, pid)


async def create_database(admin_url: str, service: str, password: str = "") -> tuple[str, str]:
    """Make database, owner and role of a service if they are missing.

    Returns:
        URLs of the owner, who migrates, and of the role that the service runs as: it owns nothing
        and cannot pass over row-level security.
    """
    name = service.replace("-", "_")
    connection = await asyncpg.connect(admin_url)
    try:
        for role in (f"{name}_owner", name):
            if not await connection.fetchval("select 1 from pg_roles where rolname=$1", role):
                secret = f" password '{password}'" if password else ""
                await connection.execute(f'create role "{role}" login{secret}')
        if not await connection.fetchval("select 1 from pg_database where datname=$1", name):
            await connection.execute(f'create database "{name}" owner "{name}_owner"')
            await connection.execute(f'revoke all on database "{name}" from public')
            await connection.execute(f'grant connect on database "{name}" to "{name}"')
    finally:
        await connection.close()
    host = admin_url.rpartition("@")[2].partition("/")[0]
    secret = f":{password}" if password else ""
    return (
        f"postgresql://{name}_owner{secret}@{host}/{name}",
        f"postgresql://{name}{secret}@{host}/{name}",
    )


def stop(folder: Path, *, wait_s: float = 20.0) -> None:
    """Stop the server whose data are in a folder; nothing happens if none runs."""
    path = folder / _PID
    if not path.exists():
        return
    pid = int(path.read_text(encoding="ascii"))
    end = time.monotonic() + wait_s
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGINT if (folder / "data" / "PG_VERSION").exists() else signal.SIGTERM)
        while time.monotonic() < end:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
    path.unlink()


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _kafka_ready(address: str, folder: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        _still_runs(folder)
        if not _listens(address):
            await asyncio.sleep(0.1)
            continue
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await admin.start()
            await admin.list_topics()
        except (KafkaError, OSError):
            await asyncio.sleep(0.2)
        else:
            return
        finally:
            await admin.close()
    stop(folder)
    raise CannotStart(f"Kafka did not answer within {READY_S:.0f} s: see {folder / _LOG}")


async def _postgres_ready(url: str, folder: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        _still_runs(folder)
        try:
            connection = await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.1)
        else:
            await connection.close()
            return
    stop(folder)
    raise CannotStart(f"PostgreSQL did not answer within {READY_S:.0f} s: see {folder / _LOG}")


def _listens(address: str) -> bool:
    """Whether the port is open; ready is more than that."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _still_runs(folder: Path) -> None:
    pid = int((folder / _PID).read_text(encoding="ascii"))
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0]:
            (folder / _PID).unlink()
            tail = (folder / _LOG).read_text(encoding="utf-8", errors="replace")[-800:]
            raise CannotStart(f"it ended at once: {tail}")


def _postgres(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
        if not installed:
            raise CannotStart(f"PostgreSQL's {program} is not here: apt-get install postgresql")
        found = str(installed[0])
    return found


def _user(*, as_postgres: bool) -> str | None:
    return "postgres" if as_postgres and os.geteuid() == 0 else None


def _output(command: Sequence[str], *, as_postgres: bool = False) -> str:
    user = _user(as_postgres=as_postgres)
    run = subprocess.run(  # noqa: S603 - our own command line
        command,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if run.returncode:
        raise CannotStart(f"{command[0]} failed: {(run.stdout + run.stderr)[-800:]}")
    return run.stdout


def _detached(command: Sequence[str], folder: Path, *, as_postgres: bool = False) -> int:
    """Start a process that outlives us, its output and its id in the folder."""
    user = _user(as_postgres=as_postgres)
    with (folder / _LOG).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    (folder / _PID).write_text(str(process.pid), encoding="ascii")
    # It is stopped by its id, not by this object, whose end would complain that it still runs.
    process.returncode = 0
    return process.pid


def main(arguments: Sequence[str] | None = None) -> None:
    """Start or stop a server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", choices=("kafka", "postgres"))
    parser.add_argument("action", choices=("start", "stop"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.action == "stop":
        stop(given.folder)
        return
    start = start_kafka if given.server == "kafka" else start_postgres
    try:
        server = start(given.folder, port=given.port)
    except CannotStart as error:
        sys.exit(str(error))
    sys.stdout.write(f"{server.address}\n")


if __name__ == "__main__":
    main()
