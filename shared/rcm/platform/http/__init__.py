"""The HTTP side that all services share. See docs/kernel.md for a short route."""

from rcm.platform.http.app import create_app
from rcm.platform.http.bodies import parse_json
from rcm.platform.http.caller import Actor, Caller, Tenant, needs
from rcm.platform.http.commands import CHANGE_PROBLEMS, Asking
from rcm.platform.http.identity import Forbidden, Identity, Role, Unauthenticated
from rcm.platform.http.paging import InvalidCursor, Page, PageRequest, Paging
from rcm.platform.http.phi import PhiViews
from rcm.platform.http.problems import responses
from rcm.platform.http.runtime import Runtime

__all__ = [
    "CHANGE_PROBLEMS",
    "Actor",
    "Asking",
    "Caller",
    "Forbidden",
    "Identity",
    "InvalidCursor",
    "Page",
    "PageRequest",
    "Paging",
    "PhiViews",
    "Role",
    "Runtime",
    "Tenant",
    "Unauthenticated",
    "create_app",
    "needs",
    "parse_json",
    "responses",
]
