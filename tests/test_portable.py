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


COMMANDS = """
import json, sys
from unitscope.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["unitscope", *words]
    code = 0
    try:
        main()
    except SystemExit as leave:
        code = leave.code or 0
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.buffer.write(b"\\0%d\\0" % code)
"""
"""Runs commands one after the other; writes the exit code of each, between zeros, below what it has said."""


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A folder with a run whose concepts have names of several alphabets."""
    place = draw(tmp_path_factory.mktemp("portable") / "data", 6)
    labels = "1\trouge é\tcolor\n2\t厨房\tcolor\n3\tblau\tcolor\n4\tdot\tobject\n"
    (place / "labels.txt").write_text(labels, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(place, place / "run")) == 0
    return place / "run"


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
)
def test_names_that_a_terminal_has_no_letters_for(named, tmp_path, locale):
    units = tmp_path / "units.csv"
    asked = ["--concept", "厨房", "--format", "json"], ["--format", "csv"]
    words = [["units", str(named), *more] for more in ([], *asked, [*asked[1], "--out", str(units)])]
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(words, ensure_ascii=False)],
        capture_output=True, check=False, env=os.environ | locale,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed, complaints = done.stdout.split(b"\0"), done.stderr.split(b"\0")
    assert printed[1::2] == complaints[1::2] == [b"0", b"0", b"2", b"0"]
    shown, found, nothing, _ = printed[0:-1:2]
    assert rb"\u53a8\u623f" in shown
    assert {row["concept"] for row in json.loads(found)} == {"厨房"}
    assert nothing == b""
    first, second, refused, _ = complaints[0:-1:2]
    assert first == second == b""
    assert b"cannot be printed in" in refused
    assert b"give --out FILE" in refused
    assert "厨房" in units.read_text(encoding="utf-8")
