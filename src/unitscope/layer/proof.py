"""Whether the cells of a layer lie where they are read: the input is changed at known places, and the layer is asked.

A picture of soft noise is changed in a patch of about the size of a cell, at one known place after the other. Where the
layer changes most must lie there. This needs a few forward passes and no knowledge of what the network is made of; the
first of them are those in which the network shows whether it answers the same picture the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.layer.answers import (
    SAME_ANSWER,
    Answers,
    compare,
    ever_apart,
    numbers,
    random_states,
    shown_again,
)
from unitscope.layer.grid import GridGeometry
from unitscope.layer.hooks import LayerGrid, trace
from unitscope.layer.outcome import ENOUGH, FOLLOWS, OPPOSITE, PLACES, SPREAD, Outcome, Proof, spread_places

SMALLEST_PATCH, SMALLEST_SHARE, LARGEST_SHARE = 8, 12, 4
"""A patch is at least so many pixels wide, at least about the first part of the picture, and at most the second."""
WIDEST_SHARE = 8
"""How far the middle of a wide response may lie from the place: this part of the picture."""
FINEST = 8
"""Parts of a patch that a shift can be told in."""
TRIMMED = 2
"""Places to either side that say nothing of how far a layer is shifted."""
MOST_BYTES = 768 * 2**20
"""Activations that are in memory together, about."""
LEAST_CHANGE = 1e-4
"""A unit that changes by less, as a part of its values, says nothing: that is how arithmetic rounds."""

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Makes the network's input ``(C, H, W)`` of a picture ``(H, W, 3)``."""


def standard(picture: NDArray[np.uint8], *, channels: int = 3) -> NDArray[np.float32]:
    """Return the input ``(C, H, W)`` of a picture ``(H, W, 3)`` for a network whose preprocessing nobody knows."""
    values = (picture.astype(np.float32) / 255 - 0.45).transpose(2, 0, 1) / 0.225
    return np.ascontiguousarray(values[np.arange(channels) % 3])


@dataclass(frozen=True)
class Asked:
    """What a network and its layers answered.

    Attributes:
        answers: whether the network answers the same picture the same way.
        proofs: how each layer answered to changes at known places, by name.
    """

    answers: Answers
    proofs: dict[str, Proof]


class _Changes(NamedTuple):
    """What a layer answers to pictures that are changed in a patch of some width, at some places."""

    layer: LayerGrid
    activations: Tensor
    centres: NDArray[np.float64]
    side: int


def ask(
    module: nn.Module,
    layers: Iterable[LayerGrid],
    size: tuple[int, int],
    *,
    prepare: Prepare = standard,
    device: torch.device | None = None,
    channels_last: bool = False,
    batch_size: int = 16,
    most_units: int | None = None,
) -> Asked:
    """Ask a network whether it answers the same way, and layers whether their cells lie where they are read.

    Args:
        module: the network, in eval mode.
        layers: what :func:`unitscope.layer.hooks.probe_layers` found of them.
        size: the network's input ``(H, W)`` in pixels.
        prepare: makes an input of a picture.
        device: where the network is.
        channels_last: whether inputs have their channels last in memory.
        batch_size: pictures in a forward pass at most, but two where they come together.
        most_units: of a layer that are asked, spread evenly over all; all of them when None.

    Returns:
        The answers, and a proof for each layer; layers of one cell have no places.
    """
    layout = torch.channels_last if channels_last else torch.contiguous_format

    def inputs_of(pictures: NDArray[np.uint8]) -> Tensor:
        inputs = torch.from_numpy(np.stack([prepare(picture) for picture in pictures]))
        return inputs.to(device=device, memory_format=layout)

    layers, states = list(layers), random_states()
    found = {layer.name: Proof("one cell") for layer in layers}
    answers: Answers = "same"
    count = 3 if batch_size > 2 else 2
    # The unchanged picture is the second of those that come together, and the first of those that are shown again.
    first = inputs_of(changed_pictures(size, max(min(size) // 2, 1))[0][[2, 0, 3]])[:count]
    passes, unchanged_rows = [first, first[shown_again(count)]], (1, 0)
    fitting = _fitting([layer for layer in layers if max(layer.grid) > 1], most_units)
    for number, some in enumerate(fitting):
        changes = list[_Changes]()
        for side, group in _by_side(some, size).items():
            pictures, centres = changed_pictures(size, side)
            read, _ = _read(module, group, inputs_of(pictures[2:]).split(batch_size), most_units)
            changes += [_Changes(layer, read[layer.name], centres, side) for layer in group]
        unchanged, heard = _read(module, some, passes, most_units, rows=unchanged_rows, whole=number == 0)
        if number == 0:
            answers = compare(
                heard[0], heard[1], lambda: _read(module, (), passes[1:], whole=True)[1][0], count
            )
            if answers != "again" and random_states() != states:
                seldom = ever_apart(
                    heard[0], heard[1], lambda: _read(module, (), passes[:1], whole=True)[1][0], count
                )
                answers = "again" if seldom else answers
        for layer, values, centres, side in changes:
            together = torch.cat([unchanged[layer.name], values])
            found[layer.name] = judge(together, layer.geometry, centres, side, size)
    return Asked(answers, found)


def _fitting(layers: Sequence[LayerGrid], most_units: int | None) -> Iterator[list[LayerGrid]]:
    """Yield layers whose activations are in memory together."""
    some: list[LayerGrid] = []
    taken = 0
    for layer in layers:
        size = 4 * min(layer.units, most_units or layer.units) * layer.grid[0] * layer.grid[1] * (2 + PLACES)
        if some and taken + size > MOST_BYTES:
            yield some
            some, taken = [], 0
        some.append(layer)
        taken += size
    yield some


def _by_side(layers: Sequence[LayerGrid], size: tuple[int, int]) -> dict[int, list[LayerGrid]]:
    """Return layers by the width of their patches."""
    found: dict[int, list[LayerGrid]] = {}
    for layer in layers:
        found.setdefault(_side(layer.geometry, size), []).append(layer)
    return found


def _side(geometry: GridGeometry, size: tuple[int, int]) -> int:
    """Return how many pixels wide a patch is: about a cell, a power of two, so that layers share pictures."""
    cell, pixels = max(geometry.rows.scale, geometry.columns.scale), min(size)
    least = 2 ** int(np.log2(max(pixels / SMALLEST_SHARE, SMALLEST_PATCH)))
    side = 2 ** int(np.ceil(np.log2(max(cell, least)) - 0.01))
    return int(max(min(side, pixels // LARGEST_SHARE), 1))


def changed_pictures(
    size: tuple[int, int], side: int, *, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return a picture of noise, the same one again, and then changed at one place after the other.

    Args:
        size: ``(H, W)`` in pixels.
        side: of the patch that changes, pixels.
        seed: of everything that is drawn.

    Returns:
        Pictures ``(2 + PLACES, H, W, 3)``, and the centres of the patches ``(PLACES, 2)`` in pixels, row and column.
    """
    generator = np.random.default_rng(seed)
    coarse = generator.integers(60, 196, (-(-size[0] // 8), -(-size[1] // 8), 3))
    base = np.kron(coarse, np.ones((8, 8, 1)))[: size[0], : size[1]] + generator.normal(0, 12, (*size, 3))
    pictures = np.repeat(np.clip(base, 0, 255).astype(np.uint8)[None], 2 + PLACES, axis=0)
    corners = spread_places((size[0] - side + 1, size[1] - side + 1))
    block = max(side // 2, 1)
    for picture, (row, column) in zip(pictures[2:], corners, strict=True):
        colors = generator.choice([0, 255], (-(-side // block), -(-side // block), 3))
        patch = np.kron(colors, np.ones((block, block, 1)))[:side, :side]
        picture[row : row + side, column : column + side] = patch
    return pictures, (corners + (side - 1) / 2).astype(np.float64)


def _read(
    module: nn.Module,
    layers: Sequence[LayerGrid],
    passes: Sequence[Tensor],
    most_units: int | None = None,
    *,
    rows: Sequence[int] | None = None,
    whole: bool = False,
) -> tuple[Mapping[str, Tensor], list[list[Tensor]]]:
    """Return the activations ``(N, U, h, w)`` of layers for the pictures of every pass, and what it answered.

    Args:
        module: the network.
        layers: that are read.
        passes: inputs ``(N, C, H, W)``.
        most_units: of a layer that are read.
        rows: of each pass, the one picture that is read; all of them when None.
        whole: whether passes go on after the last of the layers, and answer something.
    """
    by_name = {layer.name: layer for layer in layers}
    kept: dict[str, list[Tensor]] = {name: [] for name in by_name}

    def keep(name: str, output: Tensor) -> None:
        values = by_name[name].read(output).detach()
        if len(kept[name]) == len(passes) or len(values) != len(passes[len(kept[name])]):
            raise UnitscopeError(
                f"layer {name!r} is not called once for all pictures of a batch: the network takes them in parts, or "
                "as often as it likes; choose a layer that is"
            )
        if rows is not None:
            values = values[rows[len(kept[name])]][None]
        step = 1 if most_units is None else -(-values.shape[1] // most_units)
        kept[name].append(values[:, ::step].to("cpu", torch.float32, copy=True))

    with trace(module, list(by_name), keep, stop_early=not whole) as forward:
        outputs = [numbers(forward(inputs)) for inputs in passes]  # before the next may write over it
    return {name: torch.cat(parts) for name, parts in kept.items()}, outputs


def judge(
    activations: Tensor,
    geometry: GridGeometry,
    centres: NDArray[np.float64],
    side: int,
    size: tuple[int, int],
) -> Proof:
    """Say whether a layer changed where the picture did.

    Args:
        activations: ``(2 + places, U, h, w)``: of the picture, of the same again, and of the changed ones.
        geometry: where the cells lie.
        centres: of the changes ``(places, 2)``, pixels.
        side: of a change, pixels.
        size: of the picture ``(H, W)``, pixels.
    """
    again = (activations[1] - activations[0]).abs().mean((1, 2))
    squares = (activations[2:] - activations[:1]).square_()
    typical = squares.mean((0, 2, 3)).sqrt()
    if not torch.isfinite(typical).all():
        return Proof("silent")
    values = activations[0].square().mean((1, 2)).sqrt()
    moving = typical > LEAST_CHANGE * values.clamp(min=max(float(values.median()), 1e-12))
    if not moving.any():
        return Proof("silent")
    if float((again[moving] / typical[moving]).median()) > SAME_ANSWER:
        return Proof("random")
    # Every unit counts alike. Cells that always change much, as beside a border, must not hide where a change was.
    weights = torch.where(moving, typical, torch.inf).square().reciprocal() / moving.sum()
    strength = torch.einsum("puhw,u->phw", squares, weights).sqrt().double().numpy()
    usual = strength.mean(0)
    answers = [
        Answer.of(values, geometry, centres, side, size)
        for values in (strength, strength / (usual + usual.mean()))
    ]
    best = max(answers, key=lambda answer: (answer.is_near, answer.near))
    if best.is_near:
        outcome: Outcome = "near"
    else:
        everywhere = answers[0].share > SPREAD and min(answers[0].follows) > -OPPOSITE
        outcome = "spread" if everywhere else "far"
    return Proof(outcome, len(centres), best.near, round(best.distance, 2), round(best.shift, 2))


@dataclass(frozen=True)
class Answer:
    """How a layer's changes lie to the places that changed.

    Attributes:
        near: changes whose strongest cell lies where the picture changed.
        distance: median distance from there to the strongest cell, in cells.
        follows: for each axis with more than one cell, the correlation of where the layer and the picture changed.
        off: how far the middles of the changes lie from their places on average, along the worse axis, in cells.
        shift: the same of what is strongest in them, see :class:`Proof`.
        share: part of the cells that a change is spread over.
    """

    near: int
    distance: float
    follows: tuple[float, ...]
    off: float
    shift: float
    share: float
    places: int

    @property
    def is_near(self) -> bool:
        """Whether changes of the layer follow those of the picture and lie where they are."""
        return min(self.follows) >= FOLLOWS and (self.near >= ENOUGH * self.places or self.off <= 1)

    @classmethod
    def of(
        cls,
        strength: NDArray[np.float64],
        geometry: GridGeometry,
        centres: NDArray[np.float64],
        side: int,
        size: tuple[int, int],
    ) -> Answer:
        """Measure changes ``(places, h, w)``."""
        flat = strength.reshape(len(strength), -1)
        strongest = np.unravel_index(flat.argmax(1), strength.shape[1:])
        wide = np.sqrt((flat >= flat.max(1, keepdims=True) / 2).sum(1) / np.pi)
        wide_share, peak_share = (_shares(strength, power) for power in (2, 4))
        too_far, distance, follows, off, shift = np.zeros(len(flat)), np.zeros(len(flat)), [], 0.0, 0.0
        for index, axis in enumerate((geometry.rows, geometry.columns)):
            if axis.cells == 1:
                continue
            centre, pixels = centres[:, index], size[index]
            place = axis.offset + axis.scale * strongest[index]
            cells = axis.offset + axis.scale * np.arange(axis.cells)
            middle, peak = (shares.sum(2 - index) @ cells for shares in (wide_share, peak_share))
            away = np.abs(np.clip(place, 0, pixels - 1) - centre)
            allowed = axis.scale + side / 2 + np.minimum(wide * axis.scale, pixels / WIDEST_SHARE)
            too_far = np.maximum(too_far, away / allowed)
            distance = np.maximum(distance, away / axis.scale)
            follows.append(max(_correlation(place, centre), _correlation(middle, centre)))
            off = max(off, abs(float((middle - centre).mean())) / axis.scale)
            beside = np.sort(peak - np.clip(centre, cells[0], cells[-1]))[TRIMMED : len(peak) - TRIMMED]
            shift = max(shift, abs(float(beside.mean())) / max(axis.scale, side / FINEST))
        share = float(np.median((flat**2).sum(1) ** 2 / ((flat**4).sum(1) + 1e-30))) / flat.shape[1]
        near = int((too_far <= 1).sum())
        return cls(near, float(np.median(distance)), tuple(follows), off, shift, share, len(flat))


def _shares(strength: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """Return which share of a change ``(places, h, w)`` each cell has; a higher power leaves more to the strongest."""
    above = (strength - strength.min((1, 2), keepdims=True)) ** power
    shares: NDArray[np.float64] = above / (above.sum((1, 2), keepdims=True) + 1e-30)
    return shares


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    one, other = first - first.mean(), second - second.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 1e-9 else 0.0
