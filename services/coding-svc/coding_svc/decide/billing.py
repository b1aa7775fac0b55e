"""Whether an encounter can be billed, and what goes to billing if it can.

Complete enough is: discharged, or an outpatient with a charge; final diagnoses; codes of the right
shape; who pays, who treated, and where; and for a facility claim what only that one says. All that
is missing is collected, each with the path where it should have stood.
"""

import re
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import Struct, structs

from coding_svc.model.account import Account, Coverage
from coding_svc.model.person import Person
from coding_svc.model.reasons import reason
from coding_svc.model.services import Service
from coding_svc.rules.completeness import (
    INPATIENT,
    billed_diagnoses,
    check_coverages,
    check_patient,
    check_stay,
    ordered_coverages,
)
from coding_svc.rules.credits import net
from coding_svc.rules.edits import NOT_LOADED, Checked, Coded, CodeRules, Edit, Options
from coding_svc.rules.facility import institutional
from coding_svc.rules.lines import LineReader
from coding_svc.rules.profile import EditWishes, Profile
from rcm.codes.edits.model import MEDICARE
from rcm.events import clinical
from rcm.events.clinical import Reason

RULES_VERSION: Final = "1"
OVERRULABLE: Final = frozenset(
    {
        "bill-hold",
        "credit-exceeds-charge",
        "credit-unmatched",
        "diagnoses-not-final",
        "line-coverage-differs",
        "no-coverage",
        "not-discharged",
        "possible-duplicate-charge",
        "record-number-differs",
    }
)
"""Holds that a person may pass: doubts. What is plainly missing cannot be billed by decision."""

DIAGNOSES_MAX: Final = {"P": 12, "I": 25}

NOT_CODED: Final = Checked()
_NO_WISHES: Final = EditWishes()
_MEDICARE: Final = ("MA", "MB")
"""Claim filing indicators (837 SBR09) of Medicare itself: Part A, Part B."""
_UNFINISHED: Final = frozenset(
    {
        "admission-cancelled",
        "diagnoses-not-final",
        "no-charges",
        "no-diagnosis",
        "not-discharged",
        "preadmit",
        "service-date-missing",
    }
)
"""While one of these holds an encounter, its coding is not there to be checked."""

_SEQUENCES: Final[tuple[Literal["P", "S", "T"], ...]] = ("P", "S", "T")
_ZIP: Final = re.compile(r"\d{5}(?:\d{4})?", re.ASCII)
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class Content(Struct, frozen=True, kw_only=True):
    """What is released to billing: the fields of EncounterCoded, PHI still in clear."""

    facility_id: str
    class_code: str
    patient: clinical.PatientPhi
    subscribers: list[clinical.SubscriberPhi]
    coverages: list[clinical.Coverage]
    diagnoses: list[clinical.Diagnosis]
    lines: list[clinical.ChargeLine]
    institutional: clinical.Institutional | None
    attending: clinical.Provider | None
    operating: clinical.Provider | None
    referring: clinical.Provider | None
    rendering: clinical.Provider | None
    accident: clinical.Accident | None

    @property
    def sha256(self) -> str:
        """What changes when a claim would; nobody rebills because a patient has moved."""
        patient = structs.replace(self.patient, person=_settled(self.patient.person))
        subscribers = [structs.replace(s, person=_settled(s.person)) for s in self.subscribers]
        settled = structs.replace(self, patient=patient, subscribers=subscribers)
        return sha256(_ENCODER.encode(settled)).hexdigest()


class Assessment(Struct, frozen=True):
    """Whether an encounter can be billed.

    Attributes:
        content: What to release; None while something holds it.
        holds: Everything that holds it.
        warnings: What was noticed and lets it pass.
        net_cents: Sum of the charges left after credits.
        line_count: How many are left.
        service_from: First date of service; None when there is none.
        checked: What the code sets say of it; nothing until it is coded.
    """

    content: Content | None
    holds: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    net_cents: int
    line_count: int
    service_from: str | None
    checked: Checked = NOT_CODED


def assess(
    account: Account,
    profile: Profile,
    *,
    today: str,
    codes: CodeRules = NOT_LOADED,
    others: tuple[Service, ...] = (),
) -> Assessment:
    """Check an account, and put together what billing needs of it.

    Args:
        account: As merged so far.
        profile: Of the sender.
        today: The facility's date, for the days in which late charges are waited for.
        codes: The code sets in force.
        others: Services of the patient's other encounters.
    """
    netted = net(account.charges)
    last_service = max((charge.service_through for charge in netted.lines), default="")
    found = [
        *check_patient(account),
        *check_stay(account, profile, last_service=last_service, today=today),
        *check_coverages(account, profile),
        *netted.reasons,
    ]
    diagnoses, doubts = billed_diagnoses(account)
    found += doubts
    reader = LineReader(account, profile, diagnoses, found)
    lines = [reader.line(charge, nth) for nth, charge in enumerate(netted.lines, start=1)]
    facility = _facility_part(account, profile, lines, reader, found)
    _check_sizes(lines, diagnoses, found)
    content = _content(account, profile, lines, diagnoses, reader, facility)
    distinct = list(dict.fromkeys(found))
    holds = [r for r in distinct if r.severity == "error" and r.rule_id not in account.overruled]
    checked = NOT_CODED
    if _UNFINISHED.isdisjoint(r.rule_id for r in holds):
        checked = codes.check(_coded(account, profile, content, others))
        content = _with_drg(content, checked, distinct)
        if checked.is_loaded:
            distinct = [r for r in distinct if r.rule_id != "poa-missing"]  # an edit says it
        holds += [e.reason for e in checked.edits if holds_still(e, account)]
        distinct += [e.reason for e in checked.edits]
    return Assessment(
        content=None if holds else content,
        holds=tuple(holds),
        warnings=tuple(r for r in distinct if r not in holds),
        net_cents=sum(charge.billed_cents or 0 for charge in netted.lines),
        line_count=len(netted.lines),
        service_from=min((c.service_from for c in netted.lines if c.service_from), default=None),
        checked=checked,
    )


def holds_still(edit: Edit, account: Account) -> bool:
    """Tell whether a finding of the edits holds: an error that nobody set aside for these codes."""
    return edit.reason.severity == "error" and not any(
        passed.rule_id == edit.reason.rule_id and passed.codes == edit.codes
        for passed in account.overrules
    )


def _coded(
    account: Account, profile: Profile, content: Content, others: tuple[Service, ...]
) -> Coded:
    stay, person = account.stay, content.patient.person
    facility = content.institutional
    return Coded(
        is_inpatient=content.class_code in INPATIENT,
        admitted_on=stay.started_on or "",
        discharged_on=stay.ended_on or "",
        status_code=facility.patient_status_code if facility is not None else "",
        born_on=person.born_on or "",
        sex_code=person.sex_code,
        diagnoses=content.diagnoses,
        lines=content.lines,
        procedures=[p.code for p in facility.procedures] if facility is not None else (),
        others=others,
        options=_options(profile, content.coverages),
        payer_areas=_payer_areas(profile, content.coverages),
    )


def _options(profile: Profile, coverages: list[clinical.Coverage]) -> Options:
    """Say what the primary payer asks of codes; Medicare itself asks for no NDC (5010A1)."""
    if not coverages:
        return Options(ndc_required=False)
    first = coverages[0]
    wishes = profile.edits.get(first.payer_id, _NO_WISHES)
    asks = wishes.ndc_required
    medicare = first.claim_filing_indicator_code in _MEDICARE
    return Options(
        warn_of_sex_conflict=wishes.warn_of_sex_conflict,
        ndc_required=not medicare if asks is None else asks,
        ncci=wishes.ncci,
    )


def _payer_areas(profile: Profile, coverages: list[clinical.Coverage]) -> frozenset[str]:
    """Say whose coverage policies the primary payer follows."""
    if not coverages:
        return frozenset()
    first = coverages[0]
    areas = {first.payer_id, *profile.edits.get(first.payer_id, _NO_WISHES).jurisdictions}
    if first.claim_filing_indicator_code in _MEDICARE:
        areas.add(MEDICARE)
    return frozenset(areas)


def _with_drg(content: Content, checked: Checked, found: list[Reason]) -> Content:
    """Put the DRG of the stay onto the claim; the sender's own stands, and a difference is said."""
    facility, drg = content.institutional, checked.drg
    if facility is None or drg is None or drg.drg_code in ("", "998", "999"):
        return content
    if facility.drg_code:
        if facility.drg_code != drg.drg_code:
            found.append(reason("drg-differs", "DRG[1]-1"))
        return content
    return structs.replace(content, institutional=structs.replace(facility, drg_code=drg.drg_code))


def _facility_part(
    account: Account,
    profile: Profile,
    lines: list[clinical.ChargeLine],
    reader: LineReader,
    found: list[Reason],
) -> clinical.Institutional | None:
    if not any(line.form == "I" for line in lines):
        return None
    attending = account.stay.attending
    reader.provider(attending, required=True)
    if attending is None or not attending.is_somebody:
        found.append(reason("no-attending", "PV1[1]-7"))
    return institutional(account, profile, lines, found)


def _check_sizes(
    lines: list[clinical.ChargeLine], diagnoses: list[clinical.Diagnosis], found: list[Reason]
) -> None:
    """Check that there is something to bill, and what of it a claim of each form leaves behind.

    Lines need no limit here: claims-svc makes several claims of an encounter that has too many.
    """
    if not lines:
        found.append(reason("no-charges", "FT1[1]"))
    for form in ("P", "I"):
        count = sum(line.form == form for line in lines)
        if count and len(diagnoses) > DIAGNOSES_MAX[form]:
            found.append(reason("too-many-diagnoses", f"DG1[{DIAGNOSES_MAX[form] + 1}]"))


def _content(
    account: Account,
    profile: Profile,
    lines: list[clinical.ChargeLine],
    diagnoses: list[clinical.Diagnosis],
    reader: LineReader,
    facility: clinical.Institutional | None,
) -> Content:
    stay, coverages = account.stay, ordered_coverages(account)
    rendering = {line.rendering for line in lines if line.form == "P"}
    sending_facility = account.sender.partition("|")[2]
    surgeons = [p.surgeon for p in account.procedures if p.surgeon is not None and not p.is_hcpcs]
    return Content(
        facility_id=stay.facility_id or profile.default_facility_id or sending_facility,
        class_code=stay.class_code or "",
        patient=_patient(account),
        subscribers=[_subscriber(account, coverage) for coverage in coverages],
        coverages=[
            clinical.Coverage(
                payer_id=coverage.payer_id,
                payer_name=coverage.payer_name,
                sequence_code=sequence,
                relationship_code=coverage.relationship_code,
                claim_filing_indicator_code=coverage.filing_indicator_code,
                prior_authorization_number=coverage.authorization_number,
            )
            for sequence, coverage in zip(_SEQUENCES, coverages, strict=False)
        ],
        diagnoses=diagnoses,
        lines=lines,
        institutional=facility,
        attending=reader.provider(stay.attending, required=False),
        operating=reader.provider(surgeons[0], required=False) if surgeons else None,
        referring=reader.provider(stay.referring, required=False),
        rendering=rendering.pop() if len(rendering) == 1 else None,
        accident=_accident(account),
    )


def _settled(person: clinical.PersonPhi) -> clinical.PersonPhi:
    """A person without what may change after the claim has gone."""
    return structs.replace(person, address=None, phone_number="")


def _patient(account: Account) -> clinical.PatientPhi:
    patient = account.patient
    if patient is None:
        return clinical.PatientPhi(
            person=clinical.PersonPhi(last_name=""), medical_record_number=""
        )
    return clinical.PatientPhi(
        person=_person(patient.person),
        medical_record_number=patient.medical_record_number or "",
        visit_number=patient.visit_number or "",
        account_number=patient.account_number or "",
    )


def _subscriber(account: Account, coverage: Coverage) -> clinical.SubscriberPhi:
    """Say who holds a coverage; PID fills what IN1 leaves out where that is the patient."""
    person, patient = coverage.subscriber, account.patient
    if coverage.relationship_code == "18" and patient is not None:
        own = patient.person
        person = Person(
            name=person.name if person.name is not None and person.name.last else own.name,
            born_on=person.born_on or own.born_on,
            sex_code=person.sex_code or own.sex_code,
            address=person.address or own.address,
            phone_number=own.phone_number,
        )
    return clinical.SubscriberPhi(
        person=_person(person),
        member_number=coverage.member_number,
        group_number=coverage.group_number,
        group_name=coverage.group_name,
    )


def _person(person: Person) -> clinical.PersonPhi:
    name, address = person.name, person.address
    postal = address.postal_code if address is not None else ""
    sex: Literal["M", "F", "U"] = "U"
    if person.sex_code in ("M", "F"):
        sex = "M" if person.sex_code == "M" else "F"
    return clinical.PersonPhi(
        last_name=name.last if name is not None else "",
        first_name=name.first if name is not None else "",
        middle_name=name.middle if name is not None else "",
        name_suffix=name.suffix if name is not None else "",
        born_on=person.born_on or None,
        sex_code=sex,
        address=clinical.Address(
            line1=address.line1,
            line2=address.line2,
            city=address.city,
            state_code=address.state_code,
            postal_code=postal if _ZIP.fullmatch(postal) else "",
        )
        if address is not None and address.line1
        else None,
        phone_number=person.phone_number or "",
    )


def _accident(account: Account) -> clinical.Accident | None:
    injury = account.injury
    if injury is None:
        return None
    causes: dict[str, Literal["AA", "EM", "OA"]] = {"AA": "AA", "EM": "EM"}
    return clinical.Accident(
        cause_codes=[causes.get(injury.cause_code, "OA")],
        state_code=injury.state_code,
        happened_on=injury.happened_on or None,
    )
