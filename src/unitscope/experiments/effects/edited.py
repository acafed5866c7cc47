"""Pictures of a generator with units edited, and their label maps: one pass as it is serves every edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.generated import GeneratedSamples
from unitscope.layer.hooks import LayerGrid
from unitscope.progress import partly
from unitscope.replay import Carried, Replay, cut
from unitscope.stats.intersection import areas_by_picture

Numbers = NDArray[np.int64]
Edit = Callable[[Numbers, Tensor], Tensor]
"""Takes numbers of jobs ``(b,)`` and the activation of each ``(b, U, h, w)``; returns a new one."""


@dataclass(frozen=True)
class Base:
    """What a generator makes of n latents as it is, with C label values.

    Attributes:
        numbers: sample numbers ``(n,)``.
        carried: what crosses the cut.
        activation: ``(n, U, h, w)``.
        pictures: ``(n, H, W, 3)`` uint8.
        labels: ``(n, P, gh, gw)`` int16.
        areas: pixels of every label value ``(n, C)``.
    """

    numbers: Numbers
    carried: Carried
    activation: Tensor
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int16]
    areas: Numbers

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Drawn:
    """What b edits draw that differs from the generator as it is.

    Attributes:
        jobs: numbers of the jobs ``(b,)``, in order.
        pictures: ``(b, H, W, 3)`` uint8.
        labels: ``(b, P, gh, gw)`` int16.
    """

    jobs: Numbers
    pictures: NDArray[np.uint8]
    labels: NDArray[np.int16]


class EditedGenerator:
    """A generator cut at a layer, ready to make pictures with other activations there.

    Args:
        samples: the generator, its latents and what labels its pictures.
        replay: the generator, cut at the layer.
        batch_size: pictures that go through the back of the generator and the segmenter at once.
    """

    def __init__(self, samples: GeneratedSamples, replay: Replay, batch_size: int) -> None:
        self.samples, self.replay, self.batch_size = samples, replay, batch_size

    @classmethod
    def cut(cls, samples: GeneratedSamples, layer: LayerGrid, batch_size: int) -> EditedGenerator:
        """Cut the generator at a layer.

        Raises:
            UnitscopeError: the layer cannot be read.
        """
        first = samples.latents.read(range(min(batch_size, len(samples.latents)))).to(samples.device)
        return cls(samples, cut(samples.generator.module, layer, first), batch_size)

    def base(self, numbers: Sequence[int]) -> Base:
        """Generate and segment some latents as they are.

        Raises:
            UnitscopeError: the generator fails or returns values that are not finite; latents are named.
        """
        chosen = np.array(numbers, np.int64)
        ids = [self.samples.sample_ids[number] for number in numbers]
        try:
            carried = self.replay.front(self.samples.latents.read(numbers).to(self.samples.device))
            pictures = self._pictures(self.replay.back(carried), lambda row: f"latent {ids[row]!r}")
        except UnitscopeError:
            raise
        except Exception as error:
            raise _failed(error, f"on the latents {ids[0]!r} to {ids[-1]!r}") from error
        labels = self.samples.label(pictures)
        areas = areas_by_picture(labels, len(self.samples.vocabulary))
        return Base(chosen, carried, carried.activation, pictures, labels, areas)

    def drawn(self, base: Base, rows: Numbers, edit: Edit, *, name: Callable[[int], str]) -> Iterator[Drawn]:
        """Yield, a batch at a time, what edits draw; jobs whose picture stays as it is are not segmented, nor yielded.

        Progress counts latents: each job is the same share of those in `base`, and so is each as it is.

        Args:
            base: the latents as they are.
            rows: for each job, the place of its latent in `base` ``(J,)``.
            edit: edits the activations of some jobs.
            name: says what a job is, for messages.

        Raises:
            UnitscopeError: the generator fails or returns values that are not finite; the job is named.
        """
        share = len(base) / (len(base) + len(rows))
        partly(len(base) * share)
        for start in range(0, len(rows), self.batch_size):
            jobs = np.arange(start, min(start + self.batch_size, len(rows)))
            drawn = self._drawn(base, rows, edit, jobs, name)
            if drawn is not None:
                yield drawn
            partly(len(jobs) * share)

    def _drawn(
        self, base: Base, rows: Numbers, edit: Edit, jobs: Numbers, name: Callable[[int], str]
    ) -> Drawn | None:
        places = torch.from_numpy(rows[jobs]).to(base.activation.device)
        before = base.activation[places]
        after = edit(jobs, before)
        # A picture follows from what crosses the cut: where that is the same, so is the picture.
        edited = (after != before).flatten(1).any(1)
        if not bool(edited.any()):
            return None
        jobs = jobs[edited.cpu().numpy()]
        pictures = self._edited(base.carried[places[edited]], after[edited], jobs, name)
        changed = (pictures != base.pictures[rows[jobs]]).reshape(len(jobs), -1).any(1)
        if not changed.any():
            return None
        return Drawn(jobs[changed], pictures[changed], self.samples.label(pictures[changed]))

    def _edited(
        self, carried: Carried, activation: Tensor, jobs: Numbers, name: Callable[[int], str]
    ) -> NDArray[np.uint8]:
        try:
            outputs = self.replay.back(carried, activation)
        except UnitscopeError:
            raise
        except Exception as error:
            raise _failed(error, f"with units edited, {name(int(jobs[0]))}") from error
        return self._pictures(outputs, lambda row: name(int(jobs[row])))

    def _pictures(self, outputs: Tensor, name: Callable[[int], str]) -> NDArray[np.uint8]:
        try:
            return self.samples.pictures(outputs)
        except UnitscopeError as error:
            finite = torch.isfinite(outputs).flatten(1).all(1)
            if bool(finite.all()):
                raise
            what = name(int(finite.int().argmin()))
            raise UnitscopeError(
                f"generator {self.samples.generator.name!r} returns values that are not finite (NaN or infinite) for "
                f"{what}; leave those units out, or choose another layer or level"
            ) from error


def _failed(error: Exception, where: str) -> UnitscopeError:
    full = isinstance(error, torch.OutOfMemoryError)
    hint = "give a smaller --batch-size" if full else "--debug shows where"
    return UnitscopeError(f"the generator fails {where}: {one_line(error)}; {hint}")


def instead_of(having: NDArray[np.int16], lacking: NDArray[np.int16], concept: int, concepts: int) -> Numbers:
    """Count what stands where a concept is in one label map and not in another.

    Args:
        having: label maps with the concept ``(n, P, gh, gw)``.
        lacking: label maps of the same pictures otherwise.
        concept: its label value.
        concepts: number of label values C.

    Returns:
        ``(n, C)``: pixels that hold the concept in `having` and not in `lacking`, by what `lacking` has there in the
        plane of the concept; all together they are the pixels of the concept that one has and the other has not.
    """
    gone = (having == concept) & ~(lacking == concept).any(1, keepdims=True)
    picture = np.nonzero(gone)[0]
    places = picture * concepts + lacking[gone]
    counts = np.bincount(places, minlength=len(having) * concepts)
    return counts.reshape(len(having), concepts).astype(np.int64)
