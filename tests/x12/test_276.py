"""Claim status, 276 and 277: written and read again, at every level, and read by x12sdk too."""

import pathlib
from datetime import date

import msgspec
import pytest

from rcm.x12 import x276
from x12_eligibility_cases import (
    CLINIC,
    ENVELOPE,
    PAYER,
    SAM,
    SENDER,
    STATUS,
    a_status_report,
    a_status_request,
    replace,
)

CORPUS = pathlib.Path(__file__).parents[2].parent / "shared" / "corpus" / "x12"
CHILD = replace(SAM, role_code="QC", insured_code="", relationship_code="")
PENDING = x276.Status(codes=(x276.StatusCode("E0", "24", "1P"),), effective_on=date(2026, 4, 1))


def documents_of(data: bytes) -> list[x276.StatusRequest | x276.StatusReport]:
    reading = x276.read(data)
    assert reading.findings == ()
    assert reading.set_aside == ()
    return [one.document for one in reading.documents]


@pytest.mark.parametrize(
    "request_",
    [
        a_status_request(),
        a_status_request(dependent=CHILD),
        a_status_request(
            payer_claim_control_number="PCN1",
            location="LOC",
            group_number="G1",
            prescription_number="RX1",
            clearinghouse_trace_number="D1",
            lines=(),
            service_through=None,
        ),
    ],
)
def test_a_request_is_written_and_read_again(request_: x276.StatusRequest):
    data = x276.write_276([request_], STATUS, ENVELOPE)
    assert documents_of(data) == [request_]
    assert x276.write_276([request_], STATUS, ENVELOPE) == data


@pytest.mark.parametrize(
    "report",
    [
        a_status_report(),
        a_status_report(dependent=replace(CHILD, birth_on=None, sex_code="")),
        a_status_report(
            statuses=(
                x276.Status(
                    codes=(
                        x276.StatusCode("F2", "88", "QC"),
                        x276.StatusCode("F2", "80", "", "RX"),
                        x276.StatusCode("F2", "1"),
                    ),
                    effective_on=date(2026, 4, 1),
                    text="CALL US",
                ),
                PENDING,
            )
        ),
        x276.StatusReport(
            payer=PAYER,
            receiver=SENDER,
            providers=(CLINIC,),
            trace_type_code="1",
            trace_number="0",
            statuses=(PENDING,),
        ),
        x276.StatusReport(
            payer=PAYER,
            receiver=SENDER,
            trace_type_code="2",
            trace_number="T1",
            statuses=(PENDING,),
        ),
    ],
)
def test_a_report_is_written_and_read_again(report: x276.StatusReport):
    data = x276.write_277([report], STATUS, ENVELOPE)
    assert documents_of(data) == [report]


def test_claims_of_one_patient_share_their_levels():
    one, two = a_status_request(), a_status_request(trace_number="T2", claim_id="C-1002")
    data = x276.write_276([one, two], STATUS, ENVELOPE)
    assert data.count(b"~HL*") == 4
    assert documents_of(data) == [one, two]


def test_a_document_survives_json():
    for one in (a_status_request(), a_status_report()):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


def test_a_277ca_is_another_transaction_and_is_set_aside():
    data = x276.write_277([a_status_report()], STATUS, ENVELOPE)
    reading = x276.read(data.replace(b"005010X212", b"005010X214"))
    assert reading.documents == ()
    assert reading.set_aside
    assert "not-claim-status" in {one.rule_id for one in reading.findings}


def test_one_unreadable_patient_is_set_aside_and_the_next_is_read():
    two = [a_status_request(trace_number=f"T{place}") for place in (1, 2)]
    two[1] = replace(two[1], subscriber=replace(two[1].subscriber, number="M002"))
    data = x276.write_276(two, STATUS, ENVELOPE).replace(b"T3*125", b"T3*12x", 1)
    reading = x276.read(data)
    assert [one.document.trace_number for one in reading.documents] == ["T2"]
    assert [one.unit.name for one in reading.set_aside] == ["HL"]


@pytest.mark.parametrize("lost", ["BHT", "HL*1"])
def test_a_claim_whose_head_is_lost_is_set_aside(lost):
    segments = x276.write_276([a_status_request()], STATUS, ENVELOPE).split(b"~")
    start = next(at for at, one in enumerate(segments) if one.startswith(lost.encode()))
    count = 1 if lost == "BHT" else 2  # HL and its NM1
    reading = x276.read(b"~".join([*segments[:start], *segments[start + count :]]))
    assert reading.documents == ()
    assert reading.set_aside[-1].unit.name == "HL"
    assert reading.set_aside[-1].findings[0].rule_id == "header-lost"


@pytest.mark.parametrize("folder", ["276", "277"])
def test_every_public_file_is_read_and_what_was_read_is_written_the_same(folder: str):
    files = sorted((CORPUS / folder).glob("*")) if CORPUS.is_dir() else []
    if not files:
        pytest.skip("the public corpus is not beside this repository")
    for path in files:
        reading = x276.read(path.read_bytes())
        if not reading.documents:
            continue
        exchange = reading.documents[0].exchange
        write = x276.write_276 if reading.requests else x276.write_277
        documents = [one.document for one in reading.documents]
        again = x276.read(write(documents, exchange, ENVELOPE))
        assert [one.document for one in again.documents] == documents
