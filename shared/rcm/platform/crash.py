"""Named points at which a test may kill the process, to see that nothing is lost or doubled there.

`CLAIMSTREAM_CRASH_AT=after-commit:3` kills with SIGKILL on the third pass of `after-commit`.
Points: poll begin inbox state rows outbox before-commit after-commit produce-sent produce-acked
mark-sent shutdown.
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

CrashPoint = Callable[[str], None]

VARIABLE: Final = "CLAIMSTREAM_CRASH_AT"


def crash_point(environment: Mapping[str, str]) -> CrashPoint:
    """Return what is called at each named point: nothing, unless the environment names one."""
    wanted, _, count = environment.get(VARIABLE, "").partition(":")
    left = [int(count or 1)]

    def die_at(name: str) -> None:
        if name == wanted:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return die_at if wanted else live_on


def live_on(_name: str) -> None:
    """Do nothing: no test runs."""
