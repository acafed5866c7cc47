"""Labels that a source of pictures or a segmenter brings: what is not in their vocabulary is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

import unitscope as us
from unitscope.concepts.labellers import PixelGrid, WorldLabeller, checked_labels
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.generated import GeneratedSamples
from unitscope.sources.framing import Framing

RGB = Vocabulary([Concept(name, "object") for name in ("red", "green", "blue")])
SIDE = 8


@dataclass
class Own:
    """Pictures with a quarter of each colour, and the label maps of these."""

    change: Callable[[np.ndarray], np.ndarray] = lambda labels: labels
    vocabulary: Vocabulary = RGB
    name: str = "own"
    sample_ids: tuple[str, ...] = ("a", "b")
    content_hash: str = field(default="0" * 64)

    def __len__(self) -> int:
        return len(self.sample_ids)

    def read(self, index: int) -> np.ndarray:
        labels = self.plain(index)[0]
        return np.stack([labels == number for number in (1, 2, 3)], -1).astype(np.uint8) * 255

    def labels(self, index: int) -> np.ndarray:
        return self.change(self.plain(index))

    @staticmethod
    def plain(index: int) -> np.ndarray:
        quarters = np.kron(np.array([[0, 1], [2, 3]], np.int32), np.ones((SIDE // 2, SIDE // 2), np.int32))
        return np.roll(quarters, SIDE // 2 * index, 1)[None]


def label(source: Own) -> np.ndarray:
    labeller = WorldLabeller(source, PixelGrid(Framing(), (SIDE, SIDE), (4, 4)))
    return labeller.label([labeller.prepare(index, source.read(index)) for index in range(len(source))])


def at(labels: np.ndarray, value: int) -> np.ndarray:
    return np.where(labels == 3, value, labels)


@pytest.mark.parametrize("kind", [np.int32, np.uint8, np.int64])
def test_own_labels_are_sampled_at_the_centres_of_cells(kind: type) -> None:
    found = label(Own(lambda labels: labels.astype(kind)))
    assert found.dtype == np.int32
    assert np.array_equal(found, np.stack([Own.plain(index) for index in range(2)])[:, :, 1::2, 1::2])


def test_a_point_that_one_plane_does_not_count_counts_in_none() -> None:
    found = label(Own(lambda labels: np.concatenate([labels, at(labels, -1)])))
    assert ((found[:, 0] == -1) == (found[:, 1] == -1)).all()
    assert (found == -1).mean() == 1 / 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(
            (lambda labels, value=value: at(labels, value), f"has the label {value}, and")
            for value in (4, 40000, -2)
        ),
        (
            lambda labels: at(labels.astype(np.int64), 2**32 + 1),
            "has the label 4294967297, and its vocabulary",
        ),
        (lambda labels: labels * 0.9999, "has labels of float64; give whole numbers"),
        (lambda labels: labels[:, ::2, ::2], "is 8x8 pixels and its label map 4x4 of 1 planes"),
        (lambda labels: labels[:, :, :4], "is 8x8 pixels and its label map 4x8 of 1 planes"),
        (lambda labels: labels[0], "has labels of shape (8, 8); give planes, rows and columns"),
        (lambda labels: labels[:0], "has labels of shape (0, 8, 8); give planes"),
    ],
)
def test_own_labels_that_do_not_fit_are_refused(
    change: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    with pytest.raises(UnitscopeError) as caught:
        label(Own(change))
    assert message in str(caught.value)
    assert "picture 'a' of 'own'" in str(caught.value)


def test_all_label_maps_of_a_source_have_as_many_planes() -> None:
    with pytest.raises(UnitscopeError, match=r"picture 'b' .* its label map 8x8 of 2 planes; .* of 1 planes"):
        label(Own(lambda labels: labels if labels[0, 0, 0] == 0 else labels.repeat(2, 0)))


def test_label_maps_of_any_kind_are_held_against_the_vocabulary() -> None:
    assert checked_labels(np.array([[-1, 0, 3]]), RGB, "x").tolist() == [[-1, 0, 3]]
    for wrong in (np.array([[4]]), np.array([[-2]]), np.array([[1.0]])):
        with pytest.raises(UnitscopeError, match=r"^x has (the label|labels of)"):
            checked_labels(wrong, RGB, "x")


def summing() -> us.Network:
    module = nn.Sequential(nn.Conv2d(3, 2, 1))
    nn.init.ones_(module[0].weight)
    return us.network(module, preprocess=f"size={SIDE},mean=0,scale=1")


def test_a_run_on_labels_beyond_the_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnitscopeError, match="picture 'a' of 'own' has the label 5"):
        us.dissect(summing(), Own(lambda labels: at(labels, 5)), layers=["0"], out=tmp_path / "run")


def test_sources_with_other_vocabularies_are_not_joined(tmp_path: Path) -> None:
    other = Own(vocabulary=Vocabulary(RGB.concepts[::-1]), name="other")
    planes = Own(lambda labels: labels.repeat(2, 0), name="planes")
    order = r"number 1 is red\|object there and blue\|object"
    for second, why in ((other, order), (planes, "1 planes there and 2 here")):
        with pytest.raises(UnitscopeError, match=f"labels of 'own' and '{second.name}' differ: .*{why}"):
            us.dissect(summing(), us.pictures(Own(), second), layers=["0"], out=tmp_path / "run")


def test_void_is_nothing_in_generated_pictures() -> None:
    labeller = SimpleNamespace(vocabulary=RGB, name="seg", prepare=lambda _, picture: picture, label=np.stack)
    found = GeneratedSamples.label(SimpleNamespace(labeller=labeller), np.array([[[[-1, 2, 0, 3]]]]))
    assert found.dtype == np.int16
    assert found.tolist() == [[[[0, 2, 0, 3]]]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"numbers": np.array([0, 1, 2, 5])}, "hold 5, and its vocabulary goes from 1 to 3"),
        ({"numbers": np.array([0, 1, 2, -7])}, "hold -7, and its vocabulary"),
        ({"numbers": np.array([0.0, 1.5])}, "are float64 of shape (2,); give whole numbers"),
        ({"numbers": np.zeros((2, 2), np.int32)}, "are int32 of shape (2, 2)"),
        ({"void": (1,)}, "number 1 of segmenter 'segmenter' cannot be void"),
        ({"void": (-1,)}, "number -1 of segmenter 'segmenter' cannot be void"),
    ],
)
def test_a_segmenter_has_no_numbers_beyond_its_vocabulary(given: dict[str, object], message: str) -> None:
    with pytest.raises(UnitscopeError) as caught:
        Segmenter(nn.Identity(), RGB, **given)
    assert message in str(caught.value)
