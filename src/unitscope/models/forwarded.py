"""Networks that take something else than a batch of pictures: a function says how they are given one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.models.factories import find_function, names_a_factory

Function = Callable[[Any, Tensor], object]
"""Takes a network and a batch of inputs ``(N, C, h, w)``, and returns what the network answers."""


@dataclass(frozen=True)
class Forward:
    """How a network is given a batch of pictures.

    Attributes:
        function: called with the network and inputs ``(N, C, h, w)`` as its preprocessing makes them; returns what the
            network does.
        name: ``file.py:function`` or ``package.module:function``; where the function was given in Python, its name.
        hash: SHA-256 of the file that it is written in; empty where it was given in Python.
    """

    function: Function = field(compare=False)
    name: str
    hash: str = ""

    @classmethod
    def of(cls, given: Forward | Function | str) -> Forward:
        """Return how a network is called, from what a person names.

        Raises:
            UnitscopeError: there is no such function.
        """
        if isinstance(given, Forward):
            return given
        if isinstance(given, str):
            if not names_a_factory(given):
                raise UnitscopeError(
                    f"--forward is {given!r}; give FILE.py:FUNCTION, a function of the network and a batch of inputs"
                )
            found, version = find_function(given, "forward", "module, inputs")
            place, _, name = given.rpartition(":")
            return cls(found, f"{Path(place).resolve()}:{name}" if Path(place).is_file() else given, version)
        if not callable(given):
            raise UnitscopeError(
                f"--forward is a {type(given).__name__}; give a function of the network and a batch of inputs"
            )
        return cls(given, str(getattr(given, "__qualname__", type(given).__name__)))

    def around(self, module: nn.Module) -> Forwarded:
        """Return a network that is called so, whatever way it was called before."""
        return Forwarded(inside(module), self.function)


class Forwarded(nn.Module):
    """A network as a function of pictures: a function calls it.

    Its parameters, buffers and layers are those of the network, by the same names; so are its training flags.

    Args:
        network: the network.
        function: called with it and a batch ``(N, C, h, w)``.
    """

    network: nn.Module

    def __init__(self, network: nn.Module, function: Function) -> None:
        # It is no submodule: what the network holds is held here under the same names, as the same dictionaries.
        self.__dict__["network"] = network
        super().__init__()
        for name in ("_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"):
            self.__dict__[name] = vars(network)[name]
        self.function = function

    @property
    def training(self) -> bool:
        """Whether the network is in training mode."""
        return bool(self.network.training)

    @training.setter
    def training(self, mode: bool) -> None:
        # A module begins in training mode; what is wrapped here stays as it is.
        if "function" in self.__dict__:
            self.network.training = mode

    def train(self, mode: bool = True) -> Forwarded:
        """Set the mode of the network."""
        self.network.train(mode)
        return self

    def state_dict(self, *given: Any, **named: Any) -> Any:
        """Return the state of the network."""
        return self.network.state_dict(*given, **named)

    def load_state_dict(self, state_dict: Mapping[str, Any], *given: Any, **named: Any) -> Any:
        """Fill the network."""
        return self.network.load_state_dict(state_dict, *given, **named)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Forwarded:
        self.network._apply(fn, recurse)
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Forwarded:
        return Forwarded(deepcopy(self.network, memo), self.function)

    def forward(self, inputs: Tensor) -> object:
        """Let the function call the network on a batch ``(N, C, h, w)``."""
        return self.function(self.network, inputs)


def inside(module: nn.Module) -> nn.Module:
    """Return the network that a function calls; a module without such a function is the network itself."""
    return module.network if isinstance(module, Forwarded) else module
