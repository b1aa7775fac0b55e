"""From a request that changes something to a Command: `Asking` carries what all of them share.

@router.post("/claims/{claim_id}/notes", responses=responses(NotFound, *Asking.problems))
async def add_note(claim_id: str, body: Note, asking: Asking, runtime: Runtime, answer: Response):
    outcome = await runtime.execute(asking.command([claim_id], lambda loaded, context: ...))
    asking.mark(answer, outcome.repeated)
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request, Response

from rcm.domain import Command, Context, Fact, Loaded
from rcm.platform.http.caller import Caller
from rcm.platform.http.identity import Identity
from rcm.problems import IdempotencyKeyReused, Problem

_NAMESPACE: Final = UUID("0c8c6a3a-5b3a-5a53-8f1e-6f5d7a5b9c11")
REPEAT_HEADER: Final = "Idempotent-Replayed"


class IdempotencyKeyMissing(Problem):
    """A request that changes something needs an `Idempotency-Key` of the client's own making, such
    as a UUID: sent again with the same key, it has no second effect.
    """

    slug: ClassVar[str] = "idempotency-key-missing"
    title: ClassVar[str] = "Idempotency key missing"
    status: ClassVar[int] = 400


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a Command takes over from the request that asked for it.

    Attributes:
        caller: Who asks.
        key: The client's `Idempotency-Key`.
        request_hash: sha256 of method, path and body.
        traceparent: W3C trace context, or empty.
    """

    caller: Identity
    key: str
    request_hash: str
    traceparent: str

    def command(
        self,
        streams: Sequence[str],
        decide: Callable[[Loaded, Context], Sequence[Fact]],
        *,
        key_ids: Sequence[str] = (),
        correlation_id: str = "",
    ) -> Command:
        """Make the Command; its id derives from the key, so that a repeat is the same one."""
        return Command(
            tenant_id=self.caller.tenant_id,
            command_id=str(
                uuid5(_NAMESPACE, f"{self.caller.tenant_id}/{self.key}/{self.request_hash}")
            ),
            streams=streams,
            decide=decide,
            actor=self.caller.subject,
            correlation_id=correlation_id,
            key_ids=key_ids,
            idempotency_key=self.key,
            request_hash=self.request_hash,
            traceparent=self.traceparent,
        )

    @staticmethod
    def mark(answer: Response, repeated: bool) -> None:  # noqa: FBT001 - the fact itself
        """Tell the client that this is the outcome of an earlier request."""
        if repeated:
            answer.headers[REPEAT_HEADER] = "true"


async def asking(
    request: Request,
    caller: Caller,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9_.:-]{8,128}$",
            description="Of the client's own making, such as a UUID. The same key with the same "
            "request gives the first outcome again; with another request it is refused.",
        ),
    ] = None,
    traceparent: Annotated[
        str | None, Header(max_length=55, pattern=r"^[0-9a-f-]*$", include_in_schema=False)
    ] = None,
) -> ChangeRequest:
    """Read what a Command takes over from its request."""
    if not idempotency_key:
        raise IdempotencyKeyMissing
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return ChangeRequest(caller, idempotency_key, digest.hexdigest(), traceparent or "")


Asking = Annotated[ChangeRequest, Depends(asking)]
"""Give a route that changes something this parameter."""

CHANGE_PROBLEMS: Final = (IdempotencyKeyMissing, IdempotencyKeyReused)
"""Document these on each of them: `responses=responses(NotFound, *CHANGE_PROBLEMS)`."""
