"""What we write of 270, 271, 276 and 277, read by x12sdk: it agrees but for what is listed."""

import pytest

from rcm.x12 import x270, x276
from x12_eligibility_cases import (
    ANSWERED,
    ASKED,
    ENVELOPE,
    JANE,
    PAYER,
    SAM,
    STATUS,
    a_refusal,
    a_response,
    a_status_report,
    a_status_request,
    an_inquiry,
    replace,
)

io = pytest.importorskip("x12sdk.io")

CHILD = replace(SAM, role_code="QC", insured_code="", relationship_code="")
PLAIN = replace(a_response(), source=PAYER)
ACTIVE, DEDUCTIBLE, SHARE = a_response().benefits


def asked(*inquiries: x270.Inquiry) -> bytes:
    return x270.write_270(inquiries, ASKED, ENVELOPE)


def answered(*responses: x270.Response) -> bytes:
    return x270.write_271(responses, ANSWERED, ENVELOPE)


def models(data: bytes) -> list:
    with io.X12ModelReader(data.decode()) as reader:
        return list(reader.models())


AGREED = {
    "a subscriber": asked(an_inquiry()),
    "a dependent": asked(an_inquiry(dependent=SAM)),
    "two subscribers": asked(an_inquiry(), an_inquiry(subscriber=replace(JANE, number="M2"))),
    "active and deductible": answered(replace(PLAIN, benefits=(ACTIVE, DEDUCTIBLE))),
    "who gives care": answered(replace(PLAIN, benefits=(replace(SHARE, qualifications=()),))),
    "a claim asked about": x276.write_276([a_status_request()], STATUS, ENVELOPE),
    "a child's claim": x276.write_276([a_status_request(dependent=CHILD)], STATUS, ENVELOPE),
    "a claim paid": x276.write_277([a_status_report()], STATUS, ENVELOPE),
}
#: What x12sdk refuses: the document, a part of its complaint, who is right and why.
DISAGREEMENTS = {
    "a subscriber and a dependent below it": (
        asked(an_inquiry(), an_inquiry(dependent=SAM)),
        "NoneType",
        "ours",
        "A subscriber who is asked about may have dependents below; x12sdk crashes.",
    ),
    "the payer's telephone": (
        answered(replace(a_response(), benefits=(ACTIVE,))),
        "SE segment count",
        "ours",
        "2100A of a 271 has PER; x12sdk drops it and then counts one segment too few.",
    ),
    "a place of service": (
        answered(replace(PLAIN, benefits=(replace(SHARE, parties=()),))),
        "ls_segment",
        "ours",
        "LS and LE enclose 2120, not 2115: a III needs neither.",
    ),
    "an invalid member number": (
        answered(a_refusal()),
        "reject_reason_code",
        "ours",
        "AAA03 of 2100C has 72 and its like; x12sdk checks the provider's list there.",
    ),
    "a patient's claim and a child's": (
        x276.write_276([a_status_request(), a_status_request(dependent=CHILD)], STATUS, ENVELOPE),
        "NoneType",
        "ours",
        "A subscriber with a claim may have dependents with claims; x12sdk crashes.",
    ),
}


@pytest.mark.parametrize("name", AGREED)
def test_x12sdk_reads_what_we_write(name: str):
    assert len(models(AGREED[name])) == 1


@pytest.mark.parametrize("name", DISAGREEMENTS)
def test_a_disagreement_is_still_one(name: str):
    data, complaint, _, _ = DISAGREEMENTS[name]
    with pytest.raises((ValueError, TypeError, AttributeError), match=complaint):
        models(data)
    ours = x276.read(data) if b"005010X212" in data else x270.read(data)
    assert ours.findings == ()
