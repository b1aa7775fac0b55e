"""People: the patient, the guarantor and the holders of coverages. All of it is PHI.

Everything here travels only inside sealed fields, and is kept apart from the rest of the account
for that reason. Each part is what a sender said: None where nothing was said yet, empty where the
sender deleted it (the HL7 null), else the value.
"""

from msgspec import Struct

from rcm.events.clinical import Reason


class Name(Struct, frozen=True, array_like=True):
    """A person's name. HL7 XPN; FHIR HumanName; 837 NM103, NM104, NM105, NM107."""

    last: str = ""
    first: str = ""
    middle: str = ""
    suffix: str = ""


class Address(Struct, frozen=True, array_like=True):
    """A postal address. HL7 XAD; 837 N3 and N4."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state_code: str = ""
    postal_code: str = ""
    country_code: str = ""


class Person(Struct, frozen=True, array_like=True):
    """What is known of one person.

    Attributes:
        name: PID-5, GT1-3, IN1-16; Patient.name.
        born_on: PID-7, GT1-8, IN1-18, `YYYY-MM-DD`.
        sex_code: PID-8, IN1-43: M, F or U.
        address: PID-11, GT1-5, IN1-19.
        phone_number: PID-13, GT1-6.
    """

    name: Name | None = None
    born_on: str | None = None
    sex_code: str | None = None
    address: Address | None = None
    phone_number: str | None = None


class Patient(Struct, frozen=True, array_like=True):
    """Who was treated, and the numbers that the hospital knows them by.

    Attributes:
        person: Name, birth, sex, address.
        medical_record_number: PID-3 of type MR or PI under an authority of the tenant.
        account_number: PID-18.
        visit_number: PV1-19.
        other_numbers: The other identifiers of PID-3, each `type:number`.
        faults: That another patient was sent for the same encounter.
        origin: Message and path, such as `msg_1f..#PID[1]`.
        as_of: Time of the newest snapshot that this comes from.
    """

    person: Person = Person()
    medical_record_number: str | None = None
    account_number: str | None = None
    visit_number: str | None = None
    other_numbers: tuple[str, ...] = ()
    faults: tuple[Reason, ...] = ()
    origin: str = ""
    as_of: str = ""


class Guarantor(Struct, frozen=True, array_like=True):
    """Who answers for the patient's share; not the subscriber. HL7 GT1.

    Attributes:
        person: GT1-3, 5, 6, 8.
        relationship_code: GT1-11, as sent.
        origin: Message and path.
    """

    person: Person = Person()
    relationship_code: str = ""
    origin: str = ""
