"""How a tenant handles its physician queries: channels, due times, escalation, business hours.

YAML in the tenant's configuration (`<profiles_dir>/<tenant>/queries.yaml`); without it a query goes
to the physician's list in this service, is due after three days, and is escalated by hand only.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from coding_svc.model.query import ChannelKind

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Npi = Annotated[str, Meta(pattern=r"^\d{10}$")]
ClockTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Address = Annotated[str, Meta(pattern=r"^[^|^~\\&\r\n]{1,100}\|[^|^~\\&\r\n]{0,100}$")]

MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_DAYS_MAX: Final = 3_660


class Channel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to physicians.

    Attributes:
        kind: `mdm` MDM^T02 over MLLP; `fhir` POST of a Communication; `fhir-pull` the EHR fetches
            it; `webhook` a signed notice with a link; `desk` the physician's list here.
        host: Of the MLLP listener.
        port: Of the MLLP listener.
        tls: MLLP inside TLS; needed off loopback.
        ca_file: PEM of the authorities that sign the receiver's certificate; empty for the usual.
        certificate_file: PEM of our certificate and key, where the receiver asks for one.
        sending: MSH-3 and MSH-4 that we send as, `RCM|BILLING`.
        receiving: MSH-5 and MSH-6.
        document_type: TXA-2.
        url: Where the Communication or the notice is posted; https unless loopback.
        token_file: File with the bearer token of the FHIR server; read at each attempt.
        secret_file: File with the secret that signs a webhook; read at each attempt.
        body: What a webhook says: a link and an opaque id, or the query in full (PHI).
        timeout_s: How long a receipt is waited for.
    """

    kind: ChannelKind
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    tls: bool = False
    ca_file: str = ""
    certificate_file: str = ""
    sending: Address = "RCM|BILLING"
    receiving: Address = "EHR|"
    document_type: str = "CN"
    url: str = ""
    token_file: str = ""
    secret_file: str = ""
    body: Literal["link", "full"] = "link"
    timeout_s: Annotated[int, Meta(ge=1, le=600)] = 30


class Physician(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A physician who can be asked.

    Attributes:
        subject: The physician's name at the issuer of tokens: answers in this service.
        channel: Their own way; empty for the default.
    """

    subject: str = ""
    channel: str = ""


class Escalation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of escalation.

    Attributes:
        physician: NPI of who is asked then, such as the physician advisor.
        answer_within_days: When their answer is missed.
    """

    physician: Npi
    answer_within_days: Annotated[int, Meta(ge=1, le=365)] = 3


class BusinessHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When physicians are expected to answer.

    Attributes:
        weekdays: 1 Monday to 7 Sunday.
        begins: Local time.
        ends: Local time.
        holidays: Days that do not count.
    """

    weekdays: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    begins: ClockTime = "08:00"
    ends: ClockTime = "17:00"
    holidays: tuple[Day, ...] = ()


class QueryPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a tenant handles its queries.

    Attributes:
        version: Counted up with every change; recorded with every query that is sent.
        time_zone: Of business hours.
        answer_within_days: When an answer is missed.
        counts_business_days: Days above are business days.
        escalation: Who is asked next, step by step, when nobody answered in time.
        channels: By name.
        default_channel: Of physicians without one of their own; empty for the desk.
        physicians: By NPI.
        business_hours: For due days and the turnaround in business hours.
        retry_after_s: How long is waited before the second, third ... attempt; after the last one
            a person decides.
        link: Where a physician reads a query; `{query_id}` stands for its opaque id.
    """

    version: Annotated[int, Meta(ge=1)] = 1
    time_zone: str = "America/New_York"
    answer_within_days: Annotated[int, Meta(ge=1, le=365)] = 3
    counts_business_days: bool = False
    escalation: tuple[Escalation, ...] = ()
    channels: dict[Name, Channel] = {}
    default_channel: str = ""
    physicians: dict[Npi, Physician] = {}
    business_hours: BusinessHours = BusinessHours()
    retry_after_s: tuple[Annotated[int, Meta(ge=1, le=86_400)], ...] = (
        30, 60, 300, 900, 3_600, 3_600, 10_800,
    )  # fmt: skip
    link: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Make a policy of what YAML gave.

        Raises:
            ValueError: A field is unknown, of the wrong type, or names what is not there.
            zoneinfo.ZoneInfoNotFoundError: There is no such time zone.
        """
        policy = msgspec.convert(dict(data), cls)
        ZoneInfo(policy.time_zone)
        hours = policy.business_hours
        if hours.begins >= hours.ends or not hours.weekdays:
            raise ValueError("business_hours: ends must be after begins, on one day at least")
        for day in hours.holidays:
            date.fromisoformat(day)
        named = {policy.default_channel, *(p.channel for p in policy.physicians.values())}
        for name in sorted(named - {""}):
            if name not in policy.channels:
                raise ValueError(f"channels: there is no {name!r}")
        for name, channel in policy.channels.items():
            if fault := _fault(channel):
                raise ValueError(f"channels.{name}: {fault}")
        return policy

    def physician(self, npi: str) -> Physician:
        """Find a physician; one that is not listed has no ways of their own."""
        return self.physicians.get(npi, _NOBODY)

    def channel_of(self, npi: str, wanted: str = "") -> tuple[str, Channel] | None:
        """Choose the way to a physician: the one that is asked for, theirs, or the default.

        Returns:
            Name and channel; None where a name is wanted that is not there.
        """
        name = wanted or self.physician(npi).channel or self.default_channel
        if not name or name == DESK_NAME:
            return DESK_NAME, DESK
        channel = self.channels.get(name)
        return None if channel is None else (name, channel)

    def due(self, start: datetime, days: int) -> str:
        """Return when an answer is missed that is asked for now."""
        if not self.counts_business_days:
            return (start + timedelta(days=days)).astimezone(UTC).strftime(MOMENT)
        zone = ZoneInfo(self.time_zone)
        local, left = start.astimezone(zone), days
        for _ in range(_DAYS_MAX):
            local += timedelta(days=1)
            left -= self._is_business(local.date())
            if not left:
                break
        return local.astimezone(UTC).strftime(MOMENT)

    def business_seconds(self, start: str, end: str) -> int:
        """Count the seconds of business hours between two instants."""
        zone, hours = ZoneInfo(self.time_zone), self.business_hours
        begins, ends = time.fromisoformat(hours.begins), time.fromisoformat(hours.ends)
        first, last = (moment(text).astimezone(zone) for text in (start, end))
        total, day = 0, first.date()
        for _ in range(_DAYS_MAX):
            if day > last.date():
                break
            if self._is_business(day):
                opened = max(first, datetime.combine(day, begins, zone))
                closed = min(last, datetime.combine(day, ends, zone))
                # In UTC: the clock may change while the office is open.
                span = closed.astimezone(UTC) - opened.astimezone(UTC)
                total += max(int(span.total_seconds()), 0)
            day += timedelta(days=1)
        return total

    def _is_business(self, day: date) -> bool:
        hours = self.business_hours
        return day.isoweekday() in hours.weekdays and day.isoformat() not in hours.holidays


_NOBODY: Final = Physician()
DESK_NAME: Final = "desk"
DESK: Final = Channel(kind="desk")
"""Where a query waits for whom no other way leads to."""


def moment(text: str) -> datetime:
    """Read an instant as this service writes it."""
    return datetime.strptime(text[:19] + "Z", MOMENT).replace(tzinfo=UTC)


def _fault(channel: Channel) -> str:
    """Say what is wrong with a channel: PHI goes out in clear on this machine only."""
    if channel.kind == "mdm":
        if not channel.port:
            return "port is missing"
        if not channel.tls and channel.host not in _LOOPBACK:
            return "tls is needed off loopback"
    if channel.kind in ("fhir", "webhook"):
        parts = urlsplit(channel.url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            return "url is missing"
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            return "https is needed off loopback"
        if parts.username or parts.query or parts.fragment:
            return "url must hold no user, query or fragment"
    if channel.kind == "webhook" and not channel.secret_file:
        return "secret_file is missing"
    return ""


_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
