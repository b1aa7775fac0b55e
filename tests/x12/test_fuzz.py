"""Whatever bytes come: no exception, no input over a second, and nothing lost silently."""

import random
import time

import pytest

from rcm.x12 import ta1, x277ca, x835, x999
from rcm.x12.reader import Reader
from x12_cases import BODY_835, an_envelope, changed, corpus_files, interchange

READERS = {"835": x835.read, "277CA": x277ca.read, "999": x999.read, "TA1": x999.read}
FILES = [(kind, path) for kind in READERS for path in corpus_files(kind)]
IDS = [f"{kind}-{path.name[-40:]}" for kind, path in FILES]
SECONDS_MAX = 1.0


def read(kind, data):
    """Read, answer and check everything; give what a reader gave."""
    began = time.process_time()
    reading = READERS[kind](data)
    for interchange_ in reading.reader.interchanges:
        ta1.acknowledge(interchange_, reading.findings)
        groups = x999.acknowledge(interchange_, reading.findings)
        assert x999.read(x999.write(groups, an_envelope())).set_aside == ()
    if kind == "835":
        for remittance in reading.remittances:
            x835.check(remittance)
    for finding in reading.findings:
        finding.render()
        finding.as_dict()
    assert time.process_time() - began < SECONDS_MAX
    return reading


def nothing_is_lost(data, reading):
    """What was taken and what was set aside are the claims of the file."""
    claims = sum(unit.name == "CLP" for unit in Reader(data).units())
    taken = sum(len(one.claims) for one in reading.remittances)
    aside = sum(one.unit.name == "CLP" for one in reading.set_aside)
    assert taken + aside == claims


@pytest.mark.parametrize(("kind", "path"), FILES, ids=IDS)
def test_a_file_cut_anywhere_is_refused(kind, path):
    data = path.read_bytes()
    whole = len(data.rstrip())
    rng = random.Random(len(data))
    ends = range(1, whole) if whole < 400 else sorted(rng.sample(range(1, whole), 60))
    for end in ends:
        cut = data[:end]
        reading = read(kind, cut)
        if end < whole - 1:
            assert any(finding.is_error for finding in reading.findings), end
        if kind == "835":
            nothing_is_lost(cut, reading)


@pytest.mark.parametrize(("kind", "path"), FILES, ids=IDS)
def test_a_flipped_bit_anywhere_is_survived(kind, path):
    data = path.read_bytes()
    rng = random.Random(len(data) + 1)
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        reading = read(kind, bytes(broken))
        if kind == "835":
            nothing_is_lost(bytes(broken), reading)


def test_our_own_file_cut_at_every_byte_is_refused():
    data = interchange()
    for end in range(len(data) - 1):
        reading = x835.read(data[:end])
        assert any(finding.is_error for finding in reading.findings), end
        nothing_is_lost(data[:end], reading)


@pytest.mark.parametrize("seed", range(20))
def test_scrambled_segments_are_survived(seed):
    rng = random.Random(seed)
    for _ in range(20):
        body = list(BODY_835)
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(body))
            choice = rng.randrange(5)
            if choice == 0:
                body[at] = "".join(rng.choices("*~:^\x00\n AZ09é", k=rng.randint(0, 30)))
            elif choice == 1:
                del body[at]
            elif choice == 2:
                body.insert(at, rng.choice(body))
            elif choice == 3:
                body[at] = body[at].replace("*", rng.choice("*:^|"), rng.randint(1, 3))
            else:
                body[at] = body[at][: rng.randrange(len(body[at]) + 1)]
            body = body or ["LX*1"]
        data = interchange(body)
        nothing_is_lost(data, read("835", data))


BAD_AMOUNTS = [
    "1E+999999", "1e3", "NaN", "Infinity", "1_000", "٣٤", "１２", "+5", "12 ", " 12", "1,000",
    "--5",     "9223372036854775808.00.0", "0.001", "1" * 19, "", "0x10", "5-", "∞",
]  # fmt: skip


@pytest.mark.parametrize("amount", BAD_AMOUNTS)
def test_what_is_no_amount_is_never_money(amount):
    data = interchange(changed(BODY_835[13], BODY_835[13].replace("*125*", f"*{amount}*")))
    reading = read("835", data)
    assert [one.claim_id for one in reading.set_aside] == ["C-1001"]
    assert all(claim.claim_id != "C-1001" for claim in reading.remittances[0].claims)


@pytest.mark.parametrize(
    ("amount", "cents"), [(".5", 50), ("5.", None), ("-0.00", 0), ("007", 700)]
)
def test_odd_amounts_are_read_or_refused_exactly(amount, cents):
    body = changed(BODY_835[19], f"AMT*AU*{amount}")
    (remittance,) = read("835", interchange(body)).remittances
    claim = next((one for one in remittance.claims if one.claim_id == "C-1001"), None)
    assert (claim.amounts[0].amount_cents if claim else None) == cents


BAD_DATES = ["99991332", "00000000", "20230229", "2024111", "20240230", "202401 1", "٢٠٢٤٠١٠١"]


@pytest.mark.parametrize("day", BAD_DATES)
def test_what_is_no_day_is_never_a_date(day):
    reading = read("835", interchange(changed(BODY_835[17], f"DTM*232*{day}")))
    assert [one.claim_id for one in reading.set_aside] == ["C-1001"]


def test_the_last_day_of_all_is_a_day():
    reading = read("835", interchange(changed(BODY_835[17], "DTM*232*99991231")))
    assert reading.set_aside == ()


@pytest.mark.parametrize(
    "body",
    [
        ["CAS*CO" + "*45*1*" * 30_000],
        ["SVC*HC:" + "A:" * 100_000],
        ["REF*EA*" + "^" * 100_000],
        ["NM1*QC*1*X"] * 30_000,
        ["CLP*C*1*1*1"] * 3_000,
        ["LX*1"] * 5_000,
        ["HL*1*1*20*1"] * 10_000,
        ["PLB*1*20261231*WO*1"] * 3_000,
    ],
    ids=lambda body: body[0][:8] + str(len(body)),
)
def test_too_much_of_anything_stays_quick(body):
    data = interchange([*BODY_835[:13], *body])
    began = time.process_time()
    reading = x835.read(data)
    assert time.process_time() - began < 3 * SECONDS_MAX
    nothing_is_lost(data, reading)


def test_many_small_interchanges_stay_quick():
    one = interchange(["BPR*I*0*C*NON"])
    began = time.process_time()
    reading = x835.read(one * 3_000)
    for interchange_ in reading.reader.interchanges[:10]:
        ta1.acknowledge(interchange_, reading.findings)
    assert len(reading.reader.interchanges) == 3_000
    assert time.process_time() - began < 3 * SECONDS_MAX


def test_many_broken_transactions_of_one_group_are_answered_quickly():
    one = interchange(["BPR*I*0*C*NON", "LX*1"])
    body = one[one.index(b"ST*") : one.index(b"GE*")]
    data = one.replace(body, body * 3_000)
    reading = x835.read(data)
    began = time.process_time()
    x999.acknowledge(reading.reader.interchanges[0], reading.findings)
    assert time.process_time() - began < 3 * SECONDS_MAX
