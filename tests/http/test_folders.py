"""Files dropped in a folder: once, whole, and never by way of a link."""

import hashlib
import io
import json
import os

import pytest

from memory_cases import MemoryKeys
from rcm.platform.folders import Archive, DropFolder
from rcm.platform.telemetry import open_log
from rcm.problems import Busy, NotFound

NAME = "Quackenbush, Phineas.835"


class Watched:
    """A drop folder with a clock of its own, and a service that remembers what it was given."""

    def __init__(self, tmp_path, **options):
        self.now = 0.0
        self.given = []
        self.refuse = None
        self.log = io.StringIO()
        self.root = tmp_path / "drop"
        self.keys = MemoryKeys()
        self.archive = Archive(tmp_path / "archive", self.keys)
        self.folder = DropFolder(
            self.root, ["northside"], self.archive, open_log("remit-svc", to=self.log),
            clock=lambda: self.now, **options,
        )  # fmt: skip
        self.into = self.root / "northside" / "in"

    async def handle(self, dropped):
        if self.refuse:
            raise self.refuse
        self.given.append(dropped)

    async def look(self, seconds=3.0):
        await self.folder.look(self.handle)
        self.now += seconds
        return await self.folder.look(self.handle)


@pytest.fixture
def watched(tmp_path):
    return Watched(tmp_path)


async def test_a_settled_file_is_taken_archived_and_removed(watched):
    (watched.into / NAME).write_bytes(b"ISA*")
    assert await watched.look() == 1
    (dropped,) = watched.given
    assert dropped.sha256 == hashlib.sha256(b"ISA*").hexdigest()
    assert list(watched.into.iterdir()) == []
    assert await watched.archive.read("northside", dropped.sha256) == b"ISA*"
    path = watched.archive.path("northside", dropped.sha256)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_senders_name_is_neither_kept_nor_logged(watched):
    (watched.into / NAME).write_bytes(b"ISA*")
    await watched.look()
    assert "Quackenbush" not in watched.log.getvalue()
    assert not [p for p in watched.root.parent.rglob("*") if "Quackenbush" in p.name]
    assert json.loads(watched.log.getvalue())["event"] == "file-taken"


async def test_a_file_that_changes_between_two_looks_starts_to_settle_anew(watched):
    path = watched.into / "a.835"
    path.write_bytes(b"IS")
    await watched.folder.look(watched.handle)
    path.write_bytes(b"ISA*")
    watched.now += 3
    assert await watched.folder.look(watched.handle) == 0
    watched.now += 3
    assert await watched.folder.look(watched.handle) == 1
    assert watched.given[0].data == b"ISA*"


@pytest.mark.parametrize("name", ["a.835.tmp", "a.part", ".hidden", "a.TMP", "a.835~"])
async def test_an_unfinished_name_is_passed_over(watched, name):
    (watched.into / name).write_bytes(b"ISA*")
    assert await watched.look() == 0


@pytest.mark.parametrize("name", ["-rf", "x" * 255, "a\nb", "..835", "a;b"])
async def test_any_name_is_only_a_name(watched, name):
    (watched.into / name).write_bytes(b"ISA*")
    taken = await watched.look()
    assert taken == (0 if name.startswith(".") else 1)


async def test_links_pipes_and_folders_are_never_opened(watched, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"key")
    (watched.into / "link").symlink_to(secret)
    os.link(secret, watched.into / "hard")
    os.mkfifo(watched.into / "pipe")
    (watched.into / "folder").mkdir()
    (watched.into / "dangling").symlink_to(tmp_path / "none")
    assert await watched.look() == 0
    assert watched.given == []
    assert secret.read_bytes() == b"key"


async def test_a_file_swapped_for_a_link_after_the_look_is_not_read(watched, tmp_path):
    path = watched.into / "a.835"
    path.write_bytes(b"ISA*")
    await watched.folder.look(watched.handle)
    watched.now += 3
    settled = watched.folder._settled(watched.into)
    path.unlink()
    path.symlink_to(tmp_path / "archive")
    assert settled == [path]
    assert not await watched.folder._take("northside", watched.root, path, watched.handle)
    assert watched.given == []


async def test_the_same_content_again_comes_with_the_same_sha256(watched):
    for name in ("a", "b"):
        (watched.into / name).write_bytes(b"ISA*")
        await watched.look()
    assert len({dropped.sha256 for dropped in watched.given}) == 1
    assert len([p for p in watched.archive._root.rglob("*") if p.is_file()]) == 1


async def test_a_refused_file_leaves_a_note_and_stands_sealed_in_the_archive(watched):
    watched.refuse = NotFound()
    (watched.into / NAME).write_bytes(b"ISA*")
    await watched.look()
    (refused,) = (watched.root / "northside" / "refused").iterdir()
    sha256 = hashlib.sha256(b"ISA*").hexdigest()
    assert refused.name == f"{sha256}.json"
    assert json.loads(refused.read_text())["problem"] == "not-found"
    assert await watched.archive.read("northside", sha256) == b"ISA*"
    assert list(watched.into.iterdir()) == []


@pytest.mark.parametrize("failure", [RuntimeError("Quackenbush"), Busy()])
async def test_a_file_that_could_not_be_taken_now_stays_and_is_tried_again(watched, failure):
    watched.refuse = failure
    (watched.into / "a").write_bytes(b"ISA*")
    assert await watched.look() == 0
    assert (watched.into / "a").exists()
    assert "Quackenbush" not in watched.log.getvalue()
    watched.refuse = None
    assert await watched.look(1) == 0, "not at once"
    assert await watched.look(40) == 1


async def test_a_file_that_is_too_large_is_left(tmp_path):
    watched = Watched(tmp_path, bytes_max=3)
    (watched.into / "a").write_bytes(b"ISA*")
    (watched.into / "b").write_bytes(b"ISA")
    assert await watched.look() == 1
