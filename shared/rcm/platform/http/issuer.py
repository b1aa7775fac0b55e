"""The development issuer: signs tokens for this machine, so that a laptop needs no identity server.

It works on loopback only (the settings refuse any other address without a real issuer), signs with
an ES256 key in the data folder that only its owner can read, and knows no passwords.
"""

import os
import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rcm.platform.http.identity import ROLES, TENANT_ID, RemoteKeys, Verifier
from rcm.platform.settings import Settings

ISSUER: Final = "claimstream:development"
_KEY_ID: Final = "development"
_LIFETIME_S: Final = 12 * 60 * 60


class NotLoopback(ValueError):
    """The development issuer was asked to serve other machines."""


class DevelopmentIssuer:
    """Signs access tokens, and is the key set that verifies them."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        if not settings.on_loopback or settings.oidc_issuer:
            raise NotLoopback("the development issuer serves loopback only")
        self._settings = settings
        self._clock = clock
        self._key = _read_or_make(settings.data_dir / "development-issuer.pem")
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._public = jwt.PyJWK({**public, "kid": _KEY_ID, "alg": "ES256", "use": "sig"})

    async def get(self, key_id: str) -> jwt.PyJWK | None:
        """Return the public key."""
        return self._public if key_id == _KEY_ID else None

    def token(
        self,
        tenant_id: str,
        roles: Collection[str],
        subject: str = "developer",
        lifetime_s: int = _LIFETIME_S,
    ) -> str:
        """Sign an access token.

        Raises:
            ValueError: No such role, or not the shape of a tenant's id.
        """
        if unknown := set(roles) - ROLES:
            raise ValueError(f"no such role: {', '.join(sorted(unknown))}")
        if TENANT_ID.fullmatch(tenant_id) is None:
            raise ValueError("a tenant is named by small letters, digits and dashes")
        now = int(self._clock())
        claims = {
            "iss": ISSUER,
            "aud": self._settings.oidc_audience,
            "sub": subject,
            "iat": now,
            "exp": now + lifetime_s,
            "jti": secrets.token_hex(8),
            self._settings.oidc_tenant_claim: tenant_id,
            self._settings.oidc_roles_claim: sorted(roles),
        }
        headers = {"kid": _KEY_ID, "typ": "at+jwt"}
        return jwt.encode(claims, self._key, algorithm="ES256", headers=headers)


def open_verifier(settings: Settings) -> Verifier:
    """Make the verifier that the settings ask for."""
    if settings.oidc_issuer:
        return Verifier(settings, settings.oidc_issuer, RemoteKeys(settings.oidc_jwks_url))
    return Verifier(settings, ISSUER, DevelopmentIssuer(settings))


def _read_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(
                ec.generate_private_key(ec.SECP256R1()).private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        try:
            # A link fails where a rename would replace: of several services that start together,
            # the first one's key is everybody's.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "the issuer's key file holds another key"
    return key
