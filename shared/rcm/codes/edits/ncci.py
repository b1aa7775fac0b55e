"""National Correct Coding Initiative: pairs of procedures, and units a day, by date and setting.

A pair denies its column 2 code when both are billed for one patient, provider and date: indicator
0 always, 1 unless a modifier tells them apart, 9 never (deleted). A limit is on the line (MAI 1),
on the day without appeal (MAI 2), or on the day with records (MAI 3).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from rcm.codes.edits.model import (
    Encounter,
    Finding,
    Line,
    Override,
    Rule,
    Setting,
    Severity,
    found,
)
from rcm.codes.edits.modifiers import ANATOMY, NCCI_BYPASS
from rcm.codes.forms import normalise
from rcm.codes.sets import CodeSets

_NCCI = "CMS NCCI Policy Manual, chapter I"
PAIR_NEVER = Rule("ncci-pair-never", 1, Severity.ERROR, Override.NOBODY, _NCCI)
PAIR_MODIFIER = Rule("ncci-pair-needs-modifier", 1, Severity.ERROR, Override.SUPERVISOR, _NCCI)
UNITS_LINE = Rule("mue-line", 1, Severity.ERROR, Override.CODER, "CMS MUE, MAI 1")
UNITS_DAY = Rule("mue-day", 1, Severity.ERROR, Override.NOBODY, "CMS MUE, MAI 2")
UNITS_REVIEW = Rule("mue-day-reviewable", 1, Severity.ERROR, Override.SUPERVISOR, "CMS MUE, MAI 3")

_PAIR_SETTING = {
    Setting.PROFESSIONAL: "practitioner",
    Setting.DME: "practitioner",
    Setting.OUTPATIENT: "hospital",
}
_UNIT_SETTING = {
    Setting.PROFESSIONAL: "practitioner",
    Setting.DME: "dme",
    Setting.OUTPATIENT: "hospital",
}


def check_ncci(encounter: Encounter, sets: CodeSets) -> Iterator[Finding]:
    """Yield pairs and units that NCCI denies; nothing for an inpatient, or without the files."""
    if encounter.setting is Setting.INPATIENT:
        return
    groups: defaultdict[tuple[dt.date, str], list[tuple[int | None, Line]]] = defaultdict(list)
    for at, line in enumerate(encounter.lines):
        groups[line.on, line.provider].append((at, line))
    for line in encounter.same_day:
        if (line.on, line.provider) in groups:
            groups[line.on, line.provider].append((None, line))
    for (on, _), lines in groups.items():
        yield from _pairs(sets, _PAIR_SETTING[encounter.setting], on, lines)
        yield from _units(sets, _UNIT_SETTING[encounter.setting], on, lines)


def _pairs(
    sets: CodeSets, setting: str, on: dt.date, lines: list[tuple[int | None, Line]]
) -> Iterator[Finding]:
    by_code: defaultdict[str, list[tuple[int | None, Line]]] = defaultdict(list)
    for at, line in lines:
        by_code[normalise(line.procedure_code)].append((at, line))
    marks = ",".join("?" * len(by_code))
    rows = sets.connection.execute(
        f"SELECT column1, column2, indicator FROM ptp WHERE setting = ? "  # noqa: S608 - marks only
        f"AND column1 IN ({marks}) AND column2 IN ({marks}) AND effective <= ? "
        "AND (deleted IS NULL OR (deleted >= ? AND deleted > effective)) ORDER BY 1, 2",
        (setting, *by_code, *by_code, on.isoformat(), on.isoformat()),
    ).fetchall()
    for column1, column2, indicator in rows:
        if indicator == "9" or column1 == column2:
            continue
        for at, second in by_code[column2]:
            apart = all(_told_apart(first, second) for _, first in by_code[column1])
            if at is None or (indicator == "1" and apart):
                continue
            rule = PAIR_NEVER if indicator == "0" else PAIR_MODIFIER
            yield found(
                rule, f"lines[{at}]", (column1, column2),
                f"{column2} is part of {column1} on {on} (NCCI, indicator {indicator})",
                f"remove {column2}" if indicator == "0" else
                f"remove {column2}, or add 59 or X if the record shows a distinct service",
            )  # fmt: skip


def _told_apart(first: Line, second: Line) -> bool:
    """Tell if modifiers say that the two are distinct services."""
    one, two = set(first.modifiers), set(second.modifiers)
    if (one | two) & (NCCI_BYPASS - ANATOMY):
        return True
    sites1, sites2 = one & ANATOMY, two & ANATOMY
    return bool(sites1 | sites2) and sites1 != sites2


def _units(
    sets: CodeSets, setting: str, on: dt.date, lines: list[tuple[int | None, Line]]
) -> Iterator[Finding]:
    (release,) = sets.connection.execute(
        "SELECT max(effective) FROM mue_release WHERE setting = ? AND effective <= ?",
        (setting, on.isoformat()),
    ).fetchone()
    if release is None:
        return
    totals: defaultdict[str, int] = defaultdict(int)
    last: dict[str, int] = {}
    for at, line in lines:
        code = normalise(line.procedure_code)
        totals[code] += line.units
        if at is not None:
            last[code] = at
    for code, at in last.items():
        row = sets.connection.execute(
            "SELECT units_max, adjudication_code FROM mue "
            "WHERE setting = ? AND code = ? AND effective = ?",
            (setting, code, release),
        ).fetchone()
        if row is None:
            continue
        most, indicator = row
        if indicator == "1":
            for number, line in lines:
                same = normalise(line.procedure_code) == code
                if same and number is not None and line.units > most:
                    yield found(UNITS_LINE, f"lines[{number}].units", (code,),
                                f"{line.units} units on a line, the limit is {most}",
                                "check the units; true extra units go on a line of their own "
                                "with 76, 59 or X")  # fmt: skip
        elif totals[code] > most:
            rule = UNITS_DAY if indicator == "2" else UNITS_REVIEW
            what = "check the units: no appeal is possible" if indicator == "2" else \
                "check the units; if medically needed, override and keep the records"  # fmt: skip
            yield found(rule, f"lines[{at}].units", (code,),
                        f"{totals[code]} units on {on}, the limit is {most}", what)  # fmt: skip
