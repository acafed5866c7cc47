import pytest
import torch
from references import intervene
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import probe_layers
from unitscope.layer.interventions import ablate, insert
from unitscope.layer.readout import Reading


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.wrap = Wrapped()

    def forward(self, x):
        x = self.relu(self.conv(x))
        grids, extra = self.wrap(x)
        return self.relu(grids["a"] + extra).mean((2, 3))


class Wrapped(nn.Module):
    def forward(self, x):
        return {"a": x * 2, "b": x * 3}, x


@pytest.fixture
def network():
    torch.manual_seed(0)
    return InPlace().eval()


def hooks(module):
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())


def test_ablation_sets_units_to_a_level_and_changes_nothing_else():
    activation = torch.randn(2, 4, 3, 3)
    before = activation.clone()
    edited = ablate(activation, [1, 3], level=torch.tensor([9.0, 1.0, 9.0, 2.0]))
    assert torch.equal(activation, before)
    assert torch.equal(edited[:, [0, 2]], before[:, [0, 2]])
    assert (edited[:, 1] == 1).all()
    assert (edited[:, 3] == 2).all()
    assert (ablate(activation, torch.tensor(2))[:, 2] == 0).all()


def test_insertion_stays_inside_its_region():
    activation = torch.randn(2, 4, 3, 3)
    region = torch.zeros(2, 3, 3, dtype=torch.bool)
    region[0, 0, 0] = True
    edited = insert(activation, [2], region, level=5.0)
    assert edited[0, 2, 0, 0] == 5
    edited[0, 2, 0, 0] = activation[0, 2, 0, 0]
    assert torch.equal(edited, activation)


def test_units_and_levels_must_fit_the_layer():
    activation = torch.zeros(1, 4, 2, 2)
    with pytest.raises(UnitscopeError, match="unit 4 is not in the layer; its 4 units are 0 to 3"):
        ablate(activation, [0, 4])
    with pytest.raises(UnitscopeError, match=r"levels of shape \(3,\) do not fit 4 units"):
        ablate(activation, [0], level=torch.zeros(3))


@pytest.mark.parametrize(
    ("reading", "shape"),
    [
        (Reading("NUhw", (2, 3)), (2, 5, 2, 3)),
        (Reading("NhwU", (2, 3)), (2, 2, 3, 5)),
        (Reading("NTU", (2, 3), before=1, tokens=8), (2, 8, 5)),
        (Reading("TNU", (2, 3), before=1, tokens=8), (8, 2, 5)),
        (Reading("NU", (1, 1)), (2, 5)),
        (Reading("NUTU", (2, 3), before=2, tokens=8), (2, 2, 8, 5)),
        (Reading("Nhw", (2, 3)), (2, 2, 3)),
    ],
)
def test_a_replaced_activation_is_read_back_and_the_rest_stays(reading, shape):
    output = torch.randn(shape)
    other = torch.randn(reading.apply(output).shape)
    replaced = reading.replace(output, other)
    assert torch.equal(reading.apply(replaced), other)
    assert torch.equal(reading.replace(replaced, reading.apply(output)), output)
    everywhere = reading.everywhere(output)
    assert everywhere.shape == (2, other.shape[1], output.numel() // (2 * other.shape[1]))
    assert torch.equal(reading.replace_everywhere(torch.randn(output.shape), everywhere), output)
    assert (reading.apply(reading.replace_everywhere(output, torch.full_like(everywhere, 7))) == 7).all()


@pytest.mark.parametrize("layer", ["conv", "relu#1", "wrap[0][a]", "wrap[1]"])
def test_an_intervention_acts_where_the_layer_returns(network, layer):
    inputs = torch.randn(2, 3, 8, 8)
    grid = probe_layers(network, inputs[:1], [layer])[layer]
    with torch.no_grad():
        plain = network(inputs)
        with intervene(network, grid, lambda activation: ablate(activation, [2])):
            changed = network(inputs)
        assert not torch.equal(plain, changed)
        assert torch.equal(plain[:, [0, 1, 3]], changed[:, [0, 1, 3]])
        assert torch.equal(network(inputs), plain)
    assert hooks(network) == 0


def test_calls_are_counted_anew_in_every_pass(network):
    inputs = torch.randn(2, 3, 8, 8)
    grid = probe_layers(network, inputs[:1], ["relu#2"])["relu#2"]
    with torch.no_grad(), intervene(network, grid, lambda activation: activation * 0):
        assert (network(inputs) == 0).all()
        assert (network(inputs) == 0).all()


def test_an_exception_leaves_no_hooks(network):
    grid = probe_layers(network, torch.zeros(1, 3, 8, 8), ["conv"])["conv"]

    def fail(activation):
        raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"), intervene(network, grid, fail):
        network(torch.zeros(1, 3, 8, 8))
    assert hooks(network) == 0
