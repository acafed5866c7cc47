"""Network dissection, put together: from a network and pictures to the tables (Bau et al. 2020, eq. 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa

from unitscope.errors import UnitscopeError
from unitscope.experiments import fingerprints
from unitscope.experiments.dissection.activations import (
    Activations,
    expect_shards,
    known_before,
    read_shard,
)
from unitscope.experiments.dissection.chance import (
    Chance,
    Meetings,
    can_be_measured,
    meet_others,
    together,
    unmeasured,
)
from unitscope.experiments.dissection.exemplars import exemplar_table
from unitscope.experiments.dissection.findings import find_all
from unitscope.experiments.dissection.likeness import measure_strengths, similar_table
from unitscope.experiments.dissection.places import proven
from unitscope.experiments.dissection.plan import ReadingPlan, plan_reading
from unitscope.experiments.dissection.reading import ShardReader, ShardStatistics
from unitscope.experiments.dissection.regions import region_table
from unitscope.experiments.dissection.scoring import LayerScores, find_thresholds, score
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.dissection.tables import (
    Findings,
    concept_table,
    histogram_table,
    iou_table,
    layer_table,
    match_table,
    sample_table,
    unit_table,
)
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.pieces import Looked, Stage
from unitscope.experiments.samples import PictureSamples, Samples, called
from unitscope.experiments.skeleton import Experiment, Job, Table, run, skipped_records
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.weights import device_of, weights_hash
from unitscope.run.dissection import Dissection
from unitscope.run.fingerprint import Fingerprints
from unitscope.run.manifest import (
    DataRecord,
    GeneratorRecord,
    NetworkRecord,
    SettingsRecord,
    Values,
    VocabularyRecord,
    plain,
)
from unitscope.sources.base import PictureSource

NETWORK, CHANCE = "network", "chance"
"""The stages: the network reads every picture; the masks of its units meet other pictures."""


def run_dissection(
    model: Network | Generator,
    samples: Samples,
    *,
    layers: Sequence[str],
    out: Path,
    settings: DissectionSettings | None = None,
    grid_of: Mapping[str, tuple[int, int]] | None = None,
) -> Dissection:
    """Dissect layers of a model and write the run folder; resume where an earlier process stopped.

    Args:
        model: the network or generator, in eval mode on its device.
        samples: inputs with label maps; for a generator, :class:`GeneratedSamples`.
        layers: dotted module names.
        out: the run folder, new or of the same configuration.
        settings: see :class:`DissectionSettings`.
        grid_of: rows and columns of layers of which the user says how they are read.

    Returns:
        The finished run.

    Raises:
        UnitscopeError: a layer cannot be read, an activation is not finite, no picture opens, the folder is in use,
            belongs to another configuration or cannot be written.
    """
    if not layers:
        raise UnitscopeError(
            "no layer to dissect; name one with --layer, 'unitscope layers MODEL' lists them"
        )
    told = settings or DissectionSettings()
    return run(NetworkDissection(model, samples, layers, told, grid_of), Dissection, out)


class NetworkDissection(Experiment[Activations]):
    """Which concept every unit of some layers matches best.

    Args:
        model: the network or generator, in eval mode on its device.
        samples: inputs with label maps.
        layers: dotted module names.
        settings: what it is told.
        grid_of: rows and columns of layers of which the user says how they are read.
    """

    subject: Activations
    scores: dict[str, LayerScores]

    def __init__(
        self,
        model: Network | Generator,
        samples: Samples,
        layers: Sequence[str],
        settings: DissectionSettings,
        grid_of: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        self.model, self.samples, self.settings = model, samples, settings
        self.grid_of = dict(grid_of or {})
        with ThreadPoolExecutor(2) as pool:  # Hashing lets other threads run.
            weights, data = pool.submit(weights_hash, model.module), pool.submit(samples.describe)
            self.plan: ReadingPlan = plan_reading(
                model.module,
                samples,
                layers,
                settings=settings,
                device=device_of(model.module),
                grid_of=self.grid_of,
                precision=model.precision if isinstance(model, Network) else "fp32",
            )
        self._weights, self._data = weights.result(), data.result()

    @property
    def sources(self) -> Sequence[PictureSource]:
        """The pictures it reads; none where they are generated."""
        return [self.samples.pictures] if isinstance(self.samples, PictureSamples) else []

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples."""
        return [Looked(self.model.module, self.samples)]

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each."""
        return self.plan.caveats

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        model = self._network()
        deciding = ["generator"] if model.generator else ["input_size", "preprocessing"]
        if model.forward is not None:  # a file may move, and what it says decides
            deciding.append("forward_hash" if model.forward_hash else "forward")
        if model.precision != "fp32":
            deciding.append("precision")
        return {
            "model": {name: getattr(model, name) for name in ("name", "weights_hash", *deciding)},
            "layers": list(self.plan.by_layer),
            **plain(self._data),
            "grid": self.samples.grid,
            "settings": self.settings.deciding(),
            "shard_size": self.plan.shard_size,
            "channels_last": self.plan.channels_last,
            **({"grid_of": self.grid_of} if self.grid_of else {}),
            **({"scores": True} if self.settings.scores else {}),
        }

    def fingerprints(self) -> Fingerprints:
        """Return those of the network and its layers, and of what labels pictures; none where answers may be random."""
        model, samples = self.model, self.samples
        if self.settings.allow_random:
            return {}
        if isinstance(model, Network):
            if not isinstance(samples, PictureSamples):
                return {}
            asked = fingerprints.of_network(model, list(self.plan.by_layer))
        else:
            assert isinstance(samples, GeneratedSamples)
            asked = fingerprints.of_generator(model, list(self.plan.by_layer), samples.latents)
        return {**asked, **super().fingerprints()}

    def stages(self, job: Job) -> Iterator[Stage[Activations, ReadingPlan] | Stage[Activations, Meetings]]:
        """Ask the layers where their cells lie; read every picture once; label the units, and measure chance."""
        module, device = self.model.module, device_of(self.model.module)
        self.plan = proven(self.plan, self.model, self.samples, self.settings)
        reader = ShardReader(module, self.samples, self.plan, device)
        self.subject = Activations(
            job.folder, self.plan, reader=reader, concepts=len(self.samples.vocabulary), top=self.settings.top
        )
        self.subject.keep(self.settings.kept, self.settings.cache_bytes)
        parts = [self.plan.samples_of(shard) for shard in range(self.plan.shards)]
        ids, noun = self.samples.sample_ids, called(self.samples)
        then = "labels and exemplars"
        seed = self.model.reinitialized
        title = "reading the network" + ("" if seed is None else f" with random weights, seed {seed}")
        yield Stage(
            NETWORK,
            title,
            parts,
            read_shard,
            self.plan,
            ids,
            noun,
            then=then,
            ahead=expect_shards,
            after=known_before,
        )
        yield from self._meetings(job)

    def _meetings(self, job: Job) -> Iterator[Stage[Activations, Meetings]]:
        """Find thresholds and labels, and ask what these would match by chance."""
        activations, settings = self.subject, self.settings
        statistics = activations.merged()
        with job.timing("thresholds"):
            thresholds = find_thresholds(activations, statistics, settings.quantile)
        with job.timing("concepts"):
            self.scores = score(activations, statistics, thresholds, match=settings.match)
        maps = activations.label_maps
        if can_be_measured(maps, settings.null):
            maps.prepare()
            meetings = Meetings.of(self.scores, settings.null, settings.seed)
            numbers = [f"re-pairing {number}" for number in range(settings.null)]
            yield Stage(
                CHANCE,
                "meeting other pictures",
                meetings.parts(),
                meet_others,
                meetings,
                numbers,
                "re-pairings",
            )
            maps.forget()

    def _chance(self, job: Job) -> dict[str, Chance]:
        if not can_be_measured(self.subject.label_maps, self.settings.null):
            return unmeasured(self.scores)
        return together(self.scores, list(job.files(CHANCE)))

    def tables(self, job: Job) -> Iterator[tuple[str, Table]]:
        """Say how sure the labels are, and show the strongest pictures."""
        activations, settings, scores = self.subject, self.settings, self.scores
        statistics, thresholds = (
            activations.merged(),
            {name: each.thresholds for name, each in scores.items()},
        )
        findings = find_all(
            activations,
            statistics,
            scores,
            self._chance(job),
            vocabulary=self.samples.vocabulary,
            settings=settings,
            timing=job.timing,
        )
        self._counted = int(statistics.areas.points.sum())
        with ThreadPoolExecutor(1) as pool:  # Tables are Python's work, exemplars that of compiled loops.
            others = pool.submit(lambda: list(_tables(findings)))
            yield "samples", sample_table(self.samples.sample_ids, job.skipped(NETWORK))
            with job.timing("exemplars"):
                exemplars = exemplar_table(activations, statistics, thresholds)
            yield "exemplars", exemplars
            with job.timing("regions"):
                regions, similar = _seen(activations, statistics, scores, exemplars)
            yield "regions", regions
            yield "similar", similar
            yield from others.result()

    def outcome(self, job: Job) -> Mapping[str, object]:
        """Return what the manifest says of network, pictures and concepts."""
        samples, skipped, latents = self.samples, job.skipped(NETWORK), self._data.latents
        pictures, (rows, columns) = len(samples.sample_ids), samples.grid
        used = pictures - len(skipped)
        counting = samples.counting
        return {
            "model": self._network(),
            "data": DataRecord(
                name=samples.name,
                hash=self._data.pictures.hash,
                pictures=pictures,
                used=used,
                skipped=skipped_records(samples.sample_ids, skipped),
                latents=plain(latents) if latents else None,
            ),
            "concepts": VocabularyRecord(
                name=self._data.labels.name,
                hash=samples.vocabulary.content_hash,
                count=len(samples.vocabulary) - 1,
                categories=tuple(samples.vocabulary.categories),
                unlabelled=counting.unlabelled,
                ignored=counting.ignored,
                uncounted=1 - self._counted / (used * rows * columns),
            ),
            "segmenter": samples.segmenter if isinstance(samples, GeneratedSamples) else None,
            "layers": tuple(self.plan.by_layer),
            "plan": self.plan,
            "settings": self._settings(),
        }

    def _settings(self) -> SettingsRecord:
        """Return what it was told, as the manifest has it: settings of the same names, and grids."""
        known = {each.name for each in fields(SettingsRecord)}
        told = {name: value for name, value in vars(self.settings).items() if name in known}
        return SettingsRecord(**told, grid=self.samples.grid, grid_of=self.grid_of)

    def _network(self) -> NetworkRecord:
        model, size, generator = self.model, self.samples.size, None
        called = model.called if isinstance(model, Network) else None
        if isinstance(model, Generator):
            generator = GeneratorRecord(
                latent_shape=model.latent_shape, range=model.range, classes=model.classes, size=model.size
            )
        return NetworkRecord(
            name=model.name,
            weights_hash=self._weights,
            input_size=None if self.samples.generated else size,
            preprocessing=None if isinstance(model, Generator) else model.preprocessing.to_dict(),
            generator=generator,
            spec=model.spec,
            weights=model.weights,
            reinitialized=model.reinitialized,
            aliases=dict(model.aliases),
            forward=called.name if called else None,
            forward_hash=called.hash if called else "",
            precision=model.precision if isinstance(model, Network) else "fp32",
        )


def _seen(
    activations: Activations,
    statistics: ShardStatistics,
    scores: dict[str, LayerScores],
    exemplars: pa.Table,
) -> tuple[Table, Table]:
    """Look at single pictures once more: where units and labels are in them, and which units are alike."""
    shown = exemplars.select(["layer", "unit", "rank", "sample", "id", "picture", "peak"]).to_pandas()
    pictures = np.unique(shown["sample"].to_numpy(np.int64))
    strengths = measure_strengths(activations, statistics, scores, pictures)
    return region_table(activations, scores, strengths, shown), similar_table(strengths)


def _tables(findings: Findings) -> Iterator[tuple[str, Table]]:
    """Make one table after the other."""
    yield "iou", iou_table(findings)
    units = unit_table(findings)
    yield "units", units
    yield "layers", layer_table(findings, units)
    yield "matches", match_table(findings)
    yield "concepts", concept_table(findings)
    yield "histograms", histogram_table(findings)
