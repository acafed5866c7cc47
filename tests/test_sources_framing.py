"""Framing: picture and labels are cut from the same region."""

from __future__ import annotations

import numpy as np
import pytest

from unitscope.sources.framing import RESAMPLING, Framing


def test_squash_takes_everything() -> None:
    assert Framing().box(30, 50, 1.0) == (0, 0, 50, 30)
    assert Framing("squash").box(30, 50, 2.5) == (0, 0, 50, 30)


@pytest.mark.parametrize(
    ("height", "width", "aspect", "box"),
    [
        (30, 50, 1.0, (10, 0, 40, 30)),
        (50, 30, 1.0, (0, 10, 30, 40)),
        (30, 50, 2.0, (0, 2.5, 50, 27.5)),
        (1, 5000, 1.0, (2499.5, 0, 2500.5, 1)),
        (40, 40, 1.0, (0, 0, 40, 40)),
    ],
)
def test_crop_takes_the_largest_central_region(
    height: int, width: int, aspect: float, box: tuple[float, ...]
) -> None:
    assert Framing("crop").box(height, width, aspect) == box


def test_resize_takes_the_region() -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = 255
    assert (
        Framing("crop").resize(picture, (10, 10))[:, 1:-1] == 255
    ).all()  # antialiasing looks past the edge
    squashed = Framing().resize(picture, (10, 30))
    assert squashed.shape == (10, 30, 3)
    assert squashed[:, 12:18].min() == 255
    assert squashed[:, :8].max() == 0


def test_resize_can_keep_the_region_of_another_shape() -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = 255
    assert (Framing("crop").resize(picture, (8, 24), aspect=1.0)[:, 1:-1] == 255).all()


def test_resize_of_extreme_shapes() -> None:
    for shape in ((1, 5000, 3), (5000, 1, 3), (1, 1, 3)):
        for framing in (Framing("crop"), Framing("squash")):
            assert (
                framing.resize(np.full(shape, 9, np.uint8), (7, 5)).tolist() == np.full((7, 5, 3), 9).tolist()
            )


def reference_sample(
    labels: np.ndarray, framing: Framing, size: tuple[int, int], grid: tuple[int, int]
) -> np.ndarray:
    planes, height, width = labels.shape
    left, top, right, bottom = framing.box(height, width, size[1] / size[0])
    result = np.zeros((planes, *grid), labels.dtype)
    for plane in range(planes):
        for row in range(grid[0]):
            for column in range(grid[1]):
                y = top + (row + 0.5) * (bottom - top) / grid[0]
                x = left + (column + 0.5) * (right - left) / grid[1]
                result[plane, row, column] = labels[plane, int(y), int(x)]
    return result


@pytest.mark.parametrize("framing", [Framing("crop"), Framing("squash")])
@pytest.mark.parametrize("shape", [(2, 17, 31), (1, 64, 64), (3, 5, 90)])
def test_labels_are_those_at_the_centres_of_the_cells(framing: Framing, shape: tuple[int, int, int]) -> None:
    labels = np.random.default_rng(0).integers(0, 200, shape, dtype=np.int32)
    for size, grid in (((224, 224), (7, 7)), ((96, 160), (56, 13)), ((10, 10), (100, 120))):
        sampled = framing.sample_labels(labels, size=size, grid=grid)
        assert sampled.dtype == np.int32
        assert sampled.flags.c_contiguous
        assert np.array_equal(sampled, reference_sample(labels, framing, size, grid))


def test_picture_and_labels_agree() -> None:
    """A picture painted from its labels, framed and enlarged, has its colours where the labels are."""
    labels = np.random.default_rng(1).integers(0, 2, (1, 6, 11), dtype=np.int32)
    picture = np.repeat((labels[0] * 255).astype(np.uint8)[..., None], 3, 2)
    for framing in (Framing("crop"), Framing("squash")):
        seen = framing.resize(picture, (60, 60))
        sampled = framing.sample_labels(labels, size=(60, 60), grid=(60, 60))
        assert ((seen[..., 0] > 127) == (sampled[0] > 0)).mean() > 0.9


def test_a_share_of_the_central_region_is_what_the_network_sees():
    assert Framing("crop", 0.5).box(30, 50, 1.0) == (17.5, 7.5, 32.5, 22.5)
    assert Framing("squash", 0.5).box(30, 50, 1.0) == (12.5, 7.5, 37.5, 22.5)
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[5:35, 5:35] = 255
    assert (Framing("crop", 0.75).resize(picture, (12, 12))[1:-1, 1:-1] == 255).all()
    assert (Framing("crop", 1.0).resize(picture, (12, 12))[1:-1, 1:-1] < 255).any()
    labels = np.arange(16).reshape(1, 4, 4)
    found = Framing("crop", 0.5).sample_labels(labels, size=(8, 8), grid=(2, 2))
    assert found.tolist() == [[[5, 6], [9, 10]]]


def test_the_interpolation_is_that_of_the_network():
    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    made = {name: Framing(interpolation=name).resize(picture, (9, 9)) for name in RESAMPLING}
    assert len({each.tobytes() for each in made.values()}) == len(RESAMPLING) == 4
    assert np.isin(made["nearest"], picture).all()
