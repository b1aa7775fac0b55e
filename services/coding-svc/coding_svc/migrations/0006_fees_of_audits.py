"""What an audit changes by the fee schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the amount to second codings."""
    op.add_column("audit_coding", sa.Column("fee_delta_cents", sa.BigInteger(), nullable=True))
