"""A whole message as what it says about an encounter.

    MSH-9   effect                              of what
    ADT     snapshot; cancel A11 A13; merge A40 patient, stay, guarantor, coverages, diagnoses
    DFT     charges are added                   the same, and charges
    BAR     snapshot P01 P05, codes P12, end P06 the same, and facility codes
    MDM     documents                           notes that support the coding

Position matters: a DG1 inside an FT1 group of a P11 is of that charge, elsewhere of the encounter.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from msgspec import Struct, structs

from coding_svc.codec.hl7v2 import parts
from coding_svc.codec.hl7v2.charges import Line, charge, is_charge
from coding_svc.codec.hl7v2.documents import reply_of
from coding_svc.codec.hl7v2.message import Message, Segment
from coding_svc.codec.hl7v2.notes import REPORT, note_of
from coding_svc.codec.hl7v2.values import moment, sortable
from coding_svc.model.account import Charge, Coverage, Document, Stay
from coding_svc.model.documented import Documented, Effect, Key, SetAside
from coding_svc.model.reasons import reason
from coding_svc.rules.profile import Profile, Profiles
from rcm.events.clinical import Reason

EFFECTS: Final = {
    **dict.fromkeys(
        ("ADT^A01", "ADT^A03", "ADT^A04", "ADT^A05", "ADT^A06", "ADT^A07", "ADT^A08", "ADT^A31"),
        Effect.SNAPSHOT,
    ),
    "ADT^A11": Effect.CANCEL_ADMIT,
    "ADT^A13": Effect.CANCEL_DISCHARGE,
    **dict.fromkeys(("ADT^A18", "ADT^A34", "ADT^A35", "ADT^A40"), Effect.MERGE),
    "DFT^P03": Effect.ADD,
    "DFT^P11": Effect.ADD,
    "BAR^P01": Effect.SNAPSHOT,
    "BAR^P05": Effect.SNAPSHOT,
    "BAR^P06": Effect.CLOSE,
    "BAR^P12": Effect.CODE,
    **dict.fromkeys(("MDM^T02", "MDM^T08", "MDM^T11"), Effect.ADD),
    REPORT: Effect.ADD,
}
"""The messages that are taken, and what each does."""

_CLASS_OF_TRIGGER: Final = {"ADT^A06": "I", "ADT^A07": "O", "ADT^A05": "P"}
_BRING_NOTES: Final = frozenset({"MDM^T02", "MDM^T08", REPORT})
_FINAL_DOCUMENTS: Final = ("AU", "LA", "DI")
_NAME_MAX: Final = 100

T = TypeVar("T")


def understand(message: Message, profiles: Profiles, message_id: str) -> Documented | SetAside:
    """Read a message by its sender's profile; never raises.

    Args:
        message: As parsed.
        profiles: Of the tenant.
        message_id: Ours, for the origin of each part.
    """
    msh = message.header
    application, facility = msh.text(3)[:_NAME_MAX], msh.text(4)[:_NAME_MAX]
    sender = f"{application}|{facility}"
    profile = profiles.of_sender(application, facility)
    kind, number = message.trigger[:_NAME_MAX], msh.text(10)[:_NAME_MAX]

    def aside(outcome: str, why: Reason) -> SetAside:
        return SetAside(
            kind=kind,
            sender=sender,
            control_number=number,
            outcome=outcome,
            reasons=(*message.reasons, why),
        )

    if profile is None:
        return aside("rejected", reason("sender-not-expected", "MSH[1]-3"))
    is_production = msh.text(11) in profile.processing
    reply = reply_of(message) if is_production else None
    replies = (reply,) if reply is not None else ()
    if kind not in EFFECTS or (kind == REPORT and not profile.takes_reports):
        why = reason("kind-not-taken", "MSH[1]-9")
        return structs.replace(aside("ignored", why), replies=replies)
    if not is_production:
        return aside("ignored", reason("not-production", "MSH[1]-11"))
    if kind.startswith("DFT") and not profile.is_charge:
        return aside("ignored", reason("not-a-charge", "MSH[1]-9"))
    documented = _Reader(message, profile, message_id, sender, kind).documented()
    return structs.replace(documented, replies=replies) if replies else documented


class _Groups(Struct):
    """The segments of a message, sorted into the groups that belong together."""

    single: dict[str, Segment]
    lines: list[Line]
    diagnoses: list[Segment]
    procedures: list[Segment]
    coverages: list[dict[str, Segment]]


class _Reader:
    """Reads one message; the parts of it one after the other."""

    def __init__(
        self, message: Message, profile: Profile, message_id: str, sender: str, kind: str
    ) -> None:
        self.message = message
        self.profile = profile
        self.sender = sender
        self.kind = kind
        self.facility = sender.partition("|")[2]
        self.groups = _grouped(message, charges_own_codes=kind == "DFT^P11")
        self.reasons: list[Reason] = list(message.reasons)
        self._message_id = message_id
        evn = self.groups.single.get("EVN")
        recorded = evn.text(2) if evn is not None else ""
        zone = profile.zone
        self.sent = sortable(recorded, zone) or sortable(message.header.text(7), zone)

    def documented(self) -> Documented:
        """Put the parts together."""
        single, profile = self.groups.single, self.profile
        pid, pv1, gt1, mrg = (single.get(name) for name in ("PID", "PV1", "GT1", "MRG"))
        effect = EFFECTS[self.kind]
        number = self.message.header.text(10)[:_NAME_MAX]
        if not number:
            self.reasons.append(reason("control-number-missing", "MSH[1]-10"))
        patient = None
        if pid is not None:
            patient = parts.patient(pid, profile, self._origin(pid), self.sent)
            visit = pv1.text(19) if pv1 is not None else ""
            if visit:
                patient = structs.replace(patient, visit_number=visit)
        stay = None
        if pv1 is not None or self.kind in _CLASS_OF_TRIGGER:
            stay = self._stay(pv1)
        record = (patient.medical_record_number or "") if patient is not None else ""
        facility_codes = None
        if "UB2" in single or "DRG" in single:
            origin = self._origin(single.get("UB2") or single["DRG"])
            facility_codes = parts.facility_codes(single, profile, origin)
        acc, coverages = single.get("ACC"), self._coverages()
        documents, withdrawn = self._documents()
        note = note_of(self.message, self.kind, profile) if self.kind in _BRING_NOTES else None
        return Documented(
            kind=self.kind,
            effect=effect,
            sender=self.sender,
            control_number=number,
            sent=self.sent,
            key=self._key(record),
            medical_record_number=record,
            prior_key=self._prior_key(mrg),
            prior_record_number=mrg.text(1) if mrg is not None else "",
            patient=patient,
            guarantor=parts.guarantor(gt1, profile, self._origin(gt1)) if gt1 else None,
            coverages=coverages,
            stay=stay,
            diagnoses=self._each(self.groups.diagnoses, parts.diagnosis),
            diagnosis_actions=_actions(self.groups.diagnoses, 21),
            procedures=self._each(
                self.groups.procedures, lambda pr1, origin: parts.procedure(pr1, profile, origin)
            ),
            procedure_actions=_actions(self.groups.procedures, 20),
            charges=self._charges(),
            injury=parts.injury(acc, profile, self._origin(acc)) if acc is not None else None,
            facility_codes=facility_codes,
            documents=documents,
            withdrawn=withdrawn,
            notes=(note,) if note is not None else (),
            removes_insurance=(
                self.kind == "ADT^A08" and coverages is None and profile.absent_insurance_removes
            ),
            reasons=tuple(self.reasons),
        )

    def _origin(self, segment: Segment) -> str:
        return f"{self._message_id}#{segment.path}"

    def _stay(self, pv1: Segment | None) -> Stay:
        implied = _CLASS_OF_TRIGGER.get(self.kind)
        if pv1 is None:
            return Stay(class_code=implied, as_of=self.sent)
        stay = parts.stay(pv1, self.profile, self.facility, self._origin(pv1), self.sent)
        changes: dict[str, object] = {}
        if implied and not stay.class_code:
            changes["class_code"] = implied
        if self.kind in ("ADT^A01", "ADT^A04"):
            changes["is_cancelled"] = False
        if self.kind == "ADT^A03" and stay.ended_on is None and (ended := self._recorded()):
            changes |= {"ended_on": ended[0], "ended_time": ended[1]}
        return structs.replace(stay, **changes) if changes else stay

    def _recorded(self) -> tuple[str, str] | None:
        """When the event happened (EVN-6, else EVN-2): a discharge without PV1-45."""
        evn = self.groups.single.get("EVN")
        if evn is None:
            return None
        zone = self.profile.zone
        read = moment(evn.text(6), zone) or moment(evn.text(2), zone)
        return (read.day, read.time) if read is not None else None

    def _key(self, record: str) -> Key | None:
        """Choose what names the encounter, by the profile; say so where it is derived."""
        single, profile = self.groups.single, self.profile
        authority = profile.authority or self.facility
        number, _ = parts.first_filled(single, profile.encounter_key)
        if number:
            return Key(authority, number)
        pv1 = single.get("PV1")
        started = pv1.text(44) if pv1 is not None else ""
        if pv1 is not None and record and started:
            derived = "/".join((record, started[:8], pv1.text(3)))
            return Key(authority, derived, (reason("encounter-key-derived", "PV1[1]-19"),))
        return None

    def _prior_key(self, mrg: Segment | None) -> Key | None:
        """The account (MRG-3) or visit (MRG-5) that goes away."""
        number = (mrg.text(3) or mrg.text(5)) if mrg is not None else ""
        return Key(self.profile.authority or self.facility, number) if number else None

    def _coverages(self) -> tuple[Coverage, ...] | None:
        """Read the encounter's coverages; those of P11 charges must be the same ones."""
        of_lines = [line.coverages for line in self.groups.lines if line.coverages]
        groups = self.groups.coverages or (of_lines[0] if of_lines else [])
        if not groups:
            return None
        read = [self._coverage(group) for group in groups]
        for line in of_lines:
            for group in line:
                coverage = self._coverage(group)
                if not any(_same_coverage(coverage, other) for other in read):
                    fault = reason("line-coverage-differs", group["IN1"].path)
                    read[0] = structs.replace(read[0], faults=(*read[0].faults, fault))
        return tuple(read)

    def _coverage(self, group: dict[str, Segment]) -> Coverage:
        return parts.coverage(group, self.profile, self._origin(group["IN1"]))

    def _each(
        self, segments: list[Segment], read: Callable[[Segment, str], T]
    ) -> tuple[T, ...] | None:
        if not segments:
            return None
        return tuple(read(segment, self._origin(segment)) for segment in segments)

    def _charges(self) -> tuple[Charge, ...]:
        charges: list[Charge] = []
        seen: set[str] = set()
        for line in self.groups.lines:
            if not is_charge(line.ft1):
                self.reasons.append(reason("not-a-charge", f"{line.ft1.path}-6"))
                continue
            read = charge(line, self.profile, self._origin(line.ft1))
            if read.is_numbered and read.charge_id in seen:
                # The same number for two lines is a batch's or a set's, not the charge's.
                self.reasons.append(reason("charge-id-not-unique", f"{line.ft1.path}-2"))
                read = structs.replace(read, charge_id=f"{read.charge_id}#{len(charges) + 1}")
            seen.add(read.charge_id)
            charges.append(read)
        return tuple(charges)

    def _documents(self) -> tuple[tuple[Document, ...], tuple[str, ...]]:
        txa = self.groups.single.get("TXA")
        if txa is None or not txa.text(12):
            return (), ()
        number = txa.text(12)
        if self.kind == "MDM^T11":
            return (), (number,)
        is_final = txa.text(17).upper() in _FINAL_DOCUMENTS
        document = Document(number, txa.text(2), is_final, self._origin(txa))
        # An edited note (T08) replaces its parent (TXA-13), which is withdrawn.
        parent = txa.text(13)
        return (document,), (parent,) if parent and parent != number else ()


def _grouped(message: Message, *, charges_own_codes: bool) -> _Groups:
    """Sort the segments into groups by their position."""
    groups = _Groups({}, [], [], [], [])
    insurance: dict[str, Segment] | None = None
    line: Line | None = None
    for segment in message.segments:
        name = segment.name
        if name == "FT1":
            line, insurance = Line(segment, [], [], []), None
            groups.lines.append(line)
        elif name == "PR1":
            groups.procedures.append(segment)
            if line is not None:
                line.procedures.append(segment)
        elif name == "DG1":
            if line is not None and charges_own_codes:
                line.diagnoses.append(segment)
            else:
                groups.diagnoses.append(segment)
        elif name == "IN1":
            insurance = {"IN1": segment}
            if line is not None and charges_own_codes:
                line.coverages.append(insurance)
            else:
                groups.coverages.append(insurance)
        elif name in ("IN2", "IN3"):
            if insurance is not None:
                insurance.setdefault(name, segment)
        else:
            groups.single.setdefault(name, segment)
    return groups


def _actions(segments: list[Segment], number: int) -> tuple[str, ...]:
    """Read the action codes of a list; none when the sender uses none."""
    actions = tuple(segment.text(number).upper()[:1] for segment in segments)
    return actions if any(action in "AUD" and action for action in actions) else ()


def _same_coverage(one: Coverage, other: Coverage) -> bool:
    return (
        one.payer_id == other.payer_id
        and one.member_number == other.member_number
        and one.order == other.order
    )
