"""Notes, suggested codes, what they taught, checks by new code sets; the DRG of an encounter."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.add_column("encounter", sa.Column("drg", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "note",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("note_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("note_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("written_on", sa.String(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("open_count", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("code_sets", sa.String(), nullable=False),
        sa.Column("coded_on", sa.String(), nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=False),
        sa.Column("text", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "note_id"),
    )
    op.create_index(
        "note_by_encounter",
        "note",
        ["tenant_id", "encounter_id", "received_at", "note_id"],
        unique=False,
    )
    op.create_index("note_waiting", "note", ["tenant_id", "is_waiting", "note_id"], unique=False)
    op.create_table(
        "learned",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "code"),
    )
    op.create_table(
        "recheck",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("code_sets", sa.String(), nullable=False),
        sa.Column("touched_codes", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("checked_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "code_sets"),
    )
    op.create_index(
        "recheck_by_time", "recheck", ["tenant_id", "checked_at", "encounter_id"], unique=False
    )
