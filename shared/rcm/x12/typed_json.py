"""Files as JSON of typed documents, and back, without losing a byte.

An interchange becomes its delimiters, ISA and groups; a transaction that has typed documents
becomes those. A document that would not be written as it was read (an odd order, a trailing
separator) is followed by its segments, and those are what goes back into the file.

    {"set": "835", "st": [...], "document": {"payment": {...}, "groups": [...]}}
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rcm.x12.binary import FILLER
from rcm.x12.lexer import Delimiters, Lexer
from rcm.x12.transform import BINARY, NotOurJson, as_json, interchange_bytes
from rcm.x12.typed_kinds import Kind, kind
from rcm.x12.writer import NotWritable, Renderer, transaction_text

#: What a complaint repeats of a document.
_VALUE = re.compile(r" '.*'", re.DOTALL)
#: Each a list of texts; the data of BIN and BDS may be a `{"base64": ...}`.
Segments = list[list[Any]]


def as_typed_json(lexer: Lexer, *, mask: bool = True) -> Iterator[dict[str, object]]:
    """Give each interchange as JSON-ready values, its transactions as typed documents."""
    for flat in as_json(lexer, mask=mask):
        yield _typed(flat)


def from_typed_json(interchanges: object) -> Iterator[bytes]:
    """Write interchanges from what `as_typed_json`, or `as_json`, gives.

    Raises:
        NotOurJson: They have another shape.
        NotWritable: A value holds a separator.
    """
    if not isinstance(interchanges, list):
        raise NotOurJson("a list of interchanges is wanted")
    for one in interchanges:
        if isinstance(one, dict) and "groups" in one:
            yield interchange_bytes(_flat(one))
        else:
            yield interchange_bytes(one)


def _typed(flat: dict[str, Any]) -> dict[str, object]:
    """Group the segments of an interchange; leave it flat where its envelopes are not whole."""
    segments: Segments = flat["segments"]
    head = {key: value for key, value in flat.items() if key != "segments"}
    groups: list[dict[str, Any]] = []
    acknowledgments: Segments = []
    whole: dict[str, Any] = {**head, "isa": segments[0]}
    at = 1
    while at < len(segments) and segments[at][0] == "TA1":
        acknowledgments.append(segments[at])
        at += 1
    delimiters = Delimiters(*flat["delimiters"])
    while at < len(segments) and segments[at][0] == "GS":
        group: dict[str, Any] = {"gs": segments[at], "transactions": []}
        at += 1
        while at < len(segments) and segments[at][0] == "ST":
            end = next((end for end in range(at, len(segments)) if segments[end][0] == "SE"), -1)
            if end < 0:
                return flat
            envelope = (segments[0], group["gs"])
            one = _transaction(segments[at : end + 1], envelope, delimiters)
            group["transactions"].append(one)
            at = end + 1
        if at >= len(segments) or segments[at][0] != "GE":
            return flat
        group["ge"] = segments[at]
        groups.append(group)
        at += 1
    if at != len(segments) - 1 or segments[at][0] != "IEA":
        return flat
    whole |= {"ta1": acknowledgments} if acknowledgments else {}
    return {**whole, "groups": groups, "iea": segments[at]}


def _transaction(
    segments: Segments, envelope: tuple[list[str], list[str]], delimiters: Delimiters
) -> dict[str, Any]:
    start = segments[0]
    set_code = start[1] if len(start) > 1 else ""
    version = start[3] if len(start) > 3 else (envelope[1] + [""] * 9)[8]
    one = kind(set_code, version)
    facts: dict[str, Any] = {"set": set_code, "guide": version, "st": start}
    document = one.read(_alone(segments, envelope, delimiters)) if one is not None else None
    if one is None or document is None:
        return {**facts, "segments": segments[1:]}
    told = _without_origins(msgspec.to_builtins(document, enc_hook=lambda _: None))
    facts["document"] = _lifted(told, one.shared)
    if not _is_canonical(one, document, segments, delimiters):
        facts["segments"] = segments[1:]
    return facts


def _is_canonical(one: Kind, document: Any, segments: Segments, delimiters: Delimiters) -> bool:
    """Tell whether a document is written as it was read."""
    try:
        return _written(one, document, segments[0], delimiters) == segments
    except NotWritable:
        return False


def _alone(
    segments: Segments, envelope: tuple[list[str], list[str]], delimiters: Delimiters
) -> bytes:
    """Write a transaction as an interchange of its own, for its typed reader."""
    isa, gs = envelope
    number = (gs + [""] * 7)[6]
    whole = [isa, gs, *segments, ["GE", "1", number], ["IEA", "1", isa[13]]]
    return interchange_bytes({"delimiters": delimiters, "segments": whole})


def _lifted(told: Any, shared: tuple[str, ...]) -> Any:
    """Say once what every member of a document's one list says alike."""
    if not shared:
        return told
    ((name, members),) = told.items()
    head = {key: members[0][key] for key in shared if key in members[0]}
    return {
        **head,
        name: [{key: value for key, value in one.items() if key not in shared} for one in members],
    }


def _lowered(told: Any, shared: tuple[str, ...]) -> Any:
    """Undo `_lifted`."""
    if not shared or not isinstance(told, dict):
        return told
    head = {key: value for key, value in told.items() if key in shared}
    return {
        key: [{**head, **one} if isinstance(one, dict) else one for one in value]
        if isinstance(value, list)
        else value
        for key, value in told.items()
        if key not in shared
    }


def _written(one: Kind, document: Any, start: list[str], delimiters: Delimiters) -> Segments:
    """Write a document; give its segments, ST to SE.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    number = start[2] if len(start) > 2 else ""
    draft = one.draft(document, delimiters, number)
    text = transaction_text(draft, number, Renderer(delimiters))
    parts: Segments = [part.split(delimiters.element) for part in text.split(delimiters.segment)]
    # ST as it stood: it may name another errata of the guide.
    return [start, *_with_data(parts[1:-1], iter(one.data(document)))]


def _with_data(segments: Segments, data: Iterator[bytes]) -> Segments:
    """Put data where its filler stands, as `as_json` does."""
    for one in segments:
        if one[0] in BINARY:
            content = next(data)
            if content.strip(FILLER.encode()):
                one[-1] = {"base64": b64encode(content).decode()}
    return segments


def _flat(typed: dict[str, Any]) -> dict[str, Any]:
    """Turn an interchange of typed documents back into its segments."""
    try:
        delimiters = Delimiters(*typed["delimiters"])
        segments = [typed["isa"], *typed.get("ta1", ())]
        for group in typed["groups"]:
            segments.append(group["gs"])
            for one in group["transactions"]:
                segments += _segments(one, delimiters)
            segments.append(group["ge"])
        segments.append(typed["iea"])
    except (KeyError, TypeError) as fault:
        raise NotOurJson("an interchange has isa, groups and iea") from fault
    kept: dict[str, Any] = {key: typed[key] for key in ("delimiters", "line_break") if key in typed}
    kept["segments"] = segments
    return kept


def _segments(transaction: dict[str, Any], delimiters: Delimiters) -> Iterable[list[Any]]:
    start = transaction["st"]
    if "segments" in transaction:
        return [start, *transaction["segments"]]
    one = kind(transaction["set"], transaction["guide"])
    if one is None:
        raise NotOurJson("a transaction without typed documents has segments")
    told = _lowered(transaction["document"], one.shared)
    try:
        document: Any = msgspec.convert(told, one.make, dec_hook=_no_origin)
    except msgspec.ValidationError as fault:
        told = _VALUE.sub("", str(fault))
        raise NotOurJson(f"a document of {transaction['set']}: {told}") from None
    return _written(one, document, start, delimiters)


def _no_origin(_: type, value: object) -> Any:
    raise NotImplementedError


def _without_origins(value: Any) -> Any:
    """Leave out where a document was read: that is no content."""
    if isinstance(value, dict):
        return {key: _without_origins(one) for key, one in value.items() if key != "origin"}
    if isinstance(value, list | tuple):
        return [_without_origins(one) for one in value]
    return value
