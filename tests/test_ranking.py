"""Scores of one number as a classifier: against scikit-learn, against naive loops, and with weights."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from unitscope.stats.ranking import areas, best_threshold, rates


def drawn(seed: int, *, ties: bool, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    positive = generator.random(count) < 0.3
    positive[:2] = True, False
    values = generator.normal(size=count) + positive
    return (np.round(values) if ties else values), positive


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_areas_are_those_of_scikit_learn(seed, ties):
    values, positive = drawn(seed, ties=ties)
    auroc, average = areas(values, positive, np.ones((len(values), 1)))
    assert auroc[0] == pytest.approx(roc_auc_score(positive, values), abs=1e-12)
    assert average[0] == pytest.approx(average_precision_score(positive, values), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_areas_are_those_of_repeated_pictures_at_the_same_share(seed):
    values, positive = drawn(seed, ties=True)
    weights = np.random.default_rng(seed + 9).poisson(1.0, (len(values), 7))
    auroc, average = areas(values, positive, weights)
    share = positive.mean()
    for replicate in range(7):
        counted = weights[:, replicate].astype(float)
        counted[positive] *= share / counted[positive].sum()
        counted[~positive] *= (1 - share) / counted[~positive].sum()
        assert auroc[replicate] == pytest.approx(
            roc_auc_score(positive, values, sample_weight=counted), abs=1e-12
        )
        expected = average_precision_score(positive, values, sample_weight=counted)
        assert average[replicate] == pytest.approx(expected, abs=1e-12)


def test_equal_values_count_half_and_perfect_ones_are_perfect():
    positive = np.array([True, True, False, False])
    once = np.ones((4, 1))
    assert areas(np.zeros(4), positive, once)[0][0] == 0.5
    assert areas(np.zeros(4), positive, once)[1][0] == 0.5
    assert [float(part[0]) for part in areas(np.array([2.0, 3, 0, 1]), positive, once)] == [1, 1]
    assert areas(np.array([0.0, 1, 2, 3]), positive, once)[0][0] == 0


def test_a_group_that_counts_nothing_has_no_scores():
    positive = np.array([True, False, False])
    weights = np.array([[0, 1], [1, 1], [2, 1]])
    auroc, average = areas(np.array([3.0, 1, 2]), positive, weights)
    recall, true_negative = rates(np.array([True, True, False]), positive, weights)
    assert np.isnan([auroc[0], average[0], recall[0]]).all()
    assert [auroc[1], average[1], recall[1], true_negative[1]] == [1, 1, 1, 0.5]
    assert true_negative[0] == pytest.approx(2 / 3)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better_than_the_best(seed, ties):
    values, positive = drawn(seed, ties=ties, count=60)
    best = balanced_accuracy_score(positive, values > best_threshold(values, positive))
    assert best == pytest.approx(
        max(balanced_accuracy_score(positive, values > level) for level in np.unique(values)), abs=1e-12
    )


def test_the_threshold_lies_halfway_and_nothing_exceeds_it_where_none_helps():
    positive = np.array([True, True, False, False])
    assert best_threshold(np.array([4.0, 3, 1, 0]), positive) == 2
    assert best_threshold(np.array([1.0, 1, 1, 1]), positive) == 1
    assert best_threshold(np.array([0.0, 1, 2, 3]), positive) == 3
    near = np.array([np.nextafter(1.0, 2), 2, 1.0, 0.5])
    level = best_threshold(near, positive)
    assert (near > level).tolist() == positive.tolist()
