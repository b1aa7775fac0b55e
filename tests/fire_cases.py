"""The product under fire: real services, killed by SIGKILL at named steps of real work.

A service runs as a fork of a process that has everything imported, so that a kill costs a fraction
of a second. To die at a step, the fork wraps the function that does it before it serves; nothing of
this is in the product. The kernel's own points (`after-commit`) are those of `rcm.platform.crash`.
A step whose function is no more is told at once: its name would protect nothing.
"""

import asyncio
import functools
import importlib
import inspect
import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tools.feed import messages_of, send
from tools.sampler import hl7
from tools.stack import SERVICES, TENANTS, Stack

from rcm.platform import crash
from remit_cases import file_of, paid_claim, transaction

DAY = date(2026, 11, 20)
processes = multiprocessing.get_context("forkserver")


class Step(NamedTuple):
    """Where a service dies.

    Attributes:
        service: Which one.
        target: `module:name` or `module:Class.name`, where it is looked up when it is called;
            empty for a point of the kernel.
        when: `before` it is called, `after` it returned; or the name of the kernel's point.
    """

    service: str
    target: str
    when: str


FOLDERS, WIRE = "rcm.platform.folders", "rcm.platform.clearinghouse.http:HttpClearinghouse"
CODING, REMIT, SENDING = "coding_svc.handlers", "remit_svc.handlers", "claims_svc.handlers.sending"
KERNEL = (
    "begin", "state", "before-commit", "after-commit", "produce-sent", "produce-acked", "mark-sent"
)  # fmt: skip
DROPPED = {
    "seen": (f"{FOLDERS}:DropFolder._settled", "after"),
    "stable": (f"{FOLDERS}:_read", "before"),
    "read": (f"{FOLDERS}:_read", "after"),
    "archiving": (f"{FOLDERS}:Archive.keep", "before"),
    "archived": (f"{FOLDERS}:Archive.keep", "after"),
    "handled": (f"{FOLDERS}:_remove", "before"),
    "removed": (f"{FOLDERS}:_remove", "after"),
}
STEPS: dict[str, Step] = {
    **{f"charges dropped: {n}": Step("coding-svc", *step) for n, step in DROPPED.items()},
    **{f"835 dropped: {n}": Step("remit-svc", *step) for n, step in DROPPED.items()},
    "MLLP: received": Step("coding-svc", f"{CODING}:answer_frame", "before"),
    "MLLP: committed, not acknowledged": Step("coding-svc", f"{CODING}:answer_frame", "after"),
    "835: parsed": Step("remit-svc", f"{REMIT}:read_file", "after"),
    "835: received": Step("remit-svc", f"{REMIT}:Intake._handle", "before"),
    "835: posted": Step("remit-svc", f"{REMIT}:Intake._handle", "after"),
    "remittances: fetched": Step("remit-svc", f"{WIRE}.fetch", "after"),
    "remittances: recorded": Step("remit-svc", f"{WIRE}.acknowledge", "before"),
    "remittances: taken": Step("remit-svc", f"{WIRE}.acknowledge", "after"),
    "claims: intent recorded": Step("claims-svc", f"{WIRE}.submit", "before"),
    "claims: on the wire": Step("claims-svc", f"{WIRE}.submit", "after"),
    "claims: outcome known": Step("claims-svc", f"{SENDING}:settle_interchange", "before"),
    "claims: outcome recorded": Step("claims-svc", f"{SENDING}:settle_interchange", "after"),
    "acknowledgements: fetched": Step("claims-svc", f"{WIRE}.fetch", "after"),
    "acknowledgements: recorded": Step("claims-svc", f"{WIRE}.acknowledge", "before"),
    "acknowledgements: taken": Step("claims-svc", f"{WIRE}.acknowledge", "after"),
    **{
        f"{service}: {point}": Step(service, "", point)
        for service in SERVICES[:-1]
        for point in ("poll", *KERNEL)
        if (service, point) != ("coding-svc", "poll")
    },
    **{f"lifecycle-svc: {p}": Step("lifecycle-svc", "", p) for p in ("poll", *KERNEL[:4])},
}


def arm(step: Step, passes: int) -> None:
    """Have this process die at a step, on its n-th pass."""
    if not step.target:
        os.environ[crash.VARIABLE] = f"{step.when}:{passes}"
        return
    module, _, path = step.target.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    setattr(owner, name, deadly(getattr(owner, name), step.when, passes))


def deadly(function: Any, when: str, passes: int) -> Any:
    left = [passes]

    def die(now: str) -> None:
        if now == when:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waits(*args: Any, **more: Any) -> Any:
            die("before")
            try:
                return await function(*args, **more)
            finally:
                die("after")

        return waits

    @functools.wraps(function)
    def calls(*args: Any, **more: Any) -> Any:
        die("before")
        try:
            return function(*args, **more)
        finally:
            die("after")

    return calls


def serve(name: str, environment: dict[str, str], offset: int, step: Step, passes: int) -> None:
    """Run one service; the target of a process."""
    os.environ.clear()
    os.environ.update(environment)
    from rcm.cli.services import find_service
    from rcm.cli.serving import serve_all
    from rcm.platform.settings import load_settings

    log = os.open(
        f"{environment['RCM_DATA_DIR']}/{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND
    )
    os.dup2(log, 1)
    os.dup2(log, 2)
    if step.service == name:
        arm(step, passes)
    asyncio.run(serve_all([find_service(name)], load_settings(), 0, offset))


NOWHERE = Step("", "", "")


class Fire(Stack):
    """A stack whose services are forks, and what is fed to it while they are killed.

    Attributes:
        kills: How often each step was died at; a step that was not come to counts as `not ...`.
        fed: Messages that were acknowledged, by tenant.
    """

    def __init__(self, folder: Path, samples: Path, seed: int, bus: str = "embedded") -> None:
        super().__init__(
            folder, samples, bus,
            RCM_PAYER_REMIT_AFTER_S="0.3", RCM_PAYER_RETHINK_AFTER_S="0.3",
            RCM_PAYER_LATE_277CA_S="1", RCM_CLAIMS_STATUS_INTERVAL_S="0.5",
            RCM_CLAIMS_RESEND_AFTER_S="2", RCM_CLAIMS_PAUSE_S="0.3", RCM_REMIT_MAILBOX_S="0.2",
            RCM_CODING_DROP_SETTLE_S="0.1", RCM_REMIT_DROP_SETTLE_S="0.1",
            RCM_CLAIMS_MAIL_INTERVAL_S="0.2", RCM_CLAIMS_SEND_INTERVAL_S="0.2",
        )  # fmt: skip
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.fed: Counter[str] = Counter()
        self.dropped = 0
        self._running: dict[str, Any] = {}
        self._left = [
            (tenant, message)
            for tenant in TENANTS
            for message in messages_of(samples / tenant / "feed.hl7")
        ]
        self._left.reverse()

    def up(self) -> None:
        """Start everything."""
        self._place_directories()
        if self.bus == "kafka":
            self._start_servers()
        for name in (*SERVICES, "payer-sim"):
            self.start(name)
        ports = {"lifecycle-svc": 8000, "payer-sim": 8010}
        ports |= {name: 8001 + number for number, name in enumerate(SERVICES[:-1])}
        self._ports = {name: port + self._offset for name, port in ports.items()}

    def start(self, name: str, step: Step = NOWHERE, passes: int = 1) -> Any:
        """Start a service, to die at a step or to live."""
        arguments = (name, self._environment, self._offset, step, passes)
        process = processes.Process(target=serve, args=arguments, daemon=True)
        process.start()
        self._running[name] = process
        return process

    def kill(self, name: str) -> None:
        """SIGKILL, now."""
        self._running[name].kill()
        self._running[name].join()

    def kill_sometime(self) -> None:
        """Kill any of them within the next third of a second, while it works."""
        name = self.random.choice([*SERVICES, "payer-sim"])
        self.feed(1)
        time.sleep(self.random.random() / 3)
        self.kill(name)
        self.kills[f"{name} sometime"] += 1
        self.start(name)

    def kill_at(self, name: str, patience_s: float = 8.0) -> None:
        """Start a service so that it dies at a step, give it that work, and start it again."""
        step = STEPS[name]
        self.kill(step.service)
        process = self.start(step.service, step, self.random.choice((1, 1, 1, 2)))
        until = time.monotonic() + patience_s
        while process.is_alive() and time.monotonic() < until:
            self.work_for(name)
            process.join(0.3)
        died = process.exitcode == -signal.SIGKILL
        if process.is_alive():
            process.kill()
        process.join()
        assert died or process.exitcode == -signal.SIGKILL, f"{name}: {process.exitcode}"
        self.kills[name if died else f"not {name}"] += 1
        self.start(step.service)

    def work_for(self, name: str) -> None:
        """Bring what leads to a step."""
        if name.startswith("charges dropped"):
            self.drop_charges()
        elif name.startswith("835"):
            self.drop_remittance()
        else:
            self.feed(1)

    def feed(self, count: int) -> None:
        """Send messages over MLLP; one that is not acknowledged is sent again later."""
        for _ in range(min(count, len(self._left))):
            tenant, message = self._left[-1]
            try:
                codes = asyncio.run(send("127.0.0.1", self.mllp_ports[tenant], [message]))
            except (OSError, asyncio.IncompleteReadError):
                return
            assert set(codes) == {"AA"}, codes
            self.fed[tenant] += 1
            self._left.pop()

    def drop_charges(self) -> None:
        """Drop a batch file of the last message: the next one may be in, and not acknowledged."""
        if not self._left:
            return
        tenant, message = self._left.pop(0)
        text = hl7.batch(tenant.upper(), [message.decode() + "\r"], DAY)
        self._drop("charges", tenant, text.encode())
        self.fed[tenant] += 1

    def drop_remittance(self) -> None:
        """Drop an 835 for a claim that nobody knows: it balances, and goes to suspense."""
        self.dropped += 1
        trace, number = f"DROP{self.dropped}", f"{self.dropped:09d}"
        claim = paid_claim(f"X{self.dropped:08d}", number=f"PCN{self.dropped}")
        self._drop(
            "remits",
            TENANTS[0],
            file_of(transaction(claim, payment=8_000, trace=trace), number=number),
        )

    def _drop(self, folder: str, tenant: str, data: bytes) -> None:
        into = self.data / "drop" / folder / tenant / "in"
        into.mkdir(parents=True, exist_ok=True)
        draft = into / f"{self.random.getrandbits(64):x}.tmp"
        draft.write_bytes(data)
        draft.rename(draft.with_suffix(".txt"))

    def finish(self, quiet_s: float = 6.0, patience_s: float = 240.0) -> None:
        """Send what is left, wait until nothing moves, and stop everything."""
        until = time.monotonic() + patience_s
        while self._left and time.monotonic() < until:
            self.feed(len(self._left))
            time.sleep(0.1)
        assert not self._left, "not everything was acknowledged"
        while not all(map(self.is_ready, SERVICES)):
            assert time.monotonic() < until, "not every service came back"
            time.sleep(0.1)
        self.wait_until_quiet(quiet_s, patience_s, busy=lambda: any(self.waiting_files()))
        self.suspended = sum(1 for _ in self._pages("remit-svc", "/v1/unmatched", TENANTS[0]))
        self.messages = {
            tenant: sum(1 for _ in self._pages("coding-svc", "/v1/messages", tenant))
            for tenant in TENANTS
        }

    def is_ready(self, name: str) -> bool:
        """Tell whether a service that was started again answers by now."""
        try:
            answer = httpx.get(self.url(name) + "/health/ready", timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def waiting_files(self) -> list[Path]:
        return [path for path in (self.data / "drop").glob("*/*/in/*") if path.is_file()]

    def stop(self) -> None:
        """Stop every service in order."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.join(20)
            if process.is_alive():
                process.kill()
                process.join()
        self._client.close()

    def breaches(self) -> list[str]:
        """Say everything that does not hold, now that everything is stopped."""
        found = []
        if self.messages != dict(self.fed):
            found.append(f"messages acknowledged {dict(self.fed)}, kept {self.messages}")
        if self.suspended != self.dropped:
            found.append(f"{self.dropped} 835s were dropped, {self.suspended} are in suspense")
        verified = json.loads(self.rcm("verify", "--json", check=False).stdout)
        assert sorted(verified["stores"]) == sorted(SERVICES), verified["not_compared"]
        found += [str(breach) for breach in verified["breaches"]]
        return found + [f"{place} is no event" for place in verified["unreadable"]]


def fire(campaign: Fire, kills: int) -> None:
    """Kill at every step in turn, and every third time at a random moment."""
    steps = [*STEPS]
    campaign.random.shuffle(steps)
    for number in range(kills):
        if number % 3 == 2:
            campaign.kill_sometime()
        else:
            campaign.kill_at(steps[(number - number // 3) % len(steps)])


os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(
        None,
        (
            str(Path(__file__).parent),
            str(Path(__file__).parents[1]),
            os.environ.get("PYTHONPATH"),
        ),
    )
)
processes.set_forkserver_preload(
    [
        "fire_cases",
        "rcm.cli.serving",
        *(f"{n.replace('-', '_')}.main" for n in SERVICES),
        "payer_sim.main",
    ]
)
