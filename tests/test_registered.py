"""Another package registers networks, generators, segmenters and pictures, which then go by name."""

import json
import sys
from importlib.metadata import entry_points

import pytest

from unitscope.concepts.segmenters import load_segmenter, names_itself
from unitscope.errors import UnitscopeError
from unitscope.models.generator_names import load_generator
from unitscope.models.registry import load_network
from unitscope.models.weights import weights_hash
from unitscope.nouns.listing import list_models
from unitscope.registered import NETWORKS, registered
from unitscope.sources.classes import open_classed
from unitscope.sources.specs import open_pictures
from unitscope.world import CLASSIFIER_LAYERS, SCENE_CLASSES

MODULE = """
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from torch import nn

from unitscope.models.network import Network
from unitscope.world import WorldPictures


def network():
    return Network(nn.Conv2d(3, 5, 1), layers=("here",))


def generator():
    return nn.Sequential(nn.Linear(4, 3 * 8 * 8), nn.Unflatten(1, (3, 8, 8)), nn.Tanh())


def segmenter():
    return Segmenter(nn.Conv2d(3, 3, 1), Vocabulary([Concept("tree", "object"), Concept("sky", "object")]), name="seg")


def pictures(spec):
    return WorldPictures(len(spec))


def broken():
    raise ValueError("no weights")
"""

ENTRY_POINTS = """
[unitscope.networks]
their-network = their_networks:network
their-broken = their_networks:broken
their-missing = their_nothing:network
their-segmenter = their_networks:segmenter

[unitscope.generators]
their-generator = their_networks:generator

[unitscope.segmenters]
their-segmenter = their_networks:segmenter

[unitscope.pictures]
theirs = their_networks:pictures
their-text = builtins:str
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "their_networks.py").write_text(MODULE)
    facts = tmp_path / "their_networks-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: their-networks\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("their_networks", None)


def test_a_path_is_searched_once_until_something_is_installed(tmp_path, monkeypatch):
    searched = []
    monkeypatch.setattr(
        "unitscope.registered.entry_points", lambda group: searched.append(group) or entry_points(group=group)
    )
    monkeypatch.syspath_prepend(tmp_path)
    for _ in range(3):
        assert "their-network" not in registered(NETWORKS)
    assert searched == [NETWORKS]
    facts = tmp_path / "their_networks-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: their-networks\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    assert "their-network" in registered(NETWORKS)
    assert searched == [NETWORKS] * 2


@pytest.mark.usefixtures("package")
def test_networks_of_another_package_go_by_name():
    model = load_network("their-network")
    assert (model.name, model.spec, model.layers) == ("their-network", "their-network", ("here",))
    assert model.module.out_channels == 5
    generator = load_generator("their-generator")
    assert (generator.name, generator.latent_shape, generator.size) == ("their-generator", (4,), (8, 8))
    assert names_itself("their-segmenter")
    assert load_segmenter("their-segmenter").vocabulary.number("sky", "object") == 2


@pytest.mark.usefixtures("package")
def test_networks_that_go_by_name_get_random_weights_from_a_seed():
    first, second, again = (
        weights_hash(load_network("their-network", reinitialize=seed).module) for seed in (1, 2, 1)
    )
    assert first == again != second


@pytest.mark.usefixtures("package")
def test_pictures_of_another_package_go_by_name():
    assert len(open_pictures("theirs")) == len("theirs")
    assert len(open_pictures("theirs:some")) == len("theirs:some")
    assert open_classed("theirs:x").class_names == SCENE_CLASSES
    with pytest.raises(UnitscopeError, match="'their-text' are a str; what is registered must return a Pict"):
        open_pictures("their-text")


@pytest.mark.usefixtures("package")
def test_they_are_listed_without_being_imported(monkeypatch, capsys):
    listed = {each.name: (each.kind, each.about) for each in list_models()}
    assert listed["their-generator"] == ("generator", "from the package their-networks")
    assert listed["their-network"] == ("classifier", "from the package their-networks")
    assert listed["world-vgg"] == ("classifier", "bundled with the embedded world")
    assert "their_networks" not in sys.modules
    from unitscope.cli.main import main

    monkeypatch.setattr(sys, "argv", ["unitscope", "models", "--format", "json"])
    with pytest.raises(SystemExit):
        main()
    assert "their-segmenter" in {row["name"] for row in json.loads(capsys.readouterr().out)}


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "their-broken",
            "which the package their-networks registers as their_networks:broken, cannot be made: "
            "ValueError: no weights",
        ),
        ("their-missing", "cannot be made: ModuleNotFoundError: No module named 'their_nothing'"),
        ("their-segmenter", "model 'their-segmenter' returned a Segmenter; it must return an nn.Module or a"),
        ("their-netwrk", "did you mean 'their-network'"),
    ],
)
def test_what_is_registered_may_fail(name, message):
    with pytest.raises(UnitscopeError) as caught:
        load_network(name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_embedded_world_is_registered_like_any_other():
    trained, untrained = load_network("world-vgg"), load_network("world-vgg-untrained")
    assert (trained.name, trained.layers, trained.classes) == ("world-vgg", CLASSIFIER_LAYERS, SCENE_CLASSES)
    assert trained.preprocessing.size == (112, 112)
    assert (trained.module.fc.weight != untrained.module.fc.weight).any()
    assert [len(open_pictures(spec)) for spec in ("world", "world:7", "world:800:test")] == [1000, 7, 800]
    assert open_pictures("world:8:test").split == "test"
    assert open_pictures("world:8:test:street,coast").scenes == ("street", "coast")
    assert open_pictures("world").split == "val"
    assert load_segmenter("world").name == "world"
