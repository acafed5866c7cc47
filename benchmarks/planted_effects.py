"""Do removal, insertion and ranking find what units of a generator draw, and no more? A planted one, known exactly.

Every concept has units that draw it, for some only on top of another concept; other units are noise, or swap one cell
for another, so that pictures change without them and areas do not on average. What each picture shows without units,
or with units forced on, is drawn a second time here, from the description of the units, in NumPy. Means over many
latents are the truth that intervals should hold.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

import unitscope
from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.ranking import run_ranking
from unitscope.experiments.effects.removal import run_removal
from unitscope.experiments.effects.settings import (
    InsertionSettings,
    Level,
    Locations,
    RankingSettings,
    RemovalSettings,
)
from unitscope.nouns.subject import choosing_as_told, reopen_subject
from unitscope.run.dissection import Dissection
from unitscope.run.effects import Insertion, Removal
from unitscope.sources.latents import seeded_latents
from unitscope.world.planted_generator import (
    CELLS,
    CONCEPTS,
    OF_UNIT,
    SEGMENTER,
    STRIP,
    DrawingGenerator,
    DrawingUnit,
    layers_of,
    planted_generator,
    swap_cells,
)

Cells = NDArray[np.int8]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
CONTEXTS = range(13, 20)
"""Concepts that need another one, below 13."""
EACH, SWAPPING, NOISE = 6, 30, 90
"""Units that draw each concept, that swap, and of noise."""
SIZES = tuple(range(1, EACH))
"""Sizes of the sets that are removed: without all units of a concept nothing of it is left."""
POPULATION, AT_ONCE = 10_000, 1000
"""Latents whose means are the truth, and how many of them are drawn at once."""
ALPHA = 0.05
PLACES = 16
TRUTH_SEED = 90_000


def plant(seed: int) -> list[DrawingUnit]:
    """Return the units: those of every concept, then those that swap, then noise."""
    rng = np.random.default_rng(seed)
    units = []
    for concept in range(1, len(CONCEPTS)):
        needs = int(rng.integers(1, CONTEXTS[0])) if concept in CONTEXTS else 0
        for _ in range(EACH):
            rows, columns = (int(each) for each in rng.integers(3, 6, 2))
            units.append(DrawingUnit("paint", concept, needs, (rows, columns), float(rng.uniform(0.25, 0.4))))
    units += [
        DrawingUnit("swap", int(rng.integers(1, len(CONCEPTS))), chance=float(rng.uniform(0.2, 0.8)))
        for _ in range(SWAPPING)
    ]
    return units + [DrawingUnit("noise", size=(4, 4), chance=0.3) for _ in range(NOISE)]


@dataclass
class Drawing:
    """What n latents draw, by the description of the units alone."""

    units: Sequence[DrawingUnit]
    masks: NDArray[np.bool_]
    """Where units are on ``(n, U, 16, 16)``."""
    adds: NDArray[np.bool_]
    """What units that swap do ``(n, U)``."""
    drawing: NDArray[np.uint8]
    """How many units draw each of :func:`layers_of` there ``(n, L, 16, 16)``."""

    @classmethod
    def of(cls, units: Sequence[DrawingUnit], latents: NDArray[np.float32]) -> Drawing:
        """Find where units are on from latents ``(n, 4 U)``."""
        values = latents.astype(np.float64).reshape(len(latents), -1, OF_UNIT)
        shares, masks = ndtr(values), np.zeros((len(latents), len(units), CELLS, CELLS), np.bool_)
        swaps, place = 0, np.arange(CELLS)
        for number, unit in enumerate(units):
            room = np.array([CELLS - STRIP + 1, CELLS + 1]) - unit.size
            first = np.floor(shares[:, number, 1:3] * room).astype(int)
            if unit.kind == "swap":
                first[:] = swap_cells(swaps)[0]
                swaps += 1
            rows, columns = (
                (place >= first[:, [axis]]) & (place < first[:, [axis]] + unit.size[axis]) for axis in (0, 1)
            )
            on = shares[:, number, 0] > 1 - unit.chance
            masks[:, number] = on[:, None, None] & rows[:, :, None] & columns[:, None, :]
        counts = [masks[:, places].sum(1, dtype=np.uint8) for _, _, places in layers_of(units)]
        return cls(units, masks, values[:, :, 1] > 0, np.stack(counts, 1))

    def rows(self, chosen: NDArray[np.bool_]) -> Drawing:
        """Return some of the latents."""
        return Drawing(self.units, self.masks[chosen], self.adds[chosen], self.drawing[chosen])

    def cells(self, without: Iterable[int] = (), forced: Iterable[int] = ()) -> Cells:
        """Return what each cell shows ``(n, 16, 16)``; units are zero, or forced on, where the cell lies."""
        gone, added = set(without), set(forced)
        cells = np.zeros((len(self.masks), CELLS, CELLS), np.int8)
        for layer, (concept, needs, places) in enumerate(layers_of(self.units)):
            left = self.drawing[:, layer]
            if gone & set(places):
                left = left - self.masks[:, sorted(gone & set(places))].sum(1, dtype=np.uint8)
            there = (left > 0) | bool(added & set(places))
            if needs:
                there &= cells == needs
            cells[there] = concept
        for number, (place, unit) in enumerate(self.swapping()):
            (row, column), (other_row, other_column) = swap_cells(number)
            on, adds = self.masks[:, place, row, column] & (place not in gone), self.adds[:, place]
            here = adds if place in added else on & adds
            cells[:, row, column] = np.where(here, unit.concept, 0)
            cells[:, other_row, other_column] = np.where(on & ~adds, 0, unit.concept)
        return cells

    def swapping(self) -> list[tuple[int, DrawingUnit]]:
        """Return the units that swap, with their places."""
        return [(place, unit) for place, unit in enumerate(self.units) if unit.kind == "swap"]

    def inserted(self, concept: int, forced: Iterable[int]) -> tuple[Cells, Counts, Counts]:
        """Return context, new and lost cells of a concept ``(n, 16, 16)`` where units are forced on at each cell."""
        forced = list(forced)
        before, after = self.cells(), self.cells(forced=forced)
        had, has = before == concept, after == concept
        new, lost = (has & ~had).astype(np.int64), (had & ~has).astype(np.int64)
        for number, (place, unit) in enumerate(self.swapping()):
            if place not in forced or unit.concept != concept:
                continue
            # Forced on where it adds, such a unit leaves out what it leaves out somewhere else.
            here, other = swap_cells(number)
            shown, adds = before[:, *other] == concept, self.adds[:, place]
            new[:, *here] += adds & ~shown
            lost[:, *here] += ~adds & shown
        return before, new, lost


def areas(cells: Cells) -> Counts:
    """Return the cells that show each concept, and nothing ``(n, C)``."""
    size = len(CONCEPTS)
    place = np.arange(len(cells))[:, None, None] * size + cells
    return np.bincount(place.ravel(), minlength=len(cells) * size).reshape(-1, size).astype(np.int64)


class Population:
    """Many latents, a part of them at a time."""

    def __init__(self, units: Sequence[DrawingUnit], seed: int) -> None:
        self.units, self.seed = units, seed

    def __iter__(self) -> Iterator[Drawing]:
        for part in range(POPULATION // AT_ONCE):
            seed = TRUTH_SEED + 1000 * self.seed + part
            yield Drawing.of(self.units, seeded_latents(AT_ONCE, OF_UNIT * len(self.units), seed).numpy())

    def of_sets(self, sets: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """Return the mean cells of each concept ``(C,)``, and what each set adds to them by its absence ``(V, C)``."""
        before, change = np.zeros(len(CONCEPTS)), np.zeros((len(sets), len(CONCEPTS)))
        for drawing in self:
            whole = areas(drawing.cells())
            before += whole.sum(0) / POPULATION
            change += changes(drawing, whole, sets).sum(1) / POPULATION
        return before, change

    def of_insertions(self, sets: Sequence[tuple[int, Sequence[int]]]) -> list[Floats]:
        """Return, for each concept and set, places, new cells and successes by context ``(C, 3)``, summed."""
        sums = [np.zeros((len(CONCEPTS), 3)) for _ in sets]
        for drawing in self:
            for total, (concept, units) in zip(sums, sets, strict=True):
                context, new, _ = drawing.inserted(concept, units)
                for column, values in enumerate((np.ones_like(new), new, new > 0)):
                    total[:, column] += np.bincount(context.ravel(), values.ravel(), len(CONCEPTS))
        return sums


def changes(drawing: Drawing, whole: Counts, sets: Sequence[Sequence[int]]) -> Counts:
    """Return the cells that each concept gains in each picture without each set ``(V, n, C)``."""
    found = np.zeros((len(sets), *whole.shape), np.int64)
    for number, units in enumerate(sets):
        on = np.asarray(drawing.masks[:, list(units)].any((1, 2, 3)))
        found[number, on] = areas(drawing.rows(on).cells(without=units)) - whole[on]
    return found


class OneSeed:
    """A planted generator, dissected, with everything that is asked of it."""

    def __init__(self, seed: int, latents: int, folder: Path) -> None:
        self.units, self.folder = plant(seed), folder
        self.generator = planted_generator(self.units)
        self.run: Dissection = unitscope.dissect(
            self.generator, unitscope.latents(latents, seed=seed), unitscope.segmenter(SEGMENTER), out=folder / "run",
            grid=(CELLS, CELLS), device="cpu", show=False, replicates=100, null=0, top=1, seed=seed, batch_size=128,
        )  # fmt: skip
        assert isinstance(self.generator.module, DrawingGenerator)
        self.subject = reopen_subject(self.run, "units", source=self.generator, device="cpu")
        drawn = self.subject.samples.latents.read(range(latents)).numpy()
        self.drawing, self.population = Drawing.of(self.units, drawn), Population(self.units, seed)

    def truth(self, samples: Sequence[int]) -> Drawing:
        """Return what some latents of the run draw."""
        chosen = np.zeros(len(self.drawing.adds), np.bool_)
        chosen[list(samples)] = True
        return self.drawing.rows(chosen)

    def pairs(self, latents: int) -> pd.DataFrame:
        """Rank the units; return one row for each unit and concept, with the truth beside it."""
        settings = RankingSettings(latents=latents)
        found = run_ranking(self.subject, settings, self.folder / "rank").effects
        alone = [[unit] for unit in range(len(self.units))]
        drawing = self.truth(range(latents))
        whole = areas(drawing.cells())
        known = whole.sum(0) + changes(drawing, whole, alone).sum(1)
        before, change = self.population.of_sets(alone)
        unit, number = found["unit"].to_numpy(), found["number"].to_numpy()
        kinds = np.array([each.kind for each in self.units])
        return found.assign(
            right=known[unit, number] == found["after"],
            true_change=np.where(kinds[unit] == "swap", 0, change[unit, number]) / CELLS**2,
            true_lost=-change[unit, number] / before[number],
            kind=kinds[unit],
        )

    def removed(self, choose_on: Literal["half", "all"]) -> list[Removal]:
        """Remove units of each concept."""
        found = []
        for concept in CONCEPTS:
            if concept is not None:
                settings = RemovalSettings(
                    concept.name, units=SIZES, random=0, control="none", pairs=0, choose_on=choose_on
                )
                asked = choosing_as_told(self.run, self.subject, settings)
                found.append(run_removal(asked, settings, self.folder / f"remove-{concept.name}-{choose_on}"))
        return found

    def sets(self, choose_on: Literal["half", "all"]) -> pd.DataFrame:
        """Return one row for each removed set and concept, with the truth beside it."""
        found = self.removed(choose_on)
        tables = [
            each.effects.merge(each.sets[["set", "kind", "units"]], on="set").assign(of=each.summary.concept)
            for each in found
        ]
        units = [list(row) for each in found for row in each.sets["units"]]
        drawing = self.truth(found[0].latents["sample"].tolist())
        whole = areas(drawing.cells())
        known = whole.sum(0) + changes(drawing, whole, units).sum(1)
        before, change = self.population.of_sets(units)
        rows = pd.concat(tables, ignore_index=True)
        place = np.repeat(np.arange(len(units)), len(CONCEPTS) - 1)
        number = rows["number"].to_numpy()
        gains = {
            each.summary.concept: each.summary.choice.gain.value for each in found if each.summary.choice
        }
        return rows.assign(
            right=known[place, number] == rows["after"],
            true_lost=-change[place, number] / before[number],
            own=rows["concept"] == rows["of"],
            gain=rows["of"].map(gains),
        )

    def inserted(self, latents: int) -> tuple[pd.DataFrame, float]:
        """Force units of some concepts on; return rows of shares with the truth, and the share of right places."""
        found: list[Insertion] = []
        for number in (*CONTEXTS, *range(1, CONTEXTS[0], 3)):
            name = str(CONCEPTS[number])
            settings = InsertionSettings(
                name,
                units=EACH,
                level=Level("value", 1.0),
                locations=Locations(PLACES, random=True),
                latents=latents,
                contexts=0,
            )
            asked = choosing_as_told(self.run, self.subject, settings)
            levels = np.ones(len(self.units), np.float32)
            found.append(run_insertion(asked, settings, self.folder / f"insert-{number}", levels=levels))
        rows, right = [], []
        asked_sets = [
            (CONCEPTS.number(each.summary.concept, "object"), list(units))
            for each in found
            for units in each.sets["units"]
        ]
        truths = iter(self.population.of_insertions(asked_sets))
        for each in found:
            concept = CONCEPTS.number(each.summary.concept, "object")
            samples = sorted(set(each.places["sample"]))
            drawing = self.truth(samples)
            for row, units in enumerate(each.sets["units"]):
                places = each.places[each.places["set"] == row]
                context, new, lost = drawing.inserted(concept, list(units))
                at = np.searchsorted(samples, places["sample"]), places["row"], places["column"]
                expected = [part[at] for part in (context, new, lost)]
                right.append(np.all(expected == places[["context", "new", "lost"]].to_numpy().T, axis=0))
                rows.append(_shares(each, row, next(truths)))
        return pd.concat(rows, ignore_index=True), float(np.concatenate(right).mean())


def _shares(found: Insertion, row: int, truth: Floats) -> pd.DataFrame:
    """Return the shares of a set, anywhere and by context, with the truth ``(C, 3)`` beside it."""
    whole = found.sets[found.sets["set"] == row].assign(number=-1)
    parts = pd.concat([whole, found.contexts[found.contexts["set"] == row]], ignore_index=True)
    numbers = parts["number"].to_numpy()
    sums = np.where((numbers < 0)[:, None], truth.sum(0), truth[numbers])
    kind = found.sets["kind"].iloc[row]
    return parts.assign(
        kind=kind, true_new=sums[:, 1] / sums[:, 0] / CELLS**2, true_success=sums[:, 2] / sums[:, 0]
    )


def effects_part(options: argparse.Namespace) -> dict[str, Any]:
    """Return what is found of planted effects, and what else."""
    pairs, sets, paper, places, right = [], [], [], [], []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            one = OneSeed(seed, options.latents, Path(folder))
            half = options.latents // 2
            pairs.append(one.pairs(half).assign(seed=seed))
            sets.append(one.sets("half"))
            paper.append(one.sets("all"))
            shares, found = one.inserted(half // 2)
            places.append(shares)
            right.append(found)
    table = pd.concat(sets, ignore_index=True)
    return {
        "units_of_each": EACH, "swapping": SWAPPING, "noise": NOISE, "latents": options.latents,
        "ranking": _ranked(pd.concat(pairs, ignore_index=True)),
        "removal": _removed(table[table["kind"] == "concept"]),
        "removal_as_in_the_paper": _removed(pd.concat(paper, ignore_index=True)),
        "choice": _chosen(table),
        "insertion": {"places_right": _share(right), **_inserted(pd.concat(places, ignore_index=True))},
    }  # fmt: skip


def _ranked(pairs: pd.DataFrame) -> dict[str, Any]:
    found = pairs[pairs["pictures_changed"] > 0]
    null, told = found["true_change"] == 0, found["q_value"] <= ALPHA
    shown = found["change_low"].notna()
    outside = (found["change_low"] > 0) | (found["change_high"] < 0)
    held = found["true_change"].between(found["change_low"], found["change_high"])
    return {
        "pairs": len(pairs),
        "right": _share(pairs["right"]),
        "pairs_of_noise_that_change": int((found["kind"] == "noise").sum()),
        "pairs_that_change": len(found),
        "of_them_without_effect": int(null.sum()),
        "interval_leaves_out_0_without_effect": _share(outside[null & shown]),
        "called_at_q_0.05": int(told.sum()),
        "called_without_effect": _share(null[told]),
        "called_with_effect": _share(told[~null]),
        "called_of_those_tested": _share(told[~null & found["q_value"].notna()]),
        "goal": ALPHA,
        "without_interval": int((~null & ~shown).sum()),
        "with_interval": int((~null & shown).sum()),
        "change_covered": _share(held[~null & shown]),
        "change_covered_by_pictures": _by_pictures(found[~null & shown], held[~null & shown]),
    }


def _by_pictures(found: pd.DataFrame, held: pd.Series[bool]) -> dict[str, Any]:
    """Return coverage by the pictures that change."""
    limits = [0, 8, 12, 20, 40, 10**6]
    groups = pd.cut(found["pictures_changed"], limits, right=False)
    return {
        str(each): [len(rows), _share(held[rows.index])]
        for each, rows in found.groupby(groups, observed=True)
    }


def _removed(sets: pd.DataFrame) -> dict[str, Any]:
    changed = sets[sets["pictures_changed"] > 0]
    varied = changed[changed["lost_low"].notna()]
    held = varied["true_lost"].between(varied["lost_low"], varied["lost_high"])
    own = varied["own"]
    return {
        "rows": len(sets),
        "right": _share(sets["right"]),
        "own_concept": int(own.sum()),
        "own_concept_without_interval": int((changed["own"] & changed["lost_low"].isna()).sum()),
        "own_concept_covered": _share(held[own]),
        "other_concepts": int((~own).sum()),
        "other_concepts_without_interval": int((~changed["own"] & changed["lost_low"].isna()).sum()),
        "other_concepts_covered": _share(held[~own]),
        "own_concept_above_truth": _mean((varied["lost"] - varied["true_lost"])[own]),
        "goal": [0.93, 0.97],
    }


def _chosen(sets: pd.DataFrame) -> dict[str, Any]:
    """Return the gain of choosing on the measured latents too: as reported, and how much of it is true."""
    own = sets[sets["own"]]
    largest = own[(own["kind"] == "concept") & (own["units"].map(len) == SIZES[-1])]
    every = own[own["kind"] == "all"]
    return {
        "gain": _mean(largest["gain"]),
        "true_gain": _mean(every["true_lost"].to_numpy() - largest["true_lost"].to_numpy()),
    }


def _inserted(places: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {"goal": [0.93, 0.97]}
    for name, rows in {"anywhere": places["number"] < 0, "contexts": places["number"] >= 0}.items():
        part = places[rows]
        for value, low, high, truth in (
            ("success", "success_low", "success_high", "true_success"),
            ("new_area", "new_low", "new_high", "true_new"),
        ):
            some = part[part["successes"] > 0]
            # A share that is 100 % is found as 100 %, which any interval reaches.
            found[f"{value}_{name}_certain"] = int((some["true_success"] == 1).sum())
            some = some[some["true_success"] < 1]
            varied = some[some[low].notna()]
            held = varied[truth].between(varied[low] - 1e-12, varied[high] + 1e-12)
            found[f"{value}_{name}"] = len(varied)
            found[f"{value}_{name}_without_interval"] = len(some) - len(varied)
            found[f"{value}_{name}_covered"] = _share(held)
    return found


def _share(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def _mean(values: Any) -> float | None:
    return round(float(np.nanmean(values)), 4) if len(values) else None
