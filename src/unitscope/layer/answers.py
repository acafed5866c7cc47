"""Whether a network answers the same picture the same way: again, and in other company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from unitscope.layer.proof import SAME_ANSWER, Prepare, changed_pictures

Answers = Literal["same", "again", "company"]
"""again: another answer when the same picture comes again; company: another one when other pictures come with it."""
ROUNDING = 1e-4
"""Answers that differ by less, as a part of their values, are the same: that is how arithmetic rounds."""
CAUSES = {
    "again": "when it sees the same picture again (is there dropout that stays on, or random masking?)",
    "company": "when other pictures come with a picture (are there statistics over the batch?)",
}


def caveat(who: str, answers: Answers) -> str:
    """Return what to know of numbers that were measured on a network, or a layer, with such answers."""
    when = CAUSES[answers].partition(" (")[0]
    return f"{who} answers differently {when}: numbers are of one reading, and no interval covers that"


def network_answers(
    module: nn.Module,
    size: tuple[int, int],
    prepare: Prepare,
    *,
    device: torch.device | None = None,
    channels_last: bool = False,
) -> Answers:
    """Show a network two pictures, the same two again, and the first of them with a third.

    Args:
        module: the network, in eval mode.
        size: its input ``(H, W)`` in pixels.
        prepare: makes an input of a picture.
        device: where it is.
        channels_last: whether inputs have their channels last in memory.
    """
    pictures = changed_pictures(size, max(min(size) // 2, 1))[0][[0, 2, 3]]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    inputs = torch.from_numpy(np.stack([prepare(picture) for picture in pictures]))
    inputs = inputs.to(device=device, memory_format=layout)
    with torch.no_grad():
        first, again, apart = (_values(module(inputs[pair])) for pair in ([0, 1], [0, 1], [0, 2]))
    # Outputs without a row for each picture, such as lists of boxes, are not compared.
    compared = [
        (one, two, three)
        for one, two, three in zip(first, again, apart, strict=False)
        if one.shape == two.shape == three.shape
    ]
    if len(first) != len(again) or any(_differ(one, two, one[1] - one[0]) for one, two, _ in compared):
        return "again"
    if any(_differ(one[:1], three[:1], one[1] - one[0]) for one, _, three in compared):
        return "company"
    return "same"


def _values(output: object) -> list[Tensor]:
    """Return the tensors of an output that have a row of numbers for each of two pictures, as doubles."""
    if isinstance(output, list) and all(isinstance(each, Mapping) for each in output):
        return []  # one for each picture, as the boxes of a detection network
    if is_dataclass(output) and not isinstance(output, type | Mapping):
        output = {each.name: getattr(output, each.name) for each in fields(output)}
    leaves = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    return [leaf.detach().to("cpu", torch.float64) for leaf in leaves if leaf.ndim > 1 and len(leaf) == 2]


def _differ(first: Tensor, second: Tensor, change: Tensor) -> bool:
    """Return whether answers ``(n, ...)`` differ by more than rounding, and by a part of what pictures change."""
    apart, values = (first - second).square().mean().sqrt(), first.square().mean().sqrt()
    if not torch.isfinite(apart):
        return False  # what is not finite is refused when it is read
    return bool(apart > ROUNDING * values and apart > SAME_ANSWER * change.square().mean().sqrt())
