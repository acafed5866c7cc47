"""Exported programs (``.pt2``), read without running anything but tensor operations.

``torch.export.load`` runs whatever a file wants to run: it unpickles example inputs, weights and constants
that ask for it, loads compiled libraries, evaluates shape expressions and guards as Python, imports the
modules that a tree specification names, and calls any function reachable from ``torch``. A program that
``torch.export.save`` made from a plain network needs none of that, so a file that does is refused before it
is loaded.

Torch 2.14 is no safer by itself: tried without the checks, it ran the code in pickled example inputs, weights and
constants, and in a shape expression. ``TORCH_FORCE_WEIGHTS_ONLY_LOAD`` keeps it from the first three, but neither from
expressions nor from constants of the kind ``opaque_obj``, which go to ``pickle.loads``.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export.passes import move_to_device_pass

from unitscope.errors import UnitscopeError
from unitscope.models.hub import without_unpickling

MODEL = "models/model.json"
SAMPLE_INPUTS = "data/sample_inputs/model.pt"
CONFIGS = (("weights", "data/weights/", "weight_"), ("constants", "data/constants/", "tensor_"))

_OPERATORS = re.compile(
    r"torch\.ops\.(aten|torchvision|quantized_decomposed)\.\w+\.\w+"
    r"|torch\.ops\.higher_order\.(wrap_with_set_grad_enabled|wrap_with_autocast|cond)"
    r"|torch\._?sym_\w+|math\.[a-z0-9]+"
    r"|_operator\.(getitem|add|sub|mul|truediv|floordiv|mod|pow|neg|pos|eq|ne|lt|le|gt|ge|and_|or_|not_)"
)
_WRITES_FILES = re.compile(r"torch\.ops\.aten\.(from_file|save|_save\w*|open)\.")
_NAME = re.compile(r"[\w.]*")
_QUOTED = re.compile(
    r"Symbol\('([a-z]+\d+)'(?:, \w+=(?:True|False))*\)|Float\('-?(\d+)[\d.]*', precision=\d+\)"
)
_EXPRESSION = re.compile(
    r"(?:[a-z]+\d+\b|\d+(?:\.\d+)?\b|[-+*/%(), <>=]"
    r"|\b[A-Z][A-Za-z]*(?=\()|\b(?:true|false)\b|evaluate=(?:True|False))*"
)
"""Numbers, symbols such as s77, operators and sympy's constructors: no other name, attribute or quotation."""

_TREE = re.compile(r'(?:[\w\s\[\]{}:,."-]|\\["\\])*')
_NAME_KEYS = frozenset(
    {
        "name",
        "as_name",
        "arg",
        "parameter_name",
        "buffer_name",
        "tensor_constant_name",
        "custom_obj_name",
        "fqn",
    }
)


def load_exported(path: Path, device: torch.device | str = "cpu") -> tuple[nn.Module, str]:
    """Return the network in a ``.pt2`` file, on `device`, and the SHA-256 of the file.

    Raises:
        UnitscopeError: the file is missing, is not an exported program, or could run code when loaded.
    """
    if not path.is_file():
        raise UnitscopeError(
            f"exported program {str(path)!r} does not exist; give a file made by torch.export.save"
        )
    content = path.read_bytes()  # what is checked is what is loaded, whatever happens to the file
    try:
        _check(content)
    except _Refused as reason:
        raise UnitscopeError(
            f"exported program {str(path)!r} is refused: {reason}; if you trust it, load it in a function of "
            "your own and give FILE.py:FUNCTION"
        ) from None
    try:
        with without_unpickling():
            program = torch.export.load(io.BytesIO(content))
        if torch.device(device).type != "cpu":  # constants and devices written into the graph move too
            program = move_to_device_pass(program, str(device))
        module = _module(program)
    except Exception as error:
        problem = " ".join(str(error).split())[:300]
        raise UnitscopeError(
            f"exported program {str(path)!r} cannot be loaded by torch {torch.__version__} "
            f"({type(error).__name__}: {problem}); export it again with this version"
        ) from error
    module.meta["input_shape"] = _input_ranges(program)
    return module, hashlib.sha256(content).hexdigest()


def _module(program: torch.export.ExportedProgram) -> torch.fx.GraphModule:
    """Return the network of a program without its guards, which are text that would be run as Python."""
    if "check_guards" in inspect.signature(program.module).parameters:
        module = program.module(check_guards=False)
    else:
        program._guards_code = []
        module = program.module()
    assert isinstance(module, torch.fx.GraphModule)
    return module


def input_shape(module: nn.Module) -> tuple[tuple[int, int], ...] | None:
    """Return (smallest, largest) of every axis of an exported program's input; None for other modules."""
    if not isinstance(module, torch.fx.GraphModule):
        return None
    if "input_shape" in module.meta:
        shape: tuple[tuple[int, int], ...] = module.meta["input_shape"]
        return shape
    inputs = [node.meta.get("val") for node in module.graph.nodes if node.op == "placeholder"]
    return _ranges(inputs[0], {}) if len(inputs) == 1 and isinstance(inputs[0], torch.Tensor) else None


def _input_ranges(program: torch.export.ExportedProgram) -> tuple[tuple[int, int], ...]:
    inputs = program.graph_signature.user_inputs
    nodes = {node.name: node for node in program.graph.nodes}
    if len(inputs) != 1 or not isinstance(nodes[str(inputs[0])].meta.get("val"), torch.Tensor):
        raise UnitscopeError(
            f"the exported program takes {len(inputs)} inputs; it must take one tensor (n, 3, h, w)"
        )
    return _ranges(nodes[str(inputs[0])].meta["val"], program.range_constraints)


def _ranges(value: torch.Tensor, constraints: Any) -> tuple[tuple[int, int], ...]:
    ranges = []
    sides: tuple[Any, ...] = tuple(value.shape)  # symbols where an axis may vary
    for side in sides:
        if isinstance(side, int):
            ranges.append((side, side))
            continue
        allowed = constraints.get(side.node.expr)
        low, high = (allowed.lower, allowed.upper) if allowed is not None else (1, float("inf"))
        ranges.append((int(low), int(high) if high < 2**31 else 2**31))
    return tuple(ranges)


class _Refused(Exception):
    """Why a file is not loaded."""


def _check(content: bytes) -> None:
    try:
        reader: Any = importlib.import_module("torch.export.pt2_archive").PT2ArchiveReader
    except (ImportError, AttributeError):
        raise _Refused(f"torch {torch.__version__} has no safe reader for it (2.8 has)") from None
    try:
        listed = zipfile.ZipFile(io.BytesIO(content)).namelist()
        if any(name == "version" or name.startswith("serialized_") for name in listed):
            raise _Refused("it has the layout of torch before 2.8, which is unpickled; export it again")
        archive = reader(io.BytesIO(content))
        records = set(archive.get_file_names())
    except _Refused:
        raise
    except Exception as error:
        raise _Refused("it is not an archive made by torch.export.save") from error
    if MODEL not in records:
        raise _Refused(f"it holds no program called {MODEL}")
    for record in records:
        if record.startswith("data/aotinductor/"):
            raise _Refused("it brings a compiled library")
        if record.startswith("models/") and record != MODEL:
            raise _Refused(f"it holds another program, {record}")
    for kind, folder, prefix in CONFIGS:
        _check_tensors(archive, records, kind, folder, prefix)
    _check_sample_inputs(archive.read_bytes(SAMPLE_INPUTS) if SAMPLE_INPUTS in records else b"")
    _check_program(_json(archive.read_bytes(MODEL), MODEL))


def _json(text: bytes, name: str) -> Any:
    try:
        return json.loads(text.decode())  # as PyTorch reads it
    except ValueError:
        raise _Refused(f"{name} in it is not valid JSON") from None


def _check_tensors(archive: Any, records: set[str], kind: str, folder: str, prefix: str) -> None:
    """Refuse weights or constants that are not stored as plain bytes."""
    config = f"{folder}model_{kind}_config.json"
    if f"{folder}model.pt" in records or config not in records:
        raise _Refused(f"its {kind} are pickled; export it again with this version of torch")
    for name, entry in _json(archive.read_bytes(config), config)["config"].items():
        if entry.get("use_pickle") or not str(entry.get("path_name")).startswith(prefix):
            raise _Refused(f"{name!r} among its {kind} is pickled")
        _match(_NAME, name, "a name")


def _check_sample_inputs(content: bytes) -> None:
    if not content:
        return
    try:
        torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    except Exception as error:
        raise _Refused("its example inputs are pickled objects and not tensors") from error


def _check_program(program: dict[str, Any]) -> None:
    for key, value in _strings(program, ""):
        if key in ("target", "as_operator"):
            _match(_OPERATORS, value, "an operator")
            if _WRITES_FILES.match(value):
                raise _Refused(f"its operator {value!r} works on files")
        elif key == "expr_str":
            _match(_EXPRESSION, _QUOTED.sub(r"\1\2", value), "an expression")
        elif key in ("in_spec", "out_spec"):
            _match(_TREE, value, "a tree specification")
            if "__enum__" in value or "defaultdict" in value or "default_factory" in value:
                raise _Refused("its inputs or outputs name Python classes")
        elif key in _NAME_KEYS or key == "forward_arg_names":
            _match(_NAME, value, "a name")
    for symbol in program.get("range_constraints", {}):
        _match(_EXPRESSION, symbol, "an expression")


def _match(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise _Refused(f"{text[:80]!r} is not {what} of a plain network")


def _strings(value: object, key: str) -> Iterator[tuple[str, str]]:
    """Go through all text in a JSON value, each with the key it stands under."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, key)
    elif isinstance(value, str):
        yield key, value
