"""Read 837s claim by claim: professional, institutional and dental, from a file of any size.

The claim is the unit of failure. One that cannot be read is set aside with its bytes and with what
is wrong, and the rest of the file is read; what was taken and what was set aside make up the file.
A fault in a level above (a subscriber without a name) is told once, and again with each claim
below it, because a payer would refuse each of them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from msgspec import Struct

from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, Rule, Severity
from rcm.x12.guide import Guide
from rcm.x12.origin import Origin
from rcm.x12.reader import Reader
from rcm.x12.set_aside import CUT_OFF, UNREADABLE, SetAside, Unreadable
from rcm.x12.x837_claims import Claim, Submission
from rcm.x12.x837_read_claims import (
    DENTAL_CLAIM,
    INSTITUTIONAL_CLAIM,
    PROFESSIONAL_CLAIM,
    Above,
    ClaimTable,
    claim,
)
from rcm.x12.x837_read_parties import billing_provider, patient, submission, subscriber

if TYPE_CHECKING:
    from rcm.x12.x837_parties import BillingProvider, Patient, Payer, Subscriber

NOT_837: Final = Rule(
    "not-837", 1, Severity.ERROR, "Send an 837 of a 005010 guide here.", ("AK9", "2")
)
LEVEL_UNKNOWN: Final = Rule(
    "hl-level-unknown",
    2,
    Severity.ERROR,
    "Write 20 billing provider, 22 subscriber or 23 patient in HL03.",
    ("IK4", "7"),
)
LEVEL_NUMBER: Final = Rule(
    "hl-number",
    2,
    Severity.ERROR,
    "Number the levels 1, 2, 3 in the order of the file.",
    ("IK4", "I12"),
)
LEVEL_PARENT: Final = Rule(
    "hl-parent", 2, Severity.ERROR, "Name the level directly above in HL02.", ("IK4", "I12")
)
LEVEL_CHILD: Final = Rule(
    "hl-child-code",
    2,
    Severity.ERROR,
    "Write 1 in HL04 when a level below follows, else 0.",
    ("IK4", "I12"),
)
RULES: Final = (NOT_837, LEVEL_UNKNOWN, LEVEL_NUMBER, LEVEL_PARENT, LEVEL_CHILD)
_DEPTHS: Final = {"20": 0, "22": 1, "23": 2}  # HL03: billing provider, subscriber, patient
_LOOPS: Final = ("2000A", "2000B", "2000C")
_TABLES: Final[dict[str, ClaimTable]] = {
    "005010X222A1": PROFESSIONAL_CLAIM,
    "005010X223A2": INSTITUTIONAL_CLAIM,
    "005010X224A2": DENTAL_CLAIM,
}


class ReadClaim(Struct, frozen=True):
    """A claim that was taken, and what is wrong with it so far.

    Attributes:
        claim: The claim, with its provider, subscriber, payer and patient.
        origin: Where it stands.
        levels: Where the levels above it stand: 2000A, 2000B, and 2000C if there is one.
        submission: The head of its transaction.
        findings: Faults of structure and elements in the claim itself.
        findings_above: The same of the levels that it depends on.
        line_numbers: LX01 of its lines; nothing when they count 1, 2, 3 as they should.
    """

    claim: Claim
    origin: Origin
    levels: tuple[Origin, ...]
    submission: Submission | None
    findings: tuple[Finding, ...]
    findings_above: tuple[Finding, ...]
    line_numbers: tuple[str, ...] = ()


class Header(Struct, frozen=True):
    """The head of a transaction; None when it could not be read."""

    transaction: Transaction
    submission: Submission | None


class Trailer(Struct, frozen=True):
    """The end of a transaction.

    Attributes:
        transaction: The transaction that ended.
        is_complete: Whether it has its SE.
    """

    transaction: Transaction
    is_complete: bool


Event = Header | ReadClaim | SetAside | Trailer


class Reading(Struct, frozen=True):
    """An 837 file, read whole.

    Attributes:
        claims: What was taken.
        set_aside: What was not.
        findings: Everything that is wrong: envelopes, structure, elements, and the reasons of what
            was set aside. Situations, balances and codes are `x837_rules`' question.
        reader: The interchanges, for acknowledging.
    """

    claims: tuple[ReadClaim, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a whole file of 837s.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    stream = Stream(source, relax=relax)
    claims: list[ReadClaim] = []
    aside: list[SetAside] = []
    for event in stream:
        if isinstance(event, ReadClaim):
            claims.append(event)
        elif isinstance(event, SetAside):
            aside.append(event)
    return Reading(tuple(claims), tuple(aside), tuple(stream.findings), stream.reader)


class Stream:
    """Read a file of 837s event by event, in constant memory.

    Attributes:
        reader: The reader underneath.
        findings: What was found so far; a caller may take them out as it goes.
    """

    def __init__(
        self,
        source: bytes | BinaryIO,
        *,
        relax: frozenset[str] = frozenset(),
        check: bool = True,
        since: int = 0,
    ) -> None:
        """Prepare to read.

        Args:
            source: The file's bytes, or a binary file.
            relax: Ids of rules not to apply.
            check: Whether structure and elements are checked as well.
            since: Resume at this byte offset, `read.origin.unit.offset` of the first one wanted.
        """
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax
        self._check = check
        self._since = since

    def __iter__(self) -> Iterator[Event]:
        """Give heads, claims, what is set aside, and ends."""
        one: _Transaction | None = None
        for unit in self.reader.units(since=self._since):
            if unit.name == "ST" or one is None:
                table = _table(unit.transaction.guide)
                one = None
                if table is not None:
                    one = _Transaction(self, unit.transaction, table, self._relax, self._check)
            if one is None:
                yield from self._stranger(unit)
            elif unit.name == "SE":
                yield from one.end(unit)
                one = None
            else:
                event = one.take(unit)
                if event is not None:
                    yield event

    def _stranger(self, unit: Unit) -> Iterator[Event]:
        """Set aside a unit of a transaction that is no 837 of ours."""
        message = "This is not an 837 of 005010."
        finding = Finding(rule=NOT_837, place=unit.place(), message=message)
        if unit.name == "ST":
            self.findings.append(finding)
        if unit.texts:
            yield SetAside(unit, (finding,))


def _table(guide: Guide | None) -> ClaimTable | None:
    return None if guide is None else _TABLES.get(guide.guide_id)


class _Transaction:
    """One transaction while it is read: the levels above the next claim."""

    def __init__(
        self,
        stream: Stream,
        transaction: Transaction,
        table: ClaimTable,
        relax: frozenset[str],
        check: bool,  # noqa: FBT001 - one caller, a few lines above
    ) -> None:
        self._findings = stream.findings
        self._relax = relax
        self._table = table
        self._component = transaction.delimiters.component
        self._checker = Checker(transaction, relax=relax) if check else None
        self._submission: Submission | None = None
        self._provider: BillingProvider | None = None
        self._holder: tuple[Subscriber, Payer] | None = None
        self._patient: Patient | None = None
        self._above: Above | None = None
        self._loops = {"20": 0, "22": 0, "23": 0, "CLM": 0}
        self._path: tuple[str, ...] = ()
        self._count = 0
        self._parents: dict[str, str] = {}
        self._levels: tuple[Origin, ...] = ()
        self._promise: tuple[Unit, bool] | None = None
        self._faults: dict[str, tuple[Finding, ...]] = {}

    def take(self, unit: Unit) -> Event | None:
        """Read the next unit."""
        found: list[Finding] = []
        if self._checker is not None:
            found = self._checker.feed(unit)
            if found:
                self._findings += found
        if unit.is_cut_off:
            place = unit.place(unit.count - 1, claim_id=_claim_id(unit))
            finding = Finding(rule=CUT_OFF, place=place, message="Its end is missing.")
            self._findings.append(finding)
            return SetAside(unit, (finding,))
        if unit.name == "CLM":
            return self._claim(unit, tuple(found))
        if unit.name == "HL":
            return self._enter(unit, found)
        return self._head(unit)

    def end(self, unit: Unit) -> Iterator[Event]:
        """Read the last unit, SE."""
        if self._checker is not None:
            self._findings += self._checker.feed(unit)
        self._keep_promise(has_children=False)
        if unit.count > 1:
            yield self._set_aside(unit, 1)
        yield Trailer(unit.transaction, is_complete=not unit.is_cut_off)

    def _head(self, unit: Unit) -> Event:
        try:
            self._submission = submission(unit.segments)
        except ValueError:
            index = next((at for at, row in enumerate(unit.segments) if row[0] == "BHT"), 0)
            self._say_unreadable(unit, index)
        return Header(unit.transaction, self._submission)

    def _claim(self, unit: Unit, found: tuple[Finding, ...]) -> Event:
        self._loops["CLM"] += 1
        above = self._above
        if above is None:
            return self._set_aside(unit, 0)
        try:
            one, line_numbers = claim(unit, self._table, above)
        except Unreadable as unreadable:
            return self._set_aside(unit, unreadable.index)
        origin = Origin(unit, f"{self._loop}/2300[{self._loops['CLM']}]")
        faults = () if not self._faults else tuple(sum(self._faults.values(), ()))
        return ReadClaim(one, origin, self._levels, self._submission, found, faults, line_numbers)

    @property
    def _loop(self) -> str:
        return self._path[-1] if self._path else ""

    def _enter(self, unit: Unit, found: list[Finding]) -> SetAside | None:
        """Open a level; set it aside when it cannot be read."""
        row = unit.first
        level = row[3] if len(row) > 3 else ""
        found = found + self._check_level(unit, row, level)
        depth = _DEPTHS.get(level)
        self._above = None
        if depth is None:
            return self._set_aside(unit, 0)
        if self._faults:
            self._faults = {one: faults for one, faults in self._faults.items() if one < level}
        if found:
            self._faults[level] = tuple(found)
        self._count_level(level, depth)
        self._levels = (*self._levels[:depth], Origin(unit, self._loop))
        try:
            self._read_level(unit, level)
        except ValueError:
            if level == "20":
                self._provider = self._holder = None
            elif level == "22":
                self._holder = None
            return self._set_aside(unit, 0)
        return None

    def _read_level(self, unit: Unit, level: str) -> None:
        if level == "20":
            self._provider = billing_provider(unit.segments, self._component)
            self._holder = self._patient = None
            return
        if level == "22":
            self._holder = subscriber(unit)
            self._patient = None
        else:
            self._patient = patient(unit.segments, self._component)
        if self._provider is not None and self._holder is not None:
            self._above = Above(self._provider, *self._holder, self._patient)

    def _count_level(self, level: str, depth: int) -> None:
        loops = self._loops
        loops[level] += 1
        loops["CLM"] = 0
        if depth < 2:
            loops["23"] = 0
        if depth < 1:
            loops["22"] = 0
        above = self._path[:depth]
        if len(above) < depth:  # a level is missing; its ordinal is 0
            above = (f"2000A[{loops['20']}]", f"2000A[{loops['20']}]/2000B[{loops['22']}]")[:depth]
        step = f"{_LOOPS[depth]}[{loops[level]}]"
        self._path = (*above, f"{above[-1]}/{step}" if above else step)

    def _check_level(self, unit: Unit, row: list[str], level: str) -> list[Finding]:
        """Check the numbers of HL: its own, its parent's, and whether children were promised."""
        self._count += 1
        number = row[1] if len(row) > 1 else ""
        parent = row[2] if len(row) > 2 else ""
        child = row[4] if len(row) > 4 else ""
        faults: list[tuple[Rule, str, int, str]] = []
        if number != str(self._count):
            faults.append((LEVEL_NUMBER, f"HL01 should be {self._count}.", 1, number))
        if level not in _DEPTHS:
            faults.append((LEVEL_UNKNOWN, "HL03 is no level of an 837.", 3, level))
        elif level != "20":
            above = self._parents.get("20" if level == "22" else "22", "")
            if parent != above:
                faults.append((LEVEL_PARENT, f"HL02 should be {above or 'a level'}.", 2, parent))
        self._parents[level] = number
        if self._promise is not None:
            self._keep_promise(has_children=level == "23")
        self._promise = (unit, child == "1") if level == "22" else None
        if not faults:
            return []
        place = unit.place(0)
        found = [
            Finding(rule=rule, place=place, message=message, element=element, value=value)
            for rule, message, element, value in faults
            if rule.rule_id not in self._relax
        ]
        self._findings += found
        return found

    def _keep_promise(self, *, has_children: bool) -> None:
        """Compare HL04 of the last subscriber with what followed it."""
        promise, self._promise = self._promise, None
        if promise is None or promise[1] == has_children:
            return
        if LEVEL_CHILD.rule_id in self._relax:
            return
        message = "HL04 should be 1." if has_children else "HL04 should be 0."
        self._findings.append(
            Finding(rule=LEVEL_CHILD, place=promise[0].place(0), message=message, element=4)
        )

    def _say_unreadable(self, unit: Unit, index: int) -> Finding:
        index = min(index, len(unit.segments) - 1)
        place = unit.place(index, loop=self._loop, claim_id=_claim_id(unit))
        name = unit.segments[index][0]
        message = f"{name} holds a value that cannot be read, or lacks one."
        if unit.name == "CLM" and self._above is None:
            message = "No billing provider and subscriber could be read above this claim."
        found = Finding(rule=UNREADABLE, place=place, message=message)
        self._findings.append(found)
        return found

    def _set_aside(self, unit: Unit, index: int) -> SetAside:
        return SetAside(unit, (self._say_unreadable(unit, index),))


def _claim_id(unit: Unit) -> str:
    rows = unit.segments
    return rows[0][1] if unit.name == "CLM" and rows and len(rows[0]) > 1 else ""
