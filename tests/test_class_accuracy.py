import numpy as np
import pytest

from unitscope.stats import ClassAccuracy


def test_the_scores_are_those_of_the_published_code(shared):
    golden = np.load(shared / "golden" / "perclass_accuracy.npz")
    predicted = golden["logits"].argmax(1)
    statistic = ClassAccuracy(2, golden["logits"].shape[1])
    statistic.update(np.stack([predicted, golden["labels"]], 1), golden["labels"])
    scores = statistic.result()
    for name in ("precision", "recall", "accuracy", "balanced_accuracy"):
        assert np.allclose(getattr(scores, name)[0], golden[name], atol=1e-6), name
        assert (getattr(scores, name)[1] == 1).all()
    assert scores.overall.tolist() == [(predicted == golden["labels"]).mean(), 1]


def test_scores_by_their_definitions():
    generator = np.random.default_rng(0)
    labels, predicted = generator.integers(0, 5, 80), generator.integers(0, 5, (80, 3)).astype(np.int16)
    statistic = ClassAccuracy(3, 5)
    statistic.update(predicted, labels)
    scores = statistic.result()
    for variant in range(3):
        for c in range(5):
            yes, truth = predicted[:, variant] == c, labels == c
            assert scores.precision[variant, c] == pytest.approx(truth[yes].mean())
            assert scores.recall[variant, c] == pytest.approx(yes[truth].mean())
            assert scores.accuracy[variant, c] == pytest.approx((yes == truth).mean())
            balanced = (yes[truth].mean() + (~yes)[~truth].mean()) / 2
            assert scores.balanced_accuracy[variant, c] == pytest.approx(balanced)


def test_classes_without_pictures_score_nothing():
    statistic = ClassAccuracy(1, 3)
    assert not statistic.result().balanced_accuracy.any()
    statistic.update(np.array([[1], [1]], np.int16), np.array([1, 0]))
    scores = statistic.result()
    assert scores.precision.tolist() == [[0, 0.5, 0]]
    assert scores.recall.tolist() == [[0, 1, 0]]


def test_what_does_not_fit_is_refused():
    statistic = ClassAccuracy(2, 3)
    with pytest.raises(ValueError, match="predictions of shape"):
        statistic.update(np.zeros((4, 1), np.int16), np.zeros(4, np.int64))
    with pytest.raises(ValueError, match="class 0 or 3 is none of 3 classes"):
        statistic.update(np.array([[0, 3]]), np.zeros(1, np.int64))
