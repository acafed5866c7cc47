"""VGG-16 with its research layer names, ``features.conv1_1`` to ``classifier.fc8a``.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, configuration D.
No ReLU works in place: ``features.conv5_3`` is the value before the ReLU, ``features.relu5_3`` the value after it.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""Convolutions and channels of each stage; a pooling layer ends it."""

GRID = 7
"""Rows and columns of the grid the first linear layer reads: that of a 224x224 input."""

HIDDEN = 4096


def vgg16_places365() -> nn.Module:
    """Return a VGG-16 with 365 outputs, its weights not filled in.

    Returns:
        A network from ``(N, 3, h, w)`` to logits ``(N, 365)``. The published input is 224x224; the last grid of other
        sizes is averaged to 7x7.
    """
    return _vgg16(365)


def vgg16_aliases() -> dict[str, str]:
    """Return the module path of every layer by the name the paper uses, such as ``conv5_3``, in order."""
    with torch.device("meta"):
        names = [name for name, _ in vgg16_places365().named_modules() if "." in name]
    return {name.rpartition(".")[2]: name for name in names}


def _vgg16(classes: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            features=_features(),
            avgpool=nn.AdaptiveAvgPool2d(GRID),
            flatten=nn.Flatten(),
            classifier=_classifier(STAGES[-1][1] * GRID * GRID, classes),
        )
    )


def _features() -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs = 3
    for stage, (convolutions, channels) in enumerate(STAGES, start=1):
        for position in range(1, convolutions + 1):
            layers[f"conv{stage}_{position}"] = nn.Conv2d(inputs, channels, 3, padding=1)
            layers[f"relu{stage}_{position}"] = nn.ReLU()
            inputs = channels
        layers[f"pool{stage}"] = nn.MaxPool2d(2, 2)
    return nn.Sequential(layers)


def _classifier(inputs: int, classes: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            fc6=nn.Linear(inputs, HIDDEN),
            relu6=nn.ReLU(),
            drop6=nn.Dropout(),
            fc7=nn.Linear(HIDDEN, HIDDEN),
            relu7=nn.ReLU(),
            drop7=nn.Dropout(),
            fc8a=nn.Linear(HIDDEN, classes),
        )
    )
