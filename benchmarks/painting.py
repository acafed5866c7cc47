"""What strokes of units do in the bundled generator: trees erased, doors drawn on walls, in the sky and on grass.

    python benchmarks/painting.py --run DIR [--latents 200] [--layer layer7 ...] [--units 20] [--level threshold ...]
        [--shape cell ...] [--rank iou|effect]

DIR is a dissection of world-gan with the layers that are asked for; it is made where there is none. Each latent has one
stroke of a kind. *Erase* sets the units of tree to zero in all cells of which trees cover half or more. *Draw* forces
those of door to a level in one place: a cell (`--shape cell`), or a region of the shape of a door, a quarter of the
picture high and an eighth wide (`--shape door`), three quarters of which are of the context and none of which is a
door. The place is drawn by the seed for each latent; latents without such a place have no stroke. Walls are facades.

A stroke *took*, as the page says it, if its concept has come to at least a quarter of the touched points that it was
not on (draw), or has left a quarter of those it was on (erase). `took_a_little` asks for a quarter of the points of one
cell, and `took_anywhere` counts new (or lost) points of the whole picture for that, as `unitscope insert` does.
`filled` is the share of the touched region that holds the concept afterwards. `change` is one of area, as a share of
the picture; `lost` is the share of the area of the concept that goes, `others_lost` that of all other concepts of its
category together; `others` are the concepts that change most. `beside` is the mean difference of pixels outside the
touched cells (0 to 255). Ends of 95 % intervals are from a bootstrap over latents. `ratio` is the share of doors that
take in the sky over that on walls, where most take on walls.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import unitscope
from unitscope.experiments.effects.edited import Base, EditedGenerator
from unitscope.experiments.effects.locations import Footprints
from unitscope.experiments.effects.settings import parse_level
from unitscope.experiments.effects.subject import Subject
from unitscope.layer.interventions import insert
from unitscope.nouns.subject import effect_order, levels_of, reopen_subject
from unitscope.paint.changes import TOOK, took
from unitscope.run.dissection import Dissection
from unitscope.run.masks import resize_mask
from unitscope.stats.inference import certain_shares, keyed_order
from unitscope.stats.intersection import areas_by_picture
from unitscope.stats.ratios import ratio_intervals

ERASED, DRAWN = "tree|object", "door|part"
CONTEXTS = {"wall": "facade|part", "sky": "sky|object", "grass": "grass|object"}
SHAPES = {"cell": (0, 0), "door": (4, 8)}
"""Parts of the picture's height and width that a region is high and wide; 0 for one cell."""
HALF, MOSTLY = 0.5, 0.75
SHOWN, BATCH = 5, 16

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Kind:
    """Strokes of one kind: `level` and `shape` of those that draw, `where` they are; units and what they are set to."""

    tool: str
    where: str
    level: str
    shape: str
    concept: int
    units: tuple[int, ...]
    to: Tensor


@dataclass(frozen=True)
class Change:
    """What one stroke changed: areas of every label value ``(C,)``, and points of its concept.

    `points` are those of the touched region, `was` those of the concept there, and `inside` those more there
    afterwards; `took` tells whether the stroke did; `new` and `lost` are of the whole picture.
    """

    sample: int
    cells: int
    points: int
    was: int
    inside: int
    took: bool
    new: int
    lost: int
    filled: float
    before: Numbers
    after: Numbers
    beside: float


def kinds_of(subject: Subject, run: Dissection, options: argparse.Namespace) -> list[Kind]:
    """Return the kinds of strokes on a layer."""

    def best(concept: int) -> tuple[int, ...]:
        ranked = subject.matches.ranked(concept)
        if options.rank == "effect":
            ranked = effect_order(run, subject.layer.name, concept).units
        return tuple(ranked[: options.units].tolist())

    tree, door = (subject.concept(word) for word in (ERASED, DRAWN))
    zero = torch.zeros(subject.layer.units)
    found = [Kind("erase", "tree", "zero", "all", tree, best(tree), zero)]
    for level, shape, where in itertools.product(options.level, options.shape, CONTEXTS):
        to = torch.from_numpy(levels_of(run, subject, parse_level(level)))
        found.append(Kind("draw", where, level, shape, door, best(door), to))
    return found


@dataclass(frozen=True)
class Painting:
    """Makes strokes of some kinds on latents and compares label maps."""

    edited: EditedGenerator
    subject: Subject
    kinds: Sequence[Kind]
    seed: int

    def changes(self, numbers: Sequence[int]) -> Iterator[tuple[int, Change]]:
        """Yield kinds and what their strokes change on some latents."""
        base = self.edited.base(numbers)
        jobs = [
            (kind, row, cells)
            for kind, row in itertools.product(range(len(self.kinds)), range(len(base)))
            if (cells := self._cells(self.kinds[kind], base, row)) is not None
        ]
        rows = np.array([row for _, row, _ in jobs], np.int64)
        labels, pictures = base.labels[rows], base.pictures[rows]

        def edit(chosen: Numbers, activation: Tensor) -> Tensor:
            pairs = [(jobs[job], one) for job, one in zip(chosen, activation, strict=True)]
            return torch.stack(
                [
                    insert(one[None], self.kinds[k].units, torch.from_numpy(cells), level=self.kinds[k].to)[0]
                    for (k, _, cells), one in pairs
                ]
            )

        for drawn in self.edited.drawn(base, rows, edit, name=lambda job: f"with a stroke ({job})"):
            labels[drawn.jobs], pictures[drawn.jobs] = drawn.labels, drawn.pictures
        for job, (kind, row, cells) in enumerate(jobs):
            yield kind, self._change(self.kinds[kind], base, row, cells, (labels[job], pictures[job]))

    def _cells(self, kind: Kind, base: Base, row: int) -> Mask | None:
        """Return the cells that a stroke touches, None where there is no place for one."""
        labels, grid = base.labels[row], self.subject.layer.grid
        if kind.tool == "erase":
            cells: Mask = _cover(labels, kind.concept, grid) >= HALF
            return cells if cells.any() else None
        sides = [max(n // part, 1) if part else 1 for n, part in zip(grid, SHAPES[kind.shape], strict=True)]
        context = self.subject.concept(CONTEXTS[kind.where])
        windows = [
            np.lib.stride_tricks.sliding_window_view(_cover(labels, value, grid), sides).mean((2, 3))
            for value in (context, kind.concept)
        ]
        places = np.argwhere((windows[0] >= MOSTLY) & (windows[1] == 0))
        if not len(places):
            return None
        top, left = places[keyed_order(len(places), self.seed, int(base.numbers[row]))[0]]
        cells = np.zeros(grid, np.bool_)
        cells[top : top + sides[0], left : left + sides[1]] = True
        return cells

    def _change(
        self,
        kind: Kind,
        base: Base,
        row: int,
        cells: Mask,
        after: tuple[NDArray[np.int16], NDArray[np.uint8]],
    ) -> Change:
        labels, picture = after
        was, now = ((each == kind.concept).any(0) for each in (base.labels[row], labels))
        inside = resize_mask(cells, *was.shape)
        outside = ~resize_mask(cells, *picture.shape[:2])
        away = np.abs(picture.astype(np.int16) - base.pictures[row])[outside]
        return Change(
            int(base.numbers[row]),
            int(cells.sum()),
            int(inside.sum()),
            int(was[inside].sum()),
            int(now[inside].sum()) - int(was[inside].sum()),
            took(kind.tool, was[inside], now[inside]),
            int((now & ~was).sum()),
            int((was & ~now).sum()),
            float(now[inside].mean()),
            base.areas[row],
            areas_by_picture(labels[None], len(self.subject.vocabulary))[0],
            float(away.mean()) if away.size else 0.0,
        )


def _cover(labels: NDArray[np.int16], concept: int, grid: tuple[int, int]) -> NDArray[np.float64]:
    """Return the share of the points of every cell ``(h, w)`` that hold a concept."""
    prints = Footprints.of(grid, (labels.shape[1], labels.shape[2]))
    holds = (labels == concept).any(0).ravel()[prints.point]
    counts = np.bincount(prints.cell, minlength=prints.cells)
    return (np.bincount(prints.cell, holds, prints.cells) / counts).reshape(grid)


def summed(kind: Kind, changes: Sequence[Change], subject: Subject) -> dict[str, Any]:
    """Sum up the strokes of a kind, with intervals."""
    least = max(int(np.ceil(TOOK * subject.points / np.prod(subject.layer.grid))), 1)
    sign = 1 if kind.tool == "draw" else -1
    before, after = (np.stack([getattr(each, when) for each in changes]) for when in ("before", "after"))
    category = subject.vocabulary.of_category(subject.vocabulary[kind.concept].category)  # type: ignore[union-attr]
    others = [number for number in category if number != kind.concept]
    area = _ratio((after - before)[:, kind.concept], np.full(len(changes), subject.points))
    moved = [each.new if kind.tool == "draw" else each.lost for each in changes]
    return {
        "layer": subject.layer.name,
        **{name: getattr(kind, name) for name in ("tool", "where", "level", "shape")},
        "strokes": len(changes),
        "cells": round(float(np.mean([each.cells for each in changes])), 1),
        "took": _share([each.took for each in changes]),
        "took_a_little": _share([sign * each.inside >= least for each in changes]),
        "took_anywhere": _share([points >= least for points in moved]),
        "filled": round(float(np.mean([each.filled for each in changes])), 3),
        "change": area,
        "lost": _ratio((before - after)[:, kind.concept], before[:, kind.concept]),
        "others_lost": _ratio((before - after)[:, others].sum(1), before[:, others].sum(1)),
        "others": _others(after - before, kind.concept, subject),
        "beside": round(float(np.mean([each.beside for each in changes])), 2),
    }


def _share(successes: Sequence[bool]) -> list[float]:
    """Return the share of successes with its interval."""
    won = np.array([successes], np.int64)
    one = np.ones_like(won)
    ends = certain_shares(
        won.sum(1), one.sum(1), one.sum(1), ratio_intervals(won, one, fewest=1, within=(0, 1))
    )
    return [round(float(value), 3) for value in (won.mean(), ends[0][0], ends[1][0])]


def _ratio(above: Numbers, below: Numbers) -> list[float | None]:
    """Return a ratio of sums over latents with its interval."""
    total = below.sum()
    low, high = ratio_intervals(above[None], below[None])
    ends = (above.sum() / total if total else np.nan, low[0], high[0])
    return [round(float(value), 5) if np.isfinite(value) else None for value in ends]


def _others(change: Numbers, concept: int, subject: Subject) -> dict[str, list[float | None]]:
    """Return the changes of the concepts that change most, from those of all in every picture ``(N, C)``."""
    order = np.argsort(-np.abs(change.sum(0)), kind="stable")
    chosen = [number for number in order.tolist() if number not in (0, concept)][:SHOWN]
    whole = np.full(len(change), subject.points)
    return {str(subject.vocabulary[number]): _ratio(change[:, number], whole) for number in chosen}


def measured(run: Dissection, layer: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Paint on a layer; return what each kind of strokes does."""
    subject = reopen_subject(run, layer, device="cpu")
    edited = EditedGenerator.cut(subject.samples, subject.layer, BATCH)
    painting = Painting(edited, subject, kinds_of(subject, run, options), options.seed)
    found: list[list[Change]] = [[] for _ in painting.kinds]
    for start in range(0, options.latents, BATCH):
        for kind, change in painting.changes(range(start, min(start + BATCH, options.latents))):
            found[kind].append(change)
    pairs = zip(painting.kinds, found, strict=True)
    rows = [summed(kind, changes, subject) for kind, changes in pairs if len(changes) > 1]
    for row in rows:
        print(_line(row), file=sys.stderr, flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    names = " ".join(f"{row[name]:<9}" for name in ("layer", "tool", "where", "level", "shape"))
    took, low, high = row["took"]
    change = 100 * row["change"][0]
    others = row["others_lost"][0]
    return (
        f"{names} {row['strokes']:>4} strokes  took {took:.2f} ({low:.2f} to {high:.2f})  "
        f"a little {row['took_a_little'][0]:.2f}  anywhere {row['took_anywhere'][0]:.2f}  filled {row['filled']:.2f}  "
        f"area {change:+.2f} %  others lost {others:.3f}  beside {row['beside']:.1f}"
    )


def ratio_of(rows: Sequence[dict[str, Any]]) -> float | None:
    """Return the share of doors that take in the sky over that on walls, where most take on walls."""
    took = {(row["layer"], row["level"], row["shape"], row["where"]): row["took"][0] for row in rows}
    *best, _ = max((key for key in took if key[-1] == "wall"), key=lambda key: took[key])
    wall, sky = took[*best, "wall"], took.get((*best, "sky"))
    return round(sky / wall, 3) if wall and sky is not None else None


def main() -> None:
    """Dissect if need be, paint, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--latents", type=int, default=200)
    parser.add_argument("--layer", action="append")
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--level", action="append")
    parser.add_argument("--shape", action="append", choices=list(SHAPES))
    parser.add_argument("--rank", choices=["iou", "effect"], default="iou")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.layer = options.layer or ["layer7"]
    options.level = options.level or ["threshold", "0.999"]
    options.shape = options.shape or list(SHAPES)
    run = (
        unitscope.dissect("world-gan", unitscope.latents(1000), layers=options.layer, out=options.run, seed=1)
        if not (options.run / "manifest.json").is_file()
        else unitscope.open_run(options.run)
    )
    rows = [row for layer in options.layer for row in measured(run, layer, options)]
    facts = {name: getattr(options, name) for name in ("latents", "units", "rank", "seed")}
    print(json.dumps({"benchmark": "painting", "ratio": ratio_of(rows), **facts, "rows": rows}))


if __name__ == "__main__":
    main()
