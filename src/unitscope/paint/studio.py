"""What a page asks of a canvas: its palette, pictures, and what the segmenter and the units say of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from unitscope.cache import Recent
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.look import units_by_layer
from unitscope.experiments.effects.subject import Subject
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.network import Source
from unitscope.nouns.reopened import layer_of
from unitscope.nouns.subject import reopen_subject
from unitscope.paint.canvas import Canvas
from unitscope.paint.cells import Grid, touched
from unitscope.paint.changes import ChangeReader, Changes, Labels, Selected
from unitscope.paint.palette import Entry, key_of, palette
from unitscope.paint.recipe import SCALE, GeneratorName, Latent, Stroke
from unitscope.run.dissection import Dissection

LABEL_BYTES = 32 << 20
SMALL_BYTES = 64 << 10
"""Pictures of so little are written as they are, which takes less time than to make less of them."""
MOST_LISTED = 50
"""Units that are listed at a place."""


class LatentsSaid(Struct, frozen=True):
    """The latents that a run looked into; `classes` are those taken in turn."""

    count: int
    seed: int
    classes: tuple[int, ...] | None


class Said(Struct, frozen=True):
    """What a page needs to know first."""

    title: str
    generator: GeneratorName
    layer: str
    grid: Grid
    size: Grid
    latents: LatentsSaid
    units: int
    segmenter: str
    palette: tuple[Entry, ...]
    levels: tuple[str, ...]
    default_units: int


class ThereUnit(Struct, frozen=True):
    """A unit at a cell: its activation, its label and whether it is above its threshold."""

    unit: int
    activation: float
    threshold: float
    concept: str | None
    iou: float
    on: bool


class UnitMap(Struct, frozen=True):
    """The activation of a unit, row by row, and its label."""

    grid: Grid
    activation: tuple[float, ...]
    threshold: float
    concept: str | None
    iou: float
    interval: tuple[float, float] | None
    stable: bool


class Studio:
    """A canvas with a palette and a segmenter.

    Args:
        canvas: what is painted on.
        subject: the same layer, with what labels its pictures.
        units: that are taken of a concept by default.
    """

    def __init__(self, canvas: Canvas, subject: Subject, units: int) -> None:
        self.canvas, self.subject, self.units_by_default = canvas, subject, units
        self.changed = ChangeReader(subject.vocabulary, subject.layer.grid, subject.samples.grid)
        self._labels = Recent[tuple[Latent, tuple[Stroke, ...]], Labels](
            LABEL_BYTES, lambda labels: labels.nbytes + 500
        )

    @classmethod
    def open(
        cls,
        run: Dissection,
        layer: str,
        concepts: ConceptsLike | None = None,
        source: Source | None = None,
        *,
        device: str | None = None,
        units: int = 20,
    ) -> Studio:
        """Open a layer of a run.

        Raises:
            UnitscopeError: the run is of no generator, has no such layer, or its generator or segmenter cannot be had
                again as they were.
        """
        subject = reopen_subject(run, layer_of(run, layer).name, concepts, source, device=device)
        samples = subject.samples
        # The loop over cells is compiled before anybody waits for it.
        touched(Stroke("erase", (0,), path=((0, 0),), radius=0), subject.layer.grid)
        return cls(Canvas.of(run, samples.generator, subject.layer, samples.latents), subject, units)

    @cached_property
    def said(self) -> Said:
        """What a page needs to know first."""
        run, layer, samples = self.canvas.run, self.subject.layer, self.subject.samples
        return Said(
            title=run.network.name,
            generator=self.canvas.name,
            layer=layer.name,
            grid=layer.grid,
            size=samples.generator.size,
            latents=LatentsSaid(len(samples.latents), samples.latents.seed, samples.latents.classes or None),
            units=layer.units,
            segmenter=samples.labeller.name,
            palette=palette(run, layer.name, self.units_by_default),
            levels=self.canvas.levels.offered,
            default_units=self.units_by_default,
        )

    def picture(self, latent: Latent, strokes: Sequence[Stroke], size: int | None = None) -> bytes:
        """Draw a picture as PNG.

        Args:
            latent: any.
            strokes: in order.
            size: the longest side at most, in pixels; as large as the generator makes it when None.

        Raises:
            UnitscopeError: latent or strokes do not fit, or the generator fails.
        """
        return png(self.canvas.picture(latent, strokes), size)

    def labels(self, latent: Latent, strokes: Sequence[Stroke]) -> Labels:
        """Return the label map of a picture ``(P, gh, gw)``."""
        on = tuple(stroke for stroke in strokes if stroke.on)
        samples = self.subject.samples
        return self._labels.made(
            (latent, on), lambda: samples.label(self.canvas.picture(latent, on)[None])[0]
        )

    def changes(self, latent: Latent, strokes: Sequence[Stroke]) -> Changes:
        """Compare a picture as it is with the one with strokes.

        Raises:
            UnitscopeError: they do not fit, or generator or segmenter fail.
        """
        filled = self.canvas.fill(strokes)
        cells = [self.canvas.painter.cells(stroke) for stroke in filled]
        return self.changed.compare(self.labels(latent, ()), self.labels(latent, filled), filled, cells)

    def region(self, latent: Latent, strokes: Sequence[Stroke], place: tuple[int, int]) -> Selected:
        """Return what the segmenter sees at a place ``(x, y)``, as far as it is connected."""
        return self.changed.region(self.labels(latent, self.canvas.fill(strokes)), place, SCALE)

    @cached_property
    def _table(self) -> pd.DataFrame:
        return units_by_layer(self.canvas.run)[self.subject.layer.name]

    def _activation(self, latent: Latent, strokes: Sequence[Stroke]) -> NDArray[np.float32]:
        found = self.canvas.painter.activation(self.canvas.latents.read(latent), self.canvas.fill(strokes))
        values: NDArray[np.float32] = found[0].float().cpu().numpy()
        return values

    def units(self, latent: Latent, strokes: Sequence[Stroke], cell: tuple[int, int]) -> list[ThereUnit]:
        """Return the units above their threshold at a cell ``(row, column)``, the strongest of its kind first.

        Raises:
            UnitscopeError: there is no such cell, or latent or strokes do not fit.
        """
        (row, column), (rows, columns) = cell, self.subject.layer.grid
        if row >= rows or column >= columns:
            raise UnitscopeError(f"there is no cell at row {row}, column {column} of {rows}x{columns}")
        values = self._activation(latent, strokes)[:, row, column]
        thresholds = self.canvas.levels.thresholds
        scale = np.maximum(np.abs(thresholds), np.finfo(np.float32).tiny)
        order = np.argsort(-(values - thresholds) / scale, kind="stable")
        return [
            ThereUnit(unit, float(values[unit]), float(thresholds[unit]), *self._label(unit), on=True)
            for unit in order.tolist()
            if values[unit] > thresholds[unit]
        ][:MOST_LISTED]

    def unit(self, latent: Latent, strokes: Sequence[Stroke], unit: int) -> UnitMap:
        """Return where a unit is on, and what it is.

        Raises:
            UnitscopeError: the layer has no such unit, or latent or strokes do not fit.
        """
        if unit >= self.subject.layer.units:
            raise UnitscopeError(
                f"unit {unit} is not in layer {self.subject.layer.name!r}, which has {self.subject.layer.units} units"
            )
        values, row = self._activation(latent, strokes)[unit], self._table.iloc[unit]
        ends = float(row["iou_low"]), float(row["iou_high"])
        return UnitMap(
            self.subject.layer.grid,
            tuple(values.ravel().tolist()),
            float(self.canvas.levels.thresholds[unit]),
            *self._label(unit),
            ends if np.isfinite(ends).all() else None,
            bool(row["label_stable"]),
        )

    def _label(self, unit: int) -> tuple[str | None, float]:
        row = self._table.iloc[unit]
        concept = None if pd.isna(row["concept"]) else key_of(str(row["concept"]), str(row["category"]))
        return concept, float(row["iou"])


def png(picture: NDArray[np.uint8], size: int | None = None) -> bytes:
    """Return a picture ``(H, W, 3)`` as PNG, its longest side of `size` pixels at most."""
    image = Image.fromarray(picture)
    if size is not None and size < max(image.size):
        image.thumbnail((size, size), Image.Resampling.BOX)
    small = 3 * image.width * image.height <= SMALL_BYTES
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0 if small else 1)
    return buffer.getvalue()
