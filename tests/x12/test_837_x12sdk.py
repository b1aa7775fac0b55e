"""What we write of 837P and 837I, read by x12sdk: it agrees but for what is listed.

A complaint that is not on the list fails the test, and so does a row that no longer occurs.
"""

import re

import pytest

from x12_837_cases import INSTITUTIONAL, PROFESSIONAL, World, a_file

io = pytest.importorskip("x12sdk.io")
parsing = pytest.importorskip("x12sdk.parsing")
pydantic = pytest.importorskip("pydantic")

#: Where x12sdk complains, who is right, and why.
DISAGREEMENTS = {
    "loop_2010ba.dmg_segment.gender_code": (
        "ours",
        "DMG03 is F, M or U in the guides; x12sdk refuses U, and with it the whole transaction.",
    ),
    "loop_2400.pwk_segment.report_transmission_code": (
        "ours",
        "PWK02 = AD is the certificate of medical necessity; published examples carry it.",
    ),
    "REF segment field 4": (
        "ours",
        "REF04 of a line names the other payer that an identifier belongs to (2U).",
    ),
    "loop_2300.nte_segment.note_reference_code": (
        "ours",
        "NTE*ADD is the billing note of an 837I, beside its claim notes.",
    ),
    "loop_2410.ref_segment": (
        "ours",
        "REF of 2410 is situational: not every drug has a prescription number.",
    ),
    "loop_2420a.nm1_segment.entity_identifier_code": (
        "ours",
        "2420A of an 837I is the operating physician, 72; the attending one, 71, is 2310A alone.",
    ),
    "loop_2320.mia_segment.covered_days_visit_count": (
        "open",
        (
            "Payers send 0 in MIA01 of an 835; x12sdk wants that of an 837I too. We repeat what"
            " the payer stated."
        ),
    ),
}


def complaints(data):
    """Give the places that x12sdk complains about."""
    try:
        with io.X12ModelReader(data.decode()) as reader:
            assert len(list(reader.models())) == 1
    except parsing.X12ParseException as error:
        return {str(error).removeprefix("Error parsing ")}
    except pydantic.ValidationError as error:
        places = (
            ".".join(str(step) for step in one["loc"] if isinstance(step, str))
            for one in error.errors()
        )
        return {re.sub(r"^.*?(loop_\w+\.\w+_segment)", r"\1", place) for place in places}
    return set()


def test_x12sdk_reads_our_claims_but_for_what_is_listed():
    found = set()
    for shape in (*PROFESSIONAL, *INSTITUTIONAL):
        for seed in range(4):
            found |= complaints(a_file(shape(World(seed))))
    assert found == set(DISAGREEMENTS)
