"""Find what the axes of every tensor run over and where its grid lies on the input, by watching one forward pass.

Along each axis of the picture the centre of a cell's receptive field is ``offset + scale * index`` pixels. Convolutions
and pooling change the two numbers by their kernel, stride, padding and dilation; reshapes and permutations move axes
around. Both are followed operator by operator, so functional calls and exported programs count as well as modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from unitscope.layer.axes import Axes, Call, Followed, Part, embedded, follow, lost_state
from unitscope.layer.grid import AxisGeometry, GridGeometry
from unitscope.layer.readout import MOST_EXTRA_TOKENS


class GeometryTracker(TorchDispatchMode):
    """Follows the axes and the geometry of every tensor computed from `inputs` while it is active.

    Args:
        inputs: the network's input ``(N, 3, H, W)``.
    """

    most_extra = MOST_EXTRA_TOKENS

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say that nothing needs hiding from torch's compiler, which would be imported just for that."""
        return False

    def __init__(self, inputs: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.size = (int(inputs.shape[-2]), int(inputs.shape[-1]))
        kinds = ("pictures", "units", "rows", "columns")
        axes: Axes = tuple((Part(kind, n),) for kind, n in zip(kinds, inputs.shape, strict=True))  # type: ignore[arg-type]
        self._known: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self._known[inputs] = Followed(axes, (1.0, 0.0), (1.0, 0.0))

        self._drawn: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self._bases: WeakTensorKeyDictionary = WeakTensorKeyDictionary()

    def followed(self, output: Tensor) -> Followed | None:
        """Return what is known of a tensor of any shape, or None if it was not computed from the input."""
        found: Followed | None = self._known.get(output)
        return found if found is not None and found.fits(output) else None

    @property
    def saw_something(self) -> bool:
        """Whether any operator was followed; a compiled network hides them."""
        return len(self._known) > 1

    def of(self, output: Tensor, grid: tuple[int, int]) -> GridGeometry:
        """Return where `output`, read as a grid ``(h, w)``, lies; evenly spread where nothing better is known."""
        found = self.followed(output)
        parts = {} if found is None else _grid_parts(found.axes)
        sizes = tuple(parts[kind].size if kind in parts else 0 for kind in ("rows", "columns"))
        if found is None or sizes != grid or grid == (1, 1):
            return GridGeometry.even(grid, self.size)
        rows = _axis(parts["rows"], found.rows)
        return GridGeometry(rows, _axis(parts["columns"], found.columns))

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        """Run the operator and note what its results are."""
        # There operators come whole that are made of others elsewhere; a resizing would be made of indices.
        if torch.is_inference_mode_enabled() and "upsample" not in func.name():
            with self:
                parts: object = func.decompose(*args, **(kwargs or {}))
            if parts is not NotImplemented:
                return parts
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        # An operator in place changes what it is given, so this is looked up first.
        known = [(leaf, found) for leaf in given if (found := self.followed(leaf)) is not None]
        drawn = [leaf for leaf in given if leaf in self._drawn]
        shapes = [tuple(leaf.shape) for leaf in given]
        result: object = func(*args, **(kwargs or {}))
        leaves = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        self._note_views(leaves, given)
        if drawn or (torch.Tag.nondeterministic_seeded in func.tags and not (kwargs or {}).get("generator")):
            for leaf in leaves:
                self._drawn[leaf] = True
        if known:
            states = {id(leaf): found for leaf, found in known}
            unsure = frozenset(map(id, drawn))
            call = Call(_name(func), args, kwargs or {}, states, given, shapes, self.size, unsure)
            for leaf, followed in zip(leaves, follow(call, leaves), strict=True):
                if followed is not None:
                    self._known[leaf] = followed
                    base = self._base(leaf)
                    if func._schema.is_mutable and base is not None:
                        self._written(leaf, base, states.get(id(leaf)), followed, call.name)
        return result

    def _note_views(self, leaves: Iterable[Tensor], given: Iterable[Tensor]) -> None:
        """Note what tensors of any shape are views of, where they do not say so themselves, as in inference mode."""
        for leaf in leaves:
            if leaf.is_inference() and leaf not in self._bases:
                memory = leaf.untyped_storage()._cdata
                source = next((each for each in given if each.untyped_storage()._cdata == memory), None)
                if source is not None and source is not leaf:
                    base = self._base(source)
                    self._bases[leaf] = source if base is None else base

    def _base(self, leaf: Tensor) -> Tensor | None:
        """Return what a tensor of any shape is a view of."""
        found: Tensor | None = leaf._base if leaf._base is not None else self._bases.get(leaf)
        return found

    def _written(
        self, view: Tensor, base: Tensor, before: Followed | None, after: Followed, name: str
    ) -> None:
        """Note what is known of a tensor, of any shape, a view of which was written to."""
        known = self.followed(base)
        if known is None:
            self._known[base] = embedded(after, view, base)
        elif before is None or replace(before, lost_at="") != replace(after, lost_at=""):
            self._known[base] = lost_state(known, tuple(base.shape), name)


class EvenGeometry:
    """Stands for a tracker where the input is no picture: grids lie evenly over the picture that comes out.

    Args:
        size: height and width of that picture, pixels.
    """

    saw_something = False
    most_extra = 0
    """Nothing stands before the tokens of a grid that becomes a picture."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def followed(self, output: Tensor) -> None:
        """Return nothing for an output of any shape: the shape decides."""
        del output

    def of(self, output: Tensor, grid: tuple[int, int]) -> GridGeometry:
        """Return where `output`, read as a grid ``(h, w)``, lies."""
        del output
        return GridGeometry.even(grid, self.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        """Leave nothing behind."""


def _grid_parts(axes: Axes) -> dict[str, Part]:
    """Return the parts that run over rows and columns, those inside tokens included; none where one is split."""
    flat = [inner for axis in axes for part in axis for inner in (part.grid or (part,))]
    found = {}
    for kind in ("rows", "columns"):
        parts = [part for part in flat if part.kind == kind]
        longer = [part for part in parts if part.size > 1]
        if len(longer) > 1 or not parts:
            return {}
        found[kind] = (longer or parts)[0]
    return found


def _axis(part: Part, place: tuple[float, float]) -> AxisGeometry:
    scale, offset = place
    scale, offset = scale * part.step, offset + scale * (part.step - 1) / 2
    if scale < 0:  # read in the order of the picture
        scale, offset = -scale, offset + scale * (part.size - 1)
    return AxisGeometry(part.size, scale, offset)


def _name(func: torch._ops.OpOverload) -> str:
    """Return the name of an operator; ``add_`` changes in place what ``add`` returns."""
    name: str = func.overloadpacket.__name__
    return name.rstrip("_") if func.namespace == "aten" else f"{func.namespace}::{name}"
