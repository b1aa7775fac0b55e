"""The one way by which PHI comes into an answer: `PhiViews`, which records each view first.

@router.get("/claims/{claim_id}/x12", responses=responses(NotFound, Forbidden))
async def x12(claim_id: str, phi: PhiViews, runtime: Runtime) -> ...:
    content = await phi.open(sealed, ClaimContent, "claim-x12", claim_id)

Who may see, and that it was seen, is decided here and not in the routes. A view that cannot be
recorded is not shown; one that is refused is recorded, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from fastapi import Depends, Header, Request

from rcm.events.phi import Phi
from rcm.invariants.audit import Outcome, View
from rcm.platform.audit.port import TrailUnavailable
from rcm.platform.http.caller import Caller
from rcm.platform.http.identity import Forbidden, Identity
from rcm.platform.http.runtime import Runtime
from rcm.platform.runtime import Runtime as RunningService
from rcm.problems import Busy

T = TypeVar("T")

Purpose = Literal["HPAYMT", "HOPERAT", "TREAT", "PATRQT", "HCOMPL", "BTG"]
_DEFAULT: Final = "HPAYMT"


@dataclass(frozen=True, slots=True)
class Viewing:
    """A caller who may ask to see PHI.

    Attributes:
        runtime: The service.
        caller: Who asks.
        purpose_code: Why, of HL7's PurposeOfUse.
        request_id: Of the request.
    """

    runtime: RunningService
    caller: Identity
    purpose_code: Purpose
    request_id: str

    async def open(
        self,
        phi: Phi,
        shape: type[T],
        subject_kind: str,
        subject_id: str,
        *,
        is_addressee: bool = False,
    ) -> T | None:
        """Open one box; None when its key was destroyed.

        Args:
            phi: The box.
            shape: What it holds.
            subject_kind: What it is part of, such as `claim-x12`.
            subject_id: That thing's opaque id.
            is_addressee: It is addressed to the caller, as the route has made sure; no role that
                sees PHI is needed for it.

        Raises:
            Forbidden: None of the caller's roles sees PHI. That is recorded.
            Busy: The view cannot be recorded now.
        """
        found = await self.open_all(
            {"": phi}, shape, subject_kind, subject_id, is_addressee=is_addressee
        )
        return found[""]

    async def open_all(
        self,
        boxes: Mapping[str, Phi],
        shape: type[T],
        subject_kind: str,
        subject_id: str,
        *,
        is_addressee: bool = False,
    ) -> dict[str, T | None]:
        """Open several boxes of one thing as one view. As `open`."""
        key_ids = sorted({phi.key_id for phi in boxes.values()})
        if not (self.caller.sees_phi or is_addressee):
            await self._record(key_ids, subject_kind, subject_id, "refused")
            raise Forbidden("Needs a role that sees PHI: coder, biller, manager or auditor.")
        tenant_id = self.caller.tenant_id
        found = {
            name: await self.runtime.open(tenant_id, phi, shape) for name, phi in boxes.items()
        }
        is_there = any(content is not None for content in found.values())
        outcome: Outcome = "shown" if is_there else "forgotten"
        await self._record(key_ids, subject_kind, subject_id, outcome)
        return found

    async def _record(
        self, key_ids: list[str], subject_kind: str, subject_id: str, outcome: Outcome
    ) -> None:
        view = View(
            tenant_id=self.caller.tenant_id,
            actor=self.caller.subject,
            subject_kind=subject_kind,
            subject_id=subject_id,
            key_ids=key_ids,
            purpose_code=self.purpose_code,
            outcome=outcome,
            request_id=self.request_id,
        )
        try:
            await self.runtime.audit.append(view)
        except TrailUnavailable as error:
            raise Busy("The view cannot be recorded, so nothing is shown.") from error


async def viewing(
    request: Request,
    caller: Caller,
    runtime: Runtime,
    purpose_of_use: Annotated[
        Purpose,
        Header(
            description="Why PHI is looked at, of HL7's PurposeOfUse; recorded with the view: "
            "HPAYMT payment, HOPERAT operations, TREAT treatment, PATRQT the patient's request, "
            "HCOMPL compliance, BTG break the glass."
        ),
    ] = _DEFAULT,
) -> Viewing:
    """Read who asks, and why."""
    return Viewing(runtime, caller, purpose_of_use, request.state.request_id)


PhiViews = Annotated[Viewing, Depends(viewing)]
"""Give a route that may show PHI this parameter."""
