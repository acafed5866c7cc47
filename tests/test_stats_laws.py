"""One test holds every statistic to the laws: identity, any order, any split, any number of threads, same bits."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import unitscope
from unitscope.layer.grid import GridGeometry, raster_sampling
from unitscope.stats import (
    ActivationExtent,
    ActivationHistogram,
    ActivationRaster,
    AreaChanges,
    ChanceIntersections,
    ClassAccuracy,
    ConceptAreas,
    Insertions,
    IntersectionBootstrap,
    Intersections,
    LabelHistogram,
    PairAnswers,
    PairChanges,
    PairOverlap,
    PixelCounts,
    Places,
    PredictionChanges,
    Statistic,
    StrongCells,
    ThresholdSearch,
    TopPictures,
    UnitLikeness,
)
from unitscope.stats.chance import partners
from unitscope.stats.intersection import areas_by_picture, planes_last

PICTURES, UNITS, CONCEPTS, RASTER = 14, 5, 6, (12, 10)


@dataclass
class Data:
    grids: np.ndarray
    labels: np.ndarray
    samples: np.ndarray
    predicted: np.ndarray

    def activation(self, rows) -> ActivationRaster:
        sampling = raster_sampling(GridGeometry.even((4, 5), (48, 40)), RASTER, (48, 40))
        return ActivationRaster(self.grids[rows], sampling)

    def cells(self, rows) -> StrongCells:
        return StrongCells.of(self.activation(rows))


def make_data() -> Data:
    generator = np.random.default_rng(7)
    grids = generator.standard_normal((PICTURES, UNITS, 4, 5)).astype(np.float32)
    grids[:, 1] = np.maximum(grids[:, 1] - 1, 0)
    grids[:, 2] = 0.5
    grids[3:6, 3] = grids[2, 3]
    labels = generator.integers(0, 3, (PICTURES, 2, *RASTER)).astype(np.int16)
    labels[:, 1] = np.where(labels[:, 1] > 0, labels[:, 1] + 2, 0)
    samples = generator.permutation(100)[:PICTURES].astype(np.int64)
    predicted = generator.integers(0, CONCEPTS, (PICTURES, UNITS)).astype(np.int16)
    return Data(grids, labels, samples, predicted)


DATA = make_data()
THRESHOLDS = np.array([1.0, 0.2, 0.5, 0.3, -2.0], np.float32)


class HistogramCase:
    def empty(self) -> Any:
        return ActivationHistogram(UNITS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.activation(rows))


class SearchCase(HistogramCase):
    def empty(self) -> Any:
        histogram = ActivationHistogram(UNITS)
        histogram.update(DATA.activation(slice(None)))
        return ThresholdSearch(histogram, 20)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.cells(rows))


class TopCase(HistogramCase):
    def empty(self) -> Any:
        return TopPictures(UNITS, 4)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.grids[rows].max((2, 3)), DATA.samples[rows])


class ExtentCase(HistogramCase):
    def empty(self) -> Any:
        return ActivationExtent(UNITS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.grids[rows].min((2, 3)), DATA.grids[rows].max((2, 3)))


class IntersectionCase(HistogramCase):
    def empty(self) -> Any:
        return Intersections(THRESHOLDS, CONCEPTS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.cells(rows), DATA.labels[rows], DATA.samples[rows])


class BootstrapCase(IntersectionCase):
    def empty(self) -> Any:
        concepts = np.array([1, 2, 0, 4, 5])
        return IntersectionBootstrap(THRESHOLDS, concepts, label_values=CONCEPTS, replicates=8, seed=3)


class LabelHistogramCase(HistogramCase):
    def empty(self) -> Any:
        return LabelHistogram(np.array([1, 2, 0, 4, 4]))

    def update(self, statistic, rows) -> None:
        labels = DATA.labels.copy()
        labels[::2, :, 3:5] = -1
        statistic.update(DATA.cells(rows), labels[rows])


class AreaCase(HistogramCase):
    def empty(self) -> Any:
        return ConceptAreas(CONCEPTS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.labels[rows], DATA.samples[rows])


class AccuracyCase(HistogramCase):
    def empty(self) -> Any:
        return ClassAccuracy(UNITS, CONCEPTS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.predicted[rows], DATA.samples[rows] % CONCEPTS)


class ChangesCase(HistogramCase):
    def empty(self) -> Any:
        return PredictionChanges(UNITS, CONCEPTS)

    def update(self, statistic, rows) -> None:
        before = DATA.predicted[rows, 0]
        statistic.update(DATA.samples[rows], DATA.samples[rows] % CONCEPTS, before, DATA.predicted[rows])


class AreaChangesCase(HistogramCase):
    def empty(self) -> Any:
        return AreaChanges(UNITS, CONCEPTS)

    def update(self, statistic, rows) -> None:
        before = areas_by_picture(DATA.labels[rows], CONCEPTS)
        variants = [areas_by_picture(np.roll(DATA.labels, v, 0)[rows], CONCEPTS) for v in range(UNITS)]
        statistic.update(DATA.samples[rows], before, np.stack(variants, axis=1))


class InsertionsCase(HistogramCase):
    def empty(self) -> Any:
        return Insertions(2, 20, CONCEPTS)

    def update(self, statistic, rows) -> None:
        where = DATA.grids[rows, 0].reshape(len(rows), 20)
        row, location = np.nonzero(where > 0)
        values = DATA.predicted[rows][row, location % UNITS].astype(np.int64)
        sample = DATA.samples[rows][row]
        statistic.update(Places(sample, location % 2, location, values, location // 3, values % 2))


class PixelCountsCase(HistogramCase):
    def empty(self) -> Any:
        return PixelCounts(3, CONCEPTS)

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.samples[rows] % 3, areas_by_picture(DATA.labels[rows], CONCEPTS))


class ChanceIntersectionsCase:
    repairings = 3

    def empty(self) -> Any:
        return ChanceIntersections(self.repairings, UNITS, CONCEPTS)

    def update(self, statistic: Any, rows: np.ndarray) -> None:
        others = partners(np.arange(PICTURES), 5, range(self.repairings))
        masks = DATA.cells(rows).points_above(THRESHOLDS)
        statistic.update(masks, planes_last(DATA.labels), np.ascontiguousarray(others[:, rows]))


class PairChangesCase(HistogramCase):
    def empty(self) -> Any:
        return PairChanges(UNITS)

    def update(self, statistic, rows) -> None:
        both = [DATA.grids[rows], -DATA.grids[rows]]
        peaks, means = (np.stack([ask(grids) for grids in both], axis=1) for ask in (peaks_of, means_of))
        statistic.update(DATA.samples[rows], peaks, means)


def peaks_of(grids):
    return grids.max((2, 3))


def means_of(grids):
    return grids.mean((2, 3))


class PairAnswersCase(HistogramCase):
    def empty(self) -> Any:
        return PairAnswers(UNITS)

    def update(self, statistic, rows) -> None:
        outputs = DATA.grids[rows].transpose(0, 2, 1, 3)[:, :2, :, 0]
        statistic.update(DATA.samples[rows], outputs, DATA.predicted[rows][:, :2])


class PairOverlapCase(HistogramCase):
    def empty(self) -> Any:
        thresholds = np.stack([THRESHOLDS, THRESHOLDS[::-1]])
        return PairOverlap(thresholds, RASTER[0] * RASTER[1], replicates=8, seed=3)

    def update(self, statistic, rows) -> None:
        altered = Data(DATA.grids[:, ::-1], DATA.labels, DATA.samples, DATA.predicted)
        statistic.update(DATA.cells(rows), altered.cells(rows), DATA.samples[rows])


class UnitLikenessCase(HistogramCase):
    def empty(self) -> Any:
        return UnitLikeness(THRESHOLDS, DATA.grids.max((0, 2, 3)))

    def update(self, statistic, rows) -> None:
        statistic.update(DATA.cells(rows).points_above(THRESHOLDS), DATA.labels[rows])


CASES = [
    HistogramCase(),
    ExtentCase(),
    SearchCase(),
    TopCase(),
    IntersectionCase(),
    BootstrapCase(),
    LabelHistogramCase(),
    AreaCase(),
    AccuracyCase(),
    ChangesCase(),
    AreaChangesCase(),
    InsertionsCase(),
    PixelCountsCase(),
    ChanceIntersectionsCase(),
    PairChangesCase(),
    PairAnswersCase(),
    PairOverlapCase(),
    UnitLikenessCase(),
]


def assert_same(first: Any, second: Any) -> None:
    a, b = first.state_dict(), second.state_dict()
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        assert np.array_equal(a[name], b[name]), name


def at_once(case: Any) -> Any:
    statistic = case.empty()
    case.update(statistic, np.arange(PICTURES))
    return statistic


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case).__name__)
class TestLaws:
    @settings(max_examples=25)
    @given(data=st.data())
    def test_any_order_and_grouping_gives_the_same_bits(self, case, data):
        order = data.draw(st.permutations(range(PICTURES)))
        cuts = sorted(data.draw(st.lists(st.integers(0, PICTURES), max_size=4)))
        workers = []
        for first, last in zip([0, *cuts], [*cuts, PICTURES], strict=True):
            worker = case.empty()
            batch = data.draw(st.integers(1, 5))
            for start in range(first, last, batch):
                case.update(worker, np.array(order[start : min(start + batch, last)]))
            workers.append(worker)
        merged = case.empty()
        for index in data.draw(st.permutations(range(len(workers)))):
            merged.merge(workers[index])
        assert_same(merged, at_once(case))

    def test_an_empty_one_is_the_identity(self, case):
        left, right = case.empty(), at_once(case)
        left.merge(at_once(case))
        right.merge(case.empty())
        assert_same(left, at_once(case))
        assert_same(right, at_once(case))

    def test_a_state_restores_the_statistic(self, case):
        restored = case.empty()
        restored.load_state_dict(at_once(case).state_dict())
        assert_same(restored, at_once(case))
        case.update(restored, np.arange(3))
        continued = at_once(case)
        case.update(continued, np.arange(3))
        assert_same(restored, continued)

    def test_no_data_changes_nothing(self, case):
        statistic = at_once(case)
        case.update(statistic, np.arange(0))
        assert_same(statistic, at_once(case))

    def test_the_number_of_threads_changes_nothing(self, case):
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            single = at_once(case)
            torch.set_num_threads(3)
            assert_same(at_once(case), single)
        finally:
            torch.set_num_threads(threads)

    def test_statistics_of_other_data_are_not_merged(self, case):
        other = case.empty()
        state = {name: np.concatenate([value, value]) for name, value in other.state_dict().items()}
        other.load_state_dict(state)
        with pytest.raises(ValueError):
            case.empty().merge(other)


def classes_of_the_package() -> set[type]:
    """Every class that a module of the package defines."""
    names = [module.name for module in pkgutil.walk_packages(unitscope.__path__, "unitscope.")]
    members = [inspect.getmembers(importlib.import_module(name), inspect.isclass) for name in names]
    return {kind for found in members for _, kind in found if kind.__module__.startswith("unitscope.")}


def without_a_case(cases: list[Any]) -> set[str]:
    """Names of the statistics that can be made and that no case makes."""
    kinds = {kind for kind in classes_of_the_package() if issubclass(kind, Statistic)}
    held = {type(case.empty()) for case in cases}
    return {kind.__name__ for kind in kinds - held if not inspect.isabstract(kind)}


def test_every_statistic_of_the_package_has_a_case():
    assert not without_a_case(CASES)
    assert without_a_case(CASES[1:]) == {"ActivationHistogram"}


def test_what_merges_and_has_a_state_is_a_statistic():
    duties = ("merge", "state_dict", "load_state_dict")
    alike = {kind for kind in classes_of_the_package() if all(hasattr(kind, duty) for duty in duties)}
    assert {kind for kind in alike if not issubclass(kind, Statistic)} == set()


# A histogram stores the used range of its bins.
@pytest.mark.parametrize("case", CASES[1:], ids=lambda case: type(case).__name__)
def test_what_is_declared_is_what_is_stored(case):
    statistic = at_once(case)
    state = statistic.state_dict()
    assert list(state) == list(statistic.declared)
    for name, array in statistic.declared.items():
        assert state[name].dtype == array.dtype
        assert state[name].ndim == len(array.axes)


def test_a_refused_merge_changes_nothing():
    first, other = Intersections(THRESHOLDS, CONCEPTS), Intersections(THRESHOLDS, CONCEPTS + 1)
    for statistic in (first, other):
        statistic.update(DATA.cells(slice(None)), DATA.labels, DATA.samples)
    before = first.state_dict()
    with pytest.raises(
        ValueError, match=r"Intersections of intersections \(2, 5, 6\) and \(2, 5, 7\) do not"
    ):
        first.merge(other)
    assert all(np.array_equal(before[name], value) for name, value in first.state_dict().items())
