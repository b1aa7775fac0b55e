"""Write 277CAs from documents; HL numbers, parents and child codes are computed."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from rcm.money import x12_from_cents
from rcm.x12.guide_277ca import GUIDE
from rcm.x12.values import day_text, number_text
from rcm.x12.writer import Composite, Draft, Envelope, Segment, write
from rcm.x12.x277ca_documents import (
    ClaimAcknowledgment,
    ClaimStatus,
    LineStatus,
    ProviderStatus,
    ReceiverStatus,
    Status,
)
from rcm.x12.x835_documents import Party


def write_acknowledgments(
    acknowledgments: Iterable[ClaimAcknowledgment], envelope: Envelope
) -> bytes:
    """Write one interchange of 277CAs.

    Raises:
        NotWritable: A value holds a delimiter or a control character.
    """
    drafts = (
        Draft(GUIDE, segments(one), one.transaction_control_number) for one in acknowledgments
    )
    return write(drafts, envelope)


def segments(acknowledgment: ClaimAcknowledgment) -> Iterator[Segment]:
    """Give the segments of a 277CA between ST and SE."""
    yield (
        "BHT",
        "0085",
        "08",
        acknowledgment.reference_number,
        day_text(acknowledgment.created_on),
        acknowledgment.created_time,
        "TH",
    )
    level = 1
    yield ("HL", "1", "", "20", "1")
    yield _party(acknowledgment.source)
    yield ("TRN", "1", acknowledgment.source_trace_number)
    for qualifier, on in (
        ("050", acknowledgment.received_on),
        ("009", acknowledgment.processed_on),
    ):
        if on is not None:
            yield ("DTP", qualifier, "D8", day_text(on))
    for receiver in acknowledgment.receivers:
        level += 1
        receiver_level = level
        yield ("HL", str(level), "1", "21", "1" if receiver.providers else "0")
        yield from _receiver(receiver)
        for provider in receiver.providers:
            level += 1
            provider_level = level
            child = "1" if provider.claims else "0"
            yield ("HL", str(level), str(receiver_level), "19", child)
            yield from _provider(provider)
            for patient, claims in groupby(provider.claims, key=lambda claim: claim.patient):
                level += 1
                yield ("HL", str(level), str(provider_level), "PT")
                yield _party(patient)
                for claim in claims:
                    yield from _claim(claim)


def _receiver(receiver: ReceiverStatus) -> Iterator[Segment]:
    yield _party(receiver.receiver)
    yield ("TRN", "2", receiver.originator_reference_number)
    yield from _statuses(receiver.statuses)
    yield from _counted("QTY", "90", receiver.accepted_count)
    yield from _counted("QTY", "AA", receiver.rejected_count)
    yield from _summed(receiver.accepted_cents, receiver.rejected_cents)


def _provider(provider: ProviderStatus) -> Iterator[Segment]:
    yield _party(provider.provider)
    if provider.trace_number:
        yield ("TRN", "1", provider.trace_number)
    yield from _statuses(provider.statuses)
    for reference in provider.references:
        yield ("REF", reference.qualifier_code, reference.number)
    yield from _counted("QTY", "QA", provider.accepted_count)
    yield from _counted("QTY", "QC", provider.rejected_count)
    yield from _summed(provider.accepted_cents, provider.rejected_cents)


def _claim(claim: ClaimStatus) -> Iterator[Segment]:
    yield ("TRN", "2", claim.claim_id)
    yield from _statuses(claim.statuses)
    yield from _reference("1K", claim.payer_claim_control_number)
    yield from _reference("D9", claim.clearinghouse_trace_number)
    yield from _reference("BLT", claim.bill_type_code)
    yield from _period(claim.service_from, claim.service_through)
    for line in claim.lines:
        yield from _line(line)


def _line(line: LineStatus) -> Iterator[Segment]:
    yield (
        "SVC",
        Composite(line.procedure),
        x12_from_cents(line.billed_cents),
        "",
        line.revenue_code,
        "",
        "",
        number_text(line.units),
    )
    yield from _statuses(line.statuses)
    yield from _reference("FJ", line.line_item_control_number)
    yield from _reference("XZ", line.prescription_number)
    yield from _period(line.service_from, line.service_through)


def _statuses(statuses: Iterable[Status]) -> Iterator[Segment]:
    for status in statuses:
        codes = [
            Composite(
                (
                    code.status_category_code,
                    code.status_code,
                    code.entity_code,
                    code.code_list_code,
                )
            )
            for code in status.codes
        ]
        second = codes[1] if len(codes) > 1 else ""
        third = codes[2] if len(codes) > 2 else ""
        billed = "" if status.billed_cents is None else x12_from_cents(status.billed_cents)
        yield (
            "STC",
            codes[0],
            day_text(status.effective_on),
            status.action_code,
            billed,
            *[""] * 5,
            second,
            third,
            status.text,
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


def _reference(qualifier: str, number: str) -> Iterator[Segment]:
    if number:
        yield ("REF", qualifier, number)


def _counted(tag: str, qualifier: str, count: int | None) -> Iterator[Segment]:
    if count is not None:
        yield (tag, qualifier, str(count))


def _summed(accepted_cents: int | None, rejected_cents: int | None) -> Iterator[Segment]:
    for qualifier, amount in (("YU", accepted_cents), ("YY", rejected_cents)):
        if amount is not None:
            yield ("AMT", qualifier, x12_from_cents(amount))


def _period(first: date | None, last: date | None) -> Iterator[Segment]:
    if first is None:
        return
    if last in {None, first}:
        yield ("DTP", "472", "D8", day_text(first))
    else:
        yield ("DTP", "472", "RD8", f"{day_text(first)}-{day_text(last)}")
