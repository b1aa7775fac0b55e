"""What a message does to the encounters that it is about.

Each message ends as facts, on every stream that it touches:

    EncounterReceived   always, with the account as it is now and everything that was noticed
    EncounterCoded      the account became billable, or what is billed of it changed
    EncounterHeld       it is not, or for other reasons than before
    EncounterMerged     A40: an unbilled account went into another

The account is decided here and recorded whole, so that no fold ever needs this code again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct, structs

from coding_svc.decide.billing import RULES_VERSION, Assessment, assess
from coding_svc.decide.holds import holds_on
from coding_svc.decide.merge import absorb, faults_of, merge
from coding_svc.decide.received import received, taken_back
from coding_svc.model.account import Account
from coding_svc.model.documented import Documented, Effect, Key
from coding_svc.model.encounter import Encounter
from coding_svc.model.services import Service
from coding_svc.problems import EncounterMergedAway, EncounterNotFound, PatientForgotten
from coding_svc.rules.edits import EDITS_VERSION, NOT_LOADED, CodeRules
from coding_svc.rules.profile import Profile
from coding_svc.rules.work import first_payer, specialty
from rcm.domain import Context, Fact, Loaded
from rcm.events.clinical import Reason
from rcm.events.coding import (
    EncounterCoded,
    EncounterHeld,
    EncounterMerged,
    EncounterReceived,
)
from rcm.events.coding_query import CodingQueryAnswerNoted, CodingQueryHoldPlaced
from rcm.events.phi import ClearPhi

REASONS_MAX: Final = 100
"""How many reasons a fact lists; a message of a thousand bad lines says no more than this."""


class Taking(Struct, frozen=True, kw_only=True):
    """A message on its way into its encounters.

    Attributes:
        message: What it says.
        message_id: Ours.
        message_sha256: Of the raw bytes.
        raw: The message as text; empty for none.
        profile: Of its sender.
        codes: The code sets in force.
        note_ids: Streams of the notes that it brings or takes back, by the sender's number.
        siblings: The patient's other encounters, for what was billed on the same days.
        patient_id: The patient's opaque id, by `patient_parts`.
        encounter_id: The encounter that it is about; empty where it is about a patient.
        prior_id: The encounter that it merges away.
        others: Encounters of the patient that it is about (A31, A40 without account).
    """

    message: Documented
    message_id: str
    message_sha256: str
    raw: str
    profile: Profile
    codes: CodeRules = NOT_LOADED
    note_ids: Mapping[str, str] = {}
    siblings: tuple[str, ...] = ()
    patient_id: str = ""
    encounter_id: str = ""
    prior_id: str = ""
    others: tuple[str, ...] = ()

    @property
    def streams(self) -> list[str]:
        """Every stream that the decision needs."""
        named = (self.encounter_id, self.prior_id, *self.others, *self.siblings)
        named += tuple(self.note_ids.values())
        return [stream_id for stream_id in dict.fromkeys(named) if stream_id]


def encounter_parts(key: Key) -> tuple[str, str]:
    """Return what the opaque id of an encounter derives from."""
    return key.authority, key.number


def patient_parts(message: Documented) -> tuple[str, ...]:
    """Return what the opaque id of a patient derives from: the record number, else the account."""
    authority = message.key.authority if message.key is not None else message.sender
    if message.medical_record_number:
        return authority, message.medical_record_number
    assert message.key is not None, "a message without record number has an encounter key"
    return authority, "account", message.key.number


def take(taking: Taking, loaded: Loaded, context: Context) -> list[Fact]:
    """Fold a message into every encounter that it is about.

    Raises:
        EncounterMergedAway: The account went into another one; take the message there.
        PatientForgotten: Nothing can be recorded about the patient any more.
    """
    message = taking.message
    facts: list[Fact] = []
    moved: Account | None = None
    merged: list[Fact] = []
    if taking.prior_id:
        moved, merged = _merged_away(taking, loaded, context)
        facts += merged
    for stream_id in (taking.encounter_id, *taking.others):
        state = loaded.get(stream_id) if stream_id else None
        if not stream_id or (state is None and stream_id in taking.others):
            continue
        assert state is None or isinstance(state, Encounter)
        if state is not None and state.status == "merged":
            if stream_id in taking.others:
                continue
            raise EncounterMergedAway(state.merged_into)
        known = opened(state, context) if state is not None else None
        account, noticed = merge(known, message)
        if moved is not None and stream_id == taking.encounter_id:
            account = absorb(account, moved)
        keeps_patient = state is not None and message.effect is not Effect.MERGE
        encounter = state or Encounter(encounter_id=stream_id)
        if merged and stream_id == taking.encounter_id:
            encounter, held = _holds_moved(loaded.get(taking.prior_id), encounter)
            facts += held
        step = Step(
            encounter=encounter,
            patient_id=state.patient_id if state and keeps_patient else taking.patient_id,
            account=account,
            profile=taking.profile,
            codes=taking.codes,
            others=services_beside(stream_id, loaded),
        )
        reasons = [*faults_of(message), *noticed]
        facts += step.facts(context, received=taking, reasons=reasons)
        if stream_id == taking.encounter_id:
            facts += _noted(taking, step.patient_id, loaded)
    return facts


def _noted(taking: Taking, patient_id: str, loaded: Loaded) -> list[Fact]:
    """Record the notes that a message brings, and those that it takes back."""
    ids, facts = taking.note_ids, list[Fact]()
    for number in taking.message.withdrawn:
        if number in ids:
            facts += taken_back(ids[number], taking.message_id, loaded)
    for said in taking.message.notes:
        note_id = ids.get(said.document_number)
        if note_id is not None:
            encounter_id, message_id = taking.encounter_id, taking.message_id
            facts.append(received(said, note_id, encounter_id, patient_id, message_id, loaded))
    return facts


def services_beside(encounter_id: str, loaded: Loaded) -> tuple[Service, ...]:
    """Gather what was billed in the other encounters, all the patient's, that were asked for."""
    return tuple(
        service
        for stream_id, state in loaded.items()
        if stream_id != encounter_id and isinstance(state, Encounter) and state.status != "merged"
        for service in state.services
    )


def opened(encounter: Encounter, context: Context) -> Account | None:
    """Open the account of an encounter.

    Raises:
        PatientForgotten: Its key was destroyed.
    """
    if encounter.account is None:
        return None
    account = context.open(encounter.account, Account)
    if account is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return account


def standing(encounter_id: str, loaded: Loaded) -> Encounter:
    """Return an encounter that something is asked of.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
    """
    encounter = loaded.get(encounter_id)
    if not isinstance(encounter, Encounter):
        raise EncounterNotFound
    if encounter.status == "merged":
        raise EncounterMergedAway(encounter.merged_into)
    return encounter


def standing_open(encounter_id: str, loaded: Loaded, context: Context) -> tuple[Encounter, Account]:
    """Return an encounter that something is asked of, and its account.

    Raises:
        EncounterNotFound: There is none, or nothing is known of it.
        EncounterMergedAway: It is part of another.
        PatientForgotten: Its key was destroyed.
    """
    encounter = standing(encounter_id, loaded)
    account = opened(encounter, context)
    if account is None:
        raise EncounterNotFound
    return encounter, account


class Step(Struct, frozen=True, kw_only=True):
    """An account after a change, and the facts that follow from it.

    Attributes:
        encounter: The stream as it was.
        patient_id: Under whose key it is sealed.
        account: As it is now.
        profile: That says how it is billed.
        codes: The code sets in force.
        others: Services of the patient's other encounters.
        release: A person releases it: a rework is answered.
    """

    encounter: Encounter
    patient_id: str
    account: Account
    profile: Profile
    codes: CodeRules
    others: tuple[Service, ...] = ()
    release: bool = False

    def assessment(self, context: Context) -> Assessment:
        """Tell whether it can be billed now."""
        found = assess(
            self.account,
            self.profile,
            today=today_at(context.now, self.profile),
            codes=self.codes,
            others=self.others,
        )
        elsewhere = holds_on(self.encounter, release=self.release)
        if elsewhere:
            return structs.replace(found, content=None, holds=(*found.holds, *elsewhere))
        return found

    def facts(
        self,
        context: Context,
        *,
        received: Taking | None,
        reasons: Sequence[Reason],
        kind: str = "API",
        message_id: str = "",
    ) -> list[Fact]:
        """Say what changed, and whether it is billed or held."""
        stream_id, found = self.encounter.encounter_id, self.assessment(context)
        account = self.account
        digest = found.content.sha256 if found.content is not None else ""
        is_news = found.content is not None and (
            self.encounter.status != "coded" or digest != account.coded_sha256
        )
        if is_news:
            account = structs.replace(account, coded_sha256=digest)
        noticed = list(dict.fromkeys(reasons))[:REASONS_MAX]
        message = received.message if received is not None else None
        facts = [
            Fact(
                stream_id,
                EncounterReceived(
                    encounter_id=stream_id,
                    patient_id=self.patient_id,
                    message_id=received.message_id if received is not None else message_id,
                    message_control_number=message.control_number if message else "",
                    message_kind=message.kind if message is not None else kind,
                    message_sha256=received.message_sha256 if received is not None else "",
                    sender=message.sender if message is not None else "",
                    outcome="accepted-with-issues" if noticed else "accepted",
                    reasons=noticed,
                    raw=self._sealed(received.raw) if received and received.raw else None,
                    account=self._sealed(account),
                    charge_count=found.line_count,
                    billed_cents=found.net_cents,
                    service_from=found.service_from,
                    class_code=account.stay.class_code or "",
                    payer_id=first_payer(account),
                    specialty_code=specialty(account),
                    time_zone=self.profile.time_zone,
                ),
            )
        ]
        if is_news:
            facts.append(Fact(stream_id, self._coded(found)))
        elif found.content is None and self._holds_anew(found):
            held = EncounterHeld(encounter_id=stream_id, reasons=list(found.holds)[:REASONS_MAX])
            facts.append(Fact(stream_id, held))
        return facts

    def _holds_anew(self, found: Assessment) -> bool:
        encounter = self.encounter
        return encounter.status != "held" or encounter.reasons != found.holds[:REASONS_MAX]

    def _sealed(self, value: object) -> ClearPhi:
        return ClearPhi.of(self.patient_id, value)

    def _coded(self, found: Assessment) -> EncounterCoded:
        content, encounter = found.content, self.encounter
        assert content is not None
        return EncounterCoded(
            encounter_id=encounter.encounter_id,
            coded_version=encounter.coded_version + 1,
            patient_id=self.patient_id,
            facility_id=content.facility_id,
            class_code=content.class_code,
            patient=self._sealed(content.patient),
            subscribers=self._sealed(content.subscribers),
            coverages=content.coverages,
            diagnoses=content.diagnoses,
            lines=content.lines,
            institutional=content.institutional,
            attending=content.attending,
            operating=content.operating,
            referring=content.referring,
            rendering=content.rendering,
            accident=content.accident,
            coded_by=f"rules/{RULES_VERSION}",
            rework_of=encounter.rework_of,
            code_set_versions=dict(found.checked.versions),
            drg=found.checked.drg,
            rule_versions={
                "completeness": RULES_VERSION,
                "sender-profile": self.profile.rule_version,
                **({"edits": EDITS_VERSION} if found.checked.is_loaded else {}),
            },
            warnings=list(found.warnings)[:REASONS_MAX],
        )


def _holds_moved(prior: object, encounter: Encounter) -> tuple[Encounter, list[Fact]]:
    """Let the open queries about an account that is merged away hold the one that took it over."""
    if not isinstance(prior, Encounter):
        return encounter, []
    stream_id = encounter.encounter_id
    held = structs.replace(
        encounter,
        open_queries=(*encounter.open_queries, *prior.open_queries),
        answered_queries=(*encounter.answered_queries, *prior.answered_queries),
    )
    placed = [
        CodingQueryHoldPlaced(encounter_id=stream_id, query_id=query_id)
        for query_id in prior.open_queries
    ]
    noted = [
        CodingQueryAnswerNoted(encounter_id=stream_id, query_id=query_id)
        for query_id in prior.answered_queries
    ]
    return held, [Fact(stream_id, event) for event in (*placed, *noted)]


def _merged_away(
    taking: Taking, loaded: Loaded, context: Context
) -> tuple[Account | None, list[Fact]]:
    """Take an unbilled account out of its stream; one that was billed stays where it is."""
    prior_id, into = taking.prior_id, taking.encounter_id
    state = loaded.get(prior_id)
    assert state is None or isinstance(state, Encounter)
    if prior_id == into or (state is not None and state.status == "merged"):
        return None, []
    if state is not None and state.coded_version:
        return None, []
    moved = opened(state, context) if state is not None else None
    # An account that nobody has heard of is closed too: its charges may still be on their way.
    merged = EncounterMerged(encounter_id=prior_id, into_encounter_id=into)
    return moved, [Fact(prior_id, merged)]


def today_at(now: datetime, profile: Profile) -> str:
    """Return the calendar date at the facility."""
    return now.astimezone(profile.zone).date().isoformat()
