"""Follows what the axes of a tensor run over, and where its grid lies on the picture, operator by operator."""

from unitscope.layer.axes.axes import Axes, Axis, Part, kinds, length, lost, over_picture
from unitscope.layer.axes.calls import Call, Followed
from unitscope.layer.axes.operators import follow

__all__ = ["Axes", "Axis", "Call", "Followed", "Part", "follow", "kinds", "length", "lost", "over_picture"]
