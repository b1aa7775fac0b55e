"""What came back: TA1, 999 and 277CA as answers to our interchanges, transaction sets and claims.

A file may hold several of them. Nothing is decided here, and nothing that may identify a person is
kept: a reason says where and what, never a value.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from claims_svc.codec.check import reason_of
from rcm.events.clinical import Reason
from rcm.x12 import ta1, x277ca, x999
from rcm.x12.findings import errors
from rcm.x12.reader import Reader

Kind = Literal["TA1", "999", "277CA", "unreadable"]
ClaimLevel = Literal["277CA-clearinghouse", "277CA-payer"]

_ORIGINATOR_DIGITS: Final = 18
_CODE: Final = re.compile(r"[A-Za-z0-9]{1,6}", re.ASCII)
_NUMBER_REPEATED: Final = "025"
_CLEARINGHOUSE: Final = "AY"
_CLAIM_CONTEXTS: Final = ("CLM01", "CLAIM")

TA1_NOTES: Final = {
    "001": "the control numbers of ISA and IEA differ",
    "021": "the count of functional groups is wrong",
    "023": "the end of the file is missing or came too early",
    "024": "something in it is not X12",
    "025": "the interchange control number was used before",
    "027": "the component separator is not usable",
}
"""In our words; other notes are given by their code."""


class InterchangeAnswer(NamedTuple):
    """A TA1: whether an interchange's envelope was received whole.

    Attributes:
        interchange_control_number: ISA13, which is ours.
        is_rejected: Nothing of it was taken.
        is_repeated: It was refused because its number had come before: what came first under that
            number may well have been taken, so this refuses no claim.
        reasons: Why.
    """

    interchange_control_number: str
    is_rejected: bool
    is_repeated: bool
    reasons: list[Reason]


class TransactionAnswer(NamedTuple):
    """What a 999 says of one transaction set, or of a group without naming one.

    Attributes:
        group_control_number: GS06, which is ours.
        transaction_control_number: ST02, which is ours; empty for all that are not named.
        is_rejected: IK501, or AK901 for those that are not named.
        claim_ids: The claims that its errors name.
        reasons: Its errors.
    """

    group_control_number: str
    transaction_control_number: str
    is_rejected: bool
    claim_ids: frozenset[str]
    reasons: list[Reason]


class ClaimAnswer(NamedTuple):
    """What a 277CA says of one claim, or of a whole transaction set.

    Attributes:
        claim_id: 2200D TRN02; empty where all claims of a file are meant.
        interchange_control_number: From the reference that we gave (BHT03); empty if it is none.
        transaction_control_number: Likewise.
        level: Who speaks.
        is_rejected: Whether it was refused.
        is_accepted: Whether it was taken; neither, where the status says something else.
        received_on: 2200A DTP*050 of the source, or empty.
        payer_claim_control_number: REF*1K, where the payer speaks.
        status_category_code: STC01-1.
        status_code: STC01-2.
        reasons: What was refused.
    """

    claim_id: str
    interchange_control_number: str
    transaction_control_number: str
    level: ClaimLevel
    is_rejected: bool
    is_accepted: bool
    received_on: str
    payer_claim_control_number: str
    status_category_code: str
    status_code: str
    reasons: list[Reason]


class Answers(NamedTuple):
    """An acknowledgement file, read.

    Attributes:
        kind: What it holds; of several, what comes last on the way.
        sender_id: ISA06: the receiver of our interchanges.
        interchanges: TA1s.
        transactions: From 999s.
        claims: From 277CAs.
        reasons: What is wrong with the file itself.
    """

    kind: Kind
    sender_id: str
    interchanges: list[InterchangeAnswer]
    transactions: list[TransactionAnswer]
    claims: list[ClaimAnswer]
    reasons: list[Reason]


def read_answers(data: bytes) -> Answers:
    """Read an acknowledgement file. Raises for nothing that a file may hold."""
    reader = Reader(data)
    sets = {unit.transaction.set_code for unit in reader.units()}
    sender_id = reader.interchanges[0].sender[1] if reader.interchanges else ""
    interchanges = [_interchange(one) for found in reader.interchanges for one in ta1.read(found)]
    reasons = [reason_of(finding) for finding in errors(reader.findings)]
    transactions: list[TransactionAnswer] = []
    claims: list[ClaimAnswer] = []
    kind: Kind = "TA1" if interchanges else "unreadable"
    if sets & {"999", "997"}:
        reading = x999.read(data)
        for group in reading.acknowledgments:
            transactions += _transactions(group)
        reasons += [reason_of(one) for aside in reading.set_aside for one in aside.findings]
        kind = "999" if transactions else kind
    if "277" in sets:
        found = x277ca.read(data)
        for document in found.acknowledgments:
            claims += _claims(document)
        reasons += [reason_of(one) for aside in found.set_aside for one in aside.findings]
        kind = "277CA" if claims else kind
    return Answers(kind, sender_id, interchanges, transactions, claims, reasons)


def _interchange(one: ta1.InterchangeAcknowledgment) -> InterchangeAnswer:
    reasons = []
    if one.is_rejected:
        note = _code(one.note_code)
        text = TA1_NOTES.get(note, f"note {note}")
        reasons.append(
            Reason(
                rule_id=f"ta1-{note}",
                path="ISA",
                text=f"The receiver refused the interchange: {text}.",
                remedy="Correct the cause and release the claims; they go out anew.",
            )
        )
    is_repeated = one.is_rejected and one.note_code == _NUMBER_REPEATED
    return InterchangeAnswer(
        one.interchange_control_number,
        one.is_rejected and not is_repeated,
        is_repeated,
        reasons,
    )


def _transactions(group: x999.GroupAcknowledgment) -> Iterator[TransactionAnswer]:
    rejects_all = group.status_code not in ("A", "E", "P")
    for one in group.transactions:
        yield TransactionAnswer(
            group.group_control_number,
            one.transaction_control_number,
            rejects_all or not one.is_accepted,
            frozenset(_named_claims(one.segments)),
            list(_segment_reasons(one)),
        )
    codes = ", ".join(map(_code, group.error_codes))
    reasons = []
    if rejects_all:
        text = f"The receiver refused the functional group{f' (AK9 {codes})' if codes else ''}."
        reasons.append(
            Reason(
                rule_id="999-group-rejected",
                path="GS",
                text=text,
                remedy="Correct the cause and release the claims; they go out anew.",
            )
        )
    yield TransactionAnswer(group.group_control_number, "", rejects_all, frozenset(), reasons)


def _named_claims(segments: Iterable[x999.SegmentError]) -> Iterator[str]:
    for segment in segments:
        for context in segment.contexts:
            for name, number in ((context.name, context.reference_number), *context.further):
                if name.upper().startswith(_CLAIM_CONTEXTS) and number:
                    yield number


def _segment_reasons(one: x999.TransactionAcknowledgment) -> Iterator[Reason]:
    remedy = "Correct it where it comes from; then release the claim."
    for segment in one.segments:
        place = f"{_code(segment.loop_id)} {_code(segment.segment_id)}".removeprefix("? ")
        error = _code(segment.error_code)
        if not segment.elements:
            yield Reason(
                rule_id=f"999-ik3-{error}".lower(),
                path=place,
                text=f"Segment {segment.position} is refused with IK304 {error}.",
                remedy=remedy,
            )
        for element in segment.elements:
            component = f"-{element.component}" if element.component else ""
            error = _code(element.error_code)
            yield Reason(
                rule_id=f"999-ik4-{error}".lower(),
                path=f"{place}{element.element:02d}{component}",
                text=f"The element is refused with IK403 {error}.",
                remedy=remedy,
            )
    if not one.is_accepted and not one.segments:
        codes = ", ".join(map(_code, one.error_codes or (one.status_code,)))
        yield Reason(
            rule_id="999-transaction-rejected",
            path="ST",
            text=f"The transaction set is refused with IK5 {codes}.",
            remedy=remedy,
        )


def _claims(document: x277ca.ClaimAcknowledgment) -> Iterator[ClaimAnswer]:
    is_clearinghouse = document.source.entity_code == _CLEARINGHOUSE
    level: ClaimLevel = "277CA-clearinghouse" if is_clearinghouse else "277CA-payer"
    received_on = document.received_on.isoformat() if document.received_on is not None else ""
    for receiver in document.receivers:
        interchange, transaction = _numbers(receiver.originator_reference_number)
        if not receiver.providers and any(one.is_rejection for one in receiver.statuses):
            yield _answer("", (interchange, transaction), level, received_on, "", receiver.statuses)
        for provider in receiver.providers:
            for claim in provider.claims:
                statuses = (*claim.statuses, *(s for line in claim.lines for s in line.statuses))
                number = "" if is_clearinghouse else claim.payer_claim_control_number
                yield _answer(
                    claim.claim_id,
                    (interchange, transaction),
                    level,
                    received_on,
                    number,
                    statuses,
                )


def _answer(
    claim_id: str,
    numbers: tuple[str, str],
    level: ClaimLevel,
    received_on: str,
    payer_number: str,
    statuses: Iterable[x277ca.Status],
) -> ClaimAnswer:
    given = list(statuses)
    refusals = [one for one in given if one.is_rejection]
    decisive = (refusals or given)[:1]
    codes = decisive[0].codes[:1] if decisive else ()
    return ClaimAnswer(
        claim_id,
        *numbers,
        level,
        bool(refusals),
        not refusals and any(c.status_category_code in x277ca.ACCEPTED_CATEGORIES for c in codes),
        received_on,
        payer_number,
        codes[0].status_category_code if codes else "",
        codes[0].status_code if codes else "",
        [_status_reason(code) for one in refusals for code in one.codes],
    )


def _status_reason(code: x277ca.StatusCode) -> Reason:
    category, status = _code(code.status_category_code), _code(code.status_code)
    about = f" about {_code(code.entity_code)}" if code.entity_code else ""
    return Reason(
        rule_id=f"277ca-{category}-{status}".lower(),
        path="2200D STC",
        text=f"Refused with category {category}, status {status}{about}.",
        remedy="Look the status up (code source 508), correct the claim, and release it.",
    )


def _code(text: str) -> str:
    """Give a code as it came; anything longer or stranger than a code is not repeated."""
    return text if _CODE.fullmatch(text) is not None else "?"


def _numbers(reference: str) -> tuple[str, str]:
    """Read ISA13 and ST02 from the reference that we gave; empty where it is not one of ours."""
    ours = len(reference) == _ORIGINATOR_DIGITS and reference.isascii() and reference.isdigit()
    return (reference[:9], reference[9:]) if ours else ("", "")
