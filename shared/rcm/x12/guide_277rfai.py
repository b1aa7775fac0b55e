"""Table of the 277 request for additional information, 005010X213. See `guide.py`."""

from rcm.x12.guide import Guide

_REF = "02R 03..04N"


def _claims(loop: str, pad: str) -> str:
    lines = f"""\
loop 2200{loop} R * # a claim that lacks something
  TRN*1|2 R | 03..04N # control number of the request, returned by the 275
  STC R *
  REF*1K S | {_REF} # payer claim control number
  REF*EJ S | {_REF} # patient control number
  REF*BLT S | {_REF}
  REF*EA S | {_REF}
  REF*D9 S | {_REF}
  REF*XZ S | {_REF}
  DTP*472 S | 02=D8,RD8 # service
  DTP*106 S | 02=D8 # answer due
  loop 2210{loop} S 1 # whom to send it to
    PWK R | 01R
    PER S
    N1 S
    N3 S
    N4 S
  loop 2220{loop} S * # a service line
    SVC R
    STC R *
    REF*FJ S | {_REF}
    DTP*472 S | 02=D8,RD8
"""
    return "".join(pad + line + "\n" for line in lines.splitlines())


GUIDE = Guide(
    guide_id="005010X213",
    set_code="277",
    group_code="HN",
    title="Request for additional information to support a claim",
    table=f"""
ST R | 01=277 03R
BHT R | 01=0085 02=48 03R 04R 05R 06R=RQ
loop 2000A R * cut # payer
  HL***20 R | 02N 04R=1
  loop 2100A R 1
    NM1*PR R | 02=2 03R 09R
    PER S | 01=IC
  loop 2000B R * cut # receiver
    HL***21 R | 02R 04R=1
    loop 2100B R 1
      NM1*41 R | 09R
    loop 2000C R * cut # provider
      HL***19 R | 02R 04R=1
      loop 2100C R 1
        NM1*1P R | 09R
      loop 2000D R * cut # subscriber
        HL***22 R | 02R 04R=0,1
        loop 2100D R 1
          NM1*IL R
{_claims("D", "        ").replace("loop 2200D R", "loop 2200D S")}
        loop 2000E S * cut # dependent
          HL***23 R | 02R
          loop 2100E R 1
            NM1*QC R | 02=1
{_claims("E", "          ")}
SE R
""",
)
