"""Files as JSON of typed documents, and back, without losing a byte.

An interchange becomes its delimiters, ISA and groups; a transaction that has typed documents
becomes those. A document that would not be written as it was read (an odd order, a trailing
separator) is followed by its segments, and those are what goes back into the file.

    {"set": "835", "st": [...], "document": {"payment": {...}, "groups": [...]}}
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from rcm.x12 import x270, x276, x277ca, x835, x837, x999
from rcm.x12.lexer import Delimiters, Lexer
from rcm.x12.transform import NotOurJson, as_json, interchange_bytes, renderer
from rcm.x12.writer import Draft, NotWritable, Renderer, transaction_text
from rcm.x12.x837_claims import DentalClaim, InstitutionalClaim, ProfessionalClaim, Submission

Segments = list[list[str]]


class ProfessionalClaims(Struct, frozen=True):
    """One 837P."""

    submission: Submission
    claims: tuple[ProfessionalClaim, ...]


class InstitutionalClaims(Struct, frozen=True):
    """One 837I."""

    submission: Submission
    claims: tuple[InstitutionalClaim, ...]


class DentalClaims(Struct, frozen=True):
    """One 837D."""

    submission: Submission
    claims: tuple[DentalClaim, ...]


class Inquiries(Struct, frozen=True):
    """One 270."""

    exchange: x270.Exchange
    inquiries: tuple[x270.Inquiry, ...]


class Responses(Struct, frozen=True):
    """One 271."""

    exchange: x270.Exchange
    responses: tuple[x270.Response, ...]


class StatusRequests(Struct, frozen=True):
    """One 276."""

    exchange: x276.StatusExchange
    requests: tuple[x276.StatusRequest, ...]


class StatusReports(Struct, frozen=True):
    """One 277."""

    exchange: x276.StatusExchange
    reports: tuple[x276.StatusReport, ...]


class _Kind(NamedTuple):
    """How a transaction becomes a document and a document a transaction."""

    make: type
    read: Callable[[bytes], Any]  # None where not all of it was taken
    draft: Callable[[Any, Delimiters, str], Draft]


def _read_835(data: bytes) -> Any:
    reading = x835.read(data)
    return None if reading.set_aside else _only(reading.remittances)


def _read_277ca(data: bytes) -> Any:
    reading = x277ca.read(data)
    return None if reading.set_aside else _only(reading.acknowledgments)


def _read_999(data: bytes) -> Any:
    reading = x999.read(data)
    return None if reading.set_aside else _only(reading.acknowledgments)


def _read_837(make: type) -> Callable[[bytes], Any]:
    def read(data: bytes) -> Any:
        reading = x837.read(data)
        if reading.set_aside or not reading.claims:
            return None
        claims = tuple(one.claim for one in reading.claims)
        return make(reading.claims[0].submission, claims)

    return read


def _read_270(data: bytes) -> Any:
    reading = x270.read(data)
    if reading.set_aside or not (reading.inquiries or reading.responses):
        return None
    if reading.inquiries:
        asked = tuple(one.inquiry for one in reading.inquiries)
        return Inquiries(reading.inquiries[0].exchange, asked)
    answered = tuple(one.response for one in reading.responses)
    return Responses(reading.responses[0].exchange, answered)


def _read_276(data: bytes) -> Any:
    reading = x276.read(data)
    if reading.set_aside or not reading.documents:
        return None
    exchange = reading.documents[0].exchange
    if reading.requests:
        return StatusRequests(exchange, reading.requests)
    return StatusReports(exchange, reading.reports)


def _only(documents: tuple[Any, ...]) -> Any:
    return documents[0] if len(documents) == 1 else None


#: By ST01 and the guide's id.
_KINDS: Final[dict[str, _Kind]] = {
    "835 005010X221A1": _Kind(
        x835.Remittance,
        _read_835,
        lambda one, _, number: Draft(x835.GUIDE, x835.segments(one), number),
    ),
    "277 005010X214": _Kind(
        x277ca.ClaimAcknowledgment,
        _read_277ca,
        lambda one, _, number: Draft(x277ca.GUIDE, x277ca.segments(one), number),
    ),
    "999 005010X231A1": _Kind(
        x999.GroupAcknowledgment,
        _read_999,
        lambda one, _, number: Draft(x999.GUIDE, x999.segments(one), number),
    ),
    "837 005010X222A1": _Kind(
        ProfessionalClaims,
        _read_837(ProfessionalClaims),
        lambda one, marks, number: x837.draft_837p(one.submission, one.claims, marks, number),
    ),
    "837 005010X223A2": _Kind(
        InstitutionalClaims,
        _read_837(InstitutionalClaims),
        lambda one, marks, number: x837.draft_837i(one.submission, one.claims, marks, number),
    ),
    "837 005010X224A2": _Kind(
        DentalClaims,
        _read_837(DentalClaims),
        lambda one, marks, number: x837.draft_837d(one.submission, one.claims, marks, number),
    ),
    "270 005010X279A1": _Kind(
        Inquiries,
        _read_270,
        lambda one, _, number: x270.draft_270(one.inquiries, one.exchange, number),
    ),
    "271 005010X279A1": _Kind(
        Responses,
        _read_270,
        lambda one, _, number: x270.draft_271(one.responses, one.exchange, number),
    ),
    "276 005010X212": _Kind(
        StatusRequests,
        _read_276,
        lambda one, _, number: x276.draft_276(one.requests, one.exchange, number),
    ),
    "277 005010X212": _Kind(
        StatusReports,
        _read_276,
        lambda one, _, number: x276.draft_277(one.reports, one.exchange, number),
    ),
}


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
    kind = _KINDS.get(f"{set_code} {version}")
    facts: dict[str, Any] = {"set": set_code, "guide": version, "st": start}
    document = kind.read(_alone(segments, envelope, delimiters)) if kind is not None else None
    if kind is None or document is None:
        return {**facts, "segments": segments[1:]}
    facts["document"] = _without_origins(msgspec.to_builtins(document, enc_hook=lambda _: None))
    if _written(kind, document, start, delimiters) != segments:
        facts["segments"] = segments[1:]
    return facts


def _alone(
    segments: Segments, envelope: tuple[list[str], list[str]], delimiters: Delimiters
) -> bytes:
    """Write a transaction as an interchange of its own, for its typed reader."""
    render = renderer(delimiters)
    isa, gs = envelope
    number = (gs + [""] * 7)[6]
    whole = [isa, gs, *segments, ["GE", "1", number], ["IEA", "1", isa[13]]]
    return "".join(render(one, trim=False) for one in whole).encode()


def _written(kind: _Kind, document: Any, start: list[str], delimiters: Delimiters) -> Segments:
    """Write a document; give its segments, ST to SE, or none when it cannot be written."""
    number = start[2] if len(start) > 2 else ""
    try:
        draft = kind.draft(document, delimiters, number)
        text = transaction_text(draft, number, Renderer(delimiters))
    except NotWritable:
        return []
    parts = text.split(delimiters.segment)[:-1]
    return [part.split(delimiters.element) for part in parts]


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


def _segments(transaction: dict[str, Any], delimiters: Delimiters) -> Iterable[list[str]]:
    start = transaction["st"]
    if "segments" in transaction:
        return [start, *transaction["segments"]]
    kind = _KINDS.get(f"{transaction['set']} {transaction['guide']}")
    if kind is None:
        raise NotOurJson("a transaction without typed documents has segments")
    try:
        document: Any = msgspec.convert(transaction["document"], kind.make, dec_hook=_no_origin)
    except msgspec.ValidationError as fault:
        raise NotOurJson(f"a document of {transaction['set']}: {fault}") from None
    return _written(kind, document, start, delimiters)


def _no_origin(kind: type, value: object) -> Any:
    raise NotImplementedError


def _without_origins(value: Any) -> Any:
    """Leave out where a document was read: that is no content."""
    if isinstance(value, dict):
        return {key: _without_origins(one) for key, one in value.items() if key != "origin"}
    if isinstance(value, list | tuple):
        return [_without_origins(one) for one in value]
    return value
