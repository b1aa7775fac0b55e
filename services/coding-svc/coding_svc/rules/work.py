"""An encounter as work: who pays first, and whose specialty it is."""

from coding_svc.model.account import Account


def first_payer(account: Account) -> str:
    """Return the payer of the first coverage; empty for none."""
    first = min(account.coverages, key=lambda coverage: coverage.order, default=None)
    return first.payer_id if first is not None else ""


def specialty(account: Account) -> str:
    """Return the taxonomy code of the attending provider, else of the first rendering one."""
    stay = account.stay
    asked = [stay.attending, *(charge.rendering for charge in account.charges)]
    return next((p.taxonomy_code for p in asked if p is not None and p.taxonomy_code), "")
