"""Every rule of the core, the 835 and the 277CA has an input that breaks it."""

import gzip
from io import BytesIO

import pytest

from rcm.x12 import (
    checker,
    elements,
    envelope,
    envelope_check,
    lexer,
    reader,
    set_aside,
    x277ca,
    x835,
    x835_check,
)
from rcm.x12.examine import Examination
from rcm.x12.findings import Rule
from x12_cases import BODY_835, GS, ISA, changed, interchange
from x835_faults import FAULTS

MODULES = (lexer, envelope, envelope_check, checker, elements, set_aside, x835_check, x277ca)
RULES = {
    value.rule_id
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Rule)
}


class Lists:
    def knows(self, _code_list, code, _on):
        return code in {"45", "3", "197", "16", "N130", "N290"}


GOOD = interchange()
SVC = BODY_835[20]
TWICE = GOOD[GOOD.index(b"ST*") : GOOD.index(b"GE*")]
NO_HEAD = changed(BODY_835[0], None)
HEAD = GOOD[: GOOD.index(b"GS*")]


def claim_acknowledgment(*changes):
    body = [
        "BHT*0085*08*A*20260302*1200*TH", "HL*1**20*1", "NM1*PR*2*PLAN*****PI*P1", "TRN*1*T",
        "DTP*050*D8*20260302", "DTP*009*D8*20260302", "HL*2*1*21*1", "NM1*41*2*C*****46*C1",
        "TRN*2*B", "STC*A1:19*20260302*WQ*1", "HL*3*2*19*1", "NM1*85*2*C*****XX*1234567893",
        "QTY*QA*2", "AMT*YU*9", "HL*4*3*PT", "NM1*QC*1*D*J****MI*M1", "TRN*2*C",
        "STC*A2:20*20260302*U*1",
    ]  # fmt: skip
    gs = "GS*HN*P*C*20260302*1200*7*X*005010X214"
    return interchange(body, gs=gs, st="ST*277*0001*005010X214")


INPUTS = [
    *(interchange(changed(old, new)) for old, new, _ in FAULTS.values()),
    b"hello",
    b"\xef\xbb\xbf" + GOOD,
    interchange(isa=ISA.replace("PAYER          ", "PAYER")),
    interchange(isa=ISA[:-1] + "*"),
    HEAD + b"NTE*" + b"x" * (3 << 20) + b"~" + GS.encode() + b"~",
    GOOD[:-20],
    GOOD[:-1],
    GOOD + b"junk\n" + GOOD,
    GOOD.replace(b"JANE", b"JOS\xc9"),
    GOOD.replace(b"*260302*", b"*260230*"),
    GOOD.replace(b"*20260302*1200*7*", b"*20260302*2500*7A*"),
    interchange(changed(BODY_835[14], ["MOA***MA01", BODY_835[14]])),
    claim_acknowledgment().replace(b"20260302*1200*TH", b"20260302*2560*TH"),
    interchange(line_break="\n  "),
    GOOD.replace(b"~LX", b"~~LX"),
    gzip.compress(ISA.encode() + b"~" + b"0" * (64 << 20)),
    gzip.compress(GOOD)[:-30],
    GOOD.replace(b"SE*49*0001~", b""),
    GOOD.replace(b"SE*49", b"SE*48"),
    GOOD.replace(b"*0001~GE", b"*0002~GE"),
    GOOD.replace(b"GE*1*7~", b""),
    GOOD.replace(b"GE*1*7", b"GE*2*8"),
    GOOD.replace(b"IEA*1*000000042~", b""),
    GOOD.replace(b"IEA*1*000000042", b"IEA*2*000000043"),
    GOOD.replace(b"GE*1*7", TWICE + b"GE*2*7"),
    GOOD.replace(b"IEA*1", GOOD[GOOD.index(b"GS*") : GOOD.index(b"IEA*")] + b"IEA*2"),
    GOOD.replace(b"~GE*1", b"~ZZ*1~GE*1"),
    GOOD.replace(GS.encode() + b"~", b""),
    GOOD.replace(b"GS*HP", b"GS*HC"),
    GOOD.replace(b"005010X221A1", b"004010X091A1"),
    GOOD.replace(b"005010X221A1", b"005010X999"),
    interchange(["AK1*HC*1"], gs=GS.replace("HP", "FA"), st="ST*997*0001"),
    interchange(["BGN*1"], gs=GS.replace("HP", "AG"), st="ST*824*0001*005010X186A1"),
    interchange(["BHT*1"], gs=GS.replace("HP", "HI"), st="ST*278*0001*005010X216"),
    GOOD.replace(b"CLP*C-1001", b"QQQ*1~CLP*C-1001"),
    interchange(changed("REF*6R*L1", "PWK*OZ", BODY_835[:27])),
    interchange(changed(BODY_835[10:12], None)),
    interchange(changed(SVC, SVC.replace(":25", ":25:::::::X"))),
    interchange(changed("TRN*1*EFT-5*1999999999", "TRN*1*EFT^5*1999999999")),
    interchange(changed("TRN*1*EFT-5*1999999999", "TRN*1*\x07*1999999999")),
    interchange(changed("N3*1 PLAN STREET", "N3*1*2*3")),
    interchange(changed("N4*ALBANY*NY*12207", "N4*A*NY*12207***X*Y")),
    interchange(changed(BODY_835[0], BODY_835[0].replace("*195*", "*0*"))),
    interchange(changed(BODY_835[0], BODY_835[0].replace("*195*", "*X*"))),
    interchange(changed("DTM*232*20260203", "DTM*232**9999")),
    interchange([*BODY_835[:35], "CLP*C-1003*22*-80*-60*-5*12*P", *BODY_835[36:]]),
    interchange(["LX*1"] * 2, gs=GS.replace("X221A1", "X231A1"), st="ST*999*0001*005010X231A1"),
    claim_acknowledgment(),
    claim_acknowledgment().replace(b"*0001*005010X214", b"*0001*005010X212"),
    claim_acknowledgment().replace(b"*00501*", b"*00401*"),
    claim_acknowledgment().replace(b"*0001*005010X214", b"*0001*005010X214E1"),
]
#: Rules that are provoked by other means, named here.
ELSEWHERE = {
    "unit-too-long": "test_a_unit_of_too_many_segments_is_set_aside",
    "loop-too-often": "test_a_loop_too_often_is_told",
}


@pytest.fixture(scope="module")
def provoked():
    found = set()
    for data in INPUTS:
        examination = Examination(BytesIO(data), code_sets=Lists())
        found |= {finding.rule_id for finding in examination.findings()}
        for read in (x835.read, x277ca.read):
            for aside in read(data).set_aside:
                found |= {finding.rule_id for finding in aside.findings}
    return found


@pytest.mark.parametrize("rule_id", sorted(RULES - set(ELSEWHERE)))
def test_a_rule_is_provoked(rule_id, provoked):
    assert rule_id in provoked


def test_a_unit_of_too_many_segments_is_set_aside(monkeypatch):
    monkeypatch.setattr(reader, "UNIT_SEGMENTS_MAX", 50)
    data = interchange([*BODY_835[:27], *["REF*EA*X"] * 100, *BODY_835[27:]])
    reading = x835.read(data)
    assert [aside.claim_id for aside in reading.set_aside] == ["C-1001"]
    assert "unit-too-long" in {finding.rule_id for finding in reading.findings}
    assert len(reading.remittances[0].claims) == 3


def test_a_loop_too_often_is_told():
    body = [*BODY_835[:10], *BODY_835[4:10], *BODY_835[10:]]
    found = {f.rule_id for f in Examination(BytesIO(interchange(body))).findings()}
    assert found == {"loop-too-often"}
