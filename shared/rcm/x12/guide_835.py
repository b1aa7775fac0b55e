"""Table of the 835 health care claim payment, 005010X221A1. The format is told in `guide.py`."""

from rcm.x12.guide import Guide

_ACCOUNTS = "06=01,04 08=DA 12=01,04 14=DA,SG"
_FILING = "06R=12,13,14,15,16,17,AM,CH,DS,HM,LM,MA,MB,MC,OF,TV,VA,WC,ZZ"

GUIDE = Guide(
    guide_id="005010X221A1",
    reads=("005010X221",),
    set_code="835",
    group_code="HP",
    title="Health care claim payment and remittance advice",
    cut_segments=frozenset({"PLB"}),
    table=f"""
ST R | 01=835 03N
BPR R | 01=C,D,H,I,P,U,X 03=C,D 04=ACH,BOP,CHK,FWT,NON 05=CCP,CTX {_ACCOUNTS} 17..21N # payment
TRN R | 01=1 03R # reassociation trace
CUR S | 01=PR 04..06N
REF*EV S | 02R 03N 04N # receiver
REF*F2 S | 02R 03N 04N # version of the payer's system
DTM*405 S | 02R 03..06N # production date
loop 1000A R 1 # payer
  N1*PR R | 02R 03=XV 05N 06N
  N3 R
  N4 R | 01R 05..06N
  REF*2U|EO|HI|NF S 4 | 02R 03N 04N
  PER*CX S | 03=FX,TE,EM 05=EM,EX,FX,TE,UR 07=EX 09N # business contact
  PER*BL R * | 03=EM,TE,UR 05=EM,EX,FX,TE,UR 07=EX,UR,EM,FX,TE 09N # technical contact
  PER*IC S | 02N 03R=UR 04R 05..09N # web site
loop 1000B R 1 # payee
  N1*PE R | 02R 03R=FI,XV,XX 04R 05N 06N
  N3 S
  N4 S | 01R 05..06N
  REF*0B|D3|PQ|TJ S * | 02R 03N 04N
  RDM S | 01=BM,EM,FT,OL 04N
loop 2000 S * cut # a group of claims
  LX R
  TS3 S | 06..12N 14N 16N 19N
  TS2 S
  loop 2100 R * cut # a claim
    CLP R | 02=1,2,3,4,19,20,21,22,23,25 {_FILING} 07R 10N 14N
    CAS S 99 | 01=CO,OA,PI,PR
    NM1*QC R | 02=1 08=34,HN,II,MI,MR 06N 10..12N # patient
    NM1*IL S | 02R=1,2 08R=FI,II,MI 09R 06N 10..12N # subscriber
    NM1*74 S | 02=1,2 08=C 06N 10..12N # corrected patient or insured
    NM1*82 S | 08R=BD,BS,FI,MC,PC,SL,UP,XX 09R 06N 10..12N # service provider
    NM1*TT S | 02=2 03R 04..07N 08R=AD,FI,NI,PI,PP,XV 09R 10..12N # crossover carrier
    NM1*PR S | 02=2 03R 04..07N 08R=AD,FI,NI,PI,PP,XV 09R 10..12N # corrected priority payer
    NM1*GB S | 02=1,2 08=FI,II,MI 06N 10..12N # other subscriber
    MIA S # inpatient adjudication
    MOA S # outpatient adjudication
    REF*1L|1W|28|6P|9A|9C|BB|CE|EA|F8|G1|G3|IG|SY S 5 | 02R 03N 04N
    REF*0B|1A|1B|1C|1D|1G|1H|1J|D3|G2|LU S 10 | 02R 03N 04N # rendering provider
    DTM*036 S | 02R 03..06N # coverage expires
    DTM*050 S | 02R 03..06N # received
    DTM*232|233 S 2 | 02R 03..06N # statement from, through
    PER*CX S 2 | 03=EM,FX,TE 05=EM,EX,FX,TE 07=EX 09N
    AMT*AU|D8|DY|F5|I|NL|T|T2|ZK|ZL|ZM|ZN|ZO S 13 | 03N
    QTY*CA|CD|LA|LE|NE|NR|OU|PS|VS|ZK|ZL|ZM|ZN|ZO S 14 | 02R 03..04N
    loop 2110 S 999 # a service line
      SVC R | 01-1=AD,ER,HC,HP,IV,N4,N6,NU,UI,WK 03R 06-1=AD,ER,HC,HP,IV,N4,N6,NU,UI,WK
      DTM*150|151|472 S 2 | 02R 03..06N # service from, through, or on
      CAS S 99 | 01=CO,OA,PI,PR
      REF*1S|APC|BB|E9|G1|G3|LU|RB S 8 | 02R 03N 04N
      REF*6R S | 02R 03N 04N # line item control number
      REF*0B|1A|1B|1C|1D|1G|1H|1J|D3|G2|HPI|SY|TJ S 10 | 02R 03N 04N # rendering provider
      REF*0K S 5 | 02R 03N 04N # policy
      AMT*B6|KH|T|T2|ZK|ZL|ZM|ZN|ZO S 9 | 03N
      QTY*ZK|ZL|ZM|ZN|ZO S 6 | 02R 03..04N
      LQ*HE|RX S 99 | 02R
PLB S * # provider adjustment
SE R
""",
)
