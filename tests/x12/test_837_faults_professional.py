"""Seeded faults in an 837P: each is found, under its rule, at its place, and nothing else is."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from x12_837_cases import (
    AS_OF,
    PROFESSIONAL,
    World,
    a_file,
    ambulance,
    auto_accident,
    changed,
    dependent,
    drug_given,
    edited,
    hospital_visit,
    office_visit,
    replacement,
    secondary_by_claim,
    secondary_by_line,
)

from rcm.x12 import x837

Edit = Callable[[bytes], bytes]


class Seeded(NamedTuple):
    """A fault put into a valid file, and what must be said of it."""

    name: str
    shape: Callable[[World], x837.ProfessionalClaim]
    edit: Edit
    rule: str
    position: str
    loop: str = ""


def replace(old: str, new: str, turn: int = 1) -> Edit:
    return lambda data: changed(data, old, new, turn=turn)


def text(old: str, new: str) -> Edit:
    return lambda data: edited(data, old, new)


def cut(before: str) -> Edit:
    """End the file before a segment."""
    return lambda data: data[: data.index(f"~{before}*".encode()) + 1]


CLAIM = "2000A[1]/2000B[1]/2300[1]"
FAULTS = (
    # Envelopes.
    Seeded("se-count", office_visit, lambda d: d.replace(b"SE*28", b"SE*29"), "se01-count", "SE01"),
    Seeded("se-number", office_visit, text("SE*28*0001", "SE*28*0002"), "se02-mismatch", "SE02"),
    Seeded("ge-count", office_visit, text("GE*1*1", "GE*2*1"), "ge01-count", "GE01"),
    Seeded("ge-number", office_visit, text("GE*1*1", "GE*1*7"), "ge02-mismatch", "GE02"),
    Seeded("iea-count", office_visit, text("IEA*1*", "IEA*3*"), "iea01-count", "IEA01"),
    Seeded("iea-number", office_visit, text("IEA*1*000000001", "IEA*1*000000002"), "iea02-mismatch", "IEA02"),
    Seeded("no-iea", office_visit, cut("IEA"), "missing-iea", "ISA"),
    # Levels.
    Seeded("hl-number", office_visit, text("HL*2*1*22", "HL*9*1*22"), "hl-number", "HL01"),
    Seeded("hl-parent", office_visit, text("HL*2*1*22", "HL*2*2*22"), "hl-parent", "HL02"),
    Seeded("hl-child", office_visit, text("HL*2*1*22*0", "HL*2*1*22*1"), "hl-child-code", "HL04"),
    Seeded("hl-promised-no-child", dependent, text("*22*1", "*22*0"), "hl-child-code", "HL04"),
    # Structure.
    Seeded("no-diagnoses", office_visit, replace("HI*", ""), "segment-missing", "HI", CLAIM),
    Seeded("no-service", office_visit, replace("SV1*", ""), "segment-missing", "SV1", "2400[1]"),
    Seeded("no-lines", office_visit, replace("LX*1", ""), "segment-missing", "LX", "2400[1]"),
    Seeded("two-dates", office_visit, replace("DTP*472", "DTP*472*D8*20260301~DTP*472*D8*20260302"), "segment-too-often", "DTP", "2400[1]"),
    Seeded("out-of-order", hospital_visit, replace("PWK*03", "PWK*03*AA~DTP*304*D8*20260101"), "segment-out-of-order", "DTP", CLAIM),
    Seeded("unknown-segment", office_visit, replace("REF*D9", "REF*D9*T4~ZZZ*1"), "segment-unknown", "ZZZ", CLAIM),
    Seeded("not-this-guide", office_visit, replace("REF*D9", "REF*D9*T4~CL1*1*1*01"), "segment-unexpected", "CL1", CLAIM),
    Seeded("unknown-reference", office_visit, text("REF*D9*", "REF*QQ*"), "qualifier-unexpected", "REF01", CLAIM),
    Seeded("no-payer", office_visit, replace("NM1*PR", ""), "loop-missing", "NM1"),
    Seeded("no-provider-address", office_visit, replace("N3*1 MAIN", ""), "segment-missing", "N3"),
    Seeded("element-too-long", office_visit, text("HI*ABK", "K3*" + "X" * 81 + "~HI*ABK"), "element-too-long", "K301", CLAIM),
    Seeded("element-required", office_visit, text("*UN*1*", "**1*"), "element-required", "SV103", "2400[1]"),
    Seeded("element-not-used", office_visit, text("***11:B:1", "*X**11:B:1"), "element-not-used", "CLM03", CLAIM),
    Seeded("wrong-code", office_visit, text("*Y*A*Y*Y", "*Y*Q*Y*Y"), "code-not-in-guide", "CLM07", CLAIM),
    Seeded("wrong-qualifier-b", office_visit, text(":B:1", ":A:1"), "code-not-in-guide", "CLM05-2", CLAIM),
    Seeded("not-a-date", office_visit, text("DTP*472*D8*2026", "DTP*472*D8*2O26"), "date-invalid", "DTP03", "2400[1]"),
    Seeded("no-such-day", dependent, text("DMG*D8*20100505", "DMG*D8*20100230"), "date-invalid", "DMG02"),
    # Parties.
    Seeded("npi-check-digit", office_visit, text("*1000000012", "*1000000013"), "npi-invalid", "NM109", "2010AA"),
    Seeded("rendering-npi", hospital_visit, text("*1084700545", "*1084700546"), "npi-invalid", "NM109", "2310B[1]"),
    Seeded("no-billing-npi", office_visit, text("*XX*1000000012", ""), "billing-npi-missing", "NM109", "2010AA"),
    Seeded("taxonomy", office_visit, text("PXC*207Q00000X~NM1*85", "PXC*207Q~NM1*85"), "taxonomy-shape", "PRV03", "2000A[1]"),
    Seeded("box", office_visit, text("N3*1 MAIN ST", "N3*P.O. BOX 12"), "billing-address-box", "N301", "2010AA"),
    Seeded("short-zip", office_visit, text("*122070001", "*12207"), "postal-code-not-nine", "N403", "2010AA"),
    Seeded("bad-zip", office_visit, text("*NY*122070001", "*NY*1220700"), "postal-code-shape", "N403", "2010AA"),
    Seeded("state", office_visit, text("*NY*122070001", "*ZZ*122070001"), "state-unknown", "N402", "2010AA"),
    Seeded("no-demographics", office_visit, replace("DMG*", ""), "subscriber-demographics-missing", "NM1", "2010BA"),
    Seeded("no-subscriber-address", office_visit, lambda d: changed(changed(d, "N3*444", ""), "N4*DAYTON", ""), "subscriber-address-missing", "NM1", "2010BA"),
    Seeded("no-member-number", office_visit, text("*MI*M03804733", ""), "member-number-missing", "NM109", "2010BA"),
    Seeded("self-with-patient", dependent, text("SBR*P**", "SBR*P*18*"), "self-with-dependent", "SBR02", "2000B[1]"),
    Seeded("nobody-is-patient", office_visit, text("SBR*P*18", "SBR*P*"), "patient-missing", "SBR02", "2000B[1]"),
    Seeded("born-tomorrow", office_visit, text("DMG*D8*19600310", "DMG*D8*20270101"), "birth-in-future", "DMG02", "2010BA"),
    Seeded("msp-type", secondary_by_claim, text("*12****MB", "*****MB"), "medicare-secondary-reason-missing", "SBR05", "2000B[1]"),
    # The claim.
    Seeded("sum", office_visit, text("CLM*C-3*335.32", "CLM*C-3*335.33"), "claim-sum", "CLM02", CLAIM),
    Seeded("nothing-billed", office_visit, lambda d: edited(edited(d, "CLM*C-3*335.32", "CLM*C-3*0"), "*335.32*UN", "*0*UN"), "charge-not-positive", "CLM02", CLAIM),
    Seeded("frequency", office_visit, text("11:B:1", "11:B:2"), "frequency-invalid", "CLM05-3", CLAIM),
    Seeded("seven-without-f8", replacement, replace("REF*F8", ""), "frequency-needs-payer-number", "CLM05-3", CLAIM),
    Seeded("aa-without-state", auto_accident, text("AA:OA::CA", "AA:OA"), "accident-state-missing", "CLM11-4", CLAIM),
    Seeded("aa-wrong-state", auto_accident, text("AA:OA::CA", "AA:OA::QQ"), "state-unknown", "CLM11-4", CLAIM),
    Seeded("accident-without-date", auto_accident, replace("DTP*439", ""), "accident-date-missing", "CLM11", CLAIM),
    Seeded("inpatient-without-admission", hospital_visit, replace("DTP*435", ""), "admission-date-missing", "CLM05-1", CLAIM),
    Seeded("place", office_visit, text("11:B:1", "98:B:1"), "place-of-service-unknown", "CLM05-1", CLAIM),
    Seeded("attachment-number", hospital_visit, text("PWK*OZ*EL***AC*ATT1", "PWK*OZ*EL"), "attachment-number-missing", "PWK06", CLAIM),
    Seeded("ambulance-facts", ambulance, replace("CR1", ""), "ambulance-facts-missing", "CLM05-1", CLAIM),
    Seeded("ambulance-pickup", ambulance, lambda d: changed(changed(changed(d, "NM1*PW", ""), "N3*", "", turn=3), "N4*", "", turn=3), "ambulance-pickup-missing", "CLM05-1", CLAIM),
    # Codes.
    Seeded("icd-shape", office_visit, text("ABK:R0789", "ABK:R07.89"), "diagnosis-shape", "HI01-2", CLAIM),
    Seeded("icd-nine", office_visit, text("ABK:R0789", "BK:78659"), "icd-version-date", "HI01-1", CLAIM),
    Seeded("procedure", office_visit, text("HC:G0008", "HC:GG08"), "procedure-shape", "SV101-2", "2400[1]"),
    Seeded("modifier", drug_given, text("J1100:25", "J1100:2!"), "modifier-shape", "SV101-3", "2400[1]"),
    Seeded("ndc", drug_given, text("N4*00041965013", "N4*0004-1965-13"), "ndc-shape", "LIN03", "2410[1]"),
    # Lines.
    Seeded("pointer", office_visit, text("***1:2~", "***1:4~"), "diagnosis-pointer-range", "SV107-2", "2400[1]"),
    Seeded("pointer-twice", office_visit, text("***1:2~", "***1:1~"), "diagnosis-pointer-repeated", "SV107", "2400[1]"),
    Seeded("line-control", hospital_visit, text("REF*6R*L2", "REF*6R*L1"), "line-control-number-repeated", "REF02", "2400[2]"),
    Seeded("line-number", hospital_visit, text("LX*2", "LX*3"), "line-number", "LX01", "2400[2]"),
    Seeded("no-service-date", office_visit, replace("DTP*472", ""), "service-date-missing", "SV1", "2400[1]"),
    Seeded("service-in-future", office_visit, text("DTP*472*D8*20260511", "DTP*472*D8*20260811"), "date-in-future", "DTP03", "2400[1]"),
    Seeded("no-quantity", office_visit, text("*UN*1*", "*UN*0*"), "quantity-not-positive", "SV104", "2400[1]"),
    # Other payers.
    Seeded("line-balance", secondary_by_line, text("SVD*OTHER1*60*HC:80053", "SVD*OTHER1*61*HC:80053"), "cob-line-balance", "SVD02", "2400[2]/2430[1]"),
    Seeded("claim-balance", secondary_by_line, text("AMT*D*110", "AMT*D*111"), "cob-claim-balance", "AMT02", "2320[1]"),
    Seeded("charge-balance", secondary_by_claim, text("AMT*D*80", "AMT*D*81"), "cob-charge-balance", "AMT02", "2320[1]"),
    Seeded("paid-missing", secondary_by_line, replace("AMT*D", ""), "cob-paid-missing", "SBR", "2320[1]"),
    Seeded("date-twice", secondary_by_line, replace("REF*F8", "DTP*573*D8*20260208~REF*F8*PAYER1"), "adjudication-date-twice", "DTP03", "2330B[1]"),
    Seeded("date-missing", secondary_by_claim, replace("DTP*573", ""), "adjudication-date-missing", "NM1", "2330B[1]"),
    Seeded("same-sequence", secondary_by_line, text("SBR*P*18*G1", "SBR*S*18*G1"), "payer-sequence-repeated", "SBR01", "2320[1]"),
    Seeded("adjudication-of-nobody", secondary_by_line, text("SVD*OTHER1*60*HC:80053", "SVD*OTHER2*60*HC:80053"), "adjudication-payer-unknown", "SVD01", "2400[2]/2430[1]"),
)  # fmt: skip
#: What one fault brings with it, and rightly: told apart from false alarms.
COMPANIONS = {
    "no-lines": {"segment-missing", "loop-missing", "claim-sum"},
    "no-iea": set(),
    "no-service": {"claim-sum"},
    "no-payer": {"segment-missing", "segment-unexpected", "segment-out-of-order"},
    "hl-number": {"hl-parent"},
    "two-dates": set(),
    "no-diagnoses": {"diagnosis-pointer-range"},
    "no-such-day": {"unreadable"},
    "not-a-date": {"unreadable"},
    "place": set(),
    "nobody-is-patient": set(),
    "ambulance-pickup": set(),
    "adjudication-of-nobody": {"cob-claim-balance"},
    "line-balance": {"cob-claim-balance"},
    "unknown-reference": set(),
    "no-subscriber-address": set(),
}


def findings_of(data: bytes) -> list[x837.CheckedClaim]:
    check = x837.FileCheck(data, as_of=AS_OF)
    for _ in check:
        pass
    return check.findings


@pytest.mark.parametrize("seeded", FAULTS, ids=lambda one: one.name)
def test_a_seeded_fault_is_found_at_its_place(seeded: Seeded):
    data = seeded.edit(a_file(seeded.shape(World(1))))
    found = [one for one in findings_of(data) if one.is_error]
    mine = next((one for one in found if one.rule_id == seeded.rule), None)
    assert mine is not None, [one.render(mask=False) for one in found]
    assert mine.position == seeded.position
    assert seeded.loop in mine.place.loop
    assert mine.rule.remedy
    others = {one.rule_id for one in found} - {seeded.rule}
    assert others <= COMPANIONS.get(seeded.name, set())


@pytest.mark.parametrize("shape", PROFESSIONAL, ids=lambda one: one.__name__)
def test_a_valid_claim_raises_nothing(shape):
    for seed in range(5):
        assert findings_of(a_file(shape(World(seed)))) == []


@pytest.mark.parametrize("seeded", FAULTS, ids=lambda one: one.name)
def test_a_rule_can_be_relaxed_by_its_name(seeded: Seeded):
    data = seeded.edit(a_file(seeded.shape(World(1))))
    check = x837.FileCheck(data, as_of=AS_OF, relax=frozenset({seeded.rule}))
    for _ in check:
        pass
    envelope = {one.rule_id for one in check.stream.reader.findings if one.level == 1}
    if seeded.rule not in envelope:
        assert seeded.rule not in {one.rule_id for one in check.findings}


def test_the_number_of_a_claim_stands_in_its_findings():
    data = edited(a_file(office_visit(World(1))), "CLM*C-3*335.32", "CLM*C-3*335.33")
    (found,) = findings_of(data)
    assert found.claim_id == "C-3"
    assert found.place.segment_number == 21
    assert data[found.place.byte_offset :].startswith(b"CLM*C-3")


def test_a_claim_number_may_not_come_twice_in_a_transaction():
    one, two = office_visit(World(1)), office_visit(World(1))
    (found,) = findings_of(a_file(one, two))
    assert (found.rule_id, found.position) == ("claim-id-repeated", "CLM01")
    assert found.place.loop == "2000A[1]/2000B[1]/2300[2]"
