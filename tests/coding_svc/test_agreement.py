"""How far two coders agree: every decision counted once, kappa by the textbook, money or none."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_svc.rules.agreement import (
    Decision,
    accuracy,
    agreements,
    decisions,
    differences,
    financial_delta,
    kappa,
    milli,
)
from coding_svc.rules.sampling import CASES_MAX, drawn, size_of
from rcm.events.coding_audit import AuditedCodes, AuditedLine


def line(number="L1", code="99214", modifiers=(), cents=10_000):
    return AuditedLine(
        line_item_control_number=number,
        procedure_code=code,
        modifiers=list(modifiers),
        billed_cents=cents,
    )


def coded(*diagnoses, **more):
    return AuditedCodes(diagnoses=list(diagnoses), **more)


def counted(first, second):
    found = agreements(decisions(first, second))
    return {one.category: (one.agreed_count, one.compared_count) for one in found}


def test_the_same_codes_agree_in_everything_and_differ_in_nothing():
    codes = coded("E119", "I10", poa_codes=["Y", "N"], lines=[line(modifiers=["25"])])
    assert counted(codes, codes) == {
        "principal": (1, 1), "secondary": (1, 1), "poa": (2, 2), "procedure": (1, 1),
        "modifier": (1, 1),
    }  # fmt: skip
    assert differences(decisions(codes, codes)) == []


def test_a_missed_code_counts_like_a_wrong_one():
    assert counted(coded("E119", "I10"), coded("E119", "I10", "Z794"))["secondary"] == (1, 2)
    assert counted(coded("E119", "I10"), coded("E119", "I110"))["secondary"] == (0, 2)


def test_secondary_diagnoses_are_a_set_and_the_principal_one_is_a_place():
    assert counted(coded("E119", "I10", "Z794"), coded("E119", "Z794", "I10")) == {
        "principal": (1, 1), "secondary": (2, 2)
    }  # fmt: skip
    swapped = differences(decisions(coded("E119", "I10"), coded("I10", "E119")))
    assert [(d.category, d.first, d.second) for d in swapped] == [
        ("principal", "E119", "I10"),
        ("secondary", "I10", ""),
        ("secondary", "", "E119"),
    ]


def test_present_on_admission_is_compared_where_both_have_the_diagnosis():
    first = coded("E119", "I10", poa_codes=["Y", "Y"])
    second = coded("E119", "J189", poa_codes=["N", "Y"])
    assert counted(first, second)["poa"] == (0, 1)


def test_the_order_of_modifiers_counts_because_the_first_one_prices():
    first, second = (
        coded(lines=[line(modifiers=["25", "LT"])]),
        coded(lines=[line(modifiers=["LT", "25"])]),
    )
    assert counted(first, second)["modifier"] == (0, 1)


def test_a_line_that_only_one_of_the_two_has_is_a_difference():
    assert counted(coded(lines=[line()]), coded())["procedure"] == (0, 1)
    assert counted(coded(), coded(lines=[line()]))["procedure"] == (0, 1)


def test_a_facility_line_without_a_code_is_billed_or_struck():
    room = line(code="", cents=5_000)
    assert "charge" not in counted(coded(lines=[room]), coded(lines=[room]))
    assert counted(coded(lines=[room]), coded())["charge"] == (0, 1)


def test_drgs_are_compared_where_both_were_grouped():
    first, second = coded("I214", drg_code="280"), coded("I2101", drg_code="281")
    assert counted(first, second)["drg"] == (0, 1)
    assert "drg" not in counted(first, coded("I214"))


def test_kappa_is_that_of_the_textbook():
    # Cohen 1960's arithmetic: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: po 0.7, pe 0.5.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == Fraction(2, 5)


def test_kappa_of_nothing_and_of_one_label_throughout_is_not_a_number():
    assert kappa([]) is None
    assert kappa([("E119", "E119")] * 9) is None
    assert kappa([("a", "a"), ("b", "b")]) == 1
    assert kappa([("a", "b"), ("b", "a")]) == -1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30))
def test_kappa_never_says_more_than_full_agreement_and_is_symmetric(pairs):
    value = kappa(pairs)
    assert value is None or -1 <= value <= 1
    assert value == kappa([(second, first) for first, second in pairs])


@given(st.lists(st.sampled_from(["E119", "I10", "J189", "Z794"]), unique=True, min_size=1))
def test_whoever_is_first_the_same_decisions_differ(diagnoses):
    one, other = coded(*diagnoses), coded("E119", "I10")
    assert len(differences(decisions(one, other))) == len(differences(decisions(other, one)))


def test_a_struck_line_takes_its_charge_with_it():
    first = coded(lines=[line("L1", cents=10_000), line("L2", "36415", cents=1_500)])
    delta = financial_delta(first, coded(lines=[line("L1")]), 0)
    assert (delta.charge_cents, delta.drg_cents, delta.unpriced) == (-1_500, None, "")


@pytest.mark.parametrize(
    "second", [coded(lines=[line(code="99213")]), coded(lines=[line(), line("L9", "36415")])]
)
def test_a_changed_or_added_code_has_no_price_and_none_is_made_up(second):
    delta = financial_delta(coded(lines=[line()]), second, 0)
    assert delta.charge_cents is None
    assert "nothing prices it" in delta.unpriced


def test_a_drg_is_worth_its_weight_times_the_base_rate():
    first = coded("I214", drg_code="280", drg_weight_e4=16_436)
    second = coded("I2101", drg_code="281", drg_weight_e4=9_501)
    delta = financial_delta(first, second, 700_000)
    assert delta.drg_cents == -485_450  # (0.9501 - 1.6436) x $7,000.00
    assert financial_delta(first, first, 0).drg_cents == 0


def test_without_weight_or_base_rate_no_amount_is_given_and_it_is_said():
    first = coded("I214", drg_code="280", drg_weight_e4=16_436)
    assert financial_delta(first, coded("I2101", drg_code="281"), 700_000) == (
        0, None, 0, "no weight of both DRGs is loaded"
    )  # fmt: skip
    priced = coded("I2101", drg_code="281", drg_weight_e4=9_501)
    assert financial_delta(first, priced, 0).unpriced == "no base rate is set"


@pytest.mark.parametrize(
    ("share", "written"),
    [(None, None), (Fraction(19, 20), 950), (Fraction(2, 3), 667), (Fraction(-1, 2_000), -1)],
)
def test_shares_are_written_in_thousandths(share, written):
    assert milli(share) == written


def test_accuracy_of_nothing_is_nothing():
    assert accuracy(0, 0) is None
    assert accuracy(19, 20) == Fraction(19, 20)


def test_agreements_name_only_what_was_compared():
    found = agreements([Decision("pcs", "procedures[X]", "X", "")])
    assert [(one.category, one.agreed_count) for one in found] == [("pcs", 0)]


# -- samples ---------------------------------------------------------------------------------------


def named(*numbers):
    return [(f"enc_{n}/1", n) for n in numbers]


def test_the_same_seed_draws_the_same_releases_in_whatever_order_they_come():
    assert drawn(named(*range(50)), "2026-q4", 10) == drawn(
        named(*reversed(range(50))), "2026-q4", 10
    )
    assert drawn(named(*range(50)), "2026-q4", 10) != drawn(named(*range(50)), "2027-q1", 10)


def test_a_larger_sample_keeps_what_the_smaller_one_drew():
    assert drawn(named(*range(50)), "s", 20)[:10] == drawn(named(*range(50)), "s", 10)


def test_every_release_is_as_likely_as_any_other():
    hits = [0] * 20
    for seed in range(2_000):
        for number in drawn(named(*range(20)), str(seed), 5):
            hits[number] += 1
    # Expected 500 each; six standard deviations of the binomial are about 116.
    assert all(384 <= count <= 616 for count in hits), hits


@pytest.mark.parametrize(
    ("population", "size", "wanted"),
    [
        (40, {"size_count": 10}, 10),
        (4, {"size_count": 10}, 4),
        (41, {"rate_milli": 50}, 3),
        (0, {"rate_milli": 50}, 0),
        (10_000, {"rate_milli": 1_000}, CASES_MAX),
    ],
)
def test_a_sample_is_a_number_or_a_rate_rounded_up(population, size, wanted):
    assert size_of(population, **size) == wanted
