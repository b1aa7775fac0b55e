"""Signing in at an OIDC issuer: a small real one on a port of its own, and what it may do wrong."""

import asyncio
import base64
import contextlib
import hashlib
import secrets
import time
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, RedirectResponse

from rcm.platform.http import Caller, create_app
from rcm.platform.http.sign_in import sign_in_router
from rcm.platform.local import free_port
from rcm.platform.settings import Settings

KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT, SECRET = "claimstream-console", "hush-hush"


class Issuer:
    """An issuer with one client and one person, who always agrees.

    Attributes:
        url: Its own name.
        codes: Codes that were given out and not yet used: what each is bound to.
        changed: Claims of the tokens to change, by token; None leaves one out.
        answer: The token endpoint's answer instead of a good one.
    """

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.codes = {}
        self.changed = {"id_token": {}, "access_token": {}}
        self.key = KEY
        self.answer = None
        self.app = FastAPI()
        self.app.get("/authorize")(self.authorize)
        self.app.post("/token")(self.token)
        self.app.get("/keys")(self.keys)

    async def authorize(self, request: Request):
        asked = dict(request.query_params)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "openid")
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}&iss={self.url}"
        return RedirectResponse(back, 302)

    async def token(self, request: Request):
        if self.answer is not None:
            return self.answer
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or request.headers["authorization"] != f"Basic {given}"
            or form["grant_type"] != "authorization_code"
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        common = {"iss": self.url, "sub": "ada", "iat": now, "exp": now + 600}
        id_token = common | {"aud": CLIENT, "nonce": asked["nonce"]}
        access = common | {"aud": "claimstream", "tenant": "northside", "roles": ["biller"]}
        return JSONResponse({
            "token_type": "Bearer",
            "id_token": self.signed("id_token", id_token, "JWT"),
            "access_token": self.signed("access_token", access, "at+jwt"),
        })  # fmt: skip

    def signed(self, name, claims, typ):
        found = {k: v for k, v in (claims | self.changed[name]).items() if v is not None}
        return jwt.encode(found, self.key, "ES256", headers={"kid": "1", "typ": typ})

    async def keys(self):
        public = jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "1", "alg": "ES256", "use": "sig"}]}


@pytest.fixture
async def issuer():
    port = free_port()
    issuer = Issuer(port)
    config = uvicorn.Config(issuer.app, port=port, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0.01)
    yield issuer
    server.should_exit = True
    await serving


def settings_of(issuer, folder, **more):
    given = {
        "oidc_issuer": issuer.url, "oidc_jwks_url": f"{issuer.url}/keys",
        "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "oidc_authorize_url": f"{issuer.url}/authorize", "oidc_token_url": f"{issuer.url}/token",
        "oidc_end_session_url": f"{issuer.url}/end", "console_url": "https://console.example",
        "allowed_hosts": ("console.example",), "data_dir": folder,
    }  # fmt: skip
    return Settings(**given | more)


@contextlib.asynccontextmanager
async def console(issuer, folder):
    settings = settings_of(issuer, folder)
    pages = APIRouter()

    @pages.get("/claims")
    async def claims(caller: Caller):
        return {"tenant": caller.tenant_id, "who": caller.subject, "roles": sorted(caller.roles)}

    @contextlib.asynccontextmanager
    async def opened(_manifest, _settings):
        yield None

    app = create_app(
        SimpleNamespace(service=SimpleNamespace(name="console-svc"), routers=[]), settings,
        open_runtime=opened, pages=[pages, sign_in_router(settings, "/claims")], sign_in="/sign-in",
    )  # fmt: skip
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://console.example") as browser,
    ):
        yield browser


@pytest.fixture
async def browser(issuer, tmp_path):
    async with console(issuer, tmp_path) as browser:
        yield browser


async def to_issuer(browser):
    """Follow the page to the issuer; gives where the issuer sends the person back to."""
    asked = await browser.get("/sign-in")
    assert asked.status_code == 303
    async with httpx.AsyncClient(trust_env=False) as person:
        agreed = await person.get(asked.headers["location"])
    return urlsplit(agreed.headers["location"])


async def come_back(browser, back, **changed):
    query = {k: v[0] for k, v in parse_qs(back.query).items()} | changed
    return await browser.get(back.path, params={k: v for k, v in query.items() if v is not None})


async def test_a_person_signs_in_reads_and_signs_out(browser):
    sent = await browser.get("/claims", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    back = await to_issuer(browser)
    assert back.netloc == "console.example"
    home = await come_back(browser, back)
    assert (home.status_code, home.headers["location"]) == (303, "/claims")
    (cookie,) = (
        c for c in home.headers.get_list("set-cookie") if c.startswith("claimstream_session")
    )
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert (await browser.get("/claims")).json() == {
        "tenant": "northside", "who": "ada", "roles": ["biller"],
    }  # fmt: skip
    out = await browser.post("/sign-out", headers={"Origin": "https://console.example"})
    assert "/end" in out.text
    assert (await browser.get("/claims")).status_code == 401


async def test_nothing_secret_stands_where_a_log_would_keep_it(browser):
    asked = await browser.get("/sign-in")
    query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert SECRET not in asked.headers["location"]
    assert "code_verifier" not in query
    (begun,) = asked.headers.get_list("set-cookie")
    assert begun.startswith("__Host-claimstream_sign_in=")
    assert len({query[name][0] for name in ("state", "nonce", "code_challenge")}) == 3


@pytest.mark.parametrize(
    "changed",
    [{"state": "x"}, {"state": None}, {"code": "x"}, {"code": None},
     {"iss": "https://evil.example"}, {"error": "access_denied", "code": None}],
    ids=str,
)  # fmt: skip
async def test_an_answer_that_is_not_to_what_was_asked_signs_nobody_in(browser, changed):
    answer = await come_back(browser, await to_issuer(browser), **changed)
    assert answer.status_code == 400
    assert answer.json()["title"] == "Sign-in failed"
    assert "set-cookie" not in answer.headers


async def test_another_browser_cannot_finish_what_one_began(browser, issuer, tmp_path):
    back = await to_issuer(browser)
    async with console(issuer, tmp_path) as other:
        assert (await come_back(other, back)).status_code == 400
        await other.get("/sign-in")
        assert (await come_back(other, back)).status_code == 400
    assert (await come_back(browser, back)).status_code == 303
    assert (await come_back(browser, back)).status_code == 400, "a code is good once"


@pytest.mark.parametrize(
    ("token", "claims"),
    [
        ("id_token", {"nonce": "x"}), ("id_token", {"nonce": None}), ("id_token", {"nonce": 7}),
        ("id_token", {"aud": "another"}), ("id_token", {"aud": [CLIENT, "another"]}),
        ("id_token", {"iss": "https://evil.example"}), ("id_token", {"azp": "another"}),
        ("id_token", {"exp": 1}), ("id_token", {"exp": "9999999999"}), ("id_token", {"sub": "eve"}),
        ("access_token", {"aud": CLIENT}), ("access_token", {"tenant": None}),
        ("access_token", {"exp": 1}), ("access_token", {"sub": "eve"}),
    ],
    ids=str,
)  # fmt: skip
async def test_tokens_that_do_not_hold_sign_nobody_in(browser, issuer, token, claims):
    issuer.changed[token] = claims
    answer = await come_back(browser, await to_issuer(browser))
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_tokens_that_another_key_signed_sign_nobody_in(browser, issuer):
    issuer.key = ec.generate_private_key(ec.SECP256R1())
    assert (await come_back(browser, await to_issuer(browser))).status_code == 400


@pytest.mark.parametrize(
    "answer",
    [JSONResponse({}), JSONResponse([]), JSONResponse({"error": "x"}, 400), JSONResponse({}, 500),
     JSONResponse({"token_type": "mac", "id_token": "a", "access_token": "b"}),
     JSONResponse({"token_type": "Bearer", "id_token": 1, "access_token": []}),
     JSONResponse({"token_type": "Bearer", "id_token": "\u00e9", "access_token": "a.b.c"}),
     JSONResponse({"token_type": "Bearer", "id_token": "a" * 70_000, "access_token": "b"}),
     RedirectResponse("https://evil.example")],
    ids=lambda answer: f"{answer.status_code} {answer.body[:40]}",
)  # fmt: skip
async def test_an_issuer_that_answers_otherwise_signs_nobody_in(browser, issuer, answer):
    back = await to_issuer(browser)
    issuer.answer = answer
    assert (await come_back(browser, back)).status_code == 400


@pytest.mark.parametrize("cookie", ["", "x", "e30=", "bm90IGpzb24=", "A" * 3_000])
async def test_a_made_up_cookie_signs_nobody_in(browser, cookie):
    back = await to_issuer(browser)
    browser.cookies.clear()
    browser.cookies.set("__Host-claimstream_sign_in", cookie, domain="console.example")
    assert (await come_back(browser, back)).status_code == 400


async def test_another_site_cannot_sign_a_person_out(browser):
    answer = await browser.post("/sign-out", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("missing", ["oidc_authorize_url", "oidc_token_url", "console_url"])
def test_a_client_needs_safe_addresses(tmp_path, missing):
    for value in ("", "http://id.hospital.example"):
        with pytest.raises(ValueError, match=missing.upper()):
            settings_of(SimpleNamespace(url="https://id.example"), tmp_path, **{missing: value})
