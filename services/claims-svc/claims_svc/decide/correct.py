"""What people and denials may do to a claim: hold it, release it, correct it, answer a denial."""

from typing import Literal

import msgspec

from claims_svc.decide.bill import Directories
from claims_svc.decide.prepare import Identity, prepare
from claims_svc.model.content import ClaimContent, Form, claim_id_for, day, with_directory
from claims_svc.model.states import ClaimState, EncounterState, encounter_stream
from claims_svc.model.supplement import ClaimSupplement
from claims_svc.problems import (
    ClaimAlreadySent,
    ClaimInFlight,
    ClaimReplacedAlready,
    EmptyCorrection,
    NothingToDrop,
    NothingToRelease,
    PatientForgotten,
)
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import (
    ClaimCorrectionRequested,
    ClaimReleased,
    ClaimReplaced,
    EncounterBilled,
)
from rcm.events.clinical import Address, Reason
from rcm.events.denials import CorrectedClaimRequested
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi
from rcm.problems import NotFound

CORRECTION_WANTED = Reason(
    rule_id="correction-wanted",
    path="2300 CLM",
    text="A denial asks for this corrected claim; nobody has said yet what is to be corrected.",
    remedy="Correct the claim, or release it as it is.",
)
HELD_BY_HAND = Reason(
    rule_id="held-by-hand",
    path="2300 CLM",
    text="Somebody holds this claim.",
    remedy="Release it.",
)


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be corrected on a claim without the EHR; None leaves a field as it is.

    Attributes:
        member_number: 2010BA NM109.
        group_number: SBR03.
        relationship_code: SBR02 or PAT01.
        claim_filing_indicator_code: SBR09.
        subscriber_last_name: 2010BA NM103.
        subscriber_first_name: 2010BA NM104.
        born_on: DMG02 of the subscriber; of the patient, when that is the subscriber.
        sex_code: DMG03, likewise.
        address: N3 and N4, likewise.
        prior_authorization_number: REF*G1.
        referral_number: REF*9F.
        payer_claim_control_number: REF*F8 of a replacement or void.
        delay_reason_code: CLM20.
        insurance_type_code: SBR05: why Medicare is not the first payer.
        is_non_covered_before: Whether the payers before never cover this and were not asked: AMT*A8
            stands for their answers.
        supplement: Attachments, notes, ambulance, certifications ...: all of it, anew.
    """

    member_number: str | None = None
    group_number: str | None = None
    relationship_code: str | None = None
    claim_filing_indicator_code: str | None = None
    subscriber_last_name: str | None = None
    subscriber_first_name: str | None = None
    born_on: str | None = None
    sex_code: Literal["F", "M", "U"] | None = None
    address: Address | None = None
    prior_authorization_number: str | None = None
    referral_number: str | None = None
    payer_claim_control_number: str | None = None
    delay_reason_code: str | None = None
    insurance_type_code: str | None = None
    is_non_covered_before: bool | None = None
    supplement: ClaimSupplement | None = None


_PERSON = {
    "subscriber_last_name": "last_name",
    "subscriber_first_name": "first_name",
    "born_on": "born_on",
    "sex_code": "sex_code",
    "address": "address",
}
_SUBSCRIBER = ("member_number", "group_number")
_COVERAGE = (
    "relationship_code",
    "claim_filing_indicator_code",
    "prior_authorization_number",
    "referral_number",
    "insurance_type_code",
)
_CLAIM = ("payer_claim_control_number", "delay_reason_code", "supplement")


def apply(content: ClaimContent, correction: Correction) -> ClaimContent:
    """Put the corrected fields into a claim's content.

    Raises:
        EmptyCorrection: No field is named.
    """
    given = {
        name: value
        for name in Correction.__struct_fields__
        if (value := getattr(correction, name)) is not None
    }
    if not given:
        raise EmptyCorrection("Name at least one field.")
    was_self = content.patient_is_subscriber
    replace = msgspec.structs.replace
    person = replace(
        content.subscriber.person,
        **{_PERSON[name]: value for name, value in given.items() if name in _PERSON},
    )
    subscriber = replace(
        content.subscriber,
        person=person,
        **{name: value for name, value in given.items() if name in _SUBSCRIBER},
    )
    coverage = replace(
        content.coverage, **{name: value for name, value in given.items() if name in _COVERAGE}
    )
    patient = replace(content.patient, person=person) if was_self else content.patient
    others = content.others
    if correction.is_non_covered_before is not None:
        before = content.prior_payers
        stated = correction.is_non_covered_before
        others = [replace(o, is_non_covered=stated) if o in before else o for o in others]
    return replace(
        content,
        others=others,
        subscriber=subscriber,
        coverage=coverage,
        patient=patient,
        **{name: value for name, value in given.items() if name in _CLAIM},
    )


def correct(
    loaded: Loaded,
    context: Context,
    claim_id: str,
    sealed: Phi,
    correction: Correction,
    directories: Directories,
) -> list[Fact]:
    """Correct named fields of a claim that the payer does not have, and check it anew.

    Raises:
        NotFound: No such claim.
        ClaimInFlight: It is in an interchange that is not settled.
        ClaimAlreadySent: The payer has it.
        ClaimReplacedAlready: Another claim stands for it.
        EmptyCorrection: No field is named.
        PatientForgotten: It can be read no more.
    """
    claim = _changeable(loaded, claim_id)
    content = apply(_opened(context, claim, sealed), correction)
    return [_again(claim, content, context, directories)]


def release(
    loaded: Loaded,
    context: Context,
    claim_id: str,
    sealed: Phi | None,
    directories: Directories,
) -> list[Fact]:
    """Let a claim go: a rejected one as it is, a held one after checking it anew with the tenant's
    directory as it is now.

    Raises:
        NotFound: No such claim.
        ClaimInFlight: It is in an interchange that is not settled.
        ClaimAlreadySent: The payer has it.
        ClaimReplacedAlready: Another claim stands for it.
        NothingToRelease: It is ready already.
        PatientForgotten: It can be read no more.
    """
    claim = _changeable(loaded, claim_id)
    if claim.status == "ready":
        raise NothingToRelease("The claim is ready.")
    if claim.status == "rejected":
        return [Fact(claim_id, ClaimReleased(claim_id=claim_id, cause="operator"))]
    content = _opened(context, claim, sealed)
    return [_again(claim, content, context, directories)]


def hold(
    loaded: Loaded,
    context: Context,
    claim_id: str,
    sealed: Phi | None,
    directories: Directories,
) -> list[Fact]:
    """Keep a ready or rejected claim from leaving until somebody releases it.

    Raises:
        NotFound: No such claim.
        ClaimInFlight: It is in an interchange that is not settled.
        ClaimAlreadySent: The payer has it.
        ClaimReplacedAlready: Another claim stands for it.
        PatientForgotten: It can be read no more.
    """
    claim = _changeable(loaded, claim_id)
    if claim.status == "held":
        return []
    content = _opened(context, claim, sealed)
    return [_again(claim, content, context, directories, HELD_BY_HAND)]


DropCause = Literal["coverage-ended", "never-covered", "filing-limit-passed", "asked-otherwise"]
"""Why a person drops a later payer's claim. See ClaimReplaced."""


def drop(loaded: Loaded, _context: Context, claim_id: str, cause: DropCause) -> list[Fact]:
    """Ask nothing of a later payer that never had the claim: its share is the patient's again.

    Raises:
        NotFound: No such claim.
        ClaimInFlight: It is in an interchange that is not settled.
        ClaimAlreadySent: The payer has it.
        ClaimReplacedAlready: Another claim stands for it.
        NothingToDrop: It is the first payer's, or replaces one that the payer has.
    """
    claim = _changeable(loaded, claim_id)
    if not claim.prior_claim_id or claim.frequency_code != "1":
        raise NothingToDrop("Only an original claim for a later payer is dropped.")
    gone = ClaimReplaced(
        claim_id=claim_id, replaced_by="", prior_claim_id=claim.prior_claim_id, cause=cause
    )
    return [Fact(claim_id, gone)]


def request_streams(recorded: Recorded[CorrectedClaimRequested]) -> list[str]:
    """Name what `request` reads and writes."""
    return [recorded.event.claim_id]


def request(loaded: Loaded, recorded: Recorded[CorrectedClaimRequested], _: Context) -> list[Fact]:
    """Note that a denial asks for a corrected claim. The claim itself is made by `answer_denial`,
    which needs what this one was written from.
    """
    event = recorded.event
    claim = loaded.get(event.claim_id)
    if not isinstance(claim, ClaimState) or claim.status == "replaced":
        return []
    if claim.correction is not None and claim.correction.denial_id == event.denial_id:
        return []
    return [
        Fact(
            claim.claim_id,
            ClaimCorrectionRequested(
                claim_id=claim.claim_id,
                denial_id=event.denial_id,
                frequency_code=event.frequency_code,
                payer_claim_control_number=event.payer_claim_control_number,
            ),
        )
    ]


def corrected_id(
    tenant_id: str, encounter_id: str, claim_id: str, denial_id: str, form: Form
) -> str:
    """Derive the id of the claim that a denial of another one asks for."""
    return claim_id_for(tenant_id, encounter_id, form, 1, f"{claim_id} {denial_id}")


def answer_denial(
    loaded: Loaded,
    context: Context,
    claim_id: str,
    sealed: Phi,
    directories: Directories,
) -> list[Fact]:
    """Make the corrected claim that a denial asked for.

    A void is ready at once; a replacement and a new claim are held until somebody says what is to
    be corrected, because the same claim again would be denied again.
    """
    claim = loaded.get(claim_id)
    if not isinstance(claim, ClaimState) or claim.status != "sent" or claim.correction is None:
        return []
    wanted = claim.correction
    new_id = corrected_id(
        context.tenant_id, claim.encounter_id, claim_id, wanted.denial_id, claim.form
    )
    content = context.open(sealed, ClaimContent)
    if new_id in loaded or content is None:
        return []
    number = wanted.payer_claim_control_number or claim.payer_number
    corrects = wanted.frequency_code != "1"
    starts_on = (day(claim.accepted_on) or context.now.date()) if corrects else None
    content = msgspec.structs.replace(
        with_directory(content, directories(context.tenant_id)),
        frequency_code=wanted.frequency_code,
        payer_claim_control_number=number if corrects else "",
    )
    identity = Identity(
        new_id,
        claim.encounter_id,
        claim.coded_version,
        claim.patient_id,
        claim.claim_id,
        starts_on,
        prior_claim_id=claim.prior_claim_id,
    )
    doubts = [] if wanted.frequency_code == "8" else [CORRECTION_WANTED]
    directory = directories(context.tenant_id)
    made = prepare(identity, content, directory, context, doubts)
    return [*_swapped(loaded, claim, new_id), made]


def _swapped(loaded: Loaded, claim: ClaimState, new_id: str) -> list[Fact]:
    """Say which claims stand for the encounter now."""
    stream = encounter_stream(claim.encounter_id)
    encounter = loaded.get(stream)
    if not isinstance(encounter, EncounterState) or claim.claim_id not in encounter.claim_ids:
        return []
    voids = claim.correction is not None and claim.correction.frequency_code == "8"
    ids = [
        new_id if one == claim.claim_id else one
        for one in encounter.claim_ids
        if not (voids and one == claim.claim_id)
    ]
    if encounter.outcome == "waiting":
        return []
    billed = EncounterBilled(
        encounter_id=encounter.encounter_id,
        coded_version=encounter.coded_version,
        patient_id=encounter.patient_id,
        outcome="claims" if ids else "self-pay",
        billed_cents=encounter.billed_cents,
        claim_ids=ids,
    )
    return [Fact(stream, billed)]


def _changeable(loaded: Loaded, claim_id: str) -> ClaimState:
    claim = loaded.get(claim_id)
    if not isinstance(claim, ClaimState):
        raise NotFound
    if claim.status == "batched":
        raise ClaimInFlight(f"In interchange {claim.interchange_control_number}.")
    if claim.status == "sent":
        raise ClaimAlreadySent("Replace it instead.")
    if claim.status == "replaced":
        raise ClaimReplacedAlready("Look at the claim that stands for it.")
    return claim


def _opened(context: Context, claim: ClaimState, sealed: Phi | None) -> ClaimContent:
    if sealed is None or sealed.bound_to != claim.content_bound_to:
        raise PatientForgotten("What it was written from is not there.")
    content = context.open(sealed, ClaimContent)
    if content is None:
        raise PatientForgotten("What it was written from can be read no more.")
    return content


def _again(
    claim: ClaimState,
    content: ClaimContent,
    context: Context,
    directories: Directories,
    *doubts: Reason,
) -> Fact:
    """Check a claim anew, with the directory as it is now."""
    # The clocks of corrected claims and of later payers did not start with the service.
    keeps_clock = claim.frequency_code != "1" or bool(claim.prior_claim_id)
    directory = directories(context.tenant_id)
    identity = Identity(
        claim.claim_id,
        claim.encounter_id,
        claim.coded_version,
        claim.patient_id,
        claim.replaces_claim_id,
        deadline_on=day(claim.filing_deadline_on) if keeps_clock else None,
        prior_claim_id=claim.prior_claim_id,
    )
    return prepare(identity, with_directory(content, directory), directory, context, doubts)
