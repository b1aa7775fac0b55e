"""Seeded faults of an 835: each must be found, at its place, and nothing else be blamed for it."""

from datetime import date

import pytest

from rcm.x12 import x835
from rcm.x12.examine import Examination
from rcm.x12.findings import Severity
from x12_cases import changed, interchange
from x835_faults import CLP, FAULTS


class Lists:
    """Knows a few codes, with the day on which they end."""

    CODES = {"carc": {"45", "3", "197", "16"}, "rarc": {"N130", "N290"}}

    def knows(self, code_list, code, on):
        assert on == date(2026, 3, 4)
        return code in self.CODES[code_list] if code_list in self.CODES else None


def examine(data, **options):
    from io import BytesIO

    return list(Examination(BytesIO(data), **options).findings())


def test_the_good_file_has_no_finding():
    """It holds a reversal and its correction, two PLB, and a CAS with three reasons."""
    assert examine(interchange(), code_sets=Lists()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_found_at_its_place(name):
    old, new, wanted = FAULTS[name]
    data = interchange(changed(old, new))
    segments = data.decode().split("~")
    found = [
        (f.rule_id, f.position, segments[f.place.segment_number - 1])
        for f in examine(data, code_sets=Lists())
    ]
    assert len(found) == len(wanted), found
    for rule_id, position, text in wanted:
        assert any((rule_id, position) == one[:2] and one[2].startswith(text) for one in found), (
            found
        )


def test_there_are_at_least_thirty_kinds():
    assert len(FAULTS) >= 30


def test_a_difference_is_told_to_the_cent():
    data = interchange(changed(CLP, CLP.replace("*125*", "*125.01*")))
    finding = next(f for f in examine(data) if f.rule_id == "claim-out-of-balance")
    assert "Billed 125.01 less adjustments 25.00 leaves 100.01" in finding.message
    assert "the difference is 0.01" in finding.message


def test_warnings_are_no_errors():
    data = interchange(changed(CLP, CLP.replace("*5*12", "*6*12")))
    (finding,) = examine(data)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "rule_id", ["line-out-of-balance", "claim-out-of-balance", "npi-invalid", "segment-missing"]
)
def test_each_rule_can_be_relaxed_by_its_name(rule_id):
    old, new, _ = {
        "line-out-of-balance": FAULTS["a line out of balance"],
        "claim-out-of-balance": FAULTS["a claim-level adjustment that is also in its line"],
        "npi-invalid": FAULTS["an NPI with a wrong check digit"],
        "segment-missing": FAULTS["a missing technical contact"],
    }[rule_id]
    data = interchange(changed(old, new))
    assert examine(data)
    assert examine(data, relax=frozenset({rule_id})) == []


def test_retired_codes_are_judged_by_the_day_of_payment():
    class Retired:
        def knows(self, code_list, code, on):
            return code_list != "carc" or code != "45" or on < date(2026, 3, 4)

    found = examine(interchange(), code_sets=Retired())
    assert {f.rule_id for f in found} == {"reason-code-unknown"}


@pytest.mark.parametrize("end", range(1, len(interchange()) - 1, 7))
def test_a_cut_file_is_always_refused_and_loses_nothing(end):
    data = interchange()[:end]
    reading = x835.read(data)
    assert any(f.is_error for f in reading.findings)
    has_se = b"SE*49*0001~" in data
    assert all(one.is_complete is has_se for one in reading.remittances)
