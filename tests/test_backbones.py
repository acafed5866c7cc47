"""Networks of the libraries that tell no classes apart: towers, backbones, segmentation and detection networks."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_libraries import TINY_VIT, library

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.models.forwarded import inside
from unitscope.models.libraries import library_model

READS = {**TINY_VIT, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
DECODES = {f"decoder_{name}": TINY_VIT[name] for name in list(TINY_VIT)[:4]}
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}
DETR = {
    **{
        f"{part}_{name}": 2
        for part in ("encoder", "decoder")
        for name in ("layers", "attention_heads", "ffn_dim")
    },
    "d_model": 16,
    "num_queries": 5,
    "use_timm_backbone": False,
    "use_pretrained_backbone": False,
}


def made(transformers, kind):
    """Return a tiny network of a kind with random weights."""
    configs, resnet = transformers, None
    if kind in ("UperNetForSemanticSegmentation", "DetrForObjectDetection"):
        resnet = transformers.ResNetConfig(**RESNET, out_features=[f"stage{i}" for i in range(1, 5)])
    config = {
        "CLIPModel": lambda: configs.CLIPConfig(text_config=READS, vision_config=TINY_VIT, projection_dim=8),
        "SiglipModel": lambda: configs.SiglipConfig(text_config=READS, vision_config=TINY_VIT),
        "Dinov2Model": lambda: configs.Dinov2Config(**TINY_VIT),
        "DINOv3ViTModel": lambda: configs.DINOv3ViTConfig(**TINY_VIT),
        "ViTModel": lambda: configs.ViTConfig(**TINY_VIT),
        "ViTMAEForPreTraining": lambda: configs.ViTMAEConfig(**TINY_VIT, **DECODES),
        "SegformerForSemanticSegmentation": lambda: configs.SegformerConfig(
            hidden_sizes=[8, 8, 16, 16],
            depths=[1, 1, 1, 1],
            num_attention_heads=[1, 1, 2, 2],
            decoder_hidden_size=16,
        ),
        "UperNetForSemanticSegmentation": lambda: configs.UperNetConfig(
            backbone_config=resnet, hidden_size=16, auxiliary_in_channels=16, auxiliary_channels=8
        ),
        "YolosForObjectDetection": lambda: configs.YolosConfig(
            **{**TINY_VIT, "image_size": [32, 48]}, num_detection_tokens=5
        ),
        "DetrForObjectDetection": lambda: configs.DetrConfig(backbone=None, backbone_config=resnet, **DETR),
    }[kind]()
    torch.manual_seed(7)
    return getattr(transformers, kind)(config).eval()


KINDS = {
    "CLIPModel": ("encoder.layers.1", "vision_model."),
    "SiglipModel": ("encoder.layers.1", "vision_model."),
    "Dinov2Model": ("encoder.layer.1", ""),
    "DINOv3ViTModel": ("model.layer.1", ""),
    "ViTModel": ("layers.1", ""),
    "ViTMAEForPreTraining": ("layers.1", "vit."),
    "SegformerForSemanticSegmentation": ("segformer.stages.3", ""),
    "UperNetForSemanticSegmentation": ("backbone.encoder.stages.3", ""),
    "YolosForObjectDetection": ("vit.encoder.layer.1", ""),
    "DetrForObjectDetection": ("model.encoder.layers.1", ""),
}


@pytest.fixture(scope="module")
def transformers():
    return library("transformers")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_classifier_loads_by_name(transformers, kind, tmp_path):
    theirs = made(transformers, kind)
    theirs.save_pretrained(tmp_path / "net")
    found = library_model(f"transformers:{tmp_path / 'net'}")
    layer, prefix = KINDS[kind]
    assert not found.classifies
    assert found.classes == ()
    assert found.layers == (layer,)
    own, before = inside(found.module).state_dict(), theirs.state_dict()
    kept = {f"{prefix}{name}": value for name, value in own.items()}
    assert all(torch.equal(value, before[name]) for name, value in kept.items())
    untrained = library_model(f"transformers:{tmp_path / 'net'}?weights=none")
    assert untrained.layers == (layer,)
    assert not all(
        torch.equal(value, own[name]) for name, value in inside(untrained.module).state_dict().items()
    )


@pytest.mark.parametrize("kind", ["CLIPModel", "ViTMAEForPreTraining"])
def test_one_is_dissected_and_questions_about_classes_are_refused(transformers, kind, tmp_path):
    made(transformers, kind).save_pretrained(tmp_path / "net")
    run = us.dissect(f"transformers:{tmp_path / 'net'}", "world:8", out=tmp_path / "run", replicates=100)
    assert len(run.units) == 16
    proof = next(
        iter(json.loads((tmp_path / "run" / "manifest.json").read_text())["plan"]["proofs"].values())
    )
    assert proof["outcome"] == "near"
    assert run.unit(run.last_layer, 0).activation(
        torch.zeros((32, 32, 3), dtype=torch.uint8).numpy()
    ).shape == (4, 4)
    with pytest.raises(
        UnitscopeError, match="net tells no classes of pictures apart, which importance is about"
    ):
        us.importance(run, "world:8:train", "world:8:val")
    with pytest.raises(UnitscopeError, match="net tells no classes of pictures apart, which attack is about"):
        us.attack(run, "world:8", "0")
    assert not (tmp_path / "run" / "importance").exists()


def test_a_masked_autoencoder_sees_whole_pictures_in_order(transformers, tmp_path):
    theirs = made(transformers, "ViTMAEForPreTraining")
    theirs.save_pretrained(tmp_path / "net")
    module = library_model(f"transformers:{tmp_path / 'net'}").module
    torch.manual_seed(0)
    pictures = torch.rand((2, 3, 32, 32))
    with torch.no_grad():
        first, again, alone = module(pictures), module(pictures), module(pictures[1:])
        embedded = (
            theirs.vit.embeddings.patch_embeddings(pictures)
            + theirs.vit.embeddings.position_embeddings[:, 1:]
        )
        seen = []
        handle = inside(module).layers[0].register_forward_hook(lambda _m, given, _out: seen.append(given[0]))
        module(pictures)
        handle.remove()
    assert first.last_hidden_state.shape == (2, 17, 16)
    assert torch.equal(first.last_hidden_state, again.last_hidden_state)
    assert torch.allclose(first.last_hidden_state[1:], alone.last_hidden_state, atol=1e-5)
    assert torch.allclose(seen[0][:, 1:], embedded, atol=1e-6)


def test_files_without_the_weights_of_a_tower_are_refused(transformers, tmp_path):
    made(transformers, "CLIPModel").save_pretrained(tmp_path / "net")
    file = tmp_path / "net" / "model.safetensors"
    state = {name: value for name, value in load_file(file).items() if "layers.1." not in name}
    save_file(state, file, metadata={"format": "pt"})
    with pytest.raises(UnitscopeError, match=r"lacks weights of its network, such as 'encoder.layers.1"):
        library_model(f"transformers:{tmp_path / 'net'}")


def test_a_classifier_stays_one_and_one_without_its_head_has_no_classes(transformers, tmp_path):
    config = transformers.ViTConfig(**TINY_VIT, id2label={0: "cat", 1: "dog", 2: "tree"})
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "net")
    found = library_model(f"transformers:{tmp_path / 'net'}")
    assert (found.classifies, found.classes) == (True, ("cat", "dog", "tree"))
    file = tmp_path / "net" / "model.safetensors"
    state = {name: value for name, value in load_file(file).items() if not name.startswith("classifier")}
    save_file(state, file, metadata={"format": "pt"})
    found = library_model(f"transformers:{tmp_path / 'net'}")
    assert (found.classifies, found.classes) == (False, ())


@pytest.mark.parametrize(
    ("name", "layer", "size", "mean"),
    [
        ("lraspp_mobilenet_v3_large", "backbone.16.2", 520, 0.485),
        ("fasterrcnn_mobilenet_v3_large_320_fpn", "backbone.body.16.2", 320, 0.0),
    ],
)
def test_segmentation_and_detection_of_torchvision(name, layer, size, mean):
    library("torchvision")
    found = library_model(f"torchvision:{name}?weights=none")
    assert not found.classifies
    assert found.classes == ()
    assert found.layers == (layer,)
    assert found.preprocessing.size == (size, size)
    assert found.preprocessing.mean[0] == mean
    with pytest.raises(UnitscopeError, match="tells no classes of pictures apart, which attack is about"):
        found.need_classes("attack")
    with torch.no_grad():
        found.module(found.trial(1))
