"""What people, timers and receivers do to a physician query, decided.

A query holds its encounter from the draft on. When it is closed the encounter is assessed anew in
the same transaction; what was answered is for the coder to read, and codes nothing by itself.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct, structs

from coding_svc.decide import commands
from coding_svc.decide.encounter import opened, standing_open
from coding_svc.decide.holds import query_hold
from coding_svc.model.account import Account
from coding_svc.model.encounter import Encounter
from coding_svc.model.query import (
    RESPONSES,
    Address,
    Answer,
    Content,
    Kind,
    Query,
    QueryOption,
    Reply,
    Response,
)
from coding_svc.problems import (
    AnswerUnclear,
    EncounterMergedAway,
    EncounterNotFound,
    PatientForgotten,
    PhysicianUnknown,
    QueryIsClosed,
    QueryIsDraft,
    QueryNotAnswered,
    QueryNotFound,
    QueryWasSent,
    SenderUnknown,
)
from coding_svc.rules.completeness import INPATIENT
from coding_svc.rules.profile import Profiles
from coding_svc.rules.query_lint import LINT_VERSION, QueryFinding, lint
from coding_svc.rules.query_policy import QueryPolicy
from rcm.domain import Context, Fact, Loaded
from rcm.events.coding import EncounterCoded, EncounterHeld, EncounterReceived
from rcm.events.coding_query import (
    CodingQueryAnswered,
    CodingQueryAnswerNoted,
    CodingQueryClosed,
    CodingQueryHoldLifted,
    CodingQueryHoldPlaced,
    CodingQueryOpened,
    CodingQueryRevised,
)
from rcm.events.phi import ClearPhi

OPEN_MAX: Final = 50
"""Queries that one encounter may have open at once."""


class Draft(Struct, frozen=True, kw_only=True):
    """What a coder wants to ask.

    Attributes:
        content: Title, question, indicators, options.
        required: Slots that the template asks for.
        template_id: The template it was made from; empty for free text.
        template_version: Its version.
        physician_id: NPI of who is asked; empty for the attending one.
    """

    content: Content
    required: tuple[str, ...] = ()
    template_id: str = ""
    template_version: int = 0
    physician_id: str = ""


# -- a draft ---------------------------------------------------------------------------------------


def open_query(
    query_id: str,
    encounter_id: str,
    draft: Draft,
    policy: QueryPolicy,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Draft a query; from now on it holds its encounter.

    Raises:
        EncounterNotFound: There is no such encounter, or nothing is known of it.
        EncounterMergedAway: It is part of another.
        PatientForgotten: Its key was destroyed.
        PhysicianUnknown: Nobody is named, and there is no attending physician.
        QueryWasSent: There are too many queries open on this encounter.
    """
    encounter, account = standing_open(encounter_id, loaded, context)
    if len(encounter.open_queries) >= OPEN_MAX:
        raise QueryWasSent(f"{OPEN_MAX} queries are open on this encounter; close some.")
    npi = _physician(draft, account)
    found = lint(draft.content, required=draft.required)
    event = CodingQueryOpened(
        query_id=query_id,
        encounter_id=encounter_id,
        patient_id=encounter.patient_id,
        kind=kind_of(encounter, account),
        reason_code=draft.content.reason_code,
        shape=draft.content.shape,
        template_id=draft.template_id,
        template_version=draft.template_version,
        lint_version=LINT_VERSION,
        finding_rules=_rules(found),
        physician_id=npi,
        physician_subject=policy.physician(npi).subject,
        content=ClearPhi.of(encounter.patient_id, draft.content),
        address=ClearPhi.of(encounter.patient_id, _address(account)),
    )
    placed = CodingQueryHoldPlaced(encounter_id=encounter_id, query_id=query_id)
    return [
        Fact(query_id, event),
        Fact(encounter_id, placed),
        _held(encounter, (*encounter.reasons, query_hold(encounter, query_id))),
    ]


def revise(
    query_id: str, draft: Draft, policy: QueryPolicy, loaded: Loaded, context: Context
) -> list[Fact]:
    """Word a draft anew.

    Raises:
        QueryNotFound: There is none.
        QueryWasSent: It is no draft any more; withdraw it and open another.
        PatientForgotten: The patient's key was destroyed.
    """
    query, _ = query_of(query_id, loaded, context)
    if query.status != "draft":
        raise QueryWasSent("What was sent is never revised: withdraw it, and open another.")
    npi = draft.physician_id or query.physician_id
    found = lint(draft.content, required=draft.required)
    event = CodingQueryRevised(
        query_id=query_id,
        reason_code=draft.content.reason_code,
        shape=draft.content.shape,
        template_id=draft.template_id,
        template_version=draft.template_version,
        lint_version=LINT_VERSION,
        finding_rules=_rules(found),
        physician_id=npi,
        physician_subject=policy.physician(npi).subject,
        content=ClearPhi.of(query.patient_id, draft.content),
    )
    return [Fact(query_id, event)]


def kind_of(encounter: Encounter, account: Account) -> Kind:
    """Tell when a query is asked: in the house, after discharge, or after the claim has gone."""
    if encounter.status == "coded":
        return "post-bill"
    stay = account.stay
    in_house = stay.class_code in INPATIENT and not stay.ended_on
    return "concurrent" if in_house else "retrospective"


# -- the answer, and the end -----------------------------------------------------------------------


def answer(
    query_id: str, encounter_id: str, reply: Reply, loaded: Loaded, context: Context
) -> list[Fact]:
    """Record what a physician answered; an amendment stands beside the first answer.

    Args:
        query_id: Which.
        encounter_id: The encounter that it holds now: its own, or the one that took that over.
        reply: What came back.
        loaded: The query and the encounter.
        context: When.

    Raises:
        QueryNotFound: There is none.
        QueryIsDraft: It was not sent.
        QueryIsClosed: It is closed.
        AnswerUnclear: The option is not one of the query's, or there are no words where words are
            the answer.
        PatientForgotten: The patient's key was destroyed.
        EncounterMergedAway: The hold is on another encounter.
    """
    sent_query(query_id, loaded)
    query, content = query_of(query_id, loaded, context)
    response, key, said = _response(content, reply)
    answered = CodingQueryAnswered(
        query_id=query_id,
        encounter_id=query.encounter_id,
        response=response,
        option_key=key,
        answered_by=reply.answered_by,
        via=reply.via,
        message_id=reply.message_id,
        answer=ClearPhi.of(query.patient_id, said),
    )
    return [Fact(query_id, answered), *_answer_noted(query_id, encounter_id, loaded)]


def _answer_noted(query_id: str, encounter_id: str, loaded: Loaded) -> list[Fact]:
    """Let the encounter wait for its coder from now on, and for the physician no longer."""
    encounter = loaded.get(encounter_id)
    if not isinstance(encounter, Encounter):
        return []
    if encounter.status == "merged":
        raise EncounterMergedAway(encounter.merged_into)
    if query_id not in encounter.open_queries or query_id in encounter.answered_queries:
        return []
    noted = CodingQueryAnswerNoted(encounter_id=encounter_id, query_id=query_id)
    before = query_hold(encounter, query_id)
    answered = structs.replace(encounter, answered_queries=(query_id,))
    after = query_hold(answered, query_id)
    reasons = [after if r == before else r for r in encounter.reasons]
    return [Fact(encounter_id, noted), _held(encounter, reasons)]


def _response(content: Content, reply: Reply) -> tuple[Response, str, Answer]:
    """Say how an answer counts, which option it names, and what it says."""
    chosen = _chosen(content, reply)
    words = reply.text.strip()
    if chosen is None:
        words = "\n".join(part for part in (reply.option_text.strip(), words) if part)
        response: Response = reply.response or "other"
        if response == "other" and not words:
            raise AnswerUnclear("Name an option, or say it in words.")
        return response, "", Answer(text=words)
    if chosen.stands_for == "other" and not words:
        raise AnswerUnclear("'Other' is said in words.")
    return RESPONSES[chosen.stands_for], chosen.key, Answer(option_text=chosen.text, text=words)


def _chosen(content: Content, reply: Reply) -> QueryOption | None:
    """Find the option that an answer names: by its key, or by what stands in its place."""
    if reply.option_key:
        chosen = content.option(reply.option_key)
        if chosen is None:
            keys = ", ".join(option.key for option in content.options)
            raise AnswerUnclear(f"Options: {keys or 'none'}.")
        return chosen
    wanted = _plain(reply.option_text)
    return next((o for o in content.options if wanted in (o.key, _plain(o.text))), None)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def close(
    query_id: str,
    encounter_id: str,
    cause: Literal["answered", "withdrawn", "unanswered"],
    note_code: str,
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Close a query, take its hold off, and assess the encounter anew.

    Args:
        query_id: Which.
        encounter_id: The encounter that it holds now: its own, or the one that took that over.
        cause: The answer was taken note of, or the query is given up.
        note_code: A code of the tenant's list, or empty.
        profiles: The tenant's senders.
        loaded: The query and the encounter.
        context: When.

    Raises:
        QueryNotFound: There is none.
        QueryIsClosed: It is closed already.
        QueryNotAnswered: It cannot be closed as answered.
        QueryIsDraft: It was never sent: withdraw it.
        QueryWasSent: It was answered: close it as answered.
        EncounterMergedAway: The hold is on another encounter.
    """
    query = loaded.get(query_id)
    if not isinstance(query, Query):
        raise QueryNotFound
    if query.status == "closed":
        raise QueryIsClosed
    if cause == "answered" and query.status != "answered":
        raise QueryNotAnswered
    if cause == "unanswered" and query.status == "draft":
        raise QueryIsDraft("It was never sent: withdraw it.")
    if cause == "unanswered" and query.status == "answered":
        raise QueryWasSent("It was answered: close it as answered.")
    closed = CodingQueryClosed(
        query_id=query_id, encounter_id=query.encounter_id, cause=cause, note_code=note_code
    )
    return [Fact(query_id, closed), *_lift(query_id, encounter_id, profiles, loaded, context)]


def _lift(
    query_id: str, encounter_id: str, profiles: Profiles, loaded: Loaded, context: Context
) -> list[Fact]:
    """Take the hold off an encounter, and say what follows for it."""
    encounter = loaded.get(encounter_id)
    if not isinstance(encounter, Encounter):
        return []
    if encounter.status == "merged":
        raise EncounterMergedAway(encounter.merged_into)
    if query_id not in encounter.open_queries:
        return []
    lifted = CodingQueryHoldLifted(encounter_id=encounter_id, query_id=query_id)
    left = tuple(other for other in encounter.open_queries if other != query_id)
    reasons = tuple(r for r in encounter.reasons if r != query_hold(encounter, query_id))
    answered = tuple(other for other in encounter.answered_queries if other != query_id)
    without = structs.replace(encounter, open_queries=left, answered_queries=answered)
    now: dict[str, Any] = {**loaded, encounter_id: without}
    try:
        facts = commands.look_again(encounter_id, profiles, now, context)
        before = opened(encounter, context)
    except (PatientForgotten, SenderUnknown, EncounterNotFound):
        # Nothing of it can be assessed any more; the query must not hold it for that.
        return [Fact(encounter_id, lifted), _held(encounter, reasons)]
    if before is not None and _says_what_was_released(encounter, before, facts, context):
        return [Fact(encounter_id, structs.replace(lifted, is_as_released=True))]
    return [Fact(encounter_id, lifted), *facts]


def _says_what_was_released(
    encounter: Encounter, before: Account, facts: Sequence[Fact], context: Context
) -> bool:
    """Tell whether a release would repeat the last one: a claim is not replaced by itself."""
    if not encounter.coded_version or not any(isinstance(f.event, EncounterCoded) for f in facts):
        return False
    received = next((f.event for f in facts if isinstance(f.event, EncounterReceived)), None)
    if received is None or received.account is None:
        return False
    after = context.open(received.account, Account)
    return after is not None and after.coded_sha256 == before.coded_sha256


# -- what is there ---------------------------------------------------------------------------------


def query_of(query_id: str, loaded: Loaded, context: Context) -> tuple[Query, Content]:
    """Return a query, opened.

    Raises:
        QueryNotFound: There is none.
        PatientForgotten: The patient's key was destroyed.
    """
    query = loaded.get(query_id)
    if not isinstance(query, Query) or query.content is None:
        raise QueryNotFound
    content = context.open(query.content, Content)
    if content is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return query, content


def sent_query(query_id: str, loaded: Loaded) -> Query:
    """Return a query that is out, answered or not.

    Raises:
        QueryNotFound: There is none.
        QueryIsDraft: It was not sent.
        QueryIsClosed: It is closed.
    """
    query = loaded.get(query_id)
    if not isinstance(query, Query):
        raise QueryNotFound
    if query.status == "draft":
        raise QueryIsDraft
    if query.status == "closed":
        raise QueryIsClosed
    return query


def _address(account: Account) -> Address:
    """Take from an account what a message to its sender needs."""
    patient, stay = account.patient, account.stay
    person = patient.person if patient is not None else None
    name = person.name if person is not None else None
    attending = stay.attending
    return Address(
        medical_record_number=(patient.medical_record_number or "") if patient else "",
        account_number=(patient.account_number or "") if patient else "",
        visit_number=(patient.visit_number or "") if patient else "",
        last_name=name.last if name is not None else "",
        first_name=name.first if name is not None else "",
        middle_name=name.middle if name is not None else "",
        born_on=(person.born_on or "") if person is not None else "",
        sex_code=(person.sex_code or "") if person is not None else "",
        class_code=stay.class_code or "",
        facility=account.sender.partition("|")[2],
        attending_npi=attending.npi if attending is not None else "",
        attending_last_name=attending.last_name if attending is not None else "",
        attending_first_name=attending.first_name if attending is not None else "",
    )


def _physician(draft: Draft, account: Account) -> str:
    attending = account.stay.attending
    npi = draft.physician_id or (attending.npi if attending is not None else "")
    if not npi:
        raise PhysicianUnknown
    return npi


def _held(encounter: Encounter, reasons: Sequence[Any]) -> Fact:
    held = EncounterHeld(
        encounter_id=encounter.encounter_id,
        reasons=list(dict.fromkeys(reasons)),
        rework_of=encounter.rework_of,
    )
    return Fact(encounter.encounter_id, held)


def _rules(found: Sequence[QueryFinding]) -> list[str]:
    return sorted({finding.rule_id for finding in found})
