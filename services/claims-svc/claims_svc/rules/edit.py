"""What an edit is, and what it may look at besides the claim."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Literal, NamedTuple

from claims_svc.model.content import ClaimContent, Form


class Setting(NamedTuple):
    """What an edit may know besides the claim.

    Attributes:
        today: The day of the decision.
        deadline_on: Last day for the payer to receive it; None when it cannot be computed.
    """

    today: date
    deadline_on: date | None


class Found(NamedTuple):
    """One fault.

    Attributes:
        path: X12 loop and element, with the number of the line where there are several.
        text: What is wrong, where the edit's own text does not say enough. Holds no value that may
            identify a person.
    """

    path: str
    text: str = ""


Check = Callable[[ClaimContent, Setting], Iterable[Found]]


class Edit(NamedTuple):
    """One named check.

    Attributes:
        rule_id: Its name, fixed for ever.
        check: Finds every place where it is broken.
        text: What is wrong.
        remedy: What to do.
        form: P or I where it is for one of them only.
        severity: A warning does not hold the claim.
        prevents_writing: The claim cannot even be written for `rcm.x12` to check.
    """

    rule_id: str
    check: Check
    text: str
    remedy: str
    form: Form | Literal[""] = ""
    severity: Literal["error", "warning"] = "error"
    prevents_writing: bool = False
