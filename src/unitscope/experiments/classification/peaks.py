"""Peak activations of one unit and of its layer on every picture, and how much of each picture a concept covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.forward import run_batch
from unitscope.experiments.generated import made_of
from unitscope.experiments.pieces import Piece, State
from unitscope.experiments.samples import Batch, Samples, called, where_not_finite
from unitscope.experiments.skeleton import Job
from unitscope.layer.hooks import LayerGrid, trace
from unitscope.run.storage import Arrays, concatenated


@dataclass(frozen=True)
class Peaks:
    """What a pass over the pictures tells, for the m that could be read."""

    samples: NDArray[np.int64]
    """Sample numbers ``(m,)``."""
    values: NDArray[np.float32]
    """Peak activation of the unit over the layer's own grid ``(m,)``."""
    layer: NDArray[np.float32]
    """The same of every unit of the layer ``(m, U)``; NaN where an activation is no number."""
    areas: NDArray[np.float64]
    """Fraction of the pixel grid that the concept covers ``(m,)``; zero without a concept."""
    skipped: dict[int, str]
    """Sample numbers that could not be read, with the reason."""


class Seen(NamedTuple):
    """What a layer says of some pictures, float32 on the CPU."""

    grids: Tensor
    """Activation grids of the unit ``(n, h, w)``."""
    peaks: Tensor
    """Peak activation of every unit ``(n, U)``."""


@dataclass(frozen=True)
class UnitReader:
    """Reads the activation of one unit, and the peaks of all units of its layer, batch by batch."""

    module: nn.Module
    """The network, in eval mode on `device`."""
    samples: Samples
    layer: LayerGrid
    unit: int
    batch_size: int
    device: torch.device

    def read(self, numbers: NDArray[np.int64], *, labelled: bool = True) -> Iterator[tuple[Batch, Seen]]:
        """Yield the batches of some samples with what the layer says of them.

        Args:
            numbers: the samples ``(n,)``.
            labelled: whether generated pictures are to be labelled; without, nothing after the layer is run.

        Raises:
            UnitscopeError: the network fails, or an activation of the unit is not finite.
        """
        nothing = Seen(torch.zeros((0, *self.layer.grid)), torch.zeros((0, self.layer.units)))
        seen = [nothing]

        def keep(_name: str, output: Tensor) -> None:
            activation = self.layer.read(output)
            parts = activation[:, self.unit], activation.amax((2, 3))
            seen[0] = Seen(*(part.to("cpu", torch.float32) for part in parts))

        planned = [numbers[i : i + self.batch_size].tolist() for i in range(0, len(numbers), self.batch_size)]
        whole = self.samples.generated and labelled
        with trace(self.module, [self.layer.name], keep, stop_early=not whole) as forward:
            for batch in self.samples.batches(planned):
                seen[0] = nothing
                if len(batch.samples):
                    output = self._run(forward, batch)
                    self._refuse_infinite(seen[0].grids, batch)
                    if whole:
                        batch = replace(batch, labels=made_of(self.samples, batch, output)[0])  # noqa: PLW2901
                yield batch, seen[0]

    def _run(self, forward: Callable[[Tensor], object], batch: Batch) -> object:
        ids, noun = self.samples.sample_ids, called(self.samples)
        return run_batch(forward, batch, sample_ids=ids, device=self.device, called=noun)

    def _refuse_infinite(self, grids: Tensor, batch: Batch) -> None:
        finite = torch.isfinite(grids).flatten(1).all(dim=1)
        if not bool(finite.all()):
            sample = int(batch.samples[int(finite.int().argmin())])
            raise UnitscopeError(
                f"layer {self.layer.name!r} unit {self.unit} is not finite (NaN or infinite) "
                + where_not_finite(self.samples, sample)
            )


@dataclass(frozen=True)
class PeakPlan:
    """Which pictures are read, and which concepts are looked for in them.

    Attributes:
        numbers: of the pictures ``(n,)``; pieces are places in these.
        concepts: label values; a pixel counts once, however many of them it holds.
    """

    numbers: NDArray[np.int64]
    concepts: NDArray[np.int64]


def read_peaks(reader: UnitReader, plan: PeakPlan, piece: Piece) -> State:
    """Read the peaks of one unit and of its layer on some pictures, and how much of each some concepts cover.

    Returns:
        ``samples``, ``values``, ``layer`` and ``areas`` as :class:`Peaks` has them.

    Raises:
        UnitscopeError: the network fails, or an activation is not finite.
    """
    samples: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    layer: list[NDArray[np.float32]] = []
    areas: list[NDArray[np.float64]] = []
    skipped: dict[int, str] = {}
    for batch, seen in reader.read(plan.numbers[piece.pictures.start : piece.pictures.stop]):
        samples.append(batch.samples)
        values.append(seen.grids.flatten(1).amax(1).numpy())
        layer.append(seen.peaks.numpy())
        areas.append(_shares(batch.labels, plan.concepts))
        skipped.update(batch.skipped)
    arrays: Arrays = {
        "samples": np.concatenate(samples),
        "values": np.concatenate(values),
        "layer": np.concatenate(layer),
        "areas": np.concatenate(areas),
    }
    return State(arrays, skipped)


def _shares(labels: NDArray[np.int16], concepts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much of each picture's points that count some concepts cover, ``(n, P, gh, gw) -> (n,)``."""
    counted = (labels[:, 0] >= 0).sum((1, 2))
    covered = np.isin(labels, concepts).any(1).sum((1, 2))
    shares: NDArray[np.float64] = covered / np.maximum(counted, 1)
    return shares


def merged_peaks(job: Job, stage: str) -> Peaks:
    """Put together what all pieces of a stage read."""
    found = concatenated(job.files(stage), "samples", "values", "layer", "areas")
    return Peaks(**found, skipped=job.skipped(stage))
