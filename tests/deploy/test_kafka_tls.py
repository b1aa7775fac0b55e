"""A real Kafka with the listener of docker-compose.yml: certificates in both directions."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

from backends import RECIPE, give_up
from rcm.platform.local import CannotStart, free_port, start_kafka
from rcm.platform.log.opening import kafka_log, open_log
from rcm.platform.log.port import Draft, LogUnavailable, pack_headers
from rcm.platform.settings import Settings

ROOT = Path(__file__).parents[2]


def made_secrets():
    folder = Path(tempfile.mkdtemp(prefix="claimstream-tls-"))
    subprocess.run(["sh", str(ROOT / "deploy/secrets.sh")], cwd=folder, check=True)
    return folder / "secrets"


@pytest.fixture(scope="module")
def secrets():
    secrets = made_secrets()
    yield secrets
    shutil.rmtree(secrets.parent)


@pytest.fixture(scope="module")
def foreign():
    """What another authority signed."""
    secrets = made_secrets()
    yield secrets / "claims_identity"
    shutil.rmtree(secrets.parent)


@pytest.fixture(scope="module")
def address(secrets):
    """Start it with the SSL settings that the compose file has, on a port beside the plain one."""
    folder, port = Path(tempfile.mkdtemp(prefix="claimstream-tls-kafka-")), free_port()
    recipe = folder / "deploy" / "kafka"
    shutil.copytree(RECIPE, recipe)
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    environment = composed["services"]["kafka"]["environment"]
    more = {
        "listeners": f",INSIDE://127.0.0.1:{port}",
        "advertised.listeners": f",INSIDE://127.0.0.1:{port}",
        "listener.security.protocol.map": ",INSIDE:SSL",
    }
    plain = (recipe / "server.properties").read_text().splitlines()
    lines = [line + more.get(line.partition("=")[0], "") for line in plain]
    for name, value in environment.items():
        if name.startswith("KAFKA_SSL_"):
            key = name.removeprefix("KAFKA_").lower().replace("_", ".")
            there = value.replace("/run/secrets/", f"{secrets}/").removesuffix(".pem")
            lines.append(f"{key}={there}")
    (recipe / "server.properties").write_text("\n".join(lines) + "\n")
    (folder / ".kafka").symlink_to(ROOT / ".kafka")
    try:
        server = start_kafka(folder / "data", recipe=recipe)
    except CannotStart as error:
        give_up("kafka", str(error))
    yield f"localhost:{port}"
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def settings(address, **more):
    return Settings(bus="kafka", kafka_servers=address, kafka_security_protocol="SSL", **more)


@pytest.mark.connected
@pytest.mark.timeout(120)
async def test_a_service_with_its_certificate_writes_and_reads(address, secrets):
    known = settings(address, kafka_ca=secrets / "ca", kafka_identity=secrets / "claims_identity")
    log = kafka_log(known)
    await log.create_topics({"tls.claims": 8})
    await log.publish("tls.claims", [Draft(0, b"k", pack_headers({"a": "b"}), b"{}")])
    assert (await log.read("tls.claims", 0, 0)).value == b"{}"
    await log.close()
    await (await open_log(known, ["tls.claims"])).close()


@pytest.mark.connected
@pytest.mark.timeout(120)
@pytest.mark.parametrize("given", ["no certificate", "no authority", "plain text", "a foreign one"])
async def test_nobody_else_gets_in(address, secrets, foreign, given):
    asked = {
        "no certificate": settings(address, kafka_ca=secrets / "ca"),
        "no authority": settings(address, kafka_identity=secrets / "claims_identity"),
        "plain text": Settings(bus="kafka", kafka_servers=address),
        "a foreign one": settings(address, kafka_ca=secrets / "ca", kafka_identity=foreign),
    }[given]
    log = kafka_log(asked)
    with pytest.raises(LogUnavailable):
        await log.create_topics({"tls.stolen": 8})
    await log.close()
