"""Networks whose units are known by construction: what they respond to is read from the exact label maps of scenes.

Such a network sees label maps as pictures (:mod:`unitscope.world.maps`), so that it is a function of its input like any
other, and is dissected like any other. Decisions:

- A unit's activation in a cell is ``signal * coverage + noise``: coverage is the part of the cell's pixels that its
  concepts fill, 0 to 1; noise has mean 0 and deviation 1. So the signal of a unit is the slope of its activation over
  coverage, in deviations of its activation where the concept is not, and is measured on real units in the same way.
- Noise is that of a real layer (:data:`MEASURED`): its reach, what a whole picture shares, how often it is large.
  The noise of two units is independent. That a unit may like some instances of a concept more than
  others is not modelled.
- Without noise (``signal=inf``), cells that are filled alike would be equal, with no threshold between them:
  noise of a thousandth decides their order.
- Two concepts are joined at pixels, before cells: "or" where either is, "and" where both are (a thing and its colour).
- A unit of one scene class is only noise in pictures of all others.
- An offset moves what a unit sees; nothing comes in at the border.
- Units of equal resolution form a layer, called ``cells14`` where it has 14 x 14 cells, in the order they are given.
- A dead unit is zero everywhere, a constant one has its level everywhere; neither has noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.errors import UnitscopeError
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.world.maps import FIRST, ReadMaps, read_maps
from unitscope.world.names import VOCABULARY
from unitscope.world.noise import Noise
from unitscope.world.scene import SCENE_CLASSES

SIDE = 112
"""Side of the pictures in pixels."""
NOISELESS = 1000.0
"""Signal of a unit without noise."""
PAIRS_AT_ONCE = 32

MEASURED = Noise(
    width=0.1128,
    common=0.1118,
    shape=(
        *(-0.6582, -0.6582, -0.6582, -0.6582, -0.6582, -0.6478, -0.6376, -0.6265, -0.6155),
        *(-0.6033, -0.5979, -0.5846, -0.5744, -0.562, -0.5454, -0.5203, -0.4688, -0.2701),
        *(-0.0138, 0.2824, 0.6344, 1.0565, 1.568, 2.1889, 2.9332, 3.819, 4.8546),
        *(6.0345, 7.3927, 8.8975, 10.5449, 12.4841, 14.6023),
    ),
)
"""Noise of layer relu4_3 of the bundled classifier, as ``python benchmarks/planted_signal.py`` measures it."""
TYPICAL = 4.96
"""Signal of the median detector there, by the same command."""
TYPICAL_CONTRAST = 4.08
"""Contrast of the median detector there: how far its activation is above its noise where its concept is."""

Kind = Literal["one", "or", "and", "scene", "noise", "dead", "constant"]


@dataclass(frozen=True)
class PlantedUnit:
    """What a unit is.

    Attributes:
        concepts: numbers of VOCABULARY, none for a unit of noise, one or two.
        join: whether two concepts must be there together.
        scene: the only class of scenes in which they count; everywhere when empty.
        signal: what a filled cell adds, in deviations of noise; inf for no noise.
        offset: how far down and right of the concept the unit is on, as parts of the picture's side.
        cells: along each side of its layer.
        level: the activation of a unit that is the same everywhere, 0 for a dead one; None for all others.
        beside: a concept that its own goes along with, and that it does not respond to.
    """

    concepts: tuple[int, ...] = ()
    join: Literal["or", "and"] = "or"
    scene: str = ""
    signal: float = math.inf
    offset: tuple[float, float] = (0.0, 0.0)
    cells: int = 14
    level: float | None = None
    beside: int = 0

    def __post_init__(self) -> None:
        known = all(0 < each < len(VOCABULARY) for each in self.concepts)
        if len(set(self.concepts)) != len(self.concepts) or len(self.concepts) > 2 or not known:
            raise UnitscopeError(
                f"a planted unit cannot have concepts {self.concepts}; give none, one or two numbers from 1 to "
                f"{len(VOCABULARY) - 1}"
            )
        if self.cells < 1 or SIDE % self.cells:
            raise UnitscopeError(
                f"a planted unit cannot have {self.cells} cells a side; give a divisor of {SIDE}"
            )
        if self.scene and self.scene not in SCENE_CLASSES:
            raise UnitscopeError(f"scene class {self.scene!r} not found; SCENE_CLASSES lists them")
        if not self.signal > 0 or max(map(abs, self.offset)) >= 1:
            raise UnitscopeError(
                f"a planted unit has signal {self.signal} and offset {self.offset}; give a signal above 0 and offsets "
                "between -1 and 1"
            )

    @property
    def kind(self) -> Kind:
        """What sort of unit it is."""
        if self.level is not None:
            return "constant" if self.level else "dead"
        if not self.concepts:
            return "noise"
        if self.scene:
            return "scene"
        return "one" if len(self.concepts) == 1 else self.join


@dataclass(frozen=True)
class Placed:
    """Where a network has a unit: its layer, and its number there."""

    layer: str
    number: int
    unit: PlantedUnit


@dataclass(frozen=True)
class Evidence:
    """What a unit tells a planted classifier of a class.

    Attributes:
        unit: its place in the list of units.
        output: position of the class in SCENE_CLASSES.
        weight: what its mean activation over a picture is multiplied with before it is added to the logit.
        gate: place of a unit that turns the sign of this, unless it is zero all over the picture; without one, None.
            Where `unit` is symmetric noise, removing the gate changes predictions and makes none likelier to be right.
    """

    unit: int
    output: int
    weight: float
    gate: int | None = None


class PlantedLayer(nn.Module):
    """Units of equal resolution: from what pictures say to activations `(N, U, cells, cells)`.

    Args:
        units: what they are.
        numbers: what tells them apart for their noise.
        seed: of the noise.
        noise: what it is like.
    """

    pairs: Tensor
    scenes: Tensor
    offsets: Tensor
    both: Tensor
    gains: Tensor
    levels: Tensor
    varies: Tensor
    numbers: Tensor
    seeds: Tensor

    def __init__(
        self, units: Sequence[PlantedUnit], numbers: Sequence[int], *, seed: int, noise: Noise
    ) -> None:
        super().__init__()
        self.units, self.cells, self.seed, self.noise = tuple(units), units[0].cells, seed, noise
        scenes = [SCENE_CLASSES.index(unit.scene) if unit.scene else -1 for unit in units]
        pairs = [(*unit.concepts, 0, 0)[:2] for unit in units]
        self.register_buffer("pairs", torch.tensor(pairs))
        self.register_buffer("scenes", torch.tensor(scenes))
        self.register_buffer("offsets", torch.tensor([unit.offset for unit in units]))
        self.register_buffer("both", torch.tensor([unit.join == "and" for unit in units]))
        self.register_buffer("gains", torch.tensor([min(unit.signal, NOISELESS) for unit in units]))
        self.register_buffer("levels", torch.tensor([unit.level or 0.0 for unit in units]))
        self.register_buffer("varies", torch.tensor([unit.level is None for unit in units]))
        self.register_buffer("numbers", torch.tensor(numbers))
        self.register_buffer("seeds", torch.tensor([seed]))
        self.groups: dict[tuple[int, int], list[int]] = {}
        for place, unit in enumerate(units):
            down, right = (round(part * SIDE) for part in unit.offset)
            self.groups.setdefault((down, right), []).append(place)

    def coverage(self, maps: ReadMaps) -> Tensor:
        """Return the part of each cell that each unit's concepts fill, float32 `(N, U, cells, cells)`."""
        found, order = [], []
        for (down, right), places in self.groups.items():
            found.append(self._cover(_moved(maps.labels, down, right), places))
            order += places
        cover = torch.cat(found, 1)[:, torch.tensor(order).argsort()]
        here = (self.scenes < 0) | (self.scenes == maps.targets[:, None])
        return cover * here[:, :, None, None]

    def _cover(self, labels: Tensor, places: list[int]) -> Tensor:
        """Return the coverage of some units for labels `(N, 4, H, W)`."""
        areas = concept_areas(labels, self.cells)
        first, second = self.pairs[places].unbind(1)
        cover = areas[:, first] * (first > 0)[:, None, None] + areas[:, second] * (second > 0)[:, None, None]
        two = [i for i, place in enumerate(places) if len(self.units[place].concepts) == 2]
        for start in range(0, len(two), PAIRS_AT_ONCE):
            some = two[start : start + PAIRS_AT_ONCE]
            chosen = [self.units[places[i]] for i in some]
            shared = torch.stack([_shared(labels, unit.concepts, self.cells) for unit in chosen], 1)
            together = self.both[[places[i] for i in some]][:, None, None]
            joined = torch.where(together, shared, cover[:, some] - shared)
            cover = cover.index_copy(1, torch.tensor(some), joined)
        return cover

    def forward(self, maps: ReadMaps) -> Tensor:
        """Return activations `(N, U, cells, cells)`."""
        noise = self.noise.draw(maps.keys, self.numbers, self.cells, self.seed)
        values = self.gains[:, None, None] * self.coverage(maps) + noise
        return torch.where(self.varies[:, None, None], values, self.levels[:, None, None])


class PlantedNetwork(nn.Module):
    """Layers of planted units, and logits that follow from the last of them.

    Attributes:
        placed: where each unit is, in the order they were given: the truth.
    """

    weights: Tensor
    turned: Tensor
    gated: Tensor

    def __init__(
        self, units: Sequence[PlantedUnit], *, seed: int, noise: Noise, evidence: Sequence[Evidence]
    ) -> None:
        super().__init__()
        by_cells: dict[int, list[int]] = {}
        for number, unit in enumerate(units):
            by_cells.setdefault(unit.cells, []).append(number)
        places: dict[int, Placed] = {}
        for cells in sorted(by_cells, reverse=True):
            numbers, name = by_cells[cells], f"cells{cells}"
            self.add_module(name, PlantedLayer([units[i] for i in numbers], numbers, seed=seed, noise=noise))
            places |= {number: Placed(name, at, units[number]) for at, number in enumerate(numbers)}
        self.placed = tuple(places[number] for number in range(len(units)))
        self.layers = tuple(f"cells{cells}" for cells in sorted(by_cells, reverse=True))
        self.grids = {f"cells{cells}": (cells, cells) for cells in by_cells}
        self._weigh(evidence)

    def _weigh(self, evidence: Sequence[Evidence]) -> None:
        last = self.get_submodule(self.layers[-1])
        assert isinstance(last, PlantedLayer)
        weights = torch.zeros(len(SCENE_CLASSES), len(last.units))
        gated = [each for each in evidence if each.gate is not None]
        turned = torch.zeros(len(SCENE_CLASSES), len(gated))
        for each in evidence:
            if each.gate is None:
                weights[each.output, self.placed[each.unit].number] += each.weight
        for column, each in enumerate(gated):
            turned[each.output, column] = each.weight
        self.register_buffer("weights", weights)
        self.register_buffer("turned", turned)
        numbers = [[self.placed[i or 0].number for i in (each.unit, each.gate)] for each in gated]
        self.register_buffer("gated", torch.tensor(numbers, dtype=torch.long).reshape(-1, 2))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits of pictures `(N, 3, 112, 112)` in 0..255, `(N, classes)`."""
        maps = read_maps(pictures)
        for name in self.layers:
            activation: Tensor = self.get_submodule(name)(maps)
        return self.answer(activation.mean((2, 3)))

    def answer(self, means: Tensor) -> Tensor:
        """Return logits `(N, classes)` for the mean activation of each unit of the last layer `(N, U)`."""
        said, gate = means[:, self.gated[:, 0]], means[:, self.gated[:, 1]]
        turned = F.linear(torch.where(gate == 0, said, -said), self.turned)
        return F.linear(means, self.weights) + turned


def planted_network(
    units: Sequence[PlantedUnit],
    *,
    seed: int = 0,
    noise: Noise = MEASURED,
    evidence: Sequence[Evidence] = (),
) -> Network:
    """Return a network that has these units.

    Its pictures are :class:`unitscope.world.maps.SceneMaps`. Its operators do not tell how its layers lie: give
    ``grid_of=network.module.grids``. ``network.module.placed`` holds the truth.

    Args:
        units: what they are.
        seed: of their noise.
        noise: what it is like.
        evidence: what units of the last layer, that of fewest cells, add to the logits of SCENE_CLASSES.

    Raises:
        UnitscopeError: there are no units, or evidence is of a unit in another layer than the last.
    """
    if not units:
        raise UnitscopeError("no units to plant; give at least one")
    last = min(unit.cells for unit in units)
    used = {place for each in evidence for place in (each.unit, each.gate) if place is not None}
    if any(units[place].cells != last for place in used):
        raise UnitscopeError(
            f"evidence comes from the last layer, that of {last} cells; give its units alone"
        )
    module = PlantedNetwork(units, seed=seed, noise=noise, evidence=evidence).eval()
    sight = Preprocessing(size=(SIDE, SIDE), range=(0, 255), mean=(0,), scale=(1,), interpolation="nearest")
    classes = SCENE_CLASSES if evidence else ()
    return Network(module, sight, "planted", layers=module.layers, classes=classes)


def concept_areas(labels: Tensor, cells: int) -> Tensor:
    """Return the part of each cell that each concept fills, float32 `(N, C, cells, cells)` for labels `(N, 4, H, W)`.

    Concept 0 is "nothing": its part is that of all planes together and may be above 1.
    """
    count, _, side, _ = labels.shape
    step = side // cells
    place = torch.arange(side, device=labels.device) // step
    number = labels * cells**2 + place[:, None] * cells + place
    areas = torch.zeros(count, len(VOCABULARY) * cells**2, device=labels.device)
    one = torch.full((1, 1), 1 / step**2, device=labels.device)
    flat = number.flatten(1)
    found: Tensor = areas.scatter_add(1, flat, one.expand(flat.shape))
    return found.reshape(count, -1, cells, cells)


def _shared(labels: Tensor, concepts: Sequence[int], cells: int) -> Tensor:
    """Return the part of each cell where two concepts are together `(N, cells, cells)`."""
    planes = [int(np.searchsorted(FIRST, number, side="right")) - 1 for number in concepts]
    first, second = (labels[:, plane] == number for plane, number in zip(planes, concepts, strict=True))
    return F.avg_pool2d((first & second).float()[:, None], labels.shape[-1] // cells)[:, 0]


def _moved(labels: Tensor, down: int, right: int) -> Tensor:
    """Return labels `(N, P, H, W)` moved by pixels, "nothing" where they came from."""
    height, width = labels.shape[-2:]
    rows, columns = slice(max(-down, 0), height - max(down, 0)), slice(max(-right, 0), width - max(right, 0))
    kept = labels[..., rows, columns]
    return F.pad(kept, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
