"""A claim payment's row names its claim: one that was matched wrongly is matched anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table anew with the claim in its key: SQLite changes no key in place."""
    op.rename_table("claim_payment", "claim_payment_before")
    op.drop_index("claim_payment_by_claim", "claim_payment_before")
    op.create_table(
        "claim_payment",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("remittance_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("payer_sequence_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("claim_status_code", sa.String(), nullable=False),
        sa.Column("payer_claim_control_number", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("patient_cents", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "remittance_id", "position", "claim_id"),
    )
    op.create_index("claim_payment_by_claim", "claim_payment", ["tenant_id", "claim_id"])
    op.execute(sa.text("insert into claim_payment select * from claim_payment_before"))
    op.drop_table("claim_payment_before")
