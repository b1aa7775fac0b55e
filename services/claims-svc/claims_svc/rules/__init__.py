"""Claim edits: named, pure checks of what a claim would be written from.

What the implementation guides demand is checked by `rcm.x12` on the claim itself (shape of codes,
NPIs, balances, situations). Here stands what comes before and beside that: what is needed to write
a claim at all, and what the tenant's directory, the payer and the filing limit ask.
"""

from typing import Final

from claims_svc.model.content import ClaimContent
from claims_svc.rules import coordination, lines, parties, statement, supplements
from claims_svc.rules.edit import Edit, Setting
from rcm.events.clinical import Reason

EDITS: Final[tuple[Edit, ...]] = (
    *parties.EDITS,
    *statement.EDITS,
    *lines.EDITS,
    *coordination.EDITS,
    *supplements.EDITS,
)
"""Every edit, in the order in which their reasons are shown."""

EDITS_VERSION: Final = "2026.11.2"
"""Changes with every edit that is added, dropped or altered; recorded with each claim."""

PREVENTS_WRITING: Final = frozenset(edit.rule_id for edit in EDITS if edit.prevents_writing)
"""Reasons for which a claim cannot be written."""

assert len({edit.rule_id for edit in EDITS}) == len(EDITS), "two edits share a name"


def findings(content: ClaimContent, setting: Setting) -> list[Reason]:
    """Run every edit over a claim and collect all that they find."""
    return [
        Reason(
            rule_id=edit.rule_id,
            path=found.path,
            text=found.text or edit.text,
            remedy=edit.remedy,
            severity=edit.severity,
        )
        for edit in EDITS
        if edit.form in ("", content.form)
        for found in edit.check(content, setting)
    ]
