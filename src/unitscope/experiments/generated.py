"""Latents as samples: their pictures are made by the network that is looked into, and labelled by a segmenter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.concepts.labellers import Counting, Labeller
from unitscope.concepts.vocabulary import NOTHING
from unitscope.experiments.samples import (
    Batch,
    Content,
    LabelContent,
    PictureContent,
    Samples,
    check_fits,
    label_maps,
)
from unitscope.models.generators import Generator
from unitscope.models.weights import device_of
from unitscope.run.manifest import SegmenterRecord
from unitscope.sources.latents import SeededLatents


class GeneratedSamples:
    """The pictures that a generator makes from latents, with label maps from a segmenter.

    Label maps belong to pictures, and those come out of the network: batches of latents have empty label maps, and
    :meth:`label` makes them from what the network returned.

    Args:
        generator: that :func:`unitscope.models.generators.look_at` has seen.
        latents: what it is given.
        labeller: made for pictures of the generator's size; it must not need the index of a picture.
        grid: pixel grid ``(gh, gw)``, the one the labeller was made for.
        segmenter: what gets the labeller again.
    """

    generated, depth = True, 3
    counting = Counting()

    def __init__(
        self,
        generator: Generator,
        latents: SeededLatents,
        labeller: Labeller,
        *,
        grid: tuple[int, int],
        segmenter: SegmenterRecord | None = None,
    ) -> None:
        check_fits(labeller.vocabulary)
        self.generator, self.latents, self.labeller, self.grid = generator, latents, labeller, grid
        self.segmenter = segmenter
        self.size = generator.size
        self.sample_ids: Sequence[str] = latents.sample_ids
        self.vocabulary = labeller.vocabulary
        self.name = latents.name

    @property
    def device(self) -> torch.device:
        """Where the generator is."""
        return device_of(self.generator.module)

    def describe(self) -> Content:
        """Return names and content hashes of latents and labels."""
        return Content(
            PictureContent(self.name, len(self.latents), self.latents.content_hash),
            LabelContent(self.labeller.name, self.labeller.content_hash, self.vocabulary.content_hash),
            self.latents,
        )

    def batches(self, batches: Iterable[Sequence[int]]) -> Iterator[Batch]:
        """Yield latents, with empty label maps."""
        for batch in batches:
            empty = np.zeros((len(batch), self.labeller.planes, *self.grid), np.int16)
            yield Batch(np.array(batch, np.int64), self.latents.read(batch), empty)

    def pictures(self, outputs: object) -> NDArray[np.uint8]:
        """Return what the generator returned as pictures ``(n, H, W, 3)`` uint8.

        Raises:
            UnitscopeError: they have another size, or are not finite.
        """
        return self.generator.pictures(outputs)

    def label(self, pictures: NDArray[np.uint8]) -> NDArray[np.int16]:
        """Return the label maps ``(n, P, gh, gw)`` of pictures ``(n, H, W, 3)``, no concept twice at one pixel.

        What the segmenter calls void is nothing here: pictures before and after a change are compared at every point.

        Raises:
            UnitscopeError: the segmenter fails.
        """
        prepared = [self.labeller.prepare(0, picture) for picture in pictures]
        return np.maximum(label_maps(self.labeller, prepared), NOTHING)

    def picture(self, sample: int) -> NDArray[np.uint8]:
        """Generate the picture of one latent ``(H, W, 3)``."""
        with torch.no_grad():
            output = self.generator.module(self.latents.read([sample]).to(self.device))
        return np.asarray(self.pictures(output)[0])


def made_of(
    samples: Samples, batch: Batch, output: object
) -> tuple[NDArray[np.int16], NDArray[np.uint8] | None]:
    """Return the label maps ``(n, P, gh, gw)`` of a batch once the network has returned, and pictures if it made any.

    Args:
        samples: of any kind.
        batch: what the network was given.
        output: what it returned: pictures, if it is a generator.

    Raises:
        UnitscopeError: the pictures have another size than the first ones, are not finite, or the segmenter fails.
    """
    if isinstance(samples, GeneratedSamples):
        pictures = samples.pictures(output)
        return samples.label(pictures), pictures
    return batch.labels, None
