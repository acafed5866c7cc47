"""What the importance page says in words: the heading, the tiles, the settings."""

from __future__ import annotations

from typing import Any

from unitscope.report.data import records
from unitscope.report.filling import percent
from unitscope.report.importance import numbers
from unitscope.report.importance.data import Importance
from unitscope.report.importance.figures import chosen_classes, figure_files
from unitscope.report.importance.numbers import FEW, MANY, Estimate

MOST_LISTED = 200
ABLATIONS = {"zero": "set to zero", "mean": "set to its mean"}


def page_facts(data: Importance) -> dict[str, Any]:
    """Return what the template of the page needs."""
    model = data.run.manifest.model
    classes, images = data.classes, data.images
    unused = images[~images["used"].astype(bool)]
    sizes = numbers.sizes(data)
    chosen = chosen_classes(data)
    return {
        "model": model.name if model else "",
        "layer": data.title,
        "removed_means": ABLATIONS.get(data.ablation, f"replaced: {data.ablation}"),
        "units": len(data.units),
        "classes": len(classes),
        "measured": int((classes["val_images"] > 0).sum()),
        "train": int(classes["train_images"].sum()),
        "val": int(classes["val_images"].sum()),
        "few": sizes[0] if sizes else FEW,
        "many": sizes[1] if sizes else MANY,
        "top": FEW,
        "overall": numbers.overall_baseline(data),
        "error_rate": data.error_rate,
        "created": data.manifest.created,
        "command": data.manifest.command,
        "config": dict(data.manifest.config),
        "tiles": _tiles(data, sizes),
        "names": data.names,
        "first": chosen[0] if chosen else (data.names or [""])[0],
        "figures": figure_files(data),
        "unused": [(row.split, row.id, row.reason or "no reason given") for row in records(unused)][
            :MOST_LISTED
        ],
        "unused_count": len(unused),
    }


def _tiles(data: Importance, sizes: tuple[int, int] | None) -> list[dict[str, str]]:
    """Return the mean over the classes in each setting, and the accuracy over all classes."""
    found: list[dict[str, str]] = []
    many = sizes[1] if sizes else MANY
    kept = len(data.units) - many
    named = {
        "baseline": "whole network",
        "removed": f"{many} most important units removed",
        "kept": f"only these {many} kept, {kept:,} removed",
        "random": f"{many} random units removed",
    }
    for setting, values in numbers.settings(data, many).items():
        mean = numbers.mean_over(values)
        if mean is not None:
            found.append(
                {
                    "key": setting,
                    "number": percent(mean.value, 1),
                    "name": named[setting],
                    "note": _interval(mean),
                }
            )
    return found


def _interval(mean: Estimate) -> str:
    if mean.low is None or mean.high is None:
        return "one class only: no interval"
    return f"{100 * mean.low:.1f} to {100 * mean.high:.1f}"
