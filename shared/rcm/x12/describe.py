"""Show a file, or a guide, as a tree of loops that a person can read."""

from collections.abc import Iterator

from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction
from rcm.x12.guide import Guide, LoopUse, SegmentUse
from rcm.x12.mask import masked_elements
from rcm.x12.reader import Reader


def describe_file(reader: Reader, *, mask: bool = True) -> Iterator[str]:
    """Give a line for each segment, indented by its loop, with what the guide calls it."""
    checker: Checker | None = None
    shown: set[int] = set()
    for unit in reader.units():
        transaction = unit.transaction
        if id(transaction) not in shown:
            shown.add(id(transaction))
            yield from _heading(transaction)
            guide = transaction.guide
            checker = Checker(transaction) if guide is not None else None
        separator = transaction.delimiters.element
        for segment, (loop, note) in zip(unit.segments, _walk(checker, unit.segments), strict=True):
            values = separator.join(masked_elements(segment) if mask else segment)
            depth = loop.count("/") + 1 if loop else 0
            told = f"   # {loop} {note}" if loop and note else f"   # {note}" if note else ""
            yield f"{'  ' * depth}{values}{told}"


def _heading(transaction: Transaction) -> Iterator[str]:
    guide = transaction.guide
    title = guide.title if guide is not None else "no guide of ours"
    interchange, group = transaction.interchange, transaction.group
    yield (
        f"== {transaction.set_code} {transaction.version}: {title}"
        f" (interchange {interchange.control_number}, group {group.control_number},"
        f" transaction {transaction.control_number})"
    )


def _walk(checker: Checker | None, segments: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Give the loop and the note of each segment."""
    for segment in segments:
        if checker is None:
            yield "", ""
        else:
            entry = checker.follow(segment)
            yield checker.path, "not in the guide" if entry is None else entry.note


def describe_guide(guide: Guide) -> Iterator[str]:
    """Draw the loops of a guide: ids, usage, most repeats, and our notes."""
    yield f"{guide.guide_id}  {guide.set_code} {guide.title}"
    yield from _describe_loop(guide.root, 0)


def _describe_loop(loop: LoopUse, depth: int) -> Iterator[str]:
    indent = "  " * depth
    entries: list[SegmentUse | LoopUse] = [*loop.segments, *loop.loops]
    entries.sort(key=lambda entry: entry.order)
    for entry in entries:
        note = f"   {entry.note}" if entry.note else ""
        if isinstance(entry, LoopUse):
            most = f" x{entry.repeat_max}" if entry.repeat_max != 1 else ""
            most = " any number" if entry.repeat_max == 0 else most
            yield f"{indent}[{entry.loop_id}] {_usage(entry.usage)}{most}{note}"
            yield from _describe_loop(entry, depth + 1)
        else:
            most = f" x{entry.uses_max}" if entry.uses_max != 1 else ""
            most = " any number" if entry.uses_max == 0 else most
            yield f"{indent}{entry.label}  {_usage(entry.usage)}{most}{note}"


def _usage(usage: str) -> str:
    return {"R": "required", "S": "situational", "N": "not used"}[usage]
