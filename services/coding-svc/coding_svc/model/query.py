"""A physician query: what is asked, what was answered, and how far it has come.

    draft ──▶ sent ──▶ answered ──▶ closed        closed at any time: withdrawn, unanswered
                │  ▲
                └──┘ escalated, delivered again

The text is PHI: it stands here sealed, as the fact that brought it has it.
"""

import re
from typing import Any, Final, Literal

from msgspec import Struct, structs

from rcm.events.coding_query import (
    STREAM_OF_QUERY,
    CodingQueryAnswered,
    CodingQueryClosed,
    CodingQueryDelivered,
    CodingQueryDeliveryFailed,
    CodingQueryDeliveryStarted,
    CodingQueryEscalated,
    CodingQueryOpened,
    CodingQueryRevised,
    CodingQuerySent,
)
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi

Status = Literal["draft", "sent", "answered", "closed"]
Kind = Literal["concurrent", "retrospective", "post-bill"]
QueryShape = Literal["multiple-choice", "yes-no", "open"]
ChannelKind = Literal["mdm", "fhir", "fhir-pull", "webhook", "desk"]
Response = Literal["agree", "disagree", "other", "unable"]
Delivery = Literal["", "due", "under-way", "delivered", "refused"]
"""How far a delivery is: to be tried, on the wire, arrived; or waiting for a person."""

StandsFor = Literal["diagnosis", "yes", "no", "not-significant", "other", "unable"]

QUERY_ID: Final = re.compile(r"qry_[a-z2-7]{16}", re.ASCII)
"""What an answer names: our document number at the receiver."""

RESPONSES: Final[dict[StandsFor, Response]] = {
    "diagnosis": "agree",
    "yes": "agree",
    "no": "disagree",
    "not-significant": "disagree",
    "other": "other",
    "unable": "unable",
}
"""What choosing an option means for the agreement rate."""


class Indicator(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clinical finding as the record has it. PHI.

    Attributes:
        slot: Names it for the options that rest on it: `lactate`.
        label: How it is called in the query.
        value: As the record says: `4.1 mmol/L, 03/02 06:10`.
        source: Where the record says so: document number, or `message#path`.
    """

    slot: str
    label: str = ""
    value: str
    source: str = ""


class QueryOption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer that is offered.

    Attributes:
        key: `a`, `b` ...: what an answer names.
        text: As it is read.
        stands_for: What choosing it means.
        supported_by: Slots of the indicators that it rests on.
    """

    key: str
    text: str
    stands_for: StandsFor
    supported_by: tuple[str, ...] = ()


class Content(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a query says. PHI.

    Attributes:
        title: What it is about, without naming a diagnosis.
        question: What is asked.
        shape: How it may be answered.
        reason_code: Why it is asked.
        indicators: The findings that give rise to it.
        options: The answers that are offered; none for an open question.
        established: Diagnoses or findings that the record names already, for a yes or no.
        established_source: Where it names them.
    """

    title: str
    question: str
    shape: QueryShape
    reason_code: str
    indicators: tuple[Indicator, ...] = ()
    options: tuple[QueryOption, ...] = ()
    established: tuple[str, ...] = ()
    established_source: str = ""

    def option(self, key: str) -> QueryOption | None:
        """Find an option."""
        return next((option for option in self.options if option.key == key), None)


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a physician answered. PHI.

    Attributes:
        option_text: Of the option that was chosen.
        text: The physician's own words.
    """

    option_text: str = ""
    text: str = ""


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a query is about, as the EHR knows them: what its messages need. PHI.

    Taken when the query is drafted, so that every attempt of a delivery has the same bytes.

    Attributes:
        medical_record_number: PID-3; Patient.identifier.
        account_number: PID-18.
        visit_number: PV1-19; Encounter.identifier.
        last_name: PID-5.1.
        first_name: PID-5.2.
        middle_name: PID-5.3.
        born_on: PID-7, `YYYY-MM-DD`.
        sex_code: PID-8.
        class_code: PV1-2.
        facility: MSH-4 of the sender, the authority of its numbers.
        attending_npi: PV1-7.
        attending_last_name: PV1-7.
        attending_first_name: PV1-7.
    """

    medical_record_number: str = ""
    account_number: str = ""
    visit_number: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    born_on: str = ""
    sex_code: str = ""
    class_code: str = ""
    facility: str = ""
    attending_npi: str = ""
    attending_last_name: str = ""
    attending_first_name: str = ""


class Outgoing(Struct, frozen=True, kw_only=True):
    """A delivery of a query: everything that its message says. PHI.

    Attributes:
        query_id: Opaque id; the document's number at the receiver.
        control_number: Of the delivery.
        sent_at: When it was let go: the date of the message, in every attempt.
        due_at: When an answer is missed.
        physician_id: NPI of who is asked.
        address: Whom it is about.
        content: What is asked.
    """

    query_id: str
    control_number: str
    sent_at: str
    due_at: str
    physician_id: str
    address: Address
    content: Content


class Reply(Struct, frozen=True, kw_only=True):
    """What came back.

    Attributes:
        option_key: The option that was chosen, or empty.
        option_text: What stands where an option was expected: a key, its text, or other words.
        response: How the answer counts, where no option was chosen.
        text: The physician's own words. PHI.
        answered_by: NPI or subject of who answered.
        via: Which door it came through.
        message_id: The message that brought it, or empty.
    """

    option_key: str = ""
    option_text: str = ""
    response: Literal["", "disagree", "other", "unable"] = ""
    text: str = ""
    answered_by: str = ""
    via: Literal["api", "mdm", "oru", "fhir"] = "api"
    message_id: str = ""


class Query(Struct, frozen=True, omit_defaults=True, kw_only=True, tag="query"):
    """One query, as far as it may be known without opening anything.

    Attributes:
        query_id: Opaque id; also the stream's.
        encounter_id: What it is about.
        patient_id: Names the PHI key.
        status: How far it is.
        kind: While the patient is in the house, after discharge, or after the claim has gone.
        reason_code: Why it is asked.
        shape: How it may be answered.
        template_id: The template it was made from.
        template_version: Its version.
        finding_rules: What the check of its wording noticed in the draft.
        physician_id: NPI of who is asked now.
        physician_subject: Their name at the issuer of tokens.
        first_physician_id: NPI of who was asked first, whose answer is measured.
        content: What is asked, sealed.
        address: Whom it is about, as the EHR knows them, sealed.
        answer: What was answered, sealed.
        response: How the last answer counts.
        option_key: The option that was chosen.
        answered_by: Who answered last.
        answered_via: By which door.
        answer_count: Answers, amendments among them.
        channel_id: Of the delivery in hand.
        channel_kind: Of the delivery in hand.
        control_number: Of the delivery in hand.
        delivery_number: Which delivery is in hand; 0 before the first.
        delivery: How far it is.
        attempt: Attempts of it.
        evidence: What the last attempt proved.
        next_try_at: When it is tried again.
        started_at: When the last attempt went on the wire.
        level: Steps of escalation taken.
        due_at: When an answer is missed.
        opened_at: When it was drafted.
        opened_by: Who drafted it.
        delivery_sent_at: When the delivery in hand was let go; the date of its message.
        sent_at: When it was let go first; turnaround counts from here.
        answered_at: When it was answered first; turnaround counts to here.
        closed_at: When it was closed.
        close_cause: Why.
    """

    query_id: str
    encounter_id: str
    patient_id: str
    status: Status = "draft"
    kind: Kind = "retrospective"
    reason_code: str = ""
    shape: QueryShape
    template_id: str = ""
    template_version: int = 0
    finding_rules: tuple[str, ...] = ()
    physician_id: str = ""
    physician_subject: str = ""
    first_physician_id: str = ""
    content: Phi | None = None
    address: Phi | None = None
    answer: Phi | None = None
    response: str = ""
    option_key: str = ""
    answered_by: str = ""
    answered_via: str = ""
    answer_count: int = 0
    channel_id: str = ""
    channel_kind: str = ""
    control_number: str = ""
    delivery_number: int = 0
    delivery: Delivery = ""
    attempt: int = 0
    evidence: str = ""
    next_try_at: str = ""
    started_at: str = ""
    level: int = 0
    due_at: str = ""
    opened_at: str = ""
    opened_by: str = ""
    delivery_sent_at: str = ""
    sent_at: str = ""
    answered_at: str = ""
    closed_at: str = ""
    close_cause: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still holds its encounter."""
        return self.status != "closed"


QUERY_EVENTS: Final = STREAM_OF_QUERY
"""The facts that belong to the stream of a query."""


def evolve_query(query: Query | None, recorded: Recorded[Any]) -> Query:
    """Fold one fact into a query."""
    event = recorded.event
    at = recorded.recorded_at[:19] + "Z"  # to the second, as the moments inside the facts
    if isinstance(event, CodingQueryOpened):
        drafted = Query(
            query_id=event.query_id,
            encounter_id=event.encounter_id,
            patient_id=event.patient_id,
            kind=event.kind,
            shape=event.shape,
            address=event.address,
            opened_at=at,
            opened_by=recorded.actor,
        )
        return _drafted(drafted, event)
    assert query is not None, "a query begins with CodingQueryOpened"
    match event:
        case CodingQueryRevised():
            return _drafted(query, event)
        case CodingQuerySent() | CodingQueryEscalated():
            return _let_go(query, event, at)
        case CodingQueryDeliveryStarted():
            return structs.replace(
                query, delivery="under-way", attempt=event.attempt, started_at=at, next_try_at=""
            )
        case CodingQueryDelivered() | CodingQueryDeliveryFailed():
            return _attempted(query, event)
        case CodingQueryAnswered():
            return structs.replace(
                query,
                status="answered",
                answer=event.answer,
                response=event.response,
                option_key=event.option_key,
                answered_by=event.answered_by,
                answered_via=event.via,
                answer_count=query.answer_count + 1,
                answered_at=query.answered_at or at,
                delivery="delivered",
                next_try_at="",
            )
        case CodingQueryClosed():
            return structs.replace(
                query, status="closed", closed_at=at, close_cause=event.cause, next_try_at=""
            )
        case _:
            return query


def _drafted(query: Query, event: CodingQueryOpened | CodingQueryRevised) -> Query:
    return structs.replace(
        query,
        reason_code=event.reason_code,
        shape=event.shape,
        template_id=event.template_id,
        template_version=event.template_version,
        finding_rules=tuple(event.finding_rules),
        physician_id=event.physician_id,
        physician_subject=event.physician_subject,
        first_physician_id=event.physician_id,
        content=event.content,
    )


def _let_go(query: Query, event: CodingQuerySent | CodingQueryEscalated, at: str) -> Query:
    """Begin the next delivery."""
    sent = structs.replace(
        query,
        status="sent",
        physician_id=event.physician_id,
        delivery_number=event.delivery_number,
        channel_id=event.channel_id,
        channel_kind=event.channel_kind,
        control_number=event.control_number,
        delivery="due",
        attempt=0,
        evidence="",
        next_try_at=at if event.channel_kind in PUSHED else "",
        delivery_sent_at=at,
        sent_at=query.sent_at or at,
        due_at=event.due_at,
    )
    if isinstance(event, CodingQuerySent):
        return sent
    return structs.replace(sent, level=event.level, physician_subject=event.physician_subject)


PUSHED: Final = ("mdm", "fhir", "webhook")
"""The kinds of channels that we reach out by; the others wait until somebody looks."""


def _attempted(query: Query, event: CodingQueryDelivered | CodingQueryDeliveryFailed) -> Query:
    """Note how an attempt ended: it arrived, is made again, or waits for a person."""
    if isinstance(event, CodingQueryDelivered):
        return structs.replace(query, delivery="delivered", evidence=event.evidence, next_try_at="")
    again = event.next_try_at or ""
    delivery: Delivery = "due" if again else "refused"
    return structs.replace(query, delivery=delivery, evidence=event.evidence, next_try_at=again)
