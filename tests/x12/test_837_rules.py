"""Rules that need code lists, or a claim too large to arise from a small fault."""

from datetime import date

import msgspec
import pytest

from rcm.x12 import x837, x837_rules
from x12_837_cases import (
    AS_OF,
    World,
    a_bill_line,
    a_professional_line,
    an_npi,
    inpatient_stay,
    office_visit,
    outpatient_bill,
    secondary_by_claim,
)
from x12_837_faults import FURTHER_FAULTS, INSTITUTIONAL_FAULTS, PROFESSIONAL_FAULTS

replace = msgspec.structs.replace
ELSEWHERE = {
    "claim-id-repeated",  # test_837_faults
    "poa-required",
    "too-many",
    "diagnosis-unknown",
    "inpatient-procedure-unknown",
    "code-unknown",
    "description-missing",
}


class Lists:
    """Knows nothing but what it is told, and remembers what it was asked."""

    def __init__(self, **answers: dict[str, bool]) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, str, date]] = []

    def knows(self, code_list: str, code: str, on: date) -> bool | None:
        self.asked.append((code_list, code, on))
        return self.answers.get(code_list, {}).get(code)


def rules_of(claim: x837.Claim, **options) -> dict[str, str]:
    found = x837.check_claim(claim, as_of=AS_OF, **options)
    return {one.rule_id: one.position for one in found}


def test_every_rule_has_a_fault_that_provokes_it():
    tables = (*PROFESSIONAL_FAULTS, *INSTITUTIONAL_FAULTS, *FURTHER_FAULTS)
    provoked = {one.rule for one in tables} | ELSEWHERE
    assert {one.rule_id for one in x837_rules.RULES} - provoked == set()


def test_rule_names_are_unique_and_told_in_the_guide_page():
    names = [one.rule_id for one in x837_rules.RULES]
    assert len(set(names)) == len(names)


def test_a_diagnosis_is_looked_up_on_the_first_day_of_service():
    lists = Lists(icd_10_cm={"E119": False})
    claim = office_visit(World(1), diagnoses=(x837.Diagnosis(code="E119"),) * 1)
    claim = replace(
        claim,
        lines=(
            a_professional_line(
                World(2), service_from=date(2026, 3, 1), diagnosis_pointers=(1,), billed_cents=1
            ),
        ),
        billed_cents=1,
    )
    assert rules_of(claim, codes=lists) == {"diagnosis-unknown": "HI01-2"}
    assert ("icd-10-cm", "E119", date(2026, 3, 1)) in lists.asked


def test_a_bills_diagnosis_is_looked_up_on_its_last_day():
    lists = Lists(icd_10_cm={"K3580": False}, icd_10_pcs={"5A1955Z": False})
    rules = rules_of(inpatient_stay(World(1)), codes=lists)
    assert rules["diagnosis-unknown"] == "HI01-2"
    assert rules["inpatient-procedure-unknown"] == "HI01-2"
    assert {on for _, _, on in lists.asked} == {date(2026, 3, 4)}


@pytest.mark.parametrize(
    ("name", "code", "position"),
    [
        ("hcpcs", "85025", "SV202-2"),
        ("revenue", "0300", "SV201"),
        ("bill_type", "13", "CLM05-1"),
        ("patient_status", "01", "CL103"),
        ("condition", "18", "HI01-2"),
        ("occurrence", "05", "HI01-2"),
        ("value", "80", "HI01-2"),
    ],
)
def test_codes_of_a_bill_are_looked_up(name: str, code: str, position: str):
    line = a_bill_line(
        World(1), revenue_code="0300", procedure=x837.Procedure(code="85025"), billed_cents=1_00
    )
    claim = outpatient_bill(
        World(1),
        lines=(line,),
        condition_codes=("18",),
        occurrences=(x837.Occurrence(code="05", occurred_on=date(2026, 3, 1)),),
        value_codes=(x837.ValueCode(code="80", amount_cents=1_00),),
    )
    assert rules_of(claim) == {}
    assert rules_of(claim, codes=Lists(**{name: {code: False}})) == {"code-unknown": position}
    assert rules_of(claim, codes=Lists(**{name: {code: True}})) == {}


def test_a_modifier_and_a_reason_code_are_looked_up():
    line = a_professional_line(
        World(1), procedure=x837.Procedure(code="99213", modifiers=("25",)), billed_cents=1_00
    )
    claim = office_visit(World(1), lines=(line,))
    found = rules_of(claim, codes=Lists(modifier={"25": False}))
    assert found == {"code-unknown": "SV101-3"}
    found = rules_of(secondary_by_claim(World(1)), codes=Lists(carc={"45": False}))
    assert found == {"code-unknown": "CAS02"}


def test_an_unlisted_procedure_needs_a_description():
    unlisted = x837.Procedure(code="J3490")
    line = a_professional_line(World(1), procedure=unlisted, billed_cents=1_00)
    lists = Lists(hcpcs_unlisted={"J3490": True})
    claim = office_visit(World(1), lines=(line,))
    assert rules_of(claim, codes=lists) == {"description-missing": "SV101-7"}
    told = replace(line, procedure=replace(unlisted, description="NEW DRUG 5MG"))
    assert rules_of(replace(claim, lines=(told,)), codes=lists) == {}


def test_a_diagnosis_known_not_to_be_exempt_needs_its_indicator():
    claim = inpatient_stay(World(1), principal_diagnosis=x837.Diagnosis(code="K3580"))
    assert rules_of(claim) == {"poa-missing": "HI01-9"}
    assert rules_of(claim, codes=Lists(poa_exempt={"K3580": False})) == {"poa-required": "HI01-9"}
    assert rules_of(claim, codes=Lists(poa_exempt={"K3580": True})) == {}


def test_fifty_lines_are_a_claim_and_fifty_one_are_too_many():
    world = World(1)
    lines = tuple(a_professional_line(world, billed_cents=1_00) for _ in range(50))
    assert rules_of(office_visit(world, lines=lines)) == {}
    assert rules_of(office_visit(world, lines=(*lines, a_professional_line(world)))) == {
        "too-many": "LX01"
    }


def test_twelve_diagnoses_are_a_claim_and_thirteen_are_too_many():
    codes = [x837.Diagnosis(code=f"E1{number:02d}") for number in range(13)]
    assert rules_of(office_visit(World(1), diagnoses=tuple(codes[:12]))) == {}
    assert rules_of(office_visit(World(1), diagnoses=tuple(codes))) == {"too-many": "HI13"}


def test_an_encounter_may_bill_nothing_and_a_claim_may_not():
    line = a_professional_line(World(1), billed_cents=0)
    claim = office_visit(World(1), lines=(line,))
    assert rules_of(claim) == {"charge-not-positive": "CLM02"}
    assert rules_of(claim, is_encounter=True) == {}


def test_a_birth_today_is_no_birth_in_the_future():
    claim = office_visit(World(1))
    for born, expected in ((AS_OF, set()), (date(2026, 7, 1), {"birth-in-future"})):
        subscriber = replace(claim.subscriber, birth_on=born)
        found = set(rules_of(replace(claim, subscriber=subscriber)))
        assert found - {"birth-after-service"} == expected


@pytest.mark.parametrize(
    ("street", "is_box"),
    [
        ("PO BOX 12", True),
        ("P.O. Box 12", True),
        ("P O BOX 12", True),
        ("POST OFFICE BOX 3", True),
        ("1 BOXWOOD LN", False),
        ("12 POBLANO ST", False),
        ("5 POST OFFICE SQ", False),
    ],
)
def test_a_box_is_told_from_a_street(street: str, is_box: bool):
    claim = office_visit(World(1))
    address = replace(claim.billing_provider.address, line_1=street)
    provider = replace(claim.billing_provider, address=address)
    found = rules_of(replace(claim, billing_provider=provider))
    assert ("billing-address-box" in found) is is_box


def test_places_abroad_have_their_own_states_and_postal_codes():
    claim = office_visit(World(1))
    address = x837.Address(line_1="1 RUE X", city="PARIS", postal_code="75001", country_code="FR")
    subscriber = replace(claim.subscriber, address=address)
    assert rules_of(replace(claim, subscriber=subscriber)) == {}


def test_a_finding_of_a_claim_never_written_names_its_loop():
    claim = office_visit(World(1), providers=())
    provider = x837.Provider(role_code="82", name="X", npi="1234567890")
    (found,) = x837.check_claim(replace(claim, providers=(provider,)), as_of=AS_OF)
    assert (found.rule_id, found.place.loop, found.position) == ("npi-invalid", "2310B[1]", "NM109")
    assert found.claim_id == claim.claim_id


def test_an_npi_we_compute_is_valid():
    claim = office_visit(World(1))
    for number in range(50):
        provider = replace(claim.billing_provider, npi=an_npi(number * 7919))
        assert rules_of(replace(claim, billing_provider=provider)) == {}
