"""A layer of a run's generator whose units are intervened on, with what the run and others from it know of these."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, as_typed, command_of
from unitscope.experiments.dissection.rescore import scores_by_half, thresholds_at
from unitscope.experiments.effects.ranking import losses_on_half
from unitscope.experiments.effects.sets import UnitOrder
from unitscope.experiments.effects.settings import EffectSettings, Level
from unitscope.experiments.effects.subject import CHOICE, Subject, half_matches, read_matches
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.network import Source
from unitscope.nouns.reopened import placed, reopen_generated
from unitscope.paths import AnyPath
from unitscope.run.address import run_path, shown
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
        UnitscopeError: see :func:`reopen_generated` and :func:`placed`.
    """
    samples = reopen_generated(run, concepts, source, device=device)
    grid, caveats = placed(run, layer, samples.generator)
    return Subject(
        samples,
        grid,
        read_matches(run, layer, samples.vocabulary),
        run.identity(),
        batch_size=run.settings.batch_size,
        caveats=caveats,
    )


def choosing_as_told(run: Dissection, subject: Subject, settings: EffectSettings) -> Subject:
    """Return a subject that knows what its units are chosen by, where that is half of the latents.

    Raises:
        UnitscopeError: the run kept too little, and the generator returns other values now.
    """
    if not settings.halved:
        return subject
    samples = subject.samples
    try:
        scores = scores_by_half(run, subject.layer.name, samples.generator.module, samples)
    except UnitscopeError as error:
        raise UnitscopeError(
            f"units cannot be chosen on half of the latents, --choose-on all does without: {error}"
        ) from error
    return replace(subject, half=half_matches(run, scores, samples.vocabulary))


def target(run: Dissection, out: AnyPath | None, *words: str) -> Path:
    """Return the folder to write."""
    if out is not None:
        return run_path(out)
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


def effect_order(run: Dissection, layer: str, concept: int, *, halved: bool = False) -> UnitOrder:
    """Return the units by what the concept loses without each, from the finished ranking of the layer.

    Args:
        run: a finished run.
        layer: one of its layers.
        concept: label value.
        halved: whether only the half of the latents that units are chosen on may say so.

    Raises:
        UnitscopeError: there is none, or no unit takes any of the concept on the latents that are to choose.
    """
    path = target(run, None, "rank", layer)
    ranking = Ranking(path) if (path / MANIFEST).is_file() else None
    if ranking is None or not ranking.complete or ranking.summary.run_hash != run.configuration_hash:
        raise UnitscopeError(
            f"--rank effect needs a finished ranking of layer {layer!r}, which is not in {shown(path)}; run "
            f"{as_typed(command_of('rank', run.address, '--layer', layer))} first"
        )
    rows = ranking.effects[ranking.effects["number"] == concept].sort_values("after", kind="stable")
    if not (rows["after"] < rows["before"]).any():
        raise UnitscopeError(
            f"no unit of layer {layer!r} takes any of the concept when it is removed alone; use --rank iou"
        )
    order = UnitOrder(rows["unit"].to_numpy(np.int64), ranking.configuration_hash)
    if not halved:
        return order
    losses, latents = losses_on_half(ranking, concept, CHOICE)
    if not (losses > 0).any():
        raise UnitscopeError(
            f"no unit of layer {layer!r} takes any of the concept on the {latents} latents that units are chosen on; "
            "give --choose-on all, or rank on more --latents"
        )
    ranked = np.argsort(-losses, kind="stable")
    return UnitOrder(ranked, order.source, on_all=order.units, latents=latents)
