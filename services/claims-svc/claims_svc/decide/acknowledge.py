"""What an acknowledgement file does to interchanges and claims.

Three things may surprise a file: we may not have recorded yet that its interchange was sent (then
its very existence settles that it was), it may be about an earlier sending of a claim, and it may
contradict what somebody further down the way has said. None of them is lost: each is recorded, and
only what moves the claim's present sending moves the claim.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from claims_svc.codec.answers import Answers, ClaimAnswer, TransactionAnswer
from claims_svc.decide.send import settle
from claims_svc.model.states import (
    LEVELS,
    ClaimState,
    SequenceState,
    acknowledgement_stream,
)
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import (
    AcknowledgementReceived,
    ClaimAcknowledged,
    ClaimRejected,
    ClaimReleased,
    PayerNumberLearned,
)
from rcm.events.claims_coordination import PriorAnswer, PriorAnswerLearned
from rcm.events.clinical import Reason
from rcm.events.envelope import Recorded
from rcm.events.remit import RemittanceReceived

ATTEMPTS_MAX: Final = 5
"""A claim whose transaction set was refused for others goes out again by itself so often."""

_OPAQUE: Final = re.compile(r"[A-Z0-9]{1,20}", re.ASCII)


class KnownInterchange(NamedTuple):
    """An interchange of ours that a file speaks of. Its facts never change.

    Attributes:
        stream: Its sequence.
        interchange_control_number: ISA13.
        group_control_number: GS06.
        claim_ids: By ST02, in order.
    """

    stream: str
    interchange_control_number: str
    group_control_number: str
    claim_ids: Mapping[str, list[str]]

    @property
    def all_claim_ids(self) -> list[str]:
        """The claims of all its transaction sets."""
        return [claim_id for ids in self.claim_ids.values() for claim_id in ids]


class Filed(NamedTuple):
    """An acknowledgement file that came in.

    Attributes:
        answers: What it says.
        sha256: Of its bytes.
        known: The interchanges of ours that it speaks of.
    """

    answers: Answers
    sha256: str
    known: Sequence[KnownInterchange]


def acknowledge(loaded: Loaded, context: Context, files: Iterable[Filed]) -> list[Fact]:
    """Record acknowledgement files that came together and all that follows from them, once.

    A claim that several of them take further is acknowledged once, at the furthest level.

    Args:
        loaded: The files' streams, the sequences, the claims, and the claims that those replace.
        context: For the files' ids.
        files: In the order in which they came.
    """
    facts: list[Fact] = []
    round_ = _Round(loaded)
    for file in files:
        stream = acknowledgement_stream(file.sha256)
        if stream in loaded or file.sha256 in round_.read:
            continue
        round_.read.add(file.sha256)
        work = _File(round_, context.opaque_id("ack", file.sha256), file.known)
        moved = [*work.arrivals(file.answers), *work.facts(file.answers)]
        received = AcknowledgementReceived(
            acknowledgement_id=work.acknowledgement_id,
            kind=file.answers.kind,
            sha256=file.sha256,
            receiver_id=file.answers.sender_id,
            interchange_control_number=next(
                (one.interchange_control_number for one in file.known), ""
            ),
            claim_ids=sorted(work.claim_ids),
            unknown_references=sorted(work.unknown),
            reasons=[*file.answers.reasons, *work.reasons],
        )
        facts += [Fact(stream, received), *moved]
    return [*facts, *round_.acceptances()]


class _Round:
    """What the files of one decision have said so far; the states are those before all of them.

    Attributes:
        loaded: Those states.
        read: The files' sha256.
        settled: Interchanges that are known to have arrived, by sequence and ISA13.
        refused: The last level that refused a claim.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.read: set[str] = set()
        self.settled: set[tuple[str, str]] = set()
        self.refused: dict[str, str] = {}
        self._accepted: dict[str, str] = {}
        self._pending: dict[str, ClaimAcknowledged] = {}

    def accepted_level(self, claim: ClaimState) -> str:
        """The furthest level that has taken a claim."""
        return self._accepted.get(claim.claim_id, claim.accepted_level)

    def accept(self, claim: ClaimState, told: ClaimAcknowledged) -> None:
        """Note an acceptance, unless it says nothing new."""
        claim_id, level, number = told.claim_id, told.level, told.payer_claim_control_number
        before = self.accepted_level(claim)
        pending = self._pending.get(claim_id)
        known = (pending.payer_claim_control_number if pending is not None else "") or (
            claim.payer_number
        )
        if LEVELS.index(level) <= LEVELS.index(before) and number in ("", known):
            return
        self._accepted[claim_id] = max(level, before, key=LEVELS.index)
        if pending is not None and not number:
            told = replace(told, payer_claim_control_number=pending.payer_claim_control_number)
        self._pending[claim_id] = told

    def acceptances(self, claim_id: str = "") -> Iterator[Fact]:
        """Give what was noted and not given yet; of one claim, where one is named."""
        for one in [claim_id] if claim_id else list(self._pending):
            told = self._pending.pop(one, None)
            if told is not None:
                yield Fact(one, told)


class _File:
    """One file on its way into facts; remembers what it met."""

    def __init__(
        self, round_: _Round, acknowledgement_id: str, known: Iterable[KnownInterchange]
    ) -> None:
        self.acknowledgement_id = acknowledgement_id
        self.claim_ids: set[str] = set()
        self.unknown: set[str] = set()
        self.reasons: list[Reason] = []
        self._round = round_
        self._interchanges = {one.interchange_control_number: one for one in known}
        self._by_group = {one.group_control_number: one for one in self._interchanges.values()}

    def arrivals(self, answers: Answers) -> Iterator[Fact]:
        """An answer to an interchange proves that it arrived."""
        for number, one in self._interchanges.items():
            sequence = self._round.loaded.get(one.stream)
            if not isinstance(sequence, SequenceState) or number not in sequence.open:
                continue
            if (one.stream, number) not in self._round.settled:
                self._round.settled.add((one.stream, number))
                yield from settle(self._round.loaded, one.stream, number, "sent", answers.kind)

    def facts(self, answers: Answers) -> Iterator[Fact]:
        """Go through what the file says in the order of the way to the payer."""
        for interchange in answers.interchanges:
            one = self._interchanges.get(interchange.interchange_control_number)
            if one is None:
                self.unknown.add(_shown(interchange.interchange_control_number))
            elif interchange.is_repeated:
                self.reasons += interchange.reasons
            elif interchange.is_rejected:
                for claim_id in one.all_claim_ids:
                    yield from self._rejected(claim_id, one, "TA1", interchange.reasons)
        named: set[tuple[str, str]] = set()
        for transaction in answers.transactions:
            yield from self._transaction(transaction, named)
        for claim in answers.claims:
            yield from self._claim(claim)

    def _transaction(
        self, answer: TransactionAnswer, named: set[tuple[str, str]]
    ) -> Iterator[Fact]:
        one = self._by_group.get(answer.group_control_number)
        if one is None:
            self.unknown.add(_shown(answer.group_control_number))
            return
        number = answer.transaction_control_number
        if number and number not in one.claim_ids:
            self.unknown.add(_shown(number))
            return
        named.add((one.interchange_control_number, number))
        for transaction, claim_ids in one.claim_ids.items():
            # A 999 may name only what it refuses; what it does not name shares the group's fate.
            unnamed = (one.interchange_control_number, transaction) not in named
            if transaction != number and (number or not unnamed):
                continue
            for claim_id in claim_ids:
                if not answer.is_rejected:
                    self._accepted(claim_id, one, "999")
                    continue
                at_fault = claim_id in answer.claim_ids or not answer.claim_ids
                yield from self._rejected(claim_id, one, "999", answer.reasons, at_fault=at_fault)

    def _claim(self, answer: ClaimAnswer) -> Iterator[Fact]:
        one = self._interchanges.get(answer.interchange_control_number)
        if not answer.claim_id:
            claim_ids = one.claim_ids.get(answer.transaction_control_number, []) if one else []
            if not claim_ids:
                self.unknown.add(_shown(answer.interchange_control_number))
        else:
            claim_ids = [answer.claim_id]
        for claim_id in claim_ids:
            if answer.is_rejected:
                yield from self._rejected(claim_id, one, answer.level, answer.reasons, answer)
            elif not answer.is_accepted:
                self.reasons.append(_neither(claim_id))
            else:
                self._accepted(claim_id, one, answer.level, answer)

    def _present(self, claim_id: str, one: KnownInterchange | None) -> ClaimState | None:
        """Find the claim, if the file speaks of its present sending."""
        claim = self._round.loaded.get(claim_id)
        if not isinstance(claim, ClaimState):
            self.unknown.add(_shown(claim_id))
            return None
        number = claim.interchange_control_number
        if not number or (one is not None and one.interchange_control_number != number):
            self.reasons.append(
                Reason(
                    rule_id="earlier-sending",
                    path=claim_id,
                    text="The answer is about an earlier sending of the claim.",
                    severity="warning",
                )
            )
            return None
        self.claim_ids.add(claim_id)
        return claim

    def _accepted(
        self,
        claim_id: str,
        one: KnownInterchange | None,
        level: str,
        answer: ClaimAnswer | None = None,
    ) -> None:
        claim = self._present(claim_id, one)
        if claim is None:
            return
        told = ClaimAcknowledged(
            claim_id=claim_id,
            level=level,  # type: ignore[arg-type]  # one of LEVELS, which says the same
            acknowledgement_id=self.acknowledgement_id,
        )
        if answer is not None:
            told = replace(
                told,
                received_on=answer.received_on or None,
                payer_claim_control_number=answer.payer_claim_control_number,
                status_category_code=answer.status_category_code,
                status_code=answer.status_code,
            )
        self._round.accept(claim, told)

    def _rejected(
        self,
        claim_id: str,
        one: KnownInterchange | None,
        level: str,
        reasons: list[Reason],
        answer: ClaimAnswer | None = None,
        *,
        at_fault: bool = True,
    ) -> Iterator[Fact]:
        claim = self._present(claim_id, one)
        if claim is None or self._round.refused.get(claim_id, claim.rejected_level) == level:
            return
        self._round.refused[claim_id] = level
        yield from self._round.acceptances(claim_id)
        yield Fact(
            claim_id,
            ClaimRejected(
                claim_id=claim_id,
                level=level,  # type: ignore[arg-type]  # one of LEVELS, which says the same
                reasons=reasons if at_fault else [NOT_AT_FAULT],
                status_category_code=answer.status_category_code if answer is not None else "",
                status_code=answer.status_code if answer is not None else "",
                acknowledgement_id=self.acknowledgement_id,
            ),
        )
        accepted_level = self._round.accepted_level(claim)
        contradicted = LEVELS.index(level) < LEVELS.index(accepted_level)
        if not at_fault and not contradicted and claim.attempt < ATTEMPTS_MAX:
            yield Fact(claim_id, ClaimReleased(claim_id=claim_id, cause="not-at-fault"))


NOT_AT_FAULT: Final = Reason(
    rule_id="999-other-claim",
    path="ST",
    text="The transaction set was refused for another claim in it.",
    remedy="Nothing: the claim goes out again by itself.",
)


def learn_streams(recorded: Recorded[RemittanceReceived]) -> list[str]:
    """Name what `learn` reads and writes."""
    return [recorded.event.claim_id]


def learn(loaded: Loaded, recorded: Recorded[RemittanceReceived], _: Context) -> list[Fact]:
    """Take from a remittance what is not known yet: the payer's number, or that the claim arrived;
    and what the next payer is to be told, where the patient has another coverage.

    A replacement needs the number (REF*F8), and an 835 may come before the 277CA, or without one.
    """
    event = recorded.event
    claim = loaded.get(event.claim_id)
    if not isinstance(claim, ClaimState) or event.kind == "forwarded":
        return []
    number = event.payer_claim_control_number
    facts = []
    if (number and not claim.payer_number) or claim.status == "batched":
        learned = PayerNumberLearned(
            claim_id=claim.claim_id,
            payer_claim_control_number=number,
            remittance_id=event.remittance_id,
        )
        facts.append(Fact(claim.claim_id, learned))
    if claim.later_payer_count and event.kind != "information":
        answered = PriorAnswerLearned(claim_id=claim.claim_id, answer=_answer(event))
        facts.append(Fact(claim.claim_id, answered))
    return facts


def _answer(event: RemittanceReceived) -> PriorAnswer:
    return PriorAnswer(
        remittance_id=event.remittance_id,
        position=event.position,
        payer_sequence_code=event.payer_sequence_code,
        is_reversal=event.kind == "reversal",
        is_forwarded=bool(event.forwarded_to),
        effective_on=event.effective_on,
        payer_claim_control_number=event.payer_claim_control_number,
        billed_cents=event.billed_cents,
        paid_cents=event.paid_cents,
        adjustments=event.adjustments,
        remark_codes=event.remark_codes,
        lines=event.lines,
    )


def _neither(claim_id: str) -> Reason:
    return Reason(
        rule_id="status-not-understood",
        path=claim_id,
        text="The status neither accepts nor refuses the claim.",
        remedy="Ask whoever sent it.",
        severity="warning",
    )


def _shown(reference: str) -> str:
    """Give a foreign reference only where it can be no more than a number of some system."""
    return reference if _OPAQUE.fullmatch(reference) is not None else "(not shown)"
