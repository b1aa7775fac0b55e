"""From segments to the people and organisations of an 837: 1000, 2000, 2010, and NM1 groups."""

from collections.abc import Sequence
from typing import Any, Final

from rcm.x12 import values
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

Row = Sequence[str]
Rows = Sequence[Row]
_EMPTY: Final = ("",) * 12
_PARTY_PARTS: Final = frozenset({"N3", "N4", "PER", "PRV", "REF", "DMG"})


def at(row: Row, position: int) -> str:
    """Give an element; empty when the segment ends before it."""
    return row[position] if position < len(row) else ""


class NameGroup:
    """An NM1 with the segments that say more of the same party, before they become a typed value.

    Attributes:
        names: `name`, `first_name`, `middle_name` and `suffix`, those that are present.
        code: NM101.
        person: NM102.
        qualifier: NM108.
        number: NM109.
        references: The REF segments, raw.
        demographics: DMG, raw.
    """

    __slots__ = (
        "_city",
        "_street",
        "code",
        "contacts",
        "demographics",
        "names",
        "number",
        "person",
        "qualifier",
        "references",
        "taxonomy_code",
    )

    def __init__(self, row: Row) -> None:
        if len(row) < 10:
            row = (*row, *_EMPTY)
        self.code = row[1]
        self.person = row[2]
        self.names: dict[str, Any] = {"name": row[3]}
        if row[4]:
            self.names["first_name"] = row[4]
        if row[5]:
            self.names["middle_name"] = row[5]
        if row[7]:
            self.names["suffix"] = row[7]
        self.qualifier = row[8]
        self.number = row[9]
        self.references: list[Row] = []
        self.contacts: tuple[Contact, ...] = ()
        self.demographics: Row | None = None
        self.taxonomy_code = ""
        self._street: Row | None = None
        self._city: Row | None = None

    def take(self, row: Row) -> None:
        """Add a segment that belongs to this party."""
        segment_id = row[0]
        if segment_id == "REF":
            self.references.append(row)
        elif segment_id == "N3":
            self._street = row
        elif segment_id == "N4":
            self._city = row
        elif segment_id == "PRV":
            self.taxonomy_code = at(row, 3)
        elif segment_id == "DMG":
            self.demographics = row
        else:
            self.contacts = (*self.contacts, contact(row))

    @property
    def npi(self) -> str:
        """NM109 where NM108 says that it is an NPI."""
        return self.number if self.qualifier == "XX" else ""

    @property
    def address(self) -> Address | None:
        """N3 and N4."""
        street, city = self._street, self._city
        if street is None and city is None:
            return None
        made: dict[str, str] = {}
        if street is not None:
            made["line_1"] = at(street, 1)
            if len(street) > 2:
                made["line_2"] = street[2]
        if city is not None:
            if len(city) == 4:
                _, made["city"], made["state_code"], made["postal_code"] = city
            else:
                made |= {name: city[place] for place, name in _CITY if place < len(city)}
        return Address(**made)

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
        more: dict[str, Any] = {}
        if self.taxonomy_code:
            more["taxonomy_code"] = self.taxonomy_code
        if self._city is not None or self._street is not None:
            more["address"] = self.address
        if self.references:
            more["secondary_identifiers"] = self.other_references(component=component)
        if self.contacts:
            more["contacts"] = self.contacts
        return Provider(
            role_code=self.code,
            entity_type_code="2" if self.person == "2" else "1",
            npi=self.npi,
            **self.names,
            **more,
        )


_CITY: Final = (
    (1, "city"),
    (2, "state_code"),
    (3, "postal_code"),
    (4, "country_code"),
    (7, "subdivision_code"),
)


def name_group(rows: Rows, start: int) -> tuple[NameGroup, int]:
    """Read NM1 at `start` with what follows it; also give the place after it."""
    group = NameGroup(rows[start])
    place = start + 1
    while place < len(rows) and rows[place][0] in _PARTY_PARTS:
        group.take(rows[place])
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
            name=sent.names["name"],
            first_name=sent.names.get("first_name", ""),
            middle_name=sent.names.get("middle_name", ""),
        ),
        receiver=Receiver(name=taken.names["name"], number=taken.number),
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
        name=group.names["name"],
        number=group.number,
        number_qualifier_code="XV" if group.qualifier == "XV" else "PI",
        address=group.address,
        employer_id_number=group.one_reference("EI"),
        secondary_identifiers=group.other_references("EI", component=component),
    )


def subscriber(rows: Rows, component: str) -> tuple[Subscriber, Payer]:
    """Read 2000B with 2010BA and 2010BB.

    Raises:
        ValueError: A date or a weight cannot be read.
    """
    facts: dict[str, Any] = {}
    insured, payer = NameGroup(("NM1", "IL", "1")), NameGroup(("NM1", "PR", "2"))
    place = 0
    while place < len(rows):
        row = rows[place]
        if row[0] == "NM1":
            group, place = name_group(rows, place)
            if group.code == "IL":
                insured = group
            elif group.code == "PR":
                payer = group
            continue
        if row[0] == "SBR":
            facts |= {name: row[position] for position, name in _SBR if position < len(row)}
        elif row[0] == "PAT":
            facts |= _patient_facts(row)
        place += 1
    holder = Subscriber(
        **insured.names,
        **facts,
        **_demographics(insured),
        entity_type_code="2" if insured.person == "2" else "1",
        member_number=insured.number,
        member_number_qualifier_code=insured.qualifier or "MI",
        address=insured.address,
        social_security_number=insured.one_reference("SY"),
        property_casualty_claim_number=insured.one_reference("Y4"),
        contact=insured.contacts[0] if insured.contacts else None,
    )
    return holder, Payer(
        name=payer.names["name"],
        number=payer.number,
        number_qualifier_code="XV" if payer.qualifier == "XV" else "PI",
        address=payer.address,
        secondary_identifiers=payer.other_references("G2", "LU", component=component),
        billing_provider_identifiers=payer.other_references(
            "2U", "EI", "FY", "NF", component=component
        ),
    )


_SBR: Final = (
    (1, "responsibility_code"),
    (2, "relationship_code"),
    (3, "group_number"),
    (4, "group_name"),
    (5, "insurance_type_code"),
    (9, "claim_filing_indicator_code"),
)


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
    return Patient(
        **person.names,
        **facts,
        **_demographics(person),
        relationship_code=relationship_code,
        address=person.address,
        property_casualty_claim_number=person.one_reference("Y4"),
        secondary_identifiers=person.other_references("Y4", component=component),
        contact=person.contacts[0] if person.contacts else None,
    )


def _demographics(group: NameGroup) -> dict[str, Any]:
    row = group.demographics
    if row is None or len(row) < 4:
        return {} if row is None else {"birth_on": values.optional_day(at(row, 2))}
    return {"birth_on": values.optional_day(row[2]), "sex_code": row[3]}


def _patient_facts(row: Row) -> dict[str, Any]:
    """Read PAT05 to PAT09."""
    if len(row) < 6:
        return {}
    return {
        "death_on": values.optional_day(at(row, 6)),
        "weight_pounds": values.optional_quantity(at(row, 8)),
        "is_pregnant": at(row, 9) == "Y",
    }
