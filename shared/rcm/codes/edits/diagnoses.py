"""Edits on diagnoses: Medicare Code Editor, tabular instructions, sequence, laterality."""

import datetime as dt
import re
from collections.abc import Iterator

from rcm.codes.edits.admission import check_admission
from rcm.codes.edits.model import (
    Encounter,
    Finding,
    Override,
    PayerOptions,
    Rule,
    Setting,
    Severity,
    found,
)
from rcm.codes.forms import dotted, normalise
from rcm.codes.model import NoteKind, Status, System
from rcm.codes.sets import CodeSets
from rcm.codes.sources.tabular import codes_named, describe_range

_MCE = "CMS Definitions of Medicare Code Edits"
_GUIDE = "ICD-10-CM Official Guidelines"
_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

NOT_IN_FORCE = Rule("dx-not-in-force", 1, _ERROR, Override.NOBODY, "45 CFR 162.1002")
SEVENTH = Rule("dx-seventh-character", 1, _ERROR, Override.NOBODY, f"{_GUIDE} I.A.4")
AGE = Rule("dx-age-conflict", 1, _ERROR, Override.SUPERVISOR, _MCE)
SEX = Rule("dx-sex-conflict", 1, _ERROR, Override.SUPERVISOR, f"{_MCE}, ended 2024-10-01")
MANIFESTATION = Rule("dx-manifestation-as-principal", 1, _ERROR, Override.NOBODY, _MCE)
EXTERNAL = Rule("dx-external-cause-as-principal", 1, _ERROR, Override.NOBODY, _MCE)
UNACCEPTABLE = Rule("dx-unacceptable-principal", 1, _ERROR, Override.SUPERVISOR, _MCE)
UNSPECIFIED = Rule("dx-unspecified", 1, _WARNING, Override.CODER, _MCE)
DUPLICATE = Rule("dx-duplicate", 1, _ERROR, Override.NOBODY, _MCE)
EXCLUDES1 = Rule("dx-excludes1", 1, _ERROR, Override.CODER, f"{_GUIDE} I.A.12.a")
CODE_FIRST = Rule("dx-code-first", 1, _ERROR, Override.CODER, f"{_GUIDE} I.A.13")
USE_ADDITIONAL = Rule("dx-use-additional", 1, _INFO, Override.CODER, f"{_GUIDE} I.A.13")
SEQUENCE = Rule("dx-use-additional-before", 1, _WARNING, Override.CODER, f"{_GUIDE} I.A.13")
LATERALITY = Rule("dx-laterality", 1, _WARNING, Override.CODER, f"{_GUIDE} I.B.13")
COUNT = Rule("dx-count", 1, _ERROR, Override.NOBODY, "837P and 837I, HI segment")

_SEX_EDITS_LAST = dt.date(2024, 9, 30)
_AGE_NAMES = ("newborn", "pediatric", "maternity", "adult")
_EXTERNAL_CAUSE = "VWXY"
_COUNT_MAX = {Setting.PROFESSIONAL: 12, Setting.DME: 12, Setting.OUTPATIENT: 25,
              Setting.INPATIENT: 25}  # fmt: skip


def check_diagnoses(
    encounter: Encounter, sets: CodeSets, options: PayerOptions
) -> Iterator[Finding]:
    """Yield what is wrong with the diagnoses."""
    codes = [normalise(diagnosis.code) for diagnosis in encounter.diagnoses]
    most = _COUNT_MAX[encounter.setting]
    if not codes or len(codes) > most:
        why = "there is no diagnosis" if not codes else f"{len(codes)} diagnoses, {most} fit"
        yield found(COUNT, "diagnoses", (), why, f"code 1 to {most} diagnoses")
    sound: list[int] = []
    for at, code in enumerate(codes):
        fault = _standing(encounter, sets, at, code)
        if fault is not None:
            yield fault
        else:
            sound.append(at)
            yield from _editor(encounter, sets, options, at, code)
    yield from _duplicates(codes)
    yield from check_admission(encounter, sets, codes)
    for at in sound:
        yield from _instructions(sets, codes, at)
    yield from _laterality(sets, codes, sound)


def _path(at: int) -> str:
    return f"diagnoses[{at}]"


def _standing(encounter: Encounter, sets: CodeSets, at: int, code: str) -> Finding | None:
    """Return what is wrong with the code itself on the date."""
    answer = sets.validate(code, System.ICD10CM, encounter.coded_on)
    if answer.billable:
        return None
    if answer.status is Status.HEADER and answer.children:
        below = [child for child in answer.children if len(child) == 7]
        if len(below) == len(answer.children) and len(code) >= 3:
            return found(
                SEVENTH, _path(at), (dotted(code),), "the 7th character is missing",
                f"use {', '.join(map(dotted, below[:6]))}",
            )  # fmt: skip
    use = answer.successors or answer.children
    return found(
        NOT_IN_FORCE, _path(at), (dotted(code),), f"{answer.status}: {answer.reason}",
        f"use {', '.join(map(dotted, use[:8]))}" if use else "look the code up again",
    )  # fmt: skip


def _editor(
    encounter: Encounter, sets: CodeSets, options: PayerOptions, at: int, code: str
) -> Iterator[Finding]:
    """Yield the edits of the Medicare Code Editor on one code in force."""
    on, inpatient = encounter.coded_on, encounter.setting is Setting.INPATIENT
    names = sets.attributes(code, System.ICD10CM, on)
    shown = (dotted(code),)
    yield from _age(encounter, sets, at, code, names)
    yield from _sex(encounter, sets, options, at, code, names)
    if at == 0 and "manifestation" in names:
        yield found(MANIFESTATION, _path(at), shown, "a manifestation is never principal",
                    "put the underlying disease first")  # fmt: skip
    if at == 0 and ("ecodepdx" in names or code[0] in _EXTERNAL_CAUSE):
        yield found(EXTERNAL, _path(at), shown, "an external cause is never principal",
                    "put the injury or condition first")  # fmt: skip
    if at == 0 and inpatient and "unacceptable" in names:
        yield found(UNACCEPTABLE, _path(at), shown, "not acceptable as principal diagnosis",
                    "put the condition that occasioned the admission first")  # fmt: skip
    if inpatient and "unspecified" in names:
        yield found(UNSPECIFIED, _path(at), shown, "the record may allow a more specific code",
                    "look for side or site in the record, or query the physician")  # fmt: skip


def _age(
    encounter: Encounter, sets: CodeSets, at: int, code: str, names: frozenset[str]
) -> Iterator[Finding]:
    for name in _AGE_NAMES:
        limits = sets.age_limits(name, encounter.coded_on) if name in names else None
        age = encounter.age_years
        if limits is None or age is None or limits[0] <= age <= limits[1]:
            continue
        severity = _ERROR if encounter.setting is Setting.INPATIENT else _WARNING
        yield found(
            AGE, _path(at), (dotted(code),),
            f"a {name} diagnosis, for ages {limits[0]} to {limits[1]}: not this patient's",
            "check the code and the date of birth", severity,
        )  # fmt: skip


def _sex(
    encounter: Encounter, sets: CodeSets, options: PayerOptions, at: int, code: str,
    names: frozenset[str],
) -> Iterator[Finding]:  # fmt: skip
    """Yield a sex conflict: an error while CMS had the edit, later only as the payer wishes."""
    historic = encounter.coded_on <= _SEX_EDITS_LAST
    if encounter.sex not in ("M", "F") or not (historic or options.warn_of_sex_conflict):
        return
    if not historic:
        names = sets.attributes(code, System.ICD10CM, _SEX_EDITS_LAST)
    other = "female" if encounter.sex == "M" else "male"
    if other in names and not {"male", "female"} <= names:
        yield found(
            SEX, _path(at), (dotted(code),), f"a diagnosis of {other} patients",
            "check the code and the patient's recorded sex; for Medicare, condition code 45",
            _ERROR if historic else _WARNING,
        )  # fmt: skip


def _duplicates(codes: list[str]) -> Iterator[Finding]:
    for at, code in enumerate(codes):
        first = codes.index(code)
        if first < at:
            what = "the principal diagnosis" if first == 0 else f"diagnosis {first + 1}"
            yield found(DUPLICATE, _path(at), (dotted(code),), f"repeats {what}", "remove it")


def _instructions(sets: CodeSets, codes: list[str], at: int) -> Iterator[Finding]:
    """Yield what the tabular list's notes on one diagnosis find in the others."""
    code = codes[at]
    for note in sets.notes(code):
        ranges = codes_named(note.text)
        inside = [
            other
            for other, name in enumerate(codes)
            if other != at
            and not name.startswith(note.at)
            and any(named.holds(name) for named in ranges)
        ]
        if note.kind is NoteKind.EXCLUDES1 and inside:
            others = tuple(dotted(codes[other]) for other in inside)
            yield found(
                EXCLUDES1, _path(at), (dotted(code), *others),
                f"excludes1 at {dotted(note.at)}: {note.text}",
                "keep one; if the two conditions are unrelated, override and say so",
            )  # fmt: skip
        elif note.kind is NoteKind.CODE_FIRST and ranges:
            yield from _code_first(code, at, note.text, inside, codes)
        elif note.kind is NoteKind.USE_ADDITIONAL and ranges:
            named = ", ".join(describe_range(one) for one in ranges)
            if not inside:
                yield found(USE_ADDITIONAL, _path(at), (dotted(code),),
                            f"use additional: {note.text}",
                            f"add {named} if the record tells it")  # fmt: skip
            elif min(inside) < at:
                yield found(SEQUENCE, _path(at), (dotted(code), dotted(codes[min(inside)])),
                            f"use additional: {note.text}",
                            f"put {dotted(codes[min(inside)])} after {dotted(code)}")  # fmt: skip


_CONDITIONAL = re.compile(
    r"if applicable|if known|any associated|such as|, if|any\b", re.IGNORECASE
)


def _code_first(
    code: str, at: int, text: str, inside: list[int], codes: list[str]
) -> Iterator[Finding]:
    if inside and min(inside) > at:
        other = dotted(codes[min(inside)])
        yield found(CODE_FIRST, _path(at), (dotted(code), other), f"code first: {text}",
                    f"put {other} before {dotted(code)}")  # fmt: skip
    elif not inside:
        severity = _INFO if _CONDITIONAL.search(text) or at else _WARNING
        yield found(CODE_FIRST, _path(at), (dotted(code),), f"code first: {text}",
                    "code the underlying condition before it, if the record tells it",
                    severity)  # fmt: skip


_SIDE = re.compile(r"\b(right|left|bilateral|unspecified)\b")


def _laterality(sets: CodeSets, codes: list[str], sound: list[int]) -> Iterator[Finding]:
    """Yield sides that contradict: right and left where bilateral exists, a side and none."""
    by_form: dict[tuple[str, str], dict[str, int]] = {}
    for at in sound:
        spans = sets.spans(codes[at], System.ICD10CM)
        title = (spans[-1].title or "").lower()
        sides = _SIDE.findall(title)
        if sides:
            side = next((s for s in sides if s != "unspecified"), "unspecified")
            form = _SIDE.sub("*", title)
            by_form.setdefault((codes[at][:3], form), {})[side] = at
    for (stem, form), sides_at in by_form.items():
        places = tuple(dotted(codes[at]) for at in sorted(sides_at.values()))
        where = _path(max(sides_at.values()))
        if {"right", "left"} <= sides_at.keys() and _has_bilateral(sets, stem, form):
            yield found(LATERALITY, where, places, "right and left are coded apart",
                        "use the bilateral code")  # fmt: skip
        elif "unspecified" in sides_at and len(sides_at) > 1:
            yield found(LATERALITY, where, places, "one condition with a side and without",
                        "remove the code without a side")  # fmt: skip


def _has_bilateral(sets: CodeSets, stem: str, form: str) -> bool:
    rows = sets.connection.execute(
        "SELECT title FROM code WHERE system = ? AND code >= ? AND code < ? "
        "AND title LIKE '%bilateral%' AND valid_through IS NULL",
        (System.ICD10CM, stem, stem + "\x7f"),
    )
    # "right eye" and "left eye" become "bilateral", without the noun.
    before = form.partition("*")[0]
    return any(_SIDE.sub("*", row[0].lower()).partition("*")[0] == before for row in rows)
