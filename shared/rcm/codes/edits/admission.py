"""Present on admission: which inpatient diagnoses carry an indicator, and which are exempt.

The list of exempt codes is CMS's, a file a year (`rcm codes load poa-exempt`). Without it the
categories of the guidelines' Appendix I tell only that a code may be exempt: then an empty
indicator is accepted, and a given one as well.
"""

import datetime as dt
import re
from collections.abc import Iterator

from rcm.codes.edits.model import Encounter, Finding, Override, Rule, Setting, Severity, found
from rcm.codes.forms import dotted
from rcm.codes.sets import CodeSets

POA = Rule(
    "dx-poa-missing", 2, Severity.ERROR, Override.NOBODY, "ICD-10-CM Official Guidelines Appendix I"
)

_INDICATORS = ("Y", "N", "U", "W")
_EMPTY = ("", "1")
"""Exempt: nothing on an 837I; 1 is how it was written before version 5010."""
_MAY_BE_EXEMPT = re.compile(
    r"[V-Z].*|Q.*|B9[0124].*|E64.*|I252|I69.*|O09.*|O665|O80|O94|P00.*|"
    r"(?:[ST]|M80|M84).{5}[DEFGHJKMNPQRS]|M(?:80|84).{3}[DEFGHJKMNPQRS]"
)


def exempt(sets: CodeSets, code: str, on: dt.date) -> bool | None:
    """Tell if a code needs no indicator on a date; None where no list is loaded and it may be so.

    Args:
        sets: The sets in force.
        code: Normalised ICD-10-CM.
        on: Discharge.
    """
    (release,) = sets.connection.execute(
        "SELECT max(effective) FROM poa_exempt_release WHERE effective <= ?", (on.isoformat(),)
    ).fetchone()
    if release is None:
        return None if _MAY_BE_EXEMPT.fullmatch(code) else False
    row = sets.connection.execute(
        "SELECT 1 FROM poa_exempt WHERE effective = ? AND code = ?", (release, code)
    ).fetchone()
    return row is not None


def check_admission(encounter: Encounter, sets: CodeSets, codes: list[str]) -> Iterator[Finding]:
    """Yield indicators that are missing, or given where none belongs."""
    for at, (diagnosis, code) in enumerate(zip(encounter.diagnoses, codes, strict=True)):
        given, path = (diagnosis.poa_code or "").strip(), f"diagnoses[{at}]"
        if encounter.setting is not Setting.INPATIENT:
            if given:
                yield found(POA, path, (dotted(code),), "POA is for inpatients only",
                            "remove the indicator", Severity.WARNING)  # fmt: skip
            continue
        is_exempt = exempt(sets, code, encounter.coded_on)
        if given in _INDICATORS:
            if is_exempt:
                yield found(POA, path, (dotted(code),), "the code is exempt from POA reporting",
                            "leave the indicator empty", Severity.WARNING)  # fmt: skip
        elif is_exempt is False or given not in _EMPTY:
            yield found(POA, path, (dotted(code),), "present on admission is not told",
                        "give Y, N, U or W")  # fmt: skip
