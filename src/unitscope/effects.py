"""What the units of a generator do, measured by intervention: calls that start from a finished dissection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.rescore import thresholds_at
from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.ranking import run_ranking
from unitscope.experiments.effects.removal import UnitOrder, run_removal
from unitscope.experiments.effects.settings import (
    InsertionSettings,
    Level,
    RankingSettings,
    RemovalSettings,
)
from unitscope.experiments.effects.subject import Subject, read_matches
from unitscope.models.generators import Generator
from unitscope.nouns.device import choose_device
from unitscope.nouns.network import left_as_it_was
from unitscope.nouns.pictures import AnyPath
from unitscope.nouns.reopened import layer_of, reopen_generated
from unitscope.progress import showing
from unitscope.report.pages.effects import write_effect_page
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.effects import FOLDER, Insertion, Ranking, Removal
from unitscope.run.folder import slug
from unitscope.run.manifest import MANIFEST, typed_command


class Given(TypedDict, total=False):
    """What all calls may be told beside their settings.

    Attributes:
        segmenter: another one, where the run does not say how to get its own; it must be the same.
        labels: its label files.
        segmenter_preprocess: its preprocessing.
        model: the generator, where the run does not say how to get it or it has moved.
        weights: a file of weights for it.
        mirror: another server for files that are downloaded.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        command: what the user typed, for the manifest.
        show: force progress bars on or off.
    """

    segmenter: str | Sequence[str] | None
    labels: AnyPath | Sequence[AnyPath]
    segmenter_preprocess: str | Sequence[str] | None
    model: str | nn.Module | Generator | None
    weights: AnyPath | None
    mirror: str | None
    out: AnyPath | None
    device: str | None
    command: str
    show: bool | None


@dataclass
class _Asked:
    """A layer of a run, and everything else that was given."""

    run: Dissection
    layer: str
    given: Given

    @classmethod
    def of(cls, run: AnyPath | Dissection, layer: str | None, given: Given) -> _Asked:
        opened = run if isinstance(run, Dissection) else open_run(Path(run).expanduser())
        return cls(opened, layer_of(opened, layer or opened.last_layer).name, given)

    def subject(self) -> Subject:
        """Load the generator and the segmenter again."""
        run, aside = self.run, ("out", "command", "show", "device")
        given: dict[str, Any] = {name: value for name, value in self.given.items() if name not in aside}
        device = choose_device(self.given.get("device"))
        samples = reopen_generated(run, device=device, **given)
        return Subject(
            samples,
            layer_of(run, self.layer),
            read_matches(run, self.layer, samples.vocabulary),
            run.identity(),
            batch_size=int(run.manifest.settings["batch_size"]),
        )

    def target(self, kind: str, *words: str) -> Path:
        """Return the folder to write."""
        out = self.given.get("out")
        if out is not None:
            return Path(out).expanduser()
        return self.run.path / FOLDER / "-".join([kind, *(slug(word) for word in (self.layer, *words))])


def remove(
    run: AnyPath | Dissection,
    *,
    concept: str | None = None,
    layer: str | None = None,
    units: str | int | Sequence[int] | None = None,
    control_units: str | int | Sequence[int] | None = None,
    settings: RemovalSettings | None = None,
    **given: Any,
) -> Removal:
    """Set the best units of a concept to zero together, measure what pictures lose, and write a page.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        units: sizes of the sets, as 20, ``1:30`` or ``1,2,5,20``.
        control_units: sizes of the controls, likewise; the largest of `units` when None.
        settings: see :class:`RemovalSettings`; nothing may be said twice and differently.
        **given: see :class:`Given`; settings by name.

    Returns:
        The finished removal.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    said, flat = _split(given)
    flat |= {"concept": concept, "units": units, "control_units": control_units}
    asked, chosen = _Asked.of(run, layer, said), RemovalSettings.of(settings, _given(flat))
    with left_as_it_was(_owned(said)), showing(said.get("show")), typed_command(said.get("command", "")):
        subject = asked.subject()
        number = subject.concept(chosen.concept)
        order = _effect_order(asked, number) if chosen.rank == "effect" else None
        found = run_removal(subject, chosen, asked.target("remove", chosen.concept), order=order)
    write_effect_page(found)
    return found


def insert(
    run: AnyPath | Dissection,
    *,
    concept: str | None = None,
    layer: str | None = None,
    units: int | None = None,
    level: str | float | None = None,
    locations: str | int | None = None,
    settings: InsertionSettings | None = None,
    **given: Any,
) -> Insertion:
    """Force the units of a layer that match a concept best on at single places, and see where the concept appears.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        units: the best so many are forced on together.
        level: ``threshold``, a number between 0 and 1 for that quantile of each unit's activations, another number,
            or ``value:0.5``; activation scale.
        locations: all cells of the layer's grid when None; 16 for an even lattice of at most 16, ``16:random`` for 16
            that are drawn in each picture.
        settings: see :class:`InsertionSettings`; nothing may be said twice and differently.
        **given: see :class:`Given`; settings by name.

    Returns:
        The finished insertion.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    said, flat = _split(given)
    flat |= {"concept": concept, "units": units, "level": level, "locations": locations}
    asked, chosen = _Asked.of(run, layer, said), InsertionSettings.of(settings, _given(flat))
    with left_as_it_was(_owned(said)), showing(said.get("show")), typed_command(said.get("command", "")):
        subject = asked.subject()
        subject.concept(chosen.concept)
        levels = _levels(asked, subject, chosen.level)
        found = run_insertion(subject, chosen, asked.target("insert", chosen.concept), levels=levels)
    write_effect_page(found)
    return found


def rank(
    run: AnyPath | Dissection,
    *,
    layer: str | None = None,
    settings: RankingSettings | None = None,
    **given: Any,
) -> Ranking:
    """Set every unit of a layer to zero alone, and rank the units by what each concept loses.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        layer: one of the run's layers; its last when None.
        settings: see :class:`RankingSettings`.
        **given: see :class:`Given`; settings by name.

    Returns:
        The finished ranking.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    said, flat = _split(given)
    asked, chosen = _Asked.of(run, layer, said), RankingSettings.of(settings, flat)
    with left_as_it_was(_owned(said)), showing(said.get("show")), typed_command(said.get("command", "")):
        found = run_ranking(asked.subject(), chosen, asked.target("rank"))
    write_effect_page(found)
    return found


def _split(given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Tell what a network is found by from settings."""
    return (
        {name: value for name, value in given.items() if name in Given.__annotations__},
        {name: value for name, value in given.items() if name not in Given.__annotations__},
    )


def _given(flat: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flat.items() if value is not None}


def _owned(given: Given) -> Any:
    model = given.get("model")
    return model.module if isinstance(model, Generator) else "" if model is None else model


def _levels(asked: _Asked, subject: Subject, level: Level) -> NDArray[np.float32]:
    """Return what every unit of the layer is forced to ``(U,)``."""
    if level.kind == "threshold":
        return subject.matches.thresholds
    if level.kind == "value":
        return np.full(subject.layer.units, level.value, np.float32)
    above = float(1 - Decimal(str(level.value)))
    return thresholds_at(asked.run, above)[asked.layer]


def _effect_order(asked: _Asked, concept: int) -> UnitOrder:
    """Return the units by what the concept loses without each, from the finished ranking of the layer.

    Raises:
        UnitscopeError: there is none.
    """
    path = asked.run.path / FOLDER / f"rank-{slug(asked.layer)}"
    ranking = Ranking(path) if (path / MANIFEST).is_file() else None
    if ranking is None or not ranking.complete or ranking.summary["run_hash"] != asked.run.configuration_hash:
        raise UnitscopeError(
            f"--rank effect needs a finished ranking of layer {asked.layer!r}, which is not in {path}; run "
            f"'unitscope rank {asked.run.path} --layer {asked.layer}' first"
        )
    rows = ranking.effects[ranking.effects["number"] == concept].sort_values("rank")
    if not (rows["after"] < rows["before"]).any():
        raise UnitscopeError(
            f"no unit of layer {asked.layer!r} takes any of the concept when it is removed alone; use --rank iou"
        )
    return UnitOrder(rows["unit"].to_numpy(np.int64), ranking.configuration_hash)
