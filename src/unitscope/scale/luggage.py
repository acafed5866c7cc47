"""What an experiment works on, packed for a worker: pickled by this process for its own workers, and never from a file.

The network goes as it is here, module and weights, so that a worker cannot load others; what one process makes for
itself (graphs, locks, memory) is made anew. A class that was written in a notebook, in ``file.py`` or in a project that
is not installed goes along with its code.
"""

from __future__ import annotations

import io
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ray import cloudpickle
from torch.storage import TypedStorage

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.pieces import Looked

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Packed:
    """Something pickled: what it is made of, and the numbers in its tensors and arrays, which travel as they lie.

    Attributes:
        data: the pickle.
        numbers: bytes of each array and tensor.
    """

    data: bytes
    numbers: list[NDArray[np.uint8]]

    @property
    def size(self) -> int:
        """Bytes of all."""
        return len(self.data) + sum(each.nbytes for each in self.numbers)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Takes the numbers of tensors in the memory of the CPU as those of arrays."""

    def reducer_override(self, what: Any) -> Any:
        if isinstance(what, TypedStorage) and what._untyped_storage.device.type == "cpu":
            found = torch.tensor([], dtype=torch.uint8).set_(what._untyped_storage)
            return _storage, (found.numpy(), what.dtype)
        return super().reducer_override(what)


def _storage(numbers: NDArray[np.uint8], kind: torch.dtype) -> TypedStorage:
    return TypedStorage(wrap_storage=torch.from_numpy(numbers).untyped_storage(), dtype=kind, _internal=True)


def pack(subject: object, looked: Sequence[Looked]) -> Packed:
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


def pickled(what: object) -> Packed:
    """Return something pickled, with the code of what other processes cannot import."""
    file, numbers = io.BytesIO(), list[Any]()
    with _with_code():
        _Pickler(file, protocol=5, buffer_callback=numbers.append).dump(what)
    return Packed(file.getvalue(), [np.frombuffer(each.raw(), np.uint8) for each in numbers])


def unpack(packed: Packed) -> Any:
    """Return what was packed, in a worker; its numbers are its own, and may be written over."""
    return cloudpickle.loads(packed.data, buffers=[each.copy() for each in packed.numbers])


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
