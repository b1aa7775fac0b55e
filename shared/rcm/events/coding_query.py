"""Events of the physician query, on topic `rcm.coding`: a coder asks, a physician answers.

    Opened ── Revised ──▶ Sent ──▶ DeliveryStarted ──▶ Delivered | DeliveryFailed
                           ▲                │
                        Escalated ◀─────────┴──▶ Answered ──▶ Closed

What is asked and answered is PHI and travels sealed under the patient's key; what is measured (who,
when, by which template, how it was answered) is in clear. Three facts are of the encounter's
stream: the hold that a query places on it, that it was answered, and the end of the hold.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from rcm.events.event import Event
from rcm.events.phi import Phi

Shape = Literal["multiple-choice", "yes-no", "open"]
"""How a query may be answered: by one of several options, by yes or no, or in words."""

Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
"""An instant, UTC to the second."""


class CodingQueryOpened(Event, frozen=True, kw_only=True):
    """A coder drafted a query to a physician; from now on it holds its encounter.

    Stream: the query.

    Attributes:
        query_id: Opaque id, `qry_...`.
        encounter_id: What it is about.
        patient_id: Names the PHI key.
        kind: While the patient is in the house, after discharge, or after the claim has gone.
        reason_code: Why it is asked: `specificity`, `acuity`, `present-on-admission` ...
        shape: How it may be answered.
        template_id: The template that it was made from; empty for free text.
        template_version: Its version, 0 for free text.
        lint_version: Version of the rules that its wording was checked by.
        finding_rules: Rules that noticed something in the draft.
        physician_id: Who is asked: the NPI.
        physician_subject: The physician's name at the issuer of tokens, or empty.
        content: Title, question, clinical indicators and options, sealed.
        address: Whom it is about, as the EHR's messages name them, sealed.
    """

    name: ClassVar[str] = "CodingQueryOpened"

    query_id: str
    encounter_id: str
    patient_id: str
    kind: Literal["concurrent", "retrospective", "post-bill"]
    reason_code: str
    shape: Shape
    template_id: str = ""
    template_version: int = 0
    lint_version: str
    finding_rules: list[str] = []
    physician_id: str
    physician_subject: str = ""
    content: Phi
    address: Phi


class CodingQueryRevised(Event, frozen=True, kw_only=True):
    """A draft was worded anew, or addressed to another physician; what was sent is never revised.

    Attributes:
        query_id: Which.
        reason_code: Why it is asked now.
        shape: How it may be answered now.
        template_id: As in CodingQueryOpened.
        template_version: As in CodingQueryOpened.
        lint_version: As in CodingQueryOpened.
        finding_rules: As in CodingQueryOpened.
        physician_id: Who is asked now.
        physician_subject: As in CodingQueryOpened.
        content: What is asked now, sealed.
    """

    name: ClassVar[str] = "CodingQueryRevised"

    query_id: str
    reason_code: str
    shape: Shape
    template_id: str = ""
    template_version: int = 0
    lint_version: str
    finding_rules: list[str] = []
    physician_id: str
    physician_subject: str = ""
    content: Phi


class CodingQuerySent(Event, frozen=True, kw_only=True):
    """Somebody let a query go. Its text is final; nothing is on the wire yet.

    Attributes:
        query_id: Which.
        encounter_id: What it is about.
        delivery_number: 1 for the first way out; another channel or recipient is the next one.
        channel_id: Key into the tenant's channels.
        channel_kind: How it goes out.
        physician_id: Who is asked.
        control_number: MSH-10, FHIR identifier or webhook id: the same in every attempt of this
            delivery, so that the receiver can tell a repetition.
        due_at: When an answer is missed.
        lint_version: Version of the rules that let it go.
        policy_version: Version of the tenant's rules for due times and escalation.
    """

    name: ClassVar[str] = "CodingQuerySent"

    query_id: str
    encounter_id: str
    delivery_number: Annotated[int, Meta(ge=1)]
    channel_id: str
    channel_kind: Literal["mdm", "fhir", "fhir-pull", "webhook", "desk"]
    physician_id: str
    control_number: str
    due_at: Moment
    lint_version: str
    policy_version: int = 1


class CodingQueryDeliveryStarted(Event, frozen=True, kw_only=True):
    """A query is about to go on the wire: recorded before, so that a kill leaves a trace.

    Attributes:
        query_id: Which.
        delivery_number: Which delivery.
        attempt: 1, 2, 3 ... of that delivery, all with the same control number and bytes.
        control_number: As in CodingQuerySent.
    """

    name: ClassVar[str] = "CodingQueryDeliveryStarted"

    query_id: str
    delivery_number: int
    attempt: Annotated[int, Meta(ge=1)]
    control_number: str


class CodingQueryDelivered(Event, frozen=True, kw_only=True):
    """The receiver said that a query has arrived, or fetched it.

    Attributes:
        query_id: Which.
        delivery_number: Which delivery.
        attempt: Which attempt was answered; 0 when it was fetched.
        evidence: `AA`, `CA`, `http-201`, `fetched`, `answered` ...
    """

    name: ClassVar[str] = "CodingQueryDelivered"

    query_id: str
    delivery_number: int
    attempt: int = 0
    evidence: str


class CodingQueryDeliveryFailed(Event, frozen=True, kw_only=True):
    """An attempt did not end in a receipt.

    Attributes:
        query_id: Which.
        delivery_number: Which delivery.
        attempt: Which attempt.
        outcome: `not-sent` and `unknown` are tried again with the same control number; `refused`
            waits for a person, as does what was tried too often (no `next_try_at`).
        evidence: `no-connection`, `timeout`, `interrupted`, `AE`, `AR`, `http-500` ...
        next_try_at: When it is tried again; None when it is not.
    """

    name: ClassVar[str] = "CodingQueryDeliveryFailed"

    query_id: str
    delivery_number: int
    attempt: int
    outcome: Literal["not-sent", "unknown", "refused"]
    evidence: str
    next_try_at: Moment | None = None


class CodingQueryAnswered(Event, frozen=True, kw_only=True):
    """A physician answered. Shown to the coder; nothing is ever coded from it by itself.

    Attributes:
        query_id: Which.
        encounter_id: What it is about.
        response: `agree`: one of the options that the record supports, or yes; `disagree`: no, or
            without clinical significance; `other`: in the physician's own words; `unable`: cannot
            be determined.
        option_key: The option that was chosen, or empty.
        answered_by: NPI or subject of who answered; empty where the message names nobody.
        via: Which door it came through.
        message_id: The message that brought it, or empty.
        answer: The physician's words, sealed.
    """

    name: ClassVar[str] = "CodingQueryAnswered"

    query_id: str
    encounter_id: str
    response: Literal["agree", "disagree", "other", "unable"]
    option_key: str = ""
    answered_by: str = ""
    via: Literal["api", "mdm", "oru", "fhir"]
    message_id: str = ""
    answer: Phi


class CodingQueryEscalated(Event, frozen=True, kw_only=True):
    """A query goes to somebody else as well: the physician advisor, as the tenant's policy says.

    Attributes:
        query_id: Which.
        encounter_id: What it is about.
        level: 1, 2 ...: which step of the policy.
        cause: No answer in time, no way to deliver it, or a person decided.
        physician_id: Who is asked now: the NPI.
        physician_subject: Their name at the issuer of tokens, or empty.
        delivery_number: The delivery to them.
        channel_id: Key into the tenant's channels.
        channel_kind: How it goes out.
        control_number: As in CodingQuerySent.
        due_at: When their answer is missed.
    """

    name: ClassVar[str] = "CodingQueryEscalated"

    query_id: str
    encounter_id: str
    level: Annotated[int, Meta(ge=1)]
    cause: Literal["no-answer", "undeliverable", "by-hand"]
    physician_id: str
    physician_subject: str = ""
    delivery_number: int
    channel_id: str
    channel_kind: Literal["mdm", "fhir", "fhir-pull", "webhook", "desk"]
    control_number: str
    due_at: Moment


class CodingQueryClosed(Event, frozen=True, kw_only=True):
    """A query is over and holds its encounter no longer.

    Attributes:
        query_id: Which.
        encounter_id: What it was about.
        cause: The coder took note of the answer, withdrew the query, or gave up waiting.
        note_code: A code of the tenant's list; never free text.
    """

    name: ClassVar[str] = "CodingQueryClosed"

    query_id: str
    encounter_id: str
    cause: Literal["answered", "withdrawn", "unanswered"]
    note_code: str = ""


class CodingQueryHoldPlaced(Event, frozen=True, kw_only=True):
    """A query holds an encounter from now on.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        query_id: The query that holds it.
    """

    name: ClassVar[str] = "CodingQueryHoldPlaced"

    encounter_id: str
    query_id: str


class CodingQueryAnswerNoted(Event, frozen=True, kw_only=True):
    """A query that holds an encounter was answered: it waits for its coder now, not for a
    physician.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        query_id: The query that was answered.
    """

    name: ClassVar[str] = "CodingQueryAnswerNoted"

    encounter_id: str
    query_id: str


class CodingQueryHoldLifted(Event, frozen=True, kw_only=True):
    """A query holds an encounter no longer; it was assessed anew in the same transaction.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        query_id: The query that is closed.
        is_as_released: Nothing else holds it, and it says what was released before: it counts as
            coded again, and no new version goes to billing.
    """

    name: ClassVar[str] = "CodingQueryHoldLifted"

    encounter_id: str
    query_id: str
    is_as_released: bool = False


STREAM_OF_QUERY = (
    CodingQueryOpened,
    CodingQueryRevised,
    CodingQuerySent,
    CodingQueryDeliveryStarted,
    CodingQueryDelivered,
    CodingQueryDeliveryFailed,
    CodingQueryAnswered,
    CodingQueryEscalated,
    CodingQueryClosed,
)
"""The facts of a query's own stream."""

EVENTS = (
    *STREAM_OF_QUERY,
    CodingQueryHoldPlaced,
    CodingQueryAnswerNoted,
    CodingQueryHoldLifted,
)
"""All of them, for the catalogue."""
