"""Decide what a 999 says of the functional groups that were received, from Findings. Pure."""

from collections.abc import Iterable, Iterator

from rcm.x12.envelope import Group, Interchange, Transaction
from rcm.x12.findings import Finding
from rcm.x12.writer import writable
from rcm.x12.x999_documents import (
    ACCEPTED,
    ACCEPTED_WITH_ERRORS,
    PARTLY,
    REJECTED,
    Context,
    ElementError,
    GroupAcknowledgment,
    SegmentError,
    TransactionAcknowledgment,
)

_SEGMENT_HAS_ELEMENT_ERRORS = "8"
_TRANSACTION_HAS_SEGMENT_ERRORS = "5"
_VALUE_MAX = 99  # IK404


def acknowledge(
    interchange: Interchange,
    findings: Iterable[Finding],
    *,
    levels: frozenset[int] = frozenset({1, 2}),
    tolerated: frozenset[str] = frozenset(),
    give_values: bool = True,
) -> tuple[GroupAcknowledgment, ...]:
    """Decide what to answer to each functional group of an interchange.

    A transaction is rejected for an error of these levels, accepted with errors when all its
    errors are tolerated, and else accepted. A group is partly accepted when only some of its
    transactions are.

    Args:
        interchange: As a Reader has read it.
        findings: What was found in it.
        levels: SNIP levels whose errors are answered by a 999; later levels are the 277CA's.
        tolerated: Rule ids whose errors are told and do not reject.
        give_values: Whether the sender gets the wrong values back (IK404).
    """
    relevant = [
        finding
        for finding in findings
        if finding.is_error
        and finding.level in levels
        and finding.rule.ack[0] in {"AK9", "IK5", "IK3", "IK4"}
        and finding.place.interchange_control_number == interchange.control_number
    ]
    told = _Told(relevant)
    return tuple(
        _acknowledge_group(group, told, tolerated, give_values=give_values)
        for group in interchange.groups
        if group.group_code != "FA"  # an acknowledgment is never acknowledged
    )


class _Told:
    """Findings by the group or the transaction that they are about."""

    def __init__(self, findings: list[Finding]) -> None:
        self.of_groups: dict[str, list[Finding]] = {}
        self.of_transactions: dict[tuple[int, str], list[Finding]] = {}
        for finding in findings:
            place = finding.place
            if finding.rule.ack[0] == "AK9":
                self.of_groups.setdefault(place.group_control_number, []).append(finding)
            else:
                starts = place.segment_number - place.transaction_segment_number + 1
                key = (starts, place.transaction_control_number)
                self.of_transactions.setdefault(key, []).append(finding)


def _acknowledge_group(
    group: Group, told: _Told, tolerated: frozenset[str], *, give_values: bool
) -> GroupAcknowledgment:
    own = told.of_groups.get(group.control_number, [])
    refused = [finding for finding in own if finding.rule_id not in tolerated]
    transactions = tuple(
        _acknowledge_transaction(transaction, told, tolerated, give_values=give_values)
        for transaction in group.transactions
    )
    if refused:
        transactions = ()
    accepted = sum(one.is_accepted for one in transactions)
    if refused or (transactions and not accepted):
        status = REJECTED
    elif accepted < len(transactions):
        status = PARTLY
    elif own or any(one.status_code == ACCEPTED_WITH_ERRORS for one in transactions):
        status = ACCEPTED_WITH_ERRORS
    else:
        status = ACCEPTED
    included = group.trailer[1] if group.trailer and len(group.trailer) > 1 else ""
    return GroupAcknowledgment(
        group_code=writable(group.group_code, 2, instead="ZZ"),
        group_control_number=writable(group.control_number, 9, instead="0"),
        version=writable(group.version, 12),
        transactions=transactions,
        status_code=status,
        included_count=_included(included, len(group.transactions)),
        received_count=len(group.transactions),
        accepted_count=accepted,
        error_codes=_unique(finding.rule.ack[1] for finding in own),
    )


def _acknowledge_transaction(
    transaction: Transaction, told: _Told, tolerated: frozenset[str], *, give_values: bool
) -> TransactionAcknowledgment:
    own = told.of_transactions.get((transaction.number, transaction.control_number), [])
    segments = tuple(_segment_errors(own, give_values=give_values))
    codes = [finding.rule.ack[1] for finding in own if finding.rule.ack[0] == "IK5"]
    if segments:
        codes.append(_TRANSACTION_HAS_SEGMENT_ERRORS)
    status = ACCEPTED
    if own:
        is_tolerable = all(finding.rule_id in tolerated for finding in own)
        status = ACCEPTED_WITH_ERRORS if is_tolerable else REJECTED
    st = transaction.elements
    return TransactionAcknowledgment(
        transaction_code=writable(transaction.set_code, 3, instead="000"),
        transaction_control_number=writable(transaction.control_number, 9, instead="0000"),
        version=writable(st[3] if len(st) > 3 else "", 35),
        segments=segments,
        status_code=status,
        error_codes=_unique(codes),
    )


def _segment_errors(findings: list[Finding], *, give_values: bool) -> Iterator[SegmentError]:
    """Gather the findings of one segment: each of its own faults, then those of its elements."""
    by_segment: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        if finding.rule.ack[0] in {"IK3", "IK4"}:
            place = finding.place
            key = (place.transaction_segment_number, place.segment_id)
            by_segment.setdefault(key, []).append(finding)
    for (position, segment_id), found in sorted(by_segment.items()):
        elements = tuple(
            _element_error(finding, give_values=give_values)
            for finding in found
            if finding.rule.ack[0] == "IK4" and finding.element
        )
        codes = _unique(finding.rule.ack[1] for finding in found if finding.rule.ack[0] == "IK3")
        if elements:
            codes = (
                *(code for code in codes if code != _SEGMENT_HAS_ELEMENT_ERRORS),
                _SEGMENT_HAS_ELEMENT_ERRORS,
            )
        place = found[0].place
        contexts: tuple[Context, ...] = ()
        if place.claim_id:
            name = "CLP01" if place.transaction_code == "835" else "CLM01"
            contexts = (Context(name=name, reference_number=writable(place.claim_id, 50)),)
        for code in codes or (_SEGMENT_HAS_ELEMENT_ERRORS,):
            yield SegmentError(
                segment_id=writable(segment_id, 3, instead="???"),
                position=position,
                loop_id=place.loop.rsplit("/", 1)[-1].partition("[")[0],
                error_code=code,
                contexts=contexts,
                elements=elements if code == _SEGMENT_HAS_ELEMENT_ERRORS else (),
            )


def _element_error(finding: Finding, *, give_values: bool) -> ElementError:
    value = finding.value[:_VALUE_MAX]
    is_clean = writable(value, _VALUE_MAX) == value
    return ElementError(
        element=finding.element,
        component=finding.component,
        element_reference=finding.element_reference,
        error_code=finding.rule.ack[1],
        value=value if give_values and is_clean else "",
    )


def _unique(codes: Iterable[str]) -> tuple[str, ...]:
    """Keep each code once, in order, and five at most: that is how many AK9 and IK5 hold."""
    return tuple(dict.fromkeys(codes))[:5]


def _included(text: str, counted: int) -> int:
    """Read GE01; what is no count, or missing, is counted instead."""
    return int(text) if text.isascii() and text.isdigit() else counted
