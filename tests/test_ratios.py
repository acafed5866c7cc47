"""Intervals of ratios of sums over latents, and p-values by signs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from effects_cases import skew_corrected
from scipy import sparse
from scipy.stats import binomtest

from unitscope.stats.ratios import ENUMERATED, FEWEST, ratio_intervals, sign_flip_p_values


def test_ends_are_where_the_transformed_ratio_is_students_quantile():
    rng = np.random.default_rng(0)
    below = rng.poisson(3.0, (30, 50)) * (rng.random((30, 50)) < rng.random((30, 1)))
    above = rng.binomial(below, rng.random((30, 1))) - rng.poisson(0.3, (30, 50))
    low, high = ratio_intervals(above, below)
    assert np.isfinite(low).sum() >= 25
    for row in range(30):
        expected = skew_corrected(above[row], below[row])
        assert (low[row], high[row]) == pytest.approx(expected, rel=1e-8, nan_ok=True)


def test_sparse_dense_and_shared_denominators_are_alike(monkeypatch):
    rng = np.random.default_rng(1)
    above, below = rng.poisson(0.5, (40, 30)), rng.poisson(2.0, (1, 30))
    whole = ratio_intervals(above, np.repeat(below, 40, 0))
    monkeypatch.setattr("unitscope.stats.ratios.AT_ONCE", 90)
    for found in (
        ratio_intervals(above, below),
        ratio_intervals(sparse.csr_matrix(above), sparse.csr_matrix(below)),
        ratio_intervals(sparse.csr_matrix(above), sparse.csr_matrix(np.repeat(below, 40, 0))),
    ):
        assert np.array_equal(found, whole, equal_nan=True)


def test_no_interval_from_latents_that_cannot_give_one():
    few = np.zeros(50, int)
    few[: FEWEST - 1] = range(1, FEWEST)
    enough, ones = few + (np.arange(50) == 49), np.ones(50, int)
    rare = (np.arange(50) < FEWEST - 1).astype(int)
    above = np.stack([few, enough, ones, enough, 0 * ones])
    below = np.stack([ones, ones, ones, rare, 0 * ones])
    low, high = ratio_intervals(above, below)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True, True, True]
    low, _ = ratio_intervals(above, below, fewest=1)
    assert np.isnan(low).tolist() == [False, False, True, False, True]
    assert np.isnan(ratio_intervals(np.ones((2, 1), int), np.ones((2, 1), int), fewest=1)).all()
    assert np.shape(ratio_intervals(np.zeros((3, 0), int), np.zeros((1, 0), int))) == (2, 3)


def test_ends_stay_within_what_can_be():
    above = np.array([[9, 10, 10, 10, 10, 10, 10, 10], [1, 0, 0, 0, 0, 0, 0, 0]])
    low, high = ratio_intervals(above, np.full((1, 8), 10), fewest=1, within=(0, 1))
    assert high[0] == 1
    assert low[1] == 0
    assert (low < above.sum(1) / 80).all()
    assert (high >= above.sum(1) / 80).all()


def test_skewed_sums_are_held_more_often_than_by_the_middle_of_a_bootstrap():
    rng = np.random.default_rng(2)

    def draw(count: int) -> np.ndarray:
        return np.ceil(rng.lognormal(3, 1, count)).astype(int)

    held, plain, weights, truth = [], [], rng.poisson(1.0, (30, 400)), draw(10**6).mean() / 30
    for _ in range(1000):
        above, below = draw(30), rng.poisson(30.0, (1, 30))
        (low,), (high,) = ratio_intervals(above[None], below)
        held.append(low <= truth <= high)
        ends = np.quantile((above @ weights) / (below @ weights), [0.025, 0.975])
        plain.append(ends[0] <= truth <= ends[1])
    assert 0.91 <= np.mean(held) <= 0.97
    assert np.mean(plain) < np.mean(held) - 0.02


def test_few_signs_are_all_tried():
    rng = np.random.default_rng(3)
    values = rng.integers(-9, 10, (60, 8))
    found, counts = sign_flip_p_values(values)
    assert np.array_equal(counts, (values != 0).sum(1))
    for row, p_value in zip(values, found, strict=True):
        sums = [
            abs(sum(s * v for s, v in zip(signs, row, strict=True)))
            for signs in itertools.product((1, -1), repeat=8)
        ]
        assert p_value == pytest.approx(np.mean(np.array(sums) >= abs(row.sum())))
    again, _ = sign_flip_p_values(sparse.csr_matrix(values))
    assert np.array_equal(found, again)


def test_the_least_p_value_is_that_of_equal_signs_and_none_that_of_no_change():
    rows = np.stack([(np.arange(20) < count) * 7 for count in (0, 1, 2, 6, ENUMERATED)])
    found, counts = sign_flip_p_values(rows)
    assert counts.tolist() == [0, 1, 2, 6, ENUMERATED]
    assert found.tolist() == [1, 1, 0.5, 2**-5, 2.0 ** (1 - ENUMERATED)]


def test_many_signs_are_about_as_often_as_coins_say():
    for count, up in ((13, 11), (20, 15), (40, 27), (200, 115)):
        row = np.where(np.arange(count) < up, 5, -5)[None]
        (p_value,), _ = sign_flip_p_values(row)
        exact = binomtest(up, count).pvalue
        assert exact * 0.8 <= p_value <= exact * 2


def test_a_change_without_an_effect_is_called_as_rarely_as_said():
    rng = np.random.default_rng(4)
    values = rng.poisson(3.0, (4000, 60)) * rng.choice([-1, 1], (4000, 60)) * (rng.random((4000, 60)) < 0.4)
    found, _ = sign_flip_p_values(values)
    assert 0.03 <= (found <= 0.05).mean() <= 0.06
