"""Table of the 270 eligibility inquiry, 005010X279A1. The format is told in `guide.py`."""

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


def _person(loop: str, code: str, pad: str) -> str:
    """Give the loop of the subscriber (2100C, 2110C) or the dependent (2100D, 2110D)."""
    lines = f"""\
TRN S 2 | 01=1 03R
loop 2100{loop} R 1
  NM1*{code} R | {PERSON}
  {SUBSCRIBER_REFS} S 9 | {REF}
  N3 S
  N4 S | {PLACE}
  PRV S | 02=9K,D3,EI,HPI,PXC,SY,TJ 04..06N
  DMG S | 01=D8 03=F,M 04..11N
  INS S | 02=01,18,19,34 03..16N
  HI*ABK|BK S | 09..12N
  DTP*102|291 S 2 | {DAY}
  loop 2110{loop} S 99 # a question
    EQ R | 03..04N
    AMT*PB|R S 2 | 03N
    III S | 01=ZZ 03..09N
    REF*9F|G1 S | {REF}
    DTP*291 S | {DAY}
"""
    return "".join(pad + line + "\n" for line in lines.splitlines())


GUIDE = Guide(
    guide_id="005010X279A1",
    set_code="270",
    group_code="HS",
    title="Eligibility, coverage or benefit inquiry",
    table=f"""
ST R | 01=270 03R
BHT R | 01=0022 02R=01,13,36 03S 04R 05R 06=RT
loop 2000A R * cut # whom we ask
  HL***20 R | 02N 04R=1
  loop 2100A R 1
    NM1*2B|36|GP|P5|PR R | {SOURCE}
  loop 2000B R * cut # who asks
    HL***21 R | 02R 04R=1
    loop 2100B R 1
      NM1*1P|2B|36|80|FA|GP|P5|PR R | {RECEIVER}
      REF*0B|1C|1D|1J|4A|CT|EL|EO|HPI|JD|N5|N7|Q4|SY|TJ S 9 | 02R 04N
      N3 S
      N4 S | {PLACE}
      PRV S | 02=PXC 04..06N
    loop 2000C R * cut # subscriber
      HL***22 R | 02R 04R=0,1
{_person("C", "IL", "      ")}
      loop 2000D S * cut # dependent
        HL***23 R | 02R 04R=0
{_person("D", "03", "        ")}
SE R
""",
)
