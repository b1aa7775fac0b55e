"""Events of denials-svc, on topic `rcm.denials`."""

from typing import ClassVar, Literal

import msgspec

from rcm.events.clinical import Day
from rcm.events.event import Event
from rcm.money import Cents


class AssessedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What of one line of one answer counts as denied, and what was paid on it."""

    line_item_control_number: str  # REF*6R, or a key of ours where the payer gave none
    procedure_code: str  # SVC01-2; empty at claim level
    paid_cents: Cents  # SVC03; CLP04 at claim level
    denied: dict[str, int]  # cents by `family|group|reason`; negative in a reversal


class AdjudicationAssessed(Event, frozen=True, kw_only=True):
    """What of one claim payment counts as denied. Recorded when anything does, or when the claim
    has denials already, so that a reversal and its correction may come in any order.

    Stream: the claim.

    Attributes:
        claim_id: CLP01.
        remittance_id: The advice.
        position: Place of its CLP.
        payer_sequence_code: Which leg.
        kind: As in RemittanceReceived.
        payer_claim_control_number: CLP07, which a corrected claim must name.
        filing_indicator_code: CLP06, which tells payers that take no replacements.
        lines: Lines that have denied or earlier denied money.
        table_version: Version of the table that decided.
    """

    name: ClassVar[str] = "AdjudicationAssessed"

    claim_id: str
    remittance_id: str
    position: int
    payer_sequence_code: Literal["P", "S", "T"]
    kind: Literal["payment", "reversal", "correction", "forwarded", "information"]
    payer_claim_control_number: str
    filing_indicator_code: str = ""
    lines: list[AssessedLine]
    table_version: str


class DenialOpened(Event, frozen=True, kw_only=True):
    """A payer adjudicated a line and withheld money for a reason other than contract or patient
    share.

    Stream: the claim. One for each leg, line and family of reason; a claim-level CAS opens one at
        claim level. A denial that was closed and is denied again opens again under its id.

    Attributes:
        denial_id: Derived from claim, leg, line and family.
        claim_id: CLP01.
        encounter_id: The encounter billed.
        patient_id: Names the PHI key.
        payer_id: Who denied.
        payer_name: For readers.
        payer_sequence_code: Which leg.
        form: P or I.
        line_item_control_number: REF*6R; empty at claim level.
        procedure_code: Of the line.
        group_code: CAS01 of the deciding adjustment.
        reason_code: CARC of the deciding adjustment.
        remark_codes: RARCs of the line and the claim.
        family: Reasons of one family on one line are one denial: `authorization`, `eligibility` ...
        category: What it is about, from the dated table.
        denied_cents: What was withheld for this family on this line.
        paid_cents: What the line was paid all the same: a partial denial when positive.
        action_code: Default action: FIX, NEW, DOC, APP, COB, PAT, PROV, WO, CALL.
        appealable: False where a remark forbids it (MA130, N211).
        deadline_on: Last day for that action.
        deadline_basis: How that day was computed.
        remittance_id: The advice that denied.
        position: Place of its CLP.
        table_version: Version of the table that decided.
    """

    name: ClassVar[str] = "DenialOpened"

    denial_id: str
    claim_id: str
    encounter_id: str
    patient_id: str
    payer_id: str
    payer_name: str
    payer_sequence_code: Literal["P", "S", "T"]
    form: Literal["P", "I", ""]
    line_item_control_number: str
    procedure_code: str
    group_code: str
    reason_code: str
    remark_codes: list[str]
    family: str
    category: str
    denied_cents: Cents
    paid_cents: Cents
    action_code: str
    appealable: bool
    deadline_on: Day
    deadline_basis: str
    remittance_id: str
    position: int
    table_version: str


class DenialChanged(Event, frozen=True, kw_only=True):
    """A later answer of the payer changed an open denial.

    Attributes:
        denial_id: Which.
        claim_id: Its claim.
        denied_cents: What is withheld now.
        reason_code: CARC now.
        group_code: CAS01 now.
        remark_codes: RARCs now.
        action_code: Default action now.
        deadline_on: Deadline now.
        remittance_id: The advice that changed it.
        category: What it is about now; empty when that did not change.
        appealable: Whether it may be appealed now.
        deadline_basis: How the deadline was computed; empty when it did not change.
    """

    name: ClassVar[str] = "DenialChanged"

    denial_id: str
    claim_id: str
    denied_cents: Cents
    reason_code: str
    group_code: str
    remark_codes: list[str]
    action_code: str
    deadline_on: Day
    remittance_id: str
    category: str = ""
    appealable: bool = True
    deadline_basis: str = ""


class DenialClosed(Event, frozen=True, kw_only=True):
    """A denial is no longer open. Recorded a second time when a later answer says how a reversed
    denial ended.

    Attributes:
        denial_id: Which.
        claim_id: Its claim.
        cause: Why: the payer reversed or paid it, a person wrote it off, or the claim was replaced.
        remittance_id: The advice that closed it, or empty.
        recovered_cents: What the later answer paid of it.
        note_code: A code of the tenant's list; never free text.
    """

    name: ClassVar[str] = "DenialClosed"

    denial_id: str
    claim_id: str
    cause: Literal["overturned", "reversed", "written-off", "replaced", "paid"]
    remittance_id: str = ""
    recovered_cents: Cents = 0
    note_code: str = ""


class ReplacementNoted(Event, frozen=True, kw_only=True):
    """Another claim stands for this one: what a payer still denies on it is nobody's work. What was
    open is closed in the same transaction.

    Stream: the claim.

    Attributes:
        claim_id: The claim that no longer counts.
        replaced_by: The claim that stands for it, or empty.
    """

    name: ClassVar[str] = "ReplacementNoted"

    claim_id: str
    replaced_by: str


class DenialAssigned(Event, frozen=True, kw_only=True):
    """A denial was given to somebody, or taken back.

    Attributes:
        denial_id: Which.
        claim_id: Its claim.
        owner: A user's subject; empty for nobody.
    """

    name: ClassVar[str] = "DenialAssigned"

    denial_id: str
    claim_id: str
    owner: str


class CodingReworkRequested(Event, frozen=True, kw_only=True):
    """A denial goes back to the coder; coding answers with the next version of EncounterCoded.

    Attributes:
        denial_id: Which.
        claim_id: Its claim.
        encounter_id: What to recode.
        category: Why.
    """

    name: ClassVar[str] = "CodingReworkRequested"

    denial_id: str
    claim_id: str
    encounter_id: str
    category: str


class CorrectedClaimRequested(Event, frozen=True, kw_only=True):
    """A denial is to be answered by a corrected claim.

    Attributes:
        denial_id: Which.
        claim_id: Its claim.
        frequency_code: 7 replaces at the payer, 1 is a new claim (unprocessable ones, MA130).
        payer_claim_control_number: CLP07 of the denied claim, for REF*F8.
    """

    name: ClassVar[str] = "CorrectedClaimRequested"

    denial_id: str
    claim_id: str
    frequency_code: Literal["1", "7", "8"]
    payer_claim_control_number: str = ""
