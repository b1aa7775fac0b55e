"""Is the encounter complete enough to bill: the patient, the stay, the coverages, the diagnoses."""

from datetime import date, timedelta
from typing import Final, Literal

from coding_svc.model.account import Account, Coverage, Diagnosis
from coding_svc.model.origins import element, path_of
from coding_svc.model.reasons import reason
from coding_svc.rules.profile import Profile
from rcm.events import clinical
from rcm.events.clinical import Reason

INPATIENT: Final = frozenset("IB")
"""Patient classes that stay in the house: discharge is waited for."""

_CLASSES: Final = frozenset("EIORB")
_EXTERNAL_CAUSE: Final = frozenset("VWXY")
_SELF: Final = "18"


def check_patient(account: Account) -> list[Reason]:
    """Check that the patient is known well enough for 2010BA or 2010CA."""
    patient = account.patient
    if patient is None:
        return [reason("no-patient", "PID[1]")]
    found = list(patient.faults)
    path = path_of(patient.origin)
    if not patient.medical_record_number:
        found.append(reason("no-medical-record-number", element(path, 3, "identifier")))
    if patient.person.name is None or not patient.person.name.last:
        found.append(reason("patient-name-missing", element(path, 5, "name")))
    if not patient.person.born_on:
        found.append(reason("birth-date-missing", element(path, 7, "birthDate")))
    return found


def check_stay(
    account: Account, profile: Profile, *, last_service: str, today: str
) -> list[Reason]:
    """Check that the visit is over: discharged, or an outpatient's; and waited for long enough."""
    stay = account.stay
    path = path_of(stay.origin) or "PV1[1]"
    found = list(stay.faults)
    if stay.is_cancelled:
        return [*found, reason("admission-cancelled", path)]
    if stay.class_code == "P":
        return [*found, reason("preadmit", element(path, 2, "class"))]
    if stay.class_code not in _CLASSES and not any(f.rule_id == "class-unknown" for f in found):
        found.append(reason("class-unknown", element(path, 2, "class")))
    if stay.class_code in INPATIENT and not stay.ended_on:
        found.append(reason("not-discharged", element(path, 45, "period")))
    if stay.started_on and stay.ended_on and stay.ended_on < stay.started_on:
        found.append(reason("dates-reversed", element(path, 45, "period")))
    last = stay.ended_on or last_service
    if profile.hold_days and last and not stay.is_closed and today < held_until(last, profile):
        found.append(reason("bill-hold", element(path, 45, "period")))
    return found


def held_until(last: str, profile: Profile) -> str:
    """Return the day from which late charges are waited for no longer."""
    return (date.fromisoformat(last) + timedelta(days=profile.hold_days)).isoformat()


def check_coverages(account: Account, profile: Profile) -> list[Reason]:
    """Check that somebody is known to pay, and in what order."""
    if not account.coverages:
        self_pay = (account.stay.financial_class or "").upper() in profile.self_pay_classes
        return [] if self_pay else [reason("no-coverage", "IN1[1]")]
    found: list[Reason] = []
    orders = [coverage.order for coverage in account.coverages]
    for coverage, order in zip(account.coverages, orders, strict=True):
        found.extend(coverage.faults)
        path = path_of(coverage.origin)
        if orders.count(order) > 1:
            found.append(reason("coverage-order-twice", element(path, 22, "order")))
        needs_person = coverage.relationship_code != _SELF
        if needs_person and (coverage.subscriber.name is None or not coverage.subscriber.name.last):
            found.append(reason("subscriber-missing", element(path, 16, "subscriber")))
    return found


def billed_diagnoses(account: Account) -> tuple[list[clinical.Diagnosis], list[Reason]]:
    """Put the diagnoses into the order of the claim, the principal one first.

    Final ones count, and those of the charges; working ones do not. Admitting, reason for visit and
    external causes have places of their own and come last.
    """
    found: list[Reason] = []
    final = [d for d in account.diagnoses if d.kind == "F"]
    ranked = sorted(final, key=lambda d: d.rank or 1_000)
    if [d.rank for d in final].count(1) > 1:
        found.append(reason("two-principals", element(path_of(ranked[1].origin), 15, "rank")))
    for diagnosis in account.diagnoses:
        if diagnosis.kind in "FAR":
            found.extend(diagnosis.faults)
    poa = {d.code: d.poa_code for d in final}
    codes = [d.code for d in ranked]
    codes += [code for charge in account.charges for code in charge.diagnosis_codes]
    ordered = [code for code in dict.fromkeys(codes) if code]
    causes = [code for code in ordered if code[0] in _EXTERNAL_CAUSE]
    causes += [d.code for d in account.diagnoses if d.kind == "E" and d.code not in causes]
    others = [code for code in ordered if code not in causes]
    if not others:
        working = any(d.kind in "WA" for d in account.diagnoses)
        found.append(reason("diagnoses-not-final" if working else "no-diagnosis", "DG1[1]"))
    if account.stay.class_code in INPATIENT:
        found.extend(
            reason("poa-missing", element(path_of(d.origin), 26, "extension"))
            for d in final
            if d.code and not d.poa_code
        )
    billed = [
        clinical.Diagnosis(
            code=code,
            role="other" if place else "principal",
            present_on_admission_code=poa.get(code, ""),
        )
        for place, code in enumerate(others)
    ]
    billed += [
        clinical.Diagnosis(code=code, role="external", present_on_admission_code=poa.get(code, ""))
        for code in dict.fromkeys(causes)
    ]
    role = _admitting_role(account)
    billed += [clinical.Diagnosis(code=d.code, role=role) for d in _admitting(account)]
    return billed, found


def ordered_coverages(account: Account) -> list[Coverage]:
    """Return the coverages in the order in which they pay, at most three."""
    return sorted(account.coverages, key=lambda coverage: coverage.order)[:3]


def _admitting(account: Account) -> list[Diagnosis]:
    return [d for d in account.diagnoses if d.kind in "AR" and d.code]


def _admitting_role(account: Account) -> Literal["admitting", "reason"]:
    """Inpatients have an admitting diagnosis (ABJ), outpatients a reason for the visit (APR)."""
    return "admitting" if account.stay.class_code in INPATIENT else "reason"
