"""What of a checkpoint belongs to a network, found by what fits, whatever trainers wrote around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, as_typed
from unitscope.models.checkpoints import BOOKKEEPING, SHOWN, fill, read_content
from unitscope.models.weights import ENTRY
from unitscope.progress import say

COMPILED = "_orig_mod."
"""What torch's compiler writes into names, wherever a module was compiled."""
DEEPEST = 3
"""Dictionaries inside one another that are looked into."""
OPTIMIZERS = ("exp_avg", "momentum_buffer")
"""Entries of these kinds hold tensors of the network's shapes, which are not its weights."""


@dataclass(frozen=True)
class Entry:
    """Tensors of a checkpoint that stand together.

    Attributes:
        name: the way to them, and what stood before their names.
        state: by the names of the network, as far as it has them.
        strangers: tensors beside them, by the names in the file.
        missing: names of the network that are not there, or have another shape.
    """

    name: str
    state: Mapping[str, Tensor]
    strangers: tuple[str, ...]
    missing: int

    @property
    def fits(self) -> bool:
        """Whether the network gets all its weights, and nothing is left that stood among them."""
        return self.missing == 0


def split_entry(weights: Path | str) -> tuple[str, str]:
    """Return the path of a file of weights and the entry that is named behind it, empty if none is."""
    path, mark, entry = str(weights).partition(ENTRY)
    return (path, entry) if mark else (str(weights), "")


def take_weights(module: nn.Module, weights: Path | str) -> None:
    """Put the weights of a file into a network, in place; a network they do not fit stays as it was.

    Args:
        module: the network.
        weights: a safetensors file or a file of ``torch.save``, with ``?entry=NAME`` behind it where several fit.

    Raises:
        UnitscopeError: the file cannot be read, nothing in it fits the network, or several things do.
    """
    path, wanted = split_entry(weights)
    content = read_content(path)
    found = sorted(_entries(module, content), key=lambda entry: entry.missing)
    if wanted:
        named = [entry for entry in found if entry.name == wanted]
        if not named:
            raise UnitscopeError(f"{path} has no entry {wanted!r}; it has {_names(found)}")
        found = named
    fitting = _different([entry for entry in found if entry.fits])
    if len(fitting) > 1:
        raise UnitscopeError(
            f"{path} holds several weights that fit {type(module).__name__}: {_names(fitting)}; name one, as "
            f"{as_typed(f'{path}{ENTRY}{fitting[0].name}')}"
        )
    if not found:
        held = ", ".join(map(repr, list(content)[:SHOWN]))
        raise UnitscopeError(f"{path} holds no named tensors; it has {held}; save module.state_dict()")
    entry = (fitting or found)[0]
    fill(module, entry.state, path)
    if entry.name or entry.strangers:
        left = f"; left out: {', '.join(entry.strangers[:SHOWN])}" if entry.strangers else ""
        more = f" and {len(entry.strangers) - SHOWN} more" if len(entry.strangers) > SHOWN else ""
        say(f"weights from {path}: {entry.name or 'all'}{left}{more}")


def _names(entries: list[Entry]) -> str:
    return ", ".join(repr(entry.name) for entry in entries)


def _different(entries: list[Entry]) -> list[Entry]:
    """Leave out entries that hold the same values as one before them."""
    kept: list[Entry] = []
    for entry in entries:
        if not any(_same(entry.state, other.state) for other in kept):
            kept.append(entry)
    return kept


def _same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _entries(module: nn.Module, content: Mapping[object, object]) -> Iterator[Entry]:
    """Yield what a checkpoint holds for a network: for each dictionary of tensors, what comes closest."""
    own = {name.replace(COMPILED, ""): (name, value.shape) for name, value in module.state_dict().items()}
    for path, tensors in _tensors(content):
        plain = {name.replace(COMPILED, ""): name for name in tensors}
        closest: list[Entry] = []
        for prefix in _prefixes(plain, own):
            inside = {
                name.removeprefix(prefix): tensors[given]
                for name, given in plain.items()
                if name.startswith(prefix)
            }
            outside = tuple(given for name, given in plain.items() if not name.startswith(prefix))
            missing = sum(
                not name.endswith(BOOKKEEPING) and (name not in inside or inside[name].shape != shape)
                for name, (_, shape) in own.items()
            )
            state = {own[name][0] if name in own else name: value for name, value in inside.items()}
            closest.append(Entry(".".join([*path, *prefix.split(".")[:-1]]), state, outside, missing))
        fitting = [entry for entry in closest if entry.fits]
        yield from fitting or sorted(closest, key=lambda entry: entry.missing)[:1]


def _prefixes(names: Mapping[str, str], own: Mapping[str, object]) -> list[str]:
    """Return what may stand before the names of a network: what stands before one of them somewhere, or nothing."""
    wanted = {name.rpartition(".")[2] for name in own}
    found = {"": None}
    for name in names:
        if name.rpartition(".")[2] in wanted:
            parts = name.split(".")
            for count in range(1, len(parts)):
                if ".".join(parts[count:]) in own:
                    found[".".join(parts[:count]) + "."] = None
    return list(found)


def _tensors(
    content: Mapping[object, object], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Yield the way to each dictionary that holds tensors by name, with those."""
    tensors = {
        str(name): value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor) and name not in OPTIMIZERS
    }
    if tensors:
        yield path, tensors
    if len(path) < DEEPEST:
        for name, value in content.items():
            if isinstance(value, Mapping) and isinstance(name, str):
                yield from _tensors(value, (*path, name))
