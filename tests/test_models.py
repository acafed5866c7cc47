"""Networks by name or by a function of the user's own, their preprocessing and their weights."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.models.factories import call_factory, find_function
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.models.registry import load_network
from unitscope.models.reinitialize import reinitialize
from unitscope.models.weights import weights_hash
from unitscope.nouns import network as networks
from unitscope.sources.framing import Framing
from unitscope.sources.pictures import PictureFolder

NETWORK = """
from torch import nn
import neighbour_of_the_network as neighbour

class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, neighbour.WIDTH, 3)

    def forward(self, x):
        return self.conv(x)

def tiny():
    return Tiny().train()

def described():
    from unitscope.models.network import Network
    from unitscope.models.preprocessing import Preprocessing
    return Network(Tiny(), Preprocessing(size=(32, 32)), layers=("conv",))

def of_depth(depth, width=3):
    return Tiny()

def fails():
    return deeper()

def deeper():
    raise KeyError("no\\nweights")

def pair():
    return Tiny(), lambda x: x

def nothing():
    pass

instance = Tiny()
"""


@pytest.fixture
def network(tmp_path: Path) -> str:
    (tmp_path / "network.py").write_text(NETWORK)
    (tmp_path / "neighbour_of_the_network.py").write_text("WIDTH = 5\n")
    return str(tmp_path / "network.py")


def failure(spec: str, **options: object) -> str:
    with pytest.raises(UnitscopeError) as caught:
        load_network(spec, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_function_of_a_file(network: str) -> None:
    path = list(sys.path)
    model = load_network(f"{network}:tiny")
    assert sys.path == path
    assert model.module.conv.out_channels == 5
    assert not model.module.training
    assert (model.name, model.spec, model.preprocessing) == ("tiny", f"{network}:tiny", Preprocessing())


def test_a_function_may_describe_its_network(network: str) -> None:
    model = load_network(f"{network}:described", preprocess="channels=bgr")
    assert (model.name, model.layers) == ("described", ("conv",))
    assert model.preprocessing == Preprocessing(size=(32, 32), channels="bgr")


def test_a_network_may_stand_for_the_function(network: str) -> None:
    assert load_network(f"{network}:instance").module.conv.out_channels == 5


def test_a_function_of_a_module(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(load_network("torch.nn:Identity").module, nn.Identity)
    monkeypatch.chdir(Path(network).parent)
    assert load_network("network:tiny").name == "tiny"


def test_a_file_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file, hashes = tmp_path / "own.py", []
    for number in (3, 4):
        file.write_text(f"def answer(of):\n    return {number}\n")
        os.utime(file, (10**9, 10**9))  # kept bytecode is found by second and length
        function, source_hash = find_function(f"{file}:answer", "function", "of")
        assert function(0) == number
        assert source_hash == hashlib.sha256(file.read_bytes()).hexdigest()
        hashes.append(source_hash)
    assert hashes[0] != hashes[1]


def test_neighbours_are_those_of_the_file(network: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "network.py").write_text(NETWORK)
    (other / "neighbour_of_the_network.py").write_text("WIDTH = 7\n")
    files = (network, other / "network.py", network)
    widths = [load_network(f"{file}:tiny").module.conv.out_channels for file in files]
    assert widths == [5, 7, 5]
    kept = sys.modules["neighbour_of_the_network"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "own.py").write_text("from torch import nn\nmake = nn.Identity\n")
    load_network(f"{elsewhere / 'own.py'}:make")
    assert sys.modules["neighbour_of_the_network"] is kept, "nothing there has its name"


def test_a_module_that_has_changed_since_it_was_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file, spec = tmp_path / "module_that_changes.py", "module_that_changes:answer"
    file.write_text("def answer(of):\n    return 3\n")
    importlib.import_module("module_that_changes")  # by somebody who may hold on to what is in it
    assert find_function(spec, "function", "of")[0](0) == find_function(spec, "function", "of")[0](0) == 3
    file.write_text("def answer(of):\n    return 4\n")
    with pytest.raises(
        UnitscopeError, match=r"'module_that_changes' was imported before .* was changed; start Python"
    ):
        find_function(spec, "function", "of")
    importlib.reload(sys.modules["module_that_changes"])
    function, source_hash = find_function(spec, "function", "of")
    assert function(0) == 4
    assert source_hash == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_lies_beside_a_file_is_read_anew_where_any_of_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "changing").mkdir()
    (tmp_path / "changing" / "__init__.py").write_text("")
    deep = tmp_path / "changing" / "deep.py"
    deep.write_text("LAYERS = 3\n")
    (tmp_path / "between_them.py").write_text("from changing.deep import LAYERS\n")
    (tmp_path / "asked.py").write_text(
        "from between_them import LAYERS\n\n\ndef answer():\n    return LAYERS\n"
    )
    for spec in (f"{tmp_path}/asked.py:answer", "asked:answer"):
        deep.write_text("LAYERS = 3\n")
        assert call_factory(spec, "model") == 3
        kept = sys.modules["between_them"]
        assert call_factory(spec, "model") == 3
        assert sys.modules["between_them"] is kept
        deep.write_text("LAYERS = 40\n")
        assert call_factory(spec, "model") == 40
    deep.unlink()
    with pytest.raises(UnitscopeError, match=r"No module named 'changing\.deep'"):
        call_factory("asked:answer", "model")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("tinny", "model function 'tinny' not found in {file}; did you mean 'tiny' or "),
        ("xyz", "not found in {file}; it has Tiny, tiny, described, of_depth"),
        ("of_depth", "needs arguments (depth); write a function without arguments that calls it"),
        ("fails", "raised KeyError: 'no\\nweights' (network.py, line 28)"),
        ("pair", "returned a tuple of Tiny, function; it must return an nn.Module or a"),
        ("nothing", "returned nothing (None); it must return an nn.Module"),
    ],
)
def test_functions_that_do_not_work(network: str, function: str, message: str) -> None:
    assert message.format(file=network) in failure(f"{network}:{function}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import nowhere_to_be_found",
            "cannot be imported: ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ),
        ("x = 1\ny = 1 / 0", "cannot be imported: ZeroDivisionError: division by zero (broken.py, line 2)"),
        ("x = 1\n\ndef (", "cannot be imported: SyntaxError: invalid syntax (broken.py, line 3)"),
    ],
)
def test_files_that_cannot_be_imported(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "broken.py").write_text(text)
    path, modules = list(sys.path), set(sys.modules)
    assert message in failure(f"{tmp_path / 'broken.py'}:make")
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if "broken" in name}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("world-vg", "model 'world-vg' not found; did you mean 'world-vgg'"),
        ("alexnet", "did you mean 'alexnet-places365'"),
        (
            "vgg16-places",
            "models are world-vgg, world-vgg-untrained, vgg16",
        ),
        (
            "proggan-bedroom",
            "'proggan-bedroom' is a generator, which makes pictures instead of reading them; give latents=",
        ),
        ("upp", "give it with concepts='upp'"),
        ("torchvison:resnet18", "did you mean 'torchvision:resnet18'"),
        ("nowhere.py:make", "model file 'nowhere.py' does not exist"),
        ("nowhere.package:make", "model module 'nowhere.package' cannot be imported: ModuleNotFoundError"),
        ("torch.nn.Identity", "for a function of a module, give 'torch.nn:Identity'"),
        ("some/weights.pth", "is a file of weights, which says nothing about the network"),
        (
            "weights.safetensors",
            "write a function that builds the network and loads them, and give FILE.py:FUNCTION",
        ),
        ("network.pt2", "is an exported program, which has lost the names of its layers"),
    ],
)
def test_names_that_are_not_networks(spec: str, message: str) -> None:
    assert message in failure(spec)


def test_a_file_without_a_function(network: str) -> None:
    assert (
        failure(network) == f"model file '{network}' is given without a function; give '{network}:FUNCTION'"
    )


# Preprocessing


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_preprocessing_follows_its_definition(channels: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    settings = Preprocessing(
        channels=channels,  # type: ignore[arg-type]
        range=(-1, 1),
        mean=(0.1, 0.2, 0.3),
        scale=(1.5, 2, 3),
    )
    ordered = picture[..., ::-1] if channels == "bgr" else picture
    expected = (ordered / 255 * 2 - 1 - np.array([0.1, 0.2, 0.3])) / np.array([1.5, 2, 3])
    result = settings.apply(picture)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    np.testing.assert_allclose(result, expected.transpose(2, 0, 1), rtol=1e-6, atol=1e-7)


def test_preprocessing_survives_json() -> None:
    settings = Preprocessing(size=(192, 256), channels="bgr", mean=(1, 2, 3), framing="crop")
    assert settings.to_dict()["size"] == [192, 256]
    assert msgspec.convert(settings.to_dict(), Preprocessing) == settings


def test_preprocessing_from_the_command_line() -> None:
    text = "size=192, channels=bgr,range=0:255,mean=104.05:112.51:116.68,scale=255"
    parsed = parse_preprocessing(text, Preprocessing(framing="crop"))
    mean = (104.05, 112.51, 116.68)
    assert parsed == Preprocessing((192, 192), "bgr", (0, 255), mean, (255.0,) * 3, "crop")
    assert parse_preprocessing("size=192x256", Preprocessing()).size == (192, 256)
    assert parse_preprocessing("", parsed) == parsed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sise=3",
            "unknown preprocessing setting 'sise'; did you mean 'size'? settings are size, channels, range",
        ),
        ("size", "preprocessing setting 'size' has no value; write size=224 or size=192x256"),
        ("size=big", "preprocessing setting size='big' cannot be read; write for example size=224"),
        ("size=1x2x3", "preprocessing setting 'size' cannot be (1, 2, 3); give a positive height and width"),
        ("size=0", "preprocessing setting 'size' cannot be (0, 0)"),
        ("size=1,size=2", "preprocessing setting 'size' is given twice"),
        ("channels=brg", "preprocessing setting 'channels' cannot be 'brg'; give one of rgb, bgr"),
        ("framing=pad", "preprocessing setting 'framing' cannot be 'pad'; give one of squash, crop"),
        ("range=1:0", "preprocessing setting 'range' cannot be (1.0, 0.0); give low and high"),
        ("range=255", "preprocessing setting 'range' cannot be (255.0,)"),
        ("mean=1:2", "preprocessing setting 'mean' cannot be (1.0, 2.0); give one number a channel"),
        ("scale=0", "preprocessing setting 'scale' cannot be (0.0, 0.0, 0.0); give a number but 0"),
        ("mean=nan", "preprocessing setting 'mean' cannot be (nan, nan, nan)"),
    ],
)
def test_preprocessing_mistakes(text: str, message: str) -> None:
    with pytest.raises(UnitscopeError) as caught:
        parse_preprocessing(text, Preprocessing())
    assert message in str(caught.value)


@pytest.mark.parametrize("given", [nn.Identity(), lambda picture: picture, {}, 224])
def test_a_preprocessing_that_is_no_text_says_what_to_give(given: object) -> None:
    with pytest.raises(UnitscopeError, match=r"of type \w+ is given, .*write its settings as text") as caught:
        networks.network(nn.Conv2d(3, 4, 3), preprocess=given)
    assert "\n" not in str(caught.value)


# Weights


def everything() -> nn.Module:
    class Token(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Parameter(torch.zeros(1, 1, 8))
            self.gain = nn.Parameter(torch.full((8,), 0.7))

    network = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8),
        nn.Sequential(nn.ConvTranspose2d(8, 4, 2), nn.GroupNorm(2, 4)),
        nn.Linear(4, 8, dtype=torch.bfloat16),
        nn.MultiheadAttention(8, 2),
        Token(),
    )
    network[1].running_mean.fill_(3.0)
    network[1].weight.data.fill_(5.0)
    network[1].num_batches_tracked.fill_(7)
    return network


def test_reinitialize_changes_everything_and_only_that() -> None:
    network = everything()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    reinitialize(network, 0)
    assert torch.equal(torch.get_rng_state(), state)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    matrices = {name for name, value in network.named_parameters() if value.ndim >= 2}
    assert matrices <= changed
    assert {"0.bias", "1.running_mean", "1.weight", "1.num_batches_tracked"} <= changed
    assert network[1].weight.unique().tolist() == [1.0]
    assert network[5].gain.unique().tolist() == [1.0]


def test_reinitialize_repeats_itself() -> None:
    first, second, other = everything(), everything(), everything()
    reinitialize(first, 3)
    reinitialize(second, 3)
    reinitialize(other, 4)
    assert weights_hash(first) == weights_hash(second) != weights_hash(other)


def test_reinitialize_needs_weights() -> None:
    with pytest.raises(UnitscopeError, match="ReLU has no weights that could be reinitialized"):
        reinitialize(nn.ReLU(), 0)


def test_weights_hash_sees_names_shapes_types_and_bytes() -> None:
    def network(shape: tuple[int, ...], dtype: torch.dtype, name: str = "x", value: float = 1.0) -> nn.Module:
        module = nn.Module()
        module.register_buffer(name, torch.full(shape, value, dtype=dtype))
        return module

    variants = [
        network((4,), torch.float32),
        network((2, 2), torch.float32),
        network((4,), torch.int32),
        network((4,), torch.bfloat16),
        network((4,), torch.float32, name="y"),
        network((4,), torch.float32, value=1.5),
        network((), torch.float32),
        network((4,), torch.bool),
        network((4,), torch.complex64),
    ]
    hashes = [weights_hash(variant) for variant in variants]
    assert len(set(hashes)) == len(variants)
    assert hashes == [weights_hash(variant) for variant in variants]


def test_weights_hash_does_not_depend_on_the_layout_in_memory() -> None:
    one, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.load_state_dict(one.state_dict())
    other.weight.data = one.weight.data.T.contiguous().T
    assert not other.weight.is_contiguous()
    assert weights_hash(one) == weights_hash(other)


def test_a_real_network_recognises_places(shared: Path) -> None:
    text = "size=192,channels=bgr,range=0:255,mean=104.05:112.51:116.68,scale=255"
    model = load_network(f"{shared / 'models' / 'real_models.py'}:squeezenet_places365", preprocess=text)
    rows = (shared / "data" / "places96" / "classes.tsv").read_text().splitlines()[1:]
    numbers = {name: int(number) for name, number in (row.split("\t") for row in rows)}
    source = PictureFolder(shared / "data" / "places96" / "val")
    chosen = range(0, len(source), 36)
    right = 0
    for index in chosen:
        picture = Framing().resize(source.read(index), model.preprocessing.size)
        with torch.no_grad():
            scores = model.module(torch.from_numpy(model.preprocessing.apply(picture))[None])
        right += int(scores.argmax()) == numbers[source.sample_ids[index].split("/")[0]]
    assert right / len(chosen) > 0.15
