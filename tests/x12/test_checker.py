import random

import pytest

from rcm.x12 import checker as checker_module
from rcm.x12.checker import Checker
from rcm.x12.pattern import unit_pattern
from rcm.x12.reader import Reader
from x12_cases import BODY_835, changed, corpus_files, interchange, mutations

NEVER, ALWAYS = "never", "always"


def check(data, quick=NEVER, **options):
    """Check every transaction of a file that has a guide; the quick way tried always or never."""
    found, checkers = [], None
    before = checker_module.ready_pattern
    checker_module.ready_pattern = unit_pattern if quick == ALWAYS else lambda *_: None
    try:
        for unit in Reader(data).units():
            if unit.transaction.guide is None:
                continue
            if unit.name == "ST":
                checkers = Checker(unit.transaction, **options)
            found += checkers.feed(unit)
    finally:
        checker_module.ready_pattern = before
    return found


def told(findings):
    return [(f.rule_id, f.place.segment_number, f.position, f.place.loop) for f in findings]


@pytest.mark.parametrize("quick", [NEVER, ALWAYS])
def test_a_clean_835_has_no_finding(quick):
    assert told(check(interchange(), quick)) == []


CLP = "CLP*C-1001*1*125*100*5*12*PCN1*11*1"
QC = "NM1*QC*1*DOE*JANE*A***MI*M0001"
SVC = "SVC*HC:99213:25*125*100**1"
SHORT = BODY_835[:27]  # one claim
IN_CLAIM, IN_LINE = "2000[1]/2100[1]", "2000[1]/2100[1]/2110[1]"
#: What is changed, into what, the rule that must say so, the place: position, segment, loop.
FAULTS = [
    ("N3*1 PLAN STREET", None, "segment-missing", "N3", "N1*PE", "1000A[1]"),
    ("LX*1", None, "segment-missing", "LX", "CLP*C-1001", "2000[1]"),
    (QC, None, "segment-missing", "NM1", "LQ*HE*N130", IN_CLAIM),
    (BODY_835[10], None, "segment-missing", "N1", "REF*TJ", "1000B[1]"),
    (BODY_835[10:12], None, "loop-missing", "N1", "PER*BL", ""),
    (QC, ["MOA***MA01", QC], "segment-out-of-order", "NM1", QC, IN_CLAIM),
    ("REF*6R*L1", ["REF*6R*L1"] * 2, "segment-too-often", "REF", "REF*6R*L1", IN_LINE),
    ("REF*EA*MRN1", "REF*ZZ*MRN1", "qualifier-unexpected", "REF01", "REF*ZZ", IN_CLAIM),
    ("REF*EA*MRN1", "PWK*OZ*BM", "segment-unexpected", "PWK", "PWK*OZ", IN_CLAIM),
    ("REF*EA*MRN1", "QQQ*1", "segment-unknown", "QQQ", "QQQ*1", IN_CLAIM),
    (CLP, CLP.replace("*1*125", "*77*125"), "code-not-in-guide", "CLP02", "CLP", IN_CLAIM),
    (CLP, CLP.replace("*125*", "*12A5*"), "not-a-number", "CLP03", "CLP", IN_CLAIM),
    (CLP, CLP.replace("*125*", "*125.005*"), "amount-below-a-cent", "CLP03", "CLP", IN_CLAIM),
    (CLP, CLP.replace("*125*", "*.005*"), "amount-below-a-cent", "CLP03", "CLP", IN_CLAIM),
    (CLP, CLP.replace("*125*", "**"), "element-required", "CLP03", "CLP", IN_CLAIM),
    (CLP, CLP.replace("C-1001", "C" * 39), "element-too-long", "CLP01", "CLP", IN_CLAIM),
    (CLP, CLP + "******X", "elements-too-many", "CLP15", "CLP", IN_CLAIM),
    ("DTM*405*20260302", "DTM*405*20260229", "date-invalid", "DTM02", "DTM", ""),
    ("DTM*405*20260302", "DTM*405*2026032", "date-invalid", "DTM02", "DTM", ""),
    ("DTM*405*20260302", "DTM*405*٢٠٢٦٠٣٠٢", "date-invalid", "DTM02", "DTM", ""),
    ("N4*ALBANY*NY*12207", "N4*ALBANY*NY*12207**01", "element-not-used", "N405", "N4", None),
    ("N3*1 PLAN STREET", "N3*1 PLAN\x07STREET", "character-not-allowed", "N301", "N3", None),
    (SVC, SVC.replace(":25", ":25:::::::X"), "components-too-many", "SVC01-10", "SVC", IN_LINE),
    (SVC, SVC.replace(":99213:25", ""), "element-required", "SVC01-2", "SVC", IN_LINE),
    ("CAS*CO*45*20", "CAS*CO*45*20**197", "element-relation", "CAS06", "CAS", IN_LINE),
    (QC, QC.removesuffix("*M0001"), "element-relation", "NM109", "NM1", IN_CLAIM),
    (BODY_835[1], "TRN*1*EFT-5^X*1999999999", "element-repeated", "TRN02", "TRN", ""),
    (BODY_835[1], "TRN*1*EFT:5*1999999999", "components-too-many", "TRN02-2", "TRN", ""),
]


@pytest.mark.parametrize(("old", "new", "rule_id", "position", "text", "loop"), FAULTS)
@pytest.mark.parametrize("quick", [NEVER, ALWAYS])
def test_each_fault_is_found_where_it_is(old, new, rule_id, position, text, loop, quick):
    body = changed(old, new, SHORT)
    finding, *more = check(interchange(body), quick)
    assert {one.rule_id for one in more} <= {rule_id}
    assert (finding.rule_id, finding.position) == (rule_id, position)
    assert loop is None or finding.place.loop == loop
    segments = interchange(body).decode().split("~")
    assert segments[finding.place.segment_number - 1].startswith(text)
    assert bool(finding.claim_id) == ("2000" in finding.place.loop)


def test_a_rule_can_be_relaxed_by_name():
    data = interchange(changed("REF*EA*MRN1", "REF*ZZ*MRN1"))
    assert told(check(data, relax=frozenset({"qualifier-unexpected"}))) == []


def test_segments_of_one_place_come_in_any_order():
    swapped = changed("DTM*232*20260203", "DTM*233*20260203")
    swapped = changed("REF*EA*MRN1", ["DTM*232*20260203", "DTM*050*20260203"], swapped)
    swapped.remove("DTM*233*20260203")
    for quick in (NEVER, ALWAYS):
        assert told(check(interchange(swapped), quick)) == []


@pytest.mark.parametrize("seed", range(12))
def test_the_quick_way_says_nothing_that_the_precise_way_does_not(seed):
    for body in mutations(seed, 60):
        data = interchange(body)
        assert told(check(data, ALWAYS)) == told(check(data, NEVER)), body


@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.name[-60:])
def test_both_ways_agree_on_the_corpus(path):
    data = path.read_bytes()
    assert told(check(data, ALWAYS)) == told(check(data, NEVER))


def test_the_quick_way_is_taken_for_clean_claims():
    unit = next(unit for unit in Reader(interchange()).units() if unit.name == "CLP")
    ((loop, made),) = unit_pattern(unit.transaction.guide, "CLP", unit.transaction.delimiters)
    assert loop.loop_id == "2100"
    assert made.fullmatch("~".join(unit.texts) + "~")


def test_the_quick_way_is_linear():
    many = ["REF*EA*X"] * 20_000 + ["REF*LU*X"] * 20_000
    body = changed("REF*EA*MRN1", many)
    findings = check(interchange(body), ALWAYS)
    assert {f.rule_id for f in findings} == {"segment-too-often"}


def scrambled(data, seed):
    """Break a few elements of the content of a file, reproducibly."""
    rng = random.Random(seed)
    segments = [segment.split("*") for segment in data.decode().split("~")]
    for _ in range(4):
        one = segments[rng.randrange(3, len(segments) - 4)]
        at = rng.randrange(1, len(one) + 1)
        one[at : at + 1] = [rng.choice(["", "X", "1", "20260230", "A:B", " ", "^", "é", "1.234"])]
    return "~".join("*".join(segment) for segment in segments).encode()


@pytest.mark.parametrize("kind", ["837P", "837I", "837D", "277CA", "999"])
def test_both_ways_agree_on_broken_files_of_other_guides(kind):
    for path in corpus_files(kind):
        data = path.read_bytes()
        if data.count(b"~") < 10 or b"*" not in data or not data.isascii() or len(data) > 20_000:
            continue
        for seed in range(6):
            broken = scrambled(data, seed)
            assert told(check(broken, ALWAYS)) == told(check(broken, NEVER)), (path.name, seed)
