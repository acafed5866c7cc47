"""Work that is spread over processes gives the same bits, however many there are and whichever of them die."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from attack_cases import dissected, draw_colours
from scale_cases import PIECE, Deadly, Mortal, assert_same, dissect, make_samples
from tiny import dissect_words, draw, run_cli
from tiny_generator import write_generator
from torch import nn

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import chance, label_maps
from unitscope.experiments.dissection.activations import known_before
from unitscope.experiments.pieces import done_by, small_pieces
from unitscope.experiments.settings import Spread
from unitscope.progress import showing
from unitscope.run.results import Result

ray = pytest.importorskip("ray")

from unitscope.scale import facts, luggage, pool, spread  # noqa: E402
from unitscope.scale.cluster import SETTINGS, Cluster  # noqa: E402
from unitscope.scale.spread import running_in  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")

FEW = {"replicates": 100, "device": "cpu"}


@pytest.fixture(scope="module", autouse=True)
def session(tmp_path_factory):
    """One session of Ray for all tests here, with room for eight workers."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        warnings.simplefilter("ignore")
        ray.init(
            address="local", num_cpus=8, include_dashboard=False, log_to_driver=False, configure_logging=True,
            logging_level=logging.CRITICAL, object_store_memory=256 * 2**20,
        )  # fmt: skip
        yield
        _crew.__exit__(None, None, None)
        ray.shutdown()


_crew = pool.Pool(0, None, 1)
"""All workers of this file: starting one takes longer than all that it has to do here."""


@contextmanager
def hands(count: int) -> Iterator[pool.Pool]:
    """So many of the crew, which grows where it is smaller; the others wait."""
    waiting, _crew._idle = _crew._idle[count:], _crew._idle[:count]
    _crew.workers = count
    try:
        yield _crew
    finally:
        _crew._idle += waiting
        _crew._subject = pool._NOTHING  # who waited does not hold what the others do


@pytest.fixture(autouse=True)
def pieces(pieces_of):
    pieces_of(PIECE)


@pytest.fixture(scope="module", autouse=True)
def no_pages():
    """Write no pages: they are made of the tables, by the process that was started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Result, "report", lambda found: found.page)
        yield


@pytest.fixture(scope="module", autouse=True)
def few_meetings():
    """Let re-pairings be done some at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chance, "PIECE_POINTS", 300_000)
        yield


@contextmanager
def workers(count: int | None):
    """Do everything in so many workers meanwhile, or in this process, with one thread either way."""
    with running_in(1):
        if count is None:
            with done_by(None, threads=1):
                yield
        else:
            with hands(count) as crew, done_by(crew, threads=1):
                yield


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Runs that questions can be asked of."""
    folder = draw_colours(tmp_path_factory.mktemp("scale"))
    draw_colours(folder / "others", seed=1)
    dissected(folder, "net")
    file = write_generator(folder)
    unitscope.dissect(
        f"{file}:shapes", unitscope.latents(16, seed=1), unitscope.segmenter(f"{file}:colors"),
        layers=["boxes"], out=folder / "generated", quantile=0.1, batch_size=4, **FEW,
    )  # fmt: skip
    return folder


def ask_everything(place: Path, out: Path) -> list[Path]:
    """Ask every question that is done in pieces."""
    found = [*ask_of_pictures(place, out), *ask_of_latents(place, out)]
    return [each.path for each in found] + [out / "dissected" / "controls" / "1"]


def ask_of_pictures(place: Path, out: Path) -> list[Result[Any]]:
    """Ask what is asked of a network that reads pictures."""
    run, pictures = place / "run-net", place / "pictures"
    return [
        unitscope.dissect(
            "world-vgg",
            "world:8",
            layers=["relu2_2"],
            out=out / "dissected",
            control=(1,),
            batch_size=2,
            null=20,
            **FEW,
        ),
        unitscope.importance(
            run,
            pictures,
            place / "others" / "pictures",
            out=out / "importance",
            ablation="mean",
            batch_size=2,
            **FEW,
        ),
        unitscope.attack(
            run,
            pictures,
            "red",
            out=out / "attack",
            method=f"{place}/net.py:brighten",
            batch_size=2,
            top=1,
            **FEW,
        ),
        unitscope.shape(run, pictures, out=out / "shape", alter="gray", **FEW),
        unitscope.classify_unit(run, "relu", 0, pictures, positive="red", out=out / "classify", **FEW),
    ]


def ask_of_latents(place: Path, out: Path) -> list[Result[Any]]:
    """Ask what is asked of a generator."""
    made, file, words = place / "generated", f"{place}/gen.py", {"device": "cpu", "layer": "boxes"}
    return [
        unitscope.dissect(
            f"{file}:shapes",
            unitscope.latents(16, seed=1),
            unitscope.segmenter(f"{file}:colors"),
            layers=["boxes"],
            out=out / "generated",
            quantile=0.1,
            batch_size=4,
            null=20,
            **FEW,
        ),
        unitscope.remove(made, "green", out=out / "remove", units=(1,), random=1, **words),
        unitscope.insert(made, "green", out=out / "insert", units=1, choose_on="all", **words),
        unitscope.rank(made, out=out / "rank", **words),
    ]


@pytest.fixture(scope="module")
def inline(place, tmp_path_factory) -> list[Path]:
    with workers(None), small_pieces(PIECE):
        return ask_everything(place, tmp_path_factory.mktemp("inline"))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_question_has_the_same_answer_from_any_number_of_workers(place, inline, tmp_path, count):
    with workers(count):
        found = ask_everything(place, tmp_path)
    for one, other in zip(inline, found, strict=True):
        assert len(list((other / "shards").iterdir())) > 1
        assert_same(one, other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    with workers(None), small_pieces(PIECE):
        dissect(out)
    return out


@pytest.mark.parametrize("count", [None, 2])
def test_re_pairings_are_met_in_pieces_also_where_nothing_was_kept(tmp_path, count, monkeypatch):
    monkeypatch.setattr(label_maps, "KEPT", 1000)
    asked = {"layers": ["relu4_3"], "null": 20, "cache_budget": 0, "batch_size": 4, **FEW}
    with workers(None):
        plain = unitscope.dissect(
            "world-vgg", "world:24", out=tmp_path / "plain", **asked | {"cache_budget": 1}
        )
    with workers(count), small_pieces(8):
        found = unitscope.dissect("world-vgg", "world:24", out=tmp_path / "spread", **asked)
    assert len(list((found.path / "shards").iterdir())) > 3 + 2  # of pictures, and of re-pairings
    assert not list((found.path / "cache").iterdir())
    assert plain.units["null_iou"].notna().any()
    pd.testing.assert_frame_equal(found.units, plain.units, check_exact=True)


def test_a_worker_that_is_killed_is_replaced_and_changes_nothing(whole, tmp_path, capfd):
    bomb = tmp_path / "bomb"
    bomb.touch()
    with workers(2), showing(True):
        dissect(tmp_path / "run", Mortal(bomb))
    assert not bomb.exists()
    assert_same(whole, tmp_path / "run")
    assert "a worker is lost; another does its piece again" in capfd.readouterr().err


def test_a_piece_that_takes_every_worker_with_it_ends_the_work(tmp_path):
    with (
        workers(1),
        pytest.raises(
            UnitscopeError, match=r"3 workers died on the pictures from '000000' to '000003', as when"
        ),
    ):
        dissect(tmp_path / "run", Deadly())
    dissected_before = tmp_path / "run"
    assert not dissected_before.exists() or not list((dissected_before / "shards").iterdir())


@pytest.mark.slow
def test_a_driver_that_is_killed_goes_on_elsewhere_to_the_same_result(tmp_path, monkeypatch):
    draw(tmp_path, 80)
    words = dissect_words(tmp_path, tmp_path / "run", "--workers", "2", "--null", "20", "--quiet")
    source = Path(unitscope.__file__).parents[1]
    code = (
        "from unitscope.experiments.pieces import small_pieces; from unitscope import cli\n"
        f"with small_pieces({PIECE}): cli.main()"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(source), "NET_SECONDS": "0.3"}
    driver = subprocess.Popen([sys.executable, "-c", code, *words], env=surroundings)
    shards = tmp_path / "run" / "shards"
    until = time.monotonic() + 120
    while time.monotonic() < until and len(list(shards.glob("*.safetensors"))) < 2:
        assert driver.poll() is None
        time.sleep(0.05)
    # Two agents of Ray itself try for a minute to tell a session that is gone; they hold nothing.
    started = [each for each in processes_below(driver.pid) if not name_of(each).endswith("Agent")]
    assert len(started) > 3  # Ray's own, and two workers
    driver.kill()
    driver.wait()
    committed = len(list(shards.glob("*.safetensors")))
    assert 2 <= committed < 80 / PIECE
    while time.monotonic() < until and any(is_alive(each) for each in started):
        time.sleep(0.1)
    assert not [each for each in started if is_alive(each)]
    words[words.index("--workers") + 1] = "1"
    assert run_cli(monkeypatch, *words) == 0
    again = dissect_words(tmp_path, tmp_path / "inline", "--threads", "1", "--null", "20", "--quiet")
    assert run_cli(monkeypatch, *again) == 0
    assert_same(tmp_path / "inline", tmp_path / "run")


def processes_below(parent: int) -> list[int]:
    found, ahead = [], [parent]
    while ahead:
        number = ahead.pop()
        with suppress(OSError):
            for file in Path(f"/proc/{number}/task").glob("*/children"):
                ahead += [int(each) for each in file.read_text().split()]
        found.append(number)
    return found[1:]


def name_of(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text().strip("\0 ").split("/")[-1]
    except OSError:
        return ""


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_piece_raises_is_raised_here(tmp_path):
    class Broken(Mortal):
        def _at_work(self):
            raise RuntimeError("no such luck")

    with (
        workers(1),
        pytest.raises(
            UnitscopeError,
            match="the network fails on the pictures from '000000' to '000001': RuntimeError: no such luck",
        ),
    ):
        dissect(tmp_path / "run", Broken())
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_sent_is_refused_before_work(tmp_path):
    network, samples = Mortal(), make_samples()
    network.lock = threading.Lock()
    with workers(1):
        with pytest.raises(
            UnitscopeError,
            match=r"the network Mortal cannot be sent to other processes: .*pickle '_thread.lock'",
        ):
            dissect(tmp_path / "run", network)
        samples.file = (tmp_path / "open").open("w")
        with pytest.raises(
            UnitscopeError, match=r"memory cannot be sent to other processes: .*Cannot pickle files"
        ):
            dissect(tmp_path / "run", samples=samples)
        samples.file.close()
    assert not (tmp_path / "run").exists()


def test_what_is_sent_arrives_as_it_is_and_may_be_written_over():
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(3, 4))
    network[2].weight = network[0].weight
    network[0].bias.requires_grad_(False)
    kernels = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last).half().weight
    others = [
        torch.zeros(0),
        torch.tensor([True, False]),
        torch.arange(10)[2:5],
        torch.randn(4, 5).t(),
        kernels,
    ]
    array = np.asfortranarray(np.arange(6).reshape(2, 3))
    packed = luggage.pickled((network, others, array))
    assert packed.size > sum(each.numel() * each.element_size() for each in network.parameters())
    assert len(packed.data) < 5000
    found, rest, numbers = luggage.unpack(packed)
    assert found[2].weight is found[0].weight
    assert not found[0].bias.requires_grad
    for one, other in zip(
        [*network.state_dict().values(), *others], [*found.state_dict().values(), *rest], strict=True
    ):
        assert one.dtype == other.dtype
        assert one.stride() == other.stride()
        assert torch.equal(one, other)
    assert np.array_equal(array, numbers)
    assert numbers.flags.f_contiguous
    numbers[0, 0] = rest[2][0] = 9
    found[1].running_mean += 1
    assert array[0, 0] == 0
    assert network[1].running_mean.sum() == 0


class Elsewhere(Mortal):
    """Another answer in another process, as a processor of another kind gives."""

    def forward(self, x):
        return super().forward(x) * (1 if os.getpid() == self.home else 1 + 1e-6)


class OtherWeights(Mortal):
    def __setstate__(self, state):
        super().__setstate__(state)
        with torch.no_grad():
            self.conv.bias[0] += 1


class Blind(type(make_samples())):
    """Samples that only their own process can read."""

    def __init__(self):
        vars(self).update(vars(make_samples()))
        self.home = os.getpid()

    def batches(self, batches):
        for batch in super().batches(batches):
            yield (
                batch
                if os.getpid() == self.home
                else type(batch)(
                    batch.samples[:0],
                    batch.inputs[:0],
                    batch.labels[:0],
                    {int(each): "gone" for each in batch.samples},
                )
            )


@pytest.mark.parametrize(
    ("network", "samples", "message"),
    [
        (
            Elsewhere,
            make_samples,
            "gets other answers of the network than there are here, in their last bits",
        ),
        (OtherWeights, make_samples, "got other weights of the network than there are here"),
        (Mortal, Blind, "reads other pictures or labels than there are here, or cannot read them"),
    ],
)
def test_a_worker_that_differs_is_refused_before_work(tmp_path, network, samples, message):
    with workers(1), pytest.raises(UnitscopeError, match=f"the worker on .* {message}"):
        dissect(tmp_path / "run", network(), samples())
    assert not (tmp_path / "run").exists()


def test_other_versions_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "facts_here", lambda *given: {**facts.facts_here(*given), "torch": "2.0.0"})
    with (
        workers(1),
        pytest.raises(UnitscopeError, match=r"has torch [0-9.]+.*, and it is 2\.0\.0 here"),
    ):
        dissect(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_folder_that_workers_do_not_see_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "manifest_hash", lambda _: "of another folder")
    with (
        workers(1),
        pytest.raises(UnitscopeError, match=r"does not see the run folder .*/run; put it where all"),
    ):
        dissect(tmp_path / "run")


def test_more_workers_than_there_is_room_for_are_refused(tmp_path):
    with (
        workers(9),
        pytest.raises(UnitscopeError, match="9 workers of 1 threads do not fit the 8 processor cores"),
    ):
        dissect(tmp_path / "run")
    with pytest.raises(
        UnitscopeError,
        match="each worker needs a GPU for itself: workers=2 with device='cuda', and there are 0",
    ):
        Cluster(None).room(2, 1, gpus=1)
    with pytest.raises(UnitscopeError, match="which it calls cuda; give device='cuda', not 'cuda:1'"):
        facts.check_device(torch.device("cuda:1"), 2)
    with pytest.raises(UnitscopeError, match="there is one device 'mps', and workers cannot share it"):
        facts.check_device(torch.device("mps"), 2)


def test_threads_are_part_of_the_configuration_where_they_are_said(whole, tmp_path):
    dissect(tmp_path / "run")
    assert "threads" not in unitscope.open_run(tmp_path / "run").manifest.config
    assert unitscope.open_run(whole).manifest.config["threads"] == 1
    before = torch.get_num_threads()
    with (
        spread(Spread(threads=1)),
        pytest.raises(UnitscopeError, match=r"another configuration.*threads: absent there, 1 now"),
    ):
        dissect(tmp_path / "run")
    assert torch.get_num_threads() == before


def test_a_finished_run_starts_no_workers(whole, monkeypatch):
    monkeypatch.setattr(pool, "Worker", None)
    with workers(3):
        dissect(whole)


def test_what_is_known_before_a_shard_is_much_of_what_lies_before_it():
    known = [known_before(shard) for shard in range(17)]
    assert known == [0, 0, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 8]


@pytest.mark.parametrize("given", [{"workers": 0}, {"workers": 1.5}, {"threads": 0}])
def test_counts_that_make_no_sense_are_refused(given):
    with pytest.raises(
        UnitscopeError, match=r"(workers|threads) is .*; it must be a whole number or none|1 or more"
    ):
        Spread(**given)


@pytest.mark.parametrize("option", ["workers", "cluster"])
def test_without_ray_a_line_says_how_to_get_it(monkeypatch, option):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    given = {"workers": 2} if option == "workers" else {"cluster": "auto"}
    with (
        pytest.raises(UnitscopeError, match=rf"{option}= needs Ray, .* pip install 'unitscope\[cluster\]'"),
        spread(Spread(**given)),
    ):
        pass
