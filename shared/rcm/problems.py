"""Problems: a request that was understood and is refused, as RFC 9457 asks.

The hierarchy is flat: every refusal is one subclass of `Problem` with a slug, a title and an HTTP
status, raised by a
pure decision and translated once, at the edge. A fault in somebody's file is a Finding, never a
Problem; a fault of
ours is an assertion, and stops the process.

    class ClaimNotFound(Problem):
        \"\"\"No claim of this tenant has that number.\"\"\"

        slug = "claim-not-found"
        title = "Claim not found"
        status = 404

    raise ClaimNotFound("There is no original to replace or void.")
"""

from typing import ClassVar


class Problem(Exception):
    """A refusal with a name, a page under docs/problems and an HTTP status.

    Attributes:
        slug: The last part of the `type` URI and the name of the page.
        title: The situation in a few words; the same for every occurrence.
        status: HTTP status code, never 422 (malformed) and never 5xx (ours).
        detail: What to do about this occurrence. Holds no PHI.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Problem):
    """Nothing of this tenant has that id; a foreign id and an absent id get this same answer."""

    slug = "not-found"
    title = "Not found"
    status = 404


class IdempotencyKeyReused(Problem):
    """The same `Idempotency-Key` came with another request; the first outcome stands."""

    slug = "idempotency-key-reused"
    title = "Idempotency key used for another request"
    status = 409


class StreamMoved(Problem):
    """Somebody changed the same thing meanwhile; read it again and decide again."""

    slug = "changed-meanwhile"
    title = "Changed meanwhile"
    status = 409


class Busy(Problem):
    """The service has more unpublished or unprocessed work than it may hold; try again later."""

    slug = "busy"
    title = "Too much work waiting"
    status = 503
