"""What wraps the tenants' keys: a key in a file, a key given by the operator, or Vault's Transit.

Only tenants' keys are wrapped here: one call a tenant and process, never one a patient or event.
The wrapped keys stand in the key folder whatever wraps them; without the wrapping key they are
noise, so that a copy of the folder alone opens nothing where the key is elsewhere.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rcm.platform.settings import Misconfigured, Settings
from rcm.platform.store.port import StoreUnavailable

_NONCE: Final = 12
_KEY: Final = 32
_VAULT_S: Final = 5.0


class KeysUnavailable(StoreUnavailable):
    """The key service does not answer. Work that needs a key waits; nothing is written in clear."""


class WrongKey(RuntimeError):
    """A tenant's key was wrapped by another key, or for another tenant."""


class Wrapping(Protocol):
    """What is asked of a wrapping key. One suite holds every implementation to it."""

    def wrap(self, plain: bytes, bound_to: bytes) -> bytes:
        """Wrap a key for one place.

        Raises:
            KeysUnavailable: The service does not answer.
        """
        ...

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Unwrap it again.

        Raises:
            KeysUnavailable: The service does not answer.
            WrongKey: It was wrapped by another key, or for another place.
        """
        ...


class LocalKey:
    """A key of 32 bytes in this process: AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def wrap(self, plain: bytes, bound_to: bytes) -> bytes:
        """Nonce, then ciphertext and tag."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Check and decrypt."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise WrongKey("a tenant's key was wrapped by another key") from error


class VaultTransit:
    """A key that never leaves a Vault: its Transit engine encrypts and decrypts for us.

    The key must be of a kind with associated data, such as `aes256-gcm96`. Rotating it in Vault
    leaves what was wrapped before readable: the answer names the version (`vault:v2:...`).
    """

    def __init__(
        self,
        url: str,
        token: str,
        key_name: str,
        *,
        mount: str = "transit",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._key_name = key_name
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1/{mount}/",
            headers={"X-Vault-Token": token, "X-Vault-Request": "true"},
            timeout=_VAULT_S,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def wrap(self, plain: bytes, bound_to: bytes) -> bytes:
        """Have it encrypted; what comes back is text such as `vault:v1:...`."""
        found = self._ask("encrypt", {"plaintext": _text(plain)}, bound_to)
        return str(found["ciphertext"]).encode()

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Have it decrypted."""
        text = wrapped.decode("ascii", "replace")
        if not text.startswith("vault:v"):
            raise WrongKey("a tenant's key was not wrapped by Vault")
        return base64.b64decode(self._ask("decrypt", {"ciphertext": text}, bound_to)["plaintext"])

    def _ask(self, action: str, body: dict[str, str], bound_to: bytes) -> dict[str, Any]:
        body["associated_data"] = _text(bound_to)
        try:
            answer = self._client.post(f"{action}/{self._key_name}", json=body)
            if answer.status_code == 400 and action == "decrypt":
                raise WrongKey("Vault does not open a tenant's key: wrapped by another key")
            answer.raise_for_status()
            found: dict[str, Any] = msgspec.json.decode(answer.content)["data"]
        except (httpx.HTTPError, msgspec.MsgspecError, KeyError, TypeError) as error:
            raise KeysUnavailable(type(error).__name__) from error
        return found


def open_wrapping(settings: Settings) -> Wrapping:
    """Make what the settings ask for: Vault, a given key, or the key file of the data folder."""
    if settings.vault_url:
        return VaultTransit(
            settings.vault_url,
            settings.vault_token,
            settings.vault_key,
            mount=settings.vault_mount,
        )
    if settings.master_key:
        try:
            key = base64.b64decode(settings.master_key, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY:
            raise Misconfigured("RCM_MASTER_KEY must be 32 bytes as base64")
        return LocalKey(key)
    return key_file(settings.data_dir / "keys" / "master.key")


def key_file(path: Path) -> LocalKey:
    """Read the key file; the first process makes it, whole or not at all.

    Raises:
        PermissionError: Others than its owner may read it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(_KEY))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} must be readable by its owner only (mode 0600)")
    return LocalKey(path.read_bytes())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
