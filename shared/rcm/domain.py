"""What a service is, without saying how it runs: pure functions over events, and nothing else.

    upstream event or command ──▶ decide(state, cause) ──▶ facts ──▶ evolve(state, fact) ──▶ state
                                                             │
                                                             └─────▶ project(before, after, fact)
                                                             ──▶ rows to read

The platform loads the states of all streams that a batch touches in one query, runs these
functions, and commits
state, rows, events (= outbox) and consumed offsets together. `evolve` and `project` run live and
in a rebuild; `decide`
runs live only. So a store is a fold of its service's own topic, and equals its rebuild row for row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.events.phi import Phi

S = TypeVar("S")
T = TypeVar("T")


class Fact(NamedTuple):
    """An event that a decision wants recorded, and the stream that it belongs to."""

    stream_id: str
    event: Event


class Row(NamedTuple):
    """A change to a table that people and programs read. The tenant is added by the platform.

    Attributes:
        table: Name of a table of this service.
        key: Primary key without the tenant, by column.
        values: The other columns to insert or to overwrite (all of them); None deletes the row.
    """

    table: str
    key: Mapping[str, Any]
    values: Mapping[str, Any] | None


class Context(Protocol):
    """The impure things that a decision may use; the same for every fact of one cause."""

    @property
    def tenant_id(self) -> str:
        """Whose case this is."""
        ...

    @property
    def now(self) -> datetime:
        """When the decision is recorded (UTC)."""
        ...

    @property
    def cause_id(self) -> str:
        """Event id or command id of the cause: ids derive from it, so that a repeat gives the same
        ones.
        """
        ...

    def open(self, phi: Phi, shape: type[T]) -> T | None:
        """Read PHI; None when its key was destroyed."""
        ...

    def opaque_id(self, prefix: str, *parts: str) -> str:
        """Derive an id from identifying values by a keyed hash of the tenant: stable, and tells
        nothing (`pt_...`).
        """
        ...


Loaded = Mapping[str, Any]
"""The states of the streams that were asked for, by stream id; a stream that does not exist yet is
absent."""


class Reaction(NamedTuple):
    """How a service answers an event of another service.

    Attributes:
        streams: Which of its own streams the decision needs.
        decide: The decision. Order across topics is not guaranteed: it must accept or wait, never
            assume.
    """

    streams: Callable[[Recorded[Any]], Sequence[str]]
    decide: Callable[[Loaded, Recorded[Any], Context], Sequence[Fact]]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a service that is not an event: from HTTP, a socket, a file or a timer.

    Attributes:
        tenant_id: Whose case it is; from a verified token, never from the request's body.
        command_id: Unique; effects derive their ids from it. The same id is carried out once.
        streams: Which streams the decision needs.
        decide: The decision; raises a Problem to refuse.
        actor: Who asks: a user's subject or the name of a job.
        correlation_id: Of the story that this belongs to; empty for the command's own id.
        key_ids: PHI keys that the facts will be sealed under, so that new ones are made in one go.
        idempotency_key: The client's `Idempotency-Key`, or empty.
        request_hash: sha256 of the request that the key stands for.
        traceparent: W3C trace context, or empty.
        is_remembered: Its outcome is kept, so that a repeat gets the same answer. Not for a job's
            command, whose id is never used again.
    """

    tenant_id: str
    command_id: str
    streams: Sequence[str]
    decide: Callable[[Loaded, Context], Sequence[Fact]]
    actor: str
    correlation_id: str = ""
    key_ids: Sequence[str] = ()
    idempotency_key: str = ""
    request_hash: str = ""
    traceparent: str = ""
    is_remembered: bool = True


@dataclass(frozen=True)
class Service(Generic[S]):
    """A service as data.

    Attributes:
        name: `claims-svc`; the `ce_source` of what it records.
        topic: Where its facts go, such as `rcm.claims`; empty for one that only reads.
        state: The Struct (or tagged union of Structs) of a stream's state; its JSON is stored.
        evolve: Fold one own fact into the state of its stream.
        project: Rows that a fact changes, given the state before and after.
        reactions: By topic, then by event name: how it answers.
        folds: By topic: for a read-only service, the streams that an event belongs to. Its
            `evolve` and `project`
            then see other services' events.
    """

    name: str
    topic: str
    state: Any
    evolve: Callable[[S | None, Recorded[Any]], S]
    project: Callable[[S | None, S, Recorded[Any]], Iterable[Row]]
    reactions: Mapping[str, Mapping[str, Reaction]] = field(default_factory=dict)
    folds: Mapping[str, Callable[[Recorded[Any]], Sequence[str]]] = field(default_factory=dict)
