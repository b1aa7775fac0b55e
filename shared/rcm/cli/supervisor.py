"""Processes of services: started apart from the terminal, found again by their process id.

    <data>/run/<service>.json   process id, port, and when the process began
    <data>/logs/<service>.log   what it wrote

A process id alone may by now be somebody else's process: it counts only with its start time.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from rcm.platform.settings import Settings

_STOP_S: Final = 20.0


class Process(NamedTuple):
    """A process of a service.

    Attributes:
        name: The service.
        pid: Process id.
        port: Where it listens; 0 until it says so itself.
        began: Start time as the system counts it; tells it from a later process of that id.
    """

    name: str
    pid: int
    port: int
    began: str


class Supervisor:
    """Starts and stops the services of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir.absolute()
        self._run = self._folder / "run"
        self._logs = self._folder / "logs"

    def log_path(self, name: str) -> Path:
        """Return where a service writes."""
        return self._logs / f"{name}.log" if name else self._logs

    def start(self, name: str, port_offset: int) -> Process:
        """Start a service apart from this process. It says itself where it listens, so that
        nothing of it is imported here.
        """
        for folder in (self._run, self._logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [sys.executable, "-m", "rcm.cli", "serve", name]
        command += ["--port-offset", str(port_offset)]
        environment = os.environ | {"RCM_DATA_DIR": str(self._folder)}
        if port_offset and "RCM_LIFECYCLE_WATCHED" not in environment:
            environment["RCM_LIFECYCLE_PORT_OFFSET"] = str(port_offset)
        descriptor = os.open(self.log_path(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            pid = os.posix_spawn(
                sys.executable,
                command,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, descriptor, 1),
                    (os.POSIX_SPAWN_DUP2, descriptor, 2),
                ],
                setsid=True,  # it outlives us and our terminal
            )
        finally:
            os.close(descriptor)
        process = Process(name, pid, 0, _began(pid))
        self._write(process)
        return process

    def listens(self, name: str, port: int) -> None:
        """Say where this process listens, if it is the one that was started for a service."""
        known = self.running(name)
        if known is not None and known.pid == os.getpid():
            self._write(known._replace(port=port))

    def running(self, name: str) -> Process | None:
        """Find a service's process, if it lives."""
        try:
            process = msgspec.json.decode(self._path(name).read_bytes(), type=Process)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        _reap(process.pid)
        return process if process.began and _began(process.pid) == process.began else None

    def stop_all(self) -> list[str]:
        """Stop every service, downstream last, and wait until they are gone. Names them."""
        names = [path.stem for path in sorted(self._run.glob("*.json"))]
        living = [process for name in names if (process := self.running(name)) is not None]
        for process in living:
            os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + _STOP_S
        while any(self.running(process.name) for process in living):
            if time.monotonic() > until:
                for process in living:
                    if self.running(process.name):
                        os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.05)
        for name in names:
            self._path(name).unlink(missing_ok=True)
        return [process.name for process in living]

    def _write(self, process: Process) -> None:
        """Write whole or not at all: another process may be reading."""
        draft = self._run / f".{process.name}.{os.getpid()}"
        draft.write_bytes(msgspec.json.encode(process))
        draft.replace(self._path(process.name))

    def _path(self, name: str) -> Path:
        return self._run / f"{name}.json"


def _reap(pid: int) -> None:
    """Take note of the end of a child of ours, so that it is not seen as living."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _began(pid: int) -> str:
    """Return a process's start time; empty if there is none of that id."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        state, started = about.rpartition(")")[2].split()[0], about.rpartition(")")[2].split()[19]
    except FileNotFoundError:
        return _began_by_ps(pid) if not Path("/proc/self").exists() else ""
    except (OSError, IndexError):
        return ""
    return "" if state == "Z" else started


def _began_by_ps(pid: int) -> str:
    """Ask `ps`, where there is no /proc."""
    answer = subprocess.run(  # noqa: S603 - a number
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
