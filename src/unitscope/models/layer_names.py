"""Layers by their readable names."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean


def find_layer(name: str, module: nn.Module, aliases: Mapping[str, str], called: str) -> str:
    """Return the module name of a layer that may be named by an alias, what follows it included.

    Args:
        name: ``path``, ``path#call`` or ``path[key]``; the path may be an alias.
        module: the network.
        aliases: readable names, each with the dotted module name it stands for.
        called: what messages call the network.

    Raises:
        UnitscopeError: the network has neither such a module nor such an alias.
    """
    path, mark, rest = name, "", ""
    for at in "#[":
        if at in path:
            path, mark, rest = path[: path.index(at)], at, name[path.index(at) + 1 :]
    known = {part for part, _ in module.named_modules(remove_duplicate=False) if part}
    if name in known:
        return name
    if path not in aliases and path not in known:
        hint = did_you_mean(path, [*aliases, *known])
        raise UnitscopeError(
            f"layer {name!r} not found in {called};{hint} 'unitscope layers MODEL' lists them"
        )
    return aliases.get(path, path) + mark + rest
