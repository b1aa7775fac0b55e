"""Fuzz rcm.x12 with atheris: lexer, reader, typed readers, writer and back.

    python tools/fuzz_x12.py -max_total_time=60 CORPUS_FOLDER

Every input must be read without an exception, every claim must be taken or set aside, and what is
taken must survive being written and read again. Crashers are left in the working folder.
"""

import sys
from datetime import datetime

import atheris

with atheris.instrument_imports(include=["rcm"]):
    from rcm.x12 import ta1, x277ca, x835, x999
    from rcm.x12.examine import Examination
    from rcm.x12.lexer import Delimiters
    from rcm.x12.reader import Reader
    from rcm.x12.writer import Envelope

from io import BytesIO

ENVELOPE = Envelope(
    sender=("ZZ", "FUZZ"),
    receiver=("ZZ", "FUZZ"),
    interchange_control_number=1,
    at=datetime(2026, 1, 1),  # noqa: DTZ001 - a fixed instant, not a clock
    delimiters=Delimiters("\x1c", "\x1d", "\x1e", "\x1f"),  # no text holds them
)


def once(data: bytes) -> None:
    """Try one input."""
    for finding in Examination(BytesIO(data)).findings():
        finding.render()
    reading = x835.read(data)
    claims = sum(unit.name == "CLP" for unit in Reader(data).units())
    aside = sum(one.unit.name == "CLP" for one in reading.set_aside)
    assert sum(len(one.claims) for one in reading.remittances) + aside == claims
    for remittance in reading.remittances:
        x835.check(remittance)
    for interchange in reading.reader.interchanges:
        ta1.acknowledge(interchange, reading.findings)
        groups = x999.acknowledge(interchange, reading.findings)
        assert x999.read(x999.write(groups, ENVELOPE)).set_aside == ()
    x277ca.read(data)


def main() -> None:
    """Run until told to stop."""
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
