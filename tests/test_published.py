"""The networks of the paper by name: from a file, from a server, without weights; their layers by readable names."""

import http.server
import json
import threading
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import unitscope
from unitscope import cli
from unitscope.errors import UnitscopeError
from unitscope.models import networks, registry
from unitscope.models.catalogue import CATALOGUE
from unitscope.models.registry import MODELS, load_generator, load_network
from unitscope.run.selection import select_units


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UNITSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UNITSCOPE_MIRROR", "http://127.0.0.1:9/")
    return tmp_path / "cache" / "models"


@pytest.fixture
def alexnet(tmp_path):
    torch.manual_seed(1)
    module = networks.alexnet_places365()
    torch.save(module.state_dict(), tmp_path / "alexnet.pth")
    return module, tmp_path / "alexnet.pth"


def test_weights_come_from_a_file(alexnet):
    module, file = alexnet
    model = load_network("alexnet-places365", weights=file)
    for name, value in model.module.state_dict().items():
        assert torch.equal(value, module.state_dict()[name]), name
    assert model.preprocessing.size == (227, 227)
    assert len(model.classes) == 365
    assert model.layers == ("relu5",)


def test_weights_come_from_a_server(alexnet, cache, tmp_path):
    file = CATALOGUE["alexnet-places365"].files[0]
    served = tmp_path / "served"
    served.mkdir()
    alexnet[1].rename(served / file.name)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(UnitscopeError, match="is not the published file: its SHA-256 starts with"):
            load_network("alexnet-places365", mirror=f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert not (cache / file.name).exists()


def test_a_file_put_into_the_cache_by_hand_is_used(alexnet, cache):
    cache.mkdir(parents=True)
    alexnet[1].rename(cache / CATALOGUE["alexnet-places365"].files[0].name)
    model = load_network("alexnet-places365")
    assert torch.equal(model.module.conv1.weight, alexnet[0].conv1.weight)


@pytest.mark.parametrize("name", [name for name in MODELS if name in CATALOGUE])
def test_without_weights_nothing_is_downloaded(name):
    with pytest.raises(UnitscopeError, match=r"cannot download http://127\.0\.0\.1:9/.*--weights FILE"):
        registry.load_network(name, mirror="http://127.0.0.1:9/")
    assert load_network(name, pretrained=False).layers
    first, again = (load_network(name, reinitialize=3).module.state_dict() for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_weights_of_another_network_are_refused(alexnet):
    with pytest.raises(UnitscopeError, match=r"alexnet\.pth are not those of .*: missing 'features\.conv1_1"):
        load_network("vgg16-places365", weights=alexnet[1])


def test_weights_may_be_given_to_any_network(tmp_path):
    module = load_network("world-vgg").module
    save_file({name: value + 1 for name, value in module.state_dict().items()}, tmp_path / "w.safetensors")
    model = load_network("world-vgg-untrained", weights=tmp_path / "w.safetensors")
    name, value = next(iter(module.state_dict().items()))
    assert torch.equal(model.module.state_dict()[name], value + 1)


@pytest.fixture
def run_command(monkeypatch):
    """Run a command; return its exit code."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["unitscope", *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0

    return run


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2), torch.nn.Conv2d(4, 5, 3, 2))

    def forward(self, x):
        return self.stages(x).mean((2, 3))


def test_an_alias_names_a_layer_wherever_one_is_named(tmp_path, capsys, run_command):
    torch.manual_seed(0)
    model = unitscope.Network(Small(), name="small", aliases={"last": "stages.1"})
    assert [model.layer_name(name) for name in ("last", "last#2", "last[0]", "stages.0")] == [
        "stages.1", "stages.1#2", "stages.1[0]", "stages.0"
    ]  # fmt: skip
    assert {layer.name: layer.alias for layer in unitscope.layers(model)} == {
        "stages.0": "", "stages.1": "last", "stages": ""
    }  # fmt: skip
    run = unitscope.dissect(model, "world:6", out=tmp_path / "run", layers=["last"])
    assert set(run.units["layer"]) == {"stages.1"}
    assert len(select_units(run, layers=["last"])) == 5
    assert run_command("units", str(run.path), "--layer", "last", "--format", "json") == 0
    assert {row["layer"] for row in json.loads(capsys.readouterr().out)} == {"stages.1"}


def test_generators_are_loaded_from_files_and_by_name(tmp_path, cache):
    torch.manual_seed(0)
    generator = networks.ProgressiveGenerator(6, [8, 8, 4, 4])
    file = tmp_path / "gan.pth"
    torch.save({"state_dict": generator.state_dict()}, file)
    latents = torch.randn(2, 6)
    expected = generator.eval()(latents).detach().numpy()
    np.testing.assert_array_equal(load_generator(file).module(latents).detach().numpy(), expected)
    cache.mkdir(parents=True)
    file.rename(cache / CATALOGUE["proggan-kitchen"].files[0].name)
    np.testing.assert_array_equal(
        load_generator("proggan-kitchen").module(latents).detach().numpy(), expected
    )
    with pytest.raises(
        UnitscopeError, match="generator 'proggan-kitchn' not found; did you mean 'proggan-kitchen'"
    ):
        load_generator("proggan-kitchn")


def test_the_command_lists_and_downloads(capsys, cache, run_command):
    assert run_command("models", "--format", "json") == 0
    listed = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert {*MODELS, *CATALOGUE, "world-vgg", "world-gan", "world", "colors"} <= set(listed)
    network = networks.vgg16_places365()
    values = sum(value.numel() for value in network.state_dict().values())
    assert listed["vgg16-places365"]["expected_bytes"] == 4 * values
    assert listed["proggan-kitchen"]["expected_bytes"] is None
    assert not listed["vgg16-places365"]["cached"]
    (cache / "x").parent.mkdir(parents=True)
    (cache / CATALOGUE["vgg16-places365"].files[0].name).write_bytes(b"12345")
    assert run_command("models", "--download", "vgg16-places365") == 0
    assert capsys.readouterr().out.strip().endswith("vgg16_places365-0bafbc55.pth")
    assert run_command("models", "--format", "json") == 0
    row = {row["name"]: row for row in json.loads(capsys.readouterr().out)}["vgg16-places365"]
    assert (row["cached"], row["bytes"]) == (True, 5)
    assert run_command("models", "--download", "vgg61-places365") == 2
    assert "did you mean 'vgg16-places365'" in capsys.readouterr().err
