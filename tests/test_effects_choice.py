"""Units are chosen on half of the latents and measured on the other; what the measured ones add to the choice."""

from __future__ import annotations

import numpy as np
import pytest
from effects_cases import skew_corrected
from planted_generator import (
    CELLS,
    DOOR,
    FILE,
    PER_CELL,
    TREE,
    UNITS,
    VOCABULARY,
    WALL,
    areas,
    label_maps,
    on,
    planted_half,
    planted_run,
    planted_samples,
    planted_subject,
)
from tiny import run_cli

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.look import label_map, unit_mask
from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.removal import UnitOrder, run_removal
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.layer.interventions import ablate
from unitscope.nouns.subject import choosing_as_told, effect_order, reopen_subject
from unitscope.report.pages.effects import write_effect_page
from unitscope.report.pages.removal import removal_figure
from unitscope.run.effect_summaries import UnitChoice
from unitscope.run.numbers import Score
from unitscope.stats.ratios import FEWEST

pytestmark = pytest.mark.usefixtures("traced_once")

FEW = {"replicates": 200}
COUNT = 24
ODD = range(1, COUNT, 2)


def subject(count: int = COUNT, **given):
    return planted_subject(count, half=planted_half(), **given)


def remove(out, asked=None, **given):
    settings = RemovalSettings(**{"concept": "tree", "units": (1,), "random": 1, "control": "none", **given})
    return run_removal(asked or subject(), settings, out)


def insert(out, asked=None, **given):
    settings = InsertionSettings(**{"concept": "tree", "units": 1, "random": 1, **given})
    return run_insertion(asked or subject(), settings, out, levels=np.ones(UNITS, np.float32))


@pytest.fixture(scope="module")
def removal(tmp_path_factory):
    return remove(tmp_path_factory.mktemp("removal") / "out")


@pytest.fixture(scope="module")
def insertion(tmp_path_factory):
    return insert(tmp_path_factory.mktemp("insertion") / "out")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return unitscope.open_run(planted_run(tmp_path_factory.mktemp("choice") / "run", COUNT))


# What chooses, and what is measured.


def test_the_other_half_of_the_latents_is_measured(removal):
    assert removal.latents["sample"].tolist() == list(ODD)
    assert removal.latents["id"].tolist() == [f"seed3/{n:06d}" for n in ODD]
    assert removal.summary.latents == len(ODD)
    asked = planted_subject()
    for row in removal.latents.itertuples():
        before = areas(label_maps(asked.samples, row.sample, asked.layer))
        after = areas(label_maps(asked.samples, row.sample, asked.layer, lambda a: ablate(a, [5])))
        assert (row.before, row.after) == (before[TREE], after[TREE])
    assert set(removal.pairs["sample"]) <= set(ODD)


def test_half_of_the_latents_chooses_the_units_and_all_of_them_a_set_beside(removal):
    assert removal.sets["kind"].tolist() == ["concept", "random", "all"]
    assert [list(units) for units in removal.sets["units"][[0, 2]]] == [[5], [0]]
    assert removal.sets["shared"].tolist()[2] == 0
    assert not {5} & set(removal.sets["units"][1])


def test_the_paper_chooses_and_measures_on_all(tmp_path):
    paper = remove(tmp_path / "out", choose_on="all")
    assert paper.latents["sample"].tolist() == list(range(COUNT))
    assert [list(units) for units in paper.sets["units"]][:1] == [[0]]
    assert "all" not in set(paper.sets["kind"])
    assert paper.summary.choice is None
    assert "other latents" not in repr(paper)


def test_what_the_measured_latents_add_to_the_choice(removal):
    state = on(planted_samples(COUNT))[ODD]
    by_half, by_all = state[:, 5] * 2 * PER_CELL, state[:, 0] * 2 * PER_CELL
    before = by_half + by_all
    more = by_all - by_half
    expected = Score.of(more.sum() / before.sum(), *skew_corrected(more, before))
    assert expected.low is not None
    choice = removal.summary.choice
    assert (choice.latents, choice.shared) == (COUNT // 2, 0)
    for end in ("value", "low", "high"):
        assert getattr(choice.gain, end) == pytest.approx(getattr(expected, end), abs=1e-9)
    lost = removal.effects[removal.effects["number"] == TREE].set_index("set")["lost"]
    assert choice.gain.value == pytest.approx(lost[2] - lost[0])
    assert "units chosen on 12 other latents; choosing on all, these included, adds" in repr(removal)
    assert "(0 of 1 are the same)" in repr(removal)


def test_the_same_units_add_nothing(tmp_path):
    both = remove(tmp_path / "out", units=(1, 2))
    assert both.summary.choice == UnitChoice(latents=12, shared=2, gain=Score(0.0))
    assert both.sets["k"].tolist()[-1] == 2
    assert "units chosen on 12 other latents; all latents, these included, choose the same" in repr(both)


def test_insertions_are_measured_on_the_other_half_too(insertion):
    places = insertion.places
    assert sorted(set(places["sample"])) == list(ODD)
    assert insertion.sets["kind"].tolist() == ["concept", "random", "all"]
    assert [list(units) for units in insertion.sets["units"][[0, 2]]] == [[5], [0]]
    won = places.groupby(["set", "sample"])["success"].sum().unstack("set")
    more = (won[2] - won[0]).to_numpy()
    gain = insertion.summary.choice.gain
    assert gain.value == pytest.approx(more.sum() / (CELLS**2 * len(ODD)))
    assert (more != 0).sum() < FEWEST
    assert (gain.low, gain.high) == (None, None), "in too few latents one set does what the other does not"
    assert "the best units by all latents: " in repr(insertion)


def test_controls_are_chosen_on_half_too(tmp_path):
    half = planted_half()
    half.iou[[1, 3], DOOR] = 0.2, 0.9
    asked = planted_subject(half=half)
    found = remove(tmp_path / "out", asked, control="door", units=(2,), control_units=(1,), random=0)
    assert [list(units) for units in found.sets["units"]] == [[5, 0], [3], [0, 5]]


def test_notes_count_the_units_that_match_on_half(tmp_path):
    found = remove(tmp_path / "out", units=(3,), random=0)
    assert "only 2 units share a pixel with the concept; the others follow by number" in found.summary.notes


# From a run.


def test_the_iou_of_half_the_latents_is_counted_from_what_the_run_keeps(run):
    asked = choosing_as_told(run, reopen_subject(run, "units"), RemovalSettings("tree"))
    concepts = len(VOCABULARY)
    shared, unit, concept = np.zeros((UNITS, concepts), int), np.zeros(UNITS, int), np.zeros(concepts, int)
    for sample in range(0, COUNT, 2):
        labels = label_map(run, sample)
        here = np.array([(labels == number).any(0) for number in range(len(VOCABULARY))])
        masks = np.array([unit_mask(run, "units", number, sample) for number in range(UNITS)])
        shared += np.einsum("uhw,chw->uc", masks.astype(int), here.astype(int))
        unit, concept = unit + masks.sum((1, 2)), concept + here.sum((1, 2))
    expected = shared / np.maximum(unit[:, None] + concept - shared, 1)
    assert expected[:, 1:].any()
    assert np.array_equal(asked.half.iou[:, 1:], expected[:, 1:])
    assert np.array_equal(asked.half.pixels[1:], concept[1:])
    assert not asked.half.iou[:, 0].any()
    assert not np.array_equal(asked.half.iou, asked.matches.iou)


def test_what_the_run_has_not_kept_is_read_from_the_generator_again(tmp_path):
    run = unitscope.open_run(planted_run(tmp_path / "run", COUNT))
    before = unitscope.remove(run, "tree", units=1, out=tmp_path / "before")
    for file in (run.path / "cache").iterdir():
        file.unlink()
    after = unitscope.remove(run, "tree", units=1, out=tmp_path / "after")
    assert after.manifest.config == before.manifest.config
    assert not list((run.path / "cache").iterdir())


def test_another_segmenter_may_not_know_the_concepts_of_the_half(run):
    asked = reopen_subject(run, "units", f"{FILE}:renamed")
    half = choosing_as_told(run, asked, RemovalSettings("door")).half
    assert not half.iou[:, TREE].any(), "a leaf is no tree"
    assert half.iou[1, DOOR] > 0
    assert half.pixels[TREE] == 0


def test_the_effect_of_each_unit_on_half_of_the_latents_ranks_them(run):
    ranking = unitscope.rank(run, settings=RankingSettings(**FEW))
    order = effect_order(run, "units", TREE, halved=True)
    state = on(planted_samples(COUNT))
    drawn = {half: state[half::2, [0, 5]].sum(0) for half in (0, 1)}
    best = [0, 5] if drawn[0][0] >= drawn[0][1] else [5, 0]
    assert order.units.tolist()[:2] == best
    assert order.latents == COUNT // 2
    assert order.source == ranking.configuration_hash
    first = ranking.top("tree", UNITS)["unit"].tolist()
    assert order.on_all.tolist() == first + [unit for unit in range(UNITS) if unit not in first]
    whole = effect_order(run, "units", TREE)
    assert whole.units.tolist() == order.on_all.tolist()
    assert whole.on_all is None
    assert isinstance(order, UnitOrder)


def test_the_pages_say_who_chose_the_units(removal, insertion, tmp_path):
    gain = removal.summary.choice.gain
    text = write_effect_page(removal).read_text(encoding="utf-8")
    assert "Who chose the units" in text
    assert (
        f"{100 * gain.value:+.1f}\u202f%</strong> ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})" in text
    )
    assert "12 latents that are not measured here" in text
    assert "12: the first of every second of" in text
    assert "tree, by all latents" in text
    assert set(removal_figure(removal).spec()["datasets"]["rows"][0]) >= {"series"}
    series = {row["series"] for row in removal_figure(removal).spec()["datasets"]["rows"]}
    assert series == {"units ranked for tree", "random units"}
    assert "of the places that succeed" in write_effect_page(insertion).read_text(encoding="utf-8")
    alone = insert(tmp_path / "alone", random=0)
    assert "random units, anywhere" not in write_effect_page(alone).read_text(encoding="utf-8")
    paper = write_effect_page(remove(tmp_path / "paper", choose_on="all")).read_text(encoding="utf-8")
    assert "those measured here included, as in the paper" in paper


# Mistakes.


def test_too_many_latents_for_a_half_are_refused(tmp_path):
    message = (
        r"13 latents are asked for, the run has 12 besides those that units are chosen on; give a number up to 12, "
        r"choose_on='all', or dissect with more latents="
    )
    with pytest.raises(UnitscopeError, match=message):
        remove(tmp_path / "out", latents=13)
    assert remove(tmp_path / "few", latents=3, random=0).latents["sample"].tolist() == [1, 3, 5]


def test_one_latent_cannot_be_halved(tmp_path):
    with pytest.raises(UnitscopeError, match="the run has 1 latent, so that units cannot be chosen on half"):
        remove(tmp_path / "out", subject(1))
    assert len(remove(tmp_path / "all", subject(1), choose_on="all").latents) == 1


def test_a_concept_that_no_unit_matches_on_half_of_the_latents_is_refused(tmp_path):
    half = planted_half()
    half.iou[:, WALL] = 0
    message = (
        r"no unit of layer 'units' shares a pixel with concept='wall\|object' in the half of the latents"
    )
    with pytest.raises(UnitscopeError, match=message):
        remove(tmp_path / "out", planted_subject(half=half), concept="wall")
    with pytest.raises(UnitscopeError, match=r"shares a pixel with control='wall\|object' in the half"):
        remove(tmp_path / "out", planted_subject(half=half), control="wall")
    with pytest.raises(UnitscopeError, match=message):
        insert(tmp_path / "out", planted_subject(half=half), concept="wall")


def test_another_choice_is_another_configuration(run, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    words = [
        "remove",
        str(run.path),
        "--concept",
        "tree",
        "--units",
        "1",
        "--out",
        str(out),
    ]
    assert run_cli(monkeypatch, *words, "--choose-on", "all") == 0
    capsys.readouterr()
    assert run_cli(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "settings.choose_on: all there, half now" in said


def test_a_subject_that_knows_nothing_of_a_half_is_a_mistake_of_the_program(tmp_path):
    with pytest.raises(ValueError, match="nothing is known of these alone"):
        remove(tmp_path / "out", planted_subject())
