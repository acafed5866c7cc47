"""What attacks need: the network cut at a layer, its pictures, and how both are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.ablation import Ablation
from unitscope.experiments.attack.attempts import Attempts, Numbers, attacked_path
from unitscope.experiments.attack.methods import Method
from unitscope.experiments.carried import CarriedCache
from unitscope.experiments.dissection.plan import LayerPlan
from unitscope.experiments.importance.pictures import ClassedPictures, Split
from unitscope.experiments.importance.without import Removal
from unitscope.experiments.samples import PictureSamples
from unitscope.models.network import Network
from unitscope.models.pixels import OnPixels
from unitscope.replay import Carried, Replay
from unitscope.replay.capture import output_of
from unitscope.run.layout import CELLS
from unitscope.run.slugs import distinct_slugs
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.decode import decode_picture
from unitscope.sources.pairs import Pair, PicturePairs
from unitscope.stats import ActivationRaster, StrongCells
from unitscope.stats.resampling import resample

Pictures = NDArray[np.uint8]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """A network cut at a layer, with the pictures that are attacked.

    Attributes:
        samples: the pictures, unlabelled.
        classes: class that each is of, -1 where that is not known ``(N,)``.
        names: of the network's classes.
        model: the network, on its device.
        replay: the network in two parts.
        plan: how the pixel grid reads the layer.
        thresholds: of the layer's units in the dissection ``(U,)``.
        method: the attack; None where pictures were attacked elsewhere.
        altered: pictures that were attacked elsewhere, in pairs.
        folder: the run folder.
        batch_size: pictures that are run together.
        device: where the network is.
    """

    samples: PictureSamples
    classes: Numbers
    names: tuple[str, ...]
    model: Network
    replay: Replay
    plan: LayerPlan
    thresholds: Floats32
    method: Method | None
    altered: PicturePairs | None
    folder: Path
    batch_size: int
    device: torch.device

    @property
    def units(self) -> int:
        """Units of the layer."""
        return self.replay.layer.units

    @cached_property
    def on_pixels(self) -> OnPixels:
        """The network as a function of pictures in [0, 1]."""
        return OnPixels(self.model.module, self.model.preprocessing, output_of).to(self.device)

    @cached_property
    def folders(self) -> list[str]:
        """What the folder of each class is called."""
        return distinct_slugs(self.names)

    def path(self, sample: int, target: int) -> Path:
        """Return where the attacked copy of a picture is kept."""
        name = attacked_path(sample, self.samples.sample_ids[sample], self.folders[target])
        return self.folder / name

    def pair(self, sample: int, target: int) -> Pair:
        """Return a picture as the network saw it, and its attacked copy.

        Raises:
            UnreadablePicture: one of them cannot be read.
        """
        if self.altered is not None:
            return self.altered.read(sample)
        original = self.samples.picture(sample)
        try:
            return Pair(original, decode_picture(self.path(sample, target)))
        except ValueError as error:
            name = self.samples.sample_ids[sample]
            raise UnreadablePicture(name, f"its attacked copy: {error}") from error

    def front(self, pictures: Sequence[Pictures]) -> Carried:
        """Run framed 8-bit pictures up to the layer."""
        inputs = np.stack([self.model.preprocessing.apply(each) for each in pictures])
        return self.replay.front(torch.from_numpy(inputs).to(self.device))

    def cells(self, activation: Tensor) -> StrongCells:
        """Return the cells of an activation ``(N, U, h, w)`` that masks are made of."""
        grids = activation.to("cpu", torch.float32)
        if self.plan.resampling is not None:
            finer = np.empty((*grids.shape[:2], *self.plan.sampling.shape), np.float32)
            resample(grids, self.plan.resampling, finer)
        else:
            finer = np.ascontiguousarray(grids.numpy())
        return StrongCells.of(ActivationRaster(finer, self.plan.sampling), self.thresholds)

    def removal(self, predicted: Numbers) -> Removal:
        """Return what removes units alone, each picture being of the class that the network sees in it.

        Args:
            predicted: of all pictures ``(N,)``; -1 where one could not be read.
        """
        split = Split("val", self.samples, np.maximum(predicted, 0))
        pictures = ClassedPictures(split, split, dict(enumerate(self.names)))
        caches: Mapping[str, CarriedCache] = {
            "val": CarriedCache(self.replay, self.folder / CELLS, budget=0, identity="", device=self.device)
        }
        ablation, classes = Ablation(self.replay), len(self.names)
        return Removal(pictures, ablation, dict(caches), classes, self.batch_size, self.device)

    def batches(self, numbers: range) -> Iterator[range]:
        """Cut numbers into batches."""
        for start in range(0, len(numbers), self.batch_size):
            yield numbers[start : start + self.batch_size]

    def pairs(self, attempts: Attempts, numbers: Sequence[int]) -> list[Pair]:
        """Return the pairs of some attempts, by number."""
        return [self.pair(int(attempts.pictures[each]), int(attempts.targets[each])) for each in numbers]


def output_names(model: Network) -> tuple[str, ...]:
    """Return the names of a network's outputs, their numbers where it names none."""
    if model.classes:
        return model.classes
    with torch.no_grad():
        answer = output_of(model.module(model.trial(1, model.device)))
    return tuple(str(number) for number in range(answer.shape[-1]))
