"""Answers to the sender: which codes, and nothing of the patient."""

import hl7
import pytest

from coding_cases import message, parsed, pid
from coding_svc.codec.hl7v2.acknowledgement import Header, answers, header_of
from coding_svc.codec.hl7v2.message import parse
from coding_svc.model.reasons import reason

AT = "20260302101500+0000"
FAULT = (reason("npi-missing", "FT1[2]-20"),)


def answered(data: bytes, outcome="A", reasons=()) -> list:
    found = answers(header_of(parsed(data)), outcome, tuple(reasons), at=AT, number="ACK1")
    return [hl7.parse(answer.decode()) for answer in found]


def test_an_accept_names_the_message_and_swaps_the_addresses():
    (ack,) = answered(message("ADT^A04", pid(), number="M77"))
    assert str(ack.segment("MSA")) == "MSA|AA|M77"
    assert (
        str(ack.segment("MSH")) == f"MSH|^~\\&|RCM|BILLING|EHR|HOSP|{AT}||ACK^A04^ACK|ACK1|P|2.5.1"
    )


@pytest.mark.parametrize("outcome", ["E", "R"])
def test_a_refusal_says_where_and_what_and_nothing_of_the_patient(outcome):
    (ack,) = answered(message("DFT^P03", pid(), number="M1"), outcome, FAULT)
    assert str(ack["MSA"][0][1]) == f"A{outcome}"
    err = ack["ERR"][0]
    assert str(err[2]) == "FT1^2^20"
    assert str(err[3]) == "207^Application internal error^HL70357"
    assert (str(err[4]), str(err[5])) == ("E", "npi-missing")
    assert "TESTPATIENT" not in str(ack)


def test_an_accept_does_not_tell_of_faults_that_wait_on_our_worklist():
    (ack,) = answered(message("DFT^P03", pid()), "A", FAULT)
    assert "ERR" not in [str(s[0]) for s in ack]


@pytest.mark.parametrize(
    ("conditions", "outcome", "codes"),
    [
        ("|||AL|NE", "A", ["CA"]),
        ("|||AL|AL", "A", ["CA", "AA"]),
        ("|||NE|AL", "A", ["AA"]),
        ("|||NE|NE", "A", []),
        ("|||ER|NE", "A", []),
        ("|||ER|NE", "E", ["CE"]),
        ("|||SU|ER", "R", ["AR"]),
        ("|||AL|", "R", ["CR"]),
        ("", "A", ["AA"]),
        ("|||||", "E", ["AE"]),
    ],
)
def test_enhanced_mode_answers_what_msh_15_and_16_ask_for(conditions, outcome, codes):
    found = answered(message("ADT^A04", pid(), more=conditions), outcome)
    assert [str(ack["MSA"][0][1]) for ack in found] == codes


def test_two_answers_have_two_numbers():
    first, second = answered(message("ADT^A04", pid(), more="|||AL|AL"))
    assert str(first["MSH"][0][10]) != str(second["MSH"][0][10])


def test_an_answer_uses_the_delimiters_and_bytes_of_the_message():
    data = b"MSH#!@$%#M\xfcller#HOSP###1##ADT!A04#7#P#2.5\r"
    (answer,) = answers(header_of(parsed(data)), "A", (), at=AT, number="1")
    assert answer.startswith(b"MSH#!@$%###M\xfcller#HOSP#")
    assert b"MSA#AA#7\r" in answer


def test_what_is_no_message_is_answered_all_the_same():
    (answer,) = answers(Header(), "R", (reason("not-hl7", "MSH[1]"),), at=AT, number="1")
    read = parse(answer)
    assert read.first("MSA").text(1) == "AR"
    assert read.first("ERR").text(3) == "100"


def test_a_message_without_number_or_version_gets_an_answer_that_can_be_read():
    (ack,) = answered(b"MSH|^~\\&|EHR\r")
    assert str(ack.segment("MSA")) == "MSA|AA"
    assert str(ack["MSH"][0][12]) == "2.5.1"
