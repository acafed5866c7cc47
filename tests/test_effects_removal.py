"""Removing units of a planted generator: exact areas, controls, naive loops, batches, shards, resume, pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from effects_cases import assert_same_tables, assert_survives_every_kill, skew_corrected
from PIL import Image
from planted_generator import (
    DOOR,
    PER_CELL,
    POINTS,
    SIDE,
    SKY,
    SUN,
    TREE,
    UNITS,
    VOCABULARY,
    WALL,
    Planted,
    areas,
    label_maps,
    on,
    planted_subject,
)

from unitscope.errors import UnitscopeError
from unitscope.experiments.effects import removal, work
from unitscope.experiments.effects.removal import UnitOrder, run_removal
from unitscope.experiments.effects.settings import RemovalSettings
from unitscope.experiments.pieces import Piece
from unitscope.layer.interventions import ablate
from unitscope.run.effects import surprises
from unitscope.run.numbers import Score

pytestmark = pytest.mark.usefixtures("traced_once")

SETTINGS = {
    "concept": "tree", "units": (1, 2), "random": 2, "pairs": 2, "choose_on": "all"
}  # fmt: skip


def remove(out, subject=None, *, order=None, **given):
    return run_removal(
        subject or planted_subject(), RemovalSettings(**{**SETTINGS, **given}), out, order=order
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return remove(tmp_path_factory.mktemp("removal") / "out")


def rows(found, number):
    return found.effects[found.effects["number"] == number].set_index("set")


# Planted answers.


def test_the_best_units_are_removed_first_and_controls_follow(found):
    sets = found.sets
    assert sets["kind"].tolist() == ["concept", "concept", "control", "random", "random"]
    assert [list(units) for units in sets["units"][:3]] == [[0], [0, 5], [1, 2]]
    assert sets["ranking"].tolist()[:3] == ["tree", "tree", "door"]
    assert sets["k"].tolist() == [1, 2, 2, 2, 2]
    assert sets["shared"].tolist() == [1, 2, 0, 0, 0]
    for units in sets["units"][3:]:
        assert len(set(units)) == 2
        assert not set(units) & {0, 5}


def test_another_control_says_what_it_shares(tmp_path):
    sky = remove(tmp_path / "out", control="sky", random=0)
    assert [list(units) for units in sky.sets["units"]] == [[0], [0, 5], [3, 0]]
    assert sky.sets["shared"].tolist() == [1, 2, 1]
    assert "without the 2 best for sky, 1 of them the same" in repr(sky)
    assert rows(sky, TREE).loc[2, "after"] == rows(sky, TREE).loc[0, "after"]


def test_tree_areas_are_exact(found):
    state = on(planted_subject().samples)
    first, second = state[:, 0] * 2 * PER_CELL, state[:, 5] * 2 * PER_CELL
    trees = rows(found, TREE)
    assert (trees["before"] == (first + second).sum()).all()
    assert trees.loc[0, "after"] == second.sum()
    assert trees.loc[1, "after"] == 0
    assert trees.loc[0, "lost"] == pytest.approx(first.sum() / (first + second).sum())
    assert trees.loc[1, "lost"] == 1
    assert trees.loc[1, ["lost_low", "lost_high"]].isna().all(), "all pictures lose all: they do not differ"
    assert trees.loc[1, "pictures_before"] == (state[:, 0] | state[:, 5]).sum()
    assert trees.loc[0, "pictures_after"] == state[:, 5].sum()
    assert trees.loc[1, "pictures_after"] == 0
    assert trees.loc[0, "area_before"] == pytest.approx((first + second).sum() / (24 * POINTS**2))
    assert (trees.loc[0, "lost_low"], trees.loc[0, "lost_high"]) == pytest.approx(
        skew_corrected(first, first + second, within=(-np.inf, 1)), abs=1e-9
    )
    assert (trees.loc[0, "change_low"], trees.loc[0, "change_high"]) == pytest.approx(
        skew_corrected(-first, np.full(24, POINTS**2)), abs=1e-9
    )
    assert trees["pictures_changed"].tolist()[:2] == [state[:, 0].sum(), (state[:, 0] | state[:, 5]).sum()]


def test_what_trees_hid_appears(found):
    state = on(planted_subject().samples)
    hidden = (state[:, 0] & state[:, 2]).sum() * PER_CELL
    wall = rows(found, WALL)
    assert wall.loc[0, "after"] - wall.loc[0, "before"] == hidden > 0
    shown = found.instead[found.instead["set"] == 0].set_index("number")["pixels"]
    assert shown.to_dict() == {0: state[:, 0].sum() * 2 * PER_CELL - hidden, WALL: hidden}
    assert found.instead[found.instead["set"] == 0]["share"].sum() == pytest.approx(1)


def test_a_unit_that_draws_two_concepts_takes_both(found, tmp_path):
    sky = remove(tmp_path / "out", concept="sky", units=(1,), random=0, control="none")
    assert (rows(sky, SKY)["after"] == 0).all()
    assert (rows(sky, SUN)["after"] == 0).all()
    assert (rows(sky, SUN)["lost"] == 1).all()
    assert (rows(sky, WALL)["lost"] == 0).all()
    assert rows(sky, VOCABULARY.number("ghost", "object"))["lost"].isna().all()
    sun = next(each for each in sky.summary.changed_most if each.concept == "sun")
    assert sun.lost == Score(1)


def test_a_concept_that_needs_another_unit_goes_with_it(tmp_path):
    walls = remove(tmp_path / "out", concept="wall", units=(1,), random=0, control="door")
    assert (rows(walls, DOOR).loc[0, ["after", "lost"]] == [0, 1]).all()
    assert rows(walls, DOOR).loc[0, "before"] > 0
    assert rows(walls, WALL).loc[1, "after"] > rows(walls, WALL).loc[1, "before"], "doors hid wall"


def test_the_largest_and_the_median_losses_are_saved(found):
    pairs, latents = found.pairs, found.latents
    loss = (latents["before"] - latents["after"])[latents["before"] > 0]
    assert pairs["rule"].tolist() == ["largest"] * 2 + ["median"] * 2
    order = loss.sort_values(ascending=False, kind="stable")
    assert pairs["sample"].tolist()[:2] == order.index.tolist()[:2]
    middle = (len(order) - 1) / 2
    assert all(abs(rank - 1 - middle) <= 1 for rank in pairs["rank"][2:])
    for row in pairs.itertuples():
        before, after = (np.asarray(Image.open(found.path / name)) for name in (row.before, row.after))
        lost, changed = (
            np.unpackbits(np.frombuffer(mask, np.uint8), count=SIDE**2).reshape(SIDE, SIDE).astype(bool)
            for mask in (row.lost_mask, row.changed_mask)
        )
        assert (row.mask_height, row.mask_width) == before.shape[:2] == (SIDE, SIDE)
        tree = (before == [0, 255, 0]).all(-1)
        assert np.array_equal(lost, tree & ~(after == [0, 255, 0]).all(-1))
        assert np.array_equal(changed, (before != after).any(-1))
        assert lost.sum() == (row.pixels_before - row.pixels_after) * (SIDE // POINTS) ** 2
        assert latents.loc[row.sample, "before"] == row.pixels_before
        assert row.id == f"seed3/{row.sample:06d}"


def test_a_removal_that_gains_says_what_happened(tmp_path):
    order = UnitOrder(np.array([0, 1, 4, 2, 3, 5]), "trees hide wall")
    walls = remove(tmp_path / "out", concept="wall", units=(1,), random=4, control="none", order=order)
    own, tree = rows(walls, WALL).loc[0], rows(walls, TREE).loc[0]
    assert own["after"] > own["before"]
    first, *more = surprises(walls)
    share = 100 * (own["after"] / own["before"] - 1)
    assert first == (
        f"there is more wall without these units, not less: {share:.1f} % more area, in {own['pictures_after']} of 24 "
        f"pictures in place of {own['pictures_before']}; tree (object) loses most, "
        f"{100 * (tree['area_before'] - tree['area_after']):.1f} % of the picture"
    )
    random = walls.effects[walls.effects["set"] > 0]
    better = (random[random["number"] == WALL]["lost"] >= own["lost"]).sum()
    assert better > 0
    assert more == [
        f"{better} of 4 random sets of as many units take as much of it or more: nothing says that these units draw it"
    ]
    assert f"  {first}\n" in repr(walls)


def test_a_removal_that_takes_what_it_should_has_no_surprise(found):
    assert surprises(found) == ()


def test_it_says_what_it_found(found):
    said = repr(found)
    assert said.startswith(
        "Removal of tree units of units in planted, ranked by IoU with tree, on 24 latents"
    )
    assert "without the 2 best: 100.0 % of its area is lost" in said
    assert "without the 2 best for door: 0.0 % of its area is lost" in said
    assert "without 2 random others (2)" in said
    assert "wall (object): +" in said


# Naive loops.


def test_every_set_and_concept_is_as_in_whole_passes(found):
    subject = planted_subject()
    before, after = np.zeros(len(VOCABULARY), int), np.zeros((len(found.sets), len(VOCABULARY)), int)
    for sample in range(24):
        before += areas(label_maps(subject.samples, sample, subject.layer))
        for number, units in enumerate(found.sets["units"]):
            after[number] += areas(
                label_maps(subject.samples, sample, subject.layer, lambda a, u=units: ablate(a, u.tolist()))
            )
    table = found.effects.pivot(index="set", columns="number", values="after").to_numpy()
    assert np.array_equal(table, after[:, 1:])
    assert np.array_equal(found.effects[found.effects["set"] == 0]["before"], before[1:])


def test_pictures_that_stay_as_they_are_are_not_segmented_again():
    subject = planted_subject()
    edited = work.EditedGenerator.cut(subject.samples, subject.layer, 5)
    names = tuple(str(unit) for unit in range(UNITS))
    plan = removal.RemovalPlan(5, torch.eye(UNITS, dtype=torch.bool), names)
    state = removal.measure_removal(edited, plan, Piece(0, range(10)))
    assert not any(name.startswith("instead/") for name in state.arrays), "no concept is asked for"
    state = on(subject.samples)[:10]
    hidden_door = state[:, 1] & ~state[:, 2]
    assert hidden_door.any(), "a unit that is on and draws nothing"
    assert subject.samples.labeller.pictures == 10 + state.sum() - hidden_door.sum()


def test_a_latent_as_it_is_serves_every_set(monkeypatch):
    """Only what a unit changes goes through the back of the generator again, and nothing through its front."""
    subject, passes = planted_subject(), {"front": [], "back": []}
    edited = work.EditedGenerator.cut(subject.samples, subject.layer, 5)
    front, back = edited.replay.front, edited.replay.back
    monkeypatch.setattr(edited.replay, "front", lambda z: passes["front"].append(len(z)) or front(z))
    monkeypatch.setattr(
        edited.replay,
        "back",
        lambda carried, *given: passes["back"].append(len(carried)) or back(carried, *given),
    )
    names = tuple(str(unit) for unit in range(UNITS))
    plan = removal.RemovalPlan(5, torch.eye(UNITS, dtype=torch.bool), names)
    state = removal.measure_removal(edited, plan, Piece(0, range(10)))
    assert not any(name.startswith("instead/") for name in state.arrays), "no concept is asked for"
    assert passes["front"] == [5, 5]
    assert sum(passes["back"]) == 10 + on(subject.samples)[:10].sum()
    assert max(passes["back"]) <= 5


@pytest.mark.parametrize(("batch_size", "shard"), [(1, 1), (3, 5), (24, 24), (7, 2)])
def test_batches_and_shards_change_nothing(found, tmp_path, pieces_of, batch_size, shard):
    pieces_of(shard)
    other = remove(tmp_path / "out", batch_size=batch_size)
    assert_same_tables(found.path, other.path)


def test_killed_after_any_shard_it_goes_on_to_the_same_tables(found, tmp_path, monkeypatch, pieces_of):
    pieces_of(10)
    assert_survives_every_kill(remove, found.path, tmp_path, monkeypatch, shards=3)


# What is asked.


def test_the_first_latents_only(tmp_path):
    few = remove(tmp_path / "out", latents=7)
    assert len(few.latents) == few.summary.latents == 7
    state = on(planted_subject().samples)[:7]
    assert rows(few, TREE).loc[0, "before"] == (state[:, 0].sum() + state[:, 5].sum()) * 2 * PER_CELL


def test_another_order_is_taken_and_noted_in_the_configuration(tmp_path):
    order = UnitOrder(np.array([5, 0, 1, 2, 3, 4]), "ranked elsewhere")
    other = remove(tmp_path / "out", order=order, rank="effect", units=(1,))
    assert list(other.sets["units"][0]) == [5]
    assert other.manifest.config["order"] == "ranked elsewhere"
    assert "ranked by effect on tree" in repr(other)


def test_too_few_units_for_random_sets_is_said(tmp_path):
    most = remove(tmp_path / "out", units=(5,), random=2)
    assert "random" not in set(most.sets["kind"])
    assert "no random sets of 5 units: only 1 units are outside the 5 best" in most.summary.notes
    assert "only 3 units share a pixel with the concept; the others follow by number" in most.summary.notes
    assert list(most.sets["units"][0]) == [0, 5, 2, 1, 3]


def test_one_latent_has_no_intervals(tmp_path):
    one = remove(tmp_path / "out", latents=1, control="none", random=0)
    assert one.effects[["lost_low", "lost_high", "change_low", "change_high"]].isna().all(axis=None)


def test_values_that_are_not_finite_after_an_intervention_name_the_latent(tmp_path):
    subject = planted_subject(module=Planted(needs_wall=True))
    count = int(on(subject.samples)[:, 2].argmin())
    assert count > 1, "some latents have a wall"
    message = r"not finite \(NaN or infinite\) for latent 'seed3/000000' without 1 units \(concept\)"
    with pytest.raises(UnitscopeError, match=message):
        remove(tmp_path / "out", subject, concept="wall", units=(1,), latents=count)
    with pytest.raises(UnitscopeError, match=f"not finite .* for latent 'seed3/{count:06d}'; leave"):
        remove(tmp_path / "more", subject, control="none", random=0)


def test_a_generator_that_cannot_be_cut_is_run_as_a_whole(found, tmp_path):
    class Choosing(Planted):
        def forward(self, latents):
            return super().forward(latents if float(latents.abs().max()) >= 0 else -latents)

    other = remove(tmp_path / "out", planted_subject(module=Choosing()))
    assert "cannot be traced" in other.summary.whole_passes
    assert found.summary.whole_passes is None
    assert_same_tables(found.path, other.path)


def test_a_finished_one_is_opened_without_the_generator(found, monkeypatch):
    monkeypatch.setattr(removal.UnitRemoval, "stages", None)
    subject = planted_subject()
    subject.samples.generator.module.forward = None
    pd.testing.assert_frame_equal(remove(found.path, subject).effects, found.effects)
