"""Whether a network answers the same picture the same way: again, in other company, and at another place in a batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

Answers = Literal["same", "again", "company"]
"""again: another answer when the same picture comes again; company: when other pictures come with it, or before it."""
ROUNDING = 1e-4
"""Answers that differ by less, as a part of their values, are the same: that is how arithmetic rounds."""
REPEATS = 64
"""How often a network that draws random numbers is asked again: what it draws may seldom matter."""
SAME_ANSWER = 0.01
"""Of its change from picture to picture, so much may an answer differ when the same picture comes again."""
CAUSES = {
    "again": "when it sees the same picture again (is there dropout that stays on, or random masking?)",
    "company": "when other pictures come with a picture or before it (are there statistics over the batch, or is "
    "it taken for a sequence?)",
}


def caveat(who: str, answers: Answers) -> str:
    """Return what to know of numbers that were measured on a network, or a layer, with such answers."""
    when = CAUSES[answers].partition(" (")[0]
    return f"{who} answers differently {when}: numbers are of one reading, and no interval covers that"


def shown_again(pictures: int) -> list[int]:
    """Return which of three pictures a network is shown again, the first two in the other order; of two, the second."""
    return [1, 0][: pictures - 1]


def compare(
    first: list[Tensor], apart: list[Tensor], repeat: Callable[[], list[Tensor]], pictures: int
) -> Answers:
    """Compare what a network answered to pictures, and to some of them with fewer others and at other places.

    Args:
        first: :func:`numbers` for so many pictures, two or three.
        apart: those for the pictures of :func:`shown_again`, in that order.
        repeat: runs the network on the latter again, which is asked for where the others differ.
        pictures: how many there are.
    """
    before = [each[shown_again(pictures)] if len(each) == pictures else each for each in first]
    if not _differ(before, apart, first, pictures):
        return "same"
    return "again" if _differ(repeat(), apart, first, pictures) else "company"


def random_states() -> tuple[object, ...]:
    """Return the states of the generators of random numbers that everybody shares; what has drawn any has moved one."""
    of_numpy = np.random.get_state()  # noqa: NPY002 - it is asked whether others drew from it
    states: tuple[object, ...] = (random.getstate(), repr(of_numpy), torch.get_rng_state().numpy().tobytes())
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states += tuple(state.numpy().tobytes() for state in torch.cuda.get_rng_state_all())
    return states


def ever_apart(
    first: list[Tensor], apart: list[Tensor], repeat: Callable[[], list[Tensor]], pictures: int
) -> bool:
    """Tell whether a network that draws random numbers ever answers otherwise, of `REPEATS` times; see :func:`compare`.

    Args:
        first: :func:`numbers` for so many pictures, two or three.
        apart: those for fewer of them, which tell what has a row for each picture.
        repeat: runs the network on all of them again.
        pictures: how many there are.
    """
    rows = [_by_picture(one, fewer, pictures) for one, fewer in zip(first, apart, strict=True)]
    return any(
        _apart(one, again, one[1] - one[0])
        for _ in range(REPEATS)
        for row, one, again in zip(rows, first, repeat(), strict=False)
        if row and one.shape == again.shape
    )


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


def _differ(one: list[Tensor], other: list[Tensor], first: list[Tensor], pictures: int) -> bool:
    """Return whether answers differ by more than rounding, and by a part of what they change between pictures."""
    if len(one) != len(other):
        return True
    return any(
        _apart(a, b, whole[1] - whole[0])
        for a, b, whole in zip(one, other, first, strict=False)
        if _by_picture(whole, b, pictures) and a.shape == b.shape
    )


def _by_picture(whole: Tensor, fewer: Tensor, pictures: int) -> bool:
    """Return whether answers to so many pictures, and to one fewer, have a row for each."""
    return len(whole) == pictures and len(fewer) == pictures - 1


def _apart(one: Tensor, other: Tensor, change: Tensor) -> bool:
    apart, values, changes = (part.square().mean().sqrt() for part in (one - other, one, change))
    if not torch.isfinite(apart):
        return False  # what is not finite is refused when it is read
    return bool(apart > ROUNDING * values and apart > SAME_ANSWER * changes)
