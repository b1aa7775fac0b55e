"""Evidence packs: the same evidence gives the same bytes, and whatever was changed is found."""

import io
import json
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rcm.cli import app
from rcm.platform.evidence import FORMAT, MANIFEST, Manifest, check_pack, write_json, write_pack

TRAIL = [{"stream_version": 1, "event_id": "a"}, {"stream_version": 2, "event_id": "b"}]


def pack(**files):
    trail = files.pop("trail", TRAIL)
    manifest = Manifest(
        format=files.pop("format", FORMAT),
        tenant_id="northside",
        encounter_id="enc_1",
        holds_phi=False,
        fact_count=2,
        last_event_id="b",
        files=[],
    )
    parts = {"releases.json": [{"code": "E119"}], "trail.json": trail, **files}
    return write_pack(manifest, {name: write_json(value) for name, value in parts.items()})


def again(data, change=None, drop="", add=None, compress=zipfile.ZIP_STORED):
    """Write an archive anew, with something else in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compress) as new:
        for name in old.namelist():
            content = old.read(name)
            if name != drop:
                new.writestr(name, change(name, content) if change else content)
        for name, content in (add or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def test_the_same_evidence_gives_the_same_bytes():
    assert pack() == pack()
    assert pack() != pack(**{"releases.json": []})
    found = check_pack(pack())
    assert (found.faults, found.manifest.encounter_id) == ([], "enc_1")


def test_a_changed_file_is_found():
    data = again(pack(), lambda _, c: c.replace(b"E119", b"E118"))
    assert check_pack(data).faults == ["releases.json: another content than the manifest says"]


def test_a_missing_an_added_and_a_doubled_file_are_found():
    assert check_pack(again(pack(), drop="releases.json")).faults == ["releases.json: missing"]
    assert check_pack(again(pack(), add={"more.json": b"{}"})).faults == [
        "more.json: not in the manifest"
    ]
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = again(pack(), add={"releases.json": b"[]"})
    assert "releases.json: twice" in check_pack(doubled).faults
    assert check_pack(again(pack(), drop=MANIFEST)).faults == ["manifest.json: missing"]


@pytest.mark.parametrize("trail", [TRAIL[:1], TRAIL[::-1], [*TRAIL, TRAIL[1]]])
def test_a_gap_in_the_trail_is_found_even_if_the_manifest_was_written_anew(trail):
    assert check_pack(pack(trail=trail)).faults == [
        "trail.json: facts are missing, or not in order"
    ]


def test_a_trail_that_ends_elsewhere_is_found():
    other = [TRAIL[0], {"stream_version": 2, "event_id": "c"}]
    assert "last event" in check_pack(pack(trail=other)).faults[0]


def test_another_format_and_a_compressed_archive_are_not_taken():
    assert "of format" in check_pack(pack(format="other/9")).faults[0]
    squeezed = again(pack(), compress=zipfile.ZIP_DEFLATED)
    assert check_pack(squeezed).faults == ["a file is compressed: packs are stored"]


@settings(max_examples=200, deadline=None)
@example(586, b"\xc5")  # a length that is longer than what is there
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_bad_bytes_are_never_a_failure_of_ours(place, noise):
    data = pack()
    at = place % len(data)
    check_pack(data[:at])
    check_pack(data[:at] + noise + data[at + len(noise) :])


def test_the_command_says_whether_a_pack_holds(tmp_path):
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(pack())
    bad.write_bytes(again(pack(), drop="releases.json"))
    run = CliRunner().invoke(app, ["evidence", "verify", str(good)])
    assert run.exit_code == 0
    assert "northside/enc_1, masked: 2 files, 2 facts, through b" in run.stdout
    told = CliRunner().invoke(app, ["evidence", "verify", str(bad), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["faults"] == ["releases.json: missing"]
    other = CliRunner().invoke(app, ["evidence", "verify", str(good), "--sha256", "0" * 64])
    assert (other.exit_code, "not the archive that was given" in other.stdout) == (1, True)
    absent = CliRunner().invoke(app, ["evidence", "verify", str(tmp_path / "none.zip")])
    assert absent.exit_code == 2
