"""The report's charts as figure files, SVG and PNG: detectors by concept (fig. 1D), by layer (fig. 1E)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unitscope.report.data import RunData
from unitscope.report.palette import COLORS, MARKERS, category_slots

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.titlesize": 10,
    "svg.hashsalt": "unitscope",
    "svg.fonttype": "path",
}
MOST_LETTERS = 28


def write_figures(data: RunData, folder: Path) -> dict[str, str]:
    """Write the figures of a run as `<name>.svg` and `<name>.png`.

    Returns:
        The title of each figure by its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "layers": ("Detectors by layer", layers_figure(data)),
        "concepts": ("Detectors by concept, all layers", concepts_figure(data)),
    }
    if len(data.layer_names) > 1:
        last = data.layer_names[-1]
        drawn["concepts-last"] = (
            f"Detectors by concept, {data.title(last)}",
            concepts_figure(data, layer=last),
        )
    for name, (_, figure) in drawn.items():
        save_figure(figure, folder / name)
    return {name: title for name, (title, _) in drawn.items()}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as `path.svg` and `path.png` (160 dots an inch)."""
    with warnings.catch_warnings(), mpl.rc_context(STYLE):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(path.with_name(path.name + ".svg"), metadata={"Date": None})
        figure.savefig(path.with_name(path.name + ".png"), dpi=160)


def concepts_figure(data: RunData, *, layer: str | None = None) -> Figure:
    """Draw the number of detectors of every concept, by category: the paper's fig. 1D.

    Args:
        data: the run.
        layer: count the units of this layer only; default all layers.
    """
    units = data.units[data.units["detector"]]
    units = units if layer is None else units[units["layer"] == layer]
    counts = {name: _by_size(group) for name, group in units.groupby("category", sort=False)}
    categories = [name for name in _categories(data) if name in counts]
    total = sum(len(counts[name]) for name in categories)
    with mpl.rc_context(STYLE):
        figure = new_figure(max(6.0, 0.17 * (total + 2 * len(categories)) + 0.9), 3.4)
        axes = figure.subplots()
        slots, left = category_slots(_categories(data)), 0
        for name in categories:
            _concept_bars(axes, counts[name], left, COLORS[slots[name]], str(name))
            left += len(counts[name]) + 2
        _finish_concepts(axes, counts, categories, left)
        axes.set_title(f"Detectors by concept, {layer or 'all layers'}", loc="left", parse_math=False)
    return figure


def _by_size(group: pd.DataFrame) -> pd.Series:
    counts = group.groupby("concept").size().rename("units").reset_index()
    ordered = counts.sort_values(["units", "concept"], ascending=[False, True])
    return ordered.set_index("concept")["units"]


def _concept_bars(axes: Axes, counts: pd.Series, left: int, color: str, name: str) -> None:
    label = f"{len(counts)} {name} ({int(counts.sum())} units)"
    axes.bar(range(left, left + len(counts)), counts.to_numpy(), width=0.8, color=color, label=label)


def _finish_concepts(axes: Axes, counts: dict[Any, pd.Series], categories: list[str], width: int) -> None:
    places: list[int] = []
    names: list[str] = []
    left = 0
    for category in categories:
        places += range(left, left + len(counts[category]))
        names += [_short(str(name)) for name in counts[category].index]
        left += len(counts[category]) + 2
    axes.set_xticks(places, names, rotation=90, fontsize=7, parse_math=False)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-1, max(width - 2, 1))
    axes.set_ylabel("detectors (units)")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    if categories:
        _legend(axes, len(categories))
    else:
        axes.text(0.5, 0.5, "no detectors", transform=axes.transAxes, ha="center")


def layers_figure(data: RunData) -> Figure:
    """Draw detectors and distinct concepts by layer and category: the paper's fig. 1E."""
    table = data.layers[data.layers["category"] != "all"]
    slots = category_slots(_categories(data))
    with mpl.rc_context(STYLE):
        figure = new_figure(max(7.0, 0.6 * len(data.layer_names) + 3), 3.4)
        units, concepts = figure.subplots(1, 2)
        bottom = [0.0] * len(data.layer_names)
        for name in _categories(data):
            rows = table[table["category"] == name].set_index("layer").reindex(data.layer_names).fillna(0)
            color, marker = COLORS[slots[name]], MARKERS[slots[name]]
            places = range(len(data.layer_names))
            units.bar(places, rows["detectors"], bottom=bottom, width=0.7, color=color, label=name)
            concepts.plot(places, rows["concepts"], marker=marker, color=color, markersize=5, label=name)
            bottom = [low + more for low, more in zip(bottom, rows["detectors"], strict=True)]
        for axes, label in ((units, "detectors (units)"), (concepts, "distinct concepts")):
            _finish_layers(axes, data, label)
        _legend(concepts, len(concepts.lines))
    return figure


def _finish_layers(axes: Axes, data: RunData, label: str) -> None:
    names = [_short(data.title(name)) for name in data.layer_names]
    turned: Any = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "parse_math": False}
    axes.set_xticks(range(len(names)), names, **turned)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_ylabel(label)
    axes.set_xlabel("layer")


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _legend(axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    place: Any = {"loc": "outside upper right", "ncols": columns, "frameon": False, "fontsize": 8}
    legend = axes.figure.legend(handles, labels, **place)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _categories(data: RunData) -> list[str]:
    return list(dict.fromkeys(data.concepts["category"]))


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "\u2026"
