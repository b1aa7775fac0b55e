"""Makes HL7 v2 messages, profiles and encounters for the tests of coding-svc. All synthetic."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from coding_svc.codec.hl7v2.encounter import understand
from coding_svc.codec.hl7v2.message import Message, parse
from coding_svc.decide.billing import Assessment, assess
from coding_svc.decide.encounter import Taking, encounter_parts, patient_parts, take
from coding_svc.decide.merge import faults_of, merge
from coding_svc.handlers import SERVICE
from coding_svc.model.account import Account
from coding_svc.model.documented import Documented, SetAside
from coding_svc.rules.edits import NOT_LOADED, CodeRules
from coding_svc.rules.profile import Profile, Profiles, extended
from coding_svc.store.encounters import CodingTable
from memory_cases import MemoryKeys, MemoryService
from rcm.domain import Command

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
SHIPPED = ROOT / "services" / "coding-svc" / "coding_svc" / "rules" / "profiles"
TENANT = "northside"
TODAY = "2026-03-22"

DOCTOR = "1999999901^ALPHADOC^ANNA^^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI"
SURGEON = "1999999935^SURGEON^SAM^^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI"


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The profiles that come with the service, as data."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in SHIPPED.glob("*.yaml")}


def profile(name: str = "generic", **changes: Any) -> Profile:
    return Profile.of({**extended(shipped()[name], shipped()), **changes})


def profiles(*those: Profile) -> Profiles:
    return Profiles(those or (profile("epic-pb"), profile("epic-hb"), profile()))


def segment(name: str, **fields: str) -> str:
    """Write a segment: `segment("FT1", f4="20260227")` is `FT1||||20260227`."""
    numbered = {int(field[1:]): value for field, value in fields.items()}
    return "|".join([name, *(numbered.get(n, "") for n in range(1, max(numbered, default=0) + 1))])


def message(
    kind: str,
    *segments: str,
    number: str = "M1",
    sent: str = "20260302101500-0500",
    sender: str = "EHR|HOSP",
    version: str = "2.5.1",
    processing: str = "P",
    more: str = "",
) -> bytes:
    header = f"MSH|^~\\&|{sender}|RCM|BILLING|{sent}||{kind}|{number}|{processing}|{version}{more}"
    event = segment("EVN", f1=kind.partition("^")[2], f2=sent)
    return ("\r".join([header, event, *segments]) + "\r").encode()


def pid(record: str = "R1", account: str = "A1", **fields: str) -> str:
    defaults = {
        "f1": "1",
        "f3": f"{record}^^^HOSP^MR~000000000^^^SSA^SS",
        "f5": "TESTPATIENT^ALPHA^Q",
        "f7": "19800615",
        "f8": "F",
        "f11": "100 TEST ST^^COLUMBUS^OH^43004",
        "f13": "^PRN^PH^^1^614^5550100",
        "f18": account,
    }
    return segment("PID", **{**defaults, **fields})


def pv1(kind: str = "O", visit: str = "V1", **fields: str) -> str:
    defaults = {
        "f1": "1",
        "f2": kind,
        "f3": "CLINIC1^^^HOSP",
        "f7": DOCTOR,
        "f19": visit,
        "f44": "20260227090000-0500",
    }
    return segment("PV1", **{**defaults, **fields})


def in1(payer: str = "60054", member: str = "W123456789", order: str = "1", **fields: str) -> str:
    defaults = {
        "f1": order,
        "f2": "PLAN",
        "f3": f"{payer}^^^PAYERID",
        "f4": "AETNA",
        "f8": "GRP001",
        "f16": "TESTPATIENT^ALPHA",
        "f17": "18^SELF",
        "f18": "19800615",
        "f19": "100 TEST ST^^COLUMBUS^OH^43004",
        "f22": order,
        "f36": member,
    }
    return segment("IN1", **{**defaults, **fields})


def ft1(number: str = "TX1", amount: str = "285.00", code: str = "99214^^C4", **fields: str) -> str:
    defaults = {
        "f1": "1",
        "f2": number,
        "f4": "20260227090000-0500",
        "f5": "20260302",
        "f6": "CG",
        "f7": "LOS4^LOCAL",
        "f10": "1",
        "f11": amount,
        "f16": "CLINIC1^^^HOSP^^^11",
        "f19": "E11.9^^I10~I10^^I10",
        "f20": DOCTOR,
        "f25": code,
    }
    return segment("FT1", **{**defaults, **fields})


def dg1(code: str, kind: str = "F", rank: str = "1", **fields: str) -> str:
    defaults = {"f1": rank, "f3": f"{code}^^I10", "f6": kind, "f15": rank}
    return segment("DG1", **{**defaults, **fields})


def register(**fields: Any) -> bytes:
    """An outpatient is registered, with one coverage."""
    return message("ADT^A04", pid(), pv1(), in1(), **{"number": "ADT1", **fields})


def charges(*lines: str, number: str = "DFT1", **fields: Any) -> bytes:
    """Charges are posted; one line unless told."""
    return message("DFT^P03", pid(), pv1(), *(lines or (ft1(),)), number=number, **fields)


def stay(
    *diagnoses: tuple[str, str],
    admitted: str = "20260301",
    discharged: str = "20260305",
    procedures: tuple[str, ...] = (),
    revenue: str = "0120",
) -> list[bytes]:
    """An inpatient stay with final diagnoses and a room charge."""
    known = {
        "f44": f"{admitted}080000-0500",
        "f45": f"{discharged}110000-0500",
        "f4": "1",
        "f14": "1",
        "f36": "01",
    }
    house = pv1("I", **known)
    room = ft1(
        code="",
        f4=f"{admitted}090000-0500^{discharged}090000-0500",
        f7=f"{revenue}^ROOM^UB",
        f19="",
        amount="4000.00",
    )
    coded = [dg1(code, rank=str(n), f26=poa) for n, (code, poa) in enumerate(diagnoses, start=1)]
    done = [
        segment("PR1", f1="1", f3=f"{p}^^I10P", f5=admitted, f11=SURGEON, f14="1")
        for p in procedures
    ]
    return [
        message("ADT^A01", pid(), house, in1(), number="A"),
        message("BAR^P05", pid(), house, *coded, *done, in1(), number="B"),
        message("DFT^P03", pid(), house, room, number="C"),
    ]


def parsed(data: bytes) -> Message:
    read = parse(data)
    assert isinstance(read, Message), read
    return read


def said(data: bytes, *those: Profile, message_id: str = "msg_1") -> Documented:
    """What a message says; it must be one that is taken."""
    read = understand(parsed(data), profiles(*those), message_id)
    assert isinstance(read, Documented), read
    return read


def aside(data: bytes, *those: Profile) -> SetAside:
    """Why a message is set aside."""
    read = understand(parsed(data), profiles(*those), "msg_1")
    assert isinstance(read, SetAside), read
    return read


def merged(*messages: bytes, profile: Profile | None = None) -> tuple[Account, list[str]]:
    """The account after some messages, and the rule ids of all that was noticed."""
    account, noticed = None, []
    those = (profile,) if profile is not None else ()
    for n, data in enumerate(messages, start=1):
        read = said(data, *those, message_id=f"msg_{n}")
        account, found = merge(account, read)
        noticed += [r.rule_id for r in (*faults_of(read), *found)]
    assert account is not None
    return account, noticed


def assessed(
    *messages: bytes,
    profile: Profile | None = None,
    today: str = TODAY,
    codes: CodeRules = NOT_LOADED,
) -> Assessment:
    """Whether the encounter of some messages can be billed."""
    account, _ = merged(*messages, profile=profile)
    application, _, facility = account.sender.partition("|")
    chosen = profile or profiles().of_sender(application, facility)
    assert chosen is not None
    return assess(account, chosen, today=today, codes=codes)


def rules(reasons: Any) -> list[str]:
    return [reason.rule_id for reason in reasons]


def places(reasons: Any) -> set[tuple[str, str]]:
    return {(reason.rule_id, reason.path) for reason in reasons}


class Desk:
    """coding-svc in memory: takes messages, and shows what it recorded."""

    def __init__(self, *those: Profile, codes: CodeRules = NOT_LOADED) -> None:
        self.service = MemoryService(SERVICE, CodingTable.metadata, keys=MemoryKeys())
        self.profiles = Profiles(profiles(*those).profiles, codes)
        self.siblings: tuple[str, ...] = ()
        self.count = 0

    def opaque(self, prefix: str, *parts: str) -> str:
        return self.service.keys.opaque_id(TENANT, prefix, *parts)

    def encounter_id(self, account: str = "A1", authority: str = "HOSP") -> str:
        return self.opaque("enc", authority, account)

    def take(self, data: bytes, others: tuple[str, ...] = ()) -> list[Any]:
        """Take a message; returns the events that follow."""
        self.count += 1
        return self.take_as(f"msg_{self.count}", data, others)

    def take_as(self, message_id: str, data: bytes, others: tuple[str, ...] = ()) -> list[Any]:
        read = understand(parsed(data), self.profiles, message_id)
        assert isinstance(read, Documented), read
        application, _, facility = read.sender.partition("|")
        chosen = self.profiles.of_sender(application, facility)
        assert chosen is not None
        target = self.opaque("enc", *encounter_parts(read.key)) if read.key else ""
        numbers = (*read.withdrawn, *(note.document_number for note in read.notes))
        taking = Taking(
            message=read,
            message_id=message_id,
            message_sha256="0" * 64,
            raw=data.decode("utf-8", "replace"),
            profile=chosen,
            codes=self.profiles.codes,
            note_ids={n: self.opaque("note", target, n) for n in numbers},
            siblings=self.siblings,
            patient_id=self.opaque("pt", *patient_parts(read)),
            encounter_id=target,
            prior_id=self.opaque("enc", *encounter_parts(read.prior_key)) if read.prior_key else "",
            others=others,
        )
        decide = partial(take, taking)
        return self.execute(message_id, taking.streams, decide, key_ids=[taking.patient_id])

    def execute(self, command_id: str, streams: Any, decide: Any, **more: Any) -> list[Any]:
        outcome = self.service.execute(
            Command(
                tenant_id=TENANT,
                command_id=command_id,
                streams=streams,
                decide=decide,
                actor="test",
                **more,
            )
        )
        return [recorded.event for recorded in outcome.recorded]

    def state(self, account: str = "A1") -> Any:
        return self.service.state(self.encounter_id(account), TENANT)
