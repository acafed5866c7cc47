"""Whoever takes or returns arrays says in which shape."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import unitscope

SOURCE = Path(unitscope.__file__).parent
ROOMS = ("stats", "replay", "ablation", "layers")
ARRAYS = re.compile(r"\b(NDArray|Tensor|Numbers|Floats|Weights|Interval|ActivationRaster|Places)\b")
SHAPE = re.compile(r"``[^`]*\([^`)]*[,.][^`)]*\)[^`]*``|any shape|declared shape")
FILES = sorted(path for room in ROOMS for path in (SOURCE / room).rglob("*.py"))


def public_functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Functions and methods whose name, and whose class's name, does not begin with an underscore."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("_"):
            if isinstance(child, ast.ClassDef):
                yield from public_functions(child)
            else:
                yield child


def without_shape(source: str) -> list[str]:
    """Names of the functions on arrays whose docstring names no shape."""
    found = []
    for function in public_functions(ast.parse(source)):
        given = [each.annotation for each in ast.walk(function.args) if isinstance(each, ast.arg)]
        kinds = " ".join(ast.unparse(each) for each in (*given, function.returns) if each is not None)
        if ARRAYS.search(kinds) and not SHAPE.search(ast.get_docstring(function) or ""):
            found.append(function.name)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_functions_on_arrays_name_shapes(path):
    assert not without_shape(path.read_text())


def test_a_function_without_a_shape_is_found():
    assert without_shape('def f(x: Tensor) -> int:\n    """Count."""\n') == ["f"]
    assert without_shape('def f(x: Tensor) -> int:\n    """Count ``(N, U)``."""\n') == []
