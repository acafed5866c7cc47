"""The networks of the paper, under the names their published checkpoints use; weights are filled in elsewhere."""

from unitscope.models.networks.alexnet import alexnet_places365
from unitscope.models.networks.proggan import ProgressiveGenerator, generator_from_state
from unitscope.models.networks.resnet152 import resnet152_aliases, resnet152_places365
from unitscope.models.networks.vgg16 import vgg16_aliases, vgg16_places365

__all__ = [
    "ProgressiveGenerator",
    "alexnet_places365",
    "generator_from_state",
    "resnet152_aliases",
    "resnet152_places365",
    "vgg16_aliases",
    "vgg16_places365",
]
