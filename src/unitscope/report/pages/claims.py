"""What may be claimed of a run, in words: how many labels there are, and how many chance and random weights explain."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from unitscope.report.data import RunData, records
from unitscope.run.calibration import LEAST_FOR_CHANCE, beside_the_count, whole_or_mean

COLUMNS = (
    "Layer",
    "Units",
    "IoU at the cut",
    "Above chance",
    "With random weights",
    "Held-out cut",
    "Stand out",
)


def claims(data: RunData) -> dict[str, object]:
    """Return what the first page says: `lead`, `lines`, and the table by layer with `columns` and `rows`."""
    table = data.calibration
    return {
        "known": not table["calibrated"].isna().any(),
        "lead": _lead(table),
        "lines": [*_lines(data), *map(_sentence, data.doubts)],
        "columns": COLUMNS,
        "rows": list(_rows(data)),
    }


def _lead(table: pd.DataFrame) -> str:
    """Return how the headline goes on after the paper's count."""
    untrained, calibrated = (table[name].sum(skipna=False) for name in ("untrained", "calibrated"))
    return beside_the_count(float(untrained), calibrated)


def _lines(data: RunData) -> Iterator[str]:
    table, cut = data.calibration, f"{100 * data.settings.min_iou:.3g} %"
    units, found = int(table["units"].sum()), int(table["detectors"].sum())
    yield (
        f"{found:,} of {units:,} units reach an IoU of {cut} with "
        + (
            "some concept: the rule of the paper."
            if data.settings.match == "iou"
            else "the concept that tells most of them, by mutual information; the paper takes the one of highest IoU."
        )
    )
    if not table["above_chance"].isna().any():
        above = int(table["above_chance"].sum())
        yield f"{above:,} of them are above chance, about one in twenty of these at most by mistake."
    elif found:
        yield (
            "Whether they are above chance is not measured: it takes "
            f"{LEAST_FOR_CHANCE} pictures or more, and --null."
        )
    controls = int(table["controls"].min())
    if controls:
        seeds = "" if controls == 1 else f", the mean of {controls} seeds"
        yield f"{whole_or_mean(table['untrained'].sum())} units would reach it with random weights{seeds}."
    if not table["calibrated"].isna().any():
        yield (
            f"{int(table['calibrated'].sum()):,} units stand out: above chance, with one label on both halves of the "
            "pictures, and a held-out IoU above "
            + (
                "what 19 of 20 units of their layer have with random weights."
                if controls
                else "what 19 of 20 re-pairings with other pictures give."
            )
        )


def _rows(data: RunData) -> Iterator[list[object]]:
    for row in records(data.calibration):
        yield [
            data.title(row.layer),
            int(row.units),
            int(row.detectors),
            _known(row.above_chance),
            whole_or_mean(row.untrained) if row.controls else "\u2013",
            "\u2013" if pd.isna(row.cut) else f"{100 * row.cut:.1f} %",
            _known(row.calibrated),
        ]


def _known(count: float) -> str | int:
    return "\u2013" if pd.isna(count) else int(count)


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}."
