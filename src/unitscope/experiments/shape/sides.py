"""The activations on originals and on their altered copies: one piece of work reads both, each is asked by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.concepts.labellers import Prepared, Unlabelled
from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.reading import ShardReader
from unitscope.experiments.pieces import Piece, State, below
from unitscope.experiments.samples import PictureSamples
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.weights import device_of
from unitscope.run.folder import RunFolder
from unitscope.run.layout import CELLS
from unitscope.run.storage import AnyArray, ArrayFile, Arrays, bytes_of
from unitscope.sources.pairs import PicturePairs
from unitscope.stats import PairAnswers, PairChanges

SIDES = ("original", "altered")
ROOM = 2.0
"""Times the quantile of each unit's pixels that are kept."""


class Blank(Unlabelled):
    """No concepts, on a pixel grid.

    Args:
        grid: rows and columns.
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        self.points = grid

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
        """Return label maps of "nothing", (n, 1, rows, columns)."""
        return np.zeros((len(prepared), 1, *self.points), np.int32)


def side_samples(
    pairs: PicturePairs, altered: bool, preprocessing: Preprocessing, grid: tuple[int, int]
) -> PictureSamples:
    """Return the originals, or the copies, of framed pairs as samples without labels."""
    framed = replace(preprocessing, framing="squash", share=1.0)
    return PictureSamples(pairs.half(altered), Blank(grid), preprocessing=framed, grid=grid)


class SideFile(ArrayFile):
    """What a committed piece says of one side."""

    def __init__(self, path: Path, side: str) -> None:
        super().__init__(path)
        self._side = side

    def __getitem__(self, name: str) -> AnyArray:
        return super().__getitem__(f"{self._side}/{name}")

    @property
    def names(self) -> list[str]:
        """Names of the arrays of this side."""
        start = f"{self._side}/"
        return [name.removeprefix(start) for name in super().names if name.startswith(start)]


class SideFolder(RunFolder):
    """A run folder seen from one side: its part of every piece, its own files of the cache."""

    def __init__(self, path: Path, side: str) -> None:
        super().__init__(path)
        self._side = side

    def open_shard(self, shard: int) -> SideFile:
        """Open the side's part of a committed piece."""
        return SideFile(self.shard_path(shard), self._side)

    def cache_path(self, shard: int, *, points: bool = False) -> Path:
        """Where the side's strong cells of a piece are kept, or the raster points made of them."""
        path = super().cache_path(shard, points=points)
        return path.with_name(f"{self._side}-{path.name}")

    @property
    def cache_bytes(self) -> int:
        """Size of the side's part of the cache."""
        return bytes_of((self.path / CELLS).glob(f"{self._side}-*"))


class PairActivations:
    """The activations of a network on both pictures of every pair.

    Args:
        module: the network, in eval mode on its device.
        pairs: framed for it.
        sides: originals and copies as samples.
        plan: what is read and kept, of either.
        classes: outputs of the network; 0 where it returns something else than one number a class.
    """

    def __init__(
        self,
        module: nn.Module,
        pairs: PicturePairs,
        sides: tuple[PictureSamples, PictureSamples],
        plan: ReadingPlan,
        classes: int,
    ) -> None:
        self.module, self.pairs, self.sides, self.plan, self.classes = module, pairs, sides, plan, classes

    def open(self, folder: RunFolder, *, top: int, quantile: float, budget: int) -> None:
        """Read and keep in a folder from now on."""
        device = device_of(self.module)
        readers = [ShardReader(self.module, samples, self.plan, device) for samples in self.sides]
        folders = [SideFolder(folder.path, side) for side in SIDES]
        make = partial(Activations, plan=self.plan, concepts=1, top=top)
        self.altered = make(folders[1], reader=readers[1])
        self.original = make(folders[0], reader=readers[0], drawn=self.altered)
        for side in (self.altered, self.original):
            side.keep(min(ROOM * quantile, 1.0), budget // 2)

    def read(self, shard: int) -> State:
        """Run the network over the originals and the copies of a shard."""
        # The copies come first: their strongest pictures are those whose originals are drawn, too.
        read = {side: self._side(side, shard) for side in reversed(SIDES)}
        arrays: Arrays = {}
        for side, (state, _) in read.items():
            arrays |= below(side, state.arrays)
        samples = self.original.reader.content.samples
        for layer in self.plan.by_layer:
            changes = PairChanges(self.plan.by_layer[layer].layer.units)
            contents = [getattr(self, side).reader.content for side in SIDES]
            peaks, means = (
                np.stack([getattr(content, what)(layer) for content in contents], axis=1)
                for what in ("peaks", "means")
            )
            changes.update(samples, peaks, means)
            arrays |= below(f"changes/{layer}", changes.state_dict())
        answers = PairAnswers(self.classes)
        answers.update(
            samples, np.stack([read[side][1] for side in SIDES], axis=1), self._differences(samples)
        )
        arrays |= below("answers", answers.state_dict())
        return State(arrays, read[SIDES[0]][0].skipped)

    def _side(self, side: str, shard: int) -> tuple[State, NDArray[np.float32]]:
        outputs: list[NDArray[np.float32]] = [np.zeros((0, self.classes), np.float32)]
        activations: Activations = getattr(self, side)
        state = activations.read(shard, answered=self._answered(outputs))
        if not self.classes:
            return state, np.zeros((len(activations.reader.content.samples), 0), np.float32)
        return state, np.concatenate(outputs)

    def _answered(self, into: list[NDArray[np.float32]]) -> Callable[[object], None] | None:
        if not self.classes:
            return None

        def keep(output: object) -> None:
            assert isinstance(output, Tensor)
            into.append(output.detach().to("cpu", torch.float32).numpy().copy())

        return keep

    def _differences(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how far the pictures of some pairs are apart ``(n, 2)``, see :class:`PairFacts`."""
        read = [self.pairs.read(int(sample)) for sample in samples]
        rows = [(pair.squared_difference, pair.largest_difference) for pair in read]
        return np.array(rows, np.int64).reshape(-1, 2)


def count_classes(network: Network) -> int:
    """Return the number of outputs of a network for one picture; 0 where it returns no single row of numbers."""
    with torch.no_grad():
        found = network.module(network.trial(1, device_of(network.module)))
    return int(found.shape[1]) if isinstance(found, Tensor) and found.ndim == 2 else 0


def read_pairs(activations: PairActivations, _plan: ReadingPlan, piece: Piece) -> State:
    """Run the network over both pictures of some pairs."""
    return activations.read(piece.number)
