"""Claims, steps of stories, interchanges."""

import sqlalchemy as sa
from alembic import op

from rcm.platform.store.migrate import kernel_tables

revision = "0001"
down_revision = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    kernel_tables()
    op.create_table(
        "claim",
        sa.Column("tenant_id", sa.String, primary_key=True),
        sa.Column("claim_id", sa.String, primary_key=True),
        *_texts(
            "state", "turn", "why", "encounter_id", "patient_id", "form", "frequency_code",
            "payer_id", "payer_name", "facility_id", "service_from", "filing_deadline_on",
            "denial_deadline_on",
        ),
        *_numbers("denial_count", "attempt"),
        *_texts("replaced_by", "replaces_claim_id"),
        *_numbers(
            "billed_cents", "paid_cents", "adjusted_cents", "patient_cents", "denied_cents",
            "open_cents",
        ),
        sa.Column("legs", sa.Text, nullable=False),
        sa.Column("denials", sa.Text, nullable=False),
        sa.Column("interchanges", sa.Text, nullable=False),
        sa.Column("remittance_ids", sa.Text, nullable=False),
        *_texts("first_at", "changed_at"),
    )  # fmt: skip
    op.create_index("claim_changed", "claim", ["tenant_id", "changed_at", "claim_id"])
    op.create_index("claim_by_state", "claim", ["tenant_id", "state", "changed_at", "claim_id"])
    op.create_index("claim_by_encounter", "claim", ["tenant_id", "encounter_id"])
    op.create_table(
        "step",
        sa.Column("tenant_id", sa.String, primary_key=True),
        sa.Column("event_id", sa.String, primary_key=True),
        sa.Column("story_id", sa.String, primary_key=True),
        *_texts("at", "source", "name", "stream_id"),
        *_numbers("stream_version"),
        *_texts("place", "actor", "causation_id", "what", "why"),
        sa.Column("money", sa.Text, nullable=False),
        sa.Column("is_detail", sa.Boolean, nullable=False),
        sa.Column("phi_fields", sa.Text, nullable=False),
    )
    op.create_index("step_of_story", "step", ["tenant_id", "story_id", "at", "event_id"])
    op.create_index("step_recorded", "step", ["tenant_id", "at", "event_id"])
    op.create_table(
        "interchange",
        sa.Column("tenant_id", sa.String, primary_key=True),
        sa.Column("receiver_id", sa.String, primary_key=True),
        sa.Column("interchange_control_number", sa.String, primary_key=True),
        *_texts("outcome"),
        *_numbers("claim_count"),
        *_texts("changed_at"),
    )
    op.create_index("interchange_by_outcome", "interchange", ["tenant_id", "outcome", "changed_at"])
