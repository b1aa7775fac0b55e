"""Deployment files hold to their schemas: no engine runs here, so this is what can be known."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rcm.events.catalogue import TOPICS

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
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
    assert set(first) == set(yaml.safe_load(COMPOSE.read_text())["secrets"])
    passwords = [text for name, text in first.items() if name.endswith("password")]
    assert len(set(passwords)) == len(passwords)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())


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
