"""Whatever a typed claim holds is written and read again; whatever a file holds raises nothing."""

from datetime import date
from decimal import Decimal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcm.money import CENTS_MAX
from rcm.x12 import x837
from x12_837_cases import (
    DENTAL,
    INSTITUTIONAL,
    PROFESSIONAL,
    World,
    a_file,
    office_visit,
)

replace = msgspec.structs.replace
SHAPES = [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL]
# Text that X12 can carry: printable, no separators, no blanks around it.
TEXT = st.text(
    st.characters(
        codec="utf-8",
        categories=("Lu", "Ll", "Nd", "Po", "Pd", "Zs"),
        exclude_characters="*~:^",
    ).filter(str.isprintable),
    min_size=1,
    max_size=30,
).filter(lambda text: text == text.strip() and text.isprintable())
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
QUANTITIES = st.decimals(
    Decimal("0.001"), Decimal(99999), places=3, allow_nan=False, allow_infinity=False
).map(Decimal.normalize)
FILES = [a_file(shape(World(1))) for shape in SHAPES]


def read_again(claim: x837.Claim) -> x837.Claim:
    (one,) = x837.read(a_file(claim)).claims
    return one.claim


@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_shape_from_any_seed_is_written_and_read_again(shape, seed):
    claim = shape(World(seed))
    assert read_again(claim) == claim


@given(
    name=TEXT,
    note=TEXT,
    cents=st.integers(0, CENTS_MAX),
    day=DAYS,
    quantity=QUANTITIES,
    pointers=st.lists(st.integers(1, 12), min_size=1, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_text_amount_date_and_quantity_survives(name, note, cents, day, quantity, pointers):
    claim = office_visit(World(1))
    line = replace(
        claim.lines[0],
        billed_cents=cents,
        service_from=day,
        quantity=quantity,
        diagnosis_pointers=tuple(pointers),
    )
    claim = replace(
        claim,
        subscriber=replace(claim.subscriber, name=name, birth_on=day),
        notes=(x837.Note(code="ADD", text=note),),
        billed_cents=cents,
        lines=(line,),
        onset_on=day,
        patient_paid_cents=cents,
    )
    assert read_again(claim) == claim


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=300, deadline=1000)
def test_a_flipped_byte_raises_nothing(data, draw):
    place = draw.draw(st.integers(0, len(data) - 1))
    flipped = bytes([data[place] ^ (1 << draw.draw(st.integers(0, 7)))])
    broken = data[:place] + flipped + data[place + 1 :]
    for event in x837.FileCheck(broken, as_of=date(2026, 6, 30)):
        if isinstance(event, x837.CheckedClaim):
            msgspec.json.encode(event.claim)


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=100, deadline=1000)
def test_a_segment_repeated_moved_or_lost_raises_nothing(data, draw):
    segments = data.decode().rstrip("~").split("~")
    place = draw.draw(st.integers(0, len(segments) - 1))
    other = draw.draw(st.integers(0, len(segments)))
    segment = segments[place]
    is_lost, is_put = draw.draw(st.booleans()), draw.draw(st.booleans())
    if is_lost:
        del segments[place]
    if is_put:
        segments.insert(min(other, len(segments)), segment)
    broken = ("~".join(segments) + "~").encode()
    check = x837.FileCheck(broken, as_of=date(2026, 6, 30))
    for _ in check:
        pass
    # What only moved may be right there too: K3 of the claim is K3 of its last line.
    assert is_lost is is_put or check.findings
