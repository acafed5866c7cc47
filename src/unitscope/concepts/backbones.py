"""The residual networks of the published segmenters: three small convolutions first, then four stages.

Names and shapes of the parameters are those of the published checkpoints (Zhou et al., "Semantic
understanding of scenes through the ADE20K dataset", 2019; Xiao et al., "Unified perceptual parsing for scene
understanding", 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

INNER = (64, 128, 256, 512)
"""Inner channels of the four stages."""
STEM = (64, 64, 128)


class Block(nn.Module):
    """A residual block: two 3x3 convolutions, or a bottleneck of 1x1, 3x3 and 1x1.

    Args:
        inputs: channels that come in.
        inner: channels of its convolutions; a bottleneck returns four times as many.
        stride: of the block.
        dilation: of its 3x3 convolutions: first, second; a bottleneck has the first only.
        bottleneck: which of the two kinds.
    """

    def __init__(
        self, inputs: int, inner: int, *, stride: int, dilation: tuple[int, int], bottleneck: bool
    ) -> None:
        super().__init__()
        outputs = inner * 4 if bottleneck else inner
        if bottleneck:
            shapes = [
                (inputs, inner, 1, 1, 1),
                (inner, inner, 3, stride, dilation[0]),
                (inner, outputs, 1, 1, 1),
            ]
        else:
            shapes = [(inputs, inner, 3, stride, dilation[0]), (inner, inner, 3, 1, dilation[1])]
        self.depth = len(shapes)
        for number, (start, stop, kernel, step, spread) in enumerate(shapes, 1):
            padding = spread * (kernel // 2)
            convolution = nn.Conv2d(start, stop, kernel, step, padding, dilation=spread, bias=False)
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(stop))
        self.downsample: nn.Module | None = None
        if stride > 1 or inputs != outputs:
            self.downsample = _projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, outputs, h', w')``."""
        y = x
        for number in range(1, self.depth + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            if number < self.depth:
                y = F.relu(y)
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def _projection(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class DeepStemResNet(nn.Module):
    """A residual network whose stem is three 3x3 convolutions; returns the maps of its four stages.

    Args:
        blocks: number of blocks in each stage.
        bottleneck: which kind of block.
        dilated: keep the grid at an eighth of the input from the second stage on, with dilated convolutions
            in place of the strides of the third and fourth.
    """

    def __init__(self, blocks: Sequence[int], *, bottleneck: bool, dilated: bool = False) -> None:
        super().__init__()
        inputs = 3
        for number, outputs in enumerate(STEM, 1):
            stride = 2 if number == 1 else 1
            self.add_module(f"conv{number}", nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
            inputs = outputs
        spread = 1
        for number, (count, inner) in enumerate(zip(blocks, INNER, strict=True), 1):
            stride, first = (1 if number == 1 else 2), spread
            if dilated and number > 2:  # the block that had the stride still sees the previous spacing
                stride, spread = 1, spread * 2
            stage = []
            for index in range(count):
                dilation = (first, spread) if index == 0 else (spread, spread)
                step = stride if index == 0 else 1
                stage.append(Block(inputs, inner, stride=step, dilation=dilation, bottleneck=bottleneck))
                inputs = inner * 4 if bottleneck else inner
            self.add_module(f"layer{number}", nn.Sequential(*stage))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the four feature maps of ``(n, 3, h, w)``, the finest first."""
        for number in range(1, len(STEM) + 1):
            x = F.relu(self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x)))
        x = F.max_pool2d(x, 3, 2, 1)
        maps = []
        for number in range(1, len(INNER) + 1):
            x = self.get_submodule(f"layer{number}")(x)
            maps.append(x)
        return maps


def normalised_convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Return convolution, batch norm and ReLU that keep the size of the grid."""
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def resize(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return maps ``(n, c, h, w)`` interpolated to another grid (bilinear, without aligned corners)."""
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
