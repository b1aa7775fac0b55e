"""The HL7 v2 reader: what real senders do, and that nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_cases import CORPUS, message, parsed, pid
from coding_svc.codec.hl7v2.message import (
    FIELDS_MAX,
    NULL,
    SEGMENTS_MAX,
    Delimiters,
    Message,
    Unreadable,
    encode,
    escaped,
    parse,
    unescape,
)

USUAL = Delimiters("|", "^", "~", "\\", "&")


def rule(data: bytes) -> str:
    read = parse(data)
    assert isinstance(read, Unreadable)
    return read.reason.rule_id


def test_fields_components_and_repetitions_are_found_by_their_numbers():
    read = parsed(message("ADT^A04", pid("R1")))
    found = read.first("PID")
    assert found.text(5) == "TESTPATIENT"
    assert found.text(5, 2) == "ALPHA"
    assert found.text(3, 5, 2) == "SS"
    assert found.text(3, 5, 3) == ""
    assert found.text(99) == ""
    assert read.header.field(1) == "|"
    assert read.header.field(2) == "^~\\&"
    assert read.trigger == "ADT^A04"


def test_a_component_is_its_first_subcomponent():
    read = parsed(message("ADT^A04", "PID|||||EVERYMAN&&&&Aniston^ADAM"))
    assert read.first("PID").text(5) == "EVERYMAN"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_in_any_line_end(end):
    data = message("ADT^A04", pid()).decode().replace("\r", end).encode()
    read = parsed(data)
    assert [s.name for s in read.segments] == ["MSH", "EVN", "PID"]
    assert encode(read) == data


def test_a_line_that_begins_no_segment_belongs_to_the_one_before():
    data = b"MSH|^~\\&|A\rOBX|1|TX|||first line\nsecond line\rPID|1\r"
    read = parsed(data)
    assert [s.name for s in read.segments] == ["MSH", "OBX", "PID"]
    assert read.segments[1].field(5) == "first line\nsecond line"
    assert encode(read) == data


def test_any_legal_delimiters_are_taken():
    read = parsed(b"MSH#!@$%#EHR#HOSP\rPID###one!two%2!three@four#\rNTE###a$S$b\r")
    found = read.first("PID")
    assert (found.text(3, 2), found.text(3, 1, 2)) == ("two", "four")
    assert read.first("NTE").text(3) == "a!b"


def test_delimiters_that_are_not_declared_do_not_split():
    read = parsed(b"MSH|^|EHR\rPID|||a~b\\S\\c&d^e\r")
    assert read.first("PID").text(3) == "a~b\\S\\c&d"


@pytest.mark.parametrize(
    "header",
    [
        b"MSH",
        b"MSHA^~\\&",
        b"MSH|",
        b"MSH||",
        b"MSH|^^~\\&",
        b"MSH|^~|\\",
        b"MSH|AB",
        b"MSH|^~\\&#!x|",
    ],
)
def test_delimiters_that_cannot_be_are_refused(header):
    if header == b"MSH|^~|\\":
        assert isinstance(parse(header), Message)  # `^~` alone is legal: nothing escapes
    else:
        assert rule(header) == "bad-delimiters"


@pytest.mark.parametrize("data", [b"", b"PID|1", b"\x00", b"mSH|^~\\&|", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_does_not_begin_with_msh_is_no_message(data):
    assert rule(data) == "not-hl7"


def test_a_byte_order_mark_is_passed_over_and_said():
    read = parsed(b"\xef\xbb\xbf\r\n" + message("ADT^A04"))
    assert [r.rule_id for r in read.reasons] == ["leading-bytes"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"one\.br\two", "one\ntwo"),
        (r"\X41\\X4243\ ", "ABC "),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"C:\temp", r"C:\temp"),
        (r"a\b\c", r"a\b\c"),
        (r"\Xzz\ ", r"\Xzz\ "),
        (r"tail\F", r"tail\F"),
        ("\\\\", "\\\\"),
        ("plain", "plain"),
    ],
)
def test_escapes_are_decoded_and_what_is_none_stays(raw, value):
    assert unescape(raw, USUAL) == value


def test_an_escaped_delimiter_never_splits():
    read = parsed(message("ADT^A04", r"PID|||a\S\b^c\R\d~e"))
    found = read.first("PID")
    assert found.text(3) == "a^b"
    assert found.text(3, 2) == "c~d"
    assert found.text(3, 1, 2) == "e"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_every_text_survives_escaping(text):
    assert unescape(escaped(text, USUAL), USUAL) == text


def test_the_null_deletes_and_is_no_value():
    found = parsed(message("ADT^A08", f"PID|||||{NULL}||")).first("PID")
    assert found.text(5) == ""
    assert found.is_null(5)
    assert not found.is_null(6)


def test_control_characters_do_not_reach_a_value():
    found = parsed(b"MSH|^~\\&|A\rPID|||a\x00b\xc2\x85c\x7f|\r").first("PID")
    assert found.text(3) == "a b c"


@pytest.mark.parametrize(
    ("declared", "raw", "read_as"),
    [
        (b"", "Müller".encode(), "Müller"),
        (b"", "Müller".encode("cp1252"), "Müller"),
        (b"8859/1", "Müller".encode("latin-1"), "Müller"),
        (b"UNICODE UTF-8", "Łódź".encode(), "Łódź"),
        (b"8859/2", "Łódź".encode("iso8859-2"), "Łódź"),
        (b"UNICODE UTF-8", "Müller".encode("cp1252"), "Müller"),
        (b"ASCII", "Müller".encode(), "Müller"),
        (b"", b"M\x81ller", "M ller"),
    ],
)
def test_the_charset_is_the_declared_one_if_it_fits_else_guessed(declared, raw, read_as):
    data = b"MSH|^~\\&|A|||||||1|P|2.5||||||" + declared + b"\rPID|||||" + raw + b"\r"
    read = parsed(data)
    assert read.first("PID").text(5) == read_as
    assert encode(read) == data


def test_a_charset_that_does_not_fit_is_said():
    data = b"MSH|^~\\&|A|||||||1|P|2.5||||||UNICODE UTF-8\rPID|||||M\xfcller\r"
    assert [r.rule_id for r in parsed(data).reasons] == ["charset-guessed"]


def test_bounds_are_kept():
    assert rule(b"MSH|^~\\&|A\r" + b"A01|\r" * SEGMENTS_MAX) == "too-large"
    assert rule(b"MSH|^~\\&|A\rPID" + b"|" * (FIELDS_MAX + 1)) == "too-large"
    assert isinstance(parse(b"MSH|^~\\&|A\rPID" + b"|" * FIELDS_MAX), Message)


@given(st.binary(max_size=300))
def test_every_byte_comes_back_as_it_was(tail):
    data = b"MSH|^~\\&|EHR" + tail
    read = parse(data)
    if isinstance(read, Message):
        assert encode(read) == data
    else:
        # The tail went on with MSH-2's neighbour; there is no way to break the header otherwise.
        assert read.reason.rule_id == "too-large"


@given(st.lists(st.sampled_from(["PID", "FT1", "ZXX", "|", "^", "~", "\\", "&", "\r", "\n", "x"])))
def test_any_shuffle_of_structure_is_read_and_written_back(parts):
    data = ("MSH|^~\\&|EHR\r" + "".join(parts)).encode()
    read = parsed(data)
    assert encode(read) == data
    for found in read.segments:
        for number in range(len(found.fields) + 1):
            found.text(number, 2, 2)


def test_a_message_cut_at_any_byte_never_raises():
    whole = message("DFT^P03", pid(), "FT1|1|TX1||20260227|20260302|CG|A^B|||1|2.00")
    for length in range(len(whole)):
        read = parse(whole[:length])
        assert isinstance(read, Message) == (length >= 5), length


def corpus_messages() -> list[tuple[str, bytes]]:
    """Every message of the public corpus, batches taken apart at MSH."""
    found = []
    for path in sorted((CORPUS / "hl7v2").rglob("*")):
        if path.suffix in (".hl7", ".txt"):
            data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
            pieces = re.split(rb"(?:\A|(?<=[\r\n]))(?=MSH)", data)
            found += [
                (f"{path.name}#{n}", piece)
                for n, piece in enumerate(pieces)
                if piece.startswith(b"MSH")
            ]
    return found


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, bytes]]:
    if not CORPUS.exists():
        pytest.skip("the public corpus is not here")
    return corpus_messages()


def test_every_message_of_the_corpus_is_read_and_written_back(corpus):
    assert len(corpus) >= 150
    for name, data in corpus:
        assert encode(parsed(data)) == data, name


def _fields(read: Message) -> list[tuple[str, int, int]]:
    """The fields that money hangs on: PID-3, PID-5, and all of FT1."""
    places = []
    for name, numbers in (("PID", (3, 5)), ("FT1", range(1, 44))):
        for nth in range(1, len(read.all(name)) + 1):
            places += [(name, nth, number) for number in numbers]
    return places


def test_python_hl7_finds_the_same_fields(corpus):
    import hl7

    compared = 0
    for name, data in corpus:
        read = parsed(data)
        text = data.decode(read.charset).replace("\r\n", "\r").replace("\n", "\r")
        other = hl7.parse(text)
        for segment_name, nth, number in _fields(read):
            ours = read.all(segment_name)[nth - 1].field(number)
            theirs = other.segments(segment_name)[nth - 1]
            expected = str(theirs[number]) if number < len(theirs) else ""
            assert ours == expected, (name, segment_name, nth, number)
            compared += bool(ours)
    assert compared > 300


def test_hl7kit_finds_the_same_fields(corpus):
    import hl7kit

    compared = 0
    for name, data in corpus:
        read = parsed(data)
        try:
            other = hl7kit.parse(data)
        except hl7kit.ParseError:
            continue
        marks = read.delimiters
        for segment_name, nth, number in _fields(read):
            ours = read.all(segment_name)[nth - 1]
            theirs = other.get(f"{segment_name}[{nth}]-{number}.1") or ""
            raw = ours.components(ours.field(number).split(marks.repetition)[0])[0]
            if theirs == NULL or not theirs:
                continue
            assert unescape(raw, marks) == theirs, (name, segment_name, nth, number)
            compared += 1
    assert compared > 250
