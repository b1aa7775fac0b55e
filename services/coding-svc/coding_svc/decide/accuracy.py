"""Whether the accuracy of reviewed coding is under the goal: raised once, cleared once."""

from msgspec import Struct

from coding_svc.model.audit import Accuracy
from coding_svc.rules.desk import AccuracyRules
from rcm.domain import Context, Fact, Loaded
from rcm.events.coding_audit import AccuracyAlertCleared, AccuracyAlertRaised


class Measured(Struct, frozen=True, kw_only=True):
    """What the reviews of some days found of a coder, or of all.

    Attributes:
        coder: Whose; empty for all together.
        case_ids: Encounters that were coded again and of which every difference was judged.
        decision_count: Codes compared in them.
        error_count: Differences that count as errors.
        reviewed_from: First day of the reviews (UTC).
        reviewed_through: Last day.
    """

    coder: str
    case_ids: tuple[str, ...]
    decision_count: int
    error_count: int
    reviewed_from: str
    reviewed_through: str

    @property
    def accuracy_milli(self) -> int:
        """Correct ones of a thousand, rounded down: what is under the goal is never shown at it."""
        return (self.decision_count - self.error_count) * 1_000 // max(self.decision_count, 1)

    def is_enough(self, rules: AccuracyRules) -> bool:
        """Tell whether there is enough to judge by."""
        return len(self.case_ids) >= rules.cases_min and self.decision_count > 0


def is_changed(measured: Measured, rules: AccuracyRules, *, is_open: bool) -> bool:
    """Tell whether an alert is to be raised or cleared; too few reviews change nothing."""
    is_under = measured.accuracy_milli < rules.goal_milli
    return measured.is_enough(rules) and is_under != is_open


def review(
    stream_id: str, measured: Measured, rules: AccuracyRules, loaded: Loaded, _context: Context
) -> list[Fact]:
    """Raise an alert, clear the one that is open, or do nothing."""
    state = loaded.get(stream_id)
    before = state if isinstance(state, Accuracy) else Accuracy(0)
    if not is_changed(measured, rules, is_open=before.raised is not None):
        return []
    if before.raised is not None:
        cleared = AccuracyAlertCleared(
            alert_id=before.raised.alert_id,
            coder=measured.coder,
            goal_milli=rules.goal_milli,
            accuracy_milli=measured.accuracy_milli,
            case_count=len(measured.case_ids),
        )
        return [Fact(stream_id, cleared)]
    number = before.number + 1
    raised = AccuracyAlertRaised(
        alert_id=f"{stream_id}-{number}",
        number=number,
        coder=measured.coder,
        goal_milli=rules.goal_milli,
        accuracy_milli=measured.accuracy_milli,
        case_count=len(measured.case_ids),
        decision_count=measured.decision_count,
        error_count=measured.error_count,
        reviewed_from=measured.reviewed_from,
        reviewed_through=measured.reviewed_through,
        case_ids=list(measured.case_ids),
    )
    return [Fact(stream_id, raised)]
