"""How near two sets of pictures are: measures on their features, and how much of them concepts cover."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Features = NDArray[np.float64]
NEIGHBOUR = 3
"""The neighbour whose distance is the radius around a picture."""


def frechet_distance(first: Features, second: Features) -> float:
    """Return the squared Fréchet distance between normal distributions fitted to two sets of features `(N, D)`.

    ``|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2)`` (Heusel et al. 2017, in other features).
    """
    means = first.mean(0), second.mean(0)
    covariances = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ covariances[1] @ root).clip(0)).sum()
    traces = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(((means[0] - means[1]) ** 2).sum() + traces - 2 * shared)


def precision_and_recall(real: Features, made: Features) -> tuple[float, float]:
    """Return which share of made pictures lies among the real ones, and of real ones among the made ones.

    A picture lies among others if it is nearer to one of them than that one is to its third neighbour
    (Kynkäänniemi et al. 2019, section 2).
    """
    return _share_inside(made, real), _share_inside(real, made)


def _share_inside(points: Features, others: Features) -> float:
    given, around = torch.from_numpy(points).float(), torch.from_numpy(others).float()
    radii = (
        torch.cdist(around, around).kthvalue(NEIGHBOUR + 1, dim=1).values
    )  # the nearest is the picture itself
    inside = (torch.cdist(given, around) <= radii).any(1)
    return float(inside.double().mean())


def concept_shares(labels: Tensor, concepts: int) -> NDArray[np.float64]:
    """Return the share of each picture that each concept covers, `(N, concepts)`, for label maps `(N, P, H, W)`."""
    count, _, height, width = labels.shape
    shares = np.zeros((count, concepts))
    flat = labels.reshape(count, -1).numpy().astype(np.int64)
    for row, values in enumerate(flat):
        shares[row] = np.bincount(values, minlength=concepts) / (height * width)
    shares[:, 0] = 0
    return shares


def interval_of_mean(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean of `(N,)` values with its 95 % interval (normal approximation)."""
    mean, half = float(values.mean()), 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return mean, mean - half, mean + half


def intersection_over_union(found: Tensor, right: Tensor, concepts: int) -> NDArray[np.float64]:
    """Return the IoU of each concept over all pictures, `(concepts,)`; NaN where it is in neither.

    Args:
        found: label maps `(N, P, H, W)`.
        right: the same, exact.
        concepts: number of label values.
    """
    both, either = np.zeros(concepts), np.zeros(concepts)
    for plane in range(found.shape[1]):
        a, b = (maps[:, plane].reshape(-1).long() for maps in (found, right))
        agree = torch.bincount(a[a == b], minlength=concepts).double().numpy()
        both += agree
        either += (
            torch.bincount(a, minlength=concepts).numpy()
            + torch.bincount(b, minlength=concepts).numpy()
            - agree
        )
    with np.errstate(invalid="ignore"):
        scores: NDArray[np.float64] = both / either
    scores[0] = np.nan
    return scores
