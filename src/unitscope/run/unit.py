"""One unit of a finished dissection, as a notebook shows it."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.registered import VIEWS, make_registered
from unitscope.run.masks import Mask, outlined, unpack_mask

if TYPE_CHECKING:
    from unitscope.run.dissection import Dissection

STYLE = "display:inline-block;margin:0 6px 6px 0;vertical-align:top;font-size:12px;color:inherit"


@dataclass(frozen=True)
class Exemplar:
    """A picture on which a unit is strong.

    Attributes:
        id: of the picture.
        peak: the unit's largest activation on it.
        picture: as the network saw it ``(H, W, 3)`` uint8; None where it was not kept.
        mask: where the unit exceeds its threshold ``(H, W)``.
    """

    id: str
    peak: float
    picture: NDArray[np.uint8] | None
    mask: Mask

    @property
    def outlined(self) -> NDArray[np.uint8] | None:
        """The picture with the unit's region outlined ``(H, W, 3)`` uint8."""
        return None if self.picture is None else outlined(self.picture, self.mask)


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
        self.run, self.layer, self.number = run, run.find_layer(layer), number
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
        address = unit_address(self.run.network.layer_title(self.layer), self.number)
        return f"{self.run.page.resolve().as_uri()}{address}"

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
        lines.append(f"  above {self.threshold:.4g} in {self.row['quantile_fraction']:.2%} of all pixels")
        return "\n".join([*lines, *([f"  strongest on {strongest}"] if strongest else [])])

    def _repr_html_(self) -> str:
        first, *rest = repr(self).splitlines()
        link = f' <a href="{escape(self.report_url)}">report</a>' if self.report_url else ""
        pictures = "".join(
            f'<figure style="{STYLE}"><img src="{_inline(each.outlined)}" alt="{escape(each.id)}" width="144">'
            f"<figcaption>peak {each.peak:.4g}</figcaption></figure>"
            for each in self.exemplars
            if each.outlined is not None
        )
        return (
            f"<p><strong>{escape(first)}</strong>{link}<br>{escape(' '.join(rest))}</p><div>{pictures}</div>"
        )

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
        return Exemplar(str(row.id), float(row.peak), picture, mask)


def _inline(picture: NDArray[np.uint8] | None) -> str:
    assert picture is not None
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def unit_address(layer: str, number: int) -> str:
    """Return the address of a unit within the report of its run, by the title of its layer."""
    return f"#/unit/{quote(layer, safe='')}/{number}"
