"""The shape of codes: how they are written, and what can be a code of a system at all.

A shape never tells the system: 6,761 diagnoses look like a HCPCS Level II code.
"""

import re

from rcm.codes.model import System

CODE_LENGTH_MAX = 64
"""What follows is not looked at: no code of any system comes near."""

_SEPARATORS = str.maketrans(
    "",
    "",
    ". \t\r\n\x0b\x0c\u00a0\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200E))),
)
"""Dots and every kind of space, those that a PDF or a web page leaves in a pasted code too."""

_SHAPES = {
    # The second character is a digit, and since FY2027 (QA1) the letter A too.
    System.ICD10CM: re.compile(r"[A-Z][0-9A][0-9A-Z][0-9A-Z]{0,4}"),
    # The letters I and O are never used in ICD-10-PCS.
    System.ICD10PCS: re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    System.HCPCS: re.compile(r"[A-V][0-9]{4}"),
    # Category I, II (F), III (T), proprietary laboratory (U) and multianalyte (M) codes.
    System.CPT: re.compile(r"[0-9]{4}[0-9FTUM]"),
    System.MODIFIER: re.compile(r"[0-9A-Z]{2}"),
    System.PLACE_OF_SERVICE: re.compile(r"[0-9]{2}"),
    # Three characters in 837I (facility, classification, frequency), after the paper form's 0.
    System.BILL_TYPE: re.compile(r"0?[1-9][1-9A-Z][0-9A-Z]"),
    System.REVENUE: re.compile(r"[0-9]{4}"),
    System.MSDRG: re.compile(r"[0-9]{3}"),
    System.CARC: re.compile(r"[1-9][0-9]{0,2}|[ABDPWY][0-9]{1,2}"),
    System.RARC: re.compile(r"(?:M|MA|N)[0-9]{1,4}"),
}


def normalise(text: str) -> str:
    """Return the code as tables hold it: upper case, without dots and spaces.

    Letters of other scripts stay as they are: some of them would become ASCII in upper case.
    """
    code = text.translate(_SEPARATORS)[:CODE_LENGTH_MAX]
    return code.upper() if code.isascii() else code


def has_shape(code: str, system: System) -> bool:
    """Tell if a normalised code could belong to the system."""
    return _SHAPES[system].fullmatch(code) is not None


def dotted(code: str) -> str:
    """Write an ICD-10-CM code as people read it: a dot after the category."""
    if len(code) <= 3 or "-" in code:
        return code  # a category, a chapter, or a section such as A00-A09
    return f"{code[:3]}.{code[3:]}"


def display(code: str, system: System) -> str:
    """Write a code of any system as people read it."""
    return dotted(code) if system is System.ICD10CM else code
