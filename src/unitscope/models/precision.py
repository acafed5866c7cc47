"""How exactly a network multiplies: single precision, TF32, or numbers of 16 bits."""

from __future__ import annotations

from typing import Literal, get_args

from unitscope.errors import UnitscopeError

Precision = Literal["fp32", "tf32", "bf16", "fp16"]
"""``fp32``: as weights are stored. ``tf32``: factors of products are rounded to 10 bits behind the point, on GPUs that
can. ``bf16`` and ``fp16``: products are of such numbers (7 and 10 bits), what else the network does stays as
:func:`torch.autocast` has it. Weights are left as they are."""


def check_precision(given: str) -> None:
    """Refuse a precision that there is not.

    Raises:
        UnitscopeError: it is none.
    """
    if given not in get_args(Precision):
        raise UnitscopeError(f"precision is {given!r}; it must be {' or '.join(get_args(Precision))}")
