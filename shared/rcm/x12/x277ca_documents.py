"""The documents of a 277CA: which claims a payer or clearinghouse took in, and which not.

005010X214. An answer to an 837, before adjudication; a rejection here is not a denial.

    ClaimAcknowledgment            2000A, 2100A, 2200A   who answers, for which file
    └─ ReceiverStatus              2000B                 who sent the claims
       └─ ProviderStatus           2000C                 billing provider
          └─ ClaimStatus           2000D, 2200D          a claim
             └─ LineStatus         2220D                 a service line

Amounts are US cents. An empty text or None means that the element is absent.
"""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from rcm.x12.origin import Origin
from rcm.x12.private import Private
from rcm.x12.x835_documents import Party, Reference

#: Categories (code source 507) of a claim taken in: A0 forwarded, A1 received, A2 accepted into
#: adjudication, A5 split.
ACCEPTED_CATEGORIES = frozenset({"A0", "A1", "A2", "A5"})
#: Categories of a claim refused: A3 returned as unprocessable, A4 not found, A6 lacks data,
#: A7 invalid data, A8 contradictory data.
REJECTED_CATEGORIES = frozenset({"A3", "A4", "A6", "A7", "A8"})


class StatusCode(Struct, frozen=True, gc=False):
    """One statement about a claim. A composite of STC: STC01, STC10 or STC11."""

    status_category_code: str  # -1, code source 507: A1, A2, A3, A6, A7, A8, ...
    status_code: str  # -2, code source 508
    entity_code: str = ""  # -3, whom the statement is about: 85, PR, QC, ...
    code_list_code: str = ""  # -4: RX when -2 is a pharmacy reject code


class Status(Struct, frozen=True, kw_only=True, gc=False):
    """What was said about a level, and what is done. STC."""

    codes: tuple[StatusCode, ...]  # STC01, STC10, STC11
    effective_on: date | None = None  # STC02
    action_code: str = ""  # STC03: WQ accept, U reject
    billed_cents: int | None = None  # STC04
    text: str = ""  # STC12

    @property
    def is_rejection(self) -> bool:
        """Whether it refuses: STC03 is U, or a category of refusal is among its codes."""
        return self.action_code == "U" or any(
            code.status_category_code in REJECTED_CATEGORIES for code in self.codes
        )


class LineStatus(Private, frozen=True, kw_only=True, gc=False):
    """What was said about a service line. 2220D."""

    procedure: tuple[str, ...]  # SVC01 by components: qualifier, code, modifiers
    billed_cents: int  # SVC02
    revenue_code: str = ""  # SVC04
    units: Decimal | None = None  # SVC07
    statuses: tuple[Status, ...] = ()  # STC
    line_item_control_number: str = ""  # REF*FJ
    prescription_number: str = ""  # REF*XZ
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 of format RD8


class ClaimStatus(Private, frozen=True, kw_only=True, gc=False):
    """What was said about one claim. 2200D, with its patient of 2100D."""

    claim_id: str  # 2200D TRN02, our patient control number, CLM01
    patient: Party  # 2100D NM1*QC
    statuses: tuple[Status, ...]  # STC
    payer_claim_control_number: str = ""  # REF*1K
    clearinghouse_trace_number: str = ""  # REF*D9
    bill_type_code: str = ""  # REF*BLT
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 of format RD8
    lines: tuple[LineStatus, ...] = ()  # 2220D
    origin: Origin | None = None  # where it was read

    @property
    def is_rejected(self) -> bool:
        """Whether the claim was refused and will not be adjudicated."""
        return any(status.is_rejection for status in self.statuses)


class ProviderStatus(Struct, frozen=True, kw_only=True, gc=False):
    """What was said about one billing provider's claims. 2000C."""

    provider: Party  # 2100C NM1*85
    trace_number: str = ""  # 2200C TRN02
    statuses: tuple[Status, ...] = ()  # STC
    references: tuple[Reference, ...] = ()  # REF
    accepted_count: int | None = None  # QTY*QA
    rejected_count: int | None = None  # QTY*QC
    accepted_cents: int | None = None  # AMT*YU
    rejected_cents: int | None = None  # AMT*YY
    claims: tuple[ClaimStatus, ...] = ()
    origin: Origin | None = None  # where it was read


class ReceiverStatus(Struct, frozen=True, kw_only=True, gc=False):
    """What was said about one submitter's file. 2000B."""

    receiver: Party  # 2100B NM1*41
    originator_reference_number: str  # 2200B TRN02, BHT03 of the 837
    statuses: tuple[Status, ...] = ()  # STC
    accepted_count: int | None = None  # QTY*90
    rejected_count: int | None = None  # QTY*AA
    accepted_cents: int | None = None  # AMT*YU
    rejected_cents: int | None = None  # AMT*YY
    providers: tuple[ProviderStatus, ...] = ()
    origin: Origin | None = None  # where it was read


class ClaimAcknowledgment(Struct, frozen=True, kw_only=True, gc=False):
    """One 277CA transaction, ST to SE."""

    transaction_control_number: str = ""  # ST02
    reference_number: str  # BHT03
    created_on: date  # BHT04
    created_time: str = ""  # BHT05, HHMM or HHMMSS, zone not told
    source: Party  # 2100A NM1*PR or NM1*AY
    source_trace_number: str = ""  # 2200A TRN02
    received_on: date | None = None  # 2200A DTP*050
    processed_on: date | None = None  # 2200A DTP*009
    receivers: tuple[ReceiverStatus, ...] = ()
    is_complete: bool = True  # has its SE

    @property
    def claims(self) -> tuple[ClaimStatus, ...]:
        """The claims of all providers, in order."""
        return tuple(
            claim
            for receiver in self.receivers
            for provider in receiver.providers
            for claim in provider.claims
        )
