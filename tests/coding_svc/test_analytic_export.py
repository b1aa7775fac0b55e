"""The de-identified export: what goes out, what never may, and who is told of it."""

import datetime as dt
import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_cases import ft1, in1, message, pid, pv1
from coding_desk_cases import HL7, desk_settings, open_hospital
from coding_svc.model.account import Account, Coverage, Stay
from coding_svc.model.analytic import AnalyticEncounter
from coding_svc.model.desk import ReleaseContent
from coding_svc.model.person import Address, Name, Patient, Person
from coding_svc.rules.deidentify import (
    LOW_POPULATION_ZIP3,
    Released,
    age_at,
    deidentify,
    pseudonym,
    zip3,
)
from rcm.events.clinical import ChargeLine, Diagnosis, Provider, Reason

PATH = "/v1/analytic-encounters"
EXPORT = {"export_id": "export-2026-a"}
CANARY = {
    "record": "CANARYMRN77",
    "account": "CANARYACC88",
    "f5": "CANARYLAST^CANARYFIRST^Q",
    "f7": "19310615",
    "f11": "77 CANARY ROAD^^CANARYVILLE^OH^43077",
    "f13": "^PRN^PH^^1^614^5557777",
}
TOLD = (
    "CANARY", "1931", "43077", "5557777", "614", "W777666555", "GRP777", "ALPHADOC", "1999999901",
    "HOSP", "2026-02-27", "20260227", "60054", "AETNA", "enc_", "pt_", "pat_", "TX1", "ann",
)  # fmt: skip
"""What the record holds and the export must not: each of it somewhere in the messages below."""


@pytest.fixture
async def hospital(tmp_path):
    coding = await desk_settings("", "", tmp_path)
    claims = await desk_settings("", "", tmp_path)
    async with open_hospital(coding, claims, "northside") as opened:
        yield opened


async def sent(hospital, *messages):
    for data in messages:
        headers = hospital.token("ehr", "integration") | HL7
        answer = await hospital.client.post("/v1/hl7", content=data, headers=headers)
        assert answer.status_code == 202, answer.text


async def a_canary(hospital):
    who = pid(**CANARY)
    covered = in1(member="W777666555", f8="GRP777", f16="CANARYLAST^CANARYFIRST")
    await sent(
        hospital,
        message("ADT^A04", who, pv1(visit="CANARYVISIT"), covered, number="C1"),
        message("DFT^P03", who, pv1(visit="CANARYVISIT"), ft1(), number="C2"),
    )
    await hospital.settles()


async def exported(hospital, *roles, **more):
    answer = await hospital.get(PATH, "ana", *(roles or ("analyst",)), params={**EXPORT, **more})
    assert answer.status_code == 200, answer.text
    return answer


async def test_nothing_of_a_canary_patient_is_in_the_export(hospital):
    await a_canary(hospital)
    answer = await exported(hospital)
    (record,) = answer.json()["data"]
    assert [(d["code"], d["role"]) for d in record["diagnoses"]] == [
        ("E119", "principal"),
        ("I10", "other"),
    ]
    assert [(line["code"], line["billed_cents"]) for line in record["lines"]] == [("99214", 28500)]
    shown = (record["year"], record["age"], record["sex"], record["zip3"], record["payer_class"])
    assert shown == (2026, "90+", "F", "430", "commercial")
    text = answer.text
    assert [word for word in TOLD if word.lower() in text.lower()] == []
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == []


async def test_pseudonyms_hold_within_an_export_and_differ_in_the_next(hospital):
    await a_canary(hospital)
    who = pid(**{**CANARY, "account": "CANARYACC89"})
    await sent(
        hospital,
        message("ADT^A04", who, pv1(visit="V9"), in1(), number="C3"),
        message("DFT^P03", who, pv1(visit="V9"), ft1("TX9"), number="C4"),
    )
    await hospital.settles()
    first, again = [(await exported(hospital)).json()["data"] for _ in range(2)]
    assert first == again
    assert len({r["encounter"] for r in first}) == 2
    assert len({r["patient"] for r in first}) == 1
    other = (await exported(hospital, export_id="export-2026-b")).json()["data"]
    assert {r["patient"] for r in first}.isdisjoint(r["patient"] for r in other)


async def test_pages_bring_every_version_once(hospital):
    for n in range(5):
        await hospital.arrives(f"P{n}", coded=True)
    await hospital.settles()
    seen, cursor = [], {}
    while True:
        page = (await exported(hospital, limit=2, **cursor)).json()
        seen += [(r["encounter"], r["coded_version"]) for r in page["data"]]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == len(set(seen)) == 5
    assert (await exported(hospital, year=1999)).json()["data"] == []


async def test_an_export_is_recorded_with_the_patients_it_read(hospital):
    await a_canary(hospital)
    await exported(hospital)
    (view,) = await hospital.data("/v1/phi-views", "aud", "auditor")
    assert (view["actor"], view["subject_kind"]) == ("ana", "deidentified-export")
    assert view["subject_id"] == EXPORT["export_id"]
    assert len(view["key_ids"]) == 1


@pytest.mark.parametrize("role", ["viewer", "coder", "biller", "operator", "integration"])
async def test_only_who_may_read_all_or_nothing_else_exports(hospital, role):
    answer = await hospital.get(PATH, "eve", role, params=EXPORT)
    assert answer.status_code == 403


async def test_an_analyst_reaches_nothing_else(hospital):
    for path in ("/v1/encounters", "/v1/codes?q=gout", "/v1/coding-productivity"):
        assert (await hospital.get(path, "ana", "analyst")).status_code == 403, path


async def test_moved_dates_need_an_agreement_and_a_role_that_sees_phi(hospital):
    await a_canary(hospital)
    refused = await hospital.get(PATH, "ana", "analyst", params={**EXPORT, "agreement": "DUA-17"})
    assert refused.status_code == 403
    (record,) = (await exported(hospital, "auditor", agreement="DUA-17")).json()["data"]
    moved = dt.date.fromisoformat(record["service_from"])
    assert 1 <= abs((moved - dt.date(2026, 2, 27)).days) <= 182
    assert record["year"] is None
    views = await hospital.data("/v1/phi-views", "aud", "auditor")
    told = [(v["subject_kind"], v["subject_id"], v["outcome"]) for v in views]
    assert ("limited-data-set", "export-2026-a/DUA-17", "shown") in told
    assert ("limited-data-set", "export-2026-a/DUA-17", "refused") in told


async def test_a_rework_is_another_version_and_says_so(hospital):
    encounter_id = await hospital.arrives("W1", coded=True)
    await hospital.settles()
    await hospital.sends_back(encounter_id, "den_x")
    await hospital.settles()
    path = f"/v1/encounters/{encounter_id}"
    await hospital.does("ann", "coder", "PUT", f"{path}/codes", {"diagnoses": ["E1140"]})
    await hospital.does("ann", "coder", "POST", f"{path}/releases", {})
    await hospital.settles()
    records = (await exported(hospital)).json()["data"]
    shown = [(r["coded_version"], r["is_latest"], r["is_rework"]) for r in records]
    assert shown == [(1, False, False), (2, True, True)]


# -- by construction -------------------------------------------------------------------------------


def texts_of(kind, path=""):
    """Yield every text field of a type, with what it is held to."""
    if isinstance(kind, msgspec.inspect.StructType):
        for one in kind.fields:
            yield from texts_of(one.type, f"{path}.{one.name}")
    elif isinstance(kind, msgspec.inspect.ListType):
        yield from texts_of(kind.item_type, path)
    elif isinstance(kind, msgspec.inspect.UnionType):
        for one in kind.types:
            yield from texts_of(one, path)
    elif isinstance(kind, msgspec.inspect.StrType):
        yield path, kind.pattern
    else:
        allowed = msgspec.inspect.IntType, msgspec.inspect.BoolType, msgspec.inspect.NoneType
        assert isinstance(kind, (*allowed, msgspec.inspect.LiteralType)), path


def test_every_text_of_a_record_is_held_to_a_pattern_too_narrow_for_words():
    patterns = dict(texts_of(msgspec.inspect.type_info(AnalyticEncounter)))
    assert len(patterns) >= 15
    for path, pattern in patterns.items():
        assert pattern, path
        assert pattern.startswith("^"), path
        assert pattern.endswith("$"), path
        for words in ("Canary Alpha", "614-555-0100", "100 Test St", "a@b.example", "000-00-0000"):
            assert not re.search(pattern, words), path


def released(**changes):
    line = ChargeLine(
        line_item_control_number="CANARY1", form="P", service_from="2026-02-27",
        service_through="2026-02-27", billed_cents=100, procedure_code="99213",
        description="CANARY WORDS", rendering=Provider(npi="1999999901", last_name="CANARY"),
    )  # fmt: skip
    content = ReleaseContent(
        diagnoses=[Diagnosis(code="I10", role="principal")],
        procedures=[], lines=[line], drg=None, code_set_versions={}, rule_versions={},
        warnings=[Reason(rule_id="dx-warn", path="PID[1]", text="CANARY said", remedy="CANARY")],
    )  # fmt: skip
    made = Released(
        encounter_id="enc_1", patient_id="pt_1", coded_version=1, is_latest=True, is_rework=False,
        class_code="O", billed_cents=100, content=content, overruled=("bill-hold",),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=4, max_size=30), st.dates(dt.date(1900, 1, 1), dt.date(2027, 1, 1)))
def test_whatever_a_sender_writes_of_a_person_never_goes_out(text, born):
    word = f"QZX{text}QZX"
    person = Person(
        Name(word, word), born.isoformat(), word, Address(word, word, word, word, word), word
    )
    account = Account(
        patient=Patient(person, word, word, word, (word,)),
        coverages=(Coverage(payer_id=word, payer_name=word, member_number=word),),
        stay=Stay(class_code=word, facility_id=word, admission_type_code=word, location=word),
        sender=word,
    )
    record = deidentify(released(class_code=word), account, b"key", shifted_dates=False)
    out = msgspec.json.encode(record).decode()
    assert "QZX" not in out
    assert "CANARY" not in out
    assert born.isoformat() not in out
    assert [one.rule for one in record.edits] == ["dx-warn", "bill-hold"]


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1936-02-28", "89"),
        ("1936-02-27", "90+"),
        ("1900-01-01", "90+"),
        ("2026-02-27", "0"),
        ("2026-02-28", ""),
        ("1936-02", ""),
        (None, ""),
    ],
)
def test_ages_above_89_are_one(born, age):
    assert age_at(born, dt.date(2026, 2, 27)) == age


@pytest.mark.parametrize(
    ("code", "shown"),
    [("43004", "430"), ("430041234", "430"), ("03601", "000"), ("89301", "000"), ("V6B1A1", ""),
     ("4300", ""), ("\u0664\u0663\u0660\u0660\u0664", ""), ("", "")],
)  # fmt: skip
def test_places_are_three_digits_and_small_ones_none(code, shown):
    assert zip3(code) == shown


def test_the_seventeen_areas_of_the_census_of_2000_are_among_the_small_ones():
    named = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()  # noqa: SIM905 - as HHS prints them
    assert set(named) <= LOW_POPULATION_ZIP3


def test_a_pseudonym_needs_the_key():
    assert pseudonym(b"a", "p", "pt_1") != pseudonym(b"b", "p", "pt_1")
    assert pseudonym(b"a", "p", "pt_1") != pseudonym(b"a", "e", "pt_1")


async def test_the_layout_is_described_by_name_and_version(hospital):
    found = await hospital.data(f"{PATH}/schema", "ana", "analyst")
    assert found["$id"] == "claimstream.analytic-encounter/1"
    fields = found["$defs"]["AnalyticEncounter"]["properties"]
    assert set(fields) == set(AnalyticEncounter.__struct_fields__)
    assert json.dumps(found)
