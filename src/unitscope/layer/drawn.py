"""Whether the cells of a layer of a generator draw where they are read: they are changed, and the picture is looked at.

This is the proof of :mod:`unitscope.layer.proof` backwards. The cells of a patch, at one known place after the other,
are given other values, of all units at once, and the rest of the generator draws. The picture must change most where
the patch would be read, and at its scale, so that a picture that is flipped, turned, cut or shifted behind the layer
is seen. What changes all of the picture a little, as normalisation and attention do, is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from unitscope.errors import UnitscopeError
from unitscope.layer.grid import AxisGeometry
from unitscope.layer.hooks import LayerGrid, trace
from unitscope.layer.interventions import replacing
from unitscope.layer.outcome import ENOUGH, FOLLOWS, PLACES, SPREAD, Outcome, Proof, spread_places

PATCH = 12
"""A patch is a cell wide, or about this part of the cells where that is more."""
AMOUNTS = (1.0, 0.5, 3.0)
"""How far units go, in one try after the other until one is near.

To the farther end of what they are in some pictures; half of that, since cells that stand out draw all attention to
them; and beyond it, which moves what was at rest.
"""
POINTS = 32
"""To so many points along each side, at most, changes of a picture are averaged."""
FEW = 4
"""Of so few cells one may draw half of the picture; only what changes in three quarters of it changes everywhere."""
STILL = 1e-3
"""A patch that changes the picture by less, as a part of what the strongest changes, changes nothing."""
LEAST_CHANGE = 1e-5
"""A layer that changes pictures by less, as a part of their contrast, changes nothing: so arithmetic rounds."""
FINEST = 64
"""Cells are never more exactly at their place than this part of the picture, a point of the pixel grid."""
ERRORS = 2
"""So many standard errors may the scale of changes be too small by, besides."""

Check = Callable[[object], object]
"""Refuses what is no batch of pictures of the generator's size, or not finite."""
Shares = NDArray[np.float64]


def ask_drawing(
    module: nn.Module,
    layers: Iterable[LayerGrid],
    latents: Tensor,
    size: tuple[int, int],
    *,
    check: Check,
    batch_size: int = 16,
) -> dict[str, Proof]:
    """Ask layers of a generator whether their cells draw where they are read.

    Args:
        module: the generator, in eval mode.
        layers: what :func:`unitscope.layer.hooks.probe_layers` found of them.
        latents: some, on the device of the generator; they are taken in turn.
        size: height and width of its pictures, pixels.
        check: is called with what it returns.
        batch_size: pictures in a forward pass at most.

    Returns:
        A proof for each layer; layers of one cell have no places.

    Raises:
        UnitscopeError: see `check`.
    """
    layers = list(layers)
    gridded = [layer for layer in layers if max(layer.grid) > 1]
    found = {layer.name: Proof("one cell", drawn=True) for layer in layers}
    if gridded:
        rows = latents[torch.arange(PLACES, device=latents.device) % len(latents)].split(batch_size)
        drawing = _Drawing.of(module, gridded, rows, size, check)
        found.update((layer.name, drawing.proof(layer)) for layer in gridded)
    return found


@dataclass(frozen=True)
class _Drawing:
    """A generator with the pictures it makes as it is, one for each place, and the ends of what its units are there."""

    module: nn.Module
    rows: Sequence[Tensor]
    size: tuple[int, int]
    pictures: Sequence[Tensor]
    ends: dict[str, tuple[Tensor, Tensor]]
    check: Check

    @classmethod
    def of(
        cls,
        module: nn.Module,
        layers: Sequence[LayerGrid],
        rows: Sequence[Tensor],
        size: tuple[int, int],
        check: Check,
    ) -> _Drawing:
        """Draw pictures of latents, in parts of a batch."""
        by_name = {layer.name: layer for layer in layers}
        ends: dict[str, tuple[Tensor, Tensor]] = {}

        def read(name: str, output: Tensor) -> None:
            values = by_name[name].read(output).detach().float()
            least, most = values.amin((0, 2, 3)), values.amax((0, 2, 3))
            before = ends.get(name, (least, most))
            ends[name] = torch.minimum(least, before[0]), torch.maximum(most, before[1])

        pictures = []
        with trace(module, list(by_name), read, stop_early=False) as forward:
            for latents in rows:
                output = forward(latents)
                check(output)
                assert isinstance(output, Tensor)
                pictures.append(output.detach().clone())
        return cls(module, rows, size, pictures, ends, check)

    def proof(self, layer: LayerGrid) -> Proof:
        """Ask a layer, in several ways until one of them finds its cells where they are read."""
        patch = (_patch(layer.grid[0]), _patch(layer.grid[1]))
        corners = spread_places((layer.grid[0] - patch[0] + 1, layer.grid[1] - patch[1] + 1))
        axes = (layer.geometry.rows, layer.geometry.columns)
        middles = corners + (np.array(patch) - 1) / 2
        centres = np.stack([axis.offset + axis.scale * middles[:, i] for i, axis in enumerate(axes)], 1)
        first = Proof("silent", PLACES, drawn=True)
        for amount in AMOUNTS:
            changes = self._changes(layer, corners, patch, amount)
            if changes is None:
                continue
            found = _judge(changes, axes, centres, self.size)
            if found.outcome == "near":
                return found
            first = found if first.outcome == "silent" else first
        return first

    def _changes(
        self, layer: LayerGrid, corners: NDArray[np.int_], patch: tuple[int, int], amount: float
    ) -> Shares | None:
        """Return how much each patch changes the picture, and where ``(places, h, w)``; None where nothing does."""
        parts, start = [], 0
        points = min(self.size[0], POINTS), min(self.size[1], POINTS)
        for latents, before in zip(self.rows, self.pictures, strict=True):
            places = corners[start : start + len(latents)]
            start += len(latents)
            after = self._draw(layer, latents, places, patch, amount)
            changed = torch.zeros_like(before) if after is None else after.float() - before.float()
            apart = functional.adaptive_avg_pool2d(changed.abs().float().mean(1), points)
            parts.append(apart.to("cpu", torch.float64).numpy())
        found: Shares = np.concatenate(parts)
        found[~np.isfinite(found).all((1, 2))] = 0
        contrast = max(float(each.max() - each.min()) for each in self.pictures)
        return found if found.max() > LEAST_CHANGE * contrast else None

    def _draw(
        self,
        layer: LayerGrid,
        latents: Tensor,
        corners: NDArray[np.int_],
        patch: tuple[int, int],
        amount: float,
    ) -> Tensor | None:
        """Draw with a patch of each picture changed; None where the rest of the generator cannot."""
        least, most = self.ends[layer.name]

        def changed(output: Tensor) -> Tensor:
            activation = layer.read(output).clone()
            for values, (row, column) in zip(activation, corners.tolist(), strict=True):
                here = values[:, row : row + patch[0], column : column + patch[1]]
                here.copy_(_elsewhere(here.float(), least, most, amount))
            return layer.reading.replace(output, activation)

        try:
            with torch.no_grad(), replacing(self.module, layer.name, changed):
                output = self.module(latents)
        except (UnitscopeError, torch.OutOfMemoryError):
            raise
        except Exception:  # what cannot draw with such values says nothing
            return None
        expected = (len(latents), *self.pictures[0].shape[1:])
        if not isinstance(output, Tensor) or output.shape != expected:
            self.check(output)
            return None
        return output


def _patch(cells: int) -> int:
    return max(round(cells / PATCH), 1)


def _elsewhere(values: Tensor, least: Tensor, most: Tensor, amount: float) -> Tensor:
    """Return values ``(U, a, b)`` of a patch moved towards the farther end of what each unit is elsewhere.

    Units that are the same everywhere go as far as others do; beyond the ends only where `amount` is above 1.
    """
    spread = most - least
    usual = spread[spread > 0].median() if bool((spread > 0).any()) else torch.ones_like(spread[0])
    ends = least, torch.where((spread > 0) | (amount <= 1), most, least + usual)
    middle = values.mean((1, 2))
    goal = torch.where(ends[1] - middle > middle - ends[0], ends[1], ends[0])
    return (middle + amount * (goal - middle))[:, None, None].expand_as(values)


def _judge(
    changes: Shares, axes: tuple[AxisGeometry, AxisGeometry], centres: Shares, size: tuple[int, int]
) -> Proof:
    """Say whether a picture changed where cells did.

    Args:
        changes: of the picture, for each place ``(places, h, w)``.
        axes: where the cells lie, by rows and columns.
        centres: of the patches, as they are read ``(places, 2)``, pixels.
        size: of the picture ``(H, W)``, pixels.
    """
    everywhere = 0.5 if axes[0].cells * axes[1].cells > FEW else 0.25
    local = np.clip(changes - np.quantile(changes, everywhere, (1, 2), keepdims=True), 0, None)
    peaks = local.max((1, 2))
    moved = peaks > STILL * peaks.max()
    if not moved.any():
        return Proof("spread", len(changes), drawn=True)
    pixels = np.array(size) / changes.shape[1:]
    radii = np.sqrt((local >= peaks[:, None, None] / 2).sum((1, 2)) / np.pi)
    half = float(np.median(radii[moved])) * max(pixels)
    weights = local**2 / (np.square(local).sum((1, 2), keepdims=True) + 1e-300)
    near, fits, distance = moved.copy(), [moved.mean() >= 0.5], np.zeros(len(changes))
    for index, axis in enumerate(axes):
        if axis.cells == 1:
            continue
        middles = (weights.sum(2 - index) @ np.arange(changes.shape[1 + index]) + 0.5) * pixels[index] - 0.5
        exact = axis.scale / 2 + size[index] / FINEST
        away = np.abs(middles - centres[:, index])
        near &= away <= axis.scale + exact + half / 2
        distance = np.maximum(distance, away / axis.scale)
        wide = (axis.scale + half) / 2
        fits.append(_fits(centres[moved, index], middles[moved], size[index], exact, wide))
    count, apart = int(near.sum()), round(float(np.median(distance[moved])), 2)
    if all(fits) and count >= ENOUGH * moved.sum():
        return Proof("near", len(changes), count, apart, drawn=True)
    share = np.square(changes).sum((1, 2)) ** 2 / ((changes**4).sum((1, 2)) + 1e-300) / changes[0].size
    outcome: Outcome = "spread" if np.median(share[moved]) > SPREAD else "far"
    return Proof(outcome, len(changes), count, apart, drawn=True)


def _fits(places: Shares, middles: Shares, pixels: int, exact: float, wide: float) -> bool:
    """Tell whether a picture changed at its places along an axis, and at their scale.

    The middles of wide changes lie nearer to the middle of the picture, which ends where they would go on, so `wide` is
    allowed inwards. It is not outwards: only in a picture that was cut do changes lie farther out than their places.

    Args:
        places: where cells are read, pixels.
        middles: where the picture changed, pixels.
        pixels: of this side of the picture.
        exact: how exactly cells are at their places, pixels.
        wide: half the radius of a change, and half a cell, pixels.
    """
    if len(places) < 3 or min(places.std(), middles.std()) < 1e-6:
        return False
    slope, shift = np.polyfit(places, middles, 1)
    rest = middles - slope * places - shift
    error = np.sqrt(np.square(rest).sum() / (len(places) - 2))
    unsure = error / np.sqrt(len(places))
    end, centre = pixels / 2, (pixels - 1) / 2
    follows = slope * places.std() / middles.std() >= FOLLOWS
    outwards, aside = (slope - 1) * end, abs(slope * centre + shift - centre) - unsure
    inwards = (1 - slope) * end - ERRORS * unsure * end / places.std()
    return bool(follows and max(outwards, aside) <= exact and inwards <= exact + wide)
