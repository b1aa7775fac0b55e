"""initial."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    kernel_tables()
    op.create_table(
        "denial",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("denial_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("payer_sequence_code", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("line_item_control_number", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String(), nullable=False),
        sa.Column("group_code", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("remark_codes", sa.JSON(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("denied_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("recovered_cents", sa.BigInteger(), nullable=False),
        sa.Column("action_code", sa.String(), nullable=False),
        sa.Column("appealable", sa.Boolean(), nullable=False),
        sa.Column("deadline_on", sa.String(), nullable=False),
        sa.Column("deadline_basis", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("note_code", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("is_in_rework", sa.Boolean(), nullable=False),
        sa.Column("corrected_frequency_code", sa.String(), nullable=False),
        sa.Column("opened_count", sa.Integer(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("table_version", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "denial_id"),
    )
    op.create_index("denial_by_claim", "denial", ["tenant_id", "claim_id"], unique=False)
    op.create_index("denial_by_owner", "denial", ["tenant_id", "is_open", "owner"], unique=False)
    op.create_index(
        "denial_queue",
        "denial",
        ["tenant_id", "is_open", "deadline_on", "denied_cents", "denial_id"],
        unique=False,
    )
