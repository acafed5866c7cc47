"""One picture with the label maps of some segmenters laid over it, so that a person sees what the reference sees."""

from __future__ import annotations

import contextlib
import math
import os
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from unitscope.concepts.colors import CATEGORY, COLORS
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.merge import MergedLabeller
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import NOTHING, Concept, Vocabulary
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.sources.decode import decode_picture
from unitscope.sources.framing import Framing

LONGEST = 320
"""Cells along the longer side of the label maps."""
MOST = 11
"""Concepts in the legend of a plane; the rest are counted together."""
FORMATS = (".png", ".jpg", ".jpeg", ".pdf", ".svg")
PANEL = 4.0
"""Width of a panel, inches; the gaps and lines of text below are inches too."""
GAP, LINE, TITLE, NUMBER = 0.25, 0.2, 0.3, 0.45
POINTS = 72
"""An inch; sizes of text are in points."""
DOTS = 160
"""An inch."""
SHADES = (
    *("#0072b2", "#e69f00", "#009e73", "#d0408c", "#7b4ab5"),
    *("#56b4e9", "#a6470a", "#8fbc2b", "#f0d000", "#6d5b4f", "#1b7f8c"),
)
OTHERS = "#9a9a9a"
OPACITY = 0.62
_OWN_SHADES = dict(
    zip(
        COLORS,
        (
            *("#101010", "#2a52d0", "#7a4a21", "#8a8a8a", "#2f9e3f", "#f08a1d"),
            *("#f29ac0", "#7d3c98", "#cf2a27", "#fafafa", "#f4d81c"),
        ),
        strict=True,
    )
)
"""What the colour plane is painted with."""


@dataclass(frozen=True)
class Area:
    """A concept in one plane of a picture, with its share of the picture's area (0..1)."""

    plane: str
    concept: Concept
    share: float


@dataclass(frozen=True)
class Taken:
    """A segmenter as it was taken.

    Attributes:
        name: of the segmenter.
        preprocess: its own preprocessing, or what was given instead.
    """

    name: str
    preprocess: str

    def __str__(self) -> str:
        return f"segmenter: {self.name}, {self.preprocess}"


@dataclass(frozen=True)
class Segmentation:
    """A picture with its label maps.

    Attributes:
        picture: RGB, (H, W, 3) uint8.
        labels: (P, rows, columns) int32 over the whole picture, numbers of the vocabulary.
        vocabulary: what the numbers mean.
        planes: a title for each plane.
        segmenters: what labelled it, defaults included.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.int32]
    vocabulary: Vocabulary
    planes: tuple[str, ...]
    segmenters: tuple[Taken, ...] = ()

    def areas(self, plane: int) -> list[Area]:
        """Return the concepts of one plane, the largest first."""
        numbers, counts = np.unique(self.labels[plane], return_counts=True)
        found = [
            Area(self.planes[plane], concept, int(count) / self.labels[plane].size)
            for number, count in zip(numbers, counts, strict=True)
            if (concept := self.vocabulary[int(number)]) is not None
        ]
        return sorted(found, key=lambda area: -area.share)

    def only(self, names: Sequence[str]) -> Segmentation:
        """Return the same with all concepts left out but those of the names given.

        Raises:
            UnitscopeError: the vocabulary has no concept of a name.
        """
        known = list(dict.fromkeys(concept.name for concept in self.vocabulary.concepts))
        for name in names:
            if name not in known:
                raise UnitscopeError(
                    f"concept {name!r} not found;{did_you_mean(name, known)} the segmenters know {len(known)}"
                )
        numbers = [i for i, concept in enumerate(self.vocabulary) if concept and concept.name in names]
        return replace(self, labels=np.where(np.isin(self.labels, numbers), self.labels, NOTHING))


def segment(file: Path | str, segmenters: Sequence[Segmenter]) -> Segmentation:
    """Segment one picture.

    Args:
        file: of the picture; the segmenters see the whole of it.
        segmenters: one or more.

    Raises:
        UnitscopeError: the picture cannot be read, or a segmenter fails.
    """
    picture = _read(Path(file))
    height, width = picture.shape[:2]
    scale = LONGEST / max(height, width)
    grid = (max(round(height * scale), 1), max(round(width * scale), 1))
    where = PixelGrid(Framing(), (height, width), grid)
    labellers = [SegmenterLabeller(each, where) for each in segmenters]
    merged = MergedLabeller(labellers)
    titles = _titles([(each.name, title) for each in segmenters for title in each.plane_titles])
    maps = np.maximum(merged.label([merged.prepare(0, picture)])[0], NOTHING)
    taken = tuple(Taken(each.name, each.preprocessing.written) for each in segmenters)
    return Segmentation(picture, maps, merged.vocabulary, titles, taken)


def _titles(planes: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return a title for each plane ``(segmenter, title)``: with the segmenter where two would be the same."""
    often = Counter(title for _, title in planes)
    return tuple(f"{title} ({name})" if often[title] > 1 else title for name, title in planes)


def _read(path: Path) -> NDArray[np.uint8]:
    if not path.is_file():
        state = "is a folder; give one picture file" if path.is_dir() else "does not exist"
        raise UnitscopeError(f"picture {str(path)!r} {state}")
    try:
        return decode_picture(path)
    except ValueError as error:
        raise UnitscopeError(f"picture {str(path)!r} cannot be read: {error}") from error


def check_out(out: Path) -> None:
    """Raise `UnitscopeError` if a picture cannot be written under this name; call before any work."""
    if out.suffix.lower() not in FORMATS:
        raise UnitscopeError(
            f"the picture {str(out)!r} has no known format; end its name in {', '.join(FORMATS)}"
        )
    if out.is_dir():
        raise UnitscopeError(f"the picture {str(out)!r} is a folder; give a file name")


def write_picture(segmentation: Segmentation, out: Path) -> Path:
    """Draw the picture and one panel for each plane, and write them to a file.

    Raises:
        UnitscopeError: the file cannot be written, or its format is unknown.
    """
    check_out(out)
    aside = out.with_name(f".{out.stem}.{os.getpid()}{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(), mpl.rc_context({"font.family": "sans-serif", "font.size": 9}):
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            draw(segmentation).savefig(aside, dpi=DOTS, facecolor="white")
        aside.replace(out)
    except OSError as error:
        raise UnitscopeError(
            f"the picture {str(out)!r} cannot be written: {error.strerror or error}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    return out


def draw(segmentation: Segmentation) -> Figure:
    """Draw the picture and one panel for each plane, each with a legend of concepts and their share of the area."""
    height, width = segmentation.picture.shape[:2]
    tall = PANEL * min(max(height / width, 0.25), 2.5)
    count = len(segmentation.planes) + 1
    columns = min(count, 3 if height <= width * 1.4 else 4)
    legends = [_legend(segmentation, plane) for plane in range(len(segmentation.planes))]
    rows = [range(start, min(start + columns, count)) for start in range(0, count, columns)]
    lines = [max([1, *(math.ceil(len(legends[i - 1]) / 2) for i in row if i)]) for row in rows]
    heights = [TITLE + tall + LINE * (number + 0.6) for number in lines]
    size = (GAP + columns * (PANEL + GAP), GAP + sum(heights) + GAP * (len(rows) - 1))
    figure = Figure(figsize=size)
    top = size[1]
    for row, each in zip(rows, heights, strict=True):
        for position, panel in enumerate(row):
            box = (GAP + position * (PANEL + GAP), top - TITLE - tall, PANEL, tall)
            axes = figure.add_axes(tuple(v / size[i % 2] for i, v in enumerate(box)))
            axes.set_axis_off()
            _panel(axes, segmentation, panel - 1, legends[panel - 1] if panel else [])
        top -= each + GAP
    return figure


@dataclass(frozen=True)
class _Entry:
    """A line of a legend: what is painted with one shade."""

    text: str
    shade: str | None
    share: float
    numbers: tuple[int, ...]


def _legend(segmentation: Segmentation, plane: int) -> list[_Entry]:
    vocabulary, areas = segmentation.vocabulary, segmentation.areas(plane)
    shown, rest = (areas, []) if len(areas) <= MOST else (areas[: MOST - 1], areas[MOST - 1 :])
    entries, number = (
        [],
        {area.concept: vocabulary.number(area.concept.name, area.concept.category) for area in areas},
    )
    for area, shade in zip(shown, _shades(shown), strict=True):
        entries.append(_Entry(area.concept.name, shade, area.share, (number[area.concept],)))
    if rest:
        share = sum(area.share for area in rest)
        entries.append(
            _Entry(f"{len(rest)} others", OTHERS, share, tuple(number[area.concept] for area in rest))
        )
    empty = float((segmentation.labels[plane] == NOTHING).mean())
    return [*entries, _Entry("nothing", None, empty, ())] if empty else entries


def _shades(areas: Sequence[Area]) -> Iterator[str]:
    """Yield a shade for each: colours have their own, other concepts one after the other."""
    free = iter(SHADES)
    for area in areas:
        own = _OWN_SHADES.get(area.concept.name) if area.concept.category == CATEGORY else None
        yield own or next(free)


def _panel(axes: Axes, segmentation: Segmentation, plane: int, legend: Sequence[_Entry]) -> None:
    """Draw the picture itself (plane -1), or a plane over the paled picture with its legend below."""
    title = "picture" if plane < 0 else segmentation.planes[plane]
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=4, parse_math=False)
    height, width = segmentation.picture.shape[:2]
    where = (0, width, height, 0)
    if plane < 0:
        axes.imshow(segmentation.picture, extent=where, aspect="auto", interpolation="antialiased")
        return
    grey = segmentation.picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    pale = np.repeat((0.25 + 0.75 * grey)[..., None], 3, axis=2)
    axes.imshow(pale, extent=where, aspect="auto", interpolation="antialiased")
    axes.imshow(
        _paint(segmentation.labels[plane], legend), extent=where, aspect="auto", interpolation="nearest"
    )
    _write_legend(axes, legend)


def _paint(labels: NDArray[np.int32], legend: Sequence[_Entry]) -> NDArray[np.float32]:
    """Return the shades of a plane with white lines between different labels, RGBA (rows, columns, 4) in 0..1."""
    painted = np.zeros((*labels.shape, 4), np.float32)
    for entry in legend:
        if entry.shade is not None:
            painted[np.isin(labels, entry.numbers)] = (*to_rgb(entry.shade), OPACITY)
    if any(entry.shade in _OWN_SHADES.values() for entry in legend):
        return painted  # beside white as a colour, lines would be taken for it
    border = np.zeros(labels.shape, bool)
    border[1:] |= labels[1:] != labels[:-1]
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    if border.mean() < 0.25:  # a plane of specks would be all lines
        painted[border] = (1, 1, 1, 0.8)
    return painted


def _write_legend(axes: Axes, legend: Sequence[_Entry]) -> None:
    """Write a legend below a panel in two columns, in inches from its lower left corner."""
    figure = axes.get_figure()
    assert figure is not None
    box = axes.get_position()
    width, height = figure.get_size_inches()  # type: ignore[union-attr]
    lines = math.ceil(len(legend) / 2)
    for index, entry in enumerate(legend):
        column, line = divmod(index, lines)
        left = box.x0 * width + column * PANEL / 2
        middle = box.y0 * height - LINE * (line + 0.85)
        swatch = Rectangle(
            (left / width, (middle - 0.06) / height), 0.16 / width, 0.12 / height, transform=figure.transFigure,
            facecolor=entry.shade or "none", edgecolor="#555555", linewidth=0.5,
        )  # fmt: skip
        figure.add_artist(swatch)
        right = (left + PANEL / 2 - 0.4) / width
        figure.text(
            right, middle / height, _percent(entry.share), va="center_baseline", ha="right", color="#555555"
        )
        text = _shortened(entry.text, PANEL / 2 - 0.4 - 0.23 - NUMBER)
        figure.text((left + 0.23) / width, middle / height, text, va="center_baseline", parse_math=False)


def _shortened(text: str, room: float) -> str:
    """Cut a text that is wider than the room, in inches."""
    font = FontProperties(family=mpl.rcParams["font.family"], size=mpl.rcParams["font.size"])

    def width(drawn: str) -> float:
        return text_to_path.get_text_width_height_descent(drawn, font, ismath=False)[0] / POINTS

    def cut(length: int) -> str:
        return text[:length].rstrip() + "…"

    if len(text) <= 1 or width(text) <= room:
        return text
    shorter = range(1, len(text))
    return cut(max(bisect_right(shorter, room, key=lambda length: width(cut(length))), 1))


def _percent(share: float) -> str:
    if share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def describe(segmentation: Segmentation) -> list[str]:
    """Return a line for each plane: its largest concepts with their share of the area."""
    lines = []
    for plane, title in enumerate(segmentation.planes):
        areas = segmentation.areas(plane)
        named = ", ".join(f"{area.concept.name} {_percent(area.share)}" for area in areas[:MOST])
        lines.append(f"{title}: {named or 'nothing'}" + (", ..." if len(areas) > MOST else ""))
    return lines
