"""A network that answers the same picture differently is refused before any work, or the run is marked."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import unitscope
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller, Unlabelled
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.label_answers import label_answers
from unitscope.layer.proof import ask
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.framing import Framing

SIDE = 32


class Answering(nn.Module):
    """A layer `act`, and a head after it, each followed by something."""

    def __init__(self, head=lambda x: x, layer=lambda x: x):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.act, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Linear(8, 5)
        self.head, self.layer = head, layer

    def forward(self, x):
        return self.head(self.fc(self.act(self.layer(self.conv(x))).mean((2, 3))))


@dataclass
class Output:
    logits: torch.Tensor
    loss: None = None


def over_the_batch(x):
    return x - x.mean(0)


def rounding(x):
    return x * (1 + 1e-6 * torch.rand(()))


class InPlace:
    """Writes what a function returns over what it returned before."""

    def __init__(self, function):
        self.function, self.memory = function, torch.zeros(16, 5)

    def __call__(self, x):
        return self.memory[: len(x)].copy_(self.function(x))


NETWORKS = {
    "plain": (Answering(), "same"),
    "rounds differently": (Answering(rounding), "same"),
    "dropout that stays on": (Answering(lambda x: F.dropout(x, 0.5)), "again"),
    "in a dataclass": (Answering(lambda x: Output(F.dropout(x, 0.5))), "again"),
    "random masking": (Answering(layer=lambda x: x * (torch.rand(len(x), 1, *x.shape[2:]) > 0.5)), "again"),
    "over the batch": (Answering(over_the_batch), "company"),
    "batch statistics": (
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False)),
        "company",
    ),
    "with tables that have no row for a picture": (
        Answering(lambda x: (x, torch.rand(3, 4), {"two": torch.rand(2, 4), "one": torch.rand(1, 4)})),
        "same",
    ),
    "over the batch, always into the same memory": (Answering(InPlace(over_the_batch)), "company"),
    "over the batch, beside a table": (Answering(lambda x: (torch.ones(2, 4), over_the_batch(x))), "company"),
    "a batch taken for a sequence": (Answering(lambda x: x.cumsum(0)), "company"),
    "positions along the batch": (Answering(lambda x: x + torch.arange(len(x)).sin()[:, None]), "company"),
    "boxes": (Answering(lambda x: [{"boxes": torch.rand(3, 4)} for _ in x]), "same"),
}


def dropped(p):
    """Stochastic depth that stays on: what follows is left out for some pictures."""

    def drop(x):
        return x * (torch.rand(len(x), *[1] * (x.ndim - 1)) > p)

    return drop


@pytest.mark.parametrize("p", [0.5, 0.2, 0.1, 0.05])
def test_what_is_seldom_random_is_seen(p):
    for seed in range(6):
        torch.manual_seed(seed)
        network = Answering(layer=dropped(p)).eval()
        torch.manual_seed(seed)
        assert ask(network, (), (SIDE, SIDE)).answers == "again"


@pytest.mark.parametrize("draw", [random.random, np.random.random])
def test_random_numbers_of_others_are_seen(draw):
    network = Answering(layer=lambda x: x * (draw() > 0.2)).eval()
    assert ask(network, (), (SIDE, SIDE)).answers == "again"


def test_what_draws_nothing_is_asked_no_more():
    passes = []
    network = Answering(layer=lambda x: F.dropout(x, 0.5, training=False)).eval()
    network.register_forward_hook(lambda *_: passes.append(1))
    ask(network, (), (SIDE, SIDE))
    assert len(passes) == 2


@pytest.mark.parametrize("name", NETWORKS)
def test_answers(name):
    module, said = NETWORKS[name]
    assert ask(module.eval(), (), (SIDE, SIDE)).answers == said


@pytest.mark.parametrize(
    "name", ["plain", "random masking", "over the batch", "a batch taken for a sequence", "boxes"]
)
def test_two_pictures_come_together_where_there_is_no_room_for_three(name):
    module, said = NETWORKS[name]
    seen = []
    with module.register_forward_pre_hook(lambda _module, given: seen.append(len(given[0]))):
        assert ask(module.eval(), (), (SIDE, SIDE), batch_size=1).answers == said
    assert max(seen) == 2


def dissected(module, out, **told):
    network = unitscope.network(module, preprocess=f"size={SIDE}")
    return unitscope.dissect(network, "world:4", layers=["act"], out=out, show=False, replicates=100, **told)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dropout that stays on", "Answering answers differently when it sees the same picture again"),
        (
            "over the batch",
            "Answering answers differently when other pictures come with a picture or before it",
        ),
    ],
)
def test_refused_before_any_work_unless_it_is_allowed(name, reason, tmp_path):
    module, said = NETWORKS[name]
    with pytest.raises(
        UnitscopeError, match=rf"{reason} \(.*read it all the same with allow_random="
    ) as error:
        dissected(module, tmp_path / "run")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()
    found = dissected(module, tmp_path / "run", allow_random=True)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["plan"]["answers"] == said
    assert found.settings.allow_random
    assert "random answers were allowed" in found.report().read_text()
    told = "numbers are of one reading, and no interval covers that"
    assert told in repr(found)
    again = unitscope.network(module, preprocess=f"size={SIDE}")
    later = unitscope.classify_unit(found, "act", 0, "world:24", concept="sky", network=again, show=False)
    assert told in " ".join(later.manifest.remarks)


def test_a_layer_that_answers_at_random_is_refused_where_the_network_does_not_show_it(tmp_path):
    class Shuffled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = nn.Conv2d(3, 8, 4, 4), nn.Identity()

        def forward(self, x):
            x = self.conv(x)
            return self.act(x * (torch.rand_like(x) + 0.5)).detach() * 0 + x

    with pytest.raises(
        UnitscopeError, match="layer 'act' answers differently when it sees the same picture again"
    ):
        dissected(Shuffled(), tmp_path / "run")
    found = dissected(Shuffled(), tmp_path / "run", allow_random=True)
    assert "layer 'act' answers differently when it sees the same picture again: numbers are" in repr(found)


class Labels(nn.Module):
    """Scores of two concepts, over one another where a picture is red or green, and something done to the scores."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        return self.change(torch.stack([x[:, 0] - x[:, 1], x[:, 1] - x[:, 0]], 1))


PICTURES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8).repeat(4, 1).repeat(4, 2)
"""Two pictures of coloured squares."""
TWO = Vocabulary([Concept("red", "color"), Concept("green", "color")])
SEGMENTERS = {
    "plain": (lambda x: x, "same"),
    "rounds differently": (rounding, "same"),
    "noise of its own": (lambda x: x + 100 * torch.randn_like(x), "again"),
    "over the batch": (over_the_batch, "company"),
    "a batch taken for a sequence": (lambda x: x.cumsum(0), "company"),
}


def segmenter(name, **options):
    return Segmenter(Labels(SEGMENTERS[name][0]), TWO, name=name, nothing_channel=False, **options)


@pytest.mark.parametrize("batch", [(1, 16), (2, 2), (1, 1)], ids=str)
@pytest.mark.parametrize("name", SEGMENTERS)
def test_answers_of_segmenters(name, batch):
    said = SEGMENTERS[name][1]
    labeller = SegmenterLabeller(segmenter(name, batch=batch), PixelGrid(Framing(), (SIDE, SIDE), (8, 8)))
    alone = said == "company" and batch == (1, 1)
    assert labeller.answers(PICTURES) == ("same" if alone else said)


def test_segmenters_are_asked_with_the_first_and_the_last_picture_that_can_be_read():
    """One that is sure of pictures without edges answers at random only where the pictures have some."""

    def read(number):
        asked.append(number)
        if number in (0, 5):
            raise UnreadablePicture("a.jpg", "broken")
        return PICTURES[number % 2]

    def noise_where_edges_are(x):
        return x + 100 * torch.randn_like(x) * (x.std((2, 3), keepdim=True) > 0.1)

    asked = []
    module = Labels(noise_where_edges_are)
    where = PixelGrid(Framing(), (SIDE, SIDE), (8, 8))
    labeller = SegmenterLabeller(Segmenter(module, TWO, name="unsure", nothing_channel=False), where)
    with pytest.raises(
        UnitscopeError, match="'unsure' answers differently when it sees the same picture again"
    ):
        label_answers(labeller, read, 6)
    assert asked == [0, 1, 5, 4]
    assert label_answers(labeller, lambda number: np.full_like(PICTURES[0], 40 * number), 6) == "same"
    assert label_answers(labeller, lambda number: PICTURES[0], 0) == "same"


def test_masks_need_no_answers_so_no_picture_is_read():
    assert label_answers(Unlabelled(), pytest.fail, 3) == "same"


FILE = """
import sys
sys.path.insert(0, {tests!r})
from test_answers import segmenter

def noise():
    return segmenter("noise of its own")

def sequence():
    return segmenter("a batch taken for a sequence")
"""


@pytest.fixture
def file(tmp_path):
    """A file of segmenters that answer differently."""
    path = tmp_path / "seg.py"
    path.write_text(FILE.format(tests=Path(__file__).parent.as_posix()))
    return path


@pytest.mark.parametrize(
    ("concepts", "reason"),
    [
        (
            "{file}:noise",
            "segmenter 'noise of its own' answers differently when it sees the same picture again",
        ),
        ("colors+{file}:sequence", "segmenter 'a batch taken for a sequence' answers differently when other"),
    ],
)
def test_segmenters_are_refused_before_any_work_unless_it_is_allowed(concepts, reason, file, tmp_path):
    network = unitscope.network(Answering(), preprocess=f"size={SIDE}")
    told = {"layers": ["act"], "out": tmp_path / "run", "show": False, "replicates": 100}
    given = [each.format(file=file) for each in concepts.split("+")]
    with pytest.raises(UnitscopeError, match=rf"{reason}.*read it all the same with allow_random=") as error:
        unitscope.dissect(network, "world:4", given, **told)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()
    found = unitscope.dissect(network, "world:4", given, **told, allow_random=True)
    assert "the segmenter answers differently when" in repr(found)
    assert found.settings.allow_random


def test_other_segmenters_are_refused_in_later_questions(file, tmp_path):
    run = dissected(Answering(), tmp_path / "run")
    asked = {
        "pictures": "world:24",
        "concept": "red",
        "network": unitscope.network(Answering(), preprocess=f"size={SIDE}"),
        "show": False,
    }
    with pytest.raises(
        UnitscopeError, match=r"'noise of its own' answers differently .*; make it deterministic$"
    ):
        unitscope.classify_unit(run, "act", 0, concepts=f"{file}:noise", **asked)
    assert not (run.path / "classify").exists()
