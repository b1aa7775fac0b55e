"""Evidence packs: archives whose bytes follow from their contents, and a check without a server.

    README.txt  *.json  manifest.json

The manifest names every file with its sha256 and size. Files are stored, not compressed, in the
order of their names and with one fixed time, so that the same evidence gives the same archive on
every machine, whatever its zlib.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import msgspec

FORMAT: Final = "claimstream-evidence/1"
MANIFEST: Final = "manifest.json"
BYTES_MAX: Final = 256 * 1024 * 1024
FILES_MAX: Final = 100
_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can say; it says nothing."""
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class PackedFile(msgspec.Struct, frozen=True):
    """A file as the manifest names it."""

    path: str
    sha256: str
    bytes_count: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an evidence pack says that it holds.

    Attributes:
        format: Of the pack.
        tenant_id: Whose.
        encounter_id: Of which encounter.
        holds_phi: Whether PHI stands open in it.
        fact_count: Facts of the encounter's stream; the trail numbers them without a gap.
        last_event_id: The last of them.
        files: Everything in the archive but the manifest.
    """

    format: str
    tenant_id: str
    encounter_id: str
    holds_phi: bool
    fact_count: int
    last_event_id: str
    files: list[PackedFile]


def write_json(value: Any) -> bytes:
    """Write JSON that depends on the value alone: keys sorted, a line at the end."""
    return msgspec.json.format(_ENCODER.encode(value), indent=1) + b"\n"


def write_pack(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """Write an archive; the manifest's own list of files is made here."""
    listed = [
        PackedFile(path, hashlib.sha256(files[path]).hexdigest(), len(files[path]))
        for path in sorted(files)
    ]
    whole = dict(files)
    whole[MANIFEST] = write_json(msgspec.structs.replace(manifest, files=listed))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(whole):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.create_system = 3  # else it would say which system wrote it
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, whole[path])
    return out.getvalue()


class Checked(msgspec.Struct, frozen=True):
    """What a check of a pack found.

    Attributes:
        sha256: Of the archive, to compare with the one that was recorded when it was given.
        manifest: None where it cannot be read.
        faults: Why it does not hold; empty for a good one. They name files, never contents.
    """

    sha256: str
    manifest: Manifest | None
    faults: list[str]


def check_pack(data: bytes) -> Checked:
    """Check an archive against its own manifest. Never raises for bad bytes."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _checked(archive, sha256)
    except (zipfile.BadZipFile, msgspec.MsgspecError, OSError, EOFError, ValueError, KeyError,
            NotImplementedError, RuntimeError) as error:  # fmt: skip
        return Checked(sha256, None, [f"not an evidence pack: {type(error).__name__}"])


def _checked(archive: zipfile.ZipFile, sha256: str) -> Checked:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    faults = [f"{name}: twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if len(entries) > FILES_MAX or sum(entry.file_size for entry in entries) > BYTES_MAX:
        return Checked(sha256, None, ["larger than any evidence pack"])
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        return Checked(sha256, None, ["a file is compressed: packs are stored"])
    if MANIFEST not in names:
        return Checked(sha256, None, [f"{MANIFEST}: missing"])
    manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    if manifest.format != FORMAT:
        faults.append(f"{MANIFEST}: of format {manifest.format[:40]!r}, not {FORMAT}")
    listed = {file.path: file for file in manifest.files}
    faults += [f"{name}: not in the manifest" for name in names if name not in {*listed, MANIFEST}]
    for path, file in sorted(listed.items()):
        if path not in names:
            faults.append(f"{path}: missing")
            continue
        content = archive.read(path)
        if len(content) != file.bytes_count:
            faults.append(f"{path}: {len(content)} bytes, not {file.bytes_count}")
        elif hashlib.sha256(content).hexdigest() != file.sha256:
            faults.append(f"{path}: another content than the manifest says")
    if "trail.json" in names:
        faults += _trail_faults(archive.read("trail.json"), manifest)
    return Checked(sha256, manifest, faults)


def _trail_faults(content: bytes, manifest: Manifest) -> list[str]:
    """Check that the trail has no gap: an encounter's facts are numbered 1, 2, 3 ..."""
    trail = msgspec.json.decode(content, type=list[dict[str, Any]])
    numbers = [fact.get("stream_version") for fact in trail]
    faults = []
    if numbers != list(range(1, manifest.fact_count + 1)):
        faults.append("trail.json: facts are missing, or not in order")
    elif trail and trail[-1].get("event_id") != manifest.last_event_id:
        faults.append("trail.json: does not end with the last event of the manifest")
    return faults
