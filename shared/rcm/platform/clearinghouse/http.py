"""The HTTP adapter: a mailbox in the manner of CAQH CORE connectivity, over plain HTTP verbs.

    POST   {url}/interchanges            an 837 interchange; 202 once it is safely stored there
    GET    {url}/interchanges/{ISA13}    has it arrived? 200 or 404
    GET    {url}/mailbox?kind=999        what waits, oldest first
    GET    {url}/mailbox/{name}          one file
    DELETE {url}/mailbox/{name}          it is safely recorded here

Which failure proves what: where no connection was made, nothing left this machine (`not-sent`). A
refusal (4xx) is a proof too. A timeout, a cut connection, a 5xx or an answer that is not as agreed
(a proxy's page) proves nothing: `unknown`.
"""

from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import quote

import httpx
import msgspec

from rcm.platform.clearinghouse.port import Kind, Parcel, Receipt, Unreachable, Waiting

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
_LIST_BYTES_MAX: Final = 4 * 1024 * 1024
_RECEIPT_BYTES_MAX: Final = 64 * 1024


class _Taken(msgspec.Struct):
    interchange_control_number: str


class _Item(msgspec.Struct):
    name: str
    kind: Kind


class _Mailbox(msgspec.Struct):
    items: list[_Item]


class HttpClearinghouse:
    """A clearinghouse reached over HTTP. See the module's text.

    Attributes:
        resubmits_safely: Told by whoever configures the route; our simulator's does.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        timeout_s: float = 60.0,
        resubmits_safely: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.resubmits_safely = resubmits_safely
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=min(10.0, timeout_s)),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    async def submit(self, parcel: Parcel) -> Receipt:
        """Post an interchange once and say what the answer proves."""
        headers = {"Content-Type": "application/edi-x12"}
        try:
            status, body = await self._call(
                "POST", "/interchanges", _RECEIPT_BYTES_MAX, content=parcel.data, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Receipt("not-sent", "no-connection")
        except httpx.TimeoutException:
            return Receipt("unknown", "timeout")
        except (httpx.HTTPError, Unreachable):
            return Receipt("unknown", "connection-cut")
        if status in (200, 201, 202):
            return _understood(body, parcel, f"http-{status}")
        if 400 <= status < 500 and status != 408:
            return Receipt("not-sent", f"http-{status}")
        return Receipt("unknown", f"http-{status}")

    async def status(self, parcel: Parcel) -> Receipt:
        """Ask whether an interchange had arrived."""
        path = f"/interchanges/{parcel.interchange_control_number}"
        params = httpx.QueryParams(sender=parcel.sender_id, receiver=parcel.receiver_id)
        try:
            status, body = await self._call("GET", path, _RECEIPT_BYTES_MAX, params=params)
        except (httpx.HTTPError, Unreachable):
            return Receipt("unknown", "status-unreachable")
        if status == 200:
            return _understood(body, parcel, "status-found")
        # A 404 of a proxy is no proof; ours says which interchange it did not find.
        if status == 404 and _names(body, parcel):
            return Receipt("not-sent", "status-absent")
        return Receipt("unknown", f"status-{status}")

    async def waiting(self, kinds: Collection[Kind], limit: int = 100) -> Sequence[Waiting]:
        """List files of these kinds, oldest first."""
        params = httpx.QueryParams(kind=sorted(kinds), limit=limit)
        body = await self._get("/mailbox", _LIST_BYTES_MAX, params)
        try:
            items = msgspec.json.decode(body, type=_Mailbox).items
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unreachable("the mailbox answers something else") from error
        return [Waiting(item.name, item.kind) for item in items if item.kind in kinds]

    async def fetch(self, name: str) -> bytes:
        """Read a file."""
        return await self._get(f"/mailbox/{quote(name, safe='')}", FILE_BYTES_MAX)

    async def acknowledge(self, name: str) -> None:
        """Delete a file from the mailbox; it may be gone already."""
        try:
            status, _ = await self._call(
                "DELETE", f"/mailbox/{quote(name, safe='')}", _RECEIPT_BYTES_MAX
            )
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from error
        if status not in (200, 202, 204, 404, 410):
            raise Unreachable(f"http-{status}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(
        self, path: str, bytes_max: int, params: httpx.QueryParams | None = None
    ) -> bytes:
        try:
            status, body = await self._call("GET", path, bytes_max, params=params)
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from error
        if status != 200:
            raise Unreachable(f"http-{status}")
        return body

    async def _call(
        self,
        method: str,
        path: str,
        bytes_max: int,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: httpx.QueryParams | None = None,
    ) -> tuple[int, bytes]:
        request = self._client.build_request(
            method, self._url + path, content=content, headers=headers, params=params
        )
        response = await self._client.send(request, stream=True)
        try:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > bytes_max:
                    raise Unreachable("the answer is too long")
                parts.append(part)
        finally:
            await response.aclose()
        return response.status_code, b"".join(parts)


def _understood(body: bytes, parcel: Parcel, evidence: str) -> Receipt:
    if _names(body, parcel):
        return Receipt("sent", evidence)
    return Receipt("unknown", f"{evidence}-not-understood")


def _names(body: bytes, parcel: Parcel) -> bool:
    """Tell whether an answer speaks of this interchange: a proxy's page does not."""
    try:
        answer = msgspec.json.decode(body, type=_Taken)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return answer.interchange_control_number == parcel.interchange_control_number
