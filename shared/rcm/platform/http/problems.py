"""How a refusal is answered: RFC 9457, one shape for every one of them, and nothing of the input.

    {"type": "/problems/not-found", "title": "Not found", "status": 404,
     "detail": "No such claim.", "instance": "/v1/claims/...", "request_id": "req_..."}

`type` is a page that the same service serves, made from the docstring of the Problem.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rcm.problems import Problem

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_AFTER_S: Final = "5"
# Their text is made by validators of ours or holds a part of the body.
_TELLING_TYPES: Final = frozenset({"value_error", "assertion_error", "json_invalid"})


class MalformedRequest(Problem):
    """A parameter or the body does not have the documented shape. The answer names the place and
    the rule, and never repeats what was sent.
    """

    slug: ClassVar[str] = "malformed-request"
    title: ClassVar[str] = "Malformed request"
    status: ClassVar[int] = 422


class NoSuchRoute(Problem):
    """Nothing is served under that path."""

    slug: ClassVar[str] = "no-such-route"
    title: ClassVar[str] = "No such route"
    status: ClassVar[int] = 404


class MethodNotAllowed(Problem):
    """The path is served, with other methods."""

    slug: ClassVar[str] = "method-not-allowed"
    title: ClassVar[str] = "Method not allowed"
    status: ClassVar[int] = 405


class InternalError(Problem):
    """The service failed; nothing was recorded. The request id leads to its log."""

    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500


class TookTooLong(Problem):
    """The answer was not ready in time. Whether the request had an effect is told by sending it
    again with the same `Idempotency-Key`.
    """

    slug: ClassVar[str] = "took-too-long"
    title: ClassVar[str] = "Took too long"
    status: ClassVar[int] = 503


_BY_STATUS: Final[Mapping[int, type[Problem]]] = {404: NoSuchRoute, 405: MethodNotAllowed}


def problem_answer(
    problem: Problem, instance: str, request_id: str, errors: Sequence[Mapping[str, str]] = ()
) -> Response:
    """Write a Problem as an answer.

    Args:
        problem: The refusal.
        instance: Template of the route, so that an id in the path is not repeated.
        request_id: Of the request.
        errors: Places of a malformed request, each `path` and `text`.
    """
    body: dict[str, Any] = {
        "type": problem_type(type(problem)),
        "title": problem.title,
        "status": problem.status,
        "detail": detail_of(problem),
        "instance": instance,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = list(errors)
    headers = {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status in (429, 503):
        headers["Retry-After"] = _RETRY_AFTER_S
    return Response(msgspec.json.encode(body), problem.status, headers, MEDIA_TYPE)


def problem_type(problem: type[Problem]) -> str:
    """Return the `type` of a Problem: the path of its page."""
    return f"/problems/{problem.slug}"


def detail_of(problem: Problem) -> str:
    """Return what to do about an occurrence, or what the situation is."""
    return problem.detail or _summary(type(problem))


def _summary(problem: type[Problem]) -> str:
    return " ".join((inspect.getdoc(problem) or problem.title).split("\n\n", 1)[0].split())


def responses(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Document the Problems that a route may answer with: `responses=responses(NotFound, Busy)`.

    FastAPI's own `model` would file the schema under `application/json`, which is never sent.
    """
    by_status: dict[int | str, list[type[Problem]]] = {}
    for problem in problems:
        by_status.setdefault(problem.status, []).append(problem)
    return {
        status: {
            "description": "; ".join(problem.title for problem in those),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        problem.slug: {
                            "summary": problem.title,
                            "value": {
                                "type": problem_type(problem),
                                "title": problem.title,
                                "status": problem.status,
                                "detail": _summary(problem),
                            },
                        }
                        for problem in those
                    },
                }
            },
        }
        for status, those in by_status.items()
    }


PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "A refusal, as RFC 9457 has it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "text": {"type": "string"}},
            },
        },
    },
}


def known_problems() -> dict[str, type[Problem]]:
    """Return every Problem that this process has imported, by slug."""
    return {problem.slug: problem for problem in sorted(_all(Problem), key=lambda p: p.slug)}


def _all(above: type[Problem]) -> Iterator[type[Problem]]:
    for problem in above.__subclasses__():
        if hasattr(problem, "slug"):
            yield problem
        yield from _all(problem)


def route_of(scope: Mapping[str, Any]) -> str:
    """Return the template of the route that was taken, such as `/v1/claims/{claim_id}`; a path
    that matches none is `-`.
    """
    # A router that is included under a prefix has its whole path in the framework's context only.
    taken = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path = scope.get("rcm.route") or getattr(taken, "path_format", "")
    return str(path) or "-"


def add_problem_handlers(app: FastAPI, page: Callable[[Problem, Request], Response | None]) -> None:
    """Have an app answer every refusal as a Problem.

    Args:
        app: The app.
        page: Shows a Problem to a person; None where a program asks.
    """

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return page(error, request) or problem_answer(
            error, route_of(request.scope), request.state.request_id
        )

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = _BY_STATUS.get(error.status_code, MalformedRequest)
        answer = page(problem(), request) or problem_answer(
            problem(), route_of(request.scope), request.state.request_id
        )
        if allowed := (error.headers or {}).get("Allow"):
            answer.headers["Allow"] = allowed
        return answer

    async def on_malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        known = _names_in(app.openapi())
        return problem_answer(
            MalformedRequest(),
            route_of(request.scope),
            request.state.request_id,
            [_place(item, known) for item in error.errors()[:50]],
        )

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_malformed)


def _place(item: Mapping[str, Any], known: frozenset[str]) -> dict[str, str]:
    """Say where and what, keeping only names that the API's description has: a caller's own key
    may be anything.
    """
    parts = (str(part) if type(part) is int or part in known else "*" for part in item["loc"])
    text = item["type"] if item["type"] in _TELLING_TYPES else item["msg"]
    return {"path": ".".join(parts), "text": text}


def _names_in(openapi: Mapping[str, Any]) -> frozenset[str]:
    names = {"body", "query", "path", "header", "cookie"}
    for schema in openapi.get("components", {}).get("schemas", {}).values():
        names.update(schema.get("properties", ()))
    for operations in openapi.get("paths", {}).values():
        for operation in operations.values():
            names.update(p["name"] for p in operation.get("parameters", ()))
    return frozenset(names)
