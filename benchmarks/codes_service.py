"""A running coding-svc with every code set loaded: encoder search over HTTP, start-up and memory.

NCCI, MUE, HCPCS, CPT and fees are of full size and synthetic, as the official files are licensed.
A busy machine makes wall time worthless, so the CPU time that the service spends on a request is
read beside it (Linux: /proc/<pid>/task/*/schedstat).
"""

import datetime as dt
import http.client
import itertools
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

import psutil
from tools.feed import messages_of
from tools.make_samples import write

from rcm.codes import registry, schema
from rcm.codes.model import System
from rcm.codes.sets import CodeSets

ON = dt.date(2026, 11, 21)
PAIRS, LIMITS, PROCEDURES, SUPPLIES = 2_600_000, 18_000, 10_500, 8_700
_PATIENCE_S = 60.0


class Asked(NamedTuple):
    """What one request cost, in seconds."""

    wall: float
    cpu: float


def measure(folder: Path, questions: list[str], notes: list[str]) -> dict[str, Any]:
    """Load everything into a copy of the sets, start the service, use all of it, and measure."""
    with tempfile.TemporaryDirectory(prefix="claimstream-codes-") as scratch:
        codes = Path(scratch) / "codes"
        codes.mkdir()
        shutil.copyfile(folder / registry.FILE_NAME, codes / registry.FILE_NAME)
        _fill(codes / registry.FILE_NAME)
        with closing(CodeSets.open(codes / registry.FILE_NAME)) as sets:
            distinct = [*questions, *_titles(sets)]
        with _Service(Path(scratch) / "data", codes) as service:
            return _use(service, distinct, notes)


def _use(service: "_Service", questions: list[str], notes: list[str]) -> dict[str, Any]:
    started_mb = service.memory_mb()
    first = service.search("hypertension")
    new_words = [service.search(question) for question in questions]
    asked_before = [service.search(question) for question in questions]
    for on in ("2024-10-02", "2025-10-02", "2026-11-21"):
        for system, code in (("icd10cm", "E11.40"), ("icd10pcs", "0DTJ4ZZ"), ("hcpcs", "A0001")):
            wanted = {"system": system, "date": on, "codes": [code]}
            service.ask("POST", "/v1/codes/validations", wanted)
    member = {"age_years": 70, "sex": "F", "date": "2026-11-21", "diagnoses": ["E11.40"]}
    service.ask("POST", "/v1/codes/risk-scores", member)
    service.feed(notes)
    return {
        "service_memory_started_mb": started_mb,
        "service_memory_all_loaded_mb": service.memory_mb(),
        "service_first_search_ms": _ms(first.wall),
        "service_searches": len(questions),
        "service_search_cpu_mean_ms": _ms(statistics.mean(one.cpu for one in new_words)),
        "service_search_cpu_p99_ms": _ms(_percentile([one.cpu for one in new_words], 0.99)),
        "service_search_wall_p50_ms": _ms(_percentile([one.wall for one in new_words], 0.5)),
        "service_search_wall_p99_ms": _ms(_percentile([one.wall for one in new_words], 0.99)),
        "service_search_again_cpu_p99_ms": _ms(
            _percentile([one.cpu for one in asked_before], 0.99)
        ),
        "service_search_again_wall_p99_ms": _ms(
            _percentile([one.wall for one in asked_before], 0.99)
        ),
    }


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _titles(sets: CodeSets) -> Iterator[str]:
    """Yield the words of five hundred titles, in disorder: questions that nobody asked before."""
    chance = random.Random(7)
    titles = [title for title in sets.titles(System.ICD10CM).values() if title]
    for title in chance.sample(titles, 500):
        words = title.replace(",", " ").split()
        chance.shuffle(words)
        yield " ".join(words[: chance.randint(2, 8)])


def _fill(path: Path) -> None:
    """Write edit tables and procedure lists of the size of the official ones."""
    chance = random.Random(11)
    supplies = [f"{letter}{number:04d}" for letter in "AEGJL" for number in range(1_740)]
    procedures = [f"{number:05d}" for number in range(10_000, 10_000 + PROCEDURES)]
    since = "2026-01-01"
    with closing(schema.open_to_change(path)) as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO code VALUES (?,?,?,NULL,?,'synthetic')",
            [("hcpcs", code, since, f"supply {code}") for code in supplies[:SUPPLIES]]
            + [("cpt", code, since, f"procedure {code}") for code in procedures],
        )
        pairs = itertools.islice(itertools.permutations(procedures, 2), PAIRS // 2)
        connection.executemany(
            "INSERT INTO ptp VALUES (?,?,?,?,NULL,?)",
            (
                (setting, column1, column2, since, chance.choice("01"))
                for column1, column2 in pairs
                for setting in ("hospital", "practitioner")
            ),
        )
        limited = (procedures + supplies)[:LIMITS]
        connection.executemany(
            "INSERT INTO mue VALUES (?,?,?,?,?)",
            [
                (setting, code, since, chance.randint(1, 12), chance.choice("123"))
                for setting in ("hospital", "practitioner")
                for code in limited
            ],
        )
        connection.executemany(
            "INSERT INTO mue_release VALUES (?,?)", [("hospital", since), ("practitioner", since)]
        )
        for name, count in (("hcpcs", SUPPLIES), ("cpt", PROCEDURES), ("ptp-hospital", PAIRS)):
            connection.execute(
                "INSERT INTO release VALUES (?,?,?,NULL,'synthetic','0','ours',?)",
                (f"{name}-{since}", name, since, count),
            )
        connection.commit()


class _Service:
    """coding-svc in a process of its own, asked over one connection that stays open."""

    def __init__(self, data: Path, codes: Path) -> None:
        self._tenant = "northside"
        self._samples = data.parent / "samples"
        write(self._samples, 150, 7, dt.date(2026, 11, 20))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._environment = os.environ | {
            "RCM_DATA_DIR": str(data),
            "RCM_CODES": str(codes),
            "RCM_CODING_PROFILES_DIR": str(self._samples),
            "RCM_LOG_LEVEL": "warning",
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def __enter__(self) -> Self:
        command = [
            sys.executable,
            "-m",
            "rcm.cli",
            "serve",
            "coding-svc",
            "--port",
            str(self._port),
        ]
        self._process = psutil.Popen(command, env=self._environment)
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1):
                    break
            except OSError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
        roles = [word for role in ("coder", "integration") for word in ("--role", role)]
        told = subprocess.run(
            [sys.executable, "-m", "rcm.cli", "token", "--tenant", self._tenant, *roles],
            env=self._environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self._token = told.stdout.strip()
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait(20)

    def memory_mb(self) -> float:
        """Return what the process holds: resident, shared libraries and mapped files included."""
        return round(self._process.memory_info().rss / 1e6, 1)

    def search(self, words: str) -> Asked:
        """Ask the encoder, and say what it cost."""
        query = urlencode({"q": words, "date": ON.isoformat(), "limit": 10})
        cpu, wall = self._cpu_s(), time.perf_counter()
        self.ask("GET", f"/v1/codes?{query}")
        spent = time.perf_counter() - wall
        return Asked(spent, self._cpu_s() - cpu)

    def ask(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> Any:
        """Ask, and read the whole answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": kind,
            "Idempotency-Key": uuid.uuid4().hex,
        }
        self._connection.request(method, path, data, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def feed(self, notes: list[str]) -> None:
        """Send encounters with their charges, and notes about some of them."""
        for message in messages_of(self._samples / self._tenant / "feed.hl7"):
            self.ask("POST", "/v1/hl7", message, "application/hl7-v2")
        listed = self.ask("GET", "/v1/encounters?limit=100")["data"]
        unmerged = [one for one in listed if one["status"] != "merged"]
        for encounter, note in zip(unmerged, notes, strict=False):
            path = f"/v1/encounters/{encounter['encounter_id']}/notes"
            self.ask("POST", path, {"document_number": uuid.uuid4().hex, "text": note})

    def _cpu_s(self) -> float:
        tasks = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
