"""Would the method find what is really there? Planted units in drawn scenes, as one JSON line a part.

    python benchmarks/planted.py [--units 2000] [--scenes 1000] [--population 2000] [--seeds 3] [--maps FILE]

Scenes are drawn with replacement from a population of rendered ones, so that what a statistic
is there is known exactly, by reading all of it. Every seed plants other units and draws other scenes. Parts:

- `named`: planted units whose label is one of their concepts, by group; `with_twins` counts other names of
  their places. The goal is 0.99 for units of one concept at the typical signal.
- `noise`: units of pure noise that each rule calls detectors, and which part of all it calls are wrong: noise, or
  planted units with another label.
- `power`: planted units of one concept that each rule calls detectors under their right name, by signal.
- `coverage`: 95 % intervals of IoU that hold the IoU of the same mask with the same concept over the whole population.
  The goal is 0.93 to 0.97.
- `importance`: see `planted_importance.py`; `effects` of the units of a generator: `planted_effects.py`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from planted_effects import effects_part
from planted_importance import importance_part
from planted_units import GRID, SIGNALS, Found, draw_units, grid_labels

import unitscope
from unitscope.layer.grid import GridGeometry, raster_sampling, upsample
from unitscope.layer.hooks import trace
from unitscope.models.network import Network
from unitscope.run.calibration import FALSE_DISCOVERIES
from unitscope.world import PLANES, VOCABULARY, WorldPictures
from unitscope.world.maps import SceneMaps
from unitscope.world.planted import SIDE, TYPICAL, PlantedNetwork, planted_network

Rule = Callable[[pd.DataFrame], NDArray[np.bool_]]
RULES: dict[str, Rule] = {
    "paper": lambda units: units["detector"].to_numpy(bool),
    "above chance": lambda units: (units["q_value"] <= FALSE_DISCOVERIES).to_numpy(bool),
    "paper, above chance and stable": lambda units: (
        units["detector"] & units["label_stable"] & (units["q_value"] <= FALSE_DISCOVERIES)
    ).to_numpy(bool),
}
"""What makes a unit a detector, by the rows of the run's units table; another rule is another entry here."""
BATCH = 8
AREAS = (0.001, 0.003, 0.01, 0.03, 1.0)
"""Limits of the part of all points that a concept fills; a unit's mask has 0.01 of them."""
FEW_PICTURES = 20
"""Intervals of concepts that fewer pictures of the sample show are counted apart too."""


def open_maps(population: int, file: Path | None) -> SceneMaps:
    """Return the maps of all scenes; from a file, or into it, where one is named."""
    maps = SceneMaps(WorldPictures(population, split="test"))
    if file is not None and file.is_file():
        with np.load(file) as kept:
            for number in range(population):
                maps.keep(number, kept[str(number)])
    elif file is not None:
        np.savez_compressed(file, **{str(i): maps.read(i) for i in range(population)})  # type: ignore[arg-type]
    return maps


class World:
    """A population of scenes, with what it holds."""

    def __init__(self, maps: SceneMaps) -> None:
        self.maps = maps
        self.labels = np.stack([grid_labels(maps, i) for i in range(len(maps))])
        self.found = Found.of(list(self.labels), maps.targets)

    def batches(self, network: Network) -> Iterator[tuple[slice, torch.Tensor]]:
        """Yield inputs of all scenes for a network."""
        for start in range(0, len(self.maps), BATCH):
            some = range(start, min(start + BATCH, len(self.maps)))
            inputs = [torch.from_numpy(network.preprocessing.apply(self.maps.read(i))) for i in some]
            yield slice(some.start, some.stop), torch.stack(inputs)

    def true_iou(self, network: Network, units: pd.DataFrame) -> NDArray[np.float64]:
        """Return the IoU over the whole population of each unit's mask with its label; 0 without a label."""
        rows = {name: units[units["layer"] == name].sort_values("unit") for name in network.layers}
        counts = {name: np.zeros((3, len(table)), np.int64) for name, table in rows.items()}
        read: dict[str, torch.Tensor] = {}
        with trace(network.module, list(rows), read.__setitem__) as forward:
            for some, inputs in self.batches(network):
                forward(inputs)
                for name, table in rows.items():
                    counts[name] += _count(read[name], self.labels[some], table)
        found = pd.Series(0.0, units.index)
        for name, (above, area, shared) in counts.items():
            found[rows[name].index] = shared / np.maximum(above + area - shared, 1)
        return np.asarray(found, np.float64)


def _count(activation: torch.Tensor, labels: NDArray[np.int32], table: pd.DataFrame) -> NDArray[np.int64]:
    """Return points above, points of the label, and both `(3, U)`, over `(n, U, h, h)` and `(n, 4, 28, 28)`."""
    grid = (int(activation.shape[2]), int(activation.shape[3]))
    sampling = raster_sampling(GridGeometry.even(grid, (SIDE, SIDE)), GRID, (SIDE, SIDE))
    thresholds = torch.from_numpy(table["threshold"].to_numpy(np.float32, copy=True))
    above = upsample(activation, sampling) > thresholds[:, None, None]
    numbers = torch.from_numpy(_labels_of(table))
    planes = torch.tensor([PLANES.index(each) for each in table["category"].fillna(PLANES[0])])
    here = torch.from_numpy(labels)[:, planes] == numbers[:, None, None]
    return np.stack([part.sum((0, 2, 3)).numpy() for part in (above, here, above & here)])


def _labels_of(table: pd.DataFrame) -> NDArray[np.int32]:
    """Return the number of each row's label, -1 without one."""
    named = zip(table["concept"], table["category"], strict=True)
    numbers = [-1 if pd.isna(name) else VOCABULARY.number(name, category) for name, category in named]
    return np.array(numbers, np.int32)


def one_seed(world: World, seed: int, options: argparse.Namespace) -> pd.DataFrame:
    """Plant, dissect, and return the units table with the truth beside it."""
    drawn = list(draw_units(world.found, options.units, seed))
    network = planted_network([unit for _, unit in drawn], seed=seed)
    assert isinstance(network.module, PlantedNetwork)
    sample = world.maps.draw(options.scenes, seed)
    with tempfile.TemporaryDirectory() as folder:
        run = unitscope.dissect(
            network,
            sample,
            out=f"{folder}/run",
            grid_of=network.module.grids,
            device="cpu",
            show=False,
            seed=seed,
            trust_places=True,  # they are known, and few labels of noise pictures are those of planted concepts
        )
        units = run.units
        shown = run.concepts.set_index(["name", "category"])["pictures"]
    truth = pd.DataFrame(
        [
            {"layer": p.layer, "unit": p.number, "group": group, "planted": p.unit}
            for p, (group, _) in zip(network.module.placed, drawn, strict=True)
        ]
    )
    units = units.merge(truth, on=["layer", "unit"], validate="one_to_one")
    labels = _labels_of(units)
    units["right"] = [
        bool(label > 0 and label in unit.concepts)
        for label, unit in zip(labels, units["planted"], strict=True)
    ]
    units["twin"] = [
        bool(label > 0 and world.found.is_twin(unit, int(label)))
        for label, unit in zip(labels, units["planted"], strict=True)
    ]
    units["other"] = [
        bool(label > 0 and label == unit.beside) for label, unit in zip(labels, units["planted"], strict=True)
    ]
    keys = zip(units["concept"], units["category"], strict=True)
    units["pictures"] = [int(shown.get(key, 0)) for key in keys]
    points = world.found.areas / world.found.points
    units["area"] = [points[list(unit.concepts)].sum() for unit in units["planted"]]
    units["true_iou"] = world.true_iou(network, units)
    return units.assign(seed=seed)


def named_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of planted units that are named right, by group."""
    planted = units[[bool(unit.concepts) for unit in units["planted"]]]
    groups = planted.groupby("group", sort=False)
    found = {
        group: {
            "units": len(rows),
            "right": _share(rows["right"]),
            "with_twins": _share(rows["twin"]),
            "median_iou": round(float(rows["iou"].median()), 3),
        }
        for group, rows in groups
    }
    typical = planted[planted["group"] == f"one, signal {TYPICAL:g}"]
    for low, high in itertools.pairwise(AREAS):
        rows = typical[typical["area"].between(low, high, inclusive="left")]
        found[f"one, signal {TYPICAL:g}, {low:g} to {high:g} of all points"] = {
            "units": len(rows),
            "with_twins": _share(rows["twin"]),
        }
    beside = planted[planted["group"] == "colour or material"]
    found["colour or material"]["named_the_object"] = _share(beside["other"])
    return {"typical_signal": TYPICAL, "goal": 0.99, "groups": found}


def noise_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return what each rule makes of units that respond to nothing."""
    found = {}
    noise = (units["group"] == "noise").to_numpy()
    wrong = noise | ~units["twin"].to_numpy(bool)
    for name, rule in RULES.items():
        called = rule(units)
        found[name] = {
            "noise_units": int(noise.sum()),
            "noise_called": _share(called[noise]),
            "called": int(called.sum()),
            "wrong_among_called": _share(wrong[called]),
        }
    return found


def power_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of units of one concept that each rule calls detectors under their right name, by signal."""
    found: dict[str, Any] = {}
    for name, rule in RULES.items():
        called = rule(units) & units["twin"].to_numpy(bool)
        found[name] = {f"{s:g}": _share(called[units["group"] == f"one, signal {s:g}"]) for s in SIGNALS}
    return found


def coverage_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of intervals that hold the truth, of all labelled units and of some of them."""
    labelled = units[units["concept"].notna()]
    inside = labelled["true_iou"].between(labelled["iou_low"], labelled["iou_high"])
    noise, often = labelled["group"] == "noise", labelled["pictures"] >= FEW_PICTURES
    few = f"in fewer than {FEW_PICTURES} pictures"
    parts = {
        "all": labelled["concept"].notna(),
        "planted": ~noise,
        "noise": noise,
        few: ~often,
        "detectors by the paper's rule": labelled["detector"],
        "right labels": labelled["right"],
        "other labels": ~labelled["right"],
        **{f"one, signal {s:g}": labelled["group"] == f"one, signal {s:g}" for s in SIGNALS},
    }
    below, above = labelled["true_iou"] < labelled["iou_low"], labelled["true_iou"] > labelled["iou_high"]
    found = {
        name: {
            "units": int(rows.sum()),
            "covered": _share(inside[rows]),
            "truth_below": _share(below[rows]),
            "truth_above": _share(above[rows]),
        }
        for name, rows in parts.items()
    }
    return {"goal": [0.93, 0.97], "by": found}


def _share(values: Sequence[bool] | pd.Series[bool] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=1000, help="in each sample")
    parser.add_argument("--population", type=int, default=2000, help="scenes that are rendered")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--maps", type=Path, help="a file (.npz) that keeps the rendered maps for the next time"
    )
    parser.add_argument("--table", type=Path, help="where the units of all seeds are written (.parquet)")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=("units", "importance", "effects"),
        default=["units", "importance", "effects"],
    )
    parser.add_argument(
        "--latents", type=int, default=400, help="of the planted generator, half of them measured"
    )
    return parser.parse_args()


def main() -> None:
    """Measure every part."""
    options = parse()
    facts = {
        name: getattr(options, name) for name in ("units", "scenes", "population", "seeds", "first_seed")
    }

    def tell(part: str, figures: dict[str, Any], start: float) -> None:
        seconds = round(time.perf_counter() - start, 1)
        line = {"benchmark": "planted", "part": part, **facts, **figures, "seconds": seconds}
        print(json.dumps(line), flush=True)

    start = time.perf_counter()
    if "effects" in options.parts:
        tell("effects", effects_part(options), start)
    if set(options.parts) == {"effects"}:
        return
    start = time.perf_counter()
    world = World(open_maps(options.population, options.maps))
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if "units" in options.parts:
        units = pd.concat([one_seed(world, s, options) for s in seeds], ignore_index=True)
        if options.table is not None:
            units.drop(columns="planted").to_parquet(options.table)
        for part in (named_part, noise_part, power_part, coverage_part):
            tell(part.__name__.removesuffix("_part"), part(units), start)
    if "importance" in options.parts:
        start = time.perf_counter()
        tell("importance", importance_part(world.maps, world.found, options), start)


if __name__ == "__main__":
    main()
