"""Tables of beta-svc."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade():
    kernel_tables()
    op.create_table(
        "echo",
        sa.Column("tenant_id", sa.String, primary_key=True),
        sa.Column("stream_id", sa.String, primary_key=True),
        sa.Column("word_count", sa.Integer, nullable=False),
        sa.Column("letter_count", sa.Integer, nullable=False),
    )
