"""What the charts are put together from: data, measures of an axis, intervals, colours of a series.

Charts name the channel of a field, `x2=alt.X2("high:Q")`: for a plain `"high:Q"` Altair searches all of its classes
each time, which takes 4 ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import altair as alt
import pandas as pd

from unitscope.report.charts.theme import MUTED, SHAPES

ROWS = "rows"
"""The data set of a chart whose rows a page may replace."""
FILL = "container"
"""A width that follows the page; a file has `Figure.width`."""


@dataclass(frozen=True)
class Measure:
    """What a number on an axis is: its title, what it is multiplied by, digits in a tooltip, its unit."""

    title: str
    scale: int = 1
    digits: int = 2
    unit: str = ""

    @property
    def label(self) -> str:
        """The expression of an axis label."""
        return f"format({self.scale} * datum.value, '.4~g') + '{self.unit}'"

    def number(self, field: str) -> str:
        """Return the expression of a number in words."""
        return f"format({self.scale} * datum.{field}, '.{self.digits}f')"

    @property
    def shown(self) -> str:
        """The expression of `value` with the interval from `low` to `high`, if there is one."""
        interval = (
            "(isValid(datum.low) && isValid(datum.high) && datum.low != datum.high ? "
            f"' (' + {self.number('low')} + ' to ' + {self.number('high')} + ')' : '')"
        )
        return f"isValid(datum.value) ? {self.number('value')} + '{self.unit}' + {interval} : 'not measured'"

    def axis(self, **options: Any) -> alt.Axis:
        """Return an axis that shows it."""
        return alt.Axis(title=self.title, labelExpr=self.label, **options)


def percent(title: str, digits: int = 1) -> Measure:
    """Return the measure of a share, shown in per cent."""
    return Measure(title, 100, digits, "\u202f%")


def points(title: str) -> Measure:
    """Return the measure of a difference of shares, shown in percentage points."""
    return Measure(title, 100, 1)


@dataclass(frozen=True)
class Figure:
    """A chart with its title and a quieter line below it, which only files have, and the width of a file in pixels."""

    chart: Any
    title: str
    note: str = ""
    width: int = 640

    def spec(self) -> dict[str, Any]:
        """Return the Vega-Lite specification, without title and look; its parts are shared by all who ask."""
        return dict(self._spec)

    @cached_property
    def _spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.chart.to_dict(validate=False, context={"consolidate": False})
        datasets: dict[str, Any] = found.pop("datasets", {})
        _collect(found, datasets)
        found = {key: value for key, value in found.items() if key not in ("config", "$schema")}
        return {**found, "datasets": datasets}


def _collect(spec: Any, datasets: dict[str, Any]) -> None:
    """Move named data out of a specification, so that each is written once and a page can replace it."""
    for item in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        if isinstance(item, dict) and "values" in item and "name" in item:
            datasets[item["name"]] = item.pop("values")
        else:
            _collect(item, datasets)


class _Rows(alt.InlineData):
    """Rows that the copies of a chart share: Altair copies a chart with each layer and setting, row by row."""

    def __init__(self, rows: list[dict[str, object]], name: str) -> None:
        object.__setattr__(self, "_rows", rows)
        super().__init__(values=[], name=name)

    def __deepcopy__(self, memo: object = None) -> _Rows:
        return self

    def to_dict(self, *_: object, **__: object) -> dict[str, Any]:
        return {"name": self.name, "values": self._rows}


def data(rows: pd.DataFrame, name: str = ROWS) -> alt.InlineData:
    """Return a table as the data of a chart; what is no number becomes null."""
    values = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return _Rows([{str(key): _plain(item) for key, item in row.items()} for row in values], name)


def _plain(item: object) -> object:
    found = item.item() if hasattr(item, "item") else item
    return float(f"{found:.6g}") if isinstance(found, float) else found


def series_color(colors: Mapping[str, str], *, legend: bool = True, field: str = "series") -> alt.Color:
    """Return the colour channel of named series, in their order."""
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Undefined if legend else None)


def series_shape(names: Sequence[str], shapes: Sequence[str] = SHAPES, *, field: str = "series") -> alt.Shape:
    """Return the shape channel of named series, so that colour never stands alone."""
    return alt.Shape(
        f"{field}:N",
        scale=alt.Scale(domain=list(names), range=[shapes[at % len(shapes)] for at in range(len(names))]),
    )


def tooltip(measure: Measure, **fields: str) -> list[alt.Tooltip]:
    """Return a tooltip: the fields by title, then the value with its interval (`shown`)."""
    named = [alt.Tooltip(f"{field}:N", title=title) for field, title in fields.items()]
    return [*named, alt.Tooltip("shown:N", title=measure.title)]


def rule(value: float, *, axis: str, dashed: bool = False, color: str = MUTED) -> alt.Chart:
    """Return a line across the chart at a value of an axis, drawn once."""
    mark = alt.Chart(alt.InlineData(values=[{"at": value}])).mark_rule(
        color=color, strokeDash=[2, 3] if dashed else [1, 0], aria=False
    )
    line: alt.Chart = mark.encode(x=alt.X("at:Q")) if axis == "x" else mark.encode(y=alt.Y("at:Q"))
    return line


def labels(names: Sequence[str], field: str = "datum.value") -> str:
    """Return the expression that writes names (with `|` for a new line) at the places 0, 1, ... of an axis."""
    listed = ", ".join("['" + "','".join(_quoted(part) for part in name.split("|")) + "']" for name in names)
    return f"[{listed}][{field}]"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")


def layered(*charts: alt.Chart | alt.LayerChart, height: float | alt.Step) -> alt.LayerChart:
    """Put charts on each other, as wide as the page."""
    found = alt.layer(*charts)
    if not isinstance(found, alt.LayerChart):
        raise TypeError("layers cannot be facets")
    found.width, found.height = FILL, height  # `properties` would copy all layers again
    return found
