"""initial."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    kernel_tables()
    _claim_account()
    _claim_payment()
    _posting()
    _provider_adjustment()
    _remittance()
    _remittance_file()
    _unmatched()


def _claim_account() -> None:
    op.create_table(
        "claim_account",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("payer_sequence_code", sa.String(), nullable=False),
        sa.Column("is_reversed", sa.Boolean(), nullable=False),
        sa.Column("patient_responsibility_cents", sa.BigInteger(), nullable=False),
        sa.Column("responsible_leg", sa.String(), nullable=False),
        sa.Column("awaits_payer", sa.Boolean(), nullable=False),
        sa.Column("denied_cents", sa.BigInteger(), nullable=False),
        sa.Column("legs", sa.String(), nullable=False),
        sa.Column("accounts", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id"),
    )
    op.create_index(
        "claim_account_by_encounter", "claim_account", ["tenant_id", "encounter_id"], unique=False
    )
    op.create_index(
        "claim_account_by_patient", "claim_account", ["tenant_id", "patient_id"], unique=False
    )


def _claim_payment() -> None:
    op.create_table(
        "claim_payment",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("payer_sequence_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("claim_status_code", sa.String(), nullable=False),
        sa.Column("payer_claim_control_number", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("patient_cents", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "remittance_id", "position"),
    )
    op.create_index(
        "claim_payment_by_claim", "claim_payment", ["tenant_id", "claim_id"], unique=False
    )


def _posting() -> None:
    op.create_table(
        "posting",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("posting_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.Column("receivable", sa.BigInteger(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=False),
        sa.Column("cash", sa.BigInteger(), nullable=False),
        sa.Column("clearing", sa.BigInteger(), nullable=False),
        sa.Column("suspense", sa.BigInteger(), nullable=False),
        sa.Column("contractual", sa.BigInteger(), nullable=False),
        sa.Column("sequestration", sa.BigInteger(), nullable=False),
        sa.Column("withhold", sa.BigInteger(), nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("paid_to_patient", sa.BigInteger(), nullable=False),
        sa.Column("consumer_account", sa.BigInteger(), nullable=False),
        sa.Column("denied", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("coordination", sa.BigInteger(), nullable=False),
        sa.Column("information", sa.BigInteger(), nullable=False),
        sa.Column("review", sa.BigInteger(), nullable=False),
        sa.Column("forward_balance", sa.BigInteger(), nullable=False),
        sa.Column("recoupment", sa.BigInteger(), nullable=False),
        sa.Column("refunds", sa.BigInteger(), nullable=False),
        sa.Column("interest", sa.BigInteger(), nullable=False),
        sa.Column("tax_withheld", sa.BigInteger(), nullable=False),
        sa.Column("settlements", sa.BigInteger(), nullable=False),
        sa.Column("incentives", sa.BigInteger(), nullable=False),
        sa.Column("provider_suspense", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "receivable + revenue + cash + clearing + suspense + contractual + "
            "sequestration + withhold + patient + paid_to_patient + "
            "consumer_account + denied + pending + coordination + information + "
            "review + forward_balance + recoupment + refunds + interest + "
            "tax_withheld + settlements + incentives + provider_suspense = 0",
            name="posting_sums_to_zero",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "posting_id"),
    )
    op.create_index(
        "posting_by_claim", "posting", ["tenant_id", "claim_id", "recorded_at"], unique=False
    )
    op.create_index(
        "posting_by_remittance", "posting", ["tenant_id", "remittance_id"], unique=False
    )


def _provider_adjustment() -> None:
    op.create_table(
        "provider_adjustment",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("reference_number", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("payer_identifier", sa.String(), nullable=False),
        sa.Column("effective_on", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "remittance_id", "position"),
    )
    op.create_index(
        "provider_adjustment_by_reference",
        "provider_adjustment",
        ["tenant_id", "reason_code", "reference_number"],
        unique=False,
    )


def _remittance() -> None:
    op.create_table(
        "remittance",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("payer_identifier", sa.String(), nullable=False),
        sa.Column("trace_number", sa.String(), nullable=False),
        sa.Column("method_code", sa.String(), nullable=False),
        sa.Column("effective_on", sa.String(), nullable=False),
        sa.Column("payment_cents", sa.BigInteger(), nullable=False),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("claims_paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("provider_adjustment_cents", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("difference_cents", sa.BigInteger(), nullable=False),
        sa.Column("note_code", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "remittance_id"),
    )
    op.create_index(
        "remittance_by_status",
        "remittance",
        ["tenant_id", "status", "recorded_at", "remittance_id"],
        unique=False,
    )
    op.create_index(
        "remittance_by_trace", "remittance", ["tenant_id", "trace_number"], unique=False
    )


def _remittance_file() -> None:
    op.create_table(
        "remittance_file",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes_count", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("advice_count", sa.Integer(), nullable=False),
        sa.Column("is_handled", sa.Boolean(), nullable=False),
        sa.Column("posted_count", sa.Integer(), nullable=False),
        sa.Column("held_count", sa.Integer(), nullable=False),
        sa.Column("known_count", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "file_id"),
    )
    op.create_index(
        "file_by_handled",
        "remittance_file",
        ["tenant_id", "is_handled", "changed_at", "file_id"],
        unique=False,
    )


def _unmatched() -> None:
    op.create_table(
        "unmatched",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("unmatched_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("trace_number", sa.String(), nullable=False),
        sa.Column("effective_on", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("payment", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "unmatched_id"),
    )
    op.create_index(
        "unmatched_by_status",
        "unmatched",
        ["tenant_id", "status", "recorded_at", "unmatched_id"],
        unique=False,
    )
