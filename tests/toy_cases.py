"""A toy product for the platform's tests: alpha notes, beta echoes, gamma only reads.

command ──▶ alpha-svc ──Noted──▶ beta-svc ──Echoed──▶ gamma-svc (folds both)
"""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from rcm.domain import Command, Context, Fact, Loaded, Reaction, Row, Service
from rcm.events.delivery import EventParked, EventUnparked
from rcm.events.envelope import Recorded
from rcm.events.event import Catalogue, Event
from rcm.events.phi import ClearPhi, Phi
from rcm.platform.manifest import Manifest
from rcm.problems import Problem

ALPHA, BETA = "toy.alpha", "toy.beta"
TOPICS = (ALPHA, BETA)
HERE = Path(__file__).parent / "platform"

broken: set[str] = set()
"""Words that beta chokes on, until a test takes them out."""


class Noted(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "Noted"

    word: str
    secret: Phi | None = None


class Echoed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "Echoed"

    word: str
    length: int


CATALOGUE = Catalogue(Noted, Echoed, EventParked, EventUnparked)


class TooMany(Problem):
    """A stream takes three words."""

    slug = "too-many"
    title = "Too many words"
    status = 409


class Words(msgspec.Struct, frozen=True):
    words: list[str]
    secret: Phi | None = None


class AlphaTable(SQLModel, registry=registry()):
    """Tables of alpha-svc."""


class Note(AlphaTable, table=True):
    tenant_id: str = Field(primary_key=True)
    stream_id: str = Field(primary_key=True)
    word_count: int
    last_word: str | None


class BetaTable(SQLModel, registry=registry()):
    """Tables of beta-svc."""


class Echo(BetaTable, table=True):
    tenant_id: str = Field(primary_key=True)
    stream_id: str = Field(primary_key=True)
    word_count: int
    letter_count: int


class GammaTable(SQLModel, registry=registry()):
    """Tables of gamma-svc."""


class Seen(GammaTable, table=True):
    tenant_id: str = Field(primary_key=True)
    stream_id: str = Field(primary_key=True)
    noted_count: int
    echoed_count: int


def evolve_words(state: Words | None, fact: Recorded[Event]) -> Words:
    event = fact.event
    assert isinstance(event, Noted | Echoed)
    before = state.words if state is not None else []
    return Words([*before, event.word], getattr(event, "secret", None))


def project_note(_before: Words | None, after: Words, fact: Recorded[Event]) -> Iterable[Row]:
    yield Row(
        "note",
        {"stream_id": fact.stream_id},
        {"word_count": len(after.words), "last_word": after.words[-1]},
    )


def project_echo(_before: Words | None, after: Words, fact: Recorded[Event]) -> Iterable[Row]:
    yield Row(
        "echo",
        {"stream_id": fact.stream_id},
        {"word_count": len(after.words), "letter_count": sum(map(len, after.words))},
    )


def note(word: str, secret: str = "", words_max: int = 3):
    def decide(loaded: Loaded, context: Context) -> Sequence[Fact]:
        (stream_id,) = [*loaded] or [""]
        state = loaded.get(stream_id)
        if state is not None and len(state.words) >= words_max:
            raise TooMany
        phi = ClearPhi.of("pt_toy", secret) if secret else None
        return [Fact(decide.stream_id, Noted(word=word, secret=phi))]

    return decide


def note_command(
    stream_id: str,
    word: str,
    command_id: str,
    *,
    tenant_id: str = "northside",
    secret: str = "",
    words_max: int = 3,
    key: str = "",
    request_hash: str = "",
) -> Command:
    decide = note(word, secret, words_max)
    decide.stream_id = stream_id
    return Command(
        tenant_id=tenant_id,
        command_id=command_id,
        streams=[stream_id],
        decide=decide,
        actor="tester",
        idempotency_key=key,
        request_hash=request_hash,
        key_ids=["pt_toy"] if secret else [],
    )


def echo(_loaded: Loaded, cause: Recorded[Noted], context: Context) -> Sequence[Fact]:
    if cause.event.word in broken:
        raise LookupError(cause.event.word)
    fact = Echoed(word=cause.event.word, length=len(cause.event.word))
    return [Fact(f"echo-{cause.stream_id}", fact)]


def evolve_seen(state: list[int] | None, fact: Recorded[Event]) -> list[int]:
    noted, echoed = state or [0, 0]
    return [noted + isinstance(fact.event, Noted), echoed + isinstance(fact.event, Echoed)]


def project_seen(
    _before: list[int] | None, after: list[int], fact: Recorded[Event]
) -> Iterable[Row]:
    stream_id = fact.stream_id.removeprefix("echo-")
    yield Row("seen", {"stream_id": stream_id}, {"noted_count": after[0], "echoed_count": after[1]})


def seen_streams(fact: Recorded[Event]) -> Sequence[str]:
    known = isinstance(fact.event, Noted | Echoed)
    return [fact.stream_id.removeprefix("echo-")] if known else []


@dataclasses.dataclass(frozen=True)
class Toy:
    """The three services under names of their own, so that tests can share a Kafka."""

    alpha: Manifest
    beta: Manifest
    gamma: Manifest

    @property
    def topics(self) -> tuple[str, str]:
        return self.alpha.service.topic, self.beta.service.topic


def toy(mark: str = "") -> Toy:
    alpha, beta = f"toy.alpha{mark}", f"toy.beta{mark}"
    reaction = Reaction(lambda cause: [f"echo-{cause.stream_id}"], echo)
    return Toy(
        Manifest(
            Service(f"alpha{mark}-svc", alpha, Words, evolve_words, project_note),
            AlphaTable.metadata,
            HERE / "migrations_alpha",
        ),
        Manifest(
            Service(
                f"beta{mark}-svc",
                beta,
                Words,
                evolve_words,
                project_echo,
                reactions={alpha: {"Noted": reaction}},
            ),
            BetaTable.metadata,
            HERE / "migrations_beta",
        ),
        Manifest(
            Service(
                f"gamma{mark}-svc",
                "",
                list[int],
                evolve_seen,
                project_seen,
                folds={alpha: seen_streams, beta: seen_streams},
            ),
            GammaTable.metadata,
            HERE / "migrations_gamma",
        ),
    )


TOY = toy()
ALPHA_MANIFEST, BETA_MANIFEST, GAMMA_MANIFEST = TOY.alpha, TOY.beta, TOY.gamma
ALPHA_SVC, BETA_SVC, GAMMA_SVC = TOY.alpha.service, TOY.beta.service, TOY.gamma.service
MANIFESTS = (ALPHA_MANIFEST, BETA_MANIFEST, GAMMA_MANIFEST)
