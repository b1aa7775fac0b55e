"""What only a facility claim says: CLM05, CL1, statement dates, HI beyond the diagnoses."""

from collections.abc import Sequence
from typing import Final

from coding_svc.model.account import Account
from coding_svc.model.origins import element, path_of
from coding_svc.model.reasons import reason
from coding_svc.rules.completeness import INPATIENT
from coding_svc.rules.profile import FacilityDefaults, Profile
from rcm.events import clinical
from rcm.events.clinical import Reason

_FHIR_ELEMENTS: Final = {
    4: "priority",
    14: "hospitalization.admitSource",
    36: "hospitalization.dischargeDisposition",
}


def institutional(
    account: Account,
    profile: Profile,
    lines: Sequence[clinical.ChargeLine],
    found: list[Reason],
) -> clinical.Institutional:
    """Put together the institutional part; what is missing is added to `found`."""
    stay, codes = account.stay, account.facility_codes
    in_house = stay.class_code in INPATIENT
    defaults = profile.facility_defaults.get(stay.class_code or "", FacilityDefaults())
    path = path_of(stay.origin) or "PV1[1]"

    def coded(sent: str | None, default: str, rule_id: str, number: int) -> str:
        place = element(path, number, _FHIR_ELEMENTS[number])
        if not sent and default:
            found.append(reason("facility-code-defaulted", place))
        elif not sent:
            found.append(reason(rule_id, place))
        return sent or default

    dates = [line.service_from for line in lines if line.form == "I"]
    ends = [line.service_through for line in lines if line.form == "I"]
    return clinical.Institutional(
        bill_type_code=profile.bill_types.get(stay.class_code or "", "13"),
        statement_from=min([*dates, stay.started_on or max(dates)]),
        statement_through=max([*ends, stay.ended_on or min(ends)]),
        admission_type_code=coded(
            stay.admission_type_code, defaults.admission_type_code, "admission-type-unknown", 4
        ),
        point_of_origin_code=coded(
            stay.point_of_origin_code, defaults.point_of_origin_code, "point-of-origin-unknown", 14
        ),
        patient_status_code=coded(
            stay.patient_status_code, defaults.patient_status_code, "discharge-status-unknown", 36
        ),
        admitted_at=_admitted_at(account),
        discharged_time=(stay.ended_time or "") if in_house else "",
        drg_code=codes.drg_code,
        occurrences=list(codes.occurrences),
        spans=list(codes.spans),
        values=list(codes.values),
        condition_codes=list(codes.condition_codes),
        procedures=_procedures(account, found) if in_house else [],
    )


def _admitted_at(account: Account) -> str:
    """Return PV1-44 as DTP*435 carries it, to the minute; without an hour it cannot be said."""
    stay = account.stay
    if not stay.started_on or not stay.started_time:
        return ""
    return stay.started_on.replace("-", "") + stay.started_time


def _procedures(account: Account, found: list[Reason]) -> list[clinical.Procedure]:
    """ICD-10-PCS of the stay, the principal one first; HCPCS of PR1 are the charges' own."""
    coded = [p for p in account.procedures if not p.is_hcpcs]
    for procedure in coded:
        found.extend(procedure.faults)
    ranked = sorted(coded, key=lambda p: p.rank or 1_000)
    return [
        clinical.Procedure(code=p.code, performed_on=p.performed_on, is_principal=place == 0)
        for place, p in enumerate(ranked)
    ]
