"""Payer-specific rules as data: SNIP type 7, and 6 for rules about kinds of service.

    rules = load(Path("acme.yaml"))         # or sample("medicare-like")
    Examination(file, payer_rules=[rules])

A rule says where it looks, when it applies and what must hold there; `docs/x12/payer-rules.md`
tells the format. A mistake in a file is told with its line and column, all of them at once.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from rcm.x12 import registry
from rcm.x12.findings import Rule, Severity
from rcm.x12.guide import Guide
from rcm.x12.segments import SEGMENTS

_FILE_BYTES_MAX: Final = 1 << 20
#: Keys whose values are text, however they are written.
_TEXTS: Final = frozenset(
    {"ids", "transactions", "allowed", "not_allowed", "loop", "each", "minimum", "maximum"}
)
_PATH: Final = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`")
_STEP: Final = re.compile(r"\.([A-Za-z_]+)|\[(\d+)\]")
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}(?:\*[A-Z0-9|]*)*", re.ASCII)
#: What a rule may be for, and the guide whose loops it names.
TRANSACTIONS: Final[dict[str, str]] = {
    "837P": "005010X222A1",
    "837I": "005010X223A2",
    "837D": "005010X224A2",
    "835": "005010X221A1",
    "270": "270 005010X279A1",
    "271": "271 005010X279A1",
    "276": "276 005010X212",
    "277": "277 005010X212",
    "277CA": "005010X214",
    "277RFAI": "005010X213",
    "275": "005010X210",
    "278": "005010X217",
    "820": "005010X218",
    "834": "005010X220A1",
    "999": "005010X231A1",
}
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Pick(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Segments, or an element or a component of them."""

    segment: str  # NM1, or NM1*85|87: an element after * is one of those codes
    loop: str = ""  # 2010BB; empty is any
    element: Annotated[int, Meta(ge=0, le=99)] = 0  # 0 is the segment itself
    component: Annotated[int, Meta(ge=0, le=99)] = 0


class Condition(Pick, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What must hold of at least one segment (`absent`: of none) for a rule to apply."""

    allowed: tuple[str, ...] = ()  # one of these values
    not_allowed: tuple[str, ...] = ()  # none of these
    pattern: str = ""  # the whole value matches this regular expression
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    absent: bool = False  # there is no such segment or value


class PayerRule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One rule; exactly one field from `required` to `count_maximum` says what must hold."""

    id: Name
    transactions: Annotated[tuple[str, ...], Meta(min_length=1)]
    at: Pick
    message: Text  # what is wrong; no value of the file belongs in it
    do: Text  # what the sender should do
    each: str = ""  # the loop that is judged one by one, or header; if empty 837 2300, 835 2100
    when: tuple[Condition, ...] = ()
    required: bool = False
    forbidden: bool = False
    allowed: tuple[str, ...] = ()
    not_allowed: tuple[str, ...] = ()
    pattern: str = ""
    length_minimum: Annotated[int, Meta(ge=1)] | None = None
    length_maximum: Annotated[int, Meta(ge=1)] | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    count_maximum: Annotated[int, Meta(ge=0)] | None = None
    level: Literal[6, 7] = 7  # SNIP: 6 by kind of service, 7 by payer
    severity: Severity = Severity.ERROR
    valid_from: date | None = None  # first day of service that it is for
    valid_through: date | None = None  # last day


class Payer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Whom a set of rules is for."""

    ids: Annotated[tuple[str, ...], Meta(min_length=1)]  # "*" is every payer
    at: Pick | None = None  # where the id stands, if not where the guide names the payer


class RuleSet(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A file of rules."""

    name: Name
    payer: Payer
    rules: Annotated[tuple[PayerRule, ...], Meta(min_length=1)]
    format: Literal[1] = 1

    def rule(self, one: PayerRule) -> Rule:
        """Give the rule as findings name it: `name/id`."""
        return Rule(f"{self.name}/{one.id}", one.level, one.severity, one.do)


class Mistake(Struct, frozen=True):
    """What is wrong in a file of rules, and where: line and column count from 1."""

    line: int
    column: int
    message: str


class NotRules(ValueError):
    """A file of rules has mistakes.

    Attributes:
        mistakes: All that were found.
    """

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        told = (f"{name}:{one.line}:{one.column}: {one.message}" for one in mistakes)
        super().__init__("\n".join(told))
        self.mistakes = mistakes


def load(path: Path) -> RuleSet:
    """Read a file of rules, YAML or JSON.

    Raises:
        NotRules: It has mistakes.
        OSError: It cannot be read.
    """
    with path.open("rb") as source:
        return loads(source.read(_FILE_BYTES_MAX + 1), str(path))


def sample(name: str) -> RuleSet:
    """Read a set of rules that comes with the library.

    Raises:
        LookupError: There is none of this name.
    """
    if name not in samples():
        raise LookupError(name)
    file = files("rcm.x12") / "payer_samples" / f"{name}.yaml"
    return loads(file.read_bytes(), name)


def samples() -> tuple[str, ...]:
    """Name the sets of rules that come with the library."""
    folder = files("rcm.x12") / "payer_samples"
    return tuple(sorted(one.name[:-5] for one in folder.iterdir() if one.name.endswith(".yaml")))


def loads(data: bytes, name: str = "rules") -> RuleSet:
    """Read rules from bytes.

    Raises:
        NotRules: They have mistakes.
    """
    if len(data) > _FILE_BYTES_MAX:
        raise NotRules(name, (Mistake(1, 1, "The file is larger than a megabyte."),))
    marks: dict[tuple[str | int, ...], yaml.Mark] = {}
    try:
        root = yaml.compose(data.decode(), Loader=_Loader)
        plain = _plain(root, (), marks) if root is not None else None
        found = msgspec.convert(plain, RuleSet)
    except UnicodeDecodeError:
        raise NotRules(name, (Mistake(1, 1, "The file is not UTF-8."),)) from None
    except (yaml.YAMLError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        told = getattr(fault, "problem", None) or "It is nested too deeply."
        raise NotRules(name, (Mistake(line, column, f"This is no YAML: {told}."),)) from None
    except msgspec.ValidationError as fault:
        match = _PATH.fullmatch(str(fault))
        assert match is not None
        steps = _steps(match[2] or "")
        unknown = _UNKNOWN.search(match[1])
        steps = (*steps, unknown[1]) if unknown is not None else steps
        mistake = _mistake(marks, steps, f"{match[1]}.")
        raise NotRules(name, (mistake,)) from None
    mistakes = tuple(_mistake(marks, steps, message) for steps, message in _senseless(found))
    if mistakes:
        raise NotRules(name, mistakes)
    return found


class _Loader(yaml.SafeLoader):
    """Reads YAML without aliases: a few of them can stand for a file of any size."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # so in its stubs
            told = "an alias; write it out"
            raise yaml.MarkedYAMLError(problem=told, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def _plain(
    node: yaml.Node, path: tuple[str | int, ...], marks: dict[tuple[str | int, ...], yaml.Mark]
) -> Any:
    """Turn nodes into values and note where each stands."""
    marks[path] = node.start_mark
    if isinstance(node, yaml.MappingNode):
        pairs: dict[str, Any] = {}
        for key, value in node.value:
            if key.value in pairs:
                told = "the key is there twice"
                raise yaml.MarkedYAMLError(problem=told, problem_mark=key.start_mark)
            pairs[str(key.value)] = _plain(value, (*path, str(key.value)), marks)
            marks[*path, str(key.value)] = key.start_mark
        return pairs
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*path, at), marks) for at, one in enumerate(node.value)]
    names = [step for step in path if isinstance(step, str)]
    if names and names[-1] in _TEXTS:
        return node.value  # 00123 is a payer, not 83
    return yaml.SafeLoader("").construct_object(node)


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(number) if number else name for name, number in _STEP.findall(path))


def _mistake(
    marks: dict[tuple[str | int, ...], yaml.Mark], steps: tuple[str | int, ...], message: str
) -> Mistake:
    """Tell a mistake at the innermost place that is known."""
    while steps and steps not in marks:
        steps = steps[:-1]
    mark = marks.get(steps)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Mistake(line, column, message)


Steps = tuple[str | int, ...]


def _senseless(rule_set: RuleSet) -> Iterator[tuple[Steps, str]]:
    """Find what is of the right shape and makes no sense."""
    if rule_set.payer.at is not None:
        yield from _pick(rule_set.payer.at, ("payer", "at"), ())
    seen: set[str] = set()
    for at, rule in enumerate(rule_set.rules):
        here: Steps = ("rules", at)
        if rule.id in seen:
            yield (*here, "id"), f"The rule {rule.id} is there twice."
        seen.add(rule.id)
        guides = []
        for index, code in enumerate(rule.transactions):
            guide = registry.guide(TRANSACTIONS.get(code, code))
            if guide is None:
                known = ", ".join(TRANSACTIONS)
                yield (*here, "transactions", index), f"{code} is none of {known}."
            else:
                guides.append(guide)
        yield from _rule(rule, here, tuple(guides))


def _rule(rule: PayerRule, here: Steps, guides: tuple[Guide, ...]) -> Iterator[tuple[Steps, str]]:
    demands = [
        rule.required, rule.forbidden, bool(rule.allowed), bool(rule.not_allowed),
        bool(rule.pattern), rule.length_minimum is not None or rule.length_maximum is not None,
        rule.minimum is not None or rule.maximum is not None, rule.count_maximum is not None,
    ]  # fmt: skip
    if sum(demands) != 1:
        yield here, "A rule says one thing: required, forbidden, allowed, pattern, a length ..."
    if not rule.at.element and any(demands[2:7]):
        yield (*here, "at"), "What is told of a value needs the element that holds it."
    if rule.each and guides and not _has_loop(guides, rule.each):
        yield (*here, "each"), f"The guide has no loop {rule.each}."
    if not rule.each and any(guide.set_code not in EACH for guide in guides):
        yield here, "Say in `each` which loop is judged one by one."
    if rule.valid_from and rule.valid_through and rule.valid_from > rule.valid_through:
        yield (*here, "valid_through"), "The last day is before the first."
    yield from _pick(rule.at, (*here, "at"), guides)
    yield from _pattern(rule.pattern, here)
    for at, condition in enumerate(rule.when):
        yield from _pick(condition, (*here, "when", at), guides)
        yield from _pattern(condition.pattern, (*here, "when", at))


#: What `each` calls the segments before the first loop.
HEADER: Final = "header"
#: The loop that is judged one by one where a rule does not say, by ST01.
EACH: Final = {"837": "2300", "835": "2100"}


def _has_loop(guides: tuple[Guide, ...], loop_id: str) -> bool:
    if loop_id == HEADER:
        return True
    return any(loop.loop_id == loop_id for guide in guides for loop in guide.root.walk())


def _pick(pick: Pick, here: Steps, guides: tuple[Guide, ...]) -> Iterator[tuple[Steps, str]]:
    if _SEGMENT.fullmatch(pick.segment) is None:
        yield (*here, "segment"), "A segment is written NM1, or NM1*85|87 with the codes wanted."
    elif pick.segment.split("*")[0] not in SEGMENTS:
        yield (*here, "segment"), f"X12 has no segment {pick.segment.split('*')[0]}."
    if pick.loop and guides and not _has_loop(guides, pick.loop):
        yield (*here, "loop"), f"The guide has no loop {pick.loop}."
    if pick.component and not pick.element:
        yield (*here, "component"), "A component needs its element."


def _pattern(pattern: str, here: Steps) -> Iterator[tuple[Steps, str]]:
    try:
        re.compile(pattern)
    except re.error as fault:
        yield (*here, "pattern"), f"This is no regular expression: {fault.msg}."
