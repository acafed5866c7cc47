"""What every experiment does, on the smallest one."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from unitscope import progress
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments import skeleton
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.pieces import Piece, Stage, State, ranges
from unitscope.experiments.samples import InMemorySamples
from unitscope.experiments.skeleton import Experiment
from unitscope.models.registry import load_network
from unitscope.models.weights import weights_hash
from unitscope.nouns.reopened import reopen_network
from unitscope.progress import in_lines, partly, showing
from unitscope.run import folder
from unitscope.run.folder import RunFolder
from unitscope.run.manifest import typed_command
from unitscope.run.results import Result, Table

COUNT, SIZE = 10, 4


class Brightness(Result):
    kind, command = "brightness", "brightness"
    means = Table("One row a picture.")


def measure(pictures, scale, piece: Piece) -> State:
    means = np.array([pictures[number].mean() * scale for number in piece.pictures])
    return State({"means": means})


class MeanBrightness(Experiment[np.ndarray]):
    def __init__(self, pictures: np.ndarray, scale: float = 1.0, measure=measure) -> None:
        self.subject, self.scale, self.measure = pictures, scale, measure

    def configuration(self):
        return {"scale": self.scale}

    def stages(self, job):
        ids = [f"picture {number}" for number in range(COUNT)]
        cost = f"{COUNT} pictures"
        yield Stage("read", "reading", ranges(COUNT, SIZE), self.measure, self.scale, ids, cost=cost)

    def tables(self, job):
        yield "means", pd.DataFrame({"mean": np.concatenate([file["means"] for file in job.files("read")])})

    def outcome(self, job):
        return {"summary": {"skipped": len(job.skipped("read"))}}


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (COUNT, 3, 3)).astype(np.float64)


def test_an_experiment_is_stages_tables_and_an_outcome(pictures, tmp_path):
    with typed_command("unitscope brightness"):
        found = skeleton.run(MeanBrightness(pictures), Brightness, tmp_path / "run")
    assert np.array_equal(found.table("means")["mean"], pictures.mean((1, 2)))
    assert found.manifest.summary == {"skipped": 0}
    assert found.manifest.command == "unitscope brightness"
    assert set(found.manifest.seconds) == {"read", "tables"}
    assert [each.path for each in Brightness.find(tmp_path)] == [found.path]


def test_an_interrupted_one_goes_on_where_it_stopped(pictures, tmp_path):
    read = []

    def stopping(pictures, scale, piece):
        if len(read) == 2:
            raise KeyboardInterrupt
        read.append(piece.number)
        return measure(pictures, scale, piece)

    with pytest.raises(KeyboardInterrupt):
        skeleton.run(MeanBrightness(pictures, measure=stopping), Brightness, tmp_path / "run")
    with pytest.raises(
        UnitscopeError, match=r"is not finished; run the same 'unitscope brightness' command again"
    ):
        Brightness.open(tmp_path / "run")
    read.clear()
    found = skeleton.run(MeanBrightness(pictures, measure=stopping), Brightness, tmp_path / "run")
    assert read == [2]
    assert np.array_equal(found.table("means")["mean"], pictures.mean((1, 2)))
    read.append(3)
    again = skeleton.run(MeanBrightness(pictures, measure=stopping), Brightness, tmp_path / "run")
    assert again.manifest == found.manifest  # nothing is done again


def test_long_values_that_differ_are_shortened(tmp_path):
    before, now = ({"sets": [list(range(first, 400))]} for first in (0, 1))
    with pytest.raises(UnitscopeError) as refused:
        folder._refuse_changes(tmp_path, before, now)
    assert len(str(refused.value)) < 400 + len(str(tmp_path))
    assert "sets: [[0, 1, 2, 3, " in str(refused.value)
    assert "now" in str(refused.value)


def test_another_configuration_and_another_kind_are_refused(pictures, tmp_path):
    skeleton.run(MeanBrightness(pictures), Brightness, tmp_path / "run")
    with pytest.raises(UnitscopeError, match=r"another configuration \(scale: 1.0 there, 2.0 now"):
        skeleton.run(MeanBrightness(pictures, 2.0), Brightness, tmp_path / "run")

    class Darkness(Brightness):
        kind = "darkness"

    with pytest.raises(
        UnitscopeError, match="a run of kind 'brightness' where one of kind 'darkness' is wanted"
    ):
        skeleton.run(MeanBrightness(pictures), Darkness, tmp_path / "run")


def test_pictures_none_of_which_can_be_read_are_refused(pictures, tmp_path):
    def blind(_pictures, _scale, piece):
        return State({"means": np.zeros(0)}, dict.fromkeys(piece.pictures, "too dark"))

    with pytest.raises(
        UnitscopeError, match="none of the 10 pictures could be read; the first, 'picture 0': too dark"
    ):
        skeleton.run(MeanBrightness(pictures, measure=blind), Brightness, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def slow(clock, start=50.0, each=6.0):
    """Return a measurement that starts slowly, then takes as long for every picture, and tells of each."""

    def measured(pictures, scale, piece):
        clock[0] += start if piece.number == 0 else 0
        for _ in piece.pictures:
            clock[0] += each
            partly(1)
        return measure(pictures, scale, piece)

    return measured


@pytest.mark.usefixtures("lines_of_progress")
def test_what_it_takes_is_said_inside_of_the_first_piece_without_the_start(pictures, tmp_path, clock, capsys):
    said = []

    def watched(pictures, scale, piece):
        state = slow(clock)(pictures, scale, piece)
        said.append((clock[0], capsys.readouterr().err))
        return state

    with showing(True):
        skeleton.run(MeanBrightness(pictures, measure=watched), Brightness, tmp_path / "run")
    assert [at for at, _ in said] == [74, 98, 110]
    # After two of ten pictures, when eight are left.
    assert "10 pictures, about 48 s more" in said[0][1]
    assert "about" not in said[1][1], "once; the bar goes on from there"


@pytest.mark.usefixtures("lines_of_progress")
def test_what_it_takes_is_corrected_in_lines(pictures, tmp_path, clock, capsys):
    with in_lines():
        skeleton.run(MeanBrightness(pictures, measure=slow(clock, 1, 8)), Brightness, tmp_path / "run")
    assert capsys.readouterr().err.splitlines() == [
        "reading: 10 pictures, about 64 s more",
        "reading: 6 of 10, about 32 s more",
        "reading: done in 81 s",
    ]


@pytest.mark.usefixtures("lines_of_progress")
def test_an_estimate_counts_the_stages_that_follow_where_they_are_known(pictures, tmp_path, clock, capsys):
    class Twice(MeanBrightness):
        def stages(self, job):
            (first,) = super().stages(job)
            yield replace(first, later=COUNT, then="a table")
            yield replace(first, name="again")

    with in_lines():
        skeleton.run(Twice(pictures, measure=slow(clock, 1, 8)), Brightness, tmp_path / "run")
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == "reading: 10 pictures, about 2 minutes more, then a table"


def test_a_piece_of_work_can_be_sent_anywhere(pictures, tmp_path):
    experiment = MeanBrightness(pictures, 2.0)
    (stage,) = experiment.stages(skeleton.Job(RunFolder(tmp_path)))
    sent = pickle.loads(pickle.dumps(stage))  # written two lines above
    there, here = (each.measure(pictures, each.plan, Piece(1, each.parts[1])) for each in (sent, stage))
    assert np.array_equal(there.arrays["means"], here.arrays["means"])


def test_a_run_that_is_written_without_the_api_can_be_reopened(tmp_path):
    """What gets a network again belongs to the network, not to who asks."""
    network = load_network("world-vgg", reinitialize=3)
    samples = InMemorySamples(
        torch.rand((4, 3, *network.preprocessing.size)),
        np.ones((4, 1, 8, 8), np.int16),
        Vocabulary([Concept("all", "object")]),
    )
    settings = DissectionSettings(replicates=100)
    run = run_dissection(network, samples, layers=["relu1_1"], out=tmp_path / "run", settings=settings)
    again = reopen_network(run)
    assert run.network.spec == "world-vgg"
    assert again.reinitialized == 3
    assert weights_hash(again.module) == weights_hash(network.module)
    assert again.preprocessing == network.preprocessing
