"""The states of claims-svc's streams. Each is a fold of its stream's facts (`evolve.py`).

    claim            claim_id                          how far it is; what ClaimSubmitted will say
    encounter        encounter-<encounter_id>          which claims it made
    sequence         sequence-<submitter>-<receiver>   control numbers, interchanges unsettled
    acknowledgement  acknowledgement-<sha256>          that the file was handled

The sealed content of a claim is not part of its state, which is written at each of the claim's many
steps: it is a row (`claim_content`), written when the content changes, and the state says which
sealing of it counts.
"""

from typing import Final, Literal

import msgspec

from claims_svc.model.content import Form, FrequencyCode
from rcm.events.claims import ClaimLine
from rcm.events.claims_coordination import PriorAnswer
from rcm.events.clinical import Reason
from rcm.events.phi import Phi

ClaimStatus = Literal["held", "ready", "batched", "sent", "rejected", "replaced"]
"""Where our claim is; a leg's state of `docs/services/claims-svc.md`.

held       may not leave
ready      may leave
batched    in an interchange that is not settled: nothing of it may change
sent       taken by the receiver; `accepted_level` says how far it is acknowledged
rejected   refused before adjudication; fix or release, then it is ready again
replaced   another claim stands for it, or nothing (voided)
"""

LEVELS: Final = ("", "TA1", "999", "277CA-clearinghouse", "277CA-payer")
"""Who may acknowledge or refuse, in the order of the way to the payer."""

NUMBER_MAX: Final = 999_999_999
"""ISA13, GS06 and ST02 have nine digits."""


class ClaimState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="claim"):
    """One claim, from its first preparation.

    Attributes:
        claim_id: CLM01.
        status: See ClaimStatus.
        encounter_id: The encounter billed.
        coded_version: Version of the coded encounter that it was built from.
        patient_id: Names the PHI key.
        form: P or I.
        part: 1-based place among the encounter's claims of this form.
        payer_id: 2010BB NM109.
        payer_name: 2010BB NM103.
        payer_sequence_code: SBR01.
        claim_filing_indicator_code: SBR09.
        frequency_code: CLM05-3.
        payer_claim_control_number: REF*F8 of this claim.
        billing_npi: 2010AA NM109.
        facility_id: Key into the directory.
        receiver_id: Whom it goes through.
        billed_cents: CLM02.
        service_from: First date of service.
        service_through: Last date of service.
        filing_deadline_on: Last day for the payer to receive it.
        diagnosis_codes: In claim order.
        lines: Service lines.
        content_bound_to: The sealing of `claim_content` that counts; empty for none.
        attempt: How often it was put into an interchange.
        interchange_receiver_id: Receiver of the interchange that it was last put into.
        interchange_control_number: ISA13 of it.
        transaction_control_number: ST02 of it.
        accepted_level: The furthest level that took it in this attempt.
        accepted_on: The day that the payer gives for its receipt: the filing clock stopped.
        rejected_level: The level that refused it in this attempt, or empty.
        contradicted: A refusal came after a further level had accepted: somebody has to look.
        payer_number: The payer's own number for this claim, once known (277CA REF*1K, 835 CLP07).
        replaces_claim_id: The claim that this one replaces or voids.
        replaced_by: The claim that stands for this one, when replaced.
        correction: The correction that a denial asked for, or None.
        reasons: Why it is held or was rejected; else the warnings that let it pass.
        prior_claim_id: The claim for the payer before, whose answer this one is made from.
        later_payer_count: Coverages of the patient after this one.
        left_cents: What the payer before left to the patient.
        answers: What payers said of it, where a later one is to be told.
        is_to_be_coordinated: They said something that the next payer was not told yet.
        next_claim_id: The claim for the next payer.
    """

    claim_id: str
    status: ClaimStatus
    encounter_id: str
    coded_version: int
    patient_id: str
    form: Form = "P"
    part: int = 1
    payer_id: str = ""
    payer_name: str = ""
    payer_sequence_code: Literal["P", "S", "T"] = "P"
    claim_filing_indicator_code: str = ""
    frequency_code: FrequencyCode = "1"
    payer_claim_control_number: str = ""
    billing_npi: str = ""
    facility_id: str = ""
    receiver_id: str = ""
    billed_cents: int = 0
    service_from: str = ""
    service_through: str = ""
    filing_deadline_on: str = ""
    diagnosis_codes: list[str] = []
    lines: list[ClaimLine] = []
    content_bound_to: str = ""
    attempt: int = 0
    interchange_receiver_id: str = ""
    interchange_control_number: str = ""
    transaction_control_number: str = ""
    accepted_level: str = ""
    accepted_on: str = ""
    rejected_level: str = ""
    contradicted: bool = False
    payer_number: str = ""
    replaces_claim_id: str = ""
    replaced_by: str = ""
    correction: "Correction | None" = None
    reasons: list[Reason] = []
    prior_claim_id: str = ""
    later_payer_count: int = 0
    left_cents: int = 0
    answers: list[PriorAnswer] = []
    is_to_be_coordinated: bool = False
    next_claim_id: str = ""

    @property
    def is_voided(self) -> bool:
        """Whether it was taken back, and nothing stands for it."""
        return self.status == "replaced" and not self.replaced_by

    @property
    def was_sent(self) -> bool:
        """Whether the payer may have it: in the last attempt, unsettled or not refused."""
        return self.status in ("batched", "sent")


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a denial asked for. See ClaimCorrectionRequested."""

    denial_id: str
    frequency_code: FrequencyCode
    payer_claim_control_number: str = ""


class EncounterState(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="encounter"
):
    """What one encounter was billed by.

    Attributes:
        encounter_id: The encounter.
        patient_id: Names the PHI key.
        coded_version: The newest version that was looked at.
        outcome: See EncounterBilled.
        billed_cents: Sum of that version's lines.
        claim_ids: The claims that stand for it.
        next_claim_ids: The claims that the waiting version may make.
        coded: The sealed newest version, while it waits.
        withdrawal: The request to take its newest version back, until it is settled.
    """

    encounter_id: str
    patient_id: str
    coded_version: int
    outcome: Literal["claims", "self-pay", "waiting"]
    billed_cents: int = 0
    claim_ids: list[str] = []
    next_claim_ids: list[str] = []
    coded: Phi | None = None
    withdrawal: "Withdrawal | None" = None


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A release that coding asked back. See ReleaseWithdrawalNoted."""

    coded_version: int
    withdrawal_id: str


class OpenInterchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An interchange that is not settled. Fields as in InterchangePrepared."""

    form: Form
    group_control_number: str
    transaction_control_numbers: list[str]
    claim_ids: list[str]
    claim_counts: list[int]
    billed_cents: int
    sha256: str
    bytes_count: int
    written_at: str
    outcome: Literal["", "unknown"] = ""


class SequenceState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sequence"):
    """The control numbers that one submitter gave to one receiver.

    Attributes:
        receiver_id: ISA08.
        submitter_id: ISA06.
        interchange: The highest ISA13 given.
        group: The highest GS06 given.
        transaction: The highest ST02 given.
        open: Interchanges that are not settled, by ISA13.
    """

    receiver_id: str
    submitter_id: str
    interchange: int = 0
    group: int = 0
    transaction: int = 0
    open: dict[str, OpenInterchange] = {}


class AcknowledgementState(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="acknowledgement"
):
    """An acknowledgement file that was handled. The same content again has no effect."""

    acknowledgement_id: str
    kind: str


State = ClaimState | EncounterState | SequenceState | AcknowledgementState


def encounter_stream(encounter_id: str) -> str:
    """Name the stream of an encounter."""
    return f"encounter-{encounter_id}"


def sequence_stream(submitter_id: str, receiver_id: str) -> str:
    """Name the stream of a submitter's control numbers with a receiver."""
    return f"sequence-{submitter_id}-{receiver_id}"


def acknowledgement_stream(sha256: str) -> str:
    """Name the stream of an acknowledgement file."""
    return f"acknowledgement-{sha256}"


def control_number(number: int) -> str:
    """Write a control number with nine digits."""
    return f"{number:09d}"
