"""Archived files: sealed at rest, whole or not at all, forgotten with the tenant's key."""

import hashlib
import shutil
import stat

import pytest

from memory_cases import MemoryKeys
from rcm.platform.archive import KEY_ID, Archive, Damaged
from rcm.platform.keys import KeyFolder

US, THEM = "northside", "lakeview"
CHUNK = 64 * 1024
CLEAR = b"ISA*00*QUACKENBUSH*PHINEAS~"


@pytest.fixture(params=["folder", "memory"])
async def archive(request, tmp_path):
    keys = KeyFolder(tmp_path / "keys") if request.param == "folder" else MemoryKeys()
    yield Archive(tmp_path / "archive", keys)
    await keys.close()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
async def test_a_file_comes_back_whatever_its_size(archive, size):
    data = (CLEAR * (size // len(CLEAR) + 1))[:size]
    sha256 = await archive.keep(US, data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert await archive.read(US, sha256) == data
    assert b"".join(await archive.open(US, sha256)) == data


async def test_nothing_of_it_stands_in_clear_and_only_the_owner_may_read(archive, tmp_path):
    path = archive.path(US, await archive.keep(US, CLEAR * 9_000))
    assert b"QUACKENBUSH" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p for p in (tmp_path / "archive").rglob("*") if p.name.startswith(".")] == []


async def test_the_same_bytes_again_are_no_second_file_and_tenants_share_none(archive, tmp_path):
    first, again = await archive.keep(US, CLEAR), await archive.keep(US, CLEAR)
    assert first == again == await archive.keep(THEM, CLEAR)
    assert [name for name, _ in Archive.names_in(tmp_path / "archive", US)] == [first]
    assert archive.path(US, first).read_bytes() != archive.path(THEM, first).read_bytes()


async def test_a_file_of_another_tenant_or_name_does_not_open(archive):
    one, two = await archive.keep(US, CLEAR), await archive.keep(US, CLEAR * 2)
    theirs = archive.path(THEM, one)
    theirs.parent.mkdir(parents=True)
    shutil.copy(archive.path(US, one), theirs)
    shutil.copy(archive.path(US, one), archive.path(US, two))
    for tenant_id, sha256 in ((THEM, one), (US, two)):
        assert await archive.read(tenant_id, sha256) is None
        with pytest.raises(Damaged):
            await archive.open(tenant_id, sha256)
    assert await archive.read(US, "0" * 64) is None


async def test_every_kind_of_damage_is_seen(archive):
    sha256 = await archive.keep(US, CLEAR * 9_000)
    path = archive.path(US, sha256)
    whole = path.read_bytes()
    body = whole.index(b"}") + 1
    chunk = CHUNK + 16
    cuts = [whole[:n] for n in (0, 4, 6, body - 3, body, body + 9, body + chunk, len(whole) - 1)]
    swapped = (
        whole[:body] + whole[body + chunk : body + 2 * chunk] + whole[body : body + chunk]
        + whole[body + 2 * chunk :]
    )  # fmt: skip
    flipped = [
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        for at in (0, 5, 6, 20, body + 1, body + chunk + 1, len(whole) - 1)
    ]
    for damaged in (*cuts, swapped, *flipped, whole + b"\0", b"ISA*plain text"):
        path.write_bytes(damaged)
        assert await archive.read(US, sha256) is None
    path.write_bytes(whole)
    assert await archive.read(US, sha256) is not None


async def test_a_tenant_that_is_forgotten_has_no_files_any_more(archive):
    ours, theirs = await archive.keep(US, CLEAR), await archive.keep(THEM, CLEAR)
    await archive._keys.destroy(US, KEY_ID)
    assert await archive.read(US, ours) is None
    assert await archive.open(US, ours) is None
    assert await archive.read(THEM, theirs) == CLEAR


async def test_a_file_is_read_chunk_by_chunk(archive):
    sha256 = await archive.keep(US, bytes(5 * CHUNK))
    chunks = await archive.open(US, sha256)
    assert len(next(chunks)) == CHUNK
    chunks.close()
