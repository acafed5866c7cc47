"""What is said of pairs, against naive loops over pictures, units and pixels."""

import itertools

import numpy as np
import pytest

from unitscope.layer.grid import GridGeometry, raster_sampling, upsample
from unitscope.stats import ActivationRaster, PairAnswers, PairChanges, PairOverlap, StrongCells

PAIRS, UNITS, RASTER = 5, 4, (9, 11)
SAMPLING = raster_sampling(GridGeometry.even((3, 4), (36, 44)), RASTER, (36, 44))
SAMPLES = np.array([3, 9, 4, 20, 1])


@pytest.fixture(scope="module")
def grids():
    generator = np.random.default_rng(5)
    both = generator.standard_normal((2, PAIRS, UNITS, 3, 4)).astype(np.float32)
    both[1, :, 0] = both[0, :, 0]
    both[:, :, 3] = -1
    return both


THRESHOLDS = np.array([[0.3, 0.5, -0.1, 0.0], [0.3, 0.2, 0.4, 0.0]], np.float32)


def masks_of(grids):
    import torch

    return np.stack(
        [
            (upsample(torch.from_numpy(half), SAMPLING) > torch.from_numpy(levels)[:, None, None]).numpy()
            for half, levels in zip(grids, THRESHOLDS, strict=True)
        ]
    )


@pytest.fixture(scope="module")
def overlap(grids):
    statistic = PairOverlap(THRESHOLDS, RASTER[0] * RASTER[1], replicates=200, seed=2)
    cells = [
        StrongCells.of(ActivationRaster(half, SAMPLING), np.full(UNITS, -0.2, np.float32)) for half in grids
    ]
    statistic.update(*cells, SAMPLES)
    return statistic.result()


def iou(one, other):
    union = (one | other).sum()
    return (one & other).sum() / union if union else np.nan


def test_overlap_is_that_of_a_loop(grids, overlap):
    before, after = masks_of(grids)
    wanted = [iou(before[:, unit], after[:, unit]) for unit in range(UNITS)]
    assert overlap.iou == pytest.approx(wanted, nan_ok=True)
    assert overlap.iou[0] == 1
    assert np.isnan(overlap.iou[3])
    assert np.array_equal(overlap.pixels, [half.sum((0, 2, 3)) for half in (before, after)])


def test_chance_is_the_mean_over_all_derangements(grids, overlap):
    before, after = masks_of(grids)
    away = [
        order for order in itertools.permutations(range(PAIRS)) if all(i != j for i, j in enumerate(order))
    ]
    assert len(away) == 44
    for unit in range(UNITS - 1):
        shared = np.mean([(before[:, unit] & after[list(order), unit]).sum() for order in away])
        union = before[:, unit].sum() + after[:, unit].sum() - shared
        assert overlap.chance[unit] == pytest.approx(shared / union)
    assert np.isnan(overlap.chance[3])


def test_chance_is_of_other_pictures_where_one_has_several_copies(grids):
    """Pictures 0 and 1 with two copies each, picture 2 with one, in two states that are merged."""
    picture = np.array([0, 0, 1, 1, 2])
    grids = np.stack([grids[0][[0, 0, 2, 2, 4]], grids[1]])
    before, after = masks_of(grids)
    total = PairOverlap(THRESHOLDS, RASTER[0] * RASTER[1], replicates=10)
    for rows in ([0, 2, 4], [1, 3]):
        part = PairOverlap(THRESHOLDS, RASTER[0] * RASTER[1], replicates=10)
        cells = [StrongCells.of(ActivationRaster(half[rows], SAMPLING)) for half in grids]
        part.update(*cells, picture[rows], np.array([2, 2, 2, 2, 1])[rows])
        part.settle()
        total.merge(part)
    pairs = [(i, j) for i in range(5) for j in range(5) if picture[i] != picture[j]]
    for unit in range(UNITS - 1):
        shared = 5 * np.mean([(before[i, unit] & after[j, unit]).sum() for i, j in pairs])
        union = before[:, unit].sum() + after[:, unit].sum() - shared
        assert total.result().chance[unit] == pytest.approx(shared / union)


def test_replicates_weigh_pictures(grids, overlap):
    from unitscope.stats.inference import poisson_weights

    before, after = masks_of(grids)
    weights = poisson_weights(SAMPLES, 200, 2)
    shared = (before & after).sum((2, 3))
    union = (before | after).sum((2, 3))
    with np.errstate(invalid="ignore"):
        wanted = (weights.T @ shared) / (weights.T @ union)
    assert np.array_equal(overlap.replicates, wanted, equal_nan=True)
    low, high = overlap.intervals()
    assert (low[:3] <= overlap.iou[:3]).all()
    assert (overlap.iou[:3] <= high[:3]).all()
    assert low[0] == high[0] == 1
    assert np.isnan([low[3], high[3]]).all()


def test_one_pair_has_no_chance_level(grids):
    statistic = PairOverlap(THRESHOLDS, RASTER[0] * RASTER[1], replicates=10)
    statistic.update(*(StrongCells.of(ActivationRaster(half[:1], SAMPLING)) for half in grids), SAMPLES[:1])
    assert np.isnan(statistic.result().chance).all()


def test_nothing_is_not_an_error():
    statistic = PairOverlap(THRESHOLDS, 99, replicates=10)
    found = statistic.result()
    assert np.isnan(found.iou).all()
    assert np.isnan(found.intervals()).all()
    changes = PairChanges(UNITS).result()
    assert np.isnan(changes.averages(changes.peak_changes, 10, 0)).all()


def test_changes_are_in_the_order_of_samples(grids):
    statistic = PairChanges(UNITS)
    peaks, means = grids.max((3, 4)).swapaxes(0, 1), grids.mean((3, 4)).swapaxes(0, 1)
    statistic.update(SAMPLES, peaks, means)
    found = statistic.result()
    order = np.argsort(SAMPLES)
    assert np.array_equal(found.samples, SAMPLES[order])
    apart = (grids[1].max((2, 3)).astype(float) - grids[0].max((2, 3)))[order]
    assert np.array_equal(found.peak_changes, apart)
    assert found.mean_changes == pytest.approx((grids[1] - grids[0]).mean((2, 3))[order], abs=1e-6)
    assert found.spread == pytest.approx(grids[0].max((2, 3)).astype(float).std(0))
    mean, low, high = found.averages(np.abs(found.peak_changes), 500, 1)
    assert mean == pytest.approx(np.abs(apart).mean(0))
    assert (low[1:3] < mean[1:3]).all()
    assert (mean[1:3] < high[1:3]).all()
    wider = found.averages(np.abs(found.peak_changes), 500, 1, confidence=0.99)
    assert (wider[1][1:3] < low[1:3]).all()


def test_answers_and_distances():
    statistic = PairAnswers(3)
    outputs = np.array([[[1, 2, 0], [5, 2, 0]], [[0, 0, 1], [0, 0, 2]]], np.float32)
    statistic.update(np.array([8, 2]), outputs, np.array([[255**2, 255], [25, 3]]))
    found = statistic.result()
    assert np.array_equal(found.predictions, [[2, 2], [1, 0]])
    assert found.l2 == pytest.approx([5 / 255, 1])
    assert found.largest == pytest.approx([3 / 255, 1])
    without = PairAnswers(0)
    without.update(np.array([8]), np.zeros((1, 2, 0), np.float32), np.array([[4, 2]]))
    assert np.array_equal(without.result().predictions, [[-1, -1]])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="is wanted"):
        PairChanges(3).update(np.arange(2), np.zeros((2, 2, 4), np.float32), np.zeros((2, 2, 4), np.float32))
    with pytest.raises(ValueError, match="is wanted"):
        PairAnswers(3).update(np.arange(2), np.zeros((2, 2, 3), np.float32), np.zeros((2, 3), np.int64))
