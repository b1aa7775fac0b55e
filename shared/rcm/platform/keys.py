"""Keys of patients: what makes PHI on the log readable, and forgetting a patient possible.

    wrapping key (file, or Vault) ─wraps─▶ tenant's key ─wraps─▶ patient's data key ─seals─▶ PHI

Sealing and opening never wait: a key that is not at hand raises `KeysMissing`, the engine fetches
or makes all that a batch lacks in one go (`ensure`), and decides the batch again.
"""

import base64
import hashlib
import hmac
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rcm.events.phi import ClearPhi, Phi
from rcm.platform.settings import Settings
from rcm.platform.wrapping import Wrapping, key_file, open_wrapping

_NONCE: Final = 12
_KEY: Final = 32
_ID_BYTES: Final = 10
_CACHE_MAX: Final = 50_000
_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [one + two for one in _DIGITS for two in _DIGITS]
_SHIFTS: Final = range(_ID_BYTES * 8 - 10, -10, -10)
"""Base 32 (RFC 4648) in lower case, ten bits at a time; `base64` takes three times as long."""


class KeyName(NamedTuple):
    """Whose key."""

    tenant_id: str
    key_id: str


class KeysMissing(Exception):
    """Keys that are not at hand; call `ensure` with them and try again."""

    def __init__(self, names: Collection[KeyName]) -> None:
        super().__init__("keys are not at hand")
        self.names = frozenset(names)


class KeyDestroyed(Exception):
    """The patient was forgotten: nothing can be sealed under that key any more."""


class Keys(Protocol):
    """What the platform asks of a key service. One suite holds every implementation to it."""

    async def ensure(self, names: Collection[KeyName]) -> None:
        """Have keys at hand, making those that do not exist; durable when it returns."""
        ...

    async def refresh(self) -> None:
        """Learn which keys were destroyed elsewhere."""
        ...

    def seal(self, tenant_id: str, bound_to: str, phi: ClearPhi) -> Phi:
        """Seal for one field of one event.

        Raises:
            KeysMissing: The key is not at hand.
            KeyDestroyed: The key was destroyed.
        """
        ...

    def open(self, tenant_id: str, phi: Phi) -> bytes | None:
        """Open a box; None when its key was destroyed.

        Raises:
            KeysMissing: The key is not at hand.
            NotSealedHere: The box is not of this tenant, event and field.
        """
        ...

    def opaque_id(self, tenant_id: str, prefix: str, *parts: str) -> str:
        """Derive an id by the tenant's keyed hash: `prefix_` and 16 of `a-z2-7`."""
        ...

    async def destroy(self, tenant_id: str, key_id: str) -> None:
        """Forget a patient. There is no way back."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class NotSealedHere(ValueError):
    """A box does not belong where it stands, or was changed."""


class _Tenant(NamedTuple):
    wrap: AESGCM
    hash_key: bytes


class KeyFolder:
    """The embedded key store: two files in a folder, both mode 0600, shared by the processes of one
    machine. Deleted keys are overwritten (`secure_delete`).
    """

    def __init__(self, folder: Path, wrapping: Wrapping | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._wrapping = wrapping or key_file(folder / "master.key")
        path = folder / "keys.db"
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self._db.executescript(
            "pragma journal_mode=wal; pragma synchronous=full; pragma secure_delete=on;"
            "create table if not exists tenant(tenant_id text primary key, wrapped blob not null)"
            " without rowid;"
            "create table if not exists data_key(tenant_id text, key_id text, wrapped blob,"
            " primary key(tenant_id, key_id)) without rowid;"
        )
        self._tenants: dict[str, _Tenant] = {}
        self._cache: OrderedDict[KeyName, AESGCM | None] = OrderedDict()
        self._version = -1

    async def ensure(self, names: Collection[KeyName]) -> None:
        """Make what does not exist in one commit, then keep it at hand."""
        missing = [name for name in names if name not in self._cache]
        if not missing:
            return
        made = []
        for name in missing:
            if not self._load(name):
                wrap = self._tenant(name.tenant_id).wrap
                made.append((*name, _wrap(wrap, AESGCM.generate_key(256), name)))
        if made:
            self._db.execute("begin immediate")
            # Another process may have made one meanwhile: then its key holds.
            self._db.executemany("insert or ignore into data_key values(?, ?, ?)", made)
            self._db.execute("commit")
            for tenant_id, key_id, _ in made:
                self._load(KeyName(tenant_id, key_id))

    async def refresh(self) -> None:
        """Forget what is at hand when another process changed the file."""
        (version,) = self._db.execute("pragma data_version").fetchone()
        if version != self._version:
            self._version = version
            destroyed = self._db.execute(
                "select tenant_id, key_id from data_key where wrapped is null"
            )
            for tenant_id, key_id in destroyed:
                self._cache[KeyName(tenant_id, key_id)] = None

    def seal(self, tenant_id: str, bound_to: str, phi: ClearPhi) -> Phi:
        """Seal for one field of one event."""
        cipher = self._key(KeyName(tenant_id, phi.key_id))
        if cipher is None:
            raise KeyDestroyed
        nonce = os.urandom(_NONCE)
        box = nonce + cipher.encrypt(nonce, phi.content, _bound(tenant_id, bound_to))
        return Phi(phi.key_id, bound_to, base64.urlsafe_b64encode(box).decode())

    def open(self, tenant_id: str, phi: Phi) -> bytes | None:
        """Open a box."""
        cipher = self._key(KeyName(tenant_id, phi.key_id))
        if cipher is None:
            return None
        try:
            box = base64.urlsafe_b64decode(phi.box)
            return cipher.decrypt(box[:_NONCE], box[_NONCE:], _bound(tenant_id, phi.bound_to))
        except (InvalidTag, ValueError) as error:
            raise NotSealedHere(repr(phi)) from error

    def opaque_id(self, tenant_id: str, prefix: str, *parts: str) -> str:
        """Derive an id by the tenant's keyed hash; parts are length-prefixed, so none can imitate
        two.
        """
        content = "".join(f"{len(part)}:{part}" for part in (prefix, *parts)).encode()
        digest = hmac.digest(self._tenant(tenant_id).hash_key, content, hashlib.sha256)
        number = int.from_bytes(digest[:_ID_BYTES])
        return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"

    async def destroy(self, tenant_id: str, key_id: str) -> None:
        """Overwrite the data key and remember that there was one."""
        self._db.execute(
            "insert into data_key values(?, ?, null) on conflict do update set wrapped=null",
            (tenant_id, key_id),
        )
        self._db.execute("pragma wal_checkpoint(truncate)")
        self._cache[KeyName(tenant_id, key_id)] = None

    async def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _key(self, name: KeyName) -> AESGCM | None:
        try:
            cipher = self._cache[name]
        except KeyError:
            if not self._load(name):
                raise KeysMissing([name]) from None
            return self._cache[name]
        self._cache.move_to_end(name)
        return cipher

    def _load(self, name: KeyName) -> bool:
        row = self._db.execute(
            "select wrapped from data_key where tenant_id=? and key_id=?", name
        ).fetchone()
        if row is None:
            return False
        wrap = self._tenant(name.tenant_id).wrap
        self._cache[name] = None if row[0] is None else AESGCM(_unwrap(wrap, row[0], name))
        if len(self._cache) > _CACHE_MAX:
            self._cache.popitem(last=False)
        return True

    def _tenant(self, tenant_id: str) -> _Tenant:
        found = self._tenants.get(tenant_id)
        if found is None:
            bound_to = f"{tenant_id}|".encode()
            query = "select wrapped from tenant where tenant_id=?"
            row = self._db.execute(query, (tenant_id,)).fetchone()
            if row is None:
                made = self._wrapping.wrap(os.urandom(2 * _KEY), bound_to)
                # Another process may have made one meanwhile: then its key holds.
                self._db.execute("insert or ignore into tenant values(?, ?)", (tenant_id, made))
                row = self._db.execute(query, (tenant_id,)).fetchone()
            keys = self._wrapping.unwrap(row[0], bound_to)
            found = self._tenants[tenant_id] = _Tenant(AESGCM(keys[:_KEY]), keys[_KEY:])
        return found


def open_keys(settings: Settings) -> KeyFolder:
    """Open the key folder, wrapped by what the settings say."""
    return KeyFolder(settings.data_dir / "keys", open_wrapping(settings))


def _bound(tenant_id: str, bound_to: str) -> bytes:
    """Additional data: `tenant|event id|event name|field`."""
    return f"{tenant_id}|{bound_to.replace('/', '|')}".encode()


def _wrap(cipher: AESGCM, key: bytes, name: KeyName) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, key, f"{name.tenant_id}|{name.key_id}".encode())


def _unwrap(cipher: AESGCM, wrapped: bytes, name: KeyName) -> bytes:
    bound = f"{name.tenant_id}|{name.key_id}".encode()
    return cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
