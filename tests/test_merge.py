"""Several sources of labels as one: planes side by side, a concept that two of them name only once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import unitscope
from unitscope.concepts.colors import COLORS
from unitscope.concepts.labellers import Counting, PixelGrid
from unitscope.concepts.merge import MergedLabeller, OnlyLabelled, merge_vocabularies
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.nouns.concepts import read_concepts
from unitscope.nouns.pictures import pictures
from unitscope.sources.framing import Framing
from unitscope.sources.pictures import PictureFolder

RGB = {"red": (255, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 255)}

CODE = '''
import numpy as np
from torch import nn
from unitscope.concepts.segmenters import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary

class Bright(nn.Module):
    """Calls what is red "dot", the rest "thing"."""

    def forward(self, x):
        return 2 - (x[:, 0] > 0).long()

def named():
    return Segmenter(Bright(), Vocabulary([Concept("dot", "object"), Concept("thing", "object")]))

def unnamed():
    return Bright()
'''


class Fixed:
    """A labeller that always gives the same maps."""

    counting = Counting()

    def __init__(self, concepts: list[tuple[str, str]], maps: Any, name: str = "fixed") -> None:
        self.vocabulary = Vocabulary([Concept(*each) for each in concepts])
        self.maps, self.name, self.content_hash = np.array(maps, np.int32), name, name
        self.planes = len(self.maps)

    def prepare(self, index: int, picture: Any) -> int:
        return index

    def label(self, prepared: Any) -> np.ndarray:
        return np.stack([self.maps + 0 for _ in prepared])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Pictures of one colour below another, with a dot marked in their masks."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    names = list(RGB)
    for i in range(6):
        picture = np.zeros((16, 16, 3), np.uint8)
        picture[:8], picture[8:] = RGB[names[i % 3]], RGB[names[(i + 1) % 3]]
        mask = np.zeros((16, 16), np.uint8)
        mask[2:6, 2:6] = 7
        Image.fromarray(picture).save(tmp_path / "images" / f"{i}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i}.png")
    (tmp_path / "labels.txt").write_text("7\tdot\tobject\n")
    (tmp_path / "others.txt").write_text("1\tdot\tobject\n2\tthing\tobject\n")
    (tmp_path / "code.py").write_text(CODE)
    return tmp_path


def choose(data: Path, **given: Any) -> Any:
    said = given.get("segmenter", ())
    concepts = read_concepts(
        given.get("masks", ()),
        given.get("labels", ()),
        [said] if isinstance(said, str) else said,
        given.get("segmenter_preprocess", ()),
    )
    where = PixelGrid(Framing(), (16, 16), (8, 8))
    return concepts.labeller(pictures(data / "images"), where, torch.device("cpu"))


def label(labeller: Any, data: Path, index: int) -> list[np.ndarray]:
    """Names in each plane."""
    picture = PictureFolder(data / "images").read(index)
    names = np.array(["" if concept is None else concept.name for concept in labeller.vocabulary])
    return list(names[labeller.label([labeller.prepare(index, picture)])[0]])


def test_a_concept_is_its_name_and_category():
    one = Vocabulary([Concept("wall", "object"), Concept("glass", "material")])
    other = Vocabulary([Concept("glass", "object"), Concept("wall", "object")])
    merged, tables = merge_vocabularies([one, other])
    assert list(map(str, merged.concepts)) == ["wall|object", "glass|material", "glass|object"]
    assert [table.tolist() for table in tables] == [[0, 1, 2], [0, 3, 1]]


def test_planes_follow_each_other():
    one = Fixed([("a", "object"), ("b", "object")], [[[0, 1, 2]], [[2, 2, 0]]], "one")
    other = Fixed([("b", "object"), ("a", "part")], [[[2, 0, 1]]], "other")
    merged = MergedLabeller([one, other])
    assert (merged.planes, merged.name) == (3, "one+other")
    found = merged.label([merged.prepare(i, None) for i in range(2)])
    assert found.dtype == np.int32
    assert found.tolist() == [[[[0, 1, 2]], [[2, 2, 0]], [[3, 0, 2]]]] * 2
    assert merged.content_hash != MergedLabeller([other, one]).content_hash


def test_a_point_that_one_does_not_count_counts_for_none():
    one = Fixed([("a", "object")], [[[0, 1, -1]]])
    other = Fixed([("b", "object")], [[[-1, 1, 1]]])
    both = MergedLabeller([other, one])
    assert both.label([both.prepare(0, None)]).tolist() == [[[[-1, 1, -1]], [[-1, 2, -1]]]]
    only = OnlyLabelled(MergedLabeller([one, Fixed([("b", "object")], [[[1, 0, 0]]])]))
    assert only.label([only.prepare(0, None)]).tolist() == [[[[0, 1, -1]], [[2, 0, -1]]]]
    assert only.counting.unlabelled == "ignore"


def test_masks_with_a_segmenter(data):
    made = choose(data, masks=[data / "masks"], labels=[data / "labels.txt"], segmenter="colors")
    assert list(map(str, made.vocabulary.concepts)) == ["dot|object", *(f"{name}|color" for name in COLORS)]
    masks, colors = label(made, data, 0)
    assert set(masks.ravel()) == {"", "dot"}
    assert masks[1, 1] == "dot"
    assert set(colors[:4].ravel()) == {"red"}
    assert set(colors[4:].ravel()) == {"green"}


def test_the_same_concept_of_two_sources_is_one(data):
    made = choose(
        data, masks=[data / "masks"], labels=[data / "labels.txt"], segmenter=[f"{data}/code.py:named"]
    )
    assert list(map(str, made.vocabulary.concepts)) == ["dot|object", "thing|object"]
    assert [set(plane.ravel()) for plane in label(made, data, 0)] == [{"", "dot"}, {"dot", "thing"}]


def test_label_files_go_to_masks_first(data):
    made = choose(
        data,
        masks=[data / "masks"],
        labels=[data / "labels.txt", data / "others.txt"],
        segmenter=["colors", f"{data}/code.py:unnamed"],
        segmenter_preprocess=["", "size=16"],
    )
    assert made.planes == 3
    assert [str(concept) for concept in made.vocabulary.concepts][-1] == "thing|object"
    assert set(label(made, data, 0)[2].ravel()) == {"dot", "thing"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"segmenter": ["colors", "colours"]},
            "segmenter 'colours' not found; did you mean 'colors' or 'colors-csail'?",
        ),
        (
            {"segmenter": ["colors", "{data}/code.py:named"], "labels": ["labels.txt", "others.txt"]},
            "2 label files are left for 1 segmenters that do not name their outputs",
        ),
        (
            {"segmenter": ["colors", "{data}/code.py:unnamed"]},
            "does not say what its outputs mean; give labels=FILE",
        ),
        ({"segmenter": ["colors"], "labels": ["labels.txt"]}, "names its outputs itself; leave labels= out"),
        (
            {"segmenter": ["colors"], "segmenter_preprocess": ["size=8", "size=9"]},
            "preprocess= was given 2 times and concepts= once",
        ),
    ],
)
def test_what_does_not_fit_is_said(data, given, message):
    given["segmenter"] = [spec.format(data=data) for spec in given["segmenter"]]
    given["labels"] = [data / name for name in given.get("labels", ())]
    with pytest.raises(UnitscopeError) as caught:
        choose(data, **given)
    assert message in str(caught.value)


def test_a_dissection_of_masks_and_colors(data, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\ndef net():\n    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())\n"
    )
    run = unitscope.dissect(
        unitscope.network(f"{tmp_path}/net.py:net", preprocess="size=16"),
        data / "images",
        unitscope.masks(data / "masks", data / "labels.txt") + unitscope.colors(),
        out=tmp_path / "run",
        layers=["1"],
        device="cpu",
        show=False,
    )
    concepts: pd.DataFrame = run.table("concepts")
    pixels = concepts.set_index("name")["pixels"]
    assert pixels["dot"] == 6 * 1
    assert pixels["red"] == pixels["green"] == pixels["blue"] == 6 * 16 / 3
    assert list(run.manifest.concepts.categories) == ["object", "color"]
