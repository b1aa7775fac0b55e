"""Reading 837s: the claim is the unit of failure, and nothing is lost."""

import pathlib

import pytest

from rcm.x12 import x837
from x12_837_cases import (
    ENVELOPE,
    SUBMISSION,
    World,
    a_file,
    changed,
    dependent,
    edited,
    institutional_claims,
    office_visit,
    professional_claims,
)

CORPUS = pathlib.Path(__file__).parents[2].parent / "shared" / "corpus" / "x12"


def taken_and_aside(data: bytes) -> tuple[list[str], list[str]]:
    reading = x837.read(data)
    return (
        [one.claim.claim_id for one in reading.claims],
        [one.claim_id for one in reading.set_aside],
    )


def three_visits() -> bytes:
    world = World(1)
    return a_file(*(office_visit(world, claim_id=f"C-{number}") for number in range(3)))


def test_one_bad_claim_is_set_aside_and_the_rest_is_read():
    data = edited(three_visits(), "CLM*C-1*", "CLM*C-1*x")
    assert taken_and_aside(data) == (["C-0", "C-2"], ["C-1"])


def test_what_is_set_aside_keeps_its_bytes_and_its_reason():
    data = edited(three_visits(), "CLM*C-1*", "CLM*C-1*x")
    (aside,) = x837.read(data).set_aside
    assert aside.unit.content().startswith(b"CLM*C-1*x")
    assert aside.unit.content() in data
    (reason,) = aside.findings
    assert reason.rule_id == "unreadable"
    assert reason.claim_id == "C-1"


def test_taken_and_set_aside_make_up_the_file():
    data = edited(three_visits(), "CLM*C-1*", "CLM*C-1*x")
    reading = x837.read(data)
    kept = [one.origin.unit.content() for one in reading.claims]
    kept += [one.unit.content() for one in reading.set_aside]
    assert sum(one.count(b"CLM*") for one in kept) == data.count(b"CLM*")
    assert all(one in data for one in kept)


def test_a_claim_cut_off_by_the_end_of_the_file_is_set_aside():
    data = three_visits()
    cut = data[: data.index(b"CLM*C-2") + 40]
    taken, aside = taken_and_aside(cut)
    assert taken == ["C-0", "C-1"]
    assert aside == ["C-2"]
    assert "missing-se" in {one.rule_id for one in x837.read(cut).findings}


def test_claims_below_a_level_that_cannot_be_read_are_set_aside():
    data = changed(a_file(dependent(World(1))), "DMG*", "DMG*D8*20261399*M")
    reading = x837.read(data)
    assert reading.claims == ()
    assert [one.unit.name for one in reading.set_aside] == ["HL", "CLM"]


def test_the_next_subscriber_is_read_after_a_bad_one():
    data = changed(three_visits(), "DMG*", "DMG*D8*20261399*M")
    assert taken_and_aside(data)[0] == ["C-1", "C-2"]


def test_a_fault_above_is_told_once_and_stands_against_each_claim_below():
    one = office_visit(World(1))
    two = x837.ProfessionalClaim(
        **{name: getattr(one, name) for name in one.__struct_fields__ if name != "claim_id"},
        claim_id="C-99",
    )
    data = edited(a_file(one, two), "*XX*1000000012", "*XX*1000000013")
    check = x837.FileCheck(data)
    claims = [event for event in check if isinstance(event, x837.CheckedClaim)]
    assert [one.rule_id for one in check.findings] == ["npi-invalid"]
    assert [one.is_acceptable for one in claims] == [False, False]
    assert all(one.findings == () for one in claims)


def test_a_transaction_of_another_kind_is_set_aside_whole():
    data = three_visits().replace(b"005010X222A1", b"005010X221A1")
    reading = x837.read(data)
    assert reading.claims == ()
    assert sum(len(one.unit.texts) for one in reading.set_aside) == data.count(b"~") - 4
    assert "not-837" in {one.rule_id for one in reading.findings}


def test_other_errata_of_the_guide_are_read():
    for version in (b"005010X222", b"005010X222A2", b"005010X291", b"005010X298"):
        data = three_visits().replace(b"005010X222A1", version)
        assert len(x837.read(data).claims) == 3


def test_an_old_version_is_answered_with_what_to_do():
    data = three_visits().replace(b"005010X222A1", b"004010X098A1")
    found = [one for one in x837.read(data).findings if one.rule_id == "version-4010"]
    assert len(found) == 1
    assert "005010" in found[0].rule.remedy


def test_a_claim_knows_where_it_stands():
    reading = x837.read(three_visits())
    assert [one.origin.loop for one in reading.claims] == [
        "2000A[1]/2000B[1]/2300[1]",
        "2000A[1]/2000B[2]/2300[1]",
        "2000A[1]/2000B[3]/2300[1]",
    ]
    first = reading.claims[0]
    assert [one.loop for one in first.levels] == ["2000A[1]", "2000A[1]/2000B[1]"]


def test_claims_share_what_they_have_in_common():
    reading = x837.read(three_visits())
    assert len({id(one.claim.billing_provider) for one in reading.claims}) == 1


def test_a_stream_gives_claims_before_it_has_read_the_file():
    data = x837.write_837p(SUBMISSION, professional_claims(20_000), ENVELOPE)
    stream = x837.Stream(data, check=False)
    next(event for event in stream if isinstance(event, x837.ReadClaim))
    assert stream.reader.bytes_read <= 1 << 20 < len(data)


def test_every_segment_of_a_written_file_is_in_the_typed_claims():
    """Nothing that the tables know is dropped by the typed model."""
    for claims in (professional_claims(14), institutional_claims(9)):
        data = a_file(*claims)
        again = a_file(*(one.claim for one in x837.read(data).claims))
        assert again == data


@pytest.mark.parametrize("folder", ["837P", "837I", "837D"])
def test_every_public_file_is_read_without_an_exception(folder: str):
    files = sorted((CORPUS / folder).glob("*")) if CORPUS.is_dir() else []
    if not files:
        pytest.skip("the public corpus is not beside this repository")
    for path in files:
        check = x837.FileCheck(path.read_bytes())
        for event in check:
            if isinstance(event, x837.CheckedClaim):
                assert event.claim.claim_id is not None
        assert all(one.rule.remedy for one in check.findings)


@pytest.mark.parametrize("step", [1, 7])
def test_a_file_cut_anywhere_raises_nothing_and_says_so(step: int):
    data = a_file(office_visit(World(1)), dependent(World(2)))
    for end in range(0, len(data) - 1, step * 5):
        check = x837.FileCheck(data[:end])
        for _ in check:
            pass
        assert any(one.is_error for one in check.findings) or end == 0 or check.findings


def test_a_claim_does_not_print_what_it_holds():
    (read,) = x837.read(a_file(dependent(World(1)))).claims
    for shown in (repr(read), repr(read.claim), repr(read.claim.patient), str(read.claim.lines)):
        assert "ROE" not in shown
        assert "DOE" not in shown
        assert read.claim.claim_id not in shown


def test_reading_resumes_at_the_offset_of_a_claim():
    data = a_file(*(office_visit(World(seed)) for seed in range(1, 7)))
    whole = [one for one in x837.FileCheck(data) if isinstance(one, x837.CheckedClaim)]
    since = whole[3].read.origin.unit.offset
    check = x837.FileCheck(data, since=since)
    rest = [one for one in check if isinstance(one, x837.CheckedClaim)]
    assert [one.claim for one in rest] == [one.claim for one in whole[3:]]
