"""`rcm lifecycle` and `rcm verify`: what the log says, from the log alone."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from rcm.cli import talking
from rcm.cli.audit import read_trails
from rcm.cli.comparing import Comparison
from rcm.cli.log_reading import read_all
from rcm.events.envelope import Envelope
from rcm.events.event import NotAnEvent
from rcm.invariants import Breach, check
from rcm.invariants.audit import Head, check_chains
from rcm.lifecycle import Life, life_of, patient_disputed
from rcm.money import dollars
from rcm.platform.http.identity import TENANT_ID
from rcm.platform.log.port import Record
from rcm.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_CLAIM_ID: Final = re.compile(r"[A-Z0-9]{1,20}", re.ASCII)
_AROUND: Final = frozenset(
    {
        "EncounterReceived", "EncounterHeld", "EncounterCoded", "EncounterMerged",
        "EncounterBilled", "CodingReworkRequested", "InterchangePrepared", "InterchangeSettled",
        "AcknowledgementReceived", "RemittanceAccepted", "RemittanceQuarantined",
        "RemittanceDismissed", "RemittanceFileReceived", "ProviderAdjustmentPosted",
        "CodingQueryOpened", "CodingQuerySent", "CodingQueryAnswered", "CodingQueryEscalated",
        "CodingQueryClosed", "CodingQueryHoldPlaced", "CodingQueryHoldLifted",
        "CodingQueryAnswerNoted",
        "EncounterTaken", "EncounterReturned", "EncounterAssigned", "ReleaseWithdrawalRequested",
        "ReleaseWithdrawn", "ReleaseWithdrawalRefused", "ReleaseWithdrawalNoted",
        "ReleaseWithdrawalSettled", "AuditCaseCoded", "EvidencePackIssued",
    }
)  # fmt: skip
"""Events that may belong to a claim's life without standing on its stream."""


@app.command(epilog="Example: rcm lifecycle PK3M7QZ2A4B5C6D --tenant northside --json")
def lifecycle(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM", help="CLM01 of the claim.")],
    tenant: talking.Tenant,
    as_json: talking.Json = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Steps of the ledger and of delivery, too.")
    ] = False,
) -> None:
    """Tell one claim's life, from the log alone. Exit status 1 if no event speaks of it."""
    if not _CLAIM_ID.fullmatch(claim_id) or not TENANT_ID.fullmatch(tenant):
        talking.refuse("a claim is named by capital letters and digits, a tenant by small ones")
    life = asyncio.run(_life(talking.settings(), claim_id, tenant))
    if life is None:
        talking.err().print(f"no event of {tenant} speaks of {claim_id}")
        sys.exit(1)
    if as_json:
        talking.print_json(life)
    else:
        _tell(life, everything=everything)


async def _life(settings: Settings, claim_id: str, tenant: str) -> Life | None:
    def wanted(found: Envelope) -> bool:
        if found.tenant_id != tenant:
            return False
        return found.stream_id == claim_id or found.event_name in _AROUND

    with talking.progress("reading the log") as bar:
        events = await read_all(settings, wanted, bar)
    events.sort(key=lambda recorded: (recorded.recorded_at, recorded.stream_version))
    return life_of(claim_id, events, events)


def _tell(life: Life, *, everything: bool) -> None:
    out, claim, money = talking.out(), life.claim, life.money
    out.print(
        f"{claim.claim_id}  {life.state.replace('-', ' ')}  837{claim.form} to {claim.payer_name}"
        f"  service {claim.service_from}  encounter {claim.encounter_id}",
        markup=False,
    )
    out.print(
        f"billed {dollars(money.billed_cents)} = paid {dollars(money.paid_cents)}"
        f" + adjusted {dollars(money.adjusted_cents)} + patient {dollars(money.patient_cents)}"
        f" + denied {dollars(money.denied_cents)} + open {dollars(money.open_cents)}"
    )
    if disputed := patient_disputed(claim.denials, money.patient_cents):
        out.print(f"of the patient's share {dollars(disputed)} in dispute: on the worklist")
    out.print()
    for step in life.steps:
        if step.is_detail and not everything:
            continue
        amounts = "  ".join(f"{name} {dollars(cents)}" for name, cents in step.money.items())
        out.print(f"{step.at[:19]}  {step.name:<22} {step.what}", markup=False)
        for line in filter(None, (step.why, amounts)):
            out.print(f"{'':<43} {line}", markup=False)


class Verified(msgspec.Struct):
    """What `rcm verify` found.

    Attributes:
        event_count: Events that were read.
        view_count: Views of PHI that were read from the audit trails.
        stores: What was compared with the log: stores of services that do not run.
        not_compared: Services whose store was not compared, and why.
        unreadable: Places of records that are no events.
        breaches: Each named by claim and event.
    """

    event_count: int
    view_count: int
    stores: list[str]
    not_compared: dict[str, str]
    unreadable: list[str]
    breaches: list[Breach]


@app.command(epilog="Example: rcm verify --tenant northside")
def verify(
    tenant: Annotated[str, typer.Option("--tenant", "-t", help="Only this one.")] = "",
    live: Annotated[
        bool,
        typer.Option("--live", help="Work is going on: what is not finished yet is no breach."),
    ] = False,
    log_only: Annotated[
        bool, typer.Option("--log-only", help="Leave stores and audit trails aside.")
    ] = False,
    anchors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Heads that `rcm audit heads --json` gave before."),
    ] = None,
    as_json: talking.Json = False,
) -> None:
    """Check the invariants: of the whole log, of stopped services' stores against it (I11, I12),
    and of the audit trails (I14). Exit status 1 if one is broken.
    """
    settings, known = talking.settings(), _anchors(anchors)
    compared = Comparison()
    if not (log_only or live or tenant):
        with talking.progress("comparing stores") as bar:
            asyncio.run(compared.run(settings, bar))
    unreadable: list[str] = []

    def note(record: Record, _error: NotAnEvent) -> None:
        unreadable.append(f"{record.topic}/{record.partition}/{record.offset}")

    def wanted(found: Envelope) -> bool:
        return not tenant or found.tenant_id == tenant

    with talking.progress("reading the log") as bar:
        events = asyncio.run(read_all(settings, wanted, bar, note))
    views, heads = ([], []) if log_only else asyncio.run(read_trails(settings))
    breaches = [
        *check(events, at_rest=not live),
        *compared.breaches(events),
        *(b for b in check_chains(views, heads, known) if not tenant or b.tenant_id == tenant),
    ]
    found = Verified(
        len(events), len(views), sorted(compared.versions), compared.skipped, unreadable, breaches
    )
    if as_json:
        talking.print_json(found)
    else:
        _report(found)
    if breaches or unreadable:
        sys.exit(1)


def _anchors(path: Path | None) -> list[Head]:
    if path is None:
        return []
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[dict[str, str | int]])
        return [msgspec.convert(tuple(one[name] for name in Head._fields), Head) for one in found]
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        talking.refuse(f"{path}: not what `rcm audit heads --json` prints ({error})")


def _report(found: Verified) -> None:
    for breach in found.breaches:
        subject = f"{breach.tenant_id}/{breach.claim_id or '-'}"
        talking.out().print(
            f"{breach.invariant}  {subject}  {breach.event_id or '-'}  {breach.text}",
            markup=False,
        )
    for place in found.unreadable:
        talking.out().print(f"--  {place} is no event")
    for name, why in found.not_compared.items():
        talking.err().print(f"{name}: store not compared: {why}", markup=False)
    talking.err().print(
        f"{found.event_count} events, {len(found.stores)} stores, {found.view_count} views of PHI:"
        f" {len(found.breaches)} breaches, {len(found.unreadable)} unreadable records"
    )
