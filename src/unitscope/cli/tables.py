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
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unitscope.cli.folding import fold_layers
from unitscope.errors import UnitscopeError, as_typed
from unitscope.run.numbers import fraction, heading

Less = Sequence[Sequence[str]]

if TYPE_CHECKING:
    from unitscope.layer.hooks import LayerDescription
    from unitscope.nouns.listing import Listed
    from unitscope.run.dissection import Dissection
    from unitscope.run.unit import Unit

MEASURES = ("units", "peak", "iou", "iou_low", "iou_high", "iou_heldout", "lift", "threshold", "mean IoU")
"""Headings of columns that are numbers, besides those that are numbers themselves."""
TERMINAL_WIDTH, SHORTEST, GAP = 80, 20, 2
"""Columns that the list of networks fits, the fewest of what a network is, and those between two columns."""
LESS_OF_UNITS = (("threshold",), ("category",), ("lift",), ("iou_heldout",), ("iou_low", "iou_high"))
LESS_OF_LAYERS = (("shape",), ("kind",), ("places",))
"""What is left out of a table that is wider than the terminal, in this order."""


def print_units(units: pd.DataFrame, style: str, out: Path | None) -> None:
    """Print units, or write them to a file, as `style`: table, csv, json or parquet."""
    print_frame(units, unit_rows(units), style, out, title=f"{len(units):,} units", less=LESS_OF_UNITS)


def print_unit(unit: Unit) -> None:
    """Print what is known of a unit, its best concepts and strongest pictures."""
    from unitscope.run.unit import MOST_MATCHES

    console = Console(emoji=False)
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, said in unit.facts():
        facts.add_row(Text(name), Text(said))
    console.print(Text(unit.title), facts, "", highlight=False)
    best = unit.matches.head(MOST_MATCHES)[["concept", "category", "iou"]]
    if len(best):
        print_table(
            best.assign(iou=best["iou"].map(fraction)).rename(columns={"concept": "best concepts"}),
            rest="--json",
        )
        console.print()
    strongest = {"strongest pictures": [each.id for each in unit.exemplars],
                 "peak": [f"{each.peak:.4g}" for each in unit.exemplars]}  # fmt: skip
    if unit.exemplars:
        print_table(pd.DataFrame(strongest), rest="--json")


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
    less = [[f"{heading(name)} {run}" for run in numbers] for name in ("mean_iou", "concepts")]
    print_frame(comparison, readable, style, out, title=title, less=less)
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


def print_layers(layers: Sequence[LayerDescription], *, as_json: bool, every: bool) -> None:
    """Print the layers of a model; a table leaves out blocks that repeat unless it is to have `every` layer."""
    if as_json:
        inner = ("geometry", "readout", "followed")
        plain = [{key: value for key, value in asdict(layer).items() if key not in inner} for layer in layers]
        write_text(json.dumps(plain, indent=2) + "\n", None)
        return
    listed, folds = (layers, []) if every else fold_layers(layers)
    rows = [
        {
            "name": layer.name,
            "alias": layer.alias,
            "kind": layer.kind,
            "shape": " x ".join(str(n) for n in layer.shape_of_picture or ()),
            "units": "" if layer.units is None else layer.units,
            "grid": "" if layer.grid is None else f"{layer.grid[0]}x{layer.grid[1]}",
            "reading": layer.reading,
            "places": layer.places,
        }
        for layer in listed
    ]
    table = pd.DataFrame(rows)
    shown = table if any(layer.alias for layer in listed) else table.drop(columns="alias")
    print_table(shown, less=LESS_OF_LAYERS, rest="--json")
    write_text("".join(f"{fold.said()}\n" for fold in folds), None)
    if folds:
        write_text(f"{len(listed)} of {len(layers)} layers are listed; --all lists every one\n", None)
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
    frame: pd.DataFrame,
    readable: pd.DataFrame,
    style: str,
    out: Path | None,
    *,
    title: str,
    less: Less = (),
) -> None:
    """Print a data frame as table, csv or json, or write csv, json or parquet to a file.

    Args:
        frame: for programs.
        readable: for people.
        style: table, csv, json or parquet.
        out: a file, which a table has not; None for the terminal, which Parquet has not.
        title: above the table.
        less: columns that a table may leave out, see :func:`print_table`.

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
            print_table(readable, title=title, less=less)
    except OSError as error:
        raise UnitscopeError(
            f"cannot write {out}: {error.strerror or error}; choose another --out"
        ) from error


def unit_rows(units: pd.DataFrame) -> pd.DataFrame:
    """Arrange units for reading, columns named as in the table; units without a label say why."""
    label = (
        units["concept"].fillna("").where(units["concept"].notna(), "(" + units["status"].astype(str) + ")")
    )
    low, high = (
        units[end].map(fraction).where(units["concept"].notna(), "") for end in ("iou_low", "iou_high")
    )
    return pd.DataFrame(
        {
            "layer": units["layer"],
            "unit": units["unit"],
            "concept": label,
            "iou": units["iou"].map(fraction),
            "iou_low": low,
            "iou_high": high,
            "iou_heldout": units["iou_heldout"].map(fraction),
            "lift": ["" if pd.isna(lift) else f"{lift:.1f}" for lift in units["lift"]],
            "category": units["category"].fillna(""),
            "threshold": units["threshold"].map("{:.4g}".format),
        }
    )


def print_table(
    frame: pd.DataFrame, *, title: str | None = None, less: Less = (), rest: str = "--format csv"
) -> None:
    """Print a data frame as a table; numbers to the right.

    A table is as wide as the terminal, and 80 columns where there is none. If it does not fit, first headings of
    several words stand in two lines, then columns are left out and named below it.

    Args:
        frame: what is printed, named as it is to be read.
        title: above the table.
        less: names of columns that may be left out, together, in this order.
        rest: the option that prints all columns.
    """
    console = Console(emoji=False)
    shown, left_out = fitted(frame, console.width, less)
    if not console.is_terminal:  # a program reads lines: they are not folded
        console.width = max(console.width, _width(shown))
    console.print(_as_rich(shown, title))
    if left_out:
        console.print(
            f"left out to fit {console.width} columns: {', '.join(left_out)}; {rest} has all",
            highlight=False,
            markup=False,
        )


def fitted(frame: pd.DataFrame, width: int, less: Less) -> tuple[pd.DataFrame, list[str]]:
    """Return a table that fits so many columns of a terminal if it can be made to, and the names that are left out."""
    if _width(frame) <= width:
        return frame, []
    broken = {column: "\n".join(str(column).rsplit(" ", 1)) for column in frame.columns}
    left_out: list[str] = []
    for names in ((), *less):
        left_out += [name for name in names if name in frame.columns]
        shown = frame.drop(columns=left_out).rename(columns=broken)
        if _width(shown) <= width:
            break
    return shown, left_out


def _width(frame: pd.DataFrame) -> int:
    """Return how many columns of a terminal a table takes."""
    wide = [
        max(cell_len(line) for each in (column, *frame[column]) for line in _said(each).split("\n"))
        for column in frame.columns
    ]
    return sum(wide) + GAP * max(len(wide) - 1, 0)


def _said(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def _as_rich(frame: pd.DataFrame, title: str | None) -> Table:
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    for column in frame.columns:
        plain = str(column).replace("\n", " ").rstrip(" 0123456789")
        numeric = pd.api.types.is_numeric_dtype(frame[column]) or plain in MEASURES
        table.add_column(Text(str(column)), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        # As text: a name may hold what would be markup.
        table.add_row(*(Text(_said(value)) for value in row))
    return table


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
        Console(emoji=False).out(text, end="", highlight=False)
    else:
        out.write_text(text, encoding="utf-8")
