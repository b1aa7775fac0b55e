"""Events of coding-svc about the people who code: whose an encounter is, what they may code, and
what became of a release that was asked back. On topic `rcm.coding`.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from rcm.events.clinical import Day
from rcm.events.event import Event
from rcm.money import Cents

Subject = Annotated[str, Meta(min_length=1, max_length=200)]
"""A user's subject at the issuer."""


class EncounterTaken(Event, frozen=True, kw_only=True):
    """A coder took an encounter to work on it. Until the lease ends nobody else changes its codes.

    Stream: the encounter, so that two who take at once cannot both have it.

    Attributes:
        encounter_id: Which.
        coder: Who has it now.
        leased_until: Instant (RFC 3339, UTC) from which somebody else may take it.
        time_zone: Of the facility (IANA), for the day that the work counts to.
    """

    name: ClassVar[str] = "EncounterTaken"

    encounter_id: str
    coder: Subject
    leased_until: str
    time_zone: str


class EncounterReturned(Event, frozen=True, kw_only=True):
    """An encounter went back to the queue unfinished.

    Attributes:
        encounter_id: Which.
        coder: Who had it.
        cause: Why: the coder gave it back, or a manager took it away.
    """

    name: ClassVar[str] = "EncounterReturned"

    encounter_id: str
    coder: Subject
    cause: Literal["given-back", "reassigned"]


class EncounterAssigned(Event, frozen=True, kw_only=True):
    """A manager said who is to code an encounter; only that coder can take it.

    Attributes:
        encounter_id: Which.
        coder: Who is to code it; empty for whoever is next.
    """

    name: ClassVar[str] = "EncounterAssigned"

    encounter_id: str
    coder: str


class ReleaseWithdrawalRequested(Event, frozen=True, kw_only=True):
    """A released encounter was asked back before its claims go out. Only claims-svc knows whether
    they have: it answers with ReleaseWithdrawalSettled. Nothing is released meanwhile.

    Attributes:
        encounter_id: Which.
        coded_version: The release that is asked back.
        withdrawal_id: Of the request.
    """

    name: ClassVar[str] = "ReleaseWithdrawalRequested"

    encounter_id: str
    coded_version: int
    withdrawal_id: str


class ReleaseWithdrawn(Event, frozen=True, kw_only=True):
    """A release was taken back: none of its claims was sent, and none will be. The encounter is
    held until a person releases its next version.

    Attributes:
        encounter_id: Which.
        coded_version: The release that was taken back.
        withdrawal_id: Of the request.
        claim_ids: The claims that were withdrawn.
    """

    name: ClassVar[str] = "ReleaseWithdrawn"

    encounter_id: str
    coded_version: int
    withdrawal_id: str
    claim_ids: list[str]


class ReleaseWithdrawalRefused(Event, frozen=True, kw_only=True):
    """A release could not be taken back; it stands. What is wrong with it is mended by a new
    release, which becomes a replacement (frequency 7) or a void (8) at the payer.

    Attributes:
        encounter_id: Which.
        coded_version: The release that stands.
        withdrawal_id: Of the request.
        cause: `sent`: a claim of it is with the payer or on its way; `superseded`: a later
            version was billed.
        claim_ids: The claims that are out.
    """

    name: ClassVar[str] = "ReleaseWithdrawalRefused"

    encounter_id: str
    coded_version: int
    withdrawal_id: str
    cause: Literal["sent", "superseded"]
    claim_ids: list[str]


class SubmissionNoted(Event, frozen=True, kw_only=True):
    """A claim of an encounter was sent: what the evidence of its coding refers to.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        claim_id: CLM01.
        form: P or I.
        payer_id: 2010BB NM109.
        frequency_code: CLM05-3: 1, 7 or 8.
        interchange_control_number: ISA13 that carried it.
        attempt: 1 for the first sending.
        billed_cents: CLM02.
        event_id: The ClaimSubmitted that says so.
    """

    name: ClassVar[str] = "SubmissionNoted"

    encounter_id: str
    claim_id: str
    form: Literal["P", "I"]
    payer_id: str
    frequency_code: str
    interchange_control_number: str
    attempt: int
    billed_cents: Cents
    event_id: str


class CoderCredentialed(Event, frozen=True, kw_only=True):
    """A coder's credential was entered, or its end was changed.

    Stream: the coder.

    Attributes:
        coder: Whose.
        credential_code: CPC, CCS, CIC, COC, CRC ...
        valid_from: First day that it holds.
        valid_through: Last day that it holds; None for no end.
    """

    name: ClassVar[str] = "CoderCredentialed"

    coder: Subject
    credential_code: Annotated[str, Meta(pattern=r"^[A-Z0-9-]{2,12}$")]
    valid_from: Day
    valid_through: Day | None = None


class CoderCredentialEnded(Event, frozen=True, kw_only=True):
    """A coder's credential no longer holds.

    Stream: the coder.

    Attributes:
        coder: Whose.
        credential_code: Which.
    """

    name: ClassVar[str] = "CoderCredentialEnded"

    coder: Subject
    credential_code: str


class CoderRouted(Event, frozen=True, kw_only=True):
    """What a coder is given when asking for the next encounter. Empty lists mean anything.

    Stream: the coder.

    Attributes:
        coder: Who.
        class_codes: Patient classes (HL7 table 0004).
        specialty_codes: Beginnings of the attending provider's taxonomy code (NUCC).
        payer_ids: First payers.
    """

    name: ClassVar[str] = "CoderRouted"

    coder: Subject
    class_codes: list[str]
    specialty_codes: list[str]
    payer_ids: list[str]


class CoderQuotaSet(Event, frozen=True, kw_only=True):
    """How many encounters an hour are expected of a coder.

    Stream: the coder.

    Attributes:
        coder: Of whom.
        class_code: For which patient class; empty for any other.
        per_hour_milli: Thousandths of an encounter an hour: 2500 is two and a half.
    """

    name: ClassVar[str] = "CoderQuotaSet"

    coder: Subject
    class_code: str
    per_hour_milli: Annotated[int, Meta(ge=0, le=1_000_000)]


class EvidencePackIssued(Event, frozen=True, kw_only=True):
    """Somebody was given the evidence of an encounter.

    Stream: `pack-<encounter_id>`, so that giving a pack does not change the next one.

    Attributes:
        encounter_id: Which.
        patient_id: Whose it is.
        given_to: A user's subject.
        holds_phi: Whether PHI stood open in it.
        sha256: Of the archive.
        bytes_count: Its size.
        request_id: Of the HTTP request, to compare with the access log.
    """

    name: ClassVar[str] = "EvidencePackIssued"

    encounter_id: str
    patient_id: str
    given_to: Subject
    holds_phi: bool
    sha256: str
    bytes_count: int
    request_id: str
