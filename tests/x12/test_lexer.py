import gzip
from io import BytesIO

import pytest

from rcm.x12 import lexer
from rcm.x12.lexer import Delimiters, Lexer
from x12_cases import BODY_835, GS, ISA, interchange


def texts(data):
    read = Lexer(data)
    return [text for batch in read.batches() for text in batch.texts], read.findings


def rules(findings):
    return [finding.rule_id for finding in findings]


PLAIN, _ = texts(interchange())


def test_a_clean_file_gives_its_segments_and_no_finding():
    found, findings = texts(interchange())
    assert found[0] == ISA
    assert len(found) == len(BODY_835) + 6
    assert findings == []


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\n\n"])
def test_line_breaks_after_segments_are_taken_off(line_break):
    found, findings = texts(interchange(line_break=line_break))
    assert found == PLAIN
    assert findings == []


def test_a_byte_order_mark_is_skipped_and_said():
    found, findings = texts(b"\xef\xbb\xbf" + interchange())
    assert found == PLAIN
    assert rules(findings) == ["byte-order-mark"]


def test_blanks_before_segments_are_taken_off_and_said_once():
    found, findings = texts(interchange(line_break="\n    "))
    assert found == PLAIN
    assert rules(findings) == ["blanks-before-segment"]


@pytest.mark.parametrize("element", ["|", ">", "\x1d", "+"])
@pytest.mark.parametrize("end", ["\n", "'", "\x1c", "\r"])
def test_any_legal_delimiters_are_read_from_the_isa(element, end):
    data = interchange(end=end).replace(b"*", element.encode())
    read = Lexer(data)
    batches = list(read.batches())
    assert batches[0].delimiters == Delimiters(element, end, ":", "^")
    assert [text.replace(element, "*") for batch in batches for text in batch.texts] == PLAIN
    assert read.findings == []


@pytest.mark.parametrize("isa", [ISA[:-1] + "*", ISA[:-1] + "A", ISA[:-1] + "~"])
def test_delimiters_that_cannot_be_told_apart_are_refused(isa):
    found, findings = texts(interchange(isa=isa))
    assert found == []
    assert "delimiters-clash" in rules(findings)


def test_a_repetition_separator_that_clashes_is_told_and_the_rest_is_read():
    data = interchange(isa=ISA.replace("*^*", "*:*"))
    lexer = Lexer(data)
    found = [text for batch in lexer.batches() for text in batch.texts]
    assert len(found) == len(PLAIN)
    assert rules(lexer.findings) == ["delimiters-clash"]


def test_an_isa_of_another_width_is_read_and_said():
    found, findings = texts(interchange(isa=ISA.replace("PAYER          ", "PAYER")))
    assert len(found) == len(PLAIN)
    assert rules(findings) == ["isa-malformed"]


def test_each_interchange_has_its_own_delimiters():
    second = interchange(end="'").replace(b"*", b"|")
    read = Lexer(interchange() + b"\n" + second)
    batches = list(read.batches())
    assert [batch.delimiters.element for batch in batches] == ["*", "|"]
    assert batches[1].number == len(PLAIN) + 1
    assert read.findings == []


def test_an_isa_without_an_iea_before_it_starts_anew():
    cut = interchange()[: -len("IEA*1*000000042~")]
    read = Lexer(cut + interchange())
    batches = list(read.batches())
    assert [batch.starts for batch in batches] == [True, True]
    assert len(batches[0].texts) == len(PLAIN) - 1


@pytest.mark.parametrize("size", [1, 7, 106, 4096])
def test_chunks_of_any_size_give_the_same_segments_at_the_same_places(size, monkeypatch):
    monkeypatch.setattr(lexer, "CHUNK_BYTES", size)
    data = interchange(line_break="\r\n") * 2
    read = Lexer(BytesIO(data))
    at = {}
    for batch in read.batches():
        for index, text in enumerate(batch.texts):
            offset = batch.offset + batch.width(0, index)
            at[batch.number + index] = (text, data[offset:].lstrip()[: len(text)].decode())
    assert len(at) == 2 * len(PLAIN)
    assert all(text == there for text, there in at.values())
    assert read.findings == []


def test_utf8_and_its_offsets_are_kept():
    data = interchange().replace(b"DOE*JANE", "MÜLLER*JOSÉ".encode())
    read = Lexer(data)
    (batch,) = read.batches()
    index = next(i for i, text in enumerate(batch.texts) if "MÜLLER" in text)
    after = batch.offset + batch.width(0, index + 1)
    assert data[after:].startswith(b"NM1*82")
    assert read.findings == []


def test_what_is_not_utf8_is_read_as_cp1252_and_said_once():
    data = interchange().replace(b"DOE*JANE", b"M\xdcLLER*JOS\xc9").replace(b"ROE", b"O\x92NEIL")
    found, findings = texts(data)
    assert any("MÜLLER*JOSÉ" in text for text in found)
    assert any("O’NEIL" in text for text in found)
    assert rules(findings) == ["not-utf8"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello", "does not begin"),
        (b"\xc9\xe2\xc1\x5c\xf0\xf0", "EBCDIC"),
        (interchange().decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_x12_is_said(data, words):
    found, findings = texts(data)
    assert found == []
    assert rules(findings)[0] == "not-x12"
    assert words in findings[0].message


def test_text_between_interchanges_is_said_and_skipped():
    found, findings = texts(interchange() + b"junk here\n" + interchange())
    assert len(found) == 2 * len(PLAIN)
    assert rules(findings) == ["text-after-interchange"]


def test_a_file_that_ends_inside_a_segment_is_said():
    found, findings = texts(interchange()[:-20])
    assert rules(findings) == ["input-cut"]
    assert len(found) == len(PLAIN) - 2


def test_an_iea_that_lacks_only_its_terminator_is_read():
    found, findings = texts(interchange()[:-1])
    assert found == PLAIN
    assert rules(findings) == ["last-terminator-missing"]
    found, findings = texts(interchange()[:-2])
    assert rules(findings) == ["input-cut"]


def test_a_segment_longer_than_any_is_skipped_in_constant_memory():
    class Endless:
        """Ten times the longest segment, then the rest of the file."""

        def __init__(self):
            self.parts = [ISA.encode() + b"~NTE*"] + [b"x" * (1 << 20)] * 10 + [b"~" + GS.encode()]
            self.parts.append(b"~")

        def read(self, _size):
            return self.parts.pop(0) if self.parts else b""

    found, findings = texts(Endless())
    assert found == [ISA, GS]
    assert "segment-too-long" in rules(findings)


def test_gzip_is_unpacked():
    found, findings = texts(gzip.compress(interchange()))
    assert found == PLAIN
    assert findings == []


def test_gzip_that_unpacks_without_end_is_refused():
    bomb = gzip.compress(ISA.encode() + b"~" + b"NTE*ADD*" + b"0" * (64 << 20))
    _, findings = texts(BytesIO(bomb))
    assert "compressed-too-far" in rules(findings)


def test_gzip_that_is_cut_is_said():
    _, findings = texts(gzip.compress(interchange())[:-30])
    assert "compressed-broken" in rules(findings)


def test_empty_segments_are_left_out_and_said():
    found, findings = texts(interchange().replace(b"~LX", b"~~ ~LX"))
    assert found == PLAIN
    assert rules(findings) == ["empty-segment"]


def test_an_iea_without_its_end_whose_count_is_no_text_is_cut_and_told():
    data = interchange()[:-1].replace(b"IEA*1*", b"IEA*\xff*")
    lexer = Lexer(data)
    assert [list(batch.texts) for batch in lexer.batches()]
    assert [one.rule_id for one in lexer.findings] == ["input-cut"]
