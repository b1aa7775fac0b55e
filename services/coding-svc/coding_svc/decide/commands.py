"""What people and other services ask of an encounter: release, recode, look again, send back."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from coding_svc.decide.billing import OVERRULABLE, Assessment, holds_still
from coding_svc.decide.encounter import (
    Step,
    Taking,
    opened,
    services_beside,
    standing,
    standing_open,
)
from coding_svc.decide.merge import faults_of, merge
from coding_svc.model.account import Account, Charge, Diagnosis, Overrule
from coding_svc.model.adopted import ADOPTED_STREAM, Adopted
from coding_svc.model.documented import SetAside
from coding_svc.model.encounter import Encounter
from coding_svc.model.reasons import reason
from coding_svc.problems import (
    ChargeNotFound,
    CodeMalformed,
    EncounterIncomplete,
    NothingToRelease,
    NotOverrulable,
    SenderUnknown,
)
from coding_svc.rules import codes
from coding_svc.rules.credits import net
from coding_svc.rules.edits import Edit, Role, refusal
from coding_svc.rules.profile import Profile, Profiles
from rcm.domain import Context, Fact, Loaded
from rcm.events.clinical import Reason
from rcm.events.coding import EncounterCoded, EncounterHeld, MessageSetAside
from rcm.events.coding_codes import (
    CodeSetsAdopted,
    EncounterRechecked,
    HoldsOverruled,
    OverruledHold,
)
from rcm.events.denials import CodingReworkRequested
from rcm.events.envelope import Recorded
from rcm.events.phi import ClearPhi


class LineCodes(Struct, frozen=True, kw_only=True):
    """New codes of one charge; None leaves a value as it is.

    Attributes:
        charge_id: Which charge.
        procedure_code: HCPCS or CPT.
        modifiers: In order.
        revenue_code: For a facility claim.
        place_of_service_code: For a professional claim.
        diagnosis_codes: In pointer order.
    """

    charge_id: str
    procedure_code: str | None = None
    modifiers: tuple[str, ...] | None = None
    revenue_code: str | None = None
    place_of_service_code: str | None = None
    diagnosis_codes: tuple[str, ...] | None = None


class Overruling(Struct, frozen=True, kw_only=True):
    """What a person sets aside, and who does it why.

    Attributes:
        rule_ids: Doubts, and edits; an edit is set aside for the codes that it is about now.
        reason: In the person's words; edits need one. PHI may be in it.
        by: The person.
        role: As what: coder or supervisor.
    """

    rule_ids: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    role: Role = "coder"


class Codes(Struct, frozen=True, kw_only=True):
    """A coder's decision.

    Attributes:
        diagnoses: The final diagnoses, the principal one first; None leaves them.
        poa_codes: Present on admission, in the order of the diagnoses; empty for none.
        lines: New codes of charges.
    """

    diagnoses: tuple[str, ...] | None = None
    poa_codes: tuple[str, ...] = ()
    lines: tuple[LineCodes, ...] = ()


def set_aside(aside: SetAside, message_id: str, sha256: str, raw: str) -> list[Fact]:
    """Record a message that nothing is done with; a rejected one is kept for whoever mends it."""
    kept = raw and aside.outcome == "rejected"
    event = MessageSetAside(
        message_id=message_id,
        message_control_number=aside.control_number,
        message_kind=aside.kind,
        message_sha256=sha256,
        sender=aside.sender,
        outcome="rejected" if aside.outcome == "rejected" else "ignored",
        reasons=list(aside.reasons),
        raw=ClearPhi.of(message_id, raw) if kept else None,
    )
    return [Fact(message_id, event)]


def release(
    encounter_id: str,
    overruling: Overruling,
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Release an encounter to billing; a person may pass doubts and some edits, never a lack.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
        NotOverrulable: A reason is no doubt but a lack, or not this person's to set aside.
        EncounterIncomplete: Something else still holds it.
        NothingToRelease: It is released already.
    """
    encounter, account, profile = known(encounter_id, profiles, loaded, context)
    doubts = OVERRULABLE.intersection(overruling.rule_ids)
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=structs.replace(account, overruled=tuple(sorted({*account.overruled, *doubts}))),
        profile=profile,
        codes=profiles.codes,
        others=services_beside(encounter_id, loaded),
        release=True,
    )
    found = step.assessment(context)
    passed = _set_aside(overruling, found, account)
    if passed:
        overrules = (*account.overrules, *(_overrule(edit, overruling) for edit in passed))
        step = structs.replace(step, account=structs.replace(step.account, overrules=overrules))
        found = step.assessment(context)
    if found.content is None:
        raise EncounterIncomplete(f"Held by: {', '.join(_rule_ids(found.holds))}.")
    if encounter.status == "coded" and found.content.sha256 == account.coded_sha256:
        raise NothingToRelease
    facts = step.facts(context, received=None, reasons=(), kind="API release")
    if overruling.rule_ids:
        facts.insert(0, _overruled_fact(encounter, overruling, passed))
    return facts


def _set_aside(overruling: Overruling, found: Assessment, account: Account) -> list[Edit]:
    """Find the edits that are to be set aside, each with the right to do so.

    Raises:
        NotOverrulable: A rule is no doubt and no edit that holds, or not this person's.
    """
    passed: list[Edit] = []
    for rule_id in overruling.rule_ids:
        if rule_id in OVERRULABLE:
            continue
        edits = [e for e in found.checked.edits if e.reason.rule_id == rule_id]
        edits = [e for e in edits if holds_still(e, account)]
        if not edits:
            raise NotOverrulable(
                f"{rule_id} is no edit that holds it. Doubts: {', '.join(sorted(OVERRULABLE))}."
            )
        for edit in edits:
            refused = refusal(edit, overruling.role, overruling.reason)
            if refused:
                raise NotOverrulable(f"{rule_id} at {edit.reason.path}: {refused}.")
        passed += edits
    return passed


def _overrule(edit: Edit, overruling: Overruling) -> Overrule:
    return Overrule(
        rule_id=edit.reason.rule_id,
        codes=edit.codes,
        reason=overruling.reason,
        by=overruling.by,
        role=overruling.role,
    )


def _overruled_fact(encounter: Encounter, overruling: Overruling, passed: list[Edit]) -> Fact:
    doubts = [OverruledHold(rule_id=r) for r in overruling.rule_ids if r in OVERRULABLE]
    edits = [
        OverruledHold(
            rule_id=edit.reason.rule_id,
            rule_version=edit.version,
            path=edit.reason.path,
            codes=list(edit.codes),
        )
        for edit in passed
    ]
    words = overruling.reason.strip()
    event = HoldsOverruled(
        encounter_id=encounter.encounter_id,
        overruled=[*doubts, *edits],
        role="supervisor" if overruling.role == "supervisor" else "coder",
        reason=ClearPhi.of(encounter.patient_id, words) if words else None,
    )
    return Fact(encounter.encounter_id, event)


def recode(
    encounter_id: str,
    wanted: Codes,
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Set codes by hand; what the sender said before stays in its messages.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
        CodeMalformed: A code has not the shape of its system.
        ChargeNotFound: A line names no charge that is left.
    """
    encounter, account, profile = known(encounter_id, profiles, loaded, context)
    origin = f"{context.cause_id}#API"
    if wanted.diagnoses is not None:
        kept = [d for d in account.diagnoses if d.kind != "F"]
        coded = [
            _diagnosis(code, place, wanted, origin) for place, code in enumerate(wanted.diagnoses)
        ]
        account = structs.replace(account, diagnoses=(*coded, *kept))
    if wanted.lines:
        account = structs.replace(account, charges=_recoded(account, wanted.lines, origin))
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=account,
        profile=profile,
        codes=profiles.codes,
        others=services_beside(encounter_id, loaded),
    )
    message_id = context.opaque_id("msg", context.cause_id)
    return step.facts(context, received=None, reasons=(), kind="API codes", message_id=message_id)


def look_again(
    encounter_id: str, profiles: Profiles, loaded: Loaded, context: Context
) -> list[Fact]:
    """Assess a held encounter anew: its days of waiting are over, or its profile has changed."""
    encounter, account, profile = known(encounter_id, profiles, loaded, context)
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=account,
        profile=profile,
        codes=profiles.codes,
        others=services_beside(encounter_id, loaded),
    )
    facts = step.facts(context, received=None, reasons=(), kind="assessment")
    return facts if len(facts) > 1 else []


def recheck(
    encounter_id: str,
    code_sets: str,
    touched: Mapping[str, Sequence[str]],
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Assess an open encounter by new code sets, and record that it was.

    Args:
        encounter_id: Which.
        code_sets: Fingerprint of the sets in force now.
        touched: Codes and pairs of the encounter whose standing changed, each with what changed;
            empty where that cannot be told.
        profiles: Of the tenant, with the code sets in force.
        loaded: The encounter.
        context: Of the decision.
    """
    facts = look_again(encounter_id, profiles, loaded, context)
    ends = {fact.event.name for fact in facts}
    outcome: Literal["same", "held", "coded"] = "same"
    if EncounterCoded.name in ends:
        outcome = "coded"
    elif EncounterHeld.name in ends:
        outcome = "held"
    event = EncounterRechecked(
        encounter_id=encounter_id,
        code_sets=code_sets,
        touched_codes=sorted(touched),
        changes=[f"{key} {said}" for key in sorted(touched) for said in touched[key]],
        outcome=outcome,
    )
    return [Fact(encounter_id, event), *facts]


def adopt(
    code_sets: str, release_ids: Sequence[str], touched_count: int, loaded: Loaded, _: Context
) -> list[Fact]:
    """Record that other code sets are in force; nothing where they were already."""
    before = loaded.get(ADOPTED_STREAM)
    previous = before.code_sets if isinstance(before, Adopted) else ""
    if previous == code_sets:
        return []
    event = CodeSetsAdopted(
        code_sets=code_sets,
        previous=previous,
        release_ids=list(release_ids),
        touched_count=touched_count,
    )
    return [Fact(ADOPTED_STREAM, event)]


def replay(takings: Sequence[Taking], loaded: Loaded, context: Context) -> list[Fact]:
    """Take the messages of one encounter again, in order, as their profile reads them today.

    Each part has the origin that it had, so that it replaces itself; nothing is counted twice.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
    """
    last = takings[-1]
    encounter = standing(last.encounter_id, loaded)
    account, noticed = opened(encounter, context), list[Reason]()
    for taking in takings:
        account, found = merge(account, taking.message)
        noticed += (*faults_of(taking.message), *found)
    assert account is not None, "there is a message"
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=account,
        profile=last.profile,
        codes=last.codes,
        others=services_beside(last.encounter_id, loaded),
    )
    again = [r for r in noticed if r.rule_id not in ("control-number-reused", "charge-repeated")]
    return step.facts(context, received=None, reasons=again, kind="replay")


def send_back(
    loaded: Loaded,
    recorded: Recorded[CodingReworkRequested],
    _context: Context,
) -> list[Fact]:
    """Hold an encounter because a denial asks for its coding to be looked at again."""
    event = recorded.event
    encounter = loaded.get(event.encounter_id)
    if not isinstance(encounter, Encounter) or encounter.status == "merged":
        return []
    reasons = [*encounter.reasons, reason("rework-requested", "diagnoses")]
    held = EncounterHeld(
        encounter_id=event.encounter_id,
        reasons=list(dict.fromkeys(reasons)),
        rework_of=event.denial_id,
    )
    return [Fact(event.encounter_id, held)]


def known(
    encounter_id: str, profiles: Profiles, loaded: Loaded, context: Context
) -> tuple[Encounter, Account, Profile]:
    """Open an encounter that something is asked of, and find the profile of its sender.

    Raises:
        EncounterNotFound: There is none, or nothing is known of it.
        EncounterMergedAway: It is part of another.
        PatientForgotten: Its key was destroyed.
        SenderUnknown: No profile fits its sender any more.
    """
    encounter, account = standing_open(encounter_id, loaded, context)
    application, _, facility = account.sender.partition("|")
    profile = profiles.of_sender(application, facility)
    if profile is None:
        raise SenderUnknown
    return encounter, account, profile


def _rule_ids(reasons: Sequence[Reason]) -> list[str]:
    return list(dict.fromkeys(r.rule_id for r in reasons))


def _diagnosis(code: str, place: int, wanted: Codes, origin: str) -> Diagnosis:
    shaped = codes.icd10_cm(code)
    if not shaped:
        raise CodeMalformed(f"diagnoses[{place}] is no ICD-10-CM code.")
    poa = wanted.poa_codes[place] if place < len(wanted.poa_codes) else ""
    return Diagnosis(shaped, "F", place + 1, poa, origin=origin)


def _recoded(account: Account, lines: Sequence[LineCodes], origin: str) -> tuple[Charge, ...]:
    live = {charge.charge_id for charge in net(account.charges).lines}
    wanted = {line.charge_id: line for line in lines}
    for number in wanted:
        if number not in live:
            raise ChargeNotFound("A line names no charge that is left after credits.")
    return tuple(
        _recoded_line(charge, wanted[charge.charge_id], origin)
        if charge.charge_id in wanted and not charge.is_credit
        else charge
        for charge in account.charges
    )


def _recoded_line(charge: Charge, line: LineCodes, origin: str) -> Charge:
    changes: dict[str, object] = {}
    for name, value, shaped in (
        ("procedure_code", line.procedure_code, codes.hcpcs),
        ("revenue_code", line.revenue_code, codes.revenue_code),
        ("place_of_service_code", line.place_of_service_code, codes.place_of_service),
    ):
        if value is not None:
            changes[name] = shaped(value)
            if value and not changes[name]:
                raise CodeMalformed(f"{name} has not the shape of its system.")
    if line.modifiers is not None:
        modifiers = tuple(modifier.upper() for modifier in line.modifiers)
        if not all(map(codes.modifier_is_shaped, modifiers)):
            raise CodeMalformed("A modifier is not two letters or digits.")
        changes["modifiers"] = modifiers
    if line.diagnosis_codes is not None:
        shapes = tuple(codes.icd10_cm(code) for code in line.diagnosis_codes)
        if not all(shapes):
            raise CodeMalformed("A diagnosis of a line is no ICD-10-CM code.")
        changes["diagnosis_codes"] = shapes
    # What was wrong with the codes is answered by setting them; doubts about money stay.
    kept = tuple(fault for fault in charge.faults if fault.rule_id not in _CODE_FAULTS)
    return structs.replace(charge, **changes, faults=kept, origin=origin)


_CODE_FAULTS = frozenset(
    {
        "dx-malformed",
        "dx-not-billable-system",
        "dx-system-guessed",
        "modifier-malformed",
        "modifiers-packed",
        "needs-cdm-lookup",
        "procedure-from-pr1",
        "procedure-malformed",
        "too-many-modifiers",
    }
)
