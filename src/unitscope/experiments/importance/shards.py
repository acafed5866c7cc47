"""The work in pieces that are committed one by one, so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments import pieces
from unitscope.experiments.importance.images import ClassedImages, Split
from unitscope.run.folder import RunFolder
from unitscope.run.storage import Arrays
from unitscope.stats import PredictionChanges

SHARD_IMAGES = 64
"""Images of a shard, about: little work is lost where one is interrupted."""

Work = Callable[["Piece"], tuple[Arrays, dict[int, str]]]
"""Returns the arrays of a piece, and which images were left out and why."""


@dataclass(frozen=True)
class Piece(pieces.Piece):
    """A shard: one question about some images of a split."""

    split: Split


class Pieces(pieces.Stages[Piece]):
    """All shards of an importance, by question, in the order in which they are done."""

    @classmethod
    def plan(cls, folder: RunFolder, images: ClassedImages, *, batch_size: int, means: bool) -> Pieces:
        """Plan the shards: `means` of units where they are needed, units alone on `train` and `val`, and `sets`."""
        asked = [("means", images.train)] if means else []
        asked += [("train", images.train), ("val", images.val), ("sets", images.val)]
        size = max(SHARD_IMAGES // batch_size, 1) * batch_size
        by_stage: dict[str, list[Piece]] = {}
        number = 0
        for name, split in asked:
            parts = pieces.ranges(len(split), size)
            by_stage[name] = [Piece(number + i, part, split) for i, part in enumerate(parts)]
            number += len(parts)
        return cls(folder, by_stage)

    def work(self, name: str, work: Work, *, title: str, show: bool | None) -> None:
        """Do the shards of a question that are not there yet."""

        def noted(piece: Piece) -> tuple[Arrays, dict[str, str]]:
            arrays, skipped = work(piece)
            return arrays, {"skipped": json.dumps(skipped)}

        self.complete(name, noted, title=title, show=show)

    def skipped(self, name: str) -> dict[int, str]:
        """Return which images were left out, and why."""
        found: dict[int, str] = {}
        for file in self.files(name):
            found.update({int(sample): why for sample, why in json.loads(file.note["skipped"]).items()})
        return found

    def samples(self, piece: Piece) -> NDArray[np.int64]:
        """Return the val images of a `sets` shard that could be read: those of the same shard of units alone."""
        place = self.by_stage["sets"].index(piece)
        read: NDArray[np.int64] = self.folder.open_shard(self.by_stage["val"][place].number)["samples"]
        return read

    def changes(self, name: str) -> PredictionChanges:
        """Merge what removing units alone changes."""
        first = next(self.files(name)).below("changes")["shape"]

        def empty() -> PredictionChanges:
            return PredictionChanges(int(first[0]), int(first[1]))

        return self.merged(name, empty(), empty, below="changes")

    def falls(self, outputs: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the mean fall of log-probability without each unit on the train images of each class ``(U, C)``.

        Args:
            outputs: the classes.
            labels: of every train image ``(N,)``.
        """
        sums: NDArray[np.float64] | None = None
        counts = np.zeros(len(outputs), np.int64)
        for file in self.files("train"):
            fall, own = file["fall"].astype(np.float64), labels[file["samples"]]
            sums = np.zeros((fall.shape[1], len(outputs))) if sums is None else sums
            for place, output in enumerate(outputs):
                sums[:, place] += fall[own == output].sum(0)
                counts[place] += int((own == output).sum())
        assert sums is not None
        return sums / np.maximum(counts, 1)
