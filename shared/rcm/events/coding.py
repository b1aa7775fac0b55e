"""Events of coding-svc, on topic `rcm.coding`: from the EHR's messages to a coded encounter."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from rcm.events.clinical import (
    Accident,
    ChargeLine,
    Coverage,
    Day,
    Diagnosis,
    DrgGrouping,
    Institutional,
    Provider,
    Reason,
)
from rcm.events.event import Event
from rcm.events.phi import Phi


class EncounterReceived(Event, frozen=True, kw_only=True):
    """A message about an encounter was taken in, and what the account looks like after it.

    Stream: the encounter. The result is recorded, not recomputed, so that a rebuild needs no
        parser of that day.

    Attributes:
        encounter_id: Opaque id derived from facility and visit number.
        patient_id: Opaque id of the patient; also names the PHI key.
        message_id: Opaque id of the message; origins inside the account name it.
        message_control_number: MSH-10, or the Bundle's identifier; empty for none.
        message_kind: `ADT^A04`, `DFT^P03`, `FHIR`, `API` ...
        message_sha256: Of the raw bytes; with source and control number it tells a resend.
        sender: Sending application and facility (MSH-3, MSH-4), or the API client.
        outcome: What became of it.
        reasons: Everything that was noticed, each with its path.
        raw: The message as it came (text), sealed; empty for none.
        account: The account after the message, sealed: coding-svc's own shape, versioned inside.
        charge_count: Net charges on the account.
        billed_cents: Their sum.
        service_from: First date of service, if any is known.
        class_code: Patient class (HL7 table 0004), if it is known.
        payer_id: The first payer; empty for none.
        specialty_code: Taxonomy code (NUCC) of the attending provider, else of the first rendering.
        time_zone: Of the facility (IANA).
    """

    name: ClassVar[str] = "EncounterReceived"

    encounter_id: str
    patient_id: str
    message_id: str
    message_control_number: str = ""
    message_kind: str
    message_sha256: str
    sender: str
    outcome: Literal["accepted", "accepted-with-issues"]
    reasons: list[Reason] = []
    raw: Phi | None = None
    account: Phi | None = None
    charge_count: int = 0
    billed_cents: int = 0
    service_from: Day | None = None
    class_code: str = ""
    payer_id: str = ""
    specialty_code: str = ""
    time_zone: str = ""


class MessageSetAside(Event, frozen=True, kw_only=True):
    """A message changed no encounter: none of ours (ignored), or of no use (rejected).

    Stream: the message.

    Attributes:
        message_id: Opaque id of the message, or of the batch file.
        message_control_number: MSH-10, or BHS-11 of a batch; empty for none.
        message_kind: `ORU^R01`, `BATCH`; empty where it could not be read.
        message_sha256: Of the raw bytes.
        sender: Sending application and facility (MSH-3, MSH-4), or the API client.
        outcome: Ignored needs nobody; rejected waits for somebody.
        reasons: Why, each with its path.
        raw: A rejected message as it came (text), sealed under a key of its own.
    """

    name: ClassVar[str] = "MessageSetAside"

    message_id: str
    message_control_number: str = ""
    message_kind: str
    message_sha256: str
    sender: str
    outcome: Literal["ignored", "rejected"]
    reasons: list[Reason]
    raw: Phi | None = None


class EncounterMerged(Event, frozen=True, kw_only=True):
    """An unbilled account was merged into another (HL7 A40); what it held is there now.

    Stream: the account that goes away. Later messages about it are taken by the other one.

    Attributes:
        encounter_id: The account that goes away.
        into_encounter_id: The account that stays.
    """

    name: ClassVar[str] = "EncounterMerged"

    encounter_id: str
    into_encounter_id: str


class EncounterHeld(Event, frozen=True, kw_only=True):
    """An encounter is not complete enough to bill; says why. Replaced by the next hold or by
    EncounterCoded.

    Attributes:
        encounter_id: Which.
        reasons: What is missing or wrong, each with the path that it is missing from.
        rework_of: Denial id that sent it back to coding, or empty.
    """

    name: ClassVar[str] = "EncounterHeld"

    encounter_id: str
    reasons: list[Reason]
    rework_of: str = ""


class EncounterCoded(Event, frozen=True, kw_only=True):
    """An encounter is coded and released to billing. A change is a new event with the next
    coded_version.

    Attributes:
        encounter_id: Opaque id of the encounter.
        coded_version: 1, 2, 3 ...: later ones replace earlier ones (late charges, rework).
        patient_id: Opaque id of the patient; names the PHI key.
        facility_id: Key into the tenant's directory of billing providers.
        class_code: I inpatient, O outpatient, E emergency, R recurring, B obstetric (HL7 table
            0004).
        patient: Who was treated: PatientPhi.
        subscribers: Who holds each coverage: list of SubscriberPhi, in the order of `coverages`.
        coverages: Who pays, in order P, S, T; empty for self-pay.
        diagnoses: In claim order, the principal one first.
        lines: All charge lines; `form` says which claim each goes to.
        institutional: Facility data; required when a line has form I.
        attending: 2310A 71 of an 837I.
        operating: 2310B 72 of an 837I.
        referring: 2310A DN of an 837P, 2310F of an 837I.
        rendering: 2310B 82 where all lines agree.
        service_facility: 2310C 77 when it is not the billing provider.
        accident: CLM11 and its date.
        onset_on: DTP*431.
        coded_by: Who released it: a user's subject or a rule set.
        rework_of: Denial id that sent it back to coding, or empty.
        code_set_versions: Which release of each code system it was checked against.
        rule_versions: Which rule sets it passed.
        warnings: What was noticed and let pass.
        drg: The MS-DRG of an inpatient stay; none for anything else, or without code sets.
    """

    name: ClassVar[str] = "EncounterCoded"

    encounter_id: str
    coded_version: Annotated[int, Meta(ge=1)]
    patient_id: str
    facility_id: str
    class_code: str
    patient: Phi
    subscribers: Phi
    coverages: list[Coverage]
    diagnoses: list[Diagnosis]
    lines: Annotated[list[ChargeLine], Meta(min_length=1)]
    institutional: Institutional | None = None
    attending: Provider | None = None
    operating: Provider | None = None
    referring: Provider | None = None
    rendering: Provider | None = None
    service_facility: Provider | None = None
    accident: Accident | None = None
    onset_on: Day | None = None
    coded_by: str = ""
    rework_of: str = ""
    code_set_versions: dict[str, str] = {}
    rule_versions: dict[str, str] = {}
    warnings: list[Reason] = []
    drg: DrgGrouping | None = None
