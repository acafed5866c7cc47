"""The same weights in other code, or with other settings, are another network: neither is taken for the other."""

import hashlib
import math
import re
from collections import OrderedDict
from contextlib import contextmanager
from importlib import metadata

import numpy as np
import pytest
import torch
from tiny import dissect_words, draw, run_cli
from tiny_generator import dissect_words as generator_words
from tiny_generator import write_generator
from torch import nn
from torch.nn import functional as F

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.experiments import fingerprints
from unitscope.layer.made_up import made_up
from unitscope.models.network import Network
from unitscope.run.fingerprint import Fingerprint, unlike

SIDE = 32
WORDS = {"preprocess": f"size={SIDE}", "layers": ["conv", "after"]}


class Net(nn.Module):
    """The same weights, whatever comes between."""

    def __init__(self, between=F.relu, head=lambda x: x):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.after, self.fc = nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(4, 4, 3, 1, 1), nn.Linear(4, 3)
        self.between, self.head = between, head

    def forward(self, x):
        return self.head(self.fc(self.after(self.between(self.conv(x))).mean((2, 3))))


class Settled(Net):
    """A network with a setting that is no weight."""

    def __init__(self, momentum=1.0):
        super().__init__()
        self.scale = momentum

    def forward(self, x):
        return super().forward(x * self.scale)


def asked(module, **settings):
    network = Network(
        module.eval(), us.network(module, preprocess=WORDS["preprocess"]).preprocessing, **settings
    )
    return fingerprints.of_network(network, WORDS["layers"])


def dissect(module, out, **more):
    return us.dissect(
        us.network(module, preprocess=WORDS["preprocess"]),
        "world:6:test",
        layers=WORDS["layers"],
        out=out,
        replicates=100,
        batch_size=3,
        null=0,
        **more,
    )


@contextmanager
def refused(*said):
    with pytest.raises(UnitscopeError) as error:
        yield
    for each in said:
        assert re.search(each, str(error.value)), error.value


OTHERS = {
    "layer 'conv'": Settled(1.01),
    "layer 'after'": Net(F.gelu),
    "its output": Net(head=lambda x: x.softmax(1)),
    "its output[logits]": Net(head=lambda x: {"logits": 2 * x}),
}


@pytest.mark.parametrize("where", OTHERS)
def test_the_first_that_answers_otherwise_is_named(where):
    own = Net(head=lambda x: {"logits": x}) if "logits" in where else Net()
    assert unlike(asked(own), asked(OTHERS[where])) == where
    assert unlike(asked(own), asked(own)) == ""


def test_outputs_that_are_gone_are_others_and_new_ones_are_not_asked_for():
    one, two = Net(head=lambda x: (x,)), Net(head=lambda x: (x, 2 * x))
    assert unlike(asked(two), asked(one)) == "its output[1]"
    assert unlike(asked(one), asked(two)) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.flip(1),
        lambda x: x.roll(1, 1),
        lambda x: -x,
        lambda x: 1.01 * x,
        lambda x: x[:, :2],
        lambda x: torch.where(x > x.median(), math.nan, x),
        lambda x: torch.where(x > x.median(), math.inf, x),
        lambda x: torch.complex(x, x),
        lambda x: x > 0,
    ],
)
def test_every_way_to_be_another_answer_shows(change):
    assert unlike(asked(Net()), asked(Net(head=change))) == "its output"
    assert unlike(asked(Net(head=change)), asked(Net(head=change))) == ""


def test_rounding_does_not_show_as_far_as_answers_are_exact():
    def rounded(by):
        return asked(Net(lambda x: F.relu(x) * (1 + by)))

    assert unlike(rounded(0), rounded(1e-5)) == ""
    assert unlike(rounded(0), rounded(3e-3)) == "layer 'after'"
    halves = asked(Net(), precision="bf16")
    assert {each.tolerance for each in halves["network"].values()} == {0.1}
    assert {each.tolerance for each in asked(Net().half().float())["network"].values()} == {1e-3}


def test_an_answer_of_nothing_is_like_itself():
    nothing = Fingerprint(1e-3, (0.0, 0.0))
    assert nothing.is_like(nothing)
    assert not nothing.is_like(Fingerprint(1e-3, (1e-9, 0.0)))
    assert not nothing.is_like(Fingerprint(1e-3, (0.0,)))


def test_the_made_up_picture_is_the_same_for_ever():
    picture = made_up((20, 30))
    assert (picture.shape, picture.dtype) == ((20, 30, 3), np.uint8)
    assert (picture[0:8, 0:8] == picture[0, 0]).all()
    assert hashlib.sha256(picture.tobytes()).hexdigest() == HASH
    assert (made_up((60, 60)).std((0, 1)) > 50).all()
    assert (made_up((20, 30), 1) != picture).mean() > 0.9


HASH = "89d1af05c4ad468631010cadf54367552273e406cdb6af70e580493e683921bd"
"""Fingerprints of finished runs are of this picture."""


def test_a_run_of_the_same_weights_in_other_code_is_not_taken_for_the_others(tmp_path):
    run = dissect(Net(), tmp_path / "run")
    assert list(run.manifest.fingerprints["network"]) == ["layer 'conv'", "layer 'after'", "its output"]
    with refused("the same weights that answered otherwise .layer 'after'.", "give out= another folder"):
        dissect(Net(F.gelu), tmp_path / "run")
    assert dissect(Net(), tmp_path / "run").units.equals(run.units)


def test_a_question_about_a_run_is_not_asked_of_the_same_weights_in_other_code(tmp_path):
    run = dissect(Net(), tmp_path / "run")
    with refused("has the weights that .* was dissected with and answers otherwise .its output."):
        us.classify_unit(run, "after", 0, "world:40:val", concept="tree", network=Net(head=lambda x: 2 * x))


def test_a_run_depends_on_the_libraries_that_its_network_is_made_of(tmp_path):
    torchvision = pytest.importorskip("torchvision")
    own = dissect(Net(), tmp_path / "own").manifest.packages
    assert "torch" in own
    assert "torchvision" not in own
    theirs = nn.Sequential(
        OrderedDict(conv=nn.Conv2d(3, 4, 1), after=torchvision.ops.Conv2dNormActivation(4, 4))
    )
    assert dissect(theirs.eval(), tmp_path / "theirs").manifest.packages["torchvision"] == metadata.version(
        "torchvision"
    )


def test_where_answers_may_be_random_nothing_is_compared(tmp_path):
    random = Net(lambda x: x * torch.rand(()))
    assert dissect(random, tmp_path / "run", allow_random=True).manifest.fingerprints == {}
    dissect(Net(), tmp_path / "run", allow_random=True)


STEPS = "def after(x):\n    return x\n\n\ndef painted(x):\n    return x\n\n\ndef numbered(x):\n    return x\n"
"""What lies beside the file of a network, which a hash of that file does not cover."""


def beside(folder, file, name="", new="x"):
    """Let a file import `steps`, and write that, one of its functions changed."""
    text = (folder / file).read_text()
    if "from steps" not in text:
        (folder / file).write_text(text.replace("import torch\n", "import torch\nfrom steps import *\n", 1))
    (folder / "steps.py").write_text(
        STEPS.replace(f"def {name}(x):\n    return x", f"def {name}(x):\n    return {new}")
    )


def test_a_module_beside_the_file_of_a_network_is_part_of_it(tmp_path, monkeypatch, capsys):
    folder = draw(tmp_path / "drawn", 6)
    source = (folder / "net.py").read_text()
    (folder / "net.py").write_text(
        source.replace("self.head(x.mean((2, 3)))", "after(self.head(x.mean((2, 3))))")
    )
    beside(folder, "net.py")
    words = dissect_words(folder, tmp_path / "run", "--null", "0")
    assert run_cli(monkeypatch, *words) == 0
    beside(folder, "net.py", "after", "2 * x")
    capsys.readouterr()
    assert run_cli(monkeypatch, *words) == 2
    assert "answered otherwise (its output)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "new", "said"),
    [
        ("painted", "x.flip(3)", "has the weights that .* answers otherwise .its output."),
        ("numbered", "x.flip(2)", "segmenter three colours is another than the one that"),
    ],
)
def test_a_generator_and_its_segmenter_are_what_they_were(tmp_path, monkeypatch, capsys, name, new, said):
    file = write_generator(tmp_path)
    text = file.read_text().replace("(boxes > 0).float() * 2 - 1", "painted((boxes > 0).float() * 2 - 1)")
    file.write_text(text.replace("(pictures.amax(1) > 0.5)", "numbered(pictures.amax(1) > 0.5)"))
    beside(tmp_path, "gen.py")
    words = generator_words(file, tmp_path / "run")
    assert run_cli(monkeypatch, *words) == 0
    remove = (
        "remove",
        str(tmp_path / "run"),
        "--concept",
        "red",
        "--latents",
        "8",
        "--units",
        "1",
        "--quiet",
    )
    assert run_cli(monkeypatch, *remove, "--out", str(tmp_path / "first")) == 0
    beside(tmp_path, "gen.py", name, new)
    capsys.readouterr()
    assert run_cli(monkeypatch, *words) == 2
    assert "answered otherwise" in capsys.readouterr().err
    assert run_cli(monkeypatch, *remove, "--out", str(tmp_path / "second")) == 2
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "second").exists()


def test_what_labels_pictures_for_a_question_is_what_it_was(tmp_path, monkeypatch, capsys):
    file = write_generator(tmp_path)
    file.write_text(file.read_text().replace("(pictures.amax(1) > 0.5)", "numbered(pictures.amax(1) > 0.5)"))
    beside(tmp_path, "gen.py")
    assert run_cli(monkeypatch, *generator_words(file, tmp_path / "run")) == 0
    words = (
        *("remove", str(tmp_path / "run"), "--concept", "red", "--latents", "8", "--units", "1", "--quiet"),
        *("--segmenter", f"{file}:colors", "--out", str(tmp_path / "out")),
    )
    assert run_cli(monkeypatch, *words) == 0
    assert run_cli(monkeypatch, *words) == 0
    beside(tmp_path, "gen.py", "numbered", "x.flip(2)")
    capsys.readouterr()
    assert run_cli(monkeypatch, *words) == 2
    assert "answered otherwise (segmenter 'three colours')" in capsys.readouterr().err


def test_silhouettes_are_of_the_segmenter_that_drew_them(tmp_path):
    run, file = dissect(Net(), tmp_path / "run"), write_generator(tmp_path)
    file.write_text(file.read_text().replace("(pictures.amax(1) > 0.5)", "numbered(pictures.amax(1) > 0.5)"))

    def asked(new):
        beside(tmp_path, "gen.py", "numbered", new)
        return us.shape(
            run, "world:6:val", alter="silhouette", concepts=f"{file}:colors", network=Net(), out=tmp_path / "out",
            replicates=100, top=2,
        )  # fmt: skip

    assert asked("x").units.equals(asked("x").units)
    with refused("answered otherwise .segmenter"):
        asked("x.flip(2)")
