"""The key port: sealing, binding, forgetting; and the embedded store's files."""

import stat
import subprocess
import sys

import pytest

from memory_cases import MemoryKeys
from rcm.events.phi import ClearPhi, Phi
from rcm.platform.keys import KeyDestroyed, KeyFolder, KeyName, KeysMissing, NotSealedHere
from rcm.platform.wrapping import LocalKey
from vault_cases import FakeVault

US, THEM, PATIENT = "northside", "lakeview", "pt_1"
PLACE = "event-1/EncounterCoded/patient"
CLEAR = ClearPhi.of(PATIENT, {"name": "JANE CANARY"})


@pytest.fixture(params=["folder", "given key", "vault", "memory"])
async def keys(request, tmp_path):
    keys = {
        "folder": lambda: KeyFolder(tmp_path / "keys"),
        "given key": lambda: KeyFolder(tmp_path / "keys", LocalKey(bytes(32))),
        "vault": lambda: KeyFolder(tmp_path / "keys", FakeVault().wrapping()),
        "memory": MemoryKeys,
    }[request.param]()
    await keys.ensure([KeyName(US, PATIENT), KeyName(THEM, PATIENT), KeyName(US, "pt_2")])
    yield keys
    await keys.close()


async def test_what_was_sealed_opens(keys):
    box = keys.seal(US, PLACE, CLEAR)
    assert type(box) is Phi
    assert "CANARY" not in box.box
    assert keys.open(US, box) == b'{"name":"JANE CANARY"}'


async def test_a_box_opens_nowhere_else(keys):
    box = keys.seal(US, PLACE, CLEAR)
    elsewhere = [
        (THEM, box),
        (US, Phi("pt_2", box.bound_to, box.box)),
        (US, Phi(PATIENT, "event-2/EncounterCoded/patient", box.box)),
        (US, Phi(PATIENT, "event-1/ClaimPrepared/patient", box.box)),
        (US, Phi(PATIENT, "event-1/EncounterCoded/subscribers", box.box)),
        (US, Phi(PATIENT, box.bound_to, box.box[:-6] + "AAAAAA")),
        (US, Phi(PATIENT, box.bound_to, "")),
        (US, Phi(PATIENT, box.bound_to, "!")),
    ]
    for tenant_id, changed in elsewhere:
        with pytest.raises(NotSealedHere):
            keys.open(tenant_id, changed)


async def test_a_destroyed_key_opens_and_seals_nothing_and_does_not_come_back(keys):
    box, other = keys.seal(US, PLACE, CLEAR), keys.seal(THEM, PLACE, CLEAR)
    await keys.destroy(US, PATIENT)
    assert keys.open(US, box) is None
    with pytest.raises(KeyDestroyed):
        keys.seal(US, PLACE, CLEAR)
    await keys.ensure([KeyName(US, PATIENT)])
    assert keys.open(US, box) is None
    assert keys.open(THEM, other) is not None


async def test_an_opaque_id_is_stable_per_tenant_and_tells_nothing(keys):
    first = keys.opaque_id(US, "pt", "HOSP", "MRN1")
    assert first == keys.opaque_id(US, "pt", "HOSP", "MRN1")
    assert first.startswith("pt_")
    assert len(first) == 19
    others = {
        keys.opaque_id(THEM, "pt", "HOSP", "MRN1"),
        keys.opaque_id(US, "pt", "HOSPMRN1", ""),
        keys.opaque_id(US, "pt", "HOS", "PMRN1"),
        keys.opaque_id(US, "enc", "HOSP", "MRN1"),
    }
    assert first not in others
    assert len(others) == 4


async def test_a_key_that_is_not_at_hand_is_asked_for(tmp_path):
    keys = KeyFolder(tmp_path)
    with pytest.raises(KeysMissing) as missing:
        keys.seal(US, PLACE, CLEAR)
    assert missing.value.names == {KeyName(US, PATIENT)}
    await keys.ensure(missing.value.names)
    keys.seal(US, PLACE, CLEAR)
    await keys.close()


async def test_processes_share_keys_and_learn_of_a_destroyed_one(tmp_path):
    one, two = KeyFolder(tmp_path), KeyFolder(tmp_path)
    name = KeyName(US, PATIENT)
    await one.ensure([name])
    await two.ensure([name])
    box = one.seal(US, PLACE, CLEAR)
    assert two.open(US, box) == CLEAR.content
    assert one.opaque_id(US, "pt", "1") == two.opaque_id(US, "pt", "1")
    await one.destroy(*name)
    await two.refresh()
    assert two.open(US, box) is None
    await one.close()
    await two.close()


async def test_keys_survive_and_their_files_are_the_owners_alone(tmp_path):
    keys = KeyFolder(tmp_path)
    await keys.ensure([KeyName(US, PATIENT)])
    box = keys.seal(US, PLACE, CLEAR)
    await keys.close()
    keys = KeyFolder(tmp_path)
    assert keys.open(US, box) == CLEAR.content
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    await keys.close()


async def test_a_master_key_that_others_can_read_is_refused(tmp_path):
    await KeyFolder(tmp_path).close()
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(PermissionError):
        KeyFolder(tmp_path)


async def test_a_destroyed_key_leaves_no_trace_in_the_files(tmp_path):
    keys = KeyFolder(tmp_path)
    await keys.ensure([KeyName(US, PATIENT)])
    (wrapped,) = keys._db.execute("select wrapped from data_key").fetchone()
    await keys.destroy(US, PATIENT)
    for path in tmp_path.iterdir():
        assert wrapped not in path.read_bytes(), path
    await keys.close()


def test_two_processes_that_start_together_agree_on_the_master_key(tmp_path):
    code = "from rcm.platform.wrapping import key_file; from pathlib import Path; import sys;"
    code += "path = Path(sys.argv[1]); key_file(path); print(path.read_bytes().hex())"
    command = [sys.executable, "-c", code, str(tmp_path / "master.key")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate()[0] for process in started}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]
