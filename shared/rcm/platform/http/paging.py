"""Pages of a listing: `{data, has_more, next_cursor}`, continued by key and never by number.

A cursor holds the key of the last row that was shown. It is bound to the tenant, the path and the
filters that it came from: elsewhere it is refused, and a query is limited to the tenant whatever a
cursor says.
"""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.platform.http.caller import Tenant
from rcm.platform.http.runtime import Runtime
from rcm.platform.runtime import Runtime as RunningService
from rcm.problems import Problem

Key = tuple[str | int, ...]
"""The columns that a listing is sorted by, ending in one that is unique."""

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 100

Item = TypeVar("Item")
Found = TypeVar("Found")


class InvalidCursor(Problem):
    """A cursor is good for the listing and the tenant that it came from. Start again without
    one.
    """

    slug: ClassVar[str] = "invalid-cursor"
    title: ClassVar[str] = "Invalid cursor"
    status: ClassVar[int] = 400


class Page(BaseModel, Generic[Item]):
    """One page of a listing."""

    data: list[Item]
    has_more: bool = Field(description="Whether there is more after this page.")
    next_cursor: str | None = Field(description="Pass as `cursor` to go on; null at the end.")


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    bound_to: str
    key: Annotated[list[str | int], msgspec.Meta(min_length=1, max_length=6)]


_DECODER: Final = msgspec.json.Decoder(_Cursor)


def _bound_to(tenant_id: str, listing: str) -> str:
    return hashlib.sha256(f"{tenant_id}\n{listing}".encode()).hexdigest()[:16]


def write_cursor(tenant_id: str, listing: str, key: Key) -> str:
    """Write the cursor that goes on after a key."""
    data = msgspec.json.encode(_Cursor(_bound_to(tenant_id, listing), list(key)))
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read_cursor(tenant_id: str, listing: str, text: str, kinds: Sequence[type]) -> Key:
    """Read a cursor back.

    Raises:
        InvalidCursor: It is of another tenant or listing, or was not written here.
    """
    try:
        cursor = _DECODER.decode(base64.urlsafe_b64decode(text.encode() + b"=="))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidCursor("Start again without a cursor.") from None
    if cursor.bound_to != _bound_to(tenant_id, listing) or [type(k) for k in cursor.key] != list(
        kinds
    ):
        raise InvalidCursor("Start again without a cursor.")
    return tuple(cursor.key)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asks of a listing.

    Attributes:
        limit: Rows wanted.
        cursor: Where to go on, or empty.
        tenant_id: The caller's.
        listing: Path and filters: what the cursor is bound to.
        runtime: Whose store is read.
    """

    limit: int
    cursor: str
    tenant_id: str
    listing: str
    runtime: RunningService

    @property
    def fetch_count(self) -> int:
        """Rows to ask the store for: one more than wanted, to know whether there is more."""
        return self.limit + 1

    async def read(
        self,
        order: Mapping[str, type],
        fetch: Callable[[AsyncSession, Any, int], Awaitable[Sequence[Found]]],
        shape: Callable[[Found], Item],
    ) -> Page[Item]:
        """Read a page from the service's store: all that most listings need.

        Args:
            order: Names and types (str or int) of the columns that rows are sorted by; the last
                one makes the place unique.
            fetch: Given a session, the key to go on after (None on the first page) and how many
                rows are wanted, returns them in that order.
            shape: What a row looks like to the caller.
        """
        after, places = self.after(*order.values()), attrgetter(*order)
        async with self.runtime.read(self.tenant_id) as session:
            rows = await fetch(session, after, self.fetch_count)

        def key(row: Found) -> Key:
            found: Any = places(row)
            return found if len(order) > 1 else (found,)

        return self.page(rows, key, shape)

    def after(self, *kinds: type) -> Key | None:
        """Return the key to go on after, or None for the first page.

        Args:
            kinds: Types of the key's columns (str or int).
        """
        if not self.cursor:
            return None
        return read_cursor(self.tenant_id, self.listing, self.cursor, kinds)

    def page(
        self,
        rows: Sequence[Found],
        key: Callable[[Found], Key],
        shape: Callable[[Found], Item],
    ) -> Page[Item]:
        """Make the page of rows that were fetched with `fetch_count`.

        Args:
            rows: In the listing's order.
            key: A row's place in that order.
            shape: What a row looks like to the caller.
        """
        shown, has_more = rows[: self.limit], len(rows) > self.limit
        return Page(
            data=[shape(row) for row in shown],
            has_more=has_more,
            next_cursor=self.cursor_after(key(shown[-1])) if has_more else None,
        )

    def cursor_after(self, key: Key) -> str:
        """Write the cursor that goes on after a key of this listing."""
        return write_cursor(self.tenant_id, self.listing, key)


async def page_request(  # async: FastAPI runs a plain function in a thread of its pool
    request: Request,
    tenant: Tenant,
    runtime: Runtime,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Rows wanted.")] = LIMIT_DEFAULT,
    cursor: Annotated[
        str, Query(max_length=1_000, description="`next_cursor` of the page before.")
    ] = "",
) -> PageRequest:
    """Read the two query parameters of every listing."""
    filters = sorted(
        (name, value.strip())
        for name, value in request.query_params.multi_items()
        if name not in ("limit", "cursor") and value.strip()
    )
    listing = f"{request.url.path}?{urlencode(filters)}"
    return PageRequest(limit, cursor, tenant, listing, runtime)


Paging = Annotated[PageRequest, Depends(page_request)]
"""Give a route this parameter and its listing has pages."""
