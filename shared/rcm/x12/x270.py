"""Eligibility: ask with a 270, understand the 271. 005010X279A1. Typed, read and written.

data = x270.write_270([inquiry], exchange, envelope)
for one in x270.read(answer).responses:
    one.response.benefits, one.response.rejections
"""

from collections.abc import Iterable, Iterator

from rcm.x12.registry import guide
from rcm.x12.values import day_text, number_text
from rcm.x12.writer import Composite, Draft, Envelope, Repeated, Segment, write
from rcm.x12.x270_documents import (
    Benefit,
    Delivery,
    Exchange,
    Identifier,
    Inquiry,
    Party,
    Period,
    Person,
    Qualification,
    Question,
    Rejection,
    Response,
    Trace,
)
from rcm.x12.x270_read import Reading, ReadInquiry, ReadResponse, Stream, read
from rcm.x12.x837_details import Procedure
from rcm.x12.x837_segments import cents

__all__ = [
    "Benefit",
    "Delivery",
    "Exchange",
    "Identifier",
    "Inquiry",
    "Party",
    "Period",
    "Person",
    "Qualification",
    "Question",
    "ReadInquiry",
    "ReadResponse",
    "Reading",
    "Rejection",
    "Response",
    "Stream",
    "Trace",
    "draft_270",
    "draft_271",
    "read",
    "write_270",
    "write_271",
]


def write_270(inquiries: Iterable[Inquiry], exchange: Exchange, envelope: Envelope) -> bytes:
    """Write an interchange with one 270.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_270(inquiries, exchange)], envelope)


def write_271(responses: Iterable[Response], exchange: Exchange, envelope: Envelope) -> bytes:
    """Write an interchange with one 271.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write([draft_271(responses, exchange)], envelope)


def draft_270(inquiries: Iterable[Inquiry], exchange: Exchange, control_number: str = "") -> Draft:
    """Prepare one 270, so that several can share an interchange (`writer.write`)."""
    return _draft("270 005010X279A1", inquiries, exchange, control_number)


def draft_271(responses: Iterable[Response], exchange: Exchange, control_number: str = "") -> Draft:
    """Prepare one 271, so that several can share an interchange (`writer.write`)."""
    return _draft("271 005010X279A1", responses, exchange, control_number)


def _draft(
    key: str, documents: Iterable[Inquiry | Response], exchange: Exchange, control_number: str
) -> Draft:
    known = guide(key)
    assert known is not None, key
    head = (
        "BHT",
        "0022",
        exchange.purpose_code,
        exchange.reference_number,
        day_text(exchange.created_on),
        exchange.created_time,
        exchange.transaction_type_code,
    )
    return Draft(known, [head, *_levels(documents)], control_number)


def _levels(documents: Iterable[Inquiry | Response]) -> Iterator[Segment]:
    """Write HL levels, a new one where a document differs from the one before it.

    HL04 is known only when all is made, so the levels are kept until then.
    """
    levels: list[tuple[int, str, list[Segment]]] = []  # parent's index, HL03, content
    source = receiver = subscriber = -1
    before: Inquiry | Response | None = None
    for one in documents:
        if before is None or _top(one) != _top(before):
            levels.append((-1, "20", list(_source(one))))
            source, receiver, subscriber = len(levels) - 1, -1, -1
        if one.receiver is not None:
            if receiver < 0 or before is None or one.receiver != before.receiver:
                levels.append((source, "21", list(_receiver(one, one.receiver))))
                receiver, subscriber = len(levels) - 1, -1
            if one.subscriber is not None:
                same = before is not None and one.subscriber == before.subscriber
                if one.dependent is None or subscriber < 0 or not same:
                    mine = one if one.dependent is None else None
                    levels.append((receiver, "22", list(_person(one.subscriber, mine))))
                    subscriber = len(levels) - 1
                if one.dependent is not None:
                    levels.append((subscriber, "23", list(_person(one.dependent, one))))
        before = one
    parents = {parent for parent, _, _ in levels}
    for place, (parent, code, content) in enumerate(levels):
        number = str(place + 1)
        above = "" if parent < 0 else str(parent + 1)
        yield ("HL", number, above, code, "1" if place in parents else "0")
        yield from content


def _top(one: Inquiry | Response) -> object:
    if isinstance(one, Inquiry):
        return one.source
    return one.source, one.system_rejections, one.source_rejections


def _source(one: Inquiry | Response) -> Iterator[Segment]:
    if isinstance(one, Response):
        yield from map(_rejection, one.system_rejections)
    yield from _party(one.source)
    if isinstance(one, Response):
        yield from map(_rejection, one.source_rejections)


def _receiver(one: Inquiry | Response, party: Party) -> Iterator[Segment]:
    rejections = one.receiver_rejections if isinstance(one, Response) else ()
    yield from _party(party, rejections)


def _person(person: Person, one: Inquiry | Response | None) -> Iterator[Segment]:
    """Write a person's level; `one` is the document that is about this person."""
    if one is not None:
        for trace in one.traces:
            yield ("TRN", trace.type_code, trace.number, trace.originator, trace.addition)
    rejections = one.rejections if isinstance(one, Response) else ()
    yield from _party(person, rejections)
    if person.birth_on is not None or person.sex_code:
        born = day_text(person.birth_on)
        yield ("DMG", "D8" if born else "", born, person.sex_code)
    if person.insured_code:
        yield (
            "INS",
            person.insured_code,
            person.relationship_code,
            person.maintenance_type_code,
            person.maintenance_reason_code,
            *[""] * 12,
            person.birth_sequence,
        )
    if person.diagnoses:
        yield ("HI", *(Composite(pair) for pair in person.diagnoses))
    yield from map(_period, person.periods)
    if isinstance(one, Inquiry):
        for question in one.questions:
            yield from _question(question)
    elif isinstance(one, Response):
        for benefit in one.benefits:
            yield from _benefit(benefit)


def _party(one: Party, rejections: Iterable[Rejection] = ()) -> Iterator[Segment]:
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
    for identifier in one.identifiers:
        yield _identifier(identifier)
    place = one.address
    if place is not None:
        if place.line_1:
            yield ("N3", place.line_1, place.line_2)
        if place.city or place.postal_code:
            yield (
                "N4",
                place.city,
                place.state_code,
                place.postal_code,
                place.country_code,
                "",
                "",
                place.subdivision_code,
            )
    for contact in one.contacts:
        numbers = [text for each in contact.numbers for text in (each.qualifier_code, each.number)]
        yield ("PER", "IC", contact.name, *numbers)
    yield from map(_rejection, rejections)
    if one.provider_code:
        yield (
            "PRV",
            one.provider_code,
            one.provider_number_qualifier_code,
            one.provider_number,
        )


def _rejection(one: Rejection) -> Segment:
    valid = "Y" if one.is_valid_request else "N"
    return ("AAA", valid, "", one.reason_code, one.follow_up_code)


def _identifier(one: Identifier) -> Segment:
    return ("REF", one.qualifier_code, one.number, one.description)


def _period(one: Period) -> Segment:
    first = day_text(one.first_on)
    if one.last_on is None:
        return ("DTP", one.qualifier_code, "D8", first)
    return ("DTP", one.qualifier_code, "RD8", f"{first}-{day_text(one.last_on)}")


def _procedure(one: Procedure | None) -> Composite:
    if one is None:
        return Composite(("",))
    modifiers = (*one.modifiers, "", "", "", "")[:4] if one.description else one.modifiers
    return Composite((one.qualifier_code, one.code, *modifiers, one.description))


def _pointers(numbers: tuple[int, ...]) -> Composite:
    return Composite(tuple(map(str, numbers)) or ("",))


def _question(one: Question) -> Iterator[Segment]:
    yield (
        "EQ",
        Repeated(one.service_type_codes or ("",)),
        _procedure(one.procedure),
        "",
        "",
        _pointers(one.pointers),
    )
    if one.spend_down_cents is not None:
        yield ("AMT", "R", cents(one.spend_down_cents))
    if one.spend_down_billed_cents is not None:
        yield ("AMT", "PB", cents(one.spend_down_billed_cents))
    if one.place_of_service_code:
        yield ("III", "ZZ", one.place_of_service_code)
    if one.prior_authorization is not None:
        yield _identifier(one.prior_authorization)
    if one.period is not None:
        yield _period(one.period)


def _benefit(one: Benefit) -> Iterator[Segment]:
    yield (
        "EB",
        one.information_code,
        one.coverage_level_code,
        Repeated(one.service_type_codes or ("",)),
        one.insurance_type_code,
        one.plan_description,
        one.time_period_code,
        cents(one.amount_cents),
        number_text(one.share),
        one.quantity_qualifier_code,
        number_text(one.quantity),
        one.needs_authorization_code,
        one.in_network_code,
        _procedure(one.procedure),
        _pointers(one.pointers),
    )
    for way in one.deliveries:
        yield (
            "HSD",
            way.quantity_qualifier_code,
            number_text(way.quantity),
            way.unit_code,
            number_text(way.sample_rate),
            way.period_qualifier_code,
            way.period_count,
            way.frequency_code,
            way.pattern_code,
        )
    yield from map(_identifier, one.identifiers)
    yield from map(_period, one.periods)
    yield from map(_rejection, one.rejections)
    for message in one.messages:
        yield ("MSG", message)
    for limit in one.qualifications:
        yield ("III", limit.list_code, limit.code, limit.category_code, limit.text)
    if one.parties:
        yield ("LS", "2120")
        for party in one.parties:
            yield from _party(party)
        yield ("LE", "2120")
