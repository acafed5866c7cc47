"""Controls: the network that is looked into, with random weights in place of its own."""

from __future__ import annotations

from unitscope.errors import UnitscopeError
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.nouns.network import network, on_device


def untrained(found: Network | Generator, seed: int) -> Network:
    """Return a copy with random weights, on the same device.

    Raises:
        UnitscopeError: it is a generator, its weights are random already, or nothing says how they begin.
    """
    if isinstance(found, Generator):
        raise UnitscopeError(
            f"--control {seed} is for networks that read pictures: a generator with random weights makes other "
            "pictures, which say nothing of these; leave it out, its units are held against chance (--null)"
        )
    if found.reinitialized is not None:
        raise UnitscopeError(
            f"--control {seed} compares with random weights, and --reinitialize {found.reinitialized} gives the model "
            "random ones already; leave one out"
        )
    return on_device(network(found, reinitialize=seed))
