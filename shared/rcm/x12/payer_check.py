"""Check a file against payers' own rules (`payer_rules.py`), as it streams by."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from rcm.x12 import registry
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding
from rcm.x12.guide import Guide
from rcm.x12.payer_rules import EACH, HEADER, TRANSACTIONS, Condition, PayerRule, Pick, RuleSet
from rcm.x12.situation import day_of
from rcm.x12.values import quantity
from rcm.x12.walk import Seen, Walk

_VALUE_MAX: Final = 200  # no element that a rule looks at is longer; a pattern sees no more
_TOLD_MAX: Final = 1 << 16
#: Where each transaction names its payer.
_PAYER_AT: Final[dict[str, tuple[Pick, ...]]] = {
    "837": (Pick(segment="NM1*PR", loop="2010BB", element=9),),
    "835": (
        Pick(segment="N1*PR", loop="1000A", element=4),
        Pick(segment="REF*2U", loop="1000A", element=2),
        Pick(segment="TRN", element=3),
    ),
    "278": (Pick(segment="NM1", loop="2010A", element=9),),
    "834": (Pick(segment="N1*IN", element=4),),
    "820": (Pick(segment="N1*PE", element=4),),
    "275": (Pick(segment="NM1*PR", element=9),),
}
_ASKED: Final = (Pick(segment="NM1", loop="2100A", element=9),)
_SERVICE_DATES: Final = (
    Pick(segment="DTP*472|434", element=3),
    Pick(segment="DTM*472|150|232", element=2),
)
_CREATED: Final = (
    Pick(segment="BHT", element=4),
    Pick(segment="BPR", element=16),
    Pick(segment="BGN", element=3),
)


class _Active(Struct, frozen=True):
    """A rule that is for the transaction at hand."""

    rule_set: RuleSet
    rule: PayerRule
    each: str


class _Context(Struct, frozen=True):
    """What is judged: an instance of a loop, and what it stands under."""

    own: Sequence[Seen]
    above: Sequence[Seen]

    @property
    def both(self) -> Iterator[Seen]:
        yield from self.own
        yield from self.above


class PayerCheck:
    """Checks transactions; feed it every unit, in order."""

    def __init__(
        self, rule_sets: Sequence[RuleSet], *, relax: frozenset[str] = frozenset()
    ) -> None:
        self._rule_sets = rule_sets
        self._relax = relax
        self._walk: Walk | None = None
        self._active: tuple[_Active, ...] = ()
        self._open: list[tuple[str, list[Seen]]] = []
        self._told: set[tuple[str, int]] = set()

    def feed(self, unit: Unit) -> list[Finding]:
        """Check the next unit of the file."""
        if unit.name == "ST":
            self._begin(unit)
        if self._walk is None or unit.name == "SE" or not unit.texts:
            return []
        seen = self._walk.see(unit)
        path = seen[0].loop
        while self._open and not (path + "/").startswith(self._open[-1][0]):
            self._open.pop()
        above = [one for _, level in self._open for one in level]
        found = list(self._check(seen, above)) if self._active else []
        self._open.append((path + "/" if path else "", seen))
        return found

    def _begin(self, unit: Unit) -> None:
        guide = unit.transaction.guide
        self._walk, self._open = None, []
        self._told.clear()
        if guide is None:
            return
        self._active = tuple(
            _Active(rule_set, rule, rule.each or EACH.get(guide.set_code, ""))
            for rule_set in self._rule_sets
            for rule in rule_set.rules
            if rule_set.name not in self._relax
            and any(
                registry.guide(TRANSACTIONS.get(one, one)) is guide for one in rule.transactions
            )
        )
        if self._active:
            self._walk = Walk(unit.transaction)

    def _check(self, seen: list[Seen], above: list[Seen]) -> Iterator[Finding]:
        for each in dict.fromkeys(one.each for one in self._active):
            rules = [one for one in self._active if one.each == each]
            for context in _instances(seen, above, each):
                for active in rules:
                    if _applies(active, context):
                        yield from self._judge(active, context)

    def _judge(self, active: _Active, context: _Context) -> Iterator[Finding]:
        rule = active.rule
        picked = [one for one in context.both if _is_picked(rule.at, one)]
        with_value = [one for one in picked if not rule.at.element or _value(rule.at, one)]
        if rule.required:
            if not with_value:
                yield from self._say(active, picked[0] if picked else context.own[0])
        elif rule.count_maximum is not None:
            if len(with_value) > rule.count_maximum:
                yield from self._say(active, with_value[rule.count_maximum])
        else:
            for one in with_value:
                if rule.forbidden or not _is_right(rule, _value(rule.at, one)):
                    yield from self._say(active, one)

    def _say(self, active: _Active, seen: Seen) -> Iterator[Finding]:
        """Tell a fault once, though every claim under a level sees the level."""
        rule = active.rule_set.rule(active.rule)
        key = (rule.rule_id, seen.unit.number + seen.at)
        if key in self._told:
            return
        if len(self._told) < _TOLD_MAX:
            self._told.add(key)
        pick = active.rule.at
        is_there = _is_picked(pick, seen)
        yield seen.finding(
            rule,
            active.rule.message,
            pick.element if is_there else 0,
            pick.component if is_there else 0,
        )


def _is_for(rule: PayerRule, guide: Guide) -> bool:
    return any(registry.guide(TRANSACTIONS.get(one, one)) is guide for one in rule.transactions)


def _instances(seen: list[Seen], above: list[Seen], each: str) -> Iterator[_Context]:
    """Give each instance of a loop in a unit, with what belongs to it from above."""
    own: dict[str, list[Seen]] = {}
    shared: list[Seen] = []
    for one in seen:
        steps = one.loop.split("/") if one.loop else [HEADER]
        ids = [step.partition("[")[0] for step in steps]
        if each in ids:
            own.setdefault("/".join(steps[: ids.index(each) + 1]), []).append(one)
        else:
            shared.append(one)
    first = seen[0].loop
    for path, members in own.items():
        # What began in a unit above was judged there.
        if not first.startswith(path + "/"):
            yield _Context(members, [*shared, *above])


def _is_picked(pick: Pick, seen: Seen) -> bool:
    if pick.loop and seen.loop_id != pick.loop:
        return False
    segment_id, *codes = pick.segment.split("*")
    return seen.segment[0] == segment_id and all(
        not wanted or seen.element(position).split(_component(seen), 1)[0] in wanted.split("|")
        for position, wanted in enumerate(codes, start=1)
    )


def _component(seen: Seen) -> str:
    return seen.unit.transaction.delimiters.component or ":"


def _value(pick: Pick, seen: Seen) -> str:
    return seen.element(pick.element, pick.component)[:_VALUE_MAX] if pick.element else ""


def _applies(active: _Active, context: _Context) -> bool:
    rule, payer = active.rule, active.rule_set.payer
    if "*" not in payer.ids and not _payer_ids(payer.at, context) & set(payer.ids):
        return False
    if rule.valid_from or rule.valid_through:
        on = _service_on(context)
        if on is None or on < (rule.valid_from or on) or on > (rule.valid_through or on):
            return False
    return all(_holds(condition, context) for condition in rule.when)


def _payer_ids(at: Pick | None, context: _Context) -> set[str]:
    set_code = context.own[0].unit.transaction.set_code
    picks = (at,) if at is not None else _PAYER_AT.get(set_code, _ASKED)
    return {
        _value(pick, one) for pick in picks for one in context.both if _is_picked(pick, one)
    } - {""}


def _service_on(context: _Context) -> date | None:
    """The first day of service; the day that the transaction was made where none is told."""
    for picks in (_SERVICE_DATES, _CREATED):
        for pick in picks:
            for one in context.both:
                if _is_picked(pick, one):
                    on = day_of(_value(pick, one)[:8])
                    if on is not None:
                        return on
    return None


def _holds(condition: Condition, context: _Context) -> bool:
    values = [
        _value(condition, one)
        for one in context.both
        if _is_picked(condition, one) and (not condition.element or _value(condition, one))
    ]
    if condition.absent:
        return not values
    return any(_meets(condition, value) for value in values)


def _meets(condition: Condition, value: str) -> bool:
    return (
        (not condition.allowed or value in condition.allowed)
        and value not in condition.not_allowed
        and (not condition.pattern or _compiled(condition.pattern).fullmatch(value) is not None)
        and _is_within(value, condition.minimum, condition.maximum)
    )


def _is_right(rule: PayerRule, value: str) -> bool:
    return (
        (not rule.allowed or value in rule.allowed)
        and value not in rule.not_allowed
        and (not rule.pattern or _compiled(rule.pattern).fullmatch(value) is not None)
        and len(value) >= (rule.length_minimum or 0)
        and (rule.length_maximum is None or len(value) <= rule.length_maximum)
        and _is_within(value, rule.minimum, rule.maximum)
    )


def _is_within(value: str, minimum: Decimal | None, maximum: Decimal | None) -> bool:
    """Compare a number; what is no number is the guide's business, and within."""
    if minimum is None and maximum is None:
        return True
    try:
        number = quantity(value)
    except ValueError:
        return True
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


@lru_cache(maxsize=1 << 10)
def _compiled(pattern: str) -> "re.Pattern[str]":
    return re.compile(pattern, re.ASCII)
