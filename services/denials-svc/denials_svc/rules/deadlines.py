"""Until when something must be done about a denial: by payer and action, as data.

    payers | actions | limit | from | receipt | basis

payers   `CLP06 MA,MB` claim filing indicators; `id 87726` payer identifiers; `*` everybody else
limit    `120d` days or `1y` calendar years, counted from the day named by `from`
from     `advice` the payment's date (BPR16), `service` the first date of service
receipt  days after which the advice is presumed received; added to `advice`

The first row that fits decides; a tenant's or payer's rows stand before ours. Limits of commercial
payers differ by contract and between published sources: they are defaults, to be overridden.
"""

from calendar import isleap
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

DEADLINES: Final = """
CLP06 MA,MB | APP,DOC | 120d | advice | 5 | Medicare redetermination, 42 CFR 405.942
CLP06 MA,MB | NEW | 1y | service | 0 | Medicare timely filing, 42 CFR 424.44
CLP06 MA,MB | * | 1y | advice | 0 | Medicare reopening, 42 CFR 405.980
id 87726 | APP,DOC | 1y | advice | 0 | UnitedHealthcare appeal, published default
id 87726 | NEW | 90d | service | 0 | UnitedHealthcare timely filing, participating
id 87726 | * | 180d | advice | 0 | UnitedHealthcare corrected claim
id 62308 | NEW | 90d | service | 0 | Cigna timely filing, participating
id 62308 | * | 90d | advice | 0 | Cigna corrected claim, participating
id 60054 | APP,DOC | 180d | advice | 0 | Aetna reconsideration
id 60054 | NEW | 90d | service | 0 | Aetna timely filing, the shorter of published limits
id 61101 | FIX,NEW | 1y | service | 0 | Humana Medicare Advantage: only the time left to file
CLP06 MC | NEW | 90d | service | 0 | Medicaid timely filing, the shortest of the states
CLP06 CH | NEW | 1y | service | 0 | TRICARE timely filing
CLP06 BL | NEW | 180d | service | 0 | Blue Cross timely filing, the shorter of published limits
* | NEW | 90d | service | 0 | payer unknown: timely filing of 90 days
* | * | 60d | advice | 0 | payer unknown: 60 days
"""


class NotALimit(ValueError):
    """Rows that cannot be read as deadlines. Says which line."""


class Limit(NamedTuple):
    """One row."""

    filing_codes: frozenset[str]
    payer_ids: frozenset[str]
    actions: frozenset[str]
    days: int
    years: int
    is_from_service: bool
    receipt_days: int
    basis: str
    tenant_id: str = ""

    def fits(self, filing_code: str, payer_id: str, action_code: str, tenant_id: str) -> bool:
        """Tell whether the row is for this payer and action."""
        payer = not (self.filing_codes or self.payer_ids)
        payer = payer or filing_code in self.filing_codes or payer_id in self.payer_ids
        action = not self.actions or action_code in self.actions
        return payer and action and self.tenant_id in {"", tenant_id}


class Deadline(NamedTuple):
    """A day, and how it was computed."""

    on: str
    basis: str


class Calendar:
    """The deadlines in force."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = list(limits)

    def overlaid(self, text: str) -> "Calendar":
        """Return the deadlines with a tenant's rows before them; `= tenant` says whose they are.

        Raises:
            NotALimit: A line cannot be read.
        """
        return Calendar([*parse_limits(text), *self._limits])

    def deadline(
        self,
        action_code: str,
        advised_on: str,
        served_on: str,
        *,
        filing_code: str = "",
        payer_id: str = "",
        tenant_id: str = "",
    ) -> Deadline:
        """Return the last day for an action.

        Args:
            action_code: What is to be done.
            advised_on: Date of the advice.
            served_on: First date of service, or empty: then the advice's date counts.
            filing_code: CLP06.
            payer_id: The payer's identifier.
            tenant_id: Whose rows come first.
        """
        limit = next(
            limit
            for limit in self._limits
            if limit.fits(filing_code, payer_id, action_code, tenant_id)
        )
        from_service = limit.is_from_service and served_on != ""
        start = served_on if from_service else advised_on
        on = later(date.fromisoformat(start), limit.days + limit.receipt_days, limit.years)
        span = f"{limit.years} year" if limit.years else f"{limit.days} days"
        begin = "service" if from_service else "advice"
        presumed = f", received {limit.receipt_days} days later" if limit.receipt_days else ""
        return Deadline(on.isoformat(), f"{limit.basis}: {span} from {begin} of {start}{presumed}")


def later(day: date, days: int, years: int) -> date:
    """Add years, then days; a 29 February moves to the 28th; nothing goes beyond the calendar."""
    try:
        if years:
            year = day.year + years
            is_leap_day = (day.month, day.day) == (2, 29)
            day = date(year, 2, 28) if is_leap_day and not isleap(year) else day.replace(year=year)
        return day + timedelta(days=days)
    except (OverflowError, ValueError):
        return date.max


def parse_limits(text: str) -> list[Limit]:
    """Read rows as they are written above.

    Raises:
        NotALimit: A line cannot be read.
    """
    limits: list[Limit] = []
    tenant_id = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("="):
            tenant_id = stripped[1:].strip().removesuffix("-")
            continue
        limits.append(_limit(number, stripped, tenant_id))
    return limits


def _limit(number: int, line: str, tenant_id: str) -> Limit:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != 6:
        raise NotALimit(f"line {number}: six columns are needed, not {len(cells)}")
    payers, actions, limit, start, receipt, basis = cells
    kind, _, names = payers.partition(" ")
    if kind not in {"CLP06", "id", "*"} or start not in {"advice", "service"}:
        raise NotALimit(f"line {number}: payers begin with CLP06, id or *; from is advice, service")
    amount, unit = limit[:-1], limit[-1:]
    if not (amount.isascii() and amount.isdigit() and len(amount) <= 4 and unit in {"d", "y"}):
        raise NotALimit(f"line {number}: a limit is a number and d or y")
    if not (receipt.isascii() and receipt.isdigit() and len(receipt) <= 2):
        raise NotALimit(f"line {number}: receipt is a number of days")
    listed = frozenset(filter(None, names.replace(" ", "").split(",")))
    return Limit(
        filing_codes=listed if kind == "CLP06" else frozenset(),
        payer_ids=listed if kind == "id" else frozenset(),
        actions=frozenset() if actions == "*" else frozenset(actions.replace(" ", "").split(",")),
        days=int(amount) if unit == "d" else 0,
        years=int(amount) if unit == "y" else 0,
        is_from_service=start == "service",
        receipt_days=int(receipt),
        basis=basis,
        tenant_id=tenant_id,
    )


BUILT_IN: Final = Calendar(parse_limits(DEADLINES))
