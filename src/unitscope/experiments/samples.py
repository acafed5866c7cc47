"""What a dissection reads: inputs for the network with the label map of each, in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray
from torch import Tensor

from unitscope.concepts.labellers import Counting, Labeller, Prepared, checked_labels
from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.models.preprocessing import Preprocessing
from unitscope.sources.base import PictureSource, UnreadablePicture, drafted, in_range16
from unitscope.sources.framing import Framing
from unitscope.sources.latents import SeededLatents
from unitscope.sources.loading import loaders
from unitscope.stats.intersection import without_repeats

ALL = "all"
"""In the tables, all categories together."""
BATCHES_AHEAD = 3

Loaded = tuple[NDArray[np.float32], Prepared]
"""An input ``(C, H, W)``, and what its label map is made of."""


@dataclass(frozen=True)
class Batch:
    """Samples ready for the network."""

    samples: NDArray[np.int64]
    """Sample numbers ``(n,)``."""
    inputs: Tensor
    """``(n, C, H, W)`` float32, or latents ``(n, ...)``."""
    labels: NDArray[np.int16]
    """Label maps ``(n, P, gh, gw)`` on the pixel grid, no concept twice at one pixel."""
    skipped: dict[int, str] = field(default_factory=dict)
    """Sample numbers that could not be read, with the reason."""


@dataclass(frozen=True)
class PictureContent:
    """Pictures or latents: how many, and SHA-256 of what is in them."""

    name: str
    count: int
    hash: str


@dataclass(frozen=True)
class LabelContent:
    """What gives the label maps, with SHA-256 of that and of its vocabulary."""

    name: str
    hash: str
    vocabulary_hash: str


@dataclass(frozen=True)
class Content:
    """What identifies samples, for the configuration of a run; the keys there are these names."""

    pictures: PictureContent
    labels: LabelContent
    latents: SeededLatents | UnsetType = UNSET


class Samples(Protocol):
    """Numbered samples with label maps on the pixel grid."""

    @property
    def name(self) -> str:
        """What the samples are, for people."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Concepts of the label maps."""

    @property
    def counting(self) -> Counting:
        """Which points of the label maps count nowhere."""

    @property
    def sample_ids(self) -> Sequence[str]:
        """A stable name for each sample."""

    @property
    def size(self) -> tuple[int, int]:
        """Size ``(H, W)`` in pixels of the input, or of the pictures that a generator makes."""

    @property
    def depth(self) -> int:
        """Channels of the input, or of the pictures that a generator makes."""

    @property
    def grid(self) -> tuple[int, int]:
        """Pixel grid ``(gh, gw)`` of the label maps."""

    @property
    def generated(self) -> bool:
        """Whether the samples are latents, and pictures are what the network returns."""

    def describe(self) -> Content:
        """Return what identifies the samples and labels."""

    def batches(self, batches: Iterable[Sequence[int]]) -> Iterator[Batch]:
        """Yield one batch for each list of sample numbers, in order."""

    def picture(self, sample: int) -> NDArray[np.uint8] | None:
        """Return the picture ``(H, W, 3)`` as the network saw or made it, or None where samples have no pictures."""


class PictureSamples:
    """Pictures framed for a network, with label maps from masks, a segmenter or the embedded world.

    Args:
        pictures: where the pictures come from.
        labeller: gives the label map of each.
        preprocessing: what the network expects.
        grid: pixel grid ``(gh, gw)``, the one the labeller was made for.
    """

    generated = False

    def __init__(
        self,
        pictures: PictureSource,
        labeller: Labeller,
        *,
        preprocessing: Preprocessing,
        grid: tuple[int, int],
    ) -> None:
        self.pictures = drafted(in_range16(pictures, preprocessing.range16), preprocessing.draft)
        self.labeller = labeller
        self.preprocessing, self.grid = preprocessing, grid
        self.size, self.depth = preprocessing.size, preprocessing.depth
        self.sample_ids: Sequence[str] = tuple(_readable(name) for name in pictures.sample_ids)
        self.vocabulary, self.counting = labeller.vocabulary, labeller.counting
        self.name = _readable(pictures.name)
        check_fits(self.vocabulary)
        self._framing = Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation)

    def describe(self) -> Content:
        """Return names and content hashes of pictures and labels."""
        return Content(
            PictureContent(self.name, len(self.pictures), self.pictures.content_hash),
            LabelContent(
                _readable(self.labeller.name), self.labeller.content_hash, self.vocabulary.content_hash
            ),
        )

    def batches(self, batches: Iterable[Sequence[int]]) -> Iterator[Batch]:
        """Decode in the background; label in the calling thread."""
        waiting: list[tuple[Sequence[int], list[Future[Loaded]]]] = []
        with ThreadPoolExecutor(loaders(), thread_name_prefix="unitscope-loader") as pool:
            try:
                for batch in batches:
                    waiting.append((batch, [pool.submit(self._prepare, sample) for sample in batch]))
                    if len(waiting) > BATCHES_AHEAD:
                        yield self._finish(*waiting.pop(0))
                while waiting:
                    yield self._finish(*waiting.pop(0))
            finally:
                for _, futures in waiting:
                    for future in futures:
                        future.cancel()

    def _prepare(self, sample: int) -> Loaded:
        picture = self.pictures.read(sample)
        framed = self._framing.resize(picture, self.size)
        return self.preprocessing.apply(framed), self.labeller.prepare(sample, picture)

    def _finish(self, batch: Sequence[int], futures: list[Future[Loaded]]) -> Batch:
        samples, inputs, prepared, skipped = [], [], [], {}
        for sample, future in zip(batch, futures, strict=True):
            try:
                values, for_labels = future.result()
            except UnreadablePicture as error:
                skipped[sample] = error.reason
                continue
            samples.append(sample)
            inputs.append(values)
            prepared.append(for_labels)
        if not samples:
            empty = np.zeros((0, self.labeller.planes, *self.grid), np.int16)
            none = torch.zeros((0, self.depth, *self.size))
            return Batch(np.zeros(0, np.int64), none, empty, skipped)
        labels = label_maps(self.labeller, prepared)
        return Batch(np.array(samples, np.int64), torch.from_numpy(np.stack(inputs)), labels, skipped)

    def picture(self, sample: int) -> NDArray[np.uint8]:
        """Return the picture cropped and resized to the network's input size."""
        return self._framing.resize(self.pictures.read(sample), self.size)


class InMemorySamples:
    """Inputs and label maps that are already there.

    Args:
        inputs: ``(N, C, H, W)`` float32, preprocessed.
        labels: label maps ``(N, P, gh, gw)`` on the pixel grid.
        vocabulary: concepts of the label maps.
        pictures: ``(N, H, W, 3)`` uint8 for the report, if any.
        name: what the samples are.

    Raises:
        UnitscopeError: there are no inputs, there are more or fewer label maps, or a label is outside the
            vocabulary.
    """

    generated = False
    counting = Counting()

    def __init__(
        self,
        inputs: Tensor,
        labels: NDArray[np.integer],
        vocabulary: Vocabulary,
        *,
        pictures: NDArray[np.uint8] | None = None,
        name: str = "memory",
    ) -> None:
        if len(inputs) != len(labels):
            raise UnitscopeError(
                f"{len(inputs)} inputs and {len(labels)} label maps; give one label map an input"
            )
        if not len(inputs):
            raise UnitscopeError("there are no inputs; give at least one")
        check_fits(vocabulary)
        if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < len(vocabulary):
            raise UnitscopeError(
                f"the label maps hold values from {labels.min()} to {labels.max()}, "
                f"the vocabulary numbers 0 to {len(vocabulary) - 1}"
            )
        self._inputs, self._pictures = inputs, pictures
        self._labels = without_repeats(labels.astype(np.int16))
        self.vocabulary, self.name = vocabulary, name
        self.sample_ids: Sequence[str] = tuple(f"{i:06d}" for i in range(len(inputs)))
        self.depth = int(inputs.shape[1])
        self.size = (int(inputs.shape[2]), int(inputs.shape[3]))
        self.grid = (int(labels.shape[2]), int(labels.shape[3]))

    def describe(self) -> Content:
        """Return names and content hashes of inputs and labels."""
        return Content(
            PictureContent(self.name, len(self._inputs), _digest(self._inputs.numpy())),
            LabelContent(self.name, _digest(self._labels), self.vocabulary.content_hash),
        )

    def batches(self, batches: Iterable[Sequence[int]]) -> Iterator[Batch]:
        """Yield slices."""
        for batch in batches:
            samples = np.array(batch, np.int64)
            yield Batch(samples, self._inputs[torch.from_numpy(samples)], self._labels[samples])

    def picture(self, sample: int) -> NDArray[np.uint8] | None:
        """Return the picture given for the sample, if any."""
        return None if self._pictures is None else self._pictures[sample]


def called(samples: Samples) -> str:
    """Return what messages call the samples."""
    return "latents" if samples.generated else "pictures"


def where_not_finite(samples: Samples, sample: int) -> str:
    """Return the end of a message about an activation that is not finite: where it is, and what to check."""
    name = samples.sample_ids[sample]
    if samples.generated:
        return (
            f"on latent {name!r}; check the weights, or whether latents are of the kind it was trained with"
        )
    return f"on picture {name!r}; check the weights and the preprocessing"


def _readable(name: str) -> str:
    """Spell out bytes of a file name that are no UTF-8, which neither JSON nor Parquet can hold."""
    spelt = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return name if spelt == name else spelt  # the same object: there may be millions


def label_maps(labeller: Labeller, prepared: Sequence[Prepared]) -> NDArray[np.int16]:
    """Return the label maps ``(n, P, gh, gw)`` of a batch, no concept twice at one pixel.

    Raises:
        UnitscopeError: the labeller fails, or gives what is not in its vocabulary, which kernels do not look for.
    """
    labels = checked_labels(labeller.label(prepared), labeller.vocabulary, labeller.name)
    return without_repeats(labels.astype(np.int16))


def check_fits(vocabulary: Vocabulary) -> None:
    """Refuse a vocabulary that tables or label maps cannot hold."""
    if ALL in vocabulary.categories:
        raise UnitscopeError(
            f"a category is called {ALL!r}, which stands for all of them; give it another name"
        )
    most = int(np.iinfo(np.int16).max)
    if len(vocabulary) - 1 > most:
        raise UnitscopeError(
            f"the vocabulary has {len(vocabulary) - 1} concepts; at most {most} can be told apart"
        )


def _digest(array: NDArray[np.generic]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
