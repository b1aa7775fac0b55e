"""Typed 275, 277 requests, 278, 820 and 834: read, written, and read again."""

from datetime import date, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rcm.x12 import x275, x277rfai, x278, x820, x834
from rcm.x12.examine import Examination
from rcm.x12.lexer import Delimiters, Lexer
from rcm.x12.reader import Reader
from rcm.x12.transform import as_json, from_json
from rcm.x12.writer import Envelope, NotWritable
from x12_seeded_faults import FAMILIES, counted, seeded, whole, written

MODULES = {"275": x275, "277RFAI": x277rfai, "278": x278, "820": x820, "834": x834}
ENVELOPE = Envelope(
    sender=("ZZ", "PLAN"),
    receiver=("ZZ", "CLINIC"),
    interchange_control_number=1,
    at=datetime(2026, 3, 2, 12),
)


def body(data):
    content = b"".join(unit.content() for unit in Reader(data).units())
    return content.decode().split("~")[1:-2]


def documents(family, data=None):
    reading = MODULES[family].read(written(whole(family)) if data is None else data)
    assert reading.set_aside == ()
    return reading.documents


@pytest.mark.parametrize("family", MODULES)
def test_what_is_read_is_written_as_it_was(family):
    data = MODULES[family].write(documents(family), ENVELOPE)
    assert body(data) == list(FAMILIES[family][2])
    assert list(Examination(BytesIO(data)).findings()) == []


@pytest.mark.parametrize("family", MODULES)
def test_what_is_written_is_read_again(family):
    found = documents(family)
    other = replace(ENVELOPE, delimiters=Delimiters("|", "\x1d", ">", "!"))
    assert documents(family, MODULES[family].write(found, other)) == found


@pytest.mark.parametrize("family", MODULES)
def test_a_file_that_ends_early_sets_its_last_part_aside(family):
    segments = [one for one in whole(family) if not one.startswith(("SE*", "GE*", "IEA*"))]
    reading = MODULES[family].read(written(segments))
    assert reading.set_aside
    assert "unit-cut-off" in {one.rule_id for one in reading.findings}


@pytest.mark.parametrize("family", MODULES)
def test_another_transaction_is_set_aside(family):
    reading = MODULES[family].read(written(whole("270")))
    assert reading.documents == ()
    assert len(reading.set_aside) > 1


def test_one_bad_member_leaves_the_others():
    data = written(seeded("834", "DMG*D8*1980", "DMG02=UNKNOWN"))
    reading = x834.read(data)
    assert [one.name.first_name for one in reading.documents] == ["SAM"]
    assert [one.unit.segments[0][:3] for one in reading.set_aside] == [["INS", "Y", "18"]]


def test_a_member_says_who_and_what():
    jane, sam = documents("834")
    assert (jane.subscriber_number, jane.is_subscriber, sam.is_subscriber) == ("S1", True, False)
    assert sam.birth_on == date(2015, 2, 3)
    assert jane.coverages[0].coverage_code == "HLT"
    assert jane.coverages[0].dates[0].first_on == date(2026, 3, 1)
    assert jane.enrollment.counts == (("TO", "2"), ("ET", "1"), ("DT", "1"))
    assert "JANE" not in repr(jane)


def test_what_has_no_place_behind_a_members_name_is_written_all_the_same():
    found = documents("834", written(seeded("834", "DMG*D8*1980", ["=", "REF*1L*987"])))
    assert "REF*1L*987" in body(x834.write(found, ENVELOPE))


def test_a_payment_says_what_it_is_for():
    (payment,) = documents("820")
    assert payment.amount_cents == 35000
    assert [one.paid_cents for one in payment.items] == [20000, 15000]
    assert payment.items[1].adjusted_cents == -1000
    assert payment.effective_on == date(2026, 3, 4)


def test_a_review_says_what_was_decided():
    (review,) = documents("278")
    assert review.is_answer
    assert review.subscriber.name == ("DOE", "JANE")
    assert (review.event.decision_code, review.event.review_number) == ("A1", "AUTH1")
    assert review.event.diagnoses == (("ABK", "E119"),)
    assert [one.procedure for one in review.services] == [("HC", "97110")]


def test_an_answer_may_end_at_the_reviewer():
    segments = [
        *whole("278")[:5], "AAA*Y**42*Y", "NM1*X3*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "SE*0*0001",
        "GE*1*7", "IEA*1*000000042",
    ]  # fmt: skip
    (review,) = documents("278", written(counted(segments)).replace(b"20*1~AAA", b"20*0~AAA"))
    assert review.event is None
    assert review.reviewer.rejection_codes == ("42",)


def test_a_request_says_what_is_wanted_and_until_when():
    jane, sam = documents("277RFAI")
    assert (jane.claim_id, jane.control_number, jane.due_on) == (
        "C-1001", "ACN-1", date(2026, 4, 15),
    )  # fmt: skip
    assert jane.loinc_codes == ("18842-5", "34117-2", "11506-3")
    assert sam.dependent.first_name == "SAM"
    assert sam.payer == jane.payer


def test_an_attachment_has_its_documents():
    first, second = documents("275")
    assert (first.control_number, first.claim_id) == ("ACN-1", "C-1001")
    assert first.contents[0].data == b"HELLO WORLD"
    assert (second.contents[0].filter_code, second.contents[0].data) == ("B64", b"aGVsbG8K")


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["", "ASC"]))
@settings(max_examples=60, deadline=None)
def test_data_of_any_bytes_comes_back(data, filter_code):
    first = documents("275")[0]
    content = replace(first.contents[0], data=data, filter_code=filter_code)
    file = x275.write([replace(first, contents=(content, content))], ENVELOPE)
    (again,) = documents("275", file)
    assert [one.data for one in again.contents] == [data, data]
    json = list(as_json(Lexer(file), mask=False))
    assert b"".join(from_json(json)) == file


NASTY = b"a~SE*9*0001~GE*1*7~IEA*1*000000042~ISA*00*\x00\xff*b^c:d\r\n~"


class Slow(BytesIO):
    def read(self, size=-1):
        return super().read(7 if size else size)


def test_data_that_looks_like_segments_is_data():
    segments = whole("275")
    (file,) = [written(segments).replace(b"BIN*11*HELLO WORLD", b"BIN*%d*%s" % (len(NASTY), NASTY))]
    assert list(Examination(BytesIO(file)).findings()) == []
    assert documents("275", file)[0].contents[0].data == NASTY
    slow = [unit.content() for unit in Reader(Slow(file)).units()]
    assert slow == [unit.content() for unit in Reader(file).units()]
    assert b"".join(slow) == file[file.index(b"ST*") : file.index(b"GE*1*7~IEA*1*000000042~", -40)]


def test_data_of_megabytes_is_read():
    data = bytes(range(256)) * (12 << 10)
    first = documents("275")[0]
    content = replace(first.contents[0], data=data)
    file = x275.write([replace(first, contents=(content,))], ENVELOPE)
    assert documents("275", BytesIO(file))[0].contents[0].data == data


@pytest.mark.parametrize("count", [10, 12, 999999, 10**8])
def test_a_length_that_is_wrong_is_told_and_loses_nothing_else(count):
    file = written(whole("275")).replace(b"BIN*11*", b"BIN*%d*" % count)
    found = {one.rule_id: one for one in Examination(BytesIO(file)).findings()}
    assert set(found) == {"binary-length-differs"}
    assert found["binary-length-differs"].element == 1
    assert len(documents("275", file)) == 2


def test_a_separator_outside_of_data_is_refused():
    first = documents("275")[0]
    with pytest.raises(NotWritable):
        x275.write([replace(first, control_number="A*B")], ENVELOPE)


def test_the_form_of_2026_is_read():
    file = written(whole("275")).replace(b"005010X210", b"006020X314")
    assert len(documents("275", file)) == 2
    assert list(Examination(BytesIO(file)).findings()) == []
