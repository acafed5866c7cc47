"""What a person names becomes objects in one place; the public names stay what they are."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import unitscope as us
from unitscope.nouns.concepts import as_concepts, read_concepts, recorded_concepts
from unitscope.nouns.latents import draw_latents
from unitscope.nouns.network import left_as_it_was, on_device
from unitscope.nouns.pictures import classed, parts_of
from unitscope.sources.latents import SeededLatents

QUESTIONS = ("dissect", "layers", "classify_unit", "importance", "remove", "insert", "rank", "compare")
NOUNS = ("network", "generator", "pictures", "latents", "masks", "segmenter", "colors")
HEAVY = ("torch", "numpy", "pandas", "matplotlib", "scipy", "numba", "PIL", "typer", "rich")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, unitscope; dir(unitscope); print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code).strip() == "[]"


def test_no_submodule_takes_the_name_of_a_function():
    code = """
import importlib, pkgutil, types, unitscope
for found in pkgutil.walk_packages(unitscope.__path__, "unitscope."):
    importlib.import_module(found.name)
names = [name for name in unitscope.__all__ if isinstance(getattr(unitscope, name), types.ModuleType)]
print(len(unitscope.__all__), names)
"""
    assert python(code).strip() == f"{len(us.__all__)} []"


def test_every_public_name_is_listed_and_found():
    assert set(us.__all__) <= set(dir(us))
    assert set(us.__all__) == {*us._MODULES, "__version__"}
    assert all(getattr(us, name) is not None for name in us.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Model'"):
        us.Model  # noqa: B018


@pytest.mark.parametrize("name", [*QUESTIONS, *NOUNS])
def test_no_call_has_more_than_ten_parameters(name):
    parameters = inspect.signature(getattr(us, name)).parameters.values()
    assert len([each for each in parameters if each.kind is not each.VAR_KEYWORD]) <= 10


def test_a_network_shows_itself_in_a_line():
    assert repr(us.network("world-vgg")) == (
        "Network('world-vgg', input 112x112, layers relu1_2, relu2_2, relu3_2, relu4_3, 1,448,867 parameters)"
    )
    generator = us.generator(nn.Sequential(nn.ConvTranspose2d(5, 3, 8), nn.Tanh()))
    assert repr(generator) == (
        "Generator('Sequential', latent 5x1x1, pictures 8x8, layers not chosen, 963 parameters)"
    )


def test_what_belongs_to_a_network_is_given_where_it_is_made(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout()).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    torch.save({name: value + 1 for name, value in before.items()}, tmp_path / "w.pth")
    found = us.network(module, preprocess="size=24x32", weights=tmp_path / "w.pth", device="cpu")
    assert found.preprocessing.size == (24, 32)
    assert (found.weights, found.device) == (str(tmp_path / "w.pth"), "cpu")
    assert all(torch.equal(found.module.state_dict()[name], before[name] + 1) for name in before)
    anew = us.network(found, reinitialize=3)
    assert (anew.reinitialized, anew.preprocessing) == (3, found.preprocessing)
    assert not torch.equal(anew.module[0].weight, found.module[0].weight)
    assert module.training
    assert all(torch.equal(module.state_dict()[name], before[name]) for name in before)


def test_a_module_gets_its_flags_back_also_after_an_error():
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout().eval()).train()
    module[1].eval()

    def fail():
        with left_as_it_was(module):
            assert not on_device(us.network(module)).module.training
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (module.training, module[1].training) == (True, False)


class Counting(nn.Module):
    """Counts its passes in a buffer, and collects what it saw."""

    def __init__(self):
        super().__init__()
        self.conv, self.seen = nn.Conv2d(3, 4, 1), []
        self.register_buffer("passes", torch.zeros(1))
        self.register_buffer("last", torch.full((4,), torch.nan))

    def train(self, mode=True):
        super().train(mode)

    def forward(self, x):
        x = self.conv(x)
        self.passes += 1
        self.last = x.detach().mean((0, 2, 3))
        self.seen.append(len(x))
        return x.mean((2, 3))


def test_a_module_gets_what_it_counts_in_and_collects_into_back():
    module = Counting()
    last, seen, passes = module.last, module.seen, module.passes
    with left_as_it_was(module):
        on_device(us.network(module)).module(torch.zeros(2, 3, 4, 4))
        module.seen = []
    assert module.last is last
    assert module.last.isnan().all()
    assert (module.seen is seen, module.passes is passes, module.passes.item()) == (True, True, 0)


def test_a_network_that_counts_its_passes_is_asked_more_questions(tmp_path):
    network = us.network(Counting(), preprocess="size=32")
    run = us.dissect(network, "world:6:test", layers=["conv"], out=tmp_path / "run", replicates=100)
    found = us.classify_unit(run, "conv", 0, "world:60:val", concept="tree", network=network)
    assert found.page.exists()


@pytest.mark.parametrize("around", [lambda: torch.autocast("cpu", torch.bfloat16), torch.inference_mode])
def test_what_is_switched_on_around_a_call_changes_nothing(tmp_path, around):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).eval()

    def asked(name):
        network = us.network(module, preprocess="size=32")
        return us.dissect(network, "world:6:test", layers=["2"], out=tmp_path / name, replicates=100).units

    plain = asked("plain")
    with around():
        other = asked("other")
    assert plain.equals(other)


def test_a_device_is_said_once():
    found = us.network("world-vgg", device="cpu")
    assert on_device(found, "cpu").module is found.module
    with pytest.raises(us.UnitscopeError, match="device is 'meta', and world-vgg was made for 'cpu'"):
        on_device(found, "meta")


def test_latents_become_those_of_the_generator_they_meet():
    generator = us.generator(nn.Sequential(nn.ConvTranspose2d(5, 3, 8), nn.Tanh()))
    assert draw_latents(generator, us.latents(4, truncation=1.0), seed=7) == SeededLatents(
        4, (5, 1, 1), 7, truncation=1.0
    )
    assert draw_latents(generator, us.latents(4, seed=0), seed=7).seed == 0
    with pytest.raises(us.UnitscopeError, match="0 latents are none to look at"):
        us.latents(0)
    with pytest.raises(us.UnitscopeError, match="class 1 is given"):
        draw_latents(generator, us.latents(4, classes=[1]), seed=7)


def test_concepts_add_up():
    both = us.masks("masks", "labels.txt") + us.segmenter("upp", preprocess="size=64") + "colors"
    assert [each.spec for each in both.segmenters] == ["upp", "colors"]
    assert as_concepts(["upp", us.colors()]) == "upp" + us.colors()
    assert both.labels == us.masks("masks", "labels.txt").labels
    with pytest.raises(us.UnitscopeError, match="concepts are a int; give masks, a segmenter or the name"):
        as_concepts(3)


def test_lists_of_words_mean_what_calls_do(tmp_path):
    file = tmp_path / "classes.txt"
    said = read_concepts(["a", "b"], ["one.txt", file], ["colors", "x.py:f"], ["", "size=8"], sources=2)
    calls = us.segmenter("colors") + us.segmenter("x.py:f", labels=file, preprocess="size=8")
    assert said == us.masks(["a", "b"], "one.txt") + calls
    assert recorded_concepts(said.record()) == calls
    with pytest.raises(us.UnitscopeError, match="was given too often"):
        read_concepts((), [file, file], ["colors", "x.py:f"])
    with pytest.raises(us.UnitscopeError, match=r"labels.* alone does not"):
        read_concepts((), [file])


def test_pictures_of_several_kinds_are_one_source(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8), (name == "cat" and "red") or "blue").save(tmp_path / name / "one.png")
    images = [Image.fromarray(np.full((4, 4, 3), value, np.uint8)) for value in (1, 2)]
    found = us.pictures(tmp_path / "cat", images, "world:3")
    assert [len(each) for each in parts_of(found)] == [1, 2, 3]
    assert len(us.pictures([tmp_path / "cat", tmp_path / "dog"])) == 2
    assert classed(us.pictures(tmp_path)).class_names == classed(str(tmp_path)).class_names == ("cat", "dog")
    with pytest.raises(us.UnitscopeError, match="no pictures given"):
        us.pictures()


@pytest.mark.parametrize(
    ("data", "concepts", "said"),
    [
        (us.latents(4), None, "generator 'world-vgg' not found"),
        ("world:4", "clors", "segmenter 'clors' not found; did you mean 'colors'"),
        ("nowhere", None, "nowhere"),
        (3, None, "a int holds no pictures"),
    ],
)
def test_what_cannot_be_dissected_is_said_in_a_line(tmp_path, data, concepts, said):
    with pytest.raises(us.UnitscopeError, match=said) as caught:
        us.dissect("world-vgg", data, concepts, out=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
