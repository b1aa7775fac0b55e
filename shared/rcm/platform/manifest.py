"""What the platform needs to know to run a service: data, collected in the service's `main`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from rcm.domain import Service

if TYPE_CHECKING:
    from fastapi import APIRouter

    from rcm.platform.runtime import Runtime

Job = Callable[["Runtime"], Awaitable[None]]
"""A long-running task of a service: a timer, a mailbox, a folder, a socket. It runs until it is
cancelled; one that fails is started again after a moment."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A service as the platform runs it.

    Attributes:
        service: What it decides and folds.
        metadata: Its tables, of its own registry: `class Table(SQLModel, registry=registry())`.
        migrations: Folder of its Alembic revisions; the first calls `kernel_tables`.
        routers: Its routes, under `/v1`.
        jobs: Its tasks by name.
        port: Where it listens unless told otherwise.
    """

    service: Service[Any]
    metadata: MetaData
    migrations: Path
    routers: Sequence["APIRouter"] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    port: int = 0
