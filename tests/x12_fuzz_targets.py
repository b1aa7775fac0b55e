"""What must hold of every input, one function for each part of rcm.x12: the targets of `make fuzz`.

Each takes any bytes and fails by an exception. `tools/fuzz_x12.py` feeds them from coverage,
`tests/x12/test_fuzz_targets.py` from our own samples, whole and scrambled.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from itertools import pairwise
from typing import Any

import msgspec

from rcm.x12 import ta1, x270, x275, x276, x277ca, x277rfai, x278, x820, x834, x835, x837, x999
from rcm.x12.describe import describe_file
from rcm.x12.diff import diff
from rcm.x12.envelope import Unit
from rcm.x12.examine import Examination
from rcm.x12.lexer import Batch, Delimiters, Lexer
from rcm.x12.reader import Reader
from rcm.x12.transform import NotOurJson
from rcm.x12.typed_json import as_typed_json, from_typed_json
from rcm.x12.typed_kinds import kind
from rcm.x12.values import cents
from rcm.x12.writer import NotWritable, write
from x12_837_cases import DENTAL, INSTITUTIONAL, PROFESSIONAL, World, a_file
from x12_cases import an_envelope, interchange
from x12_seeded_faults import FAMILIES, whole, written

AS_OF = date(2026, 6, 30)
#: Findings that say that bytes were not read: only with one of them may any be missing.
NOT_READ = frozenset({
    "not-x12", "isa-malformed", "delimiters-clash", "segment-too-long", "input-cut",
    "text-after-interchange", "compressed-too-far", "compressed-broken",
})  # fmt: skip
#: Findings of bytes that JSON gives back otherwise.
_REWRITTEN = NOT_READ | {"not-utf8", "empty-segment", "last-terminator-missing"}
_ENVELOPE = frozenset({"ISA", "GS", "GE", "IEA"})
#: Fields that say where something stood.
_WHERE = frozenset({"origin", "at", "transaction_control_number"})
#: Separators that no text of a file holds, so that whatever was read can be written.
_RARE = Delimiters("\x1c", "\x1d", "\x1e", "\x1f")


def seeds() -> Iterator[bytes]:
    """Give a sample of every transaction that we read and of every shape of claim."""
    yield interchange()
    yield interchange(line_break="\r\n")
    yield interchange().replace(b"*", b"|").replace(b"~", b"\x1d")
    yield interchange() * 2
    yield b"\xef\xbb\xbf" + interchange()
    for family in FAMILIES:
        yield written(whole(family))
    for shape in (*PROFESSIONAL, *INSTITUTIONAL, *DENTAL):
        yield a_file(shape(World(1)))
    reading = x835.read(interchange())
    (received,) = reading.reader.interchanges
    yield ta1.write([ta1.acknowledge(received, ())], an_envelope())


def lexer(data: bytes) -> None:
    """Every byte is in a segment, or a finding says that some are not."""
    source = Lexer(data)
    parts, at = [], 0
    for batch in source.batches():
        assert batch.offset >= at, "batches overlap"
        pieces = batch.texts if batch.pieces is None else batch.pieces
        assert len(pieces) == len(batch.texts), "pieces and segments differ"
        parts.append(_bytes(batch, pieces))
        at = batch.offset + batch.width(0, len(pieces))
    rules = {one.rule_id for one in source.findings}
    if not rules & (NOT_READ | {"empty-segment"}):
        # The terminator that IEA lacked is ours.
        read = b"".join(parts)[: -1 if "last-terminator-missing" in rules else None]
        assert _bare(read) == _bare(_content(data)), "bytes are lost"


def reader(data: bytes) -> None:
    """Every segment of a transaction is in one unit, as it stood, and no two units overlap."""
    source = Lexer(data)
    tags = [text.split(batch.delimiters.element, 1)[0] for batch in source.batches()
            for text in batch.texts]  # fmt: skip
    reading = Reader(data)
    units = list(reading.units())
    stood = [unit for unit in units if unit.count]  # a missing SE gives an empty unit
    for unit in stood:
        content = unit.content()
        assert unit.is_cut_off or data[unit.offset :][: len(content)] == content, unit.name
    for before, after in pairwise(stood):
        assert before.offset + len(before.content()) <= after.offset, "units overlap"
    rules = {one.rule_id for one in reading.findings}
    if not rules & {"segment-outside-transaction", "outside-group", "not-x12"}:
        counted = sum(unit.count + unit.segments_lost for unit in units)
        counted += sum(len(one.acknowledgements) for one in reading.interchanges)
        assert counted == sum(tag not in _ENVELOPE for tag in tags), "segments are lost"
    for interchange_ in reading.interchanges:
        ta1.acknowledge(interchange_, reading.findings)
        groups = x999.acknowledge(interchange_, reading.findings)
        assert x999.read(x999.write(groups, an_envelope(delimiters=_RARE))).set_aside == ()


def remittances(data: bytes) -> None:
    """An 835: each CLP is taken or set aside, once, and what is taken is its charge and lines."""
    units = {unit.offset: unit for unit in Reader(data).units() if unit.name == "CLP"}
    taken, aside = {}, {}
    for event in x835.Stream(data):
        if isinstance(event, x835.ClaimPayment):
            taken[event.origin.unit.offset] = event
            x835.check_claim(event)
        elif isinstance(event, x835.SetAside) and event.unit.name == "CLP":
            aside[event.unit.offset] = event.unit
    _is_all(units, taken.keys(), aside)
    for at, claim in taken.items():
        segments = units[at].segments
        assert claim.billed_cents == cents(segments[0][3])
        assert len(claim.lines) == sum(one[0] == "SVC" for one in segments)
    for one in x835.read(data).remittances:
        x835.check(one)


def claims(data: bytes) -> None:
    """An 837: each CLM is taken or set aside, once, and what is taken is its charge and lines."""
    units = {unit.offset: unit for unit in Reader(data).units() if unit.name == "CLM"}
    taken, aside = {}, {}
    for event in x837.FileCheck(data, as_of=AS_OF):
        if isinstance(event, x837.CheckedClaim):
            taken[event.read.origin.unit.offset] = event.claim
        elif isinstance(event, x837.SetAside):
            assert event.findings, "set aside without a reason"
            aside[event.unit.offset] = event.unit
    _is_all(units, taken.keys(), {at: one for at, one in aside.items() if one.name == "CLM"})
    for at, claim in taken.items():
        segments = units[at].segments
        assert claim.billed_cents == cents(segments[0][2])
        assert len(claim.lines) == sum(one[0] == "LX" for one in segments)


def others(data: bytes) -> None:
    """Every other transaction reads; what is set aside stands in the file."""
    for module in (x270, x275, x276, x277ca, x277rfai, x278, x820, x834, x999):
        for one in module.read(data).set_aside:
            content = one.unit.content()
            assert one.unit.is_cut_off or data[one.unit.offset :][: len(content)] == content
    reading = Reader(data)
    for _ in reading.units():
        pass
    for interchange_ in reading.interchanges:
        ta1.read(interchange_)


def findings(data: bytes) -> None:
    """Every finding can be shown in each of its forms, masked, and a file is like itself."""
    for finding in Examination(BytesIO(data)).findings():
        assert finding.render()
        msgspec.json.encode(finding.as_dict())
    for _ in describe_file(Reader(data)):
        pass
    assert list(diff(Reader(data), Reader(data))) == []


def typed_json(data: bytes) -> None:
    """JSON of typed documents goes back into the same bytes."""
    source = Lexer(BytesIO(data))
    told = list(as_typed_json(source, mask=False))
    list(as_typed_json(Lexer(BytesIO(data)), mask=True))
    if {one.rule_id for one in source.findings} & _REWRITTEN:
        return
    try:
        back = b"".join(from_typed_json(msgspec.json.decode(msgspec.json.encode(told))))
    except (NotOurJson, NotWritable):
        assert b"\xc2" in data or _has_controls(data), "our own JSON is refused"
        return
    assert _bare(back) == _bare(_content(data)), "bytes are lost"


def round_trip(data: bytes) -> None:
    """Whatever was read is written, or refused by name, and what is written reads the same."""
    for interchange_, found in _transactions(data):
        set_code, version = found
        one = kind(set_code, version)
        document: Any = one and one.read(interchange_)
        if one is None or document is None or one.data(document):
            continue
        try:
            text = write([one.draft(document, _RARE, "0001")], an_envelope(delimiters=_RARE))
        except NotWritable:
            continue
        again = one.read(text)
        assert again is not None, f"what was written of {set_code} {version} is not read"
        assert _plain(again) == _plain(document), f"{set_code} {version} reads otherwise"


#: By the name that `tools/fuzz_x12.py` is asked for.
TARGETS: dict[str, Callable[[bytes], None]] = {
    "lexer": lexer,
    "reader": reader,
    "835": remittances,
    "837": claims,
    "others": others,
    "findings": findings,
    "json": typed_json,
    "round-trip": round_trip,
}


def _is_all(units: dict[int, Unit], taken: Any, aside: dict[int, Unit]) -> None:
    assert taken | aside.keys() == units.keys(), "taken and set aside are not the file"
    assert not taken & aside.keys(), "a claim is taken and set aside"


def _transactions(data: bytes) -> Iterator[tuple[bytes, tuple[str, str]]]:
    """Give each interchange that holds one transaction, and what that is."""
    reading = Reader(data)
    for _ in reading.units():
        pass
    if len(reading.interchanges) == 1:
        all_ = [one for group in reading.interchanges[0].groups for one in group.transactions]
        if len(all_) == 1:
            yield data, (all_[0].set_code, all_[0].version)


def _plain(document: Any) -> Any:
    """Give a document without where and under which numbers it stood."""
    told = msgspec.to_builtins(document, enc_hook=lambda _: None)

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            if "drg_summary" in value:  # LX01, which writing numbers anew
                value = {**value, "number": ""}
            return {key: without(one) for key, one in value.items() if key not in _WHERE}
        return [without(one) for one in value] if isinstance(value, list | tuple) else value

    plain = without(told)
    if isinstance(plain, dict) and "reports" in plain:
        # One whose subscriber was lost stands at its provider, and is written before the others.
        plain["reports"].sort(key=repr)
    return plain


def _bytes(batch: Batch, pieces: list[str]) -> bytes:
    text = "".join(piece + batch.delimiters.segment for piece in pieces)
    if batch.encoding != "cp1252":
        return text.encode()
    return b"".join(one.encode("latin-1" if ord(one) < 0x100 else "cp1252") for one in text)


def _content(data: bytes) -> bytes:
    """Leave out the byte order marks that are skipped."""
    return data.replace(b"\xef\xbb\xbfISA", b"ISA")


def _bare(data: bytes) -> bytes:
    """Leave out blanks and line breaks; the last segment may lack its terminator."""
    return re.sub(rb"[ \t\r\n\x00\x1a]", b"", _content(data))


def _has_controls(data: bytes) -> bool:
    return any(one < 32 for one in data)
