"""Builders of claims-svc's values: an encounter, a directory, a context, and a little decider."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from claims_svc.model.content import ClaimContent, CodedEncounter, contents
from claims_svc.model.directory import Contact, Directory, Facility, Payer, Place, Receiver
from claims_svc.model.evolve import evolve
from rcm.domain import Fact
from rcm.events.catalogue import CATALOGUE
from rcm.events.clinical import (
    Address,
    ChargeLine,
    Coverage,
    Diagnosis,
    Institutional,
    PatientPhi,
    PersonPhi,
    Procedure,
    Provider,
    SubscriberPhi,
)
from rcm.events.coding import EncounterCoded
from rcm.events.envelope import Recorded, derived_id
from rcm.events.event import Event
from rcm.events.phi import ClearPhi, Phi

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TENANT = "northside"

BILLING_NPI = "1453100012"
RENDERING = Provider(
    npi="1123400016", last_name="OYELARAN", first_name="NOOR", taxonomy_code="207R00000X"
)
STREET = Address(line1="12 CEDAR ST", city="COLUMBUS", state_code="OH", postal_code="432151234")
PERSON = PersonPhi(
    last_name="XIONG", first_name="ADA", born_on="1980-02-03", sex_code="F", address=STREET
)
RECEIVER = Receiver(
    receiver_id="SIMCLEAR",
    receiver_name="SIMULATED CLEARINGHOUSE",
    submitter_id="NORTHSIDE",
    submitter_name="NORTHSIDE REGIONAL HOSPITAL",
    contact=Contact(name="BILLING OFFICE", phone_number="6145550100"),
)


def a_facility(**changes: Any) -> Facility:
    """Give the billing provider."""
    values = {
        "facility_id": "NORTHSIDE",
        "name": "NORTHSIDE REGIONAL HOSPITAL",
        "npi": BILLING_NPI,
        "taxonomy_code": "282N00000X",
        "employer_id_number": "310000001",
        "address": STREET,
        "phone_number": "6145550101",
    }
    return Facility(**(values | changes))


def a_directory(**changes: Any) -> Directory:
    """Give a directory with one receiver, facility and payer."""
    values = {
        "tenant_id": TENANT,
        "version": "test-1",
        "receivers": [RECEIVER],
        "facilities": [a_facility()],
        "payers": [Payer(payer_id="54771", receiver_id="SIMCLEAR", filing_days=180)],
        "places": [
            Place(npi="1679576722", name="NORTHSIDE IMAGING", address=STREET),
        ],
        "default_receiver_id": "SIMCLEAR",
    }
    return Directory(**(values | changes))


def a_coverage(**changes: Any) -> Coverage:
    """Give a coverage by the test's payer."""
    values = {
        "payer_id": "54771",
        "payer_name": "BLUE PRAIRIE PPO",
        "sequence_code": "P",
        "relationship_code": "18",
        "claim_filing_indicator_code": "BL",
    }
    return Coverage(**(values | changes))


def a_subscriber(**changes: Any) -> SubscriberPhi:
    """Give who holds it."""
    values = {"person": PERSON, "member_number": "BPX000010001", "group_number": "GRP001"}
    return SubscriberPhi(**(values | changes))


def a_line(number: int = 1, **changes: Any) -> ChargeLine:
    """Give a professional line."""
    values = {
        "line_item_control_number": f"L{number}",
        "form": "P",
        "service_from": "2026-11-02",
        "service_through": "2026-11-02",
        "billed_cents": 17_500,
        "procedure_code": "G0439",
        "place_of_service_code": "11",
        "diagnosis_pointers": [1],
        "rendering": RENDERING,
    }
    return ChargeLine(**(values | changes))


def a_facility_line(number: int = 1, **changes: Any) -> ChargeLine:
    """Give a facility line."""
    values = {
        "line_item_control_number": f"F{number}",
        "form": "I",
        "service_from": "2026-11-02",
        "service_through": "2026-11-02",
        "billed_cents": 285_000,
        "revenue_code": "0120",
        "units_milli": 2_000,
        "unit_code": "DA",
    }
    return ChargeLine(**(values | changes))


STAY = Institutional(
    bill_type_code="11",
    statement_from="2026-11-02",
    statement_through="2026-11-04",
    admission_type_code="1",
    point_of_origin_code="1",
    patient_status_code="01",
    admitted_at="202611020900",
    discharged_time="1400",
    drg_code="470",
    procedures=[Procedure(code="0SRD0J9", performed_on="2026-11-03", is_principal=True)],
)


def an_encounter(**changes: Any) -> EncounterCoded:
    """Give a coded encounter of one office visit; its persons are sealed by `clear`."""
    values = {
        "encounter_id": "enc_1",
        "coded_version": 1,
        "patient_id": "pt_1",
        "facility_id": "NORTHSIDE",
        "class_code": "O",
        "patient": ClearPhi.of(
            "pt_1", PatientPhi(person=PERSON, medical_record_number="M00000001")
        ),
        "subscribers": ClearPhi.of("pt_1", [a_subscriber()]),
        "coverages": [a_coverage()],
        "diagnoses": [
            Diagnosis(code="E119", role="principal"),
            Diagnosis(code="I10", role="other"),
        ],
        "lines": [a_line()],
    }
    return EncounterCoded(**(values | changes))


def a_stay(**changes: Any) -> EncounterCoded:
    """Give a coded inpatient stay."""
    values = {
        "class_code": "I",
        "lines": [a_facility_line()],
        "institutional": STAY,
        "attending": RENDERING,
        "diagnoses": [
            Diagnosis(code="M1711", role="principal", present_on_admission_code="Y"),
            Diagnosis(code="M1711", role="admitting"),
            Diagnosis(code="I10", role="other", present_on_admission_code="Y"),
        ],
    }
    return an_encounter(**(values | changes))


def clear(coded: EncounterCoded) -> CodedEncounter:
    """Open an encounter whose persons are still in clear."""
    assert isinstance(coded.patient, ClearPhi)
    assert isinstance(coded.subscribers, ClearPhi)
    return CodedEncounter(
        coded=coded,
        patient=msgspec.json.decode(coded.patient.content, type=PatientPhi),
        subscribers=msgspec.json.decode(coded.subscribers.content, type=list[SubscriberPhi]),
    )


def a_content(coded: EncounterCoded | None = None, **changes: Any) -> ClaimContent:
    """Give the content of an encounter's first claim."""
    (content, *_) = contents(clear(coded or an_encounter()), a_directory())
    return msgspec.structs.replace(content, **changes)


@dataclass
class FakeContext:
    """A context whose sealing is only pretended: the box is the JSON itself."""

    tenant_id: str = TENANT
    now: datetime = NOW
    cause_id: str = "cause-1"

    def open(self, phi: Phi, shape: type[Any]) -> Any:
        """Read what was pretended to be sealed."""
        if not isinstance(phi, ClearPhi):
            content = None if phi.box == "" else phi.box.encode()
        else:
            content = phi.content
        return None if content is None else msgspec.json.decode(content, type=shape)

    def opaque_id(self, prefix: str, *parts: str) -> str:
        """Derive an id."""
        return f"{prefix}_{'_'.join(parts)}"


@dataclass
class World:
    """Streams and rows over dictionaries: give facts, decide, see what follows."""

    states: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    now: datetime = NOW
    _causes: int = 0

    def record(self, facts: Sequence[Fact], cause_id: str = "") -> list[Event]:
        """Seal, fold and keep facts; gives the events as recorded."""
        self._causes += 1
        cause_id = cause_id or f"cause-{self._causes}"
        recorded_events = []
        for ordinal, (stream_id, event) in enumerate(facts):
            event_id = derived_id(cause_id, "claims-svc", ordinal)
            boxed = {
                name: Phi(phi.key_id, f"{event_id}/{event.name}/{name}", phi.content.decode())
                for name in CATALOGUE.phi_fields[event.name]
                if isinstance(phi := getattr(event, name), ClearPhi)
            }
            sealed = msgspec.structs.replace(event, **boxed) if boxed else event
            CATALOGUE.encode(sealed)
            version = self.versions.get(stream_id, 0) + 1
            self.versions[stream_id] = version
            recorded = Recorded(
                event_id=event_id,
                source="claims-svc",
                tenant_id=TENANT,
                stream_id=stream_id,
                stream_version=version,
                recorded_at=self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                correlation_id=cause_id,
                causation_id=cause_id,
                actor="test",
                event=sealed,
            )
            self.states[stream_id] = evolve(self.states.get(stream_id), recorded)
            self.facts.append(Fact(stream_id, sealed))
            recorded_events.append(sealed)
        return recorded_events

    def context(self, cause_id: str = "cause") -> FakeContext:
        """Give the context of a decision."""
        return FakeContext(now=self.now, cause_id=cause_id)

    def events(self, name: str) -> list[Any]:
        """Give the recorded events of a name."""
        return [event for _, event in self.facts if event.name == name]


def upstream(event: Event, stream_id: str = "s", version: int = 1) -> Recorded[Any]:
    """Wrap an event of another service."""
    return Recorded(
        event_id=f"{event.name}-{stream_id}-{version}",
        source="other-svc",
        tenant_id=TENANT,
        stream_id=stream_id,
        stream_version=version,
        recorded_at="2026-11-22T12:00:00.000000Z",
        correlation_id="c",
        causation_id="c",
        actor="test",
        event=event,
    )
