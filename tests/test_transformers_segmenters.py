"""Segmenters of transformers, held to the library's own post-processing; tiny networks made on the spot."""

from __future__ import annotations

import importlib.util
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.transformers_segmenters import MaskSegmenter, read_classes, transformers_segmenter
from unitscope.concepts.vocabulary import Concept
from unitscope.errors import UnitscopeError
from unitscope.models import hub
from unitscope.sources.framing import Framing

NAMES = {0: "background", 1: "tree", 2: "sky", 3: "tree", 4: "a  lamp"}
LABELS = {"id2label": NAMES, "label2id": {name: i for i, name in NAMES.items()}}
SWIN = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 2}


@pytest.fixture(scope="module")
def transformers():
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("needs transformers, which is not installed")
    return hub.import_library("transformers")


def segformer(t):
    config = t.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16,
        **LABELS,
    )
    return t.SegformerForSemanticSegmentation(config), t.SegformerImageProcessor(
        size={"height": 96, "width": 96}
    )


def upernet(t):
    backbone = t.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_indices=[1, 2, 3, 4])
    config = t.UperNetConfig(
        backbone_config=backbone, hidden_size=16, auxiliary_in_channels=16, auxiliary_channels=8, **LABELS
    )
    return t.UperNetForSemanticSegmentation(config), t.SegformerImageProcessor(
        size={"height": 96, "width": 96}
    )


def beit(t):
    config = t.BeitConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=64,
        patch_size=16,
        out_indices=[1, 2, 3, 4],
        use_auxiliary_head=False,
        **LABELS,
    )
    return t.BeitForSemanticSegmentation(config), t.BeitImageProcessor(size={"height": 64, "width": 64})


def dpt(t):
    config = t.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        use_auxiliary_head=False,
        **LABELS,
    )
    return t.DPTForSemanticSegmentation(config), t.DPTImageProcessor(size={"height": 64, "width": 64})


def maskformer(t):
    config = t.MaskFormerConfig(
        backbone_config=t.SwinConfig(
            **SWIN, image_size=64, out_features=["stage1", "stage2", "stage3", "stage4"]
        ),
        decoder_config=t.DetrConfig(
            d_model=32,
            decoder_layers=2,
            encoder_layers=1,
            decoder_ffn_dim=16,
            decoder_attention_heads=2,
            encoder_attention_heads=2,
            num_queries=7,
        ),
        fpn_feature_size=32,
        mask_feature_size=32,
        **LABELS,
    )
    return (
        t.MaskFormerForInstanceSegmentation(config),
        t.MaskFormerImageProcessor(size={"shortest_edge": 60, "longest_edge": 2048}, size_divisor=32),
    )


def mask2former(t):
    config = t.Mask2FormerConfig(
        backbone_config=t.SwinConfig(
            **SWIN, image_size=64, out_features=["stage1", "stage2", "stage3", "stage4"]
        ),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        dim_feedforward=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=7,
        train_num_points=16,
        **LABELS,
    )
    # The library's post-processing takes 384x384 for the size of every input.
    return (
        t.Mask2FormerForUniversalSegmentation(config),
        t.Mask2FormerImageProcessor(size={"height": 384, "width": 384}),
    )


def eomt(t):
    config = t.EomtConfig(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=64,
        patch_size=16,
        num_blocks=1,
        num_queries=7,
        num_upscale_blocks=1,
        **LABELS,
    )
    return (
        t.EomtForUniversalSegmentation(config),
        t.EomtImageProcessor(size={"shortest_edge": 64, "longest_edge": 64}),
    )


def oneformer(t):
    config = t.OneFormerConfig(
        backbone_config=t.SwinConfig(
            **SWIN, image_size=64, out_features=["stage1", "stage2", "stage3", "stage4"]
        ),
        hidden_dim=32,
        mask_dim=32,
        conv_dim=32,
        encoder_feedforward_dim=16,
        encoder_layers=1,
        decoder_layers=3,
        dim_feedforward=16,
        num_attention_heads=2,
        num_queries=7,
        query_dec_layers=1,
        text_encoder_width=32,
        text_encoder_num_layers=1,
        text_encoder_vocab_size=40,
        text_encoder_context_length=12,
        task_seq_len=12,
        train_num_points=16,
        is_training=False,
        **LABELS,
    )
    return (
        t.OneFormerForUniversalSegmentation(config),
        t.OneFormerImageProcessor(
            size={"height": 64, "width": 64}, class_info_file=None, repo_path=None, num_text=2
        ),
    )


NETWORKS = [segformer, upernet, beit, dpt, maskformer, mask2former, oneformer, eomt]


def shake(module, scale):
    """Give every weight a value of some size, so that not one class wins everywhere."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, value in module.named_parameters():
            deciding = re.search(r"class_predictor|class_embed|queries_|query_input", name)
            value.add_(torch.randn(value.shape, generator=generator) * (3.0 if deciding else scale))


def save(t, make, folder):
    with hub.quiet():
        torch.manual_seed(3)
        network, processor = make(t)
        shake(network, {mask2former: 0.05, oneformer: 0.15}.get(make, 0.3))
        network.eval().save_pretrained(folder)
        processor.save_pretrained(folder)
        if make is oneformer:
            write_tokenizer(t, folder)
    return network, processor


def write_tokenizer(t, folder):
    words = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz"]
    words += [f"{letter}</w>" for letter in "adeghiksmt"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    t.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)


def picture(height=90, width=120):
    noise = np.random.default_rng(2).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_labels_are_those_of_the_librarys_own_post_processing(transformers, make, tmp_path):
    network, processor = save(transformers, make, tmp_path)
    segmenter = transformers_segmenter(f"transformers:{tmp_path}")
    assert segmenter.vocabulary.concepts == tuple(
        Concept(name, "object") for name in ("tree", "sky", "tree 2", "a lamp")
    )
    assert segmenter.name == tmp_path.name
    grid = (128, 112)
    labeller = SegmenterLabeller(segmenter, PixelGrid(Framing(), (90, 120), grid))
    prepared = labeller.prepare(0, picture())
    labels = labeller.label([prepared, prepared[:, ::-1].copy()])
    assert labels.shape == (2, 1, *grid)
    for found, inputs in zip(labels, (prepared, prepared[:, ::-1].copy()), strict=True):
        theirs = post_process(transformers, tmp_path, network, processor, inputs, grid)
        assert (found[0] == theirs).mean() > 0.999
        assert len(np.unique(theirs)) > 1


def post_process(t, folder, network, processor, inputs, grid):
    given = {}
    if type(network).__name__.startswith("OneFormer"):
        full = t.OneFormerProcessor(
            image_processor=processor,
            tokenizer=t.CLIPTokenizer.from_pretrained(folder),
            task_seq_length=12,
        )
        given["task_inputs"] = full._preprocess_text(["the task is semantic"], max_length=12)
    with torch.no_grad():
        output = network(pixel_values=torch.from_numpy(inputs)[None], **given)
    (labels,) = processor.post_process_semantic_segmentation(output, target_sizes=[grid])
    return labels.numpy()


@pytest.mark.parametrize("make", [segformer, dpt, mask2former, eomt], ids=lambda make: make.__name__)
def test_pictures_are_prepared_as_the_processor_does(transformers, make, tmp_path):
    _, processor = save(transformers, make, tmp_path)
    found = transformers_segmenter(f"transformers:{tmp_path}").preprocessing
    image = picture(100, 100)
    expected = processor(Image.fromarray(image), return_tensors="np")["pixel_values"][0]
    framing = Framing(interpolation=found.interpolation)
    ours = found.apply(framing.resize(image, found.size))
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).mean() < 0.02


def test_sides_that_follow_the_picture_are_rounded_up(transformers, tmp_path):
    save(transformers, maskformer, tmp_path)
    assert transformers_segmenter(f"transformers:{tmp_path}").preprocessing.size == (64, 64)


def test_masks_are_summed_by_class_without_the_empty_one():
    class Fixed(nn.Module):
        def forward(self, pixel_values):
            # Two masks on a 1x2 map: the left one is class 1, the right one mostly "no object", else class 0.
            queries = torch.tensor([[[0.0, 9.0, 0.0], [3.0, 0.0, 3.2]]])
            masks = torch.tensor([[[[9.0, -9.0]], [[-9.0, 9.0]]]])
            return type("Output", (), {"class_queries_logits": queries, "masks_queries_logits": masks})

    for upsample in (False, True):
        found = MaskSegmenter(Fixed(), upsample=upsample)(torch.zeros(1, 3, 4, 8), (1, 4))
        assert found.tolist() == [[[1, 1, 0, 0]]]


def test_class_names_become_concepts():
    concepts, numbers = read_classes({0: "wall", 2: "Unlabeled", 3: " wall", 4: ""})
    assert [concept.name for concept in concepts] == ["wall", "wall 2", "class 4"]
    assert numbers.tolist() == [1, 0, 0, 2, 3]


def test_random_weights_are_the_same_each_time(transformers, tmp_path):
    save(transformers, segformer, tmp_path)
    first, second = (transformers_segmenter(f"transformers:{tmp_path}?weights=none") for _ in range(2))
    assert first.content_hash == second.content_hash
    assert first.content_hash != transformers_segmenter(f"transformers:{tmp_path}").content_hash


def test_what_is_no_segmenter_is_refused(transformers, tmp_path):
    assert transformers_segmenter("net.py:build") is None
    assert transformers_segmenter("torchvision:resnet18") is None
    with pytest.raises(UnitscopeError, match=r"folder '.*nowhere' does not exist"):
        transformers_segmenter(f"transformers:{tmp_path / 'nowhere'}")
    with hub.quiet():
        tiny = transformers.SegformerConfig(hidden_sizes=[8, 8, 8, 8], depths=[1] * 4, decoder_hidden_size=8)
        transformers.SegformerForImageClassification(tiny).save_pretrained(tmp_path / "classifier")
        transformers.ResNetConfig().save_pretrained(tmp_path / "resnet")
    with pytest.raises(UnitscopeError, match=r"are not those of a segmenter: 'decode_head.* is missing, and"):
        transformers_segmenter(f"transformers:{tmp_path / 'classifier'}")
    with pytest.raises(UnitscopeError, match="is a resnet, which does not segment pictures into classes"):
        transformers_segmenter(f"transformers:{tmp_path / 'resnet'}")


def test_a_task_without_a_tokenizer_says_what_is_missing(transformers, tmp_path):
    save(transformers, oneformer, tmp_path)
    for name in ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(UnitscopeError, match="told its task in words, and its tokenizer cannot be read"):
        transformers_segmenter(f"transformers:{tmp_path}")
