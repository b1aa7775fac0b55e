"""Routes of remit-svc under `/v1`: translate, call a handler, translate."""

from remit_svc.api.ledger import ledger
from remit_svc.api.remittances import remittances
from remit_svc.api.suspense import suspense

__all__ = ["ledger", "remittances", "suspense"]
