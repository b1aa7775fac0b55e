"""The people and organisations of an 837: who submits, bills, is insured, is treated and pays.

The three guides (837P 005010X222A1, 837I 005010X223A2, 837D 005010X224A2) agree on nearly all of
this, so that one set of types serves them; where a field belongs to one guide only, its comment
says so. An empty text or None means that the segment or element is absent. Positions are given as
loop and element, such as `2010AA NM103`.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from rcm.x12.private import Private

EntityType = Literal["1", "2"]
"""NM102: 1 a person, 2 an organisation."""


class Reference(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An identifier under a qualifier, for the REF segments that have no name of their own here."""

    qualifier_code: str  # REF01
    number: str  # REF02
    payer_number: str = ""  # REF04-2 under REF04-1 = 2U: the other payer it belongs to (2400, 2420)


class ContactNumber(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One way to reach a contact."""

    qualifier_code: Literal["TE", "EX", "FX", "EM"]  # PER03/05/07: telephone, extension, fax, mail
    number: str  # PER04/06/08


class Contact(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person to ask. PER, with PER01 = IC."""

    name: str = ""  # PER02
    numbers: tuple[ContactNumber, ...] = ()  # PER03..PER08, at most three


class Address(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where somebody is. N3 and N4."""

    line_1: str = ""  # N301; no N3 is written when it is empty
    line_2: str = ""  # N302
    city: str = ""  # N401
    state_code: str = ""  # N402, for the USA and Canada
    postal_code: str = ""  # N403; nine digits for the billing provider
    country_code: str = ""  # N404, ISO 3166-1 alpha-2, outside the USA
    subdivision_code: str = ""  # N407, ISO 3166-2, where a country other than these has one


class Submitter(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who sends the file. 1000A."""

    name: str  # NM103
    number: str  # NM109 under NM108 = 46, the ETIN agreed with the receiver
    contacts: tuple[Contact, ...]  # PER, one or two
    entity_type_code: EntityType = "2"  # NM102
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105


class Receiver(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who takes the file. 1000B."""

    name: str  # NM103
    number: str  # NM109 under NM108 = 46


class PayToPlan(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A plan that has bought the claim and is to be paid instead of the provider. 2010AC."""

    name: str  # NM103
    number: str  # NM109
    number_qualifier_code: Literal["PI", "XV"] = "PI"  # NM108
    address: Address | None = None  # N3, N4
    employer_id_number: str = ""  # REF*EI
    secondary_identifiers: tuple[Reference, ...] = ()  # REF*2U, FY or NF


class BillingProvider(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who bills and is to be paid. 2000A, 2010AA; pay-to address 2010AB; pay-to plan 2010AC."""

    name: str  # 2010AA NM103
    npi: str = ""  # NM109 under NM108 = XX; empty only for an atypical provider
    entity_type_code: EntityType = "2"  # NM102; always 2 on an 837I
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    taxonomy_code: str = ""  # 2000A PRV03 under PRV01 = BI
    currency_code: str = ""  # 2000A CUR02, when not US dollars
    address: Address | None = None  # N3 (a street, never a box), N4
    employer_id_number: str = ""  # REF*EI
    social_security_number: str = ""  # REF*SY (837P, 837D)
    secondary_identifiers: tuple[Reference, ...] = ()  # REF*0B licence, REF*1G UPIN (837P, 837D)
    contacts: tuple[Contact, ...] = ()  # PER
    pay_to_address: Address | None = None  # 2010AB N3, N4; a box may stand here
    pay_to_plan: PayToPlan | None = None  # 2010AC


class Subscriber(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who holds the policy with the payer that this claim goes to. 2000B, 2010BA.

    The subscriber is the patient when `relationship_code` is 18; then birth date, sex and address
    are required here, and there is no 2000C.
    """

    responsibility_code: str = "P"  # SBR01: P primary, S secondary, T tertiary, then A to H, U
    relationship_code: str = ""  # SBR02: 18 self, else empty
    group_number: str = ""  # SBR03
    group_name: str = ""  # SBR04
    insurance_type_code: str = ""  # SBR05, why Medicare is secondary
    claim_filing_indicator_code: str = ""  # SBR09, such as MB, MA, MC, CI, BL, 16
    entity_type_code: EntityType = "1"  # 2010BA NM102
    name: str = ""  # NM103
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    member_number: str = ""  # NM109
    member_number_qualifier_code: str = "MI"  # NM108: MI member, II standard unique health id
    address: Address | None = None  # N3, N4
    birth_on: date | None = None  # DMG02
    sex_code: str = ""  # DMG03: F, M, U
    social_security_number: str = ""  # REF*SY
    property_casualty_claim_number: str = ""  # REF*Y4
    contact: Contact | None = None  # PER (property and casualty)
    death_on: date | None = None  # 2000B PAT06 under PAT05 = D8 (837P)
    weight_pounds: Decimal | None = None  # 2000B PAT08 under PAT07 = 01 (837P)
    is_pregnant: bool = False  # 2000B PAT09 = Y (837P)


class Patient(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who was treated, when it is a dependent without a member number. 2000C, 2010CA."""

    relationship_code: str  # PAT01: 01 spouse, 19 child, 20 employee, 21 unknown, ... G8 other
    name: str  # NM103
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    address: Address | None = None  # N3, N4
    birth_on: date | None = None  # DMG02
    sex_code: str = ""  # DMG03
    property_casualty_claim_number: str = ""  # REF*Y4
    secondary_identifiers: tuple[Reference, ...] = ()  # REF*1W or SY (property and casualty)
    contact: Contact | None = None  # PER (property and casualty, 837P and 837D)
    death_on: date | None = None  # PAT06 under PAT05 = D8 (837P)
    weight_pounds: Decimal | None = None  # PAT08 under PAT07 = 01 (837P)
    is_pregnant: bool = False  # PAT09 = Y (837P)


class Payer(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who is asked to pay. 2010BB."""

    name: str  # NM103
    number: str  # NM109
    number_qualifier_code: Literal["PI", "XV"] = "PI"  # NM108
    address: Address | None = None  # N3, N4
    secondary_identifiers: tuple[Reference, ...] = ()  # REF*2U, EI, FY, NF
    billing_provider_identifiers: tuple[Reference, ...] = ()  # REF*G2, LU: the payer's names for us


class Provider(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A provider or place in a part of the claim. 2310, 2330 (identifiers only), 2420.

    `role_code` is NM101: DN referring, P3 primary care, 82 rendering, 77 service facility,
    DQ supervising, PW ambulance pick-up, 45 ambulance drop-off, DK ordering, QB purchased service,
    71 attending, 72 operating, ZZ other operating, 85 billing, DD assistant surgeon (837D).
    """

    role_code: str  # NM101
    entity_type_code: EntityType = "1"  # NM102
    name: str = ""  # NM103
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    npi: str = ""  # NM109 under NM108 = XX
    taxonomy_code: str = ""  # PRV03 (rendering PE, attending AT, assistant surgeon AS)
    address: Address | None = None  # N3, N4 (77, PW, 45, DK)
    secondary_identifiers: tuple[Reference, ...] = ()  # REF*0B, 1G, G2, LU
    contacts: tuple[Contact, ...] = ()  # PER (2310C, 2420E)
