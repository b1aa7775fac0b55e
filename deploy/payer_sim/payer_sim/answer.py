"""What comes back at once for an interchange of claims: TA1, 999, and 277CAs of the clearinghouse
and of each payer. Pure: the same interchange, rules and sightings give the same answers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from payer_sim.adjudicate import Taken, content_of, lines_of
from payer_sim.scenarios import LINE_FAULTS, ONCE, REJECTIONS, Rules
from rcm.platform.clearinghouse.port import Kind
from rcm.x12 import ta1, x277ca, x999
from rcm.x12.envelope import Interchange
from rcm.x12.findings import Finding
from rcm.x12.pattern import unit_pattern
from rcm.x12.reader import Reader
from rcm.x12.registry import guide
from rcm.x12.writer import STANDARD, Envelope
from rcm.x12.x837 import (
    CheckedClaim,
    Claim,
    FileCheck,
    InstitutionalClaim,
    ProfessionalClaim,
    ReadClaim,
    Stream,
)

CLEARINGHOUSE_NAME: Final = "SIMULATED CLEARINGHOUSE"

_TAKEN_BY_CLEARINGHOUSE: Final = x277ca.StatusCode("A1", "19", "PR")
_TAKEN_BY_PAYER: Final = x277ca.StatusCode("A2", "20", "PR")
_REFUSED_BY_CLEARINGHOUSE: Final = x277ca.StatusCode("A7", "500", "QC")
_REFUSED_BY_PAYER: Final = x277ca.StatusCode("A7", "164", "IL")
_FAULTY: Final = x277ca.StatusCode("A3", "21", "85")
_BEYOND_999: Final = 3
"""SNIP level from which errors are a 277CA's matter."""


class Sighting(NamedTuple):
    """What is known of a claim from earlier interchanges.

    Attributes:
        was_seen: It came before.
        was_accepted: It was taken into adjudication: again, it is a duplicate.
    """

    was_seen: bool = False
    was_accepted: bool = False


class File(NamedTuple):
    """A file to put into the mailbox.

    Attributes:
        kind: What it holds.
        data: Its bytes.
        is_late: It comes after the 835 of its claims.
    """

    kind: Kind
    data: bytes
    is_late: bool = False


class Answer(NamedTuple):
    """All that follows from an interchange.

    Attributes:
        files: In the order in which they come.
        taken: Claims that go into adjudication.
        seen: Ids of all its claims.
    """

    files: list[File]
    taken: list[Taken]
    seen: list[str]


class _Met(NamedTuple):
    """A claim of the interchange and what it meets."""

    claim: Claim
    transaction: str
    reference: str
    scenario: str
    is_faulty: bool
    sighting: Sighting


def line_fault(data: bytes, rules: Rules, look: Callable[[str], Sighting]) -> str:
    """Tell what happens to the request that brings an interchange; empty for nothing."""
    named = {*rules.claims.values(), *rules.members.values(), *rules.payers.values()}
    if not named.intersection(LINE_FAULTS):
        return ""
    for event in Stream(data, check=False):
        if isinstance(event, ReadClaim):
            scenario = _scenario(event.claim, rules)
            if scenario in LINE_FAULTS and not look(event.claim.claim_id).was_seen:
                return scenario
    return ""


def answer(
    data: bytes,
    box: str,
    rules: Rules,
    look: Callable[[str], Sighting],
    now: datetime,
    next_number: Callable[[], int],
) -> Answer:
    """Read an interchange and answer it.

    Args:
        data: What was received; one interchange.
        box: Whose mailbox the answers go to.
        rules: Which claim meets what.
        look: Finds what is known of a claim.
        now: When.
        next_number: Gives control numbers, each once.
    """
    _make_patterns()
    check = FileCheck(data, as_of=now.date())
    met = [_meet(event, rules, look) for event in check if isinstance(event, CheckedClaim)]
    reader = check.stream.reader
    if not reader.interchanges:
        return Answer([], [], [])
    return _Desk(reader.interchanges[0], check.findings, box, rules, now, next_number).answer(met)


def numbers_of(data: bytes) -> tuple[str, str, str]:
    """Give ISA06, ISA08 and ISA13 of the first interchange; empty texts for none."""
    reader = Reader(data)
    for _ in reader.units():
        break
    if not reader.interchanges:
        return "", "", ""
    first = reader.interchanges[0]
    return first.sender[1], first.receiver[1], first.control_number


@cache
def _make_patterns() -> None:
    """Make the checker's quick way once: no file is long enough for it to pay by itself."""
    for version in ("005010X222A1", "005010X223A2"):
        table = guide(version)
        assert table is not None, version
        for name in ("HL", "CLM"):
            unit_pattern(table, name, STANDARD)


def _meet(event: CheckedClaim, rules: Rules, look: Callable[[str], Sighting]) -> _Met:
    claim = event.claim
    sighting = look(claim.claim_id)
    scenario = _scenario(claim, rules)
    if scenario in ONCE and (sighting.was_seen or scenario in LINE_FAULTS):
        scenario = "contractual"
    faults = (*event.findings, *event.findings_above)
    is_faulty = any(one.is_error and one.level >= _BEYOND_999 for one in faults)
    submission = event.read.submission
    reference = submission.originator_reference_number if submission is not None else ""
    transaction = event.read.origin.unit.transaction.control_number
    return _Met(claim, transaction, reference, scenario, is_faulty, sighting)


def _scenario(claim: Claim, rules: Rules) -> str:
    subscriber = claim.subscriber
    return rules.scenario(
        claim.claim_id,
        subscriber.member_number,
        claim.payer.number,
        subscriber.group_number,
        content_of(claim),
    )


class _Desk:
    """Answers one interchange."""

    def __init__(
        self,
        interchange: Interchange,
        findings: Sequence[Finding],
        box: str,
        rules: Rules,
        now: datetime,
        next_number: Callable[[], int],
    ) -> None:
        self._interchange = interchange
        self._findings = findings
        self._box = box
        self._rules = rules
        self._now = now.astimezone(UTC)
        self._next_number = next_number

    def answer(self, met: Sequence[_Met]) -> Answer:
        """Give all that comes back, in order."""
        seen = [one.claim.claim_id for one in met]
        files: list[File] = []
        verdict = ta1.acknowledge(self._interchange, self._findings)
        if any(one.scenario == "rejected-ta1" for one in met):
            verdict = replace(verdict, status_code=ta1.REJECTED, note_code="024")
        if self._interchange.wants_ta1 or verdict.is_rejected:
            files.append(File("TA1", ta1.write([verdict], self._envelope())))
        if verdict.is_rejected:
            return Answer(files, [], seen)
        groups = self._groups(met)
        files.append(File("999", x999.write(groups, self._envelope())))
        refused = {
            one.transaction_control_number
            for group in groups
            for one in group.transactions
            if not one.is_accepted
        }
        passed = [one for one in met if one.transaction not in refused]
        accepted, clearinghouse = self._clearinghouse(passed)
        files += clearinghouse
        taken, payers = self._payers(accepted)
        return Answer([*files, *payers], taken, seen)

    def _groups(self, met: Sequence[_Met]) -> tuple[x999.GroupAcknowledgment, ...]:
        groups = x999.acknowledge(self._interchange, self._findings)
        culprits = {
            one.transaction: one.claim.claim_id for one in met if one.scenario == "rejected-999"
        }
        if not culprits:
            return groups
        return tuple(_with_refusals(group, culprits) for group in groups)

    def _clearinghouse(self, met: Sequence[_Met]) -> tuple[list[_Met], list[File]]:
        """Refuse at the clearinghouse what is faulty; pass the others on."""
        if not met:
            return [], []
        codes: dict[str, x277ca.StatusCode] = {}
        for one in met:
            if one.scenario == "rejected-277ca-clearinghouse":
                codes[one.claim.claim_id] = _REFUSED_BY_CLEARINGHOUSE
            elif one.is_faulty:
                codes[one.claim.claim_id] = _FAULTY
        source = x277ca.Party(
            "AY", "2", CLEARINGHOUSE_NAME, qualifier_code="46", number=self._interchange.receiver[1]
        )
        file = self._status(met, source, codes, _TAKEN_BY_CLEARINGHOUSE, {}, is_late=False)
        return [one for one in met if one.claim.claim_id not in codes], [file]

    def _payers(self, met: Sequence[_Met]) -> tuple[list[Taken], list[File]]:
        """Let each payer refuse or take what reaches it."""
        by_payer: dict[tuple[str, bool], list[_Met]] = {}
        for one in met:
            is_late = one.scenario == "835-before-277ca"
            by_payer.setdefault((one.claim.payer.number, is_late), []).append(one)
        files: list[File] = []
        taken: list[Taken] = []
        for (_, is_late), group in by_payer.items():
            codes = {
                one.claim.claim_id: _REFUSED_BY_PAYER
                for one in group
                if one.scenario == "rejected-277ca-payer"
            }
            accepted = [self._taken(one) for one in group if one.claim.claim_id not in codes]
            numbers = {one.claim_id: one.payer_number for one in accepted}
            payer = group[0].claim.payer
            source = x277ca.Party("PR", "2", payer.name, qualifier_code="PI", number=payer.number)
            files.append(
                self._status(group, source, codes, _TAKEN_BY_PAYER, numbers, is_late=is_late)
            )
            taken += accepted
        return taken, files

    def _taken(self, one: _Met) -> Taken:
        claim = one.claim
        number = self._rules.number("payer number", claim.claim_id, 10**12)
        suffix = "D" if one.sighting.was_accepted else ""
        subscriber, provider = claim.subscriber, claim.billing_provider
        person = claim.patient if claim.patient is not None else subscriber
        following = next((one for one in claim.other_payers if one.paid_cents is None), None)
        return Taken(
            claim_id=claim.claim_id,
            box=self._box,
            payer_id=claim.payer.number,
            payer_name=claim.payer.name,
            payee_npi=provider.npi,
            payee_name=provider.name,
            payee_tax_number=provider.employer_id_number,
            receiver_id=self._interchange.receiver[1],
            submitter_id=self._interchange.sender[1],
            payer_number=f"{number:012d}{suffix}",
            scenario=one.scenario if one.scenario not in REJECTIONS else "contractual",
            frequency_code=claim.frequency_code,
            replaced_number=claim.payer_claim_control_number,
            sequence_code=subscriber.responsibility_code,
            filing_code=subscriber.claim_filing_indicator_code,
            facility_code=_facility_code(claim),
            billed_cents=claim.billed_cents,
            lines=lines_of(claim),
            content=content_of(claim),
            last_name=person.name,
            first_name=person.first_name,
            member_number=subscriber.member_number,
            is_duplicate=one.sighting.was_accepted,
            next_payer_id=following.number if following is not None else "",
            next_payer_name=following.name if following is not None else "",
        )

    def _status(
        self,
        met: Sequence[_Met],
        source: x277ca.Party,
        refusals: Mapping[str, x277ca.StatusCode],
        acceptance: x277ca.StatusCode,
        numbers: Mapping[str, str],
        *,
        is_late: bool,
    ) -> File:
        today = self._now.date()
        by_reference: dict[str, list[_Met]] = {}
        for one in met:
            by_reference.setdefault(one.reference, []).append(one)
        document = x277ca.ClaimAcknowledgment(
            transaction_control_number="0001",
            reference_number=f"{self._interchange.control_number}{len(met)}",
            created_on=today,
            created_time=f"{self._now:%H%M%S}",
            source=source,
            source_trace_number=self._interchange.control_number,
            received_on=today,
            processed_on=today,
            receivers=tuple(
                self._receiver(reference, group, refusals, acceptance, numbers)
                for reference, group in by_reference.items()
            ),
        )
        return File("277CA", x277ca.write([document], self._envelope()), is_late)

    def _receiver(
        self,
        reference: str,
        met: Sequence[_Met],
        refusals: Mapping[str, x277ca.StatusCode],
        acceptance: x277ca.StatusCode,
        numbers: Mapping[str, str],
    ) -> x277ca.ReceiverStatus:
        submitter = self._interchange.sender[1]
        by_provider: dict[str, list[_Met]] = {}
        for one in met:
            by_provider.setdefault(one.claim.billing_provider.npi, []).append(one)
        return x277ca.ReceiverStatus(
            receiver=x277ca.Party("41", "2", submitter, qualifier_code="46", number=submitter),
            originator_reference_number=reference,
            statuses=(self._said(_TAKEN_BY_CLEARINGHOUSE, met),),
            providers=tuple(
                x277ca.ProviderStatus(
                    provider=x277ca.Party(
                        "85",
                        "2",
                        group[0].claim.billing_provider.name,
                        qualifier_code="XX",
                        number=npi,
                    ),
                    claims=tuple(
                        self._claim(
                            one,
                            refusals.get(one.claim.claim_id, acceptance),
                            numbers.get(one.claim.claim_id, ""),
                        )
                        for one in group
                    ),
                )
                for npi, group in by_provider.items()
            ),
        )

    def _claim(self, one: _Met, code: x277ca.StatusCode, payer_number: str) -> x277ca.ClaimStatus:
        claim = one.claim
        person = claim.patient if claim.patient is not None else claim.subscriber
        days = [line.service_from for line in lines_of(claim) if line.service_from]
        return x277ca.ClaimStatus(
            claim_id=claim.claim_id,
            patient=x277ca.Party(
                "QC",
                "1",
                person.name,
                person.first_name,
                qualifier_code="MI",
                number=claim.subscriber.member_number,
            ),
            statuses=(self._said(code, [one]),),
            payer_claim_control_number=payer_number,
            service_from=min(days) if days else self._now.date(),
        )

    def _said(self, code: x277ca.StatusCode, met: Iterable[_Met]) -> x277ca.Status:
        is_refusal = code.status_category_code in x277ca.REJECTED_CATEGORIES
        return x277ca.Status(
            codes=(code,),
            effective_on=self._now.date(),
            action_code="U" if is_refusal else "WQ",
            billed_cents=sum(one.claim.billed_cents for one in met),
        )

    def _envelope(self) -> Envelope:
        number = self._next_number()
        return Envelope(
            sender=("ZZ", self._interchange.receiver[1]),
            receiver=("ZZ", self._interchange.sender[1]),
            interchange_control_number=number,
            group_control_number=number,
            at=self._now,
        )


def _with_refusals(
    group: x999.GroupAcknowledgment, culprits: Mapping[str, str]
) -> x999.GroupAcknowledgment:
    """Refuse the transaction sets of the claims that are to be refused, each naming its claim."""
    transactions = tuple(
        replace(
            one,
            status_code=x999.REJECTED,
            error_codes=("5",),
            segments=(
                x999.SegmentError(
                    segment_id="CLM",
                    position=25,
                    loop_id="2300",
                    error_code="8",
                    contexts=(x999.Context(name="CLM01", reference_number=culprit),),
                    elements=(
                        x999.ElementError(element=2, element_reference="782", error_code="6"),
                    ),
                ),
            ),
        )
        if (culprit := culprits.get(one.transaction_control_number))
        else one
        for one in group.transactions
    )
    accepted = sum(one.is_accepted for one in transactions)
    status = x999.REJECTED if not accepted else x999.PARTLY
    return replace(group, transactions=transactions, status_code=status, accepted_count=accepted)


def _facility_code(claim: Claim) -> str:
    if isinstance(claim, InstitutionalClaim):
        return claim.bill_type_code
    assert isinstance(claim, ProfessionalClaim), "837P and 837I only"
    return claim.place_of_service_code
