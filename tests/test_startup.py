"""Commands import what they need, when they need it: each in a process of its own, which says what it has imported."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import dissect_words, draw, run_cli

import unitscope
from unitscope.cli.main import COMMANDS

HEAVY = {"torch", "pandas", "matplotlib", "scipy", "numba", "numpy", "pyarrow"}
SCRIPT = """
import sys
from unitscope.cli.main import main
sys.argv = ["unitscope", *sys.argv[1:]]
try:
    main()
except SystemExit as leave:
    assert not leave.code, leave.code
print(*sys.modules, file=sys.stderr)
"""


def imported(*words: object, script: str = SCRIPT, **environment: str) -> set[str]:
    """The names of what a command imports."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "", **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or script is not SCRIPT
    return set(done.stderr.split())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = draw(tmp_path_factory.mktemp("startup") / "data", 6)
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(data, data.parent / "run")) == 0
    return data.parent / "run"


@pytest.mark.parametrize("words", [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_and_version_import_nothing_heavy(words):
    assert not imported(*words) & HEAVY


def test_the_package_imports_nothing_heavy():
    said = imported(script="import sys, unitscope; print(*sys.modules, file=sys.stderr)")
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
    assert not imported(**asked) & HEAVY
    done = subprocess.run(
        [Path(sys.executable).parent / "unitscope"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), **asked},
    )
    assert (done.returncode, done.stdout.split()) == (0, ["classify-unit"])


@pytest.mark.parametrize("command", ["units", "models", "unit"])
def test_tables_are_listed_without_networks_and_figures(run, command):
    words = {"units": [run], "models": [], "unit": [run, "conv1", 0]}[command]
    for style in ([] if command == "unit" else ["--format", each] for each in ("table", "csv")):
        found = imported(command, *words, *style)
        assert not found & {"torch", "matplotlib", "numba", "scipy", "unitscope.cli.questions"}
