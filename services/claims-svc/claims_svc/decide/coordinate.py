"""After one payer's answer, the claim for the next one: built from it, balanced, or held.

    PriorAnswerLearned ──▶ (job) ──▶ ClaimCoordinated  on the claim that was answered
                                     ClaimPrepared or ClaimHeld  on the next payer's claim

The next payer's claim has a number of its own, and names in 2320 and 2430 what every payer before
said. None is made where the payer sent the claim on by itself (crossover), or where nothing is
left to the patient. An answer that changes builds a claim anew that has not left, and replaces one
that has (frequency 7, REF*F8). Where nothing is to be asked any more, one that has not left is
dropped, and one that has is voided (8), once the payer's number is known.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from claims_svc.decide.bill import Directories
from claims_svc.decide.prepare import Identity, prepare
from claims_svc.model.content import (
    ClaimContent,
    Form,
    OtherCoverage,
    claim_id_for,
    day,
    with_directory,
)
from claims_svc.model.prior import (
    SEQUENCE,
    PriorAdjudication,
    SequenceCode,
    Standing,
    adjudications,
    standing,
)
from claims_svc.model.states import ClaimState
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import ClaimReplaced
from rcm.events.claims_coordination import ClaimCoordinated
from rcm.events.phi import Phi

_MEDICARE: Final = ("MA", "MB")

Outcome = Literal["billed", "crossed-over", "nothing-left", "taken-back", "last-payer", "voided"]


class Named(NamedTuple):
    """The streams that a coordination reads and writes, as they were looked up.

    Attributes:
        claim_id: The claim that was answered.
        standing_id: The claim that stands for the next payer, or empty.
        new_id: The claim that may be made; see `next_claim_id`.
    """

    claim_id: str
    standing_id: str
    new_id: str

    @property
    def streams(self) -> list[str]:
        """All of them."""
        return list(dict.fromkeys(filter(None, self)))


def next_claim_id(
    tenant_id: str,
    encounter_id: str,
    claim_id: str,
    form: Form,
    answer_count: int,
    *,
    is_voided: bool = False,
) -> str:
    """Derive the id of a claim for the next payer: another one for each answer that changes it, and
    for the void that follows the claim's own.
    """
    cause = f"{claim_id} next {answer_count}{' void' if is_voided else ''}"
    return claim_id_for(tenant_id, encounter_id, form, 1, cause)


def coordinate(
    loaded: Loaded, context: Context, named: Named, sealed: Phi, directories: Directories
) -> list[Fact]:
    """Tell the next payer what the payers before have said.

    Args:
        loaded: The claims of `named`.
        context: When, and whose.
        named: Which.
        sealed: What the answered claim was written from.
        directories: The tenants' directories.

    Returns:
        Nothing while the claim that stands for the next payer is on its way: look again.
    """
    claim = loaded.get(named.claim_id)
    if not isinstance(claim, ClaimState) or not claim.is_to_be_coordinated:
        return []
    content = context.open(sealed, ClaimContent)
    new_id = next_claim_id(
        context.tenant_id,
        claim.encounter_id,
        claim.claim_id,
        claim.form,
        len(claim.answers),
        is_voided=claim.is_voided,
    )
    if content is None or named.new_id != new_id:
        # Another answer came meanwhile.
        return []
    stand = standing(claim.answers)
    said = {**_before(content), **adjudications(stand, content.lines)}
    before = loaded.get(named.standing_id)
    if not isinstance(before, ClaimState) or before.status == "replaced":
        before = None
    turn = _Turn(context, claim, content, before, named.new_id, directories)
    return turn.facts(stand, said)


def _before(content: ClaimContent) -> dict[SequenceCode, PriorAdjudication]:
    """Give what the payers before the one that was billed had said already."""
    return {
        one.coverage.sequence_code: one.adjudication
        for one in content.prior_payers
        if one.adjudication is not None
    }


class _Turn:
    """One payer's turn after another's."""

    def __init__(
        self,
        context: Context,
        claim: ClaimState,
        content: ClaimContent,
        before: ClaimState | None,
        new_id: str,
        directories: Directories,
    ) -> None:
        self._context = context
        self._claim = claim
        self._content = content
        self._before = before
        self._new_id = new_id
        self._directory = directories(context.tenant_id)

    def facts(self, stand: Standing, said: Mapping[SequenceCode, PriorAdjudication]) -> list[Fact]:
        """Decide whether a next payer is asked, and for what."""
        if self._claim.is_voided:
            return self._ask_nothing("voided", "prior-voided", self._own_following(), said)
        own_place = SEQUENCE.index(self._content.coverage.sequence_code)
        answered = [code for code in SEQUENCE[own_place:] if stand.of(code)]
        if not answered:
            return [self._coordinated("taken-back"), *self._hold_back()]
        last = answered[-1]
        left_cents, last_answer = stand.left_cents(last), stand.of(last)[-1]
        following = self._following(last)
        if following is None:
            return [self._coordinated("last-payer", None, left_cents)]
        if last_answer.is_forwarded:
            return self._ask_nothing("crossed-over", "crossed-over", following, said, left_cents)
        if left_cents <= 0:
            return self._ask_nothing("nothing-left", "nothing-left", following, said, left_cents)
        return self._bill(following, said, left_cents)

    def _own_following(self) -> OtherCoverage | None:
        return self._following(self._content.coverage.sequence_code)

    def _following(self, last: SequenceCode) -> OtherCoverage | None:
        later = SEQUENCE[SEQUENCE.index(last) + 1 :]
        return next(
            (one for one in self._content.others if one.coverage.sequence_code in later), None
        )

    def _bill(
        self,
        following: OtherCoverage,
        said: Mapping[SequenceCode, PriorAdjudication],
        left_cents: int,
    ) -> list[Fact]:
        content = self._next_content(following, said)
        adjudicated_on = max(one.adjudicated_on for one in said.values())
        before, claim_id, replaces = self._before, self._new_id, ""
        if before is not None and before.frequency_code == "8" and before.status == "sent":
            before = None
        if before is not None:
            if _must_wait(before):
                return []
            if before.status == "sent":
                number = before.payer_number
                content = replace(content, frequency_code="7", payer_claim_control_number=number)
                replaces = before.claim_id
            else:
                claim_id, replaces = before.claim_id, before.replaces_claim_id
                content = replace(
                    content,
                    # A void that never left becomes the replacement that is wanted now.
                    frequency_code="7" if before.replaces_claim_id else "1",
                    payer_claim_control_number=before.payer_claim_control_number,
                )
        identity = Identity(
            claim_id,
            self._claim.encounter_id,
            self._claim.coded_version,
            self._claim.patient_id,
            replaces,
            self._clock(content, adjudicated_on),
            prior_claim_id=self._claim.claim_id,
        )
        made = prepare(identity, content, self._directory, self._context)
        return [self._coordinated("billed", following, left_cents, claim_id), made]

    def _next_content(
        self, following: OtherCoverage, said: Mapping[SequenceCode, PriorAdjudication]
    ) -> ClaimContent:
        """Turn the claim round: the next payer is asked, those before say what they did."""
        content = self._content
        billed = OtherCoverage(coverage=content.coverage, subscriber=content.subscriber)
        others = [
            replace(one, adjudication=said.get(one.coverage.sequence_code))
            for one in (billed, *content.others)
            if one.coverage.sequence_code != following.coverage.sequence_code
        ]
        others.sort(key=lambda one: SEQUENCE.index(one.coverage.sequence_code))
        turned = replace(
            content,
            coverage=following.coverage,
            subscriber=following.subscriber,
            others=others,
            frequency_code="1",
            payer_claim_control_number="",
            delay_reason_code="",
        )
        return with_directory(turned, self._directory)

    def _clock(self, content: ClaimContent, adjudicated_on: str) -> date | None:
        """Give the day that the limit counts from: the answer of the payer before. Medicare's year
        begins with the service, whoever pays first (42 CFR 424.44).
        """
        is_medicare = content.claim_filing_indicator_code in _MEDICARE
        return None if is_medicare else day(adjudicated_on)

    def _ask_nothing(
        self,
        outcome: Outcome,
        cause: Literal["nothing-left", "crossed-over", "prior-voided"],
        following: OtherCoverage | None,
        said: Mapping[SequenceCode, PriorAdjudication],
        left_cents: int = 0,
    ) -> list[Fact]:
        """Ask nothing of the next payer, and take back what was asked: what never left is dropped,
        what the payer has is voided there once its number is known.
        """
        before = self._before
        if before is None or following is None or before.frequency_code == "8":
            return [self._coordinated(outcome, following, left_cents)]
        if _must_wait(before):
            return []
        if before.status != "sent" and not before.replaces_claim_id:
            gone = ClaimReplaced(
                claim_id=before.claim_id,
                replaced_by="",
                prior_claim_id=before.prior_claim_id,
                cause=cause,
            )
            done = self._coordinated(outcome, following, left_cents)
            return [done, Fact(before.claim_id, gone)]
        if before.status == "sent":
            claim_id, replaces, number = self._new_id, before.claim_id, before.payer_number
        else:
            # A replacement that never left becomes the void of what it was to replace.
            claim_id, replaces = before.claim_id, before.replaces_claim_id
            number = before.payer_claim_control_number
        content = replace(
            self._next_content(following, said),
            frequency_code="8",
            payer_claim_control_number=number,
        )
        identity = Identity(
            claim_id,
            before.encounter_id,
            before.coded_version,
            before.patient_id,
            replaces,
            day(before.accepted_on) or self._context.now.date(),
            prior_claim_id=before.prior_claim_id,
        )
        made = prepare(identity, content, self._directory, self._context)
        return [self._coordinated(outcome, following, left_cents, claim_id), made]

    def _hold_back(self) -> list[Fact]:
        """Keep a claim that has not left until the payer before answers anew."""
        before, following = self._before, self._own_following()
        if before is None or before.was_sent or before.frequency_code == "8" or following is None:
            return []
        identity = Identity(
            before.claim_id,
            before.encounter_id,
            before.coded_version,
            before.patient_id,
            before.replaces_claim_id,
            deadline_on=day(before.filing_deadline_on),
            prior_claim_id=before.prior_claim_id,
        )
        content = replace(
            self._next_content(following, _before(self._content)),
            frequency_code=before.frequency_code,
            payer_claim_control_number=before.payer_claim_control_number,
        )
        return [prepare(identity, content, self._directory, self._context)]

    def _coordinated(
        self,
        outcome: Outcome,
        following: OtherCoverage | None = None,
        left_cents: int = 0,
        claim_id: str = "",
    ) -> Fact:
        coverage = following.coverage if following is not None else None
        event = ClaimCoordinated(
            claim_id=self._claim.claim_id,
            outcome=outcome,
            next_claim_id=claim_id,
            payer_id=coverage.payer_id if coverage is not None else "",
            payer_sequence_code=coverage.sequence_code if coverage is not None else "S",
            left_cents=left_cents,
        )
        return Fact(self._claim.claim_id, event)


def _must_wait(claim: ClaimState) -> bool:
    return claim.status == "batched" or (claim.status == "sent" and not claim.payer_number)
