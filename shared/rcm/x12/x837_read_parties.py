"""From segments to the people and organisations of an 837: 1000, 2000, 2010, and NM1 groups."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from rcm.x12 import values
from rcm.x12.envelope import Unit
from rcm.x12.x837_claims import Submission
from rcm.x12.x837_parties import (
    Address,
    BillingProvider,
    Contact,
    ContactNumber,
    Patient,
    Payer,
    PayToPlan,
    Provider,
    Receiver,
    Reference,
    Submitter,
    Subscriber,
)
from rcm.x12.x837_shapes import SUBSCRIBER, pattern

Row = Sequence[str]
Rows = Sequence[Row]
_EMPTY: Final = ("",) * 12


def at(row: Row, position: int) -> str:
    """Give an element; empty when the segment ends before it."""
    return row[position] if position < len(row) else ""


class NameGroup:
    """An NM1 with the segments that say more of the same party, before they become a typed value.

    Attributes:
        code: NM101.
        person: NM102.
        name: NM103.
        first_name: NM104.
        middle_name: NM105.
        suffix: NM107.
        qualifier: NM108.
        number: NM109.
        street: N3, raw.
        city: N4, raw.
        demographics: DMG, raw.
        references: The REF segments, raw.
        contacts: PER.
        taxonomy_code: PRV03.
    """

    __slots__ = (
        "city",
        "code",
        "contacts",
        "demographics",
        "first_name",
        "middle_name",
        "name",
        "number",
        "person",
        "qualifier",
        "references",
        "street",
        "suffix",
        "taxonomy_code",
    )

    def __init__(self, row: Row) -> None:
        if len(row) != 10:
            row = (*row, *_EMPTY)[:10]
        (
            _,
            self.code,
            self.person,
            self.name,
            self.first_name,
            self.middle_name,
            _,
            self.suffix,
            self.qualifier,
            self.number,
        ) = row
        self.street: Row | None = None
        self.city: Row | None = None
        self.demographics: Row | None = None
        self.references: list[Row] = []
        self.contacts: tuple[Contact, ...] = ()
        self.taxonomy_code = ""

    def take(self, row: Row) -> bool:
        """Add a segment if it belongs to this party; tell whether it does."""
        segment_id = row[0]
        if segment_id == "N3":
            self.street = row
        elif segment_id == "N4":
            self.city = row
        elif segment_id == "REF":
            self.references.append(row)
        elif segment_id == "DMG":
            self.demographics = row
        elif segment_id == "PRV":
            self.taxonomy_code = at(row, 3)
        elif segment_id == "PER":
            self.contacts = (*self.contacts, contact(row))
        else:
            return False
        return True

    @property
    def names(self) -> dict[str, Any]:
        """The names that are present, and the first of them always."""
        names = {"name": self.name}
        if self.first_name:
            names["first_name"] = self.first_name
        if self.middle_name:
            names["middle_name"] = self.middle_name
        if self.suffix:
            names["suffix"] = self.suffix
        return names

    @property
    def npi(self) -> str:
        """NM109 where NM108 says that it is an NPI."""
        return self.number if self.qualifier == "XX" else ""

    @property
    def address(self) -> Address | None:
        """N3 and N4."""
        street, city = self.street, self.city
        if city is None:
            return None if street is None else Address(line_1=at(street, 1), line_2=at(street, 2))
        line_1 = line_2 = ""
        if street is not None:
            line_1 = at(street, 1)
            if len(street) > 2:
                line_2 = street[2]
        if len(city) == 4:
            return Address(
                line_1=line_1,
                line_2=line_2,
                city=city[1],
                state_code=city[2],
                postal_code=city[3],
            )
        return Address(
            line_1=line_1,
            line_2=line_2,
            city=at(city, 1),
            state_code=at(city, 2),
            postal_code=at(city, 3),
            country_code=at(city, 4),
            subdivision_code=at(city, 7),
        )

    def one_reference(self, *qualifiers: str) -> str:
        """Give the number of the first REF under one of the qualifiers."""
        if not self.references:
            return ""
        return next((at(row, 2) for row in self.references if at(row, 1) in qualifiers), "")

    def other_references(self, *named: str, component: str = ":") -> tuple[Reference, ...]:
        """Give the REF segments that have no field of their own."""
        if not self.references:
            return ()
        return tuple(
            reference(row, component) for row in self.references if at(row, 1) not in named
        )

    def provider(self, component: str) -> Provider:
        """Make it a provider of 2310, 2330 or 2420."""
        return Provider(
            role_code=self.code,
            entity_type_code="2" if self.person == "2" else "1",
            name=self.name,
            first_name=self.first_name,
            middle_name=self.middle_name,
            suffix=self.suffix,
            npi=self.npi,
            taxonomy_code=self.taxonomy_code,
            address=self.address,
            secondary_identifiers=self.other_references(component=component),
            contacts=self.contacts,
        )


def name_group(rows: Rows, start: int) -> tuple[NameGroup, int]:
    """Read NM1 at `start` with what follows it; also give the place after it."""
    group = NameGroup(rows[start])
    place = start + 1
    count = len(rows)
    while place < count and group.take(rows[place]):
        place += 1
    return group, place


def contact(row: Row) -> Contact:
    """Read PER."""
    numbers = tuple(
        ContactNumber(qualifier_code=row[place], number=at(row, place + 1))  # type: ignore[arg-type]  # a wrong code is the checker's
        for place in range(3, len(row), 2)
        if row[place]
    )
    return Contact(name=at(row, 2), numbers=numbers)


def reference(row: Row, component: str) -> Reference:
    """Read REF."""
    if len(row) > 4 and row[4]:
        parts = row[4].split(component)
        return Reference(qualifier_code=row[1], number=row[2], payer_number=at(parts, 1))
    return Reference(qualifier_code=at(row, 1), number=at(row, 2))


def submission(rows: Rows) -> Submission:
    """Read ST, BHT, 1000A and 1000B.

    Raises:
        ValueError: BHT04 is no date.
    """
    bht: Row = ()
    submitter = receiver = None
    place = 0
    while place < len(rows):
        row = rows[place]
        place += 1
        if row[0] == "BHT":
            bht = row
        elif row[0] == "NM1":
            group, place = name_group(rows, place - 1)
            if group.code == "41":
                submitter = group
            elif group.code == "40":
                receiver = group
    sent = submitter or NameGroup(("NM1", "41", "2"))
    taken = receiver or NameGroup(("NM1", "40", "2"))
    return Submission(
        submitter=Submitter(
            number=sent.number,
            contacts=sent.contacts,
            entity_type_code="1" if sent.person == "1" else "2",
            name=sent.name,
            first_name=sent.first_name,
            middle_name=sent.middle_name,
        ),
        receiver=Receiver(name=taken.name, number=taken.number),
        originator_reference_number=at(bht, 3),
        created_on=values.day(at(bht, 4)),
        created_time=at(bht, 5),
        purpose_code="18" if at(bht, 2) == "18" else "00",
        transaction_type_code=at(bht, 6),  # type: ignore[arg-type]  # a wrong code is the checker's
    )


def billing_provider(rows: Rows, component: str) -> BillingProvider:
    """Read 2000A with 2010AA, 2010AB and 2010AC."""
    taxonomy_code = currency_code = ""
    groups: dict[str, NameGroup] = {}
    place = 0
    while place < len(rows):
        row = rows[place]
        if row[0] == "NM1":
            group, place = name_group(rows, place)
            groups.setdefault(group.code, group)
            continue
        if row[0] == "PRV":
            taxonomy_code = at(row, 3)
        elif row[0] == "CUR":
            currency_code = at(row, 2)
        place += 1
    billing = groups.get("85") or NameGroup(("NM1", "85", "2"))
    pay_to, plan = groups.get("87"), groups.get("PE")
    return BillingProvider(
        **billing.names,
        npi=billing.npi,
        entity_type_code="1" if billing.person == "1" else "2",
        taxonomy_code=taxonomy_code,
        currency_code=currency_code,
        address=billing.address,
        employer_id_number=billing.one_reference("EI"),
        social_security_number=billing.one_reference("SY"),
        secondary_identifiers=billing.other_references("EI", "SY", component=component),
        contacts=billing.contacts,
        pay_to_address=None if pay_to is None else pay_to.address,
        pay_to_plan=None if plan is None else _plan(plan, component),
    )


def _plan(group: NameGroup, component: str) -> PayToPlan:
    return PayToPlan(
        name=group.name,
        number=group.number,
        number_qualifier_code="XV" if group.qualifier == "XV" else "PI",
        address=group.address,
        employer_id_number=group.one_reference("EI"),
        secondary_identifiers=group.other_references("EI", component=component),
    )


def subscriber(unit: Unit) -> tuple[Subscriber, Payer]:
    """Read 2000B with 2010BA and 2010BB.

    Raises:
        ValueError: A date or a weight cannot be read.
    """
    delimiters = unit.transaction.delimiters
    match = pattern(SUBSCRIBER, delimiters).fullmatch(unit.text)
    if match is not None:
        return _plain_subscriber(match.groups())
    return _subscriber(unit.segments, delimiters.component)


def _plain_subscriber(elements: tuple[Any, ...]) -> tuple[Subscriber, Payer]:
    policy, person, home = elements[:6], elements[6:13], elements[13:18]
    birth, sex_code = elements[18:20]
    payer_name, payer_qualifier, payer_number = elements[20:23]
    holder = Subscriber(
        responsibility_code=policy[0],
        relationship_code=policy[1],
        group_number=policy[2],
        group_name=policy[3],
        insurance_type_code=policy[4],
        claim_filing_indicator_code=policy[5],
        entity_type_code="2" if person[0] == "2" else "1",
        name=person[1],
        first_name=person[2],
        middle_name=person[3],
        suffix=person[4],
        member_number_qualifier_code=person[5] or "MI",
        member_number=person[6],
        address=_plain_address(home),
        birth_on=values.day(birth) if birth else None,
        sex_code=sex_code or "",
    )
    return holder, Payer(
        name=payer_name,
        number=payer_number,
        number_qualifier_code="XV" if payer_qualifier == "XV" else "PI",
        address=_plain_address(elements[23:28]),
    )


def _plain_address(elements: tuple[Any, ...]) -> Address | None:
    line_1, line_2, city, state_code, postal_code = elements
    if city is None:
        return None
    return Address(
        line_1=line_1,
        line_2=line_2 or "",
        city=city,
        state_code=state_code,
        postal_code=postal_code,
    )


def _subscriber(rows: Rows, component: str) -> tuple[Subscriber, Payer]:
    """Read a subscriber segment by segment."""
    policy: Row = _NO_POLICY
    facts: dict[str, Any] = {}
    insured, payer = _NOBODY, _NO_PAYER
    place = 0
    count = len(rows)
    while place < count:
        row = rows[place]
        segment_id = row[0]
        place += 1
        if segment_id == "NM1":
            group, place = name_group(rows, place - 1)
            if group.code == "IL":
                insured = group
            elif group.code == "PR":
                payer = group
        elif segment_id == "SBR":
            policy = row if len(row) == 10 else (*row, *_EMPTY)
        elif segment_id == "PAT":
            facts = _patient_facts(row)
    birth_on, sex_code = _demographics(insured)
    holder = Subscriber(
        responsibility_code=policy[1],
        relationship_code=policy[2],
        group_number=policy[3],
        group_name=policy[4],
        insurance_type_code=policy[5],
        claim_filing_indicator_code=policy[9],
        entity_type_code="2" if insured.person == "2" else "1",
        name=insured.name,
        first_name=insured.first_name,
        middle_name=insured.middle_name,
        suffix=insured.suffix,
        member_number=insured.number,
        member_number_qualifier_code=insured.qualifier or "MI",
        address=insured.address,
        birth_on=birth_on,
        sex_code=sex_code,
        social_security_number=insured.one_reference("SY"),
        property_casualty_claim_number=insured.one_reference("Y4"),
        contact=insured.contacts[0] if insured.contacts else None,
        **facts,
    )
    return holder, _payer(payer, component)


def _payer(group: NameGroup, component: str) -> Payer:
    return Payer(
        name=group.name,
        number=group.number,
        number_qualifier_code="XV" if group.qualifier == "XV" else "PI",
        address=group.address,
        secondary_identifiers=group.other_references("G2", "LU", component=component),
        billing_provider_identifiers=group.other_references(
            "2U", "EI", "FY", "NF", component=component
        ),
    )


#: What a subscriber without SBR, NM1*IL or NM1*PR is read as; SBR01 is P where it is not said.
_NO_POLICY: Final = ("SBR", "P", *_EMPTY)
_NOBODY: Final = NameGroup(("NM1", "IL", "1"))
_NO_PAYER: Final = NameGroup(("NM1", "PR", "2"))


def patient(rows: Rows, component: str) -> Patient:
    """Read 2000C with 2010CA.

    Raises:
        ValueError: A date or a weight cannot be read.
    """
    facts: dict[str, Any] = {}
    relationship_code = ""
    person = NameGroup(("NM1", "QC", "1"))
    place = 0
    while place < len(rows):
        row = rows[place]
        if row[0] == "NM1":
            person, place = name_group(rows, place)
            continue
        if row[0] == "PAT":
            relationship_code = at(row, 1)
            facts = _patient_facts(row)
        place += 1
    birth_on, sex_code = _demographics(person)
    return Patient(
        relationship_code=relationship_code,
        name=person.name,
        first_name=person.first_name,
        middle_name=person.middle_name,
        suffix=person.suffix,
        birth_on=birth_on,
        sex_code=sex_code,
        address=person.address,
        property_casualty_claim_number=person.one_reference("Y4"),
        secondary_identifiers=person.other_references("Y4", component=component),
        contact=person.contacts[0] if person.contacts else None,
        **facts,
    )


def _demographics(group: NameGroup) -> tuple[date | None, str]:
    """Give DMG02 and DMG03."""
    row = group.demographics
    if row is None:
        return None, ""
    return values.optional_day(at(row, 2)), at(row, 3)


def _patient_facts(row: Row) -> dict[str, Any]:
    """Read PAT05 to PAT09."""
    if len(row) < 6:
        return {}
    return {
        "death_on": values.optional_day(at(row, 6)),
        "weight_pounds": values.optional_quantity(at(row, 8)),
        "is_pregnant": at(row, 9) == "Y",
    }
