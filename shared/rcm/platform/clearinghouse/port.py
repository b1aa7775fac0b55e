"""What a way to a clearinghouse or payer must do, and what an answer of it proves.

The hard case is the answer that does not come. `submit` therefore never raises for the other side:
it says `sent`, `not-sent` or `unknown`, and only what is proven may be called either of the first
two. After `unknown` nothing is sent again, unless the adapter says that the other side takes the
same interchange number once (`resubmits_safely`).
"""

from collections.abc import Collection, Sequence
from typing import Final, Literal, NamedTuple, Protocol

Kind = Literal["TA1", "999", "277CA", "835", "other"]
"""What a file in the mailbox holds, by its first transaction."""

Outcome = Literal["sent", "not-sent", "unknown"]

ACKNOWLEDGEMENTS: Final[tuple[Kind, ...]] = ("TA1", "999", "277CA")
REMITTANCES: Final[tuple[Kind, ...]] = ("835",)

_HEAD_BYTES: Final = 4096
_ISA_BYTES: Final = 106
_KIND_BY_SET: Final[dict[str, Kind]] = {"999": "999", "997": "999", "835": "835"}


class Unreachable(Exception):
    """The mailbox could not be read; try again later. Names the cause, never an address."""


class Parcel(NamedTuple):
    """One interchange to hand over.

    Attributes:
        sender_id: ISA06.
        receiver_id: ISA08.
        interchange_control_number: ISA13.
        data: The bytes.
    """

    sender_id: str
    receiver_id: str
    interchange_control_number: str
    data: bytes


class Receipt(NamedTuple):
    """What is known after handing over.

    Attributes:
        outcome: `sent` taken by the other side; `not-sent` proven not to have been taken;
            `unknown` neither.
        evidence: What says so, such as `http-202`, `no-connection`, `timeout`.
    """

    outcome: Outcome
    evidence: str


class Waiting(NamedTuple):
    """A file that waits in the mailbox.

    Attributes:
        name: What `fetch` and `acknowledge` call it.
        kind: What it holds.
    """

    name: str
    kind: Kind


class Clearinghouse(Protocol):
    """One way to one clearinghouse or payer, for one submitter."""

    @property
    def resubmits_safely(self) -> bool:
        """Whether the other side takes the same interchange number with the same bytes only once,
        however often it is handed over.
        """
        ...

    async def submit(self, parcel: Parcel) -> Receipt:
        """Hand an interchange over, once."""
        ...

    async def status(self, parcel: Parcel) -> Receipt:
        """Ask whether an interchange had arrived. `parcel.data` may be empty."""
        ...

    async def waiting(self, kinds: Collection[Kind], limit: int = 100) -> Sequence[Waiting]:
        """List files of these kinds, oldest first.

        Raises:
            Unreachable: Nobody answers, or not as agreed.
        """
        ...

    async def fetch(self, name: str) -> bytes:
        """Read a file; it stays until it is acknowledged.

        Raises:
            Unreachable: It cannot be had now.
        """
        ...

    async def acknowledge(self, name: str) -> None:
        """Say that a file is safely recorded here, so that it is offered no more. Repeating it is
        harmless.

        Raises:
            Unreachable: Nobody answers.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def kind_of(data: bytes) -> Kind:
    """Tell what a file holds from its first segments."""
    text = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().decode("latin-1")
    if len(text) < _ISA_BYTES or not text.startswith("ISA"):
        return "other"
    element, segment = text[3], text[_ISA_BYTES - 1]
    for part in text.split(segment)[1:]:
        elements = part.strip().split(element)
        if elements[0] == "TA1":
            return "TA1"
        if elements[0] == "ST" and len(elements) > 2:
            if elements[1] == "277":
                return "277CA" if elements[3:4] == ["005010X214"] else "other"
            return _KIND_BY_SET.get(elements[1], "other")
    return "other"
