"""What a decision may use beside the states: time, cause, PHI, opaque ids."""

import functools
from datetime import datetime
from typing import TypeVar

import msgspec

from rcm.events.phi import ClearPhi, Phi
from rcm.platform.keys import Keys

T = TypeVar("T")


class Circumstances:
    """The impure things that a decision may use: `rcm.domain.Context`."""

    __slots__ = ("_keys", "cause_id", "now", "tenant_id")

    def __init__(self, keys: Keys, tenant_id: str, now: datetime, cause_id: str) -> None:
        self._keys = keys
        self.tenant_id = tenant_id
        self.now = now
        self.cause_id = cause_id

    def open(self, phi: Phi, shape: type[T]) -> T | None:
        """Read PHI; None when its key was destroyed."""
        if type(phi) is ClearPhi:
            content: bytes | None = phi.content
        else:
            content = self._keys.open(self.tenant_id, phi)
        return None if content is None else _decoder(shape).decode(content)  # type: ignore[arg-type]  # a class is hashable

    def opaque_id(self, prefix: str, *parts: str) -> str:
        """Derive an id by the tenant's keyed hash."""
        return self._keys.opaque_id(self.tenant_id, prefix, *parts)


@functools.cache
def _decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    """Make what reads a shape of PHI; once, for each is asked for with every other event."""
    return msgspec.json.Decoder(shape)
