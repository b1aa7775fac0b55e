"""A Transit engine as Vault describes its API: enough of it to hold our adapter to. No real Vault
server is to be had here.
"""

import base64
import json
import os

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rcm.platform.wrapping import VaultTransit


class FakeVault:
    """Answers `encrypt` and `decrypt` of one key, with versions, associated data and a token.

    Attributes:
        token: What it takes.
        fail: Answers that it gives instead, one after the other: a status, or an exception.
        asked: Paths that were asked for.
    """

    def __init__(self) -> None:
        self.token = "s.token"
        self.versions = [AESGCM(os.urandom(32))]
        self.fail: list[int | Exception] = []
        self.asked: list[str] = []

    def wrapping(self, token: str = "s.token", key: str = "claimstream") -> VaultTransit:
        transport = httpx.MockTransport(self.answer)
        return VaultTransit("https://vault.example:8200", token, key, transport=transport)

    def rotate(self) -> None:
        self.versions.append(AESGCM(os.urandom(32)))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.fail:
            failure = self.fail.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return httpx.Response(failure, json={"errors": ["sealed"]})
        if request.headers["x-vault-token"] != self.token:
            return httpx.Response(403, json={"errors": ["permission denied"]})
        body = json.loads(request.content)
        aad = base64.b64decode(body["associated_data"])
        if request.url.path == "/v1/transit/encrypt/claimstream":
            nonce = os.urandom(12)
            box = nonce + self.versions[-1].encrypt(nonce, base64.b64decode(body["plaintext"]), aad)
            text = f"vault:v{len(self.versions)}:{base64.b64encode(box).decode()}"
            return httpx.Response(200, json={"data": {"ciphertext": text}})
        if request.url.path == "/v1/transit/decrypt/claimstream":
            _, version, text = body["ciphertext"].split(":")
            box = base64.b64decode(text)
            try:
                plain = self.versions[int(version[1:]) - 1].decrypt(box[:12], box[12:], aad)
            except (InvalidTag, IndexError):
                return httpx.Response(400, json={"errors": ["cipher: authentication failed"]})
            return httpx.Response(
                200, json={"data": {"plaintext": base64.b64encode(plain).decode()}}
            )
        return httpx.Response(404, json={"errors": []})
