"""Pictures drawn from their label maps: every concept in one flat gray, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.labellers import Labeller
from unitscope.concepts.vocabulary import NOTHING
from unitscope.sources.alterations import silhouette
from unitscope.sources.altered import picture_generator
from unitscope.sources.base import PictureSource
from unitscope.sources.files import combined_hash


class Silhouettes:
    """The silhouettes of pictures, on the grid that their label maps are made on.

    Args:
        originals: whole pictures.
        labeller: gives their label maps at the size that a network sees; the first plane is drawn.
        seed: decides which concept gets which gray.
    """

    def __init__(self, originals: PictureSource, labeller: Labeller, seed: int = 0) -> None:
        self.originals, self.labeller, self.seed = originals, labeller, seed
        self.name, self.sample_ids = f"{originals.name}, silhouette", originals.sample_ids

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when pictures, labels or the seed do."""
        return combined_hash(self.originals.content_hash, self.labeller.content_hash, "silhouette", self.seed)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.originals)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one silhouette, ``(h, w, 3)`` uint8.

        Raises:
            UnreadablePicture: the picture cannot be used.
            UnitscopeError: it cannot be labelled.
        """
        prepared = self.labeller.prepare(index, self.originals.read(index))
        labels = self.labeller.label([prepared])[0, 0]
        return silhouette(np.maximum(labels, NOTHING), picture_generator(self.seed, index))
