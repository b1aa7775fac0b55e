"""Every row of the table of reasons, by what it must do to a line."""

import pytest

from denials_cases import answer, cas, denials, line, open_denials
from denials_svc.rules.work import work_for
from rcm.adjustments.table import BUILT_IN, NotATable, parse_reasons, remarks_for, treatment
from rcm.events.denials import AdjudicationAssessed, DenialOpened

ON = "2026-03-01"
PATIENT_SHARE = {"1", "2", "3", "275", "100"}
CONTRACTUAL = {"45", "59", "94", "104", "131", "144", "237", "253"}
INFORMATIONAL = {"246", "101", "23", "209", "B11", "187"}
WAITING = {"133", "257", "277"}
TAKEN_BACK = {"216"}
# Typed from the domain's list of reasons and default actions, not from the table.
ACTIONS = {
    "FIX": "18 4 5 6 7 9 10 11 12 16 49 54 58 60 97 107 110 129 146 181 182 189 199 206 207 208"
    " 231 236 261 282 284 296 287 288 A8 B9 B14 B15 B16 B22 B23",
    "NEW": "13 14 31 32 33 34 109 135 140 239 267 268",
    "DOC": "50 112 148 150 151 152 163 164 226 250 251 252 B12",
    "APP": "B13 29 39 40 55 56 78 95 167 193 197 198 210 216 233 242 243 249 272 273 B4 B20",
    "COB": "19 20 21 22 24 26 27 200 35 119 149 136 177 190 204 258 276",
    "PAT": "227 238 279 B1",
    "PROV": "8 170 171 172 183 184 185 B7",
    "WO": "116 128 194 234 285 286",
    "CALL": "96 147 222 256 A1",
}
DENIED = {code: action for action, codes in ACTIONS.items() for code in codes.split()}


def rows():
    return sorted({row.reason_code for row in BUILT_IN.rows})


def test_the_table_and_this_list_name_the_same_codes():
    assert set(rows()) == {
        *PATIENT_SHARE,
        *CONTRACTUAL,
        *INFORMATIONAL,
        *WAITING,
        *DENIED,
    }


@pytest.mark.parametrize("code", sorted(PATIENT_SHARE | CONTRACTUAL | INFORMATIONAL | WAITING))
def test_a_reason_that_is_no_denial_opens_none_at_any_amount(code):
    (group, *_) = BUILT_IN.find(code, ON).groups
    denials.when(answer(line(cas(group, code, 12_500)), status="4")).then()


@pytest.mark.parametrize("code", sorted(code for code in DENIED if DENIED[code] != "PAT"))
def test_a_reason_that_is_a_denial_opens_one_with_its_action(code):
    row = BUILT_IN.find(code, ON)
    (group, *_) = row.groups
    story = denials.when(answer(line(cas(group, code, 1), paid=12_499)))
    story.then(AdjudicationAssessed, DenialOpened)
    opened = story.facts[1].event
    assert (opened.reason_code, opened.group_code, opened.denied_cents) == (code, group, 1)
    assert opened.action_code == DENIED[code]
    assert opened.category == row.category
    assert opened.table_version == BUILT_IN.version
    assert opened.paid_cents == 12_499


@pytest.mark.parametrize(
    ("code", "action"),
    [("27", "COB"), ("31", "NEW"), ("50", "DOC"), ("287", "FIX"), ("29", "APP"), ("ZZ9", "CALL")],
)
def test_a_patients_share_that_the_biller_can_do_something_about_is_in_dispute(code, action):
    story = denials.when(answer(line(cas("PR", code, 10_050), cas("PR", "1", 500))))
    opened = story.then(AdjudicationAssessed, DenialOpened).facts[1].event
    assert (opened.group_code, opened.denied_cents, opened.action_code) == ("PR", 10_050, action)


@pytest.mark.parametrize("code", ["116", *(code for code in DENIED if DENIED[code] == "PAT")])
def test_a_patients_share_that_is_simply_billed_to_the_patient_opens_nothing(code):
    denials.when(answer(line(cas("PR", code, 10_050)))).then()
    opened = denials.when(answer(line(cas("CO", code, 10_050)))).facts[1].event
    assert opened.denied_cents == 10_050


@pytest.mark.parametrize("code", sorted(DENIED))
@pytest.mark.parametrize("group", ["CO", "OA", "PI"])
def test_nobody_but_the_patients_own_share_is_billed_to_the_patient(code, group):
    assert work_for(BUILT_IN.find(code, ON), group, []).action_code != "PAT"


@pytest.mark.parametrize("group", ["CO", "PR", "OA", "PI"])
def test_late_filing_is_never_the_patients(group):
    assert work_for(BUILT_IN.find("29", ON), group, []).action_code == "APP"


@pytest.mark.parametrize("code", sorted(DENIED))
@pytest.mark.parametrize("remark", ["MA130", "N211"])
def test_what_may_not_be_appealed_is_not(code, remark):
    work = work_for(BUILT_IN.find(code, ON), "CO", [remark])
    assert not work.appealable
    assert work.action_code != "APP"
    if remark == "MA130":
        assert work.action_code == "NEW"


@pytest.mark.parametrize(
    ("code", "remark", "category", "action"),
    [
        ("16", "N265", "provider-ordering", "FIX"),
        ("16", "N290", "provider-rendering", "FIX"),
        ("16", "M76", "coding-diagnosis", "FIX"),
        ("16", "M51", "coding-procedure", "FIX"),
        ("16", "MA61", "eligibility-identity", "NEW"),
        ("16", "MA130", "technical", "NEW"),
        ("16", "M62", "authorization-number", "FIX"),
        ("16", "N4", "cob-data", "COB"),
        ("96", "N115", "medical-necessity-policy", "DOC"),
        ("96", "N30", "eligibility", "COB"),
        ("96", "M15", "bundling", "FIX"),
        ("96", "N425", "non-covered-plan", "COB"),
        ("252", "M127", "documentation-record", "DOC"),
        ("252", "N479", "cob-data", "COB"),
        ("18", "N522", "duplicate-crossover", "WO"),
        ("16", "MA18", "technical", "FIX"),
        ("97", "N265", "bundling", "FIX"),
    ],
)
def test_a_remark_refines_what_to_do(code, remark, category, action):
    work = work_for(BUILT_IN.find(code, ON), "CO", [remark])
    assert (work.category, work.action_code) == (category, action)


def test_every_remark_row_says_something_about_a_reason_that_exists():
    for code in DENIED:
        for remark in remarks_for(code, ["N265"]):
            assert remark.remark_code == "N265"
    assert remarks_for("45", ["MA130"])
    assert remarks_for("1", ["M76"]) == []


def test_a_lone_contractual_reduction_is_no_denial_even_of_the_whole_charge():
    denials.when(answer(line(cas("CO", "45", 12_500)), status="4")).then()


def test_a_payers_reduction_without_a_contract_is_disputed():
    story = denials.when(answer(line(cas("PI", "45", 2_000), paid=10_500)))
    assert story.facts[1].event.category == "payer-reduction"


def test_an_unknown_code_is_queued_and_not_dropped():
    story = denials.when(answer(line(cas("CO", "ZZ9", 100))))
    opened = story.facts[1].event
    assert (opened.category, opened.action_code) == ("unmapped", "CALL")


OVERLAY = """
= northside PAYER
97 | CO | C | contract | pricing | CALL | contractual | agreed with this payer
= northside -
97 | CO | D | bundling | bundling-ours | APP | | appealed here
= - PAYER
97 | CO | D | bundling | bundling-payer | CALL | | asked of this payer
@ 2027-01-01 -
B4 | CO | D | timely-filing | late | WO | | from next year
"""


@pytest.mark.parametrize(
    ("tenant", "payer", "category"),
    [
        ("northside", "PAYER", "pricing"),
        ("northside", "OTHER", "bundling-ours"),
        ("lakeview", "PAYER", "bundling-payer"),
        ("lakeview", "OTHER", "bundling"),
    ],
)
def test_a_tenants_row_goes_before_a_payers_and_that_before_ours(tenant, payer, category):
    table = BUILT_IN.overlaid(OVERLAY)
    assert table.find("97", ON, tenant_id=tenant, payer_id=payer).category == category
    assert table.version.startswith(BUILT_IN.version + "+")


def test_a_row_counts_from_its_first_to_its_last_day():
    table = BUILT_IN.overlaid("@ 2026-02-01 2026-02-28\n45 | CO | D | contract | x | CALL | | x")
    classes = [
        table.find("45", day).reason_class
        for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    ]
    assert classes == ["C", "D", "D", "C"]


@pytest.mark.parametrize(
    "text",
    [
        "45 | CO | C",
        "45 | XX | C | f | c | CALL | contractual | w",
        "45 | CO | Q | f | c | CALL | contractual | w",
        "45 | CO | C | f | c | SUE | contractual | w",
        "45 | CO | C | f | c | CALL | | w",
        "45 | CO | D | f | c | CALL | denied | w",
        "@ 2026-01-01",
        "= a b c",
    ],
)
def test_rows_that_cannot_be_read_are_refused(text):
    with pytest.raises(NotATable, match="line 1"):
        parse_reasons(text)


@pytest.mark.parametrize("code", rows())
@pytest.mark.parametrize("group", ["CO", "PR", "OA", "PI", "CR"])
def test_what_is_denied_is_never_written_off(group, code):
    found = treatment(group, BUILT_IN.find(code, ON))
    if found.is_denied:
        assert found.account in {"denied", "patient"}
    if found.account in {"contractual", "sequestration"}:
        assert (group, found.is_denied) == ("CO", False)


def test_one_line_and_family_is_one_denial():
    story = denials.when(
        answer(
            line(cas("CO", "197", 5_000), cas("CO", "198", 1_000), cas("CO", "50", 500)),
            line(cas("CO", "197", 700), number="L2"),
        )
    )
    assert open_denials(story) == {
        ("P", "L1", "authorization"): 6_000,
        ("P", "L1", "medical-necessity"): 500,
        ("P", "L2", "authorization"): 700,
    }
    deciding = next(f.event for f in story.facts if getattr(f.event, "family", "")[:4] == "auth")
    assert deciding.reason_code == "197"


def test_a_denial_of_the_whole_claim_is_one_at_claim_level():
    story = denials.when(answer(claim=(cas("CO", "29", 12_500),), status="4"))
    assert open_denials(story) == {("P", "", "timely-filing"): 12_500}
