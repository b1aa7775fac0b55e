"""The tables that people and programs read, and nothing but queries of them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, func, tuple_
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.events.phi import Phi
from remit_svc.rules.accounts import ACCOUNTS

Key = tuple[str | int, ...]
ACCOUNT_NAMES: Final = tuple(ACCOUNTS)


IDS_MAX: Final = 5_000
"""Ids in one query."""


class RemitTable(SQLModel, registry=registry()):
    """Tables of remit-svc; a registry of their own, since services may share a process."""


class FileRow(RemitTable, table=True):
    """An 835 file that came in."""

    __tablename__ = "remittance_file"
    __table_args__ = (Index("file_by_handled", "tenant_id", "is_handled", "changed_at", "file_id"),)

    tenant_id: str = Field(primary_key=True)
    file_id: str = Field(primary_key=True)
    sha256: str
    bytes_count: int = Field(sa_type=BigInteger)
    source: str
    advice_count: int
    is_handled: bool
    posted_count: int
    held_count: int
    known_count: int
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    changed_at: str


class RemittanceRow(RemitTable, table=True):
    """A remittance advice, posted or in quarantine."""

    __tablename__ = "remittance"
    __table_args__ = (
        Index("remittance_by_status", "tenant_id", "status", "recorded_at", "remittance_id"),
        Index("remittance_by_trace", "tenant_id", "trace_number"),
    )

    tenant_id: str = Field(primary_key=True)
    remittance_id: str = Field(primary_key=True)
    status: str  # posted, held, dismissed, superseded
    stream_id: str
    file_id: str
    payer_name: str
    payer_identifier: str
    trace_number: str
    method_code: str
    effective_on: str
    payment_cents: int = Field(sa_type=BigInteger)
    claim_count: int
    claims_paid_cents: int = Field(sa_type=BigInteger)
    provider_adjustment_cents: int = Field(sa_type=BigInteger)
    cause: str
    level: str
    difference_cents: int = Field(sa_type=BigInteger)
    note_code: str
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    recorded_at: str


class ClaimPaymentRow(RemitTable, table=True):
    """One CLP that was posted or noted on its claim."""

    __tablename__ = "claim_payment"
    __table_args__ = (Index("claim_payment_by_claim", "tenant_id", "claim_id"),)

    tenant_id: str = Field(primary_key=True)
    remittance_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    payer_sequence_code: str
    kind: str
    claim_status_code: str
    payer_claim_control_number: str
    billed_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
    adjusted_cents: int = Field(sa_type=BigInteger)
    patient_cents: int = Field(sa_type=BigInteger)
    recorded_at: str


class ProviderAdjustmentRow(RemitTable, table=True):
    """One PLB amount."""

    __tablename__ = "provider_adjustment"
    __table_args__ = (
        Index("provider_adjustment_by_reference", "tenant_id", "reason_code", "reference_number"),
    )

    tenant_id: str = Field(primary_key=True)
    remittance_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    reason_code: str
    reference_number: str
    account: str
    amount_cents: int = Field(sa_type=BigInteger)
    claim_id: str
    payer_identifier: str
    effective_on: str
    recorded_at: str


class UnmatchedRow(RemitTable, table=True):
    """A payment in suspense, or that was."""

    __tablename__ = "unmatched"
    __table_args__ = (
        Index("unmatched_by_status", "tenant_id", "status", "recorded_at", "unmatched_id"),
    )

    tenant_id: str = Field(primary_key=True)
    unmatched_id: str = Field(primary_key=True)
    status: str  # waiting, matched
    stream_id: str
    remittance_id: str
    position: int
    payer_name: str
    trace_number: str
    effective_on: str
    cause: str
    billed_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
    claim_id: str
    payment: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))  # sealed
    recorded_at: str


class ClaimAccountRow(RemitTable, table=True):
    """A claim's money: its legs, and what stands in its accounts."""

    __tablename__ = "claim_account"
    __table_args__ = (
        Index("claim_account_by_patient", "tenant_id", "patient_id"),
        Index("claim_account_by_encounter", "tenant_id", "encounter_id"),
    )

    tenant_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    encounter_id: str
    patient_id: str
    form: str
    payer_id: str
    payer_sequence_code: str
    is_reversed: bool
    patient_responsibility_cents: int = Field(sa_type=BigInteger)
    responsible_leg: str
    awaits_payer: bool
    denied_cents: int = Field(sa_type=BigInteger)
    legs: str  # JSON: cents of each leg by their name
    accounts: str  # JSON: cents by account
    changed_at: str


class PostingRow(RemitTable, table=True):
    """A posting of the ledger, an account a column; the database too refuses one that is not zero
    in sum.
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint(" + ".join(ACCOUNT_NAMES) + " = 0", name="posting_sums_to_zero"),
        Index("posting_by_claim", "tenant_id", "claim_id", "recorded_at"),
        Index("posting_by_remittance", "tenant_id", "remittance_id"),
    )

    tenant_id: str = Field(primary_key=True)
    posting_id: str = Field(primary_key=True)
    kind: str  # name of the event that posted it
    claim_id: str
    remittance_id: str
    position: int
    recorded_at: str
    receivable: int = Field(0, sa_type=BigInteger)
    revenue: int = Field(0, sa_type=BigInteger)
    cash: int = Field(0, sa_type=BigInteger)
    clearing: int = Field(0, sa_type=BigInteger)
    suspense: int = Field(0, sa_type=BigInteger)
    contractual: int = Field(0, sa_type=BigInteger)
    sequestration: int = Field(0, sa_type=BigInteger)
    withhold: int = Field(0, sa_type=BigInteger)
    patient: int = Field(0, sa_type=BigInteger)
    paid_to_patient: int = Field(0, sa_type=BigInteger)
    consumer_account: int = Field(0, sa_type=BigInteger)
    denied: int = Field(0, sa_type=BigInteger)
    pending: int = Field(0, sa_type=BigInteger)
    coordination: int = Field(0, sa_type=BigInteger)
    information: int = Field(0, sa_type=BigInteger)
    review: int = Field(0, sa_type=BigInteger)
    forward_balance: int = Field(0, sa_type=BigInteger)
    recoupment: int = Field(0, sa_type=BigInteger)
    refunds: int = Field(0, sa_type=BigInteger)
    interest: int = Field(0, sa_type=BigInteger)
    tax_withheld: int = Field(0, sa_type=BigInteger)
    settlements: int = Field(0, sa_type=BigInteger)
    incentives: int = Field(0, sa_type=BigInteger)
    provider_suspense: int = Field(0, sa_type=BigInteger)


def sealed(row: UnmatchedRow) -> Phi:
    """Return the sealed content of an unmatched payment."""
    return Phi(**row.payment)


async def files(
    session: AsyncSession, tenant_id: str, after: Key | None, limit: int
) -> Sequence[FileRow]:
    """List files, the newest first."""
    query = select(FileRow).where(col(FileRow.tenant_id) == tenant_id)
    return await _newest(session, query, (FileRow.changed_at, FileRow.file_id), after, limit)


async def unhandled_files(session: AsyncSession, tenant_id: str, before: str) -> Sequence[FileRow]:
    """List files that came in before an instant and of which advices are still to be handled."""
    rows = FileRow
    query = (
        select(rows)
        .where(col(rows.tenant_id) == tenant_id, col(rows.is_handled).is_(False))
        .where(col(rows.changed_at) < before)
        .order_by(col(rows.changed_at), col(rows.file_id))
        .limit(100)
    )
    return (await session.exec(query)).all()


async def remittance(
    session: AsyncSession, tenant_id: str, remittance_id: str
) -> RemittanceRow | None:
    """Find a remittance advice."""
    return await session.get(RemittanceRow, (tenant_id, remittance_id))


async def remittances_named(
    session: AsyncSession, tenant_id: str, remittance_ids: Sequence[str]
) -> Sequence[RemittanceRow]:
    """Find remittance advices by id."""
    if not remittance_ids:
        return []
    query = select(RemittanceRow).where(
        col(RemittanceRow.tenant_id) == tenant_id,
        col(RemittanceRow.remittance_id).in_(remittance_ids),
    )
    return (await session.exec(query)).all()


async def file(session: AsyncSession, tenant_id: str, file_id: str) -> FileRow | None:
    """Find a file."""
    return await session.get(FileRow, (tenant_id, file_id))


async def remittances(
    session: AsyncSession,
    tenant_id: str,
    statuses: Sequence[str],
    trace_number: str,
    after: Key | None,
    limit: int,
) -> Sequence[RemittanceRow]:
    """List remittance advices of some statuses, the newest first."""
    rows = RemittanceRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id)
    query = query.where(col(rows.status).in_(statuses))
    if trace_number:
        query = query.where(col(rows.trace_number) == trace_number)
    return await _newest(session, query, (rows.recorded_at, rows.remittance_id), after, limit)


async def claim_payments(
    session: AsyncSession, tenant_id: str, remittance_id: str, after: Key | None, limit: int
) -> Sequence[ClaimPaymentRow]:
    """List the claim payments of an advice, in its order."""
    rows = ClaimPaymentRow
    query = select(rows).where(
        col(rows.tenant_id) == tenant_id, col(rows.remittance_id) == remittance_id
    )
    if after is not None:
        query = query.where(tuple_(rows.position, rows.claim_id) > tuple_(*after))
    order = (col(rows.position), col(rows.claim_id))
    return (await session.exec(query.order_by(*order).limit(limit))).all()


async def payments_of_claim(
    session: AsyncSession, tenant_id: str, claim_id: str
) -> Sequence[ClaimPaymentRow]:
    """List the payments of a claim, in the order in which they were recorded."""
    rows = ClaimPaymentRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id, col(rows.claim_id) == claim_id)
    order = (col(rows.recorded_at), col(rows.remittance_id), col(rows.position))
    return (await session.exec(query.order_by(*order).limit(500))).all()


async def provider_adjustments(
    session: AsyncSession, tenant_id: str, remittance_id: str
) -> Sequence[ProviderAdjustmentRow]:
    """List the provider adjustments of an advice."""
    rows = ProviderAdjustmentRow
    query = select(rows).where(
        col(rows.tenant_id) == tenant_id, col(rows.remittance_id) == remittance_id
    )
    return (await session.exec(query.order_by(col(rows.position)).limit(500))).all()


class CarriedBalance(NamedTuple):
    """What is left of a balance that a payer carried forward (PLB FB).

    Attributes:
        payer_identifier: Of the payer.
        trace_number: Under which it was carried.
        left_cents: Negative while we owe it, 0 once it was taken.
        advice_count: How many advices spoke of it.
    """

    payer_identifier: str
    trace_number: str
    left_cents: int
    advice_count: int


async def forward_balances(
    session: AsyncSession, tenant_id: str, after: Key | None, limit: int
) -> Sequence[CarriedBalance]:
    """List the traces under which a balance was carried, by payer."""
    rows = ProviderAdjustmentRow
    group = (col(rows.payer_identifier), col(rows.reference_number))
    query = (
        select(*group, func.sum(rows.amount_cents), func.count())
        .where(col(rows.tenant_id) == tenant_id, col(rows.reason_code) == "FB")
        .group_by(*group)
        .order_by(*group)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*group) > tuple_(*after))
    found = (await session.exec(query)).all()
    return [CarriedBalance(payer, trace, int(cents), n) for payer, trace, cents, n in found]


async def unmatched_item(
    session: AsyncSession, tenant_id: str, unmatched_id: str
) -> UnmatchedRow | None:
    """Find an unmatched payment."""
    return await session.get(UnmatchedRow, (tenant_id, unmatched_id))


async def unmatched_items(
    session: AsyncSession, tenant_id: str, status: str, after: Key | None, limit: int
) -> Sequence[UnmatchedRow]:
    """List unmatched payments of a status, the oldest first."""
    rows = UnmatchedRow
    place = (col(rows.recorded_at), col(rows.unmatched_id))
    query = select(rows).where(col(rows.tenant_id) == tenant_id, col(rows.status) == status)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return (await session.exec(query.order_by(*place).limit(limit))).all()


async def claim_account(
    session: AsyncSession, tenant_id: str, claim_id: str
) -> ClaimAccountRow | None:
    """Find a claim's money."""
    return await session.get(ClaimAccountRow, (tenant_id, claim_id))


async def are_charged(session: AsyncSession, tenant_id: str, claim_ids: Sequence[str]) -> bool:
    """Tell whether all of some claims are known to have been submitted."""
    for start in range(0, len(claim_ids), IDS_MAX):
        some = claim_ids[start:][:IDS_MAX]
        query = select(func.count()).where(
            col(ClaimAccountRow.tenant_id) == tenant_id,
            col(ClaimAccountRow.claim_id).in_(some),
        )
        if (await session.exec(query)).one() < len(some):
            return False
    return True


async def postings_of_claim(
    session: AsyncSession, tenant_id: str, claim_id: str
) -> Sequence[PostingRow]:
    """List the postings of a claim, in the order in which they were recorded."""
    rows = PostingRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id, col(rows.claim_id) == claim_id)
    order = (col(rows.recorded_at), col(rows.posting_id))
    return (await session.exec(query.order_by(*order).limit(500))).all()


async def trial_balance(session: AsyncSession, tenant_id: str) -> dict[str, int]:
    """Add up every account."""
    sums = [func.coalesce(func.sum(getattr(PostingRow, name)), 0) for name in ACCOUNT_NAMES]
    query = select(*sums).where(col(PostingRow.tenant_id) == tenant_id)
    found = (await session.exec(query)).one()
    return {name: int(cents) for name, cents in zip(ACCOUNT_NAMES, found, strict=True)}


class ClaimBalance(NamedTuple):
    """What stands in one account for a claim."""

    claim_id: str
    balance_cents: int


async def claims_in_account(
    session: AsyncSession, tenant_id: str, account: str, after: Key | None, limit: int
) -> Sequence[ClaimBalance]:
    """List the claims that have something in an account, and how much."""
    assert account in ACCOUNTS, "an account is asked for by a name of the chart"
    claim_id, cents = col(PostingRow.claim_id), func.sum(getattr(PostingRow, account))
    query: Any = select(claim_id, cents).where(col(PostingRow.tenant_id) == tenant_id)
    query = query.where(claim_id > (after[0] if after is not None else ""))
    query = query.group_by(claim_id).having(cents != 0).order_by(claim_id).limit(limit)
    return [ClaimBalance(found, int(total)) for found, total in (await session.exec(query)).all()]


async def accounts_of_patient(
    session: AsyncSession, tenant_id: str, patient_id: str
) -> Sequence[ClaimAccountRow]:
    """List the claims of a patient."""
    rows = ClaimAccountRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id, col(rows.patient_id) == patient_id)
    return (await session.exec(query.order_by(col(rows.claim_id)).limit(500))).all()


async def _newest(
    session: AsyncSession, query: Any, place: tuple[Any, ...], after: Key | None, limit: int
) -> Sequence[Any]:
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    found: Sequence[Any] = (await session.exec(query)).all()
    return found
