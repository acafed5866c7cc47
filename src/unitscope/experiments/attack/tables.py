"""The tables of attacks; docs/attack.md describes every column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.attack.attempts import Numbers, attacked_path
from unitscope.experiments.attack.findings import CONFIDENCE, GROUPS, Findings
from unitscope.run.slugs import distinct_slugs
from unitscope.stats.inference import Floats


def attack_tables(found: Findings, ids: Sequence[str], *, kept: bool) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables with their names; those of examples apart.

    Args:
        found: what is known.
        ids: of all pictures.
        kept: whether the attacked pictures are in the run folder.
    """
    yield "attempts", attempt_table(found, ids, kept=kept)
    yield "targets", target_table(found)
    yield "changes", change_table(found)
    yield "units", unit_table(found)
    yield "curves", curve_table(found)
    yield "prediction", prediction_table(found)


def attempt_table(found: Findings, ids: Sequence[str], *, kept: bool) -> pd.DataFrame:
    """One row an attempt: a picture and a target."""
    attempts, outcomes = found.attempts, found.outcomes
    count = len(attempts)
    rows = {"attempt": np.arange(count, dtype=np.int32), "sample": attempts.pictures.astype(np.int32)}
    names = {
        "id": [ids[each] for each in attempts.pictures],
        "class": [found.names[each] if each >= 0 else None for each in found.classes[attempts.pictures]],
        "source": [found.names[each] for each in attempts.sources],
        "target": [found.names[each] for each in attempts.targets],
    }
    done = _placed(count, outcomes.attempts)
    numbers = {
        "found_l2": done(outcomes.found_l2),
        "found_largest": done(outcomes.found_largest),
        "stretch": done(outcomes.stretch),
    }
    measured = _placed(count, found.facts.samples)
    logits, at = found.facts.outputs, np.arange(len(found.facts.samples))
    of = attempts[found.facts.samples]
    numbers |= {"l2": measured(found.facts.l2), "largest": measured(found.facts.largest)}
    for kind, outputs in (("source", of.sources), ("target", of.targets)):
        for when, place in (("before", 0), ("after", 1)):
            numbers[f"{kind}_logit_{when}"] = measured(logits[at, place, outputs])
    seen = _placed(count, found.facts.samples, -1)(found.facts.predictions[:, 1]).astype(int)
    flags = {"found": outcomes.found, "won": outcomes.won}
    return pd.DataFrame(
        {
            **rows,
            **{name: _strings(values) for name, values in names.items()},
            **{name: _placed(count, outcomes.attempts, 0)(values) > 0 for name, values in flags.items()},
            "seen": _strings([found.names[each] if each >= 0 else None for each in seen]),
            **numbers,
            "picture": _strings(_kept(found, ids) if kept else [None] * count),
            "reason": _strings([found.skipped.get(each) for each in range(count)]),
        }
    )


def _kept(found: Findings, ids: Sequence[str]) -> list[str | None]:
    folders, attempts = distinct_slugs(found.names), found.attempts
    return [
        None if each in found.skipped else attacked_path(sample, ids[sample], folders[target])
        for each, (sample, target) in enumerate(zip(attempts.pictures, attempts.targets, strict=True))
    ]


class _placed:  # noqa: N801 - a function with two arguments that stay
    """Puts values of some attempts at their places among all; what is not there is NaN."""

    def __init__(self, count: int, numbers: Numbers, missing: float = np.nan) -> None:
        self._count, self._numbers, self._missing = count, numbers, missing

    def __call__(self, values: NDArray[np.generic]) -> Floats:
        placed = np.full(self._count, self._missing, np.float64)
        placed[self._numbers] = values
        return placed


def target_table(found: Findings) -> pd.DataFrame:
    """One row a target, and one for all: how many were tried, found and won, and how far the pictures are apart."""
    outcomes, facts = found.outcomes, found.facts
    everything = np.arange(len(found.attempts))
    skipped = np.isin(everything, list(found.skipped))
    of_all = dict(found.each_target(everything))
    of_measured = dict(found.each_target(facts.samples))
    rows = []
    for name, mine in found.each_target(outcomes.attempts):
        won = outcomes.won & mine
        rate, low, high = found.means(outcomes.won[mine, None].astype(np.float64), outcomes.attempts[mine])
        deceived = of_measured[name] & np.isin(facts.samples, outcomes.attempts[won])
        rows.append(
            {
                "target": name,
                "attempts": int(of_all[name].sum()),
                "skipped": int((skipped & of_all[name]).sum()),
                "tried": int(mine.sum()),
                "found": int((outcomes.found & mine).sum()),
                "won": int(won.sum()),
                "rate": rate[0], "rate_low": low[0], "rate_high": high[0],
                "found_l2": _median(outcomes.found_l2[outcomes.found & mine]),
                "l2": _median(facts.l2[deceived]),
                "largest": _median(facts.largest[deceived]),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(target=_strings(list(table["target"])))


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def change_table(found: Findings) -> pd.DataFrame:
    """One row a target, group of units and measure: the change of the peak (fig. 5C), with its interval."""
    raw, spreads = found.peak_changes, found.in_spreads
    measures = {
        "absolute": np.abs(raw),
        "signed": raw,
        "absolute_in_spreads": np.abs(spreads),
        "signed_in_spreads": spreads,
    }
    frames = []
    for measure, values in measures.items():
        of_groups = found.group_means(values)
        for name, mine in found.each_target(found.won):
            for group, of_group in zip(GROUPS, of_groups.T[:, :, None], strict=True):
                with_units = mine & np.isfinite(of_group[:, 0])
                ends = found.means(of_group[with_units], found.won[with_units])
                count = int(with_units.sum())
                frames.append(_rows(name, ends, pictures=count, measure=measure, group=[group]))
    return pd.concat(frames, ignore_index=True)


def _rows(target: str, ends: tuple[Floats, Floats, Floats], *, pictures: int, **more: object) -> pd.DataFrame:
    value, low, high = ends
    frame = pd.DataFrame(
        {"target": target, **more, "attempts": pictures, "value": value, "low": low, "high": high}
    )
    for name in ("target", *(each for each in more if each in ("measure", "group", "kind", "units"))):
        frame[name] = frame[name].astype("string")
    return frame


def unit_table(found: Findings) -> pd.DataFrame:
    """One row a target and unit, all targets first; the overlap of masks is of all attempts together."""
    rows, units = found.measured, len(found.spread)
    peaks = found.changes.peaks[rows].astype(np.float64)
    overlap, (low, high) = found.overlap, found.overlap.intervals(CONFIDENCE)
    frames = []
    for name, mine in found.each_target(found.won):
        target = next((each for each in found.targets if found.names[each] == name), None)
        known = len(peaks[mine]) > 0
        of_all = target is None
        frames.append(
            pd.DataFrame(
                {
                    "target": _strings([name] * units),
                    "unit": np.arange(units, dtype=np.int32),
                    "rank": pd.array(
                        [None] * units if target is None else found.ranks.table[:, target], "Int32"
                    ),
                    "peak_before": peaks[mine, 0].mean(axis=0) if known else np.nan,
                    "peak_after": peaks[mine, 1].mean(axis=0) if known else np.nan,
                    "change": found.peak_changes[mine].mean(axis=0) if known else np.nan,
                    "absolute_change": np.abs(found.peak_changes[mine]).mean(axis=0) if known else np.nan,
                    "spread": found.spread,
                    "iou": overlap.iou if of_all else np.nan,
                    "iou_low": low if of_all else np.nan,
                    "iou_high": high if of_all else np.nan,
                    "iou_chance": overlap.chance if of_all else np.nan,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def curve_table(found: Findings) -> pd.DataFrame:
    """One row a target, kind of exchange, choice of units and number of units, with its interval."""
    attempts = found.attempts[found.won]
    targets, sources = attempts.targets[:, None, None], attempts.sources[:, None, None]
    shares = {
        "undone": found.restored != targets,
        "returned": found.restored == sources,
        "carried": found.transplanted == targets,
    }
    frames = []
    for kind, values in shares.items():
        choices = {"important": values[:, :1], "random": values[:, 1:]}
        for units, of_choice in choices.items():
            if not of_choice.shape[1]:
                continue
            means = of_choice.astype(np.float64).mean(axis=1)
            for name, mine in found.each_target(found.won):
                ends = found.means(means[mine], found.won[mine])
                more = {"kind": kind, "units": units, "k": np.array(found.sizes, np.int32)}
                frames.append(_rows(name, ends, pictures=int(mine.sum()), **more))
    return pd.concat(frames, ignore_index=True)


def prediction_table(found: Findings) -> pd.DataFrame:
    """One row a target and measure: how well importance tells the units that change most (AUROC)."""
    measures = {"absolute": np.abs(found.peak_changes), "absolute_in_spreads": np.abs(found.in_spreads)}
    frames = []
    for measure, values in measures.items():
        areas = found.areas(values)
        for name, mine in found.each_target(found.won):
            ends = found.means(areas[mine], found.won[mine])
            frames.append(_rows(name, ends, pictures=int(mine.sum()), measure=measure))
    return pd.concat(frames, ignore_index=True)


def _strings(values: Sequence[str | None]) -> pd.api.extensions.ExtensionArray:
    return pd.array(list(values), dtype="string")
