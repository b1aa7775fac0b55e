"""The examples of the documentation run, and say what they say."""

import re
from pathlib import Path

from typer.testing import CliRunner

from rcm.x12.cli import app
from x12_cases import BODY_835, changed, interchange

ROOT = Path(__file__).parents[2]


def blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / path).read_text(), re.DOTALL)


def test_the_first_screen_of_the_readme_reads_an_835(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    broken = changed(BODY_835[30], BODY_835[30].replace("*300*", "*3OO*"))
    Path("era.835").write_bytes(interchange(broken))
    (code,) = blocks("shared/README.md", "python")
    exec(compile(code.replace('open("era.835", "rb")', 'Path("era.835").read_bytes()'),
                 "README", "exec"), {"Path": Path})  # fmt: skip
    told = capsys.readouterr().out
    assert "EFT-5 19500" in told
    assert "C-1001 1 10000" in told
    assert "C-1002 b'CLP*C-1002" in told


def test_the_readme_prints_what_the_command_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("era.835").write_bytes(interchange(changed("CAS*CO*45*20", "CAS*CO*45*19")))
    told = CliRunner().invoke(app, ["validate", "era.835"]).stdout
    first, *_ = blocks("shared/README.md", "console")
    shown = first.split("$ rcm x12 validate era.835\n")[1].strip()
    assert told.startswith(shown)
    (page,) = [text for text in blocks("docs/x12/balancing.md", "") if text.startswith("era.835")]
    Path("era.835").write_bytes(interchange(changed("CAS*CO*45*20", "CAS*CO*45*19.93")))
    assert CliRunner().invoke(app, ["validate", "era.835"]).stdout.startswith(page.strip())


def test_every_page_that_is_linked_is_there():
    for page in [*(ROOT / "docs" / "x12").glob("*.md"), ROOT / "shared" / "README.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)
