"""Blocks of layers that repeat, listed once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unitscope.layer.hooks import LayerDescription

LEAST = 4
"""Layers of the smallest block that is folded."""


@dataclass(frozen=True)
class Fold:
    """Numbered blocks in a row whose layers are those of the block before them."""

    like: str
    first: str
    last: str

    def said(self) -> str:
        """Say which blocks are left out, in a line."""
        if self.first == self.last:
            return f"{self.first} has the layers of {self.like}"
        return f"{self.first} to {self.last} have the layers of {self.like}"


@dataclass(frozen=True)
class _Block:
    name: str
    layers: tuple[LayerDescription, ...]

    @property
    def form(self) -> tuple[object, ...]:
        """What the layers are, their names seen from the block."""
        return tuple(
            (each.name[len(self.name) :], each.kind, each.shape, each.reading) for each in self.layers
        )


def fold_layers(layers: Sequence[LayerDescription]) -> tuple[list[LayerDescription], list[Fold]]:
    """Leave out each numbered block that has the same layers as the numbered block before it.

    A block is the layers below a number in a name, such as ``blocks.3``: they are the same where their names in the
    block, kinds, output shapes and readings are. Blocks of fewer than `LEAST` layers stay.

    Args:
        layers: in the order they run.

    Returns:
        The layers that stay, in order, and what was left out.
    """
    return _fold(layers, depth=0)


def _fold(layers: Sequence[LayerDescription], *, depth: int) -> tuple[list[LayerDescription], list[Fold]]:
    kept: list[LayerDescription] = []
    folds: list[Fold] = []
    before: _Block | None = None
    for block in _blocks(layers, depth):
        if _repeats(block, before):
            assert before is not None
            if folds and folds[-1].like == before.name:
                folds[-1] = Fold(before.name, folds[-1].first, block.name)
            else:
                folds.append(Fold(before.name, block.name, block.name))
            continue
        before = block
        inner, more = _fold(block.layers, depth=depth + 1) if block.name else (list(block.layers), [])
        kept += inner
        folds += more
    return kept, folds


def _repeats(block: _Block, before: _Block | None) -> bool:
    if before is None or not block.name or len(block.layers) < LEAST:
        return False
    return block.name.rpartition(".")[0] == before.name.rpartition(".")[0] and block.form == before.form


def _blocks(layers: Sequence[LayerDescription], depth: int) -> list[_Block]:
    """Cut layers into runs of one block; the layers in between are blocks without a name."""
    found: list[_Block] = []
    for layer in layers:
        name = _block_of(layer.name, depth)
        if found and found[-1].name == name:
            found[-1] = _Block(name, (*found[-1].layers, layer))
        else:
            found.append(_Block(name, (layer,)))
    return found


def _block_of(name: str, depth: int) -> str:
    """Return the name up to its number after `depth` others; empty where it has fewer."""
    parts = re.split(r"[#\[]", name, maxsplit=1)[0].split(".")
    numbers = [at for at, part in enumerate(parts) if part.isdigit()]
    return ".".join(parts[: numbers[depth] + 1]) if len(numbers) > depth else ""
