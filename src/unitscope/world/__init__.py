"""The embedded world: procedural scenes with exact label maps, and a small network trained on them."""

from unitscope.world.classifier import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    CLASSIFIER_MEAN,
    CLASSIFIER_STD,
    world_classifier,
)
from unitscope.world.names import GENERATOR_VERSION, PLANES, VOCABULARY
from unitscope.world.scene import SCENE_CLASSES, Scene, render_scene
from unitscope.world.source import WorldPictures

__all__ = [
    "CLASSIFIER_INPUT",
    "CLASSIFIER_LAYERS",
    "CLASSIFIER_MEAN",
    "CLASSIFIER_STD",
    "GENERATOR_VERSION",
    "PLANES",
    "SCENE_CLASSES",
    "VOCABULARY",
    "Scene",
    "WorldPictures",
    "render_scene",
    "world_classifier",
]
