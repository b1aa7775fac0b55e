"""Eligibility, 270 and 271: written and read again, refused in parts, and read by x12sdk too."""

import pathlib
from datetime import date

import msgspec
import pytest

from rcm.x12 import x270, x276
from x12_eligibility_cases import (
    ANSWERED,
    ASKED,
    CLINIC,
    ENVELOPE,
    JANE,
    PAYER,
    SAM,
    a_refusal,
    a_response,
    an_inquiry,
    replace,
)

CORPUS = pathlib.Path(__file__).parents[2].parent / "shared" / "corpus" / "x12"
REFUSED = x270.Rejection(is_valid_request=False, reason_code="42", follow_up_code="R")


def inquiries_of(data: bytes) -> list[x270.Inquiry]:
    reading = x270.read(data)
    assert reading.findings == ()
    assert reading.set_aside == ()
    return [one.inquiry for one in reading.inquiries]


def responses_of(data: bytes) -> list[x270.Response]:
    reading = x270.read(data)
    assert reading.findings == ()
    assert reading.set_aside == ()
    return [one.response for one in reading.responses]


@pytest.mark.parametrize(
    "inquiry",
    [
        an_inquiry(),
        an_inquiry(subscriber=replace(JANE, birth_on=None, sex_code=""), dependent=SAM),
        an_inquiry(
            questions=(
                x270.Question(service_type_codes=("30", "98", "UC")),
                x270.Question(
                    procedure=x276.Procedure(code="99213", modifiers=("25",)),
                    place_of_service_code="21",
                    prior_authorization=x270.Identifier(qualifier_code="G1", number="A1"),
                    period=x270.Period(qualifier_code="291", first_on=date(2026, 7, 1)),
                    spend_down_cents=10_00,
                ),
            )
        ),
        an_inquiry(subscriber=replace(JANE, diagnoses=(("ABK", "E119"), ("ABF", "I10")))),
    ],
)
def test_an_inquiry_is_written_and_read_again(inquiry: x270.Inquiry):
    data = x270.write_270([inquiry], ASKED, ENVELOPE)
    assert inquiries_of(data) == [inquiry]
    assert x270.write_270(inquiries_of(data), ASKED, ENVELOPE) == data


@pytest.mark.parametrize(
    "response",
    [
        a_response(),
        a_refusal(),
        a_response(dependent=SAM),
        x270.Response(source=PAYER, system_rejections=(REFUSED,)),
        x270.Response(source=PAYER, source_rejections=(REFUSED,)),
        x270.Response(source=PAYER, receiver=CLINIC, receiver_rejections=(REFUSED,)),
    ],
)
def test_a_response_is_written_and_read_again(response: x270.Response):
    data = x270.write_271([response], ANSWERED, ENVELOPE)
    assert responses_of(data) == [response]
    assert x270.write_271(responses_of(data), ANSWERED, ENVELOPE) == data


def test_a_subscriber_and_a_dependent_of_one_policy_share_their_levels():
    mine = an_inquiry(subscriber=JANE)
    childs = an_inquiry(subscriber=JANE, dependent=SAM)
    data = x270.write_270([mine, childs], ASKED, ENVELOPE)
    levels = [row for row in data.decode().split("~") if row.startswith("HL*")]
    assert levels == ["HL*1**20*1", "HL*2*1*21*1", "HL*3*2*22*1", "HL*4*3*23*0"]
    assert inquiries_of(data) == [mine, childs]


def test_the_head_comes_back():
    data = x270.write_270([an_inquiry()], ASKED, ENVELOPE)
    (one,) = x270.read(data).inquiries
    assert one.exchange == ASKED
    assert one.origin.loop == "2000A[1]/2000B[1]/2000C[1]"


def test_one_unreadable_person_is_set_aside_and_the_next_is_read():
    two = [an_inquiry(subscriber=replace(JANE, number=f"M00{place}")) for place in (1, 2)]
    data = x270.write_270(two, ASKED, ENVELOPE)
    reading = x270.read(data.replace(b"D8*19700101", b"D8*19709901", 1))
    assert [one.inquiry.subscriber.number for one in reading.inquiries] == ["M002"]
    assert [one.unit.name for one in reading.set_aside] == ["HL"]
    assert {one.rule_id for one in reading.findings} == {"date-invalid", "unreadable"}


def test_a_document_survives_json():
    for one in (an_inquiry(), a_response(), a_refusal()):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


@pytest.mark.parametrize("code", ["", "2", "19", "20260230"])
def test_a_level_of_no_kind_that_we_know_is_set_aside(code):
    data = x270.write_271([a_response()], ASKED, ENVELOPE)
    person = f"HL*3*2*{'22'}*".encode()
    assert person in data
    reading = x270.read(data.replace(person, f"HL*3*2*{code}*".encode()))
    assert [one.findings[0].rule_id for one in reading.set_aside] == ["unreadable"]


@pytest.mark.parametrize("lost", ["BHT", "HL*1", "HL*2"])
def test_a_person_whose_head_is_lost_is_set_aside(lost):
    data = x270.write_270([an_inquiry()], ASKED, ENVELOPE)
    segments = data.split(b"~")
    start = next(at for at, one in enumerate(segments) if one.startswith(lost.encode()))
    end = start + 1 if lost == "BHT" else next(
        at for at in range(start + 1, len(segments)) if segments[at].startswith(b"HL")
    )  # fmt: skip
    reading = x270.read(b"~".join([*segments[:start], *segments[end:]]))
    assert reading.inquiries == ()
    assert reading.set_aside[-1].unit.name == "HL"
    assert reading.set_aside[-1].findings[0].rule_id == "header-lost"


@pytest.mark.parametrize("folder", ["270", "271"])
def test_every_public_file_is_read_and_what_was_read_is_written_the_same(folder: str):
    files = sorted((CORPUS / folder).glob("*")) if CORPUS.is_dir() else []
    if not files:
        pytest.skip("the public corpus is not beside this repository")
    for path in files:
        reading = x270.read(path.read_bytes())
        for write, found in (
            (x270.write_270, [(one.inquiry, one.exchange) for one in reading.inquiries]),
            (x270.write_271, [(one.response, one.exchange) for one in reading.responses]),
        ):
            if found:
                documents = [one for one, _ in found]
                again = x270.read(write(documents, found[0][1], ENVELOPE))
                kept = [one.inquiry for one in again.inquiries] or [
                    one.response for one in again.responses
                ]
                assert kept == documents
