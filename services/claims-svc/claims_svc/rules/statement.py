"""Edits of what the claim says as a whole: frequency, filing limit, diagnoses, dates, amount."""

import re
from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent, day
from claims_svc.rules.edit import Edit, Found, Setting
from rcm.money import CENTS_MAX

_ADMITTED: Final = re.compile(r"\d{8}([01]\d|2[0-3])[0-5]\d", re.ASCII)
_MEDICARE_PART_B: Final = "MB"


def _part_b_replacement(content: ClaimContent, _: Setting) -> Iterator[Found]:
    part_b = content.claim_filing_indicator_code == _MEDICARE_PART_B
    if content.form == "P" and part_b and content.frequency_code != "1":
        yield Found("2300 CLM05-3")


def _too_late(content: ClaimContent, setting: Setting) -> Iterator[Found]:
    late = setting.deadline_on is not None and setting.today > setting.deadline_on
    if late and not content.delay_reason_code:
        yield Found("2300 CLM20")


def _no_diagnosis(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if not content.diagnoses or (
        content.form == "I" and all(one.role != "principal" for one in content.diagnoses)
    ):
        yield Found("2300 HI")


def _no_facility_data(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.institutional is None:
        yield Found("2300 CL1")


def _statement_dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    facts = content.institutional
    if facts is None:
        return
    if day(facts.statement_from) is None or day(facts.statement_through) is None:
        yield Found("2300 DTP*434")


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


def _too_much(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.billed_cents > CENTS_MAX:
        yield Found("2300 CLM02")


EDITS: Final = (
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
        "diagnosis-missing",
        _no_diagnosis,
        "There is no diagnosis, or on a facility claim none that is principal.",
        "Code the encounter.",
        prevents_writing=True,
    ),
    Edit(
        "facility-data-missing",
        _no_facility_data,
        "Facility charges came without the facility's part of the encounter.",
        "Complete admission and discharge in the EHR.",
        form="I",
        prevents_writing=True,
    ),
    Edit(
        "statement-dates-wrong",
        _statement_dates,
        "The statement's dates are no days of the calendar.",
        "Correct the dates in the EHR.",
        form="I",
        prevents_writing=True,
    ),
    Edit(
        "date-malformed",
        _other_dates,
        "A date is no day of the calendar.",
        "Correct the date in the EHR.",
        prevents_writing=True,
    ),
    Edit(
        "charge-too-large",
        _too_much,
        "The charge is larger than X12 can state.",
        "Check the price.",
    ),
)
