"""What is drawn by chance stays what it was; intervals and rank correlations are those of a naive reading."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from unitscope.run.numbers import Score
from unitscope.stats.inference import (
    draw_weights,
    interval,
    keyed_order,
    poisson_weights,
    rank_correlation,
    ratio_intervals,
    sequenced_order,
)


def test_orders_are_those_that_finished_runs_were_measured_with():
    assert keyed_order(6, 3, 2).tolist() == [5, 1, 0, 4, 3, 2]
    assert sequenced_order(6, 3, 2).tolist() == [4, 0, 1, 2, 3, 5]


def test_a_weight_depends_on_seed_and_sample_alone():
    samples = np.random.default_rng(0).permutation(3000)[:2500].astype(np.int64)
    weights = draw_weights(samples, 4, 1, np.uint8)
    assert weights.dtype == np.uint8
    chosen = np.array([2400, 3, 1100])
    assert np.array_equal(weights[chosen], poisson_weights(samples[chosen], 4, 1))
    assert poisson_weights(np.zeros(0, np.int64), 4, 1).shape == (0, 4)


def test_intervals_leave_out_what_is_not_finite():
    replicates = np.random.default_rng(1).standard_normal((2, 50))
    replicates[0, 3], replicates[1, 7] = np.nan, np.inf
    usable = np.delete(replicates, [3, 7], axis=1)
    low, high = interval(replicates)
    assert low == pytest.approx(np.quantile(usable, 0.025, axis=1), abs=1e-12)
    assert high == pytest.approx(np.quantile(usable, 0.975, axis=1), abs=1e-12)
    assert np.isnan(interval(np.full((2, 5), np.nan))).all()
    assert Score.of(0.5, *(end[0] for end in interval(np.full((1, 5), np.nan)))) == Score(0.5)


def test_ratios_without_a_denominator_are_left_out_row_by_row():
    above, below = np.array([[1, 2, 3], [1, 2, 3], [1, 1, 1]]), np.array([[2, 2, 2], [2, 0, 2], [0, 0, 0]])
    low, high = ratio_intervals(above, below)
    for row, ratios in enumerate(([0.5, 1.0, 1.5], [0.5, 1.5])):
        assert low[row] == pytest.approx(np.quantile(ratios, 0.025))
        assert high[row] == pytest.approx(np.quantile(ratios, 0.975))
    assert np.isnan([low[2], high[2]]).all()


def test_rank_correlation_is_spearmans_with_ties():
    generator = np.random.default_rng(2)
    values, other = generator.integers(0, 5, (30, 4)), generator.integers(0, 4, 30).astype(np.float64)
    values[:, 3] = 2
    found = rank_correlation(values, other)
    for column in range(3):
        assert found[column] == pytest.approx(spearmanr(values[:, column], other)[0], abs=1e-12)
    assert np.isnan(found[3])
    np.testing.assert_allclose(rank_correlation(values, np.repeat(other[:, None], 4, 1)), found, atol=1e-12)
