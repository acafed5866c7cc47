"""What the network pass reads and keeps: decided once, before any picture, and written to the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.pieces import piece_size
from unitscope.experiments.samples import PictureSamples, Samples
from unitscope.layer.answers import Answers, caveat
from unitscope.layer.causes import why
from unitscope.layer.grid import (
    Border,
    GridGeometry,
    Sampling,
    identity_sampling,
    raster_sampling,
)
from unitscope.layer.hooks import LayerGrid, probe_layers
from unitscope.layer.made_up import trial
from unitscope.layer.outcome import Proof
from unitscope.layer.proof import Prepare, standard
from unitscope.models.precision import Precision
from unitscope.run.dissection import Dissection

SHARD_BYTES = 128 * 2**20
"""Activation grids of one shard, about; they are in memory at once."""
MOST_SHARD_SAMPLES = 256


class Told(Protocol):
    """What a dissection was told of how layers are read: its settings, or their record in its manifest."""

    @property
    def border(self) -> Border:
        """What lies beyond the outermost cells."""

    @property
    def cells(self) -> Literal["fields", "even"]:
        """Where cells lie."""

    @property
    def batch_size(self) -> int:
        """Pictures in a forward pass."""


@dataclass(frozen=True)
class Raster:
    """The pixel grid over the network's input, or over the pictures that a generator makes."""

    grid: tuple[int, int]
    """Points ``(gh, gw)``."""
    size: tuple[int, int]
    """Size ``(H, W)`` in pixels of the input, or of a generator's pictures."""
    border: Border


@dataclass(frozen=True)
class LayerPlan:
    """How a layer is read and kept: grids finer than the pixel grid are brought to it first."""

    layer: LayerGrid
    resampling: Sampling | None
    """For finer grids: how the pixel grid reads them, before they are kept."""
    sampling: Sampling
    """How the pixel grid reads the kept grid."""

    @classmethod
    def of(cls, layer: LayerGrid, raster: Raster) -> LayerPlan:
        """Plan to read a layer on a raster."""
        sampling = raster_sampling(layer.geometry, raster.grid, raster.size, border=raster.border)
        if layer.grid[0] * layer.grid[1] > raster.grid[0] * raster.grid[1]:
            return cls(layer, sampling, identity_sampling(raster.grid))
        return cls(layer, None, sampling)

    @property
    def kept(self) -> tuple[int, int]:
        """Cells of the kept grid."""
        return self.sampling.rows.cells, self.sampling.columns.cells


@dataclass(frozen=True)
class ReadingPlan:
    """Everything that decides what the network pass keeps; the manifest holds it as it is."""

    layers: tuple[LayerGrid, ...]
    raster: Raster
    samples: int
    batch_size: int
    shard_size: int
    channels_last: bool = False
    """Whether inputs have their channels last in memory, where convolutions are faster with that."""
    proofs: dict[str, Proof] = field(default_factory=dict)
    """What layers answered when pictures were changed at known places, by name."""
    answers: Answers = "same"
    """Whether the network answers the same picture differently: when it comes again, or in other company."""
    labels: Answers = "same"
    """Whether a segmenter does."""

    @classmethod
    def of(cls, run: Dissection) -> ReadingPlan:
        """Return the plan that a run was made with."""
        return run.said("plan", cls)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a person should know of the network, a line each."""
        at_random = [name for name, proof in self.proofs.items() if proof.outcome == "random"]
        who: list[tuple[str, Answers]] = [(f"layer {name!r}", "again") for name in at_random]
        if self.answers != "same":
            who = [("the network", self.answers)]
        if self.labels != "same":
            who.append(("the segmenter", self.labels))
        misplaced = (self.misplaced(name) for name in self.by_layer)
        return (*(caveat(name, answers) for name, answers in who), *filter(None, misplaced))

    def misplaced(self, layer: str) -> str:
        """Return what to know of a layer whose cells do not lie where they are read, or nothing."""
        against = self.proofs[layer].against(self.by_layer[layer].layer) if layer in self.proofs else ""
        return f"layer {layer!r} is read all the same: {against}" if against else ""

    @cached_property
    def by_layer(self) -> dict[str, LayerPlan]:
        """How each layer is read and kept, by name."""
        return {layer.name: LayerPlan.of(layer, self.raster) for layer in self.layers}

    @property
    def bytes_per_sample(self) -> int:
        """Activation grids of one sample while they are in memory."""
        return sum(4 * plan.layer.units * plan.kept[0] * plan.kept[1] for plan in self.by_layer.values())

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.samples // self.shard_size)

    def samples_of(self, shard: int) -> range:
        """Sample numbers of a shard."""
        return range(shard * self.shard_size, min((shard + 1) * self.shard_size, self.samples))

    def batches_of(self, shard: int) -> list[range]:
        """Sample numbers of a shard's batches: the same however often a run is resumed."""
        samples = self.samples_of(shard)
        return [samples[i : i + self.batch_size] for i in range(0, len(samples), self.batch_size)]


def plan_reading(
    module: nn.Module,
    samples: Samples,
    layers: Sequence[str],
    *,
    settings: Told,
    device: torch.device,
    grid_of: Mapping[str, tuple[int, int]] | None = None,
    precision: Precision = "fp32",
) -> ReadingPlan:
    """Look at the layers with two made-up pictures, or two latents, and decide how they are kept.

    Args:
        module: the network, in eval mode.
        samples: inputs with label maps.
        layers: dotted module names.
        settings: what the dissection was told.
        device: where the network is.
        grid_of: rows and columns of layers of which the user says how they are read.
        precision: how exactly the network multiplies.

    Raises:
        UnitscopeError: a layer cannot be read, or the network refuses the input.
    """
    raster, said = Raster(samples.grid, samples.size, settings.border), grid_of or {}
    stray = [name for name in said if name not in layers]
    if stray:
        raise UnitscopeError(
            f"--grid-of is given for {stray[0]!r}, which is not dissected; name it with --layer"
        )
    if isinstance(samples, GeneratedSamples):
        # Two of them, so that an axis of pictures is not taken for one that is always 1.
        two = samples.latents.read([0, 0]).to(device)
        grids, channels_last = probe_layers(module, two, layers, size=samples.size, grid_of=said), False
    else:
        inputs = trial(prepare_of(samples), samples.size, 2).to(device)
        last = device.type == "cpu" or precision != "fp32"
        grids, channels_last = _probe(module, inputs, layers, said, try_last=last)
    found = tuple(
        _spread(grid, samples.size) if settings.cells == "even" else grid for grid in grids.values()
    )
    count, batch_size = len(samples.sample_ids), settings.batch_size
    one = ReadingPlan(found, raster, count, batch_size, 1, channels_last)
    fitting = max(SHARD_BYTES // max(one.bytes_per_sample, 1), 1)
    return replace(one, shard_size=piece_size(min(fitting, MOST_SHARD_SAMPLES), batch_size=batch_size))


def prepare_of(samples: Samples) -> Prepare:
    """Return what makes a network's input of a picture."""
    if isinstance(samples, PictureSamples):
        return samples.preprocessing.apply
    return partial(standard, channels=samples.depth)


def _spread(layer: LayerGrid, size: tuple[int, int]) -> LayerGrid:
    return replace(layer, geometry=GridGeometry.even(layer.grid, size))


def _probe(
    module: nn.Module,
    inputs: Tensor,
    layers: Sequence[str],
    grid_of: Mapping[str, tuple[int, int]],
    *,
    try_last: bool,
) -> tuple[dict[str, LayerGrid], bool]:
    """Find how the layers are read, and whether the network takes inputs whose channels lie last in memory.

    Convolutions on a CPU are faster with these, and so are those of a GPU that multiply shorter numbers: its units for
    products of matrices take no other order.
    """
    if try_last and any(isinstance(part, nn.Conv2d) for part in module.modules()):
        # Some networks view their activations as if the channels lay first; those fail, and go on below.
        with suppress(Exception):
            last = inputs.to(memory_format=torch.channels_last)
            return probe_layers(module, last, layers, grid_of=grid_of), True
    try:
        return probe_layers(module, inputs, layers, grid_of=grid_of), False
    except UnitscopeError:
        raise
    except Exception as error:
        shape = "x".join(str(n) for n in inputs.shape)
        raise UnitscopeError(
            f"the network fails on an input of shape {shape}: {why(error)}; a generator takes --latents in place of "
            "--images"
        ) from error
