"""Table of the 276 claim status request, 005010X212. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_claim_status import LINE, NAME, REF, person


def _claims(loop: str) -> str:
    return f"""\
loop 2200{loop} S * # a claim
  TRN*1 R | 03..04N # our trace
  REF*1K S | {REF} # payer claim control number
  REF*BLT S | {REF} # type of bill
  REF*LU S | {REF} # application or location
  REF*6P S | {REF} # group
  REF*EJ S | {REF} # patient control number
  REF*XZ S | {REF} # pharmacy prescription
  REF*D9 S | {REF} # clearinghouse trace number
  AMT*T3 S | 03N # billed
  DTP*472 S | 02=D8,RD8 # service
  loop 2210{loop} S * # a service line
    SVC R | {LINE}
    REF*FJ S | {REF} # line item control number
    DTP*472 R | 02=D8,RD8
"""


GUIDE = Guide(
    guide_id="005010X212",
    set_code="276",
    group_code="HR",
    title="Claim status request",
    table=f"""
ST R | 01=276 03R
BHT R | 01=0010 02=13 03R 04R 05R 06N
loop 2000A R * cut # payer
  HL***20 R | 02N 04R=1
  loop 2100A R 1
    NM1*PR R | 02=2 03R 04..07N 08R=PI,XV 09R 10..12N
  loop 2000B R * cut # who asks
    HL***21 R | 02R 04R=1
    loop 2100B R 1
      NM1*41 R | {NAME} 08R=46 09R
    loop 2000C R * cut # provider
      HL***19 R | 02R 04R=1
      loop 2100C R 2
        NM1*1P R | {NAME} 08R=FI,SV,XX 09R
      loop 2000D R * cut # subscriber
        HL***22 R | 02R 04R=0,1
        DMG S | 01=D8 03=F,M,U 04..11N
{person("D", "IL", "        ", _claims("D"))}
        loop 2000E S * cut # dependent
          HL***23 R | 02R 04=0
          DMG S | 01=D8 03=F,M,U 04..11N
{person("E", "QC", "          ", _claims("E"))}
SE R
""",
)
