"""Read the table of adjustment reasons, find a code's row for a day, and say what becomes of money.

A row of a tenant goes before a row of a payer, and that before the global one. A code that no row
knows is a denial of category `unmapped`: it is queued for a person, never dropped.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal, NamedTuple, Self, cast

import msgspec

from rcm.adjustments.reasons import REASONS, REMARKS, VERSION

ReasonClass = Literal["C", "P", "I", "W", "D", "R"]
ActionCode = Literal["FIX", "NEW", "DOC", "APP", "COB", "PAT", "PROV", "WO", "CALL"]

ACTIONS: Final = frozenset({"FIX", "NEW", "DOC", "APP", "COB", "PAT", "PROV", "WO", "CALL"})
CLASSES: Final = frozenset("CPIWDR")
GROUPS: Final = frozenset({"CO", "PR", "OA", "PI", "CR"})
_NOTHING_TO_DO: Final = frozenset({"PAT", "WO"})
"""Actions that leave a patient's share with the patient."""

ALWAYS: Final = ("0001-01-01", "9999-12-31")


class NotATable(ValueError):
    """Rows that cannot be read as a table of reasons. Says which line, and why."""


class ReasonRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one code means, over a span of days, for everybody or for one tenant or payer."""

    reason_code: str  # 835 CAS02, 05, 08 ...
    groups: tuple[str, ...]  # CAS01 that it usually comes with
    reason_class: ReasonClass
    family: str  # reasons of one family on one line are one denial
    category: str
    action_code: ActionCode
    account: str  # for classes C, P, I and W
    wording: str  # ours
    effective_from: str
    effective_through: str
    tenant_id: str = ""  # empty: every tenant
    payer_id: str = ""  # empty: every payer


class RemarkRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a remark code changes about the work on a denial."""

    remark_code: str  # 835 LQ02 where LQ01 is HE, MIA, MOA
    reason_codes: frozenset[str]  # empty: with every reason
    category: str
    action_code: str  # empty: that of the reason
    appealable: bool
    wording: str


class Treatment(NamedTuple):
    """What becomes of an adjusted amount.

    Attributes:
        account: Where the ledger puts it.
        is_denied: Whether it is withheld money that somebody must work on.
    """

    account: str
    is_denied: bool


class Table:
    """The reasons in force, found by code, day, tenant and payer.

    Attributes:
        version: Names exactly these rows; stands in every denial that they decided.
    """

    def __init__(self, rows: Sequence[ReasonRow], version: str) -> None:
        self.version: Final = version
        self._rows: dict[tuple[str, str, str], list[ReasonRow]] = {}
        for row in rows:
            self._rows.setdefault((row.tenant_id, row.payer_id, row.reason_code), []).append(row)
        self._has_owners = any(row.tenant_id or row.payer_id for row in rows)

    @property
    def rows(self) -> list[ReasonRow]:
        """Every row."""
        return [row for rows in self._rows.values() for row in rows]

    def find(
        self, reason_code: str, on: str, *, tenant_id: str = "", payer_id: str = ""
    ) -> ReasonRow:
        """Return the row of a code on a day: the tenant's and payer's own first, then the tenant's,
        the payer's, and the global one.
        """
        keys = [("", "")]
        if self._has_owners:
            keys = [(tenant_id, payer_id), (tenant_id, ""), ("", payer_id), ("", "")]
        for key in keys:
            for row in self._rows.get((*key, reason_code), ()):
                if row.effective_from <= on <= row.effective_through:
                    return row
        return _unmapped(reason_code)

    def overlaid(self, text: str) -> Self:
        """Return the table with a tenant's or payer's rows laid over it.

        Args:
            text: Rows as in `reasons.py`; a line `= tenant payer` says for whom those below it are
                (`-` for all). Its sha256 becomes part of the version.

        Raises:
            NotATable: A line cannot be read.
        """
        version = f"{self.version}+{sha256(text.encode()).hexdigest()[:8]}"
        return type(self)([*parse_reasons(text), *self.rows], version)


def treatment(group_code: str, row: ReasonRow) -> Treatment:
    """Say what becomes of an amount, by its group (835 CAS01) and its reason's row.

    Only CO with a contractual reason is written off. PR is the patient's; it is also a denial where
    the reason is one about which the biller can do something: bill another coverage, correct the
    member, send papers. Where nothing is left to do but bill the patient, it is none. PI has no
    contract behind it, so that even a contractual reason is disputed. A patient's or contractual
    reason under a group that contradicts it stands in `review`: it is neither written off nor
    billed.
    """
    if group_code == "PR":
        is_work = row.reason_class in "DR" and row.action_code not in _NOTHING_TO_DO
        return Treatment("patient", is_work)
    if row.reason_class in "DR":
        return Treatment("denied", True)
    if row.reason_class == "C":
        if group_code == "CO":
            return Treatment(row.account, False)
        return Treatment("denied", True) if group_code == "PI" else Treatment("review", False)
    if row.reason_class == "P":
        named = group_code in row.groups and row.account != "patient"
        return Treatment(row.account if named else "review", False)
    return Treatment(row.account, False)


def remarks_for(reason_code: str, remark_codes: Sequence[str]) -> list[RemarkRow]:
    """Return what the remarks of a line say about a reason, in the order of our table."""
    present = set(remark_codes)
    return [
        row
        for row in REMARK_ROWS
        if row.remark_code in present and (not row.reason_codes or reason_code in row.reason_codes)
    ]


def parse_reasons(text: str) -> list[ReasonRow]:
    """Read rows as `reasons.py` writes them.

    Raises:
        NotATable: A line cannot be read.
    """
    rows: list[ReasonRow] = []
    span, owner = ALWAYS, ("", "")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in {"@", "="}:
            if len(words) != 3:
                raise NotATable(f"line {number}: two words belong after {words[0]}")
            first, second = ("" if word == "-" else word for word in words[1:])
            if words[0] == "@":
                span = (first or ALWAYS[0], second or ALWAYS[1])
            else:
                owner = (first, second)
            continue
        rows += _reason_rows(number, line, span, owner)
    return rows


def _reason_rows(
    number: int, line: str, span: tuple[str, str], owner: tuple[str, str]
) -> list[ReasonRow]:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != 8:
        raise NotATable(f"line {number}: eight columns are needed, not {len(cells)}")
    codes, groups, reason_class, family, category, action, account, wording = cells
    group_codes = tuple(groups.split(","))
    if not GROUPS.issuperset(group_codes) or reason_class not in CLASSES or action not in ACTIONS:
        raise NotATable(f"line {number}: unknown group, class or action")
    if bool(account) == (reason_class in "DR"):
        raise NotATable(f"line {number}: classes C, P, I and W name an account, D and R do not")
    return [
        ReasonRow(
            reason_code=code,
            groups=group_codes,
            reason_class=cast("ReasonClass", reason_class),
            family=family,
            category=category,
            action_code=cast("ActionCode", action),
            account=account or "denied",
            wording=wording,
            effective_from=span[0],
            effective_through=span[1],
            tenant_id=owner[0],
            payer_id=owner[1],
        )
        for code in codes.split(",")
    ]


def _remark_rows(text: str) -> list[RemarkRow]:
    rows = []
    for line in filter(None, text.splitlines()):
        codes, reasons, category, action, appeal, wording = (
            cell.strip() for cell in line.split("|")
        )
        rows += [
            RemarkRow(
                remark_code=code,
                reason_codes=frozenset() if reasons == "*" else frozenset(reasons.split(",")),
                category=category,
                action_code=action,
                appealable=appeal != "no-appeal",
                wording=wording,
            )
            for code in codes.split(",")
        ]
    return rows


def _unmapped(reason_code: str) -> ReasonRow:
    return ReasonRow(
        reason_code=reason_code,
        groups=(),
        reason_class="D",
        family="unmapped",
        category="unmapped",
        action_code="CALL",
        account="denied",
        wording="a code that the table does not know",
        effective_from=ALWAYS[0],
        effective_through=ALWAYS[1],
    )


BUILT_IN: Final = Table(parse_reasons(REASONS), VERSION)
REMARK_ROWS: Final = _remark_rows(REMARKS)
