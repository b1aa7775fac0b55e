import re
from pathlib import Path

import pytest

from rcm.x12 import catalogue, x835
from rcm.x12.findings import Severity
from rcm.x12.mask import masked_segment, masked_value
from x12_cases import BODY_835, changed, interchange

ROOT = Path(__file__).parents[2]
NAMES = ("DOE", "JANE", "M0001", "MRN1", "PCN1", "1111")


def test_the_page_of_findings_is_what_the_code_says():
    page = (ROOT / "docs" / "x12" / "findings.md").read_text()
    assert page == catalogue.page(), "run python -m rcm.x12.catalogue > docs/x12/findings.md"


def test_rules_of_one_name_agree_in_level_and_severity():
    for rule_id, uses in catalogue.rules().items():
        assert len({(rule.level, rule.severity) for rule in uses}) == 1, rule_id
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule_id)
        assert all(rule.remedy.endswith(".") for rule in uses), rule_id
        assert all(1 <= rule.level <= 7 for rule in uses)


def broken():
    body = changed(BODY_835[14], BODY_835[14].replace("*QC*1*", "*QC*7*"))
    return x835.read(interchange(body))


def test_a_finding_prints_like_a_compiler_error():
    (finding,) = broken().findings
    assert finding.render("era.835") == (
        "era.835:18: error: code-not-in-guide (835 2000[1]/2100[1] NM102, claim C-1001)\n"
        "\n"
        "   17 | CLP*C-1001*1*125*100*5*12*XXX9*11*1\n"
        "   18 | NM1*QC*7*XXX*XXXX*X***MI*X9999\n"
        "\n"
        "The guide allows 1. Value: 7.\n"
        "Use a code that the guide allows here.\n"
        "(SNIP 2, interchange 000000042, group 7, transaction 0001, byte 552)"
    )
    assert "DOE*JANE" in finding.render("era.835", mask=False)


def test_a_finding_is_complete_as_json():
    (finding,) = broken().findings
    told = finding.as_dict(mask=False)
    assert told == {
        "rule": "code-not-in-guide",
        "severity": "error",
        "snip_level": 2,
        "interchange_control_number": "000000042",
        "group_control_number": "7",
        "transaction_control_number": "0001",
        "transaction_code": "835",
        "loop": "2000[1]/2100[1]",
        "claim_id": "C-1001",
        "segment_id": "NM1",
        "segment_number": 18,
        "byte_offset": interchange().index(b"NM1*QC"),
        "element": 2,
        "component": 0,
        "value": "7",
        "message": "The guide allows 1.",
        "remedy": "Use a code that the guide allows here.",
        "acknowledgement": ["IK4", "7"],
    }
    assert finding.severity is Severity.ERROR


def test_nothing_about_a_person_is_printable():
    reading = broken()
    for value in (*reading.findings, reading.findings[0].place, reading.remittances[0],
                  *reading.remittances[0].claims, reading.reader):  # fmt: skip
        told = repr(value)
        assert not any(name in told for name in NAMES), type(value)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("NM1*QC*1*DOE*JANE****MI*M0001", "NM1*QC*1*XXX*XXXX****MI*X9999"),
        ("CLP*C-1*1*125*100**12*PCN1", "CLP*C-1*1*125*100**12*XXX9"),
        ("N4*ALBANY*NY*12207", "N4*XXXXXX*NY*99999"),
        ("DMG*D8*19800203*F", "DMG*D8*99999999*X"),
        ("HI*ABK:E119*ABF:I10", "HI*ABK:X999*ABF:X99"),
        ("REF*EA*MÜ-7", "REF*EA*XX-9"),
        ("QQQ*SECRET", "QQQ*XXXXXX"),
        # Whatever the separators are, and wherever a name has slipped in.
        ("HI*ABK>E119>>>20260101^ABF>I10", "HI*ABK>X999>>>99999999^XXX>X99"),
        ("NM1*JANE*DOE", "NM1*XXXX*XXX"),
        ("CLP*C-1*1*JANE*100", "CLP*C-1*1*XXXX*100"),
        ("JANE DOE*1", "XXXX XXX*9"),
        ("NM1|QC|1|DOE|JANE", "NM1|QC|1|XXX|XXXX"),
        ("SV1*HC:99213:25::::JANE DOE*100*UN*1", "SV1*HC:99213:25::::XXXX XXX*100*UN*1"),
        ("EB*1*IND*30^33*HM", "EB*1*IND*30^33*HM"),
        ("N3*7 ÜBER STREET", "N3*9 XXXX XXXXXX"),
    ],
)
def test_a_segment_is_masked_by_what_its_elements_are(text, masked):
    separator = next(one for one in text if one in "*|")
    assert masked_segment(text, separator) == masked


def test_a_masked_value_keeps_its_shape():
    assert masked_value("Ab-12 ٣") == "XX-99 9"
