"""The encoder as a coder uses it over HTTP: look up, suggestions, edits; and new code sets."""

import asyncio
import contextlib
import datetime as dt
import io
import shutil
import time
import uuid

import httpx
import pytest

from codes_cases import built_folder
from codes_official_files import DIAGNOSES, PTP, order_file, upload
from coding_cases import charges, ft1, in1, message, pid, pv1, register, segment
from coding_desk_cases import desk_settings
from coding_svc.gateway.code_book import CodeBook
from coding_svc.handlers.siblings import SiblingFinder
from coding_svc.main import MANIFEST, create_app
from coding_svc.settings import CodingSettings
from rcm.codes import registry
from rcm.codes.sets import CodeSets
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.rebuild import rebuild
from rcm.platform.telemetry import open_log
from rcm.problems import Busy

BACKENDS = ["embedded", pytest.param("kafka-and-postgres", marks=pytest.mark.connected)]
NOTE = (
    "Type 2 diabetes mellitus with neuropathy. Hypertension.\nDenies chest pain. Mother had gout."
)
HL7 = {"Content-Type": "application/hl7-v2"}
PROFILE = """
name: office
extends: generic
senders: ["EHR|HOSP"]
default_facility_id: HOSP
class_places_of_service: {O: "11"}
"""
WHY = "Both are documented; see the endocrinology note."


class Desk:
    """The service over HTTP, as callers with different roles."""

    def __init__(self, client, issuer, app, data_dir, log, tenant):
        self.client, self.issuer, self.app, self.tenant = client, issuer, app, tenant
        self.data_dir, self.log = data_dir, log
        self.count = 0

    def headers(self, *roles, tenant="", key=""):
        self.count += 1
        token = self.issuer.token(tenant or self.tenant, roles or ("coder", "integration"))
        return {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": key or f"encoder-{self.count:04}",
        }

    async def get(self, path, *roles, tenant="", **query):
        headers = self.headers(*(roles or ("viewer",)), tenant=tenant)
        return await self.client.get(path, headers=headers, params=query)

    async def post(self, path, body, *roles, **more):
        return await self.client.post(path, json=body, headers=self.headers(*roles, **more))

    async def hl7(self, *messages):
        for data in messages:
            headers = self.headers("integration") | HL7
            answer = await self.client.post("/v1/hl7", content=data, headers=headers)
            assert answer.status_code == 202, answer.text

    async def encounter(self):
        (found,) = (await self.get("/v1/encounters")).json()["data"]
        return found


@contextlib.asynccontextmanager
async def open_desk(data_dir, codes_dir, places=("", ""), tenant="northside", **own):
    profiles_dir = data_dir / "profiles"
    (profiles_dir / tenant).mkdir(parents=True, exist_ok=True)
    (profiles_dir / tenant / "profile.yaml").write_text(PROFILE)
    settings = await desk_settings(*places, data_dir)
    settings = settings.model_copy(update={"tenants": (tenant, "lakeview")})
    wanted = CodingSettings(
        profiles_dir=profiles_dir,
        codes_dir=codes_dir,
        **{"suggestions_s": 0.05, "codes_s": 0.05, **own},
    )
    log = io.StringIO()
    app = create_app(settings, wanted, log=open_log("coding-svc", to=log))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield Desk(client, DevelopmentIssuer(settings), app, data_dir, log, tenant)
    app.state.codes.close()


@pytest.fixture(params=BACKENDS)
def places(request):
    """Where PostgreSQL and Kafka are; empty for the embedded default."""
    if request.param == "embedded":
        return "", ""
    return request.getfixturevalue("postgres_url"), request.getfixturevalue("kafka_address")


@pytest.fixture
async def desk(tmp_path):
    async with open_desk(tmp_path, built_folder()) as opened:
        yield opened


def note_message(text=NOTE, number="N1"):
    txa = segment("TXA", f1="1", f2="PN", f4="202602271000", f12="DOC1", f17="AU")
    obx = segment("OBX", f1="1", f2="TX", f5=text.replace("\n", "~"))
    return message("MDM^T02", pid(), pv1(), txa, obx, number=number)


async def until(condition, patience_s=60.0):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


# -- looking up ------------------------------------------------------------------------------------


async def test_codes_are_found_by_words_by_code_and_by_walking_down(desk):
    words = await desk.get("/v1/codes", q="type 2 diabetes with neuropathy", date="2026-11-21")
    (first, *_) = words.json()["data"]
    assert (first["code"], first["rank"]) == ("E11.40", 1)
    exact = (await desk.get("/v1/codes", q="e1140", date="2026-11-21")).json()["data"]
    assert [hit["code"] for hit in exact] == ["E11.40"]
    below = (await desk.get("/v1/codes", q="E11.4", date="2026-11-21")).json()["data"]
    assert (below[0]["code"], below[0]["billable"]) == ("E11.4", False)
    chapters = (await desk.get("/v1/codes", limit=100)).json()["data"]
    assert len(chapters) == 22
    sections = (await desk.get("/v1/codes", under="E11")).json()["data"]
    assert {"E11.4", "E11.9"} <= {one["code"] for one in sections}


async def test_a_search_goes_on_page_by_page_and_brings_the_notes(desk):
    query = {"q": "diabetes", "date": "2026-11-21", "limit": 3, "notes": True}
    first = (await desk.get("/v1/codes", **query)).json()
    second = (await desk.get("/v1/codes", **query, cursor=first["next_cursor"])).json()
    ranks = [hit["rank"] for page in (first, second) for hit in page["data"]]
    assert ranks == [1, 2, 3, 4, 5, 6]
    assert any(hit["notes"] for hit in first["data"])
    other = await desk.get("/v1/codes", q="asthma", cursor=first["next_cursor"])
    assert other.status_code == 400


@pytest.mark.parametrize(
    ("code", "date", "status"),
    [
        ("E11.40", "2026-11-21", "VALID"),
        ("e114", "2026-11-21", "HEADER"),
        ("I42.0", "2026-10-01", "EXPIRED"),
        ("I42.0", "2026-09-30", "VALID"),
        ("I42.00", "2026-09-30", "NOT_YET"),
    ],
)
async def test_a_code_is_shown_on_a_date_with_its_place_and_notes(desk, code, date, status):
    shown = (await desk.get(f"/v1/codes/icd10cm/{code}", date=date)).json()
    assert shown["status"] == status
    assert shown["above"]
    assert shown["notes"]
    assert bool(shown["children"]) == (
        status == "HEADER" or (code == "I42.0" and status != "VALID")
    )


async def test_a_code_that_is_none_is_not_found_and_a_system_that_is_none_is_refused(desk):
    assert (await desk.get("/v1/codes/icd10cm/E99.999")).status_code == 404
    assert (await desk.get("/v1/codes/icd9/250.00")).status_code == 422


async def test_many_codes_are_validated_in_the_order_asked(desk):
    body = {"date": "2026-11-21", "codes": ["e11.40", "S83.2", "I42.0", "E11.40X", "Z99.999"]}
    answers = (await desk.post("/v1/codes/validations", body, "integration")).json()
    statuses = [answer["status"] for answer in answers]
    assert statuses == ["VALID", "HEADER", "EXPIRED", "UNKNOWN", "UNKNOWN"]
    assert [answer["code"] for answer in answers] == body["codes"]
    assert answers[2]["successors"] == ["I42.00", "I42.01", "I42.09"]
    cpt = {"system": "cpt", "date": "2026-11-21", "codes": ["99214", "9921"]}
    answers = (await desk.post("/v1/codes/validations", cpt)).json()
    assert [answer["status"] for answer in answers] == ["UNVERIFIED", "FORMAT"]


async def test_the_releases_in_force_are_listed_with_their_sources(desk):
    found = (await desk.get("/v1/codes/releases")).json()
    names = {release["release_id"] for release in found["releases"]}
    assert "icd10cm-fy2027" in names
    assert len(found["code_sets"]) == 16
    assert all(len(release["sha256"]) == 64 for release in found["releases"])
    assert "coverage policies (NCD, LCD)" in found["edits_left_out"]


async def test_risk_is_scored_and_what_is_not_mapped_yet_is_no_zero(desk):
    body = {"age_years": 70, "sex": "F", "date": "2026-10-02", "diagnoses": ["E11.40", "I42.00"]}
    score = (await desk.post("/v1/codes/risk-scores", body)).json()
    assert score["complete"] is False
    mapped = {one["code"]: one["mapping"] for one in score["diagnoses"]}
    assert mapped == {"E1140": "mapped", "I4200": "not mapped yet"}
    assert float(score["raw"]) > 0


async def test_a_look_up_takes_less_than_ten_milliseconds(desk):
    reader = desk.app.state.codes.reader()
    day = dt.date(2026, 11, 21)
    queries = [
        "hypertension",
        "type 2 diabetes with neuropathy",
        "torn meniscus knee",
        "E11",
        "copd",
    ]
    for query in queries:
        reader.searcher.search(query, "icd10cm", day)
    spent = []
    for query in queries * 20:
        began = time.process_time()
        reader.searcher.search(query, "icd10cm", day)
        spent.append(time.process_time() - began)
    assert sorted(spent)[98] < 0.02, "CPU seconds; twice the goal, for a busy machine"


# -- without code sets -----------------------------------------------------------------------------


async def test_without_code_sets_the_service_runs_and_says_so(tmp_path):
    async with open_desk(tmp_path, tmp_path / "none") as desk:
        answer = await desk.get("/v1/codes", q="asthma")
        assert answer.status_code == 503
        assert answer.json()["type"].endswith("code-sets-not-loaded")
        await desk.hl7(register(), charges())
        assert (await desk.encounter())["status"] == "coded"
        assert "code-sets-not-loaded" in desk.log.getvalue()


async def test_a_damaged_code_file_is_no_reason_not_to_start(tmp_path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / registry.FILE_NAME).write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)
    async with open_desk(tmp_path, tmp_path / "codes") as desk:
        assert (await desk.get("/v1/codes/releases")).status_code == 503


# -- from note to EncounterCoded -------------------------------------------------------------------


async def test_from_a_note_through_suggestions_and_edits_to_billing(tmp_path, places):
    # A tenant of its own: the topics of a real broker outlive a test.
    tenant = f"t{uuid.uuid4().hex[:10]}"
    async with open_desk(tmp_path, built_folder(), places, tenant) as desk:
        await desk.hl7(register(), charges(ft1(f19="")), note_message())
        path = f"/v1/encounters/{(await desk.encounter())['encounter_id']}"

        async def read():
            (note,) = (await desk.get(f"{path}/notes")).json()["data"]
            return note if not note["is_waiting"] else None

        note = await until(read)
        assert note["open_count"] > 2
        shown = (await desk.get(f"{path}/notes/{note['note_id']}", "coder")).json()
        assert shown["text"] == NOTE
        suggestions = {one["code"]: one for one in shown["suggestions"]}
        assert {"E11.40", "I10"} <= suggestions.keys()
        assert suggestions["R07.9"]["flags"] == ["negated"]
        gout = next(one for one in shown["suggestions"] if one["code"].startswith("M10"))
        assert "family" in gout["flags"]
        span = suggestions["I10"]["spans"][0]
        assert span["text"] == NOTE[span["start"] : span["end"]] == "Hypertension"
        # Nothing is coded yet.
        assert (await desk.encounter())["status"] == "held"
        # A person accepts two types of diabetes at once: the edits stop that.
        decisions = f"{path}/notes/{note['note_id']}/decisions"
        body = {
            "accepted": [{"code": "E11.40"}, {"code": "I10", "coded_as": "E10.9"}],
            "rejected": [gout["code"], "R07.9"],
        }
        after = (await desk.post(decisions, body, "coder")).json()
        assert after["status"] == "held"
        assert {r["rule_id"] for r in after["reasons"]} == {"dx-excludes1"}
        edits = (await desk.get(f"{path}/edits", "coder")).json()
        assert [e["override"] for e in edits["edits"] if e["holds"]] == ["coder", "coder"]
        assert edits["code_set_versions"]["icd10cm"] == "icd10cm-fy2026"
        refused = await desk.post(
            f"{path}/releases", {"overruled": ["dx-excludes1"], "reason": "no"}, "coder"
        )
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("not-overrulable")
        passed = await desk.post(
            f"{path}/releases", {"overruled": ["dx-excludes1"], "reason": WHY}, "coder"
        )
        assert passed.json()["status"] == "coded"
        # What was learned holds no word of the note; nothing of it is in any log.
        assert "chest pain" not in desk.log.getvalue()
        settings = desk.app.state.runtime.settings
    if settings.bus != "embedded":
        return
    report = await rebuild(MANIFEST, settings, swap=False)
    assert report.fact_count > 10
    assert report.differing == []


async def test_a_note_from_the_api_is_read_at_once_and_a_repeat_changes_nothing(desk):
    await desk.hl7(register(), charges(ft1(f19="")))
    path = f"/v1/encounters/{(await desk.encounter())['encounter_id']}"
    body = {"document_number": "D-7", "text": NOTE, "kind": "progress", "written_on": "2026-02-27"}
    first = await desk.post(f"{path}/notes", body, "coder", key="the-same-note")
    assert first.status_code == 201
    assert first.json()["is_waiting"] is False
    again = await desk.post(f"{path}/notes", body, "coder", key="the-same-note")
    assert again.headers["idempotent-replayed"] == "true"
    assert [n["note_version"] for n in (await desk.get(f"{path}/notes")).json()["data"]] == [1]
    newer = await desk.post(f"{path}/notes", {**body, "text": "Gout."}, "coder")
    assert newer.json()["note_version"] == 2


async def test_what_people_decided_moves_the_next_suggestion(desk):
    confidences = []
    for number in range(1, 5):
        account, record = f"A{number}", f"R{number}"
        line = ft1(f19="", number=f"T{number}")
        own = pid(record, account)
        await desk.hl7(
            message("ADT^A04", own, pv1(visit=account), in1(), number=f"A{number}"),
            message("DFT^P03", own, pv1(visit=account), line, number=f"D{number}"),
        )
    listed = (await desk.get("/v1/encounters")).json()["data"]
    for encounter in listed:
        path = f"/v1/encounters/{encounter['encounter_id']}"
        body = {"document_number": "D", "text": "Chest pain on exertion. Hypertension."}
        note_id = (await desk.post(f"{path}/notes", body, "coder")).json()["note_id"]
        shown = (await desk.get(f"{path}/notes/{note_id}", "coder")).json()
        (pain,) = [one for one in shown["suggestions"] if one["code"] == "R07.9"]
        confidences.append(pain["confidence"])
        rejected = await desk.post(
            f"{path}/notes/{note_id}/decisions", {"rejected": ["R07.9"]}, "coder"
        )
        assert rejected.status_code == 201
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[-1] < confidences[0]


async def test_who_may_see_a_note_and_decide_on_it(desk):
    await desk.hl7(register(), charges(ft1(f19="")))
    path = f"/v1/encounters/{(await desk.encounter())['encounter_id']}"
    body = {"document_number": "D", "text": NOTE}
    note_id = (await desk.post(f"{path}/notes", body, "coder")).json()["note_id"]
    one = f"{path}/notes/{note_id}"
    assert (await desk.get(one, "viewer")).status_code == 403
    assert (await desk.get(one, "operator")).status_code == 403
    assert (await desk.post(f"{one}/decisions", {"rejected": ["I10"]}, "biller")).status_code == 403
    assert (await desk.post(f"{path}/notes", body, "viewer")).status_code == 403
    assert (await desk.get(one, "coder", tenant="lakeview")).status_code == 404
    assert (await desk.get(f"{path}/notes/note_nothing", "coder")).status_code == 404
    open_ = await desk.post(f"{one}/decisions", {"accepted": [{"code": "Z00.00"}]}, "coder")
    assert (open_.status_code, open_.json()["type"].rpartition("/")[2]) == (409, "not-suggested")


async def test_the_same_service_in_another_encounter_of_the_day_is_held(desk):
    again = message(
        "DFT^P03", pid(account="A2"), pv1(visit="V2"), in1(), ft1(number="TX9"), number="D9"
    )
    await desk.hl7(register(), charges(), again)
    (held,) = (await desk.get("/v1/encounters", status="held")).json()["data"]
    assert [r["rule_id"] for r in held["reasons"]] == ["line-duplicate"]


async def test_who_asks_for_patients_at_once_shares_a_query_and_learns_of_a_failure():
    class Down:
        count = 0

        async def look_up(self, *_asked):
            self.count += 1
            raise Busy("down")

    runtime, finder = Down(), SiblingFinder()
    asked = [finder.of(runtime, "northside", f"pt_{n % 3}") for n in range(6)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [Busy] * 6
    assert runtime.count == 1


# -- new code sets ---------------------------------------------------------------------------------


async def test_the_open_encounters_that_a_new_release_touches_are_checked_again(tmp_path):
    folder = tmp_path / "codes"
    shutil.copytree(built_folder(), folder)
    async with open_desk(tmp_path, folder) as desk:
        # A code of tomorrow, in two open encounters; a third one holds nothing new.
        for number, code in (("1", "Z99.A1"), ("2", "Z99.A1"), ("3", "E11.4")):
            own, account = pid(f"R{number}", f"A{number}"), f"A{number}"
            line = ft1(f19=f"{code}^^I10", f4="20261102090000-0500", number=f"T{number}")
            visit = pv1(visit=account, f44="20261102090000-0500")
            await desk.hl7(
                message("ADT^A04", own, visit, in1(), number=f"A{number}"),
                message("DFT^P03", own, visit, line, number=f"D{number}"),
            )
        held = (await desk.get("/v1/encounters", status="held")).json()["data"]
        assert len(held) == 3
        before = (await desk.get("/v1/codes/releases")).json()["code_sets"]
        await asyncio.to_thread(load_a_code_of_tomorrow, folder)

        async def rechecked():
            listed = (await desk.get("/v1/codes/rechecks")).json()["data"]
            # When it starts, the service checks what is open by the sets that it finds.
            found = [one for one in listed if one["code_sets"] != before]
            return found if len(found) == 2 else None

        found = await until(rechecked)
        assert [(one["touched_codes"], one["outcome"]) for one in found] == [
            (["Z99A1"], "coded"),
            (["Z99A1"], "coded"),
        ]
        (open_,) = (await desk.get("/v1/encounters", status="held")).json()["data"]
        assert open_["reasons"][0]["rule_id"] == "dx-not-in-force"


def load_a_code_of_tomorrow(folder):
    """Load an order file that has every code of November, and Z99.A1."""
    november = dt.date(2026, 11, 1)
    with contextlib.closing(CodeSets.open(folder / registry.FILE_NAME)) as sets:
        text = order_file(sets, DIAGNOSES, november, extra=[("Z99A1", "Dependence on a thing")])
    registry.load(folder, "icd10cm-order", upload(text, on=november), lambda _: None)


async def test_new_ncci_pairs_have_only_those_checked_again_that_hold_one_and_say_why(tmp_path):
    folder = tmp_path / "codes"
    shutil.copytree(built_folder(), folder)
    quarter, table = dt.date(2026, 1, 1), "ptp-practitioner"
    registry.load(folder, table, upload(PTP, "f1.txt", quarter), lambda _: None)
    async with open_desk(tmp_path, folder) as desk:
        # The first holds the pair that ends, the second one code of it; neither is coded.
        for number, services in (("1", ("J1000", "J3000")), ("2", ("J1000",))):
            own, account = pid(f"R{number}", f"A{number}"), f"A{number}"
            lines = [
                ft1(f"T{number}{code}", code=f"{code}^^HCPCS", f19="E11.4^^I10")
                for code in services
            ]
            await desk.hl7(
                message("ADT^A04", own, pv1(visit=account), in1(), number=f"A{number}"),
                message("DFT^P03", own, pv1(visit=account), *lines, number=f"D{number}"),
            )
        held = (await desk.get("/v1/encounters", status="held")).json()["data"]
        (paired,) = [one for one in held if "ncci-pair-needs-modifier" in rules_of(one)]
        before = (await desk.get("/v1/codes/releases")).json()["code_sets"]
        ended = PTP.replace("J3000\t\t20250101\t*", "J3000\t\t20250101\t20250630")
        await asyncio.to_thread(
            registry.load, folder, table, upload(ended, "f2.txt", quarter), lambda _: None
        )

        async def rechecked():
            listed = (await desk.get("/v1/codes/rechecks")).json()["data"]
            return [one for one in listed if one["code_sets"] != before]

        (one,) = await until(rechecked)
        said = "indicator 1"
        assert one["encounter_id"] == paired["encounter_id"]
        assert one["touched_codes"] == ["J1000/J3000"]
        assert one["changes"] == [
            f"J1000/J3000 {table}, since 2025-01-01: {said} is now {said} until 2025-06-30"
        ]
        (after,) = [
            one
            for one in (await desk.get("/v1/encounters", status="held")).json()["data"]
            if one["encounter_id"] == paired["encounter_id"]
        ]
        assert "ncci-pair-needs-modifier" not in rules_of(after)


def rules_of(encounter):
    return {reason["rule_id"] for reason in encounter["reasons"]}


async def test_a_file_that_is_no_code_file_leaves_the_old_one_in_force(tmp_path):
    folder = tmp_path / "codes"
    shutil.copytree(built_folder(), folder)
    book = CodeBook(folder)
    before = book.fingerprint
    (folder / "other").write_bytes(b"nothing")
    (folder / "other").replace(folder / registry.FILE_NAME)
    assert book.prepare(dt.date(2026, 11, 21)) is None
    assert (book.fingerprint, book.why_not != "") == (before, True)
    book.close()
