"""The documents of eligibility: a 270 inquiry and its 271 response. 005010X279A1.

    Exchange                         ST, BHT
    └─ Inquiry or Response           one person: 2000C, or 2000D when a dependent is meant
       ├─ source, receiver           2100A who knows, 2100B who asks
       ├─ subscriber, dependent      2100C, 2100D
       └─ questions or benefits      2110C, 2110D: EQ or EB

As in the 837 model, each carries what the levels above say, so that it stands by itself. An empty
text or None means that the element is absent; positions are loop and element.
"""

from datetime import date
from decimal import Decimal

from rcm.money import Cents
from rcm.x12.private import Private
from rcm.x12.x837_details import Procedure
from rcm.x12.x837_parties import Address, Contact, EntityType


class Identifier(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An identifier under its qualifier, with words to it. REF."""

    qualifier_code: str  # REF01
    number: str = ""  # REF02
    description: str = ""  # REF03, such as a plan's name


class Period(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A day or a range of days under its qualifier. DTP."""

    qualifier_code: str  # DTP01: 291 plan, 307 eligibility, 346 plan begin, 472 service, ...
    first_on: date  # DTP03
    last_on: date | None = None  # DTP03 in its RD8 form; None means D8


class Trace(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A number by which an answer finds its question. TRN."""

    type_code: str  # TRN01: 1 ours in a 270; in a 271 2 the asker's, 1 the answerer's
    number: str  # TRN02
    originator: str = ""  # TRN03
    addition: str = ""  # TRN04


class Party(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody who is asked, asks, or is concerned. 2100A, 2100B, 2120."""

    role_code: str  # NM101: PR payer, 1P provider, 2B, 36, 80, FA, GP, P5; more in a 2120
    entity_type_code: EntityType  # NM102
    name: str = ""  # NM103
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    number_qualifier_code: str = ""  # NM108
    number: str = ""  # NM109
    identifiers: tuple[Identifier, ...] = ()  # REF
    address: Address | None = None  # N3, N4
    contacts: tuple[Contact, ...] = ()  # PER
    provider_code: str = ""  # PRV01
    provider_number_qualifier_code: str = ""  # PRV02
    provider_number: str = ""  # PRV03


class Person(Party, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The subscriber or the dependent. 2100C (NM101 = IL), 2100D (NM101 = 03)."""

    birth_on: date | None = None  # DMG02
    sex_code: str = ""  # DMG03
    insured_code: str = ""  # INS01: Y the subscriber, N a dependent
    relationship_code: str = ""  # INS02: 18, 01, 19, 34
    maintenance_type_code: str = ""  # INS03: 001, when the answer corrects the question
    maintenance_reason_code: str = ""  # INS04: 25
    birth_sequence: str = ""  # INS17
    diagnoses: tuple[tuple[str, str], ...] = ()  # HI: qualifier and code, such as ("ABK", "E119")
    periods: tuple[Period, ...] = ()  # DTP


class Rejection(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why a question was not answered. AAA."""

    is_valid_request: bool  # AAA01: Y the request was valid and refused, N it was not valid
    reason_code: str  # AAA03: 72 invalid member number, 75 not found, 42 unable to respond, ...
    follow_up_code: str  # AAA04: C correct and send again, N do not, R allowed, W wait, ...


class Question(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One benefit that is asked about. 2110C, 2110D of a 270."""

    service_type_codes: tuple[str, ...] = ()  # EQ01, repeated; 30 is health benefit plan coverage
    procedure: Procedure | None = None  # EQ02
    pointers: tuple[int, ...] = ()  # EQ05, into the person's diagnoses
    spend_down_cents: Cents | None = None  # AMT*R
    spend_down_billed_cents: Cents | None = None  # AMT*PB
    place_of_service_code: str = ""  # III02 under III01 = ZZ
    prior_authorization: Identifier | None = None  # REF*9F, G1
    period: Period | None = None  # DTP*291


class Delivery(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How a benefit is delivered, such as 30 visits a calendar year. 2110 HSD."""

    quantity_qualifier_code: str = ""  # HSD01
    quantity: Decimal | None = None  # HSD02
    unit_code: str = ""  # HSD03
    sample_rate: Decimal | None = None  # HSD04
    period_qualifier_code: str = ""  # HSD05
    period_count: str = ""  # HSD06
    frequency_code: str = ""  # HSD07
    pattern_code: str = ""  # HSD08


class Qualification(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """To which place, injury or illness a benefit is limited. 2115 III."""

    list_code: str = ""  # III01: ZZ place of service, GR, NI
    code: str = ""  # III02
    category_code: str = ""  # III03
    text: str = ""  # III04


class Benefit(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that is known of a person's coverage. 2110C, 2110D of a 271."""

    information_code: str  # EB01: 1 active, 6 inactive, A coinsurance, B copay, C deductible, ...
    coverage_level_code: str = ""  # EB02: IND, FAM, ...
    service_type_codes: tuple[str, ...] = ()  # EB03, repeated
    insurance_type_code: str = ""  # EB04
    plan_description: str = ""  # EB05
    time_period_code: str = ""  # EB06: 23 calendar year, 29 remaining, ...
    amount_cents: Cents | None = None  # EB07
    share: Decimal | None = None  # EB08, as a fraction: .2 is 20 %
    quantity_qualifier_code: str = ""  # EB09
    quantity: Decimal | None = None  # EB10
    needs_authorization_code: str = ""  # EB11: Y, N, U
    in_network_code: str = ""  # EB12: Y, N, U, W
    procedure: Procedure | None = None  # EB13
    pointers: tuple[int, ...] = ()  # EB14
    deliveries: tuple[Delivery, ...] = ()  # HSD
    identifiers: tuple[Identifier, ...] = ()  # REF
    periods: tuple[Period, ...] = ()  # DTP
    rejections: tuple[Rejection, ...] = ()  # AAA
    messages: tuple[str, ...] = ()  # MSG01
    qualifications: tuple[Qualification, ...] = ()  # 2115 III
    parties: tuple[Party, ...] = ()  # 2120, between LS and LE


class Inquiry(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is asked about one person. 270."""

    source: Party  # 2100A
    receiver: Party  # 2100B
    subscriber: Person  # 2100C
    dependent: Person | None = None  # 2100D
    traces: tuple[Trace, ...] = ()  # TRN of the person's level
    questions: tuple[Question, ...] = ()  # 2110


class Response(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is known about one person, or why nothing is said. 271.

    A refusal above the subscriber leaves the levels below it away: then they are None.
    """

    source: Party  # 2100A
    receiver: Party | None = None  # 2100B
    subscriber: Person | None = None  # 2100C
    dependent: Person | None = None  # 2100D
    system_rejections: tuple[Rejection, ...] = ()  # 2000A AAA: the whole request
    source_rejections: tuple[Rejection, ...] = ()  # 2100A AAA
    receiver_rejections: tuple[Rejection, ...] = ()  # 2100B AAA
    rejections: tuple[Rejection, ...] = ()  # 2100C or 2100D AAA
    traces: tuple[Trace, ...] = ()  # TRN of the person's level
    benefits: tuple[Benefit, ...] = ()  # 2110


class Exchange(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The head of a 270 or 271: BHT."""

    purpose_code: str  # BHT02: 13 request, 01 cancel, 36; 11 response
    created_on: date  # BHT04
    created_time: str  # BHT05
    reference_number: str = ""  # BHT03, returned by the answer
    transaction_type_code: str = ""  # BHT06: RT spend down (270)
