"""JSON as a FHIR document: read strictly, walked tolerantly.

Two readers of one document must not see two things, so a key that stands twice is refused, as are
`NaN`, deep nesting and giant documents. Numbers stay text: an amount never passes through a float.
Walking never raises: what is absent or of another type is simply not there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from msgspec import Struct

from coding_svc.model.reasons import reason
from rcm.events.clinical import Reason

BYTES_MAX: Final = 5_000_000
DEPTH_MAX: Final = 64
NUMBER_LENGTH_MAX: Final = 40
RESOURCES_MAX: Final = 5_000

_NOT_STRUCTURE: Final = re.compile(
    # Possessive, and an open string runs to the end: linear on any input.
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^\[\]{}"]++',
    re.DOTALL,
)


class Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


class Unreadable(Struct, frozen=True):
    """Bytes that are no document.

    Attributes:
        reason: Why.
    """

    reason: Reason


class Node:
    """A place in a document. Everything asked of it has an answer; nothing there is falsy."""

    __slots__ = ("_value", "path")

    def __init__(self, value: Any, path: str) -> None:
        self._value = value
        self.path = path

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self._value is not None

    def __getitem__(self, name: str) -> "Node":
        """Go to a member of an object."""
        value = self._value.get(name) if isinstance(self._value, dict) else None
        return Node(value, f"{self.path}.{name}")

    def items(self, name: str) -> Iterator["Node"]:
        """Go through a list, or through the one thing where a list belongs."""
        value = self._value.get(name) if isinstance(self._value, dict) else None
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield Node(item, f"{self.path}.{name}[{index}]")
        elif value is not None:
            yield Node(value, f"{self.path}.{name}")

    @property
    def text(self) -> str:
        """The text of a string or number, trimmed, without control characters; else empty."""
        value = self._value
        if not isinstance(value, str):
            return ""
        if not value.isprintable():
            value = "".join(c if c.isprintable() or c == " " else " " for c in value)
        return value.strip()


def read(data: bytes) -> Node | Unreadable:
    """Read a JSON object."""
    if len(data) > BYTES_MAX:
        return Unreadable(reason("too-large", "Bundle"))
    depth = 0
    for byte in _NOT_STRUCTURE.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > DEPTH_MAX:
                return Unreadable(reason("json-too-deep", "Bundle"))
        else:
            depth -= 1
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_constant=_refused,
            parse_int=_number,
            parse_float=_number,
        )
    except _KeyTwice:
        return Unreadable(reason("json-duplicate-key", "Bundle"))
    except (ValueError, RecursionError):
        return Unreadable(reason("not-json", "Bundle"))
    if not isinstance(value, dict):
        return Unreadable(reason("not-a-bundle", "Bundle"))
    return Node(value, "Bundle")


class Resources:
    """The resources of a bundle by type, and what their references point to.

    A reference is followed inside the bundle only: nothing is ever fetched.
    """

    def __init__(self, bundle: Node) -> None:
        self._by_type: dict[str, list[Node]] = {}
        self._by_reference: dict[str, Node] = {}
        for entry in bundle.items("entry"):
            resource = entry["resource"]
            kind = resource["resourceType"].text
            if not kind.isalpha():
                continue
            of_kind = self._by_type.setdefault(kind, [])
            # Ids of resources may be anything; the position says the same without it.
            resource.path = f"{kind}[{len(of_kind)}]"
            of_kind.append(resource)
            for name in (entry["fullUrl"].text, f"{kind}/{resource['id'].text}"):
                if name:
                    self._by_reference.setdefault(name, resource)

    def all(self, kind: str) -> list[Node]:
        """Return the resources of a type, in order."""
        return self._by_type.get(kind, [])

    def follow(self, reference: Node, within: Node) -> Node:
        """Return what a Reference points to: in the bundle, or contained in the resource."""
        name = reference["reference"].text
        if name.startswith("#"):
            for contained in within.items("contained"):
                if contained["id"].text == name[1:]:
                    return contained
            return _NOTHING
        found = self._by_reference.get(name)
        if found is None and "/" in name:
            # An absolute or versioned reference to a resource that is here under its short name.
            parts = name.split("/_history/")[0].split("/")
            found = self._by_reference.get("/".join(parts[-2:]))
        return found if found is not None else _NOTHING


_NOTHING: Final = Node(None, "")


class _KeyTwice(Exception):
    """A key stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _KeyTwice
    return found


def _number(text: str) -> Number:
    if len(text) > NUMBER_LENGTH_MAX:
        raise ValueError("a number is too long")
    return Number(text)


def _refused(_text: str) -> NoReturn:
    raise ValueError("a number is not finite")
