"""The work on latents in shards, what it will take, and how a folder is completed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.settings import EffectSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.pieces import Piece, Stages, ranges
from unitscope.progress import duration, say, visible
from unitscope.run.folder import RunFolder, open_for_writing
from unitscope.run.storage import Arrays

SHARD_PICTURES = 2048
"""Pictures that a shard makes, about: little work is lost where one is interrupted."""
MEASURE = "measure"
"""The one question of all shards."""


class Work:
    """The measurement of one folder: batches of latents in shards.

    Batches are those of the configuration, wherever an earlier process stopped.

    Args:
        subject: the layer.
        settings: latents and batch size.
        folder: where shards are committed.
        variants: pictures made of each latent besides the one as it is.
    """

    def __init__(
        self, subject: Subject, settings: EffectSettings, folder: RunFolder, *, variants: int
    ) -> None:
        self.subject, self.variants = subject, variants
        self.batch_size = settings.batch_size or subject.batch_size
        latents = subject.latents(settings)
        fitting = max(SHARD_PICTURES // (variants + 1), 1)
        self.at_once = min(self.batch_size, fitting)
        size = fitting // self.at_once * self.at_once
        pieces = [Piece(number, part) for number, part in enumerate(ranges(latents, size))]
        self.stages = Stages(folder, {MEASURE: pieces})

    def edited(self) -> EditedGenerator:
        """Cut the generator; one that cannot be cut is said to be slow."""
        with self.subject.timing("cut"):
            found = EditedGenerator.cut(self.subject.samples, self.subject.layer, self.batch_size)
        if found.replay.whole:
            say(
                f"the generator is run as a whole for every picture, which is slow: {found.replay.reason}",
                show=self.subject.show,
            )
        return found

    def batches(self, piece: Piece) -> Iterator[range]:
        """Yield the latents of a shard's batches."""
        for part in ranges(len(piece.samples), self.at_once):
            yield piece.samples[part.start : part.stop]

    def complete(
        self, edited: EditedGenerator, measure: Callable[[Iterator[range]], Arrays], *, title: str
    ) -> None:
        """Do the shards that are not there yet.

        Args:
            edited: the generator.
            measure: returns the arrays of a shard from its batches of latents.
            title: for the progress bar.
        """
        with self.subject.timing(MEASURE):
            self._say_cost(edited)
            self.stages.complete(
                MEASURE,
                lambda piece: (measure(self.batches(piece)), {}),
                title=title,
                show=self.subject.show,
            )

    def _say_cost(self, edited: EditedGenerator) -> None:
        """Say how many pictures there are to make, and how long they take by the time of a batch."""
        missing = self.stages.missing(MEASURE)
        latents = sum(len(piece.samples) for piece in missing)
        if not latents or not visible(self.subject.show):
            return
        pictures = latents * (self.variants + 1)
        seconds = time_edited(edited, missing[0].samples[: self.at_once]) * pictures
        say(
            f"{latents:,} latents, {self.variants:,} variants of each: {pictures:,} pictures to generate and segment, "
            f"about {duration(seconds)}",
            show=self.subject.show,
        )


def time_edited(edited: EditedGenerator, few: range) -> float:
    """Return the seconds that a picture takes whose activation is edited, by a few of them."""
    base = edited.base(few)  # it is to warm up, too
    start = time.perf_counter()
    for _ in edited.drawn(
        base, np.arange(len(few)), lambda _, activation: activation / 2, name=lambda _: "a trial"
    ):
        pass
    return (time.perf_counter() - start) / len(few)


def complete_folder(
    out: Path, config: dict[str, Any], kind: str, complete: Callable[[RunFolder], dict[str, Any]]
) -> None:
    """Write a folder, or go on where an earlier process stopped; one that is complete is left as it is.

    Args:
        out: the folder, new or of the same configuration.
        config: everything that decides the results.
        kind: of the run.
        complete: does what is missing and writes the tables; returns the summary.

    Raises:
        UnitscopeError: the folder is in use, belongs to another configuration or cannot be written.
    """
    with open_for_writing(out, config, kind=kind) as folder:
        if folder.manifest["status"] != "complete":
            folder.update_manifest(summary=complete(folder), status="complete")
