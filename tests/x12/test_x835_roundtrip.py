"""Whatever remittance there is: what is written is read again, and is the same."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from rcm.x12 import x835
from rcm.x12.x835 import (
    Account,
    Address,
    Adjustment,
    Amount,
    ClaimGroup,
    ClaimPayment,
    Contact,
    ContactNumber,
    DatedOn,
    Organization,
    Party,
    Payment,
    Procedure,
    ProviderAdjustment,
    Quantity,
    Reference,
    Remark,
    Remittance,
    ServiceLine,
)
from x12_cases import an_envelope

# Text as it may stand in data: no delimiter, no control character, no blank at either end.
letters = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="*~:^")


def text(most):
    return st.text(letters, min_size=1, max_size=most)


def codes(*values):
    return st.sampled_from(values)


cents = st.integers(-(10**12), 10**12)
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
numbers = st.decimals(
    min_value=Decimal(-9999), max_value=Decimal(9999), places=2, allow_nan=False
).map(lambda number: Decimal(f"{number:f}"))
some = st.one_of
adjustments = st.lists(
    st.builds(Adjustment, codes("CO", "PR", "OA", "PI"), codes("45", "97", "A1", "253"), cents,
              st.none() | numbers),
    max_size=9,
)  # fmt: skip
references = st.lists(st.builds(Reference, codes("EA", "1L", "CE"), text(20)), max_size=3)
line_references = st.lists(st.builds(Reference, codes("6R", "LU", "0K"), text(20)), max_size=3)
amounts = st.lists(st.builds(Amount, codes("AU", "F5", "I"), cents), max_size=3)
quantities = st.lists(st.builds(Quantity, codes("CA", "ZK"), numbers), max_size=2)
procedures = st.builds(
    Procedure, codes("HC", "N4", "NU"), text(8), st.lists(text(2), max_size=4).map(tuple)
)
lines = st.builds(
    ServiceLine,
    procedure=procedures,
    billed_cents=cents,
    paid_cents=cents,
    revenue_code=codes("", "0450"),
    paid_units=st.none() | numbers,
    submitted_procedure=st.none() | procedures,
    billed_units=st.none() | numbers,
    dates=st.lists(st.builds(DatedOn, codes("472", "150"), days), max_size=2).map(tuple),
    adjustments=adjustments.map(tuple),
    references=line_references.map(tuple),
    amounts=amounts.map(tuple),
    quantities=quantities.map(tuple),
    remarks=st.lists(st.builds(Remark, codes("HE", "RX"), text(6)), max_size=2).map(tuple),
)
parties = st.builds(
    Party, codes("QC", "IL", "82", "TT"), codes("1", "2"), text(20), text(12) | st.just(""),
    st.just(""), st.just(""), codes("MI", "XX"), text(12),
)  # fmt: skip
claims = st.builds(
    ClaimPayment,
    claim_id=text(20),
    claim_status_code=codes("1", "2", "4", "22"),
    billed_cents=cents,
    paid_cents=cents,
    patient_responsibility_cents=st.none() | cents,
    claim_filing_indicator_code=codes("12", "MC"),
    payer_claim_control_number=text(20),
    facility_code=codes("", "11"),
    frequency_code=codes("", "1", "7"),
    drg_weight=st.none() | numbers,
    adjustments=adjustments.map(tuple),
    parties=st.lists(parties, min_size=1, max_size=3).map(tuple),
    outpatient=codes((), ("", "", "MA01")),
    references=references.map(tuple),
    dates=st.lists(st.builds(DatedOn, codes("232", "050"), days), max_size=2).map(tuple),
    amounts=amounts.map(tuple),
    quantities=quantities.map(tuple),
    lines=st.lists(lines, max_size=3).map(tuple),
)


def with_places(claim):
    """Tell each line the index of its SVC, as reading does."""
    from msgspec.structs import replace

    at, placed = 0, []
    for segment_index, segment in enumerate(x835_claim_segments(claim)):
        if segment[0] == "SVC":
            placed.append(replace(claim.lines[at], at=segment_index))
            at += 1
    return replace(claim, lines=tuple(placed))


def x835_claim_segments(claim):
    from rcm.x12.x835_write import claim_segments

    return claim_segments(claim)


organizations = st.builds(
    Organization,
    text(30),
    codes("XX", "FI"),
    text(10),
    st.none()
    | st.builds(Address, text(20), st.just(""), text(10), st.just("NY"), st.just("12207")),
    st.lists(st.builds(Reference, codes("TJ", "2U"), text(9)), max_size=2).map(tuple),
    st.lists(
        st.builds(
            Contact, st.just("BL"), text(9),
            st.lists(st.builds(ContactNumber, codes("TE", "EM"), text(9)), min_size=1,
                     max_size=3).map(tuple),
        ),
        max_size=1,
    ).map(tuple),
)  # fmt: skip
payments = st.builds(
    Payment,
    handling_code=codes("I", "H"),
    amount_cents=st.integers(0, 10**12),
    method_code=codes("ACH", "CHK", "NON"),
    format_code=codes("", "CCP"),
    payer_account=st.builds(Account, st.just("01"), text(9), st.just("DA"), text(9)),
    effective_on=st.none() | days,
    trace_number=text(20),
    payer_number=text(10),
)
remittances = st.builds(
    Remittance,
    transaction_control_number=codes("0001", "123456789"),
    payment=payments,
    receiver_number=text(9) | st.just(""),
    production_on=st.none() | days,
    payer=organizations,
    payee=organizations,
    groups=st.lists(
        st.builds(
            ClaimGroup,
            number=codes("1", "7"),
            claims=st.lists(claims.map(with_places), max_size=3).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    provider_adjustments=st.lists(
        st.builds(
            ProviderAdjustment,
            provider_number=codes("1", "2"),
            fiscal_period_on=st.just(date(2026, 12, 31)),
            reason_code=codes("WO", "FB"),
            reference_number=text(9) | st.just(""),
            amount_cents=cents,
        ),
        max_size=9,
    ).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(remittances)
def test_what_is_written_is_read_again_and_is_the_same(remittance):
    data = x835.write([remittance], an_envelope())
    reading = x835.read(data)
    assert reading.set_aside == ()
    assert reading.remittances == (remittance,)
    # And what was read is written to the same bytes: one form for one meaning.
    assert x835.write(reading.remittances, an_envelope()) == data


@settings(max_examples=100, deadline=None)
@given(claims)
def test_no_claim_is_made_to_balance(claim):
    carried = sum(one.amount_cents for one in claim.adjustments)
    carried += sum(one.amount_cents for line in claim.lines for one in line.adjustments)
    found = [f.rule_id for f in x835.check_claim(claim)]
    balanced = claim.billed_cents - carried == claim.paid_cents
    assert ("claim-out-of-balance" not in found) == balanced
