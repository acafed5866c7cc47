"""A unit as a classifier: its peak activation on a picture against a threshold (Bau et al. 2020, fig. 1F and 3F)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.classification.groups import Candidates
from unitscope.experiments.classification.mistakes import choose_mistakes, picture_mistakes
from unitscope.experiments.classification.peaks import Peaks, UnitReader, read_peaks
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.classification.verdict import Verdict, halve, judge
from unitscope.experiments.samples import Samples
from unitscope.layers.grid import raster_sampling
from unitscope.layers.hooks import LayerGrid
from unitscope.run.dissection import Dissection
from unitscope.run.storage import write_json, writing
from unitscope.sources.files import combined_hash
from unitscope.sources.latents import SeededLatents
from unitscope.stats.inference import CONFIDENCE

SCHEMA_VERSION = 1
ALONE = "a group of one picture cannot be halved or drawn from, so there are no intervals and no held-out threshold"


@dataclass(frozen=True)
class UnitOfRun:
    """One unit, and what its dissection says of it."""

    run: Dissection
    layer: LayerGrid
    unit: int

    @property
    def row(self) -> Any:
        """Its row of the units table."""
        units = self.run.units
        return units[(units["layer"] == self.layer.name) & (units["unit"] == self.unit)].iloc[0]

    @property
    def threshold(self) -> float:
        """The activation it exceeds on the quantile of all pixels of the dissection."""
        return float(self.row["threshold"])

    def facts(self) -> dict[str, Any]:
        """Return layer, unit and label."""
        row = self.row
        concept = None if pd.isna(row["concept"]) else str(row["concept"])
        return {
            "run": str(self.run.path),
            "model": self.run.manifest["model"]["name"],
            "layer": self.layer.name,
            "unit": self.unit,
            "concept": concept,
            "iou": float(row["iou"]),
        }


@contextmanager
def _kept_for(
    kept: Path,
    which: UnitOfRun,
    samples: Samples,
    numbers: NDArray[np.int64],
    concepts: NDArray[np.int64],
) -> Iterator[Path]:
    """Yield the folder of what was read for this very question; only an interruption leaves it behind."""
    config = which.run.manifest["config"]
    question = [
        config["model"],
        config["settings"]["batch_size"],
        which.layer.name,
        which.unit,
        samples.describe(),
    ]
    name = combined_hash(*question, numbers.tolist(), concepts.tolist())[:16]
    for other in kept.glob("*"):
        if other.name != name:
            shutil.rmtree(other, ignore_errors=True)
    with writing(kept):
        (kept / name).mkdir(parents=True, exist_ok=True)
    try:
        yield kept / name
    except UnitscopeError:
        shutil.rmtree(kept, ignore_errors=True)
        raise
    shutil.rmtree(kept, ignore_errors=True)


def run_unit_classifier(
    which: UnitOfRun,
    module: nn.Module,
    samples: Samples,
    asked: Candidates,
    folder: Path,
    *,
    kept: Path,
    concepts: NDArray[np.int64],
    settings: ClassifierSettings,
    show: bool | None = None,
) -> dict[str, Any]:
    """Read the pictures, score the unit, and write ``peaks.parquet``, ``mistakes.parquet`` and ``scores.json``.

    Args:
        which: the unit.
        module: its network, in eval mode on its device.
        samples: of `asked.pictures`, or of its latents.
        asked: the pictures and their groups.
        folder: where to write.
        kept: a folder for what has been read, from which the same question goes on after an interruption.
        concepts: label values that make a picture positive, where `asked` leaves that open.
        settings: see :class:`ClassifierSettings`.
        show: force the progress bar on or off.

    Returns:
        What ``scores.json`` holds.

    Raises:
        UnitscopeError: the network fails, an activation is not finite, or a group turns out to be empty.
    """
    given = which.run.manifest["settings"]
    device = next((each.device for each in module.parameters()), torch.device("cpu"))
    reader = UnitReader(module, samples, which.layer, which.unit, int(given["batch_size"]), device)
    with _kept_for(kept, which, samples, asked.numbers, concepts) as place:
        peaks = read_peaks(reader, asked.numbers, concepts=concepts, kept=place, show=show)
    table, verdict = _judged(which, peaks, asked, samples.sample_ids, settings)
    sampling = raster_sampling(which.layer.geometry, samples.size, samples.size, border=given["border"])
    mistakes = choose_mistakes(table, settings.mistakes)
    mistakes = picture_mistakes(mistakes, reader, folder, threshold=which.threshold, sampling=sampling)
    for name, frame in (("peaks", table), ("mistakes", mistakes)):
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / f"{name}.parquet")
    skipped = [
        {"id": samples.sample_ids[number], "reason": peaks.skipped[number]}
        for number in sorted(peaks.skipped)
    ]
    facts = _facts(which, table, verdict, asked, settings) | {"skipped": skipped}
    write_json(folder / "scores.json", facts)
    return facts


def _judged(
    which: UnitOfRun, peaks: Peaks, asked: Candidates, ids: Sequence[str], settings: ClassifierSettings
) -> tuple[pd.DataFrame, Verdict]:
    """Score the peaks; also one row a picture with its group, half, peak and what the unit says."""
    read = np.searchsorted(asked.numbers, peaks.samples)
    positive = asked.positive[read] if asked.positive is not None else peaks.areas > settings.min_area
    _refuse_empty(positive, peaks, asked, settings.min_area)
    classes = [asked.classes[place] for place in read]
    half = halve(positive, classes)
    verdict = judge(
        peaks.values, positive, half, peaks.samples,
        run_threshold=which.threshold, replicates=settings.replicates, seed=settings.seed,
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "sample": peaks.samples.astype(np.int32),
            "id": pd.array([ids[number] for number in peaks.samples], dtype="string"),
            "class": pd.array(classes, dtype="string"),
            "positive": positive,
            "area": peaks.areas if asked.positive is None else np.nan,
            "half": half,
            "peak": peaks.values,
            "predicted": verdict.predicted,
        }
    )
    return table, verdict


def _refuse_empty(positive: NDArray[np.bool_], peaks: Peaks, asked: Candidates, min_area: float) -> None:
    if positive.any() and not positive.all():
        return
    if asked.positive is not None:
        group = asked.names[int(positive.any())]
        raise UnitscopeError(
            f"none of the pictures of {group} could be read, so there is nothing to tell apart; "
            f"{len(peaks.skipped)} pictures were skipped"
        )
    most, least = 100 * float(peaks.areas.max()), 100 * float(peaks.areas.min())
    what = "more" if positive.any() else f"no more than {most:.3g} %"
    raise UnitscopeError(
        f"the concept covers {what} {f'than {100 * min_area:g} % ' if positive.any() else ''}of every one of "
        f"{len(positive)} pictures (from {least:.3g} to {most:.3g} %), so there is nothing to tell apart at "
        f"--min-area {min_area:g}; give another --min-area or other pictures"
    )


def _facts(
    which: UnitOfRun,
    table: pd.DataFrame,
    verdict: Verdict,
    asked: Candidates,
    settings: ClassifierSettings,
) -> dict[str, Any]:
    first, second = verdict.thresholds or (None, None)
    groups = {
        group: {"name": asked.names[place], "pictures": int((table["positive"] == (place == 0)).sum())}
        for place, group in enumerate(("positive", "negative"))
    }
    return {
        "schema_version": SCHEMA_VERSION,
        **which.facts(),
        "weights_hash": which.run.manifest["model"]["weights_hash"],
        "pictures": {"name": asked.pictures.name, "hash": asked.pictures.content_hash},
        "generated": isinstance(asked.pictures, SeededLatents),
        **groups,
        "min_area": settings.min_area if asked.positive is None else None,
        "thresholds": {"first_half": first, "second_half": second, "run": verdict.run_threshold},
        **verdict.scores,
        "confidence": CONFIDENCE,
        "replicates": settings.replicates,
        "seed": settings.seed,
        "note": None if verdict.thresholds else ALONE,
    }
