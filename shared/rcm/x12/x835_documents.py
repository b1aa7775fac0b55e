"""The documents of an 835: what a payer paid, denied and adjusted. 005010X221A1.

    Remittance                      ST .. SE
    ├─ Payment                      BPR, TRN
    ├─ Payer, Payee                 1000A, 1000B
    ├─ ClaimGroup                   2000  LX, TS3, TS2
    │  └─ ClaimPayment              2100  CLP, CAS, NM1, MIA, MOA, REF, DTM, PER, AMT, QTY
    │     └─ ServiceLine            2110  SVC, DTM, CAS, REF, AMT, QTY, LQ
    └─ ProviderAdjustment           PLB

Amounts are US cents. An empty text or None means that the element is absent. References, dates
and amounts keep the order of the file, so that writing gives the file back.
"""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from rcm.x12.origin import Origin
from rcm.x12.private import Private


class Adjustment(Struct, frozen=True, gc=False):
    """Money withheld or added, and why. 2100 or 2110 CAS, one of its six triples."""

    group_code: str  # CAS01: CO contract, PR patient, OA other, PI payer initiated
    reason_code: str  # CAS02, 05, 08, 11, 14, 17: claim adjustment reason code (CARC, source 139)
    amount_cents: int  # CAS03, 06, ...: positive lowers the payment, negative raises it
    quantity: Decimal | None = None  # CAS04, 07, ...: units adjusted


class Reference(Private, frozen=True, gc=False):
    """An identifier under its qualifier. REF."""

    qualifier_code: str  # REF01
    number: str  # REF02


class DatedOn(Struct, frozen=True, gc=False):
    """A date under its qualifier. DTM."""

    qualifier_code: str  # DTM01
    on: date  # DTM02


class Amount(Struct, frozen=True, gc=False):
    """An amount that informs and does not balance. AMT."""

    qualifier_code: str  # AMT01: B6 allowed, AU coverage, I interest, F5 patient paid, ...
    amount_cents: int  # AMT02


class Quantity(Struct, frozen=True, gc=False):
    """A quantity under its qualifier. QTY."""

    qualifier_code: str  # QTY01: CA covered days, ...
    quantity: Decimal  # QTY02


class Remark(Struct, frozen=True, gc=False):
    """A remark about a line. 2110 LQ."""

    qualifier_code: str  # LQ01: HE remittance advice remark code, RX NCPDP reject code
    code: str  # LQ02: RARC (source 411) under HE


class ContactNumber(Struct, frozen=True, gc=False):
    """One way to reach somebody."""

    qualifier_code: str  # PER03, 05, 07: TE telephone, EX extension, EM mail, FX fax, UR web
    number: str  # PER04, 06, 08


class Contact(Struct, frozen=True, gc=False):
    """Whom to ask. PER."""

    function_code: str  # PER01: CX claims office, BL technical, IC web site
    name: str = ""  # PER02
    numbers: tuple[ContactNumber, ...] = ()


class Address(Struct, frozen=True, gc=False):
    """A postal address. N3 and N4."""

    line_1: str = ""  # N301
    line_2: str = ""  # N302
    city: str = ""  # N401
    state_code: str = ""  # N402
    postal_code: str = ""  # N403
    country_code: str = ""  # N404
    subdivision_code: str = ""  # N407


class Delivery(Struct, frozen=True, gc=False):
    """How the remittance is delivered. 1000B RDM."""

    method_code: str  # RDM01: BM mail, EM e-mail, FT file transfer, OL on-line
    name: str = ""  # RDM02
    number: str = ""  # RDM03


class Organization(Struct, frozen=True, gc=False):
    """The payer (1000A) or the payee (1000B)."""

    name: str  # N102
    qualifier_code: str = ""  # N103: XX an NPI, FI a tax number, XV a health plan identifier
    number: str = ""  # N104
    address: Address | None = None  # N3, N4
    references: tuple[Reference, ...] = ()  # REF: 2U payer number, TJ tax number, PQ payee number
    contacts: tuple[Contact, ...] = ()  # PER, payer only
    delivery: Delivery | None = None  # RDM, payee only


class Party(Private, frozen=True, gc=False):
    """A person or organisation named by a claim. 2100 NM1."""

    entity_code: str  # NM101: QC patient, IL subscriber, 74 corrected, 82 provider, TT crossover
    type_code: str  # NM102: 1 person, 2 organisation
    last_name: str = ""  # NM103: last name, or the organisation's name
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    qualifier_code: str = ""  # NM108: MI member, XX NPI, ...
    number: str = ""  # NM109


class Procedure(Struct, frozen=True, gc=False):
    """A procedure or drug as adjudicated or as submitted. SVC01 or SVC06."""

    qualifier_code: str  # -1: HC HCPCS or CPT, AD dental, N4 drug, NU revenue code, ...
    code: str  # -2
    modifiers: tuple[str, ...] = ()  # -3 to -6
    description: str = ""  # -7
    code_through: str = ""  # -8, the end of a range


class ServiceLine(Private, frozen=True, gc=False):
    """What was paid for one service. 2110."""

    procedure: Procedure  # SVC01, as adjudicated
    billed_cents: int  # SVC02
    paid_cents: int  # SVC03
    revenue_code: str = ""  # SVC04
    paid_units: Decimal | None = None  # SVC05; absent means 1
    submitted_procedure: Procedure | None = None  # SVC06, when the payer changed it
    billed_units: Decimal | None = None  # SVC07, when it differs from SVC05
    dates: tuple[DatedOn, ...] = ()  # DTM: 472 service, or 150 from and 151 through
    adjustments: tuple[Adjustment, ...] = ()  # CAS
    references: tuple[Reference, ...] = ()  # REF, in order
    amounts: tuple[Amount, ...] = ()  # AMT
    quantities: tuple[Quantity, ...] = ()  # QTY
    remarks: tuple[Remark, ...] = ()  # LQ
    at: int = 0  # index of SVC among the segments of its claim, where it was read

    @property
    def line_item_control_number(self) -> str:
        """Our number of the line, from REF*6R; empty when we sent none."""
        return _number(self.references, "6R")

    @property
    def remark_codes(self) -> tuple[str, ...]:
        """Remittance advice remark codes (RARC), from LQ*HE."""
        return tuple(remark.code for remark in self.remarks if remark.qualifier_code == "HE")

    @property
    def allowed_cents(self) -> int | None:
        """Allowed amount, from AMT*B6; None when the payer gives none."""
        return _amount(self.amounts, "B6")

    @property
    def service_from(self) -> date | None:
        """First day of the service, from DTM*472 or DTM*150."""
        return _on(self.dates, "472") or _on(self.dates, "150")

    @property
    def service_through(self) -> date | None:
        """Last day of the service, from DTM*151 or DTM*472."""
        return _on(self.dates, "151") or _on(self.dates, "472")


class ClaimPayment(Private, frozen=True, gc=False):
    """What was decided about one claim. 2100."""

    claim_id: str  # CLP01, our patient control number
    claim_status_code: str  # CLP02: 1 2 3 processed, 4 denied, 19 20 21 forwarded, 22 reversal
    billed_cents: int  # CLP03
    paid_cents: int  # CLP04
    patient_responsibility_cents: int | None = None  # CLP05
    claim_filing_indicator_code: str = ""  # CLP06
    payer_claim_control_number: str = ""  # CLP07
    facility_code: str = ""  # CLP08: place of service, or the first two digits of the bill type
    frequency_code: str = ""  # CLP09
    patient_status_code: str = ""  # CLP10
    drg_code: str = ""  # CLP11
    drg_weight: Decimal | None = None  # CLP12
    discharge_fraction: Decimal | None = None  # CLP13
    adjustments: tuple[Adjustment, ...] = ()  # CAS of the claim, never repeated in the lines
    parties: tuple[Party, ...] = ()  # NM1
    inpatient: tuple[str, ...] = ()  # MIA01 to MIA24, as text
    outpatient: tuple[str, ...] = ()  # MOA01 to MOA09, as text
    references: tuple[Reference, ...] = ()  # REF
    dates: tuple[DatedOn, ...] = ()  # DTM: 232 233 statement, 050 received, 036 expires
    contacts: tuple[Contact, ...] = ()  # PER
    amounts: tuple[Amount, ...] = ()  # AMT
    quantities: tuple[Quantity, ...] = ()  # QTY
    lines: tuple[ServiceLine, ...] = ()  # 2110
    origin: Origin | None = None  # where it was read

    @property
    def is_reversal(self) -> bool:
        """Whether an earlier payment is taken back: CLP02 = 22. Its amounts are negative."""
        return self.claim_status_code == "22"

    @property
    def patient(self) -> Party | None:
        """NM1*QC."""
        return self.party("QC")

    @property
    def subscriber(self) -> Party | None:
        """NM1*IL, when the patient is somebody else."""
        return self.party("IL")

    @property
    def crossover_carrier(self) -> Party | None:
        """NM1*TT: the payer that the claim was forwarded to; do not bill it again."""
        return self.party("TT")

    @property
    def remark_codes(self) -> tuple[str, ...]:
        """Remark codes of the whole claim: MIA05, MIA20 to MIA23, MOA03 to MOA07."""
        inpatient = (self.inpatient[4:5], self.inpatient[19:23])
        return tuple(filter(None, (*inpatient[0], *inpatient[1], *self.outpatient[2:7])))

    def party(self, entity_code: str) -> Party | None:
        """Find the first party of a kind (NM101)."""
        return next((party for party in self.parties if party.entity_code == entity_code), None)

    def reference(self, qualifier_code: str) -> str:
        """Find the first identifier under a qualifier (REF01); empty when there is none."""
        return _number(self.references, qualifier_code)

    def dated(self, qualifier_code: str) -> date | None:
        """Find the first date under a qualifier (DTM01)."""
        return _on(self.dates, qualifier_code)


class ClaimGroup(Struct, frozen=True, kw_only=True, gc=False):
    """Claims that the payer sums together. 2000."""

    number: str = ""  # LX01; empty when the claims came without an LX
    provider_summary: tuple[str, ...] = ()  # TS301 to TS324, as text
    drg_summary: tuple[str, ...] = ()  # TS201 to TS219, as text
    claims: tuple[ClaimPayment, ...] = ()


class ProviderAdjustment(Private, frozen=True, kw_only=True, gc=False):
    """Money between payer and provider beyond the claims. One pair of a PLB."""

    provider_number: str  # PLB01
    fiscal_period_on: date  # PLB02, the last day of the provider's fiscal year
    reason_code: str  # PLB03-1: FB forward balance, WO recovery, 72 refund, L6 interest, ...
    reference_number: str = ""  # PLB03-2
    amount_cents: int  # PLB04: positive lowers the payment, negative raises it
    origin: Origin | None = None  # where it was read


class Account(Private, frozen=True, gc=False):
    """A bank account. BPR06 to BPR09, or BPR12 to BPR15."""

    bank_qualifier_code: str = ""  # BPR06, 12: 01 ABA routing number, 04 Canadian
    bank_number: str = ""  # BPR07, 13
    account_qualifier_code: str = ""  # BPR08, 14
    account_number: str = ""  # BPR09, 15


class Payment(Struct, frozen=True, kw_only=True, gc=False):
    """The check or transfer that the remittance explains. BPR and TRN."""

    handling_code: str  # BPR01: I with payment, H information only
    amount_cents: int  # BPR02, never negative
    credit_debit_code: str = "C"  # BPR03
    method_code: str  # BPR04: ACH, CHK, FWT, BOP, NON
    format_code: str = ""  # BPR05: CCP or CTX
    payer_account: Account = Account()  # BPR06 to BPR09
    originator_number: str = ""  # BPR10
    originator_supplement: str = ""  # BPR11
    payee_account: Account = Account()  # BPR12 to BPR15
    effective_on: date | None = None  # BPR16
    trace_number: str  # TRN02, the check or EFT number
    payer_number: str = ""  # TRN03: 1 and the payer's tax number
    trace_supplement: str = ""  # TRN04


class Remittance(Struct, frozen=True, kw_only=True, gc=False):
    """One 835 transaction, ST to SE."""

    transaction_control_number: str = ""  # ST02
    payment: Payment
    currency_code: str = ""  # CUR02; US dollars when empty
    receiver_number: str = ""  # REF*EV
    payer_system_version: str = ""  # REF*F2
    production_on: date | None = None  # DTM*405
    payer: Organization  # 1000A
    payee: Organization  # 1000B
    groups: tuple[ClaimGroup, ...] = ()  # 2000
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()  # PLB
    is_complete: bool = True  # has its SE and all of its claims; else its balance says nothing
    origin: Origin | None = None  # where its header was read

    @property
    def claims(self) -> tuple[ClaimPayment, ...]:
        """The claims of all groups, in order."""
        return tuple(claim for group in self.groups for claim in group.claims)


def _number(references: tuple[Reference, ...], qualifier_code: str) -> str:
    for reference in references:
        if reference.qualifier_code == qualifier_code:
            return reference.number
    return ""


def _on(dates: tuple[DatedOn, ...], qualifier_code: str) -> date | None:
    for dated in dates:
        if dated.qualifier_code == qualifier_code:
            return dated.on
    return None


def _amount(amounts: tuple[Amount, ...], qualifier_code: str) -> int | None:
    for amount in amounts:
        if amount.qualifier_code == qualifier_code:
            return amount.amount_cents
    return None
