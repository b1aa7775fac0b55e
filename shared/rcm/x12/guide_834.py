"""Table of the 834 benefit enrolment, 005010X220A1, to its segments and loops. See `guide.py`."""

from rcm.x12.guide import Guide

_PLACE = "PER S, N3 S, N4 S"
_PERSON = f"{_PLACE}, DMG S, EC S *, ICM S, AMT S 7, HLH S, LUI S *"


def _party(loop: str, codes: str, repeats: int, segments: str) -> str:
    body = "".join(f"    {segment}\n" for segment in segments.split(", "))
    return f"  loop {loop} S {repeats}\n    NM1*{codes} R\n{body}"


_MEMBER = (
    _party("2100A", "74|IL", 1, _PERSON)
    + _party("2100B", "70", 1, "DMG S")
    + _party("2100C", "31", 1, "N3 R, N4 R")
    + _party("2100D", "36", 3, _PLACE)
    + _party("2100E", "M8", 3, _PLACE)
    + _party("2100F", "S3", 1, _PLACE)
    + _party("2100G", "6Y|9K|E1|EI|EXS|GB|GD|J6|LR|QD|S1|TZ|X4", 13, _PLACE)
    + _party("2100H", "45", 1, "N3 S, N4 S")
)

GUIDE = Guide(
    guide_id="005010X220A1",
    set_code="834",
    group_code="BE",
    title="Benefit enrolment and maintenance",
    table=f"""
ST R | 01=834 03R
BGN R | 01R 02R 03R 04R 08R=2,4,RX
REF*38 S | 02R # master policy
DTP S *
QTY*DT|ET|TO S 3
loop 1000A R 1 # sponsor
  N1*P5 R
loop 1000B R 1 # payer
  N1*IN R
loop 1000C S 2 # broker, administrator
  N1*BO|TV R
  loop 1100C S 1
    ACT R
loop 2000 S * cut # a member
  INS R | 02R 03R
  REF*0F R | 02R # subscriber number
  REF S 16 | 02R
  DTP S 24
{_MEMBER}
  loop 2200 S * # disability
    DSB R
    DTP S 10
  loop 2300 S 99 # a coverage
    HD R | 01R 03R
    DTP S *
    AMT S 9
    REF S * | 02R
    IDC S 3
    loop 2310 S 30 # a provider
      LX R
      NM1 R
      N3 S 2
      N4 S
      PER S 2
      PLA S
    loop 2320 S 5 # another coverage
      COB R
      REF S 4
      DTP S 2
      loop 2330 S 3
        NM1 R
        N3 S
        N4 S
        PER S
  loop 2700 S 1 # reporting categories
    LS R | 01R
    loop 2710 S *
      LX R
      loop 2750 S 1
        N1*75 R
        REF S | 02R
        DTP S
    LE R | 01R
SE R
""",
)
