"""The documents of claim status: a 276 request and its 277 response. 005010X212.

    Exchange                          ST, BHT
    └─ StatusRequest, StatusReport    one claim (2200D, 2200E), or a level that was answered alone
       ├─ payer, receiver, provider   2100A, 2100B, 2100C
       ├─ subscriber, dependent       2100D, 2100E
       └─ lines                       2210, 2220

Each carries what the levels above say, so that it stands by itself. Amounts are US cents; an
empty text or None means that the element is absent.
"""

from datetime import date
from decimal import Decimal

from rcm.money import Cents
from rcm.x12.private import Private
from rcm.x12.x270_documents import Party, Person
from rcm.x12.x277ca_documents import StatusCode
from rcm.x12.x837_details import Procedure


class Status(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was said about a claim, a line or a level. STC."""

    codes: tuple[StatusCode, ...]  # STC01, STC10, STC11
    effective_on: date | None = None  # STC02
    billed_cents: Cents | None = None  # STC04
    paid_cents: Cents | None = None  # STC05
    adjudicated_on: date | None = None  # STC06
    payment_method_code: str = ""  # STC07
    paid_on: date | None = None  # STC08
    payment_number: str = ""  # STC09: number of the check or EFT
    text: str = ""  # STC12


class StatusLine(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A service line that is asked about or answered for. 2210 of a 276, 2220 of a 277."""

    procedure: Procedure | None  # SVC01
    billed_cents: Cents  # SVC02
    paid_cents: Cents | None = None  # SVC03 (277)
    revenue_code: str = ""  # SVC04
    quantity: Decimal | None = None  # SVC07
    statuses: tuple[Status, ...] = ()  # STC (277)
    line_item_control_number: str = ""  # REF*FJ
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 in its RD8 form; None means D8


class ClaimStatusDocument(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a request and a report share."""

    payer: Party  # 2100A
    receiver: Party | None = None  # 2100B
    providers: tuple[Party, ...] = ()  # 2100C, at most two
    subscriber: Person | None = None  # 2100D
    dependent: Person | None = None  # 2100E
    trace_type_code: str = ""  # TRN01: 1 request, 2 report
    trace_number: str = ""  # TRN02: ours, returned by the report
    payer_claim_control_number: str = ""  # REF*1K
    bill_type_code: str = ""  # REF*BLT, three digits
    claim_id: str = ""  # REF*EJ, the patient control number
    prescription_number: str = ""  # REF*XZ
    clearinghouse_trace_number: str = ""  # REF*D9
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 in its RD8 form
    lines: tuple[StatusLine, ...] = ()


class StatusRequest(ClaimStatusDocument, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is asked about one claim. 276."""

    location: str = ""  # REF*LU
    group_number: str = ""  # REF*6P
    billed_cents: Cents | None = None  # AMT*T3


class StatusReport(ClaimStatusDocument, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known of one claim; or of a level, when the answer stops there. 277.

    Without a subscriber, the statuses are of the provider (2200C) or the receiver (2200B).
    """

    voucher_number: str = ""  # REF*VV
    statuses: tuple[Status, ...] = ()  # STC


class StatusExchange(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The head of a 276 or 277: BHT."""

    reference_number: str  # BHT03
    created_on: date  # BHT04
    created_time: str  # BHT05
