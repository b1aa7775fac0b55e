"""What a claim is written from: one leg of a coded encounter, with the directory's part in it.

It travels sealed inside ClaimPrepared and ClaimHeld, so that checking, correcting and sending a
claim need nothing but the service's own facts.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from claims_svc.model.directory import Directory, Facility, Payer, Place
from claims_svc.model.prior import SEQUENCE, PriorAdjudication
from claims_svc.model.supplement import ClaimSupplement
from rcm.events.claims import ClaimLine
from rcm.events.clinical import (
    Accident,
    ChargeLine,
    Coverage,
    Diagnosis,
    Institutional,
    PatientPhi,
    Provider,
    SubscriberPhi,
)
from rcm.events.coding import EncounterCoded

Form = Literal["P", "I"]
FrequencyCode = Literal["1", "7", "8"]

LINES_MAX: Final[dict[Form, int]] = {"P": 50, "I": 999}
"""2400 loops of one claim in the 837P and the 837I."""

_SELF: Final = "18"


class OtherCoverage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A coverage beside the one that is billed. 2320, 2330.

    Attributes:
        coverage: Which.
        subscriber: Who holds it.
        adjudication: What its payer said; None where it comes later, or has not answered.
        is_non_covered: That payer never covers this, and was not asked. AMT*A8.
    """

    coverage: Coverage
    subscriber: SubscriberPhi
    adjudication: PriorAdjudication | None = None
    is_non_covered: bool = False


class CodedEncounter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A coded encounter with its persons in clear: what waits, sealed, for an earlier claim."""

    coded: EncounterCoded
    patient: PatientPhi
    subscribers: list[SubscriberPhi]


class ClaimContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that one claim is written from. Field comments of the parts give their places.

    Attributes:
        form: P or I.
        part: 1-based; an encounter with more lines than a claim may have makes several.
        patient: Who was treated.
        coverage: The coverage that is billed.
        subscriber: Who holds it.
        others: The other coverages, in order: payers before with what they said, payers after.
        facility_id: Key into the directory.
        class_code: I inpatient, O outpatient, E emergency, R recurring, B obstetric.
        diagnoses: In claim order.
        lines: This claim's lines.
        institutional: Facility data; only with form I.
        attending: 2310A 71.
        operating: 2310B 72.
        referring: 2310A DN, 2310F.
        rendering: 2310B 82.
        service_facility: 2310C 77.
        accident: CLM11 and its date.
        onset_on: DTP*431.
        frequency_code: CLM05-3.
        payer_claim_control_number: REF*F8.
        delay_reason_code: CLM20.
        facility: The billing provider, from the directory; None when it is not listed.
        payer: The payer, from the directory.
        place: Name and address of the service facility, from the directory.
        receiver_id: Whom it goes through; empty when nobody is named.
        supplement: What it says beyond what every claim says.
    """

    form: Form
    part: int = 1
    patient: PatientPhi
    coverage: Coverage
    subscriber: SubscriberPhi
    others: list[OtherCoverage] = []
    facility_id: str
    class_code: str = ""
    diagnoses: list[Diagnosis] = []
    lines: list[ChargeLine]
    institutional: Institutional | None = None
    attending: Provider | None = None
    operating: Provider | None = None
    referring: Provider | None = None
    rendering: Provider | None = None
    service_facility: Provider | None = None
    accident: Accident | None = None
    onset_on: str | None = None
    frequency_code: FrequencyCode = "1"
    payer_claim_control_number: str = ""
    delay_reason_code: str = ""
    facility: Facility | None = None
    payer: Payer
    place: Place | None = None
    receiver_id: str = ""
    supplement: ClaimSupplement | None = None

    @property
    def billed_cents(self) -> int:
        """CLM02."""
        return sum(line.billed_cents for line in self.lines)

    @property
    def payer_name(self) -> str:
        """2010BB NM103: the directory's name, else the coverage's."""
        return self.payer.name or self.coverage.payer_name

    @property
    def claim_filing_indicator_code(self) -> str:
        """SBR09: the directory's, else the coverage's."""
        return self.payer.claim_filing_indicator_code or self.coverage.claim_filing_indicator_code

    @property
    def patient_is_subscriber(self) -> bool:
        """SBR02 = 18: no 2000C follows."""
        return self.coverage.relationship_code == _SELF

    @property
    def prior_payers(self) -> list[OtherCoverage]:
        """The payers that are asked before the one that is billed."""
        place = SEQUENCE.index(self.coverage.sequence_code)
        return [one for one in self.others if one.coverage.sequence_code in SEQUENCE[:place]]

    @property
    def left_cents(self) -> int:
        """What the payer before left to the patient, and this one is asked for; 0 for the first."""
        said = [one.adjudication for one in self.prior_payers if one.adjudication is not None]
        return said[-1].left_cents if said else 0

    @property
    def later_payers(self) -> list[OtherCoverage]:
        """The payers that are to be asked afterwards. A void asks nobody for anything."""
        if self.frequency_code == "8":
            return []
        place = SEQUENCE.index(self.coverage.sequence_code)
        return [one for one in self.others if one.coverage.sequence_code in SEQUENCE[place + 1 :]]

    @property
    def service_from(self) -> str:
        """First day of service."""
        return min(line.service_from for line in self.lines)

    @property
    def service_through(self) -> str:
        """Last day of service; of an 837I the end of the statement."""
        last = max(line.service_through for line in self.lines)
        return max(last, self.institutional.statement_through) if self.institutional else last

    @property
    def clock_starts_on(self) -> str:
        """Day that the filing limit counts from: professional lines count from their first day,
        institutional statements from their last.
        """
        return self.service_through if self.form == "I" else self.service_from

    def claim_lines(self) -> list[ClaimLine]:
        """State the lines as later money and denials refer to them."""
        return [
            ClaimLine(
                line_item_control_number=line.line_item_control_number,
                procedure_code=line.procedure_code,
                modifiers=line.modifiers,
                revenue_code=line.revenue_code,
                units_milli=line.units_milli,
                billed_cents=line.billed_cents,
                service_from=line.service_from,
            )
            for line in self.lines
        ]


def claim_id_for(tenant_id: str, encounter_id: str, form: Form, part: int, cause: str = "") -> str:
    """Derive our patient control number (CLM01): 15 characters A-Z and 2-7, the first the form.

    The same encounter, form and part give the same number for its first claim; a later claim of it
    (a replacement, a new claim after a denial) names its cause. 70 bits keep them apart.
    """
    text = "\0".join((tenant_id, encounter_id, form, str(part), cause))
    digest = hashlib.sha256(text.encode()).digest()
    return form + base64.b32encode(digest[:10]).decode()[:14]


def slots(lines: Sequence[ChargeLine]) -> list[tuple[Form, int]]:
    """Name the claims that lines need: their form and part, 837P first."""
    found: list[tuple[Form, int]] = []
    for form, lines_max in LINES_MAX.items():
        count = sum(line.form == form for line in lines)
        found.extend((form, part) for part in range(1, -(-count // lines_max) + 1))
    return found


def contents(encounter: CodedEncounter, directory: Directory | None) -> Iterator[ClaimContent]:
    """Cut a coded encounter into the claims of its first coverage, one for each form and part."""
    coded = encounter.coded
    for form, part in slots(coded.lines):
        lines_max = LINES_MAX[form]
        lines = [line for line in coded.lines if line.form == form]
        content = ClaimContent(
            form=form,
            part=part,
            patient=encounter.patient,
            coverage=coded.coverages[0],
            subscriber=encounter.subscribers[0],
            others=[
                OtherCoverage(coverage=coverage, subscriber=subscriber)
                for coverage, subscriber in zip(
                    coded.coverages[1:], encounter.subscribers[1:], strict=True
                )
            ],
            facility_id=coded.facility_id,
            class_code=coded.class_code,
            diagnoses=coded.diagnoses,
            lines=lines[(part - 1) * lines_max : part * lines_max],
            institutional=coded.institutional if form == "I" else None,
            attending=coded.attending,
            operating=coded.operating,
            referring=coded.referring,
            rendering=coded.rendering,
            service_facility=coded.service_facility,
            accident=coded.accident,
            onset_on=coded.onset_on,
            payer=Payer(payer_id=coded.coverages[0].payer_id),
        )
        yield with_directory(content, directory)


def with_directory(content: ClaimContent, directory: Directory | None) -> ClaimContent:
    """Put in what the directory says now of the facility, the payer and the place."""
    payer_id = content.coverage.payer_id
    if directory is None:
        return msgspec.structs.replace(
            content, facility=None, payer=Payer(payer_id=payer_id), place=None, receiver_id=""
        )
    receiver = directory.receiver_of(payer_id)
    elsewhere = content.service_facility
    return msgspec.structs.replace(
        content,
        facility=directory.facility(content.facility_id),
        payer=directory.payer(payer_id),
        place=directory.place(elsewhere.npi) if elsewhere is not None else None,
        receiver_id=receiver.receiver_id if receiver is not None else "",
    )


def day(text: str | None) -> date | None:
    """Read a calendar date; None for none, or for no day of the calendar."""
    if text is None or len(text) != 10 or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
