"""The description of an API as pages of its own: a catalogue of its routes, and what each Problem
means. Works in a closed network, under the strict content security policy, without JavaScript.
"""

import inspect
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from rcm.platform.http.caller import identify
from rcm.platform.http.pages import open_templates
from rcm.platform.http.problems import known_problems
from rcm.problems import NotFound

_METHODS = ("get", "post", "put", "patch", "delete")


def docs_router(*, protected: bool) -> APIRouter:
    """Make the routes of the description; protected ones ask for a token."""
    router = APIRouter()
    render = open_templates()
    guards = [Depends(identify)] if protected else []

    @router.get("/openapi.json", dependencies=guards)
    async def openapi(request: Request) -> Response:
        return Response(msgspec.json.encode(request.app.openapi()), media_type="application/json")

    @router.get("/docs", dependencies=guards)
    async def docs(request: Request) -> Response:
        described = request.app.openapi()
        return render(
            "docs.html",
            title=described["info"]["title"],
            version=described["info"]["version"],
            operations=_operations(described),
            schemas=described["components"]["schemas"],
        )

    @router.get("/problems/{slug}")
    async def problem(slug: str) -> Response:
        found = known_problems().get(slug)
        if found is None:
            raise NotFound("There is no Problem of that name.")
        return render("problem.html", problem=found, text=inspect.getdoc(found) or "")

    return router


def _operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
            "method": method.upper(),
            "path": path,
            "summary": operation.get("description") or operation.get("summary", ""),
            "parameters": operation.get("parameters", []),
            "body": _schemas_of(operation.get("requestBody", {}).get("content", {})),
            "answers": [
                {
                    "status": status,
                    "description": answer.get("description", ""),
                    "schemas": _schemas_of(answer.get("content", {})),
                    "problems": [
                        example["value"]
                        for content in answer.get("content", {}).values()
                        for example in content.get("examples", {}).values()
                        if "type" in example.get("value", {})
                    ],
                }
                for status, answer in sorted(operation.get("responses", {}).items())
            ],
        }
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def _schemas_of(content: dict[str, Any]) -> list[tuple[str, str]]:
    """List the media types of a body, each with the name of its schema or its plain type."""
    found = []
    for media_type, body in content.items():
        schema = body.get("schema", {})
        name = (
            schema.get("$ref", "").rsplit("/", 1)[-1]
            or schema.get("title")
            or schema.get("type", "")
        )
        found.append((media_type, name))
    return found
