"""Commands import what they need, when they need it: in processes of their own, which say what they have imported."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import dissect_words, draw, run_cli

import unitscope
from unitscope.cli.main import COMMANDS

HEAVY = {"torch", "pandas", "matplotlib", "scipy", "numba", "numpy", "pyarrow"}
SCRIPT = """
import contextlib, io, json, sys
from unitscope.cli.main import main
before = set()
for words in json.loads(sys.argv[1]):
    sys.argv = ["unitscope", *words]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            main()
        except SystemExit as leave:
            assert not leave.code, (words, leave.code)
    assert said.getvalue(), words
    print(json.dumps([words, sorted(set(sys.modules) - before)]))
    before = set(sys.modules)
"""
"""Runs commands one after the other; prints what each has imported that was not there."""
HELP = [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)]


def python(script: str, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script that must not fail."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done


def imported(commands: list[list[str]], **environment: str) -> dict[tuple[str, ...], set[str]]:
    """The names of what commands import in one process, each what those before it have not."""
    lines = python(SCRIPT, json.dumps(commands), **environment).stdout.splitlines()
    return {tuple(words): set(names) for words, names in map(json.loads, lines)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = draw(tmp_path_factory.mktemp("startup") / "data", 6)
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(data, data.parent / "run")) == 0
    return data.parent / "run"


@pytest.fixture(scope="module")
def helped():
    return imported(HELP)


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_and_version_import_nothing_heavy(words, helped):
    assert not helped[tuple(words)] & HEAVY


def test_the_package_imports_nothing_heavy():
    said = set(python("import sys, unitscope; print(*sys.modules)").stdout.split())
    assert "unitscope" in said
    assert not said & {*HEAVY, "rich", "typer"}


@pytest.mark.parametrize("collecting", [True, False])
def test_importing_leaves_the_collector_of_garbage_as_it_was(collecting):
    try:
        (gc.enable if collecting else gc.disable)()
        assert unitscope.__getattr__("dissect") is unitscope.dissect
        assert gc.isenabled() is collecting
        with pytest.raises(ModuleNotFoundError):
            unitscope._imported("unitscope.nothing")
        assert gc.isenabled() is collecting
    finally:
        gc.enable()


def test_completion_is_light_and_names_the_commands():
    asked = {"_UNITSCOPE_COMPLETE": "complete_bash", "COMP_WORDS": "unitscope cl", "COMP_CWORD": "1"}
    assert not imported([[]], **asked)[()] & HEAVY
    done = subprocess.run(
        [Path(sys.executable).parent / "unitscope"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), **asked},
    )
    assert (done.returncode, done.stdout.split()) == (0, ["classify-unit"])


def test_tables_are_listed_without_networks_and_figures(run):
    formats = [["--format", each] for each in ("table", "csv")]
    commands = [[*words, *style] for words in (["units", str(run)], ["models"]) for style in formats]
    found = imported([*commands, ["unit", str(run), "conv1", "0"]])
    for words, names in found.items():
        assert not names & {"torch", "matplotlib", "numba", "scipy", "unitscope.cli.questions"}, words
    assert not found[tuple(commands[0])] & {"PIL", "unitscope.cli.given"}
