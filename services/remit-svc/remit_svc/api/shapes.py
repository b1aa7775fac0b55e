"""What remit-svc takes and shows over HTTP."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from remit_svc.handlers import Taken


def _parsed(value: Any) -> Any:
    return msgspec.json.decode(value) if type(value) is str else value


class Shown(BaseModel):
    """What is shown of a row: the fields that are named here, and no others."""

    model_config = ConfigDict(from_attributes=True)


class FindingShown(Shown):
    """One finding about a file or an advice. No value of the file is repeated."""

    rule_id: str
    path: str = Field(description="X12 place, such as `2000[1]/2100[3] CLP04 (segment 14)`.")
    text: str
    remedy: str = ""
    severity: str


class AdviceTaken(BaseModel):
    """What became of one ST..SE."""

    remittance_id: str
    outcome: Literal["posted", "held", "known"] = Field(
        description="`known`: the same content came before, and this had no effect."
    )


class FileTaken(BaseModel):
    """What became of a file."""

    file_id: str
    sha256: str
    advices: list[AdviceTaken]

    @classmethod
    def of(cls, taken: Taken) -> "FileTaken":
        """Say it of a file that was taken in."""
        posted, held = set(taken.posted), set(taken.held)
        found = []
        for advice in taken.read.advices:
            key = advice.remittance_id
            outcome: Literal["posted", "held", "known"] = (
                "posted" if key in posted else "held" if key in held else "known"
            )
            found.append(AdviceTaken(remittance_id=key, outcome=outcome))
        return cls(file_id=taken.read.file_id, sha256=taken.read.sha256, advices=found)


class FileShown(Shown):
    """An 835 file."""

    file_id: str
    sha256: str
    bytes_count: int
    source: str
    advice_count: int
    is_handled: bool
    posted_count: int
    held_count: int
    known_count: int
    reasons: list[FindingShown]
    changed_at: str


class RemittanceShown(Shown):
    """A remittance advice, posted or in quarantine."""

    remittance_id: str
    status: str = Field(description="posted, held, dismissed or superseded.")
    file_id: str
    payer_name: str
    payer_identifier: str = Field(description="835 TRN03.")
    trace_number: str = Field(description="835 TRN02.")
    method_code: str
    effective_on: str
    payment_cents: int = Field(description="835 BPR02.")
    claim_count: int
    claims_paid_cents: int
    provider_adjustment_cents: int
    cause: str = Field(description="Why it is held; empty when it was posted.")
    level: str = Field(description="Which equation is off: line, claim or transaction.")
    difference_cents: int = Field(description="By how much.")
    note_code: str
    reasons: list[FindingShown]
    recorded_at: str


class ProviderAdjustmentShown(Shown):
    """One PLB amount."""

    position: int
    reason_code: str
    reference_number: str
    account: str
    amount_cents: int = Field(description="Positive lowers the payment.")
    claim_id: str


class RemittanceDetail(RemittanceShown):
    """A remittance advice with its provider adjustments."""

    provider_adjustments: list[ProviderAdjustmentShown]


class ClaimPaymentShown(Shown):
    """One CLP."""

    remittance_id: str
    position: int
    claim_id: str
    payer_sequence_code: str
    kind: str
    claim_status_code: str
    payer_claim_control_number: str
    billed_cents: int
    paid_cents: int
    adjusted_cents: int
    patient_cents: int


class Dismissal(BaseModel):
    """Say that an advice is not to be posted."""

    model_config = ConfigDict(extra="forbid")

    note_code: str = Field(pattern=r"^[a-z0-9-]{1,40}$", examples=["payer-sent-correct-one"])


class Matching(BaseModel):
    """Say whose payment it is."""

    model_config = ConfigDict(extra="forbid")

    claim_id: str = Field(pattern=r"^[A-Z0-9]{1,17}$", examples=["PQ4ZC7M2AAXKTWB"])


class UnmatchedShown(Shown):
    """A payment whose claim is not known."""

    unmatched_id: str
    status: str = Field(description="waiting or matched.")
    remittance_id: str
    position: int
    payer_name: str
    trace_number: str
    effective_on: str
    cause: str
    billed_cents: int
    paid_cents: int
    claim_id: str = Field(description="Whom it was matched to.")


class UnmatchedDetail(UnmatchedShown):
    """The same with what the payer says, for those who may see PHI."""

    claim_number: str = Field(description="CLP01 as it came.")
    payer_claim_control_number: str
    x12: str


class Done(BaseModel):
    """What was recorded."""

    events: list[str]


class ClaimLedger(Shown):
    """A claim's money."""

    claim_id: str
    encounter_id: str
    patient_id: str
    form: str
    payer_id: str
    payer_sequence_code: str
    is_reversed: bool
    patient_responsibility_cents: int
    responsible_leg: str
    awaits_payer: bool
    denied_cents: int
    legs: Annotated[dict[str, dict[str, int]], BeforeValidator(_parsed)] = Field(
        description="For each payer: billed = paid + adjusted + patient + balance."
    )
    accounts: Annotated[dict[str, int], BeforeValidator(_parsed)]
    postings: list["PostingShown"] = []
    payments: list[ClaimPaymentShown] = []


class PostingShown(BaseModel):
    """One posting; its amounts sum to zero."""

    posting_id: str
    kind: str
    remittance_id: str
    position: int
    recorded_at: str
    amounts: dict[str, int]


class AccountBalance(BaseModel):
    """An account and what stands in it."""

    account: str
    wording: str
    kind: str
    balance_cents: int = Field(description="Debit positive.")


class TrialBalance(BaseModel):
    """All accounts. They sum to zero."""

    accounts: list[AccountBalance]
    total_cents: int


class ClaimInAccount(Shown):
    """A claim and what stands in one account for it."""

    claim_id: str
    balance_cents: int


class ForwardBalance(Shown):
    """A balance that a payer carried from one advice to a later one (PLB FB)."""

    payer_identifier: str
    trace_number: str
    left_cents: int = Field(description="Negative while we owe it; 0 once it was taken.")
    advice_count: int


class PatientClaim(Shown):
    """What a patient owes on one claim."""

    claim_id: str
    encounter_id: str
    patient_responsibility_cents: int
    awaits_payer: bool
    denied_cents: int


class PatientBalance(BaseModel):
    """What a patient owes, by the last payer's answer of each claim."""

    patient_id: str
    due_cents: int
    not_yet_due_cents: int = Field(
        description="While another payer is to answer, or a denial is in dispute."
    )
    claims: list[PatientClaim]


def done(outcome: Any) -> Done:
    """Name what a command recorded."""
    return Done(events=[recorded.event.name for recorded in outcome.recorded])
