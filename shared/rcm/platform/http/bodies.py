"""Request bodies: bounded in size and time, and JSON that means one thing only.

Python's reader takes `NaN`, lets the last of two equal keys win, and follows nesting until the
stack ends. Two programs that read such a body differently are a way around a check.
"""

import json
import re
from typing import Any, ClassVar, Final, NoReturn

from rcm.problems import Problem

DEPTH_MAX: Final = 64
_INTEGER_DIGITS_MAX: Final = 19
_NUMBER_LENGTH_MAX: Final = 40
_NOT_STRUCTURE: Final = re.compile(
    # Possessive, and an open string runs to the end: linear on any input.
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^\[\]{}"]++',
    re.DOTALL,
)


class MalformedJson(Problem):
    """A body that says it is JSON is not, or could be read in two ways: a key stands twice, a
    number is not finite, a text holds NUL, nesting is deeper than 64.
    """

    slug: ClassVar[str] = "malformed-json"
    title: ClassVar[str] = "Malformed JSON"
    status: ClassVar[int] = 400


class BodyTooLarge(Problem):
    """The body is larger than the service takes in one request."""

    slug: ClassVar[str] = "body-too-large"
    title: ClassVar[str] = "Body too large"
    status: ClassVar[int] = 413


class BodyTooSlow(Problem):
    """The body did not arrive in time."""

    slug: ClassVar[str] = "body-too-slow"
    title: ClassVar[str] = "Body too slow"
    status: ClassVar[int] = 408


class UnsupportedContent(Problem):
    """The body is of a kind, or in an encoding, that this service does not read."""

    slug: ClassVar[str] = "unsupported-content"
    title: ClassVar[str] = "Unsupported content"
    status: ClassVar[int] = 415


def parse_json(data: bytes, *, depth_max: int = DEPTH_MAX) -> Any:
    """Read JSON strictly: UTF-8, no key twice, finite numbers of bounded length, bounded nesting.

    Raises:
        MalformedJson: Otherwise; says what, and never repeats the data.
    """
    if b"\\u0000" in data:
        raise MalformedJson("a text holds the character NUL")
    depth = 0
    for byte in _NOT_STRUCTURE.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > depth_max:
                raise MalformedJson(f"nested deeper than {depth_max}")
        else:
            depth -= 1
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_number,
        )
    except UnicodeDecodeError:
        raise MalformedJson("not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise MalformedJson("not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("a key stands twice in one object")
    return found


def _no_constant(_text: str) -> NoReturn:
    raise MalformedJson("a number is not finite")


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS_MAX + 1:
        raise MalformedJson("an integer is too long")
    return int(text)


def _number(text: str) -> float:
    number = float(text) if len(text) <= _NUMBER_LENGTH_MAX else float("inf")
    if number in (float("inf"), float("-inf")):
        raise MalformedJson("a number is out of range")
    return number
