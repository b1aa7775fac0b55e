"""What is said about a code: its system, its standing on a date, its notes, its release."""

import datetime as dt
import enum
from typing import Final

import msgspec


class System(enum.StrEnum):
    """A published code system that a claim can name."""

    ICD10CM = "icd10cm"
    """Diagnoses. CDC/NCHS; new release each 1 October, sometimes 1 April."""
    ICD10PCS = "icd10pcs"
    """Inpatient procedures. CMS; same calendar."""
    HCPCS = "hcpcs"
    """HCPCS Level II. CMS; quarterly."""
    CPT = "cpt"
    """HCPCS Level I. American Medical Association, licensed; yearly."""
    MODIFIER = "modifier"
    """Two characters after a procedure code: CMS (Level II) and AMA (numeric)."""
    PLACE_OF_SERVICE = "pos"
    """837P CLM05-1. CMS."""
    BILL_TYPE = "tob"
    """837I CLM05-1 and CLM05-3. NUBC."""
    REVENUE = "revenue"
    """837I SV201. NUBC."""
    MSDRG = "msdrg"
    """Medicare severity diagnosis related group. CMS; each 1 October."""
    CARC = "carc"
    """Claim adjustment reason code, 835 CAS02. X12."""
    RARC = "rarc"
    """Remittance advice remark code, 835 LQ02. CMS."""

    @property
    def words(self) -> str:
        """The system as people name it, with its article."""
        return _WORDS.get(self, f"a {self.upper()} code")


_WORDS: Final = {
    System.ICD10CM: "an ICD-10-CM code",
    System.ICD10PCS: "an ICD-10-PCS code (seven characters)",
    System.MODIFIER: "a modifier (two characters)",
    System.PLACE_OF_SERVICE: "a place of service",
    System.BILL_TYPE: "a type of bill",
    System.REVENUE: "a revenue code",
    System.MSDRG: "an MS-DRG",
    System.CARC: "a CARC",
    System.RARC: "a RARC",
}


class Status(enum.StrEnum):
    """The standing of a code on a date."""

    VALID = "VALID"
    HEADER = "HEADER"
    """A category with codes below it; never billable itself."""
    EXPIRED = "EXPIRED"
    NOT_YET = "NOT_YET"
    """In force only from a later date."""
    UNKNOWN = "UNKNOWN"
    """Well formed, in no release that is loaded."""
    FORMAT = "FORMAT"
    """Cannot be a code of this system at all."""
    UNVERIFIED = "UNVERIFIED"
    """Well formed, and no file of this system is loaded that could say more."""


class NoteKind(enum.StrEnum):
    """An instruction of the tabular list, or a synonym it gives."""

    INCLUDES = "includes"
    INCLUSION_TERM = "inclusion_term"
    EXCLUDES1 = "excludes1"
    EXCLUDES2 = "excludes2"
    CODE_FIRST = "code_first"
    USE_ADDITIONAL = "use_additional"
    CODE_ALSO = "code_also"
    NOTE = "note"
    SEVENTH_CHARACTER = "seventh_character"


class Note(msgspec.Struct, frozen=True):
    """One instructional note that governs a code.

    Attributes:
        kind: What the note asks for.
        at: The chapter, section, category or code where it is printed; it governs all below.
        text: Its wording in the tabular list (public domain).
    """

    kind: NoteKind
    at: str
    text: str


class Validation(msgspec.Struct, frozen=True):
    """The answer to "may this code be billed on that date?".

    Attributes:
        code: As asked, normalised: upper case, no dot, no space.
        system: The system it was looked up in.
        on: Discharge date for an inpatient claim, else date of service.
        status: The standing.
        reason: One sentence for a person.
        title: Its title, or None where no loaded file gives one.
        title_source: The release that worded the title; "parent" if borrowed from the category.
        valid_from: First date in force, of the span nearest to `on`.
        valid_through: Last date in force; None while no end is known.
        children: Billable codes below a HEADER on that date, in order.
        successors: What an EXPIRED code became.
        release: Identifier of the release that decided.
    """

    code: str
    system: System
    on: dt.date
    status: Status
    reason: str
    title: str | None = None
    title_source: str | None = None
    valid_from: dt.date | None = None
    valid_through: dt.date | None = None
    children: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()
    release: str | None = None

    @property
    def billable(self) -> bool:
        """True if nothing loaded speaks against the code."""
        return self.status in (Status.VALID, Status.UNVERIFIED)


class Release(msgspec.Struct, frozen=True):
    """One release of one code set, as it was built or loaded.

    Attributes:
        release_id: Short and unique, such as `icd10cm-fy2027`.
        set_name: The set: a `System`, or `mue-practitioner`, `ptp-hospital`, `msdrg-weights`...
        effective_from: First date it speaks for.
        effective_through: Last date it is known to speak for; None if open.
        source: File or package it came from.
        sha256: Of that file.
        licence: Terms of the content, in short.
        row_count: Rows it brought.
    """

    release_id: str
    set_name: str
    effective_from: dt.date
    effective_through: dt.date | None
    source: str
    sha256: str
    licence: str
    row_count: int


class CodeRow(msgspec.Struct, frozen=True):
    """One span of validity of one code: the grain of every code table."""

    code: str
    valid_from: dt.date
    valid_through: dt.date | None
    title: str | None
    title_source: str | None
