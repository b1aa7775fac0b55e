"""Events of remit-svc, on topic `rcm.remit`: remittance advice taken in, balanced and posted."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from rcm.events.clinical import Adjustment, Day, Reason
from rcm.events.event import Event
from rcm.events.phi import Phi
from rcm.money import Cents


class PaidLine(msgspec.Struct, frozen=True, kw_only=True):
    """One service line as the payer adjudicated it. 835 loop 2110."""

    line_item_control_number: str = ""  # REF*6R
    procedure_code: str = ""  # SVC01-2, as adjudicated
    modifiers: list[str] = []
    revenue_code: str = ""  # SVC04, or SVC01 with NU
    billed_cents: Cents = 0  # SVC02
    paid_cents: Cents = 0  # SVC03
    allowed_cents: Cents | None = None  # AMT*B6
    units_milli: int = 1000  # SVC05
    adjustments: list[Adjustment] = []  # CAS
    remark_codes: list[str] = []  # LQ02 where LQ01 is HE
    service_from: Day | None = None  # DTM*472 or 150


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a posting. The entries of a posting sum to zero.

    Accounts are explained in docs/services/remit-svc.md: `receivable`, `cash`, `clearing`,
    `contractual`, `patient`, `denied`, `suspense` ... Debit positive, credit negative. `reason` is
    group and reason of the adjustment that the entry is for (`CO-45`), else empty.
    """

    account: str
    amount_cents: Cents
    reason: str = ""


class PatientShare(msgspec.Struct, frozen=True, kw_only=True):
    """What the patient owes on a claim after its last answer; a reversal sets it back.

    Attributes:
        due_cents: Sum of PR adjustments that stand on the last leg that was answered.
        payer_sequence_code: That leg.
        awaits_payer: Whether a further payer is still to answer (the claim was forwarded, or the
            patient has another coverage): not yet to be billed.
    """

    due_cents: Cents
    payer_sequence_code: Literal["P", "S", "T"] = "P"
    awaits_payer: bool = False


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """What a claim payment wrote to the ledger.

    Attributes:
        entries: Ledger entries; they sum to zero.
        balance_cents: What nobody has accounted for yet on the claim's leg: billed - paid -
            adjusted (CO, OA, PI) - patient share (PR). Denied money is adjusted, and stands in
            `denied`.
        table_version: Version of the table of reasons that chose the accounts.
        patient: What the patient owes now, where this answer changes it.
    """

    entries: Annotated[list[LedgerEntry], Meta(min_length=1)]
    balance_cents: Cents
    table_version: str = ""
    patient: PatientShare | None = None


class RemittanceFileReceived(Event, frozen=True, kw_only=True):
    """An 835 file came in. Stream: the file, by its content.

    Attributes:
        file_id: Derived from tenant and content.
        sha256: Of the bytes as they came; they are kept in the archive under this name.
        bytes_count: Their number.
        source: `folder`, `http`, `clearinghouse`.
        remittance_ids: One for each transaction set that could be read.
        reasons: Findings about the file and its envelopes.
    """

    name: ClassVar[str] = "RemittanceFileReceived"

    file_id: str
    sha256: str
    bytes_count: int
    source: str
    remittance_ids: list[str] = []
    reasons: list[Reason] = []


class RemittanceFileHandled(Event, frozen=True, kw_only=True):
    """Every advice of a file was posted, held, or found to be known. Until then the file is taken
    up again from the archive after a crash.

    Attributes:
        file_id: Which.
        posted_count: Advices posted.
        held_count: Advices put into quarantine.
        known_count: Advices whose content had come before: no effect.
    """

    name: ClassVar[str] = "RemittanceFileHandled"

    file_id: str
    posted_count: int
    held_count: int
    known_count: int


class RemittanceQuarantined(Event, frozen=True, kw_only=True):
    """A remittance advice (one ST..SE) may not be posted: it does not balance, it repeats with
    other content, or it
    cannot be read. Nothing of it was posted.

    Attributes:
        remittance_id: Derived from payer, trace number and content.
        file_id: The file that it came in.
        payer_name: 1000A N102.
        trace_number: TRN02.
        payment_cents: BPR02.
        cause: Why.
        difference_cents: By how much the worst equation is off; 0 where that is not the cause.
        level: Which equation: `line`, `claim`, `transaction`.
        reasons: Every finding, each with the exact difference and place.
        payer_identifier: TRN03.
        method_code: BPR04.
        effective_on: BPR16.
        content_sha256: Of ST..SE without control numbers; the same again is no second item.
    """

    name: ClassVar[str] = "RemittanceQuarantined"

    remittance_id: str
    file_id: str
    payer_name: str
    trace_number: str
    payment_cents: Cents
    cause: Literal["out-of-balance", "same-trace-other-content", "unreadable"]
    difference_cents: Cents = 0
    level: Literal["line", "claim", "transaction", ""] = ""
    reasons: list[Reason] = []
    payer_identifier: str = ""
    method_code: str = ""
    effective_on: Day | None = None
    content_sha256: str = ""


class RemittanceDismissed(Event, frozen=True, kw_only=True):
    """A person decided that a remittance advice in quarantine is not to be posted.

    Stream: the payment, or the file where no payment could be read.

    Attributes:
        remittance_id: Which.
        note_code: Why, a code of the tenant's list; never free text.
    """

    name: ClassVar[str] = "RemittanceDismissed"

    remittance_id: str
    note_code: str


class RemittanceAccepted(Event, frozen=True, kw_only=True):
    """A remittance advice balanced on all three levels and is posted whole, in the transaction
    that records this.

    Stream: the payment, by payer and trace number.

    Attributes:
        remittance_id: Derived from payer, trace number and content.
        file_id: The file that it came in.
        payer_id: 1000A N104, else REF*2U, else TRN03.
        payer_name: 1000A N102.
        payee_npi: 1000B N104.
        trace_number: TRN02, which the bank's entry repeats.
        payer_identifier: TRN03.
        payment_cents: BPR02.
        method_code: BPR04: ACH, CHK, NON, FWT, BOP.
        effective_on: BPR16.
        claim_count: CLP loops.
        claims_paid_cents: Sum of CLP04.
        provider_adjustment_cents: Sum of PLB amounts; claims_paid - this = payment.
        content_sha256: Of ST..SE without control numbers: the same content under a new envelope is
        the same advice.
        entries: The posting of the payment itself; sums to zero.
        warnings: What does not stop it but somebody should see: CLP05 that differs from the sum of
            PR, a contractual adjustment of the whole charge ...
        table_version: Version of the table of reasons that chose the accounts.
    """

    name: ClassVar[str] = "RemittanceAccepted"

    remittance_id: str
    file_id: str
    payer_id: str
    payer_name: str
    payee_npi: str
    trace_number: str
    payer_identifier: str
    payment_cents: Cents
    method_code: str
    effective_on: Day
    claim_count: int
    claims_paid_cents: Cents
    provider_adjustment_cents: Cents
    content_sha256: str
    entries: list[LedgerEntry]
    warnings: list[Reason] = []
    table_version: str = ""


class UndoneMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Which match of a payment in suspense was undone."""

    unmatched_id: str  # the item
    kind: Literal["payment", "reversal", "correction"]  # of what the match recorded


class RemittanceReceived(Event, frozen=True, kw_only=True):
    """One claim payment (CLP) of a balanced remittance advice, matched to our claim by CLP01
    exactly.

    Stream: the claim. One event for each CLP: a split claim has several, a reversal and its
        correction are two.

    Attributes:
        claim_id: CLP01.
        remittance_id: The advice.
        position: 1-based place of the CLP in the advice.
        payer_id: From our submission where this answers the leg that we billed; else 1000A N104,
            REF*2U or TRN03.
        payer_name: 1000A N102.
        payer_sequence_code: Which leg of the claim this answers: from CLP02 1/2/3, else of the
            submission.
        trace_number: TRN02.
        effective_on: BPR16.
        kind: `payment`; `reversal` CLP02 = 22; `correction` answers anew what is or was reversed;
            `forwarded` CLP02 = 23 and `information` (25, or a status without money): no ledger
            effect.
        claim_status_code: CLP02.
        forwarded_to: NM1*TT name, where CLP02 is 19, 20 or 21.
        payer_claim_control_number: CLP07.
        filing_indicator_code: CLP06.
        frequency_code: CLP09.
        billed_cents: CLP03.
        paid_cents: CLP04.
        patient_responsibility_cents: CLP05; the sum of PR where the payer leaves it out.
        adjustments: Claim-level CAS.
        remark_codes: MIA and MOA remarks.
        lines: Service lines; empty where the payer adjudicates the claim as a whole.
        encounter_id: From our submission.
        patient_id: From our submission.
        form: From our submission.
        service_from: From our submission.
        x12: The CLP loop as it came, sealed.
        posting: What it wrote to the ledger; None for `forwarded` and `information`, and in what
            was recorded before there was this field: then PaymentPosted follows.
        undone: Set where no payer speaks, but a person takes a payment back that was matched to
            the wrong claim: every amount of that payment with the other sign.
    """

    name: ClassVar[str] = "RemittanceReceived"

    claim_id: str
    remittance_id: str
    position: int
    payer_id: str
    payer_name: str
    payer_sequence_code: Literal["P", "S", "T"]
    trace_number: str
    effective_on: Day
    kind: Literal["payment", "reversal", "correction", "forwarded", "information"]
    claim_status_code: str
    forwarded_to: str = ""
    payer_claim_control_number: str = ""
    filing_indicator_code: str = ""
    frequency_code: str = ""
    billed_cents: Cents
    paid_cents: Cents
    patient_responsibility_cents: Cents
    adjustments: list[Adjustment] = []
    remark_codes: list[str] = []
    lines: list[PaidLine] = []
    encounter_id: str = ""
    patient_id: str = ""
    form: Literal["P", "I", ""] = ""
    service_from: Day | None = None
    x12: Phi | None = None
    posting: Posting | None = None
    undone: UndoneMatch | None = None

    @property
    def entries(self) -> list[LedgerEntry]:
        """What it wrote to the ledger, as every posting has it."""
        return self.posting.entries if self.posting is not None else []


class PaymentPosted(Event, frozen=True, kw_only=True):
    """A claim payment was written to the ledger. The entries sum to zero.

    Recorded no more: RemittanceReceived says so itself (`posting`). Kept, since what was recorded
    folds for ever.

    Attributes:
        claim_id: Which.
        remittance_id: The advice.
        position: Place of the CLP in the advice.
        entries: Ledger entries.
        balance_cents: What nobody has accounted for yet on the claim's leg: billed - paid -
            adjusted (CO, OA, PI) - patient share (PR). Denied money is adjusted, and stands in
            `denied`.
        payer_sequence_code: The leg.
        table_version: Version of the table of reasons that chose the accounts.
    """

    name: ClassVar[str] = "PaymentPosted"

    claim_id: str
    remittance_id: str
    position: int
    entries: Annotated[list[LedgerEntry], Meta(min_length=1)]
    balance_cents: Cents
    payer_sequence_code: Literal["P", "S", "T"] = "P"
    table_version: str = ""


class ChargePosted(Event, frozen=True, kw_only=True):
    """A submitted claim's charge was written to the ledger, so that what is owed is known before
    anyone pays.

    Attributes:
        claim_id: Which.
        billed_cents: CLM02; 0 for a void (frequency 8), which asks for nothing.
        entries: Ledger entries; sum to zero. A later sending posts the difference, often nothing.
        payer_id: Who is asked to pay.
        form: P or I.
        encounter_id: The encounter billed.
        patient_id: Names the PHI key.
        payer_sequence_code: SBR01.
        service_from: First date of service.
        lines: Line item control number and billed cents of each line.
        attempt: Which sending of the claim this is.
        prior_claim_id: The claim for the payer before, whose patient share this one asks for.
        later_payer_count: Coverages that are to be asked for what this payer leaves.
    """

    name: ClassVar[str] = "ChargePosted"

    claim_id: str
    billed_cents: Cents
    entries: list[LedgerEntry]
    payer_id: str
    form: Literal["P", "I"]
    encounter_id: str
    patient_id: str
    payer_sequence_code: Literal["P", "S", "T"] = "P"
    service_from: Day | None = None
    lines: dict[str, int] = {}
    attempt: int = 1
    prior_claim_id: str = ""
    later_payer_count: int = 0


class ChargeReversed(Event, frozen=True, kw_only=True):
    """A claim was replaced or voided: what was charged on it is no longer asked for. What the payer
    already said of it stays until the payer reverses it.

    Attributes:
        claim_id: The claim that no longer counts.
        replaced_by: The claim that stands for it, or empty.
        entries: Ledger entries; sum to zero.
    """

    name: ClassVar[str] = "ChargeReversed"

    claim_id: str
    replaced_by: str
    entries: list[LedgerEntry]


class RemittanceUnmatched(Event, frozen=True, kw_only=True):
    """A claim payment that cannot be posted to a claim: its money stands in suspense.

    Stream: what waits under that claim number, so that the claim finds it when it is submitted
    later; otherwise a person matches it.

    Attributes:
        unmatched_id: Derived from the advice and the position.
        remittance_id: The advice.
        position: Place of the CLP.
        paid_cents: CLP04.
        billed_cents: CLP03.
        payment: Everything in it, sealed under the advice's key: a RemittanceReceived without our
            part.
        entries: Ledger entries; sum to zero.
        cause: `unknown-claim`, or `money-without-adjudication`: a status that pays nothing (23, 25
            ...) came with money.
        payer_name: 1000A N102.
        trace_number: TRN02.
        effective_on: BPR16.
    """

    name: ClassVar[str] = "RemittanceUnmatched"

    unmatched_id: str
    remittance_id: str
    position: int
    paid_cents: Cents
    billed_cents: Cents
    payment: Phi
    entries: list[LedgerEntry]
    cause: Literal["unknown-claim", "money-without-adjudication"] = "unknown-claim"
    payer_name: str = ""
    trace_number: str = ""
    effective_on: Day | None = None


class RemittanceMatched(Event, frozen=True, kw_only=True):
    """A person, or the claim's own submission, said whose payment it was; RemittanceReceived
    follows in the same transaction.

    Attributes:
        unmatched_id: The item.
        claim_id: The claim that it belongs to.
        entries: Ledger entries that take it out of suspense; sum to zero.
        payer_sequence_code: The leg that it was posted to; empty where none was.
        kind: Of the RemittanceReceived that follows.
    """

    name: ClassVar[str] = "RemittanceMatched"

    unmatched_id: str
    claim_id: str
    entries: list[LedgerEntry]
    payer_sequence_code: Literal["P", "S", "T", ""] = ""
    kind: Literal["payment", "reversal", "correction", "forwarded", "information", ""] = ""


class ProviderAdjustmentPosted(Event, frozen=True, kw_only=True):
    """A provider-level adjustment (PLB) was posted to its own account; it belongs to no claim.

    Attributes:
        remittance_id: The advice.
        position: Which adjustment of which PLB segment: 1-based over the advice.
        reason_code: PLB03-1: FB, WO, 72, L6, CS ...
        reference_number: PLB03-2 where it is a trace (FB) or a claim number of ours; else empty,
            for payers put member numbers there.
        amount_cents: PLB04; positive lowers the payment.
        entries: Ledger entries; sum to zero.
        claim_id: The claim of ours that PLB03-2 names, or empty.
        payer_identifier: TRN03.
        effective_on: BPR16.
        reference: PLB03-2, sealed under the advice's key.
    """

    name: ClassVar[str] = "ProviderAdjustmentPosted"

    remittance_id: str
    position: int
    reason_code: str
    reference_number: str
    amount_cents: Cents
    entries: list[LedgerEntry]
    claim_id: str = ""
    payer_identifier: str = ""
    effective_on: Day | None = None
    reference: Phi | None = None


class PatientResponsibilitySet(Event, frozen=True, kw_only=True):
    """What the patient owes on a claim after its last answer. Set anew by each answer; a reversal
    sets it back.

    Recorded no more: `posting.patient` of RemittanceReceived says so. Kept, since what was recorded
    folds for ever.

    Attributes:
        claim_id: Which.
        patient_responsibility_cents: Sum of PR adjustments that stand on the last leg that was
            answered.
        payer_sequence_code: That leg.
        awaits_payer: Whether a further payer is still to answer (forwarded claim): not yet to be
            billed.
    """

    name: ClassVar[str] = "PatientResponsibilitySet"

    claim_id: str
    patient_responsibility_cents: Cents
    payer_sequence_code: Literal["P", "S", "T"] = "P"
    awaits_payer: bool = False
