"""What operations on tensors count is what the compiled loops count, bit for bit; tensors of the CPU stand in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unitscope.layer.grid import AxisGeometry, GridGeometry, Sampling, identity_sampling, raster_sampling
from unitscope.stats import (
    ActivationHistogram,
    ActivationRaster,
    DeviceRaster,
    DeviceSampling,
    StrongCells,
    device,
)
from unitscope.stats.resampling import resample

CPU = torch.device("cpu")
TINY = np.float32(1e-45)


def both(grids: np.ndarray, sampling: Sampling) -> tuple[ActivationRaster, DeviceRaster]:
    return ActivationRaster(grids, sampling), DeviceRaster(
        torch.from_numpy(grids), DeviceSampling(sampling, CPU)
    )


def same_histogram(one: ActivationRaster, other: DeviceRaster) -> ActivationHistogram:
    histograms = [ActivationHistogram(one.units) for _ in range(2)]
    histograms[0].update(one)
    histograms[1].update(other)
    states = [histogram.state_dict() for histogram in histograms]
    assert {name: array.tolist() for name, array in states[0].items()} == {
        name: array.tolist() for name, array in states[1].items()
    }
    return histograms[0]


def same_cells(one: ActivationRaster, other: DeviceRaster, floors: np.ndarray, spread: np.ndarray) -> None:
    states = [StrongCells.of(each, floors, spread=spread).state_dict() for each in (one, other)]
    for name, array in states[0].items():
        assert array.dtype == states[1][name].dtype, name
        assert array.tobytes() == states[1][name].tobytes(), name


@st.composite
def activations(draw: st.DrawFn) -> tuple[np.ndarray, Sampling]:
    """Grids of a random shape, with ties, zeros of both signs, the smallest numbers and the largest; and a raster."""
    pictures, units, height, width = (draw(st.integers(1, most)) for most in (4, 5, 9, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    grids = rng.standard_normal((pictures, units, height, width)).astype(np.float32)
    kind = draw(st.sampled_from(["plain", "sparse", "ties", "negative", "wide", "tiny", "zero"]))
    if kind == "sparse":
        grids = np.maximum(grids - 1.5, 0)
    elif kind == "ties":
        grids = np.round(grids)
    elif kind == "negative":
        grids = -np.abs(grids) - 1
    elif kind == "wide":
        grids = (grids * 10.0 ** rng.integers(-30, 30, grids.shape)).astype(np.float32)
    elif kind == "tiny":
        grids = (rng.integers(-3, 4, grids.shape) * TINY).astype(np.float32)
    elif kind == "zero":
        grids = np.where(rng.random(grids.shape) < 0.5, np.float32(-0.0), np.float32(0))
    grids[rng.random(grids.shape) < 0.1] = -0.0
    if draw(st.booleans()):
        return grids, identity_sampling((height, width))
    geometry = GridGeometry(
        *(
            AxisGeometry(cells, draw(st.floats(1, 9)), draw(st.floats(-4, 9)))
            for cells in (height, width)
        )
    )  # fmt: skip
    raster = (draw(st.integers(1, 14)), draw(st.integers(1, 14)))
    border = draw(st.sampled_from(["edge", "zeros"]))
    return grids, raster_sampling(geometry, raster, (32, 40), border=border)


@settings(max_examples=200)
@given(activations(), st.integers(0, 2**32), st.booleans())
def test_histograms_and_strong_cells_are_those_of_the_compiled_loops(activation, seed, small_blocks):
    grids, sampling = activation
    one, other = both(grids, sampling)
    with pytest.MonkeyPatch.context() as patch:
        if small_blocks:
            patch.setattr(device, "BLOCK", 2 * grids[0, 0].size)
        histogram = same_histogram(one, other)
        rng = np.random.default_rng(seed)
        spread = rng.random((grids.shape[1], grids.shape[0])) < 0.4
        anywhere = rng.choice(grids.ravel(), grids.shape[1])
        for floors in (
            histogram.floors(0.1), histogram.floors(0.7), histogram.floors(1), anywhere, np.zeros_like(anywhere)
        ):  # fmt: skip
            same_cells(one, other, floors.astype(np.float32), spread)


@settings(max_examples=60)
@given(activations(), st.booleans())
def test_finer_grids_are_brought_to_the_raster_with_the_same_bits(activation, channels_last):
    grids, sampling = activation
    values = torch.from_numpy(grids)
    if channels_last:
        values = values.to(memory_format=torch.channels_last)
    expected = np.empty((*grids.shape[:2], *sampling.shape), np.float32)
    resample(values, sampling, expected)
    found = torch.empty(expected.shape)
    DeviceSampling(sampling, CPU).resample(values, found)
    assert found.numpy().tobytes() == expected.tobytes()


def test_no_picture_and_no_value_count_nothing():
    grids = np.zeros((0, 3, 4, 4), np.float32)
    one, other = both(grids, identity_sampling((4, 4)))
    same_histogram(one, other)
    same_cells(one, other, np.zeros(3, np.float32), np.zeros((3, 0), bool))


def test_places_of_large_grids_have_32_bits():
    grids = np.random.default_rng(0).standard_normal((1, 1, 260, 260)).astype(np.float32)
    same_cells(*both(grids, identity_sampling((260, 260))), np.ones(1, np.float32), np.zeros((1, 1), bool))


def test_a_checksum_knows_values_and_places_and_no_blocks(monkeypatch):
    grids = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 4, 5, 6)).astype(np.float32))
    reading = DeviceSampling(identity_sampling((5, 6)), CPU)

    def checksum(values: torch.Tensor) -> int:
        return int(DeviceRaster(values, reading).checksum[0])

    expected = checksum(grids)
    assert checksum(grids.to(memory_format=torch.channels_last)) == expected
    changed, swapped = grids.clone(), grids.clone()
    changed[2, 3, 4, 5] = torch.nextafter(changed[2, 3, 4, 5], torch.tensor(9.0))
    swapped[0, 1, 2, [3, 4]] = swapped[0, 1, 2, [4, 3]]
    assert (
        len(
            {expected, checksum(changed), checksum(swapped), checksum(grids.flip(1)), checksum(grids.flip(0))}
        )
        == 5
    )
    monkeypatch.setattr(device, "BLOCK", 1)
    assert checksum(grids) == expected


@pytest.mark.parametrize(("units", "points", "blocks"), [(5, 0, 1), (5, 100, 5), (0, 0, 0)])
def test_blocks_hold_no_more_values_than_they_should(units, points, blocks, monkeypatch):
    monkeypatch.setattr(device, "BLOCK", 250)
    found = list(device.unit_blocks(torch.zeros(2, units, 2, 2), points=points))
    assert [block.start for block in found][:1] == [0][: len(found)]
    assert sum(block.stop - block.start for block in found) == units
    assert len(found) == blocks


def test_only_devices_that_round_as_the_standard_says_count_themselves():
    assert device.counted_there(torch.device("cuda:1"))
    assert not any(device.counted_there(torch.device(name)) for name in ("cpu", "mps"))
