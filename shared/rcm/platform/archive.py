"""Files as they came, for ever, under their sha256: sealed at rest, each under a key of its own.

    <root>/<tenant>/ab/ab…   "RCMA1" | length | header | chunk | chunk | ...

The header holds the file's key, sealed by the tenant's key service (`Keys`) under the key id
`archive` and bound to tenant and file. Chunks of 64 KiB are AES-256-GCM; the nonce counts them and
marks the last, so that none can be left out, moved, or cut off. Destroying the tenant's key
`archive` forgets all of its files at once.
"""

import asyncio
import base64
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rcm.events.phi import ClearPhi, Phi
from rcm.platform.keys import KeyName, Keys, NotSealedHere

KEY_ID: Final = "archive"
_MAGIC: Final = b"RCMA1"
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_HEADER_MAX: Final = 4_096


class Damaged(Exception):
    """An archived file is not what was kept: cut, changed, or put under another name."""


class Archive:
    """The files of all tenants in one folder, readable by their owner alone."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self._root = root
        self._keys = keys

    def path(self, tenant_id: str, sha256: str) -> Path:
        """Return where a file stands, or would."""
        return self._root / tenant_id / sha256[:2] / sha256

    @staticmethod
    def names_in(root: Path, tenant_id: str) -> Iterator[tuple[str, os.stat_result]]:
        """List a tenant's files by their sha256; needs no keys."""
        for path in sorted((root / tenant_id).glob("??/*")):
            if not path.name.startswith("."):
                yield path.name, path.stat()

    async def keep(self, tenant_id: str, data: bytes) -> str:
        """Keep bytes durably; the same bytes again are no second file. Returns their sha256."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(tenant_id, sha256)
        if not path.exists():
            key = AESGCM.generate_key(256)
            await self._keys.ensure([KeyName(tenant_id, KEY_ID)])
            clear = ClearPhi.of(KEY_ID, base64.b64encode(key).decode())
            header = msgspec.json.encode(self._keys.seal(tenant_id, _place(sha256), clear))
            await asyncio.to_thread(_write, path, header, key, data)
        return sha256

    async def read(self, tenant_id: str, sha256: str) -> bytes | None:
        """Read a file whole; None when it is not there, forgotten, or not what it was."""
        try:
            chunks = await self.open(tenant_id, sha256)
            data = b"".join(await asyncio.to_thread(list, chunks)) if chunks is not None else None
        except Damaged:
            return None
        return data

    async def open(self, tenant_id: str, sha256: str) -> Iterator[bytes] | None:
        """Open a file to be read in chunks; None when it is not there, or its key was destroyed.

        Raises:
            Damaged: At once or while reading: it is not what was kept.
        """
        path = self.path(tenant_id, sha256)
        try:
            header = await asyncio.to_thread(_header_of, path)
        except FileNotFoundError:
            return None
        try:
            box = msgspec.json.decode(header, type=Phi)
            await self._keys.refresh()
            await self._keys.ensure([KeyName(tenant_id, KEY_ID)])
            if box.bound_to != _place(sha256) or box.key_id != KEY_ID:
                raise Damaged
            content = self._keys.open(tenant_id, box)
        except (msgspec.MsgspecError, NotSealedHere) as error:
            raise Damaged from error
        if content is None:
            return None
        key = base64.b64decode(msgspec.json.decode(content, type=str))
        return _chunks(path, header, key, sha256)


def _place(sha256: str) -> str:
    return f"{sha256}/Archive/file"


def _write(path: Path, header: bytes, key: bytes, data: bytes) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    cipher, view = AESGCM(key), memoryview(data)
    unfinished = path.with_name(f".{path.name[:8]}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_MAGIC + len(header).to_bytes(2) + header)
        count = max(-(-len(data) // _CHUNK), 1)
        for number in range(count):
            part = view[number * _CHUNK : (number + 1) * _CHUNK]
            nonce = _nonce(number, is_last=number == count - 1)
            file.write(cipher.encrypt(nonce, part, header))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def _header_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return _read_header(file)


def _read_header(file: BinaryIO) -> bytes:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise Damaged
    length = int.from_bytes(file.read(2))
    header = file.read(length)
    if not 0 < length <= _HEADER_MAX or len(header) != length:
        raise Damaged
    return header


def _chunks(path: Path, header: bytes, key: bytes, sha256: str) -> Iterator[bytes]:
    """Decrypt chunk by chunk; the digest of all of it is checked before the end is told."""
    cipher, digest = AESGCM(key), hashlib.sha256()
    with path.open("rb") as file:
        _read_header(file)
        number, sealed = 0, file.read(_CHUNK + _TAG)
        while sealed:
            following = file.read(_CHUNK + _TAG)
            try:
                part = cipher.decrypt(_nonce(number, is_last=not following), sealed, header)
            except InvalidTag as error:
                raise Damaged from error
            digest.update(part)
            yield part
            number, sealed = number + 1, following
    if number == 0 or digest.hexdigest() != sha256:
        raise Damaged


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
