"""Order, causes, tenants, and the way of a claim: I8, I9, I10, I13, I16, I17."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rcm.events import claims
from rcm.events.catalogue import CATALOGUE
from rcm.events.envelope import Recorded
from rcm.invariants.breach import Breach, Story, breach

_EDGES: Final = {
    "ClaimPrepared": ({"", "held", "ready", "rejected"}, "ready"),
    "ClaimHeld": ({"", "held", "ready", "rejected"}, "held"),
    "ClaimReleased": ({"held", "ready", "rejected", "batched"}, "ready"),
    "ClaimBatched": ({"ready"}, "batched"),
    "ClaimSubmitted": ({"batched"}, "sent"),
    "ClaimAcknowledged": (
        {"held", "ready", "batched", "sent", "accepted", "rejected", "replaced"},
        "accepted",
    ),
    "ClaimRejected": (
        {"held", "ready", "batched", "sent", "accepted", "rejected", "replaced"},
        "rejected",
    ),
    "ClaimReplaced": ({"held", "ready", "sent", "accepted", "rejected"}, "replaced"),
}
"""From which states each event may come, and where it leads."""

_STAYS: Final = {
    *((state, "ClaimAcknowledged") for state in ("held", "ready", "rejected", "replaced")),
    *((state, "ClaimRejected") for state in ("held", "ready", "replaced")),
}
"""A late answer to an earlier sending is recorded, and moves nothing: a claim that was replaced,
rejected, or made ready again stays so."""


def check_order(events: Sequence[Recorded[Any]]) -> Iterator[Breach]:
    """I8: a stream's versions are 1, 2, 3 ... in the order of the log. A record that was published
    again after a crash (same id, same version) is no breach; another event under a number is.
    """
    last: dict[tuple[str, str, str], int] = {}
    known: dict[tuple[str, str, str, int], str] = {}
    for recorded in events:
        stream = (recorded.tenant_id, recorded.source, recorded.stream_id)
        version, before = recorded.stream_version, last.get(stream, 0)
        first = known.setdefault((*stream, version), recorded.event_id)
        if first != recorded.event_id:
            yield breach("I8", recorded, f"version {version} of {recorded.stream_id} twice")
        elif version == before + 1:
            last[stream] = version
        elif version > before + 1:
            yield breach(
                "I8", recorded, f"{recorded.stream_id} goes from version {before} to {version}"
            )
            last[stream] = version


def check_causality(story: Story) -> Iterator[Breach]:
    """I13: what caused an event was recorded no later than it."""
    for recorded in story.events:
        cause = story.by_id.get(recorded.causation_id)
        if cause is not None and cause.recorded_at > recorded.recorded_at:
            yield breach("I13", recorded, f"recorded before its cause {cause.event_id}")


def check_tenants(story: Story) -> Iterator[Breach]:
    """I10: cause and effect are of one tenant, and a sealed field belongs to its own event."""
    for recorded in story.events:
        cause = story.by_id.get(recorded.causation_id)
        if cause is not None and cause.tenant_id != recorded.tenant_id:
            yield breach("I10", recorded, f"caused by {cause.event_id} of another tenant")
        for name in CATALOGUE.phi_fields.get(recorded.event.name, ()):
            phi = getattr(recorded.event, name)
            bound_to = f"{recorded.event_id}/{recorded.event.name}/{name}"
            if phi is not None and phi.bound_to != bound_to:
                yield breach("I10", recorded, f"{name} was sealed for another event")


def check_states(story: Story) -> Iterator[Breach]:
    """I9: a claim goes only along the edges of its way to the payer."""
    for (_, source, _), events in story.claims.items():
        if source != "claims-svc":
            continue
        state = ""
        for recorded in events:
            name = recorded.event.name
            if name not in _EDGES:
                continue
            allowed, after = _EDGES[name]
            if state not in allowed:
                yield breach("I9", recorded, f"{name} of a claim that is {state or 'not there'}")
            if (state, name) not in _STAYS:
                state = after


def check_sending(story: Story) -> Iterator[Breach]:
    """I16: a claim is sent once per attempt. I17: an interchange control number is given once per
    sender and receiver.
    """
    attempts: set[tuple[str, str, int]] = set()
    for recorded in story.of(claims.ClaimSubmitted):
        key = (recorded.tenant_id, recorded.event.claim_id, recorded.event.attempt)
        if key in attempts:
            yield breach("I16", recorded, f"attempt {key[2]} was sent twice")
        attempts.add(key)
    numbers: set[tuple[str, str, str]] = set()
    for recorded in story.of(claims.InterchangePrepared):
        event = recorded.event
        number = (event.submitter_id, event.receiver_id, event.interchange_control_number)
        if number in numbers:
            yield breach("I17", recorded, f"interchange {number[2]} to {number[1]} twice")
        numbers.add(number)
