"""The loaded code sets of `rcm.codes`, as the decisions of this service ask them.

One answer is worked out once: validations by (system, code, date) in `CachedSets`, the edits of a
whole encounter by its content, the DRG by the stay. What is kept is bounded, and lives in memory.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from coding_svc.model.reasons import reason
from coding_svc.model.services import Service, whole_units
from coding_svc.rules.edits import Checked, Coded, Edit, Options, Role
from rcm.codes.cached import CachedSets, fingerprint, is_empty
from rcm.codes.edits import check as checking
from rcm.codes.edits.diagnoses import NOT_IN_FORCE
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
_STATUS: Final = re.compile(r"\d{2}", re.ASCII)


class LoadedRules:
    """Code sets that were opened, the edits over them, and the grouper."""

    def __init__(self, sets: CachedSets) -> None:
        """Wrap opened sets; use `LoadedRules.open`."""
        self.sets = sets
        self.fingerprint: Final = fingerprint(sets)
        self._has_ncci = not (is_empty(sets, "ptp") and is_empty(sets, "mue"))
        self._engine: MsdrgEngine | None = None
        self._findings = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._find)
        self._group = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._grouped)
        self._versions = lru_cache(maxsize=_ENCOUNTERS_KEPT)(self._versions_on)

    @classmethod
    def open(cls, path: Path) -> "LoadedRules":
        """Open a code file.

        Raises:
            CodesUnavailableError: Absent, unreadable or of another layout.
        """
        return cls(CachedSets.open(path))

    def close(self) -> None:
        """Close the file and the grouper."""
        if self._engine is not None:
            self._engine.close()
        self.sets.close()

    def check(self, coded: Coded) -> Checked:
        """Check an encounter; the same encounter and sets give the same."""
        on = coded.coded_on
        if on is None:
            return Checked(versions=self._versions(None, inpatient=False))
        findings: dict[Finding, None] = {}
        for form in ("P", "I"):
            places = [n for n, line in enumerate(coded.lines) if line.form == form]
            if places:
                for finding in self._findings(
                    *_encounter(coded, form, places, has_ncci=self._has_ncci)
                ):
                    findings[_placed(finding, coded, places)] = None
        findings |= dict.fromkeys(self._beside(coded, on))
        unverified, told = _divided(findings)
        edits = [_edit(finding) for finding in told if finding.severity is not Severity.INFO]
        edits += unverified
        advice = tuple(_edit(finding) for finding in told if finding.severity is Severity.INFO)
        versions = self._versions(on, inpatient=coded.is_inpatient)
        drg = self._drg(coded, on)
        if drg is not None and drg.drg_code in _UNGROUPABLE:
            edits.append(Edit(reason("drg-ungroupable", "diagnoses"), override="supervisor"))
        return Checked(tuple(edits), advice, versions, drg)

    def _find(self, encounter: Encounter, options: PayerOptions) -> tuple[Finding, ...]:
        return checking.check(encounter, self.sets, options)

    def _beside(self, coded: Coded, on: date) -> Iterable[Finding]:
        """Check the codes that have a place of their own: admitting, and reason for visit."""
        for at, diagnosis in enumerate(coded.diagnoses):
            if diagnosis.role in _CLAIMED:
                continue
            answer = self.sets.validate(diagnosis.code, System.ICD10CM, on)
            if not answer.billable:
                use = answer.successors or answer.children
                yield found(
                    NOT_IN_FORCE, f"diagnoses[{at}]", (dotted(answer.code),),
                    f"{answer.status}: {answer.reason}",
                    f"use {', '.join(map(dotted, use[:8]))}" if use else "look the code up again",
                )  # fmt: skip

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


def _encounter(
    coded: Coded, form: str, places: Sequence[int], *, has_ncci: bool
) -> tuple[Encounter, PayerOptions]:
    """Make what the edits check of the lines of one form."""
    lines = [coded.lines[n] for n in places]
    in_house = form == "I" and coded.is_inpatient
    setting = Setting.PROFESSIONAL
    if form == "I":
        setting = Setting.INPATIENT if in_house else Setting.OUTPATIENT
    since = min(line.service_from for line in lines)
    claimed = [d for d in coded.diagnoses if d.role in _CLAIMED][: _DIAGNOSES_MAX[form]]
    encounter = Encounter(
        setting=setting,
        service_from=date.fromisoformat(since),
        discharge_on=date.fromisoformat(coded.discharged_on)
        if in_house and coded.discharged_on
        else None,
        age_years=_age(coded.born_on, coded.admitted_on or since),
        sex=coded.sex_code if coded.sex_code in ("M", "F") else None,
        diagnoses=tuple(
            Diagnosis(d.code, d.present_on_admission_code or None if form == "I" else None)
            for d in claimed
        ),
        procedures=tuple(coded.procedures) if form == "I" else (),
        lines=tuple(_line(line) for line in lines if line.procedure_code),
        same_day=_same_day(coded.others, form, {line.service_from for line in lines}),
        prior_surgeries=_prior(coded.others, form, since),
    )
    return encounter, _payer_options(coded.options, has_ncci=has_ncci)


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


def _same_day(others: tuple[Service, ...], form: str, days: set[str]) -> tuple[Line, ...]:
    return tuple(
        Line(
            other.procedure_code,
            _system(other.procedure_code),
            date.fromisoformat(other.on),
            other.modifiers,
            other.units,
            (),
            other.provider_npi,
        )
        for other in others
        if other.form == form and other.on in days
    )


def _prior(others: tuple[Service, ...], form: str, since: str) -> tuple[PriorSurgery, ...]:
    """Procedures of other encounters whose global period may still run."""
    if form != "P" or not others:
        return ()
    first = date.fromisoformat(since)
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


def _placed(finding: Finding, coded: Coded, places: Sequence[int]) -> Finding:
    """Say the path in the whole encounter, not in the lines of one form."""
    if not finding.path.startswith("lines["):
        return finding
    with_code = [n for n in places if coded.lines[n].procedure_code]
    if with_code == list(range(len(with_code))):
        return finding
    path = _LINE.sub(lambda found_: f"lines[{with_code[int(found_[1])]}]", finding.path)
    return Finding(
        finding.rule_id, finding.version, finding.severity, path, finding.codes, finding.why,
        finding.what_to_do, finding.may_override,
    )  # fmt: skip


def _divided(findings: Iterable[Finding]) -> tuple[list[Edit], list[Finding]]:
    """Put all lines that only the form of was checked into one warning; the rest as it is."""
    told, codes, paths = list[Finding](), dict[str, None](), list[str]()
    for finding in findings:
        if finding.severity is Severity.INFO and finding.why.startswith("unverified"):
            codes |= dict.fromkeys(finding.codes)
            paths.append(finding.path)
        else:
            told.append(finding)
    if not codes:
        return [], told
    return [Edit(_unverified(", ".join(paths), ", ".join(codes)), tuple(codes))], told


@lru_cache(maxsize=4_096)
def _unverified(paths: str, codes: str) -> Reason:
    plain = reason("procedure-unverified", paths)
    return Reason(
        rule_id=plain.rule_id,
        path=paths,
        text=f"{codes}: {plain.text}",
        remedy=plain.remedy,
        severity=plain.severity,
    )


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
