"""Rules about the claim itself, 2300 and 2310: professional, institutional and dental."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from rcm.x12 import x837_rules as rules
from rcm.x12.x837_check_codes import (
    PLACES_OF_SERVICE,
    diagnosis_faults,
    inpatient_procedure_faults,
    listed_faults,
    unknown,
)
from rcm.x12.x837_check_lines import Circumstances
from rcm.x12.x837_check_parties import STATES, provider_faults
from rcm.x12.x837_claims import Claim, DentalClaim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_details import Attachment, Diagnosis
from rcm.x12.x837_faults import Fault, Tell
from rcm.x12.x837_lines import ServiceLine
from rcm.x12.x837_segments import HI_CODES_MAX

_REPLACES: Final = frozenset("78")
_FREQUENCIES: Final = frozenset("178")
_BILL_FREQUENCIES: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQXYZ")
_INPATIENT_PLACES: Final = frozenset({"21", "51", "61"})
_AMBULANCE_PLACES: Final = frozenset({"41", "42"})
_INPATIENT_BILLS: Final = frozenset({"11", "18", "21", "41", "65", "66", "86"})
_HOSPITAL_INPATIENT: Final = frozenset({"11", "18", "41"})
_UNSCHEDULED: Final = re.compile(r"045\d|0516|0526|0762", re.ASCII)
_VISIT_BILLS: Final = frozenset({"13", "78", "85"})
_BILL_TYPE: Final = re.compile(r"[1-8][1-9]", re.ASCII)
_STATUS: Final = re.compile(r"\d\d", re.ASCII)
_BY_WIRE: Final = frozenset({"BM", "EL", "EM", "FX", "FT"})
_ACCIDENTS: Final = frozenset({"AA", "OA"})
_POA_BY_LIST: Final = frozenset("VWXYZ")


def shared_faults(tell: Tell, claim: Claim, first: date | None, around: Circumstances) -> None:
    """Check what the claims of the three guides share; `first` is the first day of service."""
    if claim.billed_cents < 0:
        tell(Fault(rules.CHARGE_NEGATIVE, "The claim bills less than nothing.", "", "CLM", 2))
    elif claim.billed_cents == 0 and not around.is_encounter:
        tell(Fault(rules.CHARGE_NOT_POSITIVE, "The claim bills nothing.", "", "CLM", 2))
    if len(claim.claim_id) > 20:
        message = f"CLM01 has {len(claim.claim_id)} characters."
        tell(Fault(rules.CLAIM_ID_LONG, message, "", "CLM", 1))
    if claim.frequency_code in _REPLACES:
        if not claim.payer_claim_control_number:
            message = f"CLM05-3 is {claim.frequency_code}, and there is no REF*F8."
            tell(Fault(rules.FREQUENCY_NUMBER, message, "", "CLM", 5, 3, claim.frequency_code))
    elif claim.payer_claim_control_number and claim.frequency_code == "1":
        message = "CLM05-3 is 1, and REF*F8 names a claim before it."
        tell(Fault(rules.NUMBER_UNEXPECTED, message, "", "REF*F8", 2))
    for attachment in claim.attachments:
        if attachment.transmission_code in _BY_WIRE and not attachment.control_number:
            tell(_attachment_fault(attachment))
    born = claim.subscriber.birth_on if claim.patient is None else claim.patient.birth_on
    if born is not None and first is not None and born > first:
        message = "The patient was born after the first service."
        tell(Fault(rules.BIRTH_AFTER_SERVICE, message, "", "CLM"))


def _attachment_fault(one: Attachment) -> Fault:
    message = "The attachment is sent apart and has no control number."
    return Fault(rules.ATTACHMENT_NUMBER, message, "", f"PWK*{one.report_type_code}", 6)


def first_service(lines: Iterable[ServiceLine], first: date | None = None) -> date | None:
    """Give the first day of service of the lines, or a day of the claim if it is earlier."""
    for line in lines:
        day = line.service_from
        if day is not None and (first is None or day < first):
            first = day
    return first


def professional_faults(
    tell: Tell, claim: ProfessionalClaim, on: date | None, around: Circumstances
) -> None:
    """Check 2300 and 2310 of an 837P."""
    _office_faults(tell, claim)
    place = claim.place_of_service_code
    if place in _INPATIENT_PLACES and claim.admitted_on is None:
        message = f"The place of service is {place}, and there is no DTP*435."
        tell(Fault(rules.ADMISSION_DATE, message, "", "CLM", 5, 1, place))
    if place in _AMBULANCE_PLACES:
        _ambulance_faults(tell, claim)
    first, last = claim.disability_from, claim.disability_through
    if first is not None and last is not None and first > last:
        message = "The disability ends before it begins."
        tell(Fault(rules.DATES_REVERSED, message, "", "DTP*3", 3))
    _accident_date_faults(tell, claim)
    if around.as_of is not None:
        _future_faults(tell, _days_of(claim), around.as_of)
    _diagnoses_faults(tell, claim.diagnoses, 12, on, around)
    if claim.providers:
        provider_faults(tell, claim.providers, "P")
    if claim.condition_codes:
        listed_faults(tell, "condition", "HI*BG", claim.condition_codes, on, around.codes)


def dental_faults(tell: Tell, claim: DentalClaim, on: date | None, around: Circumstances) -> None:
    """Check 2300 and 2310 of an 837D."""
    _office_faults(tell, claim)
    _accident_date_faults(tell, claim)
    _dental_date_faults(tell, claim, around)
    _diagnoses_faults(tell, claim.diagnoses, 4, on, around)
    if claim.providers:
        provider_faults(tell, claim.providers, "D")


def _office_faults(tell: Tell, claim: ProfessionalClaim | DentalClaim) -> None:
    """Check what CLM of an 837P and an 837D share."""
    if claim.frequency_code not in _FREQUENCIES:
        message = "The claim knows 1, 7 and 8."
        tell(Fault(rules.FREQUENCY, message, "", "CLM", 5, 3, claim.frequency_code))
    if claim.place_of_service_code not in PLACES_OF_SERVICE:
        message = "CMS has no such place of service."
        tell(Fault(rules.PLACE_UNKNOWN, message, "", "CLM", 5, 1, claim.place_of_service_code))
    state = claim.accident_state_code
    if state and state not in STATES and claim.accident_country_code in {"", "US", "CA"}:
        tell(Fault(rules.STATE_UNKNOWN, "No state has this code.", "", "CLM", 11, 4, state))
    elif "AA" in claim.related_cause_codes and not (state or claim.accident_country_code):
        message = "It was an auto accident, and its state is missing."
        tell(Fault(rules.ACCIDENT_STATE, message, "", "CLM", 11, 4))


def _accident_date_faults(tell: Tell, claim: ProfessionalClaim | DentalClaim) -> None:
    causes = claim.related_cause_codes
    if causes and claim.accident_on is None and not _ACCIDENTS.isdisjoint(causes):
        message = "It was an accident, and its date is missing."
        tell(Fault(rules.ACCIDENT_DATE, message, "", "CLM", 11))


def _ambulance_faults(tell: Tell, claim: ProfessionalClaim) -> None:
    if claim.ambulance is None and not any(line.ambulance for line in claim.lines):
        message = "An ambulance is billed, and there is no CR1."
        tell(Fault(rules.AMBULANCE_FACTS, message, "", "CLM", 5, 1))
    in_lines = any(claim_line.providers for claim_line in claim.lines)
    if claim.provider("PW") is None and not in_lines:
        message = "An ambulance is billed, and no pick-up address is there."
        tell(Fault(rules.AMBULANCE_PICKUP, message, "", "CLM", 5, 1))


def _future_faults(tell: Tell, days: Iterable[tuple[str, date | None]], as_of: date) -> None:
    """Check the days of a claim, each under its DTP01."""
    for qualifier, when in days:
        if when is not None and when > as_of:
            tell(
                Fault(rules.DATE_FUTURE, "The date lies in the future.", "", f"DTP*{qualifier}", 3)
            )


def _days_of(claim: ProfessionalClaim) -> tuple[tuple[str, date | None], ...]:
    return (
        ("431", claim.onset_on),
        ("439", claim.accident_on),
        ("435", claim.admitted_on),
        ("096", claim.discharged_on),
        ("304", claim.last_seen_on),
        ("484", claim.last_menstrual_period_on),
    )


def _dental_date_faults(tell: Tell, claim: DentalClaim, around: Circumstances) -> None:
    first, last = claim.service_from, claim.service_through
    if around.as_of is not None and not around.is_predetermination:
        days = (
            ("439", claim.accident_on),
            ("452", claim.appliance_placement_on),
            ("472", last or first),
        )
        _future_faults(tell, days, around.as_of)
    if first is not None and last is not None and last < first:
        tell(Fault(rules.DATES_REVERSED, "The service ends before it begins.", "", "DTP*472", 3))


def _diagnoses_faults(
    tell: Tell, diagnoses: tuple[Diagnosis, ...], limit: int, on: date | None, around: Circumstances
) -> None:
    """Check HI*ABK with its ABF of an 837P or 837D."""
    for element, one in enumerate(diagnoses, 1):
        diagnosis_faults(tell, one, ("HI", element), on, around.codes)
    if not diagnoses:
        return
    if len(diagnoses) > limit:
        message = f"The claim has {len(diagnoses)} diagnoses where {limit} are the most."
        tell(Fault(rules.TOO_MANY, message, "", "HI", limit + 1))
    if len({one.code for one in diagnoses}) < len(diagnoses):
        tell(Fault(rules.DIAGNOSIS_REPEATED, "A diagnosis stands twice.", "", "HI"))
    _principal_faults(tell, diagnoses[0], "HI")


def _principal_faults(tell: Tell, one: Diagnosis, segment: str) -> None:
    if one.icd_version == 10 and one.code[:1] in {"V", "W", "X", "Y"}:
        message = "The first diagnosis is an external cause."
        tell(Fault(rules.EXTERNAL_PRINCIPAL, message, "", segment, 1, 2, one.code))


def is_inpatient(claim: InstitutionalClaim) -> bool:
    """Tell whether the type of bill is one of an inpatient stay."""
    return claim.bill_type_code in _INPATIENT_BILLS


def institutional_faults(tell: Tell, claim: InstitutionalClaim, around: Circumstances) -> None:
    """Check 2300 and 2310 of an 837I."""
    on = claim.statement_through
    bill = claim.bill_type_code
    if _BILL_TYPE.fullmatch(bill) is None:
        message = "A type of bill begins with two digits."
        tell(Fault(rules.BILL_TYPE, message, "", "CLM", 5, 1, bill))
    elif on is not None and around.codes.knows("bill-type", bill, on) is False:
        tell(unknown("bill-type", ("", "CLM", 5, 1), bill))
    if claim.frequency_code not in _BILL_FREQUENCIES:
        message = "NUBC has no such frequency."
        tell(Fault(rules.FREQUENCY, message, "", "CLM", 5, 3, claim.frequency_code))
    _statement_faults(tell, claim, around)
    _stay_faults(tell, claim, around)
    _bill_diagnosis_faults(tell, claim, around)
    _bill_code_faults(tell, claim, around)
    if claim.provider("71") is None:
        tell(Fault(rules.ATTENDING_MISSING, "There is no attending provider.", "", "CLM"))
    if claim.principal_procedure is not None and claim.provider("72") is None:
        message = "A procedure was performed, and no operating physician is named."
        tell(Fault(rules.OPERATING_MISSING, message, "", "HI*BBR"))
    state = claim.auto_accident_state_code
    if state and state not in STATES:
        tell(Fault(rules.STATE_UNKNOWN, "No state has this code.", "", "REF*LU", 2, 0, state))
    if claim.providers:
        provider_faults(tell, claim.providers, "I")


def _statement_faults(tell: Tell, claim: InstitutionalClaim, around: Circumstances) -> None:
    first, last = claim.statement_from, claim.statement_through
    if first is None or last is None:
        if not around.is_predetermination:
            message = "The statement has no dates."
            tell(Fault(rules.STATEMENT_MISSING, message, "", "CLM"))
        return
    if first > last:
        message = "The statement ends before it begins."
        tell(Fault(rules.STATEMENT_ORDER, message, "", "DTP*434", 3))
    if around.as_of is not None and last > around.as_of:
        message = "The statement ends in the future."
        tell(Fault(rules.DATE_FUTURE, message, "", "DTP*434", 3))


def _stay_faults(tell: Tell, claim: InstitutionalClaim, around: Circumstances) -> None:
    """Check CL1 and the dates of admission and discharge against the type of bill."""
    status, frequency = claim.patient_status_code, claim.frequency_code
    if not claim.admission_type_code or not status:
        message = "There is no admission type or no patient status."
        tell(Fault(rules.CLAIM_FACTS, message, "", "CL1"))
    if status:
        on = claim.statement_through
        if _STATUS.fullmatch(status) is None:
            message = "A patient status has two digits."
            tell(Fault(rules.PATIENT_STATUS, message, "", "CL1", 3, 0, status))
        elif on is not None and around.codes.knows("patient-status", status, on) is False:
            tell(unknown("patient-status", ("", "CL1", 3, 0), status))
    if status == "30" and frequency in {"1", "4"}:
        message = f"The patient is still there, and the bill is final (CLM05-3 = {frequency})."
        tell(Fault(rules.STILL_PATIENT, message, "", "CL1", 3, 0, status))
    if claim.discharge_time and (frequency in {"2", "3"} or status == "30"):
        message = "The patient has not left, and DTP*096 gives an hour of discharge."
        tell(Fault(rules.DISCHARGE_INTERIM, message, "", "DTP*096", 3))
    if not is_inpatient(claim) or around.is_predetermination:
        return
    if claim.admitted_on is None:
        message = "The type of bill is of an inpatient, and there is no DTP*435."
        tell(Fault(rules.ADMISSION_DATE, message, "", "CLM", 5, 1, claim.bill_type_code))
    is_final = frequency in {"1", "4"} and status != "30"
    if is_final and claim.bill_type_code == "11" and not claim.discharge_time:
        message = "The bill is final, and there is no DTP*096."
        tell(Fault(rules.DISCHARGE_HOUR, message, "", "CLM", 5, 3, frequency))


def _bill_diagnosis_faults(tell: Tell, claim: InstitutionalClaim, around: Circumstances) -> None:
    on = claim.statement_through
    inpatient = is_inpatient(claim)
    admitting = claim.admitting_diagnosis
    if admitting is None:
        if inpatient and not around.is_predetermination:
            tell(Fault(rules.ADMITTING_MISSING, "There is no HI*ABJ.", "", "CLM", 5, 1))
    else:
        diagnosis_faults(tell, admitting, (_hi("BJ", admitting), 1), on, around.codes)
        if not inpatient and claim.bill_type_code != "12":
            message = "The type of bill is of an outpatient."
            tell(Fault(rules.ADMITTING_UNEXPECTED, message, "", _hi("BJ", admitting), 1))
    if claim.reasons_for_visit and inpatient:
        segment = _hi("PR", claim.reasons_for_visit[0])
        message = "The type of bill is of an inpatient."
        tell(Fault(rules.REASON_UNEXPECTED, message, "", segment, 1))
    elif not claim.reasons_for_visit and _is_unscheduled(claim):
        message = "An unscheduled visit is billed, and there is no HI*APR."
        tell(Fault(rules.REASON_MISSING, message, "", "CLM", 5, 1))
    principal = claim.principal_diagnosis
    _principal_faults(tell, principal, _hi("BK", principal))
    for name, limit, diagnoses, with_poa in (
        ("BK", 1, (principal,), True),
        ("PR", 3, claim.reasons_for_visit, False),
        ("BN", 12, claim.external_causes, True),
        ("BF", 24, claim.other_diagnoses, True),
    ):
        if len(diagnoses) > limit:
            message = f"There are {len(diagnoses)} where {limit} are the most."
            tell(Fault(rules.TOO_MANY, message, "", _hi(name, diagnoses[0])))
        for place, one in enumerate(diagnoses):
            at = _hi_place(_hi(name, one), place)
            diagnosis_faults(tell, one, at, on, around.codes)
            if with_poa:
                _poa_faults(tell, claim, one, at, around)


def _hi(name: str, one: Diagnosis) -> str:
    """Name the HI segment of a diagnosis: BK is HI*ABK under ICD-10 and HI*BK under ICD-9."""
    return f"HI*A{name}" if one.icd_version == 10 else f"HI*{name}"


def _hi_place(segment: str, place: int) -> tuple[str, int]:
    """Tell in which HI and at which element the code at a place stands; twelve to an HI."""
    turn, inside = divmod(place, HI_CODES_MAX)
    return ">".join([segment] * (turn + 1)), inside + 1


def _is_unscheduled(claim: InstitutionalClaim) -> bool:
    return (
        claim.bill_type_code in _VISIT_BILLS
        and claim.admission_type_code in {"1", "2", "5"}
        and any(_UNSCHEDULED.fullmatch(line.revenue_code) for line in claim.lines)
    )


def _poa_faults(
    tell: Tell,
    claim: InstitutionalClaim,
    one: Diagnosis,
    at: tuple[str, int],
    around: Circumstances,
) -> None:
    segment, element = at
    on = claim.statement_through
    if one.poa_code:
        if claim.bill_type_code not in _INPATIENT_BILLS:
            message = "An outpatient's diagnosis has no present-on-admission indicator."
            tell(Fault(rules.POA_UNEXPECTED, message, "", segment, element, 9, one.poa_code))
        return
    if claim.bill_type_code not in _HOSPITAL_INPATIENT or one.icd_version != 10 or on is None:
        return
    exempt = around.codes.knows("poa-exempt", one.code, on)
    message = "The diagnosis has no present-on-admission indicator."
    if exempt is False:
        tell(Fault(rules.POA_REQUIRED, message, "", segment, element, 9))
    elif exempt is None and one.code[:1] not in _POA_BY_LIST:
        tell(Fault(rules.POA_MISSING, message, "", segment, element, 9))


def _bill_code_faults(tell: Tell, claim: InstitutionalClaim, around: Circumstances) -> None:
    """Check procedures, occurrences, values and conditions."""
    on = claim.statement_through
    codes = around.codes
    principal = claim.principal_procedure
    if principal is not None:
        segment = "HI*BBR" if principal.icd_version == 10 else "HI*BR"
        if not is_inpatient(claim) and claim.bill_type_code != "12":
            message = "An outpatient claim has no ICD procedures."
            tell(Fault(rules.PROCEDURE_OUTPATIENT, message, "", segment, 1))
        inpatient_procedure_faults(tell, principal, (segment, 1), on, codes)
    for place, one in enumerate(claim.other_procedures):
        segment = "HI*BBQ" if one.icd_version == 10 else "HI*BQ"
        inpatient_procedure_faults(tell, one, _hi_place(segment, place), on, codes)
    for segment, name, values in (
        ("HI*BH", "occurrence", tuple(one.code for one in claim.occurrences)),
        ("HI*BI", "occurrence", tuple(one.code for one in claim.occurrence_spans)),
        ("HI*BE", "value", tuple(one.code for one in claim.value_codes)),
        ("HI*BG", "condition", claim.condition_codes),
    ):
        if not values:
            continue
        if len(values) > 24:
            message = f"There are {len(values)} where 24 are the most."
            tell(Fault(rules.TOO_MANY, message, "", segment))
        listed_faults(tell, name, segment, values, on, codes)
        if name == "occurrence":
            # Unique inside each group of twelve, as the paper form's two rows are.
            for start in range(0, len(values), HI_CODES_MAX):
                group = values[start : start + HI_CODES_MAX]
                if segment == "HI*BH" and len(set(group)) < len(group):
                    message = "An occurrence code stands twice."
                    tell(Fault(rules.OCCURRENCE_REPEATED, message, "", segment))
