"""Colour names: agreement with the published table, and the plane they make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from unitscope.concepts.colors import COLORS, color_names, lab
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.segmenters import load_segmenter
from unitscope.sources.framing import Framing
from unitscope.world.names import COLORS as WORLD_COLORS

LEAST = 0.96
"""Share of the table's colours, of every term, that must be named as the table names them."""


def name(color: tuple[int, int, int]) -> str:
    picture = torch.tensor(color, dtype=torch.float32).reshape(1, 3, 1, 1) / 127.5 - 1
    with torch.inference_mode():
        return COLORS[int(color_names()(picture)) - 1]


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((128, 128, 128), "grey"),
        ((255, 0, 0), "red"),
        ((0, 160, 0), "green"),
        ((0, 0, 255), "blue"),
        ((255, 255, 0), "yellow"),
        ((255, 140, 0), "orange"),
        ((255, 150, 190), "pink"),
        ((110, 70, 30), "brown"),
        ((120, 0, 140), "purple"),
    ],
)
def test_plain_colors(color, expected):
    assert name(color) == expected


def test_agreement_with_the_published_table(shared: Path):
    table = np.load(shared / "data" / "color_names" / "w2c.npy", allow_pickle=False)
    row = np.arange(len(table))
    cells = np.stack([row % 32, row // 32 % 32, row // 1024]) * 8 + 4
    picture = torch.from_numpy(cells.astype(np.float32) / 127.5 - 1)[None, :, :, None]
    with torch.inference_mode():
        found = color_names().probabilities(picture)[0, :, :, 0].numpy().T
    best = table.argmax(1)
    agreement = [(found.argmax(1) == best)[best == color].mean() for color in range(len(COLORS))]
    assert min(agreement) > LEAST, dict(zip(COLORS, agreement, strict=True))
    clear = table.max(1) > 0.9
    assert (found.argmax(1) == best)[clear].mean() > 0.999


def test_lab_of_known_colors():
    colors = torch.tensor([[1.0, 1, 1], [1, 0, 0], [0, 0, 1], [0.5, 0.5, 0.5]]).T.reshape(1, 3, 4, 1)
    expected = [[100, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86], [53.39, 0, 0]]
    assert np.allclose(100 * lab(colors)[0, :, :, 0].T, expected, atol=0.03)


def test_the_package_ships_a_compact_form_and_no_table():
    values = json.loads(
        (Path(load_segmenter.__code__.co_filename).parent / "data/color_names.json").read_text()
    )
    assert len(values) == sum(p.numel() for p in color_names().parameters()) < 1000


def test_the_plane_of_a_picture():
    segmenter = load_segmenter("colors")
    assert [str(concept) for concept in segmenter.vocabulary.concepts] == [f"{name}|color" for name in COLORS]
    made = SegmenterLabeller(segmenter, PixelGrid(Framing(), (64, 64), (4, 6)))
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:20, :, 0] = picture[20:, 30:, 2] = 255
    labels = made.label([made.prepare(0, picture)])
    assert labels.shape == (1, 1, 4, 6)
    assert {COLORS[number - 1] for number in labels[0, 0, :2].ravel()} == {"red"}
    assert [COLORS[number - 1] for number in labels[0, 0, 3]] == ["black"] * 3 + ["blue"] * 3


def test_a_cell_has_the_color_that_most_of_it_has():
    image = torch.full((1, 3, 8, 8), -1.0)
    image[..., :3] = 1
    with torch.inference_mode():
        module = color_names()
        assert COLORS[int(module(image, (1, 1))) - 1] == "black"
        assert module(image).shape == (1, 1, 8, 8)


def test_the_world_uses_the_same_terms():
    assert WORLD_COLORS == COLORS
