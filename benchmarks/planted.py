"""Would the method find what is really there? Planted units in drawn scenes, as one JSON line a part.

    python benchmarks/planted.py [--units 2000] [--scenes 1000] [--population 2000] [--seeds 3] [--match iou]

Scenes are taken from a population of rendered ones. Labels and chance are measured on distinct scenes; intervals on a
sample of as many of these with replacement, so that what they should hold is known exactly, from the distinct ones.
Every seed plants other units and takes other scenes. The control of the calibrated rule is a network of noise units
only, as many in each layer. Parts:

- `seed`: the main figures of each seed; those below are of all seeds together.
- `named`: planted units whose label is one of their concepts (`right`), by group. `with_twins` counts other names of
  their places, of an IoU of 0.9 or more with them, `nearly` of 0.5. `without_noise` is how many would be named right if
  they were all signal, and `right_of_these` how many of those are: the definition prefers a concept of about the size
  of a mask, and may call a perfect unit by a part of what it sees. The goal is 0.99 at the typical signal.
- `noise`: units of pure noise that each rule calls detectors. Of all it calls, `noise_among_called` is the false
  discovery rate, and `wrong_among_called` counts planted units under another name too. The goal is 0.05.
- `power`: planted units of one concept that each rule calls detectors under their right name, by signal.
- `coverage`: 95 % intervals of IoU that hold the IoU of the same mask with the same concept over all distinct scenes.
  The goal is 0.93 to 0.97.
- `importance`: see `planted_importance.py`; `effects` of the units of a generator: `planted_effects.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from planted_effects import effects_part
from planted_importance import importance_part
from planted_parts import coverage_part, headline, labels_of, named_part, noise_part, power_part
from planted_units import NEAR, TWIN, Found, draw_units, filled, grid_labels

import unitscope
from unitscope.experiments.dissection.look import kept_activations
from unitscope.experiments.dissection.settings import Measure
from unitscope.models.network import Network
from unitscope.run.calibration import calibrated_cuts, stands_out
from unitscope.run.dissection import Dissection
from unitscope.stats import Intersections
from unitscope.world import VOCABULARY, WorldPictures
from unitscope.world.maps import SceneMaps
from unitscope.world.noise import Noise
from unitscope.world.planted import PlantedNetwork, PlantedUnit, planted_network

KEPT, FEW, CONTROL = 0.04, 100, 10_000
"""Share of points kept, for the thresholds of another sample; replicates where intervals are not asked for; what is
added to seeds for controls."""
SAME = 1.1
"""More than any IoU: only a concept itself is the same."""


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
        labels = [grid_labels(maps, i) for i in range(len(maps))]
        self.found = replace(Found.of(labels, maps.targets), filled=filled(maps))


def iou_over_all(run: Dissection, units: pd.DataFrame) -> NDArray[np.float64]:
    """Return the IoU, over all pictures of a run, of masks with the thresholds and labels of a units table of another.

    Args:
        run: of the same network; its activations are kept.
        units: U units; where one has no label its IoU is 0.
    """
    rows = {str(layer): table.sort_values("unit") for layer, table in units.groupby("layer", sort=False)}
    levels = {layer: table["threshold"].to_numpy(np.float32, copy=True) for layer, table in rows.items()}
    counts = {layer: Intersections(level, len(VOCABULARY)) for layer, level in levels.items()}
    for shard in kept_activations(run).shards(lambda *_: None, above=levels):
        for layer, count in counts.items():
            count.update(shard.cells[layer], shard.labels, shard.samples)
    areas = np.zeros(len(VOCABULARY), np.int64)
    areas[run.concepts["number"]] = run.concepts["pixels"]
    found = pd.Series(0.0, units.index)
    for layer, count in counts.items():
        above, shared = (part.sum(0) for part in count.result())
        labels = np.maximum(labels_of(rows[layer]), 0)
        both = shared[np.arange(len(labels)), labels]
        found[rows[layer].index] = both / np.maximum(above + areas[labels] - both, 1)
    return np.asarray(found, np.float64)


def dissected(
    network: Network,
    maps: SceneMaps,
    out: Path,
    *,
    match: Measure,
    seed: int,
    null: int = 0,
    replicates: int = FEW,
) -> Dissection:
    """Dissect a planted network."""
    assert isinstance(network.module, PlantedNetwork)
    return unitscope.dissect(
        network,
        maps,
        out=out,
        grid_of=network.module.grids,
        device="cpu",
        show=False,
        match=match,
        seed=seed,
        null=null,
        replicates=replicates,
        keep=KEPT,
        trust_places=True,  # they are known, and few labels of noise pictures are those of planted concepts
    )


def with_truth(run: Dissection, network: Network, drawn: Sequence[tuple[str, PlantedUnit]]) -> pd.DataFrame:
    """Return the units table of a run with each unit's group and what was planted."""
    assert isinstance(network.module, PlantedNetwork)
    truth = [
        {"layer": p.layer, "unit": p.number, "group": group, "planted": p.unit}
        for p, (group, _) in zip(network.module.placed, drawn, strict=True)
    ]
    return run.units.merge(pd.DataFrame(truth), on=["layer", "unit"], validate="one_to_one")


def without_noise(
    units: pd.DataFrame, maps: SceneMaps, out: Path, *, match: Measure, seed: int
) -> NDArray[np.int64]:
    """Return the number of the label that each unit has where it is all signal and no noise `(U,)`; 0 for none.

    It is what the definition of a label calls a unit that does just what it was planted for.
    """
    perfect = [replace(unit, signal=math.inf) if unit.concepts else None for unit in units["planted"]]
    distinct = [each for each in dict.fromkeys(perfect) if each is not None]
    network = planted_network(distinct, seed=seed, noise=Noise())
    assert isinstance(network.module, PlantedNetwork)
    table = dissected(network, maps, out, match=match, seed=seed).units
    named = dict(zip(zip(table["layer"], table["unit"], strict=True), labels_of(table), strict=True))
    label = {p.unit: named[p.layer, p.number] for p in network.module.placed}
    return np.array([0 if each is None else max(label[each], 0) for each in perfect])


def one_seed(world: World, seed: int, options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plant, dissect twice, and return what was found in distinct scenes, and in a sample of them with replacement.

    Chance is measured where no scene is there twice: copies of a picture have the same mask and the same labels, and
    meet again what they met once. Intervals are held to the truth where the sample is drawn from what is all there is.
    """
    drawn = list(draw_units(world.found, options.units, seed))
    network = planted_network([unit for _, unit in drawn], seed=seed)
    control = planted_network([PlantedUnit(cells=unit.cells) for _, unit in drawn], seed=seed + CONTROL)
    maps, asked = world.maps.distinct(options.scenes, seed), {"match": options.match, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        run = dissected(network, maps, out / "run", null=200, **asked)
        cuts = calibrated_cuts([dissected(control, maps, out / "control", **asked).units], network.layers)
        units = with_truth(run, network, drawn)
        units["calibrated"] = stands_out(units, np.array([cuts[layer] for layer in units["layer"]]))
        units = judged(world.found, units, without_noise(units, maps, out / "perfect", **asked))
        again = dissected(
            network,
            maps.draw(len(maps), seed),
            out / "again",
            replicates=options.replicates,
            **asked,
        )
        covered = with_truth(again, network, drawn)
        covered["true_iou"] = iou_over_all(run, covered)
        shown = again.concepts.set_index(["name", "category"])["pictures"]
    keys = zip(covered["concept"], covered["category"], strict=True)
    covered["pictures"] = [int(shown.get(key, 0)) for key in keys]
    covered["right"] = _named(world.found, covered, labels_of(covered), SAME)
    return units.assign(seed=seed), covered.assign(seed=seed)


def judged(found: Found, units: pd.DataFrame, perfect: NDArray[np.int64]) -> pd.DataFrame:
    """Return a units table with what its labels are worth; `perfect` are those of the same units without noise."""
    labels, points = labels_of(units), found.areas / found.points
    return units.assign(
        right=_named(found, units, labels, SAME),
        twin=_named(found, units, labels, TWIN),
        near=_named(found, units, labels, NEAR),
        able=_named(found, units, perfect, TWIN),
        as_perfect=(labels == perfect) & (perfect > 0),
        other=[label == unit.beside for label, unit in zip(labels, units["planted"], strict=True)],
        contrast=[_contrast(found, unit) for unit in units["planted"]],
        area=[points[list(unit.concepts)].sum() for unit in units["planted"]],
    )


def _contrast(found: Found, unit: PlantedUnit) -> float:
    """Return the contrast of a unit of one concept, NaN of others."""
    assert found.filled is not None
    return unit.signal * float(found.filled[unit.concepts[0]]) if unit.kind == "one" else math.nan


def _named(found: Found, units: pd.DataFrame, labels: NDArray[np.integer], least: float) -> list[bool]:
    """Tell whose label is one of its concepts, or has at least some IoU with one."""
    return [
        found.is_twin(unit, int(label), least) for unit, label in zip(units["planted"], labels, strict=True)
    ]


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=1000, help="in each sample")
    parser.add_argument("--population", type=int, default=2000, help="scenes that are rendered")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--replicates", type=int, default=1000, help="of the intervals that are held to the truth"
    )
    parser.add_argument(
        "--match", choices=("iou", "information"), default="iou", help="what labels are chosen by"
    )
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
        name: getattr(options, name)
        for name in ("units", "scenes", "population", "match", "seeds", "first_seed")
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
        found = []
        for seed in seeds:
            found.append(one_seed(world, seed, options))
            units, covered = found[-1]
            tell("seed", {"seed": seed, **headline(units, covered)}, start)
        units, covered = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
        if options.table is not None:
            units.drop(columns="planted").to_parquet(options.table)
            covered.drop(columns="planted").to_parquet(options.table.with_suffix(".covered.parquet"))
        for part in (named_part, noise_part, power_part):
            tell(part.__name__.removesuffix("_part"), part(units), start)
        tell("coverage", coverage_part(covered), start)
    if "importance" in options.parts:
        start = time.perf_counter()
        tell("importance", importance_part(world.maps, world.found, options), start)


if __name__ == "__main__":
    main()
