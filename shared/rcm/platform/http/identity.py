"""Who asks, and for which tenant: from a verified access token, and from nowhere else.

Tokens are JWTs of RFC 9068 (`typ: at+jwt`). The keys come from one place that the operator named;
`jku`, `x5u` and `jwk` in a token's header are never looked at. The algorithm follows from the key,
not from the token.
"""

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Protocol, get_args

import httpx
import jwt

from rcm.platform.http.bodies import MalformedJson, parse_json
from rcm.platform.settings import Settings
from rcm.problems import Problem

Role = Literal[
    "viewer",
    "coder",
    "biller",
    "manager",
    "operator",
    "integration",
    "auditor",
    "physician",
    "analyst",
]
"""What a caller may do.

viewer sees claims and money, no PHI; coder, biller and manager work cases and see PHI; operator
runs the system and sees no PHI; integration is a program that brings input; auditor reads what
case workers read, and who saw what, and changes nothing but audit findings; physician answers the
queries that are addressed to them, and reaches nothing else; analyst reads de-identified exports,
and reaches nothing else.
"""

ROLES: Final[frozenset[str]] = frozenset(get_args(Role))
PHI_ROLES: Final[frozenset[str]] = frozenset({"coder", "biller", "manager", "auditor"})
SCOPED_ROLES: Final[frozenset[str]] = frozenset({"physician", "analyst"})
"""Roles that open only the routes that name them, and there what is addressed to the caller."""

TENANT_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

_ALGORITHMS: Final = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA"})
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_ID_TYPES: Final = frozenset({"", "jwt"})
_TOKEN_LENGTH_MAX: Final = 8_192
_SKEW_S: Final = 60
_LIFETIME_S_MAX: Final = 24 * 60 * 60
_CACHE_S: Final = 60
_CACHE_MAX: Final = 2_048


class Unauthenticated(Problem):
    """The request carries no access token, or one that does not hold: expired, of another issuer
    or audience, or not signed by a key that the operator trusts.
    """

    slug: ClassVar[str] = "unauthenticated"
    title: ClassVar[str] = "Not signed in"
    status: ClassVar[int] = 401


class Forbidden(Problem):
    """The caller is known, and none of the caller's roles may do this."""

    slug: ClassVar[str] = "forbidden"
    title: ClassVar[str] = "Not allowed"
    status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller.

    Attributes:
        tenant_id: Whose cases the caller may touch.
        subject: The issuer's name for the caller; recorded as the actor of what follows.
        roles: What the caller may do.
        expires_at_s: When the token ends, in seconds since 1970.
    """

    tenant_id: str
    subject: str
    roles: frozenset[str]
    expires_at_s: int

    @property
    def sees_phi(self) -> bool:
        """Whether one of the roles reads PHI."""
        return not PHI_ROLES.isdisjoint(self.roles)


class Keys(Protocol):
    """The public keys of one issuer."""

    async def get(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key of that id, or None."""
        ...


class Verifier:
    """Verifies the access tokens of one issuer, and remembers for a minute that it did."""

    def __init__(
        self, settings: Settings, issuer: str, keys: Keys, clock: Callable[[], float] = time.time
    ) -> None:
        self._issuer = issuer
        self._audience = settings.oidc_audience
        self._tenant_claim = settings.oidc_tenant_claim
        self._roles_claim = settings.oidc_roles_claim
        self._keys = keys
        self._clock = clock
        self._seen: dict[bytes, tuple[float, Identity]] = {}

    async def verify(self, token: str) -> Identity:
        """Return who a token stands for.

        Raises:
            Unauthenticated: The token does not hold. Which check failed is not told.
        """
        now = self._clock()
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._seen.get(digest)
        if known is not None and now < min(known[0], known[1].expires_at_s):
            return known[1]
        try:
            identity = self._identity(await self._claims(token), now)
        except (jwt.PyJWTError, ValueError, TypeError, MalformedJson) as error:
            raise Unauthenticated("Get a new access token.") from error
        if len(self._seen) >= _CACHE_MAX:
            self._seen.clear()
        self._seen[digest] = (now + _CACHE_S, identity)
        return identity

    @property
    def now_s(self) -> int:
        """The time by which tokens are judged, in seconds since 1970."""
        return int(self._clock())

    async def verify_id_token(self, token: str, client_id: str, nonce: str) -> str:
        """Return the subject that an ID token was given for; it opens nothing by itself.

        Raises:
            Unauthenticated: It is not for us, or not of the sign-in that this nonce began.
        """
        now = self._clock()
        try:
            claims = await self._claims(token, _ID_TYPES)
            holds = (
                claims["iss"] == self._issuer
                and claims["aud"] in (client_id, [client_id])
                and claims.get("azp", client_id) == client_id
                and type(claims["exp"]) is type(claims["iat"]) is int
                and claims["iat"] - _SKEW_S <= now < claims["exp"] + _SKEW_S
                and hmac.compare_digest(claims["nonce"].encode(), nonce.encode())
            )
        except (jwt.PyJWTError, LookupError, ValueError, TypeError, AttributeError,
                MalformedJson) as error:  # fmt: skip
            raise Unauthenticated("Get a new access token.") from error
        if not holds:
            raise Unauthenticated("Get a new access token.")
        return str(claims["sub"])

    async def _claims(self, token: str, types: Collection[str] = _TYPES) -> Mapping[str, Any]:
        if len(token) > _TOKEN_LENGTH_MAX or not token.isascii() or token.count(".") != 2:
            raise jwt.InvalidTokenError
        head, body, _ = token.split(".")
        header = parse_json(jwt.utils.base64url_decode(head))
        claims = parse_json(jwt.utils.base64url_decode(body))
        if (
            not isinstance(header, dict)
            or not isinstance(claims, dict)
            or str(header.get("typ", "")).lower() not in types
            or header.get("alg") not in _ALGORITHMS
            or "crit" in header
            or "cty" in header
        ):
            raise jwt.InvalidTokenError
        key_id = header.get("kid")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= 200:
            raise jwt.InvalidTokenError
        key = await self._keys.get(key_id)
        if key is None or key.algorithm_name != header["alg"]:
            raise jwt.InvalidTokenError
        jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            # Times are checked below: the library takes a text or a fraction for a time.
            options={
                "verify_exp": False, "verify_iat": False, "verify_nbf": False,
                "verify_aud": False, "require": ["exp", "iat", "iss", "aud", "sub"],
            },
        )  # fmt: skip
        return claims

    def _identity(self, claims: Mapping[str, Any], now: float) -> Identity:
        issued, expires = claims["iat"], claims["exp"]
        starts = claims.get("nbf", issued)
        if not all(type(instant) is int for instant in (issued, expires, starts)):
            raise TypeError
        audience = claims["aud"]
        tenant, subject, roles = (
            claims.get(self._tenant_claim),
            claims["sub"],
            claims.get(self._roles_claim, []),
        )
        if not (
            claims["iss"] == self._issuer
            and audience in (self._audience, [self._audience])
            and issued - _SKEW_S <= now < expires + _SKEW_S
            and starts - _SKEW_S <= now
            and issued < expires <= issued + _LIFETIME_S_MAX
            and isinstance(tenant, str)
            and TENANT_ID.fullmatch(tenant)
            and isinstance(subject, str)
            and 0 < len(subject) <= 200
            and subject.isprintable()
            and isinstance(roles, list)
        ):
            raise ValueError
        granted = frozenset(role for role in roles if isinstance(role, str)) & ROLES
        return Identity(tenant, subject, granted, expires + _SKEW_S)


class RemoteKeys:
    """The key set that an issuer publishes at one pinned URL.

    Fetched when it is first needed, again after ten minutes, and for an unknown key id at most
    once a minute: a flood of made-up ids costs the issuer nothing.
    """

    _FRESH_S: ClassVar[float] = 600.0
    _RETRY_S: ClassVar[float] = 60.0
    _BYTES_MAX: ClassVar[int] = 262_144

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._transport = transport
        self._keys: dict[str, jwt.PyJWK] = {}
        self._tried_at = self._got_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key of that id, fetching the set when it may have changed."""
        if self._may_help(key_id):
            async with self._lock:
                if self._may_help(key_id):
                    self._tried_at = self._clock()
                    await self._fetch()
        return self._keys.get(key_id)

    def _may_help(self, key_id: str) -> bool:
        now = self._clock()
        stale = key_id not in self._keys or now - self._got_at > self._FRESH_S
        return stale and now - self._tried_at > self._RETRY_S

    async def _fetch(self) -> None:
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport, timeout=5.0, follow_redirects=False, trust_env=False
                ) as client,
                client.stream("GET", self._url) as answer,
            ):
                answer.raise_for_status()
                data = b""
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > self._BYTES_MAX:
                        return
            if keys := _signing_keys(parse_json(data)):
                self._keys, self._got_at = keys, self._clock()
        except (httpx.HTTPError, MalformedJson):
            return  # the keys that are known stay good; an unknown key stays unknown


def _signing_keys(found: Any) -> dict[str, jwt.PyJWK]:
    keys: dict[str, jwt.PyJWK] = {}
    listed = found.get("keys") if isinstance(found, dict) else None
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict) or item.get("kty") not in ("EC", "RSA", "OKP"):
            continue
        try:
            key = jwt.PyJWK(item)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if key.key_id and item.get("use", "sig") == "sig" and key.algorithm_name in _ALGORITHMS:
            keys[key.key_id] = key
    return keys
