"""Who may work on what: credentials by patient class, leases, and which holds only wait."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from coding_svc.model.desk import Coder

WAITING: Final = frozenset(
    {
        "admission-cancelled",
        "bill-hold",
        "not-discharged",
        "preadmit",
        "query-open",
        "withdrawal-asked",
    }
)
"""Holds that no coder can work on: a day, a message or an answer is waited for."""


class AccuracyRules(Struct, frozen=True, forbid_unknown_fields=True):
    """When accuracy is too low.

    Attributes:
        goal_milli: Correct codes of a thousand that are asked for.
        cases_min: Reviewed encounters from which on accuracy is judged.
        days: Over how many days' reviews.
    """

    goal_milli: Annotated[int, Meta(ge=1, le=1_000)] = 950
    cases_min: Annotated[int, Meta(ge=1, le=1_000)] = 10
    days: Annotated[int, Meta(ge=1, le=366)] = 90


class DeskRules(Struct, frozen=True, forbid_unknown_fields=True):
    """How the desk is run.

    Attributes:
        lease_s: How long an encounter stays with whoever took it, in seconds.
        credentials: By patient class: the credentials of which one is needed; none for a class
            that is not named.
        must_take: Codes are changed only by whoever took the encounter.
        separate_release: What a person has coded, another person releases.
        accuracy: When accuracy is too low.
    """

    lease_s: Annotated[int, Meta(ge=1, le=604_800)] = 3_600
    credentials: Mapping[str, tuple[str, ...]] = {}
    must_take: bool = False
    separate_release: bool = False
    accuracy: AccuracyRules = AccuracyRules()


def credentials_by_class(text: str) -> dict[str, tuple[str, ...]]:
    """Read `I=CCS|CIC,B=CCS`: what an operator sets.

    Raises:
        ValueError: It is not of that form.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in filter(None, text.split(",")):
        class_code, equals, codes = pair.strip().partition("=")
        named = tuple(code for code in codes.split("|") if code)
        if not equals or not named or len(class_code) != 1:
            raise ValueError("write credentials as I=CCS|CIC,B=CCS")
        found[class_code] = named
    return found


def is_workable(rule_ids: Collection[str]) -> bool:
    """Tell whether a coder can do something about what holds an encounter."""
    return not WAITING & set(rule_ids)


def lacks_credential(
    rules: DeskRules, coder: Coder | None, class_code: str, today: date
) -> tuple[str, ...]:
    """Return the credentials of which a coder would need one; empty if the coder may."""
    needed = rules.credentials.get(class_code, ())
    held = _held(coder, today)
    return () if not needed or held & set(needed) else needed


def classes_for(rules: DeskRules, coder: Coder | None, today: date) -> tuple[str, ...]:
    """Return the patient classes that a coder may not be given for want of a credential."""
    return tuple(
        class_code
        for class_code in sorted(rules.credentials)
        if lacks_credential(rules, coder, class_code, today)
    )


def _held(coder: Coder | None, today: date) -> set[str]:
    on = today.isoformat()
    credentials: Iterable[tuple[str, str, str]] = (
        (c.code, c.valid_from, c.valid_through)
        for c in (coder.credentials if coder is not None else ())
    )
    return {code for code, start, end in credentials if start <= on and (not end or on <= end)}
