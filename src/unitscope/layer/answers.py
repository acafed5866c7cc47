"""Whether a network answers the same picture the same way: again, and in other company."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

Answers = Literal["same", "again", "company"]
"""again: another answer when the same picture comes again; company: another one when other pictures come with it."""
ROUNDING = 1e-4
"""Answers that differ by less, as a part of their values, are the same: that is how arithmetic rounds."""
SAME_ANSWER = 0.01
"""Of its change from picture to picture, so much may an answer differ when the same picture comes again."""
CAUSES = {
    "again": "when it sees the same picture again (is there dropout that stays on, or random masking?)",
    "company": "when other pictures come with a picture (are there statistics over the batch?)",
}


def caveat(who: str, answers: Answers) -> str:
    """Return what to know of numbers that were measured on a network, or a layer, with such answers."""
    when = CAUSES[answers].partition(" (")[0]
    return f"{who} answers differently {when}: numbers are of one reading, and no interval covers that"


def compare(first: list[Tensor], apart: list[Tensor], repeat: Callable[[], list[Tensor]]) -> Answers:
    """Compare what a network answered to the same two pictures, which came with a third and without it.

    Args:
        first: :func:`numbers` for three pictures.
        apart: those for the first two of them.
        repeat: runs the network on those two again, which is asked for where the others differ.
    """
    if not _differ(first, apart, 3):
        return "same"
    return "again" if _differ(repeat(), apart, 2) else "company"


def numbers(output: object) -> list[Tensor]:
    """Return the tensors of an output that may have a row for each picture, as doubles in memory of their own.

    Outputs without such rows, as lists of boxes, have none.
    """
    if isinstance(output, list) and all(isinstance(each, Mapping) for each in output):
        return []  # one for each picture, as the boxes of a detection network
    if is_dataclass(output) and not isinstance(output, type | Mapping):
        output = {each.name: getattr(output, each.name) for each in fields(output)}
    leaves = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
    found = [leaf.detach() for leaf in leaves if leaf.is_floating_point() and leaf.ndim > 1]
    return [each.to("cpu", torch.float64, copy=True) for each in found]


def _differ(one: list[Tensor], other: list[Tensor], pictures: int) -> bool:
    """Return whether the answers to the first two of some pictures are others than those to two."""
    if len(one) != len(other):
        return True
    pairs = [(a[:2], b) for a, b in zip(one, other, strict=True) if (len(a), len(b)) == (pictures, 2)]
    return any(_apart(a, b) for a, b in pairs if a.shape == b.shape)


def _apart(one: Tensor, other: Tensor) -> bool:
    """Return whether values for two pictures differ by more than rounding, and by a part of what pictures change."""
    sizes = [part.square().mean().sqrt() for part in (one - other, one, one[1] - one[0])]
    apart, values, change = sizes
    if not torch.isfinite(apart):
        return False  # what is not finite is refused when it is read
    return bool(apart > ROUNDING * values and apart > SAME_ANSWER * change)
