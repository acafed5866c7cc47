"""Print tables for people and programs."""

from __future__ import annotations

import json
import math
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unitscope.errors import UnitscopeError, as_typed
from unitscope.run.numbers import fraction, heading, interval

if TYPE_CHECKING:
    from unitscope.layer.hooks import LayerDescription
    from unitscope.nouns.listing import Listed
    from unitscope.run.dissection import Dissection

MEASURES = ("units", "IoU", "IoU held out", "threshold", "mean IoU")
TERMINAL_WIDTH, SHORTEST, GAP = 80, 20, 2
"""Columns that the list of networks fits, the fewest of what a network is, and those between two columns."""
PIPE_WIDTH = 200
"""Columns of a table that is not printed on a terminal."""


def print_units(units: pd.DataFrame, style: str, out: Path | None) -> None:
    """Print units, or write them to a file, as `style`: table, csv, json or parquet."""
    print_frame(units, unit_rows(units), style, out, title=f"{len(units)} units")


def print_comparison(
    comparison: pd.DataFrame, runs: Sequence[Dissection], said: Sequence[str], style: str, out: Path | None
) -> None:
    """Print runs side by side, or write them to a file; below a table stands what is `said` of them."""
    title = "\n".join(f"{i}: {run.title}" for i, run in enumerate(runs, start=1))
    numbers = range(1, len(runs) + 1)
    measures = [f"{name}_{run}" for name in ("detectors", "concepts", "mean_iou") for run in numbers]
    readable = comparison[["layer", "category", *measures]].rename(columns=heading)
    for measure in (f"mean IoU {run}" for run in numbers):
        readable[measure] = readable[measure].map(fraction, na_action="ignore")
    print_frame(comparison, readable, style, out, title=title)
    if style == "table" and said:
        write_text("\n".join(said) + "\n", None)


def print_stability(found: pd.DataFrame, style: str, out: Path | None) -> None:
    """Print how many labels stay, or write it to a file."""
    readable = found.rename(columns={"same": "same label", "agree": "two sets agree"})
    for column in ("same label", "two sets agree"):
        readable[column] = [
            "" if math.isnan(share) else f"{100 * share:.1f} %" for share in readable[column].tolist()
        ]
    title = "labels of detectors that stay when something else changes"
    print_frame(found, readable, style, out, title=title)


def print_layers(layers: Sequence[LayerDescription], *, as_json: bool) -> None:
    """Print the layers of a model."""
    if as_json:
        inner = ("geometry", "readout")
        plain = [{key: value for key, value in asdict(layer).items() if key not in inner} for layer in layers]
        write_text(json.dumps(plain, indent=2) + "\n", None)
        return
    rows = [
        {
            "name": layer.name,
            "alias": layer.alias,
            "kind": layer.kind,
            "shape": "" if layer.shape is None else " x ".join(str(n) for n in layer.shape[1:]),
            "units": "" if layer.units is None else layer.units,
            "grid": "" if layer.grid is None else f"{layer.grid[0]}x{layer.grid[1]}",
            "reading": layer.reading,
            "places": layer.places,
        }
        for layer in layers
    ]
    table = pd.DataFrame(rows)
    print_table(table if any(layer.alias for layer in layers) else table.drop(columns="alias"))
    taken = ", ".join(layer.alias or layer.name for layer in layers if layer.default)
    write_text(f"by default: {taken}\n" if taken else "by default: none; name one with --layer\n", None)


def print_models(models: Sequence[Listed], style: str, out: Path | None) -> None:
    """Print the networks that have a name, or write them to a file."""
    frame = pd.DataFrame([model.to_dict() for model in models])
    frame = frame.astype(
        {"bytes": "Int64", "expected_bytes": "Int64"}
    )  # whole numbers, also beside missing ones
    here = [_here(model) for model in models]
    beside = sum(max(len(each), *map(len, cells)) + GAP for each, cells in
                 (("name", frame["name"]), ("kind", frame["kind"]), ("here", here)))  # fmt: skip
    about = [_about(model, max(TERMINAL_WIDTH - beside, SHORTEST)) for model in models]
    readable = pd.DataFrame({"name": frame["name"], "kind": frame["kind"], "about": about, "here": here})
    title = f"{len(models)} networks; those that are not here are downloaded when they are used"
    print_frame(frame, readable, style, out, title=title)
    if style == "table":
        write_text("\n".join(["", *_naming()]) + "\n", None)


def _about(model: Listed, width: int) -> str:
    default = [f"by default: {model.default}"] if model.default else []
    return "\n".join(line for text in (model.about, *default) for line in textwrap.wrap(text, width))


def _here(model: Listed) -> str:
    if not model.files:
        return "bundled"
    size = f"{model.expected_bytes / 1e6:,.0f} MB" if model.expected_bytes else ""
    return ", ".join(filter(None, ["yes" if model.cached else "no", size]))


def _naming() -> Iterator[str]:
    """Yield what else names a network."""
    from unitscope.nouns.listing import LIBRARIES

    yield "Networks of libraries (extra 'networks'), and what is taken by default:"
    wide = max(map(len, LIBRARIES))
    for form, taken in LIBRARIES.items():
        first, *rest = textwrap.wrap(taken, TERMINAL_WIDTH - wide - 4)
        yield f"  {form:<{wide}}  {first}"
        yield from (f"  {'':<{wide}}  {line}" for line in rest)
    yield f"With random weights: {as_typed('timm:NAME?weights=none')}, and likewise of the others."
    yield "Your own: package.module:function or file.py:function."


def print_frame(
    frame: pd.DataFrame, readable: pd.DataFrame, style: str, out: Path | None, *, title: str
) -> None:
    """Print a data frame as table, csv or json, or write csv, json or parquet to a file.

    Args:
        frame: for programs.
        readable: for people.
        style: table, csv, json or parquet.
        out: a file, which a table has not; None for the terminal, which Parquet has not.
        title: above the table.

    Raises:
        UnitscopeError: a file that cannot be written.
    """
    try:
        if style == "parquet" and out is not None:
            out.write_bytes(frame.to_parquet(index=False))
        elif style == "json":
            rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
            write_text(json.dumps(rows, indent=2, ensure_ascii=out is None) + "\n", out)
        elif style == "csv":
            write_text(frame.to_csv(index=False), out)
        else:
            print_table(readable, title=title)
    except OSError as error:
        raise UnitscopeError(
            f"cannot write {out}: {error.strerror or error}; choose another --out"
        ) from error


def unit_rows(units: pd.DataFrame) -> pd.DataFrame:
    """Arrange units for reading: IoU with its interval, units without a label say why."""
    label = (
        units["concept"].fillna("").where(units["concept"].notna(), "(" + units["status"].astype(str) + ")")
    )
    ends = [interval(low, high) if iou else "" for iou, low, high in
            zip(units["iou"], units["iou_low"], units["iou_high"], strict=True)]  # fmt: skip
    return pd.DataFrame(
        {
            "layer": units["layer"],
            "unit": units["unit"],
            "concept": label,
            "category": units["category"].fillna(""),
            heading("iou"): units["iou"].map(fraction),
            "IoU low to high": ends,
            heading("iou_heldout"): units["iou_heldout"].map(fraction),
            "lift": ["" if pd.isna(lift) else f"{lift:.1f}" for lift in units["lift"]],
            "threshold": units["threshold"].map("{:.4g}".format),
        }
    )


def print_table(frame: pd.DataFrame, *, title: str | None = None) -> None:
    """Print a data frame as a table; numbers to the right."""
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    for column in frame.columns:
        numeric = (
            pd.api.types.is_numeric_dtype(frame[column]) or str(column).rstrip(" 0123456789") in MEASURES
        )
        table.add_column(Text(str(column)), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        # As text: a name may hold what would be markup.
        table.add_row(*(Text("" if pd.isna(value) else str(value)) for value in row))
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def write_text(text: str, out: Path | None) -> None:
    """Print text, or write it to a file."""
    if out is None:
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError as error:
            raise UnitscopeError(
                f"{error.object[error.start]!a} cannot be printed in {sys.stdout.encoding}, the encoding of this "
                "terminal; give --out FILE, which is UTF-8, or set PYTHONUTF8=1"
            ) from error
        Console().out(text, end="", highlight=False)
    else:
        out.write_text(text, encoding="utf-8")
