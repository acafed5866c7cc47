"""The picture is changed at known places, and a layer must change there."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import probe_layers
from unitscope.layer.outcome import PLACES
from unitscope.layer.proof import ask, changed_pictures

SIDE = 64


class Network(nn.Module):
    """Strides, batch norm, dead units, tokens with a class token and attention among all of them."""

    def __init__(self, after=lambda x: x):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 5, 2, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2))
        self.block = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU())
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.norm, self.out, self.after = nn.LayerNorm(32), nn.Identity(), after
        self.token = nn.Parameter(torch.randn(1, 1, 32))
        with torch.no_grad():
            self.block[0].bias[::3] = -100  # dead

    def forward(self, x):
        x = self.block(self.stem(x)).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        query = self.norm(x)
        x = x + self.attention(query, query, query, need_weights=False)[0]
        return self.out(self.after(x))


def mirrored(x):
    """Mix tokens by a matrix, so that nothing but values tells that they come from the other side of the picture."""
    matrix = torch.zeros(65, 65)
    matrix[
        torch.arange(65),
        torch.cat([torch.zeros(1), torch.arange(64).view(8, 8).flip(1).flatten() + 1]).long(),
    ] = 1
    return 0.01 * x + matrix @ x


def proof_of(module, layer="out"):
    layers = probe_layers(module.eval(), torch.zeros(1, 3, SIDE, SIDE), [layer])
    return ask(module, layers.values(), (SIDE, SIDE)).proofs[layer]


@pytest.mark.parametrize("layer", ["stem.0", "stem", "block.1", "block", "attention[0]", "out"])
def test_layers_of_ordinary_networks_are_near(layer):
    found = proof_of(Network(), layer)
    assert found.outcome == "near"
    assert found.near >= 9


def test_a_deep_layer_whose_receptive_field_covers_the_picture_is_near():
    torch.manual_seed(1)
    parts = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU()]
    for _ in range(6):
        parts += [nn.Conv2d(16, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU()]
    assert proof_of(nn.Sequential(*parts, nn.MaxPool2d(4)), str(len(parts))).outcome == "near"


def test_cells_that_answer_for_the_other_side_of_the_picture_are_far():
    found = proof_of(Network(mirrored))
    assert found.outcome == "far"
    assert found.near < PLACES / 2


def test_what_is_random_silent_or_everywhere_is_told_apart():
    assert proof_of(Network(lambda x: x + torch.randn_like(x))).outcome == "random"
    assert proof_of(Network(lambda x: (x - 1e3).relu())).outcome == "silent"
    assert proof_of(Network(lambda x: 0 * x + x.mean(1, keepdim=True))).outcome == "spread"
    assert proof_of(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Identity()), "1").outcome == "one cell"


def test_a_layer_in_doubt_is_read_if_it_is_near(tmp_path):
    dissected(Network(lambda x: x + 0.1 * x.sort(1).values), tmp_path / "near")
    with pytest.raises(UnitscopeError, match="its cells do not lie where they would be read"):
        dissected(Network(lambda x: 0.01 * x + mirrored(x).sort(1).values), tmp_path / "far")


def beside(x, cells):
    """Tokens that lie some columns further, in a way that cannot be followed."""
    columns = (torch.arange(8) - cells).clamp(min=0)
    moved = x[:, 1:].unflatten(1, (8, 8))[:, :, columns].flatten(1, 2)
    return torch.cat([x[:, :1], moved], 1).index_add(1, torch.tensor([0]), 0 * x[:, :1])


def test_a_layer_in_doubt_that_lies_a_cell_away_is_refused(tmp_path):
    dissected(Network(lambda x: 0.01 * x + beside(x, 0)), tmp_path / "there")
    shifted = Network(lambda x: 0.01 * x + beside(x, 1))
    with pytest.raises(
        UnitscopeError, match=r"are found (0\.[7-9]|1\.[0-3]) cells beside them on average; choose"
    ):
        dissected(shifted, tmp_path / "beside")
    listed = {layer.name: layer.places for layer in unitscope.layers(shifted, preprocess=f"size={SIDE}")}
    assert listed["out"].endswith("cells beside")


def test_a_sum_of_shifted_maps_is_read_in_their_middle(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 8, 8, 8), Neighbours())
    module.add_module("out", nn.Identity())
    assert len(dissected(module, tmp_path / "run").units) == 8


class Neighbours(nn.Module):
    def forward(self, x):
        return x.roll(1, 2) + x.roll(-1, 2) + x.roll(1, 3) + x.roll(-1, 3) - 4 * x


def test_only_the_patch_changes():
    pictures, centres = changed_pictures((48, 80), 8)
    assert pictures.shape == (2 + PLACES, 48, 80, 3)
    assert np.array_equal(pictures[0], pictures[1])
    for picture, (row, column) in zip(pictures[2:], centres, strict=True):
        rows, columns = (picture != pictures[0]).any(2).nonzero()
        assert abs(rows - row).max() <= 3.5
        assert abs(columns - column).max() <= 3.5
        assert len(rows) > 48


def dissected(module, out, **told):
    network = unitscope.network(module, preprocess=f"size={SIDE}")
    return unitscope.dissect(network, "world:4", layers=["out"], out=out, show=False, replicates=100, **told)


def test_a_layer_that_fails_is_refused_unless_it_is_trusted(tmp_path):
    with pytest.raises(
        UnitscopeError, match=r"layer 'out' is not read: its cells do not lie .*trust_places="
    ):
        dissected(Network(mirrored), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    found = dissected(Network(mirrored), tmp_path / "run", trust_places=True)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["plan"]["proofs"]["out"]["outcome"] == "far"
    assert manifest["config"]["settings"]["trust_places"] is True
    assert found.settings.trust_places
    assert "the test was overruled" in found.report().read_text()


class Merged(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.out = nn.Conv2d(3, 4, 8, 8), nn.Identity()

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        return self.out(x.index_add(1, torch.tensor([0]), 0 * x[:, :1]))


def test_the_user_says_how_cells_lie(tmp_path):
    with pytest.raises(
        UnitscopeError, match="not known after the operator 'index_add', which grid_of= can say"
    ):
        dissected(Merged(), tmp_path / "run")
    found = dissected(Merged(), tmp_path / "run", grid_of={"out": (8, 8)})
    assert found.manifest.config["grid_of"] == {"out": [8, 8]}
    assert found.manifest.plan["proofs"]["out"]["outcome"] == "near"
    for wrong, reason in (
        ({"out": (9, 9)}, "it holds no grid of 9x9 cells"),
        ({"out": (16, 4)}, "its cells do not lie where they would be read"),
        ({"patch": (8, 8)}, "grid_of= is given for 'patch', which is not dissected"),
        ("out=8", "grid_of= is 'out=8'; write LAYER=ROWSxCOLUMNS"),
    ):
        with pytest.raises(UnitscopeError, match=reason):
            dissected(Merged(), tmp_path / "other", grid_of=wrong)


def test_cells_can_be_spread_evenly(tmp_path):
    module = nn.Sequential()
    module.add_module("out", nn.Conv2d(3, 4, 11, 8))
    fields, even = (dissected(module, tmp_path / cells, cells=cells) for cells in ("fields", "even"))
    places = [run.manifest.plan["layers"][0]["geometry"]["rows"] for run in (fields, even)]
    assert [(each["scale"], each["offset"]) for each in places] == [(8, 5), (SIDE / 7, (SIDE / 7 - 1) / 2)]
    assert even.settings.cells == "even"
    assert not np.allclose(fields.units["iou"], even.units["iou"])


def test_layers_shows_what_the_test_says():
    listed = {
        layer.name: layer.places for layer in unitscope.layers(Network(mirrored), preprocess=f"size={SIDE}")
    }
    assert listed["block"] == f"{PLACES} of {PLACES} near"
    assert listed["out"] != listed["block"]
    assert listed["norm"] == listed["block"]
