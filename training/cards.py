"""The model cards of the bundled networks, written from their data: every figure in them is measured."""

from __future__ import annotations

from importlib import resources
from typing import Any

MOST_ROWS = 40
"""Concepts listed in a table."""


def generator_card(facts: dict[str, Any]) -> str:
    """Return the card of the generator, given what ``world_gan.json`` holds."""
    settings, quality = facts["settings"], facts["quality"]
    parts = (
        {"first part": facts["before"], "second part": facts} if "before" in facts else {"training": facts}
    )
    names = {
        "generated": "generated pictures",
        "real": "other real scenes",
        "untrained": "untrained generator",
    }
    distances = [
        f"| {names.get(name, f'real scenes of class `{name}`')} | {value:.3f} |"
        for name, value in sorted(quality["frechet"].items(), key=lambda pair: pair[1])
    ]
    areas = [
        f"| {name.replace('|', ' (')}) | "
        + " | ".join(_percent(sets[of]) for of in ("exact", "real", "generated"))
        + " |"
        for name, sets in list(quality["area"].items())[:MOST_ROWS]
    ]
    return _template("world_gan.md").format(
        **_common(facts),
        scene=settings["scene"],
        parts="\n".join(_part_row(name, part) for name, part in parts.items()),
        commands="\n".join(part["command"] for part in parts.values()),
        latents=facts["latents"],
        count=quality["pictures"],
        distances="\n".join(distances),
        areas="\n".join(areas),
        **{
            key: f"{quality[key]:.2f}"
            for key in ("precision", "recall", "precision_of_real", "recall_of_real")
        },
    )


def _part_row(name: str, facts: dict[str, Any]) -> str:
    """Return the row of a table that says how one part of a training went."""
    settings = facts["settings"]
    cells = [
        f"{facts['seconds']:,} s on {facts['device']}, with {settings['threads']} thread(s)",
        "drawing the scenes comes on top",
        f'the first {settings["scenes"]:,} scenes of the split "train", drawn as class `{settings["scene"]}` by scene '
        f"generator version {facts['generator_version']}",
        f"{settings['pictures']:,} generated pictures, batches of {settings['batch']}, Adam (0, 0.99)",
        f"rates {settings['rate']:g} and {settings['critic_rate']:g} (critics), falling to nothing after "
        f"{settings['steady']:.0%}",
    ]
    return f"| {name} | {'; '.join(cells)} |"


def classifier_card(facts: dict[str, Any]) -> str:
    """Return the card of the classifier, given what ``world_vgg.json`` holds."""
    settings, low_high = facts["settings"], facts["accuracy_interval_95"]
    importance = facts["importance"]
    return _template("world_vgg.md").format(
        **_common(facts),
        **{
            key: settings[key]
            for key in ("scenes", "test_scenes", "epochs", "batch", "decay", "rate", "sparsity")
        },
        accuracy=f"{100 * facts['accuracy']:.1f}",
        interval=" to ".join(f"{100 * value:.1f}" for value in low_high),
        histograms=f"{100 * facts['histograms']['accuracy']:.1f}",
        histogram_scenes=f"{facts['histograms']['train']:,}",
        histogram_tests=f"{facts['histograms']['test']:,}",
        scene_classes=len(facts["accuracy_by_class"]),
        classes="\n".join(
            f"| {name} | {100 * share:.1f} |" for name, share in facts["accuracy_by_class"].items()
        ),
        dissected=f"{facts['dissected']:,}",
        layers="\n".join(_layer_rows(facts["units"])),
        sets="\n".join(
            f"| {name} | {100 * importance['zero']['sets'][name]:.1f} | {100 * importance['mean']['sets'][name]:.1f} |"
            for name in importance["zero"]["sets"]
        ),
        important="\n".join(
            f"| {kind} | {found['important_pairs']:,} | {found['classes_with_one']} of {found['classes']} |"
            for kind, found in importance.items()
        ),
        units="\n".join(_unit_rows(facts["important_units"])),
    )


def _layer_rows(units: dict[str, Any]) -> list[str]:
    """Return a row for each layer, trained and untrained side by side."""
    rows = []
    for layer, found in units["trained"].items():
        both = [found, units["untrained"][layer]]
        shares = [
            ", ".join(f"{name} {each['concepts']}" for name, each in one["categories"].items())
            for one in both
        ]
        cells = [
            f"{one['detectors']} | {one['concepts']} ({share}) | {_iou(one['heldout_iou'])}"
            for one, share in zip(both, shares, strict=True)
        ]
        rows.append(f"| {layer} | {found['units']} | {cells[0]} | {cells[1]} |")
    return rows


def _iou(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _unit_rows(classes: dict[str, Any]) -> list[str]:
    return [
        f"| {name} | "
        + " | ".join(f"{each['concept'] or 'no label'}: {100 * each['loss']:.1f}" for each in found)
        + " |"
        for name, found in classes.items()
    ]


def segmenter_card(facts: dict[str, Any]) -> str:
    """Return the card of the segmenter, given what ``world_segmenter.json`` holds."""
    settings, quality = facts["settings"], facts["quality"]
    planes = [
        f"| {'every class' if scenes == 'all' else f'class `{scenes}`'} | {plane} | "
        f"{100 * row['pixel_accuracy']:.1f} % | {row['mean_iou']:.3f} | {row['concepts']} |"
        for scenes, found in quality.items()
        for plane, row in found["planes"].items()
        if plane != "color"
    ]
    focus = quality[settings["focus"]]
    learned = [(name, score) for name, score in focus["iou"].items() if not name.endswith("|color")]
    return _template("world_segmenter.md").format(
        **_common(facts),
        **{
            key: settings[key]
            for key in ("scenes", "focus", "focus_scenes", "epochs", "batch", "decay", "rate")
        },
        count=focus["pictures"],
        planes="\n".join(planes),
        concepts="\n".join(
            f"| {name.replace('|', ' (')}) | {score:.2f} |" for name, score in learned[:MOST_ROWS]
        ),
    )


def _template(name: str) -> str:
    return (resources.files("training") / name).read_text(encoding="utf-8")


def _common(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "parameters": facts["parameters"],
        "megabytes": facts["parameters"] * 4 / 1e6,
        "seconds": facts["seconds"],
        "device": facts["device"],
        "threads": facts["settings"]["threads"],
        "seed": facts["settings"]["seed"],
        "version": facts["generator_version"],
        "torch": facts["torch"],
        "command": facts["command"],
    }


def _percent(figure: list[float]) -> str:
    mean, low, high = (100 * value for value in figure)
    return f"{mean:.2f} ({low:.2f} to {high:.2f})"
