"""What a fact changes in the tables of the desk: the queue, the work done, releases, the trail."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import to_builtins

from coding_svc.model.desk import Coder, Desk, ReleaseContent
from coding_svc.model.encounter import Encounter, State
from coding_svc.rules.desk import is_workable
from rcm.domain import Row
from rcm.events.coding import EncounterCoded
from rcm.events.coding_codes import HoldsOverruled
from rcm.events.coding_desk import (
    EncounterReturned,
    EncounterTaken,
    EvidencePackIssued,
    ReleaseWithdrawalRefused,
    ReleaseWithdrawalRequested,
    ReleaseWithdrawn,
    SubmissionNoted,
)
from rcm.events.envelope import Recorded

_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def project_desk(before: State | None, after: State, recorded: Recorded[Any]) -> Iterable[Row]:
    """Say which rows of the desk a fact changes."""
    if isinstance(after, Coder):
        yield _coder(after, recorded)
    elif isinstance(recorded.event, EvidencePackIssued):
        yield _pack(recorded)
    elif isinstance(after, Encounter):
        known = before if isinstance(before, Encounter) else None
        yield _trail(recorded)
        yield from _queue(known, after)
        yield from _work(known, recorded)
        yield from _overruled(recorded)
        yield from _released(after, recorded)
        yield from _withdrawal(known, after, recorded)


def _queue(before: Encounter | None, after: Encounter) -> Iterable[Row]:
    key = {"encounter_id": after.encounter_id}
    was = _item(before) if before is not None and before.status == "held" else None
    now = _item(after) if after.status == "held" and after.account is not None else None
    if now != was:
        yield Row("desk_item", key, now)


def _item(encounter: Encounter) -> dict[str, Any] | None:
    if encounter.account is None:
        return None
    desk = encounter.desk
    rules = sorted({reason.rule_id for reason in encounter.reasons})
    return {
        "class_code": desk.class_code,
        "payer_id": desk.payer_id,
        "specialty_code": desk.specialty_code,
        "holds": f" {' '.join(rules)} ",
        "is_workable": is_workable(rules),
        "rework_of": encounter.rework_of,
        "coded_version": encounter.coded_version,
        "taken_by": desk.taken_by,
        "taken_at": desk.taken_at,
        "leased_until": desk.leased_until,
        "assigned_to": desk.assigned_to,
        "billed_cents": encounter.billed_cents,
        "charge_count": encounter.charge_count,
        "aged_from": encounter.service_from or desk.opened_at[:10],
    }


def _work(before: Encounter | None, recorded: Recorded[Any]) -> Iterable[Row]:
    """Write down a stretch of work that ended: released, given back, taken away, or run out."""
    if before is None:
        return
    desk, at, event = before.desk, recorded.recorded_at, recorded.event
    is_own = desk.holder(at) == recorded.actor
    match event:
        case EncounterCoded() if desk.is_by_hand:
            taken = desk.taken_at if is_own else ""
            yield _stretch(before, recorded, recorded.actor, "released", taken, at)
        case EncounterCoded() if desk.taken_by:
            # A message completed it under the coder's hands: time was spent, nothing was released.
            ended = min(at, desk.leased_until)
            yield _stretch(
                before, recorded, desk.taken_by, "released-by-rules", desk.taken_at, ended
            )
        case EncounterReturned():
            yield _stretch(before, recorded, event.coder, event.cause, desk.taken_at, at)
        case EncounterTaken() if desk.taken_by and not desk.holder(at):
            ended = desk.leased_until
            yield _stretch(before, recorded, desk.taken_by, "lease-over", desk.taken_at, ended)
        case _:
            return


def _stretch(
    before: Encounter, recorded: Recorded[Any], coder: str, outcome: str, taken: str, ended: str
) -> Row:
    desk, event = before.desk, recorded.event
    return Row(
        "coding_work",
        {"encounter_id": before.encounter_id, "stream_version": recorded.stream_version},
        {
            "coder": coder,
            "outcome": outcome,
            "class_code": desk.class_code,
            "payer_id": desk.payer_id,
            "specialty_code": desk.specialty_code,
            "coded_version": event.coded_version if isinstance(event, EncounterCoded) else 0,
            "is_rework": bool(before.rework_of),
            "taken_at": taken,
            "ended_at": ended,
            "worked_ms": _between_ms(taken, ended) if taken else 0,
            "worked_on": _day(ended, desk),
            "billed_cents": before.billed_cents,
        },
    )


def _released(after: Encounter, recorded: Recorded[Any]) -> Iterable[Row]:
    event = recorded.event
    if isinstance(event, SubmissionNoted):
        values = to_builtins(event)
        key = {"encounter_id": values.pop("encounter_id"), "event_id": values.pop("event_id")}
        yield Row("claim_submission", key, {**values, "noted_at": recorded.recorded_at})
    if not isinstance(event, EncounterCoded):
        return
    desk = after.desk
    facility = event.institutional
    drg = event.drg.drg_code if event.drg is not None else ""
    rules = sorted({reason.rule_id for reason in event.warnings})
    content = ReleaseContent(
        diagnoses=event.diagnoses,
        procedures=facility.procedures if facility is not None else [],
        lines=event.lines,
        drg=event.drg,
        code_set_versions=event.code_set_versions,
        rule_versions=event.rule_versions,
        warnings=event.warnings,
    )
    codes = [
        *(diagnosis.code for diagnosis in event.diagnoses),
        *(line.procedure_code for line in event.lines if line.procedure_code),
        *(procedure.code for procedure in content.procedures),
    ]
    yield Row(
        "coding_release",
        {"encounter_id": after.encounter_id, "coded_version": event.coded_version},
        {
            "patient_id": event.patient_id,
            "event_id": recorded.event_id,
            "stream_version": recorded.stream_version,
            "released_by": recorded.actor if desk.is_by_hand else "",
            "released_at": recorded.recorded_at,
            "released_on": _day(recorded.recorded_at, desk),
            "class_code": event.class_code,
            "payer_id": event.coverages[0].payer_id if event.coverages else "",
            "drg_code": (facility.drg_code if facility is not None else "") or drg,
            "rework_of": event.rework_of,
            "billed_cents": sum(line.billed_cents for line in event.lines),
            "codes": f" {' '.join(sorted(set(codes)))} ",
            "rules": f" {' '.join(rules)} ",
            "content": _ENCODER.encode(content).decode(),
        },
    )


def _overruled(recorded: Recorded[Any]) -> Iterable[Row]:
    event = recorded.event
    if isinstance(event, HoldsOverruled):
        yield Row(
            "encounter_override",
            {"encounter_id": event.encounter_id, "stream_version": recorded.stream_version},
            {
                "overruled": to_builtins(event.overruled),
                "role": event.role,
                "reason": to_builtins(event.reason) if event.reason is not None else None,
                "overruled_by": recorded.actor,
                "overruled_at": recorded.recorded_at,
            },
        )


def _withdrawal(
    before: Encounter | None, after: Encounter, recorded: Recorded[Any]
) -> Iterable[Row]:
    event = recorded.event
    if not isinstance(
        event, ReleaseWithdrawalRequested | ReleaseWithdrawn | ReleaseWithdrawalRefused
    ):
        return
    asked = after.desk.withdrawal or (before.desk.withdrawal if before is not None else None)
    assert asked is not None, "what is settled was asked for"
    outcome = {
        ReleaseWithdrawalRequested: "asked",
        ReleaseWithdrawn: "withdrawn",
        ReleaseWithdrawalRefused: "refused",
    }[type(event)]
    yield Row(
        "release_withdrawal",
        {"encounter_id": after.encounter_id, "withdrawal_id": event.withdrawal_id},
        {
            "coded_version": event.coded_version,
            "outcome": outcome,
            "cause": getattr(event, "cause", ""),
            "claim_ids": getattr(event, "claim_ids", []),
            "asked_by": asked.asked_by,
            "asked_at": asked.asked_at,
            "settled_at": "" if outcome == "asked" else recorded.recorded_at,
        },
    )


def _trail(recorded: Recorded[Any]) -> Row:
    """One line for each fact of an encounter, without gaps: what an auditor counts."""
    return Row(
        "encounter_trail",
        {"encounter_id": recorded.stream_id, "stream_version": recorded.stream_version},
        {
            "event_id": recorded.event_id,
            "event_type": recorded.event.type_name(),
            "recorded_at": recorded.recorded_at,
            "actor": recorded.actor,
            "causation_id": recorded.causation_id,
            "correlation_id": recorded.correlation_id,
            "message_id": getattr(recorded.event, "message_id", ""),
        },
    )


def _coder(after: Coder, recorded: Recorded[Any]) -> Row:
    return Row(
        "coder",
        {"coder": after.coder},
        {
            "credentials": to_builtins(after.credentials),
            "class_codes": list(after.class_codes),
            "specialty_codes": list(after.specialty_codes),
            "payer_ids": list(after.payer_ids),
            "quotas": after.quotas,
            "changed_at": recorded.recorded_at,
        },
    )


def _pack(recorded: Recorded[EvidencePackIssued]) -> Row:
    values = to_builtins(recorded.event)
    key = {"encounter_id": values.pop("encounter_id"), "stream_version": recorded.stream_version}
    return Row("evidence_pack", key, {**values, "issued_at": recorded.recorded_at})


def _day(instant: str, desk: Desk) -> str:
    """Return the facility's calendar date of an instant."""
    return _day_of_minute(instant[:16], desk.zone_name)


@lru_cache(maxsize=4_096)
def _day_of_minute(minute: str, time_zone: str) -> str:
    """Every zone is whole minutes from UTC, and facts come many to a minute."""
    moment = datetime.strptime(minute, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(time_zone)).date().isoformat()


def _between_ms(start: str, end: str) -> int:
    one, other = (
        datetime.strptime(instant, _INSTANT).replace(tzinfo=UTC) for instant in (start, end)
    )
    return max(0, round((other - one).total_seconds() * 1_000))
