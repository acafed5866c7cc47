"""Which operators leave every value where it is: a list; whatever is not on it may move cells."""

from __future__ import annotations

from functools import cache

import torch

_ALIGNED = """
    _adaptive_log_softmax alias alias_copy _batch_norm_no_update bernoulli _cast_Byte _cast_Char _cast_Double
    _cast_Float _cast_Half _cast_Int _cast_Long _cast_Short cauchy celu channel_shuffle clone complex _conj conj
    contiguous copy cudnn_batch_norm cummax cummin cumprod cumsum data dequantize detach detach_copy dropout
    exponential fake_quantize_per_channel_affine fake_quantize_per_tensor_affine feature_dropout fill
    _fused_rms_norm hardsigmoid hardswish hardtanh imag index_fill instance_norm layer_norm _lazy_clone lift
    lift_fresh lift_fresh_copy log_normal log_sigmoid log_sigmoid_forward _log_softmax log_softmax logcumsumexp
    masked_fill miopen_batch_norm mkldnn_linear native_batch_norm _native_batch_norm_legit
    _native_batch_norm_legit_no_training native_channel_shuffle native_dropout native_group_norm native_layer_norm
    _native_multi_head_attention _neg_view _neg_view_copy normal normal_functional polar prelu _prelu_kernel
    quantize_per_tensor random real renorm resolve_conj resolve_neg rms_norm rrelu rrelu_with_noise rsub
    _safe_softmax softmax _softmax to _to_copy to_dense to_mkldnn _transformer_encoder_layer_fwd tril triu type_as
    uniform view_as_real_copy _weight_norm_interface where zero
"""
ALIGNED = frozenset(_ALIGNED.split())
"""Besides those that torch itself calls pointwise: what comes out at a position belongs to it, even where, as in a
normalisation, all positions have a say in how large it is. Some act along an axis of units, which has no places."""

_RESIZES = """
    _adaptive_avg_pool2d _upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_lanczos2d_aa
    _upsample_nearest_exact2d adaptive_avg_pool2d adaptive_max_pool2d max_unpool2d mkldnn_adaptive_avg_pool2d
    pixel_shuffle pixel_unshuffle upsample_bicubic2d upsample_bilinear2d upsample_nearest2d
"""
RESIZES = frozenset(_RESIZES.split())
"""What divides the same extent of a map into other numbers of cells."""

_CREATES = """
    empty_like full_like new_empty new_empty_strided new_full new_ones new_zeros ones_like rand_like randint_like
    randn_like zeros_like
"""
CREATES = frozenset(_CREATES.split())
"""What takes only shape and type from what it is given."""


@cache
def keeps_places(name: str) -> bool:
    """Return whether an operator of torch, by its name without a final underscore, leaves every value where it is."""
    if name in ALIGNED:
        return True
    packet = getattr(torch.ops.aten, name, None)
    if packet is None:
        return False
    return any(torch.Tag.pointwise in getattr(packet, form).tags for form in packet.overloads())
