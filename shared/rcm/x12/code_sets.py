"""The port to code lists: whoever checks X12 asks here, and the kernel's callers answer.

`rcm.x12` ships no code list that somebody else owns (CPT, CARC, NUBC); it knows shapes and the few
lists that are public and small. A caller that has more gives an object with `knows`.
"""

from datetime import date
from typing import Final, Protocol


class CodeSets(Protocol):
    """Answers whether a code is in a list on a day."""

    def knows(self, code_list: str, code: str, on: date) -> bool | None:
        """Tell whether a code is valid on a day; None when the list is not there.

        Args:
            code_list: One of the names in `LISTS`.
            code: The code as X12 carries it, such as E119 without its point.
            on: The day that decides: of service, discharge or adjudication.
        """
        ...


#: Names of the lists that are asked for, with what they hold.
LISTS: Final = {
    "icd-10-cm": "diagnoses that may be billed",
    "icd-9-cm": "diagnoses before 1 October 2015",
    "icd-10-pcs": "inpatient procedures",
    "poa-exempt": "diagnoses that need no present-on-admission indicator",
    "hcpcs": "procedures: HCPCS level I and II",
    "hcpcs-unlisted": "procedures whose code says nothing, so that a description is needed",
    "modifier": "procedure modifiers",
    "cdt": "dental procedures",
    "revenue": "revenue codes (NUBC)",
    "bill-type": "types of bill, two digits (NUBC)",
    "patient-status": "patient discharge status (NUBC)",
    "condition": "condition codes (NUBC)",
    "occurrence": "occurrence codes (NUBC)",
    "value": "value codes (NUBC)",
    "carc": "claim adjustment reason codes",
    "rarc": "remittance advice remark codes",
    "taxonomy": "provider taxonomy codes (NUCC)",
}


class NoCodeSets:
    """The answer of a caller without lists: unknown, so nothing is said."""

    def knows(self, code_list: str, code: str, on: date) -> bool | None:
        """Answer None."""
        del code_list, code, on
        return None


class RememberedCodeSets:
    """Lists whose answers are kept while a file is checked: its claims ask the same again.

    Attributes:
        answers_max: How many answers are kept at most; beyond it, all are forgotten.
    """

    answers_max: Final = 1 << 16

    def __init__(self, codes: CodeSets) -> None:
        self._codes = codes
        self._answers: dict[tuple[str, str, date], bool | None] = {}

    def knows(self, code_list: str, code: str, on: date) -> bool | None:
        """Answer as the lists do."""
        key = (code_list, code, on)
        try:
            return self._answers[key]
        except KeyError:
            if len(self._answers) >= self.answers_max:
                self._answers.clear()
            answer = self._answers[key] = self._codes.knows(code_list, code, on)
            return answer
