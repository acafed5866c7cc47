"""The package does without modules that only POSIX systems have, such as `fcntl`."""

import json
import os
import subprocess
import sys

import pytest
from tiny import dissect_words, draw, run_cli

POSIX_ONLY = ("fcntl", "grp", "pwd")

IMPORT_EVERYTHING = f"""
import pkgutil, sys
for name in {POSIX_ONLY}:
    sys.modules[name] = None
import unitscope
for module in pkgutil.walk_packages(unitscope.__path__, "unitscope."):
    if not module.name.startswith("unitscope.scale."):  # Ray's own modules need them
        __import__(module.name)
import unitscope.scale.spread
"""

LOCK_TWICE = """
from pathlib import Path
from unitscope.errors import UnitscopeError
from unitscope.run.folder import open_for_writing
with open_for_writing(Path(sys.argv[1]), {}, kind="dissection", command="dissect"):
    try:
        with open_for_writing(Path(sys.argv[1]), {}, kind="dissection", command="dissect"):
            pass
    except UnitscopeError as error:
        print(error)
"""


@pytest.mark.slow
def test_everything_imports_and_locks_without_posix_modules(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING + LOCK_TWICE, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.partition(";")[0]) == (
        0,
        f"another process is working on {tmp_path / 'run'}",
    ), run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
)
def test_names_that_a_terminal_has_no_letters_for(tmp_path, monkeypatch, locale):
    draw(tmp_path, 6)
    labels = "1\trouge é\tcolor\n2\t厨房\tcolor\n3\tblau\tcolor\n4\tdot\tobject\n"
    (tmp_path / "labels.txt").write_text(labels, encoding="utf-8")
    run = str(tmp_path / "run")
    assert run_cli(monkeypatch, *dissect_words(tmp_path, tmp_path / "run")) == 0

    def said(*words):
        command = [sys.executable, "-m", "unitscope", "units", run, *words]
        return subprocess.run(command, capture_output=True, check=False, env=os.environ | locale)

    shown = said()
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert rb"\u53a8\u623f" in shown.stdout
    asked = said("--concept", "厨房", "--format", "json")
    assert {row["concept"] for row in json.loads(asked.stdout)} == {"厨房"}
    refused = said("--format", "csv")
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"cannot be printed in" in refused.stderr
    assert b"give --out FILE" in refused.stderr
    assert said("--format", "csv", "--out", str(tmp_path / "units.csv")).returncode == 0
    assert "厨房" in (tmp_path / "units.csv").read_text(encoding="utf-8")
