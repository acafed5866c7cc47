"""Run a function that somebody names on the command line, and say clearly what went wrong if it fails."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean, one_line

HOW = "give FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION"


class _Neighbour(NamedTuple):
    """A module that lies beside a file of a person, or in a package beside it, and was imported for it."""

    folder: Path
    file: Path
    state: tuple[int, int]
    """Time and size of the file when it was imported."""


_neighbours: dict[str, _Neighbour] = {}
"""By the names of the modules."""
_hashes: dict[str, tuple[ModuleSpec | None, str]] = {}
"""Of the sources of modules when their functions were first asked for, by name."""


def names_a_factory(spec: str) -> bool:
    """Return whether `spec` has the form ``file.py:function`` or ``package.module:function``."""
    place, colon, _ = spec.rpartition(":")
    return bool(colon and place)


def call_factory(spec: str, what: str) -> object:
    """Return what the function named by `spec` returns.

    The folder of the file (or the working folder, for a module) is on the import path while it runs, so that
    the file can import its neighbours; afterwards the path is as before.

    Args:
        spec: ``file.py:function`` or ``package.module:function``; a network itself may stand for the
            function.
        what: the noun for error messages, such as "model".

    Raises:
        UnitscopeError: the file, module or function is missing, cannot be imported, needs arguments, or
            raised.
    """
    place, _, function = spec.rpartition(":")
    with _import_path(Path(place).resolve().parent if _is_file(place) else Path.cwd()):
        module = _import_file(Path(place), what) if _is_file(place) else _import_module(place, what)
        made = _find(module, function, place, what)
        if isinstance(made, nn.Module) or not callable(made):
            return made
        _check_needs_no_arguments(made, spec, what)
        try:
            return made()
        except (Exception, SystemExit) as error:
            home = Path(getattr(module, "__file__", None) or ".").parent
            raise UnitscopeError(f"{what} {spec!r} raised {_describe(error, home)}") from error


def find_function(spec: str, what: str, takes: str) -> tuple[Callable[..., object], str]:
    """Return the function named by `spec`, which is not called, and a hash of the source that it was read from.

    Args:
        spec: ``file.py:function`` or ``package.module:function``.
        what: the noun for error messages.
        takes: names of what it is called with, in order, as ``picture, generator``.

    Raises:
        UnitscopeError: the file, module or function is missing or cannot be imported, it is no function, or one of
            other parameters, or the file of the module has changed since this process imported it.
    """
    place, _, name = spec.rpartition(":")
    with _import_path(Path(place).resolve().parent if _is_file(place) else Path.cwd()):
        module = _import_file(Path(place), what) if _is_file(place) else _import_module(place, what)
        found = _find(module, name, place, what)
    if not callable(found):
        raise UnitscopeError(f"{what} {spec!r} is {kind_of(found)}, not a function; {HOW}")
    names = takes.split(", ")
    with suppress(ValueError):  # what is not written in Python may have no signature
        try:
            inspect.signature(found).bind(*names)
        except TypeError as error:
            raise UnitscopeError(f"{what} {spec!r} cannot be called with {takes}: {error}; {HOW}") from error
    return found, _source_hash(module, place, what)


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place


@contextmanager
def _import_path(folder: Path) -> Iterator[None]:
    """Let what runs inside import the modules in a folder as they stand, not those of the same names elsewhere."""
    _forget_neighbours(folder)
    path, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()  # a file that has just been written may not be seen otherwise
    try:
        yield
    finally:
        sys.path[:] = path
        new = [name for name in sys.modules if name not in modules]
        beside = {
            name for name in new if _file(name) in (folder / f"{name}.py", folder / name / "__init__.py")
        }
        for name in new:
            file = _file(name)
            if file is not None and name.partition(".")[0] in beside:
                _neighbours[name] = _Neighbour(folder, file, _state(file))


def _forget_neighbours(folder: Path) -> None:
    """Forget those of other folders that a folder has modules of the same name for, and its own if one has changed."""
    own = [each for each in _neighbours.values() if each.folder == folder]
    changed = any(_state(each.file) != each.state for each in own)
    for name, each in list(_neighbours.items()):
        if changed if each.folder == folder else _has(folder, name.partition(".")[0]):
            sys.modules.pop(name, None)
            del _neighbours[name]


def _has(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").exists() or (folder / name).is_dir()


def _file(module: str) -> Path | None:
    file = getattr(sys.modules.get(module), "__file__", None)
    return None if file is None else Path(file)


def _state(file: Path) -> tuple[int, int]:
    """Return time and size of a file; zeros where it is gone."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


class _AsWritten(SourceFileLoader):
    """Runs a file as it stands.

    Python takes kept bytecode for that of a file of the same second and length, which may be of other text.
    """

    source_hash = ""
    """Of the source that was run."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        source = self.get_data(self.path)
        self.source_hash = hashlib.sha256(source).hexdigest()
        return self.source_to_code(source, self.path)


def _source_hash(module: ModuleType, place: str, what: str) -> str:
    """Return a hash of the source of a module; empty where it has none."""
    loader = getattr(module, "__loader__", None)
    if isinstance(loader, _AsWritten):
        return loader.source_hash
    file = getattr(module, "__file__", None)
    if file is None:
        return ""
    now = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    spec, before = _hashes.get(module.__name__, (None, ""))
    if spec is None or spec is not module.__spec__:  # another one since it was reloaded
        _hashes[module.__name__] = module.__spec__, now
    elif before != now:
        raise UnitscopeError(
            f"{what} module {place!r} was imported before {file} was changed; start Python again, or give the file, "
            "which is read anew each time"
        )
    return now


def _import_file(path: Path, what: str) -> ModuleType:
    if not path.is_file():
        raise UnitscopeError(f"{what} file {str(path)!r} does not exist; {HOW}")
    if path.suffix != ".py":
        raise UnitscopeError(f"{what} file {str(path)!r} is not a Python file; {HOW}")
    place = str(path.resolve())
    name = f"_unitscope_{path.stem}_{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    loader = _AsWritten(name, place)
    spec = importlib.util.spec_from_file_location(name, place, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and inspect look a class's module up there
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UnitscopeError(
            f"{what} file {str(path)!r} cannot be imported: {_describe(error, path.resolve().parent)}"
        ) from error
    return module


def _import_module(name: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise UnitscopeError(
            f"{what} module {name!r} cannot be imported: {one_line(error)}; "
            "is it installed, or in the working folder?"
        ) from error


def _find(module: ModuleType, function: str, place: str, what: str) -> object:
    if hasattr(module, function):
        return getattr(module, function)
    offered = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    own = [name for name in offered if getattr(vars(module)[name], "__module__", None) == module.__name__]
    hint = did_you_mean(function, offered) or (f" it has {', '.join(own[:8])};" if own else "")
    raise UnitscopeError(f"{what} function {function!r} not found in {place};{hint.rstrip(';')}".rstrip(";"))


def _check_needs_no_arguments(function: Callable[..., object], spec: str, what: str) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in optional]
    if needed:
        raise UnitscopeError(
            f"{what} {spec!r} needs arguments ({', '.join(needed)}); "
            "write a function without arguments that calls it"
        )


def _describe(error: BaseException, home: Path) -> str:
    """Return type, message and place of an error: if it passed through `home`, its innermost line there."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(home)]
    frame = (own or frames)[-1]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    return f"{one_line(error)} ({Path(frame.filename).name}, line {frame.lineno})"


def kind_of(made: object) -> str:
    """Return what a function returned, for a message that refuses it."""
    if isinstance(made, tuple | list):
        return f"a {type(made).__name__} of {', '.join(type(item).__name__ for item in made)}"
    return "nothing (None)" if made is None else f"a {type(made).__name__}"
