"""Table of the 277 claim status response, 005010X212. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_claim_status import LINE, NAME, REF, person

_STATUS = "02R 03N 05..12S"


def _claims(loop: str) -> str:
    return f"""\
loop 2200{loop} S * # a claim
  TRN*2 R | 03..04N # the trace of the request
  STC R * | {_STATUS}
  REF*1K S | {REF} # payer claim control number
  REF*BLT S | {REF} # type of bill
  REF*EJ S | {REF} # patient control number
  REF*XZ S | {REF} # pharmacy prescription
  REF*VV S | {REF} # voucher
  REF*D9 S | {REF} # clearinghouse trace number
  DTP*472 S | 02=D8,RD8 # service
  loop 2220{loop} S * # a service line
    SVC R | {LINE}
    STC R * | {_STATUS}
    REF*FJ S | {REF} # line item control number
    DTP*472 R | 02=D8,RD8
"""


GUIDE = Guide(
    guide_id="005010X212",
    set_code="277",
    group_code="HN",
    title="Claim status response",
    table=f"""
ST R | 01=277 03R
BHT R | 01=0010 02=08 03R 04R 05R 06R=DG
loop 2000A R * cut # payer
  HL***20 R | 02N 04R=0,1
  loop 2100A R 1
    NM1*PR R | 02=2 03R 04..07N 08R=PI,XV 09R 10..12N
    PER S | 01=IC 03R=ED,EM,FX,TE 04R 05=EM,EX,FX,TE 07=EX,FX 09N
  loop 2000B R * cut # who asked
    HL***21 R | 02R 04R=0,1
    loop 2100B R 1
      NM1*41 R | {NAME} 08R=46 09R
    loop 2200B S 1
      TRN*2 R | 03..04N
      STC R * | {_STATUS}
    loop 2000C S * cut # provider
      HL***19 R | 02R 04R=0,1
      loop 2100C R 2
        NM1*1P R | {NAME} 08R=FI,SV,XX 09R
      loop 2200C S 1
        TRN*1|2 R | 03..04N
        STC R * | {_STATUS}
      loop 2000D S * cut # subscriber
        HL***22 R | 02R 04R=0,1
{person("D", "IL", "        ", _claims("D"))}
        loop 2000E S * cut # dependent
          HL***23 R | 02R 04=0
{person("E", "QC", "          ", _claims("E"))}
SE R
""",
)
