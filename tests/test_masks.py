"""Masks as a run keeps them, and the one way in which they are brought to another size."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from unitscope.experiments.effects.pairs import Pair
from unitscope.experiments.effects.tables import SavedPair, mask_columns
from unitscope.run.masks import cells_at, pack_mask, resize_mask, unpack_mask


def by_the_definition(mask, height, width):
    """Each pixel takes the value of the cell that its centre lies in."""
    rows, columns = (
        [floor((pixel + Fraction(1, 2)) * cells / pixels) for pixel in range(pixels)]
        for pixels, cells in ((height, mask.shape[0]), (width, mask.shape[1]))
    )
    return np.array([[mask[row, column] for column in columns] for row in rows])


@pytest.mark.parametrize("size", [(10, 12), (7, 7), (5, 4), (3, 2), (13, 1), (64, 50)])
def test_a_mask_at_another_size(size):
    mask = np.random.default_rng(0).random((5, 4)) < 0.5
    assert np.array_equal(resize_mask(mask, *size), by_the_definition(mask, *size))


@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_a_whole_factor_repeats_cells(factor):
    assert np.array_equal(cells_at(7 * factor, 7), np.repeat(np.arange(7), factor))


@pytest.mark.parametrize("size", [(7, 10), (8, 12)])
def test_masks_of_edited_pictures_are_enlarged_like_those_of_a_page(size):
    picture, labels = np.zeros((*size, 3), np.uint8), np.zeros((1, 3, 4), np.int16)
    saved = SavedPair(Pair(picture, picture, labels, labels), "before.png", "after.png", 0, "x")
    mask = np.random.default_rng(1).random((3, 4)) < 0.5
    packed = mask_columns([saved], "lost_mask", [mask])["lost_mask"][0].as_py()
    assert np.array_equal(unpack_mask(packed, *size), by_the_definition(mask, *size))


def test_packing_keeps_every_bit():
    mask = np.random.default_rng(2).random((5, 7)) < 0.5
    assert np.array_equal(unpack_mask(pack_mask(mask), 5, 7), mask)
    assert not unpack_mask(b"", 5, 7).any()
