"""One remittance advice (ST..SE) as remit-svc decides about it: in our events' words, checked."""

from typing import Literal

import msgspec

from rcm.events.clinical import Day, Reason
from rcm.events.remit import RemittanceReceived
from rcm.money import Cents


class Fault(msgspec.Struct, frozen=True):
    """Why an advice may not be posted.

    Attributes:
        cause: Out of balance, or not readable.
        reasons: Every finding, each with place and exact difference.
        level: Which equation is off.
        difference_cents: By how much the worst is off.
    """

    cause: Literal["out-of-balance", "unreadable"]
    reasons: tuple[Reason, ...]
    level: Literal["line", "claim", "transaction", ""] = ""
    difference_cents: Cents = 0


class AdvisedClaim(msgspec.Struct, frozen=True):
    """One CLP.

    Attributes:
        received: What it says. Our own part is empty; leg and kind are decided later.
        x12: Its segments as they came.
    """

    received: RemittanceReceived
    x12: str


class AdvisedAdjustment(msgspec.Struct, frozen=True):
    """One pair of a PLB.

    Attributes:
        position: 1-based over the advice.
        reason_code: PLB03-1.
        reference_number: PLB03-2.
        amount_cents: PLB04, 06 ...
    """

    position: int
    reason_code: str
    reference_number: str
    amount_cents: Cents


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One ST..SE, read and checked.

    Attributes:
        remittance_id: Derived from tenant, payer, trace and content.
        file_id: The file that it came in.
        content_sha256: Of its content without control numbers.
        payer_id: 1000A N104, else TRN03.
        payer_name: 1000A N102.
        payee_npi: 1000B N104 where N103 is XX.
        trace_number: TRN02; empty when the header could not be read.
        payer_identifier: TRN03, else the payer's own number or name.
        payment_cents: BPR02.
        method_code: BPR04.
        effective_on: BPR16; the file's own day when it has none.
        claims: In the order of the advice.
        adjustments: PLB.
        fault: Why it may not be posted, or None.
        warnings: What somebody should see all the same.
    """

    remittance_id: str
    file_id: str
    content_sha256: str
    payer_id: str = ""
    payer_name: str = ""
    payee_npi: str = ""
    trace_number: str = ""
    payer_identifier: str = ""
    payment_cents: Cents = 0
    method_code: str = ""
    effective_on: Day | None = None
    claims: tuple[AdvisedClaim, ...] = ()
    adjustments: tuple[AdvisedAdjustment, ...] = ()
    fault: Fault | None = None
    warnings: tuple[Reason, ...] = ()


class ReadFile(msgspec.Struct, frozen=True):
    """An 835 file, read.

    Attributes:
        file_id: Derived from tenant and content.
        sha256: Of the bytes.
        bytes_count: Their number.
        advices: One for each ST..SE, and one for what could not be read at all.
        reasons: Findings about the envelopes.
    """

    file_id: str
    sha256: str
    bytes_count: int
    advices: tuple[Advice, ...]
    reasons: tuple[Reason, ...]
