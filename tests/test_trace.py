import pytest
import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.grid import AxisGeometry
from unitscope.trace import activation_grid, describe_layers, patch_grid, probe_layers, trace


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(8, 16, 3, 2, 1)
        self.head = nn.Linear(16, 5)
        self.unused = nn.Linear(1, 1)
        self.ran_head = 0

    def forward(self, x):
        x = self.conv2(self.relu1(self.conv1(x)))
        self.ran_head += 1
        return self.head(x.mean((2, 3)))


@pytest.fixture
def network():
    return Small().eval()


def hooks(module):
    return sum(len(part._forward_hooks) for part in module.modules())


def test_layers_are_read_before_an_in_place_step_changes_them(network):
    inputs = torch.randn(2, 3, 16, 16)
    seen = {}
    with trace(network, ["conv1"], lambda name, output: seen.update({name: output.clone()})) as forward:
        forward(inputs)
    assert torch.equal(seen["conv1"], network.conv1(inputs))
    assert (seen["conv1"] < 0).any()


def test_a_pass_ends_after_the_last_layer_asked_for(network):
    inputs = torch.randn(1, 3, 16, 16)
    with trace(network, ["conv1", "conv2"], lambda *_: None) as forward:
        forward(inputs)
    assert network.ran_head == 0
    with trace(network, ["conv2"], lambda *_: None, stop_early=False) as forward:
        forward(inputs)
    assert network.ran_head == 1


def test_the_model_is_left_as_it_was_after_an_exception(network):
    def fail(name, output):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"), trace(network, ["conv2"], fail) as forward:
        forward(torch.randn(1, 3, 16, 16))
    assert hooks(network) == 0
    assert network(torch.randn(1, 3, 16, 16)).shape == (1, 5)


def test_an_unknown_layer_names_its_neighbours(network):
    with pytest.raises(UnitscopeError, match="layer 'conv3' not found in Small; did you mean 'conv"):
        probe_layers(network, torch.randn(1, 3, 16, 16), ["conv3"])
    assert hooks(network) == 0


def test_probe_finds_units_grid_and_geometry(network):
    found = probe_layers(network, torch.randn(1, 3, 16, 16), ["head", "conv2"])
    assert list(found) == ["conv2", "head"]
    assert (found["conv2"].units, found["conv2"].grid) == (16, (4, 4))
    assert found["conv2"].geometry.rows == AxisGeometry(4, 4, 0)
    assert (found["head"].units, found["head"].grid) == (5, (1, 1))
    assert hooks(network) == 0


def test_layers_that_cannot_be_read_are_refused(network):
    inputs = torch.randn(1, 3, 16, 16)
    with pytest.raises(UnitscopeError, match="'unused' takes no part in the forward pass"):
        probe_layers(network, inputs, ["unused"])
    with pytest.raises(UnitscopeError, match="'conv1' is asked for twice"):
        probe_layers(network, inputs, ["conv1", "conv1"])
    twice = nn.Sequential(network.conv1, nn.Conv2d(8, 3, 1), network.conv1)
    with pytest.raises(UnitscopeError, match="'0' is called more than once"):
        probe_layers(twice, inputs, ["0"])
    with pytest.raises(UnitscopeError, match="returns tuple with no tensor"):
        activation_grid("lstm", (inputs,), (16, 16))
    with pytest.raises(UnitscopeError, match=r"returns shape \(1, 7, 5, 2, 2\), which is neither"):
        activation_grid("odd", torch.zeros(1, 7, 5, 2, 2), (32, 64))


@pytest.mark.parametrize(
    ("tokens", "size", "grid"),
    [
        (196, (224, 224), (14, 14)),
        (197, (224, 224), (14, 14)),
        (201, (224, 224), (14, 14)),
        (1 + 14 * 28, (224, 448), (14, 28)),
        (14 * 7, (224, 112), (14, 7)),
        (1, (224, 224), (1, 1)),
    ],
)
def test_tokens_fold_to_the_patch_grid(tokens, size, grid):
    assert patch_grid(tokens, size) == grid


def test_class_tokens_are_dropped_from_the_front():
    tokens = torch.arange(5.0).reshape(1, 5, 1)
    assert activation_grid("vit", tokens, (32, 32)).tolist() == [[[[1, 2], [3, 4]]]]


def test_every_layer_is_described(network):
    listed = {layer.name: layer for layer in describe_layers(network, torch.randn(1, 3, 16, 16))}
    assert list(listed) == ["conv1", "relu1", "conv2", "head"]
    assert listed["conv2"].shape == (1, 16, 4, 4)
    assert (listed["head"].kind, listed["head"].calls) == ("Linear", 1)
