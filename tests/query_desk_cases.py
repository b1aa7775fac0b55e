"""A desk in memory at which coders ask physicians."""

from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from coding_cases import TENANT, Desk
from coding_svc.decide import queries, query_delivery
from coding_svc.decide.queries import Draft
from coding_svc.decide.query_delivery import Attempt
from coding_svc.model.query import Content, Reply
from coding_svc.rules.query_policy import QueryPolicy
from query_cases import content

ADVISOR = "1999999919"
SURGEON = "1999999935"
POLICY = QueryPolicy.of(
    {
        "version": 4,
        "answer_within_days": 2,
        "escalation": [{"physician": ADVISOR, "answer_within_days": 1}],
        "channels": {
            "ehr": {"kind": "mdm", "port": 2575},
            "portal": {"kind": "webhook", "url": "https://portal.test/q", "secret_file": "s"},
            "fetch": {"kind": "fhir-pull"},
        },
        "default_channel": "ehr",
        "physicians": {ADVISOR: {"subject": "advisor", "channel": "portal"}},
        "retry_after_s": [30, 60],
    }
)


class Asking(Desk):
    """A desk that asks physicians."""

    def __init__(self, *messages: bytes, policy: QueryPolicy = POLICY) -> None:
        super().__init__()
        self.policy = policy
        self.commands = 0
        for data in messages:
            self.take(data)

    def do(self, streams: list[str], decide: Any) -> list[Any]:
        self.commands += 1
        return self.execute(f"q{self.commands}", streams, decide)

    def open(
        self, asked: Content | None = None, number: int = 1, account: str = "A1", **more: Any
    ) -> tuple[str, list[Any]]:
        query_id = self.opaque("qry", str(number))
        encounter_id = self.encounter_id(account)
        draft = Draft(content=asked or content(), **more)
        decide = partial(queries.open_query, query_id, encounter_id, draft, self.policy)
        return query_id, self.do([query_id, encounter_id], decide)

    def send(self, query_id: str, channel: str = "") -> list[Any]:
        decide = partial(query_delivery.send, query_id, channel, self.policy, {})
        return self.do([query_id], decide)

    def start(self, query_id: str) -> list[Any]:
        return self.do([query_id], partial(query_delivery.start_attempt, query_id))

    def settle(self, query_id: str, outcome: Any, evidence: str = "x") -> list[Any]:
        query = self.query(query_id)
        ended = Attempt(
            delivery_number=query.delivery_number,
            attempt=query.attempt,
            outcome=outcome,
            evidence=evidence,
        )
        decide = partial(query_delivery.settle_attempt, query_id, ended, self.policy)
        return self.do([query_id], decide)

    def answer(self, query_id: str, account: str = "A1", **reply: Any) -> list[Any]:
        encounter_id = self.encounter_id(account)
        decide = partial(queries.answer, query_id, encounter_id, Reply(**reply))
        return self.do([query_id, encounter_id], decide)

    def close(self, query_id: str, cause: Any = "answered", account: str = "A1") -> list[Any]:
        encounter_id = self.encounter_id(account)
        decide = partial(queries.close, query_id, encounter_id, cause, "", self.profiles)
        return self.do([query_id, encounter_id], decide)

    def escalate(self, query_id: str) -> list[Any]:
        decide = partial(query_delivery.escalate_overdue, query_id, self.policy)
        return self.do([query_id], decide)

    def query(self, query_id: str) -> Any:
        return self.service.state(query_id, TENANT)

    def later(self, **delta: int) -> None:
        self.service.now += timedelta(**delta)

    def words(self, phi: Any, shape: Any) -> Any:
        return msgspec.json.decode(self.service.keys.open(TENANT, phi), type=shape)
