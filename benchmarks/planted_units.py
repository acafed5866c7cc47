"""Which units are planted: drawn from what the scenes hold, so that each could be found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.sources.framing import Framing
from unitscope.world import PLANES, SCENE_CLASSES, VOCABULARY
from unitscope.world.maps import SceneMaps
from unitscope.world.planted import SIDE, TYPICAL, TYPICAL_CONTRAST, PlantedUnit, concept_areas

GRID = (28, 28)
"""Points of the pixel grid: a quarter of the input, as a dissection has them by default."""
LEAST_AREA = 0.001
"""Part of all points that a planted concept, or what is left of it by another one or a scene class, fills at least."""
LEAST_PICTURES = 0.01
"""Part of all pictures that show it."""
TWIN, NEAR = 0.9, 0.5
"""Concepts of at least this IoU are two names of the same places, such as a sky and what it is made of; or nearly."""
SIGNALS = (1.0, 3.02, TYPICAL, 8.52, 16.0, math.inf)
"""Signals of units of one concept: the quartiles of trained detectors are among them (planted_signal.py)."""
SHIFTED = 0.15
"""How far units with an offset are from their concept, as a part of the picture's side, in both directions."""


def grid_labels(maps: SceneMaps, index: int) -> NDArray[np.int32]:
    """Return the label maps of a picture on the pixel grid `(4, 28, 28)`."""
    return Framing(interpolation="nearest").sample_labels(maps.labels(index), size=(SIDE, SIDE), grid=GRID)


@dataclass(frozen=True)
class Found:
    """What label maps hold.

    Attributes:
        together: points by concept and concept `(C, C)`.
        in_scenes: points by scene class and concept `(S, C)`.
        pictures: those that show a concept `(C,)`.
        points: of all maps.
        filled: see :func:`filled`; None where it was not asked for.
    """

    together: NDArray[np.int64]
    in_scenes: NDArray[np.int64]
    pictures: NDArray[np.int64]
    points: int
    filled: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, labels: Sequence[NDArray[np.int32]], targets: NDArray[np.int64]) -> Found:
        """Count label maps on the pixel grid."""
        concepts = len(VOCABULARY)
        together = np.zeros((concepts, concepts), np.int64)
        in_scenes = np.zeros((len(SCENE_CLASSES), concepts), np.int64)
        pictures = np.zeros(concepts, np.int64)
        for each, target in zip(labels, targets, strict=True):
            flat = each.reshape(len(PLANES), -1).astype(np.int64)
            for plane in flat:
                pairs = np.bincount((plane * concepts + flat).ravel(), minlength=concepts**2)
                together += pairs.reshape(concepts, concepts)
            in_scenes[target] += np.bincount(flat.ravel(), minlength=concepts)
            pictures[np.unique(flat)] += 1
        return cls(together, in_scenes, pictures, len(labels) * GRID[0] * GRID[1])

    @property
    def areas(self) -> NDArray[np.int64]:
        """Points of each concept `(C,)`."""
        return np.diagonal(self.together)

    @property
    def iou(self) -> NDArray[np.float64]:
        """IoU of concepts with each other `(C, C)`."""
        either = self.areas[:, None] + self.areas - self.together
        found: NDArray[np.float64] = self.together / np.maximum(either, 1)
        return found

    def fit(self, points: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which numbers of points, of any shape, are enough."""
        return np.asarray(points >= LEAST_AREA * self.points)

    def eligible(self) -> NDArray[np.int64]:
        """Return the concepts that may be planted."""
        often = self.pictures >= LEAST_PICTURES * self.points / (GRID[0] * GRID[1])
        return np.flatnonzero(self.fit(self.areas) & often & (np.arange(len(VOCABULARY)) > 0))

    def is_twin(self, unit: PlantedUnit, label: int, least: float = TWIN) -> bool:
        """Tell whether a label is one of a unit's concepts, or has at least some IoU with one."""
        return label > 0 and any(label == each or self.iou[each, label] >= least for each in unit.concepts)


def filled(maps: SceneMaps, cells: int = 14) -> NDArray[np.float64]:
    """Return which part of a cell each concept fills, where it is: the mean over its pixels `(C,)`; 0 without any."""
    once, twice = np.zeros(len(VOCABULARY)), np.zeros(len(VOCABULARY))
    for index in range(len(maps)):
        areas = concept_areas(torch.from_numpy(maps.labels(index)).long()[None], cells)[0].double().numpy()
        once += areas.sum((1, 2))
        twice += (areas**2).sum((1, 2))
    return twice / np.maximum(once, 1e-12)


Draw = Callable[[Found, np.random.Generator], PlantedUnit]


def one(found: Found, rng: np.random.Generator, signal: float = TYPICAL, **given: object) -> PlantedUnit:
    """Draw a unit of one concept."""
    return PlantedUnit((int(rng.choice(found.eligible())),), signal=signal, **given)  # type: ignore[arg-type]


def contrasting(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of one concept whose signal makes good how little of a cell the concept fills."""
    unit = one(found, rng)
    assert found.filled is not None
    return replace(unit, signal=TYPICAL_CONTRAST / float(found.filled[unit.concepts[0]]))


def either(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of two concepts, one of them enough."""
    first, second = (int(each) for each in rng.choice(found.eligible(), 2, replace=False))
    return PlantedUnit((first, second), signal=TYPICAL)


def both(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of two concepts of different planes that must be there together, neither a part of the other."""
    able = found.eligible()
    shared = found.together[np.ix_(able, able)]
    smaller = np.minimum(found.areas[able][:, None], found.areas[able])
    pairs = np.argwhere(np.triu(found.fit(shared) & (shared < TWIN * smaller), 1))
    first, second = able[pairs[rng.integers(len(pairs))]]
    return PlantedUnit((int(first), int(second)), "and", signal=TYPICAL)


def in_one_scene(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of a concept in one scene class, where less than half of it is."""
    able = found.eligible()
    part = found.in_scenes[:, able]
    pairs = np.argwhere(found.fit(part) & (2 * part < found.areas[able]))
    scene, concept = pairs[rng.integers(len(pairs))]
    return PlantedUnit((int(able[concept]),), scene=SCENE_CLASSES[scene], signal=TYPICAL)


def beside(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of a colour or material that fills at least half of some object, and is not only there."""
    able = found.eligible()
    planes = np.array([VOCABULARY[each].category for each in able])  # type: ignore[union-attr]
    objects, looks = able[planes == "object"], able[(planes == "color") | (planes == "material")]
    shared = found.together[np.ix_(objects, looks)]
    alone = found.iou[np.ix_(objects, looks)] < TWIN
    pairs = np.argwhere((2 * shared >= found.areas[objects][:, None]) & alone)
    thing, look = pairs[rng.integers(len(pairs))]
    return PlantedUnit((int(looks[look]),), signal=TYPICAL, beside=int(objects[thing]))


def shifted(found: Found, rng: np.random.Generator) -> PlantedUnit:
    """Draw a unit of one concept that is on beside it."""
    down, right = rng.choice((-SHIFTED, SHIFTED), 2)
    return one(found, rng, offset=(float(down), float(right)))


CONTRASTING = f"one, contrast {TYPICAL_CONTRAST:g}"
SHARES: dict[str, tuple[Draw, float]] = {
    **{f"one, signal {s:g}": (lambda f, r, s=s: one(f, r, s), 0.07) for s in SIGNALS},  # type: ignore[misc]
    CONTRASTING: (contrasting, 0.07),
    "one, 7 cells": (lambda f, r: one(f, r, cells=7), 0.05),
    "one, 28 cells": (lambda f, r: one(f, r, cells=28), 0.03),
    "or": (either, 0.05),
    "and": (both, 0.05),
    "one scene": (in_one_scene, 0.05),
    "colour or material": (beside, 0.05),
    "offset": (shifted, 0.04),
    "dead": (lambda *_: PlantedUnit(level=0.0), 0.005),
    "constant": (lambda *_: PlantedUnit(level=1.0), 0.005),
    "noise": (lambda *_: PlantedUnit(), 0.25),
}
"""Groups of units: how one is drawn, and its share of all. All have the typical signal where no other is said."""


def draw_units(found: Found, count: int, seed: int) -> Iterator[tuple[str, PlantedUnit]]:
    """Yield so many units, each with its group."""
    rng = np.random.default_rng(seed)
    total, before, share = sum(share for _, share in SHARES.values()), 0, 0.0
    for group, (draw, part) in SHARES.items():
        share += part
        until = round(count * share / total)
        for _ in range(until - before):
            yield group, draw(found, rng)
        before = until
