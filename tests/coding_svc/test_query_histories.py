"""Physician queries under any order of what people, timers, receivers and EHRs do."""

from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coding_cases import TENANT, charges, in1, message, pid, pv1, register
from coding_cases import segment as seg
from coding_svc.decide import commands, queries, query_delivery
from coding_svc.decide.commands import Codes
from coding_svc.decide.queries import Draft
from coding_svc.model.encounter import evolve
from coding_svc.model.query import Query
from coding_svc.store.queries import Measured
from coding_svc.views.projection import project
from memory_cases import fact_of
from query_cases import content
from query_desk_cases import POLICY, Asking
from rcm.events.catalogue import CATALOGUE
from rcm.platform.log.port import Record, unpack_headers
from rcm.problems import Problem

QUERIES = (1, 2, 3)
LATE = "20260305080000-0500"
OTHER_ACCOUNT = message("ADT^A04", pid("R0", "A0"), pv1(visit="V0"), in1(), number="5")
MERGE = message("ADT^A40", pid(), seg("MRG", f1="R0^^^HOSP^MR", f3="A0"), number="40", sent=LATE)
MESSAGES = (
    register(),
    charges(),
    message("ADT^A11", pid(), pv1(), number="11", sent="20260303"),
    MERGE,
)
STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from(QUERIES), st.sampled_from(["A0", "A1"])),
    st.tuples(st.just("send"), st.sampled_from(QUERIES), st.sampled_from(["", "portal", "fetch"])),
    st.tuples(st.just("start"), st.sampled_from(QUERIES), st.none()),
    st.tuples(
        st.just("settle"),
        st.sampled_from(QUERIES),
        st.sampled_from(["delivered", "unknown", "refused", "not-sent"]),
    ),
    st.tuples(st.just("fetched"), st.sampled_from(QUERIES), st.none()),
    st.tuples(st.just("answer"), st.sampled_from(QUERIES), st.sampled_from("abz")),
    st.tuples(
        st.just("close"),
        st.sampled_from(QUERIES),
        st.sampled_from(["answered", "withdrawn", "unanswered"]),
    ),
    st.tuples(st.just("escalate"), st.sampled_from(QUERIES), st.none()),
    st.tuples(st.just("days"), st.integers(0, 3), st.none()),
    st.tuples(st.just("message"), st.integers(0, len(MESSAGES) - 1), st.none()),
    st.tuples(st.just("recode"), st.sampled_from(["N17.9", "E11.9"]), st.none()),
)


class Office(Asking):
    """A desk at which anything may be asked for at any time; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__(register(), OTHER_ACCOUNT)
        self.wire: list[tuple[str, int, str]] = []

    def id_of(self, number: int) -> str:
        return self.opaque("qry", str(number))

    def where(self, query_id: str) -> str:
        """The encounter that a query holds, or would."""
        query = self.query(query_id)
        target = query.encounter_id if query is not None else self.encounter_id()
        state = self.service.state(target, TENANT)
        return state.merged_into if state is not None and state.merged_into else target

    def does(self, step: tuple[str, Any, Any]) -> None:
        kind, first, second = step
        before = self.service.dump_hash()
        try:
            getattr(self, f"do_{kind}")(first, second)
        except Problem:
            assert self.service.dump_hash() == before

    def do_open(self, number: int, account: str) -> None:
        query_id, target = self.id_of(number), self.encounter_id(account)
        if self.query(query_id) is None:
            draft = Draft(content=content(), physician_id="1999999901")
            decide = partial(queries.open_query, query_id, target, draft, POLICY)
            self.do([query_id, target], decide)

    def do_send(self, number: int, channel: str) -> None:
        self.send(self.id_of(number), channel)

    def do_start(self, number: int, _: None) -> None:
        for event in self.start(self.id_of(number)):
            self.wire.append((event.query_id, event.delivery_number, event.control_number))

    def do_settle(self, number: int, outcome: Any) -> None:
        if self.query(self.id_of(number)) is not None:
            self.settle(self.id_of(number), outcome)

    def do_fetched(self, number: int, _: None) -> None:
        self.do([self.id_of(number)], partial(query_delivery.fetched, self.id_of(number)))

    def do_answer(self, number: int, key: str) -> None:
        query_id = self.id_of(number)
        reply = queries.Reply(option_key=key)
        target = self.where(query_id)
        self.do([query_id, target], partial(queries.answer, query_id, target, reply))

    def do_close(self, number: int, cause: Any) -> None:
        query_id = self.id_of(number)
        target = self.where(query_id)
        decide = partial(queries.close, query_id, target, cause, "", self.profiles)
        self.do([query_id, target], decide)

    def do_escalate(self, number: int, _: None) -> None:
        self.escalate(self.id_of(number))

    def do_days(self, days: int, _: None) -> None:
        self.later(days=days)

    def do_message(self, number: int, _: None) -> None:
        self.take(MESSAGES[number])

    def do_recode(self, code: str, _: None) -> None:
        target = self.encounter_id()
        wanted = Codes(diagnoses=(code,))
        self.do([target], partial(commands.recode, target, wanted, self.profiles))


def holds(office: Office) -> None:
    """What is so at any time."""
    states = [office.service.state(stream, TENANT) for _, stream in office.service.streams]
    asked = {state.query_id: state for state in states if isinstance(state, Query)}
    for account in ("A0", "A1"):
        encounter = office.state(account)
        if encounter is None:
            continue
        mine = [
            query_id
            for query_id, query in asked.items()
            if query.is_open and office.where(query_id) == encounter.encounter_id
        ]
        if encounter.status != "merged":
            assert sorted(encounter.open_queries) == sorted(mine)
        assert set(encounter.answered_queries) == {
            q for q in encounter.open_queries if asked[q].status == "answered"
        }
        said = [r for r in encounter.reasons if r.rule_id in ("query-open", "query-answered")]
        assert sorted(r.path for r in said) == sorted(
            f"queries/{query_id}" for query_id in encounter.open_queries
        )
        if encounter.status == "coded":
            assert encounter.open_queries == ()
    for query in asked.values():
        assert bool(query.sent_at) == (query.delivery_number > 0)
        assert query.status != "answered" or query.answered_at
        assert query.delivery != "due" or query.status != "draft"


def folded_anew(office: Office) -> None:
    """The rows of queries are what their facts say, and nothing else."""
    states: dict[str, Any] = {}
    rows: dict[Any, Any] = {}
    for number, draft in enumerate(office.service.outbox):
        headers = unpack_headers(draft.headers)
        fact = fact_of(
            CATALOGUE, Record("", draft.partition, number, draft.key, headers, draft.value)
        )
        before = states.get(fact.stream_id)
        after = states[fact.stream_id] = evolve(before, fact)
        for row in project(before, after, fact):
            if row.table == "query":
                _, key, values = office.service.core.shapes["query"].bind(TENANT, row)
                rows[key] = values
    assert rows == office.service.rows["query"]


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, min_size=6, max_size=30))
@example([("open", 1, "A0"), ("message", 3, None), ("close", 1, "withdrawn")])
@example([("open", 1, "A0"), ("send", 1, ""), ("answer", 1, "a"), ("message", 3, None)])
def test_whatever_happens_an_open_query_holds_its_encounter_and_nothing_is_sent_unsaid(steps):
    office = Office()
    for step in steps:
        office.does(step)
        holds(office)
    folded_anew(office)
    numbers: dict[tuple[str, int], set[str]] = {}
    for query_id, delivery, control_number in office.wire:
        numbers.setdefault((query_id, delivery), set()).add(control_number)
    assert all(len(those) == 1 for those in numbers.values())
    assert len({next(iter(those)) for those in numbers.values()}) == len(numbers)


def test_a_walk_through_everything_comes_to_the_end():
    office = Office()
    for step in (
        ("message", 1, None), ("open", 1, "A1"), ("send", 1, ""), ("start", 1, None),
        ("settle", 1, "unknown"), ("start", 1, None), ("settle", 1, "delivered"),
        ("days", 3, None), ("escalate", 1, None), ("start", 1, None), ("answer", 1, "a"),
        ("recode", "N17.9", None), ("close", 1, "answered"),
    ):  # fmt: skip
        office.does(step)
        holds(office)
    assert office.state().status == "coded"
    assert len(office.wire) == 3
    assert office.query(office.id_of(1)).close_cause == "answered"


@pytest.mark.parametrize("name", Measured._fields)
def test_what_is_measured_is_a_column(name):
    office = Office()
    office.does(("open", 1, "A1"))
    (row,) = office.service.table("query")
    assert name in row
