"""Exported programs: plain ones are read, and none of those that could run code."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.models.exported import input_shape, load_exported

INPUTS = "data/sample_inputs/model.pt"
MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x)).relu()
        return torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "plain.pt2"
    batch, side = torch.export.Dim("batch", min=1, max=64), torch.export.Dim("side", min=4, max=512)
    program = torch.export.export(
        Network().eval(), (torch.zeros(2, 3, 8, 12),), dynamic_shapes=({0: batch, 2: side},)
    )
    torch.export.save(program, path)
    return path


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def change(plain: Path, changed: Path, changes: dict[str, Callable[[bytes], bytes] | None]) -> Path:
    """Copy an archive with some records changed (or added: they are given an empty record)."""
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(changed, "w") as target:
        root = source.namelist()[0].split("/")[0]
        left = dict(changes)
        for name in source.namelist():
            short = name.removeprefix(f"{root}/")
            edit = left.pop(short, lambda content: content)
            if edit is not None:
                target.writestr(name, edit(source.read(name)))
        for short, edit in left.items():
            assert edit is not None
            target.writestr(short[1:] if short.startswith("/") else f"{root}/{short}", edit(b""))
    return changed


def edit_json(edit: Callable[[Any], None]) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        value = json.loads(content)
        edit(value)
        return json.dumps(value).encode()

    return apply


def set_first_target(target: str) -> Callable[[bytes], bytes]:
    return edit_json(lambda program: program["graph_module"]["graph"]["nodes"][0].update(target=target))


def set_expressions(text: str) -> Callable[[bytes], bytes]:
    def edit(value: Any) -> None:
        for part in value.values() if isinstance(value, dict) else value:
            if isinstance(part, dict) and "expr_str" in part:
                part["expr_str"] = text
            elif isinstance(part, dict | list):
                edit(part)

    return edit_json(edit)


def set_tree(key: str, text: str) -> Callable[[bytes], bytes]:
    def edit(program: Any) -> None:
        program["graph_module"]["module_call_graph"][0]["signature"][key] = text

    return edit_json(edit)


def rename_input(name: str) -> Callable[[bytes], bytes]:
    def edit(program: Any) -> None:
        for entry in program["graph_module"]["graph"]["inputs"]:
            entry["as_tensor"]["name"] = name

    return edit_json(edit)


def pickled_weights(config: Any) -> None:
    for entry in config["config"].values():
        entry["use_pickle"] = True


def pickled_objects(config: Any) -> None:
    config["config"]["bomb"] = {"path_name": "opaque_obj_0", "use_pickle": True}


def test_a_plain_program_computes_what_the_network_does(plain: Path) -> None:
    module, digest = load_exported(plain)
    assert len(digest) == 64
    assert input_shape(module) == ((1, 64), (3, 3), (4, 512), (12, 12))
    expected = torch.export.load(plain).module()
    x = torch.rand(5, 3, 9, 12)
    with torch.no_grad():
        assert torch.equal(module(x), expected(x))
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_a_program_moves_with_its_constants(plain: Path) -> None:
    module, digest = load_exported(plain, "meta")
    assert {value.device.type for value in module.state_dict().values()} == {"meta"}
    assert digest == load_exported(plain)[1]


def test_other_modules_have_no_input_shape() -> None:
    assert input_shape(Network()) is None
    assert input_shape(torch.fx.symbolic_trace(nn.Conv2d(3, 4, 1))) is None


def bombs(folder: Path) -> dict[str, tuple[dict[str, Callable[[bytes], bytes] | None], str]]:
    bomb = pickle.dumps(Bomb(folder / "exploded"))
    saved = io.BytesIO()
    torch.save((Bomb(folder / "exploded"),), saved)
    command = f"__import__('os').mkdir({str(folder / 'exploded')!r})"
    tree = '[1, {"type": "builtins.dict", "context": "{\\"__enum__\\": true, \\"fqn\\": \\"os:x\\"}"}]'
    return {
        "inputs": ({INPUTS: lambda _: saved.getvalue()}, "its example inputs are pickled objects"),
        "inputs of another kind": ({INPUTS: lambda _: bomb}, "its example inputs are pickled objects"),
        "weights": ({WEIGHTS: edit_json(pickled_weights)}, "among its weights is pickled"),
        "old weights": ({"data/weights/model.pt": lambda _: bomb}, "its weights are pickled"),
        "old constants": ({"data/constants/model.pt": lambda _: bomb}, "its constants are pickled"),
        "objects": (
            {
                "data/constants/model_constants_config.json": edit_json(pickled_objects),
                "data/constants/opaque_obj_0": lambda _: bomb,
            },
            "'bomb' among its constants is pickled",
        ),
        "library": ({"data/aotinductor/model/x.so": lambda _: b"x"}, "it brings a compiled library"),
        "second program": ({"models/other.json": lambda _: b"{}"}, "it holds another program"),
        "old layout": ({"/version": lambda _: b"8.8"}, "it has the layout of torch before 2.8"),
        "no program": ({MODEL: None}, "it holds no program called models/model.json"),
        "function": ({MODEL: set_first_target("torch.os.mkdir")}, "'torch.os.mkdir' is not an operator"),
        "hub": ({MODEL: set_first_target("torch.hub.load")}, "is not an operator of a plain network"),
        "files": ({MODEL: set_first_target("torch.ops.aten.from_file.default")}, "works on files"),
        "expression": ({MODEL: set_expressions(command)}, "is not an expression of a plain network"),
        "expression without quotes": ({MODEL: set_expressions("exec(chr(49))")}, "is not an expression"),
        "classes": ({MODEL: set_tree("in_spec", tree)}, "its inputs or outputs name Python classes"),
        "escapes": ({MODEL: set_tree("out_spec", '"\\u005f_enum__"')}, "is not a tree specification"),
        "name": ({MODEL: rename_input("x=print(1)")}, "'x=print(1)' is not a name"),
        "json": ({MODEL: lambda _: b"{"}, "is not valid JSON"),
        "other encoding": ({MODEL: lambda text: text.decode().encode("utf-16")}, "is not valid JSON"),
    }


@pytest.mark.parametrize("kind", list(bombs(Path("/nowhere"))))
def test_programs_that_could_run_code_are_refused(plain: Path, tmp_path: Path, kind: str) -> None:
    changes, reason = bombs(tmp_path)[kind]
    path = change(plain, tmp_path / "bomb.pt2", changes)
    with pytest.raises(UnitscopeError) as caught:
        load_exported(path)
    assert reason in str(caught.value)
    assert f"exported program '{path}' is refused: " in str(caught.value)
    assert not (tmp_path / "exploded").exists()


def test_an_archive_that_is_copied_unchanged_is_read(plain: Path, tmp_path: Path) -> None:
    load_exported(change(plain, tmp_path / "same.pt2", {}))


def test_files_that_are_not_programs(tmp_path: Path) -> None:
    (tmp_path / "x.pt2").write_bytes(b"not an archive")
    with pytest.raises(UnitscopeError, match=r"refused: it is not an archive made by torch[.]export[.]save"):
        load_exported(tmp_path / "x.pt2")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "y.pt2")
    with pytest.raises(UnitscopeError, match="is refused"):
        load_exported(tmp_path / "y.pt2")
    with pytest.raises(UnitscopeError, match="does not exist"):
        load_exported(tmp_path / "z.pt2")
