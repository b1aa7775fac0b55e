"""Documents about persons do not print what they hold: a log line, a traceback, an assertion."""

from msgspec import Struct


class Private(Struct, frozen=True, gc=False):
    """A document whose `repr` is its type alone."""

    def __repr__(self) -> str:
        """Say what it is, and nothing of what it holds."""
        return f"{type(self).__name__}(...)"
