"""Where the cells of networks of many families lie: as they are read, refused, or not to be told.

    python benchmarks/places.py [--layers 3] [--out places.csv] [NAME ...]

For each architecture, with random weights and small inputs, the default layer and some others are read as a dissection
reads them, and proven as it does. Each that is read is asked once more and the other way round, which change of the
picture each of its cells answers to; where that does not agree, gradients say which pixels a cell depends on. One JSON
line an architecture; the last has the share of layers that are read where they lie as `ratio`.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from architectures import ARCHITECTURES, build
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.hooks import LayerDescription, LayerGrid, describe_layers, probe_layers, trace
from unitscope.layer.names import parse_layer, pick
from unitscope.layer.outcome import Proof
from unitscope.layer.proof import ask, changed_pictures, standard
from unitscope.models.default_layers import default_layers

BATCH = 8
LATTICE = 5
"""Changes along each side of the picture."""
PICTURES = (4, 16)
"""Noise pictures that gradients are summed over; more where few do not agree."""
FLAT = 1e-3
"""A receptive field that exceeds its mean by less, as a part of it, is the whole picture."""
UNITS = 32
"""Units of a layer that are asked."""
ALIKE = 1e-3
"""Middles that differ by less, as a part of the picture, are one."""
AGREES, CONTRADICTS = 0.75, 0.25
"""Correlation of where cells lie with the middles of what changes them: from here they agree, below they do not."""


def main() -> None:
    """Count outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", type=int, default=3, help="layers besides the default")
    parser.add_argument("--out", type=Path, help="a CSV file with one row a layer")
    parser.add_argument("names", nargs="*", help="architectures, as timm:resnet18; all of them by default")
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    for name in told.names or ARCHITECTURES:
        start = time.perf_counter()
        found = _asked(name, told.layers)
        rows += found
        outcomes = {str(row["layer"]): str(row["outcome"]) for row in found}
        print(
            json.dumps({"network": name, "seconds": round(time.perf_counter() - start, 1), **outcomes}),
            flush=True,
        )
        if told.out:
            _write(told.out, rows)
    counted = Counter(str(row["outcome"]) for row in rows)
    networks = len({row["network"] for row in rows})
    print(
        json.dumps({"networks": networks, **counted, "ratio": round(counted["right"] / max(len(rows), 1), 3)})
    )


def _write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _asked(name: str, others: int) -> list[dict[str, object]]:
    """Return a row for each layer of an architecture that is asked."""
    try:
        module, size = build(name)
        _settle(module, size)
        described = describe_layers(module, torch.zeros((1, 3, *size)))
        chosen = default_layers(module, size)
    except Exception as error:
        return [_row(name, "", "refused", one_line(error))]
    try:
        return _judged(name, module, size, list(dict.fromkeys((*chosen, *_spread_over(described, others)))))
    except Exception as error:  # a census goes on
        return [_row(name, "", "failed", f"{type(error).__name__}: {one_line(error)}")]


def _settle(module: nn.Module, size: tuple[int, int]) -> None:
    """Let batch norms see some noise, as in training; deep random networks are silent otherwise."""
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    for part in norms:
        part.train()
        part.momentum = None
    try:
        if norms:
            with torch.no_grad():
                module(_pictures(size)[0][:4])
    finally:
        module.eval()


def _pictures(size: tuple[int, int]) -> tuple[Tensor, NDArray[np.float64]]:
    pictures, centres = changed_pictures(size, max(min(size) // 8, 1))
    return torch.from_numpy(np.stack([standard(picture) for picture in pictures])), centres


def _spread_over(described: Sequence[LayerDescription], count: int) -> list[str]:
    """Return layers at even steps of the forward pass: those with an activation of several cells, or any."""
    grids = [layer for layer in described if layer.grid is not None and max(layer.grid) > 1]
    tensors = grids or [layer for layer in described if layer.shape is not None]
    steps = np.linspace(0, len(tensors) - 1, count + 2)[1:-1] if tensors else np.zeros(0)
    refused = [layer for layer in described if layer.grid is None and "not known after" in layer.reading]
    return [*(tensors[round(step)].name for step in steps), *(layer.name for layer in refused[-1:])]


def _judged(
    name: str, module: nn.Module, size: tuple[int, int], layers: Sequence[str]
) -> list[dict[str, object]]:
    """Return what becomes of layers: right, refused, unknown, or wrong, also where one is refused wrongly."""
    rows, grids = [], []
    for layer in layers:
        try:
            grids.append(probe_layers(module, torch.zeros((1, 3, *size)), [layer])[layer])
        except UnitscopeError as error:
            rows.append(_row(name, layer, "refused", str(error)))
    proofs = ask(module, grids, size, most_units=UNITS).proofs if grids else {}
    follow = _cells_follow(module, grids, size) if grids else {}
    for grid in grids:
        proof, follows = proofs[grid.name], follow[grid.name]
        said = f"{proof}, {grid.grid[0]}x{grid.grid[1]}, changes {_rounded(follows)}"
        outcome = _outcome(grid, proof, follows)
        if follows is not None and follows < AGREES:
            for count in PICTURES:
                follows = _pixels_follow(module, grid, size, count)
                if follows is None or follows >= AGREES:
                    break
            said += f", gradients {_rounded(follows)}"
            outcome = _outcome(grid, proof, follows) if follows is not None else "unknown"
        rows.append(_row(name, grid.name, outcome, said))
    return rows


def _rounded(follows: float | None) -> str:
    return "-" if follows is None else str(round(follows, 2))


def _outcome(grid: LayerGrid, proof: Proof, follows: float | None) -> str:
    if proof.outcome == "random":
        return "refused"
    if proof.against(grid):
        return "refused" if follows is None or follows < AGREES else "refused wrongly"
    if proof.outcome != "near":
        return "unknown"
    return "wrong" if follows is not None and follows < CONTRADICTS else "right"


def _row(name: str, layer: str, outcome: str, said: str) -> dict[str, object]:
    return {"network": name, "layer": layer, "outcome": outcome, "said": said}


def _cells_follow(
    module: nn.Module, grids: Sequence[LayerGrid], size: tuple[int, int]
) -> dict[str, float | None]:
    """Return the correlation of where cells lie with the middles of what changes them, of the worse axis, by layer.

    The proof asks of a change where the layer answers; this asks of a cell which of many changes it answers to.
    """
    side, rng = max(min(size) // LATTICE, 1), np.random.default_rng(1)
    base = rng.integers(0, 256, (*size, 3), np.uint8)
    lattice = [range(0, pixels - side + 1, side) for pixels in size]
    corners = [(row, column) for row in lattice[0] for column in lattice[1]]
    pictures = np.repeat(base[None], len(corners) + 1, axis=0)
    for picture, (row, column) in zip(pictures[1:], corners, strict=True):
        picture[row : row + side, column : column + side] = rng.integers(0, 2, 3) * 255
    inputs = torch.from_numpy(np.stack([standard(picture) for picture in pictures]))
    centres = np.array(corners) + (side - 1) / 2
    read = _activations(module, grids, inputs)
    return {grid.name: _correlation(read[grid.name], grid, centres, size) for grid in grids}


def _pixels_follow(module: nn.Module, grid: LayerGrid, size: tuple[int, int], count: int) -> float | None:
    """Return the correlation of where cells lie with the middles of the pixels they depend on, of the worse axis.

    None where all cells depend on all pixels alike, as behind the even attention of random weights.

    The squared gradient of a mixture of units at a cell, over noise pictures, is its effective receptive field. Weights
    are positive here, so that contributions of pixels add up and do not cancel, as they do deep in random networks.
    """
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (count, *size, 3), np.uint8)
    inputs = torch.from_numpy(np.stack([standard(picture) for picture in noise])).requires_grad_(True)
    activation, axes = (
        _differentiable(_positive(module), grid, inputs),
        (grid.geometry.rows, grid.geometry.columns),
    )
    mixture = torch.from_numpy(rng.random(activation.shape[1])).to(activation.dtype)
    chosen = [np.unique(np.linspace(0, axis.cells - 1, LATTICE).round().astype(int)) for axis in axes]
    places, middles = [], []
    for row in chosen[0]:
        for column in chosen[1]:
            mixed = (activation[:, :, row, column] * mixture).sum()
            (slope,) = torch.autograd.grad(mixed, inputs, retain_graph=True)
            share = slope.square().sum((0, 1)).double().numpy()
            share = np.clip(
                share / max(share.mean(), 1e-300) - 1, 0, None
            )  # what all pixels do says nothing of places
            sums = share.sum(1), share.sum(0)
            middles.append(
                [float((each * np.arange(len(each))).sum() / max(each.sum(), 1e-300)) for each in sums]
            )
            places.append(
                [axis.offset + axis.scale * at for axis, at in zip(axes, (row, column), strict=True)]
            )
    if len(places) < 3:
        return None
    where, answered = np.array(places), np.array(middles)
    if np.ptp(answered, axis=0).max() < ALIKE * max(size):
        return None
    found = [
        float(np.nan_to_num(np.corrcoef(where[:, index], answered[:, index])[0, 1]))
        for index, axis in enumerate(axes)
        if axis.cells > 1
    ]
    return min(found, default=None)


def _positive(module: nn.Module) -> nn.Module:
    """Return a copy whose matrices and kernels take means of what they read; whose norms change nothing."""
    copied = copy.deepcopy(module)
    with torch.no_grad():
        for part in copied.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.reset_parameters()
        for each in copied.parameters():
            if each.ndim > 1:
                each.fill_(1 / max(each[0].numel(), 1))
    return copied


def _differentiable(module: nn.Module, grid: LayerGrid, inputs: Tensor) -> Tensor:
    """Return the activation of a layer with its graph, which a dissection does without."""
    layer, outputs = parse_layer(grid.name, dict(module.named_modules()), type(module).__name__), []
    hook = module.get_submodule(layer.path).register_forward_hook(lambda *given: outputs.append(given[-1]))
    try:
        with torch.enable_grad():
            module(inputs)
    finally:
        hook.remove()
    return grid.read(pick(layer, outputs[layer.call or 0]))


def _correlation(
    activation: Tensor, grid: LayerGrid, centres: NDArray[np.float64], size: tuple[int, int]
) -> float | None:
    answers = (activation[1:] - activation[:1]).square().mean(1).sqrt().double().numpy()  # (changes, h, w)
    if not np.isfinite(answers).all():
        return None
    # What a change moves everywhere says nothing of places.
    answers = np.clip(answers / np.maximum(answers.mean((1, 2), keepdims=True), 1e-300) - 1, 0, None) ** 2
    total, found = np.maximum(answers.sum(0), 1e-300), []
    for index, axis in enumerate((grid.geometry.rows, grid.geometry.columns)):
        middles = np.tensordot(centres[:, index], answers, (0, 0)) / total
        places = axis.offset + axis.scale * np.indices(grid.grid)[index]
        inside = (answers.sum(0) > 0) & (places >= 0) & (places < size[index])
        if axis.cells > 1 and inside.any():
            found.append(float(np.nan_to_num(np.corrcoef(places[inside], middles[inside])[0, 1])))
    return min(found, default=None)


def _activations(module: nn.Module, grids: Sequence[LayerGrid], inputs: Tensor) -> dict[str, Tensor]:
    """Return the activations ``(N, U, h, w)`` of layers, of some of their units."""
    by_name = {grid.name: grid for grid in grids}
    kept: dict[str, list[Tensor]] = {name: [] for name in by_name}

    def keep(name: str, output: Tensor) -> None:
        values = by_name[name].read(output)
        step = -(-values.shape[1] // UNITS)
        kept[name].append(values[:, ::step].to(torch.float32, copy=True))

    with trace(module, list(by_name), keep) as forward:
        for start in range(0, len(inputs), BATCH):
            forward(inputs[start : start + BATCH])
    return {name: torch.cat(values) for name, values in kept.items()}


if __name__ == "__main__":
    main()
