"""From what other payers are and said to the typed 2320, 2330 and 2430 of `rcm.x12`.

the payer answered by lines    2320 CAS of the claim, AMT*D, MOA or MIA; per line SVD, CAS,
                               DTP*573, AMT*EAF
it answered as a whole         2320 CAS, AMT*D, AMT*EAF, MOA or MIA; 2330B DTP*573
it never covers this           2320 AMT*A8 with the whole charge
it comes later                 2320 SBR, OI and names alone
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from claims_svc.codec.shapes import address_of, thousandths
from claims_svc.model.content import ClaimContent, OtherCoverage, day
from claims_svc.model.prior import PriorAdjudication, PriorLine, patient_share
from rcm.events import clinical
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_details import Procedure
from rcm.x12.x837_lines import (
    InpatientAdjudication,
    LineAdjudication,
    OtherPayer,
    OtherSubscriber,
    OutpatientAdjudication,
)

_REMARKS_MAX: Final = 5
"""MOA03 to MOA07; MIA05 and MIA20 to MIA23."""


def other_payers(content: ClaimContent, *, is_stay: bool) -> tuple[OtherPayer, ...]:
    """Give the 2320 loops of a claim.

    Args:
        content: What the claim is written from.
        is_stay: Remarks of an inpatient bill stand in MIA, all others in MOA.
    """
    return tuple(_other_payer(content, one, is_stay=is_stay) for one in content.others)


def line_adjudications(content: ClaimContent, number: str) -> tuple[LineAdjudication, ...]:
    """Give the 2430 loops of one line, payer by payer.

    Args:
        content: What the claim is written from.
        number: The line's REF*6R.
    """
    return tuple(
        _line_adjudication(one, said, line)
        for one in content.others
        if (said := one.adjudication) is not None
        for line in said.lines
        if line.line_item_control_number == number
    )


def _other_payer(content: ClaimContent, one: OtherCoverage, *, is_stay: bool) -> OtherPayer:
    person, coverage, said = one.subscriber.person, one.coverage, one.adjudication
    remarks = tuple(said.remark_codes[:_REMARKS_MAX]) if said is not None else ()
    by_lines = said is not None and bool(said.lines)
    return OtherPayer(
        responsibility_code=coverage.sequence_code,
        relationship_code=coverage.relationship_code,
        subscriber=OtherSubscriber(
            name=person.last_name,
            first_name=person.first_name,
            middle_name=person.middle_name,
            suffix=person.name_suffix,
            member_number=one.subscriber.member_number,
            address=address_of(person.address),
        ),
        name=coverage.payer_name,
        number=coverage.payer_id,
        group_number=one.subscriber.group_number,
        group_name="" if one.subscriber.group_number else one.subscriber.group_name,
        insurance_type_code=coverage.insurance_type_code,
        claim_filing_indicator_code=coverage.claim_filing_indicator_code,
        adjustments=_adjustments(said.adjustments) if said is not None else (),
        paid_cents=said.paid_cents if said is not None else None,
        non_covered_cents=content.billed_cents if one.is_non_covered else None,
        remaining_patient_liability_cents=(
            said.left_cents if said is not None and not by_lines else None
        ),
        # MIA01 may not be empty; the days stand elsewhere.
        inpatient=(
            InpatientAdjudication(covered_days=Decimal(0), remark_codes=remarks)
            if remarks and is_stay
            else None
        ),
        outpatient=(
            OutpatientAdjudication(remark_codes=remarks) if remarks and not is_stay else None
        ),
        adjudicated_on=day(said.adjudicated_on) if said is not None and not by_lines else None,
        prior_authorization_number=coverage.prior_authorization_number,
        referral_number=coverage.referral_number,
        payer_claim_control_number=said.payer_claim_control_number if said is not None else "",
    )


def _line_adjudication(
    one: OtherCoverage, said: PriorAdjudication, line: PriorLine
) -> LineAdjudication:
    procedure = (
        Procedure(code=line.procedure_code, modifiers=tuple(line.modifiers))
        if line.procedure_code
        else None
    )
    return LineAdjudication(
        payer_number=one.coverage.payer_id,
        paid_cents=line.paid_cents,
        procedure=procedure,
        revenue_code=line.revenue_code,
        quantity=thousandths(line.units_milli),
        adjustments=_adjustments(line.adjustments),
        adjudicated_on=day(said.adjudicated_on),
        remaining_patient_liability_cents=patient_share(line.adjustments),
    )


def _adjustments(found: Sequence[clinical.Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(one.group_code, one.reason_code, one.amount_cents, _quantity(one.quantity_milli))
        for one in found
    )


def _quantity(milli: int | None) -> Decimal | None:
    return thousandths(milli) if milli else None
