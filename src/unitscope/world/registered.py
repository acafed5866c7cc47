"""What the embedded world registers by name, see ``pyproject.toml``."""

from __future__ import annotations

from unitscope.errors import UnitscopeError
from unitscope.models.generators import RANGES, Generator
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.world.classifier import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    CLASSIFIER_MEAN,
    CLASSIFIER_STD,
    world_classifier,
)
from unitscope.world.generator import GENERATOR_LATENTS, GENERATOR_LAYERS, world_generator
from unitscope.world.scene import SCENE_CLASSES
from unitscope.world.segmenter import world_segmenter
from unitscope.world.source import WorldPictures

__all__ = ["generator", "network", "pictures", "untrained_network", "world_segmenter"]

COUNT = 1000
"""Pictures when no number is given."""


def network() -> Network:
    """Return ``world-vgg``."""
    return _network("world-vgg", trained=True)


def untrained_network() -> Network:
    """Return ``world-vgg-untrained``."""
    return _network("world-vgg-untrained", trained=False)


def _network(name: str, *, trained: bool) -> Network:
    return Network(
        world_classifier(trained=trained),
        Preprocessing(size=(CLASSIFIER_INPUT, CLASSIFIER_INPUT), mean=CLASSIFIER_MEAN, scale=CLASSIFIER_STD),
        name,
        layers=CLASSIFIER_LAYERS,
        classes=SCENE_CLASSES,
    )


def generator() -> Generator:
    """Return ``world-gan``."""
    return Generator(
        world_generator(),
        (GENERATOR_LATENTS,),
        range=RANGES[0],
        name="world-gan",
        layers=GENERATOR_LAYERS,
        segmenter="world",
    )


def pictures(spec: str) -> WorldPictures:
    """Return the pictures of ``world[:COUNT[:SPLIT[:SCENE,SCENE]]]``.

    Raises:
        UnitscopeError: something else is written there.
    """
    _, *said = spec.split(":")
    count, split, scenes = (*said, *(str(COUNT), "val", "")[len(said) :])[:3]
    if len(said) > 3 or "" in said or not (count.isascii() and count.isdigit() and int(count)):
        raise UnitscopeError(
            f"pictures {spec!r} cannot be read; write world, world:COUNT, world:COUNT:SPLIT or "
            "world:COUNT:SPLIT:SCENE,SCENE, for example world:800:test"
        )
    return WorldPictures(int(count), split=split, scenes=scenes.split(",") if scenes else ())
