r"""A tolerant reader of HL7 v2 messages in the encoding with delimiters (ER7).

    bytes ── charset ──▶ text ── CR | LF | CRLF ──▶ segments ── MSH-1 ──▶ fields (still raw)
                                                                            │ on demand
                                     repetitions ── components ── subcomponents ── unescape

Real senders depart from the standard, and money is lost wherever a reader is strict or silent. So:

- any legal delimiters, found in MSH-1 and MSH-2; missing ones mean that the level is not used;
- segments end in CR, LF or CRLF; a line that does not begin a segment belongs to the one before;
- unknown and Z-segments, odd order and fields beyond the standard are kept where they stand;
- escapes are decoded after splitting, so that an escaped delimiter never splits;
- nothing is dropped: `encode(parse(data)) == data` for all bytes that begin with a valid MSH.

Bad bytes never raise: `parse` answers `Unreadable` with the fault.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from coding_svc.model.reasons import reason
from rcm.events.clinical import Reason

SEGMENTS_MAX: Final = 20_000
"""More segments than any billing message has; an ORU with all its results has hundreds."""

FIELDS_MAX: Final = 2_000
"""More fields than any segment has (IN2 has 72); bounds the memory that separators can claim."""

NULL: Final = '""'
"""The HL7 null: two double quotes. The sender deletes the value; an empty field leaves it alone."""

# A lone surrogate: no charset decodes to it, so that it never occurs in a message.
_UNUSED: Final = "\ud800"

_TERMINATOR: Final = re.compile(r"\r\n?|\n")
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_LEADING_NOISE: Final = b"\xef\xbb\xbf \t\r\n\x0b"

# HL7 table 0211. Latin-1 is read as its superset cp1252, which is what Windows senders mean by it.
_CHARSETS: Final = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "8859/1": "cp1252",
    "8859/2": "iso8859-2",
    "8859/5": "iso8859-5",
    "8859/7": "iso8859-7",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
}

_ESCAPED_CHARACTERS: Final = {".br": "\n", ".sp": "\n", ".ce": "\n", "H": "", "N": ""}


class Delimiters(Struct, frozen=True):
    r"""The characters that separate, as MSH-1 and MSH-2 declare them; usually `|^~\&`.

    Attributes:
        field: MSH-1.
        component: First character of MSH-2.
        repetition: Second character of MSH-2.
        escape: Third character of MSH-2.
        subcomponent: Fourth character of MSH-2.
        truncation: Fifth character of MSH-2, since version 2.7.
    """

    field: str
    component: str
    repetition: str = _UNUSED
    escape: str = _UNUSED
    subcomponent: str = _UNUSED
    truncation: str = _UNUSED

    @property
    def declared(self) -> str:
        """MSH-2 as it is written."""
        used = (
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
            self.truncation,
        )
        return "".join(used).replace(_UNUSED, "")


class Segment(Struct, frozen=True):
    """One segment, its fields still raw.

    Attributes:
        name: Three characters: `PID`, `FT1`, `ZPM`.
        fields: Raw fields; `fields[3]` is field 3, and `fields[0]` is the name.
        delimiters: What separates inside the fields.
        path: Where it stands, for findings: `FT1[2]` is the second FT1 of the message.
    """

    name: str
    fields: list[str]
    delimiters: Delimiters
    path: str

    def field(self, number: int) -> str:
        """Return a field as it was sent, or an empty text."""
        fields = self.fields
        return fields[number] if number < len(fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """Return the raw repetitions of a field; none when it is empty."""
        raw = self.field(number)
        return raw.split(self.delimiters.repetition) if raw else []

    def components(self, repetition: str) -> list[str]:
        """Split one raw repetition into raw components."""
        return repetition.split(self.delimiters.component)

    def texts(self, repetition: str) -> list[str]:
        """Split one raw repetition into decoded components, the first subcomponent of each."""
        text = self.value
        return [
            part if not part or part.isalnum() else text(part)
            for part in repetition.split(self.delimiters.component)
        ]

    def value(self, component: str) -> str:
        """Decode a raw component: first subcomponent, unescaped, trimmed; the null is empty."""
        if component.isalnum():
            return component  # Most are, and nothing of the below can apply to them.
        if not component or component == NULL:
            return ""
        delimiters = self.delimiters
        if delimiters.subcomponent in component:
            component = component.split(delimiters.subcomponent, 1)[0]
        if delimiters.escape in component:
            component = unescape(component, delimiters)
        if not component.isprintable():
            component = printable(component)
        return component.strip()

    def text(self, number: int, component: int = 1, repetition: int = 1) -> str:
        """Return one decoded component of a field, or an empty text when it was not sent."""
        fields = self.fields
        if number >= len(fields):
            return ""
        raw = fields[number]
        if not raw:
            return ""
        if raw.isalnum():
            return raw if component == 1 == repetition else ""
        delimiters = self.delimiters
        if delimiters.repetition in raw:
            repeats = raw.split(delimiters.repetition)
            if repetition > len(repeats):
                return ""
            raw = repeats[repetition - 1]
        elif repetition > 1:
            return ""
        if delimiters.component in raw:
            parts = raw.split(delimiters.component)
            if component > len(parts):
                return ""
            raw = parts[component - 1]
        elif component > 1:
            return ""
        return self.value(raw)

    def is_null(self, number: int) -> bool:
        """Tell whether the sender deletes the field (`""`)."""
        return self.field(number) == NULL


class Message(Struct, frozen=True):
    """One message as it was sent.

    Attributes:
        delimiters: From MSH-1 and MSH-2.
        segments: In the order sent; the first is MSH.
        terminators: What ended each segment; the last may be empty.
        charset: The Python codec that decoded the bytes and encodes them again.
        reasons: What had to be tolerated.
    """

    delimiters: Delimiters
    segments: tuple[Segment, ...]
    terminators: tuple[str, ...]
    charset: str
    reasons: tuple[Reason, ...] = ()

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    @property
    def trigger(self) -> str:
        """Message code and trigger event of MSH-9, such as `DFT^P03`, whatever the delimiters."""
        header = self.header
        return f"{header.text(9)}^{header.text(9, 2)}"

    def first(self, name: str) -> Segment | None:
        """Return the first segment of that name."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        return None

    def all(self, name: str) -> list[Segment]:
        """Return every segment of that name."""
        return [segment for segment in self.segments if segment.name == name]


class Unreadable(Struct, frozen=True):
    """Bytes that are no HL7 v2 message.

    Attributes:
        reason: Why.
    """

    reason: Reason


def parse(data: bytes) -> Message | Unreadable:
    """Read one message.

    A byte order mark and white space before MSH are tolerated, and said.
    """
    reasons: list[Reason] = []
    if not data.startswith(b"MSH"):
        stripped = data.lstrip(_LEADING_NOISE)
        if not stripped.startswith(b"MSH"):
            return Unreadable(reason("not-hl7", "MSH[1]"))
        reasons.append(reason("leading-bytes", "MSH[1]"))
        data = stripped
    text, charset = _decoded(data, reasons)
    return parse_text(text, charset, reasons)


def parse_text(
    text: str, charset: str = "utf-8", reasons: Sequence[Reason] = ()
) -> Message | Unreadable:
    """Read one message that was decoded before: its MSH-18 no longer says how.

    Args:
        text: The message, from MSH on.
        charset: What it was decoded from, so that it can be encoded again.
        reasons: What was tolerated so far.
    """
    if not text.startswith("MSH"):
        return Unreadable(reason("not-hl7", "MSH[1]"))
    delimiters = delimiters_of(text)
    if isinstance(delimiters, Reason):
        return Unreadable(delimiters)
    lines, terminators = _lines(text, delimiters.field)
    if len(lines) > SEGMENTS_MAX:
        return Unreadable(reason("too-large", "MSH[1]"))
    separator = delimiters.field
    counts: dict[str, int] = {}
    segments: list[Segment] = []
    for line in lines:
        name = line[:3]
        if len(line) > FIELDS_MAX and line.count(separator) > FIELDS_MAX:
            return Unreadable(reason("too-large", name))
        nth = counts[name] = counts.get(name, 0) + 1
        fields = line.split(separator)
        if name == "MSH":
            fields.insert(1, separator)
        segments.append(Segment(name, fields, delimiters, f"{name}[{nth}]"))
    return Message(delimiters, tuple(segments), terminators, charset, tuple(reasons))


def encode(message: Message) -> bytes:
    """Write a message as it was read, byte for byte."""
    separator = message.delimiters.field
    pieces: list[str] = []
    for segment, terminator in zip(message.segments, message.terminators, strict=True):
        fields = segment.fields
        if segment.name == "MSH":
            fields = [fields[0], *fields[2:]]
        pieces.append(separator.join(fields))
        pieces.append(terminator)
    return "".join(pieces).encode(message.charset)


def delimiters_of(text: str) -> Delimiters | Reason:
    """Read the delimiters that a header segment (MSH, FHS or BHS) declares."""
    name = text[:3]
    separator = text[3:4]
    if not _may_delimit(separator):
        return reason("bad-delimiters", f"{name}[1]-1")
    end = text.find(separator, 4)
    declared = text[4 : end if end >= 0 else len(text)].rstrip("\r\n")
    return _delimiters(separator, declared, name)


def unescape(value: str, delimiters: Delimiters) -> str:
    r"""Decode the escape sequences of a value that has been split already.

    `\F\` `\S\` `\T\` `\R\` `\E\` `\P\` are delimiters, `\Xhh..\` bytes, `\.br\` a line break;
    highlighting is dropped. What is not understood stays as it was sent.
    """
    escape = delimiters.escape
    parts = value.split(escape)
    if len(parts) < 3:
        return value
    characters = _escapes(delimiters)
    decoded: list[str] = [parts[0]]
    index, last = 1, len(parts) - 1
    while index < last:
        code = parts[index]
        replacement = characters.get(code)
        if replacement is None:
            replacement = _unescaped(code)
        if replacement is None:
            # Not an escape: the escape character was data. The next part may still begin one.
            decoded.append(escape + code)
            index += 1
        else:
            decoded.append(replacement + parts[index + 1])
            index += 2
    if index == last:
        decoded.append(escape + parts[last])
    return "".join(decoded)


def escaped(value: str, delimiters: Delimiters) -> str:
    """Write a value so that no reader splits it; line ends become blanks."""
    for character, code in (
        (delimiters.escape, "E"),
        (delimiters.field, "F"),
        (delimiters.component, "S"),
        (delimiters.subcomponent, "T"),
        (delimiters.repetition, "R"),
    ):
        if character in value:
            value = value.replace(character, f"{delimiters.escape}{code}{delimiters.escape}")
    return value.replace("\r", " ").replace("\n", " ").replace(_UNUSED, "")


def printable(value: str) -> str:
    """Replace control characters, which no store or screen should meet, by blanks."""
    return "".join(character if _is_text(character) else " " for character in value)


def _is_text(character: str) -> bool:
    code = ord(character)
    return not (code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000)


def _may_delimit(character: str) -> bool:
    return (
        len(character) == 1
        and 0x20 < ord(character) < 0x7F
        and not character.isalnum()
        and character != '"'
    )


@lru_cache(maxsize=256)
def _delimiters(separator: str, declared: str, name: str) -> Delimiters | Reason:
    # A header that went through one program too many: its escape character is escaped itself.
    declared = declared.replace("\\\\", "\\", 1)
    if not 1 <= len(declared) <= 5:
        return reason("bad-delimiters", f"{name}[1]-2")
    if len({separator, *declared}) != len(declared) + 1:
        return reason("bad-delimiters", f"{name}[1]-2")
    if not all(map(_may_delimit, declared)):
        return reason("bad-delimiters", f"{name}[1]-2")
    return Delimiters(separator, *declared)


@lru_cache(maxsize=256)
def _escapes(delimiters: Delimiters) -> dict[str, str]:
    return {
        **_ESCAPED_CHARACTERS,
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent.replace(_UNUSED, ""),
        "R": delimiters.repetition.replace(_UNUSED, ""),
        "E": delimiters.escape,
        "P": delimiters.truncation.replace(_UNUSED, ""),
    }


def _unescaped(code: str) -> str | None:
    """Decode an escape that takes a parameter, or answer None when it is not one."""
    if code.startswith("X") and len(code) > 1 and len(code) % 2:
        try:
            return bytes.fromhex(code[1:]).decode("cp1252", "replace")
        except ValueError:
            return None
    if code.startswith((".sp", ".in", ".ti", ".sk", ".fi", ".nf")) and len(code) <= 8:
        return "\n" if code.startswith(".sp") else " "
    return None


def _decoded(data: bytes, reasons: list[Reason]) -> tuple[str, str]:
    """Decode by the declared charset if that fits the bytes, else UTF-8, cp1252, Latin-1."""
    declared = ""
    if not data.isascii():
        declared = _declared_charset(data)
        codec = _CHARSETS.get(declared)
        if codec is not None:
            text = _try_decode(data, codec)
            if text is not None:
                return text, codec
    text = _try_decode(data, "utf-8")
    if text is not None:
        codec = "utf-8"
    else:
        text, codec = _try_decode(data, "cp1252"), "cp1252"
        if text is None:
            text, codec = data.decode("latin-1"), "latin-1"
    if declared:
        reasons.append(reason("charset-guessed", "MSH[1]-18"))
    return text, codec


def _declared_charset(data: bytes) -> str:
    """Read MSH-18 from the raw bytes: ASCII in every charset that can carry HL7 over MLLP."""
    header = re.split(rb"[\r\n]", data, maxsplit=1)[0]
    fields = header.split(header[3:4]) if len(header) > 3 else []
    if len(fields) < 18:
        return ""
    return re.split(rb"[~^]", fields[17])[0].decode("ascii", "replace").strip().upper()


def _try_decode(data: bytes, codec: str) -> str | None:
    """Decode, if encoding gives the same bytes again; some double-byte sets do not."""
    try:
        text = data.decode(codec)
        exact = codec in ("utf-8", "cp1252") or text.encode(codec) == data
    except UnicodeError:
        return None
    return text if exact else None


def _lines(text: str, separator: str) -> tuple[list[str], tuple[str, ...]]:
    """Split into segments and what ended each; joined again they are the text."""
    if "\n" not in text:
        pieces = text.split("\r")
        ends = ["\r"] * (len(pieces) - 1) + [""]
    else:
        pieces, ends = _TERMINATOR.split(text), [*_TERMINATOR.findall(text), ""]
    lines: list[str] = []
    terminators: list[str] = []
    for piece, end in zip(pieces, ends, strict=True):
        if piece[3:4] in (separator, "") and _SEGMENT_NAME.match(piece):
            lines.append(piece)
            terminators.append(end)
        elif piece:
            # A line break inside a field: the line goes on where the segment before stopped.
            lines[-1] += terminators[-1] + piece
            terminators[-1] = end
        else:
            terminators[-1] += end
    return lines, tuple(terminators)
