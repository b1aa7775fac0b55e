"""Table of the 837P professional claim, 005010X222A1. The format is told in `guide.py`."""

from rcm.x12.guide import Guide
from rcm.x12.guide_837 import (
    CODE_ONLY,
    CONTACT,
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
    NAME,
    OTHER_PAYER,
    PAPERWORK,
    PERSON,
    PLACE,
    REF,
    REPRICED,
    SEQUENCE,
    TAX_AND_LICENCE,
    TELEPHONE,
    adjudicated,
    billing_level,
    identified,
    patient_level,
)

_PATIENT_FACTS = "02..04N 05=D8 07=01 09=Y"
_JOURNEY = "01=LB 03N 04R=A,B,C,D,E 05R=DH 06R 07..08N"
_AMBULANCE = "02=N,Y 03R=01,04,05,06,07,08,09,12 04..07=01,04,05,06,07,08,09,12"

_CLAIM = (
    f"02R 03..04N 05R 05-2R=B 05-3R 06R=N,Y 07R=A,B,C 08R=N,W,Y"
    f" 09R=I,Y 10=P 11-1=AA,EM,OA 11-2=AA,EM,OA 11-3N 12=02,03,05,09 13..18N 19=08,PB 20={DELAY}"
)
_SERVICE = (
    "01-1=ER,HC,IV,WK 01-8N 02R 03R=MJ,UN 04R 06N 07R 08N 09=Y 10N 11=Y 12=Y 13..14N 15=0 16..21N"
)

GUIDE = Guide(
    guide_id="005010X222A1",
    reads=("005010X222", "005010X222A2", "005010X291", "005010X298"),
    set_code="837",
    group_code="HC",
    title="Health care claim, professional",
    table=f"""
{HEAD}
{billing_level(NAME, TAX_AND_LICENCE)}
  loop 2000B R * cut # subscriber
    HL***22 R | 01R 02R 04R=0,1
    SBR R | 01={SEQUENCE} 02=18 05=12,13,14,15,16,41,42,43,47 06..08N 09={FILING}
    PAT S | 01N {_PATIENT_FACTS}
{INSURED}
    loop 2300 S 100 cut # claim
      CLM R | {_CLAIM}
      DTP*431 S | {DAY} # onset
      DTP*454 S | {DAY} # first treatment
      DTP*304 S | {DAY} # last seen
      DTP*453 S | {DAY} # acute manifestation
      DTP*439 S | {DAY} # accident
      DTP*484 S | {DAY} # last menstrual period
      DTP*455 S | {DAY} # last x-ray
      DTP*471 S | {DAY} # prescription for hearing or vision
      DTP*314 S | 02=RD8 # disability
      DTP*360 S | {DAY}
      DTP*361 S | {DAY}
      DTP*297 S | {DAY} # last worked
      DTP*296 S | {DAY} # may return to work
      DTP*435 S | {DAY} # admission
      DTP*096 S | {DAY} # discharge
      DTP*090 S | {DAY} # care assumed
      DTP*091 S | {DAY} # care relinquished
      DTP*444 S | {DAY} # first contact
      DTP*050 S | {DAY} # repricer received
      PWK S 10 | {PAPERWORK}
      CN1 S | {CONTRACT}
      AMT*F5 S 1 | 03N # patient paid
      REF*4N S 1 | 02R=1,2,3,4,5,6,7 03N 04N
      REF*F5 S 1 | 02R=N,Y 03N 04N
      REF*EW S 1 | {REF}
      REF*9F S 1 | {REF}
      REF*G1 S 1 | {REF}
      REF*F8 S 1 | {REF}
      REF*X4 S 1 | {REF}
      REF*9A S 1 | {REF}
      REF*9C S 1 | {REF}
      REF*LX S 1 | {REF}
      REF*D9 S 1 | {REF}
      REF*EA S 1 | {REF}
      REF*P4 S 1 | {REF}
      REF*1J S 1 | {REF}
      K3 S 10 | 02..03N
      NTE S 1 | 01R=ADD,CER,DCP,DGN,TPO
      CR1 S | {_JOURNEY}
      CR2 S | 01..07N 08R=A,C,D,E,F,G,M 09N 12N
      CRC*07 S 3 | {_AMBULANCE}
      CRC*E1|E2|E3 S 3 | 02=N,Y 03R=L1,L2,L3,L4,L5 04..07=L1,L2,L3,L4,L5
      CRC*75 S 1 | 02=Y 03R=IH 04..07N
      CRC*ZZ S 1 | 02=N,Y 03R=AV,NU,S2,ST 04..05=AV,NU,S2,ST 06..07N
      HI*ABK|BK R 1 | 02..12-1=ABF,BF {CODE_ONLY} # diagnoses
      HI*BP S 1 | 02-1=BO 03..12N {CODE_ONLY} # anaesthesia related procedure
      HI*BG S 2 | 02..12-1=BG {CODE_ONLY} # conditions
      HCP S | {REPRICED}
      loop 2310A S 2 # referring, primary care
        NM1*DN|P3 R | {PERSON}
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
        PER S | {TELEPHONE}
      loop 2310D S 1 # supervising
        NM1*DQ R | {PERSON}
        REF*0B|1G|G2|LU S 4 | {REF}
      loop 2310E S 1 # ambulance pick-up
        NM1*PW R | 02=2 03..12N
        N3 R
        N4 R | {PLACE}
      loop 2310F S 1 # ambulance drop-off
        NM1*45 R | 02=2 04..12N
        N3 R
        N4 R | {PLACE}
      loop 2320 S 10 # another payer
{COORDINATION}
        OI R | 01..02N 03R=N,W,Y 04=P 05N 06R=I,Y
        MOA S
{OTHER_PAYER}
{identified("2330C", "DN|P3", 2, 3)}
{identified("2330D", "82", 1, 3)}
{identified("2330E", "77", 1, 3)}
{identified("2330F", "DQ", 1, 3)}
{identified("2330G", "85", 1, 2)}
      loop 2400 R 50 # service line
        LX R
        SV1 R | {_SERVICE}
        SV5 S | 01-1=HC 01-3N 01-4N 01-5N 01-6N 01-7N 01-8N 02=DA 04R 05R 06R=1,4,6 07N
        PWK*CT*AB|AD|AF|AG|NS S 1 | 03..09N # certificate of medical necessity
        PWK S 10 | {PAPERWORK}
        CR1 S | {_JOURNEY}
        CR3 S | 01R=I,R,S 02R=MO 03R 04..05N
        CRC*07 S 3 | {_AMBULANCE}
        CRC*70 S 1 | 02=N,Y 03R=65 04..07N
        CRC*09 S 1 | 02=N,Y 03R=38,ZV 04=38,ZV 05..07N
        DTP*472 S 1 | {DAY_OR_RANGE}
        DTP*471 S 1 | {DAY}
        DTP*607 S 1 | {DAY}
        DTP*463 S 1 | {DAY}
        DTP*461 S 1 | {DAY}
        DTP*304 S 1 | {DAY}
        DTP*738|739 S 2 | {DAY}
        DTP*011 S 1 | {DAY}
        DTP*455 S 1 | {DAY}
        DTP*454 S 1 | {DAY}
        QTY*PT S 1 | 02R 03..04N
        QTY*FL S 1 | 02R 03..04N
        MEA S 5 | 01R=OG,TR 02R=HT,R1,R2,R3,R4 03R 04..10N
        CN1 S | {CONTRACT}
        REF*9B S 1 | {LINE_REF}
        REF*9D S 1 | {LINE_REF}
        REF*G1 S 5 | {LINE_REF}
        REF*6R S 1 | {REF}
        REF*EW S 1 | {REF}
        REF*X4 S 1 | {REF}
        REF*F4 S 1 | {REF}
        REF*BT S 1 | {REF}
        REF*9F S 5 | {LINE_REF}
        AMT*T S 1 | 03N
        AMT*F4 S 1 | 03N
        K3 S 10 | 02..03N
        NTE*ADD|DCP S 1
        NTE*TPO S 1
        PS1 S | 03N
        HCP S | {REPRICED}
{DRUG}
        loop 2420A S 1 # rendering
          NM1*82 R | {NAME}
          PRV*PE S | 02R=PXC 03R 04..06N
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420B S 1 # purchased service
          NM1*QB R | 02=1,2 03..07N 08=XX 10..12N
          REF*0B|1G|G2 S 20 | {LINE_REF}
        loop 2420C S 1 # service facility
          NM1*77 R | 02=2 03R 04..07N 08=XX 10..12N
          N3 R
          N4 R | {PLACE}
          REF*G2|LU S 3 | {LINE_REF}
        loop 2420D S 1 # supervising
          NM1*DQ R | {PERSON}
          REF*0B|1G|G2|LU S 20 | {LINE_REF}
        loop 2420E S 1 # ordering
          NM1*DK R | {PERSON}
          N3 S
          N4 S | {PLACE}
          REF*0B|1G|G2 S 20 | {LINE_REF}
          PER S | {CONTACT}
        loop 2420F S 2 # referring, primary care
          NM1*DN|P3 R | {PERSON}
          REF*0B|1G|G2 S 20 | {LINE_REF}
        loop 2420G S 1 # ambulance pick-up
          NM1*PW R | 02=2 03..12N
          N3 R
          N4 R | {PLACE}
        loop 2420H S 1 # ambulance drop-off
          NM1*45 R | 02=2 04..12N
          N3 R
          N4 R | {PLACE}
{adjudicated("03R 03-1=ER,HC,HP,IV,WK 04N 05R")}
        loop 2440 S * # supporting form
          LQ R | 01R=AS,UT 02R
          FRM R 99
{patient_level(_PATIENT_FACTS)}
SE R
""",
)
