"""Tables of alpha-svc."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade():
    kernel_tables()
    op.create_table(
        "note",
        sa.Column("tenant_id", sa.String, primary_key=True),
        sa.Column("stream_id", sa.String, primary_key=True),
        sa.Column("word_count", sa.Integer, nullable=False),
        sa.Column("last_word", sa.String, nullable=True),
    )
