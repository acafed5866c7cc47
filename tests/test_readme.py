"""What the README says about a classifier runs."""

import subprocess
import sys

import pytest
from readme import block, run_commands


@pytest.mark.slow
def test_the_python_lines_run(tmp_path):
    code = block("python", "import unitscope", {"world:200": "world:40"})
    subprocess.run([sys.executable, "-W", "error::DeprecationWarning", "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "runs" / "world" / "report" / "index.html").is_file()


@pytest.mark.slow
def test_the_commands_run(tmp_path, monkeypatch, capsys):
    start = "unitscope dissect world-vgg"
    said = run_commands(start, tmp_path, monkeypatch, capsys, **{"world:200": "world:60"})
    assert set(said) == {""}
    start, smaller = "unitscope importance runs/world", {"world:2000": "world:140"}
    run_commands(start, tmp_path, monkeypatch, capsys, **smaller)
