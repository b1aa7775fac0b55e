"""Remittances of any size, made from a seed: for differential tests and for the benchmark."""

import random
from datetime import date
from decimal import Decimal

from rcm.x12 import x835
from rcm.x12.x835 import (
    Address,
    Adjustment,
    Amount,
    ClaimGroup,
    ClaimPayment,
    Contact,
    ContactNumber,
    DatedOn,
    Organization,
    Party,
    Payment,
    Procedure,
    ProviderAdjustment,
    Reference,
    Remark,
    Remittance,
    ServiceLine,
)
from x12_cases import an_envelope


def a_big_remittance(claim_count, *, seed=1):
    """A balanced remittance: about four lines and thirty segments a claim, some reversals."""
    rng = random.Random(seed)
    claims = [a_claim(rng, number) for number in range(claim_count)]
    paid = sum(claim.paid_cents for claim in claims)
    return Remittance(
        transaction_control_number="0001",
        payment=Payment(
            handling_code="I",
            amount_cents=paid - 5_000,
            method_code="CHK",
            effective_on=date(2026, 10, 1),
            trace_number="EFT1",
            payer_number="1999999999",
        ),
        production_on=date(2026, 10, 1),
        payer=Organization(
            name="SAMPLE HEALTH PLAN",
            address=Address("1 PLAN STREET", "", "ALBANY", "NY", "12207"),
            contacts=(Contact("BL", "EDI DESK", (ContactNumber("TE", "8005550101"),)),),
        ),
        payee=Organization("NORTHSIDE CLINIC", "XX", "1234567893"),
        groups=(ClaimGroup(number="1", claims=tuple(claims)),),
        provider_adjustments=(
            ProviderAdjustment(
                provider_number="1234567893",
                fiscal_period_on=date(2026, 12, 31),
                reason_code="WO",
                reference_number="PCN1",
                amount_cents=5_000,
            ),
        ),
    )


def a_claim(rng, number):
    """One claim that balances; every twentieth takes an earlier payment back."""
    is_reversal = number % 20 == 19
    sign = -1 if is_reversal else 1
    lines = tuple(a_line(rng, number, place, sign) for place in range(rng.randint(2, 6)))
    billed = sum(line.billed_cents for line in lines)
    responsible = sum(
        one.amount_cents for line in lines for one in line.adjustments if one.group_code == "PR"
    )
    return ClaimPayment(
        claim_id=f"C{number:08d}",
        claim_status_code="22" if is_reversal else "1",
        billed_cents=billed,
        paid_cents=sum(line.paid_cents for line in lines),
        patient_responsibility_cents=None if is_reversal else responsible,
        claim_filing_indicator_code="12",
        payer_claim_control_number=f"PCN{number:010d}",
        facility_code="11",
        frequency_code="1",
        parties=(
            Party("QC", "1", f"LAST{number}", "FIRST", "", "", "MI", f"M{number:09d}"),
            Party("82", "1", "WELBY", "MARCUS", "", "", "XX", "1992999999"),
        ),
        references=(Reference("EA", f"MRN{number}"),),
        dates=(DatedOn("232", date(2026, 1, 2)), DatedOn("050", date(2026, 2, 2))),
        amounts=(Amount("AU", billed),),
        lines=lines,
    )


def a_line(rng, number, place, sign):
    """One line that balances."""
    billed = rng.randint(2_000, 60_000)
    contract = rng.randint(1, billed // 2)
    patient = min(rng.choice([0, 2_000, 1_500]), billed - contract)
    adjustments = [Adjustment("CO", "45", sign * contract)]
    if patient:
        adjustments.append(Adjustment("PR", "2", sign * patient))
    paid = billed - contract - patient
    return ServiceLine(
        procedure=Procedure(
            "HC", rng.choice(["99213", "99214", "85025"]), ("25",) if place == 0 else ()
        ),
        billed_cents=sign * billed,
        paid_cents=sign * paid,
        paid_units=Decimal(1),
        dates=(DatedOn("472", date(2026, rng.randint(1, 9), rng.randint(1, 28))),),
        adjustments=tuple(adjustments),
        references=(Reference("6R", f"L{number}-{place}"),),
        amounts=(Amount("B6", sign * (paid + patient)),),
        remarks=(Remark("HE", "N130"),) if place == 1 else (),
    )


def written(remittance):
    """The remittance as a file."""
    return x835.write([remittance], an_envelope())
