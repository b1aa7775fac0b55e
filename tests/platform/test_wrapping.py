"""Wrapping keys: one suite for the key file, a given key, and Vault; and what a failure does."""

import base64

import httpx
import pytest

from rcm.events.phi import ClearPhi
from rcm.platform.keys import KeyFolder, KeyName, open_keys
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.wrapping import (
    KeysUnavailable,
    LocalKey,
    VaultTransit,
    WrongKey,
    key_file,
    open_wrapping,
)
from rcm.problems import Busy
from toy_cases import CATALOGUE, note_command, toy
from vault_cases import FakeVault

US, PLAIN = b"northside|", bytes(range(64))


@pytest.fixture(params=["file", "given", "vault"])
def wrapping(request, tmp_path):
    return {
        "file": lambda: key_file(tmp_path / "master.key"),
        "given": lambda: LocalKey(bytes(32)),
        "vault": lambda: FakeVault().wrapping(),
    }[request.param]()


def test_what_was_wrapped_unwraps_and_never_looks_alike(wrapping):
    first, second = wrapping.wrap(PLAIN, US), wrapping.wrap(PLAIN, US)
    assert first != second
    assert PLAIN not in first
    assert wrapping.unwrap(first, US) == wrapping.unwrap(second, US) == PLAIN


def test_a_key_of_another_tenant_or_a_changed_one_does_not_unwrap(wrapping):
    wrapped = wrapping.wrap(PLAIN, US)
    for changed, bound_to in ((wrapped, b"lakeview|"), (wrapped[:-4] + b"AAA=", US), (b"", US)):
        with pytest.raises(WrongKey):
            wrapping.unwrap(changed, bound_to)


def test_one_wrapping_key_does_not_open_what_another_wrapped(wrapping, tmp_path):
    for other in (LocalKey(bytes(31) + b"x"), key_file(tmp_path / "other"), FakeVault().wrapping()):
        with pytest.raises(WrongKey):
            other.unwrap(wrapping.wrap(PLAIN, US), US)


def test_a_rotated_vault_key_opens_what_was_wrapped_before():
    vault = FakeVault()
    wrapping = vault.wrapping()
    before = wrapping.wrap(PLAIN, US)
    vault.rotate()
    assert wrapping.wrap(PLAIN, US).startswith(b"vault:v2:")
    assert wrapping.unwrap(before, US) == PLAIN


@pytest.mark.parametrize(
    "failure",
    [503, 429, 403, 307, 200, httpx.ConnectError("no"), httpx.ReadTimeout("slow")],
    ids=str,
)
def test_a_vault_that_does_not_answer_as_agreed_is_unavailable(failure):
    vault = FakeVault()
    vault.fail = [failure]
    with pytest.raises(KeysUnavailable):
        vault.wrapping().wrap(PLAIN, US)
    with pytest.raises(KeysUnavailable):
        vault.wrapping(token="stolen").wrap(PLAIN, US)


async def test_vault_is_asked_once_a_tenant_and_not_for_each_patient(tmp_path):
    vault = FakeVault()
    keys = KeyFolder(tmp_path, vault.wrapping())
    await keys.ensure([KeyName("northside", f"pt_{n}") for n in range(50)])
    for number in range(50):
        keys.seal("northside", "e/E/f", ClearPhi.of(f"pt_{number}", "x"))
    await keys.close()
    assert len(vault.asked) == 2, "wrapped once, unwrapped once"


async def test_a_key_folder_without_its_wrapping_key_is_noise(tmp_path):
    keys = KeyFolder(tmp_path, FakeVault().wrapping())
    await keys.ensure([KeyName("northside", "pt_1")])
    await keys.close()
    stolen = KeyFolder(tmp_path)
    with pytest.raises(WrongKey):
        stolen.seal("northside", "e/E/f", ClearPhi.of("pt_1", "x"))
    await stolen.close()


async def test_a_command_waits_for_a_key_service_that_is_down(tmp_path, monkeypatch):
    vault = FakeVault()
    monkeypatch.setattr("rcm.platform.keys.open_wrapping", lambda _settings: vault.wrapping())
    settings = Settings(data_dir=tmp_path, partition_count=4)
    product = toy()
    async with open_runtime(
        product.alpha, settings, catalogue=CATALOGUE, topics=product.topics
    ) as alpha:
        vault.fail = [503]
        with pytest.raises(Busy):
            await alpha.execute(note_command("s", "a", "c1", secret="CANARY"))
        outcome = await alpha.execute(note_command("s", "a", "c1", secret="CANARY"))
        assert len(outcome.recorded) == 1
        assert not alpha.failed_jobs


def test_settings_choose_the_wrapping_key(tmp_path):
    given = base64.b64encode(bytes(32)).decode()
    for settings, kind in (
        (Settings(data_dir=tmp_path), LocalKey),
        (Settings(data_dir=tmp_path, master_key=given), LocalKey),
        (Settings(data_dir=tmp_path, vault_url="https://vault", vault_token="t"), VaultTransit),
    ):
        assert type(open_wrapping(settings)) is kind
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"vault_url": "http://vault.example", "vault_token": "t"},
        {"vault_url": "https://vault.example"},
        {"vault_url": "https://vault.example", "vault_token": "t", "master_key": "AA=="},
    ],
)
def test_settings_that_are_not_safe_together_stop_the_start(wrong):
    with pytest.raises(ValueError, match="RCM_VAULT_URL"):
        Settings(**wrong)


@pytest.mark.parametrize("text", ["AA==", "not base64!", "A" * 43])
async def test_a_given_key_of_the_wrong_size_stops_the_start_and_is_not_repeated(tmp_path, text):
    with pytest.raises(ValueError, match="32 bytes") as told:
        open_keys(Settings(data_dir=tmp_path, master_key=text))
    assert text not in str(told.value)
    assert text not in repr(Settings(data_dir=tmp_path, master_key=text))
