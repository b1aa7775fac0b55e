"""What the routes of the desk take and show."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from coding_svc.store.desk import DeskItemRow

Class = Annotated[str, Field(pattern=r"^[A-Z]$")]
Specialty = Annotated[str, Field(pattern=r"^[0-9A-Z]{1,10}$")]


class DeskItem(BaseModel):
    """An encounter that waits to be coded. No PHI."""

    model_config = ConfigDict(from_attributes=True)

    encounter_id: str
    class_code: str = Field(description="HL7 table 0004; empty for unknown.")
    payer_id: str
    specialty_code: str = Field(description="Taxonomy code (NUCC) of the attending provider.")
    holds: list[str] = Field(description="Rules that hold it.")
    is_workable: bool = Field(description="A coder can do something about it now.")
    rework_of: str | None = Field(description="The denial that sent it back.")
    coded_version: int = Field(description="How often it was released before.")
    holder: str | None = Field(description="Who has it now.")
    leased_until: str | None
    assigned_to: str | None
    billed_cents: int
    charge_count: int
    aged_from: str = Field(description="First service; else the day it was first heard of.")

    @classmethod
    def of(cls, row: DeskItemRow, now: str) -> "DeskItem":
        """Show a row as it is at an instant: a lease that is over is nobody's."""
        held = row.taken_by if row.leased_until > now else ""
        return cls.model_validate(
            {
                **row.model_dump(exclude={"tenant_id", "taken_by", "taken_at"}),
                "holds": row.holds.split(),
                "rework_of": row.rework_of or None,
                "holder": held or None,
                "leased_until": row.leased_until if held else None,
                "assigned_to": row.assigned_to or None,
            }
        )


class TotalShown(BaseModel):
    """Encounters that have a value in common."""

    value: str
    count: int
    billed_cents: int
    href: str = Field(description="Opens exactly the encounters that are counted.")


class Totals(BaseModel):
    """What a filter selects, in all and by one column."""

    by: str
    count: int
    billed_cents: int
    totals: list[TotalShown]


class Taken(BaseModel):
    """An encounter that is with the caller now."""

    encounter_id: str
    coder: str
    leased_until: str


class Wishes(BaseModel, extra="forbid"):
    """Which encounter to take next; what is left out is as the coder's routing has it."""

    class_code: Class | None = None
    specialty_code: Specialty | None = None
    payer_id: str | None = Field(None, min_length=1, max_length=80)
    sort: Literal["age", "dollars"] = "age"


class Assignment(BaseModel, extra="forbid"):
    """Say who is to code an encounter."""

    coder: str = Field(max_length=200, description="A user's subject; empty for whoever is next.")


class Sequence(BaseModel, extra="forbid"):
    """The final diagnoses in another order."""

    diagnoses: list[str] = Field(min_length=1, max_length=50, description="The principal first.")
    poa_codes: list[Literal["Y", "N", "U", "W", "1", ""]] = Field(
        [], max_length=50, description="In that order; empty keeps those that are there."
    )


class SplitLine(BaseModel, extra="forbid"):
    """Where one charge goes."""

    charge_id: str = Field(min_length=1, max_length=200)
    form: Literal["P", "I"] = Field(description="P professional (837P), I facility (837I).")


class Split(BaseModel, extra="forbid"):
    """Which charges go to which claim; those that are left out stay where they are."""

    lines: list[SplitLine] = Field(min_length=1, max_length=999)


class WithdrawalOut(BaseModel):
    """A release that was asked back."""

    model_config = ConfigDict(from_attributes=True)

    withdrawal_id: str
    encounter_id: str
    coded_version: int
    outcome: Literal["asked", "withdrawn", "refused"]
    cause: str = Field(description="Why it was refused: sent, superseded.")
    claim_ids: list[str] = Field(description="The claims withdrawn, or those that are out.")
    asked_by: str
    asked_at: str
    settled_at: str
