"""What physician queries come to: how many were answered, how fast, and how often in agreement.

    response rate     answered / sent
    agreement rate    agree / answered, of those that offered options (open questions offer none)
    query rate        encounters asked about / encounters released to billing in the same period
    turnaround        first sent to first answered; median and 90th percentile, each of the queries
                      themselves, never averages of averages

A query counts in the period in which it was first sent, for who was asked first.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from coding_svc.rules.query_policy import QueryPolicy, moment

By = Literal["physician_id", "template_id", "coder", "kind", "reason_code", "month"]
Hours = Literal["all", "business"]


class Measured(NamedTuple):
    """What is measured of one query that was sent."""

    physician_id: str
    template_id: str
    coder: str
    kind: str
    reason_code: str
    shape: str
    status: str
    response: str
    level: int
    encounter_id: str
    sent_at: str
    answered_at: str


class Measures(Struct, frozen=True, kw_only=True):
    """Some queries, measured.

    Attributes:
        value: What they have in common; empty for all of them.
        sent_count: Sent.
        encounter_count: Encounters that they are about, each once: the numerator of a query rate.
        answered_count: Of these, answered.
        waiting_count: Of these, sent and neither answered nor closed.
        escalated_count: Of these, escalated.
        agree_count: Answered by an option that the record supports, or yes.
        disagree_count: Answered by no, or without clinical significance.
        other_count: Answered in other words.
        unable_count: Answered as not to be determined.
        response_permille: Answered of a thousand sent; None of none.
        agreement_permille: Agreed of a thousand answered that offered options; None of none.
        median_s: Turnaround that half of the answered stayed within, seconds; None of none.
        p90_s: Turnaround that nine of ten stayed within, seconds; None of none.
    """

    value: str
    sent_count: int
    encounter_count: int
    answered_count: int
    waiting_count: int
    escalated_count: int
    agree_count: int
    disagree_count: int
    other_count: int
    unable_count: int
    response_permille: int | None
    agreement_permille: int | None
    median_s: int | None
    p90_s: int | None


def measure(
    rows: Sequence[Measured], policy: QueryPolicy, *, by: By | None, hours: Hours = "all"
) -> list[Measures]:
    """Measure queries: all of them first, then by a column, the most sent first.

    Args:
        rows: Queries that were sent.
        policy: Of the tenant, for its business hours and its calendar.
        by: What to tell apart; None for nothing.
        hours: Turnaround in hours of the clock, or of business.
    """
    found = [_measures("", rows, policy, hours)]
    if by is None:
        return found
    value_of = _value_of(by, policy)
    groups: dict[str, list[Measured]] = {}
    for row in rows:
        groups.setdefault(value_of(row), []).append(row)
    parts = [_measures(value, those, policy, hours) for value, those in groups.items()]
    return [*found, *sorted(parts, key=lambda m: (-m.sent_count, m.value))]


def _value_of(by: By, policy: QueryPolicy) -> Callable[[Measured], str]:
    if by != "month":
        return lambda row: str(getattr(row, by))
    zone = ZoneInfo(policy.time_zone)
    return lambda row: moment(row.sent_at).astimezone(zone).strftime("%Y-%m")


def _measures(value: str, rows: Sequence[Measured], policy: QueryPolicy, hours: Hours) -> Measures:
    answered = [row for row in rows if row.answered_at]
    counts = dict.fromkeys(("agree", "disagree", "other", "unable"), 0)
    for row in answered:
        counts[row.response] += 1
    offered = [row for row in answered if row.shape != "open"]
    agreed = sum(row.response == "agree" for row in offered)
    waits = sorted(_turnaround(row, policy, hours) for row in answered)
    return Measures(
        value=value,
        sent_count=len(rows),
        encounter_count=len({row.encounter_id for row in rows}),
        answered_count=len(answered),
        waiting_count=sum(row.status == "sent" for row in rows),
        escalated_count=sum(row.level > 0 for row in rows),
        agree_count=counts["agree"],
        disagree_count=counts["disagree"],
        other_count=counts["other"],
        unable_count=counts["unable"],
        response_permille=permille(len(answered), len(rows)),
        agreement_permille=permille(agreed, len(offered)),
        median_s=_median(waits),
        p90_s=percentile(waits, 90),
    )


def _turnaround(row: Measured, policy: QueryPolicy, hours: Hours) -> int:
    if hours == "business":
        return policy.business_seconds(row.sent_at, row.answered_at)
    return int((moment(row.answered_at) - moment(row.sent_at)).total_seconds())


def permille(part: int, whole: int) -> int | None:
    """Round half up, in integers."""
    return (part * 2_000 + whole) // (2 * whole) if whole else None


def _median(ordered: Sequence[int]) -> int | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of ordered values; None of none."""
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * percent // _HUNDRED), 1) - 1]


_HUNDRED: Final = 100
