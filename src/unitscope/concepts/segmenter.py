"""A segmentation network with what its outputs mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unitscope.concepts.vocabulary import IGNORED, NOTHING, UNNAMED, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.weights import weights_hash
from unitscope.sources.files import combined_hash

NO_CONCEPT = -1
"""What `numbers` of a segmenter hold where a number stands for no concept."""
BATCH = 16
"""The most pictures a segmenter sees at once, to bound its memory."""


@dataclass(frozen=True)
class Segmenter:
    """A segmentation network with its vocabulary.

    Attributes:
        module: input (n, 3, h, w) float32; output scores (n, C, h', w'), or whole numbers (n, h', w') or (n,
            P, h', w').
        vocabulary: its concepts.
        preprocessing: how a picture becomes its input; its framing is not used, as it looks where the network
            looks.
        name: for titles and messages.
        planes: P, the number of planes of its label maps; 1 if it returns scores.
        numbers: the vocabulary number of every number it returns (or of every channel), -1 where there is
            none; by default the numbers are those of the vocabulary.
        nothing_channel: whether its first channel of scores stands for "nothing" (channel k is number k) or
            for number 1 (channel k is number k + 1); None: whichever fits the number of channels.
        batch: the fewest and the most pictures it takes at once; equal if it was compiled for one batch size.
        device: where it runs.
        weights: hash of its weights; computed if left empty.
        takes_grid: whether its module is called with the rows and columns of the label maps as a second
            argument, and returns whole numbers on just that grid.
        settings: whatever else decides its labels, such as the sizes it looks at.
        plane_names: a title for each plane; by default the categories of its concepts.
        void: those of its numbers (or channels) whose points count nowhere, in any plane.

    Raises:
        UnitscopeError: a number is not in the vocabulary, or void and that of a concept.
    """

    module: nn.Module
    vocabulary: Vocabulary
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    name: str = "segmenter"
    planes: int = 1
    numbers: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    nothing_channel: bool | None = True
    batch: tuple[int, int] = (1, BATCH)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    weights: str = ""
    takes_grid: bool = False
    settings: tuple[object, ...] = ()
    plane_names: tuple[str, ...] = ()
    void: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        given = np.asarray(self.numbers)
        last = len(self.vocabulary) - 1
        if given.size and (given.ndim != 1 or given.dtype.kind not in "iu"):
            raise UnitscopeError(
                f"the numbers of segmenter {self.name!r} are {given.dtype} of shape {given.shape}; "
                "give whole numbers (n,)"
            )
        wrong = [number for number in given.ravel().tolist() if not NO_CONCEPT <= number <= last]
        if wrong:
            raise UnitscopeError(
                f"the numbers of segmenter {self.name!r} hold {wrong[0]}, and its vocabulary goes from 1 to {last}; "
                f"give these, {NOTHING} for nothing or {NO_CONCEPT} where it returns no such number"
            )
        numbers = given.astype(np.int32) if given.size else np.arange(last + 1, dtype=np.int32)
        object.__setattr__(self, "numbers", numbers)
        for number in self.void:
            if number < 0 or (number < len(numbers) and numbers[number] > NOTHING):
                raise UnitscopeError(
                    f"number {number} of segmenter {self.name!r} cannot be void; give one without a concept, 0 or above"
                )

    @property
    def plane_titles(self) -> tuple[str, ...]:
        """A title for each plane."""
        if self.plane_names:
            return self.plane_names
        title = ", ".join(self.vocabulary.categories)
        return (title,) if self.planes == 1 else tuple(f"{title} {i}" for i in range(1, self.planes + 1))

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the weights, the vocabulary, the preprocessing and the meaning of the numbers."""
        return combined_hash(
            self.weights or weights_hash(self.module),
            self.vocabulary.content_hash,
            self.preprocessing.to_dict(),
            self.planes,
            self.numbers.tolist(),
            self.nothing_channel,
            *self.settings,
            *(["void", list(self.void)] if self.void else []),
        )

    @cached_property
    def lookup(self) -> NDArray[np.int32]:
        """The vocabulary number of every number it returns; IGNORED where it is void, UNNAMED where there is none."""
        table = np.full(max(len(self.numbers), *(number + 1 for number in self.void), 1), UNNAMED, np.int32)
        table[: len(self.numbers)] = np.where(self.numbers == NO_CONCEPT, UNNAMED, self.numbers)
        table[list(self.void)] = IGNORED
        return table

    def channel_numbers(self, channels: int) -> NDArray[np.int32]:
        """Return the vocabulary number that each channel of scores stands for, IGNORED for one that is void.

        Void numbers after those of all concepts may be of masks alone, without channels.

        Raises:
            UnitscopeError: the segmenter does not have that many channels, or they may be numbered in two ways.
        """
        firsts = {True: (0,), False: (1,), None: (0, 1)}[self.nothing_channel]
        spans = [(first, end) for end in self._ends() for first in firsts]
        fitting = [(first, end) for first, end in spans if end - first == channels]
        if channels < 2 or not fitting:
            counts = sorted({end - first for first, end in spans}, reverse=True)
            raise UnitscopeError(
                f"segmenter {self.name!r} returned {channels} channels of scores, and its labels call for "
                f"{' or '.join(map(str, counts))} (numbers up to {len(self.lookup) - 1}); "
                "give the labels it was trained with, numbered like its channels"
            )
        if len(fitting) > 1:
            either = " or ".join(f"{first} to {end - 1}" for first, end in fitting)
            raise UnitscopeError(
                f"segmenter {self.name!r} returned {channels} channels of scores, which may be numbers {either} of its "
                "labels; give it labels that name its channels from 0, background or not"
            )
        # A channel without a name is "nothing": the labels may leave some out.
        found = self.lookup[slice(*fitting[0])]
        return np.where(found == UNNAMED, NOTHING, found).astype(np.int32)

    def _ends(self) -> list[int]:
        """Return where its channels may end: after its concepts, the void numbers that follow these, or all numbers."""
        next_to_them = len(self.numbers)
        while next_to_them in self.void:
            next_to_them += 1
        return sorted({len(self.numbers), next_to_them, len(self.lookup)})
