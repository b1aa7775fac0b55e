"""A client that is not ours: HAPI HL7 v2 sends over MLLP and reads our acknowledgements.

It parses what we answer by HL7's own rules, and matches MSA-2 with what it sent; a frame, a
delimiter or a segment that only our own reader would take fails here.
"""

import asyncio
import contextlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coding_cases import CORPUS, charges, message, pid, profile, register
from coding_svc.codec.hl7v2.acknowledgement import answers, header_of
from coding_svc.codec.hl7v2.message import Message, parse
from coding_svc.gateway.mllp import Listener
from coding_svc.handlers import Way, answer_frame
from coding_svc.main import MANIFEST
from coding_svc.rules.profile import Profiles
from hapi_cases import PEERS, jars
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log
from rcm.problems import Busy

pytestmark = pytest.mark.connected

PEER = PEERS / "hl7v2"


@pytest.fixture(scope="module")
def libraries() -> Path:
    """The HAPI jars."""
    return jars(PEER)


@contextlib.asynccontextmanager
async def listening(runtime, sender: str):
    """A listener for one sender; it takes messages that are marked as tests too."""
    log = open_log("coding-svc", to=io.StringIO())
    known = profile(processing=["P", "T", "D", ""], senders=[sender])
    way = Way(runtime, "northside", Profiles((known,)), "mllp")
    listener = Listener(lambda frame: answer_frame(way, frame, lambda: datetime.now(UTC), log), log)
    ready = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(listener.run("127.0.0.1", 0, ready.set_result))
    yield await ready
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def service(data_dir: Path, sender: str):
    """coding-svc behind a listener."""
    async with (
        open_runtime(MANIFEST, Settings(data_dir=data_dir)) as runtime,
        listening(runtime, sender) as port,
    ):
        yield port


async def send(libraries: Path, port: int, *files: Path) -> dict[str, str]:
    """Have HAPI send files; returns MSA-1, or what HAPI refused, by file name."""
    client = await asyncio.create_subprocess_exec(
        *("java", "-cp", f"{libraries}/*", PEER / "Send.java", "127.0.0.1", str(port), *files),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(client.communicate(), 250)
    lines = (line.split("\t", 1) for line in out.decode().splitlines() if "\t" in line)
    return {Path(name).name: code for name, code in lines}


async def test_hapi_gets_the_acknowledgement_of_each_kind(libraries, tmp_path):
    files = {
        "register": register(),
        "charges": charges(),
        "again": charges(),
        "ignored": message("ORU^R01", pid(), number="3"),
        "no-key": message("DFT^P03", pid(account=""), number="4"),
        "enhanced": register(number="5", more="|||AL|NE"),
        "both": register(number="6", more="|||AL|AL"),
        "stranger": register(number="8", sender="EHR|ELSEWHERE"),
        "odd-delimiters": register(number="7")
        .replace(b"&", b"%")
        .replace(b"^", b"!")
        .replace(b"~", b"@"),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    async with service(tmp_path, "EHR|HOSP") as port:
        codes = await send(libraries, port, *(tmp_path / name for name in files))
    assert codes == {
        "register": "AA",
        "charges": "AA",
        "again": "AA",
        "ignored": "AA",
        "no-key": "AA",
        "enhanced": "CA",
        "both": "CA",
        "stranger": "AR",
        "odd-delimiters": "AA",
    }


async def test_hapi_sends_the_corpus_and_every_message_is_acknowledged(libraries, tmp_path):
    if not CORPUS.exists():
        pytest.skip("the public corpus is not here")
    files = [path for path in sorted((CORPUS / "hl7v2").rglob("*.hl7")) if wants_answer(path)]
    async with service(tmp_path, "*|*") as port:
        codes = await send(libraries, port, *files)
    # HAPI does not send what has no type, version or number, nor what begins with a byte order
    # mark; the rest came to our socket.
    unsent = ("HL7Exception", "EncodingNotSupportedException")
    sent = {name: code for name, code in codes.items() if not code.startswith(unsent)}
    assert set(sent.values()) <= {"AA", "CA"}, sent
    assert len(sent) > 90


async def test_hapi_is_told_to_send_again_what_could_not_be_stored(libraries, tmp_path):
    class Full:
        def opaque_id(self, *_parts: str) -> str:
            return "msg_aaaaaaaaaaaaaaaa"

        async def execute(self, _command: object) -> None:
            raise Busy

    (tmp_path / "one").write_bytes(register())
    async with listening(Full(), "*|*") as port:
        assert await send(libraries, port, tmp_path / "one") == {"one": "AE"}


def wants_answer(path: Path) -> bool:
    """Leave out what is no message, and what asks for no acknowledgement (MSH-15, MSH-16 NE)."""
    read = parse(path.read_bytes())
    return isinstance(read, Message) and bool(
        answers(header_of(read), "A", (), at="20260302", number="1")
    )
