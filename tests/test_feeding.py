"""How pictures reach the network: threads that decode, and JPEG at a fraction of its size as part of a run."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn

import unitscope as us
from unitscope.concepts.labellers import Unlabelled
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import activations
from unitscope.experiments.dissection.ahead import Ahead
from unitscope.experiments.dissection.plan import Raster, ReadingPlan
from unitscope.experiments.samples import PictureSamples
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.sources import loading
from unitscope.sources.pictures import PictureFolder

SIDE, COUNT = 16, 12


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for number in range(COUNT):
        coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        image = Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)
        image.save(tmp_path / "images" / f"p{number:02d}.jpg", quality=95)
    return tmp_path


def dissect(data: Path, out: str, preprocess: str = f"size={SIDE}", **given: object) -> us.Dissection:
    network = us.network(nn.Sequential(nn.Conv2d(3, 4, 1)), preprocess=preprocess)
    for parameter in network.module.parameters():
        parameter.data.fill_(0.1)
    return us.dissect(
        network, str(data / "images"), "colors", layers="0", out=data / out, replicates=100, show=False, **given
    )  # fmt: skip


@pytest.mark.parametrize(("asked", "threads"), [(1, 1), (3, 3), (None, 2)])
def test_as_many_threads_decode_as_were_asked_for(data, monkeypatch, asked, threads) -> None:
    monkeypatch.setattr(loading, "usable_cores", lambda: 1)
    names, read, meet = set(), PictureFolder.read, threading.Barrier(threads, timeout=20)

    def watched(self: PictureFolder, index: int) -> np.ndarray:
        name = threading.current_thread().name
        if name.startswith("unitscope-loader"):
            names.add(name)
            if index < threads:
                meet.wait()  # so many are at work at once
        return read(self, index)

    monkeypatch.setattr(PictureFolder, "read", watched)
    run = dissect(data, "run", batch_size=4, loaders=asked)
    assert len(names) == threads
    assert "loaders" not in run.manifest.config["settings"]
    assert loading.loaders() == 2, "what one run was told holds for it alone"


@pytest.mark.parametrize("wrong", [0, 257, 1.5])
def test_a_number_of_threads_that_cannot_be_is_refused(data, wrong) -> None:
    with pytest.raises(UnitscopeError, match=r"loaders is .*from 1 to 256"):
        dissect(data, "run", loaders=wrong)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "1000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({"cpu.max": "nonsense"}, 8),
    ],
)
def test_cores_are_those_that_a_container_gets(tmp_path, monkeypatch, files, cores) -> None:
    monkeypatch.setattr(loading.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(loading, "_GROUPS", tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert loading.usable_cores() == cores
    monkeypatch.setattr(loading, "usable_cores", lambda: 100)
    assert loading.loaders() == loading.MOST


def test_a_draft_is_part_of_the_run_and_changes_pixels_a_little(data) -> None:
    whole, draft = dissect(data, "whole"), dissect(data, "draft", f"size={SIDE},draft=32")
    assert draft.manifest.config["model"]["preprocessing"]["draft"] == 32
    assert "draft" not in whole.manifest.config["model"]["preprocessing"]
    thresholds = [run.units.threshold.to_numpy() for run in (whole, draft)]
    assert not np.array_equal(*thresholds)
    assert np.allclose(*thresholds, atol=0.02)
    with pytest.raises(UnitscopeError, match="draft"):
        dissect(data, "whole", f"size={SIDE},draft=32")


def test_a_draft_is_not_smaller_than_twice_what_the_network_sees() -> None:
    with pytest.raises(
        UnitscopeError, match="'draft' cannot be 31; give 32 pixels or more, twice the input's sides"
    ):
        parse_preprocessing("size=16,draft=31", Preprocessing())


def test_masks_are_compared_with_whole_pictures(data) -> None:
    (data / "masks").mkdir()
    for path in (data / "images").iterdir():
        Image.new("L", (160, 120), 1).save(data / "masks" / f"{path.stem}.png")
    (data / "labels.txt").write_text("1 thing\n")
    network = us.network(nn.Conv2d(3, 4, 1), preprocess=f"size={SIDE},draft=32")
    with pytest.raises(UnitscopeError, match="draft=32 in the preprocessing decodes pictures at a fraction"):
        us.dissect(
            network, str(data / "images"), us.masks(data / "masks", data / "labels.txt"), layers="", out=data / "run"
        )  # fmt: skip


def test_the_next_shard_is_decoded_while_one_is_counted(data, monkeypatch, pieces_of) -> None:
    """When the first shard is counted, pictures of the second have been read; each is read once all the same."""
    pieces_of(4)
    read, seen, count = [], [], activations.ShardContent.count
    original = PictureFolder.read

    def watched(self: PictureFolder, index: int) -> np.ndarray:
        if threading.current_thread().name.startswith("unitscope-loader"):
            read.append(index)
        return original(self, index)

    def counted(self: activations.ShardContent, statistics: activations.ShardStatistics) -> None:
        for _ in range(200):
            if len(read) > 4 * (len(seen) + 1):
                break
            time.sleep(0.02)
        seen.append(len(read))
        count(self, statistics)

    monkeypatch.setattr(PictureFolder, "read", watched)
    monkeypatch.setattr(activations.ShardContent, "count", counted)
    dissect(data, "run", batch_size=4)
    assert len(seen) == 3
    assert seen[0] > 4
    assert sorted(read) == list(range(COUNT))


def test_a_shard_that_nobody_expected_is_read_by_itself_and_threads_end(data) -> None:
    samples = PictureSamples(
        PictureFolder(data / "images"), Unlabelled(), preprocessing=Preprocessing(size=(SIDE, SIDE)), grid=(1, 1)
    )  # fmt: skip
    plan = ReadingPlan((), Raster((1, 1), (SIDE, SIDE), "edge"), COUNT, 2, 4)
    ahead = Ahead(samples, plan)
    ahead.expect([0, 2])
    for shard in (0, 1, 2, 2):
        with ahead.batches_of(shard) as stream:
            found = [batch.samples.tolist() for batch in itertools.islice(stream, 2)]
        assert found == [list(batch) for batch in plan.batches_of(shard)]
    ahead.expect([0, 1])

    def fail_in_the_middle() -> None:
        with ahead.batches_of(0) as stream:
            next(stream)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail_in_the_middle()
    assert not any(thread.name.startswith("unitscope-loader") for thread in threading.enumerate())
    with ahead.batches_of(1) as stream:
        assert next(stream).samples.tolist() == [4, 5]


def test_one_of_several_processes_decodes_with_few_threads_unless_told_otherwise(monkeypatch) -> None:
    monkeypatch.setattr(loading, "_here", None)
    monkeypatch.setattr(loading, "usable_cores", lambda: 16)
    assert (loading.loaders(), loading.loaders_elsewhere(1), loading.loaders_elsewhere(4)) == (16, 2, 4)
    with loading.loading(7):
        assert (loading.loaders(), loading.loaders_elsewhere(1)) == (7, 7)
    loading.load_with(3)
    assert loading.loaders() == 3
    with loading.loading(5):
        assert loading.loaders() == 5
