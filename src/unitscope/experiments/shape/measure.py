"""Texture against shape, put together: from the units of a run and pairs of pictures to the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from unitscope.concepts.silhouettes import Silhouettes
from unitscope.experiments.dissection.activations import known_before
from unitscope.experiments.dissection.look import units_by_layer
from unitscope.experiments.dissection.plan import ReadingPlan, plan_reading
from unitscope.experiments.fingerprints import SEGMENTERS, of_segmenters
from unitscope.experiments.pieces import Looked, Stage
from unitscope.experiments.samples import ALL
from unitscope.experiments.shape.exemplars import exemplar_table, shown_units
from unitscope.experiments.shape.scoring import overlaps, pair_levels
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.experiments.shape.sides import PairActivations, count_classes, read_pairs, side_samples
from unitscope.experiments.shape.tables import (
    Findings,
    concept_table,
    histogram_table,
    layer_table,
    pair_table,
    unit_table,
)
from unitscope.experiments.skeleton import Experiment, Job, Table, run
from unitscope.models.network import Network
from unitscope.models.weights import device_of
from unitscope.run.dissection import Dissection
from unitscope.run.fingerprint import Fingerprints
from unitscope.run.manifest import Values
from unitscope.run.numbers import Score
from unitscope.run.question_summaries import ShapeLayer, ShapeSummary
from unitscope.run.shape import Shape
from unitscope.run.summaries import LeftOut, PicturesRead
from unitscope.sources.base import PictureSource
from unitscope.sources.pairs import PicturePairs
from unitscope.stats import PairAnswers, PairChanges, PairFacts, UnitChanges
from unitscope.stats.inference import bootstrap_means

PAIRS = "pairs"
"""The one stage: the network reads both pictures of every pair."""


def run_shape(
    dissected: Dissection,
    network: Network,
    pairs: PicturePairs,
    out: Path,
    *,
    alteration: str,
    layers: Sequence[str],
    settings: ShapeSettings,
) -> Shape:
    """Read both pictures of every pair and compare the masks of every unit; write the folder, or go on with it.

    Args:
        dissected: the run that units, labels and preprocessing come from.
        network: its network, in eval mode on its device.
        pairs: framed for the network.
        out: the folder, new or of the same configuration.
        alteration: what was done to the pictures, in words.
        layers: module names of layers of the run.
        settings: see :class:`ShapeSettings`.

    Raises:
        UnitscopeError: no pair can be read, the network fails, an activation is not finite, or the folder is in use,
            belongs to another configuration or cannot be written.
    """
    experiment = ShapeExperiment(
        dissected, network, pairs, alteration=alteration, layers=layers, settings=settings
    )
    return run(experiment, Shape, out)


class ShapeExperiment(Experiment[PairActivations]):
    """Which units keep their masks when pictures are altered.

    Args:
        dissected: the run that units, labels and preprocessing come from.
        network: its network.
        pairs: framed for the network.
        alteration: in words.
        layers: module names.
        settings: what it is told.
    """

    def __init__(
        self,
        dissected: Dissection,
        network: Network,
        pairs: PicturePairs,
        *,
        alteration: str,
        layers: Sequence[str],
        settings: ShapeSettings,
    ) -> None:
        self.dissected, self.network, self.pairs = dissected, network, pairs
        self.alteration, self.settings = alteration, settings
        preprocessing, grid = network.preprocessing, dissected.grid
        sides = tuple(side_samples(pairs, altered, preprocessing, grid) for altered in (False, True))
        self.plan: ReadingPlan = plan_reading(
            network.module,
            sides[0],
            layers,
            settings=dissected.settings,
            device=device_of(network.module),
            grid_of={name: grid for name, grid in dissected.settings.grid_of.items() if name in layers},
            precision=network.precision,
        )
        classes = count_classes(network)
        self.subject = PairActivations(network.module, pairs, (sides[0], sides[1]), self.plan, classes)

    @property
    def quantile(self) -> float:
        """Fraction of pixels above a threshold."""
        given = self.settings.quantile
        return self.dissected.settings.quantile if given is None else given

    @property
    def sources(self) -> Sequence[PictureSource]:
        """The pictures it reads; none where they are generated."""
        return [self.pairs.originals, self.pairs.altered]

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples."""
        return [Looked(self.network.module, side) for side in self.subject.sides]

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each."""
        return ReadingPlan.of(self.dissected).caveats

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        dissected = self.dissected
        return {
            "run": {
                "hash": dissected.configuration_hash,
                "weights_hash": dissected.network.weights_hash,
            },
            "layers": list(self.plan.by_layer),
            "alteration": self.alteration,
            "pairs": {
                "name": self.pairs.name,
                "count": len(self.pairs),
                "hash": self.pairs.content_hash,
            },
            "settings": {**self.settings.deciding(), "quantile": self.quantile},
            "shard_size": self.plan.shard_size,
            "channels_last": self.plan.channels_last,
        }

    def fingerprints(self) -> Fingerprints:
        """Return those of what labels pictures for silhouettes."""
        drawn = self.pairs.altered
        if not isinstance(drawn, Silhouettes):
            return {}
        return {SEGMENTERS: of_segmenters(drawn.labeller, self.network.preprocessing.size)}

    def stages(self, job: Job) -> Iterator[Stage[PairActivations, ReadingPlan]]:
        """Read both pictures of every pair once."""
        told = self.settings
        self.subject.open(job.folder, top=told.top, quantile=self.quantile, budget=told.cache_bytes)
        parts = [self.plan.samples_of(shard) for shard in range(self.plan.shards)]
        cost = f"{2 * len(self.pairs):,} pictures to read"
        yield Stage(
            PAIRS,
            "reading pairs",
            parts,
            read_pairs,
            self.plan,
            self.subject.sides[0].sample_ids,
            "pairs",
            cost,
            after=known_before,
        )

    def tables(self, job: Job) -> Iterator[tuple[str, Table]]:
        """Find thresholds of both sets, then how masks overlap."""
        activations, told = self.subject, self.settings
        with job.timing("thresholds"):
            levels = pair_levels(activations, self.dissected, told, self.quantile)
        with job.timing("overlap"):
            found = overlaps(activations, levels, told)
        changes = {layer: self._changes(job, layer) for layer in self.plan.by_layer}
        findings = Findings(self._labels(), levels, found, changes, told)
        units = unit_table(findings)
        yield "units", units
        concepts = self.dissected.manifest.concepts
        assert concepts is not None
        self._layers = layer_table(findings, units, concepts.categories)
        yield "layers", self._layers
        yield "concepts", concept_table(units)
        yield "histogram", histogram_table(units)
        self._facts = job.merged(PAIRS, lambda: PairAnswers(activations.classes), below="answers").result()
        ids = self.subject.sides[0].sample_ids
        yield "pairs", pair_table(ids, self._facts, job.skipped(PAIRS), self.network.classes)
        with job.timing("exemplars"):
            shown = shown_units(units, told.shown)
            yield "exemplars", exemplar_table(activations, findings, shown, job.folder.path)

    def _changes(self, job: Job, layer: str) -> UnitChanges:
        units = self.plan.by_layer[layer].layer.units
        return job.merged(PAIRS, lambda: PairChanges(units), below=f"changes/{layer}").result()

    def _labels(self) -> dict[str, pd.DataFrame]:
        tables = units_by_layer(self.dissected)
        return {layer: tables[layer] for layer in self.plan.by_layer}

    def outcome(self, job: Job) -> Mapping[str, object]:
        """Return what survives, and delete the activations, which nobody asks again."""
        skipped, facts, told = job.skipped(PAIRS), self._facts, self.settings
        job.folder.drop_cache()
        ids = self.subject.sides[0].sample_ids
        together = self._layers[self._layers["category"] == ALL]
        summary = ShapeSummary(
            **vars(self.dissected.identity()),
            alteration=self.alteration,
            pictures=PicturesRead(self.pairs.name, self.pairs.content_hash),
            pairs=len(facts.samples),
            skipped=tuple(LeftOut(ids[number], why) for number, why in skipped.items()),
            quantile=self.quantile,
            survive=told.survive,
            layers=tuple(_layer(row) for row in together.itertuples(index=False)),
            changed=_changed(facts, told),
            l2=float(np.median(facts.l2)),
            largest=float(np.median(facts.largest)),
            settings=told.deciding(),
        )
        return {"summary": summary}


def _layer(row: object) -> ShapeLayer:
    said = row._asdict()  # type: ignore[attr-defined]
    return ShapeLayer(
        layer=str(said["layer"]),
        units=int(said["units"]),
        detectors=int(said["detectors"]),
        surviving=Score.of(said["surviving_share"], said["surviving_low"], said["surviving_high"]),
        surviving_by_chance=int(said["surviving_by_chance"]),
        above_chance=int(said["above_chance"]),
        median_iou=Score.of(said["median_iou"]).value,
        median_chance=Score.of(said["median_chance"]).value,
    )


def _changed(facts: PairFacts, told: ShapeSettings) -> Score | None:
    """Return the share of pairs whose prediction changes; None where the network predicts no class."""
    predictions = facts.predictions
    if not facts.outputs.shape[2]:
        return None
    changed = (predictions[:, :1] != predictions[:, 1:]).astype(np.float64)
    (share,), (low,), (high,) = bootstrap_means(changed, facts.samples, told.replicates, told.seed)
    return Score.of(share, low, high)
