"""Which attacks are shown, chosen by rule, and the table of what their units do (figures 5A, 5B)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.attack.attempts import Numbers, example_path
from unitscope.experiments.attack.findings import Findings
from unitscope.experiments.attack.ranks import Ranks
from unitscope.run.masks import pack_mask

ROLES = ("source", "target")


def choose_examples(found: Findings, count: int) -> Numbers:
    """Return the attempts to show: for each target those won ones in the middle of the order by L2.

    The middle is neither the easiest nor the hardest to attack; of two equally near to it, the smaller one is taken.
    """
    facts = found.facts
    chosen = [np.zeros(0, np.int64)]
    won = np.isin(facts.samples, found.won)
    for target in found.targets:
        rows = np.flatnonzero(won & (found.attempts.targets[facts.samples] == target))
        order = rows[np.lexsort((facts.samples[rows], facts.l2[rows]))]
        middle = np.abs(np.arange(len(order)) - (len(order) - 1) / 2)
        nearest = np.argsort(middle, kind="stable")[:count]
        chosen.append(facts.samples[order[np.sort(nearest)]])
    examples: Numbers = np.concatenate(chosen)
    return examples


def shown_units(ranks: Ranks, found: Findings, examples: Numbers, top: int) -> Numbers:
    """Return the units that are shown of each example ``(E, 2 * top)``: the source's by rank, then the target's."""
    target, source = ranks.of(found.attempts[examples])
    best = [np.argsort(each, axis=1, kind="stable")[:, :top] for each in (source, target)]
    units: Numbers = np.concatenate(best, axis=1).astype(np.int64)
    return units


def example_table(
    found: Findings,
    examples: Numbers,
    units: Numbers,
    maps: dict[str, NDArray[np.generic]],
    concepts: dict[int, str],
) -> pd.DataFrame:
    """One row an example and unit.

    Args:
        found: what is known.
        examples: numbers of the attempts.
        units: of each ``(E, K)``.
        maps: ``before``, ``after`` and ``change`` of each ``(E, K, gh, gw)``.
        concepts: labels of units that have one.
    """
    half = units.shape[1] // 2 if units.size else 0
    place = {int(sample): row for row, sample in enumerate(found.changes.samples)}
    rows = []
    for row, attempt in enumerate(examples):
        of = found.attempts[examples[row : row + 1]]
        peaks = found.changes.peaks[place[int(attempt)]]
        sample, target = int(of.pictures[0]), int(of.targets[0])
        for column, unit in enumerate(units[row]):
            shape = maps["before"].shape[2:]
            rows.append(
                {
                    "attempt": int(attempt),
                    "role": ROLES[column // half],
                    "rank": column % half + 1,
                    "unit": int(unit),
                    "concept": concepts.get(int(unit)),
                    "peak_before": float(peaks[0, unit]),
                    "peak_after": float(peaks[1, unit]),
                    "before_mask": pack_mask(maps["before"][row, column].astype(bool)),
                    "after_mask": pack_mask(maps["after"][row, column].astype(bool)),
                    "change": maps["change"][row, column].astype(np.float32).ravel().tolist(),
                    "mask_height": shape[0],
                    "mask_width": shape[1],
                    "original": example_path(sample),
                    "attacked": example_path(sample, target),
                }
            )
    table = pd.DataFrame(rows, columns=list(EXAMPLE_COLUMNS))
    return table.astype({name: kind for name, kind in EXAMPLE_COLUMNS.items() if kind != "object"})


EXAMPLE_COLUMNS = {
    "attempt": "int32",
    "role": "string",
    "rank": "int32",
    "unit": "int32",
    "concept": "string",
    "peak_before": "float64",
    "peak_after": "float64",
    "before_mask": "object",
    "after_mask": "object",
    "change": "object",
    "mask_height": "int32",
    "mask_width": "int32",
    "original": "string",
    "attacked": "string",
}
