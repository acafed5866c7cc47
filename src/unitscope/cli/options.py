"""Options of the command line, made from dataclasses: settings of experiments, and groups of what belongs together."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from unitscope.experiments.settings import MEASURED, SPEED, About
from unitscope.paths import as_path

NETWORK, PICTURES, LABELS, OUTPUT = "Network", "Pictures", "Labels", "Output"

PANELS = (NETWORK, PICTURES, LABELS, MEASURED, SPEED, OUTPUT)
"""Headings of options, in order."""
METAVARS = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH", bool: ""}
"""What stands for a value whose field says nothing."""


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Let every parameter of a command that is annotated with a dataclass be one option for each field."""
    parts = inspect.signature(command, eval_str=True).parameters.values()
    expanded = sorted((each for part in parts for each in _expanded(part)), key=_place)

    @wraps(command)
    def called(**given: object) -> None:
        command(
            **{
                part.name: _gathered(part.annotation, given)
                if is_dataclass(part.annotation)
                else _path(given[part.name])
                for part in parts
            }
        )

    called.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in expanded}
    return called


def _expanded(part: inspect.Parameter) -> list[inspect.Parameter]:
    """Return the options of one parameter, by their headings."""
    if not is_dataclass(part.annotation):
        return [part.replace(kind=part.KEYWORD_ONLY)]
    kinds = typing.get_type_hints(part.annotation)
    return [_parameter(each, kinds[each.name]) for each in fields(part.annotation)]


def _place(parameter: inspect.Parameter) -> int:
    panel = parameter.annotation.__metadata__[0].rich_help_panel
    return PANELS.index(panel) + 1 if panel in PANELS else 0


def _parameter(each: Field[object], kind: Any) -> inspect.Parameter:
    """Return the option of a field."""
    known: About = each.metadata["about"]
    default: Any = inspect.Parameter.empty if each.default is MISSING else each.default
    value = _value(kind)
    if known.read is not None:
        kind, default = str, _written(default)
    elif typing.get_origin(kind) is tuple:
        kind = list[value]  # type: ignore[valid-type]
        kind, default = (kind, default) if default is inspect.Parameter.empty else (kind | None, None)
    words = [f"--{word}" for word in (known.option or each.name.replace("_", "-")).split()]
    made = typer.Option(
        *words,
        help=known.help,
        metavar=known.metavar or METAVARS.get(value) or "|".join(typing.get_args(value)),
        rich_help_panel=known.panel,
        min=known.bounds[0],
        max=known.bounds[1],
        show_default=default not in ("", None),
    )
    return inspect.Parameter(
        each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, made]
    )


def _path(given: object) -> object:
    """Return a path, or a list of them, with the home folder in place of ``~``; anything else as it is."""
    if isinstance(given, Path):
        return as_path(given)
    return [_path(each) for each in given] if isinstance(given, list) else given


def _value(kind: Any) -> Any:
    """Return the type of one value: ``tuple[int, ...]`` and ``int | None`` are of int."""
    inner = [each for each in typing.get_args(kind) if each not in (type(None), Ellipsis)]
    return inner[0] if inner and typing.get_origin(kind) is not typing.Literal else kind


def _written(default: object) -> str | None:
    """Return a default as it is typed."""
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or None
    return str(default)


def _gathered(group: Any, given: Mapping[str, object]) -> object:
    """Return the dataclass of the values of its options."""
    kinds = typing.get_type_hints(group)
    values = {}
    for each in fields(group):
        value = _path(given[each.name])
        many = each.metadata["about"].read is None and typing.get_origin(kinds[each.name]) is tuple
        values[each.name] = tuple(value or ()) if many else value  # type: ignore[arg-type]
    return group(**values)
