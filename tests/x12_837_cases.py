"""Claims of every shape for the 837 tests: synthetic, valid, and made from a seed.

A shape is a function that takes a `World` and gives a valid claim. Nothing here is real: names,
numbers and addresses are invented, NPIs are computed.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

import msgspec

from rcm.x12 import x837
from rcm.x12.writer import Envelope

T = TypeVar("T")
AS_OF = date(2026, 6, 30)
SUBMISSION = x837.Submission(
    submitter=x837.Submitter(
        name="CLAIMSTREAM BILLING",
        number="SUB001",
        contacts=(
            x837.Contact(
                name="OPERATIONS",
                numbers=(
                    x837.ContactNumber(qualifier_code="TE", number="5185550100"),
                    x837.ContactNumber(qualifier_code="EX", number="12"),
                ),
            ),
        ),
    ),
    receiver=x837.Receiver(name="EXAMPLE CLEARINGHOUSE", number="CLH001"),
    originator_reference_number="B000001",
    created_on=date(2026, 6, 30),
    created_time="1201",
)
ENVELOPE = Envelope(
    sender=("ZZ", "CLAIMSTREAM"),
    receiver=("ZZ", "CLEARINGHOUSE"),
    interchange_control_number=1,
    at=datetime(2026, 6, 30, 12, 1),
)
DIAGNOSES = ("E119", "I10", "J0190", "M5450", "Z0000", "S52501A", "K219", "R0789", "O80", "U071")
PROCEDURES = ("99213", "99214", "36415", "80053", "G0008", "J1100", "93000")
INPATIENT_PROCEDURES = ("0DTJ4ZZ", "02703ZZ", "10E0XZZ", "5A1955Z")


def an_npi(base: int) -> str:
    """Compute an NPI from up to eight digits: the first is 1, the last makes the Luhn sum right."""
    digits = f"1{base % 10**8:08d}"
    total = 24
    for place, character in enumerate(reversed(digits)):
        number = int(character) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return f"{digits}{-total % 10}"


class World:
    """A seeded source of parts; claims made from one world share their billing provider."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.count = 0
        self.billing = a_billing_provider(seed)
        self.payer = x837.Payer(name="ACME HEALTH", number="60054")

    def number(self) -> int:
        self.count += 1
        return self.count

    def pick(self, *values: T) -> T:
        return self.random.choice(values)

    def day(self) -> date:
        return date(2026, 1, 5) + timedelta(days=self.random.randrange(150))

    def npi(self) -> str:
        return an_npi(self.random.randrange(10**8))

    def cents(self) -> int:
        return self.random.randrange(1_00, 900_00)


def an_address(world: World, *, nine: bool = False) -> x837.Address:
    city, state, code = world.pick(
        ("ALBANY", "NY", "12207"), ("DAYTON", "OH", "45402"), ("RENO", "NV", "89501")
    )
    return x837.Address(
        line_1=f"{world.random.randrange(1, 999)} ELM ST",
        line_2=world.pick("", "", "APT 2"),
        city=city,
        state_code=state,
        postal_code=code + ("0001" if nine else ""),
    )


def a_billing_provider(number: int = 1) -> x837.BillingProvider:
    return x837.BillingProvider(
        name="NORTHSIDE CLINIC",
        npi=an_npi(number),
        taxonomy_code="207Q00000X",
        address=x837.Address(
            line_1="1 MAIN ST", city="ALBANY", state_code="NY", postal_code="122070001"
        ),
        employer_id_number="123456789",
    )


def a_subscriber(world: World, **changes: Any) -> x837.Subscriber:
    number = world.number()
    one = x837.Subscriber(
        relationship_code="18",
        group_number=world.pick("", "GRP1"),
        claim_filing_indicator_code=world.pick("CI", "BL", "HM", "16"),
        name=f"DOE{number}",
        first_name=world.pick("JANE", "JOHN"),
        middle_name=world.pick("", "Q"),
        suffix=world.pick("", "JR"),
        member_number=f"M{world.random.randrange(10**8):08d}",
        address=an_address(world),
        birth_on=date(1960, 1, 1) + timedelta(days=world.random.randrange(20000)),
        sex_code=world.pick("F", "M", "U"),
    )
    return msgspec.structs.replace(one, **changes)


def a_patient(world: World) -> x837.Patient:
    return x837.Patient(
        relationship_code=world.pick("01", "19", "G8"),
        name=f"ROE{world.number()}",
        first_name="SAM",
        address=an_address(world),
        birth_on=date(2010, 5, 5),
        sex_code="M",
    )


def a_provider(world: World, role: str, **changes: Any) -> x837.Provider:
    one = x837.Provider(
        role_code=role, name="WELBY", first_name="MARCUS", npi=world.npi(), taxonomy_code=""
    )
    return msgspec.structs.replace(one, **changes)


def a_professional_line(world: World, **changes: Any) -> x837.ProfessionalLine:
    number = world.number()
    one = x837.ProfessionalLine(
        procedure=x837.Procedure(
            code=world.pick(*PROCEDURES), modifiers=world.pick((), ("25",), ("59", "LT"))
        ),
        billed_cents=world.cents(),
        quantity=world.pick(Decimal(1), Decimal(2), Decimal("1.5")),
        service_from=world.day(),
        diagnosis_pointers=world.pick((1,), (1, 2), (2, 1)),
        line_item_control_number=f"L{number}",
    )
    return msgspec.structs.replace(one, **changes)


def office_visit(world: World, **changes: Any) -> x837.ProfessionalClaim:
    """A plain claim: the subscriber is the patient."""
    lines = changes.pop("lines", None) or tuple(
        a_professional_line(world) for _ in range(world.random.randrange(1, 4))
    )
    one = x837.ProfessionalClaim(
        billing_provider=world.billing,
        subscriber=a_subscriber(world),
        payer=world.payer,
        claim_id=f"C-{world.number()}",
        billed_cents=sum(line.billed_cents for line in lines),
        place_of_service_code="11",
        diagnoses=tuple(x837.Diagnosis(code=code) for code in world.random.sample(DIAGNOSES, 3)),
        providers=(a_provider(world, "82", taxonomy_code="207Q00000X"),),
        lines=lines,
        clearinghouse_trace_number=f"T{world.number()}",
    )
    return msgspec.structs.replace(one, **changes)


def dependent(world: World) -> x837.ProfessionalClaim:
    subscriber = a_subscriber(world, relationship_code="", address=None, birth_on=None, sex_code="")
    return office_visit(world, subscriber=subscriber, patient=a_patient(world))


def replacement(world: World) -> x837.ProfessionalClaim:
    return office_visit(
        world, frequency_code=world.pick("7", "8"), payer_claim_control_number="PCN123456"
    )


def auto_accident(world: World) -> x837.ProfessionalClaim:
    on = world.day()
    return office_visit(
        world,
        related_cause_codes=("AA", "OA"),
        accident_state_code="CA",
        accident_on=on,
        onset_on=on,
        patient_signature_source_code="P",
        subscriber=a_subscriber(world, property_casualty_claim_number="PC99"),
        disability_from=on,
        disability_through=on + timedelta(days=10),
        last_worked_on=on,
        return_to_work_on=on + timedelta(days=11),
    )


def hospital_visit(world: World) -> x837.ProfessionalClaim:
    on = world.day()
    return office_visit(
        world,
        place_of_service_code="21",
        admitted_on=on,
        discharged_on=on + timedelta(days=2),
        prior_authorization_number="AUTH1",
        referral_number="REF1",
        medical_record_number="MRN1",
        providers=(
            a_provider(world, "DN"),
            a_provider(
                world,
                "82",
                secondary_identifiers=(x837.Reference(qualifier_code="G2", number="X1"),),
            ),
            a_provider(
                world,
                "77",
                entity_type_code="2",
                name="GENERAL HOSPITAL",
                first_name="",
                address=an_address(world, nine=True),
            ),
            a_provider(world, "DQ"),
        ),
        attachments=(
            x837.Attachment(report_type_code="OZ", transmission_code="EL", control_number="ATT1"),
            x837.Attachment(report_type_code="03", transmission_code="AA"),
        ),
        notes=(x837.Note(code="ADD", text="SEEN TWICE"),),
        fixed_format=("STATE DATA",),
    )


def drug_given(world: World) -> x837.ProfessionalClaim:
    line = a_professional_line(
        world,
        drug=x837.Drug(
            ndc="00041965013",
            quantity=Decimal("7.5"),
            unit_code=world.pick("ML", "UN", "GR"),
            prescription_number=world.pick("", "RX1"),
        ),
        providers=(
            a_provider(world, "82"),
            a_provider(
                world,
                "DK",
                address=an_address(world),
                contacts=(
                    x837.Contact(
                        name="DESK",
                        numbers=(x837.ContactNumber(qualifier_code="TE", number="5185550111"),),
                    ),
                ),
            ),
        ),
    )
    return office_visit(world, lines=(line,))


def ambulance(world: World) -> x837.ProfessionalClaim:
    place = an_address(world)
    line = a_professional_line(
        world,
        procedure=x837.Procedure(code="A0427", modifiers=("RH",)),
        is_emergency=True,
        ambulance_patient_count=Decimal(2),
        notes=(x837.Note(code="ADD", text="CARDIAC EMERGENCY"),),
    )
    return office_visit(
        world,
        lines=(line,),
        place_of_service_code="41",
        ambulance=x837.Ambulance(
            reason_code="A",
            distance_miles=Decimal(21),
            weight_pounds=Decimal(275),
            stretcher_purpose="UNCONSCIOUS",
        ),
        conditions=(x837.Condition(category_code="07", applies=True, codes=("01", "06")),),
        providers=(
            a_provider(
                world, "PW", entity_type_code="2", name="", first_name="", npi="", address=place
            ),
            a_provider(
                world,
                "45",
                entity_type_code="2",
                name="HOSPITAL",
                first_name="",
                npi="",
                address=an_address(world),
            ),
        ),
    )


def anaesthesia(world: World) -> x837.ProfessionalClaim:
    line = a_professional_line(
        world,
        procedure=x837.Procedure(code="00840", modifiers=("QK", "P1")),
        unit_code="MJ",
        quantity=Decimal(60),
        obstetric_units=Decimal(2),
    )
    return office_visit(world, lines=(line,), anaesthesia_procedure_codes=("44950", "44955"))


def equipment(world: World) -> x837.ProfessionalClaim:
    procedure = x837.Procedure(code="K0001", modifiers=("RR", "KH"))
    on = world.day()
    line = a_professional_line(
        world,
        procedure=procedure,
        service_from=on,
        service_through=on + timedelta(days=29),
        rental=x837.EquipmentRental(
            procedure=x837.Procedure(code="K0001"),
            days=Decimal(30),
            rental_cents=75_00,
            purchase_cents=500_00,
            frequency_code="4",
        ),
        attachments=(x837.Attachment(report_type_code="CT", transmission_code="AD"),),
        equipment=x837.EquipmentCertification(
            certification_type_code="I", duration_months=Decimal(12)
        ),
        conditions=(x837.Condition(category_code="09", applies=True, codes=("38",)),),
        therapy_begun_on=on,
        last_certified_on=on,
        measurements=(
            x837.Measurement(reference_code="TR", qualifier_code="HT", value=Decimal(70)),
        ),
        forms=(
            x837.Form(
                list_code="UT",
                form_number="02.03B",
                answers=(
                    x837.FormAnswer(question_number="1", yes_no_code="Y"),
                    x837.FormAnswer(question_number="5", text="8"),
                    x837.FormAnswer(question_number="6", answered_on=on),
                ),
            ),
        ),
    )
    return office_visit(
        world,
        lines=(line,),
        place_of_service_code="12",
        subscriber=a_subscriber(world, weight_pounds=Decimal("155.5")),
    )


def chiropractic(world: World) -> x837.ProfessionalClaim:
    on = world.day()
    return office_visit(
        world,
        spinal_manipulation=x837.SpinalManipulation(condition_code="M", description="CHRONIC"),
        initial_treatment_on=on,
        last_seen_on=on,
        acute_manifestation_on=on,
        last_x_ray_on=on,
    )


def with_everything(world: World) -> x837.ProfessionalClaim:
    """Segments that seldom come, all at once."""
    on = world.day()
    line = a_professional_line(
        world,
        place_of_service_code="22",
        is_epsdt=True,
        is_family_planning=True,
        is_copay_exempt=True,
        prescribed_on=on,
        haemoglobin_test_on=on,
        creatinine_test_on=on,
        shipped_on=on,
        contract=x837.Contract(
            type_code="04", amount_cents=5_00, percentage=Decimal("12.5"), code="K", version="1"
        ),
        repriced_line_number="RL1",
        adjusted_repriced_line_number="RL2",
        prior_authorizations=(
            x837.Reference(qualifier_code="G1", number="A1"),
            x837.Reference(qualifier_code="G1", number="A2", payer_number="OTHER1"),
        ),
        referrals=(x837.Reference(qualifier_code="9F", number="R1"),),
        mammography_certification_number="MC1",
        clia_number="05D0000001",
        referring_clia_number="05D0000002",
        immunization_batch_number="B7",
        sales_tax_cents=1_25,
        postage_cents=60,
        notes=(x837.Note(code="ADD", text="NOTE"), x837.Note(code="TPO", text="TO PAYER")),
        fixed_format=("ONE", "TWO"),
        purchased_from_number="PS1",
        purchased_cents=10_00,
        repricing=x837.Repricing(
            methodology_code="03", allowed_cents=80_00, saving_cents=20_00, organization_number="O"
        ),
        providers=(a_provider(world, "QB", name="", first_name=""), a_provider(world, "DN")),
    )
    return office_visit(
        world,
        lines=(line,),
        billing_provider=msgspec.structs.replace(
            world.billing,
            pay_to_address=x837.Address(
                line_1="PO BOX 9", city="ALBANY", state_code="NY", postal_code="12207"
            ),
            pay_to_plan=x837.PayToPlan(
                name="STATE PLAN",
                number="SP1",
                address=an_address(world),
                employer_id_number="987654321",
            ),
            secondary_identifiers=(x837.Reference(qualifier_code="0B", number="LIC1"),),
            contacts=SUBMISSION.submitter.contacts,
            currency_code="USD",
        ),
        payer=x837.Payer(
            name="ACME HEALTH",
            number="60054",
            address=an_address(world),
            secondary_identifiers=(x837.Reference(qualifier_code="FY", number="OFFICE1"),),
            billing_provider_identifiers=(x837.Reference(qualifier_code="G2", number="PRV1"),),
        ),
        special_program_code="02",
        delay_reason_code="7",
        contract=x837.Contract(type_code="02", amount_cents=90_00),
        patient_paid_cents=20_00,
        service_authorization_exception_code="1",
        medicare_crossover_code="N",
        mammography_certification_number="MC1",
        clia_number="05D0000001",
        repriced_claim_number="RC1",
        adjusted_repriced_claim_number="RC2",
        investigational_device_number="IDE1",
        medical_record_number="MRN1",
        demonstration_project_number="DEMO1",
        care_plan_oversight_number=an_npi(5),
        last_menstrual_period_on=on,
        prescribed_on=on,
        care_assumed_on=on,
        care_relinquished_on=on,
        first_contact_on=on,
        repricer_received_on=on,
        conditions=(
            x837.Condition(category_code="E1", applies=True, codes=("L1", "L2")),
            x837.Condition(category_code="75", applies=True, codes=("IH",)),
            x837.Condition(category_code="ZZ", applies=False, codes=("NU",)),
        ),
        condition_codes=("AA", "AB"),
        repricing=x837.Repricing(
            methodology_code="00", allowed_cents=0, rejection_reason_code="T1"
        ),
        subscriber=a_subscriber(world, social_security_number="123456789", is_pregnant=True),
    )


def an_other_payer(world: World, **changes: Any) -> x837.OtherPayer:
    one = x837.OtherPayer(
        responsibility_code="P",
        relationship_code="18",
        subscriber=x837.OtherSubscriber(
            name="DOE", first_name="PAT", member_number="OM1", address=an_address(world)
        ),
        name="FIRST INSURANCE",
        number="OTHER1",
        group_number="G1",
        claim_filing_indicator_code="CI",
    )
    return msgspec.structs.replace(one, **changes)


def secondary_by_line(world: World) -> x837.ProfessionalClaim:
    """The first payer adjudicated line by line, and adjusted the claim once more."""
    on = world.day()
    lines = []
    for _ in range(2):
        line = a_professional_line(world, billed_cents=100_00)
        lines.append(
            msgspec.structs.replace(
                line,
                adjudications=(
                    x837.LineAdjudication(
                        payer_number="OTHER1",
                        paid_cents=60_00,
                        procedure=line.procedure,
                        quantity=line.quantity,
                        adjustments=(
                            x837.Adjustment(group_code="CO", reason_code="45", amount_cents=30_00),
                            x837.Adjustment(
                                group_code="PR",
                                reason_code="2",
                                amount_cents=10_00,
                                quantity=Decimal(1),
                            ),
                        ),
                        adjudicated_on=on,
                        remaining_patient_liability_cents=10_00,
                    ),
                ),
            )
        )
    other = an_other_payer(
        world,
        paid_cents=110_00,
        adjustments=(x837.Adjustment(group_code="PR", reason_code="1", amount_cents=10_00),),
        payer_claim_control_number="PAYER1",
        outpatient=x837.OutpatientAdjudication(
            reimbursement_rate=Decimal("0.8"), remark_codes=("MA01", "N130")
        ),
        providers=(
            x837.Provider(
                role_code="82",
                secondary_identifiers=(x837.Reference(qualifier_code="G2", number="P1"),),
            ),
        ),
    )
    return office_visit(
        world,
        lines=tuple(lines),
        subscriber=a_subscriber(world, responsibility_code="S"),
        other_payers=(other,),
    )


def secondary_by_claim(world: World) -> x837.ProfessionalClaim:
    """Medicare after an employer's plan, which adjudicated the claim as a whole."""
    line = a_professional_line(world, billed_cents=150_00)
    reasons = ("45", "1", "2", "3", "59", "104", "131")
    other = an_other_payer(
        world,
        paid_cents=80_00,
        non_covered_cents=0,
        remaining_patient_liability_cents=10_00,
        adjustments=tuple(
            x837.Adjustment(group_code="CO", reason_code=code, amount_cents=10_00)
            for code in reasons
        ),
        adjudicated_on=world.day(),
        insurance_type_code="12",
        prior_authorization_number="OA1",
        address=an_address(world),
    )
    return office_visit(
        world,
        lines=(line,),
        subscriber=a_subscriber(
            world,
            responsibility_code="S",
            claim_filing_indicator_code="MB",
            insurance_type_code="12",
        ),
        other_payers=(other,),
    )


def billed_ahead(world: World) -> x837.ProfessionalClaim:
    """A primary claim that names the payer after it, which has not adjudicated."""
    other = an_other_payer(world, responsibility_code="S")
    return office_visit(world, other_payers=(other,))


PROFESSIONAL: tuple[Callable[[World], x837.ProfessionalClaim], ...] = (
    office_visit,
    dependent,
    replacement,
    auto_accident,
    hospital_visit,
    drug_given,
    ambulance,
    anaesthesia,
    equipment,
    chiropractic,
    with_everything,
    secondary_by_line,
    secondary_by_claim,
    billed_ahead,
)


def a_bill_line(world: World, **changes: Any) -> x837.InstitutionalLine:
    one = x837.InstitutionalLine(
        revenue_code=world.pick("0300", "0250", "0320", "0636"),
        procedure=x837.Procedure(code=world.pick("85025", "93005", "J1100")),
        billed_cents=world.cents(),
        quantity=Decimal(world.random.randrange(1, 5)),
        service_from=date(2026, 3, 3),
        line_item_control_number=f"L{world.number()}",
    )
    return msgspec.structs.replace(one, **changes)


def outpatient_bill(world: World, **changes: Any) -> x837.InstitutionalClaim:
    lines = changes.pop("lines", None) or tuple(
        a_bill_line(world) for _ in range(world.random.randrange(1, 4))
    )
    one = x837.InstitutionalClaim(
        billing_provider=msgspec.structs.replace(world.billing, taxonomy_code="282N00000X"),
        subscriber=a_subscriber(world),
        payer=world.payer,
        claim_id=f"I-{world.number()}",
        billed_cents=sum(line.billed_cents for line in lines),
        bill_type_code="13",
        statement_from=date(2026, 3, 2),
        statement_through=date(2026, 3, 4),
        admission_type_code="3",
        point_of_origin_code="1",
        patient_status_code="01",
        principal_diagnosis=x837.Diagnosis(code="R0789"),
        other_diagnoses=tuple(
            x837.Diagnosis(code=code) for code in world.random.sample(DIAGNOSES, 2)
        ),
        providers=(a_provider(world, "71", taxonomy_code="207RC0000X"),),
        lines=lines,
    )
    return msgspec.structs.replace(one, **changes)


def emergency(world: World) -> x837.InstitutionalClaim:
    lines = (
        a_bill_line(world, revenue_code="0450", procedure=x837.Procedure(code="99284")),
        a_bill_line(world, revenue_code="0250", procedure=None),
    )
    return outpatient_bill(
        world,
        lines=lines,
        admission_type_code="1",
        reasons_for_visit=(x837.Diagnosis(code="R0789"), x837.Diagnosis(code="R079")),
        external_causes=(x837.Diagnosis(code="W19XXXA"),),
        auto_accident_state_code="NY",
        occurrences=(x837.Occurrence(code="01", occurred_on=date(2026, 3, 1)),),
        condition_codes=("18",),
    )


def inpatient_stay(world: World, **changes: Any) -> x837.InstitutionalClaim:
    def poa(code: str) -> x837.Diagnosis:
        return x837.Diagnosis(code=code, poa_code=world.pick("Y", "N", "U", "W"))

    lines = (
        a_bill_line(world, revenue_code="0120", procedure=None, unit_code="DA", service_from=None),
        a_bill_line(world, revenue_code="0360", procedure=None, service_from=None),
    )
    return outpatient_bill(
        world,
        lines=lines,
        **{
            "bill_type_code": "11",
            "admission_type_code": "1",
            "admitted_on": date(2026, 3, 2),
            "admission_time": "1430",
            "discharge_time": "1105",
            "admitting_diagnosis": x837.Diagnosis(code="R109"),
            "principal_diagnosis": poa("K3580"),
            "other_diagnoses": tuple(map(poa, ("E119", "I10", "K219"))),
            "external_causes": (x837.Diagnosis(code="W19XXXA", poa_code="Y"),),
            "drg_code": "343",
            "principal_procedure": x837.InpatientProcedure(
                code=world.pick(*INPATIENT_PROCEDURES), performed_on=date(2026, 3, 2)
            ),
            "other_procedures": (
                x837.InpatientProcedure(code="5A1955Z", performed_on=date(2026, 3, 3)),
            ),
            "occurrence_spans": (
                x837.OccurrenceSpan(
                    code="74",
                    occurred_from=date(2026, 3, 2),
                    occurred_through=date(2026, 3, 3),
                ),
            ),
            "value_codes": (
                x837.ValueCode(code="80", amount_cents=2_00),
                x837.ValueCode(code="A2", amount_cents=15_31),
            ),
            "medical_record_number": "MRN1",
            "providers": (
                a_provider(world, "71"),
                a_provider(world, "72"),
                a_provider(world, "ZZ"),
            ),
        }
        | changes,
    )


def interim_bill(world: World) -> x837.InstitutionalClaim:
    return inpatient_stay(
        world, frequency_code=world.pick("2", "3"), patient_status_code="30", discharge_time=""
    )


def bill_for_dependent(world: World) -> x837.InstitutionalClaim:
    subscriber = a_subscriber(world, relationship_code="", address=None, birth_on=None, sex_code="")
    return outpatient_bill(world, subscriber=subscriber, patient=a_patient(world))


def corrected_bill(world: World) -> x837.InstitutionalClaim:
    return outpatient_bill(
        world,
        frequency_code=world.pick("7", "8"),
        payer_claim_control_number="PCN1",
        condition_codes=("D1",),
    )


def many_codes(world: World) -> x837.InstitutionalClaim:
    """More codes than one HI takes, and what seldom comes."""
    on = date(2026, 3, 2)
    codes = [f"E{number}" for number in range(110, 134)]
    return inpatient_stay(
        world,
        other_diagnoses=tuple(x837.Diagnosis(code=code, poa_code="Y") for code in codes[:24]),
        other_procedures=tuple(
            x837.InpatientProcedure(code=f"02703{letter}Z", performed_on=on)
            for letter in "0123456789ABCDEF"
        ),
        occurrences=tuple(
            x837.Occurrence(code=f"{number:02d}", occurred_on=on) for number in range(1, 15)
        ),
        condition_codes=tuple(f"{number:02d}" for number in range(1, 15)),
        treatment_codes=("A01", "B02"),
        value_codes=tuple(
            x837.ValueCode(code=f"{number:02d}", amount_cents=number) for number in range(1, 14)
        ),
        delay_reason_code="9",
        repricer_received_on=on,
        patient_estimated_due_cents=50_00,
        prior_authorization_number="AUTH1",
        referral_number="REF1",
        clearinghouse_trace_number="T1",
        investigational_device_numbers=("IDE1", "IDE2"),
        demonstration_project_number="DEMO1",
        peer_review_number="PRO1",
        service_authorization_exception_code="2",
        repriced_claim_number="RC1",
        adjusted_repriced_claim_number="RC2",
        contract=x837.Contract(type_code="01", amount_cents=900_00),
        fixed_format=("STATE",),
        notes=(x837.Note(code="ADD", text="BILLING"), x837.Note(code="DGN", text="UNSTABLE")),
        conditions=(x837.Condition(category_code="ZZ", applies=True, codes=("AV",)),),
        attachments=(
            x837.Attachment(report_type_code="B3", transmission_code="FX", control_number="F1"),
        ),
        repricing=x837.Repricing(
            methodology_code="02", allowed_cents=500_00, group_code="343", group_cents=400_00
        ),
    )


def bill_with_drug(world: World) -> x837.InstitutionalClaim:
    line = a_bill_line(
        world,
        drug=x837.Drug(ndc="00041965013", quantity=Decimal(2), unit_code="ML"),
        non_covered_cents=5_00,
        service_tax_cents=1_00,
        facility_tax_cents=2_00,
        notes=(x837.Note(code="TPO", text="TO PAYER"),),
        providers=(a_provider(world, "82"), a_provider(world, "72")),
    )
    place = a_provider(
        world,
        "77",
        entity_type_code="2",
        name="ANNEX",
        first_name="",
        address=an_address(world, nine=True),
    )
    return outpatient_bill(
        world,
        lines=(line,),
        providers=(a_provider(world, "71"), place, a_provider(world, "DN")),
    )


def bill_after_medicare(world: World) -> x837.InstitutionalClaim:
    line = a_bill_line(world, billed_cents=1000_00)
    adjudicated = msgspec.structs.replace(
        line,
        adjudications=(
            x837.LineAdjudication(
                payer_number="OTHER1",
                paid_cents=700_00,
                procedure=line.procedure,
                revenue_code=line.revenue_code,
                quantity=line.quantity,
                adjustments=(
                    x837.Adjustment(group_code="CO", reason_code="45", amount_cents=300_00),
                ),
                adjudicated_on=date(2026, 4, 1),
            ),
        ),
    )
    other = an_other_payer(
        world,
        paid_cents=700_00,
        claim_filing_indicator_code="MA",
        inpatient=x837.InpatientAdjudication(
            covered_days=Decimal(2),
            drg_cents=650_00,
            remark_codes=("MA01", "MA02"),
            operating_federal_drg_cents=600_00,
        ),
    )
    return outpatient_bill(
        world,
        lines=(adjudicated,),
        subscriber=a_subscriber(world, responsibility_code="S"),
        other_payers=(other,),
    )


INSTITUTIONAL: tuple[Callable[[World], x837.InstitutionalClaim], ...] = (
    outpatient_bill,
    emergency,
    inpatient_stay,
    interim_bill,
    bill_for_dependent,
    corrected_bill,
    many_codes,
    bill_with_drug,
    bill_after_medicare,
)


def a_dental_line(world: World, **changes: Any) -> x837.DentalLine:
    one = x837.DentalLine(
        procedure=x837.Procedure(qualifier_code="AD", code=world.pick("D3320", "D0140", "D2392")),
        billed_cents=world.cents(),
        quantity=Decimal(1),
        line_item_control_number=f"L{world.number()}",
        teeth=(
            x837.Tooth(code=world.pick("5", "A", "31"), surface_codes=world.pick((), ("M", "O"))),
        ),
    )
    return msgspec.structs.replace(one, **changes)


def dental_visit(world: World, **changes: Any) -> x837.DentalClaim:
    lines = changes.pop("lines", None) or (a_dental_line(world), a_dental_line(world))
    one = x837.DentalClaim(
        billing_provider=msgspec.structs.replace(world.billing, taxonomy_code="1223G0001X"),
        subscriber=a_subscriber(world),
        payer=world.payer,
        claim_id=f"D-{world.number()}",
        billed_cents=sum(line.billed_cents for line in lines),
        place_of_service_code="11",
        service_from=world.day(),
        providers=(a_provider(world, "82", taxonomy_code="1223G0001X"),),
        lines=lines,
    )
    return msgspec.structs.replace(one, **changes)


def braces(world: World) -> x837.DentalClaim:
    return dental_visit(
        world,
        lines=(
            a_dental_line(
                world,
                procedure=x837.Procedure(qualifier_code="AD", code="D8080"),
                teeth=(),
                oral_cavity_codes=("00",),
                prosthesis_code="I",
                diagnosis_pointers=(1,),
                prior_placement_on=date(2020, 1, 1),
                appliance_placement_on=date(2026, 1, 5),
                replacement_on=date(2026, 1, 6),
                treatment_started_on=date(2026, 1, 5),
                treatment_completed_on=date(2026, 2, 5),
                predetermination_numbers=(x837.Reference(qualifier_code="G3", number="P1"),),
                sales_tax_cents=1_00,
            ),
        ),
        diagnoses=(x837.Diagnosis(code="K0381"),),
        appliance_placement_on=date(2026, 1, 5),
        orthodontics=x837.Orthodontics(
            total_months=Decimal(36), remaining_months=Decimal(30), is_for_services=True
        ),
        tooth_statuses=(x837.ToothStatus(tooth_code="1", status_code="M"),),
        predetermination_number="PRE1",
        patient_paid_cents=5_00,
    )


def dental_estimate(world: World) -> x837.DentalClaim:
    return dental_visit(world, predetermination_code="PB", service_from=None)


def dental_secondary(world: World) -> x837.DentalClaim:
    """Another plan paid first, and knows the claim by four numbers."""
    other = an_other_payer(
        world,
        paid_cents=100_00,
        adjudicated_on=world.day(),
        prior_authorization_number="PA2",
        claim_adjustment_indicator="Y",
        predetermination_number="PRE2",
        payer_claim_control_number="PCN2",
    )
    one = dental_visit(world, subscriber=a_subscriber(world, responsibility_code="S"))
    billed = sum(line.billed_cents for line in one.lines)
    adjusted = x837.Adjustment("CO", "45", billed - 100_00)
    other = msgspec.structs.replace(other, adjustments=(adjusted,))
    return msgspec.structs.replace(one, other_payers=(other,))


DENTAL: tuple[Callable[[World], x837.DentalClaim], ...] = (
    dental_visit,
    braces,
    dental_estimate,
    dental_secondary,
)


def professional_claims(count: int, seed: int = 1) -> list[x837.ProfessionalClaim]:
    """Make claims that go through every shape in turn."""
    world = World(seed)
    return [PROFESSIONAL[place % len(PROFESSIONAL)](world) for place in range(count)]


def institutional_claims(count: int, seed: int = 1) -> list[x837.InstitutionalClaim]:
    """Make claims that go through every shape in turn."""
    world = World(seed)
    return [INSTITUTIONAL[place % len(INSTITUTIONAL)](world) for place in range(count)]


def dental_claims(count: int, seed: int = 1) -> list[x837.DentalClaim]:
    """Make claims that go through every shape in turn."""
    world = World(seed)
    return [DENTAL[place % len(DENTAL)](world) for place in range(count)]


WRITERS: dict[str, Callable[..., bytes]] = {
    "P": x837.write_837p,
    "I": x837.write_837i,
    "D": x837.write_837d,
}


def a_file(*claims: x837.Claim) -> bytes:
    """Write claims of one guide."""
    kinds = {x837.ProfessionalClaim: "P", x837.InstitutionalClaim: "I", x837.DentalClaim: "D"}
    return WRITERS[kinds[type(claims[0])]](SUBMISSION, claims, ENVELOPE)


def with_segments(data: bytes, segments: list[str]) -> bytes:
    """Put segments back into a file, with SE01 counted anew."""
    start = next(at for at, one in enumerate(segments) if one.startswith("ST*"))
    end = next((at for at, one in enumerate(segments) if one.startswith("SE*")), None)
    if end is not None:
        parts = segments[end].split("*")
        segments[end] = f"SE*{end - start + 1}*{parts[2]}"
    return ("~".join(segments) + "~").encode()


def changed(data: bytes, old: str, new: str, *, turn: int = 1) -> bytes:
    """Replace the segment that begins with `old`; `new` may be several, or empty to drop it."""
    segments = data.decode().rstrip("~").split("~")
    places = [at for at, one in enumerate(segments) if one.startswith(old)]
    assert len(places) >= turn, f"no segment begins with {old}"
    place = places[turn - 1]
    segments[place : place + 1] = new.split("~") if new else []
    return with_segments(data, segments)


def edited(data: bytes, old: str, new: str) -> bytes:
    """Replace text once, and count SE01 anew."""
    text = data.decode()
    assert old in text, f"no {old}"
    return with_segments(data, text.replace(old, new, 1).rstrip("~").split("~"))
