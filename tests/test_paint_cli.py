"""The command: recipes drawn without a page, the bundled generator, and one line for each mistake."""

import json
import sys

import numpy as np
import pytest
from PIL import Image
from planted_generator import FILE, planted_run
from tiny import dissect_words, draw, run_cli

import unitscope
from unitscope.cli import painting
from unitscope.paint.apply import parse_numbers
from unitscope.paint.recipe import GeneratorName, Latent, Recipe, Stroke, write_recipe

pytestmark = pytest.mark.usefixtures("traced_once")
STROKE = Stroke("draw", (1, 2), concept="door", level="threshold", path=((1500, 3500),), radius=900)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("paint") / "run")


@pytest.fixture(scope="module")
def recipe(run):
    network = unitscope.open_run(run).network
    name = GeneratorName(network.name, network.weights_hash)
    file = run.parent / "recipe.json"
    file.write_bytes(write_recipe(Recipe("paint", 1, name, "units", Latent(seed=3, number=2), (STROKE,))))
    return file


@pytest.fixture
def says(monkeypatch, capsys):
    def call(*words):
        code = run_cli(monkeypatch, "paint", *map(str, words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_recipe_is_drawn_to_the_bit(run, recipe, says, tmp_path):
    out = tmp_path / "new" / "picture.png"
    assert says(run, "--apply", recipe, "--out", out, "--device", "cpu") == (0, f"{out}\n", "")
    (expected,) = unitscope.apply_recipe(run, recipe, device="cpu")
    assert (np.asarray(Image.open(out)) == expected).all()
    code, said, _ = says(
        run, "--apply", recipe, "--latents", "0:1,7", "--out", tmp_path / "all", "--device", "cpu"
    )
    files = [tmp_path / "all" / f"latent-{number:06d}.png" for number in (0, 1, 7)]
    assert (code, said.split()) == (0, [str(file) for file in files])
    for file, picture in zip(
        files, unitscope.apply_recipe(run, recipe, latents=[0, 1, 7], device="cpu"), strict=True
    ):
        assert (np.asarray(Image.open(file)) == picture).all()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--apply", "{recipe}"], "--apply draws a picture; say where to write it with --out FILE.png"),
        (["--apply", "{recipe}", "--out", "picture.jpg"], "is to be a PNG file"),
        (["--out", "picture.png"], "--out goes with --apply RECIPE"),
        (["--latents", "3"], "--latents goes with --apply RECIPE"),
        (["--apply", "none.json", "--out", "a.png"], "the recipe none.json cannot be opened: No such file"),
        (["--apply", "{recipe}", "--latents", "3:1", "--out", "a"], "--latents '3:1' cannot be read"),
        (["--apply", "{recipe}", "--layer", "other", "--out", "a.png"], "the recipe is for layer 'units'"),
        (["--apply", "{recipe}", "--out", "{recipe}/a.png"], "cannot be written: "),
        (["--apply", f"{FILE}", "--out", "a.png"], "the recipe cannot be read: "),
        (["--layer", "unist"], "layer 'unist' is not in"),
        (["--model", f"{FILE}:shifted"], "has other weights than those"),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--units", "0"], "Invalid value for '--units'"),
    ],
)
def test_mistakes_are_one_line(run, recipe, says, monkeypatch, tmp_path, words, line):
    monkeypatch.chdir(tmp_path)
    given = [word.format(recipe=recipe) for word in words]
    code, said, error = says(run, *given, "--no-browser")
    assert (code, said) == (2, "")
    assert line in error
    assert not list(tmp_path.iterdir())


def test_runs_of_something_else_are_refused(says, monkeypatch, tmp_path):
    data = draw(tmp_path / "data", 6)
    assert run_cli(monkeypatch, *dissect_words(data, data.parent / "run")) == 0
    code, _, error = says(tmp_path / "run", "--no-browser")
    assert code == 2
    assert "is of a network that reads pictures, not of a generator" in error
    code, _, error = says(tmp_path / "data", "--no-browser")
    assert code == 2
    assert error.count("\n") == 1


def test_without_the_extra_one_line_says_what_to_install(run, says, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("uvicorn", "starlette")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("serve", "server", "safety"):
        monkeypatch.delitem(sys.modules, f"unitscope.paint.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    code, said, error = says(run, "--no-browser")
    assert (code, said) == (2, "")
    assert error == (
        "unitscope: 'unitscope paint' needs uvicorn, which is not installed; pip install 'unitscope[paint]' brings it\n"
    )


def test_the_bundled_generator_is_dissected_once(says, recipe, monkeypatch, tmp_path):
    monkeypatch.setenv("UNITSCOPE_CACHE", str(tmp_path / "cache"))
    asked, really = [], unitscope.dissect

    def dissect(name, latents, *, out, device):
        asked.append((name, latents.count, latents.seed))
        with monkeypatch.context() as patch:
            patch.setattr(unitscope, "dissect", really)
            return planted_run(out)

    monkeypatch.setattr(unitscope, "dissect", dissect)
    for _ in range(2):
        # It is another generator than that of the recipe, and stands here for the bundled one.
        assert says("--apply", recipe, "--out", tmp_path / "a.png", "--device", "cpu")[0] == 0
    assert asked == [(painting.BUNDLED, painting.BUNDLED_LATENTS, 1)]
    (folder,) = (tmp_path / "cache" / "paint").iterdir()
    assert folder.name.startswith("world-gan-")


def test_the_layer_of_most_concepts_is_opened(run):
    opened = unitscope.open_run(run)
    assert painting._richest(opened) == "units"


def test_numbers_of_latents():
    assert parse_numbers("3") == (3,)
    assert parse_numbers("0:2, 9,1") == (0, 1, 2, 9)
    for wrong in ("", "a", "-1", "1:", "5:2", "0:99999", "1;2"):
        with pytest.raises(unitscope.UnitscopeError):
            parse_numbers(wrong)


def test_a_recipe_without_levels_asks_the_run(run, recipe):
    given = json.loads(recipe.read_bytes())
    assert "levels" not in given["strokes"][0]
    thresholds = unitscope.open_run(run).units.sort_values("unit")["threshold"].to_numpy()[[1, 2]]
    given["strokes"][0] |= {"level": "values", "levels": [float(level) for level in thresholds]}
    file = recipe.parent / "written.json"
    file.write_text(json.dumps(given))
    pictures = [unitscope.apply_recipe(run, each, device="cpu") for each in (recipe, file)]
    assert (pictures[0] == pictures[1]).all()
