"""The page of a unit as a classifier, made from its folder alone: plot, numbers and the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from unitscope.report.charts.densities import hills, strips
from unitscope.report.charts.files import save_figure
from unitscope.report.charts.parts import Figure, Measure
from unitscope.report.charts.scatter import spread
from unitscope.report.charts.theme import ACCENT, STRONG
from unitscope.report.data import asked, records
from unitscope.report.folder import REPORT, check_replaceable, place_file, replacing
from unitscope.report.header import Header, beside
from unitscope.report.pages.numbers import interval_of, shown
from unitscope.report.pages.pictures import draw_picture
from unitscope.report.shell import FOLDER, fill, write_assets, write_charts, write_text
from unitscope.run.classification import UnitClassification, best_in_words
from unitscope.run.layout import TABLES
from unitscope.run.manifest import MANIFEST
from unitscope.run.numbers import Score, fraction_score, percent_score
from unitscope.run.question_summaries import ClassificationSummary, Rates

RATES = {
    "balanced_accuracy": "Balanced accuracy",
    "accuracy": "Accuracy",
    "recall": "Recall",
    "true_negative_rate": "True-negative rate",
}
KINDS = {"false alarm": "false-alarm", "miss": "miss"}
HILL, STRIP = 0.52, 0.26
"""Height of the higher density, and of the strip of points below it; the two groups are 1 apart."""
SCORES = "scores.json"
"""What the manifest is called in a report."""
AS_SHAPES = 4000
"""Pictures up to which every point is a shape of its own in the page."""


def write_classifier_page(found: UnitClassification) -> Path:
    """Write the page of a unit as a classifier; an earlier one is replaced in one step.

    Returns:
        The path of ``index.html``.
    """
    target = found.path / REPORT
    check_replaceable(target)
    with replacing(target) as folder:
        write_assets(folder)
        _write(found, folder, assets=FOLDER, **beside(target))
    return target / "index.html"


def classifier_links(found: Sequence[UnitClassification], folder: str) -> list[tuple[str, str]]:
    """Return title and address of pages in a folder of the run's report, seen from that."""
    return [(title(each.scores), f"{folder}/{quote(each.path.name)}/index.html") for each in found]


def place_classifiers(found: Sequence[UnitClassification], out: Path, *, header: Header) -> None:
    """Put the pages of units as classifiers into the report of their run, one folder each."""
    for each, (_, address) in zip(found, classifier_links(found, out.name), strict=True):
        place = out / each.path.name
        place.mkdir(parents=True)
        seen = header.seen(address)
        (place / "tables").mkdir()
        place_file(each.path / TABLES / "peaks.parquet", place / "tables/peaks.parquet")
        place_file(each.path / MANIFEST, place / SCORES)  # under another name: a report holds no runs
        _write(each, place, assets=f"../../{FOLDER}", header=seen, home=seen["home"])


def _write(found: UnitClassification, folder: Path, *, assets: str, header: object, home: object) -> None:
    facts, peaks, mistakes = found.scores, found.peaks, found.mistakes
    figure = classifier_figure(peaks, facts)
    save_figure(figure, folder / "plot")
    write_charts(folder / "charts.js", {"plot": figure})
    text = fill(
        "classification.html",
        facts=facts,
        title=title(facts),
        numbers=numbers(facts),
        tiles=_tiles(facts, peaks),
        rows=_rows(facts),
        best=_best(facts),
        mistakes={kind: _drawn(mistakes, kind, found.path, folder, alone=assets == FOLDER) for kind in KINDS},
        counts=_counts(peaks),
        header=header,
        home=home,
        beside="../" if assets == FOLDER else "",
        scores=f"../{MANIFEST}" if assets == FOLDER else SCORES,
        assets=assets,
        data_scripts=["charts.js"],
        scripts=[],
        **asked(found),
    )
    write_text(folder / "index.html", text)


def classifier_figure(peaks: pd.DataFrame, facts: ClassificationSummary) -> Figure:
    """Draw the peak activation of every picture, positive ones above negative ones, with both densities (fig. 1F, 3F).

    Densities are Gaussian kernel estimates (Scott's bandwidth) of area one, drawn over the range of the peaks. Points
    are spread vertically only so that they can be told apart.

    Args:
        peaks: the table of that name.
        facts: the scores.
    """
    values, positive = peaks["peak"].to_numpy(np.float64), peaks["positive"].to_numpy(bool)
    groups = {
        facts.positive.name: (values[positive], 1.0),
        facts.negative.name: (values[~positive], 0.0),
    }
    order = np.where(positive, np.cumsum(positive), np.cumsum(~positive)) - 1
    rows = pd.DataFrame(
        {
            "x": values,
            "y": positive - 0.05 - STRIP * spread(len(values))[order],
            "series": np.where(positive, *groups),
            "text": peaks["id"].astype(str),
        }
    )
    chart = strips(
        rows,
        hills(groups, (float(values.min()), float(values.max())), HILL),
        Measure("peak activation of the unit on a picture", digits=3),
        colors=dict(zip(groups, (ACCENT, STRONG), strict=True)),
        names=[(at, f"{name}|{len(mine):,} pictures") for name, (mine, at) in groups.items()],
        limits=(-STRIP - 0.12, 1 + HILL + 0.06),
        height=270,
        rules=_thresholds(facts),
    )
    if len(values) > AS_SHAPES:
        chart.usermeta = {"embed": {"renderer": "canvas"}}
    lines = "solid: best threshold of either half, dotted: threshold of the dissection"
    return Figure(chart, title(facts), f"{numbers(facts)}; {lines}")


def _thresholds(facts: ClassificationSummary) -> list[tuple[float, bool]]:
    """Return the best thresholds of either half, drawn solid, and that of the dissection, dotted."""
    given = facts.thresholds
    chosen = [level for level in (given.first_half, given.second_half) if level is not None]
    return [*((level, False) for level in dict.fromkeys(chosen)), (given.run, True)]


def title(facts: ClassificationSummary) -> str:
    """Return what the plot shows, in one line."""
    label = f" ({facts.concept})" if facts.concept else ""
    return f"Unit {facts.unit}{label} of {facts.layer} as a classifier"


def numbers(facts: ClassificationSummary) -> str:
    """Return the main scores, in one line."""
    rates, kind = _best_rates(facts, "at the run's threshold")
    return f"AUROC {fraction_score(facts.auroc)}, balanced accuracy {percent_score(rates.balanced_accuracy)} {kind}"


def _best_rates(facts: ClassificationSummary, otherwise: str) -> tuple[Rates, str]:
    """Return the held-out rates and what to call them, or those of the run's threshold."""
    return (facts.held_out, "held out") if facts.held_out else (facts.run_threshold, otherwise)


def _tiles(facts: ClassificationSummary, peaks: pd.DataFrame) -> list[dict[str, str]]:
    """Return the scores that come first: over all thresholds, and balanced accuracy."""
    share = float(peaks["positive"].mean())
    rates, kind = _best_rates(facts, "of the run")
    return [
        _tile("AUROC", "0.5", _shown(facts.auroc, 1, 3)),
        _tile("average precision", f"{share:.3f}", _shown(facts.average_precision, 1, 3)),
        _tile(f"balanced accuracy, {kind}", "50\u202f%", _shown(rates.balanced_accuracy, 100, 1)),
    ]


def _tile(name: str, chance: str, score: dict[str, str]) -> dict[str, str]:
    note = f"{score['interval']}; " if score["interval"] else ""
    return {"number": score["value"], "name": name, "note": f"{note}chance {chance}"}


def _rows(facts: ClassificationSummary) -> list[dict[str, object]]:
    """Return one row a rate: its name, and its value with interval at each kind of threshold."""
    kinds = [rates for rates in (facts.held_out, facts.run_threshold) if rates]
    return [
        {"name": name, "scores": [_shown(getattr(rates, key), 100, 1) for rates in kinds]}
        for key, name in RATES.items()
    ]


def _best(facts: ClassificationSummary) -> dict[str, object] | None:
    """Return which units are best, and a row a measure: this unit, the best where chosen and elsewhere, the price."""
    best = facts.best
    if best is None:
        return None
    own = _best_rates(facts, "of the run")[0].balanced_accuracy
    rows = [
        ("AUROC", facts.auroc, best.auroc, 1, 3),
        ("Average precision", facts.average_precision, best.average_precision, 1, 3),
        ("Balanced accuracy", own, best.balanced_accuracy, 100, 1),
    ]
    return {
        "said": best_in_words(best),
        "rows": [
            {
                "name": name,
                "scores": [
                    _shown(score, scale, digits)
                    for score in (mine, chosen.choosing, chosen.held_out, chosen.price)
                ],
            }
            for name, mine, chosen, scale, digits in rows
        ],
    }


def _shown(score: Score, scale: float, digits: int) -> dict[str, str]:
    return shown(interval_of(score, "value", "low", "high"), digits, scale=scale)


def _counts(peaks: pd.DataFrame) -> dict[str, int]:
    said, truth = peaks["predicted"].astype(bool), peaks["positive"].astype(bool)
    return {"false alarm": int((said & ~truth).sum()), "miss": int((~said & truth).sum())}


def _drawn(
    mistakes: pd.DataFrame, kind: str, run: Path, folder: Path, *, alone: bool
) -> list[dict[str, object]]:
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
                "picture": f"../{row.picture}" if name and alone else name,
                "id": row.id,
                "class": row.of_class if isinstance(row.of_class, str) else "",
                "peak": f"{row.peak:.4g}",
                "on": any(row.mask),
            }
        )
    return found
