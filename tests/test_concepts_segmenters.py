"""Segmenters: what they return becomes label maps, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.labelfile import read_labels
from unitscope.concepts.labellers import MaskLabeller, PixelGrid, SegmenterLabeller
from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.segmenters import Segmenter, _label, load_segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.models.preprocessing import Preprocessing
from unitscope.sources.framing import Framing
from unitscope.sources.pictures import PictureFolder

RGB = Vocabulary([Concept(name, "color") for name in ("red", "green", "blue")])
PIXELS = Preprocessing(size=(12, 12), mean=(0, 0, 0), scale=(1, 1, 1))


class Output(nn.Module):
    """Returns what a function makes of its input."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Any:
        self.shapes.append(tuple(x.shape))
        return self.function(x)


def scores(x: Tensor) -> Tensor:
    """Say "nothing" where it is dark, else the strongest colour; half the input's resolution."""
    return F.avg_pool2d(torch.cat([torch.full_like(x[:, :1], 0.3), x], 1), 2)


def numbers(x: Tensor) -> Tensor:
    return scores(x).argmax(1)


def labeller(
    function: Callable[[Tensor], Any], grid: tuple[int, int] = (6, 6), **options: Any
) -> SegmenterLabeller:
    segmenter = Segmenter(Output(function), RGB, PIXELS, "colours", **options)
    return SegmenterLabeller(segmenter, PixelGrid(Framing(), (8, 8), grid))


def pictures(count: int = 1) -> list[np.ndarray]:
    """Pictures of four quarters: dark, red, green, blue."""
    picture = np.zeros((24, 24, 3), np.uint8)
    picture[:12, 12:, 0] = picture[12:, :12, 1] = picture[12:, 12:, 2] = 255
    return [np.roll(picture, 6 * index, axis=1) for index in range(count)]


def label(made: SegmenterLabeller, count: int = 1) -> np.ndarray:
    return made.label([made.prepare(index, picture) for index, picture in enumerate(pictures(count))])


QUARTERS = np.kron(np.array([[0, 1], [2, 3]]), np.ones((3, 3), int))


@pytest.mark.parametrize(
    "function",
    [
        scores,
        lambda x: (scores(x), "more"),
        lambda x: {"aux": x, "out": scores(x)},
        lambda x: {"logits": scores(x)},
        lambda x: scores(x).half(),
        numbers,
        lambda x: numbers(x).unsqueeze(1).to(torch.uint8),
    ],
)
def test_every_kind_of_output(function: Callable[[Tensor], Any]) -> None:
    labels = label(labeller(function))
    assert labels.dtype == np.int32
    assert np.array_equal(labels, QUARTERS[None, None])


def test_scores_are_interpolated_before_the_largest_wins() -> None:
    made = labeller(scores, grid=(17, 9))
    prepared = torch.from_numpy(np.stack([made.prepare(0, picture) for picture in pictures(3)]))
    resized = F.interpolate(scores(prepared), size=(17, 9), mode="bilinear", align_corners=False)
    assert np.array_equal(label(made, 3)[:, 0], resized.argmax(1).numpy())


def test_numbers_are_read_at_the_centres() -> None:
    fine = torch.arange(12 * 12).reshape(1, 12, 12) % 4
    labels = label(labeller(lambda _: fine, grid=(5, 3)))
    rows, columns = ((np.arange(count) + 0.5) * 12 / count for count in (5, 3))
    assert np.array_equal(labels[0, 0], fine[0].numpy()[rows.astype(int)][:, columns.astype(int)])


def test_several_planes_of_numbers() -> None:
    planes = labeller(lambda x: torch.stack([numbers(x), numbers(x) * 0 + 3], 1), planes=2)
    labels = label(planes)
    assert labels.shape == (1, 2, 6, 6)
    assert (labels[:, 1] == 3).all()


def test_numbers_go_through_the_table() -> None:
    table = np.array([0, 3, -1, 1], np.int32)
    assert label(labeller(lambda _: torch.full((1, 6, 6), 3), numbers=table)).max() == 1
    with pytest.raises(UnitscopeError, match="returned the number 2, which its labels do not name"):
        label(labeller(numbers, numbers=table))
    channels = label(labeller(scores, numbers=table))
    assert channels[0, 0, 0].tolist() == [0, 0, 0, 3, 3, 3]
    assert channels[0, 0, 5].tolist() == [0, 0, 0, 1, 1, 1]


def test_networks_without_a_channel_for_nothing() -> None:
    labels = label(labeller(lambda x: x, nothing_channel=False))
    assert labels[0, 0, 0, 5] == 1
    assert labels[0, 0, 5].tolist() == [2, 2, 2, 3, 3, 3]
    assert np.array_equal(label(labeller(lambda x: x, nothing_channel=None)), labels)
    assert np.array_equal(label(labeller(scores, nothing_channel=None)), label(labeller(scores)))


def named(folder: Path, text: str, function: Callable[[Tensor], Any]) -> SegmenterLabeller:
    """Name the outputs of a segmenter by a label file."""
    (folder / "labels.txt").write_text(text)
    table = read_labels(folder / "labels.txt", zero_is_a_class=None)
    made = _label(Segmenter(Output(function), RGB, PIXELS), table)
    return SegmenterLabeller(made, PixelGrid(Framing(), (8, 8), (6, 6)))


def last_is_void(x: Tensor) -> Tensor:
    return scores(x)[:, [1, 2, 3, 0]]


@pytest.mark.parametrize("void", ["void", "unlabelled", "ignore", "-"])
def test_a_void_channel_counts_among_the_channels_and_its_points_nowhere(tmp_path: Path, void: str) -> None:
    expected = np.where(QUARTERS == 0, -1, QUARTERS)
    from_0 = named(tmp_path, f"0 red\n1 green\n2 blue\n3 {void}\n", last_is_void)
    assert np.array_equal(label(from_0)[0, 0], expected)
    assert from_0.counting.ignored == (3,)
    text = f"0 background\n1 red\n2 green\n3 blue\n4 {void}\n"
    five = named(tmp_path, text, lambda x: torch.cat([scores(x)[:, :1] - 9, last_is_void(x)], 1))
    assert np.array_equal(label(five)[0, 0], expected)
    assert np.array_equal(label(named(tmp_path, text, scores))[0, 0], QUARTERS)
    middle = named(tmp_path, "0 background\n1 red\n2 void\n3 blue\n", scores)
    assert np.array_equal(label(middle)[0, 0], np.select([QUARTERS == 2, QUARTERS == 3], [-1, 2], QUARTERS))


def test_channels_that_may_begin_with_nothing_or_end_with_void_are_refused(tmp_path: Path) -> None:
    made = named(tmp_path, "1 red\n2 green\n3 blue\n4 void\n", last_is_void)
    with pytest.raises(
        UnitscopeError, match=r"4 channels of scores, which may be numbers 0 to 3 or 1 to 4 of"
    ):
        label(made)
    assert made.segmenter.channel_numbers(5).tolist() == [0, 1, 2, 3, -1]
    assert made.segmenter.channel_numbers(3).tolist() == [1, 2, 3]


def test_a_void_number_of_masks_needs_no_channel(tmp_path: Path) -> None:
    text = "1 red\n2 green\n3 blue\n255 void\n"
    assert np.array_equal(label(named(tmp_path, text, scores))[0, 0], QUARTERS)
    assert set(label(named(tmp_path, text, lambda x: x)).ravel()) == {1, 2, 3}
    assert set(label(named(tmp_path, f"0 none\n{text}", scores)).ravel()) == {0, 1, 2, 3}
    with pytest.raises(UnitscopeError, match="labels call for 256 or 255 or 4 or 3"):
        label(named(tmp_path, text, lambda x: x[:, :2]))


def test_channels_and_numbers_that_are_named_from_0_are_classes(tmp_path: Path) -> None:
    text = "0 red\n1 green\n2 blue\n"
    expected = label(labeller(lambda x: x, nothing_channel=False))
    assert np.array_equal(label(named(tmp_path, text, lambda x: x)), expected)
    numbered = named(tmp_path, text, lambda x: numbers(x).sub(1).clamp(min=0))
    assert np.array_equal(label(numbered)[0, 0], np.maximum(QUARTERS, 1))
    with pytest.raises(UnitscopeError, match=r"returned 4 channels of scores, and its labels call for 3"):
        label(named(tmp_path, text, scores))
    for name in ("x.txt", "x.json"):
        (tmp_path / name).write_text("red\ngreen\n" if name == "x.txt" else '["red", "green"]')
        with pytest.raises(
            UnitscopeError, match=r"'red' is the first of a list of names.*write '0 red' or '1 red'"
        ):
            read_labels(tmp_path / name, zero_is_a_class=None)


def test_numbers_that_are_void_count_nowhere_in_any_plane(tmp_path: Path) -> None:
    text = "1 red\n2 green\n3 blue\n255 void\n"
    made = named(tmp_path, text, lambda x: torch.where(numbers(x) == 0, 255, numbers(x)))
    assert np.array_equal(label(made)[0, 0], np.where(QUARTERS == 0, -1, QUARTERS))
    planes = labeller(lambda x: torch.stack([numbers(x), numbers(x) * 0 + 9], 1), planes=2, void=(9,))
    assert (label(planes) == -1).all()
    assert len({made.segmenter.content_hash, replace(made.segmenter, void=()).content_hash}) == 2


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x, "returned 3 channels of scores, and its labels call for 4 (numbers up to 3)"),
        (lambda x: x[:, :1], "returned 1 channels of scores"),
        (lambda x: scores(x) * torch.nan, "returned scores that are not numbers (NaN)"),
        (lambda x: numbers(x) + 1, "returned the number 4, which its labels do not name (the largest is 3)"),
        (lambda x: numbers(x) - 1, "returned the number -1, which its labels do not name"),
        (lambda x: torch.stack([numbers(x)] * 2, 1), "returned 2 planes of labels, but says it makes 1"),
        (
            lambda x: x.mean((2, 3)),
            "returned torch.float32 of shape (1, 3) for 1 pictures; it must return scores",
        ),
        (lambda x: numbers(x).float(), "returned torch.float32 of shape (1, 6, 6) for 1 pictures"),
        (lambda x: torch.cat([scores(x)] * 2), "of shape (2, 4, 6, 6) for 1 pictures"),
        (
            lambda _: {"masks": 1, "boxes": 2},
            "returned a mapping of masks, boxes; it must have 'out' or 'logits'",
        ),
        (lambda _: "labels", "returned a str; it must return a tensor"),
        (
            lambda x: x.reshape(7, -1),
            "failed on an input of shape (1, 3, 12, 12): RuntimeError: shape '[7, -1]'",
        ),
    ],
)
def test_outputs_that_do_not_fit(function: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(UnitscopeError) as caught:
        label(labeller(function))
    assert message in str(caught.value)
    assert "segmenter 'colours'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("batch", "shapes"), [((1, 1), [1, 1, 1, 1, 1]), ((2, 2), [2, 2, 2]), ((3, 16), [5])]
)
def test_batches_fit_what_the_segmenter_was_compiled_for(batch: tuple[int, int], shapes: list[int]) -> None:
    made = labeller(scores, batch=batch)
    labels = label(made, 5)
    assert [shape[0] for shape in made.segmenter.module.shapes] == shapes
    assert np.array_equal(labels, label(labeller(scores), 5))


def test_the_segmenter_sees_the_region_of_the_network() -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40, 2] = 255
    segmenter = Segmenter(Output(scores), RGB, replace(PIXELS, size=(12, 36)))
    made = SegmenterLabeller(segmenter, PixelGrid(Framing("crop"), (8, 8), (6, 6)))
    assert made.prepare(0, picture).shape == (3, 12, 36)
    assert (made.label([made.prepare(0, picture)])[..., 1:-1] == 3).all()


def test_content_hash_follows_everything_that_matters() -> None:
    def make(**options: Any) -> str:
        torch.manual_seed(0)
        settings: dict[str, Any] = {"module": nn.Conv2d(3, 4, 1), "vocabulary": RGB, "preprocessing": PIXELS}
        return Segmenter(**(settings | options)).content_hash

    variants = [
        {},
        {"module": nn.Conv2d(3, 4, 3)},
        {"preprocessing": replace(PIXELS, size=(9, 9))},
        {"vocabulary": Vocabulary(RGB.concepts[::-1])},
        {"numbers": np.array([0, 2, 1, 3])},
        {"nothing_channel": None},
        {"planes": 2},
    ]
    assert make() == make()
    assert len({make(**variant) for variant in variants}) == len(variants)


# Loading

CODE = """
import torch
from torch import nn
from unitscope.concepts.segmenters import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary

def module():
    return nn.Conv2d(3, 4, 1)

def segmenter():
    return Segmenter(module(), Vocabulary([Concept(name, "color") for name in "rgb"]), name="mine")

def number():
    return 3

class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        program = torch.export.export(nn.Conv2d(3, 4, 1), (torch.zeros(1, 3, 6, 6),))
        self.inner = program.module()

    def forward(self, x):
        return self.inner(x[:, :, ::2, ::2])

def wrapped():
    return Wrapped()
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "labels.txt").write_text("0 none\n1 red\n2 green\n3 blue\n")
    return tmp_path


def export(path: Path, batch: int | None) -> str:
    torch.manual_seed(0)
    dynamic = None if batch else ({0: torch.export.Dim("n", min=1, max=8)},)
    example = torch.zeros(batch or 2, 3, 10, 12)
    torch.export.save(
        torch.export.export(nn.Conv2d(3, 4, 1).eval(), (example,), dynamic_shapes=dynamic), path
    )
    return str(path)


def test_a_function_that_returns_a_module_needs_labels(files: Path) -> None:
    spec = f"{files / 'code.py'}:module"
    with pytest.raises(UnitscopeError, match="does not say what its outputs mean; give labels=FILE"):
        load_segmenter(spec)
    found = load_segmenter(spec, labels=files / "labels.txt", preprocess="size=32x48")
    assert (found.name, found.preprocessing.size, found.nothing_channel) == ("module", (32, 48), True)
    assert [concept.name for concept in found.vocabulary.concepts] == ["red", "green", "blue"]
    assert not found.module.training


def test_labels_that_start_at_1_leave_the_first_channel_open(files: Path) -> None:
    (files / "labels.txt").write_text("1 red\n2 green\n3 blue\n")
    found = load_segmenter(f"{files / 'code.py'}:module", labels=files / "labels.txt")
    assert found.nothing_channel is None
    assert found.channel_numbers(4).tolist() == [0, 1, 2, 3]
    assert found.channel_numbers(3).tolist() == [1, 2, 3]
    with pytest.raises(UnitscopeError, match="returned 5 channels of scores, and its labels call for 4 or 3"):
        found.channel_numbers(5)


def test_a_function_that_returns_a_segmenter(files: Path) -> None:
    found = load_segmenter(f"{files / 'code.py'}:segmenter", preprocess="channels=bgr")
    assert (found.name, found.preprocessing.channels) == ("mine", "bgr")
    assert found.vocabulary.categories == ("color",)
    relabelled = load_segmenter(f"{files / 'code.py'}:segmenter", labels=files / "labels.txt")
    assert relabelled.vocabulary.categories == ("object",)


@pytest.mark.parametrize("batch", [None, 1, 3])
def test_exported_programs_of_any_batch_size(files: Path, batch: int | None) -> None:
    spec = export(files / "program.pt2", batch)
    with pytest.raises(UnitscopeError, match="does not say what its outputs mean"):
        load_segmenter(spec)
    found = load_segmenter(spec, labels=files / "labels.txt")
    assert found.preprocessing.size == (10, 12)
    assert found.batch == ((1, 8) if batch is None else (batch, batch))
    made = SegmenterLabeller(found, PixelGrid(Framing(), (8, 8), (5, 5)))
    prepared = [made.prepare(index, picture) for index, picture in enumerate(pictures(10))]
    expected = F.interpolate(
        torch.nn.functional.conv2d(
            torch.from_numpy(np.stack(prepared)), found.module.weight, found.module.bias
        ),
        size=(5, 5),
        mode="bilinear",
    )
    assert np.array_equal(made.label(prepared)[:, 0], expected.argmax(1).numpy())
    with pytest.raises(
        UnitscopeError, match=r"was exported for an input of 10x12 .* says 64x64; leave size out"
    ):
        load_segmenter(spec, labels=files / "labels.txt", preprocess="size=64")


def test_a_program_inside_a_module_decides_the_batch(files: Path) -> None:
    found = load_segmenter(f"{files / 'code.py'}:wrapped", labels=files / "labels.txt", preprocess="size=12")
    assert (found.batch, found.preprocessing.size) == ((1, 1), (12, 12))
    made = SegmenterLabeller(found, PixelGrid(Framing(), (8, 8), (5, 5)))
    assert label(made, 3).shape == (3, 1, 5, 5)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{folder}/code.py:number", "returned a int; it must return an nn.Module or a unitscope.concepts"),
        (
            "{folder}/code.py:modul",
            "segmenter function 'modul' not found in {folder}/code.py; did you mean 'module'",
        ),
        (
            "weights.pth",
            "is a file of weights, which says nothing about the network (and a pickled file may run",
        ),
        ("weights.pkl", "or a file.pt2 saved with torch.export.save"),
        (
            "wrld",
            "segmenter 'wrld' not found; did you mean 'world'? "
            "segmenters are upp, colors, colors-csail, csail, world; give FILE.py",
        ),
        ("{folder}/nowhere.pt2", "exported program '{folder}/nowhere.pt2' does not exist"),
    ],
)
def test_segmenters_that_cannot_be_made(files: Path, spec: str, message: str) -> None:
    with pytest.raises(UnitscopeError) as caught:
        load_segmenter(spec.format(folder=files), labels=files / "labels.txt")
    assert message.format(folder=files) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_real_segmenter_agrees_with_real_masks(shared: Path) -> None:
    folder = shared / "data" / "places_objects"
    source = PictureFolder(folder / "val" / "images")
    masks = PictureMasks(source, [(folder / "val" / "annotations", folder / "labels.txt")])
    network = shared / "models" / "ade20k31_segmenter"
    segmenter = load_segmenter(
        str(network / "model.pt2"), labels=network / "labels.txt", preprocess="range=-1:1,mean=0,scale=1"
    )
    assert (segmenter.preprocessing.size, len(segmenter.vocabulary)) == ((512, 512), 32)
    where = PixelGrid(Framing(), (192, 192), (48, 48))
    names = []
    for made in (SegmenterLabeller(segmenter, where), MaskLabeller(masks, where)):
        table = np.array(["" if concept is None else concept.name for concept in made.vocabulary])
        chosen = (10, 100, 300)
        names.append(table[made.label([made.prepare(index, source.read(index)) for index in chosen])])
    known = [concept.name for concept in segmenter.vocabulary.concepts]
    common = (names[0] != "") & np.isin(names[1], known)
    assert common.mean() > 0.3
    assert (names[0] == names[1])[common].mean() > 0.5
