"""The words of a note: the OBX segments of an MDM, or of a report (ORU) where a profile asks."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from coding_svc.codec.hl7v2.message import Message, Segment, printable, unescape
from coding_svc.codec.hl7v2.values import moment
from coding_svc.model.documented import NoteText
from coding_svc.rules.profile import Profile
from rcm.events.coding_codes import NOTE_CHARS_MAX

REPORT: Final = "ORU^R01"
_WORDS: Final = frozenset({"TX", "FT", "ST"})
_FINAL: Final = frozenset({"AU", "LA", "DI"})
"""TXA-17: authenticated, legally authenticated, dictated and signed elsewhere."""


def note_of(message: Message, kind: str, profile: Profile) -> NoteText | None:
    """Read the note that a message brings; None where it brings no words.

    Args:
        message: As parsed.
        kind: `MDM^T02`, `MDM^T08` or `ORU^R01`.
        profile: Of its sender.
    """
    text = words(message.all("OBX"))
    if not text.strip():
        return None
    if kind == REPORT:
        return _report(message, profile, text)
    txa = message.first("TXA")
    if txa is None or not txa.text(12):
        return None
    written = moment(txa.text(4) or txa.text(7), profile.zone)
    return NoteText(
        document_number=txa.text(12),
        kind=txa.text(2),
        is_final=txa.text(17).upper() in _FINAL,
        written_on=written.day if written is not None else "",
        text=text,
    )


def words(segments: Sequence[Segment]) -> str:
    """Put the text of OBX segments together: a line for each repetition of OBX-5."""
    lines: list[str] = []
    for obx in segments:
        kind = obx.text(2).upper()
        if kind in _WORDS:
            escape = obx.delimiters.escape
            for repetition in obx.repetitions(5):
                # Running text: what else separates components is punctuation here.
                lines += [
                    printable(unescape(line, obx.delimiters)).rstrip()
                    for line in repetition.split(f"{escape}.br{escape}")
                ]
        elif kind == "ED":
            lines.append(_enclosed(obx))
    return "\n".join(lines)[:NOTE_CHARS_MAX]


def _enclosed(obx: Segment) -> str:
    """Decode an enclosed plain text (OBX-5 of type ED: source^type^subtype^encoding^data)."""
    if obx.text(5, 3).upper() not in ("TXT", "PLAIN", "TEXT"):
        return ""
    data = obx.text(5, 5)
    if obx.text(5, 4).upper() != "BASE64":
        return data
    try:
        return base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _report(message: Message, profile: Profile, text: str) -> NoteText | None:
    obr = message.first("OBR")
    number = (obr.text(3) or obr.text(2)) if obr is not None else ""
    if obr is None or not number:
        return None
    written = moment(obr.text(7), profile.zone)
    return NoteText(
        document_number=number,
        kind=obr.text(4),
        is_final=obr.text(25).upper() in ("F", "C"),
        written_on=written.day if written is not None else "",
        text=text,
    )
