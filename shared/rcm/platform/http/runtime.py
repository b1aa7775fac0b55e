"""What the HTTP side needs of a running service, and the route parameter that gives it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from rcm.domain import Command, Service
from rcm.events.envelope import Recorded
from rcm.platform.telemetry import Status


class Carried(Protocol):
    """What became of a Command."""

    @property
    def recorded(self) -> Sequence[Recorded[Any]]:
        """The facts, also on a repeat."""
        ...

    @property
    def repeated(self) -> bool:
        """Whether this is the outcome of an earlier request."""
        ...


class Running(Protocol):
    """A running service (`rcm.platform.runtime.Runtime`)."""

    @property
    def execute(self) -> Callable[[Command], Awaitable[Carried]]:
        """Carry out a Command; raises a Problem."""
        ...

    def read(self, tenant_id: str) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that sees one tenant's rows."""
        ...

    async def status(self) -> Status:
        """Tell how far it is."""
        ...


class Served(Protocol):
    """What the HTTP side needs of a service's manifest."""

    @property
    def service(self) -> Service[Any]:
        """The service."""
        ...

    @property
    def routers(self) -> Sequence[APIRouter]:
        """Its routes under `/v1`."""
        ...


async def runtime_of(request: Request) -> Any:
    """Return the running service behind this app."""
    return request.app.state.runtime


Runtime = Annotated[Any, Depends(runtime_of)]
"""The running service: `await runtime.execute(...)`, `async with runtime.read(tenant_id)`."""
