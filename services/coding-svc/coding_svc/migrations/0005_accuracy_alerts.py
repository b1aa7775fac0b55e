"""Accuracy alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of accuracy alerts."""
    op.create_table(
        "accuracy_alert",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("coder", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("goal_milli", sa.Integer(), nullable=False),
        sa.Column("accuracy_milli", sa.Integer(), nullable=False),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("decision_count", sa.Integer(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("reviewed_from", sa.String(), nullable=False),
        sa.Column("reviewed_through", sa.String(), nullable=False),
        sa.Column("case_ids", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.String(), nullable=False),
        sa.Column("cleared_at", sa.String(), nullable=False),
        sa.Column("cleared_milli", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "alert_id"),
    )
    op.create_index(
        "alert_by_coder", "accuracy_alert", ["tenant_id", "coder", "number"], unique=False
    )
    op.create_index(
        "alert_by_time", "accuracy_alert", ["tenant_id", "raised_at", "alert_id"], unique=False
    )
