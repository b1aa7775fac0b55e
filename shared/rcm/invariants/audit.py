"""I14: who saw what of which patient, as a chain: nothing is changed or left out unseen.

Each service has one chain a tenant. An entry's hash covers the entry and the hash before it, so
that a changed, removed, or inserted entry breaks every one after it; the head, kept apart and
copied elsewhere by `rcm audit heads`, shows when the end was cut off or all was written anew.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from rcm.invariants.breach import Breach

Outcome = Literal["shown", "forgotten", "refused"]
"""What became of it: shown; nothing to show, since the patient's key was destroyed; not allowed."""

PURPOSE_CODES: Final = ("HPAYMT", "HOPERAT", "TREAT", "PATRQT", "HCOMPL", "BTG")
"""Of HL7's PurposeOfUse: payment, operations, treatment, the patient's own request, compliance, and
break the glass."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked to see something of a patient. Holds opaque ids only.

    Attributes:
        tenant_id: Whose patient.
        actor: The issuer's name for who asked.
        subject_kind: What was asked for, such as `event`, `claim-x12`, `archived-file`.
        subject_id: Its opaque id.
        key_ids: The patients' keys that it is sealed under.
        purpose_code: Why, of `PURPOSE_CODES`.
        outcome: What became of it.
        request_id: Of the request; leads to the log. Empty for a command.
    """

    tenant_id: str
    actor: str
    subject_kind: str
    subject_id: str
    key_ids: list[str]
    purpose_code: str
    outcome: Outcome
    request_id: str = ""


class AuditEntry(View, frozen=True, kw_only=True):
    """A view as it stands in the chain.

    Attributes:
        service: Whose chain.
        sequence: 1, 2, 3 ... within service and tenant.
        at: When: RFC 3339, UTC, microseconds.
        previous_hash: Of the entry before; empty for the first.
        entry_hash: sha256 of all of the above.
    """

    service: str
    sequence: int
    at: str
    previous_hash: str
    entry_hash: str = ""


class Head(NamedTuple):
    """The end of a chain.

    Attributes:
        service: Whose chain.
        tenant_id: Whose patients.
        sequence: How many entries it has.
        entry_hash: Of the last one.
    """

    service: str
    tenant_id: str
    sequence: int
    entry_hash: str


def chained(view: View, service: str, before: Head, at: str) -> AuditEntry:
    """Make the entry that follows on a head."""
    entry = AuditEntry(
        **msgspec.structs.asdict(view),
        service=service,
        sequence=before.sequence + 1,
        at=at,
        previous_hash=before.entry_hash,
    )
    return msgspec.structs.replace(entry, entry_hash=hash_of(entry))


def hash_of(entry: AuditEntry) -> str:
    """Hash an entry as canonical JSON, its own hash left out."""
    return hashlib.sha256(_encode(msgspec.structs.replace(entry, entry_hash=""))).hexdigest()


def check_chains(
    entries: Iterable[AuditEntry], heads: Iterable[Head], anchors: Iterable[Head] = ()
) -> Iterator[Breach]:
    """I14: every chain is whole, ends where its head says, and holds what was seen of it before.

    Args:
        entries: Each chain in its order.
        heads: As the service keeps them.
        anchors: Heads of an earlier day that were kept elsewhere.
    """
    ends: dict[tuple[str, str], Head] = {}
    hashes: dict[tuple[str, str, int], str] = {}
    for entry in entries:
        key = (entry.service, entry.tenant_id)
        before = ends.get(key, Head(*key, 0, ""))
        if entry.sequence != before.sequence + 1:
            yield _breach(entry, f"entry {entry.sequence} follows {before.sequence}")
        elif entry.previous_hash != before.entry_hash:
            yield _breach(entry, f"entry {entry.sequence} was written after another one")
        if hash_of(entry) != entry.entry_hash:
            yield _breach(entry, f"entry {entry.sequence} was changed")
        ends[key] = Head(*key, entry.sequence, entry.entry_hash)
        hashes[(*key, entry.sequence)] = entry.entry_hash
    yield from _check_heads(ends, {(head.service, head.tenant_id): head for head in heads})
    for anchor in anchors:
        if hashes.get(anchor[:3]) != anchor.entry_hash:
            yield Breach(
                invariant="I14",
                tenant_id=anchor.tenant_id,
                text=f"{anchor.service}: entry {anchor.sequence} is not the one that was anchored",
            )


def _check_heads(
    ends: Mapping[tuple[str, str], Head], heads: Mapping[tuple[str, str], Head]
) -> Iterator[Breach]:
    for key in sorted({*ends, *heads}):
        end, head = ends.get(key, Head(*key, 0, "")), heads.get(key, Head(*key, 0, ""))
        if end != head:
            text = f"{key[0]}: the chain ends at {end.sequence}, its head says {head.sequence}"
            yield Breach(invariant="I14", tenant_id=key[1], text=text)


def _breach(entry: AuditEntry, text: str) -> Breach:
    return Breach(invariant="I14", tenant_id=entry.tenant_id, text=f"{entry.service}: {text}")
