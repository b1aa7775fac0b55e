import gzip
import io
import json
import os
import subprocess
import sys
import threading

import pytest
from typer.testing import CliRunner

from rcm.x12.cli import app
from rcm.x12.reader import Reader
from x12_cases import BODY_835, changed, interchange

runner = CliRunner()
BAD = interchange(changed("CAS*CO*45*20", "CAS*CO*45*19"))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "good.835").write_bytes(interchange(line_break="\n"))
    (tmp_path / "bad.835").write_bytes(BAD)
    return tmp_path


def run(*arguments, stdin=None):
    return runner.invoke(app, [str(one) for one in arguments], input=stdin)


def test_validate_says_nothing_of_a_good_file(files):
    result = run("validate", files / "good.835")
    assert (result.exit_code, result.stdout) == (0, "no findings\n")


def test_validate_prints_a_finding_like_a_compiler_error(files):
    result = run("validate", files / "bad.835")
    assert result.exit_code == 1
    first = result.stdout.split("\n\n")
    assert first[0].endswith(
        "bad.835:24: error: line-out-of-balance (835 2000[1]/2100[1]/2110[1] SVC03, claim C-1001)"
    )
    assert "   24 | SVC*HC:99213:25*125*100**1" in first[1]
    assert "the difference is 1.00" in first[2]


def test_validate_reads_stdin_and_gives_json():
    result = run("validate", "-", "--json", stdin=BAD)
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["has_error"] is True
    assert {one["rule"] for one in told["findings"]} == {
        "line-out-of-balance",
        "claim-out-of-balance",
    }
    assert told["findings"][0]["byte_offset"] == BAD.index(b"SVC*HC:99213")


def test_json_is_given_whatever_the_outcome():
    for stdin, has_error in ((interchange(), False), (b"hello", True), (b"", True)):
        result = run("validate", "-", "--json", stdin=stdin)
        assert json.loads(result.stdout)["has_error"] is has_error
        assert result.exit_code == has_error


def test_a_rule_can_be_relaxed_and_a_level_left_out(files):
    relaxed = ("--relax", "line-out-of-balance", "--relax", "claim-out-of-balance")
    assert run("validate", files / "bad.835", *relaxed).exit_code == 0
    assert run("validate", files / "bad.835", "--level", "2").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [("validate",), ("validate", "/no/such/file"), ("describe",), ("describe", "--guide", "x"),
     ("nothing",), ("validate", "-", "--level", "9"), ("split", "-")],
)  # fmt: skip
def test_wrong_usage_is_2(arguments):
    assert run(*arguments, stdin=b"").exit_code == 2


NAMES = (b"DOE", b"JANE", b"M0001", b"MRN1", b"PCN1", b"ROE", b"POE", b"EDGAR", b"1992999999")


@pytest.mark.parametrize("command", ["describe", "mask", "json"])
def test_values_are_masked_unless_asked(files, command):
    shown = run(command, files / "good.835").stdout.encode()
    assert not any(name in shown for name in NAMES)
    assert b"C-1001" in shown
    if command != "mask":
        shown = run(command, files / "good.835", "--unmasked").stdout.encode()
        assert all(name in shown for name in NAMES)


def test_findings_are_masked_unless_asked():
    data = interchange(changed("NM1*QC*1*DOE*JANE*A***MI*M0001", "NM1*QC*7*DOE*JANE*A***MI*M0001"))
    masked = run("validate", "-", stdin=data).stdout
    assert "DOE" not in masked
    assert "NM1*QC*7*XXX*XXXX" in masked
    assert "DOE" in run("validate", "-", "--unmasked", stdin=data).stdout


def test_a_masked_file_keeps_its_shape_and_its_money(files):
    masked = run("mask", files / "good.835").stdout_bytes
    result = run("validate", "-", "--json", "--relax", "npi-invalid", stdin=masked)
    assert json.loads(result.stdout)["findings"] == []


def test_describe_shows_loops_and_what_they_are(files):
    shown = run("describe", files / "good.835").stdout
    assert "== 835 005010X221A1: Health care claim payment" in shown
    assert "# 2000[1]/2100[1] a claim" in shown
    assert "      CAS*CO*45*20" in shown


def test_describe_draws_a_guide():
    shown = run("describe", "--guide", "005010X221A1").stdout
    assert "[2110] situational x999   a service line" in shown
    assert "005010X214" in run("describe", "--guides").stdout


def test_json_gives_the_file_back(files):
    made = run("json", files / "bad.835", "--unmasked").stdout
    back = run("from-json", "-", stdin=made.encode())
    assert back.stdout_bytes == BAD


MARKS = '"delimiters": ["*", "~", ":", "^"]'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        "[7]",
        '[{"delimiters": [], "segments": []}]',
        f'[{{{MARKS}, "segments": [["A", 1]]}}]',
        f'[{{{MARKS}, "segments": [["A", "~"]]}}]',
        "[" * 100_000,
    ],
)
def test_other_json_is_refused(text):
    result = run("from-json", "-", stdin=text.encode())
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_split_gives_each_transaction_its_own_envelopes(files):
    (files / "two.835").write_bytes(interchange() + BAD.replace(b"000000042", b"000000043"))
    result = run("split", files / "two.835", "--to", files / "pieces")
    assert result.exit_code == 0
    pieces = sorted((files / "pieces").iterdir())
    assert [one.name for one in pieces] == ["000001.835", "000002.835"]
    assert [one.read_bytes().count(b"ISA*") for one in pieces] == [1, 1]
    assert run("validate", pieces[0]).exit_code == 0


def test_diff_is_by_claim_whatever_the_order(files):
    claims = [list(BODY_835[13:27]), list(BODY_835[27:35])]
    turned = [*BODY_835[:13], *claims[1], *claims[0], *BODY_835[35:]]
    (files / "turned.835").write_bytes(interchange(turned))
    assert run("diff", files / "good.835", files / "turned.835").stdout == ""
    result = run("diff", files / "good.835", files / "bad.835")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "@@ claim C-1001: changed",
        "- CAS*CO*45*20",
        "+ CAS*CO*45*19",
    ]


def test_ack_answers_with_a_999(files):
    result = run("ack", files / "good.835")
    assert result.exit_code == 0
    assert "AK9*A*1*1*1~" in result.stdout
    broken = interchange(changed("CAS*CO*45*20", "CAS*XX*45*20"))
    result = run("ack", "-", stdin=broken)
    assert result.exit_code == 1
    reader = Reader(io.BytesIO(result.stdout_bytes))
    list(reader.units())
    assert reader.findings == []
    assert "AK9*R*1*1*0~" in result.stdout


def test_ack_answers_a_broken_envelope_with_a_ta1_alone():
    result = run("ack", "-", stdin=interchange().replace(b"IEA*1*000000042~", b""))
    assert result.exit_code == 1
    assert "TA1*000000042*260302*1200*R*023~" in result.stdout
    assert "AK1" not in result.stdout


def test_stats_counts_claims_and_money(files):
    told = json.loads(run("stats", files / "good.835", "--json").stdout)[0]
    assert told["claims"] == 4
    assert told["paid"] == "115.00"
    assert told["provider_adjustments"] == "-80.00"
    assert told["adjusted"] == {"CO": "300.00", "PR": "10.00"}


def test_every_command_has_an_example():
    for command in app.registered_commands:
        assert "Example: rcm x12" in command.callback.__doc__, command.callback.__name__


COMMANDS = ("validate", "stats", "ack", "describe", "json", "mask", "split", "diff", "from-json")


def call(command, file, folder):
    further = {"split": ["--to", folder / "pieces"], "diff": [file]}.get(command, [])
    return run(command, file, *further, "--json")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["not-there.835", ""])
def test_a_file_that_cannot_be_opened_is_told_in_json_and_is_2(command, name, tmp_path):
    result = call(command, tmp_path / name, tmp_path)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["has_error"] is True
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\xff\xfe\x1f" * 500, b"hello", gzip.compress(bytes(30 << 20)), BAD],
    ids=["empty", "binary", "text", "bomb", "bad"],
)
def test_json_is_on_stdout_whatever_the_input(command, data, tmp_path):
    (tmp_path / "input").write_bytes(data)
    result = call(command, tmp_path / "input", tmp_path)
    json.loads(result.stdout)
    assert result.exit_code in {0, 1}
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_name_that_is_no_utf8_is_shown_and_breaks_nothing(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.835"
    with open(path, "wb") as file:  # noqa: PTH123 - pathlib would not take these bytes
        file.write(BAD)
    result = run("validate", os.fsdecode(path), "--json")
    assert json.loads(result.stdout)["findings"][0]["file"].endswith("caf\ufffd.835")
    assert run("validate", os.fsdecode(path)).exit_code == 1


def test_what_cannot_be_read_twice_is_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(BAD,))
    writer.start()
    result = run("validate", pipe, "--json")
    writer.join()
    assert len(json.loads(result.stdout)["findings"]) == 2


def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path):
    claim = BODY_835[13:27]
    (tmp_path / "large.835").write_bytes(interchange([*BODY_835[:13], *claim * 5000]))
    command = [sys.executable, "-m", "rcm.x12", "describe", str(tmp_path / "large.835")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        process.wait(30)
    assert b"Traceback" not in told
    assert b"Exception" not in told


def test_payer_rules_are_checked_and_their_mistakes_are_wrong_usage(files):
    rules = files / "acme.yaml"
    rules.write_text(
        "name: acme\npayer: {ids: ['*']}\nrules:\n"
        "  - id: no-interest\n    transactions: [835]\n    at: {segment: CAS, element: 1}\n"
        "    not_allowed: [PR]\n    message: It is not allowed.\n    do: Ask.\n"
    )
    result = run("validate", files / "good.835", "--payer-rules", rules)
    assert result.exit_code == 1
    assert "error: acme/no-interest (835 2000[1]/2100[1]/2110[1] CAS01" in result.stdout
    relaxed = ("validate", files / "good.835", "--payer-rules", rules, "--relax", "acme")
    assert run(*relaxed).exit_code == 0
    rules.write_text(rules.read_text().replace("segment: CAS", "segment: QQQ"))
    result = run("validate", files / "good.835", "--payer-rules", rules, "--json")
    assert result.exit_code == 2
    assert "acme.yaml:6:10: X12 has no segment QQQ." in json.loads(result.stdout)["error"]
    assert run("validate", files / "good.835", "--payer-rules", "sample:none").exit_code == 2
    assert run("validate", files / "good.835", "--payer-rules", "sample:medicare-like").stdout


def test_a_finding_says_everything(files):
    (one, *_) = json.loads(run("validate", files / "bad.835", "--json").stdout)["findings"]
    assert set(one) == {
        "file", "rule", "severity", "snip_level", "interchange_control_number",
        "group_control_number", "transaction_control_number", "transaction_code", "loop",
        "claim_id", "segment_id", "segment_number", "byte_offset", "element", "component",
        "value", "message", "remedy", "acknowledgement",
    }  # fmt: skip
    assert (one["interchange_control_number"], one["loop"]) == (
        "000000042", "2000[1]/2100[1]/2110[1]",
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("validate", "a", "--level", "99"),
        ("diff", "a"),
        ("split", "a"),
        ("stats", "--nothing", "a"),
        ("nothing",),
    ],
)
def test_wrong_usage_is_told_as_json_where_json_is_asked_for(arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["has_error"] is True
    assert told["error"]
    assert run(*arguments).stdout == ""


PEOPLE = ("DOE", "JANE", "EDGAR")
ODD = (
    interchange()
    .replace(b"NM1*QC*1*DOE*JANE*A***MI*M0001", b"NM1|QC|1|DOE|JANE~JANE DOE*1~DOEJANE", 1)
    .replace(b"REF*EA*MRN1", b"REF*DOE JANE*1", 1)
)


@pytest.mark.parametrize(
    "command",
    [
        ("validate",), ("validate", "--json"), ("describe",), ("describe", "--json"), ("mask",),
        ("json",), ("json", "--segments"), ("stats",), ("ack",), ("ack", "--json"),
    ],
)  # fmt: skip
def test_a_name_at_an_odd_place_is_masked_too(command, tmp_path):
    path = tmp_path / "odd.835"
    path.write_bytes(ODD)
    result = run(*command, path)
    assert not [name for name in PEOPLE if name in result.stdout + result.stderr]
    assert result.exit_code in {0, 1}


def test_the_difference_of_names_is_masked(files, tmp_path):
    path = tmp_path / "odd.835"
    path.write_bytes(ODD)
    result = run("diff", files / "good.835", path)
    assert not [name for name in PEOPLE if name in result.stdout + result.stderr]


def test_an_answer_repeats_a_wrong_value_only_when_asked(tmp_path):
    path = tmp_path / "bad.835"
    path.write_bytes(interchange().replace(b"QC*1*DOE*JANE", b"QC*1*DOE*JANE" + b"Y" * 40, 1))
    assert "IK4*4*1036*5~" in run("ack", path).stdout
    assert "JANEYYY" in run("ack", path, "--unmasked").stdout
