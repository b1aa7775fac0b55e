"""Which of the patient's payers a claim asks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add SBR01; the default is for rows that are there, until the store is folded again."""
    op.add_column(
        "claim",
        sa.Column("payer_sequence_code", sa.String, nullable=False, server_default="P"),
    )
