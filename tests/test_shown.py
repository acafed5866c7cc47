"""What runs, units, networks and tables show of themselves in a notebook."""

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fake_importance import make_importance
from fake_run import NASTY, Shape, make_run
from PIL import Image

import unitscope
from unitscope import notebook, progress
from unitscope.run.comparison import Comparison
from unitscope.run.masks import TRUE, outlined
from unitscope.run.unit import Unit


class Seen(HTMLParser):
    """What a page says: words, rows of tables, and tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.tags, self.rows = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def seen(thing):
    found = Seen(thing._repr_html_())
    assert not found.open
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return unitscope.dissect(
        "world-vgg", "world:24", out=tmp_path_factory.mktemp("shown") / "run", layers=["relu3_2", "relu4_3"],
        control=0, replicates=100, null=20, device="cpu", show=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    return unitscope.open_run(make_run(tmp_path_factory.mktemp("nasty") / "run", Shape(units=20)))


def test_a_run_shows_what_every_layer_has_beside_random_weights(run):
    found = seen(run)
    assert found.text.startswith(f"Dissection of {run.title}")
    head, *rows = found.rows
    assert head[:6] == ["layer", "detectors", "above chance", "with random weights", "stand out", "concepts"]
    for row, count in zip(rows, run.calibration.to_dict("records"), strict=True):
        assert row[:5] == [
            count["layer"], f"{count['detectors']} of {count['units']}", f"{count['above_chance']}",
            f"{count['untrained']:g}", f"{count['calibrated']}",
        ]  # fmt: skip
        layer = run.layers[run.layers["layer"] == row[0]].set_index("category")["concepts"]
        assert row[5:] == [str(layer.get(name, 0)) for name in ("all", *head[6:])]
    assert str(run.path) in found.text


def test_exemplars_show_the_unit_and_its_concept(run):
    best = run.best(1).iloc[0]
    unit = run.unit(best["layer"], int(best["unit"]))
    number = int(
        run.concepts.set_index(["name", "category"]).loc[(best["concept"], best["category"]), "number"]
    )
    for each in unit.exemplars:
        labels = run.label_map(each.sample)
        assert run.find_picture(each.id) == each.sample
        assert each.concept.shape == each.mask.shape
        share = (labels == number).any(0).mean()
        assert each.concept.mean() == pytest.approx(share, abs=0.02)
    assert any(each.concept.any() for each in unit.exemplars)
    showing = next(each for each in unit.exemplars if each.concept.any())
    plain = outlined(showing.picture, showing.mask)
    changed = (showing.outlined != plain).any(-1)
    assert (showing.outlined[changed] == TRUE).all(-1).any()
    strip = unit.strip()
    assert strip.shape[0] == 160
    assert strip.shape[1] == 5 * 160 + 4 * 4


def test_a_unit_shows_label_interval_pictures_matches_and_histogram(run):
    best = run.best(1).iloc[0]
    unit = run.unit(best["layer"], int(best["unit"]))
    found = seen(unit)
    facts = {row[0]: row[1] for row in found.rows if len(row) == 2}
    assert list(facts) == ["IoU", "held out", "by chance", "region", "threshold", "detector"]
    assert facts["IoU"].startswith(f"{best['iou']:.3f} ({best['iou_low']:.3f} to {best['iou_high']:.3f})")
    assert facts["held out"].startswith(f"{best['iou_heldout']:.3f} on pictures that did not choose it")
    assert f"more than {best['null_iou_95']:.3f}; q-value {best['q_value']:.2g}" in facts["by chance"]
    assert f"{100 * best['precision']:.1f} %" in facts["region"]
    assert "random weights and chance" in facts["detector"]
    listed = [row for row in found.rows if len(row) == 3][1:]
    matches = unit.matches.head(10)
    assert listed == [[row.concept, row.category, f"{row.iou:.3f}"] for row in matches.itertuples()]
    pictures = [attrs for tag, attrs in found.tags if tag == "img"]
    assert [each["alt"] for each in pictures] == [each.id for each in unit.exemplars]
    assert all(each["src"].startswith("data:image/jpeg;base64,") for each in pictures)
    assert "threshold " in found.text
    assert "share of pixels" in found.text


def test_a_unit_of_a_run_without_label_maps_shows_its_region_alone(nasty):
    unit = next(nasty.unit(row.layer, row.unit) for row in nasty.best(1).itertuples())
    assert all(each.concept is None for each in unit.exemplars)
    assert f"where {unit.concept} is" not in seen(unit).text


def test_names_are_text_wherever_they_are_shown(nasty):
    shown = [nasty, unitscope.compare(nasty, nasty), *(Unit(nasty, NASTY, number) for number in range(6))]
    shown.append(unitscope.open_importance(make_importance(nasty.path, NASTY)))
    assert any(NASTY in seen(each).text for each in shown)
    for each in shown:
        assert "<img src=x" not in each._repr_html_()
        assert not [attrs for tag, attrs in seen(each).tags if "onerror" in attrs]


def test_colours_are_those_of_the_notebook(run):
    style = notebook.STYLE
    assert "color: inherit" in style
    assert not re.search(r"(?<![-\w])(?:color|background): *(?:#|rgb|white|black)", style)
    svg = notebook.scale(0.5, 0.4, 0.6, 0.04)
    assert set(re.findall(r'stroke="([^"]+)"', svg)) == {"currentColor", "#7a70e8"}


def test_a_scale_stays_on_its_axis_and_says_what_it_shows():
    svg = notebook.scale(0.25, 0.0, 1.5, 0.04)
    assert 'cx="66.0"' in svg
    assert 'x2="246.0"' in svg
    assert "<title>0.250, interval 0.000 to 1.500, at least 0.040 counts</title>" in svg


def test_pages_below_the_working_folder_are_linked_from_there(tmp_path, monkeypatch):
    page = tmp_path / "a run" / "index.html"
    monkeypatch.chdir(tmp_path)
    assert 'href="a%20run/index.html#/unit/1"' in notebook.page_link(page, "#/unit/1")
    monkeypatch.chdir("/")
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    assert f'href="{page.as_uri()}"' in notebook.page_link(page)


def test_tiny_pictures_are_drawn_whole_times_as_large():
    shown = notebook.picture(np.zeros((32, 64, 3), np.uint8), alt="<", caption=("a", "<b>"))
    assert 'alt="&lt;"' in shown
    assert "a<br>&lt;b&gt;" in shown
    assert 'width="144"' in shown


def test_a_comparison_is_a_frame_that_says_which_run_is_which(run):
    found = unitscope.compare(run, run.controls[0])
    assert isinstance(found, Comparison)
    page = seen(found)
    assert f"1: {run.title}" in page.text
    assert f"2: {run.controls[0].title}" in page.text
    assert page.rows[0][:4] == ["layer", "category", "detectors 1", "concepts 1"]
    assert len(page.rows) == 1 + len(found)
    assert type(found[found["category"] == "all"]) is pd.DataFrame
    assert found.said()[-1].startswith("2 less 1, ")


def test_interesting_columns_stand_first_and_none_is_lost(run):
    first = list(run.units.columns[:8])
    assert first == ["layer", "unit", "concept", "category", "iou", "iou_low", "iou_high", "iou_heldout"]
    assert sorted(run.units.columns) == sorted(run.table("units").columns)
    assert list(unitscope.at_quantile(run, 0.02).columns) == list(run.units.columns)


def test_a_network_and_its_layers_show_themselves(run):
    network = unitscope.network("world-vgg")
    facts = dict(seen(network).rows)
    assert facts["input"].startswith("112 x 112 pixels")
    assert facts["preprocessing"] == network.preprocessing.written
    assert facts["layers"] == f"{', '.join(network.layers)} by default"
    assert facts["classes"].startswith(f"{len(network.classes)}: {network.classes[0]}, ")
    assert dict(seen(unitscope.generator("world-gan")).rows)["pictures"] == "64 x 64 pixels"
    layers = unitscope.layers(network)
    frame = layers.to_pandas()
    assert list(frame["path"]) == [layer.name for layer in layers]
    assert list(frame.loc[frame["default"], "layer"]) == list(network.layers)
    assert [row[0] for row in seen(layers).rows[1:]] == list(frame["layer"])
    assert repr(layers).splitlines()[0].split()[:3] == ["layer", "units", "grid"]


class Displayed:
    """Stands for IPython in a notebook: what is displayed, and every state of it."""

    def __init__(self):
        self.states, self.shell = [], SimpleNamespace(kernel=object(), execution_count=1)
        self.module = ModuleType("IPython")
        self.module.get_ipython = lambda: self.shell
        self.module.display = ModuleType("IPython.display")
        self.module.display.HTML = str
        self.module.display.display = self.display

    def display(self, first, display_id):
        assert display_id
        self.states.append([first])
        return SimpleNamespace(update=self.states[-1].append)


def test_progress_is_one_output_of_a_cell(monkeypatch, capsys):
    shown, now = Displayed(), [0.0]
    monkeypatch.setitem(sys.modules, "IPython", shown.module)
    monkeypatch.setitem(sys.modules, "IPython.display", shown.module.display)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    for name, seconds in (("a <long> stage", 5.0), ("a short one", 0.1)):
        with progress.progress_bar(name, 4) as advance:
            for _ in range(4):
                now[0] += seconds
                advance(1, "some")
    (states,) = shown.states
    assert any(
        '<progress value="2" max="4"' in state and "a &lt;long&gt; stage, some: 2 of 4" in state
        for state in states
    )
    assert states[-1] == "<div>a &lt;long&gt; stage: 4 of 4 in 20 s</div>"
    shown.shell.execution_count = 2
    progress.say("what follows")
    assert [each[-1] for each in shown.states][1:] == ["<div>what follows</div>"]
    with progress.showing(False), progress.progress_bar("silent", 1):
        pass
    assert len(shown.states) == 2
    assert capsys.readouterr() == ("", "")


def test_a_report_is_opened_when_asked_to(nasty, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert nasty.report() == nasty.page
    assert not opened
    nasty.report(browser=True)
    assert opened == [nasty.page.resolve().as_uri()]
    assert ">report</a>" in nasty._repr_html_()


def test_a_strip_is_none_where_no_picture_is_kept(nasty):
    unit = nasty.unit(NASTY, 0)
    assert Image.fromarray(unit.strip()).height == 160
    vars(unit)["exemplars"] = [replace(each, picture=None) for each in unit.exemplars]
    assert unit.strip() is None
