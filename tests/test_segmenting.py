"""``unitscope segment``: the areas it counts, the picture it writes and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import unitscope
from unitscope import cli
from unitscope.concepts.preview import MOST, Segmentation, describe, draw, segment, write_picture
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError

COLORS = "size=256x256,channels=rgb,range=-1:1,mean=0:0:0,scale=1:1:1"
CODE = """
import torch
from torch import nn

class Halves(nn.Module):
    def forward(self, x):
        labels = torch.ones(len(x), 8, 8, dtype=torch.long)
        labels[:, :, 6:] = 2
        labels[:, 7] = 0
        return labels

def halves():
    return Halves()
"""


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[:30] = (40, 60, 220)
    picture[30:, :20] = (250, 250, 250)
    Image.fromarray(picture).save(tmp_path / "photograph.png")
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "labels.txt").write_text("1 left\n2 right\n")
    return tmp_path / "photograph.png"


def command(monkeypatch, capsys, *words: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["unitscope", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def test_areas_of_every_plane(photograph):
    halves = unitscope.segmenter(
        f"{photograph.parent}/code.py:halves", labels=photograph.parent / "labels.txt"
    )
    found = segment(photograph, (unitscope.colors() + halves).load())
    assert found.planes == ("color", "object")
    assert found.labels.shape == (2, 240, 320)
    colors = {area.concept.name: area.share for area in found.areas(0)}
    assert [colors[name] for name in ("blue", "black", "white")] == pytest.approx(
        [0.5, 0.375, 0.125], abs=0.01
    )
    halves = {area.concept.name: area.share for area in found.areas(1)}
    assert halves == pytest.approx({"left": 0.75 * 7 / 8, "right": 0.25 * 7 / 8})
    assert describe(found)[1] == "object: left 66 %, right 22 %"


def test_only_some_concepts(photograph):
    found = segment(photograph, unitscope.colors().load()).only(["white"])
    assert [area.concept.name for area in found.areas(0)] == ["white"]
    with pytest.raises(UnitscopeError, match=r"concept 'withe' not found; did you mean 'white'.* know 11"):
        found.only(["withe"])


@pytest.mark.parametrize("name", ["seen.png", "deep/er/seen.jpg", "seen.svg", "seen.pdf"])
def test_the_picture_is_written(photograph, monkeypatch, capsys, name):
    out = photograph.parent / name
    code, printed, _ = command(
        monkeypatch, capsys, "segment", photograph, "--segmenter", "colors", "--out", out
    )
    assert code == 0
    assert printed.splitlines()[0].startswith("color: blue 50 %, black 37 %, white 12 %")
    assert printed.splitlines()[1:] == [f"segmenter: colors, {COLORS}", f"picture: {out}"]
    assert out.stat().st_size > 1000
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []


def test_the_picture_shows_the_planes(photograph):
    out = write_picture(segment(photograph, unitscope.colors().load()), photograph.parent / "seen.png")
    with Image.open(out) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    middle = pixels[: int(pixels.shape[0] * 0.4), pixels.shape[1] * 3 // 4]
    assert (middle[:, 2] - middle[:, 0] > 60).mean() > 0.5  # the panel at the right is blue above


def test_json(photograph, monkeypatch, capsys):
    out = photograph.parent / "seen.png"
    words = ("segment", photograph, "--segmenter", "colors", "--out", out, "--json", "--concept", "black")
    _, printed, _ = command(monkeypatch, capsys, *words)
    found = json.loads(printed)
    assert found["picture"] == str(out)
    assert found["segmenters"] == [{"name": "colors", "preprocess": COLORS}]
    (area,) = found["areas"]
    assert area["concept"] == {"name": "black", "category": "color"}
    assert (area["plane"], round(area["share"], 2)) == ("color", 0.37)


def test_what_is_given_instead_of_a_default_is_said(photograph, monkeypatch, capsys):
    words = ("segment", photograph, "--segmenter", "colors", "--out", photograph.parent / "seen.png")
    given = "size=64x48,channels=rgb,range=0:1,mean=0:0:0,scale=1:1:1"
    code, printed, _ = command(monkeypatch, capsys, *words, "--segmenter-preprocess", given)
    assert code == 0
    assert f"segmenter: colors, {given}" in printed.splitlines()


def test_many_concepts_share_the_last_line():
    vocabulary = Vocabulary([Concept(f"a thing with a long name {i}", "object") for i in range(30)])
    labels = np.arange(31).repeat(31).reshape(1, 31, 31).astype(np.int32)
    found = Segmentation(
        np.zeros((40, 40, 3), np.uint8), np.concatenate([labels] * 5), vocabulary, tuple("abcde")
    )
    figure = draw(found)
    texts = [text.get_text() for text in figure.texts]
    assert texts.count(f"{30 - MOST + 1} others") == 5
    assert texts.count("nothing") == 5
    assert any(text.endswith("…") for text in texts)


@pytest.mark.parametrize(
    "name",
    [
        "WWWWWWWWWWWWWWWWWWWW",
        "screen;silver screen;projection screen",
        "a $\\frac{ b$ that is no formula",
        "lil",
    ],
)
def test_names_end_before_their_numbers(name):
    vocabulary = Vocabulary([Concept(name, "object")])
    labels = np.ones((1, 10, 10), np.int32)
    figure = draw(Segmentation(np.zeros((40, 40, 3), np.uint8), labels, vocabulary, ("an $\\object$",)))
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in figure.texts}
    number = boxes.pop("100 %")
    ((drawn, box),) = boxes.items()
    assert box.x1 < number.x0
    assert drawn == name if len(name) < 9 else drawn.endswith("…")


def test_planes_of_one_title_are_told_apart(photograph):
    halves = unitscope.segmenter(
        f"{photograph.parent}/code.py:halves", labels=photograph.parent / "labels.txt"
    )
    found = segment(photograph, ("colors" + halves + halves).load())
    assert found.planes == ("color", "object (halves)", "object (halves)")


def test_names_that_the_font_lacks_do_not_matter(photograph, tmp_path):
    (tmp_path / "labels.txt").write_text("1 $左$\n2 right\n")
    halves = unitscope.segmenter(f"{tmp_path}/code.py:halves", labels=tmp_path / "labels.txt")
    found = segment(photograph, halves.load())
    assert write_picture(found, tmp_path / "seen.png").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("{p}", "--segmenter", "colrs", "--out", "{d}/a.png"),
            "segmenter 'colrs' not found; did you mean 'colors'",
        ),
        (("{d}/none.png", "--segmenter", "colors", "--out", "{d}/a.png"), "none.png' does not exist"),
        (("{d}", "--segmenter", "colors", "--out", "{d}/a.png"), "is a folder; give one picture file"),
        (("{d}/labels.txt", "--segmenter", "colors", "--out", "{d}/a.png"), "cannot be read"),
        (
            ("{p}", "--segmenter", "colors", "--out", "{d}/a.bmp2"),
            "has no known format; end its name in .png",
        ),
        (("{p}", "--segmenter", "colors", "--out", "{p}/a.png"), "cannot be written"),
        (("{p}", "--segmenter", "colors", "--out", "{d}/a.png", "--concept", "blu"), "did you mean 'blue'"),
    ],
)
def test_what_is_wrong_is_said(photograph, monkeypatch, capsys, words, message):
    given = [word.format(p=photograph, d=photograph.parent) for word in words]
    code, _, error = command(monkeypatch, capsys, "segment", *given)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (photograph.parent / "a.png").exists()


def test_a_real_segmenter_on_a_photograph(shared, tmp_path):
    models, photographs = shared / "models", shared / "data" / "places_objects" / "val" / "images"
    out = tmp_path / "seen.png"
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from unitscope.cli.main import main; main()", "segment"),
            *(next(photographs.iterdir()), "--segmenter", f"{models}/real_models.py:ade20k31_segmenter"),
            *("--labels", models / "ade20k31_segmenter" / "labels.txt", "--out", out, "--json"),
            *("--segmenter-preprocess", "size=512,range=-1:1,mean=0,scale=1"),
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    areas = json.loads(done.stdout)["areas"]
    assert 0.5 < sum(area["share"] for area in areas) <= 1 + 1e-9
    assert out.is_file()
