"""The vocabulary of Unified Perceptual Parsing: objects, materials, and parts that belong to objects."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.half_parts import HALVES
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError

TABLE = "data/upp_labels.json"
"""The package's own copy of the published names."""


@dataclass(frozen=True)
class UppLabels:
    """What the outputs of the network stand for.

    Attributes:
        objects: names of the object channels; the first stands for nothing.
        owners: objects that have parts, each with the names of its part channels; the first of each stands
            for no part.
        materials: names of the material channels; the first stands for nothing.
    """

    objects: tuple[str, ...]
    owners: dict[str, tuple[str, ...]]
    materials: tuple[str, ...]

    @property
    def part_channels(self) -> int:
        """The channels of all owners together."""
        return sum(map(len, self.owners.values()))

    @cached_property
    def part_slices(self) -> dict[str, tuple[int, int]]:
        """First and last-but-one channel of each owner's parts."""
        ends = list(accumulate(len(parts) for parts in self.owners.values()))
        return {
            owner: (end - len(parts), end)
            for (owner, parts), end in zip(self.owners.items(), ends, strict=True)
        }

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The names of parts that are not names of objects, in the order of the owners."""
        names = (name for parts in self.owners.values() for name in parts[1:])
        return tuple(dict.fromkeys(name for name in names if name not in self.objects))

    def vocabulary(self, *, halves: bool) -> Vocabulary:
        """Return the published order: objects, half-parts (if asked for), materials, parts."""
        things = self.objects[1:]
        half_parts = (
            [Concept(f"{name}-{half}", "part") for half in HALVES for name in things] if halves else []
        )
        return Vocabulary(
            [Concept(name, "object") for name in things]
            + half_parts
            + [Concept(name, "material") for name in self.materials[1:]]
            + [Concept(name, "part") for name in self.parts]
        )

    def material_numbers(self, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """Return the number of each material channel in the vocabulary."""
        return np.array([0, *(vocabulary.number(name, "material") for name in self.materials[1:])])

    def part_numbers(self, vocabulary: Vocabulary, owner: str) -> NDArray[np.int64]:
        """Return the number of each part channel of an owner; a part named like an object has its number."""
        categories = [(name, "object" if name in self.objects else "part") for name in self.owners[owner][1:]]
        return np.array([0, *(vocabulary.number(name, category) for name, category in categories)])


def published_labels() -> UppLabels:
    """Return the names that belong to the published checkpoint."""
    table = importlib.resources.files("unitscope.concepts").joinpath(TABLE)
    return _labels(json.loads(table.read_text(encoding="utf-8")), TABLE)


def read_upp_labels(path: Path) -> UppLabels:
    """Return the names in a ``labels.json`` as published beside the checkpoint.

    Raises:
        UnitscopeError: the file cannot be read, or lacks what it must hold.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnitscopeError(f"label file {str(path)!r} cannot be read as JSON: {error}") from error
    return _labels(content, str(path))


def _labels(content: object, source: str) -> UppLabels:
    held = list(content) if isinstance(content, dict) else type(content).__name__
    given: dict[str, Any] = content if isinstance(content, dict) else {}
    objects, owners, materials = (given.get(key) for key in ("object", "object_part", "material"))
    lists = [objects, materials, *(owners.values() if isinstance(owners, dict) else [None])]
    if not all(map(_are_names, lists)) or objects is None or owners is None or materials is None:
        raise UnitscopeError(
            f"label file {source!r} must hold lists of names under 'object' and 'material', and under "
            f"'object_part' a list of part names for each owner; it holds {held}"
        )
    strange = [owner for owner in owners if owner not in objects]
    if strange:
        raise UnitscopeError(
            f"label file {source!r} gives parts to {strange[0]!r}, which is not among its objects; add it there"
        )
    parts = {owner: tuple(names) for owner, names in owners.items()}
    return UppLabels(tuple(objects), parts, tuple(materials))


def _are_names(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(name, str) for name in value)
