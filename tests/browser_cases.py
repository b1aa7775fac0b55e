"""A real browser on a real lifecycle-svc, with axe; skipped, and said, where one cannot be had."""

import asyncio
import hashlib
import io
import json
import shutil
import socket
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from lifecycle_cases import History
from lifecycle_world import an_app, publish
from rcm.platform.settings import Settings

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome")
     if (found := shutil.which(name))), None,
)  # fmt: skip
AXE_VERSION = "4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
_CACHE = Path(__file__).parents[1] / ".data" / "npm"


def axe_source() -> str:
    """Return axe-core, from the cache or from npm, checked by its hash."""
    path = _CACHE / f"axe-{AXE_VERSION}.min.js"
    if not path.exists():
        if shutil.which("npm") is None:
            pytest.skip("axe-core is needed: install npm, which fetches it")
        _CACHE.mkdir(parents=True, exist_ok=True)
        fetched = subprocess.run(
            ["npm", "pack", "--silent", f"axe-core@{AXE_VERSION}"],
            cwd=_CACHE, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if fetched.returncode:
            pytest.skip("axe-core is needed, and npm could not fetch it")
        with tarfile.open(_CACHE / f"axe-core-{AXE_VERSION}.tgz") as archive:
            path.write_bytes(archive.extractfile("package/axe.min.js").read())
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == AXE_SHA256, "axe-core is not what was pinned"
    return data.decode()


def a_full_history() -> list:
    """Enough claims for two pages, one of them in every state that the pages colour."""
    whole = History().whole()
    for number in range(60):
        whole.prepared(f"PREADY{number:03d}", cents=1_000 + number, encounter_id=f"en_r{number}")
    whole.held("PHELD")
    whole.submitted("PSENT", encounter_id="en_s")
    whole.rejected(claim_id="PSENT")
    whole.settled("unknown", "000000043")
    return whole.recorded


@contextmanager
def a_server(folder: Path):
    """Serve lifecycle-svc on a free port from a thread of its own; gives its address."""
    settings = Settings(data_dir=folder, partition_count=3)
    # In a thread: Playwright keeps an event loop running in this one.
    publishing = threading.Thread(target=lambda: asyncio.run(publish(settings, a_full_history())))
    publishing.start()
    publishing.join(60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    watched = {"lifecycle-svc": address, "claims-svc": "http://127.0.0.1:1"}
    server = uvicorn.Server(
        uvicorn.Config(
            an_app(settings, io.StringIO(), watched=watched), port=port, log_config=None,
            access_log=False,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.02)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(15)


def violations(page) -> list[str]:
    """Run axe in a page past its content security policy; names each fault and its first place."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": axe_source()})
    answer = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run({resultTypes: ['violations']}).then("
            "r => JSON.stringify(r.violations.map(v => [v.id, v.nodes[0].html])))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    return [f"{rule}: {html}" for rule, html in json.loads(answer["result"]["value"])]
