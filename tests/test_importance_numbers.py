"""The numbers of importance, each beside a loop that follows its definition."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, pearsonr

from unitscope.errors import UnitscopeError
from unitscope.experiments.importance.correlation import correlate
from unitscope.experiments.importance.losses import (
    DrawnPictures,
    balanced_interval,
    overall_interval,
    overall_intervals,
    unit_intervals,
)
from unitscope.experiments.importance.sets import plan_sets, score_class, score_overall
from unitscope.experiments.importance.settings import ImportanceSettings, choose_set_sizes, curve_sizes
from unitscope.experiments.importance.significance import (
    could_be_called,
    sign_flip,
    unit_p_values,
)
from unitscope.experiments.importance.tables import rank_units
from unitscope.stats import ClassAccuracy, PredictionChanges
from unitscope.stats.inference import poisson_weights, q_values

PICTURES, UNITS, CLASSES, REPLICATES = 30, 6, 4, 200


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, CLASSES, PICTURES)
    before = np.where(generator.random(PICTURES) < 0.7, labels, generator.integers(0, CLASSES, PICTURES))
    flips = generator.random((PICTURES, UNITS)) < 0.25
    after = np.where(flips, generator.integers(0, CLASSES, (PICTURES, UNITS)), before[:, None])
    after[:, 5] = before
    return labels, before, after, generator.permutation(100)[:PICTURES]


@pytest.fixture(scope="module")
def changes(data):
    labels, before, after, samples = data
    statistic = PredictionChanges(UNITS, CLASSES)
    statistic.update(samples, labels, before, after)
    return statistic.result()


def drawn_of(changes):
    return DrawnPictures.draw(changes.samples, changes.labels, replicates=REPLICATES, seed=4)


def balanced(said, of_class, weights):
    """Weighted balanced accuracy; NaN where there is nothing to count."""
    if not weights[of_class].sum() or not weights[~of_class].sum():
        return math.nan
    return (np.average(said[of_class], weights=weights[of_class])
            + np.average(~said[~of_class], weights=weights[~of_class])) / 2  # fmt: skip


def test_counts_follow_from_the_changes_alone(data, changes):
    labels, before, after, _ = data
    whole = ClassAccuracy(UNITS + 1, CLASSES)
    whole.update(np.column_stack([before, after]), labels)
    for name, value in whole.state_dict().items():
        assert np.array_equal(changes.accuracy().state_dict()[name], value), name
    assert 0 < len(changes.picture) < after.size / 2


@pytest.mark.parametrize("label", range(CLASSES))
def test_intervals_weigh_the_network_with_and_without_a_unit_alike(data, changes, label):
    labels, before, after, samples = data
    weights = poisson_weights(samples, REPLICATES, 4).T
    low, high = unit_intervals(changes, label, drawn_of(changes))
    for unit in range(UNITS):
        losses = [
            balanced(before == label, labels == label, w)
            - balanced(after[:, unit] == label, labels == label, w)
            for w in weights
        ]
        assert np.allclose([low[unit], high[unit]], np.nanquantile(losses, [0.025, 0.975]), atol=1e-12)
    own = [balanced(before == label, labels == label, w) for w in weights]
    expected = np.nanquantile(own, [0.025, 0.975])
    assert np.allclose(balanced_interval(changes.before, label, drawn_of(changes)), expected, atol=1e-12)


def test_intervals_of_all_classes_together(data, changes):
    labels, before, after, samples = data
    weights = poisson_weights(samples, REPLICATES, 4).T
    right = [np.average(before == labels, weights=w) for w in weights]
    assert np.allclose(
        overall_interval(changes.before, drawn_of(changes)), np.quantile(right, [0.025, 0.975])
    )
    low, high = overall_intervals(changes, drawn_of(changes))
    for unit in range(UNITS):
        losses = [np.average(before == labels, weights=w) - np.average(after[:, unit] == labels, weights=w)
                  for w in weights]  # fmt: skip
        assert np.allclose([low[unit], high[unit]], np.quantile(losses, [0.025, 0.975]), atol=1e-12)


@pytest.mark.parametrize("label", range(CLASSES))
def test_sets_are_scored_as_units_are(data, changes, label):
    order = np.argsort(data[3])
    after = data[2][order].T.astype(np.int16)
    drawn = drawn_of(changes)
    scores = score_class(after, changes.before, label, drawn)
    low, high = unit_intervals(changes, label, drawn)
    assert np.allclose(scores.loss_low, low, atol=1e-12)
    assert np.allclose(scores.loss_high, high, atol=1e-12)
    units = changes.accuracy().result()
    assert np.allclose(scores.balanced_accuracy, units.balanced_accuracy[1:, label])
    assert np.allclose(scores.recall, units.recall[1:, label])
    overall = score_overall(iter([after[:4], after[4:]]), drawn)
    assert np.allclose(overall.accuracy, units.overall[1:])
    expected = [np.average(after[1] == changes.labels, weights=w) for w in drawn.weights.T]
    assert np.allclose([overall.low[1], overall.high[1]], np.quantile(expected, [0.025, 0.975]), atol=1e-6)


def test_one_picture_of_a_class_has_no_interval():
    labels = np.array([0, 1, 1, 1])
    statistic = PredictionChanges(1, 2)
    statistic.update(np.arange(4), labels, labels, np.array([[1], [1], [0], [1]]))
    drawn = DrawnPictures.draw(np.arange(4), labels, replicates=100, seed=0)
    for label in (0, 1):
        assert np.isnan(unit_intervals(statistic.result(), label, drawn)).all()
        assert np.isnan(balanced_interval(labels, label, drawn)).all()
        assert np.isnan(score_class(np.array([[1, 1, 0, 1]], np.int16), labels, label, drawn).loss_low).all()
    assert np.isfinite(overall_interval(labels, drawn)).all()


@pytest.mark.parametrize("sizes", [(10, 30), (7, 7), (3, 200)])
def test_p_values_count_every_way_the_changes_could_have_gone(sizes):
    for a, b in itertools.product(range(4), range(4)):
        for x, y in itertools.product(range(-a, a + 1, 2), range(-b, b + 1, 2)):
            seen = sizes[1] * x + sizes[0] * y
            ways = [
                sizes[1] * sum(signs[:a]) + sizes[0] * sum(signs[a:]) >= seen
                for signs in itertools.product((-1, 1), repeat=a + b)
            ]
            found = sign_flip(*(np.array([value]) for value in (a, b, x, y)), sizes=sizes)
            assert found[0] == pytest.approx(np.mean(ways), abs=1e-12)


def test_the_test_is_mcnemars_where_only_one_side_changes():
    a, x = np.array([12, 50, 400]), np.array([8, -10, 60])
    none = np.zeros(3, np.int64)
    expected = binom.sf((a + x) // 2 - 1, a, 0.5)
    assert np.allclose(sign_flip(a, none, x, none, sizes=(500, 500)), expected, rtol=1e-9)
    assert np.allclose(sign_flip(none, a, none, x, sizes=(500, 500)), expected, rtol=1e-9)


def test_p_values_rest_on_the_pictures_that_change(data, changes):
    labels, before, after, _ = data
    for label in range(CLASSES):
        p_values, pictures = unit_p_values(changes, label)
        for unit in range(UNITS):
            now, was = after[:, unit] == label, before == label
            assert pictures[unit] == (now != was).sum()
            shift = was.astype(int) - now
            inside = labels == label
            expected = sign_flip(
                *(np.array([v]) for v in (
                    abs(shift[inside]).sum(), abs(shift[~inside]).sum(), shift[inside].sum(), -shift[~inside].sum(),
                )),
                sizes=(inside.sum(), (~inside).sum()),
            )  # fmt: skip
            assert p_values[unit] == pytest.approx(expected[0])
        assert (p_values[pictures == 0] == 1).all()


def test_pairs_that_could_not_be_important_are_not_tested():
    pictures = np.arange(8)
    for fdr in (0.05, 0.25, 0.9):
        least = [sign_flip(*(np.array([v]) for v in (n, 0, n, 0)), sizes=(9, 9))[0] <= fdr for n in pictures]
        least[0] = False
        assert could_be_called(pictures, fdr).tolist() == least


def test_q_values_are_those_of_benjamini_and_hochberg():
    p_values = np.random.default_rng(0).random(50) ** 3
    p_values[10:20] = p_values[0]
    order = np.argsort(p_values)
    for place, number in enumerate(order):
        above = [p_values[order[j]] * 50 / (j + 1) for j in range(place, 50)]
        assert q_values(p_values)[number] == pytest.approx(min(1.0, *above), abs=1e-15)
    assert len(q_values(np.zeros(0))) == 0


def test_chance_is_called_important_no_more_often_than_promised():
    """All pairs are null: each changed picture goes either way by a fair coin."""
    generator = np.random.default_rng(1)
    false = []
    for _ in range(200):
        a, b = generator.integers(1, 30, (2, 100))
        x, y = (2 * generator.binomial(count, 0.5) - count for count in (a, b))
        false.append((q_values(sign_flip(a, b, x, y, sizes=(40, 400))) <= 0.05).any())
    assert np.mean(false) <= 0.08


def test_equal_losses_are_ranked_by_the_fall_of_log_probability():
    losses = np.array([[0.1], [0.2], [0.1], [0.0], [0.0]])
    falls = np.array([[0.1], [0.0], [0.3], [0.5], [0.5]])
    assert rank_units(losses, falls)[:, 0].tolist() == [3, 1, 2, 4, 5]


def test_sets_hold_the_first_units_of_each_order():
    orders = [np.array([2, 0, 1, 3]), np.array([2, 3, 0, 1])]
    plan = plan_sets(orders, 4, sizes=(1, 2), curve=(1,), curve_sizes=range(5), random=2, seed=0)
    removed = plan.removed
    assert len({row.tobytes() for row in removed}) == len(removed)
    for asked in plan.asked:
        chosen = np.flatnonzero(removed[asked.number] == (asked.kind == "removed"))
        assert len(chosen) == asked.k
        if asked.ranking == "importance":
            assert set(chosen) == set(orders[asked.classes[0]][: asked.k])
        elif asked.ranking == "other":
            assert set(chosen) == set(orders[1 - asked.classes[0]][: asked.k])
        else:
            assert asked.classes == ((1,) if asked.curve else (0, 1))
    same = [a for a in plan.asked if (a.ranking, a.repetition, a.kind, a.k) == ("random", 2, "removed", 2)]
    assert len({a.number for a in same}) == 1


def test_sizes_of_sets_and_curves():
    assert choose_set_sizes((), 70, "x") == (1, 2, 3, 4, 5, 20, 64)
    assert choose_set_sizes((4, 1, 4), 70, "x") == (1, 4)
    with pytest.raises(
        UnitscopeError, match=r"a set of 71 units does not fit layer 'x', which has 70; .* 1 to 70"
    ):
        choose_set_sizes((2, 71), 70, "x")
    assert curve_sizes(20) == tuple(range(21))
    many = curve_sizes(512)
    assert len(many) < 100
    assert set(range(9)) <= set(many)
    assert set(many) == {512 - k for k in many}


def test_correlations_are_pearsons():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((40, 3)).astype(np.float32) + 100
    y = (x @ generator.standard_normal((3, 2)) + generator.standard_normal((40, 2))).astype(np.float32)
    x[:, 2] = 0.1
    found = correlate(lambda: [(x[i : i + 7], y[i : i + 7]) for i in range(0, 40, 7)])
    for unit, output in itertools.product(range(2), range(2)):
        assert found[unit, output] == pytest.approx(pearsonr(x[:, unit], y[:, output])[0], abs=1e-5)
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ablation": "half"}, "ablation is 'half'; it must be zero or mean"),
        ({"set_sizes": (0,)}, r"set_sizes is \(0,\); it must be whole numbers from 1"),
        ({"fdr": 1.0}, "fdr is 1.0; it must be between 0 and 1"),
        ({"random": -1}, "random is -1; it must be 0 or more"),
        ({"replicates": 5}, "replicates is 5; it must be from 100 to 1,000,000"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
    ],
)
def test_settings_out_of_range_are_refused(given, message):
    with pytest.raises(UnitscopeError, match=message):
        ImportanceSettings(**given)
