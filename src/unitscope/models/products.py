"""What makes a network multiply at the precision that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from unitscope.models.forwarded import Function
from unitscope.models.precision import Precision

SHORT = {"bf16": torch.bfloat16, "fp16": torch.float16}


def in_short(precision: Precision, function: Function | None) -> Function | None:
    """Return how a network is called that multiplies numbers of 16 bits, and answers in float32; as it was otherwise.

    Args:
        precision: of its products.
        function: how it is called otherwise; with pictures alone when None.
    """
    if precision not in SHORT:
        return function

    def call(network: nn.Module, inputs: Tensor) -> object:
        with torch.autocast(inputs.device.type, SHORT[precision]):
            answer = network(inputs) if function is None else function(network, inputs)
        return tree_map_only(Tensor, _in_single, answer)

    return call


def _in_single(answer: Tensor) -> Tensor:
    return answer.float() if answer.dtype in SHORT.values() else answer


Products = tuple[bool, bool]
"""Whether products of matrices, and convolutions, of single precision are rounded to TF32 on a GPU."""


def use_products(precision: Precision) -> None:
    """Let products of single precision on a GPU be rounded to TF32, or not, in this process from now on."""
    set_products((precision == "tf32", precision == "tf32"))


def products() -> Products:
    """Return what this process does."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def set_products(wanted: Products) -> None:
    """Do as another process does."""
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = wanted


@contextmanager
def products_as_they_were() -> Iterator[None]:
    """Undo what :func:`use_products` said when the block ends."""
    before = products()
    try:
        yield
    finally:
        set_products(before)
