"""Weights from files: read without running anything that a file contains, and put into a network that they fit."""

from __future__ import annotations

import re
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from unitscope.errors import UnitscopeError, one_line
from unitscope.paths import as_path

WEIGHT_FILES = frozenset({".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".safetensors", ".onnx", ".h5"})
"""Endings of files that hold weights, whether or not they can be read."""
WRAPPER = "state_dict"
PARALLEL = "module."
"""What PyTorch's data-parallel wrapper writes before every name."""
BOOKKEEPING = "num_batches_tracked"
"""Batch norm counts its training batches; older files leave the count out, and nothing reads it in eval mode."""
WRITTEN_BY_TORCH = (b"PK", b"\x80")
"""What files of ``torch.save`` start with, now and formerly."""
SHOWN = 3
NEVER = frozenset(
    ("builtins", "ctypes", "importlib", "nt", "os", "posix", "runpy", "shutil", "socket", "subprocess", "sys")
)
"""Modules whose objects have no place in a checkpoint: a file that names them is refused, though nothing would run."""
HARMLESS = frozenset(
    f"builtins.{name}"
    for name in (
        "bytearray", "complex", "dict", "frozenset", "list", "object", "range", "set", "slice", "tuple",
    )
)  # fmt: skip


def read_state(path: Path | str, *, called: object = None) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by name.

    A `state_dict` entry is unwrapped, and a ``module.`` before every name taken off.

    Args:
        path: a safetensors file, or a file of ``torch.save`` that holds tensors only.
        called: what messages call the file; by default its path.

    Raises:
        UnitscopeError: there is no such file, it is damaged, is no checkpoint, or holds more than tensors.
    """
    called = called or as_path(path)
    content = read_content(path, called=called)
    if isinstance(content.get(WRAPPER), Mapping):
        content = content[WRAPPER]
    if not content:
        raise UnitscopeError(f"{called} holds {_kind(content)}, not named tensors; save module.state_dict()")
    strangers = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if strangers:
        raise UnitscopeError(
            f"{called} is no state dict: its entry {strangers[0]!r} is {_kind(content[strangers[0]])}, not a tensor; "
            "save module.state_dict()"
        )
    state = {str(name): value for name, value in content.items()}
    if all(name.startswith(PARALLEL) for name in state):
        state = {name.removeprefix(PARALLEL): value for name, value in state.items()}
    return state


def read_content(path: Path | str, *, called: object = None) -> Mapping[Any, Any]:
    """Read everything that a checkpoint holds by name.

    Objects beside its tensors are read as stand-ins: nothing of them is imported, made or run.

    Args:
        path: a safetensors file, or a file of ``torch.save``.
        called: what messages call the file; by default its path.

    Raises:
        UnitscopeError: there is no such file, it is damaged, is no checkpoint, or would run code.
    """
    path = as_path(path)
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "does not exist"
        raise UnitscopeError(f"weights file {str(path)!r} {problem}")
    called = called or path
    content = (_read_safetensors if _is_safetensors(path) else _read_torch)(path, called)
    if foreign := getattr(content, "foreign", ""):
        raise _foreign(called, foreign)
    if not isinstance(content, Mapping) or not content:
        raise UnitscopeError(f"{called} holds {_kind(content)}, not named tensors; save module.state_dict()")
    return content


def _is_safetensors(path: Path) -> bool:
    """Tell by the ending, or by the header: its length in eight bytes, then JSON."""
    return path.suffix == ".safetensors" or _start(path)[8:9] == b"{"


def _read_safetensors(path: Path, called: object) -> Mapping[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, called, one_line(error)) from error


def _read_torch(path: Path, called: object) -> object:
    foreign = _foreign_names(path)
    stand_ins: list[Any] = [(_stand_in(name), name) for name in foreign]
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(stand_ins):
            warnings.simplefilter("ignore")  # what matters becomes an error below
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        text = str(error)
        if "Weights only" in text and _start(path).startswith(WRITTEN_BY_TORCH):
            named = re.search(r"GLOBAL ([\w.]+)", text)
            raise _foreign(called, named.group(1) if named else "".join(foreign[:1])) from error
        # What torch says of unpickling is advice to run the file.
        reason = "" if "weights_only" in text else one_line(error)
        raise _damaged(path, called, reason) from error


def _foreign_names(path: Path) -> list[str]:
    """Return what a file of ``torch.save`` would import, except for torch's own and what might do harm."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except (ValueError, RuntimeError, OSError):  # not written as an archive, or cut short
        return []
    return [name for name in names if name.partition(".")[0] not in NEVER or name in HARMLESS]


def _foreign(called: object, name: str) -> UnitscopeError:
    what = f"the Python object {name}" if name else "Python objects"
    return UnitscopeError(
        f"{called} holds {what} beside tensors, and reading those would run code from the file; "
        "load it where you trust it, and save module.state_dict() or a safetensors file"
    )


def _stand_in(name: str) -> type:
    """Return what stands for the foreign class or function of a dotted name.

    It makes empty dictionaries, which keep what the file puts into them and do nothing with it.
    """

    def make(_: type, *__: object, **___: object) -> object:
        made: Any = OrderedDict()
        made.foreign = name
        return made

    return type(name.rpartition(".")[2], (), {"__new__": make})


def _damaged(path: Path, called: object, reason: str) -> UnitscopeError:
    start = _start(path).lstrip().lower()
    if not start:
        return UnitscopeError(f"{called} is empty; delete it and get it again")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return UnitscopeError(f"{called} is a web page, not a checkpoint; delete it and get the file itself")
    told = f" ({reason})" if reason else ""
    return UnitscopeError(f"{called} is damaged, cut short, or no checkpoint{told}; get it again")


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "an empty dictionary" if not value else "a dictionary"
    return f"a {type(value).__name__}"


class _Undrawn(TorchFunctionMode):
    """Where weights would be drawn, they stay as they are."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


def to_be_filled() -> AbstractContextManager[object]:
    """Return a context in which networks are made without weights, since `fill` puts in all of them next.

    Drawing them at random is most of what it takes to make a network. Here parameters hold whatever lay in memory;
    buffers have their values.
    """
    return _Undrawn()


def fill(module: nn.Module, state: Mapping[str, Tensor], source: object) -> None:
    """Put weights into a network, in place; a network they do not fit stays as it was.

    Args:
        module: the network.
        state: tensors by the names of its state dict.
        source: where they come from, for messages.

    Raises:
        UnitscopeError: names are missing or unexpected, or shapes differ; the first of each are named.
    """
    own = module.state_dict()
    missing = [name for name in own if name not in state and not name.endswith(BOOKKEEPING)]
    unexpected = [name for name in state if name not in own]
    shapes = [
        f"{name!r} is {tuple(state[name].shape)} where {tuple(own[name].shape)} is expected"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    problems = [
        _listed("missing", [repr(name) for name in missing]),
        _listed("unexpected", [repr(name) for name in unexpected]),
        _listed("of another shape:", shapes),
    ]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        raise UnitscopeError(
            f"the weights in {source} are not those of {type(module).__name__}: {found}; "
            "give the checkpoint of this network"
        )
    module.load_state_dict(dict(state), strict=False)


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{what} {', '.join(names[:SHOWN])}{more}"
