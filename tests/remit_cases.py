"""Makes 835s, submitted claims and commands for the tests of remit-svc. Synthetic, every one."""

from collections.abc import Sequence

from rcm.adjustments.table import BUILT_IN
from rcm.domain import Command
from rcm.events.claims import ClaimLine, ClaimReplaced, ClaimSubmitted
from remit_svc.codec.advice import Advice, ReadFile
from remit_svc.codec.x835 import read_file
from remit_svc.decide import advices
from remit_svc.handlers import SERVICE
from remit_svc.store import RemitTable
from service_cases import TENANT, Cause, ServiceCase

CLAIM = "PAAAAAAAAAAAAAA"
OTHER = "PBBBBBBBBBBBBBB"
remit = ServiceCase(SERVICE, RemitTable.metadata)


def dollars(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def cas(group: str, reason: str, cents: int) -> str:
    return f"CAS*{group}*{reason}*{dollars(cents)}"


def svc(
    code: str,
    billed: int,
    paid: int,
    *adjustments: str,
    line: str = "",
    remarks: Sequence[str] = (),
) -> list[str]:
    """One service line, 2110."""
    return [
        f"SVC*HC:{code}*{dollars(billed)}*{dollars(paid)}**1",
        "DTM*472*20260105",
        *adjustments,
        *([f"REF*6R*{line}"] if line else []),
        *(f"LQ*HE*{remark}" for remark in remarks),
    ]


def clp(
    claim_id: str,
    status: str,
    billed: int,
    paid: int,
    *parts: str | list[str],
    patient: int | None = None,
    number: str = "PCN1",
    filing: str = "12",
) -> list[str]:
    """One claim payment, 2100. Parts are CAS texts and service lines."""
    share = dollars(patient) if patient is not None else ""
    flat = [p for part in parts for p in ([part] if isinstance(part, str) else part)]
    own = [p for p in flat if p.startswith("CAS")][: _own_count(parts)]
    rest = [p for part in parts if not isinstance(part, str) for p in part]
    return [
        f"CLP*{claim_id}*{status}*{dollars(billed)}*{dollars(paid)}*{share}*{filing}*{number}*11*1",
        *own,
        "NM1*QC*1*DOE*JANE****MI*M123",
        *rest,
    ]


def _own_count(parts: Sequence[str | list[str]]) -> int:
    return sum(isinstance(part, str) for part in parts)


def transaction(
    *claims: list[str],
    payment: int,
    trace: str = "EFT1",
    plb: Sequence[tuple[str, str, int]] = (),
    control: str = "0001",
    method: str = "ACH",
    payer: str = "1999999999",
    effective: str = "20260301",
) -> list[str]:
    """One ST..SE."""
    body = [
        f"ST*835*{control}",
        f"BPR*I*{dollars(payment)}*C*{method}*CCP*01*111*DA*222*{payer}**01*333*DA*444*{effective}",
        f"TRN*1*{trace}*{payer}",
        "DTM*405*20260301",
        "N1*PR*SYNTHETIC HEALTH",
        "N3*1 MAIN ST",
        "N4*SPRINGFIELD*IL*62701",
        "PER*BL*DESK*TE*5555550100",
        "N1*PE*NORTHSIDE*XX*1234567893",
        "LX*1",
        *(segment for claim in claims for segment in claim),
        *(f"PLB*1234567893*20261231*{code}:{ref}*{dollars(cents)}" for code, ref, cents in plb),
    ]
    return [*body, f"SE*{len(body) + 1}*{control}"]


def file_of(*transactions: list[str], number: str = "000000001") -> bytes:
    """One interchange."""
    isa = (
        "ISA*00*          *00*          *ZZ*PAYER          *ZZ*NORTHSIDE      "
        f"*260301*1200*^*00501*{number}*0*P*:"
    )
    segments = [
        isa,
        "GS*HP*PAYER*NORTHSIDE*20260301*1200*1*X*005010X221A1",
        *(segment for one in transactions for segment in one),
        f"GE*{len(transactions)}*1",
        f"IEA*1*{number}",
    ]
    return ("~\n".join(segments) + "~\n").encode()


def read(data: bytes, tenant_id: str = TENANT) -> ReadFile:
    return read_file(data, tenant_id)


def advice_of(*claims: list[str], **head: object) -> Advice:
    """Read one advice."""
    (advice,) = read(file_of(transaction(*claims, **head))).advices
    return advice


def takes(advice: Advice, command_id: str = "") -> Command:
    """The command that posts or holds an advice."""
    return Command(
        tenant_id=TENANT,
        command_id=command_id or f"advice-{advice.remittance_id}",
        streams=advices.streams_of(advice),
        decide=lambda loaded, context: advices.take_advice(loaded, advice, context, BUILT_IN),
        actor="tester",
    )


def taking(*claims: list[str], **head: object) -> Command:
    return takes(advice_of(*claims, **head))


def releases(advice: Advice) -> Command:
    return Command(
        tenant_id=TENANT,
        command_id=f"release-{advice.remittance_id}",
        streams=advices.streams_of(advice),
        decide=lambda loaded, context: advices.release(loaded, advice, context, BUILT_IN),
        actor="tester",
    )


def dismisses(advice: Advice) -> Command:
    stream_id = advices.stream_of(advice)
    return Command(
        tenant_id=TENANT,
        command_id=f"dismiss-{advice.remittance_id}",
        streams=[stream_id],
        decide=lambda loaded, _: advices.dismiss(
            loaded, stream_id, advice.remittance_id, "payer-corrected"
        ),
        actor="tester",
    )


def matches(unmatched_id: str, stream_id: str, claim_id: str, command_id: str = "m") -> Command:
    return Command(
        tenant_id=TENANT,
        command_id=command_id,
        streams=[stream_id, claim_id],
        decide=lambda loaded, context: advices.match(
            loaded, stream_id, unmatched_id, claim_id, context, BUILT_IN
        ),
        actor="tester",
    )


def unmatches(unmatched_id: str, stream_id: str, claim_id: str, command_id: str = "u") -> Command:
    return Command(
        tenant_id=TENANT,
        command_id=command_id,
        streams=[stream_id, claim_id],
        decide=lambda loaded, context: advices.unmatch(
            loaded, stream_id, unmatched_id, claim_id, context, BUILT_IN
        ),
        actor="tester",
    )


def submitted(
    claim_id: str = CLAIM,
    billed: int = 12_500,
    *,
    sequence: str = "P",
    frequency: str = "1",
    attempt: int = 1,
    payer_id: str = "87726",
    prior_claim_id: str = "",
    later_payer_count: int = 0,
) -> Cause:
    """A claim that went out."""
    event = ClaimSubmitted(
        claim_id=claim_id,
        encounter_id="enc_1",
        patient_id="pt_doe",
        form="P",
        payer_id=payer_id,
        payer_name="SYNTHETIC HEALTH",
        payer_sequence_code=sequence,
        claim_filing_indicator_code="CI",
        frequency_code=frequency,
        billing_npi="1234567893",
        billed_cents=billed,
        service_from="2026-01-05",
        service_through="2026-01-05",
        filing_deadline_on="2026-04-05",
        diagnosis_codes=["J029"],
        lines=[ClaimLine(line_item_control_number="L1", billed_cents=billed)],
        interchange_control_number="000000042",
        transaction_control_number="0001",
        attempt=attempt,
        prior_claim_id=prior_claim_id,
        later_payer_count=later_payer_count,
    )
    return Cause(claim_id, event)


def replaced(claim_id: str = CLAIM, by: str = OTHER) -> Cause:
    return Cause(claim_id, ClaimReplaced(claim_id=claim_id, replaced_by=by))


def ledger(story) -> dict[str, int]:
    """Balances of all accounts that are not zero, over every posting."""
    from remit_svc.rules.accounts import ACCOUNTS

    rows = story.service.table("posting")
    sums = {name: sum(row[name] for row in rows) for name in ACCOUNTS}
    return {name: cents for name, cents in sums.items() if cents}


def denied_claim(**head: object) -> list[str]:
    """125.00 billed: 20.00 by contract, 105.00 refused for want of an authorization."""
    line = svc("99213", 12_500, 0, cas("CO", "45", 2_000), cas("CO", "197", 10_500), line="L1")
    return clp(CLAIM, "1", 12_500, 0, line, patient=0, **head)


def paid_claim(claim_id: str = CLAIM, status: str = "1", **head: object) -> list[str]:
    """125.00 billed: 80.00 paid, 20.00 by contract, 25.00 the patient's."""
    line = svc("99213", 12_500, 8_000, cas("CO", "45", 2_000), cas("PR", "2", 2_500), line="L1")
    return clp(claim_id, status, 12_500, 8_000, line, patient=2_500, **head)


def reversal_of_paid(claim_id: str = CLAIM, **head: object) -> list[str]:
    line = svc("99213", -12_500, -8_000, cas("CO", "45", -2_000), cas("PR", "2", -2_500), line="L1")
    return clp(claim_id, "22", -12_500, -8_000, line, **head)


def correction_of_paid(claim_id: str = CLAIM, **head: object) -> list[str]:
    """The same claim adjudicated anew: 90.00 paid, 20.00 by contract, 15.00 the patient's."""
    line = svc("99213", 12_500, 9_000, cas("CO", "45", 2_000), cas("PR", "2", 1_500), line="L1")
    return clp(claim_id, "1", 12_500, 9_000, line, patient=1_500, **head)


__all__ = [name for name in dir() if not name.startswith("_") and name != "partial"]
