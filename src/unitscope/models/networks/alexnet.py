"""AlexNet as trained on Places365: grouped convolutions and local response normalisation.

Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, with the
normalisation after the pooling, as in Caffe's reference network. No ReLU works in place: ``conv5`` is the value before
the ReLU, ``relu5`` the value after it.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

GRID = 6
"""Rows and columns of the grid the first linear layer reads: that of a 227x227 input."""

HIDDEN = 4096


def alexnet_places365() -> nn.Module:
    """Return an AlexNet with 365 outputs, its weights not filled in.

    Returns:
        A network from ``(N, 3, h, w)`` to logits ``(N, 365)``. The published input is 227x227; the last grid of other
        sizes is averaged to 6x6.
    """
    return _alexnet(365)


def _alexnet(classes: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 96, 11, stride=4),
            relu1=nn.ReLU(),
            pool1=_pooling(),
            lrn1=_normalisation(),
            conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2),
            relu2=nn.ReLU(),
            pool2=_pooling(),
            lrn2=_normalisation(),
            conv3=nn.Conv2d(256, 384, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2),
            relu5=nn.ReLU(),
            pool5=_pooling(),
            avgpool=nn.AdaptiveAvgPool2d(GRID),
            flatten=nn.Flatten(),
            fc6=nn.Linear(256 * GRID * GRID, HIDDEN),
            relu6=nn.ReLU(),
            dropout6=nn.Dropout(),
            fc7=nn.Linear(HIDDEN, HIDDEN),
            relu7=nn.ReLU(),
            dropout7=nn.Dropout(),
            fc8=nn.Linear(HIDDEN, classes),
        )
    )


def _pooling() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2)


def _normalisation() -> nn.LocalResponseNorm:
    """Divide by ``(1 + alpha * mean of squares)^0.75``, the mean over five neighbouring channels."""
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)
