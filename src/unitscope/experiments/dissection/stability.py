"""Would the labels be the same with another threshold, fewer pictures, another grid or another segmenter.

Everything but the last two is counted from what a run keeps, without its network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.look import kept_activations, labels_of, thresholds_of, units_by_layer
from unitscope.experiments.dissection.scoring import LayerScores, find_thresholds, score
from unitscope.progress import progress_bar
from unitscope.run.comparison import same_pictures
from unitscope.run.dissection import Dissection
from unitscope.stats import Intersections
from unitscope.stats.inference import keyed_order
from unitscope.stats.intersection import areas_by_picture, points_by_picture

FACTORS = (0.5, 2.0)
"""Quantiles that are tried, as parts of that of the run."""
FEWEST = 10
"""Pictures of the smallest set that is tried."""
STEPS = (1, 2, 5)
"""Sizes of sets are these times powers of ten."""
ORDERS = 5
"""Random orders of the pictures that sets are taken from."""
ORDER = 2**34
"""Tells these orders from other random orders of a seed."""
SIDES = 2

Labels = Mapping[str, NDArray[np.int64]]
"""Label values ``(U,)`` by layer."""


def stability(
    run: Dissection, *others: Dissection, quantiles: Sequence[float] = (), pictures: Sequence[int] = ()
) -> pd.DataFrame:
    """Measure how many labels of detectors stay when something else changes.

    Args:
        run: a finished run whose activations were kept.
        others: runs of the same network on the same pictures, with another grid, segmenter or other masks.
        quantiles: fractions of pixels above the thresholds; half and twice that of the run when empty.
        pictures: sizes of sets of pictures; 10, 20, 50, 100 ... up to half of them when empty.

    Returns:
        One row a layer and change: ``layer``, ``change`` (``quantile``, ``pictures`` or ``run``), ``value`` (of it),
        ``detectors`` (of the run), ``same`` (share of these that have the label that the run gives them) and ``agree``
        (for pictures: share that have one label in both of two sets without a picture in common). Both shares are means
        over five random choices of the sets; thresholds are those of all pictures.

    Raises:
        UnitscopeError: the activations were not kept, or not those of so large a fraction; a set is too large; another
            run is of another network or other pictures.
    """
    for other in others:
        _require_same(run, other)
    activations = kept_activations(run)
    statistics, own = activations.merged(), labels_of(run)
    detectors = {layer: rows["detector"].to_numpy(bool) for layer, rows in units_by_layer(run).items()}
    rows: list[dict[str, object]] = []
    for quantile in quantiles or [factor * run.settings.quantile for factor in FACTORS]:
        if not 0 < quantile < 1:
            raise UnitscopeError(f"a quantile is {quantile!r}; it must be between 0 and 1")
        thresholds = find_thresholds(activations, statistics, quantile)
        scores = score(activations, statistics, thresholds, match=run.settings.match)
        found = {layer: scores[layer].labels() for layer in own}
        rows += _rows("quantile", float(quantile), own, [found], detectors)
    rows += _over_sizes(run, activations, own, detectors, _sizes(run.data.used, pictures))
    for other in others:
        rows += _rows("run", str(other.path), own, [labels_of(other, run)], detectors)
    return pd.DataFrame(rows)


def _require_same(run: Dissection, other: Dissection) -> None:
    if other.network.weights_hash != run.network.weights_hash:
        raise UnitscopeError(f"the run in {other.address} is of another network than that in {run.address}; labels of "
                             "the same units are compared")  # fmt: skip
    if not same_pictures(other, run):
        raise UnitscopeError(f"the run in {other.address} is on other pictures than that in {run.address}; give runs "
                             "that differ in grid, segmenter or masks alone")  # fmt: skip


def _sizes(used: int, asked: Sequence[int]) -> list[int]:
    """Return the sizes of sets of pictures, two of which have to fit.

    Raises:
        UnitscopeError: one is too large, or smaller than 1.
    """
    most = used // SIDES
    for size in asked:
        if not 1 <= size <= most:
            raise UnitscopeError(
                f"two sets of {size} pictures are asked for, of {used} in the run; give sizes from 1 to {most}"
            )
    if asked:
        return sorted(set(asked))
    powers = [10**exponent for exponent in range(1, len(str(used)) + 1)]
    return [size for power in powers for size in (step * power for step in STEPS) if FEWEST <= size <= most]


def _over_sizes(
    run: Dissection, activations: Activations, own: Labels, detectors: Mapping[str, NDArray[np.bool_]],
    sizes: Sequence[int],
) -> list[dict[str, object]]:  # fmt: skip
    """Return the rows of sets of pictures: labels on two sets of each size, of pictures in random orders."""
    if not sizes:
        return []
    thresholds = thresholds_of(run)
    found = {size: [dict[str, NDArray[np.int64]]() for _ in range(SIDES * ORDERS)] for size in sizes}
    with progress_bar("labels of fewer pictures", activations.plan.samples * ORDERS) as advance:
        for order in range(ORDERS):
            groups = _groups(run, sizes, order)
            counts = {
                layer: Intersections(levels, len(run.concepts) + 1, SIDES * len(sizes) + 1)
                for layer, levels in thresholds.items()
            }
            areas = np.zeros((SIDES * len(sizes) + 1, len(run.concepts) + 1), np.int64)
            points = np.zeros(len(areas), np.int64)
            for shard in activations.shards(advance, above=thresholds):
                group = groups[shard.samples]
                np.add.at(areas, group, areas_by_picture(shard.labels, areas.shape[1]))
                np.add.at(points, group, points_by_picture(shard.labels))
                for layer, count in counts.items():
                    count.count(shard.cells[layer], shard.labels, group)
            covered = _summed(areas, sizes), _summed(points, sizes)
            for layer, count in counts.items():
                pixels, shared = (_summed(each, sizes) for each in count.result())
                for at, size in enumerate(sizes):
                    of_size = pixels[at], shared[at], covered[0][at], covered[1][at]
                    scores = LayerScores(thresholds[layer], *of_size, run.settings.match)
                    for side in range(SIDES):
                        found[size][SIDES * order + side][layer] = scores.labels(side)
    return [row for size in sizes for row in _rows("pictures", size, own, found[size], detectors)]


def _groups(run: Dissection, sizes: Sequence[int], order: int) -> NDArray[np.int64]:
    """Return the group of every sample number: side and smallest size of the sets it is in; the last is of no set."""
    samples = run.samples
    groups = np.full(int(samples["sample"].max()) + 1, SIDES * len(sizes), np.int64)
    used = samples.loc[samples["used"], "sample"].to_numpy(np.int64)
    drawn = keyed_order(len(used), run.settings.seed, ORDER + order)
    place, side = np.arange(len(used)) // SIDES, np.arange(len(used)) % SIDES
    smallest = np.searchsorted(sizes, place, side="right")
    inside = smallest < len(sizes)
    groups[used[drawn[inside]]] = SIDES * smallest[inside] + side[inside]
    return groups


def _summed(counts: NDArray[np.int64], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return counts of the sets of each size ``(S, 2, ...)`` from those of groups ``(2 S + 1, ...)``."""
    return np.cumsum(counts[:-1].reshape(len(sizes), SIDES, *counts.shape[1:]), axis=0)


def _rows(
    change: str,
    value: object,
    own: Labels,
    found: Sequence[Labels],
    detectors: Mapping[str, NDArray[np.bool_]],
) -> list[dict[str, object]]:
    """Return one row a layer; labels that were found on two sides each are compared with each other, too."""
    rows = []
    for layer, labels in own.items():
        chosen = detectors[layer]
        known = chosen.any() and all(layer in each for each in found)
        tried = np.stack([each[layer][chosen] if known else labels[chosen] for each in found])
        pairs = tried.reshape(-1, SIDES, tried.shape[1]) if change == "pictures" and known else None
        rows.append(
            {
                "layer": layer,
                "change": change,
                "value": str(value),
                "detectors": int(chosen.sum()),
                "same": float((tried == labels[chosen]).mean()) if known else np.nan,
                "agree": np.nan
                if pairs is None
                else float(((pairs[:, 0] == pairs[:, 1]) & (pairs[:, 0] > 0)).mean()),
            }
        )
    return rows
