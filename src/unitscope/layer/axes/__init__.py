"""Follows what the axes of a tensor run over, and where its grid lies on the picture, operator by operator."""

from unitscope.layer.axes.axes import Axes, Axis, Part, cells, kinds, length, lost, over_picture
from unitscope.layer.axes.calls import Call, Followed, lost_state, total
from unitscope.layer.axes.indexing import embedded
from unitscope.layer.axes.operators import follow

__all__ = [
    "Axes",
    "Axis",
    "Call",
    "Followed",
    "Part",
    "cells",
    "embedded",
    "follow",
    "kinds",
    "length",
    "lost",
    "lost_state",
    "over_picture",
    "total",
]
