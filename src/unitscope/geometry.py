"""Find where the cells of every activation grid lie on the network's input, by watching one forward pass.

Along each axis the centre of a cell's receptive field is ``offset + scale * index`` pixels. Convolutions and pooling
change the two numbers by their kernel, stride, padding and dilation; everything that keeps the grid keeps them. They
are followed operator by operator, so functional calls and exported programs count as well as modules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from unitscope.grid import AxisGeometry, GridGeometry

Place = tuple[float, float]
"""Scale and offset of one axis, in pixels."""


class GeometryTracker(TorchDispatchMode):
    """Follows the geometry of every 4-D tensor computed from `inputs` while it is active.

    Args:
        inputs: the network's input ``(N, 3, H, W)``.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say that nothing needs hiding from torch's compiler, which would be imported just for that."""
        return False

    def __init__(self, inputs: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = (int(inputs.shape[-2]), int(inputs.shape[-1]))
        self._places: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self._places[inputs] = ((1.0, 0.0), (1.0, 0.0))

    def of(self, output: Tensor, grid: tuple[int, int]) -> GridGeometry:
        """Return where `output`, read as a grid ``(h, w)``, lies; evenly spread where nothing better is known."""
        places = self._places.get(output)
        if places is None or tuple(output.shape[-2:]) != grid or grid == (1, 1):
            return GridGeometry.even(grid, self.size)
        rows, columns = (AxisGeometry(cells, *place) for cells, place in zip(grid, places, strict=True))
        return GridGeometry(rows, columns)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and note the geometry of what it returns."""
        result = func(*args, **(kwargs or {}))
        source = next(
            (
                leaf
                for leaf in tree_leaves((args, kwargs))
                if isinstance(leaf, Tensor) and leaf in self._places
            ),
            None,
        )
        if source is not None:
            for leaf in tree_leaves(result):
                if isinstance(leaf, Tensor) and leaf.ndim == 4 and leaf not in self._places:
                    self._places[leaf] = self._place(func, args, source, leaf)
        return result

    def _place(self, func: Any, args: tuple[Any, ...], source: Tensor, result: Tensor) -> tuple[Place, Place]:
        window = _WINDOWS.get(func.overloadpacket)
        rows, columns = self._places[source]
        if window is not None:
            steps = window(args)
            if steps is not None:
                return steps[0](rows), steps[1](columns)
        return (
            _spread(rows, source.shape[-2], result.shape[-2]),
            _spread(columns, source.shape[-1], result.shape[-1]),
        )


Step = Callable[[Place], Place]


def _spread(place: Place, before: int, after: int) -> Place:
    """Resize: the same extent divided into another number of cells."""
    scale, offset = place
    ratio = before / after
    return scale * ratio, offset + scale * (ratio - 1) / 2


def _slide(kernel: int, stride: int, padding: int, dilation: int) -> Step:
    """Slide a window: its first position is centred `dilation * (kernel - 1) / 2 - padding` cells from cell 0."""

    def step(place: Place) -> Place:
        scale, offset = place
        return scale * stride, offset + scale * (dilation * (kernel - 1) / 2 - padding)

    return step


def _unslide(kernel: int, stride: int, padding: int, dilation: int) -> Step:
    """Spread cells over windows, as a transposed convolution does."""

    def step(place: Place) -> Place:
        scale, offset = place
        return scale / stride, offset + scale / stride * (padding - dilation * (kernel - 1) / 2)

    return step


def _pair(values: int | Sequence[int]) -> tuple[int, int]:
    listed = [values] if isinstance(values, int) else list(values)
    return (listed[0], listed[0]) if len(listed) == 1 else (listed[0], listed[1])


def _convolution(args: tuple[Any, ...]) -> tuple[Step, Step] | None:
    weight, stride, padding, dilation, transposed = args[1], args[3], args[4], args[5], args[6]
    if weight.ndim != 4:
        return None
    make = _unslide if transposed else _slide
    settings = zip(weight.shape[-2:], _pair(stride), _pair(padding), _pair(dilation), strict=True)
    rows, columns = (make(*axis) for axis in settings)
    return rows, columns


def _pooling(args: tuple[Any, ...], *, dilated: bool) -> tuple[Step, Step]:
    kernel = _pair(args[1])
    stride = _pair(args[2]) if len(args) > 2 and args[2] else kernel
    padding = _pair(args[3]) if len(args) > 3 else (0, 0)
    dilation = _pair(args[4]) if dilated and len(args) > 4 else (1, 1)
    rows, columns = (_slide(*axis) for axis in zip(kernel, stride, padding, dilation, strict=True))
    return rows, columns


_WINDOWS: dict[Any, Callable[[tuple[Any, ...]], tuple[Step, Step] | None]] = {
    torch.ops.aten.convolution: _convolution,
    torch.ops.aten.max_pool2d_with_indices: lambda args: _pooling(args, dilated=True),
    torch.ops.aten.max_pool2d: lambda args: _pooling(args, dilated=True),
    torch.ops.aten.avg_pool2d: lambda args: _pooling(args, dilated=False),
}
