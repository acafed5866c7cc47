"""Removing every unit of a planted generator alone: ranking by effect, beside that by IoU."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from effects_cases import assert_same_tables, assert_survives_every_kill
from planted_generator import (
    COOL,
    DOOR,
    GHOST,
    PER_CELL,
    SKY,
    SUN,
    TREE,
    UNITS,
    VOCABULARY,
    WALL,
    areas,
    label_maps,
    on,
    planted_matches,
    planted_samples,
    planted_subject,
)
from scipy.stats import false_discovery_control, spearmanr

from unitscope import progress
from unitscope.errors import UnitscopeError
from unitscope.experiments.effects import edited
from unitscope.experiments.effects.ranking import ranks, run_ranking
from unitscope.experiments.effects.settings import RankingSettings
from unitscope.layer.interventions import ablate
from unitscope.progress import showing
from unitscope.stats.ratios import FEWEST, sign_flip_p_values

pytestmark = pytest.mark.usefixtures("traced_once")

COUNT = 24


def rank(out, subject=None, **given):
    return run_ranking(
        subject or planted_subject(COUNT), RankingSettings(**{"replicates": 200, **given}), out
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return rank(tmp_path_factory.mktemp("ranking") / "out")


@pytest.fixture(scope="module")
def pixels():
    """Pixels by latent of every concept: as it is ``(N, C)``, and without each unit ``(N, U, C)``, by whole passes."""
    subject = planted_subject(COUNT)
    before, after = [], []
    for sample in range(COUNT):
        before.append(areas(label_maps(subject.samples, sample, subject.layer)))
        after.append(
            [
                areas(label_maps(subject.samples, sample, subject.layer, lambda a, u=unit: ablate(a, [u])))
                for unit in range(UNITS)
            ]
        )
    return np.array(before), np.array(after)


def test_every_unit_and_concept_is_as_in_whole_passes(found, pixels):
    before, after = pixels
    table = found.effects.pivot(index="unit", columns="number", values="after").to_numpy()
    assert np.array_equal(table, after.sum(0)[:, 1:])
    one = found.effects[found.effects["unit"] == 0]
    assert np.array_equal(one["before"], before.sum(0)[1:])
    held = found.effects.pivot(index="unit", columns="number", values="pictures_after").to_numpy()
    assert np.array_equal(held, (after > 0).sum(0)[:, 1:])


def test_units_are_ranked_by_what_they_draw(found):
    state = on(planted_samples(COUNT))
    trees = found.effects[found.effects["concept"] == "tree"].sort_values(["after", "unit"])
    drawn = {0: int(state[:, 0].sum()), 5: int(state[:, 5].sum())}
    assert trees["unit"].tolist()[:2] == sorted(drawn, key=lambda unit: -drawn[unit])
    assert found.top("tree", UNITS)["unit"].tolist() == trees["unit"].tolist()[:2], "the others take nothing"
    assert found.top("tree", UNITS)["rank"].tolist() == [1, 2]
    assert trees["rank"].isna().tolist() == [False] * 2 + [True] * 4
    assert (trees["before"] - trees["after"]).tolist() == [
        *sorted((n * 2 * PER_CELL for n in drawn.values()), reverse=True),
        *[0] * 4,
    ]
    for concept, unit in ((DOOR, 1), (WALL, 2), (SKY, 3), (SUN, 3)):
        best = found.effects[(found.effects["number"] == concept) & (found.effects["rank"] == 1)]
        assert best["unit"].item() == unit
    doors = found.top("door", 3)
    assert doors["unit"].tolist() == [1, 2], (
        "no door is without a wall: both take all, so the first comes first"
    )
    assert doors["lost"].tolist() == [1, 1]
    dead = found.effects[found.effects["unit"] == 4]
    assert (dead["before"] == dead["after"]).all()


def test_changes_are_told_from_none_by_their_signs(found, pixels):
    before, after = pixels
    change = after[:, :, 1:] - before[:, None, 1:]
    for unit in range(UNITS):
        rows = found.effects[found.effects["unit"] == unit]
        p_values, counts = sign_flip_p_values(change[:, unit].T)
        assert rows["pictures_changed"].tolist() == counts.tolist()
        assert rows["p_value"].tolist() == p_values.tolist()
    for number, rows in found.effects.groupby("number"):
        tested = rows["pictures_changed"] >= FEWEST
        assert rows["q_value"].notna().tolist() == tested.tolist()
        if tested.any():
            expected = false_discovery_control(rows.loc[tested, "p_value"])
            assert rows.loc[tested, "q_value"].tolist() == pytest.approx(expected)
        told = (rows["q_value"] <= 0.05) & (rows["after"] < rows["before"])
        assert rows["rank"].notna().tolist() == told.tolist()
        first = found.concepts.set_index("number").loc[number]
        assert first["units_with_effect"] == told.sum()
        assert pd.isna(first["first_by_effect"]) == (not told.any())


def test_on_few_latents_no_effect_is_told_from_none(tmp_path):
    few = rank(tmp_path / "out", planted_subject(COUNT), latents=5)
    assert few.effects["rank"].isna().all()
    assert few.effects["q_value"].isna().all()
    assert not len(few.top("tree"))
    said = repr(few)
    assert "what is lost without any one of the 6 units cannot be told from nothing" in said
    assert "no effect can be told from none on fewer than 6 latents" in said


def test_a_concept_that_hides_behind_another_gains(found):
    row = found.effects[(found.effects["unit"] == 0) & (found.effects["number"] == WALL)].iloc[0]
    assert row["lost"] < 0
    assert 0 < row["change_low"] <= row["area_after"] - row["area_before"] <= row["change_high"]


def test_the_rankings_are_set_beside_each_other(found, pixels):
    before, after = pixels
    iou, concepts = planted_matches().iou, found.concepts.set_index("number")
    loss = before[:, None] - after
    for concept in (TREE, DOOR, WALL, SKY, SUN):
        expected = spearmanr(loss.sum(0)[:, concept], iou[:, concept]).statistic
        assert concepts.loc[concept, "correlation"] == pytest.approx(expected)
        drawn = []
        for replicate in range(200):
            weights = np.array([weight(n, replicate) for n in range(COUNT)])
            values = (weights[:, None] * loss[:, :, concept]).sum(0)
            if np.ptp(values):
                drawn.append(spearmanr(values, iou[:, concept]).statistic)
        below_one = 1 - 1e-9
        z, drawn = (np.arctanh(np.clip(each, -below_one, below_one)) for each in (expected, drawn))
        low, high = np.tanh(2 * z - np.quantile(drawn, [0.975, 0.025]))
        low, high = min(low, expected), max(high, expected)
        assert concepts.loc[concept, ["correlation_low", "correlation_high"]].tolist() == pytest.approx(
            [low, high]
        )
    assert concepts.loc[[GHOST, COOL], ["correlation", "correlation_low"]].isna().all(axis=None)
    assert concepts.loc[TREE, ["first_by_iou", "units_with_iou"]].tolist() == [0, 3]
    assert concepts.loc[SUN, ["first_by_effect", "first_by_iou"]].tolist() == [3, 3]
    assert concepts.loc[[GHOST], "first_by_effect"].isna().all()
    assert concepts.loc[TREE, "pictures"] == (before[:, TREE] > 0).sum()


WEIGHTS: dict[int, np.ndarray] = {}


def weight(sample: int, replicate: int) -> int:
    if sample not in WEIGHTS:
        WEIGHTS[sample] = np.random.Generator(np.random.Philox(key=[0, sample])).poisson(1.0, 200)
    return int(WEIGHTS[sample][replicate])


def test_ranks_of_equal_values_follow_by_place():
    assert ranks(np.array([0, 5, 5, 9, 0])).tolist() == [4, 2, 3, 1, 5]


def test_it_says_what_it_found(found):
    said = repr(found)
    assert said.startswith("Effects of each of the 6 units of units in planted, removed alone, on 24 latents")
    assert "sky (object): most is lost without unit 3, 100.0 %; also first by IoU; ranks" in said
    with pytest.raises(UnitscopeError, match="concept 'tre' is none of the 8 concepts; did you mean 'tree'"):
        found.top("tre")
    assert found.top("tree|object", 1)["number"].tolist() == [VOCABULARY.number("tree", "object")]


@pytest.mark.parametrize(("batch_size", "shard"), [(1, 1), (7, 5), (24, 24)])
def test_batches_and_shards_change_nothing(found, tmp_path, pieces_of, batch_size, shard):
    pieces_of(shard)
    assert_same_tables(found.path, rank(tmp_path / "out", batch_size=batch_size).path)


def test_killed_after_any_shard_it_goes_on_to_the_same_tables(found, tmp_path, monkeypatch, pieces_of):
    pieces_of(10)
    assert_survives_every_kill(rank, found.path, tmp_path, monkeypatch, shards=3)


def test_another_configuration_is_refused(found):
    with pytest.raises(UnitscopeError, match=r"another configuration \(settings.seed: 0 there, 2 now\)"):
        rank(found.path, seed=2)
    subject = planted_subject(COUNT, batch_size=6)
    with pytest.raises(
        UnitscopeError, match=r"another configuration \(settings.batch_size: 5 there, 6 now\)"
    ):
        rank(found.path, subject)


@pytest.mark.usefixtures("lines_of_progress")
def test_it_says_early_what_it_takes(tmp_path, monkeypatch, capsys):
    """All latents are one piece here, of batches of five; a batch of jobs takes ten seconds by this clock."""
    now, steps = [0.0], []

    def tick(count):
        now[0] += 10
        steps.append(count)
        progress.partly(count)

    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(edited, "partly", tick)
    with showing(True):
        rank(tmp_path / "out", planted_subject(COUNT))
    said = capsys.readouterr().err
    # Of the five latents as they are, then seven more batches of five pictures for each five latents.
    assert steps[:3] == pytest.approx([5 / 7] * 3)
    assert sum(steps) == pytest.approx(COUNT)
    assert (
        "24 latents, 6 variants of each: 168 pictures to generate and segment, about 5 minutes more" in said
    )
    assert "removing units alone" in said


def test_the_table_opens_in_pandas(found):
    assert isinstance(found.to_pandas(), pd.DataFrame)
    assert len(found.to_pandas()) == UNITS * (len(VOCABULARY) - 1)
