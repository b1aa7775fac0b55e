"""What coding-svc records, decided by the engine's own batch."""

from functools import partial

import msgspec
import pytest

from coding_cases import (
    TENANT,
    Desk,
    charges,
    dg1,
    ft1,
    in1,
    message,
    pid,
    profile,
    pv1,
    register,
    said,
)
from coding_cases import segment as seg
from coding_svc.decide import commands
from coding_svc.decide.commands import Codes, LineCodes
from coding_svc.decide.encounter import Taking
from coding_svc.handlers import SERVICE
from coding_svc.model.account import Account
from coding_svc.model.documented import SetAside
from coding_svc.model.encounter import evolve
from coding_svc.model.reasons import reason
from coding_svc.problems import (
    ChargeNotFound,
    CodeMalformed,
    EncounterIncomplete,
    EncounterMergedAway,
    EncounterNotFound,
    NothingToRelease,
    NotOverrulable,
    PatientForgotten,
    SenderUnknown,
)
from coding_svc.rules.profile import Profiles
from coding_svc.store.encounters import CodingTable
from coding_svc.views.projection import project
from memory_cases import fact_of
from rcm.events.catalogue import CATALOGUE
from rcm.events.coding import EncounterCoded, EncounterHeld, EncounterMerged, EncounterReceived
from rcm.events.denials import CodingReworkRequested
from rcm.events.phi import Phi
from rcm.platform.keys import KeyDestroyed, KeyName
from rcm.platform.log.port import Record, unpack_headers
from service_cases import Cause, ServiceCase

LATE = "20260305080000-0500"


def names(events) -> list[str]:
    return [event.name for event in events]


def desk_with(*messages: bytes) -> Desk:
    desk = Desk()
    for data in messages:
        desk.take(data)
    return desk


def release(desk: Desk, *overruled: str, command_id: str = "r1"):
    target = desk.encounter_id()
    decide = partial(
        commands.release, target, commands.Overruling(rule_ids=overruled), desk.profiles
    )
    return desk.execute(command_id, [target], decide)


def recode(desk: Desk, wanted: Codes, command_id: str = "c1"):
    target = desk.encounter_id()
    return desk.execute(
        command_id, [target], partial(commands.recode, target, wanted, desk.profiles)
    )


# -- messages become encounters --------------------------------------------------------------------


def test_a_registration_is_held_and_its_charges_release_it():
    desk = Desk()
    received, held = desk.take(register())
    assert (received.name, received.outcome) == ("EncounterReceived", "accepted-with-issues")
    assert [r.rule_id for r in held.reasons] == ["no-diagnosis", "no-charges"]
    received, coded = desk.take(charges())
    assert (received.charge_count, received.billed_cents) == (1, 28_500)
    assert received.service_from == "2026-02-27"
    assert (coded.name, coded.coded_version) == ("EncounterCoded", 1)
    assert coded.rule_versions == {"completeness": "1", "sender-profile": "generic/1"}
    assert desk.state().status == "coded"


def test_every_message_is_recorded_and_a_hold_only_when_it_changes():
    desk = Desk()
    assert names(desk.take(register())) == ["EncounterReceived", "EncounterHeld"]
    assert names(desk.take(register(number="2"))) == ["EncounterReceived"]
    more = message("BAR^P01", pid(), pv1(), in1(), dg1("I10"), number="3")
    assert names(desk.take(more)) == ["EncounterReceived", "EncounterHeld"]


def test_the_same_message_again_is_nothing():
    desk = desk_with(register())
    first = desk.take_as("msg_x", charges())
    assert names(desk.take_as("msg_x", charges())) == names(first)
    assert desk.state().message_count == 2


def test_late_charges_are_a_new_version_and_what_a_claim_does_not_say_is_none():
    desk = desk_with(register(), charges())
    moved = message("ADT^A08", pid(f11="9 NEW^^X^OH^43004"), pv1(), in1(), sent=LATE, number="8")
    assert names(desk.take(moved)) == ["EncounterReceived"]
    _, coded = desk.take(charges(ft1("TX2", "75.00", "93000^^C4"), number="2"))
    assert coded.coded_version == 2
    assert [line.line_item_control_number for line in coded.lines] == ["TX1", "TX2"]


def test_a_cancelled_discharge_holds_what_was_coded_and_the_next_discharge_releases_it():
    stay = {"f4": "1", "f14": "1", "f36": "01"}
    line = ft1("R1", "9000.00", "", f7="0120^ROOM^UB", f16="")
    out = pv1("I", **stay, f45="20260304100000-0500")
    desk = desk_with(message("DFT^P03", pid(), out, line, in1(), sent="20260304"))
    assert desk.state().status == "coded"
    _, held = desk.take(message("ADT^A13", pid(), pv1("I"), sent="20260305", number="2"))
    assert [r.rule_id for r in held.reasons] == ["not-discharged", "discharge-status-unknown"]
    _, coded = desk.take(message("ADT^A03", pid(), out, sent="20260306", number="3"))
    assert coded.coded_version == 2


def test_nothing_on_the_log_names_the_patient():
    desk = desk_with(register(), charges())
    for draft in desk.service.outbox:
        for text in (b"TESTPATIENT", b"W123456789", b"100 TEST ST", b"6145550100", b"1980", b"R1^"):
            assert text not in draft.value
            assert text not in draft.key + draft.headers
    stored = b"".join(stream.state for stream in desk.service.streams.values())
    assert b"TESTPATIENT" not in stored
    rows = repr(desk.service.rows)
    assert "TESTPATIENT" not in rows
    assert "W123456789" not in rows


def test_the_account_and_the_message_can_be_opened_again():
    desk = Desk()
    received, _ = desk.take(register())
    account = msgspec.json.decode(desk.service.keys.open(TENANT, received.account), type=Account)
    assert account.patient.person.name.last == "TESTPATIENT"
    raw = msgspec.json.decode(desk.service.keys.open(TENANT, received.raw))
    assert raw.encode() == register()


def test_what_is_coded_carries_the_people_sealed():
    desk = desk_with(register())
    _, coded = desk.take(charges())
    assert isinstance(coded.patient, Phi)
    patient = msgspec.json.decode(desk.service.keys.open(TENANT, coded.patient))
    assert patient["person"]["last_name"] == "TESTPATIENT"
    assert (patient["visit_number"], patient["account_number"]) == ("V1", "A1")
    (subscriber,) = msgspec.json.decode(desk.service.keys.open(TENANT, coded.subscribers))
    assert subscriber["member_number"] == "W123456789"


def test_a_patient_without_a_record_number_is_known_by_the_account():
    desk = Desk()
    received, held = desk.take(message("ADT^A04", pid(f3=""), pv1(), in1()))
    assert received.patient_id == desk.opaque("pt", "HOSP", "account", "A1")
    assert "no-medical-record-number" in [r.rule_id for r in held.reasons]


def test_a_forgotten_patient_cannot_come_back():
    desk = desk_with(register())
    desk.service.keys.destroyed.add(KeyName(TENANT, desk.state().patient_id))
    with pytest.raises(PatientForgotten):
        desk.take(charges())
    with pytest.raises(KeyDestroyed):
        desk.take(message("ADT^A04", pid(account="A2"), pv1(), in1()))


# -- merges ----------------------------------------------------------------------------------------

MERGE = message("ADT^A40", pid(), seg("MRG", f1="R0^^^HOSP^MR", f3="A0"), number="40", sent=LATE)


def other(*segments: str, **fields) -> bytes:
    return message("DFT^P03", pid("R0", "A0"), pv1(visit="V0"), *segments, **fields)


def test_a_merge_moves_unbilled_charges():
    desk = desk_with(register(), other(ft1("T0", "50.00", "93000^^C4")))
    merged, received, coded = desk.take(MERGE)
    assert merged == EncounterMerged(
        encounter_id=desk.encounter_id("A0"), into_encounter_id=desk.encounter_id("A1")
    )
    assert received.charge_count == 1
    assert [line.billed_cents for line in coded.lines] == [5_000]
    assert desk.state("A0").status == "merged"
    assert desk.state("A0").account is None


def test_charges_for_the_merged_account_are_sent_on():
    desk = desk_with(register(), other(ft1("T0", "50.00")), MERGE)
    with pytest.raises(EncounterMergedAway) as refused:
        desk.take(other(ft1("T9", "5.00"), number="late"))
    assert refused.value.into_encounter_id == desk.encounter_id("A1")


def test_a_merge_of_an_account_that_nobody_knows_closes_it_beforehand():
    desk = desk_with(register())
    assert names(desk.take(MERGE))[0] == "EncounterMerged"
    with pytest.raises(EncounterMergedAway):
        desk.take(other(ft1("T0")))


def test_what_was_billed_is_never_moved():
    desk = desk_with(register(), other(ft1("T0", "50.00"), in1()))
    assert desk.state("A0").status == "coded"
    assert "EncounterMerged" not in names(desk.take(MERGE))
    assert desk.state("A0").status == "coded"
    _, coded = desk.take(other(ft1("T9", "5.00"), number="late"))
    assert (coded.encounter_id, coded.coded_version) == (desk.encounter_id("A0"), 2)


def test_a_merge_twice_is_a_merge_once():
    desk = desk_with(register(), other(ft1("T0", "50.00")), MERGE)
    again = message(
        "ADT^A40", pid(), seg("MRG", f1="R0^^^HOSP^MR", f3="A0"), number="41", sent=LATE
    )
    assert names(desk.take(again)) == ["EncounterReceived"]
    assert desk.state().charge_count == 1


def test_a_merge_of_patients_changes_the_record_number_and_the_key():
    desk = desk_with(message("DFT^P03", pid("R0"), pv1(), ft1(), in1()))
    before = desk.state().patient_id
    only = message(
        "ADT^A40", pid(account=""), seg("MRG", f1="R0^^^HOSP^MR"), number="40", sent=LATE
    )
    received, coded = desk.take(only, others=(desk.encounter_id(),))
    assert received.patient_id != before
    assert coded.coded_version == 2
    account = msgspec.json.decode(desk.service.keys.open(TENANT, received.account), type=Account)
    assert account.patient.medical_record_number == "R1"


# -- people decide ---------------------------------------------------------------------------------


def test_a_doubt_can_be_overruled_and_what_is_missing_cannot():
    desk = desk_with(register(), charges(ft1("", "10.00"), number="1"))
    _, held = desk.take(charges(ft1("", "10.00"), number="2"))
    assert [r.rule_id for r in held.reasons] == ["possible-duplicate-charge"]
    with pytest.raises(EncounterIncomplete, match="possible-duplicate-charge"):
        release(desk)
    with pytest.raises(NotOverrulable):
        release(desk, "npi-missing")
    passed, _, coded = release(desk, "possible-duplicate-charge")
    assert (passed.name, passed.overruled[0].rule_id) == (
        "HoldsOverruled",
        "possible-duplicate-charge",
    )
    assert (coded.coded_version, len(coded.lines)) == (2, 2)
    with pytest.raises(NothingToRelease):
        release(desk, command_id="r2")


def test_what_was_overruled_stays_overruled():
    desk = desk_with(register(), charges(ft1("", "10.00"), number="1"))
    desk.take(charges(ft1("", "10.00"), number="2"))
    release(desk, "possible-duplicate-charge")
    _, coded = desk.take(charges(ft1("T3", "3.00", "93000^^C4"), number="3"))
    assert coded.coded_version == 3


def test_an_encounter_that_is_not_there_cannot_be_released():
    with pytest.raises(EncounterNotFound):
        release(Desk())


def test_a_coder_sets_codes_and_the_encounter_goes():
    desk = desk_with(register(), charges(ft1("T1", code="", f19="")))
    assert desk.state().status == "held"
    _, coded = recode(
        desk,
        Codes(
            diagnoses=("e11.9", "I10"),
            lines=(LineCodes(charge_id="T1", procedure_code="99214", modifiers=("25",)),),
        ),
    )
    assert [d.code for d in coded.diagnoses] == ["E119", "I10"]
    assert (coded.lines[0].procedure_code, coded.lines[0].modifiers) == ("99214", ["25"])


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (Codes(diagnoses=("E11.99999",)), CodeMalformed),
        (Codes(lines=(LineCodes(charge_id="T1", procedure_code="9921"),)), CodeMalformed),
        (Codes(lines=(LineCodes(charge_id="T1", modifiers=("2",)),)), CodeMalformed),
        (Codes(lines=(LineCodes(charge_id="T1", diagnosis_codes=("pain",)),)), CodeMalformed),
        (Codes(lines=(LineCodes(charge_id="T9"),)), ChargeNotFound),
    ],
)
def test_codes_set_by_hand_must_have_their_shape(wanted, problem):
    desk = desk_with(register(), charges(ft1("T1")))
    with pytest.raises(problem):
        recode(desk, wanted)


def test_line_diagnoses_can_be_set_by_hand():
    desk = desk_with(register(), charges(ft1("T1")))
    _, recoded = recode(desk, Codes(lines=(LineCodes(charge_id="T1", diagnosis_codes=("i10",)),)))
    assert [d.code for d in recoded.diagnoses] == ["I10"]


def test_a_merged_encounter_is_not_released_but_the_one_that_took_it_over():
    desk = desk_with(register(), other(ft1("T0", "50.00")), MERGE)
    gone = desk.encounter_id("A0")
    for command in (
        partial(commands.release, gone, commands.Overruling(), desk.profiles),
        partial(commands.look_again, gone, desk.profiles),
    ):
        with pytest.raises(EncounterMergedAway):
            desk.execute("x", [gone], command)


def test_an_encounter_whose_sender_lost_its_profile_waits_for_one():
    desk = desk_with(register())
    desk.profiles = Profiles((profile(senders=["OTHER|*"]),))
    with pytest.raises(SenderUnknown):
        release(desk)


def test_waiting_ends_with_the_days():
    desk = Desk(profile(hold_days=2))
    desk.take(register())
    _, held = desk.take(charges(ft1(f4="20260301")))
    assert [r.rule_id for r in held.reasons] == ["bill-hold"]
    target = desk.encounter_id()
    look = partial(commands.look_again, target, desk.profiles)
    assert desk.execute("look1", [target], look) == []
    desk.service.now = desk.service.now.replace(day=3)
    assert names(desk.execute("look2", [target], look)) == ["EncounterReceived", "EncounterCoded"]


def test_messages_read_again_by_a_mended_profile_are_not_counted_twice():
    desk = desk_with(register(), charges(ft1("", "10.00", "", f7="L4^LEVEL 4^CDM"), number="2"))
    desk.take(charges(ft1("", "-4.00", "", f6="CD", f7="L4^LEVEL 4^CDM"), number="3"))
    assert "needs-cdm-lookup" in [r.rule_id for r in desk.state().reasons]
    mended = Desk(profile(charge_master={"L4": {"procedure_code": "99214"}}))
    mended.service = desk.service
    read = [
        charges(ft1("", "10.00", "", f7="L4^LEVEL 4^CDM"), number="2"),
        charges(ft1("", "-4.00", "", f6="CD", f7="L4^LEVEL 4^CDM"), number="3"),
    ]
    (sender,) = mended.profiles.profiles
    takings = tuple(
        Taking(
            message=said(data, sender, message_id=f"msg_{n}"),
            message_id=f"msg_{n}",
            message_sha256="",
            raw="",
            profile=sender,
            encounter_id=desk.encounter_id(),
        )
        for n, data in enumerate(read, start=2)
    )
    again = desk.execute("again", [desk.encounter_id()], partial(commands.replay, takings))
    received, coded = again
    assert (received.charge_count, received.billed_cents) == (1, 600)
    assert coded.lines[0].procedure_code == "99214"


def test_a_denial_sends_coding_back_and_the_release_answers_it():
    desk = desk_with(register(), charges())
    target = desk.encounter_id()
    story = ServiceCase(SERVICE, CodingTable.metadata).given()
    story.service = desk.service
    asked = CodingReworkRequested(
        denial_id="D1", claim_id="C1", encounter_id=target, category="coding"
    )
    story.when(Cause("D1", asked)).then(EncounterHeld)
    assert desk.state().rework_of == "D1"
    assert [r.rule_id for r in desk.state().reasons] == ["rework-requested"]
    assert names(recode(desk, Codes(diagnoses=("I10",)))) == ["EncounterReceived"]
    _, coded = release(desk)
    assert (coded.rework_of, coded.coded_version) == ("D1", 2)
    assert coded.diagnoses[0].code == "I10"
    assert desk.state().rework_of == ""


def test_a_rework_of_what_is_not_here_is_passed_over():
    asked = CodingReworkRequested(
        denial_id="D1", claim_id="C1", encounter_id="enc_x", category="coding"
    )
    ServiceCase(SERVICE, CodingTable.metadata).when(Cause("D1", asked)).then()


# -- set aside, and folded -------------------------------------------------------------------------


def test_a_message_set_aside_is_a_fact_and_a_rejected_one_is_kept_sealed():
    desk = Desk()
    for outcome, kept in (("rejected", True), ("ignored", False)):
        put = SetAside(
            kind="ORU^R01",
            sender="A|B",
            control_number="1",
            outcome=outcome,
            reasons=(reason("kind-not-taken", "MSH[1]-9"),),
        )
        message_id = f"msg_{outcome}"
        (event,) = desk.execute(
            message_id,
            [message_id],
            lambda _l, _c, put=put, m=message_id: commands.set_aside(
                put, m, "0" * 64, "PID|SECRET"
            ),
            key_ids=[message_id],
        )
        assert event.outcome == outcome
        assert isinstance(event.raw, Phi) is kept
    assert len(desk.service.rows["message"]) == 2


def test_the_rows_say_what_became_of_messages_and_encounters():
    desk = desk_with(register(), charges(), MERGE)
    messages, encounters = desk.service.rows["message"], desk.service.rows["encounter"]
    assert {key[1] for key in messages} == {"msg_1", "msg_2", "msg_3"}
    assert {key[1] for key in encounters} == {desk.encounter_id("A0"), desk.encounter_id("A1")}


def test_folding_the_log_anew_gives_the_same_states_and_rows():
    desk = desk_with(register(), charges(), other(ft1("T0", "50.00")), MERGE)
    release_of = desk.take(charges(ft1("T5", "1.00", "93000^^C4"), number="5"))
    assert release_of
    service, states, rows = desk.service, {}, {}
    for number, draft in enumerate(service.outbox):
        record = Record(
            "", draft.partition, number, draft.key, unpack_headers(draft.headers), draft.value
        )
        fact = fact_of(CATALOGUE, record)
        before = states.get(fact.stream_id)
        after = states[fact.stream_id] = evolve(before, fact)
        for row in project(before, after, fact):
            table, key, values = service.core.shapes[row.table].bind(TENANT, row)
            if values is None:
                rows.setdefault(table, {}).pop(key, None)
            else:
                rows.setdefault(table, {})[key] = values
    assert {t: r for t, r in rows.items() if r} == {t: r for t, r in service.rows.items() if r}
    stored = {key[1]: service.core.decode_state(s.state) for key, s in service.streams.items()}
    assert states == stored


def test_only_what_happened_is_recorded():
    facts = {EncounterReceived, EncounterCoded, EncounterHeld, EncounterMerged}
    assert {type(e) for e in Desk().take(register())} <= facts
