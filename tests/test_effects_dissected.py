"""Effects from the run folder of a dissected generator, by the commands: reopened from its file, with its segmenter."""

from __future__ import annotations

import json

import msgspec
import pytest
import torch
from effects_cases import assert_same_tables
from tiny import dissect_words as dissect_pictures
from tiny import draw, run_cli
from tiny_generator import dissect_words, write_generator

import unitscope
from unitscope.experiments.effects.settings import RankingSettings
from unitscope.models.registry import load_generator

pytestmark = pytest.mark.usefixtures("traced_once")

FEW = {"replicates": 100}
SHORT = ["--device", "cpu", "--quiet"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the generator and its run."""
    folder = tmp_path_factory.mktemp("dissected")
    file = write_generator(folder)
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(file, folder / "run")) == 0
    return folder


def green_points(place) -> int:
    """Points of the pixel grid that are green in the pictures that are measured, by the generator alone."""
    run = unitscope.open_run(place / "run")
    latents = msgspec.convert(run.data.latents, unitscope.SeededLatents)
    with torch.no_grad():
        pictures = load_generator(f"{place}/gen.py:shapes").module(latents.read(range(1, len(latents), 2)))
    rows, columns = run.settings.grid
    step = pictures.shape[2] // rows, pictures.shape[3] // columns
    return int((pictures[:, 1, step[0] // 2 :: step[0], step[1] // 2 :: step[1]] > 0).sum())


def test_the_box_that_a_unit_draws_goes_without_it(place, monkeypatch, capsys):
    words = [
        "remove",
        str(place / "run"),
        "--layer",
        "boxes",
        "--concept",
        "green",
        "--units",
        "1",
        "--random",
        "1",
    ]
    assert run_cli(monkeypatch, *words, *SHORT, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    found = unitscope.open_removal(place / "run" / "effects" / "remove-boxes-green")
    assert facts["path"] == str(found.path)
    assert found.sets["units"][0].tolist() == [1]
    own = found.effects[found.effects["set"] == 0].set_index("concept")
    assert own.loc["green", ["before", "after", "lost"]].tolist() == [green_points(place), 0, 1]
    assert own.loc[["red", "blue"], "lost"].tolist() == [0, 0]
    beside = found.sets.loc[~found.sets["kind"].isin(["concept", "all"]), "set"]
    others = found.effects[found.effects["set"].isin(beside) & (found.effects["concept"] == "green")]
    assert (others["lost"] == 0).all()
    assert facts["whole_passes"] is None


def test_a_box_appears_where_its_unit_is_forced_on(place, monkeypatch, capsys):
    words = [
        "insert",
        str(place / "run"),
        "--layer",
        "boxes",
        "--concept",
        "red",
        "--units",
        "1",
        "--level",
        "2",
    ]
    assert run_cli(monkeypatch, *words, "--random", "0", "--latents", "6", *SHORT) == 0
    assert "Insertion of 1 red units of boxes in shapes, at value 2" in capsys.readouterr().out
    found = unitscope.open_insertion(place / "run" / "effects" / "insert-boxes-red")
    success = found.contexts[found.contexts["set"] == 0].fillna({"concept": "nothing"}).set_index("concept")
    assert success.loc["nothing", "success"] == 1
    assert success.loc["red", "success"] == 0
    assert success.loc["nothing", "success_low"] == pytest.approx(
        0.025 ** (1 / 6)
    )  # all places of six latents


def test_a_quantile_of_the_run_is_a_level(place):
    found = unitscope.insert(
        place / "run", layer="boxes", concept="blue", units=1, level=0.95, locations=4, out=place / "quantile",
        latents=2, random=0, device="cpu",
    )  # fmt: skip
    expected = unitscope.at_quantile(unitscope.open_run(place / "run"), 0.05)
    expected = expected[(expected["layer"] == "boxes") & (expected["unit"] == 2)]["threshold"].item()
    assert found.sets["levels"][0].tolist() == [expected]


def test_units_ranked_by_effect(place):
    ranking = unitscope.rank(
        place / "run", layer="boxes", settings=RankingSettings(latents=16, **FEW), device="cpu"
    )
    for unit, name in enumerate(("red", "green", "blue")):
        assert ranking.top(name, 1)["unit"].tolist() == [unit]
    removed = unitscope.remove(
        place / "run", layer="boxes", concept="blue", units=1, out=place / "by-effect", device="cpu",
        rank="effect",
    )  # fmt: skip
    assert removed.sets["units"][0].tolist() == [2]
    again = unitscope.rank(
        place / "run", layer="boxes", settings=RankingSettings(latents=16, **FEW), out=place / "again", device="cpu",
        generator=unitscope.generator(f"{place}/gen.py:shapes"),
    )  # fmt: skip
    assert_same_tables(ranking.path, again.path)


def test_another_segmenter_may_know_other_concepts(place):
    (place / "names.py").write_text(
        "import importlib.util, pathlib\n"
        "from dataclasses import replace\n"
        "spec = importlib.util.spec_from_file_location('boxes_gen', pathlib.Path(__file__).with_name('gen.py'))\n"
        "gen = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(gen)\n\n\n"
        "def colors():\n"
        "    from unitscope.concepts.vocabulary import Concept, Vocabulary\n"
        "    names = ('red', 'leaf', 'blue')\n"
        "    return replace(gen.colors(), vocabulary=Vocabulary([Concept(name, 'color') for name in names]))\n"
    )  # fmt: skip
    given = {"concepts": f"{place}/names.py:colors", "device": "cpu", "layer": "boxes", "units": 1}
    found = unitscope.remove(place / "run", concept="red", out=place / "other", **given)
    assert set(found.effects["concept"]) == {"red", "leaf", "blue"}
    with pytest.raises(
        unitscope.UnitscopeError, match="concept='leaf' never appears in the pictures of the run"
    ):
        unitscope.remove(place / "run", concept="leaf", out=place / "leaf", **given)


@pytest.mark.parametrize("command", ["remove", "insert", "rank"])
def test_the_run_of_a_classifier_is_refused(tmp_path, monkeypatch, capsys, command):
    folder = draw(tmp_path / "data", 6)
    assert run_cli(monkeypatch, *dissect_pictures(folder, tmp_path / "run", "--quiet")) == 0
    capsys.readouterr()
    words = [command, str(tmp_path / "run"), *([] if command == "rank" else ["--concept", "red"])]
    assert run_cli(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is of a network that reads pictures, not of a generator" in said
