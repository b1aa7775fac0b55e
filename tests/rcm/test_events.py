"""Events: strict when made, tolerant when read, and no PHI that is not sealed."""

from uuid import uuid5

import msgspec
import pytest

from rcm.events.catalogue import CATALOGUE, EVENTS_BY_TOPIC
from rcm.events.claims import ClaimRejected
from rcm.events.clinical import Reason
from rcm.events.envelope import NAMESPACE, Recorded, attributes, derived_id, recorded
from rcm.events.event import Catalogue, Event, NotAnEvent, UnknownEvent
from rcm.events.phi import ClearPhi, Phi
from rcm.events.remit import RemittanceUnmatched

REJECTED = ClaimRejected(
    claim_id="C1",
    level="TA1",
    reasons=[Reason(rule_id="ta1-006", path="ISA", text="bad version")],
)


def test_an_event_survives_the_log():
    data = CATALOGUE.encode(REJECTED)
    assert CATALOGUE.decode("ClaimRejected.v1", data) == REJECTED


def test_json_is_canonical():
    data = CATALOGUE.encode(REJECTED)
    keys = list(msgspec.json.decode(data))
    assert keys == sorted(keys)
    assert b": " not in data


def test_an_event_that_breaks_its_contract_cannot_be_made():
    with pytest.raises(msgspec.ValidationError):
        CATALOGUE.encode(msgspec.structs.replace(REJECTED, claim_id="lower-case"))


def test_an_unknown_field_is_passed_over():
    data = CATALOGUE.encode(REJECTED).replace(b'{"', b'{"added_later":[1],"', 1)
    assert CATALOGUE.decode("ClaimRejected.v1", data) == REJECTED


@pytest.mark.parametrize("type_name", ["NobodyKnows.v1", "ClaimRejected.v99"])
def test_an_unknown_type_or_future_version_is_kept_as_unknown(type_name):
    assert CATALOGUE.decode(type_name, b"{}") == UnknownEvent(type=type_name)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"claim_id":1}',
        b"[" * 100_000,
        b'{"claim_id":"C1","level":"x","reasons":[]}',
    ],
)
def test_bytes_that_are_no_event_are_refused_without_repeating_them(data):
    with pytest.raises(NotAnEvent) as refused:
        CATALOGUE.decode("ClaimRejected.v1", data)
    assert str(refused.value) == "not a 'ClaimRejected.v1'"


@pytest.mark.parametrize(
    "type_name", ["", "ClaimRejected", "ClaimRejected.v0", "claim.v1", "A.v1\n", "Ｃlaim.v1"]
)
def test_a_malformed_type_is_refused(type_name):
    with pytest.raises(NotAnEvent):
        CATALOGUE.decode(type_name, b"{}")


def test_phi_that_is_not_sealed_cannot_be_written():
    event = RemittanceUnmatched(
        unmatched_id="u", remittance_id="r", position=1, paid_cents=1, billed_cents=1,
        payment=ClearPhi.of("pt_1", "DOE"), entries=[],
    )  # fmt: skip
    with pytest.raises(AssertionError, match="not sealed"):
        CATALOGUE.encode(event)
    sealed = msgspec.structs.replace(event, payment=Phi(key_id="pt_1", bound_to="x", box="y"))
    assert b"DOE" not in CATALOGUE.encode(sealed)


def test_phi_is_not_printable():
    assert "DOE" not in repr(ClearPhi.of("pt_1", "DOE"))
    assert "secret" not in repr(Phi(key_id="pt_1", bound_to="x", box="secret"))


def test_phi_is_never_nested_deeper_than_a_field():
    """Sealing looks at the fields of an event only, so no other type may hold a Phi."""
    for event in CATALOGUE.events.values():
        schema = msgspec.json.schema(event)
        holders = {
            name
            for name, definition in schema["$defs"].items()
            if name != "Phi" and "#/$defs/Phi" in str(definition)
        }
        assert holders <= {event.__name__}


class Renamed(Event, frozen=True, kw_only=True):
    """A contract at its third version."""

    name = "Renamed"
    version = 3
    upcasters = {
        1: lambda body: {"amount_cents": body["amount"] * 100},
        2: lambda body: {**body, "currency": "USD"},
    }

    amount_cents: int
    currency: str


@pytest.mark.parametrize(
    ("type_name", "data"),
    [
        ("Renamed.v1", b'{"amount":5}'),
        ("Renamed.v2", b'{"amount_cents":500}'),
        ("Renamed.v3", b'{"amount_cents":500,"currency":"USD"}'),
    ],
)
def test_old_versions_are_brought_up_step_by_step(type_name, data):
    assert Catalogue(Renamed).decode(type_name, data) == Renamed(amount_cents=500, currency="USD")


def test_a_broken_old_version_is_no_event():
    with pytest.raises(NotAnEvent):
        Catalogue(Renamed).decode("Renamed.v1", b"{}")


def an_envelope() -> Recorded[ClaimRejected]:
    return Recorded(
        event_id=derived_id("cause", "claims-svc", 0), source="claims-svc", tenant_id="northside",
        stream_id="C1", stream_version=7, recorded_at="2026-11-22T10:00:00.000000Z",
        correlation_id="m1", causation_id="e1", actor="claims-svc", handled="rcm.coding/3:12",
        idempotency="k|h", traceparent="00-x", event=REJECTED,
    )  # fmt: skip


def test_an_envelope_survives_its_headers():
    envelope = an_envelope()
    assert recorded(attributes(envelope.headers()), envelope.event) == envelope


@pytest.mark.parametrize(
    "missing", ["ce_id", "ce_source", "ce_type", "ce_subject", "tenant", "streamversion"]
)
def test_a_missing_attribute_is_refused(missing):
    headers = {n: value for n, value in an_envelope().headers().items() if n != missing}
    with pytest.raises(NotAnEvent, match=missing):
        attributes(headers)


@pytest.mark.parametrize("version", [b"0", b"-1", b"x", "٣".encode(), b"1" * 30, b"\xff"])
def test_a_stream_version_is_a_positive_number(version):
    headers = an_envelope().headers() | {"streamversion": version}
    with pytest.raises(NotAnEvent):
        attributes(headers)


def test_ids_of_effects_depend_on_cause_source_and_ordinal_alone():
    assert derived_id("a", "s", 0) == derived_id("a", "s", 0)
    assert derived_id("a", "s", 7) == str(uuid5(NAMESPACE, "a/s/7"))
    assert len({derived_id(c, s, n) for c in "ab" for s in "st" for n in range(3)}) == 12


def test_no_event_belongs_to_two_topics():
    names = [event.name for events in EVENTS_BY_TOPIC.values() for event in events]
    assert len(names) == len(set(names))
