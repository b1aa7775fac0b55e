"""Table of the 837D dental claim, 005010X224A2. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_837 import (
    CODE_ONLY,
    CONTRACT,
    COORDINATION,
    DAY,
    DAY_OR_RANGE,
    DELAY,
    FILING,
    HEAD,
    INSURED,
    LINE_REF,
    NAME,
    OTHER_DENTAL_PAYER,
    PAPERWORK,
    PERSON,
    PLACE,
    REF,
    REPRICED,
    SEQUENCE,
    TAX_AND_LICENCE,
    adjudicated,
    billing_level,
    identified,
    patient_level,
)

_CLAIM = (
    f"02R 03..04N 05R 05-2R=B 05-3R 06R=N,Y 07R=A,B,C 08R=N,W,Y"
    f" 09R=I,Y 10N 11-1=AA,EM,OA 11-2=AA,EM,OA 11-3N 12=01,02,03,05 13..18N 19=08,PB 20={DELAY}"
)

#: TOO03: up to five surfaces of the tooth.
_SURFACES = " ".join(f"03-{number}=B,D,F,I,L,M,O" for number in range(1, 6))

GUIDE = Guide(
    guide_id="005010X224A2",
    reads=("005010X224", "005010X224A1", "005010X224A3", "005010X300"),
    set_code="837",
    group_code="HC",
    title="Health care claim, dental",
    table=f"""
{HEAD}
{billing_level(NAME, TAX_AND_LICENCE)}
  loop 2000B R * cut # subscriber
    HL***22 R | 01R 02R 04R=0,1
    SBR R | 01={SEQUENCE} 02=18 05..08N 09={FILING}
{INSURED}
    loop 2300 S 100 cut # claim
      CLM R | {_CLAIM}
      DTP*439 S | {DAY} # accident
      DTP*452 S | {DAY} # appliance placement
      DTP*472 S | {DAY_OR_RANGE} # service
      DTP*050 S | {DAY} # repricer received
      DN1 S | 03N
      DN2 S 35 | 02=E,M 03..05N 06R=JP
      PWK S 10 | {PAPERWORK}
      CN1 S | {CONTRACT}
      AMT*F5 S 1 | 03N
      REF*G3 S 1 | {REF}
      REF*4N S 1 | 02R=1,2,3,4,5,6,7 03N 04N
      REF*F8 S 1 | {REF}
      REF*9F S 1 | {REF}
      REF*G1 S 1 | {REF}
      REF*9A S 1 | {REF}
      REF*9C S 1 | {REF}
      REF*D9 S 1 | {REF}
      K3 S 10 | 02..03N
      NTE*ADD S 5
      HI*ABK|BK S 1 | 02..04-1=ABF,BF 05..12N {CODE_ONLY} # diagnoses
      HCP S | {REPRICED}
      loop 2310A S 2 # referring, primary care
        NM1*DN|P3 R | {PERSON}
        PRV*RF S | 02R=PXC 03R 04..06N
        REF*0B|1G|G2 S 3 | {REF}
      loop 2310B S 1 # rendering
        NM1*82 R | {NAME}
        PRV*PE S | 02R=PXC 03R 04..06N
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310C S 1 # service facility
        NM1*77 R | 02=2 03R 04..07N 08=XX 10..12N
        N3 R
        N4 R | {PLACE}
        REF*0B|G2|LU S 3 | {REF}
      loop 2310D S 1 # assistant surgeon
        NM1*DD R | {PERSON}
        PRV*AS S | 02R=PXC 03R 04..06N
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310E S 1 # supervising
        NM1*DQ R | {PERSON}
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2320 S 10 # another payer
{COORDINATION}
        OI R | 01..02N 03R=N,W,Y 04..05N 06R=I,Y
        MOA S
{OTHER_DENTAL_PAYER}
{identified("2330C", "DN|P3", 2, 3)}
{identified("2330D", "82", 1, 3)}
{identified("2330E", "DQ", 1, 3)}
{identified("2330F", "85", 1, 2)}
{identified("2330G", "77", 1, 3)}
{identified("2330H", "DD", 1, 3)}
      loop 2400 R 50 # service line
        LX R
        SV3 R | 01-1=AD 02R 04-1=00,01,02,10,20,30,40 05=I,R 07..10N
        TOO S 32 | 01R=JP 02R {_SURFACES}
        DTP*472 S 1 | {DAY_OR_RANGE}
        DTP*441 S 1 | {DAY}
        DTP*452 S 1 | {DAY}
        DTP*446 S 1 | {DAY}
        DTP*196 S 1 | {DAY}
        DTP*198 S 1 | {DAY}
        CN1 S | {CONTRACT}
        REF*G3 S 5 | {LINE_REF}
        REF*G1 S 5 | {LINE_REF}
        REF*6R S 1 | {REF}
        REF*9A S 1 | {LINE_REF}
        REF*9C S 1 | {LINE_REF}
        REF*9F S 5 | {LINE_REF}
        AMT*T S 1 | 03N
        K3 S 10 | 02..03N
        HCP S | {REPRICED}
        loop 2420A S 1 # rendering
          NM1*82 R | {NAME}
          PRV*PE S | 02R=PXC 03R 04..06N
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420B S 1 # assistant surgeon
          NM1*DD R | {PERSON}
          PRV*AS S | 02R=PXC 03R 04..06N
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420C S 1 # supervising
          NM1*DQ R | {PERSON}
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420D S 1 # service facility
          NM1*77 R | 02=2 03R 04..07N 08=XX 10..12N
          N3 R
          N4 R | {PLACE}
          REF*G2|LU S 3 | {LINE_REF}
{adjudicated("03-1=AD,ER 04N 05R")}
{patient_level("02..09N")}
SE R
""",
)
