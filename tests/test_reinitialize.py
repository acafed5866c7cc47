"""A network started anew keeps nothing of what training made of it, however its weights are written down."""

import threading
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.models.reinitialize import reinitialize
from unitscope.models.weights import copied, weights_hash

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.nn.utils import spectral_norm, weight_norm


class Frozen(nn.Module):
    """Batch norm as buffers."""

    def __init__(self, units=8):
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.rand(units) + 0.5)

    def forward(self, x):
        shape = (1, -1, 1, 1)
        scale = self.weight / self.running_var.sqrt()
        return x * scale.view(shape) + (self.bias - self.running_mean * scale).view(shape)


class ByHand(nn.Module):
    """Weights without a rule, one of them normed."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(8, 8))
        self.bias, self.gamma = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8))
        self.scale, self.waves = (
            nn.Parameter(torch.tensor(0.3)),
            nn.Parameter(torch.rand(4, 4, dtype=torch.cfloat)),
        )

    def forward(self, x):
        waves = self.waves.abs().mean()
        return (x.mean((2, 3)) @ self.weight.T * self.gamma + self.bias) * self.scale * waves


class PartlyReset(nn.Linear):
    def __init__(self):
        super().__init__(8, 8)
        self.other = nn.Parameter(torch.rand(8, 8))

    def forward(self, x):
        return super().forward(x) @ self.other


class Doubled(nn.Module):
    """A parametrization that says nothing of how to get its weight from the whole."""

    def forward(self, weight):
        return 2 * weight


def plain(part):
    return part


WRAPS = {
    "nothing": plain,
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": lambda part: parametrizations.orthogonal(part) if part.weight.ndim == 2 else part,
    "no inverse": lambda part: parametrize.register_parametrization(part, "weight", Doubled()),
    "old weight norm": weight_norm,
    "old spectral norm": spectral_norm,
}


def network(wrap, seed=0):
    """A network whose every entry is far from how it would begin."""
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = nn.Sequential(
            wrap(nn.Conv2d(3, 8, 3)), nn.BatchNorm2d(8), Frozen(), wrap(nn.ConvTranspose2d(8, 8, 2)), ByHand(),
            wrap(nn.Linear(8, 8)), PartlyReset(), nn.MultiheadAttention(8, 2).out_proj,
        )  # fmt: skip
    with torch.no_grad():
        for entry in made.state_dict().values():
            if entry.is_floating_point():
                entry.add_(0.1 * torch.rand_like(entry) + 0.3)
    return made.eval()


@pytest.mark.parametrize("name", WRAPS)
def test_every_entry_moves_and_nothing_of_the_trained_weights_is_left(name):
    first, second = network(WRAPS[name], 0), network(WRAPS[name], 1)
    before = {key: value.clone() for key, value in first.state_dict().items()}
    assert weights_hash(first) != weights_hash(second)
    reinitialize(first, 3)
    reinitialize(second, 3)
    still = [key for key, value in first.state_dict().items() if torch.equal(value, before[key])]
    assert not [key for key in still if before[key].is_floating_point()]
    assert weights_hash(first) == weights_hash(second), "something comes from the weights of before"
    reinitialize(second, 4)
    assert weights_hash(first) != weights_hash(second)
    x = torch.randn(2, 3, 6, 6)
    with torch.no_grad():
        assert torch.isfinite(first(x)).all()
        assert not torch.equal(first(x), second(x))


@pytest.mark.parametrize("wrap", [spectral_norm, parametrizations.spectral_norm])
def test_what_spectral_norm_remembers_belongs_to_the_new_weight(wrap):
    part = network(wrap)[0]
    reinitialize(part, 0)
    part(torch.zeros(1, 3, 6, 6))
    assert torch.linalg.matrix_norm(part.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)


def test_the_weight_itself_starts_as_that_of_a_plain_layer():
    plainly, normed = nn.Linear(64, 64), parametrizations.weight_norm(nn.Linear(64, 64))
    reinitialize(plainly, 0)
    reinitialize(normed, 0)
    assert normed.weight.abs().max().item() == pytest.approx(plainly.weight.abs().max().item(), rel=0.05)


def test_what_nobody_can_draw_is_named():
    module = nn.Sequential(nn.Conv2d(3, 4, 3))
    module.register_buffer("pixel_mean", torch.rand(3))
    module.register_buffer("anchors", torch.rand(3), persistent=False)
    mean = module.pixel_mean.clone()
    reinitialize(module, 0)
    assert torch.equal(module.pixel_mean, mean)
    module[0].register_buffer("codebook", torch.rand(4, 4))
    with pytest.raises(
        UnitscopeError,
        match=r"nothing says how its buffers or tensors '0\.codebook' begin; make it with random",
    ):
        reinitialize(module, 0)


def test_a_weight_that_is_no_parameter_is_named():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())
    module.mean, module[1].trained = torch.rand(3), torch.rand(4, 4)
    with pytest.raises(UnitscopeError, match=r"or tensors '1\.trained' begin"):
        reinitialize(module, 0)


@pytest.mark.parametrize("held", [threading.Lock, lambda: (number for number in ())])
def test_what_cannot_be_copied_is_one_line(held):
    module = nn.Sequential(nn.Conv2d(3, 4, 3))
    module.held = held()
    with pytest.raises(
        UnitscopeError, match=r"Sequential cannot be copied, which new weights .* need: TypeError"
    ):
        copied(module)


def test_what_a_pass_left_in_a_module_is_copied():
    module = nn.Sequential(nn.Conv2d(3, 4, 3))
    module.kept = {"a": module(torch.zeros(1, 3, 5, 5))}
    module.listed = [module.kept["a"]]
    made = copied(module)
    assert torch.equal(made.kept["a"], module.kept["a"])
    assert made.kept["a"] is made.listed[0] is not module.kept["a"]


@pytest.mark.parametrize("wrap", [weight_norm, spectral_norm])
def test_a_module_with_old_norms_is_copied_and_stays_as_it_was(wrap):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = nn.Sequential(wrap(nn.Conv2d(3, 8, 3, 2, 1)), nn.ReLU()).eval()
    x = torch.randn(1, 3, 8, 8)
    module(x)
    before = weights_hash(module)
    control = us.network(module, reinitialize=1)
    assert weights_hash(module) == before != weights_hash(control.module)
    assert not torch.equal(module(x), control.module(x))
    again = us.network(control.module, reinitialize=1)
    assert torch.equal(again.module(x), control.module(x))
