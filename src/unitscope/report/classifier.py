"""The page of a unit as a classifier, made from its folder alone: plot, numbers and the most confident mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from unitscope.report.classifier_figure import (
    NEGATIVE,
    POSITIVE,
    classifier_figure,
    numbers,
    title,
)
from unitscope.report.data import records
from unitscope.report.figures import save_figure
from unitscope.report.filling import fill
from unitscope.report.folder import REPORT, check_replaceable, replacing
from unitscope.report.single import draw_picture, single_page, themed_svg
from unitscope.run.classification import UnitClassification

THEMED = {POSITIVE: "--accent", NEGATIVE: "--rule-strong"}

RATES = {
    "balanced_accuracy": "Balanced accuracy",
    "accuracy": "Accuracy",
    "recall": "Recall",
    "true_negative_rate": "True-negative rate",
}
KINDS = {"false alarm": "false-alarm", "miss": "miss"}


def write_classifier_page(found: UnitClassification) -> Path:
    """Write the page of a unit as a classifier; an earlier one is replaced in one step.

    Returns:
        The path of ``index.html``.
    """
    target = found.path / REPORT
    check_replaceable(target)
    with replacing(target) as folder:
        _write(found, folder)
    return target / "index.html"


def _write(found: UnitClassification, folder: Path) -> None:
    facts, peaks, mistakes = found.scores, found.peaks, found.mistakes
    save_figure(classifier_figure(peaks, facts), folder / "plot")
    text = fill(
        "classifier.html",
        facts=facts,
        title=title(facts),
        numbers=numbers(facts),
        **single_page("classifier.css"),
        plot=themed_svg(classifier_figure(peaks, facts), THEMED),
        tiles=_tiles(facts, peaks),
        rows=_rows(facts),
        mistakes={kind: _drawn(mistakes, kind, found.path, folder) for kind in KINDS},
        counts=_counts(peaks),
        command=found.manifest.command,
    )
    (folder / "index.html").write_text(text, encoding="utf-8", newline="\n")


def _tiles(facts: dict[str, Any], peaks: pd.DataFrame) -> list[dict[str, str]]:
    """Return the scores that come first: over all thresholds, and balanced accuracy."""
    share = float(peaks["positive"].mean())
    rates, kind = (
        facts["held_out"] or facts["run_threshold"],
        "held out" if facts["held_out"] else "of the run",
    )
    return [
        {"name": "AUROC", "chance": "0.5", **_shown(facts["auroc"], 1, 3)},
        {"name": "average precision", "chance": f"{share:.3f}", **_shown(facts["average_precision"], 1, 3)},
        {
            "name": f"balanced accuracy, {kind}",
            "chance": "50\u202f%",
            **_shown(rates["balanced_accuracy"], 100, 1),
        },
    ]


def _rows(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row a rate: its name, and its value with interval at each kind of threshold."""
    kinds = [kind for kind in ("held_out", "run_threshold") if facts[kind]]
    return [
        {"name": name, "scores": [_shown(facts[kind][key], 100, 1) for kind in kinds]}
        for key, name in RATES.items()
    ]


def _shown(score: dict[str, float | None], scale: float, digits: int) -> dict[str, str]:
    unit = "\u202f%" if scale > 1 else ""
    value, low, high = (score[name] for name in ("value", "low", "high"))
    interval = "" if low is None or high is None else f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"
    return {"value": f"{scale * (value or 0):.{digits}f}{unit}", "interval": interval}


def _counts(peaks: pd.DataFrame) -> dict[str, int]:
    said, truth = peaks["predicted"].astype(bool), peaks["positive"].astype(bool)
    return {"false alarm": int((said & ~truth).sum()), "miss": int((~said & truth).sum())}


def _drawn(mistakes: pd.DataFrame, kind: str, run: Path, folder: Path) -> list[dict[str, Any]]:
    """Draw the mistakes of one kind; return what the page says about each."""
    found = []
    for row in records(mistakes[mistakes["kind"] == kind].rename(columns={"class": "of_class"})):
        name = None
        if isinstance(row.picture, str):
            name = f"mistakes/{KINDS[kind]}-{row.rank:02d}.jpg"
            (folder / "mistakes").mkdir(exist_ok=True)
            size = draw_picture(run / row.picture, row.mask, (row.mask_height, row.mask_width), folder / name)
        found.append(
            {
                "file": name,
                "size": size if name else None,
                "picture": f"../{row.picture}" if name else None,
                "id": row.id,
                "class": row.of_class if isinstance(row.of_class, str) else "",
                "peak": f"{row.peak:.4g}",
                "on": any(row.mask),
            }
        )
    return found
