"""Coverage policies: for which diagnoses, and how often, a payer pays for a procedure.

National and local coverage determinations (NCD, LCD) of Medicare, and medical policies of other
payers, as an operator wrote them down; the CMS Medicare Coverage Database holds CPT codes and so is
not shipped. A policy has versions by date: on a day, the last that had begun by then speaks.
"""

import datetime as dt
import enum
from functools import lru_cache
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta

from rcm.codes.forms import dotted
from rcm.codes.sets import CodeSets

_KEPT: Final = 4_096
"""(procedure, day) answers in memory; the codes of a policy are shared between them."""
_POLICIES_KEPT: Final = 512

Notice = Literal["GA", "GX", "GY", "GZ"]
"""What the claim says of an advance beneficiary notice, in the numbers of CMS 100-04, 1, 60.4:
GA signed notice as required; GX voluntary notice; GY excluded by law; GZ expected to be denied, no
notice.
"""


class Kind(enum.StrEnum):
    """Who determined the coverage."""

    NCD = "NCD"
    """National coverage determination, by CMS."""
    LCD = "LCD"
    """Local coverage determination, by a Medicare contractor (with its billing article)."""
    PAYER = "PAYER"
    """Medical policy of another payer."""


Text = Annotated[str, Meta(min_length=1, max_length=200)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Diagnoses = Annotated[tuple[Annotated[str, Meta(max_length=17)], ...], Meta(max_length=60_000)]
"""`E11.9` one code; `E11*` what begins so; `E11.0-E11.9` from one to what begins like the other."""


class Frequency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often it is paid for.

    Attributes:
        units: At most so many, of all procedures of the group together.
        days: In so many days, the day of service being the last.
    """

    units: Annotated[int, Meta(ge=1, le=100_000)]
    days: Annotated[int, Meta(ge=1, le=36_600)]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Procedures, and what they are covered for. Groups of a policy that name the same procedure
    are alternatives.

    Attributes:
        procedures: CPT and HCPCS codes.
        covered: One of these on the line supports it; empty for any that is not in `noncovered`.
        together_with: One of these, too; empty for none.
        noncovered: Excluded where nothing in `covered` stands beside it.
        noncovered_prevails: It is excluded even beside a covered one.
        frequency: How often; None for any number.
        notice_modifiers: With one of these a line goes that is not covered, to be denied.
    """

    procedures: Annotated[
        tuple[Annotated[str, Meta(max_length=5)], ...], Meta(min_length=1, max_length=5_000)
    ]
    covered: Diagnoses = ()
    together_with: Diagnoses = ()
    noncovered: Diagnoses = ()
    noncovered_prevails: bool = False
    frequency: Frequency | None = None
    notice_modifiers: tuple[Notice, ...] = ("GA", "GX", "GY", "GZ")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One version of a policy.

    Attributes:
        policy: Its number: L33822, 190.22.
        kind: Who determined it.
        title: For people.
        source: Where it is read: an address, a bulletin.
        effective: First day of service it speaks for.
        terminated: Last day; None while it is in force.
        payers: Payer ids at the clearinghouse (837 2010BB NM109) that follow it.
        jurisdictions: Areas, as a sender's profile names those of a payer; MEDICARE for all of it
            (`rcm.codes.edits.model.MEDICARE`).
        groups: What is covered for what.
    """

    policy: Name
    kind: Kind
    title: Text
    source: Annotated[str, Meta(max_length=500)] = ""
    effective: dt.date
    terminated: dt.date | None = None
    payers: Annotated[tuple[Text, ...], Meta(max_length=1_000)] = ()
    jurisdictions: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    groups: Annotated[tuple[Group, ...], Meta(min_length=1, max_length=500)]


class DiagnosisList:
    """Codes, prefixes and ranges, to be asked quickly."""

    def __init__(self, written: tuple[str, ...]) -> None:
        """Sort what a file says; it was checked when it was loaded."""
        codes, prefixes, ranges = set[str](), list[str](), list[tuple[str, str]]()
        for text in written:
            first, dash, last = text.partition("-")
            if dash:
                ranges.append((first, last))
            elif text.endswith("*"):
                prefixes.append(text[:-1])
            else:
                codes.add(text)
        self._codes = frozenset(codes)
        self._prefixes = tuple(prefixes)
        self._ranges = tuple(ranges)
        self.written = written

    def __bool__(self) -> bool:
        """Tell whether it says anything."""
        return bool(self.written)

    def __contains__(self, code: str) -> bool:
        """Tell whether a normalised diagnosis is meant."""
        return (
            code in self._codes
            or code.startswith(self._prefixes)
            or any(first <= code and code[: len(last)] <= last for first, last in self._ranges)
        )

    def shown(self, limit: int = 6) -> str:
        """Write the first ones as people read them."""
        named = ["-".join(map(_shown, text.split("-"))) for text in self.written[:limit]]
        return ", ".join(named) + (", ..." if len(self.written) > limit else "")


def _shown(text: str) -> str:
    return f"{dotted(text[:-1])}*" if text.endswith("*") else dotted(text)


class PolicyGroup:
    """A group of a policy, ready to be asked."""

    def __init__(self, group: Group) -> None:
        """Sort the lists of a group."""
        self.procedures = frozenset(group.procedures)
        self.covered = DiagnosisList(group.covered)
        self.together_with = DiagnosisList(group.together_with)
        self.noncovered = DiagnosisList(group.noncovered)
        self.noncovered_prevails = group.noncovered_prevails
        self.frequency = group.frequency
        self.notice_modifiers = frozenset(group.notice_modifiers)


class PolicyInForce:
    """A version of a policy, ready to be asked."""

    def __init__(self, policy: Policy) -> None:
        """Sort its groups, and whom it is for."""
        self.number = policy.policy
        self.kind = policy.kind
        self.effective = policy.effective
        self.terminated = policy.terminated
        self.areas = frozenset((*policy.payers, *policy.jurisdictions))
        self.groups = tuple(map(PolicyGroup, policy.groups))

    @property
    def words(self) -> str:
        """The policy as people name it."""
        return f"{self.kind} {self.number} of {self.effective}"


class Coverage:
    """The coverage policies that are loaded."""

    def __init__(self, sets: CodeSets) -> None:
        """Read from opened code sets; nothing is kept but what is asked for."""
        self._sets = sets
        self._on = lru_cache(maxsize=_KEPT)(self._read)
        self._policy = lru_cache(maxsize=_POLICIES_KEPT)(self._read_policy)

    @classmethod
    def of(cls, sets: CodeSets) -> Self | None:
        """Return the policies; None where no file of them was loaded."""
        row = sets.connection.execute("SELECT 1 FROM coverage LIMIT 1").fetchone()
        return cls(sets) if row is not None else None

    def on(self, procedure: str, day: dt.date, areas: frozenset[str]) -> list[PolicyInForce]:
        """Return the policies that speak of a procedure on a day, in one of these areas."""
        return [policy for policy in self._on(procedure, day) if not areas.isdisjoint(policy.areas)]

    def _read(self, procedure: str, day: dt.date) -> tuple[PolicyInForce, ...]:
        rows = self._sets.connection.execute(
            "SELECT c.policy, c.effective FROM coverage_procedure AS p "
            "JOIN coverage AS c ON c.policy = p.policy AND c.effective = p.effective "
            "WHERE p.code = ?1 AND c.effective <= ?2 AND (c.through IS NULL OR c.through >= ?2) "
            "AND NOT EXISTS (SELECT 1 FROM coverage AS n WHERE n.policy = c.policy "
            "AND n.effective > c.effective AND n.effective <= ?2) ORDER BY 1",
            (procedure, day.isoformat()),
        )
        found = (self._policy(policy, effective) for policy, effective in rows.fetchall())
        return tuple(p for p in found if any(procedure in g.procedures for g in p.groups))

    def _read_policy(self, policy: str, effective: str) -> PolicyInForce:
        (content,) = self._sets.connection.execute(
            "SELECT content FROM coverage WHERE policy = ? AND effective = ?", (policy, effective)
        ).fetchone()
        return PolicyInForce(msgspec.json.decode(content, type=Policy))
