"""The TA1 interchange acknowledgment: was the envelope of an interchange received whole.

    TA1*000000042*260302*1200*R*023~     interchange 42 refused: its end is missing

A TA1 stands between ISA and IEA outside any functional group.
"""

from collections.abc import Iterable

from msgspec import Struct

from rcm.x12.envelope import Interchange
from rcm.x12.findings import Finding
from rcm.x12.writer import Envelope, Renderer, interchange_text, writable

ACCEPTED, ACCEPTED_WITH_ERRORS, REJECTED = "A", "E", "R"
NO_ERROR = "000"
#: Notes after which the interchange is still taken: a wrong count of groups.
_FORGIVEN_NOTES = frozenset({"021"})


class InterchangeAcknowledgment(Struct, frozen=True, kw_only=True):
    """What became of one interchange. TA1."""

    interchange_control_number: str  # TA101, ISA13 of the interchange acknowledged
    interchange_date: str  # TA102, its ISA09 as it stood, YYMMDD
    interchange_time: str  # TA103, its ISA10 as it stood, HHMM
    status_code: str  # TA104: A accepted, E accepted with errors, R rejected
    note_code: str = NO_ERROR  # TA105: 000 no error, 001 numbers differ, 021 groups, 023 end, ...

    @property
    def is_rejected(self) -> bool:
        """Whether nothing of the interchange was taken."""
        return self.status_code == REJECTED


def read(interchange: Interchange) -> tuple[InterchangeAcknowledgment, ...]:
    """Read the TA1 segments of an interchange that a Reader has read."""
    found = []
    for stood in interchange.acknowledgements:
        number, on, at, status, note = (*stood.elements[1:], "", "", "", "", "")[:5]
        found.append(
            InterchangeAcknowledgment(
                interchange_control_number=number,
                interchange_date=on,
                interchange_time=at,
                status_code=status,
                note_code=note,
            )
        )
    return tuple(found)


def acknowledge(interchange: Interchange, findings: Iterable[Finding]) -> InterchangeAcknowledgment:
    """Decide what to answer: the first error of the interchange's envelope that TA1 can say."""
    number = interchange.control_number
    notes = [
        finding.rule.ack[1]
        for finding in findings
        if finding.is_error
        and finding.rule.ack[0] == "TA1"
        and finding.place.interchange_control_number == number
    ]
    notes.sort(key=lambda note: note in _FORGIVEN_NOTES)
    note = notes[0] if notes else NO_ERROR
    status = ACCEPTED
    if notes:
        status = ACCEPTED_WITH_ERRORS if note in _FORGIVEN_NOTES else REJECTED
    elements = interchange.elements + [""] * (17 - len(interchange.elements))
    return InterchangeAcknowledgment(
        interchange_control_number=writable(number, 9, instead="000000000"),
        interchange_date=writable(elements[9], 6),
        interchange_time=writable(elements[10], 4),
        status_code=status,
        note_code=note,
    )


def write(acknowledgments: Iterable[InterchangeAcknowledgment], envelope: Envelope) -> bytes:
    """Write an interchange that holds TA1 segments alone.

    Raises:
        NotWritable: A value holds a delimiter or a control character.
    """
    render = Renderer(envelope.delimiters, envelope.line_break)
    lines = [
        render(
            (
                "TA1",
                one.interchange_control_number,
                one.interchange_date,
                one.interchange_time,
                one.status_code,
                one.note_code,
            )
        )
        for one in acknowledgments
    ]
    return interchange_text(envelope, lines, 0, render).encode()
