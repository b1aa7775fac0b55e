"""Parameters that the routes of remit-svc share."""

from typing import Annotated, Final

from fastapi import Depends, Path, Request

from rcm.adjustments.table import BUILT_IN
from rcm.platform.folders import Archive
from rcm.platform.http import Runtime, needs
from remit_svc.handlers import Intake

WORKERS: Final = needs("biller", "manager")
"""Who settles what the service could not."""

Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+$")]


async def intake_of(request: Request, runtime: Runtime) -> Intake:
    """Return the ways in of this app's service."""
    table = getattr(request.app.state, "table", BUILT_IN)
    return Intake(runtime, Archive(runtime.settings.data_dir / "archive", runtime.keys), table)


WaysIn = Annotated[Intake, Depends(intake_of)]
