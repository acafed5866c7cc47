"""Pictures before and after an intervention, chosen by rule, with masks of what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from torch import Tensor

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.pictures import write_png
from unitscope.run.layout import PICTURES
from unitscope.run.masks import Mask, pack_mask

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """A picture as it is and edited.

    Attributes:
        before, after: ``(H, W, 3)`` uint8.
        labels_before, labels_after: ``(P, gh, gw)`` int16.
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    labels_before: NDArray[np.int16]
    labels_after: NDArray[np.int16]

    @property
    def changed(self) -> Mask:
        """Where the pictures differ in any channel ``(H, W)``."""
        return np.asarray((self.before != self.after).any(-1))

    def held(self, concept: int) -> tuple[Mask, Mask]:
        """Return where each holds a concept ``(gh, gw)``."""
        before, after = ((labels == concept).any(0) for labels in (self.labels_before, self.labels_after))
        return np.asarray(before), np.asarray(after)


def make_pair(edited: EditedGenerator, sample: int, edit: Callable[[Tensor], Tensor], name: str) -> Pair:
    """Generate and segment one latent as it is and with its activation ``(1, U, h, w)`` edited."""
    base = edited.base([sample])
    after, labels = base.pictures[0], base.labels[0]
    for drawn in edited.drawn(
        base, np.zeros(1, np.int64), lambda _, activation: edit(activation), name=lambda _: name
    ):
        after, labels = drawn.pictures[0], drawn.labels[0]
    return Pair(base.pictures[0], after, base.labels[0], labels)


def largest_and_median(values: Numbers, count: int) -> list[tuple[str, int, int]]:
    """Choose items by rule: the `count` of the largest values, and the `count` nearest the middle of the order.

    Equal values follow by place. An item is chosen once, the largest first.

    Args:
        values: ``(m,)``.
        count: how many of each.

    Returns:
        For each, ``largest`` or ``median``, its rank from 1 by value, and its place in `values`.
    """
    order = np.argsort(-values, kind="stable")
    middle = (len(order) - 1) / 2
    nearest = sorted(range(count, len(order)), key=lambda rank: (abs(rank - middle), rank))[:count]
    chosen = [("largest", rank) for rank in range(min(count, len(order)))]
    chosen += [("median", rank) for rank in sorted(nearest)]
    return [(rule, rank + 1, int(order[rank])) for rule, rank in chosen]


def save_picture(folder: Path, name: str, picture: NDArray[np.uint8]) -> str:
    """Save a picture ``(H, W, 3)`` without loss; return its path in the folder."""
    file = f"{PICTURES}/{name}.png"
    write_png(folder / file, picture, durable=False)
    return file


def packed(masks: list[Mask]) -> pa.Array:
    """Return the packed bits of masks ``(H, W)``."""
    return pa.array([pack_mask(mask) for mask in masks], pa.binary())
