"""New random weights for a network, as a control: no entry of its state keeps what training made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from unitscope.errors import UnitscopeError

CONSTANTS = re.compile(r"(?!running_)(.*_)?(mean|std|coords_table|inv_freq|mask|grid|anchors)")
"""Buffers that no training moves: how pictures are brought to the network's range, and where things lie."""
ITERATIONS = 15
"""Power iterations that begin the vectors of a spectral norm."""
SHOWN = 3


def reinitialize(module: nn.Module, seed: int) -> None:
    """Give a network new random weights, in place; the same seed gives the same weights.

    Every submodule with a ``reset_parameters`` (or ``_reset_parameters``) method starts the way PyTorch starts it,
    batch-norm statistics included, and what weight and spectral norms make that weight of follows it. What is left
    as it was (a class token, a hand-written weight) is drawn from a Kaiming normal distribution if it has two or more
    axes; otherwise a bias becomes 0 and a scale 1. The global random state is as before afterwards.

    Raises:
        UnitscopeError: the network has nothing that could be started anew, or buffers or tensors of which nobody knows
            how, or the seed is not from 0 to 2^63 - 1.
    """
    if not 0 <= seed < 2**63:
        raise UnitscopeError(f"--reinitialize is {seed}; it must be from 0 to 2^63 - 1")
    devices = sorted({p.device.index for p in module.parameters() if p.device.type == "cuda"})
    parts, strangers, drawn = dict(module.named_modules()), list[str](), 0
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        for device in devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        for path, part in parts.items():
            if not _of_parametrization(path):
                started = _Start(part)
                drawn += started.drawn
                strangers += [f"{path}.{name}".removeprefix(".") for name in started.strangers]
    if strangers:
        more = f" and {len(strangers) - SHOWN} more" if len(strangers) > SHOWN else ""
        raise UnitscopeError(
            f"{type(module).__name__} cannot be reinitialized: nothing says how its buffers or tensors "
            f"{', '.join(map(repr, strangers[:SHOWN]))}{more} begin; make it with random weights yourself"
        )
    if not drawn:
        raise UnitscopeError(
            f"{type(module).__name__} has no weights that could be reinitialized; leave reinitialize out"
        )


def _of_parametrization(path: str) -> bool:
    """Return whether a module stands inside a parametrization, which follows the weight that it makes."""
    return "parametrizations" in path.split(".")


class _Start:
    """Start the entries that belong to one submodule itself.

    Attributes:
        drawn: how many parameters changed.
        strangers: buffers that nothing drew, and tensors that are no part of the state.
    """

    def __init__(self, part: nn.Module) -> None:
        own = dict(_entries(part))
        before = {name: entry.clone() for name, entry in own.items()}
        # What still holds these values afterwards is what no rule of the submodule has touched.
        marks = {name: (2 + torch.rand(entry.shape)).to(entry) for name, entry in own.items()}
        for name, entry in own.items():
            entry.copy_(marks[name])
        self.drawn, self.strangers = len(own), list[str]()
        remade = _reset(part)
        for name, entry in own.items():
            if name in remade or not torch.equal(entry, marks[name]):
                continue
            if isinstance(entry, nn.Parameter) or _is_statistic(part, name):
                _by_name(name, entry)
            else:
                entry.copy_(before[name])
                self.strangers.append(name)
        self.strangers += _plain_tensors(part)


def _entries(part: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the floating-point entries of the state that belong to a submodule itself, constants left out."""
    kept = part._non_persistent_buffers_set
    buffers = [
        (name, buffer)
        for name, buffer in part.named_buffers(recurse=False)
        if name not in kept and not CONSTANTS.fullmatch(name)
    ]
    for name, entry in (*part.named_parameters(recurse=False), *buffers):
        if entry.is_floating_point() or entry.is_complex():
            yield name, entry


def _plain_tensors(part: nn.Module) -> list[str]:
    """Return the attributes that hold numbers and are neither parameters nor buffers, constants left out."""
    norms = (WeightNorm, SpectralNorm)
    made = {hook.name for hook in part._forward_pre_hooks.values() if isinstance(hook, norms)}
    return [
        name
        for name, value in vars(part).items()
        if isinstance(value, Tensor) and value.is_leaf and value.is_floating_point() and value.numel() > 1
        if name not in made and not CONSTANTS.fullmatch(name)
    ]


def _is_statistic(part: nn.Module, name: str) -> bool:
    """Return whether a buffer is one of a batch norm, frozen or not."""
    return name.startswith("running_") or (name in ("weight", "bias") and hasattr(part, "running_mean"))


def _by_name(name: str, entry: Tensor) -> None:
    """Draw an entry of any shape of which only the name says what it is."""
    if entry.is_complex():
        entry.copy_(
            torch.randn_like(entry) * entry[0].numel() ** -0.5 if entry.ndim else torch.ones_like(entry)
        )
    elif entry.ndim >= 2:
        nn.init.kaiming_normal_(entry)
    else:
        entry.fill_(0.0 if re.search(r"bias|beta|shift|mean", name) else 1.0)


def _reset(part: nn.Module) -> set[str]:
    """Call the method of a submodule that starts it; return the names of entries that were made to follow."""
    reset: Callable[[], object] | None = getattr(part, "reset_parameters", None)
    reset = reset or getattr(part, "_reset_parameters", None)
    with parametrize.cached():  # what is written to a weight that is made of others stays for a moment
        if callable(reset):
            with suppress(TypeError):  # it wants to be told something
                reset()
        made = {name: getattr(part, name).clone() for name in _parametrized(part)}
    for name, weight in made.items():
        _take_apart(part, name, weight if callable(reset) else nn.init.kaiming_normal_(weight))
    remade: set[str] = set()
    for hook in part._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm):
            remade |= _follow_weight_norm(part, hook, drawn=callable(reset))
        elif isinstance(hook, SpectralNorm):
            remade |= _follow_spectral_norm(part, hook, drawn=callable(reset))
    return remade


def _parametrized(part: nn.Module) -> list[str]:
    return list(part.parametrizations) if parametrize.is_parametrized(part) else []  # type: ignore[arg-type]


def _take_apart(part: nn.Module, name: str, weight: Tensor) -> None:
    """Let what a weight of any shape is made of follow it, or draw it where it cannot be told from the weight."""
    made_of: Any = part.parametrizations[name]  # type: ignore[index]
    for step in made_of:
        for entry in _entries(step):
            _by_name(*entry)
        if hasattr(step, "_power_method") and weight.ndim > 1:
            for vector in (step._u, step._v):
                vector.copy_(nn.functional.normalize(torch.randn_like(vector), dim=0))
            step._power_method(step._reshape_weight_to_matrix(weight), ITERATIONS)
    try:
        setattr(part, name, weight)
    except (NotImplementedError, RuntimeError, ValueError):  # nothing gets the parts from the whole
        for entry in _entries(made_of):
            _by_name(*entry)


def _follow_weight_norm(part: nn.Module, hook: WeightNorm, *, drawn: bool) -> set[str]:
    long, direction = (getattr(part, f"{hook.name}_{end}") for end in "gv")
    if drawn:
        direction.copy_(getattr(part, hook.name))
    else:
        nn.init.kaiming_normal_(direction)
    long.copy_(torch.norm_except_dim(direction, 2, hook.dim))
    setattr(part, hook.name, hook.compute_weight(part))
    return {f"{hook.name}_g", f"{hook.name}_v"}


def _follow_spectral_norm(part: nn.Module, hook: SpectralNorm, *, drawn: bool) -> set[str]:
    weight, left, right = (getattr(part, f"{hook.name}_{end}") for end in ("orig", "u", "v"))
    if drawn:
        weight.copy_(getattr(part, hook.name))
    else:
        nn.init.kaiming_normal_(weight)
    matrix = hook.reshape_weight_to_matrix(weight)
    left.copy_(nn.functional.normalize(torch.randn_like(left), dim=0))
    for _ in range(ITERATIONS):
        right.copy_(nn.functional.normalize(torch.mv(matrix.t(), left), dim=0, eps=hook.eps))
        left.copy_(nn.functional.normalize(torch.mv(matrix, right), dim=0, eps=hook.eps))
    setattr(part, hook.name, hook.compute_weight(part, do_power_iteration=False))
    return {f"{hook.name}_{end}" for end in ("orig", "u", "v")}
