"""The vocabulary: the concepts that units are compared with, each with a name and a category."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from unitscope.errors import UnitscopeError

NOTHING = 0
"""The value of a label map where a plane holds no concept."""

IGNORED = -1
"""The value, in all planes, of a point of a label map that counts nowhere."""

UNNAMED = -2
"""What a lookup gives for a number that nothing names; no label map holds it."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of a vocabulary, such as ``Concept("tree", "object")``."""

    name: str
    category: str

    def __str__(self) -> str:
        return f"{self.name}|{self.category}"


class Vocabulary(Sequence[Concept | None]):
    """Concepts numbered from 1; number 0 is "nothing", so indices are the values of a label map.

    A name may occur in several categories, but only once in each.
    """

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self.concepts = tuple(concepts)
        seen: set[Concept] = set()
        for concept in self.concepts:
            if concept in seen:
                raise UnitscopeError(
                    f"the vocabulary names {concept.name!r} twice in category {concept.category!r}; "
                    "give every concept a name of its own"
                )
            seen.add(concept)

    def __len__(self) -> int:
        """Return the number of label values: the concepts and "nothing"."""
        return len(self.concepts) + 1

    def __getitem__(self, index: int) -> Concept | None:  # type: ignore[override]
        if not 0 <= index <= len(self.concepts):
            raise IndexError(index)
        return None if index == NOTHING else self.concepts[index - 1]

    def __iter__(self) -> Iterator[Concept | None]:
        yield None
        yield from self.concepts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.concepts == other.concepts

    def __hash__(self) -> int:
        return hash(self.concepts)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of_category(name))} {name}" for name in self.categories)
        return f"Vocabulary({len(self.concepts)} concepts: {counts})"

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categories in order of first appearance."""
        return tuple(dict.fromkeys(concept.category for concept in self.concepts))

    def of_category(self, category: str) -> tuple[int, ...]:
        """Return the label values of the concepts of one category."""
        return tuple(i for i, concept in enumerate(self.concepts, 1) if concept.category == category)

    def number(self, name: str, category: str) -> int:
        """Return the label value of a concept.

        Raises:
            KeyError: the vocabulary has no such concept.
        """
        return self._numbers[Concept(name, category)]

    @cached_property
    def _numbers(self) -> dict[Concept, int]:
        return {concept: i for i, concept in enumerate(self.concepts, 1)}

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the names and categories in order, as hexadecimal digits."""
        text = "\n".join(f"{concept.name}\t{concept.category}" for concept in self.concepts)
        return hashlib.sha256(text.encode()).hexdigest()
