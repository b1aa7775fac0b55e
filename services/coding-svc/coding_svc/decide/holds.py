"""What holds an encounter besides its own account: what other parts of coding have open on it.

Each part keeps what it has open in the state of the encounter, and says here how that reads as a
reason; a release by a person passes what is named as passed by it.
"""

from coding_svc.model.encounter import Encounter
from coding_svc.model.reasons import reason
from rcm.events.clinical import Reason


def holds_on(encounter: Encounter, *, release: bool) -> tuple[Reason, ...]:
    """Say what holds an encounter, whatever its account holds.

    Args:
        encounter: The stream as it was.
        release: A person releases it: a rework is answered by that.
    """
    found: list[Reason] = []
    if encounter.rework_of and not release:
        found.append(reason("rework-requested", "diagnoses"))
    found += [query_hold(encounter, query_id) for query_id in encounter.open_queries]
    withdrawal = encounter.desk.withdrawal
    if withdrawal is not None and withdrawal.status == "asked":
        found.append(reason("withdrawal-asked", "encounter"))
    elif withdrawal is not None and not release:
        found.append(reason("release-withdrawn", "encounter"))
    if encounter.desk.is_reserved and not release:
        found.append(reason("release-by-another", "encounter"))
    return tuple(found)


def query_hold(encounter: Encounter, query_id: str) -> Reason:
    """Say how an open query holds an encounter: by its physician, or by its coder."""
    is_answered = query_id in encounter.answered_queries
    return reason("query-answered" if is_answered else "query-open", f"queries/{query_id}")
