"""What a step says."""

import msgspec


class Said(msgspec.Struct):
    """The words of one step.

    Attributes:
        what: What happened, in a few words.
        why: The reason, where there is one.
        money: Amounts in cents by name.
        is_detail: Of interest to whoever looks closer.
    """

    what: str
    why: str = ""
    money: dict[str, int] = {}
    is_detail: bool = False
