"""Makes answers of payers and commands for the tests of denials-svc. Synthetic, every one."""

from denials_svc.handlers import SERVICE
from denials_svc.model import denial_id
from denials_svc.store import DenialsTable
from rcm.domain import Command
from rcm.events.clinical import Adjustment
from rcm.events.remit import ChargeReversed, PaidLine, RemittanceReceived
from service_cases import TENANT, Cause, ServiceCase

CLAIM = "PAAAAAAAAAAAAAA"
denials = ServiceCase(SERVICE, DenialsTable.metadata)


def cas(group: str, reason: str, cents: int) -> Adjustment:
    return Adjustment(group_code=group, reason_code=reason, amount_cents=cents)


def line(
    *adjustments: Adjustment,
    paid: int = 0,
    number: str = "L1",
    code: str = "99213",
    remarks: tuple[str, ...] = (),
) -> PaidLine:
    return PaidLine(
        line_item_control_number=number,
        procedure_code=code,
        billed_cents=paid + sum(a.amount_cents for a in adjustments),
        paid_cents=paid,
        adjustments=list(adjustments),
        remark_codes=list(remarks),
    )


def answer(
    *lines: PaidLine,
    claim: tuple[Adjustment, ...] = (),
    kind: str = "payment",
    status: str = "1",
    leg: str = "P",
    remittance: str = "rem_1",
    position: int = 1,
    on: str = "2026-03-01",
    filing: str = "12",
    payer_id: str = "PAYER",
    number: str = "PCN1",
    remarks: tuple[str, ...] = (),
    service_from: str | None = "2026-01-05",
    claim_id: str = CLAIM,
    tenant_id: str = TENANT,
    form: str = "P",
) -> Cause:
    """One claim payment as remit-svc records it."""
    withheld = sum(a.amount_cents for a in claim)
    event = RemittanceReceived(
        claim_id=claim_id,
        remittance_id=remittance,
        position=position,
        payer_id=payer_id,
        payer_name="SYNTHETIC HEALTH",
        payer_sequence_code=leg,
        trace_number="EFT1",
        effective_on=on,
        kind=kind,
        claim_status_code="22" if kind == "reversal" else status,
        payer_claim_control_number=number,
        filing_indicator_code=filing,
        billed_cents=sum(one.billed_cents for one in lines) + withheld,
        paid_cents=sum(one.paid_cents for one in lines),
        patient_responsibility_cents=0,
        adjustments=list(claim),
        remark_codes=list(remarks),
        lines=list(lines),
        encounter_id="enc_1",
        patient_id="pt_doe",
        form=form,
        service_from=service_from,
    )
    return Cause(claim_id, event, tenant_id=tenant_id)


def turned(cause: Cause, **changes: object) -> Cause:
    """The reversal of an answer: every sign turned round, remarks not repeated."""
    event = cause.event
    lines = [
        line(
            *(cas(a.group_code, a.reason_code, -a.amount_cents) for a in one.adjustments),
            paid=-one.paid_cents,
            number=one.line_item_control_number,
            code=one.procedure_code,
        )
        for one in event.lines
    ]
    claim = tuple(cas(a.group_code, a.reason_code, -a.amount_cents) for a in event.adjustments)
    return answer(
        *lines,
        claim=claim,
        kind="reversal",
        leg=event.payer_sequence_code,
        number=event.payer_claim_control_number,
        remittance=changes.pop("remittance", "rem_2"),
        **changes,
    )


def replaced(claim_id: str = CLAIM) -> Cause:
    return Cause(
        claim_id, ChargeReversed(claim_id=claim_id, replaced_by="PBBBBBBBBBBBBBB", entries=[])
    )


def id_of(family: str, number: str = "L1", leg: str = "P", claim_id: str = CLAIM) -> str:
    return denial_id(TENANT, claim_id, leg, number, family)


def asks(decide, *arguments: object, command_id: str = "ask") -> Command:
    """A person asks for something on a denial of CLAIM."""
    return Command(
        tenant_id=TENANT,
        command_id=f"{command_id}-{decide.__name__}-{arguments}",
        streams=[CLAIM],
        decide=lambda loaded, _: decide(loaded.get(CLAIM), *arguments),
        actor="tester",
    )


def open_denials(story) -> dict[tuple[str, str, str], int]:
    """Cents of the open denials by leg, line and family."""
    return {
        (row["payer_sequence_code"], row["line_item_control_number"], row["family"]): row[
            "denied_cents"
        ]
        for row in story.service.table("denial")
        if row["is_open"]
    }
