"""A way in, and what became of what came that way."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from coding_svc.codec.hl7v2.acknowledgement import Header, Outcome
from coding_svc.handlers.siblings import SiblingFinder
from coding_svc.rules.desk import DeskRules
from coding_svc.rules.profile import Profiles
from rcm.domain import Command
from rcm.events.clinical import Reason

ProfilesOf = Callable[[str], Profiles]
"""The sender profiles of a tenant."""


class Way(Struct, frozen=True):
    """A way in.

    Attributes:
        runtime: The running service.
        tenant_id: Whose messages come this way.
        profiles: The tenant's senders.
        actor: Who brings them, for the record: `mllp`, `folder`, or a user.
        desk: How the coder's desk is run.
        siblings: Finds the patient's other encounters, for the edits of a day; None: not looked at.
    """

    runtime: Any
    tenant_id: str
    profiles: Profiles
    actor: str
    desk: DeskRules = DeskRules()
    siblings: SiblingFinder | None = None

    def opaque_id(self, prefix: str, *parts: str) -> str:
        """Derive an id of the tenant."""
        return str(self.runtime.opaque_id(self.tenant_id, prefix, *parts))

    async def execute(self, **command: Any) -> Any:
        """Carry out a command of this way's tenant and actor."""
        return await self.runtime.execute(
            Command(tenant_id=self.tenant_id, actor=self.actor, **command)
        )


class Taken(Struct, frozen=True):
    """What became of a message.

    Attributes:
        message_id: Ours.
        result: ACCEPTED, ACCEPTED_WITH_ISSUES, IGNORED or REJECTED.
        answer: A, E or R for the acknowledgement.
        header: What the acknowledgement repeats.
        encounter_ids: The encounters that it changed.
        reasons: Everything that was noticed.
        repeated: It came before; nothing was done.
    """

    message_id: str
    result: str
    answer: Outcome
    header: Header
    encounter_ids: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    repeated: bool = False
