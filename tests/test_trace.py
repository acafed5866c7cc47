import pytest
import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.layer.grid import AxisGeometry
from unitscope.layer.hooks import describe_layers, probe_layers, trace
from unitscope.layer.readout import patch_grid


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


def test_every_layer_is_described(network):
    listed = {layer.name: layer for layer in describe_layers(network, torch.randn(1, 3, 16, 16))}
    assert list(listed) == ["conv1", "relu1", "conv2", "head"]
    assert listed["conv2"].shape == (1, 16, 4, 4)
    assert (listed["conv2"].units, listed["conv2"].grid, listed["conv2"].reading) == (16, (4, 4), "map")
    assert (listed["head"].kind, listed["head"].calls, listed["head"].grid) == ("Linear", 1, (1, 1))


def activations(module, inputs, *layers):
    """Each layer's activation, read as a dissection does it: probed with one picture, then all pictures."""
    probed = probe_layers(module, torch.zeros_like(inputs[:1]), layers)
    found = {}

    def read(name, output):
        found[name] = probed[name].read(output).clone()

    with trace(module, layers, read) as forward:
        forward(inputs)
    assert hooks(module) == 0
    return found


class InPlace(nn.Module):
    """The ways in which what follows a layer may change its output in place."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU(inplace=True))

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = torch.relu_(self.conv2(x))
        x = self.conv3(x)
        x += 1
        x.clamp_(min=0)
        return self.relu(self.last(x).sub_(1))


def test_what_follows_in_place_does_not_change_what_is_read():
    module, inputs = InPlace().eval(), torch.randn(2, 3, 8, 8)
    names = ["conv1", "relu#1", "conv2", "conv3", "last.0", "last.1", "relu#2"]
    found = activations(module, inputs, *names)
    with torch.no_grad():
        before = module.conv1(inputs)
        second = module.conv2(before.relu())
        third = module.conv3(second.relu())
        fourth = module.last[0]((third + 1).relu())
    expected = [before, before.relu(), second, third, fourth, fourth.relu(), (fourth.relu() - 1).relu()]
    for name, values in zip(names, expected, strict=True):
        assert torch.equal(found[name], values), name
    assert (found["conv1"] < 0).any()
    assert not (found["relu#1"] < 0).any()


def test_a_module_called_more_than_once_is_named_by_its_call():
    module, inputs = InPlace().eval(), torch.randn(2, 3, 8, 8)
    with pytest.raises(UnitscopeError, match=r"'relu' is called 2 times .* from 'relu#1' to 'relu#2'"):
        probe_layers(module, inputs, ["relu"])
    with pytest.raises(UnitscopeError, match=r"'relu#3' not found: .* calls 'relu' fewer than 3 times"):
        probe_layers(module, inputs, ["relu#3"])
    listed = [layer.name for layer in describe_layers(module, inputs[:1])]
    assert listed == ["conv1", "relu#1", "conv2", "conv3", "last.0", "last.1", "last", "relu#2"]
    assert list(activations(module, inputs, "relu#2", "relu#1")) == ["relu#1", "relu#2"]


def test_a_module_in_two_places_is_known_by_both_names():
    shared = nn.Conv2d(3, 3, 1)
    module = nn.ModuleDict({"first": shared, "second": shared})
    module.forward = lambda x: module["second"](module["first"](x))
    found = activations(module, torch.randn(1, 3, 4, 4), "first#1", "second#2")
    assert torch.equal(found["second#2"], shared(found["first#1"]))


class Wrapped(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(self.conv(x))


class Outer(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.inner = Wrapped(wrap)

    def forward(self, x):
        return self.inner(x)


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda x: (x, None), "inner"),
        (lambda x: {"out": x, "count": torch.ones(1, dtype=torch.int64)}, "inner"),
        (lambda x: [(x, x)], "inner"),
        (lambda x: (x + 1, x), "inner[1]"),
        (lambda x: {"out": x + 1, "aux": [x - 1, x]}, "inner[aux][1]"),
        (lambda x: {0: x, 1: x + 1}, "inner[0]"),
    ],
)
def test_an_entry_of_a_tuple_or_dict_is_a_layer(wrap, name):
    module, inputs = Outer(wrap).eval(), torch.randn(2, 3, 4, 4)
    found = activations(module, inputs, name, "inner.conv")
    assert torch.equal(found[name], found["inner.conv"])


def test_an_output_with_several_tensors_says_what_is_there():
    inputs = torch.randn(1, 3, 4, 4)
    several = Outer(lambda x: {"out": x, "aux": (x, x.sum(1))}).eval()
    has = r"it has 'inner\[out\]' \(1, 4, 4, 4\), 'inner\[aux\]\[0\]' \(1, 4, 4, 4\), "
    has += r"'inner\[aux\]\[1\]' \(1, 4, 4\); name one"
    with pytest.raises(UnitscopeError, match=rf"'inner' returns dict with several tensors; {has}"):
        probe_layers(several, inputs, ["inner"])
    with pytest.raises(UnitscopeError, match=rf"'inner\[aux\]\[2\]' returns dict with no such entry; {has}"):
        probe_layers(several, inputs, ["inner[aux][2]"])
    with pytest.raises(UnitscopeError, match=r"'inner' returns str with no tensor; choose another layer"):
        probe_layers(Outer(lambda x: "nothing").eval(), inputs, ["inner"])
    with pytest.raises(UnitscopeError, match=r"layer 'iner\[out\]' not found in Outer; did you mean 'inner'"):
        probe_layers(several, inputs, ["iner[out]"])
    listed = {layer.name: layer for layer in describe_layers(several, inputs)}
    assert list(listed) == ["inner.conv", "inner[out]", "inner[aux][0]", "inner[aux][1]"]
    assert listed["inner[out]"].units == 4


class Patches(nn.Module):
    """Patches with `extra` learned tokens in front and `after` behind, and attention between them."""

    def __init__(self, extra=1, after=0, heads=2):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, 4)
        self.extra, self.after = (
            nn.Parameter(torch.randn(1, extra, 8)),
            nn.Parameter(torch.randn(1, after, 8)),
        )
        self.hidden = nn.Linear(8, 12)
        self.back = nn.Linear(12, 8)
        self.heads = nn.Identity()
        self.weights = nn.Identity()
        self.tokens_first = nn.Identity()
        self.folded = nn.Identity()
        self.count = heads

    def forward(self, x):
        x = self.embed(x)
        h, w = x.shape[2:]
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.extra.expand(len(x), -1, -1), x, self.after.expand(len(x), -1, -1)], 1)
        x = self.back(nn.functional.gelu(self.hidden(x)))
        query = self.heads(x.unflatten(2, (self.count, -1)).transpose(1, 2))
        attention = self.weights((query @ query.transpose(2, 3)).softmax(-1))
        x = self.tokens_first((attention @ query).transpose(1, 2).flatten(2).transpose(0, 1)).transpose(0, 1)
        first = self.extra.shape[1]
        return self.folded(x[:, first : first + h * w].unflatten(1, (h, w)))


@pytest.mark.parametrize(("extra", "after"), [(0, 0), (1, 0), (5, 0), (1, 3), (3, 20)])
@pytest.mark.parametrize("size", [(16, 24), (24, 8), (20, 20)])
def test_tokens_fold_to_the_grid_of_their_patches(extra, after, size):
    module, inputs = Patches(extra, after).eval(), torch.randn(3, 3, *size)
    found = activations(module, inputs, "embed", "hidden", "heads", "tokens_first", "folded")
    grid = (size[0] // 4, size[1] // 4)
    assert {name: tuple(values.shape) for name, values in found.items()} == {
        name: (3, units, *grid)
        for name, units in (("embed", 8), ("hidden", 12), ("heads", 8), ("tokens_first", 8), ("folded", 8))
    }
    with torch.no_grad():
        hidden = module.hidden(found["embed"].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert torch.allclose(found["hidden"], hidden, atol=1e-6)
    assert torch.equal(found["folded"], found["tokens_first"])
    places = probe_layers(module, inputs[:1], ["hidden", "folded"])
    for layer in places.values():
        assert layer.geometry.rows == AxisGeometry(grid[0], 4, 1.5)
        assert layer.geometry.columns == AxisGeometry(grid[1], 4, 1.5)


def test_attention_weights_are_refused():
    module = Patches().eval()
    listed = {layer.name: layer for layer in describe_layers(module, torch.zeros(1, 3, 16, 16))}
    assert listed["weights"].grid is None
    assert listed["hidden"].reading == "tokens, 1 beside the grid dropped"
    with pytest.raises(
        UnitscopeError, match=r"\(1, 2, 17, 17\) .* several axes run over the picture, as in att"
    ):
        probe_layers(module, torch.zeros(1, 3, 16, 16), ["weights"])


class Windows(nn.Module):
    """A map cut into windows and put together again, channels last, then 2x2 cells merged into one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 2, 2)
        self.inside = nn.Linear(8, 8)
        self.together = nn.Identity()
        self.merged = nn.Linear(32, 6)
        self.merged_by_slices = nn.Linear(32, 6)

    def forward(self, x):
        x = self.conv(x).permute(0, 2, 3, 1)
        n, h, w, units = x.shape
        windows = x.view(n, h // 4, 4, w // 4, 4, units).transpose(2, 3).reshape(-1, 16, units)
        windows = self.inside(windows).view(n, h // 4, w // 4, 4, 4, units)
        x = self.together(windows.transpose(2, 3).reshape(n, h, w, units))
        pieces = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        self.merged_by_slices(torch.cat(pieces, -1))
        return self.merged(x.view(n, h // 2, 2, w // 2, 2, units).permute(0, 1, 3, 2, 4, 5).flatten(3))


def test_windows_are_refused_and_recognised_when_put_together():
    module, inputs = Windows().eval(), torch.randn(2, 3, 32, 16)
    with pytest.raises(UnitscopeError, match="over the pictures and something else, such as windows"):
        probe_layers(module, inputs[:1], ["inside"])
    found = activations(module, inputs, "conv", "together", "merged", "merged_by_slices")
    with torch.no_grad():
        expected = module.inside(found["conv"].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert torch.allclose(found["together"], expected, atol=1e-6)
    for name in ("merged", "merged_by_slices"):
        layer = probe_layers(module, inputs[:1], [name])[name]
        assert (layer.units, layer.grid) == (6, (8, 4))
        assert layer.geometry.rows == AxisGeometry(8, 4, 1.5)


class Vectors(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, 4)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flat = nn.Flatten()
        self.queries = nn.Parameter(torch.randn(16, 8))
        self.decoded = nn.Identity()
        self.mixed = nn.Linear(16, 5)
        self.ids = nn.Identity()
        self.constant = nn.Identity()

    def forward(self, x):
        x = self.conv(x)
        tokens = x.flatten(2)
        self.constant(self.queries[None])
        queries = self.queries.expand(len(x), -1, -1)
        self.decoded((queries @ tokens).softmax(-1) @ tokens.transpose(1, 2) + queries)
        self.ids(tokens.argmax(1))
        self.mixed(tokens)
        return self.flat(self.pool(x))


def test_vectors_become_one_cell_and_what_has_no_place_in_the_picture_is_refused():
    module, inputs = Vectors().eval(), torch.randn(2, 3, 16, 16)
    found = activations(module, inputs, "pool", "flat")
    assert found["flat"].shape == found["pool"].shape == (2, 8, 1, 1)
    for name, reason in (
        # 16 learned queries look like 4x4 patches, and are none
        ("decoded", r"\(1, 16, 8\) .* several axes, and none of them runs over the picture"),
        ("mixed", "several axes, and none of them runs over the picture"),
        ("ids", "holds values of type int64"),
        ("constant", "does not depend on the picture"),
    ):
        with pytest.raises(UnitscopeError, match=reason):
            probe_layers(module, inputs[:1], [name])


def test_what_is_written_into_a_part_of_a_tensor_keeps_its_places():
    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.out = nn.Identity()

        def forward(self, x):
            canvas = torch.zeros(len(x), 8, *x.shape[2:])
            canvas[:, :4] = self.conv(x)
            return self.out(canvas)

    assert activations(Written().eval(), torch.randn(2, 3, 6, 6), "out")["out"].shape == (2, 8, 6, 6)


def test_a_layer_whose_form_changes_is_refused():
    class Changing(nn.Module):
        def __init__(self):
            super().__init__()
            self.out = nn.Identity()

        def forward(self, x):
            return self.out(x.flatten(2).transpose(1, 2) if len(x) == 1 else x.flatten(1))

    with pytest.raises(UnitscopeError, match=r"'out' returns shape \(2, 108\): 2 axes where 3 were expected"):
        activations(Changing().eval(), torch.randn(2, 3, 6, 6), "out")


def test_a_function_that_resists_following_is_refused():
    class Scattered(nn.Module):
        def __init__(self):
            super().__init__()
            self.waves, self.map = nn.Identity(), nn.Identity()

        def forward(self, x):
            self.waves(torch.fft.fft2(x).real)
            return self.map(x.index_add(2, torch.tensor([1]), x[:, :, :1]))

    listed = {layer.name: layer for layer in describe_layers(Scattered().eval(), torch.zeros(1, 3, 6, 12))}
    assert (listed["waves"].grid, listed["map"].grid) == (None, None)
    assert listed["waves"].reading == "not read: one axis holds the waves of a Fourier transform"
    assert listed["map"].reading.startswith("not read: where its cells lie in the picture is not known after")
