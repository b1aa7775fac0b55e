"""Answers to the sender: MSH, MSA and ERR.

Original mode answers with AA, AE or AR. A sender that fills MSH-15 or MSH-16 asks for enhanced
mode: CA, CE or CR say whether the message is safe with us, and an AA, AE or AR follows only where
MSH-16 asks. What a code makes the sender do decides which one it gets, because an EHR stops its
whole queue on anything but an accept:

    AA CA  stored; what is wrong with the content waits on our worklist, not on theirs
    AE CE  not stored; send it again
    AR CR  never send this here: no HL7 v2, or a sender that nobody has admitted

An answer repeats nothing of the message but its header, so that it carries no PHI.
"""

import re
from typing import Final, Literal

from msgspec import Struct

from coding_svc.codec.hl7v2.message import Delimiters, Message, escaped
from rcm.events.clinical import Reason

Outcome = Literal["A", "E", "R"]
"""Accepted; error, send again; rejected, never send again."""

_STANDARD: Final = Delimiters("|", "^", "~", "\\", "&")
_HEADER_BYTES_MAX: Final = 2_000

# HL7 table 0357: what kind of fault, as the sender's engine shows it.
_ERROR_CODES: Final = {
    "not-hl7": ("100", "Segment sequence error"),
    "bad-delimiters": ("102", "Data type error"),
    "kind-not-taken": ("200", "Unsupported message type"),
}
_INTERNAL_ERROR: Final = ("207", "Application internal error")
_ERR_MAX: Final = 20


class Header(Struct, frozen=True):
    """What an answer needs of a message, readable even where the rest is not.

    Attributes:
        delimiters: Those of the message, or the usual ones.
        sending: MSH-3 and MSH-4, raw.
        receiving: MSH-5 and MSH-6, raw.
        trigger: MSH-9-2, raw.
        control_number: MSH-10, raw.
        processing: MSH-11, raw.
        version: MSH-12, raw.
        accept: MSH-15: AL always, NE never, ER on errors, SU on success; empty in original mode.
        application: MSH-16, likewise.
        charset: What the answer is encoded in, so that the echoed header keeps its bytes.
    """

    delimiters: Delimiters = _STANDARD
    sending: tuple[str, str] = ("", "")
    receiving: tuple[str, str] = ("", "")
    trigger: str = ""
    control_number: str = ""
    processing: str = "P"
    version: str = "2.5.1"
    accept: str = ""
    application: str = ""
    charset: str = "utf-8"


def header_of(message: Message) -> Header:
    """Take from a message what its answer needs."""
    msh = message.header
    kind = msh.components(msh.field(9))
    return Header(
        delimiters=message.delimiters,
        sending=(msh.field(3), msh.field(4)),
        receiving=(msh.field(5), msh.field(6)),
        trigger=kind[1] if len(kind) > 1 else "",
        control_number=msh.field(10),
        processing=msh.field(11) or "P",
        version=msh.field(12) or "2.5.1",
        accept=msh.text(15).upper(),
        application=msh.text(16).upper(),
        charset=message.charset,
    )


def answers(
    header: Header, outcome: Outcome, reasons: tuple[Reason, ...], *, at: str, number: str
) -> list[bytes]:
    """Write the acknowledgements that a sender asked for: one, two, or none.

    Args:
        header: Of the message that is answered.
        outcome: What became of it.
        reasons: What to say about it; only faults, and only of the message as a whole.
        at: Now, as MSH-7 writes it.
        number: Control number of the answer; the second one gets a suffix.
    """
    if not header.accept and not header.application:
        return [_acknowledgement(header, "A" + outcome, reasons, at, number)]
    frames = []
    if _wanted(header.accept, outcome):
        frames.append(_acknowledgement(header, "C" + outcome, reasons, at, number))
    if _wanted(header.application, outcome):
        frames.append(_acknowledgement(header, "A" + outcome, reasons, at, number + "A"))
    return frames


def _wanted(condition: str, outcome: Outcome) -> bool:
    """HL7 table 0155."""
    good = outcome == "A"
    return condition == "AL" or (condition == "SU" and good) or (condition == "ER" and not good)


def _acknowledgement(
    header: Header, code: str, reasons: tuple[Reason, ...], at: str, number: str
) -> bytes:
    marks = header.delimiters
    kind = marks.component.join(("ACK", header.trigger, "ACK") if header.trigger else ("ACK",))
    faults = [r for r in reasons if r.severity == "error"][:_ERR_MAX] if code[1] != "A" else []
    text = escaped(faults[0].text, marks) if faults else ""
    addresses = (*header.receiving, *header.sending)
    rows = [
        (
            "MSH",
            marks.declared,
            *addresses,
            at,
            "",
            kind,
            number,
            header.processing,
            header.version,
        ),
        ("MSA", code, header.control_number, text),
        *(_error_row(fault, marks) for fault in faults),
    ]
    lines = [marks.field.join(row).rstrip(marks.field) for row in rows]
    return ("\r".join(lines) + "\r").encode(header.charset, "replace")


def _error_row(fault: Reason, marks: Delimiters) -> tuple[str, ...]:
    """ERR-2 location, ERR-3 table 0357, ERR-4 severity, ERR-5 our rule, ERR-8 for the user."""
    number, meaning = _ERROR_CODES.get(fault.rule_id, _INTERNAL_ERROR)
    error = marks.component.join((number, meaning, "HL70357"))
    place, rule, text = _location(fault.path, marks), fault.rule_id, escaped(fault.text, marks)
    return ("ERR", "", place, error, "E", escaped(rule, marks), "", "", text)


def _location(path: str, marks: Delimiters) -> str:
    """Turn `FT1[2]-20` into the components of ERR-2: segment, sequence, field."""
    match = re.match(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+))?", path)
    if match is None:
        return ""
    return marks.component.join(part for part in match.groups(default="") if part)
