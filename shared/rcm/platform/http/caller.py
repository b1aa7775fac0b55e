"""Parameters of routes that say who asks: `Tenant`, `Actor`, `Caller`, and `needs(role, ...)`.

The tenant comes from the verified token alone. A token stands in the `Authorization` header, or in
the cookie of a page's session; the cookie is good for reading only.
"""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from rcm.platform.http.identity import (
    PHI_ROLES,
    SCOPED_ROLES,
    Forbidden,
    Identity,
    Role,
    Unauthenticated,
    Verifier,
)

SESSION_COOKIE: Final = "claimstream_session"
BEARER: Final = HTTPBearer(auto_error=False, scheme_name="access-token", bearerFormat="JWT")
_CASE_WORKERS: Final = PHI_ROLES - {"auditor"}
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


async def identify(request: Request) -> Identity:
    """Return the verified caller.

    Raises:
        Unauthenticated: No token, or one that does not hold.
        Forbidden: The caller's roles are scoped to other routes.
    """
    known = getattr(request.state, "identity", None)
    if isinstance(known, Identity):
        return known
    verifier: Verifier = request.app.state.verifier
    identity = await verifier.verify(_token(request))
    _keep_to_scope(request, identity)
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


class Needs:
    """A dependency that lets a route be used with one of some roles.

    Attributes:
        roles: Any of them is enough.
    """

    def __init__(self, roles: frozenset[str]) -> None:
        self.roles: Final = roles

    async def __call__(self, request: Request, caller: Caller) -> None:
        """Refuse a caller who has none of them; an auditor reads what any of those may read who
        work cases, and changes only what names the role.
        """
        reads = request.method in _SAFE_METHODS and "auditor" in caller.roles
        if reads and not _CASE_WORKERS.isdisjoint(self.roles):
            return
        if caller.roles.isdisjoint(self.roles):
            raise Forbidden(f"Needs one of: {', '.join(sorted(self.roles))}.")


def needs(*roles: Role) -> Any:
    """Let a route be used with one of some roles: `dependencies=[needs("biller", "manager")]`."""
    return Depends(Needs(frozenset(roles)))


def _keep_to_scope(request: Request, identity: Identity) -> None:
    """Keep a caller whose roles are all scoped to the routes that name one of them."""
    if not identity.roles or not identity.roles <= SCOPED_ROLES:
        return
    asked = [d.dependency for d in getattr(request.scope.get("route"), "dependencies", ())]
    if not any(isinstance(n, Needs) and not identity.roles.isdisjoint(n.roles) for n in asked):
        raise Forbidden("This role opens only the routes that name it.")
