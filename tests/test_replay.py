import pytest
import torch
from references import intervene
from torch import nn
from torch.nn import functional as F

from unitscope import replay as replay_module
from unitscope.errors import UnitscopeError
from unitscope.replay import TOLERANCE, cut


class Skipping(nn.Module):
    """A skip connection around an in-place ReLU, used after the cut, and a module called twice."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        self.side = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(6, 5)
        self.ran_head = 0
        self.head.register_forward_hook(self.count)

    def count(self, *_):
        self.ran_head += 1

    def forward(self, x):
        x = self.stem(x)
        skip = self.side(x)
        x = self.relu(self.norm(x))
        x = self.relu(self.conv(x)) + skip
        return self.head(x.mean((2, 3)))


class Reused(nn.Module):
    """What the layer returns is changed in place and used under both names."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x)
        y = F.relu_(x)
        return self.head((x + y).mean((2, 3)))


class Viewed(nn.Module):
    """A part of what the layer returns is changed in place."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x)
        x[:, :2] = x[:, :2] * 2
        x[:, 3:].relu_()
        return self.head(x.mean((2, 3)))


class Deciding(Reused):
    """Its steps depend on what it sees."""

    def forward(self, x):
        x = self.conv(x)
        return self.head((x.relu() if x.mean() > 0 else x).mean((2, 3)))


class FixedBatch(Reused):
    """Its steps depend on the number of pictures."""

    def forward(self, x):
        x = self.conv(x)
        return self.head(torch.stack([x[i].mean((1, 2)) for i in range(len(x))]))


def make(kind):
    torch.manual_seed(0)
    network = kind().eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return network


def whole(network, layer, inputs, edit):
    with torch.no_grad(), intervene(network, layer, edit):
        return network(inputs)


def assert_replays(network, replay, inputs):
    """The back gives what the network gives, for any activation, any number of pictures, again and again."""
    with torch.no_grad():
        expected = network(inputs)
    carried = replay.front(inputs)
    kept = [value.clone() for value in carried.values]
    other = torch.randn_like(carried.activation)
    for _ in range(2):
        assert torch.allclose(replay.back(carried), expected, atol=TOLERANCE)
        changed = whole(network, replay.layer, inputs, lambda _: other)
        assert torch.allclose(replay.back(carried, other), changed, atol=TOLERANCE)
    assert torch.allclose(replay.back(carried[1:2]), expected[1:2], atol=TOLERANCE)
    picked = torch.tensor([2, 0, 0, 1])
    assert torch.allclose(replay.back(carried[picked], other[picked]), changed[picked], atol=TOLERANCE)
    assert all(torch.equal(value, before) for value, before in zip(carried.values, kept, strict=True))


@pytest.mark.parametrize("layer", ["stem", "norm", "relu#1", "conv", "relu#2", "side", "head"])
def test_a_network_is_cut_with_what_crosses_the_cut(layer):
    network, inputs = make(Skipping), torch.randn(3, 3, 9, 9)
    replay = cut(network, layer, inputs)
    assert (replay.whole, replay.reason) == (False, "")
    assert_replays(network, replay, inputs)


@pytest.mark.parametrize("kind", [Reused, Viewed])
def test_steps_in_place_do_not_reach_what_is_carried(kind):
    network, inputs = make(kind), torch.randn(3, 3, 9, 9)
    replay = cut(network, "conv", inputs)
    assert replay.reason == ""
    assert torch.allclose(replay.front(inputs).activation, network.conv(inputs), atol=TOLERANCE)
    assert_replays(network, replay, inputs)


class Flattened(Reused):
    """Its pictures are viewed as if their channels lay first in memory."""

    def forward(self, x):
        return super().forward(x.view(x.shape[0], 27, 9).unflatten(1, (3, 9)) * 2)


def test_the_front_runs_with_channels_last_and_carries_them_first():
    network, inputs = make(Skipping), torch.randn(3, 3, 9, 9)
    replay, layouts = cut(network, "conv", inputs), []
    assert replay.channels_last
    parts = replay._parts
    front = parts.front
    parts.front = lambda x: layouts.append(x.is_contiguous(memory_format=torch.channels_last)) or front(x)
    carried = replay.front(inputs)
    assert layouts == [True]
    assert all(value.is_contiguous() for value in carried.values)


def test_a_front_that_cannot_take_channels_last_is_run_as_it_is():
    network, inputs = make(Flattened), torch.randn(3, 3, 9, 9)
    replay = cut(network, "conv", inputs)
    assert (replay.whole, replay.channels_last) == (False, False)
    assert_replays(network, replay, inputs)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Deciding, "it cannot be traced: "), (FixedBatch, "its steps depend on the number of pictures")],
)
def test_what_cannot_be_cut_is_run_as_a_whole_and_says_why(kind, reason):
    network, inputs = make(kind), torch.randn(3, 3, 9, 9)
    replay = cut(network, "conv", inputs)
    assert replay.whole
    assert replay.reason.startswith(reason)
    assert "\n" not in replay.reason
    assert_replays(network, replay, inputs)


def test_parts_that_differ_from_the_network_are_not_used(monkeypatch):
    network, inputs = make(Skipping), torch.randn(3, 3, 9, 9)
    monkeypatch.setattr(replay_module.cut.__globals__["_CutParts"], "back", lambda *_: torch.zeros(3, 5))
    replay = cut(network, "conv", inputs)
    assert replay.reason == "the parts together do not give what the whole network gives, as they are"
    assert_replays(network, replay, inputs)


def test_only_what_the_back_needs_is_carried():
    network, inputs = make(Skipping), torch.randn(3, 3, 9, 9)
    assert cut(network, "stem", inputs).carried == 1
    replay = cut(network, "conv", inputs)
    assert [tuple(value.shape) for value in replay.front(inputs).values] == [(3, 6, 9, 9), (3, 6, 9, 9)]
    assert cut(network, "head", inputs).carried == 1


@pytest.mark.parametrize(("kind", "layer"), [(Skipping, "conv"), (Deciding, "conv")])
def test_the_front_stops_at_the_layer(kind, layer):
    network, inputs = make(kind), torch.randn(2, 3, 9, 9)
    replay = cut(network, layer, inputs)
    ran = []
    network.head.register_forward_hook(lambda *_: ran.append(1))
    network.head.weight.data.fill_(float("nan"))
    assert all(value.isfinite().all() for value in replay.front(inputs).values)
    assert ran == []
    assert replay.back(replay.front(inputs)).isnan().all()  # weights are shared with the network


def test_the_network_is_left_as_it_was():
    network, inputs = make(Skipping), torch.randn(2, 3, 9, 9)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    hooks = [len(part._forward_hooks) for part in network.modules()]
    cut(network, "conv", inputs)
    cut(make(Deciding), "conv", inputs)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert [len(part._forward_hooks) for part in network.modules()] == hooks
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_layer_that_shares_memory_with_what_is_changed_is_refused():
    class Sharing(nn.Module):
        def __init__(self):
            super().__init__()
            self.same, self.conv = nn.Identity(), nn.Conv2d(3, 4, 1)

        def forward(self, x):
            skip = x if x.mean() > 100 else x * 1.5
            return self.conv(self.same(skip).relu_()).mean((2, 3)) + skip.mean((1, 2, 3))[:, None]

    network, inputs = make(Sharing), torch.randn(2, 3, 9, 9)
    assert cut(network, "conv", inputs).whole
    with pytest.raises(
        UnitscopeError, match="where layer 'same' returns a copy of what it returned: others share"
    ):
        cut(network, "same", inputs)


def test_training_mode_and_unknown_layers_are_refused():
    network = make(Skipping)
    with pytest.raises(UnitscopeError, match="'conw' not found"):
        cut(network, "conw", torch.zeros(2, 3, 9, 9))
    with pytest.raises(UnitscopeError, match="training mode"):
        cut(network.train(), "conv", torch.zeros(2, 3, 9, 9))


@pytest.mark.parametrize("layer", ["layer3.0.conv1", "layer4.0.relu#1", "layer4.1"])
def test_a_residual_network_is_cut(layer):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    network, inputs = torchvision.models.resnet18(num_classes=7).eval(), torch.randn(3, 3, 64, 64)
    replay = cut(network, layer, inputs)
    assert replay.reason == ""
    assert_replays(network, replay, inputs)


@pytest.mark.parametrize(
    "layer", ["encoder.layers.encoder_layer_0.self_attention[0]", "encoder.layers.encoder_layer_0"]
)
def test_a_transformer_is_cut(layer):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    network = torchvision.models.VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=7).eval()
    nn.init.normal_(network.heads.head.weight)
    inputs = torch.randn(3, 3, 32, 32)
    replay = cut(network, layer, inputs)
    assert replay.reason == ""
    assert_replays(network, replay, inputs)


def test_a_network_of_transformers_answers_with_its_logits():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=32,
        patch_size=8, num_labels=7,
    )  # fmt: skip
    network, inputs = transformers.ViTForImageClassification(config).eval(), torch.randn(3, 3, 32, 32)
    layer = next(name for name, _ in network.named_modules() if name.endswith("0.mlp.fc1"))
    replay = cut(network, layer, inputs)
    assert replay.reason == ""
    with torch.no_grad():
        assert torch.allclose(replay.back(replay.front(inputs)), network(inputs).logits, atol=TOLERANCE)
