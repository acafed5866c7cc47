"""What is useful to type after a command: whole commands, with the folder of the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from unitscope.errors import command_of
from unitscope.run.address import run_path, shown

if TYPE_CHECKING:
    import pandas as pd

    from unitscope.run.dissection import Dissection
    from unitscope.run.effects import Insertion, Ranking, Removal

FEW = 50
"""Latents that an insertion is suggested on: it makes many pictures of each."""


def next_lines(*commands: str) -> list[str]:
    """Return lines that say what may be typed next; none for none."""
    return [f"{'next:' if at == 0 else '     '} {command}" for at, command in enumerate(commands)]


def of_units(run: Dissection, units: pd.DataFrame) -> list[str]:
    """Return the command that shows the first of some units; none where there is none."""
    if not len(units):
        return []
    layer, unit = run.network.layer_title(str(units["layer"].iloc[0])), int(units["unit"].iloc[0])
    return [command_of("unit", run.address, layer, unit)]


def of_dissection(run: Dissection) -> list[str]:
    """Return the commands that show the unit of highest IoU, and all of them in a page."""
    best = run.best(1)
    return [*of_units(run, best[best["iou"] > 0]), command_of("report", run.address)]


def of_unit(run: Path, layer: str, unit: int, *, drawn: bool) -> list[str]:
    """Return the command that draws its pictures, or what shows all units where they are drawn already."""
    if drawn:
        return [command_of("report", shown(run_path(run)))]
    return [command_of("unit", shown(run_path(run)), layer, unit, "--strip", f"unit-{unit}.png")]


def of_effect(run: Path, found: Removal | Insertion | Ranking) -> list[str]:
    """Return the next question about a generator: after a ranking what goes, after that what can be put in.

    The units of a ranking are chosen on half of the latents, so the other half is what there is to look at.
    """
    from unitscope.run.effects import Ranking, Removal

    if isinstance(found, Ranking) and _lies_in(found.path, run):
        facts = found.summary
        told = [each for each in facts.concepts if each.unit is not None]
        if told and facts.latents > 1:
            first = next((each for each in told if each.category == "object"), told[0])
            by_effect = ("--rank", "effect", "--latents", facts.latents // 2)
            return [_about(run, "remove", facts.layer, f"{first.concept}|{first.category}", *by_effect)]
    if isinstance(found, Removal):
        removed = found.summary
        few = ("--locations", 16, "--latents", min(removed.latents, FEW))
        return [_about(run, "insert", removed.layer, f"{removed.concept}|{removed.category}", *few)]
    return [command_of("report", shown(run_path(run)))]


def _lies_in(path: Path, run: Path) -> bool:
    return path.resolve().parent.parent == run_path(run).resolve()


def _about(run: Path, question: str, layer: str, concept: str, *more: object) -> str:
    return command_of(question, shown(run_path(run)), "--layer", layer, "--concept", concept, *more)
