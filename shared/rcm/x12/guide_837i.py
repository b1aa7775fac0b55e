"""Table of the 837I institutional claim, 005010X223A2. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_837 import (
    CODE_AND_DATE,
    CODE_AND_POA,
    CODE_ONLY,
    CONTRACT,
    COORDINATION,
    DAY,
    DAY_OR_RANGE,
    DELAY,
    DRUG,
    FILING,
    HEAD,
    INSURED,
    LINE_REF,
    ONLY_FIRST,
    OTHER_PAYER,
    PAPERWORK,
    PERSON,
    PLACE,
    REF,
    REPRICED,
    SEQUENCE,
    adjudicated,
    billing_level,
    identified,
    patient_level,
)

_TAX = f"    REF*EI R 1 | {REF} # tax number\n"
_CLAIM = (
    f"02R 03..04N 05R 05-2R=A 05-3R 06N 07R=A,B,C 08R=N,W,Y 09R=I,Y 10..18N 19=08,PB 20={DELAY}"
)
_NOTES = "ALG,DCP,DGN,DME,MED,NTR,ODT,RHB,RLH,RNH,SET,SFM,SPT,UPI"

GUIDE = Guide(
    guide_id="005010X223A2",
    reads=("005010X223", "005010X223A1", "005010X223A3", "005010X292", "005010X299"),
    set_code="837",
    group_code="HC",
    title="Health care claim, institutional",
    table=f"""
{HEAD}
{billing_level("02=2 03R 04..07N 08=XX 10..12N", _TAX)}
  loop 2000B R * cut # subscriber
    HL***22 R | 01R 02R 04R=0,1
    SBR R | 01={SEQUENCE} 02=18 05..08N 09={FILING}
{INSURED}
    loop 2300 S 100 cut # claim
      CLM R | {_CLAIM}
      DTP*096 S | 02=TM # discharge hour
      DTP*434 S | 02=RD8 # statement
      DTP*435 S | 02=D8,DT # admission
      DTP*050 S | {DAY} # repricer received
      CL1 R | 01R 03R 04N
      PWK S 10 | {PAPERWORK}
      CN1 S | {CONTRACT}
      AMT*F3 S 1 | 03N # patient's estimated share
      REF*4N S 1 | 02R=1,2,3,4,5,6,7 03N 04N
      REF*9F S 1 | {REF}
      REF*G1 S 1 | {REF}
      REF*F8 S 1 | {REF}
      REF*9A S 1 | {REF}
      REF*9C S 1 | {REF}
      REF*LX S 5 | {REF}
      REF*D9 S 1 | {REF}
      REF*LU S 1 | {REF}
      REF*EA S 1 | {REF}
      REF*P4 S 1 | {REF}
      REF*G4 S 1 | {REF}
      K3 S 10 | 02..03N
      NTE*ADD S 1
      NTE S 10 | 01R={_NOTES}
      CRC*ZZ S 1 | 02=N,Y 03R=AV,NU,S2,ST 04..05=AV,NU,S2,ST 06..07N
      HI*ABK|BK R 1 | {ONLY_FIRST} {CODE_AND_POA} # principal diagnosis
      HI*ABJ|BJ S 1 | {ONLY_FIRST} {CODE_ONLY} # admitting diagnosis
      HI*APR|PR S 1 | 02..03-1=APR,PR 04..12N {CODE_ONLY} # patient's reason for visit
      HI*ABN|BN S 1 | 02..12-1=ABN,BN {CODE_AND_POA} # external causes
      HI*DR S 1 | {ONLY_FIRST} {CODE_ONLY} # diagnosis related group
      HI*ABF|BF S 2 | 02..12-1=ABF,BF {CODE_AND_POA} # other diagnoses
      HI*BBR|BR|CAH S 1 | {ONLY_FIRST} 01-3=D8 {CODE_AND_DATE} # principal procedure
      HI*BBQ|BQ S 2 | 02..12-1=BBQ,BQ 01..12-3=D8 {CODE_AND_DATE} # other procedures
      HI*BI S 2 | 02..12-1=BI 01..12-3=RD8 {CODE_AND_DATE} # occurrence spans
      HI*BH S 2 | 02..12-1=BH 01..12-3=D8 {CODE_AND_DATE} # occurrences
      HI*BE S 2 | 02..12-1=BE 01..12-3N 01..12-4N 01..12-6N 01..12-7N 01..12-8N 01..12-9N
      HI*BG S 2 | 02..12-1=BG {CODE_ONLY} # conditions
      HI*TC S 2 | 02..12-1=TC {CODE_ONLY} # treatments
      HCP S | {REPRICED}
      loop 2310A S 1 # attending
        NM1*71 R | {PERSON}
        PRV*AT S | 02R=PXC 03R 04..06N
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310B S 1 # operating
        NM1*72 R | {PERSON}
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310C S 1 # other operating
        NM1*ZZ R | {PERSON}
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310D S 1 # rendering
        NM1*82 R | {PERSON}
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310E S 1 # service facility
        NM1*77 R | 02=2 03R 04..07N 08=XX 10..12N
        N3 R
        N4 R | {PLACE}
        REF*0B|G2|LU S 3 | {REF}
      loop 2310F S 1 # referring
        NM1*DN R | {PERSON}
        REF*0B|1G|G2 S 3 | {REF}
      loop 2320 S 10 # another payer
{COORDINATION}
        OI R | 01..02N 03R=N,W,Y 04N 05N 06R=I,Y
        MIA S
        MOA S
{OTHER_PAYER}
{identified("2330C", "71", 1, 4)}
{identified("2330D", "72", 1, 4)}
{identified("2330E", "ZZ", 1, 4)}
{identified("2330F", "77", 1, 3)}
{identified("2330G", "82", 1, 4)}
{identified("2330H", "DN", 1, 3)}
{identified("2330I", "85", 1, 2)}
      loop 2400 R 999 # service line
        LX R
        SV2 R | 01R 02-1=ER,HC,HP,IV,WK 02-8N 03R 04R=DA,UN 05R 06N 08..10N
        PWK S 10 | {PAPERWORK}
        DTP*472 S 1 | {DAY_OR_RANGE}
        REF*6R S 1 | {REF}
        REF*9B S 1 | {REF}
        REF*9D S 1 | {REF}
        AMT*GT S 1 | 03N
        AMT*N8 S 1 | 03N
        NTE*TPO S 1
        HCP S | {REPRICED}
{DRUG}
        loop 2420A S 1 # operating
          NM1*72 R | {PERSON}
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420B S 1 # other operating
          NM1*ZZ R | {PERSON}
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420C S 1 # rendering
          NM1*82 R | {PERSON}
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420D S 1 # referring
          NM1*DN R | {PERSON}
          REF*0B|1G|G2 S 20 | {LINE_REF}
{adjudicated("03-1=ER,HC,HP,IV,WK 04R 05R")}
{patient_level("02..09N")}
SE R
""",
)
