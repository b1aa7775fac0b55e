"""The service as data, and how jobs ask for something."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

from claims_svc import store
from claims_svc.decide.acknowledge import learn, learn_streams
from claims_svc.decide.bill import Directories, bill, bill_streams
from claims_svc.decide.correct import request, request_streams
from claims_svc.decide.withdraw import note, note_streams
from claims_svc.model.evolve import evolve
from claims_svc.model.states import State
from claims_svc.views import project
from rcm.domain import Command, Context, Fact, Loaded, Reaction, Service
from rcm.events.catalogue import CLAIMS, CODING, DENIALS, REMIT
from rcm.events.coding import EncounterCoded
from rcm.events.coding_desk import ReleaseWithdrawalRequested
from rcm.events.denials import CorrectedClaimRequested
from rcm.events.remit import RemittanceReceived

SENDING: Final = "claims-svc:sending"
MAIL: Final = "claims-svc:mail"
CATCHING_UP: Final = "claims-svc:catch-up"

Ask = Callable[[Sequence[str], Callable[[Loaded, Context], Sequence[Fact]]], Command]
"""Makes the command of a request: `asking.command` of a route, or `of_job` of a job."""


def service(directories: Directories) -> Service[State]:
    """Make claims-svc over the tenants' directories. A rebuild needs none: it decides nothing."""
    return Service[State](
        name="claims-svc",
        topic=CLAIMS,
        state=State,
        evolve=evolve,
        project=project,
        reactions={
            CODING: {
                EncounterCoded.name: Reaction(bill_streams, partial(bill, directories=directories)),
                ReleaseWithdrawalRequested.name: Reaction(note_streams, note),
            },
            REMIT: {RemittanceReceived.name: Reaction(learn_streams, learn)},
            DENIALS: {CorrectedClaimRequested.name: Reaction(request_streams, request)},
        },
    )


def of_job(tenant_id: str, actor: str) -> Ask:
    """Make commands of a job."""

    def ask(streams: Sequence[str], decide: Callable[[Loaded, Context], Sequence[Fact]]) -> Command:
        return Command(
            tenant_id=tenant_id,
            command_id=str(uuid4()),
            streams=streams,
            decide=decide,
            actor=actor,
            is_remembered=False,
        )

    return ask


async def involved(session: Any, tenant_id: str, claim_ids: Collection[str]) -> list[str]:
    """Name claims and those that they replace."""
    replaced = await store.replaced_by_them(session, tenant_id, claim_ids)
    return list(dict.fromkeys([*claim_ids, *replaced]))
