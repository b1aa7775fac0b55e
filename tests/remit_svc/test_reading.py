"""What a file may hold: amounts, dates, damage; and what becomes of each advice in it."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit_cases import (
    CLAIM,
    cas,
    clp,
    denied_claim,
    file_of,
    paid_claim,
    read,
    svc,
    transaction,
)
from remit_svc.codec.claims import AMOUNT_CENTS_MAX

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "x12" / "835"
GOOD = file_of(transaction(paid_claim(), payment=8_000))


def fault_of(data: bytes):
    (advice,) = read(data).advices
    return advice.fault


def test_a_good_advice_has_no_fault():
    (advice,) = read(GOOD).advices
    assert advice.fault is None
    assert (advice.trace_number, advice.payment_cents, advice.effective_on) == (
        "EFT1",
        8_000,
        "2026-03-01",
    )
    (claim,) = advice.claims
    assert claim.received.claim_id == CLAIM
    assert claim.received.lines[0].line_item_control_number == "L1"
    assert claim.x12.startswith(f"CLP*{CLAIM}*1*125.00*80.00*25.00*")


@pytest.mark.parametrize(
    "amount",
    [
        "1E+999999", "1e3", "NaN", "Infinity", "1_000", "٨٠", "８０", "+80", "80.", "80.000",
        "80,00", " 80", "9223372036854775808", "1234567890123456789", "8O", "--80", "80-",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["BPR*I*", "CLP*PAAAAAAAAAAAAAA*1*125.00*", "CAS*CO*45*", "PLB"])
def test_an_amount_that_is_none_holds_the_advice(place, amount):
    plb = [("L6", "REF", -1_000)]
    text = file_of(transaction(paid_claim(), payment=9_000, plb=plb)).decode()
    assert fault_of(text.encode()) is None
    if place == "PLB":
        text = text.replace("L6:REF*-10.00", f"L6:REF*{amount}")
    else:
        head, tail = text.split(place, 1)
        end = min(tail.index("*"), tail.index("~"))
        text = f"{head}{place}{amount}{tail[end:]}"
    assert fault_of(text.encode()).cause == "unreadable"


@pytest.mark.parametrize(
    ("amount", "cents"), [(".5", 50), ("0.5", 50), ("000.50", 50), ("-0.00", 0), ("-1", -100)]
)
def test_an_amount_is_read_to_the_cent(amount, cents):
    claim = clp(CLAIM, "1", cents, cents)
    text = file_of(transaction(claim, payment=0, plb=[("L6", "R", cents)])).decode()
    shown = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    text = text.replace(f"*1*{shown}*{shown}*", f"*1*{amount}*{amount}*")
    (advice,) = read(text.encode()).advices
    assert advice.fault is None
    assert advice.claims[0].received.paid_cents == cents


@pytest.mark.parametrize("day", ["99999999", "00000000", "20230229", "2024111", "２０２６０３０１"])
def test_a_day_that_is_none_holds_the_advice(day):
    assert fault_of(GOOD.replace(b"DA*444*20260301", f"DA*444*{day}".encode())).cause == (
        "unreadable"
    )


def test_the_last_day_of_the_calendar_is_a_day():
    assert fault_of(GOOD.replace(b"DA*444*20260301", b"DA*444*99991231")) is None


def test_an_amount_beyond_reason_holds_the_advice():
    most = AMOUNT_CENTS_MAX
    for billed, cause in ((most, None), (most + 1, "unreadable")):
        claim = clp(CLAIM, "1", billed, 0, cas("CO", "45", billed))
        fault = fault_of(file_of(transaction(claim, payment=0, method="NON")))
        assert (fault.cause if fault else None) == cause


def test_amounts_that_are_beyond_reason_together_hold_the_advice():
    many = [
        clp(CLAIM, "1", AMOUNT_CENTS_MAX, 0, cas("CO", "45", AMOUNT_CENTS_MAX)) for _ in range(101)
    ]
    fault = fault_of(file_of(transaction(*many, payment=0, method="NON")))
    assert (fault.cause, fault.reasons[0].path) == ("unreadable", "BPR02")


def test_an_unknown_adjustment_group_holds_the_advice():
    assert fault_of(GOOD.replace(b"CAS*CO*45", b"CAS*XX*45")).reasons[0].path == "CAS01"


def test_a_payment_in_another_currency_is_not_posted_as_dollars():
    text = GOOD.replace(b"TRN*1*EFT1*1999999999~", b"TRN*1*EFT1*1999999999~\nCUR*PR*CAD~")
    text = text.replace(b"SE*", b"SE*").replace(b"SE*20*", b"SE*21*")
    fault = fault_of(text)
    assert fault.reasons[0].rule_id in {"currency-not-usd", "se01-count"}


def test_a_reversal_with_positive_amounts_is_not_posted_as_a_payment():
    line = svc("99213", 12_500, 8_000, cas("CO", "45", 4_500))
    fault = fault_of(file_of(transaction(clp(CLAIM, "22", 12_500, 8_000, line), payment=8_000)))
    assert fault.reasons[0].rule_id == "reversal-not-negative"


@pytest.mark.parametrize(
    ("claim", "payment", "plb", "level", "cents"),
    [
        (clp(CLAIM, "1", 100, 60, svc("1", 100, 60, cas("CO", "45", 39))), 60, [], "line", 1),
        (clp(CLAIM, "1", 100, 60, svc("1", 100, 60, cas("CO", "45", 41))), 60, [], "line", -1),
        (clp(CLAIM, "1", 100, 60, cas("CO", "45", 39)), 60, [], "claim", 1),
        (clp(CLAIM, "1", 100, 60, cas("CO", "45", 140)), 60, [], "claim", -100),
        (clp(CLAIM, "1", 100, 60, cas("CO", "45", 40)), 61, [], "transaction", -1),
        (clp(CLAIM, "1", 100, 60, cas("CO", "45", 40)), 50, [("WO", "R", 9)], "transaction", 1),
        (clp(CLAIM, "1", 100, 60, cas("CO", "45", 40)), 50, [("WO", "R", -10)], "transaction", 20),
    ],
)
def test_each_balance_is_checked_to_the_cent(claim, payment, plb, level, cents):
    fault = fault_of(file_of(transaction(claim, payment=payment, plb=plb)))
    assert (fault.cause, fault.level, fault.difference_cents) == ("out-of-balance", level, cents)


def test_adjustments_of_claim_and_line_both_count():
    line = svc("1", 100, 80, cas("CO", "45", 20))
    claim = clp(CLAIM, "1", 100, 70, cas("OA", "23", 10), line)
    assert fault_of(file_of(transaction(claim, payment=70))) is None


def test_a_shortfall_may_only_be_carried_forward():
    line = svc("1", -100, -60, cas("CO", "45", -40))
    claim = clp(CLAIM, "22", -100, -60, line)
    carried = transaction(claim, payment=0, method="NON", plb=[("FB", "EFT1", -60)])
    assert fault_of(file_of(carried)) is None
    assert fault_of(file_of(transaction(claim, payment=-60))).cause == "unreadable"


def test_what_is_no_balance_is_said_and_posted_all_the_same():
    line = svc("99213", 12_500, 10_000, cas("PR", "2", 2_500))
    claim = clp(CLAIM, "1", 12_500, 10_000, line, patient=2_400)
    (advice,) = read(file_of(transaction(claim, payment=10_000))).advices
    assert advice.fault is None
    assert "patient-responsibility-differs" in {reason.rule_id for reason in advice.warnings}


TEXTS = [
    b"SYNTHETIC HEALTH",
    b"*PCN1*",
    b"EFT1",
    b"HC:99213",
    b"REF*6R*L1",
    b"*1999999999~",
    b"L6:REF",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("character", [b"\x00", b"\x1b", b"\x1f", b"\x7f"])
def test_a_control_character_in_a_text_holds_the_advice(text, character):
    data = file_of(transaction(paid_claim(), payment=7_000, plb=[("L6", "REF", 1_000)]))
    assert fault_of(data) is None
    damaged = data.replace(text, text[:-1] + character + text[-1:])
    (advice,) = read(damaged).advices
    assert advice.fault.reasons[0].rule_id == "control-character"
    assert (advice.trace_number, advice.payer_name, advice.claims) == ("", "", ())


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_is_too_long_to_keep_holds_the_advice(text):
    data = file_of(transaction(paid_claim(), payment=7_000, plb=[("L6", "REF", 1_000)]))
    longer = data.replace(text, text[:-1] + b"X" * 5_000 + text[-1:])
    assert fault_of(longer).reasons[0].rule_id == "value-not-usable"


def test_control_characters_may_be_the_separators():
    text = GOOD.decode().replace("*", "\x1d").replace(":", "\x1f").replace("~\n", "\x1e")
    assert fault_of(text.encode()) is None


def test_a_contract_that_takes_the_whole_charge_is_said():
    line = svc("99213", 12_500, 0, cas("CO", "45", 12_500))
    (advice,) = read(file_of(transaction(clp(CLAIM, "1", 12_500, 0, line), payment=0))).advices
    doubt = next(r for r in advice.warnings if r.rule_id == "contractual-equals-charge")
    assert (advice.fault, doubt.path) == (None, "2100[1] 2110[1] CAS")
    line = svc("99213", 12_500, 1, cas("CO", "45", 12_499))
    (advice,) = read(file_of(transaction(clp(CLAIM, "1", 12_500, 1, line), payment=1))).advices
    assert "contractual-equals-charge" not in {reason.rule_id for reason in advice.warnings}


def test_no_value_of_the_file_stands_in_a_reason():
    text = GOOD.replace(b"NM1*QC*1*DOE*JANE****MI*M123", b"NM1*QC*1*DOE*JANE****MI*M123")
    for old, new in ((b"*80.00*25", b"*80.01*25"), (b"CAS*CO*45*20.00", b"CAS*CO*DOEJANE*20")):
        fault = fault_of(text.replace(old, new))
        told = " ".join(f"{r.rule_id} {r.path} {r.text} {r.remedy}" for r in fault.reasons)
        assert "DOE" not in told
        assert CLAIM not in told


@pytest.mark.parametrize("cut", [*range(0, len(GOOD) - 1, 7), len(GOOD) - 3])
def test_a_cut_file_posts_nothing_that_is_not_whole(cut):
    end = GOOD.index(b"SE*") + len(b"SE*19*0001~")
    read_ = read(GOOD[:cut])
    assert read_.advices
    for advice in read_.advices:
        assert advice.fault is not None or cut >= end
    assert read_.reasons or any(advice.fault for advice in read_.advices)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"SE*", b"SE*9", "se01-count"),
        (b"*0001~\nGE", b"*0002~\nGE", "se02-mismatch"),
        (b"ST*835*", b"ST*837*", "wrong-transaction"),
        (b"005010X221A1", b"004010X091A1", "wrong-transaction"),
        (b"TRN*1*EFT1*1999999999~", b"", "unreadable"),
    ],
)
def test_a_broken_envelope_holds_its_advice(old, new, rule):
    fault = fault_of(GOOD.replace(old, new))
    assert rule in {reason.rule_id for reason in fault.reasons}


@pytest.mark.parametrize(
    "old",
    [b"GE*1*1~\n", b"IEA*1*000000001~\n"],
)
def test_a_broken_outer_envelope_is_said_and_posts_what_is_whole(old):
    read_ = read(GOOD.replace(old, b""))
    assert [advice.fault for advice in read_.advices] == [None]
    assert read_.reasons


@pytest.mark.parametrize("data", [b"\x00" * 50, b"ISA", b"hello", "ÄÖÜ".encode(), b"ISA*" * 60])
def test_what_is_no_x12_becomes_one_item(data):
    (advice,) = read(data).advices
    assert advice.fault.cause == "unreadable"
    assert advice.fault.reasons


def test_every_advice_of_a_file_is_read_for_itself():
    data = file_of(
        transaction(paid_claim(), payment=8_000),
        transaction(paid_claim(), payment=7_999, trace="EFT2", control="0002"),
        transaction(denied_claim(), payment=0, method="NON", trace="EFT3", control="0003"),
        transaction(["CLP*X*1*abc*0"], payment=0, trace="EFT4", control="0004"),
        transaction(paid_claim(), payment=8_000, trace="EFT5", control="0005"),
    )
    causes = [a.fault.cause if a.fault else None for a in read(data).advices]
    assert causes == [None, "out-of-balance", None, "unreadable", None]


def test_a_zipped_file_is_read():
    assert fault_of(gzip.compress(GOOD)) is None


def test_the_same_content_under_other_separators_is_the_same_advice():
    text = GOOD.decode().replace("*", "|").replace(":", ">").replace("~\n", "'")
    text = text.replace("|0|P|>", "|0|P|>")
    (one,), (other,) = read(GOOD).advices, read(text.encode()).advices
    assert other.fault is None
    assert one.remittance_id == other.remittance_id


def test_another_cent_is_another_advice():
    (one,) = read(GOOD).advices
    (other,) = read(GOOD.replace(b"PR*2*25.00", b"PR*3*25.00")).advices
    assert one.remittance_id != other.remittance_id
    assert one.remittance_id != read(GOOD, "lakeview").advices[0].remittance_id


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_never_fails_and_is_never_lost(data):
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.sampled_from(list(b"*~:^A0-. \n\x00\xff")))
    read_ = read(bytes(damaged))
    assert read_.advices
    for advice in read_.advices:
        if advice.fault is None:
            paid = sum(claim.received.paid_cents for claim in advice.claims)
            taken = sum(one.amount_cents for one in advice.adjustments)
            assert paid - taken == advice.payment_cents


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public corpus is not beside the repository")
def test_every_public_835_is_either_whole_or_held():
    outcomes = {}
    for path in sorted(CORPUS.iterdir()):
        for advice in read(path.read_bytes()).advices:
            outcomes.setdefault(advice.fault.cause if advice.fault else "whole", []).append(path)
    assert len(outcomes["whole"]) >= 10
    assert set(outcomes) <= {"whole", "out-of-balance", "unreadable"}
