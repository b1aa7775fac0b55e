"""The lines that the tables of the 276 and the 277 (005010X212) share. See `guide.py`."""

from typing import Final

REF: Final = "02R 03..04N"
NAME: Final = "02=1,2 06N 10..12N"
LINE: Final = "01-1=AD,ER,HC,HP,IV,N4,NU,WK 02R 05..06S 07R"


def person(loop: str, code: str, pad: str, body: str) -> str:
    """Give the loop of the subscriber (2100D) or the dependent (2100E) and of its claims."""
    lines = f"""\
loop 2100{loop} R 1
  NM1*{code} R | 02=1,2 06N 08=24,II,MI 10..12N
{body}"""
    return "".join(pad + line + "\n" for line in lines.splitlines())
