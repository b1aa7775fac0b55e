"""Events of claims-svc, on topic `rcm.claims`: a claim's way to the payer and what came back
before adjudication.
"""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from rcm.events.clinical import Day, Reason
from rcm.events.event import Event
from rcm.events.phi import Phi
from rcm.money import Cents

ClaimId = Annotated[str, Meta(min_length=1, max_length=17, pattern=r"^[A-Z0-9]+$")]
"""Our patient control number. 837 2300 CLM01 = 835 2100 CLP01 = 277CA 2200D TRN02. X12 allows 20,
many payers 17."""

InterchangeNumber = Annotated[str, Meta(pattern=r"^\d{9}$")]
"""ISA13."""


class ClaimLine(msgspec.Struct, frozen=True, kw_only=True):
    """One service line of a claim, as later money and denials refer to it."""

    line_item_control_number: str  # 2400 REF*6R
    procedure_code: str = ""  # SV101-2 / SV202-2
    modifiers: list[str] = []
    revenue_code: str = ""  # SV201
    units_milli: int = 1000
    billed_cents: Cents = 0
    service_from: Day | None = None


class EncounterBilled(Event, frozen=True, kw_only=True):
    """What became of one version of a coded encounter: claims, none, or a wait. Stream:
    `encounter-` and its id.

    The claims themselves follow on their own streams in the same transaction (ClaimPrepared or
    ClaimHeld).

    Attributes:
        encounter_id: The encounter.
        coded_version: Version of EncounterCoded that was looked at.
        patient_id: Names the PHI key.
        outcome: `claims` made or rebuilt; `self-pay` no coverage, so no claim; `waiting` an earlier
            claim is on its way and has to be answered first.
        billed_cents: Sum of the version's lines.
        claim_ids: The claims that stand for the encounter now; while waiting, those waited for.
        next_claim_ids: While waiting, the claims that this version may make.
        coded: The coded encounter, sealed, while it waits; claims-svc's own shape.
        reasons: Why it waits.
    """

    name: ClassVar[str] = "EncounterBilled"

    encounter_id: str
    coded_version: int
    patient_id: str
    outcome: Literal["claims", "self-pay", "waiting"]
    billed_cents: Cents
    claim_ids: list[str] = []
    next_claim_ids: list[str] = []
    coded: Phi | None = None
    reasons: list[Reason] = []


class ClaimPrepared(Event, frozen=True, kw_only=True):
    """A claim was built from a coded encounter, checked, and may leave.

    Stream: the claim. One encounter makes one claim a form and coverage in turn.

    Attributes:
        claim_id: 837 2300 CLM01.
        encounter_id: The encounter billed.
        coded_version: Version of EncounterCoded that it was built from.
        patient_id: Names the PHI key.
        form: P for 837P, I for 837I.
        part: 1-based place among the encounter's claims of this form; over 1 where there are more
            lines than a claim may have.
        payer_id: 2010BB NM109.
        payer_name: 2010BB NM103.
        payer_sequence_code: SBR01.
        claim_filing_indicator_code: SBR09.
        frequency_code: 1 original, 7 replacement, 8 void. CLM05-3.
        payer_claim_control_number: REF*F8 of a replacement or void.
        billing_npi: 2010AA NM109.
        facility_id: Key into the tenant's directory.
        receiver_id: ISA08 of the interchanges that it may travel in.
        replaces_claim_id: The claim that it replaces or voids; empty on a first claim.
        prior_claim_id: The claim whose answer this one is made from, for the payer before: this is
            a secondary or tertiary claim. Empty on a first payer's claim.
        later_payer_count: Coverages of the patient after the one that is billed.
        left_cents: Of a later payer's claim, what the payer before left to the patient, and this
            one is asked for.
        billed_cents: CLM02, the sum of the lines.
        service_from: First date of service.
        service_through: Last date of service.
        filing_deadline_on: Last day on which the payer must have received it.
        diagnosis_codes: In claim order.
        lines: Service lines.
        content: Everything that the 837 is written from, sealed: claims-svc's own shape.
        x12: The claim's segments as they will be sent (one ST..SE with this claim alone), sealed.
        warnings: Findings that did not stop it.
        rule_versions: Which edits it passed.
    """

    name: ClassVar[str] = "ClaimPrepared"

    claim_id: ClaimId
    encounter_id: str
    coded_version: int
    patient_id: str
    form: Literal["P", "I"]
    part: int = 1
    payer_id: str
    payer_name: str
    payer_sequence_code: Literal["P", "S", "T"]
    claim_filing_indicator_code: str
    frequency_code: Literal["1", "7", "8"]
    payer_claim_control_number: str = ""
    billing_npi: str
    facility_id: str
    receiver_id: str = ""
    replaces_claim_id: str = ""
    prior_claim_id: str = ""
    later_payer_count: int = 0
    left_cents: Cents = 0
    billed_cents: Cents
    service_from: Day
    service_through: Day
    filing_deadline_on: Day
    diagnosis_codes: list[str]
    lines: list[ClaimLine]
    content: Phi
    x12: Phi | None = None
    warnings: list[Reason] = []
    rule_versions: dict[str, str] = {}


class ClaimHeld(Event, frozen=True, kw_only=True):
    """A claim may not leave; says why. The next ClaimPrepared or ClaimHeld replaces it.

    Attributes:
        claim_id: Which.
        encounter_id: The encounter billed.
        coded_version: Version of EncounterCoded that was tried.
        patient_id: Names the PHI key.
        billed_cents: What waits.
        reasons: Findings, each with loop path and remedy.
        form: P for 837P, I for 837I.
        part: 1-based place among the encounter's claims of this form; over 1 where there are more
            lines than a claim may have.
        payer_id: 2010BB NM109.
        payer_name: 2010BB NM103.
        facility_id: Key into the tenant's directory.
        frequency_code: 1 original, 7 replacement, 8 void.
        replaces_claim_id: The claim that it would replace or void.
        prior_claim_id: The claim whose answer it would be made from.
        service_from: First date of service, if any is known.
        filing_deadline_on: Last day on which the payer must have received it, if known.
        content: What the claim would be written from, sealed, so that it can be corrected and tried
            again.
    """

    name: ClassVar[str] = "ClaimHeld"

    claim_id: ClaimId
    encounter_id: str
    coded_version: int
    patient_id: str
    billed_cents: Cents
    reasons: list[Reason]
    form: Literal["P", "I", ""] = ""
    part: int = 1
    payer_id: str = ""
    payer_name: str = ""
    facility_id: str = ""
    frequency_code: Literal["1", "7", "8"] = "1"
    replaces_claim_id: str = ""
    prior_claim_id: str = ""
    service_from: Day | None = None
    filing_deadline_on: Day | None = None
    content: Phi | None = None


class ClaimReleased(Event, frozen=True, kw_only=True):
    """A claim that stood still may be sent (again) as it is.

    Attributes:
        claim_id: Which.
        cause: `operator` somebody let it go after a rejection; `not-sent` the interchange that it
            was in is proven not to have arrived; `not-at-fault` its transaction set was rejected
            for another claim in it.
    """

    name: ClassVar[str] = "ClaimReleased"

    claim_id: ClaimId
    cause: Literal["operator", "not-sent", "not-at-fault"]


class ClaimBatched(Event, frozen=True, kw_only=True):
    """A claim was put into an interchange that is about to leave: until that is settled, it goes
    into no other and nothing of it changes. Recorded together with InterchangePrepared.

    Attributes:
        claim_id: Which.
        receiver_id: ISA08.
        interchange_control_number: ISA13.
        transaction_control_number: ST02.
        attempt: 1 for the first sending of this claim.
    """

    name: ClassVar[str] = "ClaimBatched"

    claim_id: ClaimId
    receiver_id: str
    interchange_control_number: InterchangeNumber
    transaction_control_number: str
    attempt: int


class InterchangePrepared(Event, frozen=True, kw_only=True):
    """An interchange was numbered and written, and is about to be sent: the intent, recorded
    before the wire.

    Stream: the interchange sequence of one receiver, so that numbers are never given twice.

    Attributes:
        receiver_id: ISA08.
        interchange_control_number: ISA13, unique per sender and receiver for ever.
        group_control_number: GS06.
        transaction_control_numbers: ST02 of each transaction set, in order.
        form: P or I.
        claim_ids: The claims in it, in order.
        claim_counts: How many of them each transaction set holds.
        billed_cents: Their sum.
        sha256: Of the bytes.
        bytes_count: Their number.
        submitter_id: ISA06.
        written_at: Moment of ISA09, ISA10, GS04, GS05, BHT04 and BHT05 (RFC 3339, UTC): with the
            claims' contents it gives the same bytes again.
    """

    name: ClassVar[str] = "InterchangePrepared"

    receiver_id: str
    submitter_id: str
    interchange_control_number: InterchangeNumber
    group_control_number: str
    transaction_control_numbers: list[str]
    form: Literal["P", "I"]
    claim_ids: list[str]
    claim_counts: list[int]
    billed_cents: Cents
    sha256: str
    bytes_count: int
    written_at: str


class InterchangeSettled(Event, frozen=True, kw_only=True):
    """What is known of an interchange after sending it, by the wire or by what came back.

    Attributes:
        receiver_id: ISA08.
        interchange_control_number: ISA13.
        outcome: `sent` taken by the other side; `unknown` no answer: nothing is sent again until
            an acknowledgement or a status reply settles it; `not-sent` proven not to have arrived:
            its claims may go in another.
        evidence: What says so: `http-202`, `timeout`, `TA1`, `999`, `277CA`, `operator` ...
    """

    name: ClassVar[str] = "InterchangeSettled"

    receiver_id: str
    interchange_control_number: InterchangeNumber
    outcome: Literal["sent", "unknown", "not-sent"]
    evidence: str


class ClaimSubmitted(Event, frozen=True, kw_only=True):
    """An 837 left for the payer. Says nothing yet of its acceptance (see 999 and 277CA).

    Attributes:
        claim_id: Our patient control number, echoed by the payer. 837 2300 CLM01 = 835 2100 CLP01.
        encounter_id: The encounter billed.
        patient_id: Names the PHI key.
        form: P or I.
        payer_id: The payer's identifier. 837 2010BB NM109.
        payer_name: 2010BB NM103.
        payer_sequence_code: SBR01.
        claim_filing_indicator_code: SBR09.
        frequency_code: 1 original, 7 replacement, 8 void. 837 2300 CLM05-3.
        payer_claim_control_number: The payer's number for the claim being replaced or voided;
            empty on an original.
        billing_npi: 2010AA NM109.
        billed_cents: Total claim charge, US cents. 837 2300 CLM02.
        service_from: First date of service on the claim. 837 2400 DTP03 where DTP01 is 472.
        service_through: Last date of service.
        filing_deadline_on: Last day on which the payer must have received it.
        diagnosis_codes: In claim order.
        lines: Service lines.
        interchange_control_number: ISA13 of the file that carried the claim, for tracing.
        transaction_control_number: ST02.
        attempt: 1 for the first sending of this claim, 2 after a rejection ...
        prior_claim_id: The claim for the payer before, whose answer left what this one asks for.
        later_payer_count: Coverages of the patient after this one: while one of them is to answer,
            what this payer leaves is not the patient's.
        left_cents: Of a later payer's claim, what the payer before left to the patient.
    """

    name: ClassVar[str] = "ClaimSubmitted"

    claim_id: ClaimId
    encounter_id: str
    patient_id: str
    form: Literal["P", "I"]
    payer_id: str
    payer_name: str
    payer_sequence_code: Literal["P", "S", "T"]
    claim_filing_indicator_code: str
    frequency_code: Literal["1", "7", "8"]
    payer_claim_control_number: str = ""
    billing_npi: str
    billed_cents: Cents
    service_from: Day
    service_through: Day
    filing_deadline_on: Day
    diagnosis_codes: list[str]
    lines: list[ClaimLine]
    interchange_control_number: InterchangeNumber
    transaction_control_number: str
    attempt: int = 1
    prior_claim_id: str = ""
    later_payer_count: int = 0
    left_cents: Cents = 0


class ClaimAcknowledged(Event, frozen=True, kw_only=True):
    """Somebody on the way took the claim. Acceptance is not payment.

    Attributes:
        claim_id: Which.
        level: Who says so: `999` the syntax passed; `277CA-clearinghouse`; `277CA-payer` it is in
            adjudication and
            the filing clock has stopped.
        received_on: The day that the other side gives, where it gives one.
        payer_claim_control_number: 277CA 2200D REF*1K.
        status_category_code: STC01-1 (code source 507).
        status_code: STC01-2 (code source 508).
        acknowledgement_id: Id of the file that said so.
    """

    name: ClassVar[str] = "ClaimAcknowledged"

    claim_id: ClaimId
    level: Literal["999", "277CA-clearinghouse", "277CA-payer"]
    received_on: Day | None = None
    payer_claim_control_number: str = ""
    status_category_code: str = ""
    status_code: str = ""
    acknowledgement_id: str = ""


class ClaimRejected(Event, frozen=True, kw_only=True):
    """Somebody on the way refused the claim before adjudication: fix it and send it as an
    original. No appeal; the
    filing clock still runs.

    Attributes:
        claim_id: Which.
        level: Where it stopped.
        reasons: What they said, each with the X12 place.
        status_category_code: STC01-1 of a 277CA.
        status_code: STC01-2 of a 277CA.
        acknowledgement_id: Id of the file that said so.
    """

    name: ClassVar[str] = "ClaimRejected"

    claim_id: ClaimId
    level: Literal["TA1", "999", "277CA-clearinghouse", "277CA-payer"]
    reasons: list[Reason]
    status_category_code: str = ""
    status_code: str = ""
    acknowledgement_id: str = ""


class AcknowledgementReceived(Event, frozen=True, kw_only=True):
    """A TA1, 999 or 277CA file came in, and what it spoke of. Stream: the file.

    Attributes:
        acknowledgement_id: Derived from tenant and content.
        kind: Which transaction.
        sha256: Of the bytes.
        receiver_id: Who sent it.
        interchange_control_number: The interchange that it answers, where it names one.
        claim_ids: Claims of ours that it moved.
        unknown_references: References in it that are not ours: somebody has to look.
        reasons: Findings in the file itself.
    """

    name: ClassVar[str] = "AcknowledgementReceived"

    acknowledgement_id: str
    kind: Literal["TA1", "999", "277CA", "unreadable"]
    sha256: str
    receiver_id: str = ""
    interchange_control_number: str = ""
    claim_ids: list[str] = []
    unknown_references: list[str] = []
    reasons: list[Reason] = []


class ClaimReplaced(Event, frozen=True, kw_only=True):
    """A claim was superseded by another one of the same encounter.

    Attributes:
        claim_id: The one that no longer counts.
        replaced_by: The claim that stands for it now; empty when it was voided and nothing stands
            for it.
        prior_claim_id: Of a later payer's claim: the claim for the payer before, whose patient
            share it asked for.
        cause: Why nothing of a later payer's claim is to leave: `nothing-left` to the patient,
            `crossed-over` by the payer before, `prior-voided` with the claim before it; or as a
            person says: `coverage-ended`, `never-covered`, `filing-limit-passed`,
            `asked-otherwise` on paper or by the patient. Empty in every other case.
    """

    name: ClassVar[str] = "ClaimReplaced"

    claim_id: ClaimId
    replaced_by: str
    prior_claim_id: str = ""
    cause: Literal[
        "",
        "nothing-left",
        "crossed-over",
        "prior-voided",
        "coverage-ended",
        "never-covered",
        "filing-limit-passed",
        "asked-otherwise",
    ] = ""


class ClaimCorrectionRequested(Event, frozen=True, kw_only=True):
    """A denial asked for a corrected claim; claims-svc makes it next, held until somebody says what
    to correct.

    Attributes:
        claim_id: The claim that was denied.
        denial_id: The denial.
        frequency_code: 7 replaces at the payer, 1 is a new claim, 8 voids.
        payer_claim_control_number: The payer's number for the denied claim, where it is known.
    """

    name: ClassVar[str] = "ClaimCorrectionRequested"

    claim_id: ClaimId
    denial_id: str
    frequency_code: Literal["1", "7", "8"]
    payer_claim_control_number: str = ""


class PayerNumberLearned(Event, frozen=True, kw_only=True):
    """A remittance advice told what claims-svc did not know yet: the payer's number for a claim, or
    that the claim had arrived at all.

    Attributes:
        claim_id: Which.
        payer_claim_control_number: 835 CLP07.
        remittance_id: The advice.
    """

    name: ClassVar[str] = "PayerNumberLearned"

    claim_id: ClaimId
    payer_claim_control_number: str
    remittance_id: str
