"""A layer of a generator, and what a dissection found of its units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.classification.groups import concept_numbers
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.experiments.effects.settings import EffectSettings
from unitscope.experiments.generated import GeneratedSamples
from unitscope.layer.hooks import LayerGrid
from unitscope.run.dissection import Dissection
from unitscope.run.manifest import Values, plain
from unitscope.run.summaries import RunIdentity
from unitscope.stats.intersection import half_of

CHOICE, MEASURED = range(2)
"""The half of the latents that units are chosen on, and the one that they are measured on."""


@dataclass(frozen=True)
class UnitMatches:
    """How the U units of a layer match C label values, "nothing" included.

    Attributes:
        iou: IoU of every unit with every concept ``(U, C)``; 0 for nothing.
        thresholds: activation that each unit exceeds on the quantile of the dissection ``(U,)`` float32.
        pixels: pixels of each concept in all pictures of the dissection ``(C,)``.
    """

    iou: NDArray[np.float64]
    thresholds: NDArray[np.float32]
    pixels: NDArray[np.int64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label value of the concept that each unit matches best ``(U,)``; 0 where it matches none."""
        best = self.iou.argmax(1)
        return np.where(self.iou.max(1) > 0, best, 0)

    def ranked(self, concept: int) -> NDArray[np.int64]:
        """Return the units from the highest IoU with a concept to the lowest ``(U,)``; equal ones by number."""
        return np.argsort(-self.iou[:, concept], kind="stable")


def read_matches(run: Dissection, layer: str, vocabulary: Vocabulary) -> UnitMatches:
    """Read what a run found of the units of one of its layers.

    Args:
        run: a finished run.
        layer: module name of the layer.
        vocabulary: of the label maps that effects are measured on; numbers are those of this one.
    """
    units = run.units[run.units["layer"] == layer].sort_values("unit")
    found = run.table("iou")
    found = found[found["layer"] == layer]
    iou, pixels = np.zeros((len(units), len(vocabulary))), np.zeros(len(vocabulary), np.int64)
    iou[found["unit"], _numbers(vocabulary, found["concept"], found["category"])] = found["iou"]
    pixels[_numbers(vocabulary, run.concepts["name"], run.concepts["category"])] = run.concepts["pixels"]
    iou[:, 0] = pixels[0] = 0
    return UnitMatches(iou, units["threshold"].to_numpy(np.float32, copy=True), pixels)


def half_matches(run: Dissection, scores: LayerScores, vocabulary: Vocabulary) -> UnitMatches:
    """Return what the latents that units are chosen on say of the units of a layer.

    Args:
        run: a finished run.
        scores: of the layer, with the concepts of the run.
        vocabulary: as in :func:`read_matches`.
    """
    concepts = run.concepts.sort_values("number")
    numbers = _numbers(vocabulary, concepts["name"], concepts["category"])
    iou = np.zeros((len(scores.thresholds), len(vocabulary)))
    pixels = np.zeros(len(vocabulary), np.int64)
    iou[:, numbers] = scores.iou(CHOICE)[:, 1:]
    pixels[numbers] = scores.concept_pixels[CHOICE, 1:]
    iou[:, 0] = pixels[0] = 0
    return UnitMatches(iou, scores.thresholds, pixels)


def _numbers(vocabulary: Vocabulary, names: pd.Series[str], categories: pd.Series[str]) -> NDArray[np.int64]:
    """Return the label values of concepts of a run; 0 for those that another segmenter does not know."""
    known = {(concept.name, concept.category): n for n, concept in enumerate(vocabulary) if concept}
    return np.array([known.get(pair, 0) for pair in zip(names, categories, strict=True)], np.int64)


@dataclass(frozen=True)
class Subject:
    """A layer of a generator whose units are intervened on.

    Attributes:
        samples: the generator, its latents and what labels its pictures.
        layer: how the layer is read.
        matches: what the dissection found of its units.
        run: the dissection.
        batch_size: pictures that are generated and segmented at once, unless settings say.
        half: what half of the latents alone say of its units, where these are chosen on half of them.
        caveats: what to know of where its cells lie, a line each.
    """

    samples: GeneratedSamples
    layer: LayerGrid
    matches: UnitMatches
    run: RunIdentity
    batch_size: int = 16
    half: UnitMatches | None = None
    caveats: tuple[str, ...] = ()

    @property
    def vocabulary(self) -> Vocabulary:
        """Concepts of the label maps."""
        return self.samples.vocabulary

    @property
    def points(self) -> int:
        """Points of the pixel grid of a picture."""
        return self.samples.grid[0] * self.samples.grid[1]

    def measured(self, settings: EffectSettings) -> range:
        """Return the numbers of the latents that are looked at: the first of the run, or of those of its other half.

        Raises:
            UnitscopeError: the run has fewer.
        """
        count = len(self.samples.latents)
        able = half_of(count, MEASURED) if settings.halved else range(count)
        if not able:
            raise UnitscopeError(
                f"the run has {count} latent, so that units cannot be chosen on half of them; give --choose-on all, or "
                "dissect with more --latents"
            )
        if settings.latents is not None and settings.latents > len(able):
            other = " besides those that units are chosen on" if settings.halved else ""
            way = ", --choose-on all" if settings.halved else ""
            raise UnitscopeError(
                f"{settings.latents:,} latents are asked for, the run has {len(able):,}{other}; give a number up to "
                f"{len(able)}{way}, or dissect with more --latents"
            )
        return able[: settings.latents]

    def choosing(self, settings: EffectSettings) -> UnitMatches:
        """Return what units are chosen by: what half of the latents say, or all of them."""
        if not settings.halved:
            return self.matches
        if self.half is None:
            raise ValueError(
                "units are to be chosen on half of the latents, and nothing is known of these alone"
            )
        return self.half

    def chosen_on(self, settings: EffectSettings) -> int:
        """Return how many latents units are chosen on, by IoU."""
        count = len(self.samples.latents)
        return len(half_of(count, CHOICE)) if settings.halved else count

    def ranked(self, concept: int, settings: EffectSettings, option: str = "--concept") -> NDArray[np.int64]:
        """Return the units from the best for a concept to the worst, by IoU on the latents that are to choose ``(U,)``.

        Raises:
            UnitscopeError: no unit matches it there.
        """
        matches = self.choosing(settings)
        if not matches.iou[:, concept].any():
            raise UnitscopeError(
                f"no unit of layer {self.layer.name!r} shares a pixel with {option} {str(self.vocabulary[concept])!r} "
                "in the half of the latents that units are chosen on; give --choose-on all, or dissect with more "
                "--latents"
            )
        return matches.ranked(concept)

    def configuration(self, settings: EffectSettings, **more: object) -> Values:
        """Return everything that decides the results.

        Raises:
            UnitscopeError: the run has fewer latents than are asked for.
        """
        chosen = {
            "latents": len(self.measured(settings)),
            "batch_size": settings.batch_size or self.batch_size,
        }
        return {
            "run": {"run_hash": self.run.run_hash, "weights_hash": self.run.weights_hash},
            "layer": self.layer.name,
            **plain(self.samples.describe()),
            "settings": settings.deciding() | chosen,
            **more,
        }

    def concept(self, word: str, option: str = "--concept") -> int:
        """Return the label value of a concept that units can be ranked for.

        A name that several categories share stands for the one that units match, if there is just one.

        Raises:
            UnitscopeError: it is unknown, stands for several concepts, is in no picture, or no unit matches it.
        """
        numbers = concept_numbers(word, self.vocabulary)
        shown = numbers[self.matches.iou[:, numbers].any(0)]
        if len(shown) == 1:
            numbers = shown
        if len(numbers) > 1:
            names = " or ".join(repr(str(self.vocabulary[int(number)])) for number in numbers)
            raise UnitscopeError(f"{option} {word!r} stands for {len(numbers)} concepts; write {names}")
        number = int(numbers[0])
        if not self.matches.pixels[number]:
            raise UnitscopeError(
                f"{option} {word!r} never appears in the pictures of the run; choose one that does, its concepts "
                "table counts the pixels of each"
            )
        if not self.matches.iou[:, number].any():
            raise UnitscopeError(
                f"no unit of layer {self.layer.name!r} shares a pixel with {option} {word!r} above its threshold; "
                "choose a concept or layer that 'unitscope units' lists"
            )
        return number

    def check_size(self, size: int, option: str = "--units") -> None:
        """Refuse a set that is larger than the layer.

        Raises:
            UnitscopeError: it is.
        """
        if size > self.layer.units:
            raise UnitscopeError(
                f"{option} {size} does not fit layer {self.layer.name!r}, which has {self.layer.units} units; give a "
                f"number from 1 to {self.layer.units}"
            )
