"""Measure what the units of the bundled classifier show: ``python -m training.findings --out DIR``.

DIR holds the weights and the data of the model card; the figures are added to the data, and the card written from it.
"""

from __future__ import annotations

import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors.torch import load_file

import unitscope
from training import classifier as classifier_training
from training.baseline import histogram_accuracy
from training.cards import classifier_card
from training.classifier import render_set
from training.common import choose_device, run, write_facts
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.world.classifier import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    CLASSIFIER_MEAN,
    CLASSIFIER_STD,
    WEIGHTS,
    WorldVGG,
    world_classifier,
)
from unitscope.world.scene import SCENE_CLASSES

logger = logging.getLogger("training.findings")

MODEL_CARD = "MODEL_CARD.md"
FEW, MANY = 4, 20
"""Sizes of the sets of units that are removed or kept."""
SHOWN = 5
"""Classes whose most important units are listed."""


@dataclass(frozen=True)
class Settings:
    """How much is measured.

    Attributes:
        pictures: unseen scenes that are dissected.
        train: scenes that units are ranked on.
        val: scenes that importance is measured on.
        histograms: scenes that colour histograms are trained on.
        threads: of torch, and for rendering.
    """

    pictures: int = 3_000
    train: int = 4_000
    val: int = 8_000
    histograms: int = 4_000
    threads: int = 2


def described(model: WorldVGG, name: str) -> Network:
    """Return a classifier as the library takes it."""
    size = (CLASSIFIER_INPUT, CLASSIFIER_INPUT)
    preprocessing = Preprocessing(size=size, mean=CLASSIFIER_MEAN, scale=CLASSIFIER_STD)
    return Network(model.eval(), preprocessing, name, layers=CLASSIFIER_LAYERS, classes=SCENE_CLASSES)


def unit_figures(run: unitscope.Dissection) -> dict[str, Any]:
    """Return what the units of every layer detect."""
    return {str(layer): _layer_figures(units) for layer, units in run.units.groupby("layer", sort=False)}


def _layer_figures(units: pd.DataFrame) -> dict[str, Any]:
    found = units[units["detector"]]
    labels = found["concept"] + " (" + found["category"] + ")"
    often = labels.value_counts()
    categories = {
        str(name): {"detectors": len(rows), "concepts": int(rows["concept"].nunique())}
        for name, rows in found.groupby("category")
    }
    return {
        "units": len(units),
        "detectors": len(found),
        "concepts": int(labels.nunique()),
        "categories": categories,
        "heldout_iou": round(float(found["iou_heldout"].mean()), 4) if len(found) else None,
        "most_frequent": [str(often.index[0]), int(often.iloc[0])] if len(often) else None,
    }


def importance_figures(found: unitscope.Importance) -> dict[str, Any]:
    """Return what sets of units leave, as means over classes, and which classes have an important unit."""
    val = found.effects[found.effects["split"] == "val"]
    sets: dict[str, Any] = {"all units": round(float(found.classes["balanced_accuracy"].mean()), 4)}
    for ranking in ("importance", "random"):
        for kind, k in (("removed", FEW), ("removed", MANY), ("kept", MANY)):
            rows = found.sets[
                (found.sets["ranking"] == ranking) & (found.sets["kind"] == kind) & (found.sets["k"] == k)
            ]
            sets[f"{ranking} {kind} {k}"] = round(float(rows["balanced_accuracy"].mean()), 4)
    important = val[val["important"].fillna(False)]
    return {
        "sets": sets,
        "important_pairs": len(important),
        "classes_with_one": int(important["class"].nunique()),
        "classes": int(val["class"].nunique()),
    }


def class_figures(found: unitscope.Importance) -> dict[str, Any]:
    """Return the most important units of the classes that lose most without one of them."""
    losses = {name: found.top(str(name), FEW) for name in found.classes["class"]}
    order = sorted(losses, key=lambda name: -losses[name]["val_loss"].max())[:SHOWN]
    return {name: [_unit(row) for row in losses[name].to_dict("records")] for name in order}


def _unit(row: dict[Any, Any]) -> dict[str, Any]:
    labelled = isinstance(row["concept"], str)
    return {
        "unit": int(row["unit"]),
        "concept": f"{row['concept']} ({row['category']})" if labelled else None,
        "iou": round(float(row["iou"]), 3) if labelled else None,
        "loss": round(float(row["val_loss"]), 4),
    }


def dissected(model: WorldVGG, name: str, folder: Path, settings: Settings) -> unitscope.Dissection:
    """Dissect a classifier on unseen scenes."""
    return unitscope.dissect(
        described(model, name), f"world:{settings.pictures}:val", out=folder / name, show=False
    )


def ablated(
    run: unitscope.Dissection, model: WorldVGG, ablation: str, settings: Settings
) -> unitscope.Importance:
    """Remove the units of the last layer of a dissected classifier."""
    return unitscope.importance(
        run, f"world:{settings.train}:train", f"world:{settings.val}:test", layer=CLASSIFIER_LAYERS[-1],
        network=described(model, "world-vgg"), ablation=ablation, set_sizes=(FEW, MANY), show=False,
    )  # fmt: skip


def baseline_figures(settings: Settings) -> dict[str, Any]:
    """Return how far colours alone tell the scenes apart."""
    seen = render_set(settings.histograms, "train", settings.threads)
    unseen = render_set(settings.histograms // 4, "test", settings.threads)
    return {
        "train": settings.histograms,
        "test": settings.histograms // 4,
        "accuracy": round(histogram_accuracy(seen, unseen), 4),
    }


def measure(folder: Path, settings: Settings) -> None:
    """Measure the classifier in a folder and add the figures to its card."""
    choose_device(settings.threads)
    model, control = WorldVGG(), world_classifier(trained=False)
    assert isinstance(control, WorldVGG)
    model.load_state_dict(load_file(folder / WEIGHTS))
    facts: dict[str, Any] = json.loads((folder / classifier_training.CARD).read_text())
    facts["histograms"] = baseline_figures(settings)
    with tempfile.TemporaryDirectory() as place:
        run = dissected(model, "trained", Path(place), settings)
        untrained = dissected(control, "untrained", Path(place), settings)
        facts["dissected"] = settings.pictures
        facts["units"] = {"trained": unit_figures(run), "untrained": unit_figures(untrained)}
        found = {kind: ablated(run, model, kind, settings) for kind in ("zero", "mean")}
        facts["importance"] = {kind: importance_figures(each) for kind, each in found.items()}
        facts["important_units"] = class_figures(found["zero"])
    write_facts(folder / classifier_training.CARD, facts)
    (folder / MODEL_CARD).write_text(classifier_card(facts), encoding="utf-8")
    logger.info("%s", json.dumps({key: facts[key] for key in ("histograms", "units", "importance")}))


if __name__ == "__main__":
    run(measure, Settings, __doc__)
