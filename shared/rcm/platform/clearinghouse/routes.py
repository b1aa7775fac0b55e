"""Which receiver is reached by which adapter: the `route` of each receiver in a tenant's directory.

    tenant_id: northside
    receivers:
      - receiver_id: SIMCLEAR
        submitter_id: NORTHSIDE
        route: {kind: http, url: "http://127.0.0.1:8090/northside", resubmits_safely: true}

claims-svc sends and takes acknowledgements by it, remit-svc takes remittances; both read the same
files and nothing else of each other.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from rcm.platform.clearinghouse.folder import FolderClearinghouse
from rcm.platform.clearinghouse.http import HttpClearinghouse
from rcm.platform.clearinghouse.port import Clearinghouse

DIRECTORY_FILES = ("*.yaml", "*.yml", "*.json")


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a receiver is reached.

    Attributes:
        kind: `http`, `folder`, or `none` (claims are made ready and stay).
        url: Of the mailbox, for `http`.
        path: Of the shared folder; relative to the data folder.
        token_file: File that holds the bearer token, or empty.
        timeout_s: How long an answer is waited for.
        settle_s: How old a file must be before it is read.
        resubmits_safely: Whether the other side takes the same interchange number only once.
    """

    kind: Literal["http", "folder", "none"] = "none"
    url: str = ""
    path: str = ""
    token_file: str = ""
    timeout_s: float = 60.0
    settle_s: float = 2.0
    resubmits_safely: bool = False


class RoutedReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a receiver's entry that matters here; the rest is passed over."""

    receiver_id: str
    submitter_id: str
    route: Route = Route()


class RoutedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a directory file that matters here."""

    tenant_id: str
    receivers: list[RoutedReceiver] = []


def read_directory_file(path: Path) -> Any:
    """Read one directory file: YAML (of which JSON is a part) as plain values.

    Raises:
        ValueError: It is not YAML, or not UTF-8.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError("not YAML") from error


def directory_paths(folder: Path) -> list[Path]:
    """Name the directory files of a folder, one a tenant."""
    return sorted(path for pattern in DIRECTORY_FILES for path in folder.glob(pattern))


def receivers_of(folder: Path) -> dict[str, list[RoutedReceiver]]:
    """Read the receivers of every tenant.

    Raises:
        ValueError: A file is not YAML, or not as described; the message names the field.
    """
    found: dict[str, list[RoutedReceiver]] = {}
    for path in directory_paths(folder):
        tenant = msgspec.convert(read_directory_file(path), RoutedTenant)
        found[tenant.tenant_id] = tenant.receivers
    return found


def connect(route: Route, data_dir: Path) -> Clearinghouse | None:
    """Open the adapter of a route; None where nothing is sent."""
    if route.kind == "http":
        token = Path(route.token_file).read_text("utf-8").strip() if route.token_file else ""
        return HttpClearinghouse(
            route.url,
            token=token,
            timeout_s=route.timeout_s,
            resubmits_safely=route.resubmits_safely,
        )
    if route.kind == "folder":
        return FolderClearinghouse(data_dir / route.path, settle_s=route.settle_s)
    return None
