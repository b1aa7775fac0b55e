"""Table of the 999 implementation acknowledgment, 005010X231A1. The format: `guide.py`."""

from rcm.x12.guide import Guide

GUIDE = Guide(
    guide_id="005010X231A1",
    reads=("005010X231",),
    set_code="999",
    group_code="FA",
    title="Implementation acknowledgment",
    table="""
ST R | 01=999 03R
AK1 R | 03R # the group that is acknowledged
loop 2000 S * # one transaction of that group
  AK2 R
  loop 2100 S * # one segment with errors
    IK3 R | 04=1,2,3,4,5,6,7,8,I4,I6,I7,I8,I9
    CTX S 10 # what the segment belongs to, or the rule that it breaks
    loop 2110 S * # one element with errors
      IK4 R | 03=1,2,3,4,5,6,7,8,9,10,12,13,I6,I9,I10,I11,I12,I13
      CTX S 10
  IK5 R | 01=A,E,M,R,W,X
AK9 R | 01=A,E,M,P,R,W,X
SE R
""",
)
