"""Check 837 claims: before they are written, or as they are read from a file.

    findings = check_claim(claim, as_of=today)            # a claim that is about to be sent
    for event in FileCheck(source, as_of=today): ...      # a file, claim by claim

Checking changes nothing and refuses nothing: it says what is wrong, where, and what to do. Every
rule can be relaxed by its id.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import BinaryIO, Final

from msgspec import Struct

from rcm.x12 import x837_rules as rules
from rcm.x12.code_sets import CodeSets, NoCodeSets, RememberedCodeSets
from rcm.x12.findings import Finding
from rcm.x12.origin import Origin
from rcm.x12.set_aside import SetAside
from rcm.x12.x837_check_claims import (
    dental_faults,
    first_service,
    institutional_faults,
    is_inpatient,
    professional_faults,
    shared_faults,
)
from rcm.x12.x837_check_lines import (
    Circumstances,
    dental_line_faults,
    institutional_line_faults,
    professional_line_faults,
    sum_faults,
)
from rcm.x12.x837_check_parties import (
    address_faults,
    billing_provider_faults,
    patient_faults,
    subscriber_faults,
)
from rcm.x12.x837_check_payers import other_payer_faults
from rcm.x12.x837_claims import Claim, DentalClaim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_faults import Fault, Tell, finding, findings
from rcm.x12.x837_read import Header, ReadClaim, Stream, Trailer

_NO_LISTS: Final = NoCodeSets()
_PREDETERMINATION: Final = frozenset({"005010X291", "005010X292"})
_OFFICE_LINES_MAX: Final = 50
_BILL_LINES_MAX: Final = 999
#: Memory stays constant: so many CLM01 at least are remembered, and twice as many at most. The
#: guides advise 5,000 claims a transaction.
CLAIM_IDS_MAX: Final = 1 << 16


def check_claim(
    claim: Claim,
    *,
    as_of: date | None = None,
    codes: CodeSets = _NO_LISTS,
    relax: frozenset[str] = frozenset(),
    is_encounter: bool = False,
) -> list[Finding]:
    """Check one claim with its provider, subscriber and patient.

    Args:
        claim: The claim.
        as_of: The day that it is sent; births and services after it are faults.
        codes: The code lists that the caller has.
        relax: Ids of rules not to apply.
        is_encounter: Whether it only reports (BHT06 = RP), so that nothing may be billed.
    """
    around = Circumstances(as_of, codes, is_encounter, bool(claim.predetermination_code))
    faults: list[Fault] = []
    tell = faults.append
    billing_provider_faults(tell, claim.billing_provider)
    _holder_faults(tell, claim, as_of)
    if claim.patient is not None:
        patient_faults(tell, claim.patient, as_of)
    claim_faults(tell, claim, around)
    return findings(
        (fault for fault in faults if fault.rule.rule_id not in relax), None, claim.claim_id
    )


def claim_faults(tell: Tell, claim: Claim, around: Circumstances) -> None:
    """Check 2300 and everything inside it."""
    if isinstance(claim, ProfessionalClaim):
        first = first_service(claim.lines)
        shared_faults(tell, claim, first, around)
        professional_faults(tell, claim, first, around)
        sum_faults(tell, claim, claim.lines, _OFFICE_LINES_MAX)
        for place, line in enumerate(claim.lines, 1):
            professional_line_faults(tell, claim, place, line, around)
        other_payer_faults(tell, claim, claim.lines, around.codes)
    elif isinstance(claim, InstitutionalClaim):
        shared_faults(tell, claim, claim.statement_from, around)
        institutional_faults(tell, claim, around)
        sum_faults(tell, claim, claim.lines, _BILL_LINES_MAX)
        inpatient = is_inpatient(claim)
        for place, bill_line in enumerate(claim.lines, 1):
            institutional_line_faults(tell, claim, place, bill_line, around, is_inpatient=inpatient)
        other_payer_faults(tell, claim, claim.lines, around.codes)
    elif isinstance(claim, DentalClaim):
        first = first_service(claim.lines, claim.service_from)
        shared_faults(tell, claim, first, around)
        dental_faults(tell, claim, first, around)
        sum_faults(tell, claim, claim.lines, _OFFICE_LINES_MAX)
        for place, dental_line in enumerate(claim.lines, 1):
            dental_line_faults(tell, claim, place, dental_line, around)
        other_payer_faults(tell, claim, claim.lines, around.codes)


def _holder_faults(tell: Tell, claim: Claim, as_of: date | None) -> None:
    subscriber_faults(
        tell,
        claim.subscriber,
        as_of,
        with_patient=claim.patient is not None,
        professional=isinstance(claim, ProfessionalClaim),
    )
    if claim.payer.address is not None:
        address_faults(tell, claim.payer.address, "2010BB")


class CheckedClaim(Struct, frozen=True):
    """A claim that was taken from a file, and everything that is wrong with it.

    Attributes:
        read: The claim and where it stands.
        findings: Faults in the claim itself: structure, elements, situations, balances, codes.
        findings_above: The same of the levels that it depends on.
    """

    read: ReadClaim
    findings: tuple[Finding, ...]
    findings_above: tuple[Finding, ...]

    @property
    def claim(self) -> Claim:
        """The claim."""
        return self.read.claim

    @property
    def is_acceptable(self) -> bool:
        """Whether no error stands against it, its own or of a level above."""
        return not any(one.is_error for one in chain(self.findings, self.findings_above))


Checked = Header | CheckedClaim | SetAside | Trailer


class FileCheck:
    """Read a file of 837s and check every claim, in constant memory.

    Attributes:
        stream: The stream underneath; its reader has the interchanges for acknowledging.
        findings: Everything that was found so far, each fault once; a caller may take it out.
    """

    def __init__(
        self,
        source: bytes | BinaryIO,
        *,
        as_of: date | None = None,
        codes: CodeSets = _NO_LISTS,
        relax: frozenset[str] = frozenset(),
        since: int = 0,
    ) -> None:
        self.stream = Stream(source, relax=relax, since=since)
        self.findings: list[Finding] = self.stream.findings
        self._as_of = as_of
        self._codes = codes if codes is _NO_LISTS else RememberedCodeSets(codes)
        self._relax = relax
        self._seen: set[str] = set()
        self._seen_before: set[str] = set()
        self._around: Circumstances | None = None
        self._is_asking = False
        self._levels: dict[str, tuple[Origin, bool, tuple[Finding, ...]]] = {}

    def __iter__(self) -> Iterator[Checked]:
        """Give heads, claims with their findings, what is set aside, and ends."""
        for event in self.stream:
            if isinstance(event, ReadClaim):
                yield self._check(event)
                continue
            if isinstance(event, Header):
                self._seen.clear()
                self._seen_before.clear()
                self._levels.clear()
                self._around = None
                self._is_asking = event.transaction.version in _PREDETERMINATION
            yield event

    def _check(self, read: ReadClaim) -> CheckedClaim:
        claim, origin = read.claim, read.origin
        around = self._around
        asks_ahead = self._is_asking or bool(claim.predetermination_code)
        if around is None or around.is_predetermination is not asks_ahead:
            around = self._around = self._circumstances(read, asks_ahead=asks_ahead)
        faults: list[Fault] = []
        claim_faults(faults.append, claim, around)
        if claim.claim_id in self._seen or claim.claim_id in self._seen_before:
            message = "Another claim of the transaction has this number."
            faults.append(Fault(rules.CLAIM_ID_REPEATED, message, "", "CLM", 1, 0, claim.claim_id))
        self._seen.add(claim.claim_id)
        if len(self._seen) >= CLAIM_IDS_MAX:
            self._seen, self._seen_before = set(), self._seen
        if read.line_numbers:
            faults += _line_numbers(read.line_numbers)
        found = read.findings
        if faults:
            made = [
                finding(fault, origin, claim.claim_id)
                for fault in faults
                if fault.rule.rule_id not in self._relax
            ]
            self.findings += made
            found = (*found, *made)
        return CheckedClaim(read, found, read.findings_above + self._above(read))

    def _circumstances(self, read: ReadClaim, *, asks_ahead: bool) -> Circumstances:
        submission = read.submission
        is_encounter = submission is not None and submission.transaction_type_code == "RP"
        return Circumstances(self._as_of, self._codes, is_encounter, asks_ahead)

    def _above(self, read: ReadClaim) -> tuple[Finding, ...]:
        """Check the levels above a claim, each once."""
        claim, levels = read.claim, read.levels
        with_patient = claim.patient is not None
        found = self._level("20", levels[0], claim) + self._level(
            "22", levels[1], claim, with_patient=with_patient
        )
        return found + self._level("23", levels[2], claim) if with_patient else found

    def _level(
        self, level: str, origin: Origin, claim: Claim, *, with_patient: bool = False
    ) -> tuple[Finding, ...]:
        known = self._levels.get(level)
        if known is not None and known[0] is origin and known[1] is with_patient:
            return known[2]
        faults: list[Fault] = []
        if level == "20":
            billing_provider_faults(faults.append, claim.billing_provider)
        elif level == "22":
            _holder_faults(faults.append, claim, self._as_of)
        else:
            assert claim.patient is not None, "a level 23 is a patient"
            patient_faults(faults.append, claim.patient, self._as_of)
        made: tuple[Finding, ...] = ()
        if faults:
            made = tuple(
                finding(_inside(fault, level), origin, "")
                for fault in faults
                if fault.rule.rule_id not in self._relax
            )
            self.findings += made
        self._levels[level] = (origin, with_patient, made)
        return made


def _inside(fault: Fault, level: str) -> Fault:
    """Name the loop of a fault below the loop of its level: 2000B itself is the empty loop."""
    return fault._replace(loop="") if fault.loop == "2000B" and level == "22" else fault


def _line_numbers(numbers: tuple[str, ...]) -> Iterator[Fault]:
    for place, number in enumerate(numbers, 1):
        if number != str(place):
            loop = f"2400[{place}]"
            yield Fault(rules.LINE_NUMBER, f"LX01 should be {place}.", loop, "LX", 1, 0, number)
