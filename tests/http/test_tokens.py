"""Attacks on access tokens (reliability.md 2, AU): each is refused, and with the same answer."""

import base64
import json

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from http_cases import a_world
from rcm.platform.http.identity import RemoteKeys, Unauthenticated, Verifier
from rcm.platform.http.issuer import DevelopmentIssuer, NotLoopback
from rcm.platform.settings import Misconfigured, Settings, load_settings, unknown_variables

ISSUER = "https://id.hospital.example/realm"
NOW = 1_800_000_000
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())


def public(key, kid, alg):
    if isinstance(key, rsa.RSAPrivateKey):
        found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        found = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, "alg": alg, "use": "sig"}


class Issuer:
    """An issuer's key set as its server would give it, counting how often it is asked."""

    def __init__(self):
        self.asked = 0
        self.keys = [public(RSA_KEY, "rsa", "RS256"), public(EC_KEY, "ec", "ES256")]
        self.now = 0.0

    def answer(self, request):
        assert str(request.url) == "https://id.hospital.example/keys", "only the pinned address"
        self.asked += 1
        return httpx.Response(200, json={"keys": self.keys})

    def verifier(self, now=NOW):
        settings = Settings(oidc_issuer=ISSUER, oidc_jwks_url="https://id.hospital.example/keys")
        keys = RemoteKeys(
            settings.oidc_jwks_url,
            clock=lambda: self.now,
            transport=httpx.MockTransport(self.answer),
        )
        return Verifier(settings, ISSUER, keys, clock=lambda: now)


def claims(**other):
    given = {
        "iss": ISSUER, "aud": "claimstream", "sub": "u-7", "iat": NOW - 10, "exp": NOW + 600,
        "tenant": "northside", "roles": ["biller", "root"],
    } | other  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def token(body=None, key=EC_KEY, alg="ES256", **header):
    header = {"kid": "ec", "typ": "at+jwt"} | header
    return jwt.encode(
        claims() if body is None else body,
        key,
        algorithm=alg,
        headers={name: value for name, value in header.items() if value is not None},
    )


def raw(header, body, signature=b""):
    def part(value):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    return f"{part(header)}.{part(body)}.{part(signature)}"


def signed_as_is(body: bytes):
    """Sign bytes that no JSON writer would make."""
    return jwt.api_jws.PyJWS().encode(
        body, EC_KEY, algorithm="ES256", headers={"kid": "ec", "typ": "at+jwt"}
    )


async def refused(text, issuer=None):
    with pytest.raises(Unauthenticated) as refusal:
        await (issuer or Issuer()).verifier().verify(text)
    assert refusal.value.detail == "Get a new access token."
    return True


async def test_a_good_token_gives_tenant_subject_and_known_roles():
    for text in (token(), token(key=RSA_KEY, alg="RS256", kid="rsa")):
        identity = await Issuer().verifier().verify(text)
        assert identity.tenant_id == "northside"
        assert identity.subject == "u-7"
        assert identity.roles == {"biller"}


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", None, 0])
async def test_au1_no_signature_is_no_token(alg):
    assert await refused(raw({"alg": alg, "typ": "at+jwt", "kid": "ec"}, claims()))


async def test_au2_a_public_key_is_no_shared_secret():
    import hashlib
    import hmac

    for key, kid in ((RSA_KEY, "rsa"), (EC_KEY, "ec")):
        pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head = raw({"alg": "HS256", "typ": "at+jwt", "kid": kid}, claims()).rsplit(".", 1)[0]
        mac = hmac.new(pem, head.encode(), hashlib.sha256).digest()
        assert await refused(f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


async def test_au3_the_algorithm_follows_from_the_key_not_from_the_token():
    assert await refused(token(key=RSA_KEY, alg="RS256", kid="ec"))
    assert await refused(token(key=EC_KEY, alg="ES256", kid="rsa"))
    assert await refused(token(key=P384_KEY, alg="ES384", kid="ec"))
    assert await refused(token(key=RSA_KEY, alg="PS256", kid="rsa"))
    assert await refused(token(key=ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize(
    "times",
    [
        {"exp": NOW - 301},
        {"exp": None},
        {"exp": str(NOW + 600)},
        {"exp": NOW + 600.5},
        {"exp": 1e308},
        {"exp": -1},
        {"exp": True},
        {"exp": NOW + 48 * 3_600},
        {"iat": None},
        {"iat": NOW + 301, "exp": NOW + 900},
        {"iat": "now"},
        {"nbf": NOW + 301},
        {"nbf": "x"},
        {"iat": NOW + 50, "exp": NOW + 40},
    ],
)
async def test_au4_times_that_do_not_hold(times):
    assert await refused(token(claims(**times)))


async def test_au4_numbers_that_json_does_not_have():
    for exp in (b"1e999", b"NaN", b"9" * 400):
        body = json.dumps(claims(exp=1)).encode().replace(b'"exp": 1,', b'"exp": ' + exp + b",")
        assert await refused(signed_as_is(body))


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "another"},
        {"aud": ["claimstream", "another"]},
        {"aud": []},
        {"aud": None},
        {"iss": ISSUER + "/"},
        {"iss": ISSUER.upper()},
        {"iss": None},
        {"iss": [ISSUER]},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "x" * 201},
        {"tenant": None},
        {"tenant": ""},
        {"tenant": "../lakeview"},
        {"tenant": "north:side"},
        {"tenant": ["northside"]},
        {"tenant": "Northside"},
        {"roles": "manager"},
        {"roles": {"manager": 1}},
    ],
)
async def test_au5_another_audience_issuer_or_no_tenant(other):
    assert await refused(signed_as_is(json.dumps(claims(**other)).encode()))


@pytest.mark.parametrize("typ", ["JWT", "id+jwt", None, "", "at+jwt;x", "logout+jwt"])
async def test_au6_another_kind_of_token_is_no_access_token(typ):
    assert await refused(token(typ=typ))


@pytest.mark.parametrize(
    "kid",
    ["../../etc/passwd", "' OR 1=1 --", "https://evil.example/k", "", None, "x" * 5_000, "\x00"],
)
async def test_au7_a_key_id_is_only_a_name(kid):
    assert await refused(token(kid=kid))


async def test_au7_a_flood_of_unknown_key_ids_asks_the_issuer_once_a_minute():
    issuer = Issuer()
    verifier = issuer.verifier()
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token(kid=f"made-up-{number}"))
    assert issuer.asked == 1
    issuer.now += 61
    issuer.keys.append(public(P384_KEY, "new", "ES384"))
    await verifier.verify(token(key=P384_KEY, alg="ES384", kid="new"))
    assert issuer.asked == 2


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk"])
async def test_au7_keys_that_the_token_brings_are_not_looked_at(name):
    mine = ec.generate_private_key(ec.SECP256R1())
    value = public(mine, "ec", "ES256") if name == "jwk" else "https://evil.example/keys"
    assert await refused(token(key=mine, **{name: value}))


async def test_au7_a_critical_extension_is_refused():
    assert await refused(token(crit=["exp"]))
    assert await refused(token(crit=["b64"], b64=False))


async def test_au8_a_claim_that_stands_twice():
    body = json.dumps(claims()).encode()
    twice = body[:-1] + b', "tenant": "lakeview"}'
    assert await refused(signed_as_is(twice))


async def test_au8_tokens_within_tokens_huge_ones_and_encrypted_ones():
    inner = token()
    assert await refused(signed_as_is(inner.encode()))
    assert await refused(token(cty="JWT"))
    assert await refused(token(claims(padding="x" * 1_000_000)))
    assert await refused(raw({"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF"}, b"x") + ".a.b")
    for text in (
        "",
        ".",
        "..",
        "a.b.c",
        "é.b.c",
        "\udcff",
        "[]" * 9,
        raw([], []),
        raw({}, b"[" * 9_000),
    ):
        assert await refused(text)


@pytest.mark.parametrize(
    ("exp", "holds"), [(NOW - 59, True), (NOW - 61, False), (NOW - 301, False)]
)
async def test_au11_a_minute_of_skew_at_the_end(exp, holds):
    text = token(claims(exp=exp, iat=NOW - 900))
    if holds:
        await Issuer().verifier().verify(text)
    else:
        assert await refused(text)


@pytest.mark.parametrize(("iat", "holds"), [(NOW + 60, True), (NOW + 62, False)])
async def test_au11_a_minute_of_skew_at_the_start(iat, holds):
    text = token(claims(iat=iat))
    if holds:
        await Issuer().verifier().verify(text)
    else:
        assert await refused(text)


async def test_a_remembered_token_still_ends_in_time():
    now = [NOW]
    issuer = Issuer()
    verifier = issuer.verifier()
    verifier._clock = lambda: now[0]
    text = token(claims(exp=NOW + 5))
    await verifier.verify(text)
    now[0] = NOW + 66
    with pytest.raises(Unauthenticated):
        await verifier.verify(text)


async def test_keys_stay_good_while_the_issuer_is_down():
    issuer = Issuer()
    verifier = issuer.verifier()
    await verifier.verify(token())
    issuer.now += 700
    issuer.keys = "nonsense"
    assert (await verifier.verify(token(claims(sub="other")))).subject == "other"


async def test_a_token_in_the_query_or_twice_in_the_head_is_none(tmp_path):
    async with a_world(tmp_path) as world:
        good = world.bearer()["Authorization"]
        query = await world.client.get("/v1/notes", params={"access_token": good[7:]})
        twice = await world.client.get(
            "/v1/notes", headers=[("Authorization", good), ("Authorization", good)]
        )
        basic = await world.client.get("/v1/notes", headers={"Authorization": "Basic " + good[7:]})
        assert [a.status_code for a in (query, twice, basic)] == [401, 401, 401]


async def test_a_cookie_reads_and_never_changes(tmp_path):
    async with a_world(tmp_path) as world:
        cookie = {"Cookie": f"claimstream_session={world.bearer()['Authorization'][7:]}"}
        assert (await world.client.get("/v1/notes", headers=cookie)).status_code == 200
        answer = await world.client.post(
            "/v1/notes", json={"text": "a"}, headers=cookie | {"Idempotency-Key": "k" * 10}
        )
        assert answer.status_code == 401
        assert not world.runtime.commands


def test_the_development_issuer_serves_loopback_only(tmp_path):
    with pytest.raises(ValueError, match="RCM_OIDC_ISSUER"):
        Settings(data_dir=tmp_path, host="0.0.0.0")
    real = Settings(
        data_dir=tmp_path, host="0.0.0.0", oidc_issuer=ISSUER, oidc_jwks_url="https://x/keys"
    )
    with pytest.raises(NotLoopback):
        DevelopmentIssuer(real)


def test_the_development_key_is_its_owners_alone_and_the_first_one_stays(tmp_path):
    settings = Settings(data_dir=tmp_path)
    first = DevelopmentIssuer(settings)._key.private_numbers()
    assert DevelopmentIssuer(settings)._key.private_numbers() == first
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_development_issuer_signs_for_known_roles_only(tmp_path):
    issuer = DevelopmentIssuer(Settings(data_dir=tmp_path))
    with pytest.raises(ValueError, match="no such role"):
        issuer.token("northside", ["root"])
    with pytest.raises(ValueError, match="tenant"):
        issuer.token("../x", ["biller"])


def test_a_key_set_over_plain_http_is_refused():
    with pytest.raises(ValueError, match="https"):
        Settings(oidc_issuer=ISSUER, oidc_jwks_url="http://id.hospital.example/keys")


def test_a_tenant_of_an_odd_name_stops_the_start(monkeypatch):
    monkeypatch.setenv("RCM_TENANTS", '["northside"]')
    with pytest.raises(ValueError, match="RCM_TENANTS"):
        load_settings()
    monkeypatch.setenv("RCM_TENANTS", "northside, lake_view-2")
    assert load_settings().tenants == ("northside", "lake_view-2")


def test_a_misspelt_setting_stops_the_start(monkeypatch):
    monkeypatch.setenv("RCM_OIDC_ISUER", "x")
    with pytest.raises(Misconfigured, match="RCM_OIDC_ISUER"):
        load_settings()
    assert unknown_variables({"RCM_CODING_MLLP_PORT": "1", "RCM_KAFKA_PASSWORD_FILE": "x"}) == []


def test_a_secret_comes_from_a_file_and_is_not_printed(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql://claims:hunter2@db/claims\n")
    monkeypatch.setenv("RCM_POSTGRES_URL_FILE", str(tmp_path / "url"))
    settings = load_settings()
    assert settings.postgres_url == "postgresql://claims:hunter2@db/claims"
    assert "hunter2" not in repr(settings)
    monkeypatch.setenv("RCM_PORT", "hunter2")
    with pytest.raises(ValueError, match="port") as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)
