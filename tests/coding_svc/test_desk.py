"""The coder's desk: one encounter, one coder; leases, credentials, and a release asked back."""

from datetime import timedelta
from functools import partial

import pytest

from coding_cases import TENANT, Desk, charges, ft1, in1, message, pid, pv1, register
from coding_svc.decide import coders, commands, desk
from coding_svc.decide.desk import Worker
from coding_svc.model.desk import Credential, coder_parts
from coding_svc.problems import (
    AssignedToAnother,
    ChargeNotFound,
    CoderNotFound,
    CredentialMissing,
    EncounterIncomplete,
    EncounterNotFound,
    NotHeld,
    NotReleased,
    NotTaken,
    SequenceMismatch,
    TakenByAnother,
    WithdrawalPending,
)
from coding_svc.rules.desk import DeskRules, credentials_by_class, is_workable
from rcm.domain import Command
from rcm.events.claims import ClaimSubmitted
from rcm.events.claims_withdrawal import ReleaseWithdrawalSettled
from rcm.events.denials import CodingReworkRequested
from service_cases import Cause, Story

RULES = DeskRules(lease_s=600, credentials={"I": ("CCS", "CIC")})


class Office(Desk):
    """coding-svc in memory, with coders in it."""

    def __init__(self, *those):
        super().__init__(*those)
        self.story = Story(self.service)
        self.asked = 0

    def does(self, actor, decide, *coders_named):
        """Let somebody do something; returns the events."""
        self.asked += 1
        streams = [self.encounter_id(), *(self.opaque(*coder_parts(c)) for c in coders_named)]
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

    def take_it(self, coder, rules=RULES):
        return self.does(
            coder, partial(desk.take, self.encounter_id(), Worker(coder, rules)), coder
        )

    def recode(self, coder, diagnoses, *, rules=RULES, is_manager=False):
        wanted = commands.Codes(diagnoses=diagnoses)
        decide = partial(commands.recode, self.encounter_id(), wanted, self.profiles)
        worker = Worker(coder, rules, is_manager)
        return self.does(coder, desk.guarded(self.encounter_id(), worker, decide), coder)

    def release(self, coder):
        decide = partial(
            commands.release, self.encounter_id(), commands.Overruling(by=coder), self.profiles
        )
        worker = Worker(coder, RULES)
        return self.does(coder, desk.guarded(self.encounter_id(), worker, decide), coder)

    def credential(self, coder, code, start="2020-01-01", end=""):
        decide = partial(coders.enter_credential, coder, Credential(code, start, end))
        return self.does("manager", decide, coder)

    def later(self, **by):
        self.service.now = self.service.now + timedelta(**by)

    def rows(self, table):
        return self.service.table(table)

    def ask_back(self, actor="ann"):
        return self.does(actor, partial(desk.ask_back, self.encounter_id()))

    def hears(self, event):
        self.story.when(Cause(event.encounter_id, event))
        if self.service.failures:
            raise self.service.failures[0]
        return [fact.event for fact in self.story.facts]

    def settled(self, outcome, cause=""):
        withdrawal = self.state().desk.withdrawal
        event = ReleaseWithdrawalSettled(
            encounter_id=self.encounter_id(),
            coded_version=withdrawal.coded_version,
            withdrawal_id=withdrawal.withdrawal_id,
            outcome=outcome,
            cause=cause,
            claim_ids=["P1"],
        )
        return self.hears(event)


def names(events):
    return [event.name for event in events]


def rule_ids(events):
    return [[r.rule_id for r in e.reasons] for e in events if e.name == "EncounterHeld"]


@pytest.fixture
def office():
    """An outpatient encounter whose diagnoses are missing waits to be coded."""
    office = Office()
    office.take(register())
    office.take(charges(ft1(f19="")))
    assert office.state().status == "held"
    return office


def coded_office():
    office = Office()
    office.take(register())
    office.take(charges())
    assert office.state().status == "coded"
    return office


def test_two_who_take_the_same_encounter_do_not_both_have_it(office):
    (taken,) = office.take_it("ann")
    assert (taken.coder, taken.time_zone) == ("ann", "America/New_York")
    with pytest.raises(TakenByAnother):
        office.take_it("bob")
    (row,) = office.rows("desk_item")
    assert row["taken_by"] == "ann"


def test_a_lease_is_renewed_by_its_holder_and_ends_by_itself(office):
    office.take_it("ann")
    office.later(seconds=599)
    (renewed,) = office.take_it("ann")
    assert renewed.leased_until > office.rows("desk_item")[0]["taken_at"]
    office.later(seconds=599)
    with pytest.raises(TakenByAnother):
        office.take_it("bob")
    office.later(seconds=1)
    assert names(office.take_it("bob")) == ["EncounterTaken"]
    (over,) = office.rows("coding_work")
    assert (over["coder"], over["outcome"], over["worked_ms"]) == ("ann", "lease-over", 1_199_000)


def test_only_the_holder_or_a_manager_changes_the_codes(office):
    office.take_it("ann")
    with pytest.raises(TakenByAnother):
        office.recode("bob", ("E119",))
    assert "EncounterCoded" in names(office.recode("meg", ("E119",), is_manager=True))


def test_where_the_rules_say_so_codes_are_changed_only_by_whoever_took_it(office):
    strict = DeskRules(must_take=True)
    with pytest.raises(NotTaken):
        office.recode("ann", ("E119",), rules=strict)
    office.take_it("ann", strict)
    assert "EncounterCoded" in names(office.recode("ann", ("E119",), rules=strict))


def test_a_release_ends_the_work_and_leaves_the_queue(office):
    office.take_it("ann")
    office.later(seconds=300)
    office.recode("ann", ("E119", "I10"))
    assert office.state().status == "coded"
    assert office.rows("desk_item") == []
    (work,) = office.rows("coding_work")
    assert (work["coder"], work["outcome"], work["worked_ms"]) == ("ann", "released", 300_000)
    assert (work["worked_on"], work["class_code"]) == ("2026-03-02", "O")
    (release,) = office.rows("coding_release")
    assert (release["released_by"], release["payer_id"]) == ("ann", "60054")
    with pytest.raises(NotHeld):
        office.take_it("bob")


def test_the_day_of_the_work_is_the_facilitys(office):
    office.later(hours=13, minutes=30)  # 01:30 UTC of the 3rd is still the 2nd in New York
    office.take_it("ann")
    office.recode("ann", ("E119",))
    assert office.rows("coding_work")[0]["worked_on"] == "2026-03-02"


def test_what_rules_release_is_nobodys_work():
    office = coded_office()
    assert office.rows("coding_work") == []
    assert office.rows("coding_release")[0]["released_by"] == ""


def test_an_encounter_is_given_back_by_its_holder_or_a_manager(office):
    give_back = partial(desk.give_back, office.encounter_id())
    with pytest.raises(NotTaken):
        office.does("ann", partial(give_back, Worker("ann", RULES)))
    office.take_it("ann")
    with pytest.raises(NotTaken):
        office.does("bob", partial(give_back, Worker("bob", RULES)))
    office.later(seconds=60)
    (returned,) = office.does("meg", partial(give_back, Worker("meg", RULES, is_manager=True)))
    assert (returned.coder, returned.cause) == ("ann", "given-back")
    assert office.rows("coding_work")[0]["worked_ms"] == 60_000
    assert names(office.take_it("bob")) == ["EncounterTaken"]


def test_a_manager_gives_an_encounter_to_somebody_and_whoever_had_it_loses_it(office):
    office.take_it("ann")
    assign = partial(desk.assign, office.encounter_id(), "bob", RULES)
    assert names(office.does("meg", assign, "bob")) == ["EncounterReturned", "EncounterAssigned"]
    with pytest.raises(AssignedToAnother):
        office.take_it("ann")
    assert names(office.take_it("bob")) == ["EncounterTaken"]
    assert office.does("meg", assign, "bob") == []


def inpatient():
    office = Office()
    stay = {"f44": "20260220090000-0500", "f4": "1", "f14": "1"}
    office.take(message("ADT^A01", pid(), pv1("I", **stay), in1(), number="A01"))
    assert office.state().desk.class_code == "I"
    return office


def test_an_inpatient_stay_is_coded_only_by_who_holds_a_credential():
    office = inpatient()
    with pytest.raises(CredentialMissing, match="CCS, CIC"):
        office.take_it("ann")
    office.credential("ann", "CPC")
    with pytest.raises(CredentialMissing):
        office.take_it("ann")
    office.credential("ann", "CIC")
    assert names(office.take_it("ann")) == ["EncounterTaken"]
    with pytest.raises(CredentialMissing):
        office.recode("meg", ("E119",), is_manager=True)
    with pytest.raises(CredentialMissing):
        office.does("meg", partial(desk.assign, office.encounter_id(), "bob", RULES), "bob")


@pytest.mark.parametrize(
    ("start", "end", "may"),
    [
        ("2026-03-02", "2026-03-02", True),
        ("2026-03-03", "", False),
        ("2020-01-01", "2026-03-01", False),
    ],
)
def test_a_credential_holds_on_its_days_and_on_no_other(start, end, may):
    office = inpatient()
    office.credential("ann", "CCS", start, end)
    if may:
        office.take_it("ann")
    else:
        with pytest.raises(CredentialMissing):
            office.take_it("ann")


def test_a_credential_that_ended_holds_no_longer():
    office = inpatient()
    end = partial(coders.end_credential, "ann", "CCS")
    with pytest.raises(CoderNotFound):
        office.does("meg", end, "ann")
    office.credential("ann", "CCS")
    assert office.credential("ann", "CCS") == [], "the same again is no fact"
    assert names(office.does("meg", end, "ann")) == ["CoderCredentialEnded"]
    with pytest.raises(CredentialMissing):
        office.take_it("ann")


def test_routing_and_quotas_are_facts_of_the_coder(office):
    route = partial(coders.route, "ann", ["O"], ["207R"], [])
    assert names(office.does("meg", route, "ann")) == ["CoderRouted"]
    assert office.does("meg", route, "ann") == []
    office.does("meg", partial(coders.set_quota, "ann", "O", 6_000), "ann")
    assert office.does("meg", partial(coders.set_quota, "ann", "O", 6_000), "ann") == []
    (row,) = office.rows("coder")
    assert row["coder"] == "ann"
    assert '"O": 6000' in row["quotas"] or '"O":6000' in row["quotas"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("I=CCS|CIC,B=CCS", {"I": ("CCS", "CIC"), "B": ("CCS",)}),
        ("I", None),
        ("I=", None),
        ("IN=CCS", None),
    ],
)
def test_credentials_are_configured_by_class(text, read):
    if read is None:
        with pytest.raises(ValueError, match="I=CCS"):
            credentials_by_class(text)
    else:
        assert credentials_by_class(text) == read


def test_what_only_waits_is_no_coders_work():
    assert is_workable(["no-diagnosis", "npi-missing"])
    for rule in ("not-discharged", "bill-hold", "query-open", "withdrawal-asked"):
        assert not is_workable(["no-diagnosis", rule])


# -- the codes -------------------------------------------------------------------------------------


def sequence(office, diagnoses, poa=(), coder="ann"):
    decide = partial(desk.sequence, office.encounter_id(), diagnoses, poa, office.profiles)
    return office.does(coder, decide)


def test_diagnoses_are_put_into_order_and_nothing_else_of_them_changes():
    office = coded_office()
    office.recode("ann", ("E119", "I10", "Z794"))
    coded = sequence(office, ["i10", "Z79.4", "E11.9"])[-1]
    assert [d.code for d in coded.diagnoses] == ["I10", "Z794", "E119"]
    assert coded.diagnoses[0].role == "principal"
    for wrong in (["I10", "E119"], ["I10", "E119", "Z794", "Z794"], ["I10", "E119", "J189"]):
        with pytest.raises(SequenceMismatch):
            sequence(office, wrong)
    with pytest.raises(SequenceMismatch, match="present-on-admission"):
        sequence(office, ["I10", "E119", "Z794"], ["Y"])


def test_charges_are_split_between_the_professional_and_the_facility_claim():
    office = Office()
    office.take(register())
    office.take(charges(ft1("TX1", "100.00"), ft1("TX2", "50.00", "36415^^C4", f7="0300^LAB^UB")))
    decide = partial(desk.split, office.encounter_id(), {"TX2": "P"}, office.profiles)
    facts = office.does("ann", decide)
    assert facts[0].message_kind == "API split"
    split = partial(desk.split, office.encounter_id(), {"TX9": "P"}, office.profiles)
    with pytest.raises(ChargeNotFound):
        office.does("ann", split)


# -- a release asked back --------------------------------------------------------------------------


def test_a_release_that_billing_has_not_sent_is_taken_back_and_stays_held():
    office = coded_office()
    (asked,) = office.ask_back()
    assert asked.coded_version == 1
    assert office.state().status == "coded", "it stands until billing has answered"
    with pytest.raises(WithdrawalPending):
        office.ask_back()
    facts = office.settled("withdrawn")
    assert names(facts) == ["ReleaseWithdrawn", "EncounterHeld"]
    assert rule_ids(facts) == [["release-withdrawn"]]
    assert [r["outcome"] for r in office.rows("release_withdrawal")] == ["withdrawn"]
    # A message does not release it: a person took it back, and a person releases it.
    office.take(register(number="ADT9", sent="20260303101500-0500"))
    assert office.state().status == "held"
    coded = office.release("ann")[-1]
    assert (coded.name, coded.coded_version) == ("EncounterCoded", 2)
    assert office.state().desk.withdrawal is None


def test_a_release_that_is_out_stands():
    office = coded_office()
    office.ask_back()
    assert names(office.settled("refused", "sent")) == ["ReleaseWithdrawalRefused"]
    assert office.state().status == "coded"
    (row,) = office.rows("release_withdrawal")
    assert (row["outcome"], row["cause"], row["asked_by"]) == ("refused", "sent", "ann")
    assert names(office.ask_back()) == ["ReleaseWithdrawalRequested"], "it may be asked again"


def test_nothing_is_released_while_the_answer_is_waited_for():
    office = coded_office()
    office.ask_back()
    late = office.take(charges(ft1("TX7", "10.00"), number="LATE"))
    assert rule_ids(late) == [["withdrawal-asked"]]
    with pytest.raises(EncounterIncomplete, match="withdrawal-asked"):
        office.release("ann")
    facts = office.settled("refused", "sent")
    assert names(facts) == ["ReleaseWithdrawalRefused", "EncounterHeld"]
    assert rule_ids(facts) == [["changed-while-asked-back"]]
    assert office.release("ann")[-1].coded_version == 2


def test_an_answer_to_another_request_changes_nothing():
    office = coded_office()
    office.ask_back()
    event = ReleaseWithdrawalSettled(
        encounter_id=office.encounter_id(),
        coded_version=1,
        withdrawal_id="wdr_other",
        outcome="withdrawn",
        claim_ids=[],
    )
    assert office.hears(event) == []
    assert office.state().desk.withdrawal.status == "asked"


def test_only_what_is_released_can_be_asked_back(office):
    with pytest.raises(NotReleased):
        office.ask_back()
    with pytest.raises(EncounterNotFound):
        Office().ask_back()


# -- rework and evidence ---------------------------------------------------------------------------


def test_rework_comes_first_and_its_release_is_a_new_version_linked_to_the_denial():
    office = coded_office()
    before = office.rows("coding_release")
    request = CodingReworkRequested(
        denial_id="dnl_1", claim_id="P1", encounter_id=office.encounter_id(), category="coding"
    )
    assert names(office.hears(request)) == ["EncounterHeld"]
    (row,) = office.rows("desk_item")
    assert (row["rework_of"], row["coded_version"], row["is_workable"]) == ("dnl_1", 1, 1)
    office.take_it("ann")
    office.recode("ann", ("E1165",))
    coded = office.release("ann")[-1]
    assert (coded.coded_version, coded.rework_of) == (2, "dnl_1")
    after = office.rows("coding_release")
    assert after[0] == before[0], "the first version stands as it was released"
    assert [r["rework_of"] for r in after] == ["", "dnl_1"]
    assert [w["is_rework"] for w in office.rows("coding_work")] == [1]


def test_a_claim_that_went_out_is_noted_for_the_evidence():
    office = coded_office()
    submitted = ClaimSubmitted(
        claim_id="P1", encounter_id=office.encounter_id(), patient_id="pt_1", form="P",
        payer_id="60054", payer_name="AETNA", payer_sequence_code="P",
        claim_filing_indicator_code="CI", frequency_code="1", payer_claim_control_number="",
        billing_npi="1999999901", billed_cents=28_500, service_from="2026-02-27",
        service_through="2026-02-27", filing_deadline_on="2026-08-26", diagnosis_codes=["E119"],
        lines=[], interchange_control_number="000000001", transaction_control_number="0001",
        attempt=1,
    )  # fmt: skip
    office.story.when(Cause("P1", submitted))
    assert names([f.event for f in office.story.facts]) == ["SubmissionNoted"]
    (row,) = office.rows("claim_submission")
    assert (row["claim_id"], row["interchange_control_number"]) == ("P1", "000000001")
    office.story.when(Cause("P2", submitted.__class__(
        **{**{f: getattr(submitted, f) for f in submitted.__struct_fields__},
           "encounter_id": "enc_unknown", "claim_id": "P2"}
    )))  # fmt: skip
    assert office.story.facts == []


def test_the_trail_numbers_every_fact_of_an_encounter_without_a_gap(office):
    office.take_it("ann")
    office.recode("ann", ("E119",))
    office.ask_back()
    office.settled("withdrawn")
    trail = sorted(office.rows("encounter_trail"), key=lambda row: row["stream_version"])
    assert [row["stream_version"] for row in trail] == list(range(1, len(trail) + 1))
    assert [row["event_type"].partition(".")[0] for row in trail][-3:] == [
        "ReleaseWithdrawalRequested", "ReleaseWithdrawn", "EncounterHeld"
    ]  # fmt: skip
