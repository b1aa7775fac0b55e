"""Credits net the charges that they take back; what is left is billed."""

from collections.abc import Sequence

from msgspec import Struct, structs

from coding_svc.model.account import Charge
from coding_svc.model.origins import path_of
from coding_svc.model.reasons import reason
from rcm.events.clinical import Reason


class Net(Struct, frozen=True):
    """What is left of an account's charges.

    Attributes:
        lines: Charges with something left, in the order posted; amounts and units reduced.
        reasons: Credits that fit no charge.
    """

    lines: tuple[Charge, ...]
    reasons: tuple[Reason, ...] = ()


def net(charges: Sequence[Charge]) -> Net:
    """Net credits against charges.

    A credit finds its charge by the number that it cites (FT1-31, FT1-30), by its own number (most
    senders repeat FT1-2), else as the newest charge of the same service that is large enough.
    """
    if not any(charge.is_credit for charge in charges):
        return Net(tuple(charges))
    live: list[Charge | None] = []
    reasons: list[Reason] = []
    for charge in charges:
        if not charge.is_credit:
            live.append(charge)
            continue
        place = _target(live, charge)
        if place is None:
            reasons.append(reason("credit-unmatched", path_of(charge.origin)))
            continue
        target = live[place]
        assert target is not None
        left, why = _less(target, charge)
        if why:
            reasons.append(reason(why, path_of(charge.origin)))
        else:
            live[place] = left
    return Net(tuple(charge for charge in live if charge is not None), tuple(reasons))


def _target(live: Sequence[Charge | None], credit: Charge) -> int | None:
    """Find the charge that a credit takes back; the newest where several could be meant."""
    newest_first = range(len(live) - 1, -1, -1)
    for number in (credit.reference, credit.charge_id if credit.is_numbered else ""):
        if number:
            for place in newest_first:
                charge = live[place]
                if charge is not None and charge.charge_id == number:
                    return place
    for place in newest_first:
        charge = live[place]
        if (
            charge is not None
            and charge.service[:3] == credit.service[:3]
            and (charge.billed_cents or 0) >= (credit.billed_cents or 0)
        ):
            return place
    return None


def _less(charge: Charge, credit: Charge) -> tuple[Charge | None, str]:
    """Take a credit off a charge: what is left (None for nothing), or why that cannot be."""
    if credit.billed_cents is None or charge.billed_cents is None:
        # Without an amount only the whole can be taken back.
        whole = credit.units_milli >= charge.units_milli
        return (None, "") if whole else (charge, "credit-exceeds-charge")
    cents = charge.billed_cents - credit.billed_cents
    if cents < 0:
        return charge, "credit-exceeds-charge"
    if cents == 0:
        return None, ""
    units = charge.units_milli - credit.units_milli
    # A credit of money alone (a price corrected) leaves the units as they are.
    return structs.replace(
        charge, billed_cents=cents, units_milli=units if units > 0 else charge.units_milli
    ), ""
