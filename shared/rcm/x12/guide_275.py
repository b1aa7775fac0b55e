"""Table of the 275 attachment to a claim, 005010X210 and 006020X314. See `guide.py`.

The attachment itself stands in BIN or BDS; the control number (TRN02 of 2000A, PWK06 of the claim)
brings the two together.
"""

from rcm.x12.guide import Guide

GUIDE = Guide(
    guide_id="005010X210",
    set_code="275",
    group_code="PI",
    title="Additional information to support a claim",
    table="""
ST R | 01=275
BGN R | 01=02,11 02R 03R
loop 1000A R 1 # payer
  NM1*PR R | 02=2 03R
  PER S | 01=IC
loop 1000B R 1 # who sends
  NM1*41 R
loop 1000C R 1 # provider
  NM1*1P|85 R
  PRV S
  N3 S
  N4 S
  REF S * | 02R
  PER S
loop 1000D R 1 # patient
  NM1*QC R | 02=1
  REF*EJ|1K|IK S 4 | 02R
  REF*BLT|EA|D9 S 3 | 02R
  DTP*434|472 S | 02=D8,RD8
loop 2000A R * cut # an attachment
  LX R
  TRN S
  STC S
  REF*6R|FJ S 2 | 02R
  DTP S 3
  loop 2100A S 1
    SVC S
    REF S 4 | 02R
    DTP S
  loop 2100B S * # its content
    CAT R
    OOI S
    loop 2110B R 1
      EFI R
      BIN S
      BDS S
SE R
""",
)
