from datetime import date
from decimal import Decimal

import pytest

from rcm.x12 import x835
from rcm.x12.findings import errors
from rcm.x12.writer import NotWritable
from rcm.x12.x835 import Adjustment, ClaimGroup, ClaimPayment, Procedure, ServiceLine
from x12_cases import BODY_835, an_envelope, changed, corpus_files, interchange


def read_one(data):
    reading = x835.read(data)
    (remittance,) = reading.remittances
    return remittance, reading


def test_a_remittance_is_read_element_by_element():
    remittance, reading = read_one(interchange())
    assert reading.findings == ()
    assert reading.set_aside == ()
    payment = remittance.payment
    assert (payment.amount_cents, payment.method_code) == (19_500, "ACH")
    assert (payment.trace_number, payment.effective_on) == ("EFT-5", date(2026, 3, 4))
    assert remittance.payer.name == "SAMPLE HEALTH PLAN"
    assert remittance.payer.contacts[1].numbers[1].number == "edi@plan.example"
    assert (remittance.payee.qualifier_code, remittance.payee.number) == ("XX", "1234567893")
    assert remittance.receiver_number == "CLINIC"
    assert [group.number for group in remittance.groups] == ["1"]
    assert [one.reason_code for one in remittance.provider_adjustments] == ["WO", "L6", "FB"]
    assert [one.amount_cents for one in remittance.provider_adjustments] == [2_000, -500, -9_500]


def test_a_claim_is_read_element_by_element():
    remittance, _ = read_one(interchange())
    claim = remittance.claims[0]
    assert (claim.claim_id, claim.claim_status_code) == ("C-1001", "1")
    assert (claim.billed_cents, claim.paid_cents) == (12_500, 10_000)
    assert claim.patient_responsibility_cents == 500
    assert claim.payer_claim_control_number == "PCN1"
    assert (claim.facility_code, claim.frequency_code) == ("11", "1")
    assert claim.patient.last_name == "DOE"
    assert claim.party("82").number == "1992999999"
    assert claim.dated("232") == date(2026, 2, 3)
    assert claim.reference("EA") == "MRN1"
    (line,) = claim.lines
    assert line.procedure == Procedure("HC", "99213", ("25",))
    assert (line.billed_cents, line.paid_cents, line.paid_units) == (12_500, 10_000, Decimal(1))
    assert line.line_item_control_number == "L1"
    assert line.allowed_cents == 10_500
    assert line.service_from == line.service_through == date(2026, 2, 3)
    assert line.remark_codes == ("N130",)
    assert claim.origin.loop == "2000[1]/2100[1]"


def test_a_cas_of_three_reasons_gives_three_adjustments():
    remittance, _ = read_one(interchange())
    (line,) = remittance.claims[1].lines
    assert line.adjustments == (
        Adjustment("CO", "45", 10_000),
        Adjustment("CO", "197", 15_000),
        Adjustment("CO", "16", 5_000),
    )


def test_a_reversal_and_its_correction_are_two_claims():
    remittance, _ = read_one(interchange())
    reversal, correction = remittance.claims[2:]
    assert reversal.is_reversal
    assert reversal.paid_cents == -6_000
    assert not correction.is_reversal
    assert reversal.claim_id == correction.claim_id == "C-1003"


def test_remarks_of_the_whole_claim_come_from_mia_and_moa():
    body = changed("REF*EA*MRN1", ["MOA***MA01*N1**MA07", "REF*EA*MRN1"])
    remittance, _ = read_one(interchange(body))
    assert remittance.claims[0].remark_codes == ("MA01", "N1", "MA07")
    body = changed("REF*EA*MRN1", ["MIA*0***100*MA01***************N2", "REF*EA*MRN1"])
    remittance, _ = read_one(interchange(body))
    assert remittance.claims[0].remark_codes == ("MA01", "N2")


def test_writing_gives_the_bytes_that_were_read():
    remittance, _ = read_one(interchange())
    written = x835.write([remittance], an_envelope())
    assert written == interchange()


def test_several_transactions_are_written_into_one_group():
    remittance, _ = read_one(interchange())
    data = x835.write([remittance, remittance], an_envelope())
    reading = x835.read(data)
    assert {one.rule_id for one in reading.findings} == {"st02-repeated"}
    data = x835.write([remittance_without_number(remittance)] * 3, an_envelope())
    reading = x835.read(data)
    assert reading.findings == ()
    assert [one.transaction_control_number for one in reading.remittances] == [
        "0001",
        "0002",
        "0003",
    ]


def remittance_without_number(remittance):
    from msgspec.structs import replace

    return replace(remittance, transaction_control_number="")


def test_seven_reasons_of_one_group_take_two_cas():
    seven = tuple(Adjustment("CO", str(code), code) for code in range(1, 8))
    claim = ClaimPayment(
        claim_id="C",
        claim_status_code="1",
        billed_cents=100,
        paid_cents=72,
        adjustments=seven,
        lines=(ServiceLine(procedure=Procedure("HC", "99213"), billed_cents=100, paid_cents=100),),
    )
    remittance, _ = read_one(interchange())
    from msgspec.structs import replace

    one = replace(remittance, groups=(ClaimGroup(number="1", claims=(claim,)),))
    data = x835.write([one], an_envelope())
    assert data.count(b"CAS*") == 2
    assert x835.read(data).remittances[0].claims[0].adjustments == seven


@pytest.mark.parametrize("mark", ["*", "~", ":", "^", "\n", "\x00"])
def test_a_delimiter_inside_data_is_refused_on_writing(mark):
    from msgspec.structs import replace

    remittance, _ = read_one(interchange())
    payer = replace(remittance.payer, name=f"SAMPLE{mark}PLAN")
    with pytest.raises(NotWritable, match="N102"):
        x835.write([replace(remittance, payer=payer)], an_envelope())


UNREADABLE = [
    (0, "CLP*C-1001*1*12A5*100*5*12*PCN1*11*1", "CLP"),
    (0, "CLP*C-1001*1*125.005*100*5*12*PCN1*11*1", "CLP"),
    (0, "CLP**1*125*100*5*12*PCN1*11*1", "CLP"),
    (0, "CLP*C-1001", "CLP"),
    ("SVC*HC:99213:25*125*100**1", "SVC*HC:99213:25*125*1e2**1", "SVC"),
    ("SVC*HC:99213:25*125*100**1", "SVC*HC*125*100**1", "SVC"),
    ("DTM*232*20260203", "DTM*232*20260230", "DTM"),
    ("CAS*CO*45*20", "CAS*CO*45*NaN", "CAS"),
    ("CAS*CO*45*20", "CAS*CO*45*20***5", "CAS"),
    ("AMT*AU*105", "AMT*AU", "AMT"),
    ("AMT*AU*105", "AMT*AU*1_05", "AMT"),
    ("REF*EA*MRN1", "REF*EA", "REF"),
]


@pytest.mark.parametrize(("old", "new", "segment_id"), UNREADABLE)
def test_a_claim_that_cannot_be_read_is_set_aside_and_the_rest_is_taken(old, new, segment_id):
    body = changed(BODY_835[13] if old == 0 else old, new)
    data = interchange(body)
    reading = x835.read(data)
    (aside,) = reading.set_aside
    assert aside.unit.content().startswith(new.encode() if old == 0 else b"CLP*C-1001")
    assert aside.findings[0].place.segment_id == segment_id
    (remittance,) = reading.remittances
    assert [claim.claim_id for claim in remittance.claims] == ["C-1002", "C-1003", "C-1003"]
    assert not remittance.is_complete
    taken = sum(len(claim.origin.unit.content()) for claim in remittance.claims)
    units = b"".join(unit.content() for unit in list(units_of(data)) if unit.name == "CLP")
    assert taken + len(aside.unit.content()) == len(units)


def units_of(data):
    from rcm.x12.reader import Reader

    return Reader(data).units()


def test_without_a_readable_payment_nothing_is_taken_and_nothing_is_lost():
    data = interchange(changed(BODY_835[0], BODY_835[0].replace("*195*", "*X*")))
    reading = x835.read(data)
    assert reading.remittances == ()
    names = [aside.unit.name for aside in reading.set_aside]
    assert names == ["ST", "LX", *["CLP"] * 4, "PLB", "PLB"]


def test_a_file_without_its_end_keeps_what_is_whole():
    data = interchange()
    cut = data[: data.index(b"SVC*HC:99212*80*75")]
    reading = x835.read(cut)
    (remittance,) = reading.remittances
    assert not remittance.is_complete
    assert [claim.claim_id for claim in remittance.claims] == ["C-1001", "C-1002", "C-1003"]
    (aside,) = reading.set_aside
    assert aside.claim_id == "C-1003"
    assert {"missing-se", "missing-ge", "missing-iea"} <= {f.rule_id for f in reading.findings}


def test_another_transaction_is_set_aside_and_told():
    gs = "GS*HC*PAYER*CLINIC*20260302*1200*7*X*005010X222A1"
    reading = x835.read(interchange(["BHT*0019*00*1*20260302*1200*CH"], gs=gs, st="ST*837*1"))
    assert reading.remittances == ()
    assert [f.rule_id for f in errors(reading.findings)] == ["wrong-transaction"]


def test_a_remittance_without_claims_is_read():
    body = [*BODY_835[:12], "PLB*1234567893*20261231*CV:CP*-195"]
    remittance, reading = read_one(interchange(body))
    assert reading.findings == ()
    assert remittance.claims == ()
    assert x835.check(remittance) == []


def test_claims_come_one_at_a_time_from_a_stream():
    stream = x835.Stream(interchange())
    kinds = [type(event).__name__ for event in stream]
    assert kinds == [
        "Header",
        "GroupStart",
        *["ClaimPayment"] * 4,
        *["ProviderAdjustment"] * 3,
        "Trailer",
    ]


@pytest.mark.parametrize("path", corpus_files("835"), ids=lambda path: path.name[-50:])
def test_what_is_read_of_the_corpus_is_written_and_read_again(path):
    reading = x835.read(path.read_bytes())
    if not reading.remittances:
        pytest.skip("nothing of it can be taken")
    again = x835.read(x835.write(reading.remittances, an_envelope()))
    from msgspec.structs import replace

    wanted = tuple(replace(one, is_complete=True) for one in reading.remittances)
    assert again.remittances == wanted
    assert again.set_aside == ()
