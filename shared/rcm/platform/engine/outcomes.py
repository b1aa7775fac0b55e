"""What became of commands, kept so that a repeat gets the same answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from rcm.domain import Command
from rcm.events.envelope import Recorded, attributes, recorded
from rcm.events.event import Catalogue, Event, canonical
from rcm.events.phi import Phi
from rcm.platform.log.port import Draft, pack_headers
from rcm.platform.store.port import CommandKey


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command.

    Attributes:
        recorded: The facts. On a repeat they come back without their PHI.
        repeated: An earlier outcome: nothing was done.
    """

    recorded: Sequence[Recorded[Any]]
    repeated: bool = False


def command_key(command: Command) -> CommandKey:
    """Under which a command is remembered: the client's key, or its own id."""
    return command.tenant_id, command.idempotency_key or f"command:{command.command_id}"


def write_outcome(
    catalogue: Catalogue, facts: Sequence[Recorded[Any]], drafts: Sequence[Draft] = ()
) -> bytes:
    """Write what a command recorded, without PHI: a repeat is answered from it.

    Args:
        catalogue: Knows which fields hold PHI.
        facts: What was recorded.
        drafts: The same facts as they go to the log, where they are at hand.
    """
    parts: list[tuple[bytes, bytes]] = []
    for number, fact in enumerate(facts):
        emptied = _emptied(catalogue, fact.event)
        if not drafts:
            envelope = msgspec.structs.replace(fact.envelope(), handled="")
            parts.append((pack_headers(envelope), canonical(emptied)))
        elif emptied is fact.event:
            parts.append((drafts[number].headers, drafts[number].value))
        else:
            parts.append((drafts[number].headers, canonical(emptied)))
    return msgspec.msgpack.encode(parts)


def read_outcome(catalogue: Catalogue, outcome: bytes) -> list[Recorded[Any]]:
    """Read what `write_outcome` wrote."""
    found = []
    for packed, value in msgspec.msgpack.decode(outcome, type=list[tuple[bytes, bytes]]):
        envelope = attributes(packed)
        found.append(recorded(envelope, catalogue.decode(envelope.event_type, value)))
    return found


def _emptied(catalogue: Catalogue, event: Event) -> Event:
    boxes = {
        name: Phi(phi.key_id, phi.bound_to, "")
        for name in catalogue.phi_fields[event.name]
        if (phi := getattr(event, name)) is not None
    }
    return msgspec.structs.replace(event, **boxes) if boxes else event
