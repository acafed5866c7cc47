"""Network dissection: label every unit with the concept it matches best (Bau et al. 2020, eq. 1)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import torch

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.activations import Activations, ShardReader
from unitscope.experiments.dissection.exemplars import exemplar_table
from unitscope.experiments.dissection.plan import ReadingPlan, plan_reading
from unitscope.experiments.dissection.scoring import bootstrap, find_thresholds, score
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
from unitscope.experiments.samples import Samples
from unitscope.models.generators import Generator
from unitscope.models.registry import Model
from unitscope.models.weights import weights_hash
from unitscope.progress import stage
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.folder import open_for_writing


def run_dissection(
    model: Model | Generator,
    samples: Samples,
    *,
    layers: Sequence[str],
    out: Path,
    settings: DissectionSettings | None = None,
    about: dict[str, Any] | None = None,
    show: bool | None = None,
) -> Dissection:
    """Dissect layers of a model and write the run folder; resume where an earlier process stopped.

    Args:
        model: the network or generator, in eval mode on its device.
        samples: inputs with label maps; for a generator, :class:`GeneratedSamples`.
        layers: dotted module names.
        out: the run folder, new or of the same configuration.
        settings: see :class:`DissectionSettings`.
        about: facts for the manifest that decide nothing, such as the command line.
        show: force progress bars on or off; by default they show on a terminal.

    Returns:
        The finished run.

    Raises:
        UnitscopeError: a layer cannot be read, an activation is not finite, no picture opens, the folder is in use,
            belongs to another configuration or cannot be written.
    """
    settings = settings or DissectionSettings()
    if not layers:
        raise UnitscopeError(
            "no layer to dissect; name one with --layer, 'unitscope layers MODEL' lists them"
        )
    device = next((p.device for p in model.module.parameters()), torch.device("cpu"))
    with ThreadPoolExecutor(2) as pool:  # Hashing lets other threads run.
        weights, data = pool.submit(weights_hash, model.module), pool.submit(samples.describe)
        plan = plan_reading(
            model.module,
            samples,
            layers,
            border=settings.border,
            batch_size=settings.batch_size,
            device=device,
        )
        config = _configuration(model, samples, plan, settings, weights=weights.result(), data=data.result())
    with open_for_writing(out, config) as folder:
        if folder.manifest["status"] != "complete":
            reader = ShardReader(model.module, samples, plan, device)
            activations = Activations(
                folder, plan, reader=reader, concepts=len(samples.vocabulary), top=settings.top
            )
            _complete(activations, settings, about=about or {}, show=show)
    return open_run(out)


def _configuration(
    model: Model | Generator,
    samples: Samples,
    plan: ReadingPlan,
    settings: DissectionSettings,
    *,
    weights: str,
    data: dict[str, Any],
) -> dict[str, Any]:
    return {
        "model": {
            "name": model.name,
            "weights_hash": weights,
            **({} if samples.generated else {"input_size": list(samples.size)}),
            **model.facts(),
        },
        "layers": list(plan.layers),
        **data,
        "grid": list(samples.grid),
        "settings": settings.deciding(),
        "shard_size": plan.shard_size,
        "channels_last": plan.channels_last,
    }


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def _complete(
    activations: Activations, settings: DissectionSettings, *, about: dict[str, Any], show: bool | None
) -> None:
    """Do what is missing, write the tables, and mark the run complete."""
    folder, plan, samples = activations.folder, activations.plan, activations.reader.samples
    clock = _Clock()
    done = plan.samples - sum(len(plan.samples_of(shard)) for shard in activations.missing())
    with clock.timing("network"), stage("reading the network", plan.samples, done=done, show=show) as advance:
        activations.read(advance, keep=settings.kept, cache_bytes=settings.cache_bytes)
    statistics, skipped = activations.merged()
    if len(skipped) == plan.samples:
        first = min(skipped)
        raise UnitscopeError(
            f"none of the {plan.samples} pictures could be read; the first, {samples.sample_ids[first]!r}: "
            f"{skipped[first]}"
        )
    with clock.timing("thresholds"):
        thresholds = find_thresholds(activations, statistics, settings.quantile, show=show)
    with clock.timing("concepts"):
        scores = score(activations, statistics, thresholds, show=show)
    with clock.timing("uncertainty"):
        intervals = bootstrap(
            activations, scores, replicates=settings.replicates, seed=settings.seed, show=show
        )
    findings = Findings(plan, samples.vocabulary, statistics, scores, intervals, settings.min_iou)
    with ThreadPoolExecutor(1) as pool:  # Tables are Python's work, exemplars that of compiled loops.
        tables = [("samples", sample_table(samples.sample_ids, skipped))]
        writing = pool.submit(folder.write_tables, itertools.chain(tables, _tables(findings)))
        with clock.timing("exemplars"):
            exemplars = exemplar_table(activations, statistics, thresholds, show=show)
        with clock.timing("tables"):
            folder.write_table("exemplars", exemplars)
            writing.result()
    _finish_manifest(activations, skipped, about=about, seconds=clock.seconds)


def _tables(findings: Findings) -> Iterator[tuple[str, pd.DataFrame | pa.Table]]:
    """Make one table after the other, so that one is written while the next is made."""
    yield "iou", iou_table(findings)
    units = unit_table(findings)
    yield "units", units
    yield "layers", layer_table(findings, units)
    yield "matches", match_table(findings)
    yield "concepts", concept_table(findings)
    yield "histograms", histogram_table(findings)


def _finish_manifest(
    activations: Activations, skipped: dict[int, str], *, about: dict[str, Any], seconds: dict[str, float]
) -> None:
    folder, plan, samples = activations.folder, activations.plan, activations.reader.samples
    config = folder.manifest["config"]
    vocabulary = samples.vocabulary
    folder.update_manifest(
        status="complete",
        model={**config["model"], **about.get("model", {})},
        data={
            "name": samples.name,
            "pictures": len(samples.sample_ids),
            "used": len(samples.sample_ids) - len(skipped),
            "skipped": [{"sample": samples.sample_ids[n], "reason": skipped[n]} for n in sorted(skipped)],
            "hash": config["pictures"]["hash"],
            **({"latents": config["latents"]} if samples.generated else {}),
        },
        concepts={
            "name": config["labels"]["name"],
            "hash": vocabulary.content_hash,
            "count": len(vocabulary) - 1,
            "categories": list(vocabulary.categories),
        },
        layers=config["layers"],
        plan=plan.to_dict(),
        settings={**config["settings"], "grid": config["grid"]},
        **({"segmenter": about["segmenter"]} if "segmenter" in about else {}),
        command=about.get("command", ""),
        seconds=seconds,
    )
