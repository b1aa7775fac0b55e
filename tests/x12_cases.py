"""Synthetic X12 for the tests of rcm.x12: nothing here belongs to a person or to a guide."""

import random
from datetime import datetime
from pathlib import Path

from rcm.x12.writer import Envelope

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "x12"

ISA = (
    "ISA*00*          *00*          *ZZ*PAYER          *ZZ*CLINIC         "
    "*260302*1200*^*00501*000000042*0*P*:"
)
GS = "GS*HP*PAYER*CLINIC*20260302*1200*7*X*005010X221A1"

#: A remittance with a plain claim, a denial, a reversal with its correction, CAS with three
#: reasons, two PLB segments and all three balances right.
BODY_835 = (
    "BPR*I*195*C*ACH*CCP*01*021000021*DA*1111*1999999999**01*021000089*DA*2222*20260304",
    "TRN*1*EFT-5*1999999999",
    "REF*EV*CLINIC",
    "DTM*405*20260302",
    "N1*PR*SAMPLE HEALTH PLAN",
    "N3*1 PLAN STREET",
    "N4*ALBANY*NY*12207",
    "REF*2U*90001",
    "PER*CX*CLAIMS*TE*8005550100",
    "PER*BL*EDI DESK*TE*8005550101*EM*edi@plan.example",
    "N1*PE*NORTHSIDE CLINIC*XX*1234567893",
    "REF*TJ*123456789",
    "LX*1",
    "CLP*C-1001*1*125*100*5*12*PCN1*11*1",
    "NM1*QC*1*DOE*JANE*A***MI*M0001",
    "NM1*82*1*WELBY*MARCUS****XX*1992999999",
    "REF*EA*MRN1",
    "DTM*232*20260203",
    "DTM*233*20260203",
    "AMT*AU*105",
    "SVC*HC:99213:25*125*100**1",
    "DTM*472*20260203",
    "CAS*CO*45*20",
    "CAS*PR*3*5",
    "REF*6R*L1",
    "AMT*B6*105",
    "LQ*HE*N130",
    "CLP*C-1002*1*300*0*0*12*PCN2*11*1",
    "NM1*QC*1*ROE*RICHARD****MI*M0002",
    "DTM*232*20260204",
    "SVC*HC:71046*300*0**1",
    "DTM*472*20260204",
    "CAS*CO*45*100**197*150**16*50",
    "REF*6R*L1",
    "LQ*HE*N290",
    "CLP*C-1003*22*-80*-60**12*PCN3*11*1",
    "NM1*QC*1*POE*EDGAR****MI*M0003",
    "SVC*HC:99212*-80*-60**-1",
    "DTM*472*20260110",
    "CAS*CO*45*-20",
    "CLP*C-1003*1*80*75*5*12*PCN3*11*1",
    "NM1*QC*1*POE*EDGAR****MI*M0003",
    "SVC*HC:99212*80*75**1",
    "DTM*472*20260110",
    "CAS*PR*3*5",
    "PLB*1234567893*20261231*WO:PCN0*20*L6:INT*-5",
    "PLB*1234567893*20271231*FB:EFT-4*-95",
)


def interchange(body=BODY_835, *, isa=ISA, gs=GS, st="ST*835*0001", end="~", line_break=""):
    """Wrap segments in envelopes with right counts and numbers."""
    segments = [st, *body]
    number = st.split("*")[2]
    segments.append(f"SE*{len(segments) + 1}*{number}")
    whole = [isa, gs, *segments, "GE*1*7", "IEA*1*000000042"]
    return "".join(segment + end + line_break for segment in whole).encode()


def changed(old, new, body=BODY_835):
    """Change a segment, or neighbours: `new` is a segment, several, or None to drop them."""
    olds = [old] if isinstance(old, str) else list(old)
    at = list(body).index(olds[0])
    assert list(body[at : at + len(olds)]) == olds, old
    put = [] if new is None else [new] if isinstance(new, str) else list(new)
    return [*body[:at], *put, *body[at + len(olds) :]]


def an_envelope(**changes):
    """An envelope for writing."""
    values = {
        "sender": ("ZZ", "PAYER"),
        "receiver": ("ZZ", "CLINIC"),
        "interchange_control_number": 42,
        "group_control_number": 7,
        "at": datetime(2026, 3, 2, 12, 0),
    }
    return Envelope(**(values | changes))


def corpus_files(kind="*"):
    """The public test corpus beside the repository; nothing where it is absent."""
    return sorted(CORPUS.glob(f"{kind}/*.edi"))


def mutations(seed, count):
    """Break a good 835 in small ways, reproducibly."""
    rng = random.Random(seed)
    for _ in range(count):
        body = [segment.split("*") for segment in BODY_835]
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(body))
            kind = rng.randrange(6)
            if kind == 0:
                del body[at]
            elif kind == 1:
                body.insert(rng.randrange(len(body)), list(body[at]))
            elif kind == 2:
                other = rng.randrange(len(body))
                body[at], body[other] = body[other], body[at]
            else:
                place = rng.randrange(1, len(body[at]) + 1)
                value = rng.choice(
                    ["", " ", "X", "0", "-1", "1.005", ".5", "5.", "A" * 61, "20260230", "HC:1",
                     "^", "٣", "é", "\x00", "QC", "1e3", "99991231", "00000000", " X", "X "]
                )  # fmt: skip
                body[at][place : place + 1] = [value]
        yield ["*".join(segment) for segment in body]
