"""One unit of a finished dissection, as a notebook shows it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from unitscope import notebook
from unitscope.errors import UnitscopeError
from unitscope.registered import VIEWS, make_registered
from unitscope.run.calibration import LEAST_FOR_CHANCE
from unitscope.run.masks import Mask, outlined, resize_mask, unpack_mask
from unitscope.run.numbers import Score, fraction, fraction_score, percent

if TYPE_CHECKING:
    import altair as alt

    from unitscope.run.dissection import Dissection

MOST_MATCHES = 10
"""Concepts that are shown."""
STRIP_HEIGHT, STRIP_GAP = 160, 4
"""Pixels of a strip of pictures: how high it is, and what is between two of them."""


@dataclass(frozen=True)
class Exemplar:
    """A picture on which a unit is strong.

    Attributes:
        id: of the picture.
        peak: the unit's largest activation on it.
        picture: as the network saw it ``(H, W, 3)`` uint8; None where it was not kept.
        mask: where the unit exceeds its threshold ``(H, W)``.
        sample: number of the picture.
        find_concept: returns `concept`, which takes the label map of the picture.
    """

    id: str
    peak: float
    picture: NDArray[np.uint8] | None
    mask: Mask
    sample: int = -1
    find_concept: Callable[[], Mask | None] = field(default=lambda: None, repr=False)

    @cached_property
    def concept(self) -> Mask | None:
        """Where the concept of the unit's label is ``(H, W)``; None without a label, or where label maps are gone."""
        return self.find_concept()

    @property
    def outlined(self) -> NDArray[np.uint8] | None:
        """The picture with the regions of the unit and of its label outlined ``(H, W, 3)`` uint8."""
        return None if self.picture is None else outlined(self.picture, self.mask, self.concept)


class Unit:
    """A unit of a layer: what it matches, how sure that is, and the pictures behind it.

    Args:
        run: a finished dissection.
        layer: module name of one of its layers, or a readable name.
        number: of the unit, from 0.

    Raises:
        UnitscopeError: the run has no such layer, or the layer no such unit.
    """

    def __init__(self, run: Dissection, layer: str, number: int) -> None:
        # A number from a table is one of NumPy's.
        self.run, self.layer, self.number = run, run.find_layer(layer), int(number)
        rows = run.units[run.units["layer"] == self.layer]
        if number not in set(rows["unit"]):
            raise UnitscopeError(
                f"unit {number} is not in layer {layer!r}, which has {len(rows)} units; give a number from 0 to "
                f"{len(rows) - 1}"
            )
        self.row: pd.Series = rows[rows["unit"] == number].iloc[0]

    @property
    def title(self) -> str:
        """Layer, unit and label."""
        name = f"{self.run.network.layer_title(self.layer)} unit {self.number}"
        return f"{name}: {self.concept}" if self.concept else f"{name}: no concept ({self.row['status']})"

    @property
    def concept(self) -> str | None:
        """Its label; None without one."""
        return None if pd.isna(self.row["concept"]) else str(self.row["concept"])

    @property
    def iou(self) -> float:
        """IoU with the label."""
        return float(self.row["iou"])

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the IoU."""
        return float(self.row["iou_low"]), float(self.row["iou_high"])

    @property
    def threshold(self) -> float:
        """The activation it exceeds on the quantile of all pixels."""
        return float(self.row["threshold"])

    @cached_property
    def matches(self) -> pd.DataFrame:
        """Its best concepts, by rank."""
        return self._rows("matches", "rank")

    @property
    def concepts(self) -> list[str]:
        """Names of its best concepts, the best first."""
        return [str(name) for name in self.matches["concept"]]

    @cached_property
    def exemplars(self) -> list[Exemplar]:
        """Its strongest pictures with the region where it is above its threshold."""
        return [self._exemplar(row) for row in self._rows("exemplars", "rank").itertuples()]

    @cached_property
    def histogram(self) -> pd.DataFrame:
        """How often its activation lies between two values: ``low``, ``high``, ``count`` of pixels."""
        row = self._rows("histograms", "unit").iloc[0]
        edges = np.asarray(row["edges"])
        return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": np.asarray(row["counts"])})

    def mask(self, picture: int | str) -> Mask:
        """Return where it exceeds its threshold in a picture of the run, on the pixel grid ``(gh, gw)``.

        Args:
            picture: its number or id.

        Raises:
            UnitscopeError: there is no such picture, or the activations were not kept.
        """
        number = self.run.find_picture(picture)
        found = make_registered(VIEWS, "mask", self.run, self.layer, self.number, number)
        assert isinstance(found, np.ndarray)
        return found

    def activation(self, picture: object) -> NDArray[np.float32]:
        """Run the network on a picture, and return the unit's activation grid ``(h, w)``.

        Args:
            picture: a file, a Pillow image or an array ``(H, W, 3)`` uint8; for a generator, the number of a latent of
                the run.

        Raises:
            UnitscopeError: the network cannot be loaded again, or the picture cannot be read.
        """
        found = make_registered(VIEWS, "activation", self.run, self.layer, self.number, picture)
        assert isinstance(found, np.ndarray)
        return found

    def plot(self) -> object:
        """Return a chart of its histogram with the threshold."""
        return make_registered(VIEWS, "histogram", self)

    @property
    def report_url(self) -> str | None:
        """Address of its page in the report of the run; None where there is no report yet."""
        if not self.run.page.is_file():
            return None
        return f"{self.run.page.resolve().as_uri()}{self._address}"

    @property
    def _address(self) -> str:
        return unit_address(self.run.network.layer_title(self.layer), self.number)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what is known of it, named, in words: how sure the label is, where the unit is on."""
        row = self.row
        if self.concept:
            yield "IoU", f"{fraction_score(Score.of(self.iou, *self.interval))}, 95 % interval over pictures"
            stable = "both halves choose" if row["label_stable"] else "the halves do not both choose"
            yield (
                "held out",
                f"{fraction(row['iou_heldout'])} on pictures that did not choose it; {stable} this label",
            )
            yield "by chance", self._chance()
            precision, recall = percent(row["precision"]), percent(row["recall"])
            name = self.concept
            yield (
                "region",
                f"{precision} of it shows {name} (precision), {recall} of all {name} lies in it (recall)",
            )
        above = percent(row["quantile_fraction"], digits=2)
        yield (
            "threshold",
            f"{self.threshold:.4g}, exceeded on {above} of the pixels that count; peak {row['peak']:.4g}",
        )
        cut = fraction(self.run.settings.min_iou)
        yield (
            "detector",
            f"{'yes' if row['detector'] else 'no'}, an IoU of at least {cut} counts{self._beyond()}",
        )

    def _chance(self) -> str:
        row = self.row
        if pd.isna(row["p_value"]):
            few = self.run.settings.null and self.run.data.used < LEAST_FOR_CHANCE
            needs = f"that takes {LEAST_FOR_CHANCE} pictures or more" if few else "that takes --null"
            return f"not measured: {needs}"
        return (
            f"the best of all concepts has {fraction(row['null_iou'])}, in 1 of 20 cases more than "
            f"{fraction(row['null_iou_95'])}; q-value {row['q_value']:.2g}"
        )

    def _beyond(self) -> str:
        """Return whether it stands out, going on after whether it is a detector; nothing where that is not known."""
        found = self.run.calibrated[self.run.units.index == self.row.name]
        if found.isna().any():
            return ""
        stands = bool(found.iloc[0])
        from_what = "random weights and chance" if self.run.controls else "chance"
        return f"; it {'stands' if stands else 'does not stand'} out from {from_what}"

    def to_dict(self) -> dict[str, object]:
        """Return its row of the unit table, with ``matches`` and ``exemplars``, as plain values; null where unknown."""
        row = {str(name): None if pd.isna(value) else value for name, value in self.row.items()}
        plain = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()
        }
        best = self.matches[["concept", "category", "iou"]].to_dict("records")
        strongest = [{"id": each.id, "peak": each.peak} for each in self.exemplars]
        return {**plain, "matches": best, "exemplars": strongest}

    def strip(self) -> NDArray[np.uint8] | None:
        """Return its strongest pictures side by side, regions outlined ``(H, W, 3)`` uint8; None where none is kept."""
        tiles = []
        for each in self.exemplars:
            if each.outlined is not None:
                image = Image.fromarray(each.outlined)
                wide = max(1, round(image.width * STRIP_HEIGHT / image.height))
                tiles += [
                    np.asarray(image.resize((wide, STRIP_HEIGHT), Image.Resampling.LANCZOS)),
                    np.full((STRIP_HEIGHT, STRIP_GAP, 3), 128, np.uint8),
                ]
        return np.concatenate(tiles[:-1], axis=1) if tiles else None

    def __repr__(self) -> str:
        low, high = self.interval
        lines = [
            f"{self.title}, IoU {self.iou:.3f} ({low:.3f} to {high:.3f})" if self.concept else self.title
        ]
        others = self.matches.iloc[1:4]
        if len(others):
            names = (f"{row.concept} {row.iou:.3f}" for row in others.itertuples())
            lines.append(f"  then {', '.join(names)}")
        if not pd.isna(self.row["auroc"]):
            precision, area = self.row["average_precision"], self.row["auroc"]
            lines.append(f"  over all pixels: average precision {precision:.3f}, AUROC {area:.3f}")
        strongest = ", ".join(each.id for each in self.exemplars[:3])
        above = percent(self.row["quantile_fraction"], digits=2)
        lines.append(f"  above {self.threshold:.4g} in {above} of the pixels that count")
        return "\n".join([*lines, *([f"  strongest on {strongest}"] if strongest else [])])

    def _repr_html_(self) -> str:
        link = notebook.page_link(self.run.page, self._address) if self.run.page.is_file() else ""
        found = self.matches.head(MOST_MATCHES)
        best = list(zip(found["concept"], found["category"], found["iou"].map(fraction), strict=True))
        shown = [
            notebook.picture(each.outlined, alt=each.id, caption=(f"peak {each.peak:.4g}", each.id))
            for each in self.exemplars
            if each.outlined is not None
        ]
        colors = [("#ffe600", "where the unit is above its threshold")]
        if any(each.concept is not None for each in self.exemplars):
            colors.append(("#00c8ff", f"where {self.concept} is"))
        cut = self.run.settings.min_iou
        return notebook.card(
            self.title,
            notebook.scale(self.iou, *self.interval, cut) if self.concept else "",
            notebook.facts(self.facts()),
            notebook.beside(*shown),
            notebook.key(*colors) if shown else "",
            notebook.beside(
                notebook.table(("best concepts", "category", "IoU"), best, words=2) if best else "",
                self._drawn_histogram(),
            ),
            link=link,
        )

    def _drawn_histogram(self) -> str:
        """Return the chart of its histogram as a drawing; its colours give way to those of the notebook."""
        drawing = io.StringIO()
        cast("alt.LayerChart", self.plot()).save(drawing, format="svg")
        return re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>", "", drawing.getvalue())

    def _rows(self, table: str, order: str) -> pd.DataFrame:
        found = self.run.table(table)
        chosen = found[(found["layer"] == self.layer) & (found["unit"] == self.number)]
        return chosen.sort_values(order, ignore_index=True)

    def _exemplar(self, row: Any) -> Exemplar:
        file, picture = self.run.path / str(row.picture), None
        if row.picture is not None:
            self.run.check(str(row.picture))
        if row.picture is not None and file.is_file():
            picture = np.asarray(Image.open(file).convert("RGB"))
        mask = unpack_mask(row.mask, row.mask_height, row.mask_width)
        sample = int(row.sample)
        where = partial(self._where, sample, *mask.shape)
        return Exemplar(str(row.id), float(row.peak), picture, mask, sample, where)

    def _where(self, sample: int, height: int, width: int) -> Mask | None:
        """Return where the concept of its label is in a picture, ``(height, width)``; None where that is not known."""
        if self._number is None:
            return None
        with suppress(UnitscopeError):
            there: Mask = (self.run.label_map(sample) == self._number).any(0)
            return resize_mask(there, height, width)
        return None

    @cached_property
    def _number(self) -> int | None:
        """Number of its label in label maps."""
        concepts = self.run.concepts
        found = concepts[(concepts["name"] == self.concept) & (concepts["category"] == self.row["category"])]
        return int(found["number"].iloc[0]) if self.concept and len(found) else None


def unit_address(layer: str, number: int) -> str:
    """Return the address of a unit within the report of its run, by the title of its layer."""
    return f"#/unit/{quote(layer, safe='')}/{number}"
