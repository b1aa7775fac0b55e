"""Compare two files by claim and by segment, not by line: order of claims does not matter."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from rcm.x12.envelope import Unit
from rcm.x12.mask import masked_elements
from rcm.x12.reader import Reader

Key = tuple[str, str, int]


def diff(before: Reader, after: Reader, *, mask: bool = True) -> Iterator[str]:
    """Give what differs: a heading for each unit that does, then its segments with - and +.

    Units are matched by kind and number (a claim by its claim number, then by its occurrence).
    Envelopes, and the segment counts in SE, are not compared.
    """
    old, new = _units(before), _units(after)
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key, []), new.get(key, [])
        if was != now:
            yield _heading(key, is_old=key in old, is_new=key in new)
            yield from _changes(was, now, mask=mask)


def _units(reader: Reader) -> dict[Key, list[list[str]]]:
    found: dict[Key, list[list[str]]] = {}
    counts: dict[tuple[str, str], int] = {}
    for unit in reader.units():
        if unit.name == "SE":
            continue
        number = _number(unit)
        count = counts[unit.name, number] = counts.get((unit.name, number), 0) + 1
        found[unit.name, number, count] = unit.segments
    return found


def _number(unit: Unit) -> str:
    first = unit.segments[0]
    if unit.name in {"CLP", "CLM"}:
        return first[1] if len(first) > 1 else ""
    return ""


def _heading(key: Key, *, is_old: bool, is_new: bool) -> str:
    name, number, count = key
    what = f"claim {number}" if number else name
    again = f" ({count})" if count > 1 else ""
    told = (
        "changed" if is_old and is_new else "only in the first" if is_old else "only in the second"
    )
    return f"@@ {what}{again}: {told}"


def _changes(was: list[list[str]], now: list[list[str]], *, mask: bool) -> Iterator[str]:
    old, new = [tuple(one) for one in was], [tuple(one) for one in now]
    for kind, low, high, new_low, new_high in SequenceMatcher(
        a=old, b=new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        for sign, segments in (("-", was[low:high]), ("+", now[new_low:new_high])):
            for segment in segments:
                yield f"{sign} {'*'.join(masked_elements(segment) if mask else segment)}"
