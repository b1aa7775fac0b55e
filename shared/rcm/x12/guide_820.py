"""Table of the 820 premium payment, 005010X218, to its segments and loops. See `guide.py`."""

from rcm.x12.guide import Guide

GUIDE = Guide(
    guide_id="005010X218",
    set_code="820",
    group_code="RA",
    title="Premium payment for insurance products",
    table="""
ST R | 01=820
BPR R | 01R 02R 04R 16R # payment
TRN S | 01=1,3 # reassociation trace
CUR S
REF S * | 02R
DTM S *
loop 1000A R 1 # receiver of the premium
  N1*PE R
  N2 S
  N3 S
  N4 S
  RDM S
loop 1000B R 1 # payer of the premium
  N1*PR|RM R
  N2 S
  N3 S
  N4 S
  PER S *
loop 1000C S 2 # bank
  N1*31|BK R
loop 2000 S * cut # organisation or individual
  ENT R
  loop 2100 S * # individual
    NM1 R
    REF S *
  loop 2200 S *
    ADX R
  loop 2300 S * # what is paid
    RMR R
    REF S * | 02R
    DTM S *
    loop 2310 S *
      IT1 R
      loop 2315 S *
        SLN R
    loop 2320 S *
      ADX R
SE R
""",
)
