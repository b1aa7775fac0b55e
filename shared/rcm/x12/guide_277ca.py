"""Table of the 277 claim acknowledgment, 005010X214. The format is told in `guide.py`."""

from rcm.x12.guide import Guide

GUIDE = Guide(
    guide_id="005010X214",
    set_code="277",
    group_code="HN",
    title="Claim acknowledgment",
    table="""
ST R | 01=277 03R
BHT R | 01=0085 02=08 03R 04R 05R 06R=TH
loop 2000A R 1 cut # who answers: payer or clearinghouse
  HL***20 R | 02N 04R=1
  loop 2100A R 1
    NM1*AY|PR R | 02=2 03R 04..07N 08R=46,FI,PI,XV 09R 10..12N
  loop 2200A R 1
    TRN*1 R | 03..04N
    DTP*050 R | 02=D8 # received
    DTP*009 R | 02=D8 # processed
  loop 2000B R * cut # who sent the claims
    HL***21 R | 02R 04=0,1
    loop 2100B R 1
      NM1*41 R | 02=1,2 06..07N 08R=46 09R 10..12N
    loop 2200B R 1
      TRN*2 R | 03..04N # BHT03 of the claims
      STC R * | 02R 03R=WQ,U 04R 05..09N 12S
      QTY*90|AA S 2 | 02R 03..04N # accepted, rejected
      AMT*YU|YY S 2 | 03N # accepted, rejected
    loop 2000C S * cut # billing provider
      HL***19 R | 02R 04=0,1
      loop 2100C R 1
        NM1*85 R | 02=1,2 06N 08R=FI,SV,XX 09R 10..12N
      loop 2200C S 1
        TRN*1 R | 03..04N
        STC S * | 02S 03R=WQ,U 04S 05..09N 12S
        REF*0B|1G|G2|LU|SY|TJ S 3 | 02R 03..04N
        QTY*QA|QC S 2 | 02R 03..04N
        AMT*YU|YY S 2 | 03N
      loop 2000D S * cut # patient
        HL***PT R | 02R 04N
        loop 2100D R 1
          NM1*QC R | 02=1 06N 08R=II,MI 09R 10..12N
        loop 2200D R * # a claim
          TRN*2 R | 03..04N # patient control number
          STC R * | 02R 03R=WQ,U 04R 05..09N 12S
          REF*1K S | 02R 03..04N # payer claim control number
          REF*D9 S | 02R 03..04N # clearinghouse trace number
          REF*BLT S | 02R 03..04N # type of bill
          DTP*472 S | 02=D8,RD8 # service
          loop 2220D S * # a service line
            SVC R | 01-1=AD,ER,HC,HP,IV,N4,NU,WK 03N 04S 05..06N 07S
            STC R * | 03R=U,WQ 04..09N 12S
            REF*FJ S | 02R 03..04N # line item control number
            REF*XZ S | 02R 03..04N # prescription number
            DTP*472 S | 02=D8,RD8
SE R
""",
)
