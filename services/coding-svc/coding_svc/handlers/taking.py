"""Messages in: read, located, taken or set aside, and answered.

    bytes ──▶ codec ──▶ Documented | SetAside ──▶ decide.take | set_aside ──▶ facts ──▶ answer

A message is answered with an accept only when its facts are durable. Its id derives from sender,
control number and content, so that the same bytes again are the same command, carried out once.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from msgspec import structs

from coding_svc.codec.fhir.document import Unreadable as UnreadableJson
from coding_svc.codec.fhir.document import read as read_json
from coding_svc.codec.fhir.encounter import KIND as FHIR
from coding_svc.codec.fhir.encounter import understand as understand_bundle
from coding_svc.codec.hl7v2 import batch
from coding_svc.codec.hl7v2.acknowledgement import Header, answers, header_of
from coding_svc.codec.hl7v2.encounter import understand
from coding_svc.codec.hl7v2.message import Unreadable, parse, parse_text
from coding_svc.codec.mllp import Frame
from coding_svc.decide import commands
from coding_svc.decide.encounter import Taking, encounter_parts, patient_parts, take
from coding_svc.handlers.queries import take_replies
from coding_svc.handlers.way import Taken, Way
from coding_svc.model.documented import Documented, Effect, SetAside
from coding_svc.model.note import NOTE_ID_PREFIX
from coding_svc.model.reasons import reason
from coding_svc.problems import EncounterMergedAway, PatientForgotten
from coding_svc.rules.profile import Profile, Profiles
from coding_svc.store import encounters as store
from rcm.events.clinical import Reason
from rcm.platform.keys import KeyDestroyed
from rcm.platform.telemetry import Log
from rcm.problems import Problem, StreamMoved

MERGES_FOLLOWED_MAX: Final = 50
SIBLINGS_MAX: Final = 50
"""Other encounters of the patient that a decision reads."""
IN_FLIGHT_MAX: Final = 400
"""Messages of one file that wait for the same commits."""


async def take_message(way: Way, data: bytes) -> Taken:
    """Take one HL7 v2 message in; durable when it returns.

    Raises:
        Problem: Nothing was stored; the sender has to send it again.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    parsed = parse(data)
    if isinstance(parsed, Unreadable):
        message_id = way.opaque_id("msg", "", "", sha256)
        aside = _rejected("", "", "", parsed.reason)
        return await _set_aside(way, aside, message_id, sha256, data.decode("latin-1"), Header())
    header = header_of(parsed)
    msh = parsed.header
    message_id = way.opaque_id("msg", msh.field(3), msh.field(4), msh.field(10), sha256)
    said = understand(parsed, way.profiles, message_id)
    return await _take(way, said, message_id, sha256, data.decode(parsed.charset), header)


async def take_bundle(way: Way, data: bytes) -> Taken:
    """Take one FHIR R4 bundle in; durable when it returns.

    Raises:
        Problem: Nothing was stored; the sender has to send it again.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    message_id = way.opaque_id("msg", FHIR, sha256)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        aside = _rejected(FHIR, "", "", reason("not-json", "Bundle"))
        kept = data.decode("latin-1")
        return await _set_aside(way, aside, message_id, sha256, kept, Header())
    return await take_text(way, text, FHIR, message_id, sha256)


async def take_text(way: Way, text: str, kind: str, message_id: str, sha256: str) -> Taken:
    """Take a bundle, or a message that was set aside before, under the id that it has.

    Raises:
        Problem: Nothing was stored.
    """
    said = understood(way.profiles, text, kind, message_id)
    return await _take(way, said, message_id, sha256, text, Header())


def understood(profiles: Profiles, text: str, kind: str, message_id: str) -> Documented | SetAside:
    """Read a message that was decoded before, by the profiles of today."""
    if kind == FHIR:
        document = read_json(text.encode("utf-8", "replace"))
        if isinstance(document, UnreadableJson):
            return _rejected(FHIR, "", "", document.reason)
        return understand_bundle(document, profiles, message_id)
    parsed = parse_text(text)
    if isinstance(parsed, Unreadable):
        return _rejected("", "", "", parsed.reason)
    return understand(parsed, profiles, message_id)


async def take_file(way: Way, data: bytes) -> list[Taken]:
    """Take a file of messages in; one whose counts do not hold is set aside whole.

    Raises:
        Problem: Some messages were not stored; the file has to be taken again.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    file = batch.split(data)
    if file.reasons:
        number = batch.control_number(data)
        aside = SetAside(
            kind="BATCH",
            sender="",
            control_number=number,
            outcome="rejected",
            reasons=file.reasons,
        )
        message_id = way.opaque_id("msg", "BATCH", sha256)
        text = data.decode("utf-8", "replace")
        return [await _set_aside(way, aside, message_id, sha256, text, Header())]
    # Commands are carried out in the order in which they are given; many share a commit.
    taken: list[Taken] = []
    for start in range(0, len(file.messages), IN_FLIGHT_MAX):
        chunk = file.messages[start : start + IN_FLIGHT_MAX]
        for run in _runs(chunk):
            taken += await asyncio.gather(*(take_message(way, message) for message in run))
    return taken


def _runs(messages: Sequence[bytes]) -> list[list[bytes]]:
    """Cut before and after each message that asks which encounters there are."""
    runs: list[list[bytes]] = [[]]
    for message in messages:
        if any(trigger in message[:500] for trigger in _ASKING):
            runs += [[message], []]
        else:
            runs[-1].append(message)
    return [run for run in runs if run]


async def answer_frame(
    way: Way, frame: Frame, now: Callable[[], datetime], log: Log
) -> list[bytes]:
    """Take a frame of MLLP in and write its acknowledgements; whatever happens, there is one.

    A fault of ours is answered with an error, so that the sender sends the message again.
    """
    at = now().strftime("%Y%m%d%H%M%S+0000")
    try:
        if frame.broken:
            taken = await _take_oversized(way, frame)
        else:
            taken = await take_message(way, frame.content)
    except Problem as problem:
        log.warning("message-not-stored", problem=problem.slug, tenant_id=way.tenant_id)
    except Exception:
        log.exception("message-failed", tenant_id=way.tenant_id)
    else:
        number = taken.message_id.rpartition("_")[2]
        return answers(taken.header, taken.answer, taken.reasons, at=at, number=number)
    header, number = _header_of(frame.content), _number(frame.content)
    return answers(header, "E", (_NOT_STORED,), at=at, number=number)


async def _take_oversized(way: Way, frame: Frame) -> Taken:
    header = _header_of(frame.content)
    sha256 = hashlib.sha256(frame.content).hexdigest()
    message_id = way.opaque_id("msg", "too-large", sha256)
    aside = _rejected("", "|".join(header.sending), "", reason("too-large", "MSH[1]"))
    return await _set_aside(way, aside, message_id, sha256, "", header)


def _header_of(data: bytes) -> Header:
    """Read the header of a message whose rest may be of no use."""
    parsed = parse(data[:4_096])
    return Header() if isinstance(parsed, Unreadable) else header_of(parsed)


def _number(data: bytes) -> str:
    """Number an answer that has no message of ours to name: the same again for the same bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


async def _take(
    way: Way,
    said: Documented | SetAside,
    message_id: str,
    sha256: str,
    text: str,
    header: Header,
) -> Taken:
    answered: list[str] = []
    if said.replies:
        answered, noticed = await take_replies(way, said.replies, message_id)
        said = structs.replace(said, reasons=(*said.reasons, *noticed))
        if isinstance(said, SetAside) and not noticed:
            return _answered(message_id, header, answered, ())
    if isinstance(said, SetAside):
        unread = structs.replace(said, outcome="rejected") if said.replies else said
        return await _set_aside(way, unread, message_id, sha256, text, header)
    profile = profile_of(way.profiles, said)
    taking = Taking(
        message=said,
        message_id=message_id,
        message_sha256=sha256,
        raw=text,
        profile=profile,
        codes=way.profiles.codes,
    )
    located = await _located(way, taking)
    if isinstance(located, SetAside) and answered:
        # What it says of the encounter is of no use, what it answers is.
        return _answered(message_id, header, answered, located.reasons)
    if isinstance(located, SetAside):
        return await _set_aside(way, located, message_id, sha256, text, header)
    patient_id = way.opaque_id("pt", *patient_parts(said))
    located = structs.replace(
        located, patient_id=patient_id, siblings=await _siblings(way, said, patient_id)
    )
    for _ in range(MERGES_FOLLOWED_MAX):
        located = _with_notes(way, located)
        try:
            outcome = await way.execute(
                command_id=message_id,
                streams=located.streams,
                decide=partial(take, located),
                key_ids=[patient_id],
            )
        except EncounterMergedAway as merged:
            # The merge settled who the patient is; this message still has the old number.
            moved = structs.replace(said, patient=None, reasons=(*said.reasons, MERGED))
            located = structs.replace(located, message=moved, encounter_id=merged.into_encounter_id)
            continue
        except (KeyDestroyed, PatientForgotten):
            forgotten = _rejected(said.kind, said.sender, said.control_number, _FORGOTTEN)
            return await _set_aside(way, forgotten, message_id, sha256, "", header)
        return _taken(message_id, header, outcome)
    raise StreamMoved("The account is being merged on and on; send the message again.")


async def _siblings(way: Way, said: Documented, patient_id: str) -> tuple[str, ...]:
    """Name the patient's other encounters, where there are charges to hold against them."""
    if way.siblings is None or not said.charges:
        return ()
    found = await way.siblings.of(way.runtime, way.tenant_id, patient_id)
    own = way.opaque_id("enc", *encounter_parts(said.key)) if said.key is not None else ""
    return tuple(other for other in found if other != own)[:SIBLINGS_MAX]


def _with_notes(way: Way, taking: Taking) -> Taking:
    """Name the streams of the notes that a message brings or takes back."""
    said, encounter_id = taking.message, taking.encounter_id
    if not encounter_id or not (said.notes or said.withdrawn):
        return taking
    numbers = (*said.withdrawn, *(note.document_number for note in said.notes))
    ids = {n: way.opaque_id(NOTE_ID_PREFIX, encounter_id, n) for n in numbers}
    return structs.replace(taking, note_ids=ids)


async def _located(way: Way, taking: Taking) -> Taking | SetAside:
    """Find the encounters that a message is about."""
    said = taking.message
    encounter_id = prior_id = ""
    others: Sequence[str] = ()
    if said.key is not None:
        encounter_id = way.opaque_id("enc", *encounter_parts(said.key))
    if said.prior_key is not None and encounter_id:
        prior_id = way.opaque_id("enc", *encounter_parts(said.prior_key))
    authority = said.key.authority if said.key is not None else said.sender.partition("|")[2]
    about = ""
    if said.effect is Effect.MERGE:
        about = said.prior_record_number
    elif said.key is None and said.effect is Effect.SNAPSHOT:
        about = said.medical_record_number
    if about:
        patient_id = way.opaque_id("pt", authority, about)
        async with way.runtime.read(way.tenant_id) as session:
            others = await store.encounters_of_patient(session, way.tenant_id, patient_id)
    if others and not said.medical_record_number:
        return _aside(said, "rejected", reason("no-medical-record-number", "PID[1]-3"))
    if not encounter_id and not others:
        if about:
            return _aside(said, "ignored", reason("patient-unknown", "PID[1]-3"))
        return _aside(said, "rejected", reason("no-encounter-key", "PID[1]-18"))
    return structs.replace(
        taking,
        encounter_id=encounter_id,
        prior_id=prior_id,
        others=tuple(other for other in others if other not in (encounter_id, prior_id)),
    )


async def _set_aside(
    way: Way, aside: SetAside, message_id: str, sha256: str, text: str, header: Header
) -> Taken:
    outcome = await way.execute(
        # Not the message's own command: once a profile is mended, the same bytes may be taken.
        command_id=f"{message_id}/{aside.outcome}",
        streams=[message_id],
        decide=lambda _loaded, _context: commands.set_aside(aside, message_id, sha256, text),
        key_ids=[message_id] if aside.outcome == "rejected" and text else [],
    )
    never_here = {why.rule_id for why in aside.reasons} & _NEVER_SEND_AGAIN
    return Taken(
        message_id=message_id,
        result=aside.outcome.upper(),
        answer="R" if never_here else "A",
        header=header,
        reasons=aside.reasons,
        repeated=outcome.repeated,
    )


def _taken(message_id: str, header: Header, outcome: Any) -> Taken:
    received = [r for r in outcome.recorded if r.event.name == "EncounterReceived"]
    noticed = {why: None for r in received for why in r.event.reasons}
    return Taken(
        message_id=message_id,
        result="ACCEPTED_WITH_ISSUES" if noticed else "ACCEPTED",
        answer="A",
        header=header,
        encounter_ids=tuple(r.stream_id for r in received),
        reasons=tuple(noticed),
        repeated=outcome.repeated,
    )


def _answered(
    message_id: str, header: Header, encounter_ids: Sequence[str], reasons: tuple[Reason, ...]
) -> Taken:
    """Tell of a message that did nothing but answer queries."""
    return Taken(
        message_id=message_id,
        result="ACCEPTED_WITH_ISSUES" if reasons else "ACCEPTED",
        answer="A",
        header=header,
        encounter_ids=tuple(dict.fromkeys(encounter_ids)),
        reasons=reasons,
    )


def profile_of(profiles: Profiles, said: Documented) -> Profile:
    """Return the profile that a message was read by."""
    application, _, facility = said.sender.partition("|")
    profile = profiles.of_sender(application, facility)
    assert profile is not None, "a message without profile is set aside"
    return profile


def _rejected(kind: str, sender: str, number: str, why: Reason) -> SetAside:
    return SetAside(
        kind=kind, sender=sender, control_number=number, outcome="rejected", reasons=(why,)
    )


def _aside(said: Documented, outcome: str, why: Reason) -> SetAside:
    return SetAside(
        kind=said.kind,
        sender=said.sender,
        control_number=said.control_number,
        outcome=outcome,
        reasons=(*said.reasons, why),
    )


_NOT_STORED: Final = reason("not-stored", "MSH[1]")
_ASKING: Final = (b"^A31", b"^A40", b"^A34", b"^A35", b"^A18")
MERGED: Final = reason("merged-away", "PID[1]-18")
_FORGOTTEN: Final = reason("patient-forgotten", "PID[1]-3")
_NEVER_SEND_AGAIN: Final = frozenset(
    {"not-hl7", "bad-delimiters", "too-large", "sender-not-expected"}
)
