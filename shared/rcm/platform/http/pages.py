"""Pages for people: templates and static files from the packages themselves, nothing from a CDN."""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from rcm.money import dollars
from rcm.platform.http.identity import Unauthenticated
from rcm.platform.http.problems import detail_of, problem_type
from rcm.problems import Problem

STATIC: Final = Path(__file__).parent / "static"
_YEAR: Final = "public, max-age=31536000, immutable"

Render = Callable[..., HTMLResponse]
"""`render("claims.html", status=200, rows=rows)`: writes a template as an answer."""


def open_templates(*packages: str) -> Render:
    """Make a renderer of the templates of some packages, then of the shared ones."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(p) for p in (*packages, "rcm.platform.http")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["dollars"] = dollars
    environment.globals["static"] = partial(static_url, _digests())
    return partial(_render, environment)


def _render(
    environment: Environment, name: str, /, status: int = 200, **values: Any
) -> HTMLResponse:
    return HTMLResponse(environment.get_template(name).render(values), status)


def _digests() -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in STATIC.iterdir()
        if path.is_file()
    }


def problem_page(sign_in: str) -> Callable[[Problem, Request], Response | None]:
    """Make the function that shows a Problem to a person: whoever asks a page for HTML.

    Args:
        sign_in: Where somebody without a token is sent, or empty.
    """
    render = open_templates()

    def page(problem: Problem, request: Request) -> Response | None:
        accepts = request.headers.get("accept", "")
        if "text/html" not in accepts or request.url.path.startswith("/v1"):
            return None
        if isinstance(problem, Unauthenticated) and sign_in and request.method == "GET":
            return RedirectResponse(sign_in, 303)
        return render(
            "problem-page.html",
            status=problem.status,
            problem=problem,
            detail=detail_of(problem),
            type=problem_type(type(problem)),
            request_id=request.state.request_id,
        )

    return page


def static_url(digests: Mapping[str, str], name: str) -> str:
    """Return the address of a static file; it changes with the content."""
    return f"/static/{name}?v={digests[name][:16]}"


class _Static(StaticFiles):
    """Static files that a browser keeps, since their address names their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        scope["rcm.route"] = "/static/{name}"
        if answer.status_code == 200 and scope["query_string"].startswith(b"v="):
            answer.headers["Cache-Control"] = _YEAR
        return answer


def mount_static(app: FastAPI) -> None:
    """Serve the static files of the pages."""
    app.mount("/static", _Static(directory=STATIC, follow_symlink=False), name="static")
