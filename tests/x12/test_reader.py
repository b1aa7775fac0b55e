import tracemalloc

import pytest

from rcm.x12 import x835
from rcm.x12.reader import Reader
from x12_cases import BODY_835, GS, ISA, interchange


def read(data):
    reader = Reader(data)
    return list(reader.units()), reader


def rules(reader):
    return [finding.rule_id for finding in reader.findings]


@pytest.mark.parametrize(("before", "rule"), [
    (b"CLP*C-1002", "segment-unexpected"), (b"ST*", "segment-outside-transaction"),
])  # fmt: skip
def test_a_ta1_inside_a_group_is_no_acknowledgment_and_is_told(before, rule):
    data = interchange().replace(before, b"TA1*000000042*260302*1200*A*000~" + before)
    reading = x835.read(data)
    assert rule in {one.rule_id for one in reading.findings}
    (read_,) = reading.reader.interchanges
    assert read_.acknowledgements == []
    units = [unit.content() for unit in Reader(data).units()]
    assert b"".join(units) in data
    assert any(b"TA1*" in one for one in units) is (rule == "segment-unexpected")


def test_every_segment_of_a_transaction_is_in_exactly_one_unit():
    units, reader = read(interchange())
    assert [unit.name for unit in units] == ["ST", "LX", *["CLP"] * 4, "PLB", "PLB", "SE"]
    texts = [text for unit in units for text in unit.texts]
    assert texts[1:-1] == list(BODY_835)
    assert reader.findings == []


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n  "])
def test_a_unit_gives_back_its_bytes_and_its_place(line_break):
    data = interchange(line_break=line_break)
    units, _ = read(data)
    for unit in units:
        content = unit.content()
        assert data[unit.offset : unit.offset + len(content)] == content
        for index, text in enumerate(unit.texts):
            place = unit.place(index)
            assert data[place.byte_offset :].startswith(text.encode())
    numbers = [unit.number + index for unit in units for index in range(len(unit.texts))]
    assert numbers == list(range(3, 3 + len(numbers)))


def test_bytes_that_are_not_utf8_are_given_back_as_they_were():
    data = interchange().replace(b"DOE*JANE", b"M\xdcLLER*JOS\x92\x81")
    units, _ = read(data)
    unit = next(unit for unit in units if unit.name == "CLP")
    assert unit.content() in data


def test_envelopes_are_kept_for_acknowledging():
    _, reader = read(interchange())
    (one,) = reader.interchanges
    (group,) = one.groups
    (transaction,) = group.transactions
    assert (one.control_number, one.sender) == ("000000042", ("ZZ", "PAYER"))
    assert (group.control_number, group.group_code) == ("7", "HP")
    assert (transaction.set_code, transaction.control_number) == ("835", "0001")
    assert transaction.version == "005010X221A1"
    assert transaction.segment_count == len(BODY_835) + 2


FAULTS = [
    (lambda d: d.replace(b"SE*49", b"SE*50"), "se01-count", "SE"),
    (lambda d: d.replace(b"*0001~GE", b"*0002~GE"), "se02-mismatch", "SE"),
    (lambda d: d.replace(b"GE*1*7", b"GE*2*7"), "ge01-count", "GE"),
    (lambda d: d.replace(b"GE*1*7", b"GE*1*8"), "ge02-mismatch", "GE"),
    (lambda d: d.replace(b"IEA*1", b"IEA*2"), "iea01-count", "IEA"),
    (lambda d: d.replace(b"IEA*1*000000042", b"IEA*1*000000043"), "iea02-mismatch", "IEA"),
    (lambda d: d.replace(b"SE*49*0001~", b""), "missing-se", "PLB"),
    (lambda d: d.replace(b"GE*1*7~", b""), "missing-ge", "GS"),
    (lambda d: d.replace(b"IEA*1*000000042~", b""), "missing-iea", "ISA"),
    (lambda d: d + d, "isa13-repeated", "ISA"),
    (lambda d: d.replace(b"ST*835", b"XX*1~ST*835"), "segment-outside-transaction", "XX"),
    (lambda d: d.replace(b"~GE*1*7", b"~ZZ*1~GE*1*7"), "segment-outside-transaction", "ZZ"),
    (lambda d: d.replace(b"GE*1*7~", b"GE*1*7~SE*1*1~"), "segment-outside-transaction", "SE"),
    (lambda d: d.replace(b"005010X221A1", b"004010X091A1"), "version-4010", "ST"),
    (lambda d: d.replace(b"005010X221A1", b"005010X999"), "version-unknown", "ST"),
    (lambda d: d.replace(b"GS*HP", b"GS*HC"), "gs01-mismatch", "ST"),
    (lambda d: d.replace(b"ST*835", b"ST*837"), "version-unknown", "ST"),
]


@pytest.mark.parametrize(("fault", "rule_id", "segment_id"), FAULTS)
def test_each_fault_of_an_envelope_is_found_where_it_is(fault, rule_id, segment_id):
    _, reader = read(fault(interchange()))
    (finding,) = [finding for finding in reader.findings if finding.rule_id == rule_id]
    assert finding.is_error
    assert finding.place.segment_id == segment_id


def test_two_transactions_with_one_number_are_found():
    one = interchange()
    body = one[one.index(b"ST*") : one.index(b"GE*")]
    _, reader = read(one.replace(b"GE*1*7", body + b"GE*2*7"))
    assert rules(reader) == ["st02-repeated"]


def test_a_transaction_without_se_still_ends_and_its_last_unit_is_marked():
    units, _ = read(interchange().replace(b"SE*49*0001~", b""))
    assert (units[-1].name, units[-1].texts, units[-1].is_cut_off) == ("SE", [], True)
    assert units[-2].is_cut_off
    assert not units[-3].is_cut_off


@pytest.mark.parametrize(
    ("code", "group", "version", "rule"),
    [
        ("824", "AG", "005010X186A1", "application-report-824"),
        ("824", "AG", "004010X161", "version-4010"),
        ("278", "HI", "005010X216", "review-not-read"),
        ("278", "HI", "005010X216E2", "review-not-read"),
        ("278", "HI", "005010X215", "review-not-read"),
        ("278", "HI", "005010X999", "version-unknown"),
    ],
)
def test_what_is_recognised_without_a_table_is_answered_with_what_to_do(code, group, version, rule):
    gs = f"GS*{group}*PAYER*CLINIC*20260302*1200*7*X*{version}"
    data = interchange(["BHT*0007*CN*1*20260302"], gs=gs, st=f"ST*{code}*0001*{version}")
    _, reader = read(data)
    (finding,) = reader.findings
    assert finding.rule_id == rule
    assert finding.is_error is rule.startswith("version")


def test_a_997_is_recognised_and_answered_with_what_to_do():
    gs = GS.replace("GS*HP", "GS*FA").replace("005010X221A1", "005010")
    data = interchange(["AK1*HC*1", "AK9*A*1*1*1"], gs=gs, st="ST*997*0001")
    _, reader = read(data)
    (finding,) = reader.findings
    assert finding.rule_id == "acknowledged-by-997"
    assert "999" in finding.rule.remedy


def test_a_ta1_is_kept_with_its_interchange():
    _, reader = read(f"{ISA}~TA1*000000007*260302*1200*A*000~IEA*0*000000042~".encode())
    assert reader.interchanges[0].acknowledgements[0].elements[1] == "000000007"
    assert reader.findings == []


def test_a_file_with_no_end_of_transactions_is_read_without_keeping_units():
    many = interchange() * 50
    reader = Reader(many)
    assert sum(unit.name == "CLP" for unit in reader.units()) == 200
    assert len(reader.interchanges) == 50


def test_reading_resumes_at_a_claim():
    data = interchange()
    units, _ = read(data)
    third = [unit for unit in units if unit.name == "CLP"][2]
    again = [unit for unit in Reader(data).units(since=third.offset) if unit.name == "CLP"]
    assert again[0].offset == third.offset
    assert len(again) == 2
    claims = [e for e in x835.Stream(data, since=third.offset) if isinstance(e, x835.ClaimPayment)]
    assert [claim.claim_id for claim in claims] == ["C-1003", "C-1003"]


def test_a_file_of_any_size_is_read_in_constant_memory():
    class Endless:
        """One interchange with ten thousand claims, made as it is read."""

        def __init__(self):
            whole = interchange()
            cut = whole.index(b"CLP*C-1001")
            claim = whole[cut : whole.index(b"CLP*C-1002")]
            self.parts = iter([whole[:cut], *[claim * 400] * 25, whole[whole.index(b"PLB*") :]])

        def read(self, _size):
            return next(self.parts, b"")

    tracemalloc.start()
    try:
        count = sum(unit.name == "CLP" for unit in Reader(Endless()).units())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert peak < 3 << 20
