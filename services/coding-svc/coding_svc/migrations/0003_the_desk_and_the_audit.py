"""The desk and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of the desk, the audit, and the evidence."""
    _audits()
    _cases()
    _releases()
    _people()
    _queue()
    _withdrawals()
    _trail()


def _audits() -> None:
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("audit_id", sa.String(), nullable=False),
        sa.Column("title_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("size_count", sa.Integer(), nullable=False),
        sa.Column("rate_milli", sa.Integer(), nullable=False),
        sa.Column("population_count", sa.Integer(), nullable=False),
        sa.Column("case_count", sa.Integer(), nullable=False),
        sa.Column("case_ids", sa.JSON(), nullable=False),
        sa.Column("base_rate_cents", sa.BigInteger(), nullable=False),
        sa.Column("accuracy_goal_milli", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("drawn_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "audit_id"),
    )
    op.create_index("audit_by_time", "audit", ["tenant_id", "drawn_at", "audit_id"], unique=False)
    op.create_table(
        "audit_begun",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("auditor", sa.String(), nullable=False),
        sa.Column("begun_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "case_id"),
    )
    op.create_index(
        "begun_by_encounter", "audit_begun", ["tenant_id", "encounter_id", "auditor"], unique=False
    )
    op.create_table(
        "audit_coding",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("auditor", sa.String(), nullable=False),
        sa.Column("first", sa.JSON(), nullable=False),
        sa.Column("second", sa.JSON(), nullable=False),
        sa.Column("agreements", sa.JSON(), nullable=False),
        sa.Column("charge_delta_cents", sa.BigInteger(), nullable=True),
        sa.Column("drg_delta_cents", sa.BigInteger(), nullable=True),
        sa.Column("unpriced", sa.String(), nullable=False),
        sa.Column("coded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "case_id"),
    )


def _cases() -> None:
    op.create_table(
        "audit_case",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("audit_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("coder", sa.String(), nullable=False),
        sa.Column("class_code", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("rule_ids", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "case_id"),
    )
    op.create_index(
        "case_by_audit", "audit_case", ["tenant_id", "audit_id", "case_id"], unique=False
    )
    op.create_index("case_by_encounter", "audit_case", ["tenant_id", "encounter_id"], unique=False)
    op.create_table(
        "audit_finding",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("coder", sa.String(), nullable=False),
        sa.Column("auditor", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("rationale", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ruling", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "case_id", "number"),
    )
    op.create_index("finding_by_audit", "audit_finding", ["tenant_id", "audit_id"], unique=False)
    op.create_index(
        "finding_by_coder", "audit_finding", ["tenant_id", "coder", "status"], unique=False
    )


def _releases() -> None:
    op.create_table(
        "claim_submission",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("claim_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("frequency_code", sa.String(), nullable=False),
        sa.Column("interchange_control_number", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "event_id"),
    )
    op.create_table(
        "coding_release",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("stream_version", sa.Integer(), nullable=False),
        sa.Column("released_by", sa.String(), nullable=False),
        sa.Column("released_at", sa.String(), nullable=False),
        sa.Column("released_on", sa.String(), nullable=False),
        sa.Column("class_code", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("drg_code", sa.String(), nullable=False),
        sa.Column("rework_of", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("codes", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "coded_version"),
    )
    op.create_index(
        "release_by_day",
        "coding_release",
        ["tenant_id", "released_on", "encounter_id"],
        unique=False,
    )


def _people() -> None:
    op.create_table(
        "coder",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("coder", sa.String(), nullable=False),
        sa.Column("credentials", sa.JSON(), nullable=False),
        sa.Column("class_codes", sa.JSON(), nullable=False),
        sa.Column("specialty_codes", sa.JSON(), nullable=False),
        sa.Column("payer_ids", sa.JSON(), nullable=False),
        sa.Column("quotas", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "coder"),
    )
    op.create_table(
        "coding_work",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("stream_version", sa.Integer(), nullable=False),
        sa.Column("coder", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("class_code", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("specialty_code", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("is_rework", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=False),
        sa.Column("worked_ms", sa.BigInteger(), nullable=False),
        sa.Column("worked_on", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "stream_version"),
    )
    op.create_index("work_by_day", "coding_work", ["tenant_id", "worked_on", "coder"], unique=False)


def _queue() -> None:
    op.create_table(
        "desk_item",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("class_code", sa.String(), nullable=False),
        sa.Column("payer_id", sa.String(), nullable=False),
        sa.Column("specialty_code", sa.String(), nullable=False),
        sa.Column("holds", sa.String(), nullable=False),
        sa.Column("is_workable", sa.Boolean(), nullable=False),
        sa.Column("rework_of", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.Column("taken_at", sa.String(), nullable=False),
        sa.Column("leased_until", sa.String(), nullable=False),
        sa.Column("assigned_to", sa.String(), nullable=False),
        sa.Column("billed_cents", sa.BigInteger(), nullable=False),
        sa.Column("charge_count", sa.Integer(), nullable=False),
        sa.Column("aged_from", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id"),
    )
    op.create_index(
        "desk_by_age",
        "desk_item",
        ["tenant_id", "is_workable", "aged_from", "encounter_id"],
        unique=False,
    )
    op.create_index(
        "desk_by_dollars",
        "desk_item",
        ["tenant_id", "is_workable", "billed_cents", "encounter_id"],
        unique=False,
    )
    op.create_index("desk_by_holder", "desk_item", ["tenant_id", "taken_by"], unique=False)


def _withdrawals() -> None:
    op.create_table(
        "encounter_override",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("stream_version", sa.Integer(), nullable=False),
        sa.Column("overruled", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("reason", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("overruled_by", sa.String(), nullable=False),
        sa.Column("overruled_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "stream_version"),
    )
    op.create_table(
        "release_withdrawal",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("withdrawal_id", sa.String(), nullable=False),
        sa.Column("coded_version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("claim_ids", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.String(), nullable=False),
        sa.Column("settled_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "withdrawal_id"),
    )


def _trail() -> None:
    op.create_table(
        "encounter_trail",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("stream_version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("causation_id", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "stream_version"),
    )
    op.create_table(
        "evidence_pack",
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("encounter_id", sa.String(), nullable=False),
        sa.Column("stream_version", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("given_to", sa.String(), nullable=False),
        sa.Column("holds_phi", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes_count", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("issued_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "encounter_id", "stream_version"),
    )
