"""The pages of removal, insertion and ranking, made from their folders alone."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from planted_generator import planted_subject

from unitscope.errors import UnitscopeError
from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.ranking import run_ranking
from unitscope.experiments.effects.removal import run_removal
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.report.header import Header
from unitscope.report.pages.effects import effect_title, with_kinds, write_effect_page
from unitscope.report.pages.insertion import color_end, context_figures, contexts, grid_of, map_figures
from unitscope.report.pages.numbers import shown
from unitscope.report.pages.questions import page_links, place_pages
from unitscope.report.pages.ranking import effects_figure, mapped
from unitscope.report.pages.removal import (
    instead_figure,
    own_effects,
    removal_figure,
    side_effects,
    side_figure,
)

LATENTS = 40


@pytest.fixture(scope="module")
def removal(tmp_path_factory):
    settings = RemovalSettings(concept="tree", units=(1, 2, 3), random=2, pairs=2, choose_on="all")
    return run_removal(planted_subject(LATENTS), settings, tmp_path_factory.mktemp("removal") / "out")


@pytest.fixture(scope="module")
def insertion(tmp_path_factory):
    settings = InsertionSettings(concept="door", units=1, choose_on="all")
    out = tmp_path_factory.mktemp("insertion") / "out"
    return run_insertion(planted_subject(LATENTS), settings, out, levels=np.ones(6, np.float32))


@pytest.fixture(scope="module")
def ranking(tmp_path_factory):
    settings = RankingSettings(replicates=200)
    return run_ranking(planted_subject(LATENTS), settings, tmp_path_factory.mktemp("ranking") / "out")


@pytest.fixture(scope="module", params=["removal", "insertion", "ranking"])
def found(request):
    return request.getfixturevalue(request.param)


class Links(HTMLParser):
    """Collects what a page points to, and checks that its tags are closed in order."""

    VOID = ("meta", "link", "img", "br", "path", "circle", "use", "hr")

    def __init__(self, text):
        super().__init__()
        self.targets, self.open, self.alts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.targets += [given[name] for name in ("href", "src") if given.get(name)]
        if tag == "img":
            self.alts.append(given.get("alt"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        given = dict(attrs)
        self.targets += [given[name] for name in ("href", "src") if given.get(name)]

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open.pop() == tag


def text_of(page):
    text = re.sub(r"<(style|script|svg).*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("\u202f", " ").replace("&#8239;", " ").split())


def test_every_page_is_whole_and_points_only_to_what_is_there(found):
    page = write_effect_page(found)
    links = Links(page.read_text(encoding="utf-8"))
    assert not links.open
    outside = [target for target in links.targets if not target.startswith(("#", "data:"))]
    assert len(outside) > 4
    for target in outside:
        assert "//" not in target
        assert (page.parent / unquote(target)).is_file(), target
    assert all(links.alts)


def test_a_page_is_replaced_and_something_else_is_not(found):
    first = write_effect_page(found)
    (first.parent / "old").touch()
    assert not (write_effect_page(found).parent / "old").exists()
    (first.parent / "unitscope-report.json").unlink()
    with pytest.raises(UnitscopeError, match="holds something else than a report"):
        write_effect_page(found)
    (first.parent / "unitscope-report.json").write_text("{}")


def test_pages_stand_in_the_report_of_their_run(removal, ranking, tmp_path):
    found = []
    for each in (removal, ranking):
        copy = tmp_path / "run" / each.kind
        shutil.copytree(each.path, copy)
        found.append(type(each).open(copy))
    links = page_links(with_kinds(found), "effects")
    place_pages(with_kinds(found), tmp_path / "effects", header=Header.of([("What the units do", links)]))
    assert [title for title, _ in links] == ["units without tree units", "units of units ranked by effect"]
    for _, address in links:
        text = (tmp_path / address).read_text(encoding="utf-8")
        assert 'href="../../index.html#/units"' in text
        assert 'href="../../effects/ranking/index.html"' in text
        assert text.count(' aria-current="page"') == 1


def test_the_removal_page_says_what_the_tables_say(removal):
    text = text_of(write_effect_page(removal))
    facts = removal.summary
    own = own_effects(removal)
    whole = own[(own["kind"] == "concept") & (own["k"] == 3)].iloc[0]
    assert whole["lost"] == 1
    assert "With the 3 units of units that match tree most set to zero, 100.0 % of its area is lost" in text
    assert f"in {facts.pictures} pictures" in text
    one = own[(own["kind"] == "concept") & (own["k"] == 1)].iloc[0]
    row = f"tree 1 1 {100 * one['lost']:.1f} % {100 * one['lost_low']:.1f} to {100 * one['lost_high']:.1f}"
    assert f"{row} {one['pictures_after']}" in text
    assert "What stands where tree was" in removal_titles(removal)


def removal_titles(removal):
    figures = [removal_figure(removal), side_figure(removal), instead_figure(removal)]
    return [figure.title for figure in figures if figure]


def rows_of(figure, name="rows"):
    return pd.DataFrame(figure.spec()["datasets"][name])


def test_the_removal_figure_shows_every_set(removal):
    rows = rows_of(removal_figure(removal)).groupby("series")
    own = own_effects(removal)
    assert set(rows.groups) == {"units ranked for tree", "units ranked for door", "random units"}
    main = own[own["kind"] == "concept"].sort_values("k")
    drawn = rows.get_group("units ranked for tree")
    assert np.allclose(drawn["value"], main["lost"], rtol=1e-5)
    assert not drawn["loose"].any()
    assert len(rows.get_group("random units")) == 2


def test_side_effects_are_those_of_the_largest_set_by_size(removal):
    rows = side_effects(removal)
    assert "tree" not in set(rows["concept"])
    sizes = rows["change"].abs().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    told = rows[rows["change_low"].notna()]
    assert (told["change"] != 0).any()
    assert (rows.loc[rows["change"] == 0, "change_low"]).isna().all()
    assert (told["change_low"] <= told["change"]).all()
    assert (told["change"] <= told["change_high"]).all()
    first = rows.iloc[0]
    assert first["change_high"] - first["change_low"] > 0.01
    drawn = rows_of(side_figure(removal))
    expected = rows[rows["change"] != 0].head(len(drawn))
    for shown_as, column in (("value", "change"), ("low", "change_low"), ("high", "change_high")):
        assert np.allclose(drawn[shown_as].astype(float), expected[column], rtol=1e-5)


def test_pairs_are_drawn_with_what_is_gone(removal):
    page = write_effect_page(removal)
    plain, marked = (
        np.asarray(Image.open(page.parent / f"pairs/00-{kind}.jpg"), int) for kind in ("after", "marked")
    )
    assert plain.shape == marked.shape == (256, 256, 3)
    yellow = (marked[..., 0] > 180) & (marked[..., 1] > 160) & (marked[..., 2] < 90)
    assert yellow.sum() > 100
    assert marked.mean() < plain.mean() + 40
    assert not np.array_equal(plain, marked)


def test_the_insertion_page_says_what_the_tables_say(insertion):
    text = text_of(write_effect_page(insertion))
    wall = contexts(insertion).set_index("concept").loc["wall"]
    assert wall["success"] == 1
    assert f"wall {wall['places']} {wall['latents']} 100.0 % {100 * wall['success_low']:.1f} to 100.0" in text
    assert "With the 1 unit of units that match door best forced on" in text
    sky = contexts(insertion).set_index("concept").loc["sky"]
    assert sky["success"] == 0


def test_the_insertion_figures_show_contexts_and_cells(insertion):
    rows, figures = contexts(insertion), context_figures(insertion)
    assert np.allclose(rows_of(figures["contexts"])["value"], rows["success"], rtol=1e-5)
    assert np.allclose(rows_of(figures["areas"])["value"], rows["new_area"], rtol=1e-5)
    shares = grid_of(insertion, 0)
    assert shares.shape == (4, 4)
    assert np.allclose(cells_of(map_figures(insertion)["map"], shares.shape), shares, rtol=1e-5)
    assert (shares[2:, :3] > 0).all()
    assert not shares[:2].any()


def cells_of(figure, shape):
    found = np.full(shape, np.nan)
    for cell in figure.spec()["datasets"]["rows"]:
        found[cell["y"], cell["x"]] = cell["value"]
    return found


def test_the_ranking_page_says_what_the_tables_say(ranking):
    text = text_of(write_effect_page(ranking))
    sun = ranking.concepts.set_index("concept").loc["sun"]
    assert sun["first_by_effect"] == 3
    assert re.search(r"sun object \d+\.\d\d % 1 3 100\.0 %", text)
    assert "For 7 of the 7 concepts that pictures show, something is lost" in text
    assert "for 4 of 7 concepts with a first unit, both rankings begin with the same one" in text


def test_the_map_of_effects_shows_the_first_units(ranking):
    units, concepts = mapped(ranking)
    table = ranking.effects.set_index(["unit", "concept", "category"])["lost"]
    image = cells_of(effects_figure(ranking), (len(concepts), len(units)))
    for row, concept in enumerate(concepts):
        for column, unit in enumerate(units):
            assert image[row, column] == pytest.approx(table[unit, *concept], rel=1e-5)


def test_titles_are_short(removal, insertion, ranking):
    assert [effect_title(each) for each in (removal, insertion, ranking)] == [
        "units without tree units",
        "door units of units forced on",
        "units of units ranked by effect",
    ]


def test_numbers_without_an_interval_are_shown_alone():
    nothing = float("nan")
    assert shown((0.5, nothing, nothing)) == {"value": "50.0\u202f%", "interval": ""}
    assert shown((nothing, nothing, nothing))["value"] == "\u2013"
    assert shown((0.5, 0.25, 0.75), 2, scale=1) == {"value": "0.50", "interval": "0.25 to 0.75"}


def test_colours_of_maps_are_not_set_by_a_single_cell(insertion):
    lucky = insertion.locations.copy()
    row = lucky.index[(lucky["set"] == 0) & (lucky["successes"] == 0)][0]
    lucky.loc[row, ["places", "latents", "successes", "success"]] = 1
    lucky.loc[row, ["success_low", "success_high"]] = np.nan
    other = SimpleNamespace(locations=lucky, sets=insertion.sets)
    assert color_end(other, [0]) == color_end(insertion, [0])
    assert insertion.sets["success"][0] <= color_end(insertion, [0]) < 1
    nothing = lucky.assign(success_low=np.nan), insertion.sets.assign(success=0.0)
    assert color_end(SimpleNamespace(locations=nothing[0], sets=nothing[1]), [0]) == 1


def test_a_concept_that_grows_manyfold_does_not_pale_all_others(ranking):
    table = ranking.effects.copy()
    table.loc[(table["pictures_changed"] == 0) & (table["unit"] == 0), "lost"] = -9.0
    grown = SimpleNamespace(effects=table, concepts=ranking.concepts, summary=ranking.summary)
    scale = effects_figure(grown).spec()["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert (scale[0], scale[-1]) == (-1, 1)
