"""The invariants, as pure functions over recorded events: used by tests, the simulation and
`rcm verify`. Each breach names the claim and the event.

    I1  money conservation      I6  no claim lost       I10 no cross-tenant flow
    I2  patient responsibility  I7  no ghost            I11 replay equals the store
    I3  835 balance             I8  order of a stream   I12 outbox completeness
    I4  all or nothing          I9  state machine       I13 causality
    I5  posted once             I16 sent once           I17 control numbers
    I18 two payers: what the first left, what the second is asked for, what the patient owes
"""

from collections.abc import Sequence
from typing import Any

from rcm.events.envelope import Recorded
from rcm.invariants import coordination, flow, money, order
from rcm.invariants.breach import Breach, Story, story_of
from rcm.invariants.stores import compare_dumps, compare_streams

__all__ = ["Breach", "check", "compare_dumps", "compare_streams"]


def check(events: Sequence[Recorded[Any]], *, at_rest: bool = True) -> list[Breach]:
    """Check everything that events can tell.

    Args:
        events: Every event of the tenants to be checked, each stream in the order of the log; the
            order between streams does not matter. A record that stands twice counts once.
        at_rest: Nothing is under way: what was begun must be finished, too.
    """
    story: Story = story_of(events)
    return [
        *order.check_order(events),
        *order.check_causality(story),
        *order.check_tenants(story),
        *order.check_states(story),
        *order.check_sending(story),
        *money.check_postings(story),
        *money.check_balances(story),
        *money.check_legs(story),
        *money.check_patient_share(story),
        *money.check_once(story),
        *coordination.check_shares(story),
        *(coordination.check_asked(story) if at_rest else ()),
        *(money.check_whole(story) if at_rest else ()),
        *flow.check_ghosts(story),
        *(flow.check_lost(story) if at_rest else ()),
    ]
