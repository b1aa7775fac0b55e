"""What changed for an encounter that was checked again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add it to the list of such encounters."""
    op.add_column("recheck", sa.Column("changes", sa.JSON(), server_default="[]", nullable=False))
