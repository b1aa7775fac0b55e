"""The port through which checks ask about code lists that we do not own.

CARC, RARC, ICD and their like change several times a year and some are licensed, so no list is in
`rcm.x12`. A service gives an object with one method; without one, only shapes are checked.
"""

import re
from datetime import date
from typing import Protocol

#: Systems that our checks ask for.
CARC = "carc"  # claim adjustment reason codes, source 139
RARC = "rarc"  # remittance advice remark codes, source 411

_SHAPES = {
    CARC: re.compile(r"(?:[1-9]\d{0,2}|[A-Z]\d{1,2})", re.ASCII),
    RARC: re.compile(r"(?:N[1-9]\d{0,2}|MA?[0-9]{1,3})", re.ASCII),
}


class CodeSets(Protocol):
    """Knows published code lists by date."""

    def is_valid(self, system: str, code: str, on_date: date | None) -> bool:
        """Tell whether a code of a system is in force on a day; a day of None means any day."""


class ShapesOnly:
    """Answers by the shape of codes alone: what could be a code is one."""

    def is_valid(self, system: str, code: str, on_date: date | None) -> bool:  # noqa: ARG002 - the port's signature
        """Tell whether a text has the shape of the system's codes."""
        shape = _SHAPES.get(system)
        return shape is None or shape.fullmatch(code) is not None
