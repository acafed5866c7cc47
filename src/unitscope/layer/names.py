"""What a layer's name points to: a module, one of its calls, and one entry of what it returns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor
from torch.utils import _pytree as pytree

from unitscope.errors import UnitscopeError, did_you_mean

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
    """Yield every tensor in an output, of any shape, with the way to it through tuples, lists and dicts."""
    if isinstance(output, Tensor):
        yield keys, output
    elif isinstance(output, Mapping):
        for key, value in output.items():
            yield from entries(value, (*keys, str(key)))
    elif isinstance(output, tuple | list):
        for index, value in enumerate(output):
            yield from entries(value, (*keys, str(index)))


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
    listed = [f"{base}{entry_name('', None, keys)} {tuple(value.shape)}" for keys, value in entries(output)]
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
    leaves, form = pytree.tree_flatten(output)
    if not any(leaf is old for leaf in leaves):
        raise UnitscopeError(
            f"layer {layer.name!r} returns {type(output).__name__}, in which nothing can be replaced; "
            "choose another layer"
        )
    return pytree.tree_unflatten([value if leaf is old else leaf for leaf in leaves], form)


def _entry(part: object, key: str) -> object:
    if isinstance(part, Mapping):
        return next((value for name, value in part.items() if str(name) == key), None)
    if isinstance(part, tuple | list) and key.isascii() and key.isdigit():
        return part[int(key)] if int(key) < len(part) else None
    return None
