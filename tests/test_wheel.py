"""A wheel holds what runs, no more, and runs from where it is installed."""

import os
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
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(place), str(wheel)], check=True, capture_output=True)
    return place


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


@pytest.mark.slow
def test_an_installed_wheel_runs(installed, tmp_path):
    def said(*words, code=("-m", "unitscope")):
        done = subprocess.run(
            [sys.executable, *code, *words], cwd=tmp_path, check=False, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(installed), "NUMBA_OPT": "0"},  # what is installed is compiled anew
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert said(code=("-c", "import unitscope; print(unitscope.__file__)")).startswith(str(installed))
    assert said("--version").strip() == version("unitscope")
    assert "relu4_3" in said("layers", "world-vgg")
    assert "report" in said(
        "dissect", "world-vgg", "--images", "world:4", "--layer", "relu1_2", "--out", "run"
    )
    assert "index.html" in said("report", "run")
    script = next((installed / "bin").glob("unitscope*"), None)
    assert script is not None
    assert said("--version", code=(str(script),)).strip() == version("unitscope")


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
