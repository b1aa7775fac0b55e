"""The lines that the tables of the three 837 guides share. The format is told in `guide.py`."""

from typing import Final

REF: Final = "02R 03N 04N"
LINE_REF: Final = "02R 03N 04-1=2U 04-3N 04-4N 04-5N 04-6N"  # REF04 names another payer
NAME: Final = "02=1,2 03R 06N 08=XX 10..12N"
PERSON: Final = "02=1 03R 06N 08=XX 10..12N"
NO_NAME: Final = "02=1,2 03..12N"
PLACE: Final = "01R 05N 06N"
DAY: Final = "02=D8"
DAY_OR_RANGE: Final = "02=D8,RD8"
SUBSCRIBER_NAME: Final = "02=1,2 03R 06N 08=II,MI 10..12N"
PAYER_NAME: Final = "02=2 03R 04..07N 08R=PI,XV 09R 10..12N"
CONTACT: Final = "01=IC 03R=EM,FX,TE 04R 05=EM,EX,FX,TE 07=EM,EX,FX,TE 09N"
TELEPHONE: Final = "01=IC 03R=TE 04R 05=EX 07..09N"
DEMOGRAPHICS: Final = "01R=D8 02R 03R=F,M,U 04..11N"
FILING: Final = (
    "11,12,13,14,15,16,17,AM,BL,CH,CI,DS,FI,HM,LM,MA,MB,MC,OF,TV,VA,WC,ZZ"  # SBR09, open to 1032
)
RELATION: Final = "01,19,20,21,39,40,53,G8"
SEQUENCE: Final = "A,B,C,D,E,F,G,H,P,S,T,U"
REPORTS: Final = (
    "03,04,05,06,07,08,09,10,11,13,15,21,A3,A4,AM,AS,B2,B3,B4,BR,BS,BT,CB,CK,CT,D2,DA,DB,DG,DJ,DS,"
    "EB,HC,HR,I5,IR,LA,M1,MT,NN,OB,OC,OD,OE,OX,OZ,P4,P5,P6,P7,PE,PN,PO,PQ,PY,PZ,RB,RR,RT,RX,SG,V5,XP"
)
PAPERWORK: Final = f"01={REPORTS} 02R=AA,BM,EL,EM,FT,FX 03N 04N 05=AC 07..09N"
CONTRACT: Final = "01=01,02,03,04,05,06,09"
REPRICED: Final = (
    "01R=00,01,02,03,04,05,06,07,08,09,10,11,12,13,14 13=T1,T2,T3,T4,T5,T6"
    " 14=1,2,3,4,5 15=1,2,3,4,5,6"
)
DELAY: Final = "1,2,3,4,5,6,7,8,9,10,11,15"
CODE_ONLY: Final = "01..12-3N 01..12-4N 01..12-5N 01..12-6N 01..12-7N 01..12-8N 01..12-9N"
CODE_AND_POA: Final = "01..12-3N 01..12-4N 01..12-5N 01..12-6N 01..12-7N 01..12-8N 01..12-9=N,U,W,Y"
CODE_AND_DATE: Final = "01..12-5N 01..12-6N 01..12-7N 01..12-8N 01..12-9N"
ONLY_FIRST: Final = "02..12N"
ADJUSTED: Final = "01=CO,CR,OA,PI,PR"
DRUG: Final = f"""\
        loop 2410 S 1 # drug
          LIN R | 01N 02=EN,EO,HI,N4,ON,UK,UP 04N 05N
          CTP R | 01..03N 04R 05R 05-1=F2,GR,ME,ML,UN 06..11N
          REF*VY|XZ S 1 | {REF} # prescription, or link of compound parts
"""

HEAD: Final = f"""\
ST R | 01=837 03R
BHT R | 01=0019 02R=00,18 03R<50 04R 05R 06R=31,CH,RP
loop 1000A R 1 # submitter
  NM1*41 R | 02=1,2 03R 06..07N 08R=46 09R 10..12N
  PER R 2 | {CONTACT}
loop 1000B R 1 # receiver
  NM1*40 R | 02=2 03R 04..07N 08R=46 09R 10..12N
"""

PAY_TO: Final = f"""\
  loop 2010AB S 1 # pay-to address
    NM1*87 R | {NO_NAME}
    N3 R
    N4 R | {PLACE}
  loop 2010AC S 1 # pay-to plan
    NM1*PE R | {PAYER_NAME}
    N3 R
    N4 R | {PLACE}
    REF*2U|FY|NF S 1 | {REF}
    REF*EI R 1 | {REF}
"""

INSURED: Final = f"""\
    loop 2010BA R 1 # subscriber
      NM1*IL R | {SUBSCRIBER_NAME}
      N3 S
      N4 S | {PLACE}
      DMG S | {DEMOGRAPHICS}
      REF*SY S 1 | {REF}
      REF*Y4 S 1 | {REF}
      PER S | {TELEPHONE}
    loop 2010BB R 1 # payer
      NM1*PR R | {PAYER_NAME}
      N3 S
      N4 S | {PLACE}
      REF*2U|EI|FY|NF S 3 | {REF}
      REF*G2|LU S 2 | {REF}
"""

DEPENDENT: Final = f"""\
      loop 2010CA R 1 # patient
        NM1*QC R | 02=1 03R 06N 08..12N
        N3 R
        N4 R | {PLACE}
        DMG R | {DEMOGRAPHICS}
        REF*Y4 S 1 | {REF}
        REF*1W|SY S 1 | {REF}
        PER S | {TELEPHONE}
"""

OTHER_PAYER: Final = f"""\
        loop 2330A R 1 # other subscriber
          NM1*IL R | {SUBSCRIBER_NAME}
          N3 S
          N4 S | {PLACE}
          REF*SY S 2 | {REF}
        loop 2330B R 1 # other payer
          NM1*PR R | {PAYER_NAME}
          N3 S
          N4 S | {PLACE}
          DTP*573 S | {DAY}
          REF*2U|EI|FY|NF S 3 | {REF}
          REF*G1 S 1 | {REF}
          REF*9F S 1 | {REF}
          REF*T4 S 1 | {REF}
          REF*F8 S 1 | {REF}
"""
#: 2330A and 2330B of the dental guide, with the other payer's predetermination.
OTHER_DENTAL_PAYER: Final = f"{OTHER_PAYER}          REF*G3 S 1 | {REF}\n"

COORDINATION: Final = f"""\
        SBR R | 01={SEQUENCE} 02R=18,{RELATION} 05=12,13,14,15,16,41,42,43,47 06..08N 09={FILING}
        CAS S 5 | {ADJUSTED}
        AMT*D S 1 | 03N
        AMT*A8 S 1 | 03N
        AMT*EAF S 1 | 03N
"""


def identified(loop: str, codes: str, repeats: int, identifiers: int) -> str:
    """Give a loop of a provider that only identifiers describe: the 2330s of another payer."""
    pad = " " * 8
    return (
        f"{pad}loop {loop} S {repeats}\n"
        f"{pad}  NM1*{codes} R | {NO_NAME}\n"
        f"{pad}  REF*0B|1G|EI|G2|LU R {identifiers} | {REF}\n"
    )


def billing_level(names: str, references: str) -> str:
    """Give 2000A with 2010AA to 2010AC: who bills, by which names and which REF segments."""
    return (
        "loop 2000A R * cut # billing provider\n"
        "  HL***20 R | 01R 02N 04R=1\n"
        "  PRV*BI S | 02R=PXC 03R 04..06N\n"
        "  CUR S | 01=85 03..06N\n"
        "  loop 2010AA R 1\n"
        f"    NM1*85 R | {names}\n"
        "    N3 R\n"
        f"    N4 R | {PLACE}\n"
        f"{references}"
        f"    PER S 2 | {CONTACT}\n"
        f"{PAY_TO}"
    )


TAX_AND_LICENCE: Final = f"""\
    REF*EI|SY R 1 | {REF} # tax number
    REF*0B|1G S 2 | {REF}
"""


def adjudicated(service: str) -> str:
    """Give 2430, what another payer did with a line, whose SVD says which service."""
    return (
        "        loop 2430 S 15 # what another payer did\n"
        f"          SVD R | {service}\n"
        f"          CAS S 5 | {ADJUSTED}\n"
        f"          DTP*573 R 1 | {DAY}\n"
        "          AMT*EAF S 1 | 03N\n"
    )


def patient_level(facts: str) -> str:
    """Give 2000C, whose claims are those of 2000B again."""
    return (
        "    loop 2000C S * cut # patient\n"
        "      HL***23 R | 01R 02R 04R=0\n"
        f"      PAT R | 01R={RELATION} {facts}\n"
        f"{DEPENDENT}"
        "      same 2300\n"
    )
