"""The kernel's tables, the same in every service's store."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

KERNEL: Final = MetaData()

BIG: Final = BigInteger().with_variant(Integer, "sqlite")

STREAM: Final = Table(
    "stream",
    KERNEL,
    Column("tenant_id", String, nullable=False),
    Column("stream_id", String, nullable=False),
    Column("version", BIG, nullable=False),
    Column("state", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "stream_id"),
)
"""The state of each stream, as JSON, and how many facts made it."""

INBOX: Final = Table(
    "inbox",
    KERNEL,
    Column("tenant_id", String, nullable=False),
    Column("source", String, nullable=False),
    Column("stream_id", String, nullable=False),
    Column("version", BIG, nullable=False),
    PrimaryKeyConstraint("tenant_id", "source", "stream_id"),
)
"""The last version of each upstream stream that was handled: what tells a repeat from news."""

IDEMPOTENCY: Final = Table(
    "idempotency",
    KERNEL,
    Column("tenant_id", String, nullable=False),
    Column("key", String, nullable=False),
    Column("request_hash", String, nullable=False),
    Column("outcome", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "key"),
)
"""What each command recorded (PHI left out), so that a repeat gets the same answer."""

PARKED: Final = Table(
    "parked",
    KERNEL,
    Column("tenant_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("log_offset", BIG, nullable=False),
    Column("source", String, nullable=False),
    Column("stream_id", String, nullable=False),
    Column("version", BIG, nullable=False),
    Column("event_id", String, nullable=False),
    Column("event_type", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("parked_at", String, nullable=False),
    PrimaryKeyConstraint("tenant_id", "topic", "partition", "log_offset"),
)
"""Upstream events that wait for an operator."""

CONSUMED: Final = Table(
    "consumed",
    KERNEL,
    Column("topic", String, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next_offset", BIG, nullable=False),
    PrimaryKeyConstraint("topic", "partition"),
)
"""How far each upstream partition was handled. Moved by compare-and-set only."""

OUTBOX: Final = Table(
    "outbox",
    KERNEL,
    Column("position", BIG, primary_key=True, autoincrement=True),
    Column("partition", Integer, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
"""Facts that are not yet on the log. A queue: what was published is deleted."""

TENANT_TABLES: Final = (STREAM, INBOX, IDEMPOTENCY, PARKED)
TRANSPORT_TABLES: Final = (CONSUMED, OUTBOX)
"""Not part of the canonical dump: they say how far delivery is, not what is true."""
