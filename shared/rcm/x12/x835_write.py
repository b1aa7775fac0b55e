"""Write 835s from documents: the segments in the guide's order, LX and counts computed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rcm.money import x12_from_cents
from rcm.x12.guide_835 import GUIDE
from rcm.x12.values import day_text, number_text
from rcm.x12.writer import Composite, Draft, Envelope, Segment, write
from rcm.x12.x835_documents import (
    Account,
    Adjustment,
    Amount,
    ClaimGroup,
    ClaimPayment,
    Contact,
    DatedOn,
    Organization,
    Party,
    Procedure,
    ProviderAdjustment,
    Quantity,
    Reference,
    Remittance,
    ServiceLine,
)

_TRIPLES_MAX = 6  # reasons in one CAS, pairs in one PLB


def write_remittances(remittances: Iterable[Remittance], envelope: Envelope) -> bytes:
    """Write one interchange of 835s.

    Raises:
        NotWritable: A value holds a delimiter or a control character.
    """
    drafts = (
        Draft(GUIDE, segments(remittance), remittance.transaction_control_number)
        for remittance in remittances
    )
    return write(drafts, envelope)


def segments(remittance: Remittance) -> Iterator[Segment]:
    """Give the segments of a remittance between ST and SE."""
    yield from _payment(remittance)
    if remittance.currency_code:
        yield ("CUR", "PR", remittance.currency_code)
    if remittance.receiver_number:
        yield ("REF", "EV", remittance.receiver_number)
    if remittance.payer_system_version:
        yield ("REF", "F2", remittance.payer_system_version)
    if remittance.production_on:
        yield ("DTM", "405", day_text(remittance.production_on))
    yield from _organization("PR", remittance.payer)
    yield from _organization("PE", remittance.payee)
    for ordinal, group in enumerate(remittance.groups, start=1):
        yield from _group(group, ordinal)
    yield from _provider_adjustments(remittance.provider_adjustments)


def _payment(remittance: Remittance) -> Iterator[Segment]:
    payment = remittance.payment
    yield (
        "BPR",
        payment.handling_code,
        x12_from_cents(payment.amount_cents),
        payment.credit_debit_code,
        payment.method_code,
        payment.format_code,
        *_account(payment.payer_account),
        payment.originator_number,
        payment.originator_supplement,
        *_account(payment.payee_account),
        day_text(payment.effective_on),
    )
    yield ("TRN", "1", payment.trace_number, payment.payer_number, payment.trace_supplement)


def _account(account: Account) -> tuple[str, str, str, str]:
    return (
        account.bank_qualifier_code,
        account.bank_number,
        account.account_qualifier_code,
        account.account_number,
    )


def _organization(entity_code: str, organization: Organization) -> Iterator[Segment]:
    yield (
        "N1",
        entity_code,
        organization.name,
        organization.qualifier_code,
        organization.number,
    )
    address = organization.address
    if address is not None:
        if address.line_1:
            yield ("N3", address.line_1, address.line_2)
        if address.city or address.postal_code:
            yield (
                "N4",
                address.city,
                address.state_code,
                address.postal_code,
                address.country_code,
                "",
                "",
                address.subdivision_code,
            )
    yield from _references(organization.references)
    for contact in organization.contacts:
        yield _contact(contact)
    if organization.delivery is not None:
        delivery = organization.delivery
        yield ("RDM", delivery.method_code, delivery.name, delivery.number)


def _group(group: ClaimGroup, ordinal: int) -> Iterator[Segment]:
    yield ("LX", group.number or str(ordinal))
    if group.provider_summary:
        yield ("TS3", *group.provider_summary)
    if group.drg_summary:
        yield ("TS2", *group.drg_summary)
    for claim in group.claims:
        yield from claim_segments(claim)


def claim_segments(claim: ClaimPayment) -> Iterator[Segment]:
    """Give the segments of one claim, CLP to its last LQ."""
    responsibility = claim.patient_responsibility_cents
    yield (
        "CLP",
        claim.claim_id,
        claim.claim_status_code,
        x12_from_cents(claim.billed_cents),
        x12_from_cents(claim.paid_cents),
        "" if responsibility is None else x12_from_cents(responsibility),
        claim.claim_filing_indicator_code,
        claim.payer_claim_control_number,
        claim.facility_code,
        claim.frequency_code,
        claim.patient_status_code,
        claim.drg_code,
        number_text(claim.drg_weight),
        number_text(claim.discharge_fraction),
    )
    yield from _adjustments(claim.adjustments)
    for party in claim.parties:
        yield _party(party)
    if claim.inpatient:
        yield ("MIA", *claim.inpatient)
    if claim.outpatient:
        yield ("MOA", *claim.outpatient)
    yield from _references(claim.references)
    yield from _dates(claim.dates)
    for contact in claim.contacts:
        yield _contact(contact)
    yield from _amounts(claim.amounts)
    yield from _quantities(claim.quantities)
    for line in claim.lines:
        yield from _line(line)


def _line(line: ServiceLine) -> Iterator[Segment]:
    submitted = line.submitted_procedure
    yield (
        "SVC",
        _procedure(line.procedure),
        x12_from_cents(line.billed_cents),
        x12_from_cents(line.paid_cents),
        line.revenue_code,
        number_text(line.paid_units),
        "" if submitted is None else _procedure(submitted),
        number_text(line.billed_units),
    )
    yield from _dates(line.dates)
    yield from _adjustments(line.adjustments)
    yield from _references(line.references)
    yield from _amounts(line.amounts)
    yield from _quantities(line.quantities)
    for remark in line.remarks:
        yield ("LQ", remark.qualifier_code, remark.code)


def _adjustments(adjustments: Sequence[Adjustment]) -> Iterator[Segment]:
    """Write neighbours of one group in one CAS, six reasons at most."""
    for group_code, run in groupby(adjustments, key=lambda adjustment: adjustment.group_code):
        together = list(run)
        for at in range(0, len(together), _TRIPLES_MAX):
            values = ["CAS", group_code]
            for adjustment in together[at : at + _TRIPLES_MAX]:
                values += (
                    adjustment.reason_code,
                    x12_from_cents(adjustment.amount_cents),
                    number_text(adjustment.quantity),
                )
            yield values


def _provider_adjustments(adjustments: Sequence[ProviderAdjustment]) -> Iterator[Segment]:
    """Write neighbours of one provider and fiscal period in one PLB, six pairs at most."""
    by_period = groupby(adjustments, key=lambda one: (one.provider_number, one.fiscal_period_on))
    for (provider_number, fiscal_period_on), run in by_period:
        together = list(run)
        for at in range(0, len(together), _TRIPLES_MAX):
            values: list[str | Composite] = ["PLB", provider_number, day_text(fiscal_period_on)]
            for one in together[at : at + _TRIPLES_MAX]:
                values += (
                    Composite((one.reason_code, one.reference_number)),
                    x12_from_cents(one.amount_cents),
                )
            yield values


def _procedure(procedure: Procedure) -> Composite:
    modifiers = (*procedure.modifiers, "", "", "", "")[:4]
    return Composite(
        (
            procedure.qualifier_code,
            procedure.code,
            *modifiers,
            procedure.description,
            procedure.code_through,
        )
    )


def _party(party: Party) -> Segment:
    return (
        "NM1",
        party.entity_code,
        party.type_code,
        party.last_name,
        party.first_name,
        party.middle_name,
        "",
        party.suffix,
        party.qualifier_code,
        party.number,
    )


def _contact(contact: Contact) -> Segment:
    numbers = [text for one in contact.numbers for text in (one.qualifier_code, one.number)]
    return ("PER", contact.function_code, contact.name, *numbers)


def _references(references: Sequence[Reference]) -> Iterator[Segment]:
    for reference in references:
        yield ("REF", reference.qualifier_code, reference.number)


def _dates(dates: Sequence[DatedOn]) -> Iterator[Segment]:
    for dated in dates:
        yield ("DTM", dated.qualifier_code, day_text(dated.on))


def _amounts(amounts: Sequence[Amount]) -> Iterator[Segment]:
    for amount in amounts:
        yield ("AMT", amount.qualifier_code, x12_from_cents(amount.amount_cents))


def _quantities(quantities: Sequence[Quantity]) -> Iterator[Segment]:
    for one in quantities:
        yield ("QTY", one.qualifier_code, number_text(one.quantity))
