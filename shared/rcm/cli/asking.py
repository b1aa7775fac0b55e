"""Asking a running service over its own routes, as somebody of the development issuer."""

from collections.abc import Iterator
from typing import Any

import httpx

from rcm.cli import talking
from rcm.cli.services import find_service
from rcm.cli.supervisor import Supervisor
from rcm.platform.http.issuer import DevelopmentIssuer, NotLoopback


class Asked:
    """A service, asked with one role for one tenant."""

    def __init__(self, service: str, tenant: str, role: str) -> None:
        settings = talking.settings()
        process = Supervisor(settings).running(service)
        port = process.port if process else find_service(service).port
        try:
            token = DevelopmentIssuer(settings).token(tenant, [role], "rcm")
        except (NotLoopback, ValueError) as error:
            talking.refuse(f"{error}: use the service's own routes with a token of your issuer")
        self._service = service
        self._url = f"http://{settings.host}:{port}"
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> Any:
        """Read something."""
        return self._call("GET", path, params=query)

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Read a listing to its end."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=100, **query, **cursor)
            yield from page["data"]
            if not page["has_more"]:
                return
            cursor = {"cursor": page["next_cursor"]}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Have something done."""
        return self._call("POST", path, json=body)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = httpx.request(
                method, self._url + path, headers=self._headers, timeout=30, trust_env=False, **more
            )
        except httpx.HTTPError:
            talking.refuse(
                f"{self._service} does not answer at {self._url}: is it running? (rcm status)"
            )
        if answer.status_code >= 400:
            problem = answer.json()
            talking.refuse(f"{problem['title']}: {problem['detail']}")
        return answer.json()
