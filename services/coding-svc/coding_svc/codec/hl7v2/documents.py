"""A physician query as MDM^T02, and what comes back: MDM or ORU that names the query.

    out   MSH EVN PID PV1 TXA  OBX TITLE, INDICATOR..., QUESTION, OPTION...
    in    TXA-13 | TXA-14 | TXA-12 | ORC-2 | OBR-2 is the query's number
          OBX RESPONSE: the key of an option (or its text);  other OBX: the physician's own words

What we send depends on the delivery alone, so that every attempt of it has the same bytes and the
same MSH-10, and a receiver can tell a repetition.
"""

from collections.abc import Sequence
from typing import Final

from coding_svc.codec.hl7v2.message import Delimiters, Message, Segment, escaped
from coding_svc.codec.hl7v2.notes import words
from coding_svc.codec.hl7v2.values import find_npi
from coding_svc.model.query import QUERY_ID, Address, Outgoing, Reply
from coding_svc.rules.query_policy import Channel

VERSION: Final = "2.5.1"
OBSERVATIONS: Final = "RCMQ"
"""Our coding system of OBX-3."""

RESPONSE: Final = "RESPONSE"
_OURS: Final = frozenset({"TITLE", "INDICATOR", "QUESTION", "OPTION", "DUE"})
_MARKS: Final = Delimiters("|", "^", "~", "\\", "&")
_REFERENCES: Final = (("TXA", 13), ("TXA", 14), ("TXA", 12), ("ORC", 2), ("OBR", 2), ("OBR", 3))
_WHO: Final = (("TXA", 10), ("TXA", 22), ("TXA", 9), ("TXA", 5), ("OBR", 32), ("OBX", 16))
_CODED: Final = frozenset({"CWE", "CE", "CNE"})
_WORDS_MAX: Final = 20_000


def query_message(query: Outgoing, channel: Channel) -> bytes:
    """Write a delivery of a query as MDM^T02 (original document notification and content)."""
    at = _moment(query.sent_at)
    rows = [*_about(query.address, at), _document(query, channel, at), *_observations(query)]
    lines = [_header(query, channel, at), *("|".join(row) for row in rows)]
    return ("\r".join(lines) + "\r").encode()


def _about(about: Address, at: str) -> list[list[str]]:
    """Write EVN, PID and PV1: whom it is about."""
    name = (about.last_name, about.first_name, about.middle_name)
    record = (about.medical_record_number, "", "", about.facility, "MR")
    attending = (about.attending_npi, about.attending_last_name, about.attending_first_name)
    patient = {
        1: "1",
        3: _components(record) if about.medical_record_number else "",
        5: _components(name),
        7: about.born_on.replace("-", ""),
        8: _text(about.sex_code),
        18: _text(about.account_number),
    }
    visit = {
        1: "1",
        2: _text(about.class_code) or "U",
        7: _provider(attending),
        19: _text(about.visit_number),
    }
    return [_row("EVN", {1: "T02", 2: at}), _row("PID", patient), _row("PV1", visit)]


def _document(query: Outgoing, channel: Channel, at: str) -> list[str]:
    """Write TXA: a document that waits for its answer."""
    fields = {
        1: "1",
        2: _text(channel.document_type),
        3: "TX",
        4: at,
        5: _provider((query.physician_id, "", "")),
        12: _components((query.query_id, "RCM")),
        17: "DO",  # documented, waiting for its authenticator
        19: "AV",
    }
    return _row("TXA", fields)


def _observations(query: Outgoing) -> list[list[str]]:
    """Write OBX: what is asked, and the answers that are offered."""
    content = query.content
    indicators = [
        ("INDICATOR", i.label or i.slot, f"{i.value} (source: {i.source})")
        for i in content.indicators
    ]
    said = [
        ("TITLE", "Query", content.title),
        *indicators,
        ("QUESTION", "Question", content.question),
        ("DUE", "Answer due", query.due_at),
    ]
    rows = [
        {2: "TX", 3: _components((code, label, OBSERVATIONS)), 5: _text(text), 11: "F"}
        for code, label, text in said
    ]
    rows += [
        {
            2: "CWE",
            3: _components(("OPTION", "Option", OBSERVATIONS)),
            4: str(place),
            5: _components((option.key, option.text, OBSERVATIONS)),
            11: "F",
        }
        for place, option in enumerate(content.options, start=1)
    ]
    return [_row("OBX", {1: str(place), **row}) for place, row in enumerate(rows, start=1)]


def reply_of(message: Message) -> tuple[str, Reply] | None:
    """Read an answer to a query of ours; None where the message names none.

    Returns:
        The id of the query, and what was answered.
    """
    kind = message.trigger
    if kind.partition("^")[0] not in ("MDM", "ORU"):
        return None
    query_id = _referred(message)
    if not query_id:
        return None
    responses: list[tuple[str, str]] = []
    own: list[Segment] = []
    for obx in message.all("OBX"):
        code = obx.text(3).upper()
        if code == RESPONSE:
            responses += _responses(obx)
        elif not (code in _OURS and obx.text(3, 3).upper() == OBSERVATIONS):
            own.append(obx)
    text = words(own).strip()[:_WORDS_MAX]
    chosen = responses[0] if len(responses) == 1 else ("", "")
    if len(responses) > 1:
        # Several boxes were ticked: that is no choice, but the physician's own words.
        ticked = [" ".join(part for part in response if part) for response in responses]
        text = "\n".join([*ticked, text]).strip()
    reply = Reply(
        option_text=chosen[0] or chosen[1],
        text=text,
        answered_by=_answerer(message),
        via="oru" if kind.startswith("ORU") else "mdm",
    )
    return query_id, reply


def _responses(obx: Segment) -> list[tuple[str, str]]:
    """Read the values of a RESPONSE: key and text of each repetition."""
    found: list[tuple[str, str]] = []
    for repetition in obx.repetitions(5):
        parts = obx.texts(repetition)
        if obx.text(2).upper() in _CODED:
            found.append((parts[0], parts[1] if len(parts) > 1 else ""))
        else:
            # Running text: a caret in it is punctuation.
            found.append((words([obx]).strip()[:_WORDS_MAX], ""))
            break
    return [pair for pair in found if any(pair)]


def _referred(message: Message) -> str:
    """Find which query a message names."""
    for name, number in _REFERENCES:
        for segment in message.all(name):
            found = QUERY_ID.fullmatch(segment.text(number).lower())
            if found is not None:
                return found[0]
    return ""


def _answerer(message: Message) -> str:
    """Find the NPI of who authenticated, wrote or reported the answer; empty for none."""
    for name, number in _WHO:
        segment = message.first(name)
        npi = find_npi(segment.field(number))[0] if segment is not None else ""
        if npi:
            return npi
    return ""


def _header(query: Outgoing, channel: Channel, at: str) -> str:
    sending, receiving = channel.sending.split("|"), channel.receiving.split("|")
    kind = "MDM^T02^MDM_T02"
    fields = ["MSH", "^~\\&", *sending, *receiving, at, "", kind, query.control_number, "P"]
    # MSH-15 and MSH-16 stay empty: original mode, one acknowledgement.
    return "|".join([*fields, VERSION, "", "", "", "", "", "UNICODE UTF-8"])


def _row(name: str, fields: dict[int, str]) -> list[str]:
    return [name, *(fields.get(number, "") for number in range(1, max(fields) + 1))]


def _components(parts: Sequence[str]) -> str:
    return "^".join(_text(part) for part in parts).rstrip("^")


def _provider(parts: tuple[str, str, str]) -> str:
    """Write an XCN whose number is an NPI."""
    npi, last, first = parts
    if not npi:
        return _components((npi, last, first))
    return _components((npi, last, first, "", "", "", "", "", "NPI", "L", "", "", "NPI"))


def _text(text: str) -> str:
    r"""Write a text: line ends as `\.br\`, and nothing that would split it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\\.br\\".join(escaped(line, _MARKS) for line in lines)


def _moment(at: str) -> str:
    return "".join(c for c in at[:19] if c.isdigit()) + "+0000"
