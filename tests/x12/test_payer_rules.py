"""Payers' own rules: read from files, told with their places, checked on claims and payments."""

from io import BytesIO

import pytest

from rcm.x12 import payer_rules
from rcm.x12.examine import Examination
from rcm.x12.payer_rules import NotRules, loads
from x12_837_cases import World, a_file, ambulance, dependent, drug_given, edited, office_visit
from x12_cases import interchange
from x12_seeded_faults import whole, written

HEAD = "format: 1\nname: acme\npayer: {ids: ['*']}\nrules:\n"


def a_rule(**fields):
    facts = {
        "id": "one",
        "transactions": "[837P]",
        "message": "It is wrong.",
        "do": "Mend it.",
        **fields,
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return (HEAD + "  - " + "\n    ".join(lines) + "\n").encode()


def findings_of(data, rules, **options):
    examination = Examination(BytesIO(data), payer_rules=[loads(rules)], **options)
    return [one for one in examination.findings() if one.rule_id.startswith("acme/")]


VISIT = a_file(office_visit(World(1)))


@pytest.mark.parametrize(
    ("fields", "position"),
    [
        ({"at": "{segment: REF*G1}", "required": "true"}, "CLM"),
        ({"at": "{segment: CLM, element: 5, component: 3}", "allowed": "[7]"}, "CLM05-3"),
        ({"at": "{segment: CLM, element: 5, component: 3}", "not_allowed": "[1]"}, "CLM05-3"),
        ({"at": "{segment: NM1*85, loop: 2010AA}", "forbidden": "true"}, "NM1"),
        ({"at": "{segment: NM1*IL, element: 9}", "pattern": "'[A-Z]{9}'"}, "NM109"),
        ({"at": "{segment: NM1*IL, element: 9}", "length_minimum": 30}, "NM109"),
        ({"at": "{segment: NM1*IL, element: 9}", "length_maximum": 3}, "NM109"),
        ({"at": "{segment: CLM, element: 2}", "maximum": 335.31}, "CLM02"),
        ({"at": "{segment: CLM, element: 2}", "minimum": 335.33}, "CLM02"),
        ({"at": "{segment: LX}", "count_maximum": 0}, "LX"),
        ({"at": "{segment: BHT, element: 6}", "each": "header", "allowed": "[RP]"}, "BHT06"),
    ],
)
def test_a_demand_that_does_not_hold_is_told(fields, position):
    (found, *_) = findings_of(VISIT, a_rule(**fields))
    assert (found.position, found.level, found.rule_id) == (position, 7, "acme/one")


@pytest.mark.parametrize(
    "fields",
    [
        {"at": "{segment: CLM}", "required": "true"},
        {"at": "{segment: PRV*BI, loop: 2000A, element: 3}", "required": "true"},
        {"at": "{segment: CLM, element: 5, component: 3}", "allowed": "[1, 7]"},
        {"at": "{segment: CLM, element: 2}", "maximum": 335.32},
        {"at": "{segment: CLM, element: 2}", "minimum": 335.32},
        {"at": "{segment: REF*G1}", "forbidden": "true"},
        {"at": "{segment: NM1*IL, element: 1}", "maximum": 1},
    ],
)
def test_a_demand_that_holds_says_nothing(fields):
    assert findings_of(VISIT, a_rule(**fields)) == []


def test_a_rule_about_lines_blames_the_line():
    rules = a_rule(
        each="2400",
        level=6,
        at="{segment: LIN, loop: 2410, element: 3}",
        when="[{segment: SV1, element: 1, component: 2, pattern: 'J[0-9]{4}'}]",
        required="true",
    )
    data = a_file(drug_given(World(1)))
    assert findings_of(data, rules) == []
    segments = [one for one in data.decode().split("~") if not one.startswith(("LIN*", "CTP*"))]
    broken = edited("~".join(segments).encode(), "LX*1", "LX*1")
    found = findings_of(broken, rules)
    assert [(one.level, one.place.loop.rpartition("/")[2]) for one in found]
    assert all(one.level == 6 and "/2400[" in one.place.loop for one in found)


def test_a_fault_above_the_claims_is_told_once():
    rules = a_rule(at="{segment: NM1*85, element: 9}", allowed="[X]")
    data = a_file(*(office_visit(World(seed)) for seed in range(3)))
    assert len(findings_of(data, rules)) == len(
        {one.decode() for one in data.split(b"~") if one.startswith(b"NM1*85")}
    )


def test_a_rule_is_for_its_payer_alone():
    rules = a_rule(at="{segment: REF*G1}", required="true")
    assert findings_of(VISIT, rules.replace(b"'*'", b"60054"))
    assert findings_of(VISIT, rules.replace(b"'*'", b"60055")) == []


def test_a_rule_is_for_its_days_of_service_alone():
    fields = {"at": "{segment: REF*G1}", "required": "true"}
    (day,) = {
        one.decode().split("*")[3] for one in VISIT.split(b"~") if one.startswith(b"DTP*472")
    } or {"20260304"}
    iso = f"{day[:4]}-{day[4:6]}-{day[6:8]}"
    assert findings_of(VISIT, a_rule(**fields, valid_from=iso, valid_through=iso))
    assert findings_of(VISIT, a_rule(**fields, valid_from="2030-01-01")) == []
    assert findings_of(VISIT, a_rule(**fields, valid_through="2001-01-01")) == []


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ("{segment: SBR, element: 1, allowed: [P]}", True),
        ("{segment: SBR, element: 1, not_allowed: [P]}", False),
        ("{segment: SBR, element: 1, pattern: 'S'}", False),
        ("{segment: REF*G1, absent: true}", True),
        ("{segment: CLM, absent: true}", False),
        ("{segment: CLM, element: 2, minimum: 335.33}", False),
        ("{segment: CLM, element: 2, maximum: 335.32}", True),
        ("{segment: NM1*82}", True),
    ],
)
def test_a_condition_decides_whether_a_rule_applies(condition, applies):
    rules = a_rule(at="{segment: REF*G1}", required="true", when=f"[{condition}]")
    assert bool(findings_of(VISIT, rules)) is applies


def test_payments_and_inquiries_have_rules_too():
    of_835 = a_rule(transactions="['835']", at="{segment: CAS, element: 1}", not_allowed="[PR]")
    assert {one.position for one in findings_of(interchange(), of_835)} == {"CAS01"}
    of_270 = a_rule(
        transactions="['270']", each="2100C", at="{segment: NM1*IL, element: 9}", pattern="X+"
    )
    assert len(findings_of(written(whole("270")), of_270)) == 2


@pytest.mark.parametrize("option", ["acme/one", "acme"])
def test_a_rule_or_a_set_is_left_out_by_name(option):
    rules = a_rule(at="{segment: REF*G1}", required="true")
    assert findings_of(VISIT, rules)
    assert findings_of(VISIT, rules, relax=frozenset({option})) == []


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (("  - id: one", "  - id: One"), 5, "regex"),
        (("    do: Mend it.\n", ""), 5, "do"),
        (("    do: Mend it.", "    do: Mend it.\n    dont: x"), 9, "dont"),
        (("[837P]", "[837X]"), 6, "837X is none of"),
        (("[837P]", "[]"), 6, "length"),
        (("{segment: REF*G1}", "{segment: Q1}"), 9, "no segment Q1"),
        (("{segment: REF*G1}", "{segment: ref}"), 9, "written NM1"),
        (("{segment: REF*G1}", "{segment: REF*G1, loop: 2999}"), 9, "no loop 2999"),
        (("{segment: REF*G1}", "{segment: REF*G1, component: 1}"), 9, "needs its element"),
        (("{segment: REF*G1}", "{element: 1}"), 9, "segment"),
        (("required: true", "pattern: '['"), 9, "needs the element"),
        (("required: true", "required: 7"), 10, "bool"),
        (("required: true", "required: true\n    forbidden: true"), 5, "one thing"),
        (("    required: true\n", ""), 5, "one thing"),
        (("required: true", "required: true\n    each: 2999"), 11, "no loop 2999"),
        (("required: true", "required: true\n    level: 5"), 11, "5"),
        (("required: true", "required: true\n    valid_from: soon"), 11, "date|ISO"),
        (("required: true", "required: true\n    do: again"), 11, "twice"),
        (("[837P]", "['270']"), 5, "each"),
        (("rules:\n", "rules: []\nmore:\n"), 4, "length|unknown|array"),
        (("format: 1", "format: 2"), 1, "2"),
        (("name: acme", "name: {"), 4, "YAML"),
        (("name: acme", "name: &a acme\nagain: *a"), 3, "alias"),
    ],
)
def test_a_mistake_in_a_file_of_rules_is_told_with_its_place(change, line, told):
    import re

    good = a_rule(at="{segment: REF*G1}", required="true").decode()
    assert change[0] in good
    with pytest.raises(NotRules) as raised:
        loads(good.replace(*change).encode(), "acme.yaml")
    mistake = raised.value.mistakes[0]
    assert re.search(told, mistake.message), mistake
    assert mistake.line == line, mistake
    assert f"acme.yaml:{line}:" in str(raised.value)


def test_mistakes_of_sense_are_told_all_at_once():
    text = a_rule(at="{segment: Q1}", required="true", each="2999").decode()
    with pytest.raises(NotRules) as raised:
        loads(text.encode())
    assert len(raised.value.mistakes) == 2


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff\xfe", b"a: " * 3, b"- " * 50_000, b"x" * (2 << 20)]
)
def test_what_is_no_file_of_rules_is_refused(data):
    with pytest.raises(NotRules):
        loads(data)


def test_json_is_read_as_well():
    rules = loads(
        b'{"name": "acme", "payer": {"ids": [60054]}, "rules": [{"id": "one", "transactions":'
        b' ["837P"], "at": {"segment": "CLM"}, "required": true, "message": "m", "do": "d"}]}'
    )
    assert rules.payer.ids == ("60054",)


def test_the_samples_are_read_and_find_what_they_are_for():
    assert payer_rules.samples() == ("medicaid-like", "medicare-like")
    with pytest.raises(LookupError):
        payer_rules.sample("nobody")
    rules = [payer_rules.sample(name) for name in payer_rules.samples()]

    def told(data):
        found = Examination(BytesIO(data), payer_rules=rules).findings()
        return {one.rule_id for one in found if "/" in one.rule_id}

    medicare = a_file(dependent(World(1))).replace(b"*CI~", b"*MB~").replace(b"*BL~", b"*MB~")
    assert "medicare-like/beneficiary-is-patient" in told(medicare) or b"*MB~" not in medicare
    ride = a_file(ambulance(World(1)))
    text = ride.decode()
    filing = next(one for one in text.split("~") if one.startswith("SBR")).split("*")[9]
    ride = text.replace(f"*{filing}~", "*MB~").encode()
    assert "medicare-like/beneficiary-number" in told(ride)
    no_transport = "~".join(
        one for one in ride.decode().split("~") if not one.startswith("CR1")
    ).encode()
    assert "medicare-like/ambulance-needs-transport" in told(no_transport)
