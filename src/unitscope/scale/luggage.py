"""What an experiment works on, packed for a worker: pickled by this process for its own workers, and never from a file.

The network goes as it is here, module and weights, so that a worker cannot load others; what one process makes for
itself (graphs, locks, memory) is made anew. A class that was written in a notebook, in ``file.py`` or in a project that
is not installed goes along with its code.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ray import cloudpickle

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.skeleton import Looked

PACKAGE = __name__.partition(".")[0]


def pack(subject: object, looked: Sequence[Looked]) -> bytes:
    """Return what pieces of work need and what is compared first, for :func:`unpack`.

    Raises:
        UnitscopeError: something of it cannot leave this process.
    """
    try:
        return pickled((subject, list(looked)))
    except Exception as error:
        what = _which(looked)
        raise UnitscopeError(
            f"{what} cannot be sent to other processes: {one_line(error)}; take that out of it, or run without "
            "--workers and --cluster"
        ) from error


def pickled(what: object) -> bytes:
    """Return something as bytes, with the code of what other processes cannot import."""
    with _with_code():
        return bytes(cloudpickle.dumps(what))


def unpack(data: bytes) -> Any:
    """Return what was packed, in a worker."""
    return cloudpickle.loads(data)


def _which(looked: Sequence[Looked]) -> str:
    for module, samples in looked:
        for what, part in ((f"the network {type(module).__name__}", module), (samples.name, samples)):
            try:
                pickled(part)
            except Exception:
                return what
    return "what is measured"


@contextmanager
def _with_code() -> Iterator[None]:
    own = [module for module in list(sys.modules.values()) if _is_foreign(module)]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


def _is_foreign(module: ModuleType) -> bool:
    """Tell whether a module is neither installed nor part of Python, so that others may be without it."""
    name, file = getattr(module, "__name__", ""), getattr(module, "__file__", None)
    if not file or sys.modules.get(name) is not module or name.partition(".")[0] in (PACKAGE, "__main__"):
        return False
    return not _is_installed(str(file))


@cache
def _is_installed(file: str) -> bool:
    place = Path(file).resolve()
    return any(place.is_relative_to(folder) for folder in _installed())


@cache
def _installed() -> set[Path]:
    paths = sysconfig.get_paths()
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return {Path(paths[kind]).resolve() for kind in kinds} | {Path(sys.prefix).resolve()}
