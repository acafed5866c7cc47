"""What a linear step adds to its output when single units of its input change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from unitscope.ablation.channels import Channels, argument, operation
from unitscope.replay import Graph


@dataclass(frozen=True)
class MatrixStep:
    """A matrix on the last axis.

    Attributes:
        weight: ``(O, I)``.
        channels: where the units are in the input ``(N, ..., I)``.
        units: number of units U.
    """

    weight: Tensor
    channels: Channels
    units: int

    def change(self, difference: Tensor, units: slice | Tensor) -> Tensor:
        """Return what the output gains for each of k units alone.

        Args:
            difference: what each unit changes in the input, ``(N, ..., I)``.
            units: which units.

        Returns:
            ``(k, N, ..., O)``.
        """
        blocks = self.channels.blocks(difference, self.units)[..., units, :]
        weight = Channels(1, self.channels.first, self.channels.width).blocks(self.weight, self.units)[
            :, units
        ]
        rows = blocks.movedim(-2, 0)
        gained = torch.bmm(rows.flatten(1, -2), weight.permute(1, 2, 0))
        return gained.reshape(*rows.shape[:-1], -1)

    def change_together(self, difference: Tensor, units: Tensor) -> Tensor:
        """Return what the output gains for some units together, ``(N, ..., O)``; arguments as above."""
        moved = self.channels.blocks(difference, self.units)[..., units, :]
        weight = Channels(1, self.channels.first, self.channels.width).blocks(self.weight, self.units)
        return F.linear(moved.flatten(-2), weight[:, units].flatten(1))


@dataclass(frozen=True)
class ConvolutionStep:
    """A convolution over the grid.

    Attributes:
        weight: ``(O, I, kh, kw)``, with zeros between groups.
        channels: where the units are in the input ``(N, I, h, w)``.
        units: number of units U.
    """

    weight: Tensor
    channels: Channels
    units: int
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def of_points(self) -> bool:
        """Whether it is a matrix on the channels of every cell, and a unit is one channel."""
        return (
            self.weight.shape[2:] == (1, 1)
            and self.stride == (1, 1)
            and self.padding == (0, 0)
            and self.channels.width == 1
        )

    def change(self, difference: Tensor, units: slice | Tensor) -> Tensor:
        """Return what the output gains for each of k units alone, ``(k, N, O, h', w')``.

        Args:
            difference: what each unit changes in the input, ``(N, I, h, w)``.
            units: which units.
        """
        blocks = self.channels.blocks(difference, self.units)[:, units].transpose(0, 1)
        weight = self.channels.blocks(self.weight, self.units)[:, units].transpose(0, 1).flatten(2)
        count, pictures = blocks.shape[:2]
        size = self._size(difference)
        columns = F.unfold(
            blocks.flatten(0, 1),
            (self.weight.shape[2], self.weight.shape[3]),
            dilation=self.dilation,
            padding=self.padding,
            stride=self.stride,
        ).unflatten(0, (count, pictures))
        gained = torch.bmm(weight, columns.transpose(1, 2).flatten(2))
        return gained.reshape(count, -1, pictures, *size).transpose(1, 2)

    def change_together(self, difference: Tensor, units: Tensor) -> Tensor:
        """Return what the output gains for some units together, ``(N, O, h', w')``; arguments as above."""
        moved, weight = (
            self.channels.blocks(value, self.units)[:, units].flatten(1, 2)
            for value in (difference, self.weight)
        )
        return F.conv2d(moved, weight, None, self.stride, self.padding, self.dilation)

    def _size(self, inputs: Tensor) -> tuple[int, int]:
        rows, columns = (
            (
                inputs.shape[i]
                + 2 * self.padding[i - 2]
                - self.dilation[i - 2] * (self.weight.shape[i] - 1)
                - 1
            )
            // self.stride[i - 2]
            + 1
            for i in (2, 3)
        )
        return rows, columns


LinearStep = MatrixStep | ConvolutionStep


def linear_step(graph: Graph, node: fx.Node, channels: Channels, units: int) -> LinearStep:
    """Return the linear step at a node of a network."""
    weight_node = node.args[1]
    assert isinstance(weight_node, fx.Node)
    with torch.no_grad():
        (weight,) = graph.piece([], [weight_node])()
    weight = weight.detach()
    if operation(node) == "linear":
        return MatrixStep(weight, channels, units)
    stride, padding, dilation = (
        _pair(argument(node, index, name, default))
        for index, name, default in ((3, "stride", 1), (4, "padding", 0), (5, "dilation", 1))
    )
    groups = argument(node, 6, "groups", 1)
    return ConvolutionStep(_without_groups(weight, groups), channels, units, stride, padding, dilation)


def _pair(value: int | list[int]) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    return pair[0], pair[-1]


def _without_groups(weight: Tensor, groups: int) -> Tensor:
    """Return the weight ``(O, I, kh, kw)`` of one group that does what several do."""
    if groups == 1:
        return weight
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    whole = weight.new_zeros(weight.shape[0], inputs * groups, *weight.shape[2:])
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        whole[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return whole
