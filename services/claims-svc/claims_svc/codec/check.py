"""Let `rcm.x12` say what is wrong with a claim: as it is prepared, and again as it leaves."""

from datetime import UTC, date, datetime
from typing import Final

from claims_svc.codec.claim837 import claim_837
from claims_svc.codec.x837 import transaction
from claims_svc.model.content import ClaimContent
from claims_svc.model.directory import Receiver
from rcm.events.clinical import Reason
from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction
from rcm.x12.findings import Finding, errors
from rcm.x12.guide import Guide
from rcm.x12.lexer import Delimiters
from rcm.x12.pattern import unit_pattern
from rcm.x12.reader import Reader
from rcm.x12.registry import guide
from rcm.x12.writer import STANDARD, NotWritable
from rcm.x12.x837 import check_claim

_VERSIONS: Final = ("005010X222A1", "005010X223A2")
_SHOWN_NUMBER: Final = "0001"
_SHOWN_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)


def trial(
    claim_id: str, content: ClaimContent, receiver: Receiver, today: date
) -> tuple[str, list[Reason]]:
    """Write one ST..SE with this claim alone and check the claim: situations, balances, codes.

    The guide's structure is checked on whole interchanges by `faults_by_claim`, before they leave:
    many claims at once cost a tenth each of what one alone costs.

    Returns:
        The transaction set's text, and what is wrong with the claim.
    """
    claim = claim_837(claim_id, content)
    reasons = [reason_of(finding) for finding in check_claim(claim, as_of=today)]
    try:
        text = transaction(receiver, content.form, claim_id, _SHOWN_NUMBER, claim, _SHOWN_MOMENT)
    except NotWritable as error:
        reasons.append(
            Reason(
                rule_id="value-not-writable",
                path=str(error)[:80],
                text="A value holds a character that X12 uses to separate elements.",
                remedy="Remove the character where the value comes from.",
            )
        )
        return "", reasons
    return text, reasons


def faults_by_claim(data: bytes) -> dict[str, list[Reason]]:
    """Check the structure of an interchange that is about to leave against its guide.

    Returns:
        The errors, by the claim that has them; under an empty claim id those of no claim.
    """
    reader = Reader(data)
    checker: Checker | None = None
    by_claim: dict[str, list[Reason]] = {}
    above: dict[str, list[Finding]] = {}
    for unit in reader.units():
        if unit.name == "ST":
            checker = _checker(unit.transaction)
        assert checker is not None, "ST comes first"
        found = errors(checker.feed(unit))
        claim_id = ""
        if unit.name == "HL":
            # What is wrong above a claim (provider, subscriber, patient) is wrong with the claim.
            level = unit.segments[0][3]
            above = {name: faults for name, faults in above.items() if name < level}
            above[level] = found
            continue
        if unit.name == "CLM":
            claim_id = unit.segments[0][1]
            found = [*(fault for faults in above.values() for fault in faults), *found]
        if found:
            by_claim[claim_id] = [*by_claim.get(claim_id, ()), *map(reason_of, found)]
    if wrong := errors(reader.findings):
        by_claim[""] = [*by_claim.get("", ()), *map(reason_of, wrong)]
    return by_claim


def make_ready() -> None:
    """Make the patterns of the quick way, which takes a moment: at the start, not under a claim."""
    for version in _VERSIONS:
        found = guide(version)
        assert found is not None, "we write guides that we know"
        _patterns(found, STANDARD)


def _checker(transaction: Transaction) -> Checker:
    """Begin to check one of our own transaction sets, with the quick way from its first claim on.

    The patterns of the quick way are made once in a process: a file of ours is never long enough
    for that to pay by itself, all of them together are.
    """
    assert transaction.guide is not None, "we write guides that we know"
    _patterns(transaction.guide, transaction.delimiters)
    return Checker(transaction)


def _patterns(found: Guide, delimiters: Delimiters) -> None:
    for name in ("ST", "HL", "CLM"):
        unit_pattern(found, name, delimiters)


def reason_of(finding: Finding) -> Reason:
    """Say a finding as a reason: where and what, never the value."""
    place = " ".join(filter(None, (finding.place.loop, finding.position)))
    return Reason(
        rule_id=finding.rule_id,
        path=place,
        text=finding.message,
        remedy=finding.rule.remedy,
        severity="error" if finding.is_error else "warning",
    )
