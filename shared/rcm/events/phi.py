"""Protected health information inside events: opaque on the log, opaque in stores, never printable.

A field of an event that holds PHI has the type `Phi`. A decision fills it with `ClearPhi` (content
still readable);
the platform seals it before anything is written, and only a sealed `Phi` can be encoded. The box
is AES-256-GCM over
the content; its additional data are `tenant|event id|event name|field`, so that a box cannot be
moved to another
tenant, event or field. `key_id` names the patient's data key; destroying that key forgets the
patient while the log
and every fold of it stay as they are.
"""

from typing import Final, Self

import msgspec

_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class Phi(msgspec.Struct, frozen=True):
    """PHI as it stands on the log and in stores.

    Attributes:
        key_id: The data key that opens it; an opaque id such as `pt_8f...`.
        bound_to: `event_id/EventName/field` that it was sealed for.
        box: base64url of nonce (12 bytes), ciphertext and tag (16 bytes).
    """

    key_id: str
    bound_to: str
    box: str

    def __repr__(self) -> str:
        """Show only which key would open it."""
        return f"Phi({self.key_id})"


class ClearPhi(Phi, frozen=True):
    """PHI on its way into an event, not yet sealed. Encoding one is an assertion failure, not a
    leak.

    Attributes:
        content: The canonical JSON of what is protected.
    """

    content: bytes

    @classmethod
    def of(cls, key_id: str, value: object) -> Self:
        """Take a value (a Struct, list, dict or text) to be sealed under a patient's key."""
        return cls(key_id=key_id, bound_to="", box="", content=_ENCODER.encode(value))

    def __repr__(self) -> str:
        """Show nothing of the content."""
        return f"ClearPhi({self.key_id})"
