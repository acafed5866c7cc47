"""The work in pieces that are committed one by one, so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.importance.images import ClassedImages, Split
from unitscope.progress import stage
from unitscope.run.folder import RunFolder
from unitscope.run.storage import ArrayFile, Arrays
from unitscope.stats import PredictionChanges

SHARD_IMAGES = 64
"""Images of a shard, about: little work is lost where one is interrupted."""

Work = Callable[["Piece"], tuple[Arrays, dict[int, str]]]
"""Returns the arrays of a piece, and which images were left out and why."""


@dataclass(frozen=True)
class Piece:
    """A shard: one question about some images."""

    number: int
    split: Split
    images: range


@dataclass(frozen=True)
class Pieces:
    """All shards of an importance, by question, in the order in which they are done."""

    folder: RunFolder
    by_stage: dict[str, list[Piece]] = field(default_factory=dict)

    @classmethod
    def plan(cls, folder: RunFolder, images: ClassedImages, *, batch_size: int, means: bool) -> Pieces:
        """Plan the shards: `means` of units where they are needed, units alone on `train` and `val`, and `sets`."""
        asked = [("means", images.train)] if means else []
        asked += [("train", images.train), ("val", images.val), ("sets", images.val)]
        size = max(SHARD_IMAGES // batch_size, 1) * batch_size
        by_stage: dict[str, list[Piece]] = {}
        number = 0
        for name, split in asked:
            starts = range(0, len(split), size)
            parts = [range(start, min(start + size, len(split))) for start in starts]
            by_stage[name] = [Piece(number + i, split, part) for i, part in enumerate(parts)]
            number += len(parts)
        return cls(folder, by_stage)

    def complete(self, name: str, work: Work, *, title: str, show: bool | None) -> None:
        """Do the shards of a question that are not there yet."""
        pieces = self.by_stage[name]
        missing = self.missing(name)
        total = sum(len(piece.images) for piece in pieces)
        done = total - sum(len(piece.images) for piece in missing)
        with stage(title, total, done=done, show=show) as advance:
            for piece in missing:
                arrays, skipped = work(piece)
                self.folder.commit_shard(piece.number, arrays, note={"skipped": json.dumps(skipped)})
                advance(len(piece.images))

    def missing(self, name: str) -> list[Piece]:
        """Return the shards of a question that are not there yet."""
        return [piece for piece in self.by_stage[name] if not self.folder.shard_path(piece.number).is_file()]

    def files(self, name: str) -> Iterator[ArrayFile]:
        """Open the shards of a question, in order."""
        for piece in self.by_stage[name]:
            yield self.folder.open_shard(piece.number)

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
        merged: PredictionChanges | None = None
        for file in self.files(name):
            part = PredictionChanges(0, 0)
            part.load_state_dict(file.below("changes"))
            if merged is None:
                merged = part
            else:
                merged.merge(part)
        assert merged is not None
        return merged

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
