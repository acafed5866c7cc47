"""The tables of what units do in a generator; docs/effects.md describes every column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.experiments.dissection.tables import names_of
from unitscope.experiments.effects.estimates import ConceptEffects
from unitscope.experiments.effects.pairs import Pair, packed
from unitscope.run.masks import resize_mask

Numbers = NDArray[np.int64]
Column = NDArray[np.float64] | NDArray[np.int64] | NDArray[np.int32]
Columns = dict[str, pa.Array]


def concept_columns(vocabulary: Vocabulary, numbers: Numbers) -> Columns:
    """Return ``number``, ``concept`` and ``category`` of label values ``(m,)``; names of "nothing" are null."""
    names, categories = names_of(vocabulary, numbers)
    return {
        "number": pa.array(numbers, pa.int32()),
        "concept": pa.array(names, pa.string()),
        "category": pa.array(categories, pa.string()),
    }


def integers(values: Iterable[int]) -> pa.Array:
    """Return an int32 column."""
    return pa.array(np.fromiter(values, np.int64), pa.int32())


def reals(values: ArrayLike) -> pa.Array:
    """Return a float64 column; NaN becomes null."""
    given = np.asarray(values, np.float64)
    return pa.array(given, pa.float64(), mask=np.isnan(given))


def effect_columns(found: ConceptEffects, pixels: int) -> dict[str, Column]:
    """Return what V variants do to one concept as columns ``(V,)``.

    Args:
        found: the effects.
        pixels: of all pictures together.
    """
    variants = len(found.change)
    return {
        "before": np.full(variants, found.before),
        "after": found.before + found.change,
        "lost": found.lost,
        "lost_low": found.lost_low,
        "lost_high": found.lost_high,
        "area_before": np.full(variants, found.before / pixels),
        "area_after": (found.before + found.change) / pixels,
        "change_low": found.change_low,
        "change_high": found.change_high,
        "pictures_before": np.full(variants, found.pictures_before),
        "pictures_after": found.pictures_after,
        "pictures_changed": found.pictures_changed,
    }


def effect_table(
    key: str,
    found: Sequence[ConceptEffects],
    pixels: int,
    vocabulary: Vocabulary,
    more: Sequence[Mapping[str, Column]] = (),
) -> pa.Table:
    """One row a variant and concept, in this order.

    Args:
        key: name of the column of variants.
        found: the effects on every concept, of all V variants.
        pixels: of all pictures together.
        vocabulary: the concepts.
        more: for each concept, further columns ``(V,)``; what is masked becomes null.
    """
    parts = [effect_columns(each, pixels) for each in found]
    if more:
        parts = [{**part, **also} for part, also in zip(parts, more, strict=True)]
    concepts, variants = len(parts), len(found[0].change) if found else 0
    columns: Columns = {key: integers(np.repeat(np.arange(variants), concepts))}
    columns |= concept_columns(vocabulary, np.tile(np.arange(1, concepts + 1), variants))
    for name in parts[0] if parts else ():
        values = np.ma.stack([part[name] for part in parts], axis=1).ravel()
        missing = np.ma.getmaskarray(values)
        columns[name] = (
            reals(values.data) if values.dtype.kind == "f" else pa.array(values.data, mask=missing)
        )
    return pa.table(columns)


def shown_table(key: str, counts: Numbers, vocabulary: Vocabulary) -> pa.Table:
    """One row a variant and label value that has a pixel: what stands where a concept is gone, or stood before.

    Args:
        key: name of the column of variants.
        counts: pixels ``(V, C)``.
        vocabulary: the concepts.
    """
    variant, number = np.nonzero(counts)
    pixels = counts[variant, number]
    return pa.table(
        {
            key: integers(variant),
            **concept_columns(vocabulary, number),
            "pixels": pa.array(pixels),
            "share": reals(pixels / counts.sum(1)[variant]),
        }
    )


@dataclass(frozen=True)
class SavedPair:
    """A pair with where its pictures are, and a mask of what this is about."""

    pair: Pair
    before: str
    after: str
    sample: int
    id: str


def saved_columns(saved: Sequence[SavedPair]) -> Columns:
    """Return the columns of pairs: ``sample``, ``id``, ``before``, ``after``."""
    return {
        "sample": integers(each.sample for each in saved),
        "id": pa.array([each.id for each in saved], pa.string()),
        "before": pa.array([each.before for each in saved], pa.string()),
        "after": pa.array([each.after for each in saved], pa.string()),
    }


def mask_columns(saved: Sequence[SavedPair], name: str, masks: Sequence[NDArray[np.bool_]]) -> Columns:
    """Return a mask of each pair from one of the pixel grid, the mask of where the pictures differ, and sizes."""
    pairs = [each.pair for each in saved]
    return {
        name: packed(
            [resize_mask(mask, *pair.before.shape[:2]) for pair, mask in zip(pairs, masks, strict=True)]
        ),
        "changed_mask": packed([pair.changed for pair in pairs]),
        "mask_height": integers(pair.before.shape[0] for pair in pairs),
        "mask_width": integers(pair.before.shape[1] for pair in pairs),
    }
