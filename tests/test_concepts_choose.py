from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from unitscope.concepts.labellers import PixelGrid
from unitscope.errors import UnitscopeError
from unitscope.nouns.concepts import read_concepts
from unitscope.nouns.pictures import pictures
from unitscope.sources.framing import Framing
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import PictureFolder


def folder(root: Path, name: str, values: list[int]) -> PictureFolder:
    for kind in ("images", "masks"):
        (root / name / kind).mkdir(parents=True)
    for i, value in enumerate(values):
        Image.fromarray(np.full((8, 8, 3), 40 * value, np.uint8)).save(root / name / "images" / f"{i}.png")
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(root / name / "masks" / f"{i}.png")
    return PictureFolder(root / name / "images")


@pytest.fixture
def two(tmp_path):
    (tmp_path / "labels.txt").write_text("0 nothing\n1 one\n2 two\n3 three\n")
    return [folder(tmp_path, "train", [1, 2]), folder(tmp_path, "val", [3, 1, 2])]


def choose(sources, masks=(), labels=()):
    concepts = read_concepts(masks, labels, sources=len(sources))
    return concepts.labeller(pictures(*sources), PixelGrid(Framing(), (8, 8), (2, 2)), torch.device("cpu"))


def test_joined_pictures_keep_their_masks(two, tmp_path):
    joined = JoinedPictures(two)
    assert joined.sample_ids[2] == "val/images/0.png"
    masks = [tmp_path / name / "masks" for name in ("train", "val")]
    labeller = choose(two, masks=masks, labels=[tmp_path / "labels.txt"])
    found = labeller.label([labeller.prepare(i, joined.read(i)) for i in range(len(joined))])
    assert found[:, 0, 0, 0].tolist() == [1, 2, 3, 1, 2]
    assert [int(joined.read(i)[0, 0, 0]) for i in range(5)] == [40, 80, 120, 40, 80]


def test_every_source_needs_its_masks(two, tmp_path):
    with pytest.raises(
        UnitscopeError, match=r"masks= was given once and labels= once.* 2 masks=, one for each"
    ):
        choose(two, masks=[tmp_path / "train" / "masks"], labels=[tmp_path / "labels.txt"])


def test_something_must_say_what_the_pictures_show(two):
    with pytest.raises(UnitscopeError, match="nothing says what the pictures show"):
        choose(two)


def test_a_source_is_given_once(two):
    with pytest.raises(UnitscopeError, match="pictures of 'train/images' are given twice; give each once"):
        JoinedPictures([two[0], two[0]])
