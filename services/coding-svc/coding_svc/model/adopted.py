"""Which code sets a tenant's encounters were judged by last."""

from msgspec import Struct

from rcm.events.coding_codes import CodeSetsAdopted

ADOPTED_STREAM = "code-sets"


class Adopted(Struct, frozen=True, tag="code-sets"):
    """The code sets that were in force last.

    Attributes:
        code_sets: Their fingerprint.
    """

    code_sets: str


def evolve_adopted(event: CodeSetsAdopted) -> Adopted:
    """Fold that other sets came into force."""
    return Adopted(event.code_sets)
