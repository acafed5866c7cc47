"""What a layer's name points to: a module, one of its calls, and one entry of what it returns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

from torch import Tensor
from torch.utils import _pytree as pytree

from unitscope.errors import UnitscopeError, as_typed, did_you_mean

MOST_ENTRIES = 8
"""Entries of an output that an error lists."""
_FORM = re.compile(r"(?P<path>.+?)(?:#(?P<call>[1-9][0-9]*))?(?P<keys>(?:\[[^\[\]]+\])*)")


@dataclass(frozen=True)
class LayerName:
    """A layer's name, taken apart: ``block.relu#2`` is the second call, ``encoder[hidden][0]`` an entry.

    Attributes:
        name: as given.
        path: the module's dotted name.
        call: which of its calls in a forward pass, from 1; None if it has only one.
        keys: the way to an entry of its output.
    """

    name: str
    path: str
    call: int | None = None
    keys: tuple[str, ...] = ()


def parse_layer(name: str, known: Collection[str], network: str) -> LayerName:
    """Take a layer's name apart.

    Args:
        name: ``PATH``, ``PATH#CALL``, ``PATH[KEY]`` or ``PATH#CALL[KEY][KEY]``.
        known: the dotted names of the network's modules.
        network: its name, for the error.

    Raises:
        UnitscopeError: the network has no such module.
    """
    form = _FORM.fullmatch(name)
    path = name if name in known or form is None else form["path"]
    if not path or path not in known:
        raise UnitscopeError(
            f"layer {name!r} not found in {network};{did_you_mean(path, known)} "
            "'unitscope layers MODEL' lists them"
        )
    if path == name or form is None:
        return LayerName(name, path)
    keys = tuple(re.findall(r"\[([^\[\]]+)\]", form["keys"]))
    return LayerName(name, path, int(form["call"]) if form["call"] else None, keys)


def entry_name(path: str, call: int | None, keys: tuple[str, ...]) -> str:
    """Return the name of an entry, as `parse_layer` reads it."""
    return path + (f"#{call}" if call else "") + "".join(f"[{key}]" for key in keys)


def entries(output: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    """Yield every tensor in an output, of any shape, with the way to it through what holds others by name or place."""
    if isinstance(output, Tensor):
        yield keys, output
        return
    for key, value in _held(output).items():
        yield from entries(value, (*keys, key))


def _held(output: object) -> dict[str, object]:
    """Return what a dictionary, a data class, a named tuple, a tuple or a list holds, by name."""
    if isinstance(output, Mapping):
        return {str(key): value for key, value in output.items()}
    if is_dataclass(output) and not isinstance(output, type):
        return {each.name: getattr(output, each.name) for each in fields(output)}
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        return dict(zip(output._fields, output, strict=True))
    if isinstance(output, tuple | list):
        return {str(index): value for index, value in enumerate(output)}
    return {}


def pick(layer: LayerName, output: object) -> Tensor:
    """Return the tensor, of any shape, that a layer's name stands for.

    Without keys, an output with exactly one floating-point tensor stands for that one, however it is wrapped.

    Raises:
        UnitscopeError: there is no such entry, or there are several.
    """
    part = output
    for key in layer.keys:
        part = _entry(part, key)
    if isinstance(part, Tensor):
        return part
    found = {id(value): value for _, value in entries(part) if value.is_floating_point()}
    if part is not None and len(found) == 1:
        return next(iter(found.values()))
    base = entry_name(layer.path, layer.call, ())
    listed = [
        f"{as_typed(base + entry_name('', None, keys))} {tuple(value.shape)}"
        for keys, value in entries(output)
    ]
    more = f" and {len(listed) - MOST_ENTRIES} more" if len(listed) > MOST_ENTRIES else ""
    has = f"it has {', '.join(listed[:MOST_ENTRIES])}{more}; name one" if listed else "choose another layer"
    several = (
        "several tensors" if len(found) > 1 else "no such entry" if layer.keys and listed else "no tensor"
    )
    raise UnitscopeError(f"layer {layer.name!r} returns {type(output).__name__} with {several}; {has}")


def put(layer: LayerName, output: object, value: Tensor) -> object:
    """Return an output with another tensor, of any shape, in place of the one that a layer's name stands for.

    Raises:
        UnitscopeError: there is no such entry, or it is in something that cannot be taken apart.
    """
    old = pick(layer, output)
    replaced, found = _replaced(output, old, value)
    if not found:
        raise UnitscopeError(
            f"layer {layer.name!r} returns {type(output).__name__}, in which nothing can be replaced; "
            "choose another layer"
        )
    return replaced


def _replaced(output: object, old: Tensor, new: Tensor) -> tuple[object, bool]:
    """Return an output with one tensor, of any shape, in place of another, and whether that was there."""
    if is_dataclass(output) and not isinstance(output, type | Mapping):
        changed = {
            each.name: _replaced(getattr(output, each.name), old, new) for each in fields(output) if each.init
        }
        parts = {name: part for name, (part, there) in changed.items() if there}
        return (replace(output, **parts), True) if parts else (output, False)
    leaves, form = pytree.tree_flatten(output)
    if any(leaf is old for leaf in leaves):
        return pytree.tree_unflatten([new if leaf is old else leaf for leaf in leaves], form), True
    inner = [_replaced(leaf, old, new) if is_dataclass(leaf) else (leaf, False) for leaf in leaves]
    there = any(found for _, found in inner)
    return (pytree.tree_unflatten([part for part, _ in inner], form), True) if there else (output, False)


def _entry(part: object, key: str) -> object:
    held = _held(part)
    if key not in held and isinstance(part, tuple | list) and key.isascii() and key.isdigit():
        return part[int(key)] if int(key) < len(part) else None
    return held.get(key)
