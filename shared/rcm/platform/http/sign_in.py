"""Signing a person in at the operator's OIDC issuer: authorization code with PKCE, for the pages.

    GET  /sign-in           ─▶ the issuer, with state, nonce and the challenge
    GET  /sign-in/callback  ◀─ the issuer, with a code; exchanged, checked, kept as the session
    POST /sign-out          the session ends here

The session is the issuer's access token in a cookie, verified on each request as any other: there
is no session store, and nothing to forge. What a sign-in needs until it returns stands in a cookie
of its own: another browser cannot finish what this one began.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from rcm.platform.http.bodies import MalformedJson, parse_json
from rcm.platform.http.caller import SESSION_COOKIE
from rcm.platform.http.identity import Forbidden, Unauthenticated, Verifier
from rcm.platform.http.pages import open_templates
from rcm.platform.settings import Settings
from rcm.problems import Problem

CALLBACK: Final = "/sign-in/callback"
_BEGUN_COOKIE: Final = "claimstream_sign_in"
_BEGUN_S: Final = 600
_ANSWER_BYTES_MAX: Final = 65_536
_ISSUER_S: Final = 5.0

_NOT_AS_AGREED: Final = (
    httpx.HTTPError, MalformedJson, LookupError, TypeError, ValueError, AttributeError
)  # fmt: skip

Text = Annotated[str, Query(max_length=4_096)]


class SignInFailed(Problem):
    """Signing in did not come to its end: it was cancelled, took longer than ten minutes, was begun
    in another browser, or the issuer gave something else than agreed. Begin again.
    """

    slug: ClassVar[str] = "sign-in-failed"
    title: ClassVar[str] = "Sign-in failed"
    status: ClassVar[int] = 400


class _Begun(msgspec.Struct):
    """What this browser began.

    Attributes:
        state: Comes back with the code.
        nonce: Comes back in the ID token.
        verifier: What the challenge was made of (RFC 7636).
    """

    state: str
    nonce: str
    verifier: str


def sign_in_router(
    settings: Settings, home: str, transport: httpx.AsyncBaseTransport | None = None
) -> APIRouter:
    """Make the routes.

    Args:
        settings: The operator's: `oidc_client_id` and where the issuer is.
        home: Path of the page to show first.
        transport: Reaches the issuer; the network unless told.
    """
    router = APIRouter()
    render = open_templates()
    cookies = _Cookies(settings.console_url.startswith("https://"))
    redirect_uri = settings.console_url.rstrip("/") + CALLBACK

    @router.get("/sign-in")
    async def begin() -> Response:
        begun = _Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
        query = {
            "response_type": "code",
            "client_id": settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": settings.oidc_scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        separator = "&" if urlsplit(settings.oidc_authorize_url).query else "?"
        answer = RedirectResponse(settings.oidc_authorize_url + separator + urlencode(query), 303)
        content = base64.urlsafe_b64encode(msgspec.json.encode(begun)).decode()
        cookies.put(answer, _BEGUN_COOKIE, content, _BEGUN_S)
        return answer

    @router.get(CALLBACK)
    async def finish(
        request: Request, code: Text = "", state: Text = "", iss: Text = ""
    ) -> Response:
        begun = _begun(cookies.get(request, _BEGUN_COOKIE))
        if not code or not hmac.compare_digest(begun.state.encode(), state.encode()):
            raise SignInFailed
        if iss and iss != settings.oidc_issuer:  # RFC 9207: another issuer's answer
            raise SignInFailed
        found = await _exchange(settings, redirect_uri, code, begun.verifier, transport)
        verifier: Verifier = request.app.state.verifier
        try:
            subject = await verifier.verify_id_token(
                found["id_token"], settings.oidc_client_id, begun.nonce
            )
            identity = await verifier.verify(found["access_token"])
        except Unauthenticated as error:
            raise SignInFailed from error
        if identity.subject != subject:
            raise SignInFailed
        answer = RedirectResponse(home, 303)
        cookies.drop(answer, _BEGUN_COOKIE)
        lifetime_s = identity.expires_at_s - verifier.now_s
        cookies.put(answer, SESSION_COOKIE, found["access_token"], max(lifetime_s, 0), prefix=False)
        return answer

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        same_site(request)
        # A link, not a redirect: a form of ours may lead nowhere else.
        answer = render("signed-out.html", at_issuer=settings.oidc_end_session_url)
        cookies.drop(answer, SESSION_COOKIE, prefix=False)
        return answer

    return router


def same_site(request: Request) -> None:
    """Refuse a form that another site sent.

    Raises:
        Forbidden: It did.
    """
    origin = request.headers.get("origin", "")
    if origin and origin.partition("://")[2] != request.headers["host"]:
        raise Forbidden("The form came from another site.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("The form came from another site.")


class _Cookies:
    """Cookies of this host alone, out of reach for scripts.

    `Lax`, since a person comes back from the issuer's site; the session is good for reading only.
    """

    def __init__(self, is_https: bool) -> None:  # noqa: FBT001 - the one thing that it is about
        self._secure = is_https

    def put(
        self, answer: Response, name: str, value: str, seconds: int, *, prefix: bool = True
    ) -> None:
        answer.set_cookie(
            self._named(name, prefix=prefix), value, max_age=seconds, path="/", httponly=True,
            secure=self._secure, samesite="lax",
        )  # fmt: skip

    def get(self, request: Request, name: str) -> str:
        return request.cookies.get(self._named(name, prefix=True), "")

    def drop(self, answer: Response, name: str, *, prefix: bool = True) -> None:
        answer.delete_cookie(
            self._named(name, prefix=prefix), path="/", httponly=True, secure=self._secure,
            samesite="lax",
        )  # fmt: skip

    def _named(self, name: str, *, prefix: bool) -> str:
        return f"__Host-{name}" if self._secure and prefix else name


def _begun(cookie: str) -> _Begun:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cookie), type=_Begun)
    except (ValueError, msgspec.MsgspecError) as error:
        raise SignInFailed from error


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _exchange(
    settings: Settings,
    redirect_uri: str,
    code: str,
    verifier: str,
    transport: httpx.AsyncBaseTransport | None,
) -> dict[str, str]:
    """Trade the code for tokens. Nothing of the issuer's answer is repeated when it is not one."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    auth: Any = None
    if settings.oidc_client_secret:
        auth = httpx.BasicAuth(settings.oidc_client_id, settings.oidc_client_secret)
    else:
        form["client_id"] = settings.oidc_client_id
    try:
        async with httpx.AsyncClient(
            transport=transport, timeout=_ISSUER_S, follow_redirects=False, trust_env=False
        ) as client:
            answer = await client.post(settings.oidc_token_url, data=form, auth=auth)
        if answer.status_code != 200 or len(answer.content) > _ANSWER_BYTES_MAX:
            raise SignInFailed
        found = parse_json(answer.content)
        tokens = {name: found[name] for name in ("id_token", "access_token")}
        if found["token_type"].lower() != "bearer":
            raise SignInFailed
        for token in tokens.values():
            token.encode("ascii")
    except _NOT_AS_AGREED as error:
        raise SignInFailed from error
    return tokens
