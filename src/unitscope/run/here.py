"""What the process is that works on a run, as far as the numbers of the run depend on it."""

from __future__ import annotations

import platform
import sys
from functools import cache
from importlib import metadata

PACKAGES = ("unitscope", "torch", "numpy", "numba", "pillow", "pyarrow", "safetensors")
OF_NETWORKS = ("torchvision", "timm", "transformers")
"""Libraries of networks; a run depends on those that its networks are made of."""


def packages_here() -> tuple[str, ...]:
    """Return the packages that results of this process may depend on: some always, others where they are imported."""
    return (*PACKAGES, *(name for name in OF_NETWORKS if name in sys.modules))


@cache
def version_of(package: str) -> str:
    """Return the version of a package that is installed here, or that it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def processor_here() -> str:
    """Return the system, the machine and the instructions that PyTorch uses here, as ``Linux x86_64 AVX2``.

    The last bits of what a network answers depend on them.
    """
    import torch

    return f"{platform.system()} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
