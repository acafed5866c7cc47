"""What the importance page says in words: the heading, the tiles, the settings."""

from __future__ import annotations

from markupsafe import Markup

from unitscope.report.data import records
from unitscope.report.importance import numbers
from unitscope.report.importance.data import FEW, MANY, Importance
from unitscope.report.importance.figures import (
    MOST_GAINS,
    chosen_classes,
    class_address,
    correlation_text,
    figure_files,
)
from unitscope.report.importance.maps import Maps
from unitscope.report.importance.numbers import Estimate
from unitscope.report.shell import percent

MOST_LISTED = 200
ABLATIONS = {"zero": "set to zero", "mean": "set to its mean"}


def page_facts(data: Importance, maps: Maps) -> dict[str, object]:
    """Return what the template of the page needs."""
    model, manifest = data.run.manifest.model, data.manifest
    classes, images = data.classes, data.images
    unused = images[~images["used"].astype(bool)]
    sizes = data.sizes
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
        "overall": data.overall_baseline,
        "error_rate": data.error_rate,
        "created": manifest.created,
        "command": manifest.command,
        "config": manifest.config,
        "notes": manifest.notes,
        **_findings(data, maps),
        "tiles": _tiles(data, sizes),
        "names": data.names,
        "first": chosen[0] if chosen else (data.names or [""])[0],
        "figures": figure_files(data),
        "shared": _pairs(data, maps),
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


def _findings(data: Importance, maps: Maps) -> dict[str, str]:
    """Return what each chart shows, in a sentence."""
    gains = numbers.gains(data)
    measured = int(data.sets.loc[data.sets["kind"] == "kept", "place"].nunique())
    sure = (
        f"; for {int(gains['sure'].sum())} of them the interval lies above zero"
        if gains["low"].notna().any()
        else ""
    )
    most = f" Shown: the largest {MOST_GAINS} gains." if len(gains) > MOST_GAINS else ""
    plural = "class" if measured == 1 else "classes"
    positive = numbers.positive_share(data, maps.most)
    chance = numbers.chance_overlap(max(1, len(data.units)), maps.most)
    return {
        "relation": correlation_text(data),
        "gains": f"The accuracy of {len(gains)} of {measured} {plural} rises for some size of set{sure}.{most}"
        if measured
        else "",
        "positive": f"{percent(positive[0], 0)} of the {maps.most} most important units of a class correlate "
        f"positively with it, {percent(positive[1], 0)} of all units."
        if positive
        else "",
        "overlap": f"The share of units that two classes have in common among their {maps.most} most important "
        f"(Jaccard). Two random sets of {maps.most} units would share about {percent(chance, 1)}.",
    }


def _pairs(data: Importance, maps: Maps) -> list[list[object]]:
    link = Markup('<a href="{}">{}</a>')
    names = [link.format(class_address(name), name) for name in data.names]
    return [
        [names[first], names[second], {"value": percent(value, 0), "interval": ""}]
        for first, second, value in maps.pairs
    ]
