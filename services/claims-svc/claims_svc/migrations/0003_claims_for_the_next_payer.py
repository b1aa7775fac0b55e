"""Claims for the next payer: which claim they follow, and what is still to be decided."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of what the next payer is to be told, and the links between claims."""
    op.create_table(
        "coordination",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("answer_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id"),
    )
    for name in ("prior_claim_id", "next_claim_id"):
        op.add_column("claim", sa.Column(name, sa.String(), nullable=False, server_default=""))
