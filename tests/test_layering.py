"""Imports point only downwards, in the direction of the flow."""

import ast
import sys
from pathlib import Path

import pytest

import unitscope

SOURCE = Path(unitscope.__file__).parent

MAY_IMPORT = {
    "errors": "",
    "progress": "",
    "notebook": "",
    "paths": "errors",
    "cache": "errors paths",
    "registered": "errors",
    "layer": "errors",
    "stats": "layer",
    "replay": "errors layer",
    "ablation": "errors layer replay stats",
    "sources": "errors paths registered",
    "models": "cache errors paths progress notebook registered layer stats",
    "concepts": "errors paths registered sources models",
    "world": "errors cache sources models concepts",
    "run": "errors progress paths cache notebook registered",
    "experiments": "errors paths progress layer replay ablation stats sources models concepts run",
    "scale": "errors progress stats sources models run experiments",
    "report": "cache errors paths progress run stats",
    "nouns": "errors paths notebook registered layer sources models concepts run experiments",
    "paint": "errors paths cache layer replay stats sources models concepts run experiments nouns",
    "api": "errors paths progress layer sources models concepts run experiments scale nouns",
    "cli": "errors paths progress layer sources models concepts nouns run experiments paint report api cache",
}
"""Each room and file, from the bottom up, with what it may import: nothing that stands below it in this table."""

NEVER = {"torchvision", "timm", "transformers", "ray", "pickle"}
EXCEPT = {"scale": {"ray"}}
"""What a room exists for; it is imported nowhere else, and there only by what is imported when it is asked for."""
OUTSIDE = {
    "stats": {"torch", "numpy", "numba", "scipy"},
    "report": {"altair", "vl_convert", "jinja2", "markupsafe", "numpy", "scipy", "pandas", "pyarrow", "PIL"},
}
"""What else a room may import, besides the standard library."""

STANDARD = sys.stdlib_module_names

FILES = sorted(
    path for path in SOURCE.rglob("*.py") if path not in (SOURCE / "__init__.py", SOURCE / "__main__.py")
)


def room_of(name: str) -> str:
    """``unitscope.stats.base`` -> ``stats``; the package itself stands for what it offers: the API."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "api"


def names_imported(path: Path) -> list[str]:
    """Every module that a file names in an import, at whatever depth, or hands to `import_module`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full"
            found += (
                [f"unitscope.{a.name}" for a in node.names]
                if node.module == "unitscope"
                else [node.module or ""]
            )
    return found


def looked_up(path: Path) -> list[str]:
    return [
        str(argument.value)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module"
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant)
    ]


def place(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_the_table_points_downwards_only():
    order = list(MAY_IMPORT)
    for room, below in MAY_IMPORT.items():
        assert all(order.index(other) < order.index(room) for other in below.split()), room


def test_every_room_has_its_line():
    assert {place(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_downwards(path):
    room, names = place(path), names_imported(path)
    own = {room_of(name) for name in names if name.split(".")[0] == "unitscope"} - {room}
    assert own <= set(MAY_IMPORT[room].split())
    outside = {name.split(".")[0] for name in names} - {"unitscope"}
    assert not outside & (NEVER - EXCEPT.get(room, set()))
    if room in OUTSIDE:
        assert outside <= OUTSIDE[room] | STANDARD
    for name in looked_up(path):
        assert name.split(".")[0] not in NEVER
        assert name.split(".")[0] != "unitscope"
