from datetime import date

import pytest

from rcm.x12 import x277ca
from rcm.x12.x277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    LineStatus,
    Party,
    ProviderStatus,
    ReceiverStatus,
    Status,
    StatusCode,
)
from x12_cases import an_envelope, corpus_files, interchange
from x12_seeded_faults import counted, seeded, written

GS = "GS*HN*PAYER*CLINIC*20260302*1200*7*X*005010X214"
ST = "ST*277*0001*005010X214"
BODY = (
    "BHT*0085*08*ACK1*20260302*1200*TH",
    "HL*1**20*1",
    "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*90001",
    "TRN*1*TRACE1",
    "DTP*050*D8*20260302",
    "DTP*009*D8*20260302",
    "HL*2*1*21*1",
    "NM1*41*2*NORTHSIDE CLINIC*****46*CLINIC",
    "TRN*2*BATCH-1",
    "STC*A1:19:PR*20260302*WQ*425",
    "QTY*90*1",
    "QTY*AA*1",
    "AMT*YU*125",
    "AMT*YY*300",
    "HL*3*2*19*1",
    "NM1*85*2*NORTHSIDE CLINIC*****XX*1234567893",
    "TRN*1*0",
    "STC*A1:19:PR**WQ*425",
    "QTY*QA*1",
    "QTY*QC*1",
    "AMT*YU*125",
    "AMT*YY*300",
    "HL*4*3*PT",
    "NM1*QC*1*DOE*JANE****MI*M0001",
    "TRN*2*C-1001",
    "STC*A2:20:PR*20260302*WQ*125",
    "REF*1K*PCN1",
    "DTP*472*D8*20260203",
    "HL*5*3*PT",
    "NM1*QC*1*ROE*RICHARD****MI*M0002",
    "TRN*2*C-1002",
    "STC*A7:562:85*20260302*U*300******A7:145:85",
    "DTP*472*RD8*20260204-20260205",
    "SVC*HC:71046*300*****1",
    "STC*A7:507**U",
    "REF*FJ*L1",
    "DTP*472*D8*20260204",
)


def data(body=BODY):
    return interchange(body, gs=GS, st=ST)


def test_a_claim_status_is_read_by_our_claim_number():
    reading = x277ca.read(data())
    assert reading.findings == ()
    (one,) = reading.acknowledgments
    accepted, rejected = one.claims
    assert (accepted.claim_id, accepted.is_rejected) == ("C-1001", False)
    assert accepted.payer_claim_control_number == "PCN1"
    assert accepted.statuses[0].codes == (StatusCode("A2", "20", "PR"),)
    assert (rejected.claim_id, rejected.is_rejected) == ("C-1002", True)
    assert [code.status_code for code in rejected.statuses[0].codes] == ["562", "145"]
    assert (rejected.service_from, rejected.service_through) == (
        date(2026, 2, 4),
        date(2026, 2, 5),
    )
    assert rejected.lines[0].line_item_control_number == "L1"
    assert one.receivers[0].originator_reference_number == "BATCH-1"
    assert one.received_on == date(2026, 3, 2)
    assert x277ca.check(one) == []


def test_writing_gives_the_bytes_that_were_read():
    reading = x277ca.read(data())
    assert x277ca.write(reading.acknowledgments, an_envelope()) == data()


def test_a_document_made_by_hand_is_written_without_a_finding():
    status = Status(codes=(StatusCode("A3", "21", "PR"),), action_code="U", billed_cents=5_000)
    claim = ClaimStatus(
        claim_id="C-7",
        patient=Party("QC", "1", "DOE", "JANE", "", "", "MI", "M1"),
        statuses=(Status(
            codes=status.codes,
            effective_on=date(2026, 3, 2),
            action_code="U",
            billed_cents=5_000,
        ),),
        lines=(LineStatus(procedure=("HC", "99213", "25"), billed_cents=5_000, statuses=(
            Status(codes=(StatusCode("A3", "454"),), action_code="U"),
        )),),
    )  # fmt: skip
    one = ClaimAcknowledgment(
        reference_number="R1",
        created_on=date(2026, 3, 2),
        created_time="1200",
        source=Party("PR", "2", "PLAN", "", "", "", "PI", "P1"),
        source_trace_number="T1",
        received_on=date(2026, 3, 2),
        processed_on=date(2026, 3, 2),
        receivers=(
            ReceiverStatus(
                receiver=Party("41", "2", "CLINIC", "", "", "", "46", "CLINIC"),
                originator_reference_number="B1",
                statuses=claim.statuses,
                rejected_count=1,
                rejected_cents=5_000,
                providers=(
                    ProviderStatus(
                        provider=Party("85", "2", "CLINIC", "", "", "", "XX", "1234567893"),
                        claims=(claim,),
                    ),
                ),
            ),
        ),
    )
    reading = x277ca.read(x277ca.write([one], an_envelope()))
    assert reading.findings == ()
    (again,) = reading.acknowledgments
    assert again.claims == (claim,)
    assert again.claims[0].is_rejected


def replaced(old, new):
    at = BODY.index(old)
    return [*BODY[:at], new, *BODY[at + 1 :]]


def test_one_claim_that_cannot_be_read_does_not_lose_the_other():
    reading = x277ca.read(data(replaced("DTP*472*D8*20260203", "DTP*472*D8*20260231")))
    (one,) = reading.acknowledgments
    assert [claim.claim_id for claim in one.claims] == ["C-1002"]
    (aside,) = reading.set_aside
    assert b"TRN*2*C-1001" in aside.unit.content()
    assert aside.findings[0].place.segment_id == "DTP"


def test_a_provider_that_cannot_be_read_sets_its_claims_aside():
    reading = x277ca.read(data(replaced("QTY*QA*1", "QTY*QA*X")))
    (one,) = reading.acknowledgments
    assert one.claims == ()
    assert len(reading.set_aside) == 3


@pytest.mark.parametrize(
    ("old", "new", "rule_id"),
    [
        ("QTY*QA*1", "QTY*QA*2", "acknowledged-count-differs"),
        ("AMT*YY*300", "AMT*YY*301", "acknowledged-amount-differs"),
        (BODY[25], BODY[25].replace("WQ", "U"), "status-contradicts-action"),
    ],
)
def test_what_is_counted_is_held_against_what_is_named(old, new, rule_id):
    at = len(BODY) - 1 - BODY[::-1].index(old)
    reading = x277ca.read(data([*BODY[:at], new, *BODY[at + 1 :]]))
    found = {finding.rule_id for finding in x277ca.check(reading.acknowledgments[0])}
    assert rule_id in found


def test_a_cut_277ca_says_so():
    cut = data()[: data().index(b"SVC*HC")]
    reading = x277ca.read(cut)
    (one,) = reading.acknowledgments
    assert not one.is_complete
    assert [claim.claim_id for claim in one.claims] == ["C-1001"]
    assert any(finding.rule_id == "missing-se" for finding in reading.findings)


@pytest.mark.parametrize("path", corpus_files("277CA"), ids=lambda path: path.name[-40:])
def test_what_is_read_of_the_corpus_is_written_and_read_again(path):
    from msgspec.structs import replace

    reading = x277ca.read(path.read_bytes())
    again = x277ca.read(x277ca.write(reading.acknowledgments, an_envelope()))
    wanted = tuple(replace(one, is_complete=True) for one in reading.acknowledgments)
    assert again.acknowledgments == wanted


def test_the_numbers_of_the_levels_are_held_together_on_reading():
    """A claim under another provider's number would be somebody else's claim."""
    data = written(counted(seeded("277CA", "HL*5*", "HL02=2")))
    (found,) = x277ca.read(data).findings
    assert (found.rule_id, found.position, found.place.loop) == (
        "hl-parent",
        "HL02",
        "2000A[1]/2000B[1]/2000C[1]/2000D[2]",
    )
    assert {
        one.rule_id for one in x277ca.read(written(seeded("277CA", "HL*3*", "HL01=9"))).findings
    } == {
        "hl-number",
        "hl-parent",
    }
