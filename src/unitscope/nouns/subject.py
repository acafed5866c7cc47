"""A layer of a run's generator whose units are intervened on, with what the run and others from it know of these."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, as_typed, command_of
from unitscope.experiments.dissection.rescore import thresholds_at
from unitscope.experiments.effects.removal import UnitOrder
from unitscope.experiments.effects.settings import Level
from unitscope.experiments.effects.subject import Subject, read_matches
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.network import Source
from unitscope.nouns.reopened import layer_of, reopen_generated
from unitscope.paths import AnyPath, as_path
from unitscope.run.dissection import Dissection
from unitscope.run.effects import FOLDER, Ranking
from unitscope.run.manifest import MANIFEST
from unitscope.run.slugs import slug


def reopen_subject(
    run: Dissection,
    layer: str,
    concepts: ConceptsLike | None = None,
    source: Source | None = None,
    *,
    device: str | None = None,
) -> Subject:
    """Return a layer of a run's generator, with everything that interventions on its units need.

    Raises:
        UnitscopeError: see :func:`reopen_generated`.
    """
    samples = reopen_generated(run, concepts, source, device=device)
    return Subject(
        samples,
        layer_of(run, layer),
        read_matches(run, layer, samples.vocabulary),
        run.identity(),
        batch_size=run.settings.batch_size,
    )


def target(run: Dissection, out: AnyPath | None, *words: str) -> Path:
    """Return the folder to write."""
    if out is not None:
        return as_path(out)
    kind, *rest = words
    return run.path / FOLDER / slug(kind, *rest)


def levels_of(run: Dissection, subject: Subject, level: Level) -> NDArray[np.float32]:
    """Return what every unit of the layer is forced to ``(U,)``."""
    if level.kind == "threshold":
        return subject.matches.thresholds
    if level.kind == "value":
        return np.full(subject.layer.units, level.value, np.float32)
    return thresholds_at(run, exceeded(level))[subject.layer.name]


def exceeded(level: Level) -> float:
    """Return the fraction of pixels above a level that is a quantile."""
    return float(1 - Decimal(str(level.value)))


def effect_order(run: Dissection, layer: str, concept: int) -> UnitOrder:
    """Return the units by what the concept loses without each, from the finished ranking of the layer.

    Raises:
        UnitscopeError: there is none.
    """
    path = target(run, None, "rank", layer)
    ranking = Ranking(path) if (path / MANIFEST).is_file() else None
    if ranking is None or not ranking.complete or ranking.summary.run_hash != run.configuration_hash:
        raise UnitscopeError(
            f"--rank effect needs a finished ranking of layer {layer!r}, which is not in {path}; run "
            f"{as_typed(command_of('rank', run.path, '--layer', layer))} first"
        )
    rows = ranking.effects[ranking.effects["number"] == concept].sort_values("rank")
    if not (rows["after"] < rows["before"]).any():
        raise UnitscopeError(
            f"no unit of layer {layer!r} takes any of the concept when it is removed alone; use --rank iou"
        )
    return UnitOrder(rows["unit"].to_numpy(np.int64), ranking.configuration_hash)
