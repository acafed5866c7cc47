"""The weights that come with the package."""

from __future__ import annotations

from importlib import resources

from safetensors.torch import load
from torch import nn

from unitscope.errors import UnitscopeError


def fill_bundled(network: nn.Module, file: str, training: str) -> None:
    """Fill a network with bundled weights.

    Args:
        network: it is changed.
        file: name of the file.
        training: name of the module that makes it.

    Raises:
        UnitscopeError: the file is missing.
    """
    path = resources.files("unitscope.world") / "weights" / file
    if not path.is_file():
        raise UnitscopeError(
            f"the weights {file} are missing from unitscope.world; "
            f"'python -m training.{training} --out src/unitscope/world/weights' makes them"
        )
    network.load_state_dict(load(path.read_bytes()))
