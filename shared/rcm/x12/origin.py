"""Where a document was read, carried by the document without being part of its content."""

from rcm.x12.envelope import Unit
from rcm.x12.findings import NOWHERE, Place


class Origin:
    """The unit that a document was read from, and its loop.

    Any two origins are equal, and equal to none, so that documents compare by content: what is
    written and read again equals what was written.

    Attributes:
        unit: The segments as they stood in the file.
        loop: Loop path with ordinals, such as `2000[1]/2100[3]`.
    """

    __slots__ = ("loop", "unit")

    def __init__(self, unit: Unit, loop: str) -> None:
        self.unit = unit
        self.loop = loop

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Origin)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"Origin({self.loop} at segment {self.unit.number})"


def place(origin: Origin | None, index: int = 0, *, claim_id: str = "", loop: str = "") -> Place:
    """Tell where a segment of a document stands; nowhere when the document was never in a file.

    Args:
        origin: Where the document was read.
        index: Which of the unit's segments.
        claim_id: The claim that is meant.
        loop: Loop inside the document's own, such as `2110[2]`.
    """
    if origin is None:
        return Place(claim_id=claim_id) if claim_id else NOWHERE
    path = f"{origin.loop}/{loop}" if loop and origin.loop else loop or origin.loop
    return origin.unit.place(index, loop=path, claim_id=claim_id)


def segment_index(origin: Origin | None, tag: str, value: str, since: int = 0) -> int:
    """Find the segment of an id that holds a value, from an index on; `since` if there is none."""
    if origin is None:
        return since
    segments = origin.unit.segments
    for index in range(since, len(segments)):
        if segments[index][0] == tag and value in segments[index]:
            return index
    return since
