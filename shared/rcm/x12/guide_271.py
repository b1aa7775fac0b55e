"""Table of the 271 eligibility response, 005010X279A1. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_eligibility import (
    DAY,
    PERSON,
    PLACE,
    RECEIVER,
    REF,
    SOURCE,
    SUBSCRIBER_REFS,
)

_AAA = "01R=N,Y 02N 03R 04R"
_CONTACT = "01=IC 03=ED,EM,FX,TE,UR,WP 05=ED,EM,EX,FX,TE,UR,WP 07=ED,EM,EX,FX,TE,UR,WP 09N"

#: EB01 what is told, EB02 of whom, EB06 for how long.
_BENEFIT = (
    "01=1,2,3,4,5,6,7,8,A,B,C,CB,D,E,F,G,H,I,J,K,L,M,MC,N,O,P,Q,R,S,T,U,V,W,X,Y"
    " 02=CHD,DEP,ECH,EMP,ESP,FAM,IND,SPC,SPO"
    " 06=6,7,13,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36"
)


def _person(loop: str, code: str, pad: str) -> str:
    """Give the loops of the subscriber (2100C, 2110C) or the dependent (2100D, 2110D)."""
    lines = f"""\
TRN S 3 | 01=1,2 03R
loop 2100{loop} R 1
  NM1*{code} R | {PERSON}
  {SUBSCRIBER_REFS} S 9 | {REF}
  N3 S
  N4 S | {PLACE}
  AAA S 9 | {_AAA}
  PRV S | 02=9K,D3,EI,HPI,PXC,SY,TJ,ZZ 04..06N
  DMG S | 01=D8 03=F,M,U 04..11N
  INS S | 02=01,18,19,34 05..16N 17S
  HI*ABK|BK S
  DTP S 9 | {DAY}
  MPI S
  loop 2110{loop} S * # a benefit
    EB R | {_BENEFIT} 11=N,U,W,Y 12=N,U,W,Y
    HSD S 9
    REF S 9 | {REF}
    DTP S 20 | {DAY}
    AAA S 9 | {_AAA}
    MSG S 10 | 02..03N
    loop 2115{loop} S 10
      III R | 05..09N
    LS S | 01R
    loop 2120{loop} S 23 # whom the benefit concerns
      NM1 R | 06N 10..12N
      N3 S
      N4 S | 05..06S
      PER S 3 | {_CONTACT}
      PRV S | 02=PXC 04..06N
    LE S | 01R
"""
    return "".join(pad + line + "\n" for line in lines.splitlines())


GUIDE = Guide(
    guide_id="005010X279A1",
    set_code="271",
    group_code="HB",
    title="Eligibility, coverage or benefit information",
    table=f"""
ST R | 01=271 03R
BHT R | 01=0022 02R=06,11 03S 04R 05R 06N
loop 2000A R * cut # who answers
  HL***20 R | 02N 04R=0,1
  AAA S 9 | {_AAA}
  loop 2100A R 1
    NM1*2B|36|GP|P5|PR R | {SOURCE}
    PER S 3 | {_CONTACT}
    AAA S 9 | {_AAA}
  loop 2000B S * cut # who asked
    HL***21 R | 02R 04R=0,1
    loop 2100B R 1
      NM1*1P|2B|36|80|FA|GP|P5|PR R | {RECEIVER}
      REF*0B|1C|1D|1J|4A|CT|EL|EO|HPI|JD|N5|N7|Q4|SY|TJ S 9 | 02R 04N
      N3 S
      N4 S | {PLACE}
      AAA S 9 | {_AAA}
      PRV S | 02=PXC 04..06N
    loop 2000C S * cut # subscriber
      HL***22 R | 02R 04R=0,1
{_person("C", "IL", "      ")}
      loop 2000D S * cut # dependent
        HL***23 R | 02R 04R=0
{_person("D", "03", "        ")}
SE R
""",
)
