"""What the engine decides between load and commit, over dictionaries."""

import msgspec
import pytest

from memory_cases import MemoryKeys, MemoryService, World, fact_of
from rcm.events.phi import ClearPhi
from rcm.platform.engine.parking import StillParked
from rcm.platform.keys import NotSealedHere
from rcm.problems import IdempotencyKeyReused
from service_cases import Cause, ServiceCase
from toy_cases import (
    ALPHA,
    ALPHA_SVC,
    BETA,
    BETA_SVC,
    CATALOGUE,
    GAMMA_SVC,
    AlphaTable,
    BetaTable,
    Echoed,
    GammaTable,
    Noted,
    TooMany,
    broken,
    note_command,
)

alpha = ServiceCase(ALPHA_SVC, AlphaTable.metadata, catalogue=CATALOGUE)
beta = ServiceCase(BETA_SVC, BetaTable.metadata, catalogue=CATALOGUE)


def noted(stream_id="s1", word="hello", version=0, **more):
    cause = {"topic": ALPHA, "source": "alpha-svc", "version": version, **more}
    return Cause(stream_id, Noted(word=word), **cause)


@pytest.fixture(autouse=True)
def _nothing_is_broken():
    broken.clear()
    yield
    broken.clear()


def test_a_command_records_its_fact_state_and_row():
    story = alpha.when(note_command("s1", "hello", "c1")).then(Noted(word="hello"))
    assert story.service.state("s1").words == ["hello"]
    assert story.service.table("note") == [
        {"tenant_id": "northside", "stream_id": "s1", "word_count": 1, "last_word": "hello"}
    ]


def test_a_refusal_records_nothing():
    history = [note_command("s1", "a", f"c{n}") for n in range(3)]
    story = alpha.given(*history).when(note_command("s1", "a", "c9")).refused(TooMany)
    assert story.service.streams["northside", "s1"].version == 3


def test_a_refusal_leaves_its_neighbours_in_the_batch():
    service = alpha.given().service
    commands = [note_command("s1", "a", f"c{n}", words_max=2) for n in range(4)]
    answers = service.batch([], [*commands, note_command("s2", "b", "d1")])
    assert [type(answer).__name__ for answer in answers] == [
        *["Outcome"] * 2, *["TooMany"] * 2, "Outcome",
    ]  # fmt: skip


def test_a_command_id_is_carried_out_once():
    story = alpha.given(note_command("s1", "a", "c1"))
    outcome = story.service.execute(note_command("s1", "a", "c1"))
    assert outcome.repeated
    assert [fact.event for fact in outcome.recorded] == [Noted(word="a")]
    assert story.service.streams["northside", "s1"].version == 1


def test_a_command_that_comes_twice_in_one_batch_is_carried_out_once():
    service = alpha.given().service
    first, second = service.batch([], [note_command("s1", "a", "c1")] * 2)
    assert (first.repeated, second.repeated) == (False, True)


def test_an_idempotency_key_with_another_request_is_refused():
    story = alpha.given(note_command("s1", "a", "c1", key="k", request_hash="1"))
    again = note_command("s1", "b", "c2", key="k", request_hash="2")
    story.when(again).refused(IdempotencyKeyReused)


def test_an_idempotency_key_belongs_to_its_tenant():
    story = alpha.given(note_command("s1", "a", "c1", key="k", request_hash="1"))
    other = note_command("s1", "b", "c2", key="k", request_hash="2", tenant_id="lakeview")
    story.when(other).then(Noted)


def test_phi_is_sealed_before_it_is_folded_and_opens_for_its_tenant_only():
    story = alpha.when(note_command("s1", "a", "c1", secret="JANE CANARY"))
    (fact,) = story.facts
    assert story.open(fact, "secret", str) == "JANE CANARY"
    assert "CANARY" not in repr(story.service.__dict__)
    with pytest.raises(NotSealedHere):
        story.service.keys.open("lakeview", fact.event.secret)


def test_a_repeat_answers_without_phi():
    story = alpha.given(note_command("s1", "a", "c1", secret="JANE"))
    outcome = story.service.execute(note_command("s1", "a", "c1", secret="JANE"))
    assert outcome.recorded[0].event.secret.box == ""


def test_an_event_with_a_box_of_another_event_is_parked():
    story = beta.given()
    record = story.arriving(noted())
    foreign = story.service.keys.seal("northside", "e/Noted/secret", ClearPhi.of("pt_toy", "x"))
    value = CATALOGUE.encode(Noted(word="a", secret=foreign))
    story.service.deliver(record._replace(value=value))
    story.parked("a sealed field belongs to another event")


def test_an_upstream_event_is_answered_once():
    story = beta.given()
    record = story.arriving(noted())
    story.service.deliver(record, record)
    story.service.deliver(record)
    assert len(story.service.outbox) == 1


def test_the_effect_of_an_event_has_the_same_id_however_often_it_is_decided():
    first, second = (beta.when(noted()).facts[0] for _ in range(2))
    assert first.event_id == second.event_id
    assert first.causation_id != first.event_id


def test_an_event_nobody_asks_for_is_passed_over_and_remembered():
    story = beta.when(Cause("x", Echoed(word="a", length=1), topic=ALPHA, source="alpha-svc"))
    story.then()
    assert story.service.inbox["northside", "alpha-svc", "x"] == 1


@pytest.mark.parametrize("change", [
    {"packed": {}},
    {"packed": {"ce_id": "x"}},
    {"packed": b"\xc1"},
    {"key": b"lakeview:s1"},
    {"value": b"{"},
    {"value": b'{"word": 7}'},
])  # fmt: skip
def test_what_cannot_be_read_is_parked_and_the_rest_goes_on(change):
    story = beta.given()
    garbage = story.arriving(noted("s1"))._replace(**change)
    story.service.deliver(garbage, story.arriving(noted("s2")))
    assert [event.cause for event in story.service.parked.values()] == ["not-an-event"]
    assert story.service.state("echo-s2").words == ["hello"]


def test_a_later_version_of_an_event_that_is_reacted_to_is_parked():
    story = beta.given()
    record = story.arriving(noted())
    headers = {**record.headers, "ce_type": "Noted.v2"}
    story.service.deliver(record._replace(packed=headers))
    story.parked()


def test_a_poison_event_parks_its_own_stream_only():
    broken.add("poison")
    story = beta.given()
    story.when(noted("s1", "poison"), noted("s2"), noted("s1", "after"))
    assert [e.cause for e in story.service.parked.values()] == ["decision-failed", "behind"]
    assert story.service.state("echo-s2").words == ["hello"]
    assert [fact.event.name for fact in story.facts] == ["EventParked", "Echoed", "EventParked"]


def parked_records(story, *causes):
    records = [story.arriving(cause) for cause in causes]
    story.service.deliver(*records)
    return records


def test_a_retry_drains_in_order():
    broken.add("poison")
    story = beta.given()
    records = parked_records(story, noted("s1", "poison"), noted("s1", "after"))
    with pytest.raises(StillParked):
        story.service.resume(records)
    broken.clear()
    story.service.resume(records)
    assert story.service.state("echo-s1").words == ["poison", "after"]
    assert story.service.parked == {}
    story.when(noted("s1", "later")).then(Echoed(word="later", length=5))


def test_a_skip_leaves_the_event_out_and_goes_on():
    broken.add("poison")
    story = beta.given()
    records = parked_records(story, noted("s1", "poison"), noted("s1", "after"))
    outcome = story.service.resume(records, skip_first=True)
    assert [fact.event.outcome for fact in outcome.recorded] == ["skipped", "handled"]
    assert story.service.state("echo-s1").words == ["after"]


def test_a_retry_stops_at_the_next_that_fails():
    broken.update(("poison", "venom"))
    story = beta.given()
    records = parked_records(story, noted("s1", "poison"), noted("s1", "venom"))
    broken.remove("poison")
    story.service.resume(records)
    assert [event.event_id for event in story.service.parked.values()] == [
        records[1].headers["ce_id"]
    ]


def test_an_event_before_its_predecessor_waits_for_it():
    story = beta.given()
    third, second = story.arriving(noted("s1", "c", 3)), story.arriving(noted("s1", "b", 2))
    first = story.arriving(noted("s1", "a", 1))
    story.service.deliver(third, third, second)
    assert [event.cause for event in story.service.parked.values()] == ["gap", "behind"]
    story.service.deliver(first)
    story.service.resume([second, third])
    assert story.service.state("echo-s1").words == ["a", "b", "c"]
    assert story.service.parked == {}


def test_a_service_that_only_reads_parks_without_saying_so_on_the_log():
    gamma = ServiceCase(GAMMA_SVC, GammaTable.metadata, catalogue=CATALOGUE)
    story = gamma.given()
    story.service.deliver(story.arriving(noted())._replace(value=b"{"))
    story.parked()
    assert story.service.outbox == []


def toy_world(seed):
    keys = MemoryKeys()
    services = [
        MemoryService(service, table.metadata, keys=keys, catalogue=CATALOGUE)
        for service, table in (
            (ALPHA_SVC, AlphaTable), (BETA_SVC, BetaTable), (GAMMA_SVC, GammaTable),
        )
    ]  # fmt: skip
    world = World(services, seed)
    commands = [
        (services[0], note_command(f"s{n % 40}", f"w{n}", f"c{n}", words_max=99))
        for n in range(200)
    ]
    world.run(commands)
    return world


@pytest.mark.parametrize("seed", range(5))
def test_a_world_with_faults_comes_to_rest_with_each_effect_once(seed):
    world = toy_world(seed)
    alpha, beta, gamma = world.services
    assert len(world.facts(ALPHA)) == len(world.facts(BETA)) == 200
    for _, stream_id in alpha.streams:
        assert beta.state(f"echo-{stream_id}").words == alpha.state(stream_id).words
    assert {row["noted_count"] for row in gamma.table("seen")} == {5}
    assert {row["echoed_count"] for row in gamma.table("seen")} == {5}
    assert {*world.faults} >= {"delivered-again", "crash-after-publish", "crash-before-commit"}


def test_equal_seeds_give_equal_worlds():
    first, second, other = toy_world(7), toy_world(7), toy_world(8)
    assert first.log == second.log
    assert first.log != other.log
    assert fact_of(CATALOGUE, first.records(ALPHA)[0]).source == "alpha-svc"


def test_a_jobs_command_is_not_remembered():
    command = msgspec.structs.replace(note_command("s1", "a", "job"), is_remembered=False)
    story = alpha.given(command)
    assert story.service.outcomes == {}
    story.when(command).then(Noted(word="a"))
    assert [fact.idempotency for fact in story.facts] == [""]
