"""What the units of a layer do for each class: one call from a finished dissection and two folders of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.importance.images import match_images
from unitscope.experiments.importance.measure import run_importance
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.layer.hooks import LayerGrid
from unitscope.models.registry import Model
from unitscope.nouns.device import choose_device
from unitscope.nouns.network import left_as_it_was
from unitscope.nouns.pictures import AnyPath
from unitscope.nouns.reopened import is_generated, layer_of, reopen_model
from unitscope.progress import showing
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.folder import slug
from unitscope.run.importance import FOLDER, Importance
from unitscope.run.manifest import typed_command
from unitscope.sources.base import PictureSource
from unitscope.sources.class_names import read_class_map
from unitscope.sources.classes import open_classed


def importance(
    run: AnyPath | Dissection,
    *,
    train: AnyPath | PictureSource,
    val: AnyPath | PictureSource,
    layer: str | None = None,
    class_map: AnyPath | Mapping[str, str] | None = None,
    model: str | nn.Module | Model | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: ImportanceSettings | None = None,
    command: str = "",
    show: bool | None = None,
) -> Importance:
    """Remove every unit of a layer alone, then the most important ones of each class together.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection, or its folder: network, preprocessing and layer come from it.
        train: images that units are ranked on: a folder with one folder for each class, or ``world[:count[:split]]``.
        val: images that everything about sets is measured on, likewise.
        layer: one of the run's layers; its last when None.
        class_map: what class folders stand for, by name or number of an output; or a file that says so.
        model: the network, if the run does not say how to get it, see :func:`unitscope.nouns.reopened.reopen_model`.
        weights: a file of weights for it.
        mirror: another server for checkpoints that are downloaded.
        out: the folder to write; ``RUN/importance/<layer>-<ablation>`` by default.
        device: where the network runs; a GPU when there is one.
        settings: see :class:`ImportanceSettings`.
        command: what the user typed, for the manifest.
        show: force progress bars on or off.

    Returns:
        The finished importance.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings = settings or ImportanceSettings()
    run = run if isinstance(run, Dissection) else open_run(Path(run).expanduser())
    if is_generated(run):
        raise UnitscopeError(
            f"the run in {run.path} is of a generator, and importance is about the classes that a classifier tells "
            "apart; give the run of a classifier"
        )
    grid = layer_of(run, layer or run.last_layer)
    given = class_map if class_map is None or isinstance(class_map, Mapping) else read_class_map(class_map)
    sources = open_classed(train), open_classed(val)
    place = choose_device(device)
    with left_as_it_was(model if model is not None else ""):
        network = reopen_model(run, model=model, weights=weights, mirror=mirror, device=place)
        images = match_images(*sources, network, given)
        with showing(show), typed_command(command):
            target = _target(run, grid, settings, out)
            return run_importance(run, network, grid, images, out=target, settings=settings)


def _target(run: Dissection, layer: LayerGrid, settings: ImportanceSettings, out: AnyPath | None) -> Path:
    if out is not None:
        return Path(out).expanduser()
    return run.path / FOLDER / f"{slug(layer.name)}-{settings.ablation}"
