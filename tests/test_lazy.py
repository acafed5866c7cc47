"""Networks whose parameters have no shape before a first input."""

import pytest
import torch
from torch import nn

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.models.weights import weights_hash

SIDE = 16
SEEN = f"size={SIDE}"
CODE = """from torch import nn


def net():
    return nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)
    )


def unused():
    module = net()
    module[0].other = nn.LazyLinear(2)
    return module
"""


def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))


def plain():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(784, 3))


@pytest.fixture
def code(tmp_path):
    (tmp_path / "net.py").write_text(CODE)
    return tmp_path / "net.py"


def dissected(network, out):
    return us.dissect(network, "world:4", layers="2", out=out, show=False, replicates=100)


def test_a_function_of_a_file_is_the_same_network_each_time(code, tmp_path):
    run = dissected(us.network(f"{code}:net", preprocess=SEEN), tmp_path / "run")
    assert len(run.units) == 4
    assert run.unit("2", 0).activation(_picture()).shape == (14, 14)
    assert [layer.units for layer in us.layers(f"{code}:net", preprocess=SEEN)][:3] == [4, 4, 4]


def _picture():
    return torch.zeros((SIDE, SIDE, 3), dtype=torch.uint8).numpy()


def test_an_object_has_its_parameters_afterwards_and_nothing_else_is_changed(tmp_path):
    module = lazy().train()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = us.network(module, preprocess=SEEN)
    assert torch.equal(torch.rand(3), expected)
    assert all(part.training for part in module.modules())
    assert [type(part) for part in module] == [type(part) for part in plain()]
    assert module[4].in_features == 784
    assert "2,475 parameters" in repr(found)
    assert weights_hash(us.network(lazy(), preprocess=SEEN).module) == weights_hash(module)
    assert len(dissected(found, tmp_path / "run").units) == 4
    assert len(us.network(us.Network(lazy(), us.Preprocessing(size=(SIDE, SIDE)))).module.state_dict()) == 9


def test_weights_go_into_them(code, tmp_path):
    torch.save(plain().state_dict(), tmp_path / "net.pt")
    wanted = weights_hash(plain())
    for source in (lazy(), f"{code}:net"):
        found = us.network(source, preprocess=SEEN, weights=tmp_path / "net.pt")
        assert weights_hash(found.module) == wanted
    control = us.network(lazy(), preprocess=SEEN, reinitialize=1)
    assert weights_hash(control.module) != weights_hash(us.network(lazy(), preprocess=SEEN).module)


def test_weights_of_another_size_are_refused(tmp_path):
    torch.save(plain().state_dict(), tmp_path / "net.pt")
    with pytest.raises(UnitscopeError, match=r"'4.weight' is \(3, 784\) where \(3, 3600\) is expected"):
        us.network(lazy(), preprocess="size=32", weights=tmp_path / "net.pt")


def test_a_checkpoint_of_a_network_without_parameters_is_refused(tmp_path):
    torch.save(lazy().state_dict(), tmp_path / "lazy.pt")
    with pytest.raises(UnitscopeError) as caught:
        us.network(plain(), preprocess=SEEN, weights=tmp_path / "lazy.pt")
    assert "\n" not in str(caught.value)
    assert "lazy.pt" in str(caught.value)


def test_what_a_blank_input_does_not_make_is_refused(code):
    with pytest.raises(
        UnitscopeError, match=r"layer '0.other' has no parameters, and an input of shape 1x3x16x16"
    ):
        us.network(f"{code}:unused", preprocess=SEEN)
    narrow = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.Linear(7, 2))
    with pytest.raises(
        UnitscopeError, match=r"network fails on one of shape 1x3x16x16: .* is the input size right"
    ):
        us.network(narrow, preprocess=SEEN)


def test_in_gray_a_first_convolution_has_one_channel():
    found = us.network(lazy(), preprocess=f"{SEEN},channels=gray")
    assert found.module[0].in_channels == 1


def test_weights_of_other_types_are_made_so(tmp_path):
    module = nn.Sequential(nn.LazyConv2d(4, 3, dtype=torch.float64), nn.Identity(), nn.ReLU())
    assert len(dissected(us.network(module, preprocess=SEEN), tmp_path / "run").units) == 4
    assert module[0].weight.dtype == torch.float64
