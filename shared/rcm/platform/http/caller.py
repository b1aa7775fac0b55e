"""Parameters of routes that say who asks: `Tenant`, `Actor`, `Caller`, and `needs(role, ...)`.

The tenant comes from the verified token alone. A token stands in the `Authorization` header, or in
the cookie of a page's session; the cookie is good for reading only.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from rcm.platform.http.identity import Forbidden, Identity, Role, Unauthenticated, Verifier

SESSION_COOKIE: Final = "claimstream_session"
BEARER: Final = HTTPBearer(auto_error=False, scheme_name="access-token", bearerFormat="JWT")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


async def identify(request: Request) -> Identity:
    """Return the verified caller.

    Raises:
        Unauthenticated: No token, or one that does not hold.
    """
    known = getattr(request.state, "identity", None)
    if isinstance(known, Identity):
        return known
    verifier: Verifier = request.app.state.verifier
    identity = await verifier.verify(_token(request))
    request.state.identity = identity
    request.state.tenant_id = identity.tenant_id
    return identity


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if len(given) == 1:
        scheme, _, token = given[0].partition(" ")
        if scheme.lower() == "bearer" and token:
            return token
    elif not given and request.method in _SAFE_METHODS:
        token = request.cookies.get(SESSION_COOKIE, "")
        if token:
            return token
    raise Unauthenticated("Send an access token: Authorization: Bearer ...")


Caller = Annotated[Identity, Depends(identify)]
"""The verified caller."""


async def tenant_of(caller: Caller) -> str:
    """Return whose cases the caller may touch."""
    return caller.tenant_id


async def actor_of(caller: Caller) -> str:
    """Return the subject that is recorded as the actor of what follows."""
    return caller.subject


Tenant = Annotated[str, Depends(tenant_of)]
"""The tenant of the verified token; never of the path, the query or the body."""

Actor = Annotated[str, Depends(actor_of)]
"""Who is recorded as having acted."""


def needs(*roles: Role) -> Any:
    """Let a route be used with one of some roles: `dependencies=[needs("biller", "manager")]`."""

    async def check(caller: Caller) -> None:
        if caller.roles.isdisjoint(roles):
            raise Forbidden(f"Needs one of: {', '.join(roles)}.")

    return Depends(check)
