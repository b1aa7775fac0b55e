"""Claim status: ask with a 276, understand the 277. 005010X212. Typed, read and written.

data = x276.write_276([request], exchange, envelope)
for report in x276.read(answer).reports:
    report.claim_id, report.statuses
"""

from collections.abc import Iterable, Iterator, Sequence

from rcm.x12.registry import guide
from rcm.x12.values import day_text, number_text
from rcm.x12.writer import Composite, Draft, Envelope, Segment, write
from rcm.x12.x270_documents import Party, Person
from rcm.x12.x276_documents import (
    Status,
    StatusExchange,
    StatusLine,
    StatusReport,
    StatusRequest,
)
from rcm.x12.x276_read import Reading, ReadStatus, Stream, read
from rcm.x12.x277ca_documents import StatusCode
from rcm.x12.x837_details import Procedure
from rcm.x12.x837_segments import cents

__all__ = [
    "Party",
    "Person",
    "Procedure",
    "ReadStatus",
    "Reading",
    "Status",
    "StatusCode",
    "StatusExchange",
    "StatusLine",
    "StatusReport",
    "StatusRequest",
    "Stream",
    "draft_276",
    "draft_277",
    "read",
    "write_276",
    "write_277",
]

Document = StatusRequest | StatusReport


def write_276(
    requests: Iterable[StatusRequest], exchange: StatusExchange, envelope: Envelope
) -> bytes:
    """Write an interchange with one 276.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_276(requests, exchange)], envelope)


def write_277(
    reports: Iterable[StatusReport], exchange: StatusExchange, envelope: Envelope
) -> bytes:
    """Write an interchange with one 277.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_277(reports, exchange)], envelope)


def draft_276(
    requests: Iterable[StatusRequest], exchange: StatusExchange, control_number: str = ""
) -> Draft:
    """Prepare one 276, so that several can share an interchange (`writer.write`)."""
    return _draft("276 005010X212", ("13", ""), requests, exchange, control_number)


def draft_277(
    reports: Iterable[StatusReport], exchange: StatusExchange, control_number: str = ""
) -> Draft:
    """Prepare one 277, so that several can share an interchange (`writer.write`)."""
    return _draft("277 005010X212", ("08", "DG"), reports, exchange, control_number)


def _draft(
    key: str,
    purpose: tuple[str, str],
    documents: Iterable[Document],
    exchange: StatusExchange,
    control_number: str,
) -> Draft:
    known = guide(key)
    assert known is not None, key
    head = (
        "BHT",
        "0010",
        purpose[0],
        exchange.reference_number,
        day_text(exchange.created_on),
        exchange.created_time,
        purpose[1],
    )
    return Draft(known, [head, *_levels(documents)], control_number)


def _levels(documents: Iterable[Document]) -> Iterator[Segment]:
    """Write HL levels, a new one where a document differs from the one before it."""
    levels: list[tuple[int, str, list[Segment]]] = []
    open_levels: list[tuple[Sequence[Party], int]] = []
    for one in documents:
        steps = _steps(one)
        depth = 0
        while (
            depth < min(len(steps), len(open_levels)) and steps[depth][1] == open_levels[depth][0]
        ):
            depth += 1
        del open_levels[depth:]
        for code, parties in steps[depth:]:
            parent = open_levels[-1][1] if open_levels else -1
            levels.append((parent, code, list(_parties(parties))))
            open_levels.append((parties, len(levels) - 1))
        levels[-1 if depth < len(steps) else open_levels[-1][1]][2].extend(_claim(one))
    parents = {parent for parent, _, _ in levels}
    for place, (parent, code, content) in enumerate(levels):
        above = "" if parent < 0 else str(parent + 1)
        child = "1" if place in parents else "" if code == "23" else "0"
        yield ("HL", str(place + 1), above, code, child)
        yield from content


def _steps(one: Document) -> list[tuple[str, Sequence[Party]]]:
    """Give the levels from the payer down to what the document is about."""
    steps: list[tuple[str, Sequence[Party]]] = [("20", (one.payer,))]
    if one.receiver is not None:
        steps.append(("21", (one.receiver,)))
    if one.providers:
        steps.append(("19", one.providers))
    if one.subscriber is not None:
        steps.append(("22", (one.subscriber,)))
    if one.dependent is not None:
        steps.append(("23", (one.dependent,)))
    return steps


def _parties(parties: Sequence[Party]) -> Iterator[Segment]:
    for one in parties:
        if isinstance(one, Person) and (one.birth_on is not None or one.sex_code):
            born = day_text(one.birth_on)
            yield ("DMG", "D8" if born else "", born, one.sex_code)
        yield (
            "NM1",
            one.role_code,
            one.entity_type_code,
            one.name,
            one.first_name,
            one.middle_name,
            "",
            one.suffix,
            one.number_qualifier_code,
            one.number,
        )
        for contact in one.contacts:
            pairs = ((each.qualifier_code, each.number) for each in contact.numbers)
            yield ("PER", "IC", contact.name, *(text for pair in pairs for text in pair))


def _claim(one: Document) -> Iterator[Segment]:
    if not one.trace_number:
        return
    yield ("TRN", one.trace_type_code, one.trace_number)
    if isinstance(one, StatusReport):
        yield from map(_status, one.statuses)
    request = one if isinstance(one, StatusRequest) else None
    report = one if isinstance(one, StatusReport) else None
    for qualifier, text in (
        ("1K", one.payer_claim_control_number),
        ("BLT", one.bill_type_code),
        ("LU", request.location if request else ""),
        ("6P", request.group_number if request else ""),
        ("EJ", one.claim_id),
        ("XZ", one.prescription_number),
        ("VV", report.voucher_number if report else ""),
        ("D9", one.clearinghouse_trace_number),
    ):
        if text:
            yield ("REF", qualifier, text)
    if request is not None and request.billed_cents is not None:
        yield ("AMT", "T3", cents(request.billed_cents))
    yield from _service(one)
    for line in one.lines:
        yield (
            "SVC",
            _procedure(line.procedure),
            cents(line.billed_cents),
            cents(line.paid_cents),
            line.revenue_code,
            "",
            "",
            number_text(line.quantity),
        )
        yield from map(_status, line.statuses)
        if line.line_item_control_number:
            yield ("REF", "FJ", line.line_item_control_number)
        yield from _service(line)


def _service(one: Document | StatusLine) -> Iterator[Segment]:
    if one.service_from is None:
        return
    first = day_text(one.service_from)
    if one.service_through is None:
        yield ("DTP", "472", "D8", first)
    else:
        yield ("DTP", "472", "RD8", f"{first}-{day_text(one.service_through)}")


def _procedure(one: Procedure | None) -> Composite:
    if one is None:
        return Composite(("",))
    return Composite((one.qualifier_code, one.code, *one.modifiers))


def _status(one: Status) -> Segment:
    codes = [
        Composite(
            (code.status_category_code, code.status_code, code.entity_code, code.code_list_code)
        )
        for code in one.codes
    ]
    first, second, third = (*codes, Composite(("",)), Composite(("",)), Composite(("",)))[:3]
    return (
        "STC",
        first,
        day_text(one.effective_on),
        "",
        cents(one.billed_cents),
        cents(one.paid_cents),
        day_text(one.adjudicated_on),
        one.payment_method_code,
        day_text(one.paid_on),
        one.payment_number,
        second,
        third,
        one.text,
    )
