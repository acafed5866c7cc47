"""Every kind of chart is a valid specification, and becomes the same files every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from unitscope.report.charts import bars, curve, densities, dots, heatmap, histogram, scatter
from unitscope.report.charts.files import ENDINGS, bundle, file_spec, save_figure
from unitscope.report.charts.parts import Figure, Measure, percent, points
from unitscope.report.charts.theme import COLORS, PALETTE

NASTY = 'it\'s <img src=x> \\ "quoted"'


def estimates(count: int = 6) -> pd.DataFrame:
    value = np.linspace(-0.1, 0.4, count)
    frame = pd.DataFrame({"name": [f"{NASTY} {at}" for at in range(count)], "value": value, "series": "a"})
    frame = frame.assign(low=value - 0.05, high=value + 0.05, sure=value > 0)
    return frame.assign(low=frame["low"].where(frame.index != 2), high=frame["high"].where(frame.index != 2))


def bar_figure() -> Figure:
    return Figure(bars.interval_bars(estimates(), percent("share"), colors={"a": COLORS[0]}), NASTY, "note")


def column_figure() -> Figure:
    rows = estimates().assign(label="x", count=[1, 2, 3, 4, 5, 6], order=0, text="", href="#/")
    return Figure(bars.count_columns(rows, {"a": COLORS[0]}, title="units", noun="concept"), "columns")


def curve_figure() -> Figure:
    rows = estimates().assign(x=range(6), marks=True, loose=False)
    return Figure(
        curve.curves(rows, percent("share"), colors={"a": COLORS[0]}, across="units", logarithmic=True),
        "curve",
    )


def histogram_figure() -> Figure:
    row = {"low": 0.0, "high": 2.0, "shares": [0.9, 0.0, 0.099, 0.001], "threshold": 0.9}
    return Figure(histogram.histogram([row], title="activation"), "histogram")


def dot_figure() -> Figure:
    return Figure(dots.interval_dots(estimates(), points("lost"), colors={"a": COLORS[0]}), "dots")


def scatter_figure() -> Figure:
    rows = pd.DataFrame({"column": [0, 0, 1], "value": [0.1, 0.2, 0.3], "text": NASTY, "href": None})
    means = pd.DataFrame({"column": [0, 1], "value": [0.15, 0.3], "low": [0.1, None], "high": [0.2, None]})
    return Figure(
        scatter.columns(rows, means, percent("IoU"), names=[NASTY, "b|c"], across="classes"), "scatter"
    )


def density_figure() -> Figure:
    values = np.array([0.0, 1, 1.5, 4])
    points = pd.DataFrame({"x": values, "y": -0.1, "series": "a", "text": NASTY})
    areas = densities.hills({"a": (values, 0.0)}, (0, 4), 0.5)
    chart = densities.strips(
        points,
        areas,
        Measure("peak"),
        colors={"a": COLORS[0]},
        names=[(0.0, NASTY)],
        limits=(-0.5, 1),
        height=200,
    )
    return Figure(chart, "strips")


def map_figure(rows: int = 4, columns: int = 5) -> Figure:
    matrix = np.linspace(-1, 1, rows * columns).reshape(rows, columns)
    matrix[0, 0] = np.nan
    names = [[f"{NASTY} {at}" for at in range(count)] for count in matrix.shape]
    chart = heatmap.heat_map(
        matrix, Measure("correlation"), rows=names[0], columns=names[1],
        colors=heatmap.DIVERGING, limits=(-1, 1), titles=("units", "classes"), size=(0, 200),
    )  # fmt: skip
    return Figure(chart, "map")


def large_map_figure() -> Figure:
    return map_figure(70, 80)


FIGURES = [
    *(bar_figure, column_figure, curve_figure, histogram_figure, dot_figure, scatter_figure, density_figure),
    *(map_figure, large_map_figure),
]


@pytest.mark.parametrize("make", FIGURES)
def test_a_chart_is_a_valid_specification_and_the_same_files(
    make: Callable[[], Figure], tmp_path: Path
) -> None:
    figure = make()
    figure.chart.to_dict()
    save_figure(figure, tmp_path / "one")
    save_figure(figure, tmp_path / "two")
    for ending in ENDINGS:
        first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
        assert len(first) == len(second)
        assert first == second or ending == "pdf"  # whose objects come in any order
    assert ElementTree.parse(tmp_path / "one.svg").getroot().tag.endswith("svg")
    assert "NaN" not in (tmp_path / "one.svg").read_text(encoding="utf-8")
    with Image.open(tmp_path / "one.png") as image:
        assert min(image.size) > 200
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")


def test_a_page_gets_the_specification_of_the_file() -> None:
    figure = bar_figure()
    page, file = figure.spec(), file_spec(figure)
    assert page["width"] == "container"
    assert file["width"] == figure.width
    assert {
        key: value for key, value in file.items() if key not in ("width", "title", "padding", "config")
    } == {key: value for key, value in page.items() if key != "width"}
    assert [row["value"] for row in page["datasets"]["rows"]] == pytest.approx(
        estimates()["value"].tolist(), rel=1e-5
    )
    assert page["datasets"]["rows"][2]["low"] is None


def test_a_large_map_is_a_picture_with_its_values_in_bytes() -> None:
    small, large = map_figure().spec(), large_map_figure().spec()
    assert "usermeta" not in small
    assert len(small["datasets"]["rows"]) == 19
    assert large["usermeta"]["cells"]["rows"][1] == f"{NASTY} 1"
    row = next(iter(large["datasets"]["rows"]))
    assert row["light"].startswith("data:image/png;base64,")
    assert row["light"] != row["dark"]


def test_every_colour_has_two_shades_that_are_used_once() -> None:
    light = [pair[0] for pair in PALETTE.values()]
    assert len(set(light)) == len(light)
    assert not set(light) & {pair[1] for pair in PALETTE.values()}


def test_the_scripts_are_made_once_for_each_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNITSCOPE_CACHE", str(tmp_path))
    path = bundle()
    assert path.parent.parent == tmp_path
    assert "vegaEmbed" in path.read_text(encoding="utf-8")
    path.write_text("kept", encoding="utf-8")
    assert bundle().read_text(encoding="utf-8") == "kept"
