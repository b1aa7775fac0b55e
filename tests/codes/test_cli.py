import json

import pytest
from typer.testing import CliRunner

from codes_official_files import TABLE5, anweb
from rcm.codes import registry
from rcm.codes.cli import app

NOTE = "Acute appendicitis. No chest pain."


@pytest.fixture
def run(folder, monkeypatch):
    """Run `rcm codes ...` on the sets built for the tests; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("RCM_CODES", str(folder))

    def run(*arguments, stdin=None):
        result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
        return result.exit_code, result.stdout, result.stderr

    return run


def test_check_answers_a_list_with_code_status_and_reason(run):
    code, out, err = run("check", "--date", "2026-11-21", "E11.40", "s83.2", "G35", "--json")
    told = json.loads(out)
    assert code == 1
    assert [(one["code"], one["status"]) for one in told] == [
        ("E11.40", "VALID"), ("s83.2", "HEADER"), ("G35", "EXPIRED"),
    ]  # fmt: skip
    assert all(one["reason"] for one in told)
    assert told[2]["successors"][0] == "G35.A"
    assert "S83.209A" in told[1]["children"]
    assert err == ""


def test_check_ends_well_only_if_every_code_may_be_billed(run):
    assert run("check", "--date", "2026-11-21", "E11.40", "I10")[0] == 0
    assert run("check", "--date", "2026-11-21", "--system", "cpt", "99213")[0] == 0
    assert run("check", "--date", "2026-11-21", "--system", "cpt", "9921")[0] == 1


def test_check_reads_codes_from_stdin(run):
    code, out, _ = run("check", "--date", "2026-11-21", "-", "--json", stdin="I10\nE11.40 R52\n")
    assert code == 0
    assert len(json.loads(out)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--date", "21.11.2026", "I10"),
        ("check", "--date", "2026-02-30", "I10"),
        ("check", "--system", "icd9", "I10"),
        ("check",),
        ("load", "nothing-of-the-kind", "x.txt"),
        ("load", "table5", "/no/such/file", "--from", "2026-10-01"),
        ("load", "table5", "/no/such/file"),
        ("suggest", "/no/such/file.txt"),
        ("measure", "/no/such/file.jsonl"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(run, arguments):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err
    assert "Traceback" not in err


def test_search_answers_results_best_first(run):
    code, out, _ = run("search", "acute", "appendicitis", "--date", "2026-11-21", "--json")
    results = json.loads(out)["results"]
    assert code == 0
    assert results[0]["code"] == "K35.80"
    assert results[0]["title"]
    assert results[0]["why"]
    assert [one["score"] for one in results] == sorted(
        (one["score"] for one in results), reverse=True
    )


def test_search_that_finds_nothing_says_so_by_its_exit_code(run):
    code, out, _ = run("search", "qqqqzzzz", "--json")
    assert (code, json.loads(out)["results"]) == (1, [])


def test_one_text_file_is_one_note(run, tmp_path):
    file = tmp_path / "note.txt"
    file.write_text(NOTE)
    code, out, _ = run("suggest", file, "--date", "2026-11-21", "--json")
    told = json.loads(out)
    assert code == 0
    found = {one["code"]: one for one in told["suggestions"]}
    span = found["K35.80"]["spans"][0]
    assert NOTE[span["start"] : span["end"]] == span["text"] == "Acute appendicitis"
    assert found["K35.80"]["flags"] == []
    assert found["R07.9"]["flags"] == ["negated"]
    chances = [one["confidence"] for one in told["suggestions"]]
    assert chances == sorted(chances, reverse=True)


def test_json_lines_in_give_json_lines_out_in_the_same_order(run, tmp_path):
    file = tmp_path / "notes.jsonl"
    notes = [{"id": "a", "text": NOTE}, {"id": 7, "note": "htn"}, {"text": ""}]
    file.write_text("\n".join(map(json.dumps, notes)))
    code, out, _ = run("suggest", file, "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["id"] for one in told] == ["a", 7, None]
    assert told[1]["suggestions"][0]["code"] == "I10"
    assert told[2]["suggestions"] == []
    same = run("suggest", "-", "--json", stdin=file.read_text())[1]
    assert same == out


def test_a_note_may_bring_its_own_date(run):
    line = json.dumps({"text": "Dilated cardiomyopathy.", "date": "2026-09-30"})
    then = json.loads(run("suggest", "-", "--json", stdin=line)[1])
    assert "I42.0" in {one["code"] for one in then["suggestions"]}


@pytest.mark.parametrize(
    "line", ["{", "{}", '{"text": 5}', "[]", '{"text": "gout", "date": "2026-99-01"}', "[" * 9_999]
)
def test_a_line_that_is_no_note_is_answered_in_its_place_and_the_others_too(run, tmp_path, line):
    file = tmp_path / "notes.jsonl"
    file.write_text(f'{{"id": 1, "text": "gout"}}\n{line}\n{{"id": 3, "text": "asthma"}}')
    code, out, err = run("suggest", file, "--json")
    first, second, third = map(json.loads, out.splitlines())
    assert code == 1
    assert (first["id"], third["id"]) == (1, 3)
    assert first["suggestions"]
    assert third["suggestions"]
    assert second["suggestions"] == []
    assert "line 2" in second["error"]
    assert "line 2" in err


def test_a_json_document_may_hold_one_note_or_many(run, tmp_path):
    one, many = tmp_path / "one.json", tmp_path / "many.json"
    one.write_text(json.dumps({"id": 1, "text": "gout"}, indent=2))
    many.write_text(json.dumps([{"id": 1, "text": "gout"}, {"id": 2, "text": "asthma"}]))
    code, out, _ = run("suggest", one, many, "--json")
    assert code == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1, 1, 2]


def test_a_note_written_on_windows_keeps_its_letters(run, tmp_path):
    file = tmp_path / "note.txt"
    file.write_bytes("S\u00edndrome; pneumonia".encode("cp1252"))
    _, out, _ = run("suggest", file, "--json")
    span = json.loads(out)["suggestions"][0]["spans"][0]
    assert (span["start"], span["text"]) == (10, "pneumonia")


def test_the_releases_are_listed_with_dates_and_digests(run):
    releases = {one["release_id"]: one for one in json.loads(run("list", "--json")[1])}
    assert releases["icd10cm-fy2027"]["effective_from"] == "2026-10-01"
    assert releases["icd10cm-fy2027"]["row_count"] == 74_879
    assert len(releases["icd10pcs-fy2016"]["sha256"]) == 64


def test_a_release_is_compared_with_the_one_before(run):
    code, out, _ = run("diff", "--before", "2026-09-30", "--after", "2026-10-01")
    assert code == 0
    assert "190 added, 30 ended" in out
    assert "- I42.0 -> I42.00, I42.01, I42.09" in out


def test_verify_finds_the_folder_in_order(run):
    assert run("verify")[:2] == (0, "all in order\n")


def test_a_dry_run_says_what_would_change_and_changes_nothing(run, folder, tmp_path):
    file = tmp_path / "table5.txt"
    file.write_text(TABLE5)
    before = (folder / registry.FILE_NAME).stat().st_ino
    code, _, err = run("load", "table5", file, "--from", "2026-10-01", "--dry-run")
    assert code == 0
    assert "nothing was changed" in err
    assert (folder / registry.FILE_NAME).stat().st_ino == before


def test_a_damaged_file_is_refused_and_nothing_changes(run, folder, tmp_path):
    file = tmp_path / "HCPC2027_JAN_ANWEB.txt"
    file.write_text(anweb(100))
    before = (folder / registry.FILE_NAME).stat().st_ino
    code, out, err = run("load", "hcpcs", file, "--from", "2027-01-01")
    assert (code, out) == (2, "")
    assert "nothing was changed" in err
    assert (folder / registry.FILE_NAME).stat().st_ino == before


def test_a_code_is_shown_in_its_place(run):
    code, out, _ = run("show", "E11.4", "--date", "2026-11-21")
    assert code == 1
    assert "E08-E13" in out
    assert "E11.40" in out


def test_every_command_has_help_with_an_example(run):
    for name in ("check", "search", "suggest", "build", "load", "diff", "list", "verify", "show",
                 "train", "measure"):  # fmt: skip
        code, out, _ = run(name, "--help")
        assert code == 0
        assert "Example: rcm codes" in " ".join(out.split())


@pytest.mark.parametrize("text", ["\udcff\udcfe", "E11.40\udce9"])
def test_bytes_that_are_no_text_are_answered_like_any_other_code(run, text):
    code, out, _ = run("check", text, "E11.40", "--date", "2026-11-21", "--json")
    told = json.loads(out)
    assert code == 1
    assert [one["status"] for one in told] == ["FORMAT", "VALID"]
    assert "\ufffd" in told[0]["code"]
    code, out, _ = run("search", "gout", text, "--json")
    assert code in (0, 1)
    assert "\ufffd" in json.loads(out)["query"]
