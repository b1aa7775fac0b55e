"""Sender profiles: data that is checked before it decides anything."""

import msgspec
import pytest

from coding_cases import ROOT, profile, shipped
from coding_svc.main import ProfileBook
from coding_svc.rules.profile import Profile, Profiles, extended

SAMPLES = ROOT / "samples"


@pytest.mark.parametrize("name", ["generic", "epic-pb", "epic-hb"])
def test_a_shipped_profile_is_sound(name):
    found = profile(name)
    assert found.name == name
    assert found.class_codes["I"] == "I"
    assert found.rule_version == f"{name}/1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hold_day": 3},
        {"hold_days": 61},
        {"hold_days": "3"},
        {"bill_types": {"I": "111"}},
        {"class_places_of_service": {"O": "office"}},
        {"class_codes": {"X": "Q"}},
        {"member_number": ["IN1.36"]},
        {"charge_master": {"1": {"revenue_code": "450"}}},
        {"charge_master": {"1": {"price_cents": 1.5}}},
        {"providers": {"1": {"npi": "123"}}},
        {"payers": {"1": {"payer": "x"}}},
        {"form": "D"},
    ],
)
def test_a_profile_that_is_wrong_is_refused_before_it_decides(wrong):
    with pytest.raises(msgspec.ValidationError):
        profile(**wrong)


def test_a_time_zone_must_exist():
    with pytest.raises(KeyError):
        profile(time_zone="America/Nowhere")


def test_a_profile_is_laid_over_the_one_that_it_extends():
    own = {"name": "own", "extends": "epic-pb", "sexes": {"X": "U"}, "hold_days": 3}
    found = Profile.of(extended(own, shipped()))
    assert (found.name, found.form, found.hold_days) == ("own", "P", 3)
    assert (found.sexes["X"], found.sexes["M"]) == ("U", "M")


def test_an_unknown_or_circular_base_is_refused():
    with pytest.raises(KeyError):
        extended({"extends": "nothing"}, shipped())
    ring = {"a": {"extends": "b"}, "b": {"extends": "a"}}
    with pytest.raises(RecursionError):
        extended(ring["a"], ring)


def test_the_first_profile_that_fits_a_sender_is_taken():
    book = Profiles((profile("epic-pb"), profile(senders=["*|WEST"])))
    assert book.of_sender("EPIC", "WEST").name == "epic-pb"
    assert book.of_sender("LAB", "WEST").name == "generic"
    assert book.of_sender("LAB", "EAST") is None


def test_a_tenant_without_profiles_of_its_own_gets_the_shipped_ones(tmp_path):
    book = ProfileBook(tmp_path)
    assert [p.name for p in book.of_tenant("northside").profiles] == [
        "epic-pb",
        "epic-hb",
        "generic",
    ]
    assert book.of_tenant("northside").profiles is book.of_tenant("northside").profiles


@pytest.mark.parametrize("tenant_id", ["northside", "lakeview"])
def test_the_samples_profiles_are_sound(tenant_id):
    (found,) = ProfileBook(SAMPLES).of_tenant(tenant_id).profiles
    assert found.senders
