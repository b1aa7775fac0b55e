"""Edits of what the claim says as a whole: frequency, dates, accident, stay, diagnoses."""

import re
from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent, day
from claims_svc.rules.edit import Edit, Found, Setting

_DIAGNOSIS: Final = re.compile(r"[A-TV-Z]\d[0-9AB][0-9A-TV-Z]{0,4}", re.ASCII)
_ADMITTED: Final = re.compile(r"\d{8}([01]\d|2[0-3])[0-5]\d", re.ASCII)
_PROFESSIONAL_DIAGNOSES_MAX: Final = 12
_ROLE_MAX: Final = {"principal": 1, "admitting": 1, "reason": 3, "external": 12, "other": 24}
_INPATIENT_BILLS: Final = ("11", "12", "18", "21", "41")
_STILL_PATIENT: Final = "30"
_MEDICARE_PART_B: Final = "MB"


def _payer_number(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.frequency_code != "1" and not content.payer_claim_control_number:
        yield Found("2300 REF*F8")


def _part_b_replacement(content: ClaimContent, _: Setting) -> Iterator[Found]:
    part_b = content.claim_filing_indicator_code == _MEDICARE_PART_B
    if content.form == "P" and part_b and content.frequency_code != "1":
        yield Found("2300 CLM05-3")


def _too_late(content: ClaimContent, setting: Setting) -> Iterator[Found]:
    late = setting.deadline_on is not None and setting.today > setting.deadline_on
    if late and not content.delay_reason_code:
        yield Found("2300 CLM20")


def _future(content: ClaimContent, setting: Setting) -> Iterator[Found]:
    last = day(content.service_through)
    if last is not None and last > setting.today:
        yield Found("2400 DTP*472")


def _accident(content: ClaimContent, _: Setting) -> Iterator[Found]:
    accident = content.accident
    if accident is None:
        return
    if "AA" in accident.cause_codes and not accident.state_code and content.form == "P":
        yield Found("2300 CLM11-4", "An automobile accident has no state.")
    if day(accident.happened_on) is None and content.form == "P":
        yield Found("2300 DTP*439", "The accident has no date.")


def _no_diagnosis(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if not content.diagnoses or (
        content.form == "I" and all(one.role != "principal" for one in content.diagnoses)
    ):
        yield Found("2300 HI")


def _too_many_diagnoses(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.form == "P":
        if len(content.diagnoses) > _PROFESSIONAL_DIAGNOSES_MAX:
            yield Found("2300 HI", "A professional claim has room for 12 diagnoses.")
        return
    for role, count_max in _ROLE_MAX.items():
        if sum(one.role == role for one in content.diagnoses) > count_max:
            yield Found("2300 HI", f"More than {count_max} {role} diagnoses.")


def _diagnosis_shape(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, one in enumerate(content.diagnoses, start=1):
        if _DIAGNOSIS.fullmatch(one.code) is None:
            yield Found(f"2300 HI[{number}]")


def _no_facility_data(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.institutional is None:
        yield Found("2300 CL1")


def _statement_dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    facts = content.institutional
    if facts is None:
        return
    first, last = day(facts.statement_from), day(facts.statement_through)
    if first is None or last is None or first > last:
        yield Found("2300 DTP*434")
        return
    for number, line in enumerate(content.lines, start=1):
        if not facts.statement_from <= line.service_from <= facts.statement_through:
            yield Found(f"2400[{number}] DTP*472", "A line lies outside the statement's dates.")


def _stay(content: ClaimContent, _: Setting) -> Iterator[Found]:
    facts = content.institutional
    if facts is None or facts.bill_type_code not in _INPATIENT_BILLS:
        return
    if _ADMITTED.fullmatch(facts.admitted_at) is None:
        yield Found("2300 DTP*435", "An inpatient claim has no day and hour of admission.")
    if content.frequency_code == "1" and facts.patient_status_code == _STILL_PATIENT:
        yield Found("2300 CL103", "A claim from admission to discharge is of a patient still in.")


def _facility_codes(content: ClaimContent, _: Setting) -> Iterator[Found]:
    facts = content.institutional
    if facts is None:
        return
    if not facts.admission_type_code:
        yield Found("2300 CL101")
    if not facts.patient_status_code:
        yield Found("2300 CL103")


def _other_dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.onset_on is not None and day(content.onset_on) is None:
        yield Found("2300 DTP*431")
    facts = content.institutional
    if facts is None:
        return
    if facts.admitted_at and _ADMITTED.fullmatch(facts.admitted_at) is None:
        yield Found("2300 DTP*435")
    for number, one in enumerate(facts.procedures, start=1):
        if day(one.performed_on) is None:
            yield Found(f"2300 HI*BBR[{number}]")
    for number, dated in enumerate([*facts.occurrences, *facts.spans], start=1):
        if day(dated.from_on) is None:
            yield Found(f"2300 HI*BH[{number}]")


EDITS: Final = (
    Edit(
        "payer-number-unknown",
        _payer_number,
        "A replacement or void must cite the payer's number for the claim that it replaces.",
        "Wait for the payer's 277CA or 835, or enter the number as a correction.",
    ),
    Edit(
        "part-b-takes-no-replacement",
        _part_b_replacement,
        "Medicare Part B does not process replacements or voids.",
        "Ask for a reopening; or send a new claim where the first was unprocessable.",
    ),
    Edit(
        "filing-limit-passed",
        _too_late,
        "The payer's filing limit has passed.",
        "Give a delay reason (CLM20) as a correction where one holds; else write it off.",
    ),
    Edit(
        "service-in-the-future",
        _future,
        "A date of service is after today.",
        "Correct the date in the EHR, or wait.",
    ),
    Edit(
        "accident-incomplete",
        _accident,
        "Something of the accident is missing.",
        "Complete the accident in the EHR.",
    ),
    Edit(
        "diagnosis-missing",
        _no_diagnosis,
        "There is no diagnosis, or on a facility claim none that is principal.",
        "Code the encounter.",
    ),
    Edit(
        "too-many-diagnoses",
        _too_many_diagnoses,
        "There are more diagnoses than the claim has room for.",
        "Leave out those that no line points to.",
    ),
    Edit(
        "diagnosis-malformed",
        _diagnosis_shape,
        "A diagnosis has not the shape of an ICD-10-CM code.",
        "Correct the diagnosis in the EHR.",
    ),
    Edit(
        "facility-data-missing",
        _no_facility_data,
        "Facility charges came without the facility's part of the encounter.",
        "Complete admission and discharge in the EHR.",
        form="I",
    ),
    Edit(
        "statement-dates-wrong",
        _statement_dates,
        "The statement's dates are missing or in the wrong order.",
        "Correct the dates in the EHR.",
        form="I",
    ),
    Edit(
        "stay-incomplete",
        _stay,
        "Something of the stay is missing or does not go together.",
        "Complete admission and discharge in the EHR.",
        form="I",
    ),
    Edit(
        "facility-code-missing",
        _facility_codes,
        "Admission type or patient status is missing.",
        "Complete admission and discharge in the EHR.",
        form="I",
    ),
    Edit(
        "date-malformed",
        _other_dates,
        "A date is no day of the calendar.",
        "Correct the date in the EHR.",
    ),
)
