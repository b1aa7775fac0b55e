"""The record as a second coder sees it: everything but what anybody coded."""

from typing import Any, Final

from msgspec import Struct

from coding_svc.model.account import Account

_CODED: Final = {
    "account": ("diagnoses", "facility_codes", "overruled", "overrules", "coded_sha256"),
    "charge": (
        "procedure_code", "modifiers", "diagnosis_codes", "revenue_code", "cdm_code", "form",
        "faults",
    ),
    "procedure": ("code", "is_hcpcs", "faults"),
}  # fmt: skip
"""Fields that hold codes, or that tell of them."""


def without_codes(account: Account) -> dict[str, Any]:
    """Show an account without diagnoses, procedure codes, modifiers, and what follows from them."""
    shown = _shown(account, _CODED["account"])
    shown["charges"] = [_shown(charge, _CODED["charge"]) for charge in account.charges]
    shown["procedures"] = [_shown(one, _CODED["procedure"]) for one in account.procedures]
    return {name: value for name, value in shown.items() if value not in _UNSAID}


_UNSAID: Final[tuple[object, ...]] = (None, "", [], {})


def _shown(value: Struct, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    parts = {
        name: _plain(getattr(value, name))
        for name in value.__struct_fields__
        if name not in hidden and name != "format"
    }
    return {name: part for name, part in parts.items() if part not in _UNSAID}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return _shown(value) if isinstance(value, Struct) else value
