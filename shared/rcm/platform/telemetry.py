"""What a service tells its operators: structured logs by an allow-list of keys, and metrics.

A log line holds opaque ids, names of ours and numbers. A key that is not on the list is left out
and counted, so that a careless call can lose a detail but never print a patient. Messages of
exceptions are never written: they may hold anything.
"""

import logging
import sys
import unicodedata
from collections.abc import Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

ALLOWED_KEYS: Final = frozenset(
    {
        # who and where: ids of ours, never of a person
        "service", "tenant_id", "actor", "job", "request_id", "correlation_id", "event_id",
        "stream_id", "command_id", "claim_id", "encounter_id", "denial_id", "remittance_id",
        "file_id", "interchange_control_number", "sha256", "roles", "key_id",
        # what: names from our own code
        "event_type", "topic", "partition", "offset", "method", "route", "problem", "cause",
        "outcome", "error", "error_at", "error_type", "logger", "setting", "field", "path",
        "rule_id", "kind", "level_name",
        # how much
        "status", "count", "bytes_count", "duration_ms", "lag_count", "lag_s", "attempt", "port",
        "host", "process_id", "exit_code", "version", "bus", "url",
        # of the log itself
        "event", "level", "timestamp", "dropped",
    }
)  # fmt: skip
_TEXT_MAX: Final = 300

Log = structlog.typing.FilteringBoundLogger
"""A logger; bind what is known with `log.bind(job="relay")`."""

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def open_log(service: str, level: str = "info", to: TextIO | None = None) -> Log:
    """Make a logger that writes one JSON object a line to standard error."""
    logger: Log = structlog.wrap_logger(
        structlog.PrintLogger(to or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        context_class=dict,
        service=service,
    )
    return logger


def only_allowed(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Keep the keys of the allow-list, with values on one line; count what was left out."""
    error = line.pop("exc_info", None)
    if error:
        line.update(failure(error if isinstance(error, BaseException) else sys.exc_info()[1]))
    kept = {key: _plain(value) for key, value in line.items() if key in ALLOWED_KEYS}
    if len(kept) < len(line):
        kept["dropped"] = len(line) - len(kept)
    return kept


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in sorted(value, key=str)[:50]]
    text = str(value)[:_TEXT_MAX]
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c
        for c in text
    )


def _as_json(_logger: object, _method: str, line: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(line).decode()


def failure(error: BaseException | None) -> dict[str, str]:
    """Describe an exception for a log line: its class and the last place in our code, no message.

    `log.exception("batch-failed")` writes this of the exception that is being handled.
    """
    if error is None:
        return {}
    return {"error": type(error).__name__, "error_at": _last_place(error.__traceback__)}


def _last_place(trace: TracebackType | None) -> str:
    place = ""
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("rcm.") or "_svc" in module or not place:
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


class LogHandler(logging.Handler):
    """Writes what libraries log through our logger: the constant message, never its arguments, and
    of an exception its class and place.
    """

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        extra = {k: v for k, v in vars(record).items() if k in ALLOWED_KEYS}
        error = record.exc_info[1] if record.exc_info else None
        level = "error" if record.levelno >= logging.ERROR else "warning"
        extra |= failure(error)
        extra.pop("event", None)
        # asyncio writes what it knows of a task, its exception too, below the first line.
        message = str(record.msg).split("\n", 1)[0][:100]
        getattr(self._log, level)(message, logger=record.name, **extra)


class PartitionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a service has handled one partition of an upstream topic.

    Attributes:
        topic: The topic.
        partition: Its partition.
        next_offset: Offset of the next record to handle.
        end_offset: Offset that the next record on the log will get.
        oldest_s: Age of the oldest record that is not handled yet, seconds; 0 for none.
    """

    topic: str
    partition: int
    next_offset: int
    end_offset: int
    oldest_s: float = 0.0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a running service says of itself; the metrics and the pipeline page are made of it.

    Attributes:
        service: Its name.
        waiting_for: What must happen before it is ready to answer, such as `rebuild`; empty: ready.
        failed_jobs: Jobs that failed since the start, by name; each is started again.
        partitions: Its upstream.
        outbox_count: Events that are committed and not yet on the log.
        outbox_oldest_s: Age of the oldest of them, seconds.
        parked_count: Upstream events that wait for an operator.
        parked_stream_count: Streams that wait behind them.
        consumed_count: Upstream records handled since the start.
        recorded_count: Events recorded since the start.
    """

    service: str
    waiting_for: list[str] = []
    failed_jobs: list[str] = []
    partitions: list[PartitionStatus] = []
    outbox_count: int = 0
    outbox_oldest_s: float = 0.0
    parked_count: int = 0
    parked_stream_count: int = 0
    consumed_count: int = 0
    recorded_count: int = 0


class Metrics:
    """The metrics of one app, in a registry of its own. No label ever names a patient, claim or
    user.
    """

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        common: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "rcm_http_requests_total", "Requests answered", ["method", "route", "status"], **common
        )
        self._seconds = Histogram(
            "rcm_http_request_seconds", "Time to answer", ["method", "route"], **common
        )
        self._info = Gauge("rcm_service_info", "Which service this is", ["service"], **common)
        self._info.labels(service).set(1)
        upstream = ["topic", "partition"]
        self._lag = Gauge("rcm_lag_records", "Records not yet handled", upstream, **common)
        self._lag_s = Gauge(
            "rcm_lag_seconds", "Age of the oldest record not yet handled", upstream, **common
        )
        self._totals: Mapping[str, Gauge] = {
            name: Gauge(f"rcm_{name}", text, **common)
            for name, text in (
                ("outbox_pending", "Events committed and not yet on the log"),
                ("outbox_oldest_seconds", "Age of the oldest of them"),
                ("parked_events", "Upstream events that wait for an operator"),
                ("parked_streams", "Streams that wait behind a parked event"),
                ("events_consumed", "Upstream records handled since the start"),
                ("events_recorded", "Events recorded since the start"),
                ("ready", "1 when the service is ready to answer"),
            )
        }

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def render(self, status: Status) -> bytes:
        """Write the exposition text with a service's present state in it."""
        for part in status.partitions:
            label = (part.topic, str(part.partition))
            self._lag.labels(*label).set(max(part.end_offset - part.next_offset, 0))
            self._lag_s.labels(*label).set(part.oldest_s)
        values: Sequence[tuple[str, float]] = (
            ("outbox_pending", status.outbox_count),
            ("outbox_oldest_seconds", status.outbox_oldest_s),
            ("parked_events", status.parked_count),
            ("parked_streams", status.parked_stream_count),
            ("events_consumed", status.consumed_count),
            ("events_recorded", status.recorded_count),
            ("ready", not status.waiting_for),
        )
        for name, value in values:
            self._totals[name].set(value)
        return generate_latest(self.registry)
