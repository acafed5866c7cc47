"""The peak activation of one unit on every picture, and how much of each picture a concept covers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.forward import run_batch
from unitscope.experiments.generated import made_of
from unitscope.experiments.samples import Batch, Samples, called, where_not_finite
from unitscope.layers.hooks import LayerGrid, trace
from unitscope.progress import Advance, stage
from unitscope.run.storage import ArrayFile, Arrays, write_arrays

STRETCH = 16
"""Batches that are read before what they told is written down."""


@dataclass(frozen=True)
class Peaks:
    """What a pass over the pictures tells, for the m that could be read."""

    samples: NDArray[np.int64]
    """Sample numbers ``(m,)``."""
    values: NDArray[np.float32]
    """Peak activation of the unit over the layer's own grid ``(m,)``."""
    areas: NDArray[np.float64]
    """Fraction of the pixel grid that the concept covers ``(m,)``; zero without a concept."""
    skipped: dict[int, str]
    """Sample numbers that could not be read, with the reason."""

    def save(self, path: Path) -> None:
        """Write it to a file."""
        arrays: Arrays = {"samples": self.samples, "values": self.values, "areas": self.areas}
        skipped = {str(number): reason for number, reason in self.skipped.items()}
        write_arrays(path, arrays, note={"skipped": json.dumps(skipped)})

    @classmethod
    def load(cls, path: Path) -> Peaks:
        """Read what :meth:`save` wrote."""
        file = ArrayFile(path)
        skipped = {int(number): reason for number, reason in json.loads(file.note["skipped"]).items()}
        return cls(file["samples"], file["values"], file["areas"], skipped)


@dataclass(frozen=True)
class UnitReader:
    """Reads the activation of one unit, batch by batch."""

    module: nn.Module
    """The network, in eval mode on `device`."""
    samples: Samples
    layer: LayerGrid
    unit: int
    batch_size: int
    device: torch.device

    def read(self, numbers: NDArray[np.int64], *, labelled: bool = True) -> Iterator[tuple[Batch, Tensor]]:
        """Yield the batches of some samples with the unit's activation grids ``(n, h, w)``, float32 on the CPU.

        Args:
            numbers: the samples ``(n,)``.
            labelled: whether generated pictures are to be labelled; without, nothing after the layer is run.

        Raises:
            UnitscopeError: the network fails, or an activation is not finite.
        """
        grids = [torch.zeros((0, *self.layer.grid))]

        def keep(_name: str, output: Tensor) -> None:
            grids[0] = self.layer.read(output)[:, self.unit].to("cpu", torch.float32)

        planned = [numbers[i : i + self.batch_size].tolist() for i in range(0, len(numbers), self.batch_size)]
        whole = self.samples.generated and labelled
        with trace(self.module, [self.layer.name], keep, stop_early=not whole) as forward:
            for batch in self.samples.batches(planned):
                grids[0] = torch.zeros((0, *self.layer.grid))
                if len(batch.samples):
                    output = self._run(forward, batch)
                    self._refuse_infinite(grids[0], batch)
                    if whole:
                        batch = replace(batch, labels=made_of(self.samples, batch, output)[0])  # noqa: PLW2901
                yield batch, grids[0]

    def _run(self, forward: Callable[[Tensor], Any], batch: Batch) -> Any:
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


def read_peaks(
    reader: UnitReader,
    numbers: NDArray[np.int64],
    *,
    concepts: NDArray[np.int64],
    kept: Path,
    show: bool | None = None,
) -> Peaks:
    """Read the peak activation of one unit on some pictures, and how much of each some concepts cover.

    Args:
        reader: of the unit.
        numbers: the samples to read ``(n,)``.
        concepts: label values; a pixel counts once, however many of them it holds.
        kept: a folder for what has been read so far, for this question alone; what is there is not read again.
        show: force the progress bar on or off.

    Raises:
        UnitscopeError: the network fails, an activation is not finite, no picture can be read, or `kept` cannot be
            written.
    """
    parts: list[Peaks] = []
    step = STRETCH * reader.batch_size
    with stage(f"reading {called(reader.samples)}", len(numbers), show=show) as advance:
        for start in range(0, len(numbers), step):
            some, path = numbers[start : start + step], kept / f"{start:08d}.safetensors"
            if path.is_file():
                parts.append(Peaks.load(path))
                advance(len(some))
            else:
                parts.append(_read(reader, some, concepts, advance))
                parts[-1].save(path)
    peaks = Peaks(
        np.concatenate([part.samples for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.areas for part in parts]),
        {number: reason for part in parts for number, reason in part.skipped.items()},
    )
    if len(peaks.skipped) == len(numbers):
        first = min(peaks.skipped)
        raise UnitscopeError(
            f"none of the {len(numbers)} pictures could be read; the first, "
            f"{reader.samples.sample_ids[first]!r}: {peaks.skipped[first]}"
        )
    return peaks


def _read(
    reader: UnitReader, numbers: NDArray[np.int64], concepts: NDArray[np.int64], advance: Advance
) -> Peaks:
    samples: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    areas: list[NDArray[np.float64]] = []
    skipped: dict[int, str] = {}
    for batch, grids in reader.read(numbers):
        samples.append(batch.samples)
        values.append(grids.flatten(1).amax(1).numpy())
        areas.append(np.isin(batch.labels, concepts).any(1).mean((1, 2)))
        skipped.update(batch.skipped)
        advance(len(batch.samples) + len(batch.skipped))
    return Peaks(np.concatenate(samples), np.concatenate(values), np.concatenate(areas), skipped)
