"""What to do about a denied amount: by group, reason and remarks, never by amount or CLP02."""

from collections.abc import Sequence
from typing import NamedTuple

from rcm.adjustments.table import ReasonRow, remarks_for


class Work(NamedTuple):
    """What to do.

    Attributes:
        category: What it is about.
        action_code: FIX, NEW, DOC, APP, COB, PAT, PROV, WO or CALL.
        appealable: False where a remark forbids it.
    """

    category: str
    action_code: str
    appealable: bool


def work_for(row: ReasonRow, group_code: str, remark_codes: Sequence[str]) -> Work:
    """Choose category and default action.

    Guardrails, whatever the tables say: nothing is appealed that may not be (MA130, N211); a
    patient is never billed for CO, OA or PI, nor for late filing (29).

    Args:
        row: The reason's row.
        group_code: CAS01.
        remark_codes: LQ, MIA and MOA remarks of line and claim.
    """
    # A contractual reason is denied only under PI: the payer reduced without a contract.
    category = "payer-reduction" if row.reason_class == "C" else row.category
    action: str = row.action_code
    appealable = True
    refined = False
    for remark in remarks_for(row.reason_code, remark_codes):
        if remark.category and not refined:
            category, refined = remark.category, True
            action = remark.action_code or action
        appealable = appealable and remark.appealable
        if not remark.appealable and remark.action_code:
            # Unprocessable goes before whatever else a remark asks for.
            return Work(category, remark.action_code, False)
    if not appealable and action == "APP":
        action = "WO"
    if action == "PAT" and (group_code != "PR" or row.reason_code == "29"):
        action = "CALL"
    return Work(category, action, appealable)
