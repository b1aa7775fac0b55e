"""Releases that were asked back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of what is asked back and not settled."""
    op.create_table(
        "withdrawal",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("withdrawal_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id"),
    )
