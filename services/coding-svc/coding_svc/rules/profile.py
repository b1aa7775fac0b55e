"""Sender profiles: what is known of how one sender writes, as data.

MSH-9 alone does not define what a message means; the sending application does. A profile says it:
which field holds a value, what the sender's own codes stand for, where its facilities are, what its
charge master says. Profiles are YAML in the tenant's configuration; `generic` and `epic-pb` come
with the service and others build on them with `extends`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from coding_svc.rules.edits import NOT_LOADED, CodeRules

FieldPath = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]{2}-\d{1,3}(\.\d{1,2})?$")]
"""A field such as `IN1-36`, or one of its components such as `PID-18.1`."""

TwoDigits = Annotated[str, Meta(pattern=r"^\d{2}$")]
Sex = Literal["M", "F", "U"]
PatientClass = Literal["E", "I", "O", "P", "R", "B", "C", "N", "U"]


class Payer(Struct, frozen=True, forbid_unknown_fields=True):
    """A payer as the clearinghouse knows it.

    Attributes:
        payer_id: 837 2010BB NM109.
        name: 837 2010BB NM103; empty takes the sender's.
        filing_indicator_code: 837 SBR09: MB, MA, MC, CI, BL, HM, 16, CH, WC, AM.
    """

    payer_id: str
    name: str = ""
    filing_indicator_code: str = "CI"


class EditWishes(Struct, frozen=True, forbid_unknown_fields=True):
    """What a payer asks of codes beyond the rules.

    Attributes:
        ndc_required: Drug lines carry their NDC; None: of everybody but Medicare.
        warn_of_sex_conflict: Warn still, though CMS ended the sex edits on 2024-10-01.
        ncci: NCCI pairs and unit limits apply.
        jurisdictions: Whose coverage policies it follows, as the coverage file names them (J-K);
            MEDICARE is understood of Medicare itself (SBR09 MA, MB).
    """

    ndc_required: bool | None = None
    warn_of_sex_conflict: bool = False
    ncci: bool = True
    jurisdictions: tuple[str, ...] = ()


class MasterEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the hospital's charge master (CDM).

    Attributes:
        procedure_code: HCPCS or CPT, or empty.
        modifiers: That always go with it.
        revenue_code: For a facility claim.
        price_cents: Of one unit, where the sender sends no amount.
    """

    procedure_code: Annotated[str, Meta(pattern=r"^([A-Z0-9]{5})?$")] = ""
    modifiers: tuple[Annotated[str, Meta(pattern=r"^[A-Z0-9]{2}$")], ...] = ()
    revenue_code: Annotated[str, Meta(pattern=r"^(\d{4})?$")] = ""
    price_cents: Annotated[int, Meta(ge=0, le=10**11)] | None = None


class DirectoryEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider of the hospital, by the sender's own number.

    Attributes:
        npi: National Provider Identifier.
        last_name: Where the sender sends none.
        first_name: Where the sender sends none.
        taxonomy_code: 837 PRV03.
    """

    npi: Annotated[str, Meta(pattern=r"^\d{10}$")]
    last_name: str = ""
    first_name: str = ""
    taxonomy_code: str = ""


class FacilityDefaults(Struct, frozen=True, forbid_unknown_fields=True):
    """What a facility claim says where the sender says nothing (NUBC codes).

    Attributes:
        admission_type_code: 837I CL101.
        point_of_origin_code: 837I CL102.
        patient_status_code: 837I CL103.
    """

    admission_type_code: str = ""
    point_of_origin_code: str = ""
    patient_status_code: str = ""


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one sender writes.

    Attributes:
        name: Of the profile.
        version: Counted up with every change; recorded with what it decided.
        description: For people.
        senders: `MSH-3|MSH-4` pairs that it is for; `*` stands for any text.
        time_zone: Of the facility: dates of service are its calendar dates.
        processing: Values of MSH-11 that are taken.
        authority: Who numbers accounts and visits; empty takes MSH-4.
        encounter_key: Where the number that names the encounter stands; the first one filled.
        record_number_types: Values of PID-3-5 that are medical record numbers.
        record_number_authorities: Values of PID-3-4 that are this hospital's; empty for any.
        member_number: Where the member number stands; the first one filled.
        authorization_number: Where the prior authorization stands.
        place_of_service: Where a line's place of service may stand, as two digits.
        form: Claim form of every charge: P or I; empty decides line by line.
        takes_reports: Texts of results (ORU^R01) are read as notes.
        is_charge: False for feeds whose DFT are no charges, such as supply usage.
        absent_insurance_removes: A snapshot (A08) without IN1 removes the insurance.
        department_is_revenue_code: FT1-13 holds a revenue code.
        hold_days: Days after discharge or service in which late charges are waited for.
        default_facility_id: Billing facility where the location maps to none.
        facilities: Billing facility by PV1-3-4 or MSH-4.
        class_codes: PV1-2 to HL7 table 0004.
        admission_types: PV1-4 (0007) to NUBC.
        points_of_origin: PV1-14 (0023) to NUBC.
        patient_statuses: PV1-36 (0112) to NUBC.
        relationships: IN1-17 (0063) to X12 relationship codes.
        sexes: PID-8 (0001) to M, F, U.
        accident_causes: ACC-2 (0050) to AA, EM, OA.
        self_pay_classes: PV1-20 values that mean that nobody else pays.
        places_of_service: PV1-3 or FT1-16 location to CMS place of service.
        class_places_of_service: Where no location maps: by patient class.
        bill_types: First two digits of the type of bill, by patient class.
        facility_defaults: For facility claims of outpatients, by patient class.
        departments: FT1-13 to revenue code.
        charge_master: FT1-7 to what it stands for.
        payers: IN1-3 to the payer at the clearinghouse.
        edits: By payer id: what the payer asks of codes.
        uncrossed_payers: What to do with a payer without an entry: take it as sent, or hold.
        providers: XCN-1, or an NPI sent without a name, to the provider.
    """

    name: str
    version: int = 1
    description: str = ""
    senders: tuple[str, ...] = ()
    time_zone: str = "America/New_York"
    processing: tuple[str, ...] = ("P",)
    authority: str = ""
    encounter_key: tuple[FieldPath, ...] = ("PID-18", "PV1-19", "PV1-50")
    record_number_types: tuple[str, ...] = ("MR", "PI", "MRN")
    record_number_authorities: tuple[str, ...] = ()
    member_number: tuple[FieldPath, ...] = ("IN1-36", "IN1-49", "IN2-61")
    authorization_number: tuple[FieldPath, ...] = ("IN1-14", "IN3-2")
    place_of_service: tuple[FieldPath, ...] = ("FT1-16.7", "FT1-16.6")
    form: Literal["", "P", "I"] = ""
    takes_reports: bool = False
    is_charge: bool = True
    absent_insurance_removes: bool = True
    department_is_revenue_code: bool = False
    hold_days: Annotated[int, Meta(ge=0, le=60)] = 0
    default_facility_id: str = ""
    facilities: dict[str, str] = {}
    class_codes: dict[str, PatientClass] = {}
    admission_types: dict[str, str] = {}
    points_of_origin: dict[str, str] = {}
    patient_statuses: dict[str, str] = {}
    relationships: dict[str, str] = {}
    sexes: dict[str, Sex] = {}
    accident_causes: dict[str, Literal["AA", "EM", "OA"]] = {}
    self_pay_classes: tuple[str, ...] = ()
    places_of_service: dict[str, TwoDigits] = {}
    class_places_of_service: dict[str, TwoDigits] = {}
    bill_types: dict[str, TwoDigits] = {}
    facility_defaults: dict[str, FacilityDefaults] = {}
    departments: dict[str, Annotated[str, Meta(pattern=r"^\d{4}$")]] = {}
    charge_master: dict[str, MasterEntry] = {}
    payers: dict[str, Payer] = {}
    edits: dict[str, EditWishes] = {}
    uncrossed_payers: Literal["take", "hold"] = "take"
    providers: dict[str, DirectoryEntry] = {}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Make a profile of what YAML or JSON gave.

        Raises:
            msgspec.ValidationError: A field is unknown or of the wrong type; says which.
            zoneinfo.ZoneInfoNotFoundError: There is no such time zone.
        """
        profile = msgspec.convert(dict(data), cls)
        ZoneInfo(profile.time_zone)
        return profile

    @property
    def zone(self) -> ZoneInfo:
        """The facility's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def rule_version(self) -> str:
        """Name and version, as recorded with what was decided by it."""
        return f"{self.name}/{self.version}"

    def matches(self, application: str, facility: str) -> bool:
        """Tell whether the profile is for a sender (MSH-3, MSH-4)."""
        return any(
            wanted_application in ("*", application) and wanted_facility in ("*", facility)
            for wanted_application, _, wanted_facility in (s.partition("|") for s in self.senders)
        )


class Profiles(Struct, frozen=True):
    """What a tenant's encounters are read and judged by: its senders, and the code sets in force.

    Attributes:
        profiles: In order of preference: the first that matches a sender is taken.
        codes: The code sets of this installation.
    """

    profiles: tuple[Profile, ...]
    codes: CodeRules = NOT_LOADED

    def of_sender(self, application: str, facility: str) -> Profile | None:
        """Return the profile of a sender; None for one that the tenant does not expect."""
        for profile in self.profiles:
            if profile.matches(application, facility):
                return profile
        return None


def extended(data: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Lay a profile over the one that it `extends`: tables are merged, other fields replaced.

    Raises:
        KeyError: It extends a profile that is not known.
        RecursionError: Profiles extend each other in a ring.
    """
    own = {name: value for name, value in data.items() if name != "extends"}
    if "extends" not in data:
        return own
    merged = extended(known[data["extends"]], known)
    for name, value in own.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[name] = {**below, **value}
        else:
            merged[name] = value
    return merged
