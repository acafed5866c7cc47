"""What a process is, as far as its numbers depend on it; two that differ must not work on one run."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence

import torch

from unitscope.errors import UnitscopeError
from unitscope.experiments.likeness import ANSWERS, DATA, WEIGHTS
from unitscope.run.here import processor_here, version_of

CAUSES = {
    WEIGHTS: "got other weights of the network than there are here; see whether its memory is sound",
    DATA: "reads other pictures or labels than there are here, or cannot read them; give every machine the same files "
    "under the same paths",
    ANSWERS: "gets other answers of the network than there are here, in their last bits at least; give every machine "
    "the same kind of processor or GPU, or run on one",
}
"""What a difference between hashes means, and what to do."""


def facts_here(packages: Sequence[str], device: str) -> Mapping[str, str]:
    """Return the versions of Python and some packages, the kind of processor, and that of the GPU."""
    found = {"Python": platform.python_version(), **{name: version_of(name) for name in packages}}
    found["processor"] = processor_here()
    if device == "cuda":
        found["GPU"] = torch.cuda.get_device_name()
    return found


def difference(wanted: Mapping[str, str], found: Mapping[str, str], host: str) -> str:
    """Return a line about the first fact that differs; empty where none does."""
    for name, value in wanted.items():
        if found.get(name) != value:
            return (
                f"the worker on {host} has {name} {found.get(name)}, and it is {value} here; give every machine the "
                "same"
            )
    return ""


def unlike(wanted: Mapping[str, str], found: Mapping[str, str], host: str) -> str:
    """Return a line about the first hash of :func:`likeness` that differs; empty where none does."""
    for name, cause in CAUSES.items():
        if found[name] != wanted[name]:
            return f"the worker on {host} {cause}"
    return ""


def host_name() -> str:
    """Return the name of this machine, with the number of the process."""
    return f"{platform.node()} (process {os.getpid()})"


def check_device(device: torch.device, workers: int | None) -> None:
    """Refuse a device that workers cannot have each for itself.

    Raises:
        UnitscopeError: it is one GPU by its number, or of a machine that has only one.
    """
    if device.type == "cuda" and device.index:
        raise UnitscopeError(
            f"each worker has a GPU for itself, which it calls cuda; give --device 'cuda', not '{device}'"
        )
    if device.type not in ("cpu", "cuda") and (workers or 2) > 1:
        raise UnitscopeError(
            f"there is one device {device.type!r}, and workers cannot share it; give --workers 1, or --device 'cpu'"
        )
