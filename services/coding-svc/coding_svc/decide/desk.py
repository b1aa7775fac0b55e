"""What coders and their managers do with an encounter as a piece of work.

    held ──take──▶ taken ──codes, sequence, split──▶ release ──▶ coded ──withdraw──▶ asked ─┐
     ▲              │ lease over, given back, reassigned                                     │
     └──────────────┴───────────────────── held: release-withdrawn ◀── claims-svc: withdrawn ┤
                                           coded, as it was        ◀── claims-svc: refused ──┘

An encounter is one stream: of two who take it at once, the second is decided on the state that the
first has left. Whether a release can be taken back only claims-svc knows: it is asked, and answers.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from coding_svc.decide import commands
from coding_svc.decide.encounter import Step, services_beside, standing
from coding_svc.model.desk import Coder, coder_parts
from coding_svc.model.encounter import Encounter
from coding_svc.model.reasons import reason
from coding_svc.problems import (
    AssignedToAnother,
    ChargeNotFound,
    CodedByYou,
    CredentialMissing,
    NotHeld,
    NotReleased,
    NotTaken,
    SequenceMismatch,
    TakenByAnother,
    WithdrawalPending,
)
from coding_svc.rules.credits import net
from coding_svc.rules.desk import DeskRules, lacks_credential
from coding_svc.rules.profile import Profiles
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import ClaimSubmitted
from rcm.events.claims_withdrawal import ReleaseWithdrawalSettled
from rcm.events.coding import EncounterHeld
from rcm.events.coding_desk import (
    EncounterAssigned,
    EncounterReturned,
    EncounterTaken,
    ReleaseWithdrawalRefused,
    ReleaseWithdrawalRequested,
    ReleaseWithdrawn,
    SubmissionNoted,
)
from rcm.events.envelope import Recorded

Decide = Callable[[Loaded, Context], Sequence[Fact]]

INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class Worker(Struct, frozen=True):
    """Who works, and by which rules.

    Attributes:
        coder: The user's subject.
        rules: Of the desk.
        is_manager: A manager works on what others have taken.
    """

    coder: str
    rules: DeskRules
    is_manager: bool = False


def take(encounter_id: str, worker: Worker, loaded: Loaded, context: Context) -> list[Fact]:
    """Take an encounter, or renew the lease of one's own.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
        NotHeld: Nothing waits to be coded.
        TakenByAnother: Somebody else works on it.
        AssignedToAnother: It is somebody else's to code.
        CredentialMissing: Its class needs a credential that the coder does not hold.
    """
    encounter = standing(encounter_id, loaded)
    if encounter.status != "held":
        raise NotHeld
    desk = encounter.desk
    if desk.holder(_instant(context.now)) not in ("", worker.coder):
        raise TakenByAnother  # a manager takes it away by an assignment, so that it is said
    if desk.assigned_to not in ("", worker.coder):
        raise AssignedToAnother
    _check_credential(encounter, worker.coder, worker.rules, loaded, context)
    until = context.now.astimezone(UTC) + timedelta(seconds=worker.rules.lease_s)
    taken = EncounterTaken(
        encounter_id=encounter_id,
        coder=worker.coder,
        leased_until=until.strftime(INSTANT),
        time_zone=desk.time_zone,
    )
    return [Fact(encounter_id, taken)]


def give_back(encounter_id: str, worker: Worker, loaded: Loaded, context: Context) -> list[Fact]:
    """Put an encounter back into the queue.

    Raises:
        EncounterNotFound: There is none.
        NotTaken: Nobody works on it, or somebody else does.
    """
    encounter = standing(encounter_id, loaded)
    holder = encounter.desk.holder(_instant(context.now))
    if not holder or (holder != worker.coder and not worker.is_manager):
        raise NotTaken
    returned = EncounterReturned(encounter_id=encounter_id, coder=holder, cause="given-back")
    return [Fact(encounter_id, returned)]


def assign(
    encounter_id: str, coder: str, rules: DeskRules, loaded: Loaded, context: Context
) -> list[Fact]:
    """Say who is to code an encounter; whoever has it now loses it.

    Raises:
        EncounterNotFound: There is none.
        NotHeld: Nothing waits to be coded.
        CredentialMissing: Its class needs a credential that the coder does not hold.
    """
    encounter = standing(encounter_id, loaded)
    if encounter.status != "held":
        raise NotHeld
    if coder:
        _check_credential(encounter, coder, rules, loaded, context)
    facts = []
    holder = encounter.desk.holder(_instant(context.now))
    if holder and holder != coder:
        returned = EncounterReturned(encounter_id=encounter_id, coder=holder, cause="reassigned")
        facts.append(Fact(encounter_id, returned))
    if encounter.desk.assigned_to != coder:
        assigned = EncounterAssigned(encounter_id=encounter_id, coder=coder)
        facts.append(Fact(encounter_id, assigned))
    return facts


Act = Literal["codes", "release", "other"]
"""What a decision does to an encounter: sets its codes, releases it, or neither."""


def guarded(encounter_id: str, worker: Worker, decide: Decide, act: Act = "other") -> Decide:
    """Let a decision about codes be made only by whom the desk lets.

    The decision raises, besides what it raises itself:
        TakenByAnother: Somebody else works on the encounter.
        NotTaken: The rules ask for an encounter to be taken first, and it is not.
        CredentialMissing: Its class needs a credential that the coder does not hold.
        CodedByYou: The rules have another person release what this one has coded.
    """

    def guard(loaded: Loaded, context: Context) -> Sequence[Fact]:
        encounter = loaded.get(encounter_id)
        if isinstance(encounter, Encounter):
            _check_holder(encounter, worker, context)
            _check_credential(encounter, worker.coder, worker.rules, loaded, context)
            holds = encounter.desk.holder(_instant(context.now)) == worker.coder
            if worker.rules.must_take and not holds and not worker.is_manager:
                raise NotTaken
            if worker.rules.separate_release:
                return decide(_separated(encounter, worker.coder, act, loaded), context)
        return decide(loaded, context)

    return guard


def _separated(encounter: Encounter, coder: str, act: Act, loaded: Loaded) -> Loaded:
    """Keep the two duties apart: what is coded now waits for another person's release."""
    if act == "release" and coder in encounter.desk.coding_by:
        raise CodedByYou
    if act != "codes":
        return loaded
    reserved = structs.replace(encounter.desk, is_reserved=True)
    return {**loaded, encounter.encounter_id: structs.replace(encounter, desk=reserved)}


def sequence(
    encounter_id: str,
    diagnoses: Sequence[str],
    poa_codes: Sequence[str],
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Put the final diagnoses into another order, the principal one first.

    Raises:
        SequenceMismatch: These are not the diagnoses that the encounter has.
    """
    _, account, _ = commands.known(encounter_id, profiles, loaded, context)
    final = [d for d in account.diagnoses if d.kind == "F"]
    wanted = [code.replace(".", "").strip().upper() for code in diagnoses]
    if Counter(wanted) != Counter(d.code for d in final):
        raise SequenceMismatch("Send each final diagnosis once; set codes to change them.")
    known = {d.code: d.poa_code for d in final}
    poa = tuple(poa_codes) or tuple(known[code] for code in wanted)
    if len(poa) != len(wanted):
        raise SequenceMismatch("Send one present-on-admission code for each diagnosis, or none.")
    codes = commands.Codes(diagnoses=tuple(wanted), poa_codes=poa)
    return commands.recode(encounter_id, codes, profiles, loaded, context)


def split(
    encounter_id: str,
    forms: Mapping[str, str],
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Say which charges go to the professional claim (P) and which to the facility's (I).

    Raises:
        ChargeNotFound: A charge is not there, or was taken back by a credit.
    """
    encounter, account, profile = commands.known(encounter_id, profiles, loaded, context)
    if not forms.keys() <= {charge.charge_id for charge in net(account.charges).lines}:
        raise ChargeNotFound("A line names no charge that is left after credits.")
    charges = tuple(
        structs.replace(charge, form=forms[charge.charge_id])
        if charge.charge_id in forms and not charge.is_credit
        else charge
        for charge in account.charges
    )
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=structs.replace(account, charges=charges),
        profile=profile,
        codes=profiles.codes,
        others=services_beside(encounter_id, loaded),
    )
    message_id = context.opaque_id("msg", context.cause_id)
    return step.facts(context, received=None, reasons=(), kind="API split", message_id=message_id)


def ask_back(encounter_id: str, loaded: Loaded, context: Context) -> list[Fact]:
    """Ask a release back; claims-svc answers whether it was in time.

    Raises:
        EncounterNotFound: There is none.
        NotReleased: It is not released.
        WithdrawalPending: It was asked back before, and not answered yet.
    """
    encounter = standing(encounter_id, loaded)
    withdrawal = encounter.desk.withdrawal
    if withdrawal is not None and withdrawal.status == "asked":
        raise WithdrawalPending
    if encounter.status != "coded":
        raise NotReleased
    requested = ReleaseWithdrawalRequested(
        encounter_id=encounter_id,
        coded_version=encounter.coded_version,
        withdrawal_id=context.opaque_id("wdr", context.cause_id),
    )
    return [Fact(encounter_id, requested)]


def settle_withdrawal(
    loaded: Loaded, recorded: Recorded[ReleaseWithdrawalSettled], _context: Context
) -> list[Fact]:
    """Learn what became of a release that was asked back."""
    event = recorded.event
    encounter_id = event.encounter_id
    encounter = loaded.get(encounter_id)
    asked = encounter.desk.withdrawal if isinstance(encounter, Encounter) else None
    if asked is None or asked.withdrawal_id != event.withdrawal_id or asked.status != "asked":
        return []
    assert isinstance(encounter, Encounter)
    left = [r for r in encounter.reasons if r.rule_id != "withdrawal-asked"]
    if event.outcome == "refused":
        refused = ReleaseWithdrawalRefused(
            encounter_id=encounter_id,
            coded_version=event.coded_version,
            withdrawal_id=event.withdrawal_id,
            cause="superseded" if event.cause == "superseded" else "sent",
            claim_ids=event.claim_ids,
        )
        if encounter.status != "held":
            return [Fact(encounter_id, refused)]
        # Something came while the answer was waited for: a person looks, and releases it.
        left.append(reason("changed-while-asked-back", "encounter"))
        held = EncounterHeld(encounter_id=encounter_id, reasons=left)
        return [Fact(encounter_id, refused), Fact(encounter_id, held)]
    withdrawn = ReleaseWithdrawn(
        encounter_id=encounter_id,
        coded_version=event.coded_version,
        withdrawal_id=event.withdrawal_id,
        claim_ids=event.claim_ids,
    )
    held = EncounterHeld(
        encounter_id=encounter_id, reasons=[*left, reason("release-withdrawn", "encounter")]
    )
    return [Fact(encounter_id, withdrawn), Fact(encounter_id, held)]


def note_submission(
    loaded: Loaded, recorded: Recorded[ClaimSubmitted], _context: Context
) -> list[Fact]:
    """Note that a claim of an encounter went out: its evidence refers to it."""
    event = recorded.event
    if not isinstance(loaded.get(event.encounter_id), Encounter):
        return []
    noted = SubmissionNoted(
        encounter_id=event.encounter_id,
        claim_id=event.claim_id,
        form=event.form,
        payer_id=event.payer_id,
        frequency_code=event.frequency_code,
        interchange_control_number=event.interchange_control_number,
        attempt=event.attempt,
        billed_cents=event.billed_cents,
        event_id=recorded.event_id,
    )
    return [Fact(event.encounter_id, noted)]


def streams_of(opaque_id: Callable[..., str], encounter_id: str, coder: str) -> list[str]:
    """Name what a decision of the desk reads: the encounter and the coder."""
    return [encounter_id, opaque_id(*coder_parts(coder))] if coder else [encounter_id]


def _check_holder(encounter: Encounter, worker: Worker, context: Context) -> None:
    holder = encounter.desk.holder(_instant(context.now))
    if holder not in ("", worker.coder) and not worker.is_manager:
        raise TakenByAnother


def _check_credential(
    encounter: Encounter, coder: str, rules: DeskRules, loaded: Loaded, context: Context
) -> None:
    state: Any = loaded.get(context.opaque_id(*coder_parts(coder)))
    today = context.now.astimezone(ZoneInfo(encounter.desk.zone_name)).date()
    known = state if isinstance(state, Coder) else None
    needed = lacks_credential(rules, known, encounter.desk.class_code, today)
    if needed:
        raise CredentialMissing(f"Needs one of: {', '.join(needed)}.")


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(INSTANT)
