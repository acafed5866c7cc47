"""Architectures of timm, torchvision and transformers that can be made small, with random weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from unitscope.models.hub import import_library

SIDE = 160
"""Of inputs, pixels, where a network takes any."""
TIMM = """
    test_byobnet test_convnext test_convnext3 test_efficientnet test_efficientnet_gn test_mambaout test_coatnet
    test_maxvit test_nfnet test_resnet test_vit test_vit2 test_vit_relpos beit_base_patch16_224 halonet_h1
    eca_botnext26ts_256 mobileone_s1 cait_xxs24_224 coat_tiny coat_lite_tiny convit_tiny convmixer_768_32
    convmixer_1024_20_ks9_p14 cpubone_nano crossvit_tiny_240 csatv2 cs3darknet_focus_s cspnext_tiny davit_tiny
    deit_tiny_distilled_patch16_224 densenet121 densenetblur121d dla46_c dla34 dpn48b edgenext_xx_small
    efficientformer_l1 efficientformerv2_s0 efficientvim_m1 efficientvit_b0 efficientvit_m0
    vit_tiny_patch16_dinov3_qkvb eva02_tiny_patch14_224 fasternet_t0 fastvit_t8 focalnet_tiny_srf gcvit_xxtiny
    ghostnet_050 hardcorenas_a hgnetv2_b0 hiera_tiny_224 hrnet_w18_small iformer_t inception_next_atto
    inception_v3 inception_v4 lcnetv2_small levit_128 lowformer_b0 poolformer_s12 gmlp_ti16_224 gmixer_12_224
    mixer_s16_224 resmlp_12_224 mobilenetv3_small_050 lcnet_050 mobilevit_xxs mobilevitv2_050 mvitv2_tiny
    naflexvit_base_patch16_gap nest_tiny nextvit_small nf_regnet_b0 pit_ti_224 pvt_v2_b0 rdnet_tiny regnetx_002
    repghostnet_050 repvit_m1 res2next50 resnest14d resnet18 resnetv2_18 rexnet_100 selecsls42 legacy_seresnet18
    sequencer2d_s shvit_s1 skresnet18 starnet_s050 swiftformer_xs swin_tiny_patch4_window7_224
    swinv2_tiny_window8_256 swinv2_cr_tiny_224 tiny_vit_5m_224 tnt_s_patch16_224 tresnet_m twins_svt_small
    twins_pcpvt_small visformer_tiny vit_tiny_patch16_224 vit_tiny_r_s16_p8_224 samvit_base_patch16_224
    vitamin_small_224 volo_d1_224 ese_vovnet19b_slim_dw legacy_xception xception41p xcit_nano_12_p8_224
"""
TORCHVISION = """
    alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3 maxvit_t
    mnasnet0_5 mobilenet_v2 mobilenet_v3_small regnet_x_400mf regnet_y_400mf resnet18 shufflenet_v2_x0_5
    squeezenet1_0 squeezenet1_1 swin_t swin_v2_t vgg11 vgg11_bn vit_b_32 fcn_resnet50
    deeplabv3_mobilenet_v3_large lraspp_mobilenet_v3_large ssdlite320_mobilenet_v3_large
    fasterrcnn_mobilenet_v3_large_320_fpn
"""
TRANSFORMERS = """
    ViT DeiT Beit Swin Swinv2 ConvNext ConvNextV2 ResNet RegNet MobileNetV1 MobileNetV2 MobileViT MobileViTV2
    Pvt PvtV2 PoolFormer Segformer Levit FocalNet Cvt EfficientNet Bit Dinov2 Dinov2WithRegisters DINOv3ViT
    DINOv3ConvNext CLIPVision SiglipVision ViTMAE ViTMSN Hiera SwiftFormer Data2VecVision Yolos GLPN IJepa
    VitDet TextNet
"""
ARCHITECTURES = (
    *(f"timm:{name}" for name in TIMM.split()),
    *(f"torchvision:{name}" for name in TORCHVISION.split()),
    *(f"transformers:{name}" for name in TRANSFORMERS.split()),
)
SMALL = {
    "hidden_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "intermediate_size": 96,
    "image_size": SIDE,
}
"""Settings of a transformer of the library transformers, where it has them."""
WHOLE_SIZE = {
    "timm:halonet_h1": 256,
    "torchvision:inception_v3": 299,
    "torchvision:vit_b_32": 224,
    "transformers:Levit": 224,
}
"""Inputs that a network takes no others than."""


def build(name: str) -> tuple[nn.Module, tuple[int, int]]:
    """Return a network in eval mode, its weights drawn from a seed, and the size of inputs ``(H, W)`` it takes."""
    library, _, short = name.partition(":")
    torch.manual_seed(0)
    module, side = {"timm": _timm, "torchvision": _torchvision, "transformers": _transformers}[library](short)
    side = WHOLE_SIZE.get(name, side)
    return module.eval(), (side, side)


def _timm(name: str) -> tuple[nn.Module, int]:
    timm: Any = import_library("timm")
    module = timm.create_model(name, pretrained=False)
    said = module.pretrained_cfg
    fixed = said.get("fixed_input_size") or said["input_size"][-1] % 32
    return module, int(said["input_size"][-1]) if fixed else SIDE


def _torchvision(name: str) -> tuple[nn.Module, int]:
    models: Any = import_library("torchvision.models")
    found: nn.Module = models.get_model(name, weights=None, weights_backbone=None) if _has_backbone(name) else (
        models.get_model(name, weights=None)
    )  # fmt: skip
    return found, SIDE


def _has_backbone(name: str) -> bool:
    return name.startswith(("fcn", "deeplab", "lraspp", "ssd", "fasterrcnn"))


def _transformers(name: str) -> tuple[nn.Module, int]:
    transformers: Any = import_library("transformers")
    config = getattr(transformers, f"{name}Config")()
    for key, value in SMALL.items():
        if isinstance(getattr(config, key, None), int):
            setattr(config, key, value)
    return transformers.AutoModel.from_config(config), SIDE
