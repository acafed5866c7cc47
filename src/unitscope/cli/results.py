"""Options about results: where a run is, how it is shown, chosen from, shared and printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from unitscope.cli.options import OUTPUT, PICTURES
from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import MEASURED, SPEED, about, setting

RunPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", show_default=False, help="The folder that 'unitscope dissect --out' wrote."
    ),
]


@dataclass(frozen=True)
class JsonOptions:
    """How a quick command prints."""

    as_json: bool = setting(False, "Print JSON for programs.", option="json", panel=OUTPUT)


@dataclass(frozen=True)
class LayersOptions(JsonOptions):
    """How layers are listed."""

    every: bool = setting(
        False,
        "List every layer, also those of blocks with the same layers as the block before.",
        option="all",
        panel=OUTPUT,
    )


@dataclass(frozen=True)
class ShownOptions(JsonOptions):
    """How a command that takes time shows itself."""

    quiet: bool = setting(False, "No progress.", panel=OUTPUT)


@dataclass(frozen=True)
class TableOptions:
    """How a table is printed or written."""

    style: Literal["table", "csv", "json", "parquet"] = setting(
        "table", "How to print.", option="format", panel=OUTPUT
    )
    out: Path | None = setting(None, "A file to write instead of printing.", metavar="FILE", panel=OUTPUT)

    def __post_init__(self) -> None:
        """Refuse a form that does not go where it is to go.

        Raises:
            UnitscopeError: Parquet without a file, or a table with one.
        """
        if self.style == "parquet" and self.out is None:
            raise UnitscopeError("parquet is not for a terminal; give --out FILE.parquet")
        if self.style == "table" and self.out is not None:
            raise UnitscopeError("a table is for reading here; give --format csv, json or parquet with --out")


@dataclass(frozen=True)
class ComparisonOptions(TableOptions):
    """What is set beside the runs, how a comparison is printed, and where its page goes."""

    quantile: tuple[float, ...] = setting(
        (),
        "Set the first RUN, labelled again at this quantile, beside it; may be given again; up to --keep of the run.",
        panel=MEASURED,
    )
    page: Path | None = setting(
        None,
        "Where to write the page and its figures; below the first RUN by default.",
        metavar="FOLDER",
        panel=OUTPUT,
    )


@dataclass(frozen=True, kw_only=True)
class RunOptions(ShownOptions):
    """Where a dissection goes."""

    out: Path = field(
        metadata=about(
            "The run folder; the same command on it goes on where it stopped.", metavar="FOLDER", panel=OUTPUT
        )
    )
    drop_cache: bool = setting(False, "Delete the kept activations when the run is complete.", panel=SPEED)


@dataclass(frozen=True)
class OutputOptions(ShownOptions):
    """Where the answer to a question about a run goes."""

    out: Path | None = setting(
        None, "The folder to write; one below RUN by default.", metavar="FOLDER", panel=OUTPUT
    )


@dataclass(frozen=True)
class UnitOptions(JsonOptions):
    """How a unit is shown."""

    strip: Path | None = setting(
        None,
        "A picture to write: its strongest pictures side by side, .png or .jpg.",
        metavar="FILE",
        panel=OUTPUT,
    )

    def __post_init__(self) -> None:
        """Refuse a file that is no picture.

        Raises:
            UnitscopeError: it ends otherwise.
        """
        if self.strip is not None and self.strip.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise UnitscopeError(f"--strip is {str(self.strip)!r}; it must end in .png or .jpg")


@dataclass(frozen=True)
class ReportOptions(ShownOptions):
    """Where a report goes."""

    out: Path | None = setting(
        None,
        "Where to write it; RUN/report by default; required for several runs.",
        metavar="FOLDER",
        panel=OUTPUT,
    )
    single_file: bool = setting(
        False,
        "One HTML file to mail, RUN/report.html by default: the dissection alone, without the details that would make "
        "it too large.",
        panel=OUTPUT,
    )
    browser: bool = setting(False, "Open it in the browser of this machine.", option="open", panel=OUTPUT)


@dataclass(frozen=True)
class ExportOptions(JsonOptions):
    """How a run travels, and where to."""

    to: Literal["hub", "parquet", "csv", "zip"] = setting(
        "zip",
        "One file (zip), a folder of tables and pictures (parquet), a folder for the Hugging Face Hub (hub) or tables "
        "for spreadsheets (csv).",
        panel=OUTPUT,
    )
    no_pictures: bool = setting(
        False, "Leave out every picture, and questions whose pages show pictures.", panel=OUTPUT
    )
    out: Path | None = setting(
        None,
        "What to write, new; RUN.zip, or RUN and how, beside the run by default.",
        metavar="PATH",
        panel=OUTPUT,
    )


@dataclass(frozen=True, kw_only=True)
class ImportOptions(JsonOptions):
    """Where an imported run goes."""

    out: Path = field(metadata=about("The run folder, new.", metavar="FOLDER", panel=OUTPUT))


@dataclass(frozen=True)
class DemoOptions:
    """How large the demonstration is, and where it goes."""

    pictures: int = setting(
        400, "How many scenes to draw; a quarter as many are generated.", panel=PICTURES, bounds=(4, None)
    )
    out: Path = setting(
        Path("demo-run"), "The folder for the runs and the report.", metavar="FOLDER", panel=OUTPUT
    )


@dataclass(frozen=True)
class SelectionOptions:
    """Which units of a run are listed."""

    layer: tuple[str, ...] = setting(
        (), "Only this layer; may be given again.", metavar="LAYER", panel=MEASURED
    )
    concept: tuple[str, ...] = setting(
        (), "Only units labelled so; may be given again.", metavar="CONCEPT", panel=MEASURED
    )
    category: tuple[str, ...] = setting(
        (), "Only labels of this category; may be given again.", metavar="CATEGORY", panel=MEASURED
    )
    min_iou: float = setting(0.0, "Least IoU.", panel=MEASURED)
    rule: Literal["paper", "calibrated"] | None = setting(
        None,
        "Only detectors: paper, by IoU alone, or calibrated, above chance and random weights; needs a --control.",
        panel=MEASURED,
    )
    sort: str = setting(
        "iou",
        "A column, by its name or its heading, such as iou, layer, unit, concept or threshold; measures "
        "go from high to low.",
        metavar="COLUMN",
        panel=MEASURED,
    )
    quantile: float | None = setting(
        None,
        "Label all units again at this quantile, up to --keep of the run, from the activations kept in RUN.",
        panel=MEASURED,
    )
    limit: int | None = setting(None, "At most so many rows.", panel=OUTPUT, bounds=(1, None))


@dataclass(frozen=True)
class StabilityOptions:
    """What is changed to see which labels stay."""

    quantile: tuple[float, ...] = setting(
        (),
        "Another fraction of pixels above the thresholds; may be given again; half and twice that of RUN by default.",
        panel=MEASURED,
    )
    pictures: tuple[int, ...] = setting(
        (),
        "Label on two random sets of so many pictures; may be given again; 10, 20, 50, 100 ... by default.",
        panel=MEASURED,
        bounds=(1, None),
    )
    other: tuple[Path, ...] = setting(
        (),
        "Another run of the same network on the same pictures, with another grid, segmenter or other masks; may be "
        "given again.",
        metavar="RUN",
        panel=MEASURED,
    )
