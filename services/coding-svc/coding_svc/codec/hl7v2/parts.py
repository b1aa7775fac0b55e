"""Segments that say who was there, when, and who pays: PID PV1 GT1 IN1 DG1 PR1 ACC UB2 DRG.

Each function reads one segment (or group) into one part of the model. Where a sender may put a
value in several places, or in its own code, the profile says so.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from coding_svc.codec.hl7v2.message import NULL, Delimiters, Segment
from coding_svc.codec.hl7v2.values import cents, find_npi, moment
from coding_svc.model.account import (
    Coverage,
    Diagnosis,
    FacilityCodes,
    Injury,
    Practitioner,
    Procedure,
    Stay,
)
from coding_svc.model.person import Address, Guarantor, Name, Patient, Person
from coding_svc.model.reasons import reason
from coding_svc.rules.codes import CodeSystem, hcpcs, icd10_cm, icd10_pcs, system_of
from coding_svc.rules.profile import Profile
from rcm.events.clinical import DatedCode, Reason, ValueCode

_NOT_DIGITS: Final = re.compile(r"\D", re.ASCII)
_NUMBER_PUNCTUATION: Final = str.maketrans("", "", " -")
_SOCIAL_SECURITY: Final = "SS"
_POA_CODES: Final = frozenset("YNUW1")
_KINDS: Final = frozenset("AWFRE")
_ORDINALS: Final = {"1": 1, "2": 2, "3": 3, "P": 1, "S": 2, "T": 3}

Group = Mapping[str, Segment]
"""The segments of one group by name, such as IN1 with its IN2 and IN3."""


@lru_cache(maxsize=512)
def _path(path: str) -> tuple[str, int, int]:
    name, _, position = path.partition("-")
    field, _, component = position.partition(".")
    return name, int(field), int(component or "1")


def first_filled(group: Group, paths: tuple[str, ...]) -> tuple[str, str]:
    """Return the first value among field paths such as `IN1-36`, and which one it was."""
    for path in paths:
        name, field, component = _path(path)
        segment = group.get(name)
        if segment is not None:
            value = segment.text(field, component)
            if value:
                return value, path
    return "", ""


def practitioner(segment: Segment, number: int, profile: Profile) -> Practitioner | None:
    """Read a provider (XCN); None where the field names nobody."""
    raw = segment.field(number)
    if not raw or raw == NULL:
        return None
    npi, failed, local, last, first = _provider(raw, segment.delimiters)
    if not (npi or local or last):
        return None
    entry = profile.providers.get(local) or profile.providers.get(npi)
    if entry is not None:
        npi = npi or entry.npi
        last, first = (last, first) if last else (entry.last_name, entry.first_name)
    return Practitioner(
        npi=npi,
        local_number="" if local == npi else local,
        last_name=last,
        first_name=first,
        taxonomy_code=entry.taxonomy_code if entry is not None else "",
        fault="" if npi else "npi-check-digit" if failed else "npi-missing",
        path=f"{segment.path}-{number}",
    )


@lru_cache(maxsize=8192)
def _provider(raw: str, delimiters: Delimiters) -> tuple[str, bool, str, str, str]:
    """Take a raw XCN apart: NPI, whether one failed, local number, last and first name.

    A feed names the same few hundred providers all day, in the same words.
    """
    segment = Segment("XCN", ["", raw], delimiters, "")
    npi, failed = find_npi(raw)
    repetitions = segment.repetitions(1)
    chosen = next((r for r in repetitions if npi and npi in r), repetitions[0])
    local, last, first = (*segment.texts(chosen), "", "", "")[:3]
    return npi, failed, local, last, first


def name(segment: Segment, number: int) -> Name | None:
    """Read a person's name (XPN); None where it was not sent."""
    raw = segment.field(number)
    if not raw:
        return None
    texts = segment.texts(segment.repetitions(number)[0])
    texts += [""] * (4 - len(texts))
    return Name(texts[0], texts[1], texts[2], texts[3])


def address(segment: Segment, number: int) -> Address | None:
    """Read a postal address (XAD); None where it was not sent."""
    raw = segment.field(number)
    if not raw:
        return None
    texts = segment.texts(segment.repetitions(number)[0])
    texts += [""] * (6 - len(texts))
    line1, line2, city, state, postal, country = texts[:6]
    return Address(line1, line2, city, state.upper(), postal.replace("-", ""), country)


def phone(segment: Segment, number: int) -> str | None:
    """Read a telephone number (XTN) as digits; None where it was not sent."""
    raw = segment.field(number)
    if not raw:
        return None
    texts = segment.texts(segment.repetitions(number)[0])
    digits = _NOT_DIGITS.sub("", "".join(texts[5:7]))
    return digits or _NOT_DIGITS.sub("", texts[0])


def said(segment: Segment, number: int) -> str | None:
    """Read a field: None where it was not sent, empty where it was deleted."""
    raw = segment.field(number)
    if not raw:
        return None
    return raw if raw.isalnum() else segment.text(number)


def born_on(segment: Segment, number: int, profile: Profile) -> str | None:
    """Read a birth date: its first eight digits, so that a time zone cannot move the day."""
    text = said(segment, number)
    if not text:
        return text
    read = moment(text[:8], profile.zone)
    return read.day if read is not None else ""


def record_number(identifiers: Sequence[tuple[str, str, str]], profile: Profile) -> str:
    """Choose the medical record number among the repetitions of PID-3; never just the first."""
    untyped: list[str] = []
    for number, kind, authority in identifiers:
        if not number:
            continue
        if not kind:
            untyped.append(number)
        elif kind in profile.record_number_types and (
            not profile.record_number_authorities or authority in profile.record_number_authorities
        ):
            return number
    return untyped[0] if len(untyped) == 1 else ""


def patient(pid: Segment, profile: Profile, origin: str, sent: str) -> Patient:
    """Read PID."""
    identifiers = [_identifier(pid, one) for one in pid.repetitions(3)]
    record = record_number(identifiers, profile)
    others = [
        f"{kind}:{number}"
        for number, kind, _ in identifiers
        if number and number != record and kind != _SOCIAL_SECURITY
    ]
    sex = said(pid, 8)
    return Patient(
        person=Person(
            name=name(pid, 5),
            born_on=born_on(pid, 7, profile),
            sex_code=profile.sexes.get(sex.upper(), "U") if sex else sex,
            address=address(pid, 11),
            phone_number=phone(pid, 13),
        ),
        medical_record_number=record or None,
        account_number=said(pid, 18),
        other_numbers=tuple(others),
        origin=origin,
        as_of=sent,
    )


def guarantor(gt1: Segment, profile: Profile, origin: str) -> Guarantor:
    """Read GT1."""
    return Guarantor(
        person=Person(
            name=name(gt1, 3),
            born_on=born_on(gt1, 8, profile),
            address=address(gt1, 5),
            phone_number=phone(gt1, 6),
        ),
        relationship_code=gt1.text(11),
        origin=origin,
    )


def stay(pv1: Segment, profile: Profile, facility: str, origin: str, sent: str) -> Stay:
    """Read PV1; `facility` is MSH-4, where PV1-3-4 names none."""
    faults: list[Reason] = []
    sent_class = said(pv1, 2)
    class_code = profile.class_codes.get(sent_class.upper(), "") if sent_class else sent_class
    if sent_class and not class_code:
        faults.append(reason("class-unknown", f"{pv1.path}-2"))
    point, place = pv1.text(3), pv1.text(3, 4)
    started, ended = _moment(pv1, 44, profile, faults), _moment(pv1, 45, profile, faults)
    known_place = profile.places_of_service.get(point) or profile.places_of_service.get(place)
    return Stay(
        class_code=class_code,
        facility_id=profile.facilities.get(place) or profile.facilities.get(facility) or None,
        location="/".join(part for part in (place, point) if part) or None,
        place_of_service_code=known_place,
        admission_type_code=_mapped(pv1, 4, profile.admission_types),
        point_of_origin_code=_mapped(pv1, 14, profile.points_of_origin),
        patient_status_code=_mapped(pv1, 36, profile.patient_statuses),
        financial_class=said(pv1, 20),
        started_on=started[0],
        started_time=started[1],
        ended_on=ended[0],
        ended_time=ended[1],
        attending=Practitioner() if pv1.is_null(7) else practitioner(pv1, 7, profile),
        referring=Practitioner() if pv1.is_null(8) else practitioner(pv1, 8, profile),
        faults=tuple(faults),
        origin=origin,
        as_of=sent,
    )


def coverage(group: Group, profile: Profile, origin: str) -> Coverage:
    """Read IN1 with its IN2 and IN3."""
    in1 = group["IN1"]
    faults: list[Reason] = []
    sent_payer, plan = in1.text(3), in1.text(2)
    payer = profile.payers.get(sent_payer) or profile.payers.get(plan)
    payer_id = payer.payer_id if payer is not None else sent_payer
    if payer is None:
        taken = sent_payer and profile.uncrossed_payers == "take"
        payer_id = sent_payer if taken else ""
        faults.append(reason("payer-id-uncrossed" if taken else "no-payer-id", f"{in1.path}-3"))
    member, member_path = first_filled(group, profile.member_number)
    if not member:
        faults.append(reason("no-member-id", f"{in1.path}-36"))
    order = _ORDINALS.get(in1.text(22), 0)
    if not order:
        order = _ORDINALS.get(in1.text(1), 1)
        faults.append(reason("coverage-order-guessed", f"{in1.path}-22"))
    relation = _relationship(in1, profile)
    if not relation:
        faults.append(reason("relationship-unknown", f"{in1.path}-17"))
    sex = said(in1, 43)
    return Coverage(
        payer_id=payer_id,
        payer_name=(payer.name if payer is not None else "") or in1.text(4),
        sent_payer_number=sent_payer,
        plan_code=plan,
        filing_indicator_code=payer.filing_indicator_code if payer is not None else "CI",
        order=order,
        relationship_code=relation,
        member_number=member.translate(_NUMBER_PUNCTUATION),
        member_number_path=member_path,
        group_number=in1.text(8),
        group_name=in1.text(9),
        subscriber=Person(
            name=name(in1, 16),
            born_on=born_on(in1, 18, profile),
            sex_code=profile.sexes.get(sex.upper(), "U") if sex else sex,
            address=address(in1, 19),
        ),
        authorization_number=first_filled(group, profile.authorization_number)[0],
        faults=tuple(faults),
        origin=origin,
    )


def diagnosis(dg1: Segment, origin: str) -> Diagnosis:
    """Read DG1."""
    method = dg1.text(2)
    code, faults = diagnosis_code(dg1.texts(dg1.field(3)), f"{dg1.path}-3", method)
    kind, rank, poa = dg1.text(6).upper()[:1], dg1.text(15), dg1.text(26).upper()
    return Diagnosis(
        code=code,
        kind=kind if kind in _KINDS else "F",
        rank=int(rank) if rank.isascii() and rank.isdigit() and len(rank) <= 3 else 0,
        poa_code=poa if poa in _POA_CODES else "",
        faults=faults,
        origin=origin,
    )


def diagnosis_code(texts: list[str], path: str, method: str = "") -> tuple[str, tuple[Reason, ...]]:
    """Choose the ICD-10-CM code of a coded element (CWE), which may hold two codings."""
    texts = [*texts, "", "", "", "", "", ""]
    for code, system_name in ((texts[0], texts[2]), (texts[3], texts[5])):
        if system_of(system_name) is CodeSystem.ICD10_CM:
            shaped = icd10_cm(code)
            return shaped, () if shaped else (reason("dx-malformed", path),)
    if system_of(texts[2] or method) is CodeSystem.OTHER:
        return "", (reason("dx-not-billable-system", path),)
    shaped = icd10_cm(texts[0])
    if system_of(texts[2] or method) is CodeSystem.ICD10_CM and shaped:
        return shaped, ()
    return shaped, (reason("dx-system-guessed" if shaped else "dx-malformed", path),)


def procedure(pr1: Segment, profile: Profile, origin: str) -> Procedure:
    """Read PR1."""
    texts = [*pr1.texts(pr1.field(3)), "", "", ""]
    system = system_of(texts[2] or pr1.text(2))
    faults: list[Reason] = []
    code = hcpcs(texts[0]) if system in (CodeSystem.HCPCS, CodeSystem.NONE) else ""
    is_hcpcs = bool(code)
    if not code and system in (CodeSystem.ICD10_PCS, CodeSystem.NONE):
        code = icd10_pcs(texts[0])
    if not code:
        faults.append(reason("pcs-malformed", f"{pr1.path}-3"))
    performed = moment(pr1.text(5), profile.zone)
    if performed is None and not is_hcpcs:
        faults.append(reason("procedure-date-missing", f"{pr1.path}-5"))
    rank = pr1.text(14)
    return Procedure(
        code=code,
        is_hcpcs=is_hcpcs,
        performed_on=performed.day if performed is not None else "",
        rank=int(rank) if rank.isascii() and rank.isdigit() and len(rank) <= 3 else 0,
        surgeon=practitioner(pr1, 11, profile) or practitioner(pr1, 12, profile),
        faults=() if is_hcpcs else tuple(faults),
        origin=origin,
    )


def injury(acc: Segment, profile: Profile, origin: str) -> Injury:
    """Read ACC."""
    happened = moment(acc.text(1), profile.zone)
    return Injury(
        happened_on=happened.day if happened is not None else "",
        cause_code=profile.accident_causes.get(acc.text(2).upper(), "OA"),
        state_code=acc.text(4).upper()[:2],
        origin=origin,
    )


def facility_codes(group: Group, profile: Profile, origin: str) -> FacilityCodes:
    """Read UB2 and DRG."""
    drg, ub2 = group.get("DRG"), group.get("UB2")
    drg_code = drg.text(1) if drg is not None else ""
    occurrences: list[DatedCode] = []
    spans: list[DatedCode] = []
    values: list[ValueCode] = []
    conditions: list[str] = []
    if ub2 is not None:
        conditions = [ub2.value(raw).upper() for raw in ub2.repetitions(3)]
        for raw in ub2.repetitions(6):
            texts = [*ub2.texts(raw), ""]
            amount = cents(texts[1])
            if texts[0] and amount is not None:
                values.append(ValueCode(code=texts[0].upper(), amount_cents=amount))
        for number, found in ((7, occurrences), (8, spans)):
            for raw in ub2.repetitions(number):
                texts = [*ub2.texts(raw), "", ""]
                start, end = moment(texts[1], profile.zone), moment(texts[2], profile.zone)
                if texts[0] and start is not None:
                    through = end.day if end is not None else None
                    found.append(
                        DatedCode(code=texts[0].upper(), from_on=start.day, through_on=through)
                    )
    return FacilityCodes(
        drg_code=drg_code.zfill(3) if drg_code else "",
        occurrences=tuple(occurrences),
        spans=tuple(spans),
        values=tuple(values),
        condition_codes=tuple(code for code in conditions if code),
        origin=origin,
    )


def _identifier(pid: Segment, repetition: str) -> tuple[str, str, str]:
    """Read one identifier (CX): number, type code, assigning authority."""
    texts = pid.texts(repetition)
    kind = texts[4].upper() if len(texts) > 4 else ""
    return texts[0], kind, texts[3] if len(texts) > 3 else ""


def _mapped(segment: Segment, number: int, table: Mapping[str, str]) -> str | None:
    text = said(segment, number)
    return table.get(text.upper(), "") if text else text


def _moment(
    segment: Segment, number: int, profile: Profile, faults: list[Reason]
) -> tuple[str | None, str | None]:
    text = said(segment, number)
    if not text:
        return text, text
    read = moment(text, profile.zone)
    if read is None:
        faults.append(reason("date-unreadable", f"{segment.path}-{number}"))
        return "", ""
    return read.day, read.time


def _relationship(in1: Segment, profile: Profile) -> str:
    for component in (1, 2):
        mapped = profile.relationships.get(in1.text(17, component).upper())
        if mapped:
            return mapped
    return ""
