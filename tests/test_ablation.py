"""Ablation by what units change, held to passes of the whole network with each unit ablated by a hook."""

import numpy as np
import pytest
import torch
from torch import nn

from unitscope.ablation import Ablation, predicted_classes
from unitscope.ablation.linear import ConvolutionStep, MatrixStep
from unitscope.errors import UnitscopeError
from unitscope.layer.interventions import replacing
from unitscope.replay import cut

EXACT = 1e-4


class VggLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1)
        self.relu2 = nn.ReLU(inplace=True)
        self.pool2 = nn.MaxPool2d(2)
        self.average = nn.AdaptiveAvgPool2d(3)
        self.head = nn.Sequential(
            nn.Linear(72, 10), nn.ReLU(True), nn.Dropout(), nn.Linear(10, 10), nn.ReLU(True), nn.Linear(10, 5)
        )

    def forward(self, x):
        x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        return self.head(torch.flatten(self.average(self.pool2(x)), 1))


class Steps(nn.Module):
    """Every kind of channel-wise step, then grouped, depthwise, strided and dilated convolutions."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.prelu = nn.PReLU(8)
        self.depthwise = nn.Conv2d(8, 16, 3, padding=1, groups=8)
        self.grouped = nn.Conv2d(24, 12, 3, padding=1, stride=2, groups=2)
        self.dilated = nn.Conv2d(24, 12, (3, 2), dilation=2, padding=(2, 1))
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        extra = nn.functional.avg_pool2d(x, 3, 1).mean(1, keepdim=True).expand(-1, 8, -1, -1)
        x = self.prelu(self.norm(self.conv1(x))) * extra + 0.1
        x = nn.functional.pad(nn.functional.gelu(self.depthwise(x)), (0, 1, 1, 0))
        x = torch.cat([extra.sigmoid(), x[:, :, 1:, :-1]], 1)
        y = self.grouped(x).relu().mean((2, 3)) + self.dilated(x).relu().mean((2, 3))
        return self.head(y)


class Attending(nn.Module):
    """Tokens with channels last, mixed by attention over heads."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.norm = nn.LayerNorm(8)
        self.up = nn.Linear(8, 12)
        self.down = nn.Linear(12, 8)
        self.head = nn.Linear(8, 5)
        self.class_token = nn.Parameter(torch.randn(1, 1, 8))

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1)
        heads = self.norm(x).unflatten(2, (2, 4)).transpose(1, 2)
        mixed = nn.functional.scaled_dot_product_attention(heads, heads, heads)
        x = x + mixed.transpose(1, 2).flatten(2)
        x = x + self.down(nn.functional.gelu(self.up(self.norm(x))))
        return self.head(self.pooled(self.norm(x)))

    def pooled(self, x):
        return x.mean(1)


class Deciding(VggLike):
    def forward(self, x):
        return super().forward(x if x.mean() > 100 else x * 1.5)


class ByClassToken(Attending):
    """Answers by the class token alone, as vision transformers do."""

    def pooled(self, x):
        return x[:, 0]


def make(kind):
    torch.manual_seed(0)
    network = kind().eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
        elif isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.normal_(part.weight, std=(2 / part.weight[0].numel()) ** 0.5)
    return network


def naive(network, layer, inputs, sets, level):
    """Whole passes with the units of each set ablated by a hook, in all tokens, ``(S, N, classes)``."""
    axis, answers = layer.reading.axes.index("U"), []
    levels = torch.as_tensor(level).expand(layer.units)

    def ablated(output, units):
        output = output.clone()
        output.movedim(axis, -1)[..., units] = levels[units]
        return output

    for units in sets:
        with (
            torch.no_grad(),
            replacing(network, layer.name, lambda output, units=units: ablated(output, units)),
        ):
            answers.append(network(inputs))
    return torch.stack(answers)


def assert_exact(network, layer, inputs, *, few=None, block_bytes=2**20):
    """Single units and sets, ablated to zero and to their means; returns how the layer is gone on from."""
    replay = cut(network, layer, inputs)
    carried, ablation = replay.front(inputs), Ablation(replay, block_bytes=block_bytes)
    units = list(range(ablation.units))[:: few or 1]
    removed = torch.rand(5, ablation.units) < 0.3
    with torch.no_grad():
        plain = network(inputs)
    for level in (0.0, carried.activation.mean((0, 2, 3))):
        found = list(ablation.single_units(carried, level=level, units=units))
        assert torch.cat([block for block, _ in found]).tolist() == units
        answers = torch.cat([answer for _, answer in found])
        expected = naive(network, replay.layer, inputs, [[unit] for unit in units], level)
        assert (expected - plain).abs().max() > 10 * EXACT
        assert torch.allclose(answers, expected, atol=EXACT, rtol=0)
        best = expected.topk(2).values
        clear = best[..., 0] - best[..., 1] > 2 * EXACT
        assert torch.equal(answers.argmax(-1)[clear], expected.argmax(-1)[clear])
        sets = torch.cat([answer for _, answer in ablation.sets(carried, removed, level=level)])
        listed = [row.nonzero()[:, 0] for row in removed]
        assert torch.allclose(sets, naive(network, replay.layer, inputs, listed, level), atol=EXACT, rtol=0)
    return replay, ablation


def kinds(ablation):
    return [type(each.step) for each in ablation.steps.linear]


@pytest.mark.parametrize(
    ("layer", "step"),
    [
        ("conv1", ConvolutionStep),
        ("relu1", ConvolutionStep),
        ("conv2", MatrixStep),
        ("relu2", MatrixStep),
        ("pool2", MatrixStep),
        ("average", MatrixStep),
        ("head.0", MatrixStep),
        ("head.4", MatrixStep),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_a_chain_is_followed_to_its_next_linear_step(layer, step, block_bytes):
    _, ablation = assert_exact(make(VggLike), layer, torch.randn(4, 3, 16, 16), block_bytes=block_bytes)
    assert kinds(ablation) == [step]
    assert ablation.steps.kept == ()


@pytest.mark.parametrize(
    ("layer", "steps", "kept"),
    [("conv1", 2, 0), ("norm", 2, 0), ("depthwise", 2, 0), ("grouped", 1, 0), ("head", 0, 1)],
)
def test_every_kind_of_step(layer, steps, kept):
    replay, ablation = assert_exact(make(Steps), layer, torch.randn(3, 3, 12, 14))
    assert not replay.whole
    assert (len(ablation.steps.linear), len(ablation.steps.kept)) == (steps, kept)


@pytest.mark.parametrize(("layer", "steps"), [("up", 1), ("down", 0), ("patches", 0), ("norm#1", 0)])
def test_tokens(layer, steps):
    replay, ablation = assert_exact(make(Attending), layer, torch.randn(3, 3, 16, 16))
    assert not replay.whole
    assert len(ablation.steps.linear) == steps


class HidingItsWay(ByClassToken):
    def forward(self, x):
        return super().forward(x if x.mean() > 100 else x * 1.5)


@pytest.mark.parametrize("kind", [ByClassToken, HidingItsWay])
@pytest.mark.parametrize("layer", ["up", "down", "norm#2"])
def test_units_are_ablated_in_the_class_token_too_which_alone_is_asked(kind, layer):
    replay, _ = assert_exact(make(kind), layer, torch.randn(3, 3, 16, 16))
    assert replay.reading.before == 1
    assert replay.whole == (kind is HidingItsWay)


ONE_ARGUMENT = {
    "round": torch.round,
    "sin": torch.sin,
    "sign": torch.sign,
    "logit": lambda x: torch.logit(x.sigmoid() * 0.9 + 0.05),
    "nan_to_num": torch.nan_to_num,
    "hardshrink": nn.functional.hardshrink,
    "zeros_like": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "isnan": lambda x: torch.where(torch.isnan(x), 0.0, x),
    "mT": lambda x: x.mT + 0,
    "of each picture": lambda x: x - x.mean((1, 2, 3), keepdim=True),
}


@pytest.mark.parametrize("follows", ONE_ARGUMENT)
def test_an_operator_of_one_argument_may_follow_the_layer(follows):
    class Followed(VggLike):
        def forward(self, x):
            x = ONE_ARGUMENT[follows](3 * self.conv2(self.relu1(self.conv1(x))))
            return self.head(torch.flatten(self.average(self.pool2(x)), 1))

    assert_exact(make(Followed), "conv2", torch.randn(3, 3, 12, 12))


def test_a_network_that_cannot_be_cut_gives_the_same():
    replay, ablation = assert_exact(make(Deciding), "conv2", torch.randn(3, 3, 16, 16))
    assert replay.reason.startswith("it cannot be traced")
    assert ablation.steps.linear == ()


@pytest.mark.parametrize(
    ("layer", "steps"),
    [
        ("layer3.0.conv1", [ConvolutionStep]),
        ("layer4.0.relu#1", [ConvolutionStep]),
        ("layer4.0.relu#2", [ConvolutionStep]),
        ("layer4.1", [MatrixStep]),
    ],
)
def test_a_residual_network(layer, steps):
    torchvision = pytest.importorskip("torchvision")
    network = make(lambda: torchvision.models.resnet18(num_classes=7))
    replay, ablation = assert_exact(network, layer, torch.randn(2, 3, 64, 64), few=60, block_bytes=2**26)
    assert not replay.whole
    assert kinds(ablation) == steps


def test_dense_connections():
    torchvision = pytest.importorskip("torchvision")
    network = make(lambda: torchvision.models.DenseNet(4, (2, 2), 8, 2, num_classes=5))
    replay, ablation = assert_exact(network, "features.denseblock2.denselayer1", torch.randn(3, 3, 64, 64))
    assert not replay.whole
    assert kinds(ablation) == [ConvolutionStep]


@pytest.mark.parametrize("layer", ["encoder.layers.encoder_layer_0.mlp.0", "encoder.layers.encoder_layer_0"])
def test_a_transformer(layer):
    torchvision = pytest.importorskip("torchvision")
    network = make(lambda: torchvision.models.VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=5))
    replay, _ = assert_exact(network, layer, torch.randn(3, 3, 32, 32), few=5)
    assert not replay.whole


def test_units_that_change_nothing_are_skipped():
    network, inputs = make(VggLike), torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        network.conv2.weight[3], network.conv2.bias[3] = 0, -1
    replay = cut(network, "conv2", inputs)
    ablation, carried = Ablation(replay), replay.front(inputs)
    ran = []
    rest = ablation.steps.rest
    object.__setattr__(ablation.steps, "rest", lambda *values: ran.append(len(values[0])) or rest(*values))
    ((_, answer),) = ablation.single_units(carried, units=[3])
    assert ran == [
        4
    ]  # the pictures as they are, and no variant: the unit is below zero, where the ReLU cuts it off
    assert torch.equal(answer[0], replay.back(carried))
    list(ablation.single_units(carried, units=[3], level=2.0))
    assert ran == [4, 4, 4]


def test_the_truth_that_is_planted():
    """Class c is told by unit c alone: without it, and only without it, the pictures of class c are missed."""
    network = nn.Sequential(
        nn.Conv2d(3, 3, 1), nn.ReLU(True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)
    )
    network.eval()
    with torch.no_grad():
        for index in (0, 4):
            network[index].weight.copy_(torch.eye(3).view_as(network[index].weight))
            network[index].bias.zero_()
        network[4].bias.copy_(torch.tensor([0.3, 0.2, 0.1]))
    inputs = torch.eye(3)[:, :, None, None].expand(3, 3, 4, 4).contiguous()
    replay = cut(network, "0", inputs)
    baseline, without = Ablation(replay).predictions(replay.front(inputs))
    assert baseline.dtype == without.dtype == np.int16
    assert baseline.tolist() == [0, 1, 2]
    assert without.tolist() == [[0, 0, 0], [1, 0, 1], [2, 2, 0]]


def test_nothing_asked_gives_nothing():
    network, inputs = make(VggLike), torch.randn(2, 3, 16, 16)
    replay = cut(network, "relu2", inputs)
    ablation, carried = Ablation(replay), replay.front(inputs)
    assert list(ablation.single_units(carried, units=[])) == []
    assert list(ablation.sets(carried, torch.zeros(0, 8, dtype=torch.bool))) == []
    assert ablation.predictions(carried, units=[])[1].shape == (2, 0)
    assert predicted_classes(torch.tensor([[0.0, 2.0, 1.0]])).tolist() == [1]


def test_what_does_not_fit_the_layer_is_refused():
    network, inputs = make(VggLike), torch.randn(2, 3, 16, 16)
    replay = cut(network, "relu2", inputs)
    ablation, carried = Ablation(replay), replay.front(inputs)
    with pytest.raises(UnitscopeError, match="unit 8 is not in the layer"):
        list(ablation.single_units(carried, units=[8]))
    with pytest.raises(UnitscopeError, match="levels of shape"):
        list(ablation.single_units(carried, level=torch.zeros(3)))
    with pytest.raises(UnitscopeError, match="sets of shape"):
        list(ablation.sets(carried, torch.zeros(2, 3, dtype=torch.bool)))
