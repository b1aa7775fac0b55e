"""Tables of coding-svc."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    kernel_tables()
    op.create_table(
        "encounter",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=False),
        sa.Column("rework_of", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("charge_count", sa.Integer(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("service_from", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id"),
    )
    op.create_index("encounter_by_patient", "encounter", ["tenant_id", "patient_id"], unique=False)
    op.create_index(
        "encounter_by_status",
        "encounter",
        ["tenant_id", "status", "service_from", "encounter_id"],
        unique=False,
    )
    op.create_index(
        "encounter_waiting", "encounter", ["tenant_id", "is_waiting", "encounter_id"], unique=False
    )
    op.create_table(
        "message",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("control_number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("raw", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "message_id", "encounter_id"),
    )
    op.create_index(
        "message_by_encounter", "message", ["tenant_id", "encounter_id", "ordinal"], unique=False
    )
    op.create_index(
        "message_by_outcome",
        "message",
        ["tenant_id", "outcome", "received_at", "message_id"],
        unique=False,
    )
