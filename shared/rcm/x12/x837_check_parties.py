"""Rules about the parties of an 837: billing provider, subscriber, patient, payer, providers."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from rcm import identifiers
from rcm.x12 import x837_rules as rules
from rcm.x12.x837_faults import Fault, Tell, provider_loop
from rcm.x12.x837_parties import Address, BillingProvider, Patient, Provider, Subscriber

STATES: Final = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN",
    "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH",
    "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT",
    "VT", "VA", "WA", "WV", "WI", "WY", "AS", "GU", "MP", "PR", "VI", "UM", "FM", "MH", "PW",
    "AA", "AE", "AP", "AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK",
    "YT",
})  # fmt: skip
"""USPS state, territory and armed-forces codes, and the provinces of Canada. N402, CLM11-4."""

_BOX: Final = re.compile(
    r"(?<![A-Z])(?:P\W{0,2}O\W{0,2}\s?(?:BOX|B\W)|POST\s?OFFICE\s?BOX|(?:LOCK\s?)?BOX\s+#?\d)",
    re.ASCII,
)
_ZIP: Final = re.compile(r"\d{5}(?:\d{4})?", re.ASCII)
_CANADIAN: Final = re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", re.ASCII)
_NINE_DIGITS: Final = re.compile(r"\d{9}", re.ASCII)
_HOME: Final = frozenset({"", "US", "USA"})

npi_is_valid = lru_cache(maxsize=1 << 14)(identifiers.npi_is_valid)
taxonomy_is_shaped = lru_cache(maxsize=1 << 12)(identifiers.taxonomy_is_shaped)


def billing_provider_faults(tell: Tell, provider: BillingProvider) -> None:
    """Check 2000A, 2010AA and 2010AB."""
    loop = "2010AA"
    if not provider.npi:
        message = "The billing provider has no NPI."
        tell(Fault(rules.NPI_MISSING, message, loop, "NM1*85", 9))
    elif not npi_is_valid(provider.npi):
        message = "The billing provider's NPI fails its check digit."
        tell(Fault(rules.NPI_INVALID, message, loop, "NM1*85", 9, 0, provider.npi))
    code = provider.taxonomy_code
    if code and not taxonomy_is_shaped(code):
        message = "The billing provider's taxonomy code has not its ten characters."
        tell(Fault(rules.TAXONOMY_SHAPE, message, "", "PRV", 3, 0, code))
    address = provider.address
    if address is not None:
        if _BOX.search(f"{address.line_1} {address.line_2}".upper()):
            message = "The billing address is a post office box."
            tell(Fault(rules.ADDRESS_BOX, message, loop, "N3", 1, 0, address.line_1))
        address_faults(tell, address, loop, nine=True)
    for number, qualifier in (
        (provider.employer_id_number, "EI"),
        (provider.social_security_number, "SY"),
    ):
        if number and _NINE_DIGITS.fullmatch(number) is None:
            message = "The tax number has not nine digits."
            tell(Fault(rules.TAX_NUMBER, message, loop, f"REF*{qualifier}", 2, 0, number))
    if provider.pay_to_address is not None:
        address_faults(tell, provider.pay_to_address, "2010AB")


def address_faults(tell: Tell, address: Address, loop: str, *, nine: bool = False) -> None:
    """Check N402 and N403 of one address; the places of other countries are not ours to know."""
    state, code, country = address.state_code, address.postal_code, address.country_code
    if (country not in _HOME and country != "CA") or _place_is_sound(state, code, nine=nine):
        return
    if state and state not in STATES:
        tell(Fault(rules.STATE_UNKNOWN, "No state has this code.", loop, "N4", 2, 0, state))
    if not code:
        return
    if _ZIP.fullmatch(code) is None and _CANADIAN.fullmatch(code) is None:
        message = "The postal code has neither five nor nine digits."
        tell(Fault(rules.POSTAL_CODE, message, loop, "N4", 3, 0, code))
    elif nine and len(code) == 5:
        message = "The postal code has five digits where the guide wants nine."
        tell(Fault(rules.POSTAL_CODE_NINE, message, loop, "N4", 3, 0, code))


@lru_cache(maxsize=1 << 14)
def _place_is_sound(state: str, code: str, *, nine: bool) -> bool:
    """Tell whether nothing is wrong with a state and ZIP code, as nearly always."""
    return (not state or state in STATES) and (
        not code or (_ZIP.fullmatch(code) is not None and not (nine and len(code) == 5))
    )


def subscriber_faults(
    tell: Tell, one: Subscriber, as_of: date | None, *, with_patient: bool, professional: bool
) -> None:
    """Check 2000B and 2010BA.

    Args:
        tell: Takes a fault.
        one: The subscriber.
        as_of: The day the claim is sent, which no birth may follow.
        with_patient: Whether the claim has a patient level of its own.
        professional: Whether it is an 837P, where SBR05 is used.
    """
    loop = "2010BA"
    is_self = one.relationship_code == "18"
    if is_self and with_patient:
        message = "SBR02 says that the subscriber is the patient, and a patient level follows."
        tell(Fault(rules.SELF_WITH_PATIENT, message, "2000B", "SBR", 2, 0, "18"))
    if not is_self and not with_patient:
        message = "No patient level follows, and SBR02 is not 18."
        tell(Fault(rules.PATIENT_MISSING, message, "2000B", "SBR", 2))
    if not one.member_number and one.entity_type_code == "1":
        tell(Fault(rules.MEMBER_NUMBER, "There is no member number.", loop, "NM1*IL", 9))
    if not with_patient:
        if one.birth_on is None:
            message = "There is no DMG with birth date and sex of the patient."
            tell(Fault(rules.DEMOGRAPHICS_MISSING, message, loop, "NM1*IL"))
        if one.address is None or not one.address.line_1 or not one.address.city:
            message = "There is no address of the patient."
            tell(Fault(rules.ADDRESS_MISSING, message, loop, "NM1*IL"))
    if one.address is not None:
        address_faults(tell, one.address, loop)
    if as_of is not None and one.birth_on is not None and one.birth_on > as_of:
        tell(Fault(rules.BIRTH_FUTURE, "The birth lies in the future.", loop, "DMG", 2))
    if (
        professional
        and one.responsibility_code != "P"
        and one.claim_filing_indicator_code in {"MA", "MB"}
        and not one.insurance_type_code
    ):
        message = "Medicare is not primary, and SBR05 does not say why."
        tell(Fault(rules.MSP_TYPE, message, "2000B", "SBR", 5))


def patient_faults(tell: Tell, one: Patient, as_of: date | None) -> None:
    """Check 2000C and 2010CA."""
    if as_of is not None and one.birth_on is not None and one.birth_on > as_of:
        tell(Fault(rules.BIRTH_FUTURE, "The birth lies in the future.", "2010CA", "DMG", 2))
    if one.address is not None:
        address_faults(tell, one.address, "2010CA")


def provider_faults(
    tell: Tell, providers: Iterable[Provider], letter: str, inside: str = ""
) -> None:
    """Check the providers of 2310, or of 2420 when `inside` names a line such as `2400[2]`."""
    for one in providers:
        if one.npi and not npi_is_valid(one.npi):
            message = "The NPI fails its check digit."
            loop = _loop(one, letter, inside)
            segment = f"NM1*{one.role_code}"
            tell(Fault(rules.NPI_INVALID, message, loop, segment, 9, 0, one.npi))
        code = one.taxonomy_code
        if code and not taxonomy_is_shaped(code):
            message = "The taxonomy code has not its ten characters."
            loop = _loop(one, letter, inside)
            segment = f"NM1*{one.role_code}>PRV"
            tell(Fault(rules.TAXONOMY_SHAPE, message, loop, segment, 3, 0, code))
        if one.address is not None:
            loop = _loop(one, letter, inside)
            found: list[Fault] = []
            address_faults(found.append, one.address, loop, nine=one.role_code == "77")
            for fault in found:
                tell(fault._replace(segment=f"NM1*{one.role_code}>{fault.segment}"))


def _loop(one: Provider, letter: str, inside: str) -> str:
    loop = provider_loop(letter, one.role_code, in_line=bool(inside))
    return f"{inside}/{loop}" if inside else loop
