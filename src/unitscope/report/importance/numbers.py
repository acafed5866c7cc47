"""The numbers of the importance report: settings, curves, correlations, overlaps; no drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from unitscope.report.importance.data import FEW, Importance, Matrix
from unitscope.stats.inference import interval, rank_correlation

REPLICATES = 2000
SEED = 0


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; the bounds are None where there is none."""

    value: float
    low: float | None
    high: float | None


def chosen_sets(data: Importance, *, kind: str, k: int) -> pd.DataFrame:
    """Return one row a class: the set of its `k` most important units, removed or kept."""
    mine = data.ranked[(data.ranked["kind"] == kind) & (data.ranked["k"] == k)]
    return mine.set_index("place").reindex(range(len(data.classes)))


def settings(data: Importance, k: int) -> dict[str, Matrix]:
    """Return the balanced accuracy of every class in each setting of fig. 2D, as `(classes,)`; NaN for none.

    Settings: `baseline`, `removed` (the `k` most important), `kept` (only them), `random` (`k` random ones removed).
    """
    drawn = data.random
    random = drawn[(drawn["kind"] == "removed") & (drawn["k"] == k)].set_index("place")["mean"]
    return {
        "baseline": data.classes["balanced_accuracy"].to_numpy(float),
        "removed": chosen_sets(data, kind="removed", k=k)["balanced_accuracy"].to_numpy(float),
        "kept": chosen_sets(data, kind="kept", k=k)["balanced_accuracy"].to_numpy(float),
        "random": random.reindex(range(len(data.classes))).to_numpy(float),
    }


def mean_over(values: Matrix) -> Estimate | None:
    """Return the mean with the bootstrap interval over what is averaged; None if nothing is finite."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    if len(values) < 2:
        return Estimate(float(values.mean()), None, None)
    return _estimate(float(values.mean()), values[_drawn(len(values))].mean(0))


def _drawn(count: int) -> NDArray[np.int64]:
    """Return what every replicate of a bootstrap draws: `(count, replicates)`."""
    return np.random.default_rng(SEED).integers(0, count, (count, REPLICATES))


def _estimate(value: float, replicates: Matrix) -> Estimate:
    (low,), (high,) = interval(replicates[None])
    return Estimate(value, float(low), float(high))


def top_counts(rank: Matrix, count: int) -> NDArray[np.int64]:
    """Return in how many classes every unit is among the `count` most important: `(units,)`."""
    return np.asarray((rank <= count).sum(0), np.int64)


def correlation_of(first: Matrix, second: Matrix) -> Estimate | None:
    """Return Spearman's rank correlation with its bootstrap interval over pairs.

    Returns:
        The estimate; None where fewer than 3 pairs are finite or one side is constant.
    """
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    if len(first) < 3 or min(np.ptp(first), np.ptp(second)) == 0:
        return None
    drawn = _drawn(len(first))
    (value,) = rank_correlation(first[:, None], second)
    return _estimate(float(value), rank_correlation(first[drawn], second[drawn]))


def importance_correlation(data: Importance) -> Estimate | None:
    """Return the rank correlation of fig. 2E, over live units."""
    counts = top_counts(data.rank, FEW).astype(float)
    return correlation_of(counts, live_iou(data))


def top_units(data: Importance, place: int, count: int) -> list[int]:
    """Return the rows of a class's most important units, the most important first."""
    rank = data.rank[place]
    order = np.argsort(np.where(np.isfinite(rank), rank, np.inf), kind="stable")[:count]
    return [int(row) for row in order if np.isfinite(rank[row])]


def overlap(rank: Matrix, count: int) -> Matrix:
    """Return the Jaccard overlap of the classes' `count` most important units: `(classes, classes)`; NaN for no set."""
    member = (rank <= count).astype(float)
    both = member @ member.T
    size = member.sum(1)
    with np.errstate(invalid="ignore"):
        found: Matrix = both / (size[:, None] + size[None] - both)
    return found


def chance_overlap(units: int, count: int) -> float:
    """Return about the Jaccard overlap of two random sets of `count` of the units."""
    count = min(count, units)
    both = count**2 / units
    return both / (2 * count - both)


def gains(data: Importance) -> pd.DataFrame:
    """Return, by class, the size of kept sets that gives the highest accuracy, where it exceeds the baseline.

    Columns: `place`, `kept` (the most important units left), `gain` in balanced accuracy with `low` and `high`, `sure`
    (the whole interval is above zero); the largest gain first. A class whose accuracy never rises is left out.
    """
    kept = data.ranked[data.ranked["kind"] == "kept"]
    best = kept.sort_values(["place", "loss", "k"]).drop_duplicates("place")
    best = best[best["loss"] < 0]
    found = pd.DataFrame(
        {
            "place": best["place"],
            "kept": best["k"].astype(int),
            "gain": -best["loss"],
            "low": -best["loss_high"],
            "high": -best["loss_low"],
            "sure": best["loss_high"] < 0,
        }
    )
    return found.sort_values(["gain", "place"], ascending=[False, True]).reset_index(drop=True)


def class_order(correlation: Matrix) -> list[int]:
    """Return the classes so that similar ones stand together: leaves of average linkage over their correlations."""
    if len(correlation) < 3:
        return list(range(len(correlation)))
    filled = np.nan_to_num(correlation)
    tree = linkage(pdist(filled), "average", optimal_ordering=len(filled) <= 400)
    return [int(place) for place in leaves_list(tree)]


def unit_order(correlation: Matrix, classes: list[int]) -> list[int]:
    """Return the units by the class, in the order given, that they go with most; units without a correlation last."""
    if not correlation.size:
        return []
    known: NDArray[np.bool_] = np.asarray(np.isfinite(correlation).any(0))
    ordered = np.where(np.isfinite(correlation), correlation, -np.inf)[classes]
    best = np.where(known, ordered.argmax(0), len(classes))
    order = np.lexsort((-ordered.max(0), best))
    return [int(place) for place in order if known[place]]


def positive_share(data: Importance, count: int) -> tuple[float, float] | None:
    """Return which share of the important units, and of all units, correlate positively with their class."""
    known = np.isfinite(data.correlation)
    chosen = known & (data.rank <= count)
    if not chosen.any():
        return None
    positive = data.correlation > 0
    return float(positive[chosen].mean()), float(positive[known].mean())


GROUPS = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 10**9))
"""Numbers of classes, first and last, that fig. 2E draws together."""


@dataclass(frozen=True)
class Group:
    """Units that are important to about as many classes: what the number is called, their rows, and their mean IoU."""

    name: str
    rows: NDArray[np.int64]
    mean: Estimate


def unit_groups(data: Importance) -> list[Group]:
    """Return the live units by the number of classes that have them among their `FEW` most important; none empty."""
    counts, iou = top_counts(data.rank, FEW), live_iou(data)
    found = []
    for first, last in GROUPS:
        rows = np.flatnonzero((counts >= first) & (counts <= last) & np.isfinite(iou))
        mean = mean_over(iou[rows])
        if mean is not None:
            name = str(first) if first == last else f"{first}\u2013{last}" if last < 10**9 else f"{first}+"
            found.append(Group(name, rows, mean))
    return found


def live_iou(data: Importance) -> Matrix:
    """Return the IoU of every unit with its label, NaN for units that are dead, constant or not dissected."""
    return data.units["iou"].where(data.units["status"] == "live").to_numpy(float)
