"""Deployment files hold to their schemas: no engine runs here, so this is what can be known."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from coding_svc.settings import CodingSettings
from rcm.events.catalogue import TOPICS
from rcm.platform.settings import unknown_variables

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES = ("coding-svc", "claims-svc", "remit-svc", "denials-svc", "lifecycle-svc")
CHECK = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]


def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_the_compose_file_fits_the_specification():
    subprocess.run([*CHECK, str(COMPOSE)], check=True, capture_output=True)


def test_the_check_would_see_a_misspelt_key(tmp_path):
    spoiled = tmp_path / "compose.yml"
    spoiled.write_text(COMPOSE.read_text().replace("restart:", "restrat:"))
    assert subprocess.run([*CHECK, str(spoiled)], check=False, capture_output=True).returncode != 0


def test_every_service_is_there_and_has_a_health_check():
    wanted = {"coding-svc", "claims-svc", "remit-svc", "denials-svc", "lifecycle-svc", "payer-sim"}
    assert wanted | {"kafka", "postgres", "topics"} == set(services())
    assert all("healthcheck" in service for name, service in services().items() if name != "topics")


def test_nothing_is_published_beyond_loopback():
    for service in services().values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_no_secret_has_a_default():
    text = COMPOSE.read_text()
    assert not re.search(r"(?i)password:\s*\S*[a-z]", text.replace("_password: { file", ""))
    for name, secret in yaml.safe_load(text)["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}


def test_the_trial_secrets_are_random_kept_and_private(tmp_path):
    run = ["sh", str(ROOT / "deploy/secrets.sh")]
    subprocess.run(run, cwd=tmp_path, check=True)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(run, cwd=tmp_path, check=True)
    assert first == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    first.pop("ca_key")  # stays with whoever signs
    assert set(first) == set(yaml.safe_load(COMPOSE.read_text())["secrets"])
    passwords = [text for name, text in first.items() if name.endswith("password")]
    assert len(set(passwords)) == len(passwords)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secrets" / "ca_key").stat().st_mode & 0o777 == 0o600


def test_every_secret_that_is_used_is_declared_and_the_other_way_round():
    used = {
        one if isinstance(one, str) else one["source"]
        for service in services().values()
        for one in service.get("secrets", [])
    }
    declared = set(yaml.safe_load(COMPOSE.read_text())["secrets"])
    assert used == declared


def test_every_file_that_a_setting_names_is_a_secret_of_that_service():
    for name, service in services().items():
        mounted = {
            one if isinstance(one, str) else one["target"] for one in service.get("secrets", [])
        }
        for setting, value in (service.get("environment") or {}).items():
            if str(value).startswith("/run/secrets/"):
                assert str(value).removeprefix("/run/secrets/") in mounted, f"{name}: {setting}"


def test_kafka_is_reached_by_certificate_only():
    kafka = services()["kafka"]["environment"]
    protocols = dict(p.split(":") for p in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    for listener in kafka["KAFKA_LISTENERS"].split(","):
        name, _, address = listener.partition("://")
        assert protocols[name] == "SSL" or address.startswith("localhost:"), listener
    assert kafka["KAFKA_SSL_CLIENT_AUTH"] == "required"
    for name, service in services().items():
        if name in SERVICES or name == "topics":
            environment = service["environment"]
            assert environment["RCM_KAFKA_SECURITY_PROTOCOL"] == "SSL"
            assert environment["RCM_KAFKA_IDENTITY"].startswith("/run/secrets/")


def test_every_setting_of_the_compose_file_is_known():
    for name, service in services().items():
        if name not in ("kafka", "postgres"):
            assert unknown_variables(service["environment"]) == []
            fields = {
                key.removeprefix("RCM_CODING_").lower()
                for key in service["environment"]
                if key.startswith("RCM_CODING_")
            }
            assert fields <= set(CodingSettings.model_fields)


def test_topics_are_data_and_complete():
    topics = json.loads((ROOT / "deploy/topics.json").read_text())
    assert set(topics["topics"]) == set(TOPICS)
    assert topics["config"]["retention.ms"] == "-1"
    assert topics["config"]["cleanup.policy"] == "delete"


@pytest.mark.parametrize("line", ["--require-hashes -r requirements.lock", "USER rcm"])
def test_the_image_is_built_from_the_lock_and_runs_as_nobody_special(line):
    assert line in (ROOT / "deploy/Dockerfile").read_text()


def test_the_image_holds_every_member():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    for folder in (*ROOT.glob("services/*/pyproject.toml"), ROOT / "shared/pyproject.toml"):
        assert f"./{folder.parent.relative_to(ROOT)}" in dockerfile


def test_the_lock_names_no_host_and_has_a_hash_for_everything():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = [line for line in lock.splitlines() if re.match(r"[a-z0-9]", line)]
    assert requirements
    assert all(line.endswith("\\") for line in requirements)
