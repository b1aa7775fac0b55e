"""The patient's day over HTTP: whatever a coder does, the patient's other encounters are read."""

import pytest

from codes_cases import built_folder
from coding_cases import ft1, in1, message, pid, pv1
from coding_desk_cases import HL7, desk_settings, open_hospital


@pytest.fixture
async def hospital(tmp_path):
    coding = await desk_settings("", "", tmp_path)
    claims = await desk_settings("", "", tmp_path)
    async with open_hospital(coding, claims, "northside", codes_dir=built_folder()) as opened:
        yield opened


async def sends(hospital, *messages):
    for data in messages:
        headers = hospital.token("ehr", "integration") | HL7
        answer = await hospital.client.post("/v1/hl7", content=data, headers=headers)
        assert answer.status_code == 202, answer.text
        (encounter_id,) = answer.json()[0]["encounter_ids"]
    return encounter_id


def visit(account, code="99214", form="", number="TX1", dx="E11.9"):
    """One charge of one patient; with a revenue code it goes to the facility's claim."""
    revenue = {"f7": f"{form}^ROOM^UB"} if form else {}
    line = ft1(number, code=f"{code}^^C4", f19=f"{dx}^^I10", **revenue)
    where = (pid(account=account), pv1(visit=f"V{account}"))
    return (
        message("ADT^A04", *where, in1(), number=f"ADT{account}"),
        message("DFT^P03", *where, line, number=f"DFT{account}"),
    )


async def rules_of(hospital, encounter_id):
    found = await hospital.data(f"/v1/encounters/{encounter_id}")
    return found["status"], [reason["rule_id"] for reason in found["reasons"]]


async def test_new_codes_are_held_against_the_patients_other_encounters(hospital):
    await sends(hospital, *visit("A1"))
    second = await sends(hospital, *visit("A2", number="TX2"))
    assert await rules_of(hospital, second) == ("held", ["line-duplicate"])
    answer = await hospital.does(
        "cora", "coder", "PUT", f"/v1/encounters/{second}/codes", {"diagnoses": ["E11.9", "I10"]}
    )
    assert (answer["status"], [r["rule_id"] for r in answer["reasons"]]) == (
        "held",
        ["line-duplicate"],
    )


async def test_a_release_and_a_sequence_are_held_against_them_too(hospital):
    await sends(hospital, *visit("A1"))
    second = await sends(hospital, *visit("A2", number="TX2"))
    released = await hospital.asks("cora", "coder", "POST", f"/v1/encounters/{second}/releases", {})
    assert (released.status_code, "line-duplicate" in released.text) == (409, True)
    for way, codes in (("codes", ["I10", "E11.9"]), ("sequence", ["E11.9", "I10"])):
        path = f"/v1/encounters/{second}/{way}"
        await hospital.does("cora", "coder", "PUT", path, {"diagnoses": codes})
    assert await rules_of(hospital, second) == ("held", ["line-duplicate"])


async def test_a_charge_moved_to_the_other_claim_is_held_against_what_that_claim_has(hospital):
    await sends(hospital, *visit("A1"))
    second = await sends(hospital, *visit("A2", form="0510", number="TX2", dx=""))
    account = await hospital.data(f"/v1/encounters/{second}/account", "cora", "coder")
    (charge,) = account["charges"]
    await hospital.does(
        "cora", "coder", "PUT", f"/v1/encounters/{second}/split",
        {"lines": [{"charge_id": charge["charge_id"], "form": "I"}]},
    )  # fmt: skip
    assert "line-duplicate" not in (await rules_of(hospital, second))[1]
    await hospital.does(
        "cora", "coder", "PUT", f"/v1/encounters/{second}/codes", {"diagnoses": ["E11.9"]}
    )
    await hospital.does(
        "cora", "coder", "PUT", f"/v1/encounters/{second}/split",
        {"lines": [{"charge_id": charge["charge_id"], "form": "P"}]},
    )  # fmt: skip
    assert "line-duplicate" in (await rules_of(hospital, second))[1]


async def test_another_patients_services_of_that_day_are_nobodys_business(hospital):
    await sends(hospital, *visit("A1"))
    other = [data.replace(b"|R1^^^HOSP", b"|R9^^^HOSP") for data in visit("A2", number="TX2")]
    second = await sends(hospital, *other)
    assert await rules_of(hospital, second) == ("coded", [])


async def test_a_replay_is_held_against_the_patients_other_encounters(hospital):
    await sends(hospital, *visit("A1"))
    second = await sends(hospital, *visit("A2", number="TX2"))
    path = f"/v1/encounters/{second}/replays"
    answer = await hospital.asks("meg", "manager", "POST", path)
    assert answer.status_code in (200, 201), answer.text
    assert await rules_of(hospital, second) == ("held", ["line-duplicate"])


async def test_a_query_that_is_closed_leaves_the_encounter_held_against_them(hospital):
    await sends(hospital, *visit("A1"))
    second = await sends(hospital, *visit("A2", number="TX2"))
    draft = {"encounter_id": second, "title": "A question", "question": "Please clarify."}
    opened = await hospital.does("cora", "coder", "POST", "/v1/queries", draft)
    assert set((await rules_of(hospital, second))[1]) == {"line-duplicate", "query-open"}
    path = f"/v1/queries/{opened['query']['query_id']}/closures"
    await hospital.does("cora", "coder", "POST", path, {"cause": "withdrawn"})
    assert await rules_of(hospital, second) == ("held", ["line-duplicate"])
