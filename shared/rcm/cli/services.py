"""Which services there are: those that are installed, found by the entry points `rcm.services`.

An entry point names a service's `main` module, which has `MANIFEST` and `create_app(settings)`.
A module in the group `rcm.peers` (the payer simulator) has `PORT` and `create_app(settings)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Final

from rcm.cli.talking import refuse
from rcm.platform.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from rcm.platform.manifest import Manifest

ORDER: Final = ("coding-svc", "claims-svc", "remit-svc", "denials-svc", "lifecycle-svc")


@dataclass(frozen=True, slots=True)
class Installed:
    """A service that is installed here.

    Attributes:
        name: Its name.
        port: Where it listens unless told otherwise.
        create_app: Makes its app.
        manifest: What the platform knows of it; None for a peer.
    """

    name: str
    port: int
    create_app: "Callable[[Settings], FastAPI]"
    manifest: "Manifest | None"


def service_names() -> list[str]:
    """Name the installed services, upstream first, then the peers; nothing is imported."""
    found = {point.name for point in entry_points(group="rcm.services")}
    known = [name for name in ORDER if name in found]
    peers = sorted(point.name for point in entry_points(group="rcm.peers"))
    return [*known, *sorted(found.difference(known)), *peers]


def is_peer(name: str) -> bool:
    """Tell whether something installed keeps no store; nothing is imported."""
    return bool(entry_points(group="rcm.peers", name=name))


def find_service(name: str) -> Installed:
    """Import a service; says which there are when there is none of that name."""
    for point in entry_points(group="rcm.services", name=name):
        module: ModuleType = point.load()
        manifest: Manifest = module.MANIFEST
        return Installed(name, manifest.port, module.create_app, manifest)
    for point in entry_points(group="rcm.peers", name=name):
        module = point.load()
        return Installed(name, module.PORT, module.create_app, None)
    return refuse(f"no service {name!r} is installed; there are: {', '.join(service_names())}")


def find_manifest(name: str) -> "Manifest":
    """Import a service's manifest."""
    manifest = find_service(name).manifest
    return manifest or refuse(f"{name} is no service: it keeps no store")
