"""The loaded code sets of `rcm.codes`, as the decisions of this service ask them.

One answer is worked out once: validations by (system, code, date) in `CachedSets`; the edits on a
list of diagnoses by the list, the period of the sets, the age group and the setting; the DRG by the
stay. What is kept is bounded, and lives in memory.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from coding_svc.model.reasons import reason
from coding_svc.model.services import Service, whole_units
from coding_svc.rules.edits import Checked, Coded, Edit, Options, Role
from rcm.codes.cached import (
    CachedSets,
    fingerprint,
    is_empty,
    starts_of_ages,
    starts_of_diagnoses,
)
from rcm.codes.coverage import Coverage
from rcm.codes.edits.coverage import check_coverage
from rcm.codes.edits.diagnoses import NOT_IN_FORCE, check_diagnoses
from rcm.codes.edits.lines import PROCEDURE, check_lines
from rcm.codes.edits.model import (
    Diagnosis,
    Drug,
    Encounter,
    Finding,
    Line,
    PayerOptions,
    PriorSurgery,
    Setting,
    Severity,
    found,
)
from rcm.codes.edits.ncci import check_ncci
from rcm.codes.edits.surgery import check_surgery
from rcm.codes.forms import dotted, has_shape
from rcm.codes.grouping.drg import (
    Group,
    MsdrgEngine,
    NoVersionError,
    Stay,
    StayDiagnosis,
    group_stay,
    invalid_codes,
)
from rcm.codes.model import System
from rcm.events import clinical
from rcm.events.clinical import Reason

_ENCOUNTERS_KEPT: Final = 4_096
_DIAGNOSES_MAX: Final = {"P": 12, "I": 25}
"""How many go onto a claim of each form; what does not go is not checked against it."""
_CLAIMED: Final = frozenset({"principal", "other", "external"})
_LINE: Final = re.compile(r"lines\[(\d+)\]")
_GLOBAL_DAYS_MAX: Final = 92
_BEFORE_ALL: Final = date(2000, 1, 1)
_STATUS: Final = re.compile(r"\d{2}", re.ASCII)


class LoadedRules:
    """Code sets that were opened, the edits over them, and the grouper."""

    def __init__(self, sets: CachedSets) -> None:
        """Wrap opened sets; use `LoadedRules.open`."""
        self.sets = sets
        self.fingerprint: Final = fingerprint(sets)
        self._has_ncci = not (is_empty(sets, "ptp") and is_empty(sets, "mue"))
        self._has_global_days = not is_empty(sets, "global_days")
        self._coverage = Coverage.of(sets)
        self._starts = starts_of_diagnoses(sets)
        self._ages = sorted({0, *starts_of_ages(sets)})
        self._engine: MsdrgEngine | None = None
        self._diagnoses = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._of_diagnoses)
        self._group = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._grouped)
        self._versions = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._versions_on)

    @classmethod
    def open(cls, path: Path) -> "LoadedRules":
        """Open a code file.

        Raises:
            CodesUnavailableError: Absent, unreadable or of another layout.
        """
        return cls(CachedSets.open(path))

    def let_go(self) -> None:
        """Close the grouper; the file closes when nobody reads in it any more."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def close(self) -> None:
        """Close the grouper and the file."""
        self.let_go()
        self.sets.close()

    def check(self, coded: Coded) -> Checked:
        """Check an encounter; the same encounter and sets give the same."""
        on = coded.coded_on
        if on is None:
            return Checked(versions=self._versions(None, inpatient=False))
        edits, advice = list[Edit](), list[Edit]()
        unverified: dict[str, str] = {}
        forms: dict[str, list[int]] = {}
        for place, line in enumerate(coded.lines):
            forms.setdefault(line.form, []).append(place)
        for form, places in forms.items():
            told = self._diagnoses(*self._key(coded, form, places))
            edits += told.edits
            advice += told.advice
            edits += self._lines(coded, form, places, unverified)
        edits += self._beside(coded, on)
        if unverified:
            edits.append(_unverified(tuple(unverified.items())))
        drg = self._drg(coded, on)
        if drg is not None and drg.drg_code in _UNGROUPABLE:
            edits.append(Edit(reason("drg-ungroupable", "diagnoses"), override="supervisor"))
        if len(forms) > 1:  # both claims carry the same diagnoses
            edits, advice = list(dict.fromkeys(edits)), list(dict.fromkeys(advice))
        return Checked(
            edits=tuple(edits),
            advice=tuple(advice),
            versions=self._versions(on, inpatient=coded.is_inpatient),
            drg=drg,
        )

    def fee_cents(self, code: str, modifiers: Sequence[str], on: str) -> int | None:
        """Give the fee of a unit on a day (ISO); None where no schedule loaded has one."""
        return self.sets.fee_cents(code, modifiers, date.fromisoformat(on)) if on else None

    def _key(
        self, coded: Coded, form: str, places: Sequence[int]
    ) -> tuple[Setting, date, int | None, str | None, tuple[Diagnosis, ...], PayerOptions]:
        """Make what alone decides the edits on diagnoses, so that one answer serves many."""
        setting = _setting(form, inpatient=coded.is_inpatient)
        since = min(coded.lines[n].service_from for n in places)
        is_discharge = setting is Setting.INPATIENT and coded.discharged_on
        on = self._period_start(coded.discharged_on if is_discharge else since)
        age = _age(coded.born_on, coded.admitted_on or since)
        options = _payer_options(coded.options, has_ncci=self._has_ncci)
        return (
            setting,
            on,
            self._ages[bisect_right(self._ages, age) - 1] if age is not None else None,
            coded.sex_code if coded.sex_code in ("M", "F") else None,
            _diagnoses(coded, form),
            options,
        )

    def _of_diagnoses(
        self,
        setting: Setting,
        on: date,
        age_years: int | None,
        sex: str | None,
        diagnoses: tuple[Diagnosis, ...],
        options: PayerOptions,
    ) -> "_Told":
        encounter = Encounter(
            setting=setting,
            service_from=on,
            discharge_on=on,
            age_years=age_years,
            sex=sex,
            diagnoses=diagnoses,
        )
        found_ = list(dict.fromkeys(check_diagnoses(encounter, self.sets, options)))
        return _Told(
            tuple(_edit(f) for f in found_ if f.severity is not Severity.INFO),
            tuple(_edit(f) for f in found_ if f.severity is Severity.INFO),
        )

    def _lines(
        self, coded: Coded, form: str, places: Sequence[int], unverified: dict[str, str]
    ) -> Iterator[Edit]:
        """Yield the edits on the lines of one form; those that cannot be verified are gathered."""
        coding = [n for n in places if coded.lines[n].procedure_code]
        encounter = _encounter(coded, form, coding)
        options = _payer_options(coded.options, has_ncci=self._has_ncci)
        findings = list(check_lines(encounter, self.sets, options))
        if options.ncci:
            findings += check_ncci(encounter, self.sets)
        if self._has_global_days:
            findings += check_surgery(encounter, self.sets)
        if self._coverage is not None:
            findings += check_coverage(encounter, self._coverage)
        for finding in findings:
            placed = _placed(finding, coding)
            if finding.severity is not Severity.INFO:
                yield _edit(placed)
            elif finding.rule_id == PROCEDURE.rule_id:
                unverified[placed.path] = ", ".join(finding.codes)

    def _period_start(self, day: str) -> date:
        """Return the first day of the period in which nothing changed that decides on diagnoses."""
        at = bisect_right(self._starts, day)
        return date.fromisoformat(self._starts[at - 1]) if at else _BEFORE_ALL

    def _beside(self, coded: Coded, on: date) -> Iterator[Edit]:
        """Check the codes that have a place of their own: admitting, and reason for visit."""
        for at, diagnosis in enumerate(coded.diagnoses):
            if diagnosis.role in _CLAIMED:
                continue
            answer = self.sets.validate(diagnosis.code, System.ICD10CM, on)
            if not answer.billable:
                use = answer.successors or answer.children
                finding = found(
                    NOT_IN_FORCE, f"diagnoses[{at}]", (dotted(answer.code),),
                    f"{answer.status}: {answer.reason}",
                    f"use {', '.join(map(dotted, use[:8]))}" if use else "look the code up again",
                )  # fmt: skip
                yield _edit(finding)

    def _versions_on(self, on: date | None, *, inpatient: bool) -> Mapping[str, str]:
        versions = {"code-sets": self.fingerprint}
        systems = [System.ICD10CM, System.HCPCS, System.CPT]
        for system in (*systems, *([System.ICD10PCS] if inpatient else [])):
            release = self.sets.release_on(system, on) if on is not None else None
            versions[system.value] = release.release_id if release is not None else "not loaded"
        return versions

    def _drg(self, coded: Coded, on: date) -> clinical.DrgGrouping | None:
        """Group an inpatient stay that has a facility claim and codes in force."""
        facility = any(line.form == "I" for line in coded.lines)
        age = _age(coded.born_on, coded.admitted_on or coded.discharged_on)
        if not (facility and coded.is_inpatient and coded.discharged_on) or age is None:
            return None
        claimed = [d for d in coded.diagnoses if d.role in _CLAIMED][: _DIAGNOSES_MAX["I"]]
        return self._group(
            Stay(
                discharge_on=on,
                age_years=min(age, 124),
                sex=coded.sex_code,
                discharge_status=int(coded.status_code)
                if _STATUS.fullmatch(coded.status_code)
                else 1,
                diagnoses=tuple(
                    StayDiagnosis(d.code, d.present_on_admission_code or None) for d in claimed
                ),
                procedures=tuple(coded.procedures),
            )
        )

    def _grouped(self, stay: Stay) -> clinical.DrgGrouping | None:
        if invalid_codes(stay, self.sets):
            return None
        if self._engine is None:
            self._engine = MsdrgEngine()
        try:
            return _grouping(group_stay(stay, self._engine, self.sets))
        except NoVersionError as error:
            return clinical.DrgGrouping(drg_code="", version="", unpriced=str(error))


_UNGROUPABLE: Final = ("998", "999")


def _grouping(group: Group) -> clinical.DrgGrouping:
    price = group.price
    return clinical.DrgGrouping(
        drg_code=group.drg,
        version=f"v{group.version // 10}.{group.version % 10}",
        engine=group.engine,
        mdc=group.mdc,
        title=group.title,
        weight=str(price.weight) if price is not None else "",
        gmlos=str(price.gmlos) if price is not None else "",
        unpriced=group.unpriced or "",
        severities=[
            clinical.DiagnosisSeverity(
                code=role.code, severity=role.severity, counts=role.counts, hac=role.hac
            )
            for role in group.diagnoses
        ],
    )


class _Told(NamedTuple):
    """What the edits say of a list of diagnoses."""

    edits: tuple[Edit, ...]
    advice: tuple[Edit, ...]


def _setting(form: str, *, inpatient: bool) -> Setting:
    if form == "P":
        return Setting.PROFESSIONAL
    return Setting.INPATIENT if inpatient else Setting.OUTPATIENT


def _diagnoses(coded: Coded, form: str) -> tuple[Diagnosis, ...]:
    """The diagnoses that go onto a claim of a form, in its order."""
    return tuple(
        Diagnosis(d.code, d.present_on_admission_code or None if form == "I" else None)
        for d in coded.diagnoses
        if d.role in _CLAIMED
    )[: _DIAGNOSES_MAX[form]]


def _encounter(coded: Coded, form: str, places: Sequence[int]) -> Encounter:
    """Make what the edits on lines check of the lines at these places."""
    lines = tuple(_line(coded.lines[n]) for n in places)
    since = min((line.on for line in lines), default=_BEFORE_ALL)
    setting = _setting(form, inpatient=coded.is_inpatient)
    in_house = setting is Setting.INPATIENT
    return Encounter(
        setting=setting,
        service_from=since,
        discharge_on=date.fromisoformat(coded.discharged_on)
        if in_house and coded.discharged_on
        else None,
        diagnoses=_diagnoses(coded, form),
        procedures=tuple(coded.procedures) if form == "I" else (),
        lines=lines,
        same_day=_same_day(coded.others, form, {line.on for line in lines}),
        prior_surgeries=_prior(coded.others, form, since),
        earlier=_earlier(coded.others, form, max((line.on for line in lines), default=since)),
        payer_areas=coded.payer_areas,
    )


@lru_cache(maxsize=16)
def _payer_options(options: Options, *, has_ncci: bool) -> PayerOptions:
    return PayerOptions(
        warn_of_sex_conflict=options.warn_of_sex_conflict,
        ndc_required=options.ndc_required,
        ncci=options.ncci and has_ncci,
    )


def _line(line: clinical.ChargeLine) -> Line:
    drug = line.drug
    return Line(
        line.procedure_code,
        _system(line.procedure_code),
        date.fromisoformat(line.service_from),
        tuple(line.modifiers),
        whole_units(line.units_milli),
        tuple(line.diagnosis_pointers),
        line.rendering.npi if line.rendering is not None else "",
        Drug(drug.ndc, _decimal(drug.quantity_milli), drug.unit_code) if drug is not None else None,
    )


def _decimal(milli: int) -> str:
    """Write thousandths as a decimal number."""
    return f"{milli // 1000}.{milli % 1000:03d}"


def _system(code: str) -> System:
    """A letter and four digits is Level II, anything else Level I: both are X12 qualifier HC."""
    return System.HCPCS if has_shape(code, System.HCPCS) else System.CPT


def _same_day(others: tuple[Service, ...], form: str, days: set[date]) -> tuple[Line, ...]:
    if not others:
        return ()
    return tuple(
        _billed(other)
        for other in others
        if other.form == form and date.fromisoformat(other.on) in days
    )


def _earlier(others: tuple[Service, ...], form: str, last: date) -> tuple[Line, ...]:
    """Services of other encounters that count towards a frequency: claims of the same form."""
    through = last.isoformat()
    return tuple(_billed(other) for other in others if other.form == form and other.on <= through)


def _billed(other: Service) -> Line:
    return Line(
        other.procedure_code,
        _system(other.procedure_code),
        date.fromisoformat(other.on),
        other.modifiers,
        other.units,
        (),
        other.provider_npi,
    )


def _prior(others: tuple[Service, ...], form: str, first: date) -> tuple[PriorSurgery, ...]:
    """Procedures of other encounters whose global period may still run."""
    if form != "P" or not others:
        return ()
    return tuple(
        PriorSurgery(other.procedure_code, on, other.provider_npi)
        for other in others
        if other.form == "P"
        and 0 < (first - (on := date.fromisoformat(other.on))).days <= _GLOBAL_DAYS_MAX
    )


@lru_cache(maxsize=8_192)
def _age(born_on: str, on: str) -> int | None:
    """Age in whole years on a day; None where it cannot be told."""
    if not born_on or not on:
        return None
    born, day = date.fromisoformat(born_on), date.fromisoformat(on)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return age if age >= 0 else None


def _placed(finding: Finding, places: Sequence[int]) -> Finding:
    """Say the path in the whole encounter, not in the lines that were checked."""
    match = _LINE.match(finding.path)
    if match is None or places[int(match[1])] == int(match[1]):
        return finding
    path = f"lines[{places[int(match[1])]}]{finding.path[match.end() :]}"
    return Finding(
        finding.rule_id, finding.version, finding.severity, path, finding.codes, finding.why,
        finding.what_to_do, finding.may_override,
    )  # fmt: skip


@lru_cache(maxsize=4_096)
def _unverified(lines: tuple[tuple[str, str], ...]) -> Edit:
    """Say in one warning which lines were checked by the form of their code only."""
    codes = tuple(dict.fromkeys(code for _, code in lines))
    paths = ", ".join(path for path, _ in lines)
    plain = reason("procedure-unverified", paths)
    said = Reason(
        rule_id=plain.rule_id,
        path=paths,
        text=f"{', '.join(codes)}: {plain.text}",
        remedy=plain.remedy,
        severity=plain.severity,
    )
    return Edit(said, codes)


@lru_cache(maxsize=4_096)
def _edit(finding: Finding) -> Edit:
    """Word a finding as a reason: codes, what is wrong, what to do."""
    codes = ", ".join(finding.codes)
    said = Reason(
        rule_id=finding.rule_id,
        path=finding.path,
        text=f"{codes}: {finding.why}" if codes else finding.why,
        remedy=finding.what_to_do,
        severity="error" if finding.severity is Severity.ERROR else "warning",
    )
    role: Role = finding.may_override.value
    return Edit(said, finding.codes, role, finding.version)
