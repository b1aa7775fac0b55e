"""From typed values to the segments of an 837, for the parts that the three guides share.

A segment is a tuple of elements, trailing empty ones allowed. A composite is joined at once by
`Segments.composite`, which counts what it joins, as `writer.Block` asks.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from rcm.money import x12_from_cents
from rcm.x12.lexer import Delimiters
from rcm.x12.writer import STANDARD, Block
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_details import Attachment, Contract, Note, Repricing
from rcm.x12.x837_parties import Address, Contact, Provider, Reference

Row = tuple[str, ...]
Put = Callable[[Row], None]
CAS_ELEMENTS_MAX: Final = 19  # CAS01 with six triples, the quantity of the last left out
HI_CODES_MAX: Final = 12
_TAXONOMY_PURPOSE: Final = {"82": "PE", "71": "AT", "DD": "AS", "DN": "RF", "P3": "RF"}

amount = lru_cache(maxsize=1 << 16)(x12_from_cents)


@lru_cache(maxsize=1 << 14)
def day(when: date) -> str:
    """Write a date as CCYYMMDD."""
    return when.isoformat().replace("-", "")


@lru_cache(maxsize=1 << 14)
def number(quantity: Decimal) -> str:
    """Write a quantity without exponent and without trailing zeros of its fraction."""
    text = format(quantity, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


@lru_cache(maxsize=1 << 12)
def joined(places: tuple[int, ...], component: str) -> str:
    """Join small numbers."""
    return component.join(map(str, places))


def cents(value: int | None) -> str:
    """Write an amount; nothing for None."""
    return "" if value is None else amount(value)


def quantity(value: Decimal | None) -> str:
    """Write a quantity; nothing for None."""
    return "" if value is None else number(value)


def put_period(put: Put, qualifier: str, first: date, last: date | None) -> None:
    """Write DTP as a day (D8) or, where a last day is stated, as a range (RD8)."""
    if last is None:
        put(("DTP", qualifier, "D8", day(first)))
    else:
        put(("DTP", qualifier, "RD8", f"{day(first)}-{day(last)}"))


def put_days(put: Put, days: Iterable[tuple[str, date | None]]) -> None:
    """Write those of the dates that are known, each as DTP with format D8."""
    for qualifier, when in days:
        if when is not None:
            put(("DTP", qualifier, "D8", day(when)))


def put_references(put: Put, references: Iterable[tuple[str, str]]) -> None:
    """Write those of the identifiers that are known, each as REF."""
    for qualifier, text in references:
        if text:
            put(("REF", qualifier, text))


class Segments:
    """The segments of one claim, or of the head of a transaction, as they are made."""

    __slots__ = ("_component", "joins", "put", "rows")

    def __init__(self, delimiters: Delimiters = STANDARD) -> None:
        self.rows: list[Row] = []
        self.put = self.rows.append
        self.joins = 0
        self._component = delimiters.component

    def composite(self, *parts: str) -> str:
        """Join components and leave trailing empty ones out."""
        last = len(parts)
        if last and not parts[-1]:
            while last and not parts[last - 1]:
                last -= 1
            parts = parts[:last]
        if not last:
            return ""
        self.joins += last - 1
        return self._component.join(parts)

    def pair(self, qualifier: str, code: str) -> str:
        """Join a qualifier and its code."""
        if not code:
            return self.composite(qualifier)
        self.joins += 1
        return f"{qualifier}{self._component}{code}"

    def pointers(self, places: tuple[int, ...]) -> str:
        """Join diagnosis pointers."""
        if not places:
            return ""
        self.joins += len(places) - 1
        return joined(places, self._component)

    def name(
        self,
        code: str,
        person: str,
        names: tuple[str, str, str, str],
        identifier: tuple[str, str],
    ) -> None:
        """Write NM1: last, first, middle and suffix; then the identifier and its qualifier."""
        last, first, middle, suffix = names
        qualifier, text = identifier
        if text:
            self.put(("NM1", code, person, last, first, middle, "", suffix, qualifier, text))
        elif last:
            self.put(("NM1", code, person, last, first, middle, "", suffix))
        else:
            self.put(("NM1", code, person))

    def address(self, place: Address | None) -> None:
        """Write N3 and N4."""
        if place is None:
            return
        if place.line_2:
            self.put(("N3", place.line_1, place.line_2))
        elif place.line_1:
            self.put(("N3", place.line_1))
        row: tuple[str, ...] = ("N4", place.city, place.state_code, place.postal_code)
        if place.country_code or place.subdivision_code:
            row = (*row, place.country_code, "", "", place.subdivision_code)
        self.put(row)

    def contact(self, contact: Contact) -> None:
        """Write PER."""
        self.put(
            (
                "PER",
                "IC",
                contact.name,
                *(text for one in contact.numbers for text in (one.qualifier_code, one.number)),
            )
        )

    def references(self, references: Iterable[Reference]) -> None:
        """Write REF, with the payer that an identifier belongs to where one is named."""
        for one in references:
            if one.payer_number:
                payer = self.composite("2U", one.payer_number)
                self.put(("REF", one.qualifier_code, one.number, "", payer))
            else:
                self.put(("REF", one.qualifier_code, one.number))

    def providers(self, providers: Iterable[Provider]) -> None:
        """Write the providers of 2310, 2330 or 2420."""
        for one in providers:
            self.name(
                one.role_code,
                one.entity_type_code,
                (one.name, one.first_name, one.middle_name, one.suffix),
                ("XX", one.npi),
            )
            if one.taxonomy_code:
                purpose = _TAXONOMY_PURPOSE.get(one.role_code, "PE")
                self.put(("PRV", purpose, "PXC", one.taxonomy_code))
            self.address(one.address)
            self.references(one.secondary_identifiers)
            for contact in one.contacts:
                self.contact(contact)

    def adjustments(self, adjustments: Sequence[Adjustment]) -> None:
        """Write CAS: neighbours of one group share a segment, six to each."""
        row: list[str] = []
        for one in adjustments:
            if not row or row[1] != one.group_code or len(row) >= CAS_ELEMENTS_MAX:
                if row:
                    self.put(tuple(row))
                row = ["CAS", one.group_code]
            elif len(row) % 3 == 1:
                row.append("")  # the quantity before, which was left out
            row += (one.reason_code, amount(one.amount_cents))
            if one.quantity is not None:
                row.append(number(one.quantity))
        if row:
            self.put(tuple(row))

    def attachments(self, attachments: Iterable[Attachment]) -> None:
        """Write PWK."""
        for one in attachments:
            control = one.control_number
            self.put(
                (
                    "PWK",
                    one.report_type_code,
                    one.transmission_code,
                    "",
                    "",
                    "AC" if control else "",
                    control,
                )
            )

    def notes(self, notes: Iterable[Note]) -> None:
        """Write NTE."""
        for one in notes:
            self.put(("NTE", one.code, one.text))

    def fixed_format(self, texts: Iterable[str]) -> None:
        """Write K3."""
        for text in texts:
            self.put(("K3", text))

    def contract(self, contract: Contract | None) -> None:
        """Write CN1."""
        if contract is not None:
            self.put(
                (
                    "CN1",
                    contract.type_code,
                    cents(contract.amount_cents),
                    quantity(contract.percentage),
                    contract.code,
                    quantity(contract.discount_percentage),
                    contract.version,
                )
            )

    def repricing(self, one: Repricing | None) -> None:
        """Write HCP."""
        if one is not None:
            self.put(
                (
                    "HCP",
                    one.methodology_code,
                    cents(one.allowed_cents),
                    cents(one.saving_cents),
                    one.organization_number,
                    quantity(one.rate),
                    one.group_code,
                    cents(one.group_cents),
                    one.revenue_code,
                    one.procedure_qualifier_code,
                    one.procedure_code,
                    one.unit_code,
                    quantity(one.quantity),
                    one.rejection_reason_code,
                    one.compliance_code,
                    one.exception_code,
                )
            )

    def codes(self, composites: Sequence[str]) -> None:
        """Write HI, twelve codes to a segment."""
        if 0 < len(composites) <= HI_CODES_MAX:
            self.put(("HI", *composites))
            return
        for start in range(0, len(composites), HI_CODES_MAX):
            self.put(("HI", *composites[start : start + HI_CODES_MAX]))

    def block(self) -> Block:
        """Give what was made so far, and begin anew."""
        made = Block(self.rows, self.joins)
        self.rows = []
        self.put = self.rows.append
        self.joins = 0
        return made
