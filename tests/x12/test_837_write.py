"""Writing 837s: counted levels and lines, one written form, nothing that changes the file."""

import io

import msgspec
import pytest

from rcm.x12 import x837
from rcm.x12.lexer import Delimiters
from rcm.x12.writer import NotWritable, write
from x12_837_cases import (
    DENTAL,
    ENVELOPE,
    INSTITUTIONAL,
    PROFESSIONAL,
    SUBMISSION,
    WRITERS,
    World,
    a_file,
    a_patient,
    dental_claims,
    dependent,
    institutional_claims,
    office_visit,
    professional_claims,
)

replace = msgspec.structs.replace


def rows(data: bytes, name: str) -> list[str]:
    segments = data.decode().split("~")
    return [one for one in segments if one.startswith(name + "*")]


def claims_of(data: bytes) -> list[x837.Claim]:
    return [one.claim for one in x837.read(data).claims]


@pytest.mark.parametrize(
    "shape", [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL], ids=lambda one: one.__name__
)
def test_what_is_written_is_read_again(shape):
    for seed in range(5):
        claim = shape(World(seed))
        data = a_file(claim)
        assert claims_of(data) == [claim]
        assert a_file(*claims_of(data)) == data


@pytest.mark.parametrize(
    ("letter", "make"),
    [("P", professional_claims), ("I", institutional_claims), ("D", dental_claims)],
)
def test_files_of_many_claims_survive_reading_and_writing(letter, make):
    claims = make(60)
    data = WRITERS[letter](SUBMISSION, claims, ENVELOPE)
    reading = x837.read(data)
    assert reading.findings == ()
    assert [one.claim for one in reading.claims] == claims
    assert WRITERS[letter](SUBMISSION, [one.claim for one in reading.claims], ENVELOPE) == data
    assert reading.claims[0].submission == SUBMISSION


def test_a_claim_survives_json():
    for claim in (*professional_claims(14), *institutional_claims(9), *dental_claims(3)):
        assert msgspec.json.decode(msgspec.json.encode(claim), type=type(claim)) == claim


def test_claims_of_one_subscriber_share_their_levels():
    one = office_visit(World(1))
    two = replace(one, claim_id="C-99")
    data = a_file(one, two)
    assert rows(data, "HL") == ["HL*1**20*1", "HL*2*1*22*0"]
    assert len(rows(data, "CLM")) == 2


def test_equal_values_group_as_well_as_the_same_ones():
    one = office_visit(World(1))
    copy = msgspec.json.decode(msgspec.json.encode(one), type=x837.ProfessionalClaim)
    assert copy.billing_provider is not one.billing_provider
    assert len(rows(a_file(one, replace(copy, claim_id="C-99")), "HL")) == 2


def test_a_subscriber_promises_the_patients_that_follow():
    world = World(1)
    first = dependent(world)
    second = replace(first, patient=a_patient(world), claim_id="C-99")
    alone = office_visit(world)
    assert rows(a_file(first, second, alone), "HL") == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "HL*3*2*23*0",
        "HL*4*2*23*0",
        "HL*5*1*22*0",
    ]


def test_a_subscribers_own_claim_after_a_patients_opens_a_level():
    world = World(1)
    mine = office_visit(world)
    childs = replace(mine, patient=a_patient(world), claim_id="C-98")
    later = replace(mine, claim_id="C-99")
    assert rows(a_file(mine, childs, later), "HL") == [
        "HL*1**20*1",
        "HL*2*1*22*1",
        "HL*3*2*23*0",
        "HL*4*1*22*0",
    ]


def test_another_billing_provider_opens_new_levels():
    one, two = office_visit(World(1)), office_visit(World(2))
    hierarchy = [row.split("*")[1:4] for row in rows(a_file(one, two), "HL")]
    assert hierarchy == [["1", "", "20"], ["2", "1", "22"], ["3", "", "20"], ["4", "3", "22"]]


def test_grouping_brings_claims_of_a_provider_and_subscriber_together():
    first, second = World(1), World(2)
    a, b, c = office_visit(first), office_visit(second), office_visit(first)
    again = replace(a, claim_id="C-99")
    assert x837.grouped([a, b, c, again]) == [a, again, c, b]


def test_lines_are_numbered_from_one_in_each_claim():
    world = World(3)
    data = a_file(*(office_visit(world) for _ in range(4)))
    count = 0
    for row in data.decode().split("~"):
        if row.startswith("CLM*"):
            count = 0
        elif row.startswith("LX*"):
            count += 1
            assert row == f"LX*{count}"


def test_se_counts_every_segment_from_st():
    data = WRITERS["P"](SUBMISSION, professional_claims(500), ENVELOPE)
    segments = data.decode().rstrip("~").split("~")
    start = next(at for at, one in enumerate(segments) if one.startswith("ST*"))
    (end,) = [at for at, one in enumerate(segments) if one.startswith("SE*")]
    assert segments[end] == f"SE*{end - start + 1}*0001"


@pytest.mark.parametrize("character", ["*", "~", ":", "^", "\n", "\x1d", "\x00"])
def test_a_separator_inside_a_value_is_refused(character: str):
    claim = office_visit(World(1))
    for broken in (
        replace(claim, claim_id=f"A{character}B"),
        replace(claim, subscriber=replace(claim.subscriber, name=f"O{character}NEIL")),
        replace(claim, notes=(x837.Note(code="ADD", text=f"1{character}2"),)),
        replace(claim, diagnoses=(x837.Diagnosis(code=f"E1{character}"),)),
    ):
        with pytest.raises(NotWritable) as refusal:
            a_file(broken)
        assert "NEIL" not in str(refusal.value)


def test_the_refusal_names_the_element():
    claim = office_visit(World(1))
    with pytest.raises(NotWritable, match="NM103"):
        a_file(replace(claim, subscriber=replace(claim.subscriber, name="O~NEIL")))


def test_other_separators_take_what_the_usual_ones_refuse():
    claim = office_visit(World(1), notes=(x837.Note(code="ADD", text="RATIO 1:2 * ~"),))
    envelope = replace(ENVELOPE, delimiters=Delimiters("|", "\r", ">", "!"))
    data = x837.write_837p(SUBMISSION, [claim], envelope)
    assert claims_of(data) == [claim]


def test_line_breaks_are_read_over():
    claim = office_visit(World(1))
    data = x837.write_837p(SUBMISSION, [claim], replace(ENVELOPE, line_break="\n"))
    assert data.count(b"~\n") == data.count(b"~")
    assert claims_of(data) == [claim]


def test_names_keep_their_accents():
    claim = office_visit(World(1))
    claim = replace(claim, subscriber=replace(claim.subscriber, name="NÚÑEZ"))
    assert claims_of(a_file(claim)) == [claim]


def test_several_transactions_share_an_interchange():
    drafts = [
        x837.draft_837p(SUBMISSION, professional_claims(3)),
        x837.draft_837i(SUBMISSION, institutional_claims(3)),
        x837.draft_837d(SUBMISSION, dental_claims(3)),
    ]
    reading = x837.read(write(drafts, ENVELOPE))
    assert reading.findings == ()
    assert len(reading.claims) == 9


def test_an_empty_batch_is_a_file_without_claims():
    data = x837.write_837p(SUBMISSION, [], ENVELOPE)
    assert claims_of(data) == []


def test_a_file_object_reads_as_its_bytes_do():
    data = a_file(*professional_claims(30))
    assert x837.read(io.BytesIO(data)).claims == x837.read(data).claims
