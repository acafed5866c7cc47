"""Commands that look into finished dissections."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from unitscope.cli import calls, following
from unitscope.cli.following import next_lines
from unitscope.cli.options import options
from unitscope.cli.output import print_json, print_lines
from unitscope.cli.results import (
    ComparisonOptions,
    JsonOptions,
    ReportOptions,
    RunPath,
    SelectionOptions,
    StabilityOptions,
    TableOptions,
    UnitOptions,
)
from unitscope.errors import UnitscopeError


@options
def units(run: RunPath, *, wanted: SelectionOptions, table: TableOptions) -> None:
    """List units with their concepts.

    A table fits the terminal: columns that do not fit are left out from the right, and named below it. csv, json and
    parquet have all of them.
    """
    from unitscope.cli.tables import print_units

    opened, found = calls.select(run, wanted)
    print_units(found, table.style, table.out)
    if table.style == "table":
        print_lines(*next_lines(*following.of_units(opened, found)))


@options
def unit(
    run: RunPath,
    layer: Annotated[
        str,
        typer.Argument(
            metavar="LAYER", show_default=False, help="One of its layers, as 'unitscope units' names it."
        ),
    ],
    number: Annotated[
        int, typer.Argument(metavar="N", show_default=False, help="A unit of the layer, from 0.")
    ],
    *,
    shown: UnitOptions,
) -> None:
    """Show one unit: its label, how sure that is, its pictures.

    Also the concepts that it matches next best, and the pictures on which it is strongest; a notebook shows these, too.
    """
    from unitscope.cli.tables import print_unit

    found = calls.unit(run, layer, number, shown.strip)
    if shown.as_json:
        print_json({**found.to_dict(), "strip": shown.strip and str(shown.strip)})
        return
    print_unit(found)
    strip = [] if shown.strip is None else [f"strip: {shown.strip}"]
    drawable = any(each.picture is not None for each in found.exemplars)
    commands = following.of_unit(run, layer, number, drawn=bool(strip) or not drawable)
    print_lines(*strip, *next_lines(*commands))


@options
def stability(run: RunPath, *, wanted: StabilityOptions, table: TableOptions) -> None:
    """See which labels stay when thresholds or pictures change.

    Labels again at other thresholds, on fewer pictures, or compares with another run of the same network.
    """
    from unitscope.cli.tables import print_stability

    print_stability(calls.stability(run, wanted), table.style, table.out)


@options
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", show_default=False, help="Run folders of finished dissections."),
    ],
    *,
    output: ReportOptions,
) -> None:
    """Write a report: a folder to open in a browser, or one file.

    Of one run, or of several; no server is needed.
    """
    index = calls.write_report(runs, output.out, single_file=output.single_file, quiet=output.quiet)
    if output.browser:
        webbrowser.open(index.resolve().as_uri())
    if output.as_json:
        print_json({"report": str(index)})
    else:
        print_lines(f"report: {index}")


@options
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False, help="A run folder of any kind.")],
    *,
    output: JsonOptions,
) -> None:
    """Compare every file of a run with its checksum.

    Reads the questions in it, too, and says which command makes what is damaged anew.
    """
    found = calls.verify(run)
    if output.as_json:
        print_json({"runs": found})
    else:
        print_lines(*(str(each) for each in found))
    for each in found:
        if each.damaged:
            raise UnitscopeError(f"{each.path} is damaged; {each.advice}")


@options
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", show_default=False, help="Run folders of dissections: two, or one with --quantile."
        ),
    ],
    *,
    table: ComparisonOptions,
) -> None:
    """Set runs side by side, with a page and figures.

    Counts detectors and concepts by layer and category, and says how sure the differences are.
    """
    from unitscope.cli.tables import print_comparison

    comparison, opened, said, page = calls.compare(runs, table.quantile, table.page)
    print_comparison(comparison, opened, said, table.style, table.out)
    if table.style == "table":
        print_lines(f"page: {page}")
