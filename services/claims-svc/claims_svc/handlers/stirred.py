"""Whether it is worth a job's while to look for work."""

from time import monotonic
from typing import Any, Final

ANYWAY_S: Final = 5.0
"""How often a job looks at the least: another member of the service may have left work behind."""


class Stirred:
    """Tells a job whether anything was recorded since it asked last.

    What a job looks for stands in tables that only the service's own facts change, so that a look
    into tables that nobody has changed finds what the last one found.
    """

    def __init__(self, runtime: Any) -> None:
        self._totals = runtime.engine.totals
        self._batches = -1
        self._asked_at = 0.0

    def __call__(self) -> bool:
        """Tell whether something may have changed."""
        batches, now = self._totals.batches, monotonic()
        if batches == self._batches and now - self._asked_at < ANYWAY_S:
            return False
        self._batches, self._asked_at = batches, now
        return True
