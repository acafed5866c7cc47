"""A dissection that counts where the network is gives the tables of one that counts on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_dissect import LAYERS, Planted, bytes_of, dissect, make_samples

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import grids
from unitscope.run.storage import ArrayFile
from unitscope.stats import device


@pytest.fixture
def network() -> Planted:
    torch.manual_seed(3)
    return Planted().eval()


@pytest.fixture
def on_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "COUNTED_THERE", frozenset({"cpu"}))
    monkeypatch.setattr(device, "BLOCK", 3000)


@pytest.mark.parametrize(
    "given",
    [{}, {"border": "zeros"}, {"cache_budget": 0}, {"scores": True}, {"keep": 0.01}],
    ids=["as usual", "zeros outside", "nothing kept", "everything kept", "little kept"],
)
def test_tables_are_the_same(network, tmp_path, monkeypatch, given, pieces_of):
    pieces_of(8)
    here = dissect(network, tmp_path / "here", **given)
    monkeypatch.setattr(device, "COUNTED_THERE", frozenset({"cpu"}))
    monkeypatch.setattr(device, "BLOCK", 3000)
    there = dissect(network, tmp_path / "there", **given)
    assert bytes_of(there) == bytes_of(here)
    files = [ArrayFile(run.path / "shards" / "00001.safetensors") for run in (here, there)]
    kinds = [{name.partition("/")[0] for name in file.names} for file in files]
    assert kinds[0] ^ kinds[1] == {"values", "sums"}
    for name in set(files[0].names) & set(files[1].names):
        assert np.array_equal(files[0][name], files[1][name]), name


def test_strong_cells_are_the_same_bits(network, tmp_path, monkeypatch):
    runs = []
    for name, kinds in (("here", frozenset()), ("there", frozenset({"cpu"}))):
        monkeypatch.setattr(device, "COUNTED_THERE", kinds)
        runs.append(dissect(network, tmp_path / name))
    files = [ArrayFile(run.path / "cache" / "00000.safetensors") for run in runs]
    assert files[0].names == files[1].names
    for name in files[0].names:
        assert files[0][name].tobytes() == files[1][name].tobytes(), name


@pytest.mark.usefixtures("on_device")
def test_no_grid_leaves_the_device_as_a_whole(network, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("grids came to the CPU")

    monkeypatch.setattr(grids, "HostGrids", refuse)
    monkeypatch.setattr(grids, "resample", refuse)
    assert dissect(network, tmp_path / "run").complete


@pytest.mark.usefixtures("on_device")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_names_layer_unit_and_picture(network, tmp_path, value):
    samples = make_samples()
    samples._inputs[13] = value
    with pytest.raises(UnitscopeError, match=r"layer 'fine' unit 0 is not finite.*'000013'"):
        dissect(network, tmp_path / "run", samples=samples)


@pytest.mark.usefixtures("on_device")
def test_what_was_first_read_elsewhere_is_not_mixed_with_what_is_read_here(network, tmp_path, monkeypatch):
    """The sum over the grids is of another kind, and so cannot be found again."""
    checksum, calls = grids.DeviceGrids.checksum, iter(range(1000))

    def as_elsewhere(self: grids.DeviceGrids, used: int) -> tuple[str, np.ndarray]:
        kind, found = checksum(self, used)
        return ("values" if next(calls) < len(LAYERS) else kind), found

    monkeypatch.setattr(grids.DeviceGrids, "checksum", as_elsewhere)
    with pytest.raises(UnitscopeError, match="layer 'fine' has other values than when these pictures"):
        dissect(network, tmp_path / "run", cache_budget=0)
