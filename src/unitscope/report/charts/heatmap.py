"""Heat maps: a matrix as coloured cells; a large one as one picture, a pixel a cell."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageColor

from unitscope.report.charts.parts import Measure, data, labels, layered
from unitscope.report.charts.theme import COLORS, INK, PALETTE, PANEL, RULE

MOST_CELLS = 4000
"""Cells that are drawn one by one, each with a tooltip."""
NAMED = 60
"""Rows or columns up to which every one is named."""
RISING = (PANEL, COLORS[0])
DIVERGING = (COLORS[1], PANEL, COLORS[0])


def heat_map(
    matrix: NDArray[np.float64],
    measure: Measure,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    colors: tuple[str, ...],
    limits: tuple[float, float],
    titles: tuple[str | None, str | None],
    size: tuple[float, float],
    hrefs: Sequence[str] | None = None,
) -> alt.LayerChart:
    """Draw a matrix ``(rows, columns)``; NaN is left open.

    Args:
        matrix: the values.
        measure: of the values.
        rows: their names, from the top.
        columns: their names.
        colors: of the limits, and of the middle if there are three.
        limits: values of the outer colours.
        titles: of the axis of columns and of the axis of rows; rows and columns are not named beside an empty one.
        size: width (0 for that of the page) and height, pixels.
        hrefs: where choosing a cell of a row leads.
    """
    x = _axis(columns, titles[0])
    y = _axis(rows, titles[1], down=True)
    scale = alt.Scale(
        domain=list(np.linspace(*limits, len(colors))), range=list(colors), clamp=True, interpolate="rgb"
    )
    legend = alt.Legend(title=measure.title, labelExpr=measure.label, gradientLength=160, tickCount=4)
    color = alt.Color("value:Q", scale=scale, legend=legend)
    if matrix.size > MOST_CELLS:
        chart = _picture(matrix, (x, y, color), size[1])
        names = {"rows": list(rows), "columns": list(columns), "low": limits[0], "high": limits[1]}
        shown = {"title": measure.title, "scale": measure.scale, "unit": measure.unit, "hrefs": hrefs}
        chart.usermeta = {
            "cells": {**names, **shown, "codes": base64.b64encode(_codes(matrix, limits).tobytes()).decode()}
        }
        return _sized(chart, size[0])
    cells = _cells(matrix, rows, columns, hrefs)
    drawn = alt.Chart(data(cells)).transform_calculate(
        shown=measure.number("value") + f" + '{measure.unit}'", x2="datum.x + 1", y2="datum.y + 1"
    )
    chart = drawn.mark_rect(aria=True).encode(
        x=x,
        x2=alt.X2("x2:Q"),
        y=y,
        y2=alt.Y2("y2:Q"),
        color=color,
        href=alt.Href("href:N"),
        tooltip=[alt.Tooltip(f"{each}:N", title=each) for each in ("row", "column")]
        + [alt.Tooltip("shown:N", title=measure.title)],
    )
    return _sized(layered(chart, height=size[1]), size[0])


def _cells(
    matrix: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], hrefs: Sequence[str] | None
) -> pd.DataFrame:
    """Return one row a cell that is not left open, with its names."""
    down, across = np.nonzero(np.isfinite(matrix))
    return pd.DataFrame(
        {
            "x": across,
            "y": down,
            "value": matrix[down, across],
            "row": [rows[at] for at in down.tolist()],
            "column": [columns[at] for at in across.tolist()],
            "href": [hrefs[at] if hrefs else None for at in down.tolist()],
        }
    )


def _sized(chart: alt.LayerChart, width: float) -> alt.LayerChart:
    chart = chart.properties(view=alt.ViewBackground(stroke=RULE))
    return chart.properties(width=width) if width else chart


def _axis(names: Sequence[str], title: str | None, *, down: bool = False) -> alt.X | alt.Y:
    """Return an axis over cells 0 .. n, each named in its middle if there are not too many."""
    kind = alt.Y if down else alt.X
    places = [at + 0.5 for at in range(len(names))] if len(names) <= NAMED and title != "" else []
    axis = alt.Axis(
        title=title or None,
        values=places,
        labelExpr=labels(list(names), "datum.value - 0.5") if places else "''",
        labelAngle=0 if down or max(map(len, names), default=0) < 3 else -90,
        labelColor=INK,
        ticks=False,
        domain=False,
        grid=False,
    )
    field = "y:Q" if down else "x:Q"
    return kind(field, axis=axis, scale=alt.Scale(domain=[0, len(names)], nice=False, reverse=down))


def _picture(
    matrix: NDArray[np.float64], channels: tuple[alt.X | alt.Y, alt.X | alt.Y, alt.Color], height: float
) -> alt.LayerChart:
    x, y, color = channels
    scale: Any = color.to_dict()
    low, high = scale["scale"]["domain"][0], scale["scale"]["domain"][-1]
    codes = _codes(matrix, (low, high))
    urls = {name: _url(codes, scale["scale"]["range"], dark) for dark, name in enumerate(("light", "dark"))}
    rows, columns = matrix.shape
    frame = pd.DataFrame([{**urls, "x": 0, "x2": columns, "y": 0, "y2": rows, "value": low}])
    image = (
        alt.Chart(data(frame))
        .transform_calculate(url="datum[theme]")
        .mark_image(
            aspect=False,
            align="left",
            baseline="top",
            smooth=False,
            width={"expr": "width"},
            height={"expr": "height"},
        )
        .encode(x=x, y=y, url=alt.Url("url:N"))
    )
    ends = alt.Chart(alt.InlineData(values=[{"value": low}, {"value": high}]))
    legend = ends.mark_point(size=0, aria=False).encode(color=color)
    return layered(image, legend, height=height).add_params(alt.param("theme", value="light"))


def _codes(matrix: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.uint8]:
    """Return a byte a cell: 0 for no value, else from 1 to 255 between the limits."""
    share = np.clip((np.nan_to_num(matrix) - limits[0]) / (limits[1] - limits[0]), 0, 1)
    return np.ascontiguousarray(np.where(np.isfinite(matrix), 1 + np.rint(254 * share), 0).astype(np.uint8))


def _url(codes: NDArray[np.uint8], shades: Sequence[str], dark: int) -> str:
    """Return a matrix of codes (0 for none, then 1 to 255) as a PNG in an address."""
    themed = {light: pair[dark] for pair in PALETTE.values() for light in pair[:1]}
    ramp = np.array([ImageColor.getrgb(themed[shade]) for shade in shades], float)
    at = np.linspace(0, len(ramp) - 1, 255)
    table = np.stack([np.interp(at, range(len(ramp)), ramp[:, band]) for band in range(3)], 1)
    none = np.array([ImageColor.getrgb(PALETTE["rule"][dark])])
    picture = Image.fromarray(codes, "P")
    picture.putpalette(np.rint(np.concatenate([none, table])).astype(np.uint8).tobytes())
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")
