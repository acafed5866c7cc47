from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from references import values_to_keys

from unitscope.layer.grid import AxisGeometry, GridGeometry, raster_sampling, upsample
from unitscope.stats import (
    ActivationHistogram,
    ActivationRaster,
    ConceptAreas,
    IntersectionBootstrap,
    Intersections,
    StrongCells,
    ThresholdSearch,
    TopPictures,
    exceeding_count,
    kernels,
)
from unitscope.stats.intersection import without_repeats
from unitscope.stats.quantile import keys_to_values
from unitscope.stats.resampling import resample


def thresholds_of(activation: ActivationRaster, quantile: float) -> np.ndarray:
    histogram = ActivationHistogram(activation.units)
    histogram.update(activation)
    search = ThresholdSearch(histogram, exceeding_count(quantile, activation.points))
    for _ in range(ThresholdSearch.rounds):
        search.update(StrongCells.of(activation, search.bounds))
        search.narrow()
    return search.result()


def raster(grids, *, size=None, shape=(16, 16), border="edge", geometry=None) -> ActivationRaster:
    size = size or (4 * shape[0], 4 * shape[1])
    geometry = geometry or GridGeometry.even(grids.shape[2:], size)
    return ActivationRaster(
        np.asarray(grids, np.float32), raster_sampling(geometry, shape, size, border=border)
    )


def values_of(activation: ActivationRaster) -> np.ndarray:
    return upsample(torch.from_numpy(activation.grids), activation.sampling).numpy()


FLOATS = hnp.arrays(np.float32, 40, elements=st.floats(-(2.0**100), 2.0**100, width=32))


@given(FLOATS)
def test_keys_keep_the_order_and_the_value(values):
    keys = values_to_keys(values)
    assert np.array_equal(keys_to_values(keys), values)
    assert np.array_equal(values[:, None] < values[None], keys[:, None] < keys[None])


@given(FLOATS, st.sampled_from([0.001, 0.01, 0.05, 0.3, 0.5, 0.99, 1.0]))
@example(np.array([-0.0] + 39 * [-1e-45], np.float32), 0.001)
def test_the_threshold_is_the_exact_order_statistic(values, quantile):
    activation = raster(values.reshape(2, 1, 4, 5), shape=(4, 5), size=(4, 5))
    count = exceeding_count(quantile, 40)
    expected = np.sort(values)[::-1][min(count, 39)]
    assert thresholds_of(activation, quantile)[0] == expected


def test_a_search_notices_values_that_were_not_shown():
    activation = raster(np.arange(1, 41).reshape(2, 1, 4, 5), shape=(4, 5), size=(4, 5))
    histogram = ActivationHistogram(1)
    histogram.update(activation)
    search = ThresholdSearch(histogram, 10)
    with pytest.raises(ValueError, match=r"unit 0 was kept above 35\.0, values above"):
        search.update(StrongCells.of(activation, np.full(1, 35, np.float32)))
    with pytest.raises(ValueError, match="has not seen the values that the histogram counted"):
        search.narrow()


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5])
def test_the_floor_is_exceeded_by_little_more_than_the_fraction_asked_for(fraction):
    values = np.random.default_rng(2).standard_normal((40, 3, 10, 10)).astype(np.float32)
    values[:, 1] += 100
    values[:, 2] = np.maximum(values[:, 2] - 2, 0)
    activation = raster(values, shape=(10, 10), size=(10, 10))
    histogram = ActivationHistogram(3)
    histogram.update(activation)
    floors = histogram.floors(fraction)
    above = (values > floors[:, None, None]).mean((0, 2, 3))
    assert fraction <= above[0] < 2 * fraction
    assert above[1] >= fraction
    assert above[2] >= fraction or (floors[2] == 0 and above[2] == (values[:, 2] > 0).mean())
    assert (histogram.floors(1) == -np.inf).all()


@pytest.mark.parametrize("fraction", [0.01, 0.3, 1])
def test_the_floor_of_merged_histograms_is_that_of_all_their_values(fraction):
    generator = np.random.default_rng(3)
    # The second reach further, on either side, than the first.
    parts = [generator.standard_normal((8, 5, 6, 6)).astype(np.float32) * scale for scale in (1, 100)]
    wanted = merged(5, [np.concatenate(parts)]).floors(fraction)
    for order in (parts, parts[::-1]):
        assert np.array_equal(merged(5, order).floors(fraction), wanted)


def merged(units, parts):
    """One histogram of several parts, between two that have seen nothing."""
    found = ActivationHistogram(units)
    for values in parts:
        one = ActivationHistogram(units)
        one.update(raster(values, shape=(6, 6), size=(6, 6)))
        found.merge(one)
    found.merge(ActivationHistogram(units))
    return found


@pytest.mark.parametrize("border", ["edge", "zeros"])
@pytest.mark.parametrize("geometry", [None, GridGeometry(AxisGeometry(5, 16, 8.5), AxisGeometry(6, 12, 3.0))])
def test_thresholds_and_counts_equal_a_naive_loop_over_the_upsampled_values(border, geometry):
    generator = np.random.default_rng(0)
    grids = generator.standard_normal((9, 4, 5, 6)).astype(np.float32)
    grids[:, 1] = np.maximum(grids[:, 1] - 1, 0)
    grids[:, 2] -= 100
    labels = generator.integers(0, 4, (9, 2, 20, 20)).astype(np.int16)
    labels[:, 1] = np.where(labels[:, 1] > 0, labels[:, 1] + 3, 0)
    activation = raster(grids, shape=(20, 20), border=border, geometry=geometry)
    values = values_of(activation)

    thresholds = thresholds_of(activation, 0.01)
    count = exceeding_count(0.01, activation.points)
    for u in range(4):
        ranked = np.sort(values[:, u].ravel())[::-1]
        assert thresholds[u] == ranked[count]

    intersections = Intersections(thresholds, 7)
    intersections.update(StrongCells.of(activation, thresholds), labels, np.arange(9))
    pixels, shared = intersections.result()
    for u in range(4):
        above = values[:, u] > thresholds[u]
        assert pixels.sum(0)[u] == above.sum()
        assert pixels[1, u] == above[1::2].sum()
        for concept in range(1, 7):
            assert shared.sum(0)[u, concept] == (above & (labels == concept).any(1)).sum()


@pytest.mark.parametrize("quantile", [0.002, 0.01, 0.05])
@pytest.mark.parametrize("distribution", ["normal", "exponential", "uniform", "heavy"])
def test_the_fraction_above_is_within_a_fifth_of_a_percent_of_the_quantile(quantile, distribution):
    generator = np.random.default_rng(1)
    draw = {
        "normal": generator.standard_normal,
        "exponential": generator.standard_exponential,
        "uniform": generator.random,
        "heavy": generator.standard_cauchy,
    }[distribution]
    activation = raster(draw((300, 2, 6, 6)).astype(np.float32), shape=(24, 24))
    thresholds = thresholds_of(activation, quantile)
    fraction = (values_of(activation) > thresholds[:, None, None]).mean((0, 2, 3))
    np.testing.assert_allclose(fraction, quantile, rtol=0.002)


def test_dead_constant_sparse_and_tied_units():
    grids = np.zeros((10, 5, 16, 16), np.float32)
    grids[:, 1] = 2.5
    grids[0, 2, 0, :5] = [1, 2, 3, 4, 5]
    grids[:, 3] = np.where(np.arange(16) < 8, 7.0, 1.0)
    grids[:, 4] = -3.0
    activation = raster(grids, shape=(16, 16), size=(16, 16))
    thresholds = thresholds_of(activation, 0.01)
    assert thresholds.tolist() == [0, 2.5, 0, 7, -3]
    above = (values_of(activation) > thresholds[:, None, None]).sum((0, 2, 3))
    assert above.tolist() == [0, 0, 5, 0, 0]


def test_quantiles_count_as_they_are_written():
    assert exceeding_count(0.07, 100) == 7
    assert exceeding_count(0.01, 802816) == 8029
    assert exceeding_count(0.01, 10000) == 100


def test_a_search_refuses_to_answer_early():
    histogram = ActivationHistogram(1)
    histogram.update(raster(np.ones((1, 1, 2, 2))))
    with pytest.raises(ValueError, match="2 more rounds"):
        ThresholdSearch(histogram, 1).result()


def test_histogram_edges_hold_the_values_counted():
    grids = np.random.default_rng(0).standard_normal((4, 2, 8, 8)).astype(np.float32)
    activation = raster(grids, shape=(8, 8), size=(8, 8))
    histogram = ActivationHistogram(2)
    histogram.update(activation)
    edges, counts = histogram.result()
    assert counts.sum() == grids.size
    for u in range(2):
        assert np.array_equal(np.histogram(grids[:, u], edges)[0], counts[u])


def test_iou_matches_the_published_code(shared):
    golden = np.load(shared / "golden" / "iou.npz")
    segmentation = golden["segmentation"]
    concepts = len(golden["iou"])
    activation = raster(golden["activations"], shape=segmentation.shape[2:], size=(224, 224), border="zeros")
    samples = np.arange(len(segmentation))
    intersections = Intersections(golden["threshold_q99"], concepts)
    intersections.update(StrongCells.of(activation), without_repeats(segmentation), samples)
    pixels, shared_pixels = (count.sum(0) for count in intersections.result())
    areas = ConceptAreas(concepts)
    areas.update(without_repeats(segmentation), samples)
    area = areas.result()[0].sum(0)
    iou = shared_pixels / (pixels[:, None] + area[None] - shared_pixels)
    np.testing.assert_allclose(iou.T[1:], golden["iou"][1:], atol=1e-4, rtol=1e-4)


def test_our_threshold_exceeds_as_often_as_asked_on_the_published_activations(shared):
    golden = np.load(shared / "golden" / "iou.npz")
    activation = raster(golden["activations"], shape=(28, 28), size=(224, 224), border="zeros")
    thresholds = thresholds_of(activation, 0.01)
    fraction = (values_of(activation) > thresholds[:, None, None]).mean((0, 2, 3))
    np.testing.assert_allclose(fraction, 0.01, rtol=0.003)
    np.testing.assert_allclose(thresholds, golden["threshold_q99"], rtol=0.02)


def test_top_pictures_are_the_strongest_and_ties_go_to_the_first():
    peaks = np.array([[1, 5], [3, 5], [2, 5], [3, 1]], np.float32)
    top = TopPictures(2, 3)
    top.update(peaks, np.array([10, 13, 12, 11]))
    values, samples = top.result()
    assert values.tolist() == [[3, 3, 2], [5, 5, 5]]
    assert samples.tolist() == [[11, 13, 12], [10, 12, 13]]


def test_fewer_pictures_than_asked_leave_gaps():
    top = TopPictures(1, 3)
    top.update(np.array([[4.0]], np.float32), np.array([7]))
    assert top.result()[1].tolist() == [[7, -1, -1]]


def test_a_concept_named_by_two_planes_counts_once():
    labels = np.array([[[[1, 2]], [[1, 3]], [[3, 3]]]], np.int16)
    assert without_repeats(labels).tolist() == [[[[1, 2]], [[0, 3]], [[3, 0]]]]


def test_the_bootstrap_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(5)
    hits = 0
    for trial in range(60):
        overlap = generator.random((80, 1, 1, 1)) < 0.5
        grids = np.where(overlap, [[[[1.0, 0.0, 0.0, 0.0]]]], [[[[0.0, 1.0, 0.0, 0.0]]]])
        labels = np.zeros((80, 1, 1, 4), np.int16)
        labels[..., 0] = 1
        boot = IntersectionBootstrap(
            np.zeros(1, np.float32), np.array([1]), label_values=2, replicates=400, seed=trial
        )
        boot.update(StrongCells.of(raster(grids, shape=(1, 4), size=(1, 4))), labels, np.arange(80))
        low, high = boot.result()
        hits += bool(low[0] <= 1 / 3 <= high[0])
    assert 52 <= hits <= 60


@pytest.mark.parametrize("border", ["edge", "zeros"])
@pytest.mark.parametrize("lowest", [-3, -1, 0, 1])
@pytest.mark.parametrize("fine", [(40, 48), (5, 6)])
def test_regions_are_those_of_the_upsampled_grids(border, lowest, fine):
    grids = np.random.default_rng(3).standard_normal((2, 7, 5, 6)).astype(np.float32)
    geometry = GridGeometry.even((5, 6), (40, 48))
    kept = raster(grids, size=(40, 48), shape=(5, 6) if fine == (5, 6) else (20, 24), border=border)
    floors = np.full(7, lowest, np.float32)
    cells = StrongCells.of(kept, floors, spread=np.ones((7, 2), np.bool_))
    sampling = raster_sampling(geometry, fine, (40, 48), border=border)
    values = upsample(torch.from_numpy(grids), sampling).numpy()
    thresholds = np.linspace(lowest, 3, 7, dtype=np.float32)
    found = cells.regions_above(1, np.arange(7), thresholds, sampling)
    above = values[1] > thresholds[:, None, None]
    assert np.array_equal(found, np.packbits(above.reshape(7, -1), axis=1))


@pytest.mark.parametrize("border", ["edge", "zeros"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_finer_grids_are_resampled_to_the_same_bits_however_they_lie_in_memory(border, layout):
    grids = torch.randn(3, 5, 9, 11).to(memory_format=layout)
    geometry = GridGeometry(AxisGeometry(9, 3.0, -2.0), AxisGeometry(11, 2.0, 1.5))
    sampling = raster_sampling(geometry, (7, 6), (28, 24), border=border)
    out = np.empty((3, 5, 7, 6), np.float32)
    resample(grids, sampling, out)
    assert np.array_equal(out, upsample(grids, sampling).numpy())


def test_a_grid_with_as_many_cells_as_points_is_still_blended_where_it_is_shifted():
    grids = np.random.default_rng(4).standard_normal((3, 2, 12, 12)).astype(np.float32)
    geometry = GridGeometry(AxisGeometry(12, 1.0, 0.3), AxisGeometry(12, 1.0, -0.3))
    activation = raster(grids, shape=(12, 12), size=(12, 12), geometry=geometry)
    values = values_of(activation)
    assert not np.array_equal(values, grids)
    ranked = np.sort(values.transpose(1, 0, 2, 3).reshape(2, -1))[:, ::-1]
    assert np.array_equal(thresholds_of(activation, 0.1), ranked[:, exceeding_count(0.1, activation.points)])


@pytest.mark.parametrize("border", ["edge", "zeros"])
def test_points_above_are_those_of_the_upsampled_grids(border):
    grids = np.random.default_rng(6).standard_normal((40, 3, 5, 6)).astype(np.float32)
    grids[:, 1] = np.maximum(grids[:, 1], 0)
    activation = raster(grids, shape=(40, 48), border=border)
    values = values_of(activation)
    bounds = np.array([-1, 0, 1], np.float32)
    points = StrongCells.of(activation, bounds).points_above(bounds)
    for u in range(3):
        found = np.full((40, 40 * 48), np.nan, np.float32)
        for n in range(40):
            here = slice(points.offsets[u, n], points.offsets[u, n + 1])
            found[n, points.positions[here]] = points.values[here]
        above = values[:, u].reshape(40, -1)
        assert np.array_equal(found, np.where(above > bounds[u], above, np.nan), equal_nan=True)
    assert points.counts[0].sum() > 1 << 16  # more than the first room of the compiled loop
    with pytest.raises(ValueError, match="unit 1 was kept above"):
        points.points_above(np.array([-1, -1, 1], np.float32))


@pytest.mark.parametrize("border", ["edge", "zeros"])
@pytest.mark.parametrize("shift", [-3, -5])
@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.4])
def test_zeros_outside_lift_the_points_beside_them_above_a_negative_threshold(border, shift, quantile):
    """Rows of cells that all lie below the bound have points above it at their ends."""
    grids = np.random.default_rng(7).uniform(-2, 2, (6, 4, 5, 6)).astype(np.float32) + np.float32(shift)
    activation = raster(grids, border=border)
    values = values_of(activation).transpose(1, 0, 2, 3).reshape(4, -1)
    ranked = np.sort(values)[:, ::-1]
    thresholds = thresholds_of(activation, quantile)
    assert np.array_equal(thresholds, ranked[:, exceeding_count(quantile, activation.points)])
    assert (thresholds < 0).all()
    points = StrongCells.of(activation, thresholds).points_above(thresholds)
    assert np.array_equal(points.counts.sum(1), (values > thresholds[:, None]).sum(1))


def test_the_example_of_the_kernels_is_true():
    activation = raster(np.array([[[[2.0, 10.0]]]]), size=(1, 8), shape=(1, 4))
    columns = activation.sampling.columns
    assert columns.lower.tolist() == [0, 0, 0, 1]
    assert columns.upper.tolist() == [0, 1, 1, 1]
    assert columns.weight.tolist() == [0, 0.25, 0.75, 0]
    assert values_of(activation).ravel().tolist() == [2, 4, 8, 10]
    strong = StrongCells.of(activation, np.array([5], np.float32))
    assert strong.values.tolist() == [2, 10]
    points = strong.points_above(np.array([5], np.float32))
    assert points.positions.tolist() == [2, 3]
    assert points.values.tolist() == [8, 10]
    assert [hex(key) for key in values_to_keys(np.array([8, 10], np.float32)) >> 20] == ["0xc10", "0xc12"]


def test_compiled_loops_call_nothing_compiled_of_another_file():
    """Numba would not compile them again when the other file changes."""
    for path in Path(kernels.__file__).parent.glob("*.py"):
        if path.name != "__init__.py":
            imported = re.findall(
                r"^from unitscope\.stats\.kernels\.?(\w*) import", path.read_text(), re.MULTILINE
            )
            assert set(imported) <= {"compiled"}, path
