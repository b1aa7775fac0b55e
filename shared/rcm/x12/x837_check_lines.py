"""Rules about the service lines of an 837: 2400 and 2410."""

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from rcm.money import dollars
from rcm.x12 import x837_rules as rules
from rcm.x12.code_sets import CodeSets
from rcm.x12.x837_check_codes import (
    PLACES_OF_SERVICE,
    drug_faults,
    procedure_faults,
    unknown,
)
from rcm.x12.x837_check_parties import provider_faults
from rcm.x12.x837_claims import Claim, DentalClaim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_faults import Fault, Tell
from rcm.x12.x837_lines import DentalLine, InstitutionalLine, ProfessionalLine, ServiceLine

_REVENUE: Final = re.compile(r"\d{4}", re.ASCII)
_TOOTH: Final = re.compile(r"[1-9]|[12]\d|3[0-2]|[A-T]|5[1-9]|[67]\d|8[0-2]|[A-T]S", re.ASCII)


class Circumstances(NamedTuple):
    """What a check needs to know besides the claim.

    Attributes:
        as_of: The day the claim is sent; None when it does not matter.
        codes: The lists that the caller has.
        is_encounter: Whether it is reported only (BHT06 = RP), so that nothing may be billed.
        is_predetermination: Whether it asks what would be paid; services have no date yet.
    """

    as_of: date | None
    codes: CodeSets
    is_encounter: bool
    is_predetermination: bool


@lru_cache(maxsize=1 << 10)
def _loop(place: int) -> str:
    return f"2400[{place}]"


def sum_faults(tell: Tell, claim: Claim, lines: tuple[ServiceLine, ...], limit: int) -> None:
    """Check CLM02 against the lines, their number, and their control numbers."""
    total = 0
    controls: set[str] = set()
    for place, line in enumerate(lines, 1):
        total += line.billed_cents
        control = line.line_item_control_number
        if control:
            if control in controls:
                message = "Another line of the claim has this control number."
                loop = f"2400[{place}]"
                tell(Fault(rules.LINE_CONTROL_REPEATED, message, loop, "REF*6R", 2, 0, control))
            controls.add(control)
    if total != claim.billed_cents:
        message = (
            f"CLM02 is {dollars(claim.billed_cents)}, the lines sum to {dollars(total)}:"
            f" {dollars(claim.billed_cents - total)} differs."
        )
        tell(Fault(rules.CLAIM_SUM, message, "", "CLM", 2))
    if len(lines) > limit:
        message = f"The claim has {len(lines)} lines where {limit} are the most."
        tell(Fault(rules.TOO_MANY, message, f"2400[{limit + 1}]", "LX", 1))


def professional_line_faults(
    tell: Tell, claim: ProfessionalClaim, place: int, line: ProfessionalLine, around: Circumstances
) -> None:
    """Check a line of an 837P."""
    loop = _loop(place)
    _shared(tell, line, loop, ("SV1", 2, 4), around)
    if line.procedure is not None:
        on = line.service_from
        procedure_faults(tell, line.procedure, (loop, "SV1", 1), on, around.codes)
    count = len(claim.diagnoses)
    pointers = line.diagnosis_pointers
    for component, pointer in enumerate(pointers, 1):
        if not 1 <= pointer <= count:
            message = f"The claim has {count} diagnoses."
            value = str(pointer)
            tell(Fault(rules.POINTER_RANGE, message, loop, "SV1", 7, component, value))
    if len(pointers) > 1 and len(set(pointers)) < len(pointers):
        message = "A pointer stands twice."
        tell(Fault(rules.POINTER_REPEATED, message, loop, "SV1", 7))
    if len(pointers) > 4:
        tell(Fault(rules.TOO_MANY, "A line has at most four pointers.", loop, "SV1", 7))
    code = line.place_of_service_code
    if code and code not in PLACES_OF_SERVICE:
        message = "CMS has no such place of service."
        tell(Fault(rules.PLACE_UNKNOWN, message, loop, "SV1", 5, 0, code))
    if line.service_from is None and not around.is_predetermination:
        tell(Fault(rules.SERVICE_DATE, "The line has no date of service.", loop, "SV1"))
    if line.prior_authorizations:
        payers = [one.payer_number for one in line.prior_authorizations]
        if len(set(payers)) < len(payers):
            message = "A payer has two prior authorizations on the line."
            tell(Fault(rules.AUTHORIZATION_REPEATED, message, loop, "REF*G1", 2))
    if line.drug is not None:
        drug_faults(tell, line.drug, loop)
    if line.providers:
        provider_faults(tell, line.providers, "P", loop)


def institutional_line_faults(
    tell: Tell,
    claim: InstitutionalClaim,
    place: int,
    line: InstitutionalLine,
    around: Circumstances,
    *,
    is_inpatient: bool,
) -> None:
    """Check a line of an 837I."""
    loop = _loop(place)
    _shared(tell, line, loop, ("SV2", 3, 5), around)
    on = line.service_from or claim.statement_through
    if line.procedure is not None:
        procedure_faults(tell, line.procedure, (loop, "SV2", 2), on, around.codes)
    revenue = line.revenue_code
    if _REVENUE.fullmatch(revenue) is None:
        message = "A revenue code has four digits."
        tell(Fault(rules.REVENUE_SHAPE, message, loop, "SV2", 1, 0, revenue))
    elif revenue == "0001":
        tell(Fault(rules.REVENUE_TOTAL, "The line is a total.", loop, "SV2", 1, 0, revenue))
    elif on is not None and around.codes.knows("revenue", revenue, on) is False:
        tell(unknown("revenue", (loop, "SV2", 1, 0), revenue))
    first, last = claim.statement_from, claim.statement_through
    if line.service_from is None:
        if not is_inpatient and not around.is_predetermination:
            message = "The outpatient line has no date of service."
            tell(Fault(rules.LINE_DATE, message, loop, "SV2"))
    elif (
        first is not None
        and last is not None
        and (line.service_from < first or (line.service_through or line.service_from) > last)
    ):
        message = "The service lies outside the statement's dates."
        tell(Fault(rules.OUTSIDE_STATEMENT, message, loop, "DTP*472", 3))
    if line.drug is not None:
        drug_faults(tell, line.drug, loop)
    if line.providers:
        provider_faults(tell, line.providers, "I", loop)


def dental_line_faults(
    tell: Tell, claim: DentalClaim, place: int, line: DentalLine, around: Circumstances
) -> None:
    """Check a line of an 837D."""
    loop = _loop(place)
    _shared(tell, line, loop, ("SV3", 2, 6), around)
    on = line.service_from or claim.service_from
    if line.procedure is not None:
        procedure_faults(tell, line.procedure, (loop, "SV3", 1), on, around.codes)
    count = len(claim.diagnoses)
    for component, pointer in enumerate(line.diagnosis_pointers, 1):
        if not 1 <= pointer <= count:
            message = f"The claim has {count} diagnoses."
            value = str(pointer)
            tell(Fault(rules.POINTER_RANGE, message, loop, "SV3", 11, component, value))
    code = line.place_of_service_code
    if code and code not in PLACES_OF_SERVICE:
        message = "CMS has no such place of service."
        tell(Fault(rules.PLACE_UNKNOWN, message, loop, "SV3", 3, 0, code))
    for tooth in line.teeth:
        if _TOOTH.fullmatch(tooth.code) is None:
            message = "No tooth has this number or letter."
            tell(Fault(rules.TOOTH, message, loop, f"TOO*{tooth.code}", 2, 0, tooth.code))
    if on is None and not (around.is_predetermination or _is_orthodontic(claim)):
        tell(Fault(rules.LINE_DATE, "Neither line nor claim has a date.", loop, "SV3"))
    if line.providers:
        provider_faults(tell, line.providers, "D", loop)


def _is_orthodontic(claim: DentalClaim) -> bool:
    return claim.orthodontics is not None or claim.appliance_placement_on is not None


def _shared(
    tell: Tell, line: ServiceLine, loop: str, at: tuple[str, int, int], around: Circumstances
) -> None:
    """Check what the lines of all guides have: charge, quantity, dates."""
    segment, charge, quantity = at
    if line.billed_cents < 0:
        message = "The line bills less than nothing."
        tell(Fault(rules.CHARGE_NEGATIVE, message, loop, segment, charge))
    units = line.quantity
    if units is not None and (not units or units.is_signed()):
        message = "The quantity is not above nothing."
        tell(Fault(rules.QUANTITY, message, loop, segment, quantity))
    first = line.service_from
    if first is None:
        return
    last = line.service_through
    if around.as_of is not None and (last or first) > around.as_of:
        tell(Fault(rules.DATE_FUTURE, "The service lies in the future.", loop, "DTP*472", 3))
    if last is not None and last < first:
        message = "The service ends before it begins."
        tell(Fault(rules.DATES_REVERSED, message, loop, "DTP*472", 3))
