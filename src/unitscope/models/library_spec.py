"""What every library of networks needs: the name taken apart, the network that is returned, and two refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class LibrarySpec:
    """``library:name`` or ``library:name?weights=WHICH``, taken apart.

    Attributes:
        text: as given.
        library: torchvision, timm or transformers.
        name: of the network in it.
        weights: which weights, "none" for random ones; empty for the library's own choice.
    """

    text: str
    library: str
    name: str
    weights: str = ""

    @property
    def untrained(self) -> str:
        """The same network with random weights."""
        return f"{self.library}:{self.name}?weights=none"


@dataclass(frozen=True)
class LibraryNetwork:
    """A network as a library makes it.

    Attributes:
        module: the network.
        preprocessing: that the library states.
        classes: names of its outputs; empty where they are not known.
        classifies: whether it tells classes of pictures apart.
    """

    module: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    classifies: bool = True


def unknown_network(spec: LibrarySpec, known: Sequence[str]) -> UnitscopeError:
    """Return what to say of a name that a library has not."""
    hint = did_you_mean(spec.name, known) or f" it has {len(known)}, such as {known[0]!r}"
    return UnitscopeError(f"model {spec.name!r} not found in {spec.library};{hint}")


def check_channels(spec: str, channels: int) -> None:
    """Refuse a network that takes neither colour nor gray pictures.

    Raises:
        UnitscopeError: its inputs have neither 1 nor 3 channels.
    """
    if channels not in (1, 3):
        raise UnitscopeError(
            f"{spec!r} takes inputs of {channels} channels, and pictures have 3, or 1 where they are gray; wrap it in "
            "a module that makes them of pictures"
        )
