"""A wheel holds what runs, no more, and runs from where it is installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
CODE, WEIGHTS = 2_000_000, 16_000_000
"""Bytes at most: of the wheel without the weights of the bundled networks, and of these."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")))
    return Path(built)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that the wheel is installed in, without what it needs."""
    place = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, "--target", str(place), str(wheel)], check=True, capture_output=True)
    _take_compiled(ROOT / "src", place)
    return place


def _take_compiled(source: Path, place: Path) -> None:
    """Spare what is installed to compile its loops anew: numba's files fit the same code of the same age."""
    for file in (place / "unitscope").rglob("*.py"):
        of_source = source / file.relative_to(place)
        assert file.read_bytes() == of_source.read_bytes(), file
        os.utime(file, ns=(of_source.stat().st_mtime_ns,) * 2)
    for file in (source / "unitscope").rglob("*.nb[ic]"):
        beside = place / file.relative_to(source)
        beside.parent.mkdir(exist_ok=True)
        shutil.copy(file, beside)


def test_a_wheel_is_small_and_has_no_training_tests_or_documents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        files = {entry.filename: entry for entry in archive.infolist()}
    assert {name.split("/")[0] for name in files} == {
        "unitscope",
        f"unitscope-{version('unitscope')}.dist-info",
    }
    assert {
        "unitscope/py.typed",
        "unitscope/models/data/places365.txt",
        "unitscope/report/assets/style.css",
        "unitscope/world/weights/world_vgg.safetensors",
    } <= set(files)
    weights = {name for name in files if name.endswith(".safetensors")}
    assert sum(files[name].compress_size for name in weights) < WEIGHTS
    assert sum(files[name].compress_size for name in set(files) - weights) < CODE
    assert not [name for name in files if name.endswith((".pyc", ".ipynb", ".png", ".jpg"))]


SCRIPT = """
import json, sys
import unitscope
from unitscope.cli.main import main
print(unitscope.__file__)
for words in json.loads(sys.argv[1]):
    sys.argv = ["unitscope", *words]
    try:
        main()
    except SystemExit as leave:
        assert not leave.code, (words, leave.code)
    print("end of", words[0])
"""
"""Runs commands one after the other."""


@pytest.mark.slow
def test_an_installed_wheel_runs(installed, tmp_path):
    def said(*words):
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, check=False, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(installed)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    dissect = "dissect world-vgg --images world:4 --layer relu1_2 --out run"
    commands = [words.split() for words in ("layers world-vgg", dissect, "report run")]
    first, rest = said("-c", SCRIPT, json.dumps(commands)).split("\n", 1)
    assert first.startswith(str(installed))
    layers, dissected, reported, _ = re.split(r"end of .*\n", rest)
    assert "relu4_3" in layers
    assert "report" in dissected
    assert "index.html" in reported
    assert said("-m", "unitscope", "--version").strip() == version("unitscope")
    script = next((installed / "bin").glob("unitscope*"), None)
    assert script is not None
    assert said(str(script), "--version").strip() == version("unitscope")


def test_completion_is_offered_for_the_common_shells(installed):
    for shell, word in {"bash": "complete -o", "zsh": "compdef", "fish": "complete --command"}.items():
        asked = {"_UNITSCOPE_COMPLETE": f"source_{shell}", "PYTHONPATH": str(installed)}
        said = subprocess.run(
            [sys.executable, "-m", "unitscope"], check=False, capture_output=True, text=True, env=os.environ | asked
        )  # fmt: skip
        assert word in said.stdout, said
    asked = {"_UNITSCOPE_COMPLETE": "complete_bash", "COMP_WORDS": "unitscope expo", "COMP_CWORD": "1"}
    said = subprocess.run(
        [sys.executable, "-m", "unitscope"], check=False, capture_output=True, text=True,
        env=os.environ | asked | {"PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert said.stdout.split() == ["export"]
