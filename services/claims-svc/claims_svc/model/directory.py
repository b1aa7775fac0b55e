"""A tenant's directory: who bills, who is billed, and through whom. Data that an operator keeps.

One file a tenant (`samples/tenants/northside.yaml` shows every field). It is read by the shell,
handed to decisions as a value, and its version is recorded with every claim that it shaped.
"""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from rcm.events.clinical import Address, Npi

FILING_DAYS_DEFAULT: Final = {"MA": 365, "MB": 365, "CH": 365}
"""Days to file an original by claim filing indicator (SBR09). Medicare Part A and B: 42 CFR 424.44,
one calendar year, of which 365 days is never more. TRICARE (CH): one year."""

FILING_DAYS_UNKNOWN: Final = 90
"""Days to file an original with a payer of which nothing is known."""

CORRECTION_DAYS_UNKNOWN: Final = 60
"""Days to file a corrected claim with a payer of which nothing is known."""


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the receiver may ask. 1000A PER."""

    name: str  # PER02
    phone_number: str  # PER04 under TE: ten digits
    email: str = ""  # PER under EM


class Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clearinghouse or payer that takes interchanges, and who we are there."""

    receiver_id: Annotated[str, Meta(min_length=2, max_length=15)]  # ISA08, GS03
    receiver_name: str  # 1000B NM103
    submitter_id: Annotated[str, Meta(min_length=2, max_length=15)]  # ISA06, GS02, 1000A NM109
    submitter_name: str  # 1000A NM103
    contact: Contact
    receiver_qualifier: Annotated[str, Meta(min_length=2, max_length=2)] = "ZZ"  # ISA07
    submitter_qualifier: Annotated[str, Meta(min_length=2, max_length=2)] = "ZZ"  # ISA05
    is_test: bool = False  # ISA15
    wants_ta1: bool = True  # ISA14


class PayToPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan that has bought the provider's claims and is paid in its place. 2010AC."""

    name: str  # NM103
    number: str  # NM109 (PI)
    address: Address  # N3, N4
    employer_id_number: str  # REF*EI, nine digits


class Facility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A billing provider. 2000A, 2010AA, 2010AB."""

    facility_id: str  # as EncounterCoded names it
    name: str  # NM103
    npi: Npi  # NM109
    taxonomy_code: str  # PRV03
    employer_id_number: str  # REF*EI, nine digits
    address: Address  # N3 (a street, never a box), N4 with nine digits
    pay_to_address: Address | None = None  # 2010AB; a box may stand here
    phone_number: str = ""  # PER
    pay_to_plan: PayToPlan | None = None  # 2010AC
    clia_number: str = ""  # 837P REF*X4, on claims with a laboratory test


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place of service that is not the billing provider's address. 2310C."""

    npi: Npi
    name: str
    address: Address


class Payer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payer, and what is agreed with it. 2010BB."""

    payer_id: str  # NM109
    name: str = ""  # NM103; that of the coverage when empty
    receiver_id: str = ""  # whom its claims go through; the tenant's default when empty
    claim_filing_indicator_code: str = ""  # SBR09; that of the coverage when empty
    address: Address | None = None  # N3, N4
    filing_days: int = 0  # days from service to receipt of an original; 0 for the default
    correction_days: int = 0  # days to file a corrected claim; 0 for the default


class Directory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """All of it. Receivers may carry more (their route), which is no business of decisions.

    Attributes:
        tenant_id: Whose it is.
        version: The operator's own version of the file, recorded with each claim.
        receivers: Clearinghouses and payers that take interchanges.
        facilities: Billing providers.
        payers: Payers with something agreed; others take the defaults.
        places: Places of service by NPI.
        default_receiver_id: Whom claims of unlisted payers go through; empty to hold them.
    """

    tenant_id: str
    version: str
    receivers: list[Receiver]
    facilities: list[Facility]
    payers: list[Payer] = []
    places: list[Place] = []
    default_receiver_id: str = ""

    def receiver(self, receiver_id: str) -> Receiver | None:
        """Find a receiver, or None."""
        return self._receivers.get(receiver_id)

    def facility(self, facility_id: str) -> Facility | None:
        """Find a billing provider, or None."""
        return self._facilities.get(facility_id)

    def place(self, npi: str) -> Place | None:
        """Find a place of service, or None."""
        return self._places.get(npi)

    def payer(self, payer_id: str) -> Payer:
        """Find a payer; one that is not listed has the defaults."""
        return self._payers.get(payer_id) or Payer(payer_id=payer_id)

    def receiver_of(self, payer_id: str) -> Receiver | None:
        """Find whom the claims of a payer go through, or None."""
        return self.receiver(self.payer(payer_id).receiver_id or self.default_receiver_id)

    @cached_property
    def _receivers(self) -> dict[str, Receiver]:
        return {one.receiver_id: one for one in self.receivers}

    @cached_property
    def _facilities(self) -> dict[str, Facility]:
        return {one.facility_id: one for one in self.facilities}

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {one.npi: one for one in self.places}

    @cached_property
    def _payers(self) -> dict[str, Payer]:
        return {one.payer_id: one for one in self.payers}


def filing_deadline(
    payer: Payer, indicator_code: str, served_on: date, frequency_code: Literal["1", "7", "8"]
) -> date:
    """Compute the last day on which the payer must have received a claim.

    Args:
        payer: What is agreed.
        indicator_code: SBR09, which decides the default.
        served_on: The day that the clock starts: the service (on an 837I the last day of the
            statement); of a replacement, the day that the payer took the claim which it replaces,
            which is earlier than the remittance that most contracts count from.
        frequency_code: 1 original; 7 and 8 have the limit of corrected claims.
    """
    if frequency_code == "1":
        days = payer.filing_days or FILING_DAYS_DEFAULT.get(indicator_code, FILING_DAYS_UNKNOWN)
    else:
        days = payer.correction_days or CORRECTION_DAYS_UNKNOWN
    return served_on + timedelta(days=days)
