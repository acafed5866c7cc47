"""Cells of a layer of a generator are changed at known places, and its picture must change there."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from made_generators import (
    Applied,
    Cut,
    RedCell,
    Styled,
    StyleGenerator,
    by_class,
    deconvolutions,
    progressive,
)
from torch import nn
from torch.nn import functional

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.layer.drawn import ask_drawing
from unitscope.layer.hooks import LayerGrid, describe_layers, probe_layers
from unitscope.layer.outcome import PLACES
from unitscope.models.generators import Generator, look_at
from unitscope.models.registry import load_generator
from unitscope.paint.recipe import GeneratorName, Latent, Recipe, Stroke
from unitscope.world.planted_generator import DrawingUnit, planted_generator


def made(make, latent, *, classes=0, seed=0) -> Generator:
    torch.manual_seed(seed)
    found = Generator(make().eval(), latent, name="made", classes=classes)
    return look_at(found, found.trial())


def proofs_of(found: Generator, *names, batch_size=16):
    if names:
        layers = probe_layers(found.module, found.trial(), list(names), size=found.size).values()
    else:
        layers = [
            LayerGrid(each.name, each.units, each.grid, each.geometry, each.readout)
            for each in describe_layers(found.module, found.trial(1), size=found.size)
            if each.grid is not None
        ]
    latents = found.trial(PLACES)
    return ask_drawing(found.module, layers, latents, found.size, check=found.pictures, batch_size=batch_size)


def outcomes(proofs):
    return {name: str(proof) for name, proof in proofs.items() if proof.outcome != "near"}


def test_the_bundled_generator_draws_every_layer_where_it_is_read():
    found = load_generator("world-gan")
    found = look_at(found, found.trial())
    proofs = proofs_of(found, *found.layers)
    assert {proof.near for proof in proofs.values()} == {PLACES}
    assert max(proof.distance for proof in proofs.values()) < 0.6


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ["progressive", "deconvolutions", "styles", "classes"])
def test_every_layer_of_the_usual_kinds_is_near(kind, seed):
    make, latent = {
        "progressive": (progressive, (16,)),
        "deconvolutions": (deconvolutions, (8, 1, 1)),
        "styles": (StyleGenerator, (16,)),
        "classes": (by_class, (16,)),
    }[kind]
    proofs = proofs_of(made(make, latent, classes=3 if kind == "classes" else 0, seed=seed))
    assert sum(proof.outcome == "near" for proof in proofs.values()) >= 8
    # What a cell holds for others, attention draws where those are.
    inside = {"generator.attention.answers", "generator.attention.holds"}
    left = {name: said for name, said in outcomes(proofs).items() if name not in inside}
    assert set(left.values()) <= {"one cell"}


def test_the_planted_generator_is_near():
    units = [
        DrawingUnit("paint", 2, size=(3, 4), chance=0.6),
        DrawingUnit("paint", 7, needs=2, size=(3, 3), chance=0.7),
        DrawingUnit("swap", 9, chance=0.5),
        DrawingUnit("noise", size=(4, 4), chance=0.5),
    ]
    found = planted_generator(units)
    assert proofs_of(look_at(found, found.trial()), "units")["units"].near == PLACES


WRONG = {
    "flipped": (RedCell(lambda x: x.flip(3)), "far"),
    "upside down": (RedCell(lambda x: x.flip(2)), "far"),
    "turned": (RedCell(lambda x: x.rot90(1, (2, 3))), "far"),
    "transposed": (RedCell(lambda x: x.transpose(2, 3)), "far"),
    "rolled by a cell": (RedCell(lambda x: x.roll(8, 3)), "far"),
    "cut": (RedCell(lambda x: x[:, :, 8:-8, 8:-8]), "far"),
    "stretched": (RedCell(lambda x: functional.interpolate(x[:, :, :48], size=(64, 64))), "far"),
    "tokens by columns": (
        RedCell(
            fold=lambda m: m.transpose(2, 3).flatten(2).transpose(1, 2),
            unfold=lambda t: t.transpose(1, 2).reshape(-1, 2, 8, 8).transpose(2, 3),
        ),
        "far",
    ),
    "units before tokens": (
        RedCell(
            fold=lambda m: m.flatten(2).repeat(1, 32, 1),
            unfold=lambda t: t.view(-1, 64, 8, 8),
        ),
        "silent",
    ),
    "everywhere": (RedCell(lambda x: 0 * x + x.mean((2, 3), keepdim=True)), "spread"),
    "nowhere": (RedCell(lambda x: 0 * x), "silent"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_draws_elsewhere_is_told(name):
    module, outcome = WRONG[name]
    assert proofs_of(made(lambda: module, (64,)), "layer")["layer"].outcome == outcome


def test_what_draws_where_it_is_read_is_near():
    tokens = RedCell(
        fold=lambda m: m.flatten(2).transpose(1, 2),
        unfold=lambda t: t.transpose(1, 2).reshape(-1, 2, 8, 8),
    )
    for module in (RedCell(), tokens):
        assert proofs_of(made(lambda module=module: module, (64,)), "layer")["layer"].outcome == "near"


def test_layers_with_a_margin_that_is_cut_off_are_far():
    assert outcomes(proofs_of(made(Cut, (8,)), "first", "last")).keys() == {"first"}
    assert outcomes(proofs_of(made(lambda: Cut(margin=1), (8,)), "first", "last")) == {}


def test_vectors_of_style_are_no_cells():
    assert proofs_of(made(Styled, (8,)), "mapping")["mapping"].outcome == "spread"


class Beside(nn.Module):
    """A map that is made and left, and one whose cells nothing can be drawn with but what they are."""

    z_dim = 8

    def __init__(self):
        super().__init__()
        self.start, self.left = nn.Linear(8, 4 * 16), Applied(lambda x: 2 * x)
        self.strict = Applied(lambda x: x)
        self.draw = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, z):
        x = self.start(z).view(-1, 4, 4, 4)
        self.left(x)
        if not torch.equal(self.strict(x), x):
            raise ValueError
        return self.draw(functional.interpolate(x, scale_factor=4))


def test_layers_that_are_not_on_the_way_to_the_picture_are_silent():
    assert outcomes(proofs_of(made(Beside, (8,)), "left", "strict")) == {"left": "silent", "strict": "silent"}


@pytest.mark.parametrize("grid", [(1, 2), (2, 1), (2, 2), (1, 8), (3, 3), (9, 16), (128, 128)])
def test_grids_of_any_size_are_asked(grid):
    def make():
        return nn.Sequential(
            nn.Linear(4, 8 * grid[0] * grid[1]), nn.ReLU(), nn.Unflatten(1, (8, *grid)),
            nn.Upsample(scale_factor=8 if max(grid) < 99 else 2), nn.Conv2d(8, 3, 3, padding=1),
        )  # fmt: skip

    assert proofs_of(made(make, (4,)), "2", "3", "4") == proofs_of(
        made(make, (4,)), "2", "3", "4", batch_size=5
    )
    assert outcomes(proofs_of(made(make, (4,)), "2", "3", "4")) == {}


def test_one_cell_has_no_places():
    module = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3 * 64), nn.Unflatten(1, (3, 8, 8)))
    assert str(proofs_of(made(lambda: module, (4,)), "0")["0"]) == "one cell"


def dissected(module, out, **told):
    generator = unitscope.generator(module, latent_shape=(64,), range="-1:1")
    return unitscope.dissect(
        generator, unitscope.latents(24), "colors", layers=["layer"], out=out, show=False, replicates=100,
        quantile=0.012, **told,
    )  # fmt: skip


def test_a_generator_is_right_or_refused(tmp_path):
    found = dissected(RedCell(), tmp_path / "right")
    assert found.units["iou"].iloc[0] > 0.7
    assert found.manifest.plan["proofs"]["layer"] | {"distance": 0} == {
        "shift": 0.0,
        "outcome": "near", "places": PLACES, "near": PLACES, "distance": 0, "drawn": True,
    }  # fmt: skip
    with pytest.raises(
        UnitscopeError, match=r"layer 'layer' is not read: its cells do not draw where .*trust_places="
    ):
        dissected(WRONG["flipped"][0], tmp_path / "run")
    assert not (tmp_path / "run").exists()
    trusted = dissected(WRONG["flipped"][0], tmp_path / "run", trust_places=True)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["plan"]["proofs"]["layer"]["outcome"] == "far"
    assert "the test was overruled" in trusted.report().read_text()


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    """A run of a flipped generator that was trusted."""
    return dissected(WRONG["flipped"][0], tmp_path_factory.mktemp("runs") / "run", trust_places=True)


def test_what_is_trusted_is_said_wherever_it_is_used(trusted):
    said = f"layer 'layer' is read all the same: its cells do not draw where they would be read: of {PLACES} changes"
    assert any(note.startswith(said) for note in trusted.manifest.notes)
    concept = trusted.units["concept"].dropna().iloc[0]
    given = {
        "concept": concept,
        "generator": WRONG["flipped"][0],
        "choose_on": "all",
        "latents": 4,
        "show": False,
    }
    found = unitscope.remove(trusted, units="1", **given)
    assert any(note.startswith(said) for note in found.summary.notes)
    found = unitscope.insert(trusted, units=1, locations="4", **given)
    assert any(note.startswith(said) for note in found.summary.notes)
    assert said in " ".join(found.report().read_text().replace("&#39;", "'").split())


def test_a_run_whose_layer_was_not_asked_has_it_asked_before_it_is_painted_on(trusted, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trusted.path, run)
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["checksum"]
    manifest["plan"]["proofs"] = {}
    for settings in (manifest["settings"], manifest["config"]["settings"]):
        settings["trust_places"] = False
    (run / "manifest.json").write_text(json.dumps(manifest))
    strokes = (Stroke("erase", (0,), path=((0, 0),), radius=0),)
    name = GeneratorName(trusted.network.name, trusted.network.weights_hash)
    recipe = Recipe("paint", 1, name, "layer", Latent(seed=0, number=0), strokes)
    module = WRONG["flipped"][0]
    assert unitscope.apply_recipe(trusted, recipe, generator=module).shape == (1, 64, 64, 3)
    for use in (
        lambda: unitscope.apply_recipe(run, recipe, generator=module),
        lambda: unitscope.insert(run, concept="red", generator=module, show=False),
    ):
        with pytest.raises(
            UnitscopeError, match=r"'layer' of .* was read at other places than its own: its cells"
        ):
            use()


def test_reasons_are_one_line(tmp_path):
    for name, reason in (
        ("everywhere", "its cells have no places: whichever is changed, all of the picture changes alike"),
        ("nowhere", "nothing says where its cells draw: the picture stays the same when they are changed"),
    ):
        with pytest.raises(UnitscopeError, match=reason) as refused:
            dissected(WRONG[name][0], tmp_path / "run")
        assert "\n" not in str(refused.value)


def test_layers_shows_what_a_generator_says():
    listed = {each.name: each.places for each in unitscope.layers(WRONG["flipped"][0], latent_shape=(64,))}
    assert "near" in listed["layer"]
    assert listed["layer"] != f"{PLACES} of {PLACES} near"
    right = {each.name: each.places for each in unitscope.layers(RedCell(), latent_shape=(64,))}
    assert right["layer"] == f"{PLACES} of {PLACES} near"


def test_a_generator_is_left_as_it_was():
    found = made(StyleGenerator, (16,))
    before = {name: value.clone() for name, value in found.module.state_dict().items()}
    latents = found.trial(3)
    with torch.no_grad():
        picture = found.module(latents)
        proofs_of(found)
        assert torch.equal(found.module(latents), picture)
    assert all(torch.equal(value, before[name]) for name, value in found.module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in found.module.modules())
