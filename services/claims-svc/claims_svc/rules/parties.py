"""Edits of who bills, is insured, is treated and pays."""

import re
from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent, day
from claims_svc.rules.edit import Edit, Found, Setting
from rcm.events.clinical import Address
from rcm.identifiers import mbi_is_shaped

_NINE_DIGITS: Final = re.compile(r"\d{9}", re.ASCII)
_POSTAL: Final = re.compile(r"\d{5}(\d{4})?", re.ASCII)
_STATE: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_MEDICARE: Final = ("MA", "MB")


def _facility_unknown(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.facility is None:
        yield Found("2010AA NM1")


def _payer_not_routed(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if not content.receiver_id:
        yield Found("2010BB NM109")


def _billing_tax_number(content: ClaimContent, _: Setting) -> Iterator[Found]:
    facility = content.facility
    if facility is not None and _NINE_DIGITS.fullmatch(facility.employer_id_number) is None:
        yield Found("2010AA REF02")


def _provider_names(content: ClaimContent, _: Setting) -> Iterator[Found]:
    named = [
        ("2310 NM103 (71)", content.attending),
        ("2310 NM103 (72)", content.operating),
        ("2310 NM103 (DN)", content.referring),
        ("2310 NM103 (82)", content.rendering),
    ]
    for number, line in enumerate(content.lines, start=1):
        named.append((f"2400[{number}]/2420A NM103", line.rendering))
    for path, provider in named:
        if provider is not None and not provider.last_name:
            yield Found(path)


def _place_unknown(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.service_facility is not None and content.place is None:
        yield Found("2310C N3")


def _member_number_shape(content: ClaimContent, _: Setting) -> Iterator[Found]:
    number = content.subscriber.member_number
    medicare = content.claim_filing_indicator_code in _MEDICARE
    if medicare and number and not mbi_is_shaped(number):
        yield Found("2010BA NM109")


def _subscriber_name(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if not content.subscriber.person.last_name:
        yield Found("2010BA NM103")


def _patient(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.patient_is_subscriber:
        return
    person = content.patient.person
    if not person.last_name:
        yield Found("2010CA NM103", "The patient has no name.")
    if day(person.born_on) is None:
        yield Found("2010CA DMG02", "The birth date is missing.")
    if not _is_complete(person.address):
        yield Found("2010CA N3", "The address is missing or has no street, city, state or ZIP.")


def _is_complete(address: Address | None) -> bool:
    return (
        address is not None
        and bool(address.line1 and address.city)
        and _STATE.fullmatch(address.state_code) is not None
        and _POSTAL.fullmatch(address.postal_code) is not None
    )


EDITS: Final = (
    Edit(
        "billing-provider-unknown",
        _facility_unknown,
        "The tenant's directory has no billing provider for the facility.",
        "Add the facility to the directory, then release the claim.",
        prevents_writing=True,
    ),
    Edit(
        "payer-not-routed",
        _payer_not_routed,
        "The directory names no receiver for this payer, and no default.",
        "Add the payer or a default receiver to the directory, then release the claim.",
        prevents_writing=True,
    ),
    Edit(
        "billing-tax-number-malformed",
        _billing_tax_number,
        "The billing provider's tax number has not nine digits.",
        "Correct the facility in the directory, then release the claim.",
    ),
    Edit(
        "provider-name-missing",
        _provider_names,
        "A provider has no name.",
        "Complete the provider in the EHR and send the charges again.",
    ),
    Edit(
        "service-facility-unknown",
        _place_unknown,
        "The directory has no address for the place of service.",
        "Add the place to the directory under its NPI, then release the claim.",
    ),
    Edit(
        "mbi-malformed",
        _member_number_shape,
        "A Medicare claim's member number has not the shape of a Medicare Beneficiary Identifier.",
        "Check the card; correct the coverage or the claim.",
    ),
    Edit(
        "subscriber-name-missing",
        _subscriber_name,
        "The subscriber has no name.",
        "Complete the coverage, or correct the claim.",
    ),
    Edit(
        "patient-incomplete",
        _patient,
        "Something of the patient is missing.",
        "Complete the registration, or correct the claim.",
    ),
)
