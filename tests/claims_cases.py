"""Builders of claims-svc's values: an encounter, a directory, a context, and a little decider."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import msgspec

from claims_svc.codec.answers import read_answers
from claims_svc.decide.acknowledge import Filed, acknowledge
from claims_svc.decide.bill import catch_up, catch_up_streams
from claims_svc.decide.coordinate import Named, coordinate, next_claim_id
from claims_svc.decide.correct import (
    Correction,
    answer_denial,
    correct,
    corrected_id,
    drop,
    hold,
    release,
)
from claims_svc.decide.send import Selection, Written, batch, batch_streams
from claims_svc.handlers.mail import _known_interchange
from claims_svc.handlers.sending import _settle
from claims_svc.handlers.service import service
from claims_svc.model.content import ClaimContent, CodedEncounter, OtherCoverage, contents
from claims_svc.model.directory import Contact, Directory, Facility, Payer, Place, Receiver
from claims_svc.model.prior import PriorAdjudication, PriorLine
from claims_svc.model.states import (
    acknowledgement_stream,
    encounter_stream,
    sequence_stream,
)
from claims_svc.store import ClaimsTable, InterchangeRow
from memory_cases import MemoryService
from rcm.domain import Command
from rcm.events.clinical import (
    Address,
    Adjustment,
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
from rcm.events.phi import ClearPhi, Phi
from rcm.events.remit import PaidLine, RemittanceReceived
from rcm.x12 import ta1 as x12_ta1
from rcm.x12 import x277ca as x12_277ca
from rcm.x12 import x999 as x12_999
from rcm.x12.writer import Envelope
from service_cases import Cause, ServiceCase, Story

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TENANT = "northside"

BILLING_NPI = "1453100012"
RENDERING = Provider(
    npi="1123400016", last_name="OYELARAN", first_name="NOOR", taxonomy_code="207R00000X"
)
SEQUENCE = sequence_stream("NORTHSIDE", "SIMCLEAR")
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


class Case:
    """A service in memory, with what its handlers do: pick rows, name streams, execute."""

    def __init__(self, directory: Directory | None = None) -> None:
        self.directory = directory if directory is not None else a_directory()
        self.case = ServiceCase(service(lambda _: self.directory), ClaimsTable.metadata)
        self.story = self.case.given()
        self.story.service.now = NOW
        self.written: list[Written] = []
        self._count = 0

    @property
    def service(self) -> MemoryService:
        """The service in memory."""
        return self.story.service

    def state(self, stream_id: str) -> Any:
        """Give the state of a stream."""
        return self.service.state(stream_id)

    def happens(self, *parts: Any) -> Story:
        """Let something happen."""
        return self.story.when(*parts)

    def coded(self, event: EncounterCoded | None = None) -> Story:
        """Let an encounter be coded."""
        event = event or an_encounter()
        return self.happens(Cause(event.encounter_id, event))

    def row(self, table: str, **key: Any) -> dict[str, Any]:
        """Find a row."""
        (found,) = [row for row in self.rows(table) if all(row[name] == key[name] for name in key)]
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        """List the rows of a table, JSON read."""
        return [
            {
                name: json.loads(value) if isinstance(value, str) and value[:1] == "[" else value
                for name, value in row.items()
            }
            for row in self.service.table(table)
        ]

    def claim_ids(self, status: str = "") -> list[str]:
        """List claims, the most urgent first."""
        rows = [row for row in self.service.table("claim") if status in ("", row["status"])]
        return [
            row["claim_id"]
            for row in sorted(rows, key=lambda row: (row["filing_deadline_on"], row["claim_id"]))
        ]

    def sealed(self, claim_id: str) -> Phi:
        """Find the sealed content of a claim."""
        row = self.row("claim_content", claim_id=claim_id)
        return Phi(row["key_id"], row["bound_to"], row["box"])

    def command(self, streams: Sequence[str], decide: Any) -> Command:
        """Make a command."""
        self._count += 1
        return Command(
            tenant_id=TENANT,
            command_id=f"command-{self._count}",
            streams=streams,
            decide=decide,
            actor="test",
        )

    def batches(
        self, *claim_ids: str, form: str = "P", size: int = 100, receiver: Receiver = RECEIVER
    ) -> Story:
        """Put ready claims into the next interchange."""
        wanted = claim_ids or [
            one for one in self.claim_ids("ready") if self.state(one).form == form
        ]
        selection = Selection(receiver, form, {one: self.sealed(one) for one in wanted}, size)
        decide = partial(batch, selection=selection, hand_out=self.written.append)
        return self.happens(self.command(batch_streams(selection), decide))

    def settles(self, outcome: str = "sent", evidence: str = "http-202", number: str = "") -> Story:
        """Say what became of an interchange; the last one unless told."""
        number = number or self.written[-1].interchange_control_number
        row = self.row("interchange", interchange_control_number=number)
        decide = partial(_settle, stream=SEQUENCE, number=number, outcome=outcome)
        return self.happens(
            self.command(
                [SEQUENCE, *self._involved(row["claim_ids"])], partial(decide, evidence=evidence)
            )
        )

    def sends(self, *claim_ids: str, form: str = "P", size: int = 100) -> Written:
        """Batch and settle as sent."""
        self.batches(*claim_ids, form=form, size=size)
        self.settles()
        return self.written[-1]

    def is_told(self, *data: bytes) -> Story:
        """Let acknowledgement files come in together."""
        files = [self._filed(one) for one in data]
        known = [one for file in files for one in file.known]
        claim_ids = {one for each in known for one in each.all_claim_ids}
        claim_ids |= {one.claim_id for file in files for one in file.answers.claims} - {""}
        streams = [
            *(acknowledgement_stream(file.sha256) for file in files),
            *(one.stream for one in known),
            *self._involved(sorted(claim_ids)),
        ]
        decide = partial(acknowledge, files=files)
        return self.happens(self.command(list(dict.fromkeys(streams)), decide))

    def _filed(self, data: bytes) -> Filed:
        answers = read_answers(data)
        known = [_known_interchange(InterchangeRow(**row)) for row in self._answered(answers)]
        return Filed(answers, hashlib.sha256(data).hexdigest(), known)

    def _answered(self, answers: Any) -> list[dict[str, Any]]:
        numbers = {one.interchange_control_number for one in answers.interchanges}
        numbers |= {one.interchange_control_number for one in answers.claims} - {""}
        groups = {one.group_control_number for one in answers.transactions}
        named = {one.claim_id for one in answers.claims} - {""}
        if named and not numbers:
            numbers = {
                row["interchange_control_number"]
                for row in self.service.table("claim")
                if row["claim_id"] in named
            }
        return [
            row
            for row in self.rows("interchange")
            if row["interchange_control_number"] in numbers or row["group_control_number"] in groups
        ]

    def _involved(self, claim_ids: Sequence[str]) -> list[str]:
        replaced = [
            row["replaces_claim_id"]
            for row in self.service.table("claim")
            if row["claim_id"] in claim_ids and row["replaces_claim_id"]
        ]
        return list(dict.fromkeys([*claim_ids, *replaced]))

    def corrects(self, claim_id: str, **fields: Any) -> Story:
        """Correct a claim."""
        decide = partial(
            correct,
            claim_id=claim_id,
            sealed=self.sealed(claim_id),
            correction=Correction(**fields),
            directories=lambda _: self.directory,
        )
        return self.happens(self.command([claim_id], decide))

    def releases(self, claim_id: str) -> Story:
        """Release a claim."""
        return self._asks(release, claim_id)

    def holds(self, claim_id: str) -> Story:
        """Hold a claim."""
        return self._asks(hold, claim_id)

    def drops(self, claim_id: str, cause: Any = "coverage-ended") -> Story:
        """Drop a later payer's claim."""
        decide = partial(drop, claim_id=claim_id, cause=cause)
        return self.happens(self.command([claim_id], decide))

    def _asks(self, decision: Any, claim_id: str) -> Story:
        sealed = self.sealed(claim_id) if claim_id in self.claim_ids() else None
        decide = partial(
            decision, claim_id=claim_id, sealed=sealed, directories=lambda _: self.directory
        )
        return self.happens(self.command([claim_id], decide))

    def catches_up(self, encounter_id: str = "enc_1") -> Story:
        """Bill what waits, as the job does."""
        row = self.row("encounter", encounter_id=encounter_id)
        streams = catch_up_streams(encounter_id, row["claim_ids"], row["next_claim_ids"])
        stored = {one: self.sealed(one) for one in row["claim_ids"]}
        decide = partial(
            catch_up,
            encounter_id=encounter_id,
            directories=lambda _: self.directory,
            stored=stored,
        )
        return self.happens(self.command(streams, decide))

    def tells_next(self, claim_id: str) -> Story:
        """Tell the next payer what was answered, as the job does."""
        claim = self.state(claim_id)
        count, is_voided = len(claim.answers), claim.is_voided
        new_id = next_claim_id(
            TENANT, claim.encounter_id, claim_id, claim.form, count, is_voided=is_voided
        )
        named = Named(claim_id, self.standing(claim_id), new_id)
        decide = partial(
            coordinate,
            named=named,
            sealed=self.sealed(claim_id),
            directories=lambda _: self.directory,
        )
        return self.happens(self.command(named.streams, decide))

    def standing(self, claim_id: str) -> str:
        """Name the claim that stands for the next payer, or nothing."""
        claim = self.state(claim_id)
        while not claim.next_claim_id and claim.replaces_claim_id:
            claim = self.state(claim.replaces_claim_id)
        found = claim.next_claim_id
        while found and self.state(found).replaced_by:
            found = self.state(found).replaced_by
        return found

    def answers_denial(self, claim_id: str, denial_id: str = "den_1") -> Story:
        """Make the corrected claim that a denial asked for, as the job does."""
        claim = self.state(claim_id)
        new_id = corrected_id(TENANT, claim.encounter_id, claim_id, denial_id, claim.form)
        decide = partial(
            answer_denial,
            claim_id=claim_id,
            sealed=self.sealed(claim_id),
            directories=lambda _: self.directory,
        )
        streams = [claim_id, new_id, encounter_stream(claim.encounter_id)]
        return self.happens(self.command(streams, decide))


def ta1(number: str, status: str = "A", note: str = "000") -> bytes:
    """Write a TA1 for an interchange of ours."""
    one = x12_ta1.InterchangeAcknowledgment(
        interchange_control_number=number,
        interchange_date="261122",
        interchange_time="1200",
        status_code=status,
        note_code=note,
    )
    return x12_ta1.write([one], _back())


def x999(group: str, *verdicts: tuple[str, str], claim_id: str = "", status: str = "") -> bytes:
    """Write a 999 for a group of ours: (ST02, IK501) pairs; `claim_id` is whom the errors name."""
    transactions = tuple(
        x12_999.TransactionAcknowledgment(
            transaction_code="837",
            transaction_control_number=number,
            status_code=verdict,
            error_codes=("5",) if verdict == "R" else (),
            segments=(_segment_error(claim_id),) if verdict == "R" else (),
        )
        for number, verdict in verdicts
    )
    accepted = sum(one.is_accepted for one in transactions)
    given = status or ("A" if accepted == len(transactions) else "P" if accepted else "R")
    document = x12_999.GroupAcknowledgment(
        group_code="HC",
        group_control_number=group,
        version="005010X222A1",
        transactions=transactions,
        status_code=given,
        included_count=len(transactions),
        received_count=len(transactions),
        accepted_count=accepted,
    )
    return x12_999.write([document], _back())


def _segment_error(claim_id: str) -> x12_999.SegmentError:
    contexts = (x12_999.Context(name="CLM01", reference_number=claim_id),) if claim_id else ()
    return x12_999.SegmentError(
        segment_id="CLM",
        position=25,
        loop_id="2300",
        error_code="8",
        contexts=contexts,
        elements=(x12_999.ElementError(element=2, element_reference="782", error_code="6"),),
    )


def x277ca(
    reference: str,
    *claims: tuple[str, str],
    source: str = "PR",
    payer_number: str = "",
    status_code: str = "20",
    text: str = "",
) -> bytes:
    """Write a 277CA: (claim id, category) pairs; source PR is the payer, AY a clearinghouse."""
    day = NOW.date()
    statuses = [
        x12_277ca.ClaimStatus(
            claim_id=claim_id,
            patient=x12_277ca.Party(
                "QC", "1", "XIONG", "ADA", qualifier_code="MI", number="BPX000010001"
            ),
            statuses=(
                x12_277ca.Status(
                    codes=(x12_277ca.StatusCode(category, status_code, "PR"),),
                    effective_on=day,
                    action_code="U" if category in x12_277ca.REJECTED_CATEGORIES else "WQ",
                    billed_cents=17_500,
                    text=text,
                ),
            ),
            payer_claim_control_number=payer_number,
            service_from=date(2026, 11, 2),
        )
        for claim_id, category in claims
    ]
    document = x12_277ca.ClaimAcknowledgment(
        transaction_control_number="0001",
        reference_number="277-1",
        created_on=day,
        created_time="1200",
        source=x12_277ca.Party(source, "2", "SOMEBODY", qualifier_code="46", number="12345"),
        source_trace_number="1",
        received_on=day,
        processed_on=day,
        receivers=(
            x12_277ca.ReceiverStatus(
                receiver=x12_277ca.Party(
                    "41", "2", "NORTHSIDE", qualifier_code="46", number="NORTHSIDE"
                ),
                originator_reference_number=reference,
                statuses=(
                    x12_277ca.Status(
                        codes=(x12_277ca.StatusCode("A1", "19", "PR"),),
                        effective_on=day,
                        action_code="WQ",
                        billed_cents=17_500,
                    ),
                ),
                providers=(
                    x12_277ca.ProviderStatus(
                        provider=x12_277ca.Party(
                            "85", "2", "NORTHSIDE", qualifier_code="XX", number=BILLING_NPI
                        ),
                        claims=tuple(statuses),
                    ),
                ),
            ),
        ),
    )
    return x12_277ca.write([document], _back())


def remittance(claim_id: str, **changes: Any) -> Cause:
    """Give a remittance for a claim."""
    values = {
        "claim_id": claim_id,
        "remittance_id": "rem_1",
        "position": 1,
        "payer_id": "54771",
        "payer_name": "BLUE PRAIRIE PPO",
        "payer_sequence_code": "P",
        "trace_number": "EFT1",
        "effective_on": "2026-11-22",
        "kind": "payment",
        "claim_status_code": "1",
        "payer_claim_control_number": "PCN7",
        "billed_cents": 17_500,
        "paid_cents": 17_500,
        "patient_responsibility_cents": 0,
    }
    return Cause(claim_id, RemittanceReceived(**(values | changes)))


def _back() -> Envelope:
    return Envelope(
        sender=("ZZ", "SIMCLEAR"),
        receiver=("ZZ", "NORTHSIDE"),
        interchange_control_number=77,
        at=NOW,
    )


SECONDARY = {
    "payer_id": "SKMCD",
    "payer_name": "STATE MEDICAID",
    "sequence_code": "S",
    "relationship_code": "18",
    "claim_filing_indicator_code": "MC",
}


def two_payers(coded: EncounterCoded | None = None, **changes: Any) -> EncounterCoded:
    """Give an encounter whose patient has a second coverage, by the state's Medicaid."""
    coded = coded or an_encounter(**changes)
    subscribers = [a_subscriber(), a_subscriber(member_number="9000010001", group_number="")]
    return msgspec.structs.replace(
        coded,
        coverages=[a_coverage(), a_coverage(**SECONDARY)],
        subscribers=ClearPhi.of("pt_1", subscribers),
    )


def cas(*adjustments: tuple[str, str, int]) -> list[Adjustment]:
    """Write adjustments: group, reason, cents."""
    return [
        Adjustment(group_code=group, reason_code=reason, amount_cents=cents)
        for group, reason, cents in adjustments
    ]


def answered(claim_id: str, *lines: PaidLine, **changes: Any) -> Cause:
    """Give a first payer's answer: 100.00 paid, 45.00 off by contract, 30.00 the patient's."""
    found = lines or (
        PaidLine(
            line_item_control_number="L1",
            procedure_code="G0439",
            billed_cents=17_500,
            paid_cents=10_000,
            adjustments=cas(("CO", "45", 4_500), ("PR", "2", 3_000)),
        ),
    )
    patient = sum(
        a.amount_cents for line in found for a in line.adjustments if a.group_code == "PR"
    )
    values = {
        "billed_cents": sum(line.billed_cents for line in found),
        "paid_cents": sum(line.paid_cents for line in found),
        "patient_responsibility_cents": patient,
        "lines": list(found),
    }
    return remittance(claim_id, **(values | changes))


def turned(cause: Cause, **changes: Any) -> Cause:
    """Take an answer back: signs turned, CLP02 22."""
    event = cause.event
    replace = msgspec.structs.replace

    def back(adjustments: list[Adjustment]) -> list[Adjustment]:
        return [replace(one, amount_cents=-one.amount_cents) for one in adjustments]

    lines = [
        replace(
            line,
            billed_cents=-line.billed_cents,
            paid_cents=-line.paid_cents,
            adjustments=back(line.adjustments),
        )
        for line in event.lines
    ]
    reversal = replace(
        event,
        kind="reversal",
        claim_status_code="22",
        billed_cents=-event.billed_cents,
        paid_cents=-event.paid_cents,
        adjustments=back(event.adjustments),
        lines=lines,
    )
    return Cause(event.claim_id, replace(reversal, **changes))


PAID = PriorAdjudication(
    adjudicated_on="2026-11-22",
    paid_cents=14_500,
    lines=[
        PriorLine(
            line_item_control_number="L1",
            paid_cents=14_500,
            procedure_code="G0439",
            adjustments=cas(("PR", "2", 3_000)),
        )
    ],
)
"""What the first payer said of an office visit: 145.00 paid, 30.00 left."""


def a_secondary(said: PriorAdjudication | None, **changes: Any) -> ClaimContent:
    """Give the content of an office claim to a second payer."""
    return turned_round(a_content(two_payers()), said, **changes)


def turned_round(
    content: ClaimContent, said: PriorAdjudication | None, **changes: Any
) -> ClaimContent:
    """Turn a claim to its second payer."""
    (second,) = content.others
    first = OtherCoverage(
        coverage=content.coverage, subscriber=content.subscriber, adjudication=said
    )
    return msgspec.structs.replace(
        content,
        coverage=msgspec.structs.replace(second.coverage, **changes),
        subscriber=second.subscriber,
        others=[first],
    )
