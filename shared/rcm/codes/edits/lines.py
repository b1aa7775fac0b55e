"""Edits on service lines: procedures, modifiers, diagnosis pointers, NDC, duplicates."""

import re
from collections.abc import Iterator

from rcm.codes.edits.model import (
    Encounter,
    Finding,
    Line,
    Override,
    PayerOptions,
    Rule,
    Setting,
    Severity,
    found,
)
from rcm.codes.edits.modifiers import (
    ANATOMY,
    CONTRADICTIONS,
    EVALUATION_ONLY,
    INFORMATION,
    PAYMENT,
    REPEATED,
    SURGERY_ONLY,
    is_evaluation,
)
from rcm.codes.forms import normalise
from rcm.codes.model import Status, System
from rcm.codes.sets import CodeSets

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
PROCEDURE = Rule("line-procedure-not-in-force", 1, _ERROR, Override.NOBODY, "45 CFR 162.1002")
PCS = Rule("pcs-not-in-force", 1, _ERROR, Override.NOBODY, "45 CFR 162.1002")
PCS_SETTING = Rule("pcs-inpatient-only", 1, _ERROR, Override.NOBODY, "45 CFR 162.1002(c)(3)")
UNITS = Rule("line-units", 1, _ERROR, Override.NOBODY, "837 SV104, SV205")
POINTER_MISSING = Rule("pointer-missing", 1, _ERROR, Override.NOBODY, "837P SV107")
POINTER_BAD = Rule("pointer-to-nothing", 1, _ERROR, Override.NOBODY, "837P SV107")
POINTER_CAUSE = Rule("pointer-to-external-cause", 1, _WARNING, Override.CODER, "Guideline I.C.20")
MODIFIER_UNKNOWN = Rule("modifier-unknown", 2, _ERROR, Override.NOBODY, "HCPCS and CPT")
MODIFIER_COUNT = Rule("modifier-count", 1, _ERROR, Override.NOBODY, "837 SV101-3..6")
MODIFIER_TWICE = Rule("modifier-twice", 1, _ERROR, Override.NOBODY, "837 SV101-3..6")
MODIFIER_ORDER = Rule("modifier-order", 1, _WARNING, Override.CODER, "payer convention")
MODIFIER_CLASH = Rule("modifier-contradiction", 1, _ERROR, Override.SUPERVISOR, "CMS 100-04, 12")
MODIFIER_KIND = Rule("modifier-wrong-service", 1, _ERROR, Override.SUPERVISOR, "CMS 100-04, 12")
SIDE = Rule("modifier-side-against-diagnosis", 1, _WARNING, Override.CODER, "Guideline I.B.13")
NDC_MISSING = Rule("ndc-missing", 1, _ERROR, Override.SUPERVISOR, "837 2410 LIN")
NDC_FORM = Rule("ndc-form", 1, _ERROR, Override.NOBODY, "837 2410 LIN, CTP")
DUPLICATE = Rule("line-duplicate", 1, _ERROR, Override.CODER, "CARC 18")

_NDC = re.compile(r"[0-9]{11}")
_QUANTITY = re.compile(r"(?=[0-9.]*[1-9])[0-9]{1,9}(?:\.[0-9]{1,3})?")
_POINTERS_MAX, _MODIFIERS_MAX, _UNITS_MAX = 4, 4, 99_999


def check_lines(encounter: Encounter, sets: CodeSets, options: PayerOptions) -> Iterator[Finding]:
    """Yield what is wrong with the lines and the inpatient procedures."""
    for at, code in enumerate(encounter.procedures):
        yield from _inpatient_procedure(encounter, sets, at, code)
    for at, line in enumerate(encounter.lines):
        yield from _procedure(sets, at, line)
        yield from _pointers(encounter, at, line)
        yield from _modifiers(sets, at, line)
        yield from _side(encounter, sets, at, line)
        yield from _drug(options, at, line)
    yield from _duplicates(encounter)


def _path(at: int, part: str = "") -> str:
    return f"lines[{at}]{part}"


def _inpatient_procedure(
    encounter: Encounter, sets: CodeSets, at: int, code: str
) -> Iterator[Finding]:
    path = f"procedures[{at}]"
    if encounter.setting is not Setting.INPATIENT:
        yield found(PCS_SETTING, path, (normalise(code),), "ICD-10-PCS is for inpatients",
                    "code the procedure in CPT or HCPCS on a line")  # fmt: skip
        return
    answer = sets.validate(code, System.ICD10PCS, encounter.coded_on)
    if not answer.billable:
        yield found(PCS, path, (answer.code,), f"{answer.status}: {answer.reason}",
                    "look the code up again")  # fmt: skip


def _procedure(sets: CodeSets, at: int, line: Line) -> Iterator[Finding]:
    answer = sets.validate(line.procedure_code, line.system, line.on)
    if answer.status is Status.UNVERIFIED:
        yield found(PROCEDURE, _path(at), (answer.code,), f"unverified: {answer.reason}",
                    "load the code file", Severity.INFO)  # fmt: skip
    elif not answer.billable:
        yield found(PROCEDURE, _path(at), (answer.code,), f"{answer.status}: {answer.reason}",
                    "look the code up again")  # fmt: skip
    if not 0 < line.units <= _UNITS_MAX:
        yield found(UNITS, _path(at, ".units"), (answer.code,), f"{line.units} units",
                    f"give 1 to {_UNITS_MAX} units")  # fmt: skip


def _pointers(encounter: Encounter, at: int, line: Line) -> Iterator[Finding]:
    if encounter.setting not in (Setting.PROFESSIONAL, Setting.DME):
        return
    path, pointers = _path(at, ".diagnosis_pointers"), line.diagnosis_pointers
    if not pointers:
        yield found(POINTER_MISSING, path, (line.procedure_code,), "the line names no diagnosis",
                    "point to the diagnosis that made it necessary")  # fmt: skip
        return
    count = len(encounter.diagnoses)
    if (
        len(pointers) > _POINTERS_MAX
        or len(set(pointers)) != len(pointers)
        or not all(1 <= pointer <= count for pointer in pointers)
    ):
        yield found(POINTER_BAD, path, (line.procedure_code,),
                    f"pointers {list(pointers)}, diagnoses 1 to {count}",
                    "point to one to four different diagnoses of this claim")  # fmt: skip
    elif normalise(encounter.diagnoses[pointers[0] - 1].code)[:1] in tuple("VWXY"):
        yield found(POINTER_CAUSE, path, (line.procedure_code,),
                    "the first pointer is an external cause",
                    "point to the injury or condition first")  # fmt: skip


def _modifiers(sets: CodeSets, at: int, line: Line) -> Iterator[Finding]:
    path, given = _path(at, ".modifiers"), tuple(normalise(m) for m in line.modifiers)
    code = normalise(line.procedure_code)
    for modifier in given:
        yield from _known(sets, modifier, line, path)
    if len(given) > _MODIFIERS_MAX:
        yield found(MODIFIER_COUNT, path, (code,), f"{len(given)} modifiers, four fit",
                    "use 99 and tell the others in a note")  # fmt: skip
    if len(set(given)) != len(given):
        yield found(MODIFIER_TWICE, path, (code,), "a modifier is given twice", "remove one")
    for one, other in CONTRADICTIONS:
        if one in given and other in given:
            yield found(MODIFIER_CLASH, path, (code, one, other),
                        f"{one} and {other} contradict", "keep one, or use two lines")  # fmt: skip
    wrong = SURGERY_ONLY if is_evaluation(code) else EVALUATION_ONLY
    for modifier in given:
        if modifier in wrong:
            what = "a visit" if is_evaluation(code) else "a procedure"
            yield found(MODIFIER_KIND, path, (code, modifier),
                        f"{modifier} is not for {what}", "remove it")  # fmt: skip
    best = tuple(sorted(given, key=lambda m: m not in PAYMENT))
    if best != given and len(set(given)) == len(given):
        yield found(MODIFIER_ORDER, path, (code, *given),
                    "a modifier that changes payment comes after one that informs",
                    f"order {', '.join(best)}")  # fmt: skip


def _known(sets: CodeSets, modifier: str, line: Line, path: str) -> Iterator[Finding]:
    """Yield a modifier that does not exist; without the whole list, a rare one is a warning."""
    if modifier in PAYMENT or modifier in ANATOMY or modifier in INFORMATION:
        return
    answer = sets.validate(modifier, System.MODIFIER, line.on)
    codes = (normalise(line.procedure_code), modifier)
    if not answer.billable:
        yield found(MODIFIER_UNKNOWN, path, codes, f"{modifier} is not a modifier on {line.on}",
                    "look the modifier up")  # fmt: skip
    elif answer.status is Status.UNVERIFIED:
        yield found(MODIFIER_UNKNOWN, path, codes,
                    f"{modifier} is none of the common modifiers, and no list of all is loaded",
                    "look it up, or load the list (`rcm codes load hcpcs-modifiers`)",
                    _WARNING)  # fmt: skip


_SIDES = {"LT": "right", "RT": "left"}


def _side(encounter: Encounter, sets: CodeSets, at: int, line: Line) -> Iterator[Finding]:
    """Yield a side modifier when every diagnosis pointed to is of the other side."""
    for modifier, other in _SIDES.items():
        if modifier not in line.modifiers:
            continue
        pointed = [
            normalise(encounter.diagnoses[pointer - 1].code)
            for pointer in line.diagnosis_pointers
            if 1 <= pointer <= len(encounter.diagnoses)
        ]
        titles = [
            (spans[-1].title or "").lower()
            for code in pointed
            if (spans := sets.spans(code, System.ICD10CM))
        ]
        if titles and all(re.search(rf"\b{other}\b", title) for title in titles):
            yield found(SIDE, _path(at, ".modifiers"), (line.procedure_code, modifier, *pointed),
                        f"{modifier}, but the diagnosis is of the {other} side",
                        "correct the modifier or the pointer")  # fmt: skip


def _drug(options: PayerOptions, at: int, line: Line) -> Iterator[Finding]:
    code, path = normalise(line.procedure_code), _path(at, ".drug")
    if line.drug is None:
        if options.ndc_required and line.system is System.HCPCS and code.startswith("J"):
            yield found(NDC_MISSING, path, (code,), "a drug without its NDC",
                        "give the NDC on the package, the quantity and its unit")  # fmt: skip
        return
    drug = line.drug
    if (
        not _NDC.fullmatch(drug.ndc)
        or not _QUANTITY.fullmatch(drug.quantity)
        or drug.unit_code not in ("F2", "GR", "ME", "ML", "UN")
    ):
        yield found(NDC_FORM, path, (code,), "the NDC, its quantity or its unit is malformed",
                    "give 11 digits (5-4-2), a quantity above zero, and one of F2 GR ME ML UN",
                    )  # fmt: skip


def _duplicates(encounter: Encounter) -> Iterator[Finding]:
    """Yield lines that repeat another of the same day: of this claim or of another."""
    seen = [_service(line) for line in encounter.same_day]
    for at, line in enumerate(encounter.lines):
        service = _service(line)
        if service in seen and not REPEATED & set(line.modifiers):
            yield found(
                DUPLICATE, _path(at), (normalise(line.procedure_code),),
                f"the same service on {line.on} by the same provider is there already",
                "remove it, raise the units, or say why it was repeated (76, 77, 91, 59 or X)",
            )  # fmt: skip
        seen.append(service)


def _service(line: Line) -> tuple[object, ...]:
    sites = frozenset(ANATOMY & set(line.modifiers))
    parts = frozenset({"26", "TC"} & set(line.modifiers))
    return normalise(line.procedure_code), line.on, line.provider, sites, parts
