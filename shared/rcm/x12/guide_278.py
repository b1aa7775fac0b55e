"""Table of the 278 services review, request and response, 005010X217. See `guide.py`.

One table serves both: a response repeats the request and adds AAA and HCR. It follows the loops
and the segments; of the elements it checks what the standard itself lays down.
"""

from rcm.x12.guide import Guide

_AAA = "AAA S 9 | 02N 03R 04R"


def _indent(text: str, pad: str) -> str:
    return "".join(pad + line + "\n" for line in text.splitlines())


_PERSON = f"""\
REF S 9 | 02R
N3 S
N4 S
{_AAA}
DMG S
INS S
"""
_PROVIDER = f"""\
  REF S 8 | 02R
  N3 S
  N4 S
  PER S | 01=IC
  {_AAA}
  PRV S
"""
_SERVICE = f"""\
loop 2000F S * cut # a service
  HL***SS R | 02R 04R=0
  TRN S 3
  {_AAA}
  UM S
  HCR S
  REF S 9 | 02R
  DTP S 9
  HI S
  SV1 S
  SV2 S
  SV3 S
  TOO S 32
  HSD S
  PWK S 10
  MSG S
  loop 2010F S * # who provides it
    NM1 R
{_indent(_PROVIDER, "  ")}
"""
_EVENT = f"""\
loop 2000E S * cut # the patient's event
  HL***EV R | 02R 04R=0,1
  TRN S 3
  {_AAA}
  UM R
  HCR S
  REF S 9 | 02R
  DTP S 9
  HI S
  HSD S
  CRC S 9
  CL1 S
  CR1 S
  CR2 S
  CR5 S
  CR6 S
  PWK S 10
  MSG S
  loop 2010E S * # who provides it, where, transport
    NM1 R
{_indent(_PROVIDER, "  ")}
{_indent(_SERVICE, "  ")}
"""

GUIDE = Guide(
    guide_id="005010X217",
    set_code="278",
    group_code="HI",
    title="Health care services review, request and response",
    table=f"""
ST R | 01=278 03R
BHT R | 01=0007 02R=01,11,13,36 03R 04R 05R
loop 2000A R 1 cut # who reviews
  HL***20 R | 02N 04R=0,1
  {_AAA}
  loop 2010A R 1
    NM1*2B|36|PR|X3 R | 09R
    PER S | 01=IC
    {_AAA}
  loop 2000B S 1 cut # who asks
    HL***21 R | 02R 04R=0,1
    loop 2010B R 2
      NM1*1P|2B|36|80|FA|PR|X3 R | 09R
{_indent(_PROVIDER, "    ")}
    loop 2000C S 1 cut # subscriber
      HL***22 R | 02R 04R=0,1
      loop 2010C R 1
        NM1*IL R | 09R
{_indent(_PERSON, "        ")}
{_indent(_EVENT, "      ")}
      loop 2000D S 1 cut # dependent
        HL***23 R | 02R 04R=0,1
        loop 2010D R 1
          NM1*QC R
{_indent(_PERSON, "          ")}
        same 2000E
SE R
""",
)
