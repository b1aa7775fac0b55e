"""What a 999 says twice must agree: counts, codes, and the errors that it names; and the TA1."""

from collections.abc import Iterator, Sequence
from typing import Final

from rcm.x12.envelope import GROUP_CODES, Interchange
from rcm.x12.findings import Finding, Place, Severity
from rcm.x12.situation import Situation, situational
from rcm.x12.walk import Seen

COUNTS_DIFFER: Final = situational(
    "acknowledged-sets-differ",
    "Count the sets again: accepted ones are the received less the rejected.",
    Severity.ERROR,
    3,
)
STATUS_CONTRADICTS: Final = situational(
    "acknowledgment-contradicts",
    "Accept what has no error, reject what has; ask the partner which of the two is meant.",
)
REASON_MISSING: Final = situational(
    "rejection-without-reason", "Say why in IK502, AK905, or by the segments in error.",
    Severity.WARNING,
)  # fmt: skip
GROUP_DIFFERS: Final = situational(
    # AK101 repeats GS01, right or wrong, so this may be the very fault that is acknowledged.
    "acknowledged-group-differs",
    "Write the group's own code in AK101.",
    Severity.WARNING,
    2,
)
ELEMENTS_MISSING: Final = situational(
    "element-errors-missing", "Name the elements in IK4: IK304 is 8.", Severity.WARNING
)
TA1_INVALID: Final = situational(
    "ta1-element-invalid", "Correct the element of TA1.", Severity.ERROR, 1
)
RULES: Final = (
    COUNTS_DIFFER, STATUS_CONTRADICTS, REASON_MISSING, GROUP_DIFFERS, ELEMENTS_MISSING,
    TA1_INVALID,
)  # fmt: skip
_REJECTIONS: Final = frozenset({"M", "R", "W", "X"})
_ACCEPTANCES: Final = frozenset({"A", "E"})


class Implementation(Situation):
    """One 999."""

    def begin(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check the whole of it: a 999 has no levels."""
        yield from super().begin(seen)
        group_code, rejected = "", 0
        segments_in_error = 0
        for at, one in enumerate(seen):
            match one.segment[0]:
                case "AK1":
                    group_code = one.element(1)
                case "AK2":
                    segments_in_error = 0
                    wanted = GROUP_CODES.get(one.element(1), group_code)
                    if wanted != group_code:
                        message = f"AK101 is not {wanted}, the group of this transaction."
                        yield one.finding(GROUP_DIFFERS, message, 1)
                case "IK3":
                    segments_in_error += 1
                    yield from _check_segment(one, seen[at + 1 : at + 12])
                case "IK5":
                    rejected += one.element(1) in _REJECTIONS
                    yield from _check_transaction(one, segments_in_error)
                case "AK9":
                    yield from _check_group(one, rejected)
                case _:
                    pass


def _check_segment(seen: Seen, rest: Sequence[Seen]) -> Iterator[Finding]:
    following = next((one.segment[0] for one in rest if one.segment[0] != "CTX"), "")
    if seen.element(4) == "8" and following != "IK4":
        yield seen.finding(ELEMENTS_MISSING, "It names no element in error.", 4)


def _check_transaction(seen: Seen, segments_in_error: int) -> Iterator[Finding]:
    status, reason = seen.element(1), seen.element(2)
    if status == "A" and (segments_in_error or reason):
        yield seen.finding(STATUS_CONTRADICTS, "It is accepted and has errors.", 1)
    elif status in _REJECTIONS and not (segments_in_error or reason):
        yield seen.finding(REASON_MISSING, "It is rejected without a reason.", 1)


def _check_group(seen: Seen, rejected: int) -> Iterator[Finding]:
    status = seen.element(1)
    counts = [seen.element(position) for position in (2, 3, 4)]
    if not all(count.isdecimal() and count.isascii() for count in counts):
        return
    included, received, accepted = (int(count[:9]) for count in counts)
    del included  # what the sender counted may differ from what came
    if accepted > received:
        yield seen.finding(COUNTS_DIFFER, "More sets are accepted than received.", 4)
    elif status in _REJECTIONS and accepted:
        yield seen.finding(STATUS_CONTRADICTS, "The group is rejected with sets accepted.", 1)
    elif status == "A" and accepted < received:
        yield seen.finding(STATUS_CONTRADICTS, "The group is accepted without all its sets.", 1)
    elif status == "P" and accepted in {0, received}:
        yield seen.finding(STATUS_CONTRADICTS, "Nothing or all is accepted: not partly.", 1)
    elif status not in _REJECTIONS and rejected != received - accepted:
        message = f"{rejected} sets are rejected above, {received - accepted} by these counts."
        yield seen.finding(COUNTS_DIFFER, message, 4)


def check_ta1(interchange: Interchange) -> Iterator[Finding]:
    """Check the TA1 segments of an interchange."""
    separator = interchange.delimiters.element
    for segment, segment_number, offset in interchange.acknowledgements:
        place = Place(
            interchange_control_number=interchange.control_number,
            segment_id="TA1",
            segment_number=segment_number,
            byte_offset=offset,
            lines=((segment_number, separator.join(segment)[:80]),),
        )
        number, on, at, status, note = (*segment[1:], "", "", "", "", "")[:5]
        wrong = [
            (1, number, len(number) <= 9 and number.isdecimal(), "up to nine digits"),
            # Date and time repeat what stood in the ISA, right or wrong; 014 and 015 say which.
            (2, on, note == "014" or (len(on) == 6 and on.isdecimal()), "a date, YYMMDD"),
            (3, at, note == "015" or (len(at) == 4 and at.isdecimal()), "a time, HHMM"),
            (4, status, status in {"A", "E", "R"}, "A, E or R"),
            (5, note, len(note) == 3 and note.isdecimal() and note <= "031", "000 to 031"),
        ]
        for position, value, is_right, told in wrong:
            if not is_right:
                yield Finding(
                    rule=TA1_INVALID,
                    place=place,
                    message=f"It is not {told}.",
                    element=position,
                    value=value,
                )
        if all(is_right for _, _, is_right, _ in wrong) and (status == "A") != (note == "000"):
            yield Finding(
                rule=STATUS_CONTRADICTS,
                place=place,
                message="TA104 says one thing and TA105 another.",
                element=5,
                value=note,
            )
