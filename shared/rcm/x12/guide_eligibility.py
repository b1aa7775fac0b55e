"""The lines that the tables of the 270 and the 271 share. The format is told in `guide.py`."""

from typing import Final

REF: Final = "02R 04N"
PLACE: Final = "05..06N"
DAY: Final = "02=D8,RD8"
SOURCE: Final = (
    "02=1,2 06N 08R=24,46,FI,NI,PI,SV,XV,XX 09R 10..12N"  # NM108 of whom the question goes to
)
RECEIVER: Final = "02=1,2 06N 08R=24,34,FI,PI,PP,SV,XV,XX 09R 10..12N"
PERSON: Final = "02=1,2 06N 08=II,MI,ZZ 10..12N"
SUBSCRIBER_REFS: Final = "REF*0F|18|1L|1W|3H|49|6P|A6|CT|EA|EJ|F6|GH|HJ|IF|IG|ML|N6|NQ|Q4|SY|Y4"
