"""Seeded faults of inquiries, answers and acknowledgments: each is found at its place."""

from io import BytesIO

import pytest

from rcm.x12.examine import Examination
from x12_837_cases import World, a_file, office_visit
from x12_cases import changed, interchange
from x12_seeded_faults import (
    ENVELOPE_FAULTS,
    FAMILIES,
    FAULTS,
    counted,
    seeded,
    whole,
    written,
)

ROWS = [
    *((family, row, True) for family, rows in FAULTS.items() for row in rows),
    *((family, row, False) for family in FAMILIES for row in ENVELOPE_FAULTS),
]


def findings_of(segments, **options):
    return list(Examination(BytesIO(written(segments)), **options).findings())


def broken(family, row, counts_again):
    _, at, becomes, _, _, _, *drops = row
    segments = seeded(family, at, becomes, *drops)
    return counted(segments) if counts_again else segments


@pytest.mark.parametrize("family", FAMILIES)
def test_the_valid_file_has_no_finding(family):
    assert findings_of(whole(family)) == []


@pytest.mark.parametrize("family", FAULTS)
def test_there_are_at_least_thirty_kinds(family):
    assert len(FAULTS[family]) + len(ENVELOPE_FAULTS) >= 30


@pytest.mark.parametrize(
    ("family", "row", "counts_again"),
    ROWS,
    ids=lambda one: one[0] if isinstance(one, tuple) else one,
)
def test_a_seeded_fault_is_found_at_its_place(family, row, counts_again):
    segments = broken(family, row, counts_again)
    _, _, _, rules, position, blamed, *_ = row
    found = findings_of(segments)
    places = [
        (one.rule_id, one.position, segments[one.place.segment_number - 1])
        for one in found
        if one.place.segment_number <= len(segments)
    ]
    start, _, turn = blamed.partition("|")
    wanted = [one for one in segments if one.startswith(start)] if start not in {"", "*"} else []
    told = wanted[int(turn or 1) - 1] if wanted else None
    assert any(
        (rules == "*" or rule in rules.split("|"))
        and position in {"*", at}
        and (told is None or segment == told)
        for rule, at, segment in places
    ), places


@pytest.mark.parametrize(
    ("family", "row", "counts_again"),
    ROWS[:40],
    ids=lambda one: one[0] if isinstance(one, tuple) else one,
)
def test_a_rule_can_be_left_out_by_its_name(family, row, counts_again):
    rule = row[3].split("|")[0]
    found = findings_of(broken(family, row, counts_again), relax=frozenset({rule}))
    assert rule not in {one.rule_id for one in found}


def test_the_date_of_a_ta1_repeats_what_was_wrong_in_the_isa():
    wrong = [*whole("999")]
    wrong.insert(1, "TA1*000000041*9913*99*R*014")
    assert findings_of(wrong)[0].element == 3
    wrong[1] = "TA1*000000041*9913*1200*R*014"
    assert findings_of(wrong) == []


@pytest.mark.parametrize(
    ("ta1", "rule", "element"),
    [
        ("TA1*00000004X*260302*1200*A*000", "ta1-element-invalid", 1),
        ("TA1*000000041*26030*1200*A*000", "ta1-element-invalid", 2),
        ("TA1*000000041*260302*12*A*000", "ta1-element-invalid", 3),
        ("TA1*000000041*260302*1200*Q*000", "ta1-element-invalid", 4),
        ("TA1*000000041*260302*1200*A*99", "ta1-element-invalid", 5),
        ("TA1*000000041*260302*1200*A*032", "ta1-element-invalid", 5),
        ("TA1*000000041*260302*1200*A*023", "acknowledgment-contradicts", 5),
        ("TA1*000000041*260302*1200*R*000", "acknowledgment-contradicts", 5),
    ],
)
def test_a_fault_of_a_ta1_is_found(ta1, rule, element):
    segments = [*whole("999")]
    segments.insert(1, ta1)
    (found,) = findings_of(segments)
    assert (found.rule_id, found.element, found.place.segment_number) == (rule, element, 2)


def test_each_of_several_ta1_is_told_where_it_stands():
    segments = [*whole("999")]
    segments[1:1] = ["TA1*000000041*260302*1200*Q*000", "TA1*000000042*260302*1200*Q*000"]
    assert [one.place.segment_number for one in findings_of(segments)] == [2, 3]


@pytest.mark.parametrize("line_break", [b"", b"\n", b"\r\n"])
def test_the_byte_that_is_told_is_where_the_segment_begins(line_break):
    segments = counted(whole("270"))
    segments.insert(-2, "ZZZ*1")
    segments.insert(1, "TA1*00000004X*260302*1200*A*000")
    for start, becomes in (("GS*", "GS*HS*P*C*2026X302*1200*9*X*005010X279A1"), ("SE*", "SE*9*1")):
        segments = [becomes if one.startswith(start) else one for one in segments]
    segments[0] = segments[0].replace("260302", "26X302")
    data = written(segments).replace(b"~", b"~" + line_break)
    found = list(Examination(BytesIO(data)).findings())
    told = {one.place.segment_id for one in found if one.place.segment_number}
    assert {"ISA", "TA1", "GS", "SE", "GE", "ZZZ"} <= told
    for one in found:
        start = one.place.segment_id.encode()
        assert data[one.place.byte_offset :].startswith(start), one


def alone(data):
    return [(one.rule_id, one.position) for one in Examination(BytesIO(data)).findings()]


def test_a_loop_whose_first_qualifier_is_wrong_is_still_that_loop():
    assert alone(written(seeded("277", "TRN*2*T-1", "TRN01=1"))) == [("code-not-in-guide", "TRN01")]


def test_a_segment_too_late_does_not_end_the_loop_that_it_stands_in():
    # A DTM of 2100 in 2110, whose own segments follow.
    late = ["DTM*472*20260203", "DTM*050*20260203"]
    body = changed("DTM*472*20260203", late)
    assert alone(interchange(body))[0] == ("segment-out-of-order", "DTM")
    assert len(alone(interchange(body))) == 1


def test_a_date_of_the_line_before_the_line_is_a_wrong_date_of_the_claim():
    data = a_file(office_visit(World(1)))
    data = data.replace(b"~HI*ABK", b"~DTP*472*D8*20260203~HI*ABK", 1)
    count = int(data.split(b"~SE*")[1].split(b"*")[0])
    data = data.replace(b"~SE*%d*" % count, b"~SE*%d*" % (count + 1))
    assert alone(data) == [("qualifier-unexpected", "DTP01")]


def test_claims_under_a_head_that_is_lost_are_still_balanced():
    body = changed("TRN*1*EFT-5*1999999999", None)
    body = [one.replace("*125*100*5*", "*125*101*5*") for one in body]
    found = dict(alone(interchange(body)))
    assert found["segment-missing"] == "TRN"
    assert found["claim-out-of-balance"] == "CLP04"


def test_a_service_may_stand_under_a_service():
    segments = whole("278")
    at = next(at for at, one in enumerate(segments) if one.startswith("SE*"))
    segments[at:at] = ["HL*6*5*SS*0", "HCR*A1*AUTH1", "SV1*HC:97112*100*UN*8"]
    assert findings_of(counted(segments)) == []
