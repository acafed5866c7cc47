"""Networks as people have them: other types of weights, wrappers, outputs by name."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import nn

import unitscope as us
from unitscope.errors import UnitscopeError

SIDE = 32


@dataclass
class Out:
    features: torch.Tensor
    skip: torch.Tensor | None = None


class Pair(NamedTuple):
    features: torch.Tensor
    mask: torch.Tensor


class Opaque:
    def __init__(self, tensors):
        self.tensors = tensors


class Block(nn.Module):
    def __init__(self, channels, wrap):
        super().__init__()
        self.conv, self.wrap = nn.Conv2d(channels, 8, 3, 2, 1), wrap

    def forward(self, x):
        return self.wrap(self.conv(x).relu())


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b = Block(3, Out), Block(8, lambda x: Pair(x, x[:, 0] > 0))
        self.c, self.head = Block(8, Opaque), nn.Linear(8, 5)

    def forward(self, x):
        x = self.b(self.a(x).features).features
        return {"logits": self.head(self.c(x).tensors.mean((2, 3)))}


def small():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )


def dissected(module, out, layer="1", **told):
    network = us.network(module, preprocess=f"size={SIDE}")
    return us.dissect(network, "world:4", layers=[layer], out=out, show=False, replicates=100, **told)


@pytest.mark.parametrize("layer", ["a", "a[features]", "b", "b[features]", "b[0]"])
def test_entries_of_data_classes_and_named_tuples_have_names(layer, tmp_path):
    assert len(dissected(Named(), tmp_path / "run", layer).units) == 8


def test_they_are_listed_by_name_and_an_opaque_object_is_refused(tmp_path):
    names = [layer.name for layer in us.layers(Named(), preprocess=f"size={SIDE}")]
    assert "a" in names
    assert "b[features]" in names
    with pytest.raises(UnitscopeError, match="layer 'c' returns Opaque with no tensor; choose another layer"):
        dissected(Named(), tmp_path / "run", "c")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_types_are_read_and_stay_as_they_are(dtype, tmp_path):
    module = small().to(dtype)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = dissected(module, tmp_path / "run")
    expected = dissected(small().to(dtype).float(), tmp_path / "plain")
    assert found.units.equals(expected.units)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert module[0].weight.dtype == dtype


def test_autocast_inside_is_read(tmp_path):
    class Auto(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()

        def forward(self, x):
            with torch.autocast("cpu", torch.bfloat16):
                return self.net(x)

    assert len(dissected(Auto(), tmp_path / "run", "net.1").units) == 8


def test_wrappers_of_training_do_not_rename_layers():
    names = [layer.name for layer in us.layers(small(), preprocess=f"size={SIDE}")]
    for wrapped in (
        nn.DataParallel(small()),
        torch.compile(small()),
        nn.DataParallel(torch.compile(small())),
    ):
        assert [layer.name for layer in us.layers(wrapped, preprocess=f"size={SIDE}")] == names


class TokensFirst(nn.Module):
    """Tokens (T, N, D), as ``nn.Transformer`` has them by default, with neurons of an MLP."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patch, self.attention = nn.Conv2d(3, 8, 8, 8), nn.MultiheadAttention(8, 2)
        self.neurons, self.act, self.back = nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8)

    def forward(self, x):
        x = self.patch(x).flatten(2).permute(2, 0, 1)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.back(self.act(self.neurons(x))).mean(0)


def test_tokens_that_stand_before_the_pictures_are_read(tmp_path):
    listed = {layer.name: layer for layer in us.layers(TokensFirst(), preprocess=f"size={SIDE}")}
    assert {name: layer.grid for name, layer in listed.items() if name != "patch"} == dict.fromkeys(
        ("attention", "neurons", "act", "back"), (4, 4)
    )
    assert (listed["act"].shape, listed["act"].shape_of_picture) == ((16, 1, 12), (16, 12))
    assert listed["act"].places == "12 of 12 near"
    assert len(dissected(TokensFirst(), tmp_path / "run", "act").units) == 12


class Standardised(nn.Module):
    """Divides every picture by its spread, and takes none that has no spread."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)

    def forward(self, x):
        x = (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)
        assert torch.isfinite(x).all()
        return self.conv(x).mean((2, 3))


def test_a_network_that_takes_no_blank_picture_is_read(tmp_path):
    assert [layer.grid for layer in us.layers(Standardised(), preprocess=f"size={SIDE}")] == [(16, 16)]
    assert len(dissected(Standardised(), tmp_path / "run", "conv").units) == 4


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x, text):
        return self.conv(x) + text


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x.double())


class Misspelt(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.covn(x)


@pytest.mark.parametrize(
    ("module", "cause"),
    [
        (nn.Sequential(nn.Conv2d(5, 4, 3)), "it takes inputs of 5 channels and pictures have 3: wrap it"),
        (
            nn.Sequential(nn.Conv2d(1, 4, 3)),
            "it takes inputs of 1 channel and pictures have 3: preprocess='channels=gray'",
        ),
        (Two(), "it takes more than one input: forward=FILE.py:FUNCTION says how"),
        (Mixed(), "its weights and values are of several types: bring it to one"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(7, 2)), "is the input size right?"),
        (Misspelt(), "has no attribute 'covn'; a mistake in its own code; the traceback shows where"),
    ],
)
def test_advice_follows_the_cause(module, cause, tmp_path):
    for ask in (
        lambda: dissected(module, tmp_path / "run", "conv" if hasattr(module, "conv") else "0"),
        lambda: us.layers(us.network(module, preprocess=f"size={SIDE}")),
    ):
        with pytest.raises(UnitscopeError, match=cause) as error:
            ask()
        assert "\n" not in str(error.value)


class InParts(nn.Module):
    """Takes some pictures at a time, so that its layers are called as often as there are such parts."""

    def __init__(self, most):
        super().__init__()
        self.net, self.most = small(), most

    def forward(self, x):
        return torch.cat([self.net(part) for part in x.split(self.most)])


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (1, "for 2 pictures, .* no axis runs over the pictures"),
        (2, "is not called once for all pictures of a batch"),
    ],
)
def test_a_layer_that_is_called_for_some_pictures_at_a_time_is_refused(most, said, tmp_path):
    with pytest.raises(UnitscopeError, match=rf"layer 'net\.1' .*{said}"):
        dissected(InParts(most), tmp_path / "run", "net.1")
    listed = {layer.name: layer for layer in us.layers(InParts(most), preprocess=f"size={SIDE}")}
    assert ("net.1" in listed) == (most == 2)


def test_a_network_whose_parts_hold_all_pictures_is_read(tmp_path):
    found = dissected(InParts(100), tmp_path / "run", "net.1")
    assert found.units.equals(dissected(small(), tmp_path / "plain").units.assign(layer="net.1"))


def test_a_network_that_tries_again_after_errors_is_read_once(tmp_path):
    class Stubborn(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()

        def forward(self, x):
            try:
                return self.net(x)
            except Exception:
                return self.net(0 * x)

    found = dissected(Stubborn(), tmp_path / "run", "net.1")
    assert found.units.equals(dissected(small(), tmp_path / "plain").units.assign(layer="net.1"))


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning", "ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_is_refused_in_one_line():
    with pytest.raises(
        UnitscopeError, match=r"the network is TorchScript .*; give the nn\.Module it was made from"
    ):
        us.network(torch.jit.trace(small().eval(), torch.zeros(1, 3, SIDE, SIDE)))
