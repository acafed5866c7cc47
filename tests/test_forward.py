"""Networks that take several inputs, keywords or dictionaries: a function says how they are given pictures."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from tiny import run_cli
from torch import nn

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.models.forwarded import Forward, inside
from unitscope.models.weights import weights_hash

SIDE = 16
SEEN = f"size={SIDE},mean=0.5,scale=0.25"
NET = '''"""Unit 0 is light, unit 1 is dark, and these decide alone."""

import torch
from torch import nn


class Planted(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.head = nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Linear(4, 2)
        self.gain = nn.Parameter(torch.ones(4))
        self.register_buffer("shift_mean", torch.tensor([0.0, 0.1]))
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1, 0, 0.5]).reshape(4, 1, 1, 1).expand(4, 3, 1, 1) / 3)
            self.conv.bias.zero_()
            self.head.weight.copy_(torch.tensor([[2.0, 0, 0, 0], [0, 2, 0, 0]]))
            self.head.bias.zero_()

    def forward(self, batch, text, *, mode):
        x = self.relu(self.conv(batch["image"])) * self.gain[:, None, None]
        assert mode == "fast"
        return {"logits": self.head(x.mean((2, 3))) + self.shift_mean + 0 * text.sum(1, keepdim=True), "text": 1}


def net():
    return Planted()


def described():
    import unitscope
    seen = unitscope.Preprocessing(size=(16, 16), mean=0.5, scale=0.25)
    return unitscope.Network(Planted().train(), seen, forward=call, layers=("relu",))
'''
CALL = """
def call(module, inputs):
    return module({"image": inputs}, torch.zeros((inputs.shape[0], 3), device=inputs.device), mode="fast")


def counted(module, inputs):
    return module({"image": inputs}, torch.zeros((len(list(inputs)), 3)), mode="fast")


def noisy(module, inputs):
    return call(module, inputs + torch.rand_like(inputs))


def wrong(module, inputs):
    return module(inputs)


def swap(model, inputs, labels, targets):
    inputs = inputs.clone().requires_grad_()
    model(inputs).gather(1, labels[:, None]).sum().backward()
    return (inputs - inputs.grad.sign()).clamp(0, 1).detach()
"""
TOLD = {"replicates": 100, "device": "cpu"}
CLASSES = {"light": "0", "dark": "1"}


def draw(folder):
    (folder / "net.py").write_text(NET + CALL)
    (folder / "how.py").write_text("import torch\n" + CALL)
    generator = np.random.default_rng(0)
    for split in ("pictures", "others"):
        for name, low in (("light", 150), ("dark", 20)):
            (folder / split / name).mkdir(parents=True)
            for number in range(4):
                values = generator.integers(low, low + 80, (SIDE, SIDE, 3)).astype(np.uint8)
                Image.fromarray(values).save(folder / split / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Light and dark pictures, a network of three inputs, and a run of it."""
    folder = draw(tmp_path_factory.mktemp("forward"))
    dissected(us.network(f"{folder}/net.py:net", preprocess=SEEN, forward=f"{folder}/how.py:call"), folder)
    return folder


def dissected(network, folder, name="run"):
    return us.dissect(
        network, folder / "pictures", us.segmenter("colors"), layers="relu", out=folder / name, grid=8,
        quantile=0.2, batch_size=4, show=False, **TOLD,
    )  # fmt: skip


def planted(place):
    return inside(us.network(f"{place}/net.py:net").module)


def how(module, inputs):
    return module({"image": inputs}, torch.zeros((inputs.shape[0], 3)), mode="fast")


# The wrapper


def test_names_weights_and_flags_are_those_of_the_network(place):
    module = planted(place).train()
    module.conv.eval()
    called = Forward.of(how).around(module)
    assert [name for name, _ in called.named_modules()] == ["", "conv", "relu", "head"]
    assert list(called.state_dict()) == list(module.state_dict())
    assert weights_hash(called) == weights_hash(module)
    assert called.training
    assert not module.conv.training
    called.eval()
    assert not module.training
    called.double()
    assert module.gain.dtype == module.shift_mean.dtype == torch.float64
    assert called(torch.zeros((2, 3, 4, 4), dtype=torch.float64))["logits"].shape == (2, 2)


def test_another_function_takes_the_place_of_one(place):
    found = us.network(planted(place), preprocess=SEEN, forward=lambda *_: 1)
    other = us.network(found, forward=how)
    assert found.module(found.trial(1)) == 1
    assert other.module(other.trial(1))["logits"].shape == (1, 2)
    assert inside(other.module) is inside(found.module)


def test_weights_and_controls_are_those_without_a_function(place, tmp_path):
    module = planted(place)
    torch.save({"model": {f"module.{k}": v + 1 for k, v in module.state_dict().items()}}, tmp_path / "w.pt")
    for told in ({"weights": tmp_path / "w.pt"}, {"reinitialize": 3}):
        for source in (module, f"{place}/net.py:net"):
            found, plain = (us.network(source, **told, **how_) for how_ in ({"forward": how}, {}))
            assert weights_hash(found.module) == weights_hash(plain.module)
            assert weights_hash(found.module) != weights_hash(module)
            assert "logits" in found.module(found.trial(1))


def test_lazy_modules_and_wrappers_of_training_are_called_so():
    class Lazy(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.LazyConv2d(2, 3)

        def forward(self, *, image):
            return self.conv(image)

    found = us.network(
        nn.DataParallel(Lazy()), preprocess="size=8", forward=lambda net, inputs: net(image=inputs)
    )
    assert [layer.name for layer in us.layers(found)] == ["conv"]
    both = us.Network(nn.DataParallel(Lazy()), forward=lambda net, inputs: net(image=inputs))
    assert [layer.name for layer in us.layers(both)] == ["conv"]


# Questions


def test_every_question_calls_the_network_so(place):
    run = us.open_run(place / "run")
    assert run.network.forward == f"{place}/how.py:call"
    assert len(run.network.forward_hash) == 64
    picture = np.full((SIDE, SIDE, 3), 200, np.uint8)
    assert run.unit("relu", 0).activation(picture).max() == pytest.approx((200 / 255 - 0.5) / 0.25, abs=1e-5)
    found = us.importance(run, place / "pictures", place / "others", class_map=CLASSES, random=2, **TOLD)
    assert found.summary.whole_passes is None
    light = found.effects[(found.effects["class"] == "light") & (found.effects["split"] == "val")]
    assert (light["loss"] > 0).tolist() == [True, False, False, False]
    attacked = us.attack(
        run,
        place / "pictures",
        "1",
        class_map=CLASSES,
        random=2,
        top=1,
        method=f"{place}/how.py:swap",
        **TOLD,
    )
    assert attacked.summary.whole_passes is None
    assert attacked.summary.targets[0].won == 4
    kept = us.shape(run, place / "pictures", alter="gray", **TOLD)
    assert len(kept.units) == 4
    scored = us.classify_unit(run, "relu", 0, place / "others", positive="light", device="cpu")
    assert scored.scores.auroc.value == 1


def test_a_network_that_says_so_itself_is_reopened_by_its_name(place, tmp_path):
    draw(tmp_path)
    run = dissected(f"{tmp_path}/net.py:described", tmp_path)
    assert run.network.forward is None
    assert run.units["iou"].equals(us.open_run(place / "run").units["iou"])
    assert us.classify_unit(run, "relu", 0, place / "others", positive="light").scores.auroc.value == 1
    with pytest.raises(UnitscopeError, match="called its network with pictures alone, not with forward="):
        us.classify_unit(
            run, "relu", 0, place / "others", positive="light",
            network=us.network(f"{tmp_path}/net.py:described", forward=f"{tmp_path}/how.py:call"),
        )  # fmt: skip


def test_commands_take_the_function(place, tmp_path, monkeypatch, capsys):
    net, forward = f"{place}/net.py:net", ("--forward", f"{place}/how.py:call")
    assert run_cli(monkeypatch, "layers", net, "--preprocess", SEEN, *forward, "--json") == 0
    assert [layer["name"] for layer in json.loads(capsys.readouterr().out)] == ["conv", "relu", "head"]
    words = ("--images", str(place / "pictures"), "--segmenter", "colors", "--layer", "relu", "--grid", "8")
    told = (
        "--preprocess",
        SEEN,
        "--replicates",
        "100",
        "--quantile",
        "0.2",
        "--batch-size",
        "4",
        "--device",
        "cpu",
    )
    run = tmp_path / "run"
    assert run_cli(monkeypatch, "dissect", net, *words, *told, *forward, "--out", str(run)) == 0
    assert us.open_run(run).units.equals(us.open_run(place / "run").units)
    assert run_cli(monkeypatch, "dissect", net, *words, *told, *forward, "--out", str(run)) == 0
    other = ("--forward", f"{place}/net.py:call")
    assert run_cli(monkeypatch, "dissect", net, *words, *told, *other, "--out", str(run)) == 2
    assert "forward_hash" in capsys.readouterr().err
    assert run_cli(monkeypatch, "layers", net, "--preprocess", SEEN) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "takes more than one input: --forward FILE.py:FUNCTION says how it is given a batch" in said


def test_a_function_given_in_python_is_given_again(place, tmp_path):
    draw(tmp_path)
    network = us.network(f"{tmp_path}/net.py:net", preprocess=SEEN, forward=how)
    run = dissected(network, tmp_path)
    assert (run.network.forward, run.network.forward_hash) == ("how", "")
    ask = {"positive": "light", "device": "cpu"}
    for again in (None, f"{tmp_path}/net.py:net"):
        with pytest.raises(
            UnitscopeError, match="with the function how, given in Python; give the network again"
        ):
            us.classify_unit(run, "relu", 0, place / "others", network=again, **ask)
    found = us.classify_unit(run, "relu", 0, place / "others", network=network, positive="light")
    assert found.scores.auroc.value == 1


def test_a_changed_file_is_refused(place, tmp_path):
    draw(tmp_path)
    dissected(
        us.network(f"{tmp_path}/net.py:net", preprocess=SEEN, forward=f"{tmp_path}/how.py:call"), tmp_path
    )
    (tmp_path / "how.py").write_text("import torch\n" + CALL.replace("zeros", "ones"))
    with pytest.raises(
        UnitscopeError, match=r"is another than the one that the network of .* was called with"
    ):
        us.classify_unit(tmp_path / "run", "relu", 0, place / "others", positive="light", device="cpu")


def test_steps_that_count_pictures_are_run_as_a_whole(place, tmp_path):
    draw(tmp_path)
    run = dissected(
        us.network(f"{tmp_path}/net.py:net", preprocess=SEEN, forward=f"{tmp_path}/how.py:counted"), tmp_path
    )
    found = us.importance(run, place / "pictures", place / "others", class_map=CLASSES, random=2, **TOLD)
    assert "depend on the number of pictures" in found.summary.whole_passes
    light = found.effects[(found.effects["class"] == "light") & (found.effects["split"] == "val")]
    assert (light["loss"] > 0).tolist() == [True, False, False, False]


# Refusals


def test_a_module_is_left_as_it_was(place, tmp_path):
    module = planted(place).train()
    draw(tmp_path)
    dissected(us.network(module, preprocess=SEEN, forward=how), tmp_path)
    assert all(part.training for part in module.modules())
    assert not module.conv._forward_hooks


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        ("call", "forward= is 'call'; give FILE.py:FUNCTION"),
        ("{place}/how.py:cal", "forward function 'cal' not found in .*; did you mean 'call'"),
        ("{place}/none.py:call", "forward file '.*none.py' does not exist"),
        (3, "forward= is a int; give a function of the network"),
        (
            "{place}/how.py:wrong",
            "missing 1 required positional argument: 'text'.*; it takes more than one input",
        ),
        ("{place}/how.py:noisy", "answers differently when it sees the same picture again"),
    ],
)
def test_mistakes_are_one_line(place, tmp_path, forward, said):
    given = forward.format(place=place) if isinstance(forward, str) else forward
    with pytest.raises(UnitscopeError, match=said) as caught:
        dissected(us.network(f"{place}/net.py:net", preprocess=SEEN, forward=given), place, "none")
    assert "\n" not in str(caught.value)
    assert not (place / "none").exists()
