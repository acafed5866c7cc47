"""Commands by which a finished run travels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unitscope.cli.options import options
from unitscope.cli.output import print_json, print_lines
from unitscope.cli.results import ExportOptions, ImportOptions, RunPath
from unitscope.errors import command_of

ExportPath = Annotated[
    Path,
    typer.Argument(
        metavar="EXPORT", show_default=False, help="A folder or a zip file of 'unitscope export'."
    ),
]


@options
def export(run: RunPath, *, wanted: ExportOptions) -> None:
    """Write a run so that it travels.

    Tables, pictures, controls and questions, with a data card.
    """
    from unitscope.run.export import export as write

    place = write(run, wanted.to, wanted.out, pictures=not wanted.no_pictures)
    if wanted.as_json:
        print_json({"export": str(place)})
    else:
        print_lines(f"export: {place}")


@options
def import_run(source: ExportPath, *, wanted: ImportOptions) -> None:
    """Open what was exported as a run again."""
    from unitscope.run.imported import import_run as read

    run = read(source, wanted.out)
    if wanted.as_json:
        print_json(run.summary)
    else:
        print_lines(repr(run), f"next: {command_of('report', run.path)}")
