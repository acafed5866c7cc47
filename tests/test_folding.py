"""Blocks of layers that repeat are listed once, and nothing else is left out."""

import re

import pytest

from unitscope.cli.folding import Fold, fold_layers
from unitscope.layer.hooks import LayerDescription


def listed(*names: str, units: int = 8) -> list[LayerDescription]:
    return [LayerDescription(name, "Conv2d", (1, units, 4, 4), 1, reading="map") for name in names]


def block(name: str, units: int = 8) -> list[LayerDescription]:
    return listed(*(f"{name}.{part}" for part in ("norm", "attn", "mlp.0", "mlp.1")), name, units=units)


def test_blocks_that_repeat_are_listed_once():
    layers = [*listed("stem"), *block("blocks.0"), *block("blocks.1"), *block("blocks.2"), *listed("blocks")]
    kept, folds = fold_layers(layers)
    assert [each.name for each in kept] == [
        "stem", *(each.name for each in block("blocks.0")), "blocks",
    ]  # fmt: skip
    assert folds == [Fold("blocks.0", "blocks.1", "blocks.2")]
    assert folds[0].said() == "blocks.1 to blocks.2 have the layers of blocks.0"


def test_a_block_of_another_size_is_listed_and_those_after_it_are_like_that():
    layers = [*block("blocks.0"), *block("blocks.1"), *block("blocks.2", 16), *block("blocks.3", 16)]
    kept, folds = fold_layers(layers)
    assert [each.name for each in kept] == [each.name for at in (0, 2) for each in block(f"blocks.{at}")]
    assert [fold.said() for fold in folds] == [
        "blocks.1 has the layers of blocks.0",
        "blocks.3 has the layers of blocks.2",
    ]


def test_blocks_in_blocks_are_folded():
    stages = [
        [
            *block(f"stages.{at}.blocks.0", units),
            *block(f"stages.{at}.blocks.1", units),
            *listed(f"stages.{at}"),
        ]
        for at, units in ((0, 8), (1, 16))
    ]
    kept, folds = fold_layers([each for stage in stages for each in stage])
    assert [fold.like for fold in folds] == ["stages.0.blocks.0", "stages.1.blocks.0"]
    assert "stages.1" in [each.name for each in kept]


@pytest.mark.parametrize(
    "names",
    [
        ["features.0", "features.1", "features.2", "features.3", "features.4"],
        ["a.0.x", "a.0.y", "a.0.z", "a.1.x", "a.1.y", "a.1.z"],
        ["a.0.x", "a.0.y", "a.0.z", "a.0", "b.0.x", "b.0.y", "b.0.z", "b.0"],
        ["a.0.x#1", "a.0.x#2", "a.0.y[1]", "a.0", "a.1.x#1", "a.1.x#2", "a.1.y[2]", "a.1"],
    ],
    ids=["single layers", "small blocks", "other names", "other calls"],
)
def test_what_is_not_alike_is_listed(names):
    kept, folds = fold_layers(listed(*names))
    assert ([each.name for each in kept], folds) == (names, [])


def test_calls_of_a_module_fold_with_their_block():
    names = [f"a.{at}.{part}" for at in range(3) for part in ("relu#1", "relu#2", "conv", "out[0]")]
    kept, folds = fold_layers(listed(*names))
    assert [each.name for each in kept] == names[:4]
    assert folds == [Fold("a.0", "a.1", "a.2")]
    assert not [each for each in kept if re.match(r"a\.[12]", each.name)]
