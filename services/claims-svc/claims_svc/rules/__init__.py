"""Claim edits: named, pure checks of what a claim would be written from."""

from typing import Final

from claims_svc.model.content import ClaimContent
from claims_svc.rules import lines, money, parties, statement
from claims_svc.rules.edit import Edit, Setting
from rcm.events.clinical import Reason

EDITS: Final[tuple[Edit, ...]] = (*parties.EDITS, *statement.EDITS, *lines.EDITS, *money.EDITS)
"""Every edit, in the order in which their reasons are shown."""

EDITS_VERSION: Final = "2026.11"
"""Changes with every edit that is added, dropped or altered; recorded with each claim."""

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
