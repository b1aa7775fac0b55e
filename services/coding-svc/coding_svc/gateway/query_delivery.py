"""A physician query on the wire: MDM over MLLP, FHIR over HTTP, a signed webhook.

One attempt, and what it proves. Where no connection was made nothing left this machine
(`not-sent`), and a receiver that says that it did not take it (AE, 429, 503) proves the same. A
refusal (AR, 4xx) is `refused`: it waits for a person. Silence, a cut connection, any other failure
proves nothing: `unknown`, tried again under the same number, by which the receiver can tell.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ssl
from pathlib import Path
from typing import Final, Literal, NamedTuple

import httpx
import msgspec

from coding_svc.codec.fhir.communication import QUERY_SYSTEM, communication
from coding_svc.codec.hl7v2.documents import query_message
from coding_svc.codec.hl7v2.message import Message, parse
from coding_svc.codec.mllp import Framer, framed
from coding_svc.model.query import Outgoing
from coding_svc.rules.query_policy import Channel

_ACK_BYTES_MAX: Final = 64 * 1024
_READ_BYTES: Final = 16 * 1024
_SECRET_MIN: Final = 16
_TRY_AGAIN: Final = frozenset({425, 429, 503})
_PROVES_NOTHING: Final = frozenset({408, 409, 423})


class Receipt(NamedTuple):
    """What an attempt proves.

    Attributes:
        outcome: It arrived, did not leave, was refused; or nobody knows.
        evidence: By what.
    """

    outcome: Literal["delivered", "not-sent", "unknown", "refused"]
    evidence: str


_NO_CONNECTION: Final = Receipt("not-sent", "no-connection")


async def deliver(query: Outgoing, channel: Channel, link: str, now_s: int) -> Receipt:
    """Make one attempt.

    Args:
        query: What is sent; the same in every attempt.
        channel: By which way.
        link: Where it can be read, for a notice; `{query_id}` stands for its id.
        now_s: The instant that a webhook is signed with, seconds since 1970.
    """
    try:
        if channel.kind == "mdm":
            return await _mllp(query, channel)
        if channel.kind == "fhir":
            return await _fhir(query, channel)
        assert channel.kind == "webhook", "nobody reaches out by any other kind"
        return await _webhook(query, channel, link, now_s)
    except OSError as error:
        # A certificate, token or secret that cannot be read: nothing left this machine.
        return Receipt("not-sent", f"not-ready-{type(error).__name__}")


# -- MLLP ------------------------------------------------------------------------------------------


async def _mllp(query: Outgoing, channel: Channel) -> Receipt:
    tls, is_connected = _tls(channel), False
    data = framed(query_message(query, channel))
    try:
        async with asyncio.timeout(channel.timeout_s):
            reader, writer = await asyncio.open_connection(channel.host, channel.port, ssl=tls)
            is_connected = True
            try:
                writer.write(data)
                await writer.drain()
                return await _acknowledgement(reader, query.control_number)
            finally:
                writer.close()
                with contextlib.suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()
    except TimeoutError:
        return Receipt("unknown", "timeout") if is_connected else _NO_CONNECTION
    except OSError:
        return Receipt("unknown", "connection-cut") if is_connected else _NO_CONNECTION


async def _acknowledgement(reader: asyncio.StreamReader, control_number: str) -> Receipt:
    """Read until the answer to this very message comes; what answers another is passed over."""
    framer = Framer(_ACK_BYTES_MAX)
    while data := await reader.read(_READ_BYTES):
        for frame in framer.feed(data):
            answer = parse(frame.content)
            msa = answer.first("MSA") if isinstance(answer, Message) else None
            if msa is None or msa.text(2) != control_number:
                continue
            code = msa.text(1).upper()
            if code in ("AA", "CA"):
                return Receipt("delivered", code)
            if code in ("AE", "CE"):
                return Receipt("not-sent", code)
            if code in ("AR", "CR"):
                return Receipt("refused", code)
    return Receipt("unknown", "connection-cut")


def _tls(channel: Channel) -> ssl.SSLContext | None:
    if not channel.tls:
        return None
    context = ssl.create_default_context(cafile=channel.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if channel.certificate_file:
        context.load_cert_chain(channel.certificate_file)
    return context


# -- HTTP ------------------------------------------------------------------------------------------


async def _fhir(query: Outgoing, channel: Channel) -> Receipt:
    headers = {
        "Content-Type": "application/fhir+json",
        # A conditional create: a server that has it already answers 200 and makes no second.
        "If-None-Exist": f"identifier={QUERY_SYSTEM}:delivery|{query.control_number}",
    }
    if channel.token_file:
        headers["Authorization"] = f"Bearer {_secret(channel.token_file)}"
    body = msgspec.json.encode(communication(query))
    return await _post(channel, headers, body)


async def _webhook(query: Outgoing, channel: Channel, link: str, now_s: int) -> Receipt:
    notice: dict[str, object] = {
        "type": "coding-query.sent",
        "query_id": query.query_id,
        "link": link.replace("{query_id}", query.query_id),
        "sent_at": query.sent_at,
        "due_at": query.due_at,
    }
    if channel.body == "full":
        notice["communication"] = communication(query)
    body = msgspec.json.encode(notice)
    headers = {
        "Content-Type": "application/json",
        "Webhook-Id": query.control_number,
        "Webhook-Timestamp": str(now_s),
        "Webhook-Signature": signature(
            _secret(channel.secret_file), query.control_number, now_s, body
        ),
    }
    return await _post(channel, headers, body)


def signature(secret: str, webhook_id: str, at_s: int, body: bytes) -> str:
    """Sign a notice: base64 of HMAC-SHA256 over `id.timestamp.body`, as `v1,...`."""
    signed = f"{webhook_id}.{at_s}.".encode() + body
    digest = hmac.digest(secret.encode(), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


async def _post(channel: Channel, headers: dict[str, str], body: bytes) -> Receipt:
    try:
        async with (
            httpx.AsyncClient(
                timeout=channel.timeout_s, follow_redirects=False, trust_env=False
            ) as client,
            # The answer's body is not read: it says nothing that the status does not.
            client.stream("POST", channel.url, headers=headers, content=body) as answer,
        ):
            status = answer.status_code
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return _NO_CONNECTION
    except httpx.TimeoutException:
        return Receipt("unknown", "timeout")
    except httpx.HTTPError:
        return Receipt("unknown", "connection-cut")
    evidence = f"http-{status}"
    if 200 <= status < 300 or status == 412:
        # 412: a conditional create found more than one, so it is there.
        return Receipt("delivered", evidence)
    if status in _TRY_AGAIN:
        return Receipt("not-sent", evidence)
    if 300 <= status < 500 and status not in _PROVES_NOTHING:
        return Receipt("refused", evidence)
    return Receipt("unknown", evidence)


def _secret(path: str) -> str:
    """Read a token or secret; read at each attempt, so that it can be changed under way."""
    secret = Path(path).read_text(encoding="utf-8").strip()
    if len(secret) < _SECRET_MIN or not secret.isascii() or not secret.isprintable():
        raise OSError("a secret is too short, or no text")
    return secret
