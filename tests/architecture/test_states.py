"""What a state leaves out when it is written must not hang on which object a text is.

A struct with `omit_defaults` leaves out a default that is the same *object*. A text that was
decoded is another object than the default it equals (but for one letter), so a store folded anew
would differ from the live one, now and then. Words of a Literal are one object each as long as
Python interns them.
"""

import importlib.metadata

import msgspec
import pytest
from msgspec import inspect

SERVICES = [
    point.load().MANIFEST.service for point in importlib.metadata.entry_points(group="rcm.services")
]


def structs_of(kind: inspect.Type, seen: dict[type, inspect.StructType]) -> None:
    """Collect every struct that a type leads to."""
    if isinstance(kind, inspect.StructType):
        if kind.cls in seen:
            return
        seen[kind.cls] = kind
        for field in kind.fields:
            structs_of(field.type, seen)
    for name in ("types", "item_types"):
        for inner in getattr(kind, name, ()):
            structs_of(inner, seen)
    for name in ("item_type", "value_type", "key_type", "type"):
        inner = getattr(kind, name, None)
        if isinstance(inner, inspect.Type):
            structs_of(inner, seen)


def doubtful(struct: inspect.StructType) -> list[str]:
    """Name the defaults of a struct that may be left out once and written once."""
    return [
        f"{struct.cls.__name__}.{field.name}"
        for field in struct.fields
        if isinstance(field.default, str) and len(field.default) > 1
        and not (isinstance(field.type, inspect.LiteralType) and field.default.isidentifier())
    ]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_default_text_of_a_state_is_told_by_its_object(service):
    seen: dict[type, inspect.StructType] = {}
    structs_of(inspect.type_info(service.state), seen)
    assert seen
    omitting = [struct for cls, struct in seen.items() if cls.__struct_config__.omit_defaults]
    assert [name for struct in omitting for name in doubtful(struct)] == []


def test_the_check_sees_a_default_of_two_words():
    class Shaped(msgspec.Struct, omit_defaults=True):
        shape: str = "multiple-choice"

    assert doubtful(inspect.type_info(Shaped)) == ["Shaped.shape"]
