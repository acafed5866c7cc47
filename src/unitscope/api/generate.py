"""What units do in a generator: removed, forced on, and ranked by what goes without them."""

from __future__ import annotations

from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.ranking import run_ranking
from unitscope.experiments.effects.removal import run_removal
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.nouns.reopened import (
    RunLike,
    layer_of,
    opened_run,
)
from unitscope.nouns.subject import choosing_as_told, effect_order, levels_of, reopen_subject, target
from unitscope.paths import AnyPath
from unitscope.progress import showing
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.scale import spread


def remove(
    run: RunLike,
    concept: str | None = None,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: RemovalSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Removal:
    """Set the best units of a concept to zero together, measure what pictures lose, and write a page.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`RemovalSettings`.
        show: force progress bars on or off.
        **flat: settings by name, such as ``units="1:30"``; nothing may be said twice and differently.

    Returns:
        The finished removal.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = RemovalSettings.of(settings, _with(flat, concept)), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        number = subject.concept(chosen.concept)
        order = effect_order(opened, read, number, halved=chosen.halved) if chosen.rank == "effect" else None
        subject = choosing_as_told(opened, subject, chosen)
        found = run_removal(subject, chosen, target(opened, out, "remove", read, chosen.concept), order=order)
        found.report()
    return found


def insert(
    run: RunLike,
    concept: str | None = None,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: InsertionSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Insertion:
    """Force the units of a layer that match a concept best on at single places, and see where the concept appears.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`InsertionSettings`.
        show: force progress bars on or off.
        **flat: settings by name, such as ``level=0.995``; nothing may be said twice and differently.

    Returns:
        The finished insertion.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = InsertionSettings.of(settings, _with(flat, concept)), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        subject.concept(chosen.concept)
        subject = choosing_as_told(opened, subject, chosen)
        levels = levels_of(opened, subject, chosen.level)
        place = target(opened, out, "insert", read, chosen.concept)
        found = run_insertion(subject, chosen, place, levels=levels)
        found.report()
    return found


def rank(
    run: RunLike,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: RankingSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Ranking:
    """Set every unit of a layer to zero alone, and rank the units by what each concept loses.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`RankingSettings`.
        show: force progress bars on or off.
        **flat: settings by name; nothing may be said twice and differently.

    Returns:
        The finished ranking.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = RankingSettings.of(settings, flat), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        found = run_ranking(subject, chosen, target(opened, out, "rank", read))
        found.report()
    return found


def _with(flat: dict[str, object], concept: str | None) -> dict[str, object]:
    return flat if concept is None else flat | {"concept": concept}
