"""Which role may use which route of which service: asked of the routes themselves, by tokens."""

import json
import tempfile
from pathlib import Path

import httpx

from rcm.cli.services import find_service, service_names
from rcm.platform.http.identity import ROLES
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.settings import Settings

MATRIX = Path(__file__).parent / "contracts" / "roles.json"
_METHODS = ("get", "post", "put", "patch", "delete")


def apps(folder: Path):
    """Make the app of every installed service; their runtimes stay closed."""
    settings = Settings(data_dir=folder)
    for name in service_names():
        service = find_service(name)
        if service.manifest is not None:
            yield name, service.create_app(settings), DevelopmentIssuer(settings)


def operations(app):
    """Go through what an app serves under /v1: method, path template, and what is documented."""
    for template, those in app.openapi()["paths"].items():
        for method, described in those.items():
            if method in _METHODS:
                yield method.upper(), template, described


def client_of(app):
    """Ask an app whose runtime is closed: whatever passes the door fails behind it."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def path_of(template: str) -> str:
    """Fill a path's parameters with something that is nothing."""
    return template.replace("{", "x").replace("}", "")


async def role_matrix() -> dict[str, dict[str, list[str]]]:
    """Ask every route with every role; tells for each who is let through the door."""
    found: dict[str, dict[str, list[str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, app, issuer in apps(Path(folder)):
            async with client_of(app) as client:
                for method, template, _ in operations(app):
                    let = [
                        role
                        for role in sorted(ROLES)
                        if (
                            await client.request(
                                method,
                                path_of(template),
                                headers={
                                    "Authorization": "Bearer " + issuer.token("northside", [role]),
                                    "Idempotency-Key": "matrix-0001",
                                },
                            )
                        ).status_code
                        != 403
                    ]
                    found.setdefault(name, {})[f"{method} {template}"] = let
    return found


def matrix_text(matrix) -> bytes:
    """Write the matrix as it is kept: one route a line."""
    blocks = [
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(
            f"    {json.dumps(route)}: {json.dumps(' '.join(roles))}"
            for route, roles in sorted(routes.items())
        )
        + "\n  }"
        for name, routes in sorted(matrix.items())
    ]
    return ("{\n" + ",\n".join(blocks) + "\n}\n").encode()
