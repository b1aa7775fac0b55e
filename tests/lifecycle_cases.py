"""Events of made-up claims, recorded as the services would: for tests of whatever folds them."""

from collections import defaultdict
from itertools import count
from uuid import UUID, uuid5

from rcm.events import claims, coding, denials, remit
from rcm.events.clinical import Adjustment, ChargeLine, Diagnosis, Reason
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi
from rcm.events.remit import LedgerEntry

CLAIM = "PAAAABBBBCCCCDD"
SEALED = Phi(key_id="pt_x", bound_to="e/EncounterCoded/patient", box="AAAA")
_TOPIC = {
    "coding-svc": "rcm.coding",
    "claims-svc": "rcm.claims",
    "remit-svc": "rcm.remit",
    "denials-svc": "rcm.denials",
}


class History:
    """Records events as a log would: versions per stream, offsets per topic, one second apart."""

    def __init__(self, tenant_id="northside"):
        self.tenant_id = tenant_id
        self.recorded = []
        self._versions = defaultdict(lambda: count(1))
        self._offsets = defaultdict(count)

    def add(self, source, stream_id, event, *, cause=None, tenant_id=None):
        tenant_id = tenant_id or self.tenant_id
        number = len(self.recorded)
        event_id = str(uuid5(UUID(int=7), f"{tenant_id}/{number}"))
        recorded = Recorded(
            event_id=event_id,
            source=source,
            tenant_id=tenant_id,
            stream_id=stream_id,
            stream_version=next(self._versions[tenant_id, source, stream_id]),
            recorded_at=f"2026-03-02T10:{number // 60:02d}:{number % 60:02d}.000000Z",
            correlation_id="story",
            causation_id=cause.event_id if cause else "request",
            actor=source,
            event=event,
            place=f"{_TOPIC[source]}/0/{next(self._offsets[source])}",
        )
        self.recorded.append(recorded)
        return recorded

    def coded(self, encounter_id="en_1", cents=12_500):
        return self.add(
            "coding-svc",
            encounter_id,
            coding.EncounterCoded(
                encounter_id=encounter_id,
                coded_version=1,
                patient_id="pt_x",
                facility_id="main",
                class_code="O",
                patient=SEALED,
                subscribers=SEALED,
                coverages=[],
                diagnoses=[Diagnosis(code="E119", role="principal")],
                lines=[
                    ChargeLine(
                        line_item_control_number="L1",
                        form="P",
                        service_from="2026-03-01",
                        service_through="2026-03-01",
                        billed_cents=cents,
                    )
                ],
            ),
        )

    def _claim(self, claim_id, cents, encounter_id, **more):
        return {
            "claim_id": claim_id,
            "encounter_id": encounter_id,
            "patient_id": "pt_x",
            "form": "P",
            "payer_id": "87726",
            "payer_name": "Acme Health",
            "payer_sequence_code": "P",
            "claim_filing_indicator_code": "CI",
            "frequency_code": "1",
            "billing_npi": "1234567893",
            "billed_cents": cents,
            "service_from": "2026-03-01",
            "service_through": "2026-03-01",
            "filing_deadline_on": "2026-05-30",
            "diagnosis_codes": ["E119"],
            "lines": [],
        } | more

    def prepared(self, claim_id=CLAIM, cents=12_500, encounter_id="en_1", cause=None, **more):
        return self.add(
            "claims-svc",
            claim_id,
            claims.ClaimPrepared(
                coded_version=1,
                facility_id="main",
                content=SEALED,
                **self._claim(claim_id, cents, encounter_id, **more),
            ),
            cause=cause,
        )

    def held(self, claim_id=CLAIM, cents=12_500, encounter_id="en_1"):
        return self.add(
            "claims-svc",
            claim_id,
            claims.ClaimHeld(
                claim_id=claim_id,
                encounter_id=encounter_id,
                coded_version=1,
                patient_id="pt_x",
                billed_cents=cents,
                reasons=[
                    Reason(rule_id="npi-missing", path="2010AA NM109", text="No NPI", remedy="Add")
                ],
            ),
        )

    def batched(self, claim_id=CLAIM, number="000000042", attempt=1):
        return self.add(
            "claims-svc",
            claim_id,
            claims.ClaimBatched(
                claim_id=claim_id,
                receiver_id="ACME",
                interchange_control_number=number,
                transaction_control_number="0001",
                attempt=attempt,
            ),
        )

    def settled(self, outcome="sent", number="000000042"):
        return self.add(
            "claims-svc",
            "sequence-ACME",
            claims.InterchangeSettled(
                receiver_id="ACME",
                interchange_control_number=number,
                outcome=outcome,
                evidence="http-202",
            ),
        )

    def submitted(self, claim_id=CLAIM, cents=12_500, encounter_id="en_1", attempt=1, **more):
        return self.add(
            "claims-svc",
            claim_id,
            claims.ClaimSubmitted(
                interchange_control_number="000000042",
                transaction_control_number="0001",
                attempt=attempt,
                **self._claim(claim_id, cents, encounter_id, **more),
            ),
        )

    def acknowledged(self, level="277CA-payer", claim_id=CLAIM):
        return self.add(
            "claims-svc", claim_id, claims.ClaimAcknowledged(claim_id=claim_id, level=level)
        )

    def rejected(self, level="277CA-payer", claim_id=CLAIM):
        return self.add(
            "claims-svc",
            claim_id,
            claims.ClaimRejected(
                claim_id=claim_id,
                level=level,
                reasons=[Reason(rule_id="A7", path="2010BA", text="Member unknown")],
            ),
        )

    def replaced(self, claim_id=CLAIM, by="PZZZZ"):
        return self.add(
            "claims-svc", claim_id, claims.ClaimReplaced(claim_id=claim_id, replaced_by=by)
        )

    def charged(self, claim_id=CLAIM, cents=12_500, cause=None):
        return self.add(
            "remit-svc",
            claim_id,
            remit.ChargePosted(
                claim_id=claim_id,
                billed_cents=cents,
                entries=entries_of(receivable=cents, revenue=-cents),
                payer_id="87726",
                form="P",
                encounter_id="en_1",
                patient_id="pt_x",
            ),
            cause=cause,
        )

    def accepted(self, payment=4_500, claims_paid=None, remittance_id="rem_1", count=1):
        paid = payment if claims_paid is None else claims_paid
        return self.add(
            "remit-svc",
            f"payment-{remittance_id}",
            remit.RemittanceAccepted(
                remittance_id=remittance_id,
                file_id="file_1",
                payer_id="87726",
                payer_name="Acme Health",
                payee_npi="1234567893",
                trace_number="EFT-5",
                payer_identifier="1512345678",
                payment_cents=payment,
                method_code="ACH",
                effective_on="2026-03-20",
                claim_count=count,
                claims_paid_cents=paid,
                provider_adjustment_cents=paid - payment,
                content_sha256=remittance_id * 8,
                entries=entries_of(cash=payment, clearing=-payment),
            ),
        )

    def answered(
        self,
        paid=4_500,
        adjustments=(("CO", "45", 2_000), ("CO", "197", 5_000), ("PR", "1", 1_000)),
        claim_id=CLAIM,
        kind="payment",
        remittance_id="rem_1",
        position=1,
        billed=12_500,
        posted_apart=False,
        **more,
    ):
        """A claim payment with its posting, which of old was a fact of its own (`posted_apart`)."""
        made = [Adjustment(group_code=g, reason_code=r, amount_cents=c) for g, r, c in adjustments]
        patient = sum(a.amount_cents for a in made if a.group_code == "PR")
        accounts = defaultdict(int, clearing=paid, receivable=-billed, patient=patient)
        for a in made:
            if a.group_code != "PR":
                accounts["denied" if a.reason_code == "197" else "contractual"] += a.amount_cents
        posting = remit.Posting(entries=entries_of(**accounts), balance_cents=0)
        received = self.add(
            "remit-svc",
            claim_id,
            remit.RemittanceReceived(
                claim_id=claim_id,
                remittance_id=remittance_id,
                position=position,
                payer_id="87726",
                payer_name="Acme Health",
                **{"payer_sequence_code": "P"} | more,
                trace_number="EFT-5",
                effective_on="2026-03-20",
                kind=kind,
                claim_status_code="22" if kind == "reversal" else "1",
                billed_cents=billed,
                paid_cents=paid,
                patient_responsibility_cents=patient,
                adjustments=made,
                encounter_id="en_1",
                patient_id="pt_x",
                form="P",
                posting=None if posted_apart else posting,
            ),
        )
        if posted_apart:
            self.add(
                "remit-svc",
                claim_id,
                remit.PaymentPosted(
                    claim_id=claim_id,
                    remittance_id=remittance_id,
                    position=position,
                    entries=posting.entries,
                    balance_cents=posting.balance_cents,
                ),
                cause=received,
            )
        return received

    def denied(
        self,
        cents=5_000,
        claim_id=CLAIM,
        cause=None,
        denial_id="dn_1",
        group_code="CO",
        reason_code="197",
    ):
        return self.add(
            "denials-svc",
            claim_id,
            denials.DenialOpened(
                denial_id=denial_id,
                claim_id=claim_id,
                encounter_id="en_1",
                patient_id="pt_x",
                payer_id="87726",
                payer_name="Acme Health",
                payer_sequence_code="P",
                form="P",
                line_item_control_number="L1",
                procedure_code="99213",
                group_code=group_code,
                reason_code=reason_code,
                remark_codes=["N517"],
                family="authorization",
                category="authorization",
                denied_cents=cents,
                paid_cents=0,
                action_code="APP",
                appealable=True,
                deadline_on="2026-08-29",
                deadline_basis="payer",
                remittance_id="rem_1",
                position=1,
                table_version="t",
            ),
            cause=cause,
        )

    def denial_closed(self, claim_id=CLAIM, denial_id="dn_1", cause="overturned"):
        return self.add(
            "denials-svc",
            claim_id,
            denials.DenialClosed(
                denial_id=denial_id, claim_id=claim_id, cause=cause, recovered_cents=5_000
            ),
        )

    def whole(self):
        """A claim from coding to a denial, each event with its cause."""
        coded = self.coded()
        self.prepared(cause=coded)
        self.batched()
        self.settled()
        submitted = self.submitted()
        self.charged(cause=submitted)
        for level in ("999", "277CA-clearinghouse", "277CA-payer"):
            self.acknowledged(level)
        self.accepted()
        answered = self.answered()
        self.denied(cause=answered)
        return self


def entries_of(**accounts):
    assert sum(accounts.values()) == 0
    return [LedgerEntry(account=a, amount_cents=c) for a, c in accounts.items() if c] or [
        LedgerEntry(account="clearing", amount_cents=0)
    ]
