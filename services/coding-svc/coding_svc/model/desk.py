"""The coder's desk: whose an encounter is, what was asked back of it, and what a coder may code.

The desk of an encounter is part of the encounter's own state, so that taking, coding and releasing
are decided in one order; a coder is a stream of its own.
"""

from typing import Any, Literal

from msgspec import Struct, structs

from rcm.events.clinical import ChargeLine, Diagnosis, DrgGrouping, Procedure, Reason
from rcm.events.coding import (
    EncounterCoded,
    EncounterHeld,
    EncounterMerged,
    EncounterReceived,
)
from rcm.events.coding_desk import (
    CoderCredentialed,
    CoderCredentialEnded,
    CoderQuotaSet,
    CoderRouted,
    EncounterAssigned,
    EncounterReturned,
    EncounterTaken,
    EvidencePackIssued,
    ReleaseWithdrawalRefused,
    ReleaseWithdrawalRequested,
    ReleaseWithdrawn,
)
from rcm.events.envelope import Recorded

CODER_EVENTS = (CoderCredentialed, CoderCredentialEnded, CoderRouted, CoderQuotaSet)
BY_HAND = "API"
"""Beginning of the kinds of EncounterReceived that a person caused."""


CODING_KINDS = frozenset({"API codes", "API split", "API suggestions"})
"""Kinds of EncounterReceived by which a person sets codes."""
RESERVED = "release-by-another"
"""Hold of an encounter that whoever coded it does not release."""


class Withdrawal(Struct, frozen=True, omit_defaults=True):
    """A release that is asked back, or was taken back and not released anew.

    Attributes:
        withdrawal_id: Of the request.
        coded_version: Which release.
        status: `asked` until claims-svc has answered; then `withdrawn`.
        asked_by: Who asked.
        asked_at: When.
    """

    withdrawal_id: str
    coded_version: int
    status: Literal["asked", "withdrawn"]
    asked_by: str
    asked_at: str


class Desk(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of an encounter as a piece of work. No PHI.

    Attributes:
        class_code: Patient class (HL7 table 0004).
        payer_id: The first payer.
        specialty_code: The attending provider's taxonomy code (NUCC), else the first rendering's.
        time_zone: Of the facility (IANA); empty until a message tells. See `zone_name`.
        opened_at: When it was first heard of.
        is_by_hand: The newest change of the account was made by a person.
        taken_by: Who works on it; counts until `leased_until`.
        taken_at: Since when.
        leased_until: Instant from which somebody else may take it.
        assigned_to: Who is to code it, by a manager's word.
        withdrawal: What was asked back of it.
        coded_by: Everybody who ever set its codes.
        coding_by: Those who did since its last release.
        is_reserved: Somebody who did not code it is to release it.
    """

    class_code: str = ""
    payer_id: str = ""
    specialty_code: str = ""
    time_zone: str = ""
    opened_at: str = ""
    is_by_hand: bool = False
    taken_by: str = ""
    taken_at: str = ""
    leased_until: str = ""
    assigned_to: str = ""
    withdrawal: Withdrawal | None = None
    coded_by: tuple[str, ...] = ()
    coding_by: tuple[str, ...] = ()
    is_reserved: bool = False

    @property
    def zone_name(self) -> str:
        """The facility's time zone (IANA), UTC until a message tells."""
        return self.time_zone or "UTC"

    def holder(self, now: str) -> str:
        """Return who works on it at an instant; empty for nobody."""
        return self.taken_by if now < self.leased_until else ""


class Credential(Struct, frozen=True):
    """A credential of a coder and the days that it holds."""

    code: str
    valid_from: str
    valid_through: str = ""


class Coder(Struct, frozen=True, omit_defaults=True, tag="coder"):
    """One coder.

    Attributes:
        coder: The user's subject.
        credentials: In the order entered.
        class_codes: Patient classes that the coder is given; empty for any.
        specialty_codes: Beginnings of taxonomy codes; empty for any.
        payer_ids: First payers; empty for any.
        quotas: Thousandths of an encounter an hour, by patient class; under "" for any other.
    """

    coder: str
    credentials: tuple[Credential, ...] = ()
    class_codes: tuple[str, ...] = ()
    specialty_codes: tuple[str, ...] = ()
    payer_ids: tuple[str, ...] = ()
    quotas: dict[str, int] = {}


class ReleaseContent(Struct, frozen=True, kw_only=True):
    """What of a release is kept beside its row: the codes, and what they were checked by. No PHI.

    Attributes:
        diagnoses: In claim order.
        procedures: ICD-10-PCS of a stay.
        lines: All charge lines.
        drg: Of a stay.
        code_set_versions: Which release of each code system it was checked against.
        rule_versions: Which rule sets it passed.
        warnings: What was noticed and let pass.
    """

    diagnoses: list[Diagnosis]
    procedures: list[Procedure]
    lines: list[ChargeLine]
    drg: DrgGrouping | None
    code_set_versions: dict[str, str]
    rule_versions: dict[str, str]
    warnings: list[Reason]


class Packs(Struct, frozen=True, tag="packs"):
    """The evidence packs of an encounter that were given out.

    Attributes:
        given_count: How many.
    """

    given_count: int


def follow_desk(desk: Desk, recorded: Recorded[Any]) -> Desk:
    """Fold one fact of an encounter into its desk."""
    event, at = recorded.event, recorded.recorded_at
    match event:
        case EncounterReceived():
            if event.message_kind in CODING_KINDS:
                desk = structs.replace(
                    desk,
                    coded_by=tuple(dict.fromkeys((*desk.coded_by, recorded.actor))),
                    coding_by=tuple(dict.fromkeys((*desk.coding_by, recorded.actor))),
                )
            return structs.replace(
                desk,
                class_code=event.class_code or desk.class_code,
                payer_id=event.payer_id,
                specialty_code=event.specialty_code or desk.specialty_code,
                time_zone=event.time_zone or desk.time_zone,
                opened_at=desk.opened_at or at,
                is_by_hand=event.message_kind.startswith(BY_HAND),
            )
        case EncounterTaken():
            renews = desk.holder(at) == event.coder
            return structs.replace(
                desk,
                taken_by=event.coder,
                taken_at=desk.taken_at if renews else at,
                leased_until=event.leased_until,
                time_zone=event.time_zone,
            )
        case EncounterReturned():
            return structs.replace(desk, taken_by="", taken_at="", leased_until="")
        case EncounterAssigned():
            return structs.replace(desk, assigned_to=event.coder)
        case EncounterHeld():
            reserved = desk.is_reserved or any(r.rule_id == RESERVED for r in event.reasons)
            return structs.replace(desk, is_reserved=reserved) if reserved else desk
        case EncounterCoded() | EncounterMerged():
            return structs.replace(
                desk,
                taken_by="",
                taken_at="",
                leased_until="",
                assigned_to="",
                withdrawal=None,
                coding_by=(),
                is_reserved=False,
            )
        case ReleaseWithdrawalRequested():
            asked = Withdrawal(
                event.withdrawal_id, event.coded_version, "asked", recorded.actor, at
            )
            return structs.replace(desk, withdrawal=asked)
        case ReleaseWithdrawn():
            assert desk.withdrawal is not None, "what is taken back was asked back"
            taken_back = structs.replace(desk.withdrawal, status="withdrawn")
            return structs.replace(desk, withdrawal=taken_back)
        case ReleaseWithdrawalRefused():
            return structs.replace(desk, withdrawal=None)
        case _:
            return desk


def evolve_coder(state: Coder | None, recorded: Recorded[Any]) -> Coder:
    """Fold one fact into the state of its coder."""
    event = recorded.event
    coder = state if state is not None else Coder(coder=event.coder)
    match event:
        case CoderCredentialed():
            kept = [c for c in coder.credentials if c.code != event.credential_code]
            entered = Credential(event.credential_code, event.valid_from, event.valid_through or "")
            return structs.replace(coder, credentials=(*kept, entered))
        case CoderCredentialEnded():
            kept = [c for c in coder.credentials if c.code != event.credential_code]
            return structs.replace(coder, credentials=tuple(kept))
        case CoderRouted():
            return structs.replace(
                coder,
                class_codes=tuple(event.class_codes),
                specialty_codes=tuple(event.specialty_codes),
                payer_ids=tuple(event.payer_ids),
            )
        case CoderQuotaSet():
            quotas = {**coder.quotas, event.class_code: event.per_hour_milli}
            return structs.replace(coder, quotas=quotas)
        case _:
            return coder


def evolve_packs(state: Packs | None, _recorded: Recorded[EvidencePackIssued]) -> Packs:
    """Count a pack that was given out."""
    return Packs((state.given_count if state is not None else 0) + 1)


def coder_parts(coder: str) -> tuple[str, str]:
    """Return prefix and part of a coder's opaque id, which is also the stream's."""
    return "cdr", coder


def pack_stream(encounter_id: str) -> str:
    """Name the stream of the packs of an encounter."""
    return f"pack-{encounter_id}"
