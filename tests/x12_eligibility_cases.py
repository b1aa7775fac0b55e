"""Inquiries, answers and claim status documents for tests: synthetic and valid."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from rcm.x12 import x270, x276
from rcm.x12.writer import Envelope
from rcm.x12.x837_parties import Address, Contact, ContactNumber
from x12_837_cases import an_npi

replace = msgspec.structs.replace
ENVELOPE = Envelope(
    sender=("ZZ", "CLAIMSTREAM"),
    receiver=("ZZ", "PAYER"),
    interchange_control_number=7,
    at=datetime(2026, 6, 30, 12, 1),
)
ASKED = x270.Exchange(
    purpose_code="13",
    reference_number="Q1",
    created_on=date(2026, 6, 30),
    created_time="1201",
)
ANSWERED = replace(ASKED, purpose_code="11")
STATUS = x276.StatusExchange(
    reference_number="S1", created_on=date(2026, 6, 30), created_time="1201"
)
PAYER = x270.Party(
    role_code="PR",
    entity_type_code="2",
    name="ACME HEALTH",
    number_qualifier_code="PI",
    number="60054",
)
CLINIC = x270.Party(
    role_code="1P",
    entity_type_code="2",
    name="NORTHSIDE CLINIC",
    number_qualifier_code="XX",
    number=an_npi(1),
)
JANE = x270.Person(
    role_code="IL",
    entity_type_code="1",
    name="DOE",
    first_name="JANE",
    number_qualifier_code="MI",
    number="M001",
    birth_on=date(1970, 1, 1),
    sex_code="F",
)
SAM = x270.Person(
    role_code="03",
    entity_type_code="1",
    name="DOE",
    first_name="SAM",
    birth_on=date(2010, 5, 5),
    sex_code="M",
    insured_code="N",
    relationship_code="19",
)


def an_inquiry(**changes) -> x270.Inquiry:
    one = x270.Inquiry(
        source=PAYER,
        receiver=CLINIC,
        subscriber=replace(
            JANE, periods=(x270.Period(qualifier_code="291", first_on=date(2026, 6, 30)),)
        ),
        traces=(x270.Trace(type_code="1", number="T1", originator="9CLAIMSTRM"),),
        questions=(x270.Question(service_type_codes=("30",)),),
    )
    return replace(one, **changes)


def a_response(**changes) -> x270.Response:
    one = x270.Response(
        source=replace(
            PAYER,
            contacts=(
                Contact(
                    name="HELP",
                    numbers=(ContactNumber(qualifier_code="TE", number="8005550100"),),
                ),
            ),
        ),
        receiver=CLINIC,
        subscriber=replace(
            JANE,
            address=Address(
                line_1="12 ELM ST", city="ALBANY", state_code="NY", postal_code="12207"
            ),
            identifiers=(
                x270.Identifier(qualifier_code="6P", number="G1", description="GROUP ONE"),
            ),
            periods=(x270.Period(qualifier_code="346", first_on=date(2026, 1, 1)),),
        ),
        traces=(x270.Trace(type_code="2", number="T1", originator="9CLAIMSTRM"),),
        benefits=(
            x270.Benefit(
                information_code="1",
                coverage_level_code="IND",
                service_type_codes=("30", "98"),
                insurance_type_code="PR",
                plan_description="GOLD PLAN",
            ),
            x270.Benefit(
                information_code="C",
                coverage_level_code="IND",
                service_type_codes=("30",),
                time_period_code="29",
                amount_cents=250_00,
                in_network_code="Y",
                messages=("REMAINING FOR THE YEAR",),
            ),
            x270.Benefit(
                information_code="A",
                service_type_codes=("98",),
                share=Decimal("0.2"),
                in_network_code="N",
                deliveries=(
                    x270.Delivery(
                        quantity_qualifier_code="VS",
                        quantity=Decimal(30),
                        period_qualifier_code="23",
                    ),
                ),
                periods=(
                    x270.Period(
                        qualifier_code="292",
                        first_on=date(2026, 1, 1),
                        last_on=date(2026, 12, 31),
                    ),
                ),
                qualifications=(x270.Qualification(list_code="ZZ", code="11"),),
                parties=(
                    x270.Party(
                        role_code="P3",
                        entity_type_code="1",
                        name="WELBY",
                        first_name="MARCUS",
                        number_qualifier_code="XX",
                        number=an_npi(2),
                    ),
                ),
            ),
        ),
    )
    return replace(one, **changes)


def a_refusal() -> x270.Response:
    return x270.Response(
        source=PAYER,
        receiver=CLINIC,
        subscriber=JANE,
        traces=(x270.Trace(type_code="2", number="T1", originator="9CLAIMSTRM"),),
        rejections=(x270.Rejection(is_valid_request=False, reason_code="72", follow_up_code="C"),),
    )


SENDER = x270.Party(
    role_code="41",
    entity_type_code="2",
    name="CLAIMSTREAM",
    number_qualifier_code="46",
    number="SUB001",
)


def a_status_request(**changes) -> x276.StatusRequest:
    one = x276.StatusRequest(
        payer=PAYER,
        receiver=SENDER,
        providers=(CLINIC,),
        subscriber=JANE,
        trace_type_code="1",
        trace_number="T1",
        bill_type_code="131",
        claim_id="C-1001",
        billed_cents=125_00,
        service_from=date(2026, 3, 1),
        service_through=date(2026, 3, 2),
        lines=(
            x276.StatusLine(
                procedure=x276.Procedure(code="99213", modifiers=("25",)),
                billed_cents=125_00,
                quantity=Decimal(1),
                line_item_control_number="L1",
                service_from=date(2026, 3, 1),
            ),
        ),
    )
    return replace(one, **changes)


def a_status_report(**changes) -> x276.StatusReport:
    paid = x276.Status(
        codes=(x276.StatusCode("F1", "65"),),
        effective_on=date(2026, 4, 1),
        billed_cents=125_00,
        paid_cents=80_00,
        adjudicated_on=date(2026, 3, 30),
        payment_method_code="ACH",
        paid_on=date(2026, 4, 2),
        payment_number="EFT1",
    )
    one = x276.StatusReport(
        payer=PAYER,
        receiver=SENDER,
        providers=(CLINIC,),
        subscriber=replace(JANE, birth_on=None, sex_code=""),
        trace_type_code="2",
        trace_number="T1",
        payer_claim_control_number="PCN1",
        claim_id="C-1001",
        service_from=date(2026, 3, 1),
        statuses=(paid,),
        lines=(
            x276.StatusLine(
                procedure=x276.Procedure(code="99213"),
                billed_cents=125_00,
                paid_cents=80_00,
                quantity=Decimal(1),
                statuses=(
                    x276.Status(
                        codes=(x276.StatusCode("F1", "65"),), effective_on=date(2026, 4, 1)
                    ),
                ),
                service_from=date(2026, 3, 1),
            ),
        ),
    )
    return replace(one, **changes)
