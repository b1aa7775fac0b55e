"""From a coded encounter to its claims: the first version at once, later ones when they may.

A later version meets claims that are on their way. Each is treated by where it is:

    held, ready, rejected     built anew in place: the payer never had it
    batched                   nothing may change; wait
    sent, number unknown      wait for the payer's number, or for a rejection
    sent, number known        a replacement (frequency 7), or a void (8) where nothing is to stand

The first version is decided in the reaction. A later one is recorded as waiting, with what it says
sealed, because a decision must name beforehand what it reads, and which claims there are is known
only from the encounter's own state. The job of `handlers.py` then asks `catch_up`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from msgspec.structs import replace

from claims_svc.decide.prepare import FORGOTTEN, Identity, prepare
from claims_svc.model.content import (
    ClaimContent,
    CodedEncounter,
    Form,
    claim_id_for,
    contents,
    day,
    slots,
    with_directory,
)
from claims_svc.model.directory import Directory
from claims_svc.model.states import ClaimState, EncounterState, encounter_stream
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import ClaimReplaced, EncounterBilled
from rcm.events.clinical import PatientPhi, Reason, SubscriberPhi
from rcm.events.coding import EncounterCoded
from rcm.events.envelope import Recorded
from rcm.events.phi import ClearPhi, Phi

Directories = Callable[[str], Directory | None]
"""The directory of a tenant as it is now, or None."""

IN_FLIGHT = Reason(
    rule_id="earlier-claim-unanswered",
    path="2300 REF*F8",
    text="An earlier claim of this encounter is on its way, and the payer's number is not known.",
    remedy="Wait for the payer's 277CA or 835. A rejection lets the new version go at once.",
)


def bill_streams(recorded: Recorded[EncounterCoded]) -> list[str]:
    """Name what `bill` reads and writes."""
    event = recorded.event
    return [encounter_stream(event.encounter_id), *_first_ids(recorded.tenant_id, event).values()]


def bill(
    loaded: Loaded,
    recorded: Recorded[EncounterCoded],
    context: Context,
    directories: Directories,
) -> list[Fact]:
    """Make the claims of an encounter's first version; let a later one wait for its turn."""
    event = recorded.event
    stream = encounter_stream(event.encounter_id)
    before: EncounterState | None = loaded.get(stream)
    if before is not None and event.coded_version <= before.coded_version:
        return []
    standing = list(before.claim_ids) if before is not None else []
    billed = EncounterBilled(
        encounter_id=event.encounter_id,
        coded_version=event.coded_version,
        patient_id=event.patient_id,
        outcome="self-pay",
        billed_cents=sum(line.billed_cents for line in event.lines),
    )
    if not event.coverages and not standing:
        return [Fact(stream, billed)]
    encounter = _opened(event, context)
    if encounter is None:
        return [Fact(stream, replace(billed, outcome="waiting", reasons=[FORGOTTEN]))]
    if standing:
        waiting = replace(
            billed,
            outcome="waiting",
            claim_ids=standing,
            next_claim_ids=list(_next_ids(recorded.tenant_id, event, len(standing)).values()),
            coded=ClearPhi.of(event.patient_id, encounter),
            reasons=[IN_FLIGHT],
        )
        return [Fact(stream, waiting)]
    directory = directories(recorded.tenant_id)
    ids = _first_ids(recorded.tenant_id, event)
    facts = [
        prepare(
            Identity(
                ids[content.form, content.part],
                event.encounter_id,
                event.coded_version,
                event.patient_id,
            ),
            content,
            directory,
            context,
        )
        for content in contents(encounter, directory)
    ]
    return [
        Fact(
            stream, replace(billed, outcome="claims", claim_ids=[fact.stream_id for fact in facts])
        ),
        *facts,
    ]


def catch_up_streams(
    encounter_id: str, claim_ids: Sequence[str], next_claim_ids: Sequence[str]
) -> list[str]:
    """Name what `catch_up` reads and writes."""
    return [encounter_stream(encounter_id), *claim_ids, *next_claim_ids]


def catch_up(
    loaded: Loaded,
    context: Context,
    encounter_id: str,
    directories: Directories,
    stored: Mapping[str, Phi],
) -> list[Fact]:
    """Bill the version of an encounter that waits, if nothing stands against it any more.

    Args:
        loaded: The encounter, its claims, and the ids that new ones may get.
        context: When, and whose.
        encounter_id: Which encounter.
        directories: The tenants' directories.
        stored: The sealed contents of its claims, for what has to be voided.
    """
    stream = encounter_stream(encounter_id)
    before: EncounterState | None = loaded.get(stream)
    if before is None or before.outcome != "waiting" or before.coded is None:
        return []
    standing = [claim for one in before.claim_ids if (claim := _standing(loaded, one)) is not None]
    if any(_must_wait(claim) for claim in standing):
        return []
    encounter = context.open(before.coded, CodedEncounter)
    if encounter is None:
        return []
    return _Turn(context, before, encounter, directories, stored).facts(standing)


class _Turn:
    """One version of an encounter taking the place of the one before."""

    def __init__(
        self,
        context: Context,
        before: EncounterState,
        encounter: CodedEncounter,
        directories: Directories,
        stored: Mapping[str, Phi],
    ) -> None:
        self._context = context
        self._coded = encounter.coded
        self._encounter = encounter
        self._directory = directories(context.tenant_id)
        self._stored = stored
        self._ids = _next_ids(context.tenant_id, self._coded, len(before.claim_ids))

    def facts(self, standing: Sequence[ClaimState]) -> list[Fact]:
        """Rebuild, replace, void or add, claim by claim."""
        wanted: dict[tuple[Form, int], ClaimContent] = {}
        if self._coded.coverages:
            for content in contents(self._encounter, self._directory):
                wanted[content.form, content.part] = content
        ids: list[str] = []
        facts: list[Fact] = []
        for number, claim in enumerate(standing):
            successor = wanted.get((claim.form, claim.part))
            # A claim that another payer has is taken back there; the new payer gets an original.
            if successor is None or (
                claim.was_sent and successor.coverage.payer_id != claim.payer_id
            ):
                facts += self._withdraw(claim, number)
                continue
            del wanted[claim.form, claim.part]
            fact = self._follow(claim, successor)
            ids.append(fact.stream_id)
            facts.append(fact)
        for slot, content in wanted.items():
            fact = self._prepare(self._ids[slot], content)
            ids.append(fact.stream_id)
            facts.append(fact)
        billed = EncounterBilled(
            encounter_id=self._coded.encounter_id,
            coded_version=self._coded.coded_version,
            patient_id=self._coded.patient_id,
            outcome="claims" if ids else "self-pay",
            billed_cents=sum(line.billed_cents for line in self._coded.lines),
            claim_ids=ids,
        )
        return [Fact(encounter_stream(self._coded.encounter_id), billed), *facts]

    def _follow(self, claim: ClaimState, content: ClaimContent) -> Fact:
        """Build a claim anew in place, or replace it at the payer. What a person added stays."""
        before = self._content_of(claim)
        if before is not None and before.supplement is not None:
            content = replace(content, supplement=before.supplement)
        if claim.was_sent:
            content = replace(
                content, frequency_code="7", payer_claim_control_number=claim.payer_number
            )
            new_id = self._ids[claim.form, claim.part]
            return self._prepare(new_id, content, claim.claim_id, self._clock(claim))
        content = replace(
            content,
            frequency_code=claim.frequency_code,
            payer_claim_control_number=claim.payer_claim_control_number,
        )
        corrects = claim.frequency_code != "1"
        return self._prepare(
            claim.claim_id,
            content,
            claim.replaces_claim_id,
            deadline_on=day(claim.filing_deadline_on) if corrects else None,
        )

    def _withdraw(self, claim: ClaimState, number: int) -> list[Fact]:
        """Take a claim back: at the payer, or here where the payer never had it."""
        if not claim.was_sent:
            gone = ClaimReplaced(claim_id=claim.claim_id, replaced_by="")
            return [Fact(claim.claim_id, gone)]
        content = self._content_of(claim)
        if content is None:
            return []
        content = replace(
            with_directory(content, self._directory),
            frequency_code="8",
            payer_claim_control_number=claim.payer_number,
        )
        void_id = self._ids["8", number]
        return [self._prepare(void_id, content, claim.claim_id, self._clock(claim))]

    def _content_of(self, claim: ClaimState) -> ClaimContent | None:
        sealed = self._stored.get(claim.claim_id)
        return self._context.open(sealed, ClaimContent) if sealed is not None else None

    def _clock(self, claim: ClaimState) -> date:
        """Give the day that the limit of a corrected claim counts from: when the payer took the
        first one, which is earlier than the remittance that most contracts count from.
        """
        return day(claim.accepted_on) or self._context.now.date()

    def _prepare(
        self,
        claim_id: str,
        content: ClaimContent,
        replaces_claim_id: str = "",
        clock_starts_on: date | None = None,
        deadline_on: date | None = None,
    ) -> Fact:
        coded = self._coded
        identity = Identity(
            claim_id,
            coded.encounter_id,
            coded.coded_version,
            coded.patient_id,
            replaces_claim_id,
            clock_starts_on,
            deadline_on,
        )
        return prepare(identity, content, self._directory, self._context)


def _must_wait(claim: ClaimState) -> bool:
    return claim.status == "batched" or (claim.status == "sent" and not claim.payer_number)


def _standing(loaded: Loaded, claim_id: str) -> ClaimState | None:
    claim = loaded.get(claim_id)
    return claim if isinstance(claim, ClaimState) and claim.status != "replaced" else None


def _opened(event: EncounterCoded, context: Context) -> CodedEncounter | None:
    patient = context.open(event.patient, PatientPhi)
    subscribers = context.open(event.subscribers, list[SubscriberPhi])
    if patient is None or subscribers is None:
        return None
    return CodedEncounter(coded=event, patient=patient, subscribers=subscribers)


def _first_ids(tenant_id: str, event: EncounterCoded) -> dict[tuple[str, int], str]:
    return {
        (form, part): claim_id_for(tenant_id, event.encounter_id, form, part)
        for form, part in slots(event.lines)
    }


def _next_ids(
    tenant_id: str, event: EncounterCoded, standing_count: int
) -> dict[tuple[str, int], str]:
    """Give the ids of the claims that a later version may make, and of the voids it may need."""
    cause = f"version {event.coded_version}"
    ids: dict[tuple[str, int], str] = {
        (form, part): claim_id_for(tenant_id, event.encounter_id, form, part, cause)
        for form, part in slots(event.lines)
    }
    for number in range(standing_count):
        void = f"void {event.coded_version}"
        ids["8", number] = claim_id_for(tenant_id, event.encounter_id, "P", number, void)
    return ids
