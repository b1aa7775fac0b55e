"""What the code sets and the coding edits say of a coded encounter, as reasons that hold it.

    Coded ──▶ CodeRules.check ──▶ Checked: edits, releases that decided, DRG

A decision asks a `CodeRules` and nothing else: a pure look-up in sets that are read once, whose
releases go into the fact. Without code sets the shape of codes is all that is checked, and said.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Literal, Protocol

from msgspec import Struct

from coding_svc.model.reasons import reason
from coding_svc.model.services import Service
from rcm.codes.edits.model import Finding, Override, Severity, refuse_override
from rcm.events.clinical import ChargeLine, Diagnosis, DrgGrouping, Reason

EDITS_VERSION: Final = "1"
"""Of how an encounter is handed to the edits; each edit has a version of its own."""

Role = Literal["nobody", "coder", "supervisor"]
"""Who may set an edit aside; a supervisor is a caller with the role manager."""


class Options(Struct, frozen=True):
    """What differs between payers.

    Attributes:
        warn_of_sex_conflict: Keep warning after CMS ended the sex edits on 2024-10-01.
        ndc_required: A drug line needs its NDC.
        ncci: NCCI pairs and unit limits apply.
    """

    warn_of_sex_conflict: bool = False
    ndc_required: bool = True
    ncci: bool = True


class Coded(Struct, frozen=True, kw_only=True):
    """An encounter as the edits need it.

    Attributes:
        is_inpatient: Whether the patient stays in the house (HL7 table 0004: I and B).
        admitted_on: First day of the stay; empty for none.
        discharged_on: Last day of the stay; decides the sets of an inpatient.
        status_code: Patient discharge status (NUBC); decides the DRG.
        born_on: Of the patient; empty for unknown.
        sex_code: M, F or U.
        diagnoses: As billed.
        lines: As billed.
        procedures: ICD-10-PCS, the principal one first.
        others: Services of the patient's other encounters that were billed.
        options: Of the payer.
        payer_areas: Whose coverage policies apply: its id, and its jurisdictions.
    """

    is_inpatient: bool
    admitted_on: str = ""
    discharged_on: str = ""
    status_code: str = ""
    born_on: str = ""
    sex_code: str = "U"
    diagnoses: Sequence[Diagnosis]
    lines: Sequence[ChargeLine]
    procedures: Sequence[str] = ()
    others: tuple[Service, ...] = ()
    options: Options = Options()
    payer_areas: frozenset[str] = frozenset()

    @property
    def coded_on(self) -> date | None:
        """The date whose sets decide: discharge of an inpatient, else the first service."""
        if self.is_inpatient and self.discharged_on:
            return date.fromisoformat(self.discharged_on)
        days = [line.service_from for line in self.lines if line.service_from]
        return date.fromisoformat(min(days)) if days else None


class Edit(Struct, frozen=True):
    """One finding of the edits.

    Attributes:
        reason: As people read it.
        codes: What it is about, as people write it.
        override: Who may set it aside.
        version: Of the rule.
    """

    reason: Reason
    codes: tuple[str, ...] = ()
    override: Role = "nobody"
    version: int = 1


def refusal(edit: Edit, role: Role, words: str) -> str | None:
    """Return why a person may not set a finding aside; None where the person may."""
    finding = Finding(
        rule_id=edit.reason.rule_id,
        version=edit.version,
        severity=Severity.ERROR,
        path=edit.reason.path,
        codes=edit.codes,
        why=edit.reason.text,
        what_to_do=edit.reason.remedy,
        may_override=Override(edit.override),
    )
    return refuse_override(finding, Override(role), words)


class Checked(Struct, frozen=True):
    """What the code sets say.

    Attributes:
        edits: What was found.
        advice: What a coder may like to know, and nothing waits for.
        versions: Which release of each set decided.
        drg: Of an inpatient stay whose codes are in force.
        is_loaded: Whether there are code sets.
    """

    edits: tuple[Edit, ...] = ()
    advice: tuple[Edit, ...] = ()
    versions: Mapping[str, str] = {}
    drg: DrgGrouping | None = None
    is_loaded: bool = True


class CodeRules(Protocol):
    """The code sets in force, as decisions ask them."""

    def check(self, coded: Coded) -> Checked:
        """Check an encounter; the same encounter and sets give the same."""
        ...

    def fee_cents(self, code: str, modifiers: Sequence[str], on: str) -> int | None:
        """Give the fee of a unit on a day (ISO); None where no schedule loaded has one."""
        ...


class NotLoaded:
    """No code sets: codes have been checked by their shape, and the record says so."""

    def check(self, _coded: Coded) -> Checked:
        """Say that there is nothing to check by."""
        return _NOT_LOADED

    def fee_cents(self, _code: str, _modifiers: Sequence[str], _on: str) -> int | None:
        """Give no fee."""
        return None


_NOT_LOADED: Final = Checked(
    edits=(Edit(reason("code-sets-not-loaded", "diagnoses")),), is_loaded=False
)
NOT_LOADED: Final[CodeRules] = NotLoaded()
