"""Tables of claims-svc."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    kernel_tables()
    _acknowledgement()
    _claim()
    _claim_content()
    _encounter()
    _interchange()


def _acknowledgement() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("acknowledgement_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("receiver_id", sa.String(), nullable=False),
        sa.Column("interchange_control_number", sa.String(), nullable=False),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("unknown_references", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "acknowledgement_id"),
    )
    op.create_index("acknowledgement_by_day", "acknowledgement", ["tenant_id", "received_at"])


def _claim() -> None:
    op.create_table(
        "claim",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("accepted_level", sa.String(), nullable=False),
        sa.Column("rejected_level", sa.String(), nullable=False),
        sa.Column("contradicted", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=False),
        sa.Column("facility_id", sa.String(), nullable=False),
        sa.Column("receiver_id", sa.String(), nullable=False),
        sa.Column("frequency_code", sa.String(), nullable=False),
        sa.Column("payer_number", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("service_from", sa.String(), nullable=False),
        sa.Column("filing_deadline_on", sa.String(), nullable=False),
        sa.Column("accepted_on", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("interchange_receiver_id", sa.String(), nullable=False),
        sa.Column("interchange_control_number", sa.String(), nullable=False),
        sa.Column("transaction_control_number", sa.String(), nullable=False),
        sa.Column("replaces_claim_id", sa.String(), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=False),
        sa.Column("denial_id", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id"),
    )
    op.create_index("claim_by_encounter", "claim", ["tenant_id", "encounter_id"])
    op.create_index("claim_by_replaced", "claim", ["tenant_id", "replaces_claim_id"])
    op.create_index(
        "claim_by_status", "claim", ["tenant_id", "status", "filing_deadline_on", "claim_id"]
    )
    op.create_index(
        "claim_to_send",
        "claim",
        ["tenant_id", "status", "receiver_id", "form", "filing_deadline_on"],
    )
    op.create_index("claim_with_correction", "claim", ["tenant_id", "denial_id"])


def _claim_content() -> None:
    op.create_table(
        "claim_content",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("bound_to", sa.String(), nullable=False),
        sa.Column("box", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "claim_id"),
    )


def _encounter() -> None:
    op.create_table(
        "encounter",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("claim_ids", sa.JSON(), nullable=False),
        sa.Column("next_claim_ids", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id"),
    )
    op.create_index("encounter_by_outcome", "encounter", ["tenant_id", "outcome", "encounter_id"])


def _interchange() -> None:
    op.create_table(
        "interchange",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("receiver_id", sa.String(), nullable=False),
        sa.Column("interchange_control_number", sa.String(), nullable=False),
        sa.Column("submitter_id", sa.String(), nullable=False),
        sa.Column("group_control_number", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("transaction_control_numbers", sa.JSON(), nullable=False),
        sa.Column("claim_counts", sa.JSON(), nullable=False),
        sa.Column("claim_ids", sa.JSON(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes_count", sa.BigInteger(), nullable=False),
        sa.Column("written_at", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("settled_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "receiver_id", "interchange_control_number"),
    )
    op.create_index(
        "interchange_by_group", "interchange", ["tenant_id", "receiver_id", "group_control_number"]
    )
    op.create_index("interchange_by_outcome", "interchange", ["tenant_id", "outcome", "written_at"])
