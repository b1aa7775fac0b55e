from datetime import datetime

import pytest

from rcm.x12.guide_835 import GUIDE
from rcm.x12.lexer import Delimiters
from rcm.x12.reader import Reader
from rcm.x12.writer import Composite, Draft, NotWritable, Renderer, Repeated, write
from x12_cases import an_envelope

render = Renderer()


def test_empty_elements_and_components_at_the_end_are_dropped():
    assert render(("CLP", "C", "", "")) == "CLP*C~"
    assert render(("SVC", Composite(("HC", "99213", "", "")), "1", "")) == "SVC*HC:99213*1~"
    assert render(("SVC", Composite(("", "")), "1")) == "SVC**1~"


def test_repetitions_are_joined():
    assert render(("EQ", Repeated(("1", "33")))) == "EQ*1^33~"
    assert render(("EQ", Repeated((Composite(("A", "B")), Composite(("C",)))))) == "EQ*A:B^C~"


@pytest.mark.parametrize("mark", ["*", "~", ":", "^", "\n", "\r", "\x00", "\x1d", "\x7f"])
@pytest.mark.parametrize(
    "segment",
    [
        lambda mark: ("NM1", "QC", f"A{mark}B"),
        lambda mark: ("SVC", Composite(("HC", f"9{mark}9"))),
        lambda mark: ("EQ", Repeated(("1", f"3{mark}3"))),
    ],
)
def test_a_delimiter_or_control_character_in_data_is_refused_without_repeating_it(mark, segment):
    with pytest.raises(NotWritable) as refused:
        render(segment(mark))
    assert mark not in str(refused.value)
    assert "0" in str(refused.value)  # the element's position


def test_other_characters_are_written_as_utf8():
    data = write([Draft(GUIDE, [("N1", "PR", "MÜNCHEN")])], an_envelope())
    assert "MÜNCHEN".encode() in data


def test_every_count_and_number_is_computed():
    draft = Draft(GUIDE, [("LX", "1"), ("LX", "2")])
    data = write([draft, draft], an_envelope(interchange_control_number=9))
    assert data.count(b"SE*4*0001~") == 1
    assert data.count(b"SE*4*0002~") == 1
    assert data.endswith(b"GE*2*7~IEA*1*000000009~")
    reader = Reader(data)
    list(reader.units())
    assert reader.findings == []


def test_the_isa_has_its_106_characters():
    data = write([Draft(GUIDE, [("LX", "1")])], an_envelope(is_test=True, wants_ta1=True))
    assert data[105:106] == b"~"
    assert data[103:105] == b"*:"
    assert data.startswith(
        b"ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         *"
    )
    assert b"*1*T*:~" in data[:106]


def test_other_delimiters_are_written_and_read_back():
    marks = Delimiters("|", "\x1d", ">", "{")
    envelope = an_envelope(delimiters=marks, line_break="\r\n")
    data = write([Draft(GUIDE, [("N1", "PR", "A*B:C^D~")])], envelope)
    reader = Reader(data)
    unit = next(iter(reader.units()))
    assert unit.transaction.delimiters == marks
    assert unit.segments[1] == ["N1", "PR", "A*B:C^D~"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": ("ZZZ", "A")},
        {"sender": ("ZZ", "")},
        {"receiver": ("ZZ", "A" * 16)},
        {"receiver": ("ZZ", "A*B")},
        {"interchange_control_number": 1_000_000_000},
        {"interchange_control_number": -1},
        {"delimiters": Delimiters("*", "*", ":", "^")},
        {"delimiters": Delimiters("A", "~", ":", "^")},
    ],
)
def test_an_envelope_that_does_not_fit_is_refused(changes):
    with pytest.raises(NotWritable):
        write([Draft(GUIDE, [("LX", "1")])], an_envelope(**changes))


def test_an_instant_is_written_as_it_is_given():
    envelope = an_envelope(at=datetime(2026, 1, 2, 3, 4))
    data = write([Draft(GUIDE, [("LX", "1")])], envelope)
    assert b"*260102*0304*^*00501*" in data
    assert b"*20260102*0304*7*X*" in data
