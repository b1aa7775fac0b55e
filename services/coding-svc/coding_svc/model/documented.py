"""What one message says about an encounter, whatever the format that it came in.

Codecs make it, `decide.merge` folds it into the account. Parts that the message says nothing about
are None; a part that it empties is empty.
"""

from enum import StrEnum

from msgspec import Struct

from coding_svc.model.account import (
    Charge,
    Coverage,
    Diagnosis,
    Document,
    FacilityCodes,
    Injury,
    Procedure,
    Stay,
)
from coding_svc.model.person import Guarantor, Patient
from coding_svc.model.query import Reply
from rcm.events.clinical import Reason


class Effect(StrEnum):
    """What a message does to the encounter, beyond the values that it brings."""

    SNAPSHOT = "snapshot"
    """The state of the encounter at a time: lists replace, newer wins, absent insurance is gone."""

    ADD = "add"
    """Something more: diagnoses and procedures are added to those known."""

    CODE = "code"
    """Diagnoses and procedures replace what is known, or change as their action codes say."""

    CANCEL_ADMIT = "cancel-admit"
    CANCEL_DISCHARGE = "cancel-discharge"
    CLOSE = "close"
    MERGE = "merge"


class Key(Struct, frozen=True):
    """Which encounter a message is about.

    Attributes:
        authority: Who numbers encounters: the facility, by profile.
        number: Account or visit number, or what stands in for it. PHI.
        reasons: What was assumed to get it.
    """

    authority: str
    number: str
    reasons: tuple[Reason, ...] = ()


class NoteText(Struct, frozen=True, kw_only=True):
    """The words of a note. PHI.

    Attributes:
        document_number: The sender's: TXA-12; masterIdentifier of a DocumentReference.
        kind: TXA-2; type of a DocumentReference.
        is_final: It is authenticated.
        written_on: Date of the note, at the facility; empty where it says none.
        text: As it was written.
    """

    document_number: str
    kind: str = ""
    is_final: bool = False
    written_on: str = ""
    text: str


class Documented(Struct, frozen=True, kw_only=True):
    """One message, understood.

    Attributes:
        kind: `DFT^P03`, `FHIR`.
        effect: What it does.
        sender: MSH-3 and MSH-4, or the API client.
        control_number: MSH-10; FHIR Bundle.identifier.
        sent: When it became true (EVN-2, else MSH-7), as text that sorts.
        key: The encounter; None where the message names none.
        medical_record_number: Of the patient; empty where none is this tenant's. PHI.
        prior_key: The encounter that is merged away (MRG-3).
        prior_record_number: The record number that is merged away (MRG-1). PHI.
        patient: Who.
        guarantor: Who answers for the patient's share.
        coverages: Who pays.
        stay: When, where, how.
        diagnoses: What was found; with action codes in `diagnosis_actions`.
        diagnosis_actions: A, U or D for each diagnosis; empty when the list stands for itself.
        procedures: What was done.
        procedure_actions: A, U or D for each procedure; empty when the list stands for itself.
        charges: What it costs; always added, never replaced by a later message's.
        injury: The accident.
        facility_codes: What only a facility claim says.
        documents: Notes, and in `withdrawn` the numbers of those that are taken back.
        withdrawn: Document numbers to drop.
        notes: The words of the notes that it brings.
        removes_insurance: A snapshot without insurance removes what is known.
        reasons: What was noticed about the message itself.
        replies: Answers to physician queries that it brings, by the query's id.
    """

    kind: str
    effect: Effect
    sender: str
    control_number: str = ""
    sent: str = ""
    key: Key | None = None
    medical_record_number: str = ""
    prior_key: Key | None = None
    prior_record_number: str = ""
    patient: Patient | None = None
    guarantor: Guarantor | None = None
    coverages: tuple[Coverage, ...] | None = None
    stay: Stay | None = None
    diagnoses: tuple[Diagnosis, ...] | None = None
    diagnosis_actions: tuple[str, ...] = ()
    procedures: tuple[Procedure, ...] | None = None
    procedure_actions: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    injury: Injury | None = None
    facility_codes: FacilityCodes | None = None
    documents: tuple[Document, ...] = ()
    withdrawn: tuple[str, ...] = ()
    notes: tuple[NoteText, ...] = ()
    removes_insurance: bool = False
    reasons: tuple[Reason, ...] = ()
    replies: tuple[tuple[str, Reply], ...] = ()


class SetAside(Struct, frozen=True, kw_only=True):
    """A message that nothing is done with.

    Attributes:
        kind: `ORU^R01`, or empty when it could not be read.
        sender: MSH-3 and MSH-4.
        control_number: MSH-10.
        outcome: `ignored` for what is none of ours, `rejected` for what cannot be used.
        reasons: Why.
        replies: Answers to physician queries that it brings all the same.
    """

    kind: str
    sender: str
    control_number: str
    outcome: str
    reasons: tuple[Reason, ...]
    replies: tuple[tuple[str, Reply], ...] = ()
