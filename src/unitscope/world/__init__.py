"""The embedded world: procedural scenes seen by a camera, with exact label maps, and small networks trained on them."""

from unitscope.world.classifier import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    CLASSIFIER_MEAN,
    CLASSIFIER_STD,
    world_classifier,
)
from unitscope.world.generator import (
    GENERATOR_LATENTS,
    GENERATOR_LAYERS,
    GENERATOR_SCENE,
    world_generator,
)
from unitscope.world.names import GENERATOR_VERSION, PLANES, VOCABULARY
from unitscope.world.scene import SCENE_CLASSES, Scene, render_scene
from unitscope.world.segmenter import world_segmenter
from unitscope.world.source import WorldPictures

__all__ = [
    "CLASSIFIER_INPUT",
    "CLASSIFIER_LAYERS",
    "CLASSIFIER_MEAN",
    "CLASSIFIER_STD",
    "GENERATOR_LATENTS",
    "GENERATOR_LAYERS",
    "GENERATOR_SCENE",
    "GENERATOR_VERSION",
    "PLANES",
    "SCENE_CLASSES",
    "VOCABULARY",
    "Scene",
    "WorldPictures",
    "render_scene",
    "world_classifier",
    "world_generator",
    "world_segmenter",
]
