"""Write 837 files: claims grouped under their billing provider, subscriber and patient.

    HL 1 *20 billing provider ── HL 2 *22 subscriber ┬ CLM, CLM
                                                     └ HL 3 *23 patient ── CLM

A new HL is written when a claim's provider, subscriber, payer or patient differs from the one of
the claim before; so claims that belong together should come together (`grouped` sorts them).
HL, LX, SE, GE and IEA are counted here, and a separator or control character inside a value is
refused (`NotWritable`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rcm.x12.guide import Guide
from rcm.x12.lexer import Delimiters
from rcm.x12.registry import guide
from rcm.x12.writer import STANDARD, Block, Draft, Envelope, write
from rcm.x12.x837_claims import (
    Claim,
    DentalClaim,
    InstitutionalClaim,
    ProfessionalClaim,
    Submission,
)
from rcm.x12.x837_parties import BillingProvider, Patient, Payer, Subscriber
from rcm.x12.x837_segments import Segments, day, put_references, quantity
from rcm.x12.x837_write_claims import put_dental, put_institutional, put_professional

AnyClaim = TypeVar("AnyClaim", bound=Claim)
_BLOCK_SEGMENTS = 60  # some kilobytes of text: what a processor keeps at hand


def write_837p(
    submission: Submission, claims: Iterable[ProfessionalClaim], envelope: Envelope
) -> bytes:
    """Write an interchange with one 837P (005010X222A1).

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_837p(submission, claims, envelope.delimiters)], envelope)


def write_837i(
    submission: Submission, claims: Iterable[InstitutionalClaim], envelope: Envelope
) -> bytes:
    """Write an interchange with one 837I (005010X223A2).

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_837i(submission, claims, envelope.delimiters)], envelope)


def write_837d(submission: Submission, claims: Iterable[DentalClaim], envelope: Envelope) -> bytes:
    """Write an interchange with one 837D (005010X224A2).

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_837d(submission, claims, envelope.delimiters)], envelope)


def draft_837p(
    submission: Submission,
    claims: Iterable[ProfessionalClaim],
    delimiters: Delimiters = STANDARD,
    control_number: str = "",
) -> Draft:
    """Prepare one 837P transaction, so that several can share an interchange (`writer.write`)."""
    blocks = _blocks(submission, claims, put_professional, delimiters)
    return Draft(_guide("005010X222A1"), blocks, control_number)


def draft_837i(
    submission: Submission,
    claims: Iterable[InstitutionalClaim],
    delimiters: Delimiters = STANDARD,
    control_number: str = "",
) -> Draft:
    """Prepare one 837I transaction, so that several can share an interchange (`writer.write`)."""
    blocks = _blocks(submission, claims, put_institutional, delimiters)
    return Draft(_guide("005010X223A2"), blocks, control_number)


def draft_837d(
    submission: Submission,
    claims: Iterable[DentalClaim],
    delimiters: Delimiters = STANDARD,
    control_number: str = "",
) -> Draft:
    """Prepare one 837D transaction, so that several can share an interchange (`writer.write`)."""
    blocks = _blocks(submission, claims, put_dental, delimiters)
    return Draft(_guide("005010X224A2"), blocks, control_number)


def grouped(claims: Iterable[AnyClaim]) -> list[AnyClaim]:
    """Bring claims of one provider, subscriber and patient together; else keep the order."""
    providers: dict[BillingProvider, int] = {}
    subscribers: dict[tuple[Subscriber, Payer], int] = {}
    patients: dict[Patient | None, int] = {None: -1}
    return [
        claim
        for _, claim in sorted(
            (
                (
                    providers.setdefault(claim.billing_provider, len(providers)),
                    subscribers.setdefault((claim.subscriber, claim.payer), len(subscribers)),
                    patients.setdefault(claim.patient, len(patients)),
                    place,
                ),
                claim,
            )
            for place, claim in enumerate(claims)
        )
    ]


def _guide(guide_id: str) -> Guide:
    found = guide(guide_id)
    assert found is not None, guide_id
    return found


def _blocks(
    submission: Submission,
    claims: Iterable[AnyClaim],
    put_claim: Callable[[Segments, AnyClaim], None],
    delimiters: Delimiters,
) -> Iterator[Block]:
    out = Segments(delimiters)
    _put_submission(out, submission)
    levels = _Levels(out)
    for claim in claims:
        if len(out.rows) > _BLOCK_SEGMENTS and levels.leaves_subscriber(claim):
            levels.settle(has_children=False)
            yield out.block()
        levels.enter(claim)
        put_claim(out, claim)
    levels.settle(has_children=False)
    yield out.block()


class _Levels:
    """The HL hierarchy as it grows.

    HL04 of a subscriber tells whether patients follow, which is known only with the next claim:
    the row is written with a placeholder and replaced by `settle`.
    """

    def __init__(self, out: Segments) -> None:
        self._out = out
        self._count = 0
        self._provider: BillingProvider | None = None
        self._provider_number = ""
        self._subscriber: Subscriber | None = None
        self._subscriber_number = ""
        self._payer: Payer | None = None
        self._patient: Patient | None = None
        self._open_row = -1

    def leaves_subscriber(self, claim: Claim) -> bool:
        """Tell whether a claim opens another subscriber level."""
        provider = claim.billing_provider
        if provider is not self._provider and provider != self._provider:
            return True
        if claim.subscriber is not self._subscriber and claim.subscriber != self._subscriber:
            return True
        if claim.payer is not self._payer and claim.payer != self._payer:
            return True
        # After a patient of the subscriber, a claim of the subscriber's own needs a new level.
        return claim.patient is None and self._patient is not None

    def enter(self, claim: Claim) -> None:
        """Write the levels that this claim opens."""
        patient = claim.patient
        if self.leaves_subscriber(claim):
            self.settle(has_children=False)
            provider = claim.billing_provider
            if provider is not self._provider and provider != self._provider:
                self._open_provider(provider)
            self._open_subscriber(claim.subscriber, claim.payer)
        if patient is None:
            return
        if self._patient is None or (patient is not self._patient and patient != self._patient):
            self.settle(has_children=True)
            self._open_patient(patient)

    def settle(self, *, has_children: bool) -> None:
        """Write HL04 of the last subscriber."""
        row = self._open_row
        if row >= 0:
            self._open_row = -1
            self._out.rows[row] = (*self._out.rows[row][:4], "1" if has_children else "0")

    def _next(self) -> str:
        self._count += 1
        return str(self._count)

    def _open_provider(self, provider: BillingProvider) -> None:
        out = self._out
        self._provider = provider
        self._subscriber = self._payer = self._patient = None
        self._provider_number = self._next()
        out.put(("HL", self._provider_number, "", "20", "1"))
        _put_billing_provider(out, provider)

    def _open_subscriber(self, subscriber: Subscriber, payer: Payer) -> None:
        out = self._out
        self._subscriber, self._payer, self._patient = subscriber, payer, None
        self._subscriber_number = self._next()
        self._open_row = len(out.rows)
        out.put(("HL", self._subscriber_number, self._provider_number, "22", "0"))
        _put_subscriber(out, subscriber)
        _put_payer(out, payer)

    def _open_patient(self, patient: Patient) -> None:
        self._patient = patient
        self._out.put(("HL", self._next(), self._subscriber_number, "23", "0"))
        _put_patient(self._out, patient)


def _put_submission(out: Segments, submission: Submission) -> None:
    out.put(
        (
            "BHT",
            "0019",
            submission.purpose_code,
            submission.originator_reference_number,
            day(submission.created_on),
            submission.created_time,
            submission.transaction_type_code,
        )
    )
    who = submission.submitter
    out.name(
        "41",
        who.entity_type_code,
        (who.name, who.first_name, who.middle_name, ""),
        ("46", who.number),
    )
    for contact in who.contacts:
        out.contact(contact)
    taker = submission.receiver
    out.name("40", "2", (taker.name, "", "", ""), ("46", taker.number))


def _put_billing_provider(out: Segments, provider: BillingProvider) -> None:
    if provider.taxonomy_code:
        out.put(("PRV", "BI", "PXC", provider.taxonomy_code))
    if provider.currency_code:
        out.put(("CUR", "85", provider.currency_code))
    out.name(
        "85",
        provider.entity_type_code,
        (provider.name, provider.first_name, provider.middle_name, provider.suffix),
        ("XX", provider.npi),
    )
    out.address(provider.address)
    put_references(
        out.put, (("EI", provider.employer_id_number), ("SY", provider.social_security_number))
    )
    out.references(provider.secondary_identifiers)
    for contact in provider.contacts:
        out.contact(contact)
    if provider.pay_to_address is not None:
        out.put(("NM1", "87", provider.entity_type_code))
        out.address(provider.pay_to_address)
    plan = provider.pay_to_plan
    if plan is not None:
        out.name("PE", "2", (plan.name, "", "", ""), (plan.number_qualifier_code, plan.number))
        out.address(plan.address)
        out.references(plan.secondary_identifiers)
        put_references(out.put, (("EI", plan.employer_id_number),))


def _put_subscriber(out: Segments, one: Subscriber) -> None:
    put = out.put
    put(
        (
            "SBR",
            one.responsibility_code,
            one.relationship_code,
            one.group_number,
            one.group_name,
            one.insurance_type_code,
            "",
            "",
            "",
            one.claim_filing_indicator_code,
        )
    )
    if one.death_on is not None or one.weight_pounds is not None or one.is_pregnant:
        put(_patient_facts("", one))
    out.name(
        "IL",
        one.entity_type_code,
        (one.name, one.first_name, one.middle_name, one.suffix),
        (one.member_number_qualifier_code, one.member_number),
    )
    out.address(one.address)
    if one.birth_on is not None:
        put(("DMG", "D8", day(one.birth_on), one.sex_code))
    put_references(
        put, (("SY", one.social_security_number), ("Y4", one.property_casualty_claim_number))
    )
    if one.contact is not None:
        out.contact(one.contact)


def _put_payer(out: Segments, payer: Payer) -> None:
    out.name("PR", "2", (payer.name, "", "", ""), (payer.number_qualifier_code, payer.number))
    out.address(payer.address)
    out.references(payer.secondary_identifiers)
    out.references(payer.billing_provider_identifiers)


def _put_patient(out: Segments, one: Patient) -> None:
    out.put(_patient_facts(one.relationship_code, one))
    out.name("QC", "1", (one.name, one.first_name, one.middle_name, one.suffix), ("", ""))
    out.address(one.address)
    if one.birth_on is not None:
        out.put(("DMG", "D8", day(one.birth_on), one.sex_code))
    put_references(out.put, (("Y4", one.property_casualty_claim_number),))
    out.references(one.secondary_identifiers)
    if one.contact is not None:
        out.contact(one.contact)


def _patient_facts(relationship_code: str, one: Subscriber | Patient) -> tuple[str, ...]:
    """Give PAT."""
    died = "" if one.death_on is None else day(one.death_on)
    weight = quantity(one.weight_pounds)
    if not (died or weight or one.is_pregnant):
        return ("PAT", relationship_code)
    return (
        "PAT",
        relationship_code,
        "",
        "",
        "",
        "D8" if died else "",
        died,
        "01" if weight else "",
        weight,
        "Y" if one.is_pregnant else "",
    )
