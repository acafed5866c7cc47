"""Networks of torchvision, timm and transformers: built, read, and preprocessed as the libraries say."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import describe_layers, probe_layers, trace
from unitscope.models import hub, libraries
from unitscope.models.default_layers import default_layers
from unitscope.models.libraries import library_model, parse_spec
from unitscope.models.library_preprocessing import from_timm, from_torchvision, from_transformers
from unitscope.sources.framing import Framing


def library(name):
    """Import an optional package, or skip."""
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        pytest.skip(f"needs {name}, which is not installed")
    with hub.quiet():
        return importlib.import_module(name)


@pytest.fixture
def torchvision():
    return library("torchvision.models")


@pytest.fixture
def timm():
    return library("timm")


@pytest.fixture
def transformers():
    return library("transformers")


def picture(height=301, width=420, seed=0):
    """A smooth picture with an edge or two, in which it shows where and how it was resized."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def ours(preprocessing, image):
    framing = Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation)
    return preprocessing.apply(framing.resize(image, preprocessing.size))


def assert_alike(found, expected, scale):
    """Both resize, one after and one before cropping to whole pixels: alike up to about a pixel's shift."""
    assert found.shape == expected.shape
    difference = np.abs(found - expected) * np.reshape(scale, (3, 1, 1))
    assert difference.mean() < 0.01, difference.mean()
    assert np.quantile(difference, 0.99) < 0.04


# What names a network


def test_only_the_libraries_names_are_taken():
    assert library_model("world-vgg") is None
    assert library_model("torchvision.models:resnet18") is None
    assert library_model("net.py:build") is None
    spec = parse_spec("transformers:a/b?weights=none")
    assert (spec.library, spec.name, spec.weights, spec.untrained) == (
        "transformers",
        "a/b",
        "none",
        "transformers:a/b?weights=none",
    )


@pytest.mark.parametrize("spec", ["timm:", "timm:x?y=1", "torchvision:x?weights", "torchvision:x?weights="])
def test_a_name_that_cannot_be_read_says_how_to_write_it(spec):
    with pytest.raises(UnitscopeError, match=r"cannot be read; write (timm|torchvision):NAME, or"):
        library_model(spec)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("torchvision:resnet81", "'resnet81' not found in torchvision; did you mean 'resnet18'"),
        ("torchvision:qqqq", r"'qqqq' not found in torchvision; it has \d+, such as 'alexnet'"),
        ("torchvision:resnet50?weights=V2", "'V2' not found for resnet50;.* IMAGENET1K_V1, IMAGENET1K_V2"),
        ("timm:vit_tiny_patch16_225", "not found in timm; did you mean 'vit_tiny_patch16_224'"),
        ("timm:resnet18.a1_in2k", "weights 'a1_in2k' not found for resnet18; did you mean 'a1_in1k'"),
        ("transformers:a/b?weights=best", "has one set of weights"),
    ],
)
def test_unknown_names_offer_the_nearest(spec, said):
    library(spec.partition(":")[0])
    with pytest.raises(UnitscopeError, match=said):
        library_model(spec)


@pytest.mark.parametrize("name", ["torchvision", "timm", "transformers"])
def test_a_missing_package_names_what_to_install(name, monkeypatch):
    for module in list(sys.modules):
        if module.partition(".")[0] == name:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Hidden(name), *sys.meta_path])
    with pytest.raises(
        UnitscopeError,
        match=rf"needs the package {name}, which is not installed; pip install 'unitscope\[networks\]'",
    ):
        library_model(f"{name}:anything")


class Hidden:
    """Import as if a package were not there."""

    def __init__(self, name):
        self.name = name

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {self.name!r}", name=self.name)


@pytest.mark.parametrize("spec", ["torchvision:resnet18", "timm:resnet10t"])
def test_without_a_network_one_line_says_what_to_do(spec, monkeypatch, tmp_path):
    library(spec.partition(":")[0])
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    for module in (hub, libraries):
        monkeypatch.setattr(module, "reachable", lambda address: False)
    constants = library("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnitscopeError) as error:
        library_model(spec)
    assert str(error.value) == (
        f"no weights for '{spec}': they are not in the cache and no network can be reached; give a local file "
        f"with weights=FILE, or take random weights with '{spec}?weights=none'"
    )
    assert constants.HF_HUB_OFFLINE is False


# Networks


@pytest.mark.parametrize(
    ("spec", "layer", "units", "grid"),
    [
        ("torchvision:alexnet", "features.11", 256, (13, 13)),
        ("torchvision:vgg16", "features.29", 512, (14, 14)),
        ("torchvision:resnet18", "layer4.1", 512, (7, 7)),
        ("torchvision:efficientnet_b0", "features.8", 1280, (7, 7)),
        ("torchvision:convnext_tiny", "features.7", 768, (7, 7)),
        ("torchvision:vit_b_16", "encoder.layers.encoder_layer_11", 768, (14, 14)),
        ("torchvision:swin_t", "features.7", 768, (7, 7)),
        ("torchvision:googlenet", "inception5b", 1024, (7, 7)),
        ("timm:convnext_atto", "stages.3", 320, (7, 7)),
        ("timm:vit_little_patch16_reg4_gap_256", "blocks.13", 320, (16, 16)),
        ("timm:swin_tiny_patch4_window7_224", "layers.3", 768, (7, 7)),
        ("timm:mixer_s16_224", "blocks.7", 512, (14, 14)),
    ],
)
def test_a_network_and_the_layer_to_look_into(spec, layer, units, grid):
    library(spec.partition(":")[0])
    model = library_model(f"{spec}?weights=none")
    assert model.name == spec.partition(":")[2]
    assert model.layers == (layer,)
    assert not model.module.training
    assert len(model.classes) == 1000
    assert "tench" in model.classes[0]
    size = model.preprocessing.size
    listed = {row.name: row for row in describe_layers(meta(model.module), blank(size))}
    assert (listed[layer].units, listed[layer].grid) == (units, grid)


def meta(module):
    return module.to("meta")


def blank(size):
    return torch.zeros(1, 3, *size, device="meta")


def test_tokens_of_vit_are_those_of_its_patches(torchvision):
    module = torchvision.vit_b_16(weights=None, image_size=64).eval()
    inputs = torch.randn(2, 3, 64, 64)
    read = {}
    probed = probe_layers(module, inputs[:1], ["encoder.layers.encoder_layer_1.mlp.0", "conv_proj"])
    with trace(
        module, list(probed), lambda name, value: read.update({name: probed[name].read(value)})
    ) as run:
        run(inputs)
    neurons = read["encoder.layers.encoder_layer_1.mlp.0"]
    assert neurons.shape == (2, 3072, 4, 4)
    # One patch changed: the embedding changes there and nowhere else.
    inputs[:, :, 16:32, 32:48] = 0
    before = read["conv_proj"].clone()
    with trace(
        module, list(probed), lambda name, value: read.update({name: probed[name].read(value)})
    ) as run:
        run(inputs)
    changed = (read["conv_proj"] - before).abs().amax((0, 1)) > 1e-6
    assert changed.nonzero().tolist() == [[1, 2]]


def test_register_tokens_are_dropped(timm):
    module = library_model("timm:vit_little_patch16_reg4_gap_256?weights=none").module
    inputs = torch.randn(1, 3, 256, 256)
    layer = probe_layers(module, inputs, ["blocks.0"])["blocks.0"]
    assert (layer.reading.tokens, layer.reading.before) == (260, 4)
    tokens = {}
    with trace(module, ["blocks.0"], lambda name, value: tokens.update({name: value})) as run:
        run(inputs)
    values = tokens["blocks.0"]
    assert torch.equal(layer.read(values)[0, :, 3, 5], values[0, 4 + 3 * 16 + 5])


@pytest.mark.parametrize(
    ("spec", "inner", "reason"),
    [
        ("timm:swin_tiny_patch4_window7_224", "layers.0.blocks.0.attn", "windows of the picture"),
        ("torchvision:maxvit_t", "blocks.0.layers.0.layers.window_attention.attn_layer", "several axes run"),
    ],
)
def test_what_happens_inside_windows_is_refused(spec, inner, reason):
    library(spec.partition(":")[0])
    module = library_model(f"{spec}?weights=none").module.to("meta")
    with pytest.raises(UnitscopeError, match=f"{inner!r} returns shape .*{reason}"):
        probe_layers(module, torch.zeros(1, 3, 224, 224, device="meta"), [inner])


def test_random_weights_are_the_same_each_time(torchvision):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second = (library_model("torchvision:resnet18", pretrained=False).module for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_networks_are_the_libraries_own(torchvision):
    with hub.from_seed():
        theirs = torchvision.resnet18(weights=None).eval()
    found = library_model("torchvision:resnet18?weights=none").module
    assert type(found) is type(theirs)
    assert found.state_dict().keys() == theirs.state_dict().keys()


def test_other_weights_bring_their_own_preprocessing(torchvision, monkeypatch, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    for weights in torchvision.ResNet50_Weights:
        (tmp_path / "checkpoints" / Path(weights.url).name).touch()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torchvision, "get_model", lambda name, weights: nn.Conv2d(3, 4, 1))
    first, second = (
        library_model(f"torchvision:resnet50?weights=IMAGENET1K_V{i}").preprocessing for i in (1, 2)
    )
    assert (round(first.share, 3), round(second.share, 3)) == (0.875, 0.966)


def test_a_checkpoint_that_would_run_code_is_refused(torchvision, monkeypatch, tmp_path):
    class Payload:
        def __reduce__(self):
            return (exec, ("raise SystemExit('ran')",))

    weights = torchvision.ResNet18_Weights.DEFAULT
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / weights.url.rpartition("/")[2]).write_bytes(pickle.dumps(Payload()))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(
        UnitscopeError, match="no weights for 'torchvision:resnet18': UnpicklingError: Weights only"
    ):
        library_model("torchvision:resnet18")


def test_default_layers_fall_back_to_any_grid():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 5, 3, 2)

        def forward(self, x):
            return self.second(self.first(x)).mean((2, 3))

    assert default_layers(Plain(), (32, 32)) == ("second",)
    assert default_layers(Plain(), (32, 32), outputs=5) == ("first",)
    assert default_layers(nn.Sequential(nn.Flatten(), nn.Linear(48, 3)), (4, 4)) == ()


# transformers, from folders made on the spot


def tiny(transformers, kind="ViT", **settings):
    config = getattr(transformers, f"{kind}Config")(
        id2label={0: "cat", 1: "dog", 2: "tree"}, label2id={"cat": 0, "dog": 1, "tree": 2}, **settings
    )
    torch.manual_seed(7)
    return getattr(transformers, f"{kind}ForImageClassification")(config).eval()


TINY_VIT = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "image_size": 32,
    "patch_size": 8,
}


@pytest.fixture
def folder(transformers, tmp_path):
    with hub.quiet():
        tiny(transformers, **TINY_VIT).save_pretrained(tmp_path / "vit")
        processor = transformers.ViTImageProcessor(
            size={"height": 32, "width": 32}, image_mean=[0.1, 0.2, 0.3]
        )
        processor.save_pretrained(tmp_path / "vit")
    return tmp_path / "vit"


def test_a_classifier_from_a_folder(transformers, folder):
    model = library_model(f"transformers:{folder}")
    assert model.classes == ("cat", "dog", "tree")
    assert (model.preprocessing.size, model.preprocessing.mean) == ((32, 32), (0.1, 0.2, 0.3))
    (layer,) = model.layers
    found = probe_layers(model.module, torch.zeros(1, 3, 32, 32), [layer])[layer]
    assert (found.units, found.grid) == (16, (4, 4))
    theirs = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.module(inputs), theirs(inputs).logits)


def test_loading_prints_nothing_where_there_is_no_terminal(transformers, folder, capfd):
    logging = transformers.utils.logging
    capfd.readouterr()
    library_model(f"transformers:{folder}")
    assert capfd.readouterr() == ("", "")
    assert logging.is_progress_bar_enabled()


def test_a_network_of_transformers_is_left_as_it_was(folder):
    module = library_model(f"transformers:{folder}").module
    inputs = torch.randn(2, 3, 32, 32)
    state = [(name, sorted(vars(part)), len(part._forward_hooks)) for name, part in module.named_modules()]
    with torch.no_grad():
        before = module(inputs)
    layers = [row.name for row in describe_layers(module, inputs[:1]) if row.grid is not None]
    for layer in layers:
        with trace(module, [layer], lambda *_: None) as run:
            run(inputs)
    assert state == [
        (name, sorted(vars(part)), len(part._forward_hooks)) for name, part in module.named_modules()
    ]
    with torch.no_grad():
        assert torch.equal(module(inputs), before)


def test_random_weights_of_a_configuration(folder):
    first, second = (library_model(f"transformers:{folder}?weights=none").module for _ in range(2))
    trained = library_model(f"transformers:{folder}").module
    key = next(name for name, value in first.state_dict().items() if value.ndim == 2)
    assert torch.equal(first.state_dict()[key], second.state_dict()[key])
    assert not torch.equal(first.state_dict()[key], trained.state_dict()[key])


def test_pickled_weights_of_transformers_are_refused(folder):
    weights = folder / "model.safetensors"
    weights.rename(folder / "pytorch_model.bin")
    with pytest.raises(UnitscopeError, match="has no safetensors file; a pickled one may run any code"):
        library_model(f"transformers:{folder}")


def test_a_folder_that_is_none_says_so(folder):
    with pytest.raises(UnitscopeError, match=r"folder '.*/vti' does not exist; did you mean '.*/vit'"):
        library_model(f"transformers:{folder.parent / 'vti'}")
    with pytest.raises(UnitscopeError, match=r"has no config\.json; give a folder made by save_pretrained"):
        library_model(f"transformers:{folder.parent}")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(UnitscopeError, match="is a bert, which transformers has no image classifier for"):
        library_model(f"transformers:{folder}")


def test_a_configuration_with_code_of_its_own_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    config.update(model_type="unheard-of", auto_map={"AutoConfig": "evil.Config"})
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnitscopeError, match="cannot be read"):
        library_model(f"transformers:{folder}")


def test_without_a_processor_the_network_gets_that_of_its_kind(transformers, folder):
    (folder / "preprocessor_config.json").unlink()
    found = library_model(f"transformers:{folder}").preprocessing
    assert found.size == (32, 32)
    assert found.mean == tuple(transformers.ViTImageProcessor().image_mean)


@pytest.mark.parametrize(
    ("kind", "settings", "size", "units", "grid"),
    [
        ("ResNet", {"embedding_size": 8, "hidden_sizes": [8, 12], "depths": [1, 1]}, 32, 12, (4, 4)),
        ("ConvNext", {"hidden_sizes": [8, 12], "depths": [1, 1], "num_stages": 2}, 32, 12, (4, 4)),
        (
            "Swin",
            {"embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2], "window_size": 2, "image_size": 32},
            32,
            16,
            (4, 4),
        ),
        ("Dinov2WithRegisters", {**TINY_VIT, "num_register_tokens": 3, "mlp_ratio": 2}, 32, 16, (4, 4)),
        ("BeiT".title(), TINY_VIT, 32, 16, (4, 4)),
    ],
)
def test_families_of_transformers(transformers, kind, settings, size, units, grid):
    with hub.quiet():
        module = tiny(transformers, kind, **settings)
    (layer,) = default_layers(module, (size, size), outputs=3)
    found = probe_layers(module, torch.zeros(1, 3, size, size), [layer])[layer]
    assert (found.units, found.grid) == (units, grid)


# Preprocessing, held to what the libraries' own code makes of a picture


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "swin_t", "vit_l_16", "convnext_tiny"])
def test_preprocessing_of_torchvision(torchvision, name):
    transforms = torchvision.get_model_weights(name).DEFAULT.transforms()
    image = picture()
    expected = transforms(Image.fromarray(image)).numpy()
    assert_alike(ours(from_torchvision(transforms), image), expected, transforms.std)


@pytest.mark.parametrize(
    "name", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto", "vit_small_patch14_dinov2"]
)
def test_preprocessing_of_timm(timm, name):
    with hub.quiet():
        module = timm.create_model(name)
    config = timm.data.resolve_model_data_config(module)
    transform = timm.data.create_transform(**config, is_training=False)
    image = picture()
    assert_alike(ours(from_timm(config), image), transform(Image.fromarray(image)).numpy(), config["std"])


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("ViT", {}),
        ("ConvNext", {}),
        ("ConvNext", {"size": {"shortest_edge": 224}}),
        ("Beit", {}),
        ("Beit", {"do_center_crop": True, "size": {"height": 256, "width": 256}}),
        ("EfficientNet", {}),
        ("EfficientNet", {"rescale_factor": 1 / 127.5, "rescale_offset": True}),
        ("Levit", {}),
        ("MobileNetV2", {}),
        ("MobileViT", {"size": {"shortest_edge": 288}}),
        ("PoolFormer", {}),
        ("CLIP", {}),
    ],
)
def test_preprocessing_of_transformers(transformers, kind, settings):
    processor = getattr(transformers, f"{kind}ImageProcessor")(**settings)
    image = picture()
    expected = processor(Image.fromarray(image), return_tensors="np")["pixel_values"][0]
    found = from_transformers(processor.to_dict())
    assert_alike(ours(found, image), expected, found.scale)
