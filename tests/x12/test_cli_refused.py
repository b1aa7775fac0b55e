"""What the operating system refuses is told in a line: a file that another user keeps."""

import os
import subprocess
import sys

import pytest

from x12_cases import interchange

NOBODY = 65534
#: The command runs once before the rights are given up, for Python may stand in a closed folder and
#: imports late.
AS_NOBODY = """
import os, sys
from typer.testing import CliRunner
from rcm.x12.cli import app
CliRunner().invoke(app, sys.argv[1:])
os.setgid(65534); os.setuid(65534)
app(sys.argv[1:])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("options", [["validate"], ["validate", "--json"], ["stats"], ["mask"]])
def test_a_file_that_may_not_be_read_is_told_in_a_line(tmp_path, options):
    path = tmp_path / "era.835"
    path.write_bytes(interchange())
    path.chmod(0o600)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(folder.stat().st_mode | 0o011)
    command = [sys.executable, "-c", AS_NOBODY, *options, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{path}: Permission denied\n"
    assert ("Permission denied" in done.stdout) is ("--json" in options)
