"""Segmentation networks: where they come from, what they want and what their outputs mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unitscope.concepts.labelfile import LabelTable, read_labels
from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.exported import input_shape, load_exported
from unitscope.models.factories import HOW, call_factory, names_a_factory
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.models.registry import WEIGHT_FILES, ready
from unitscope.models.weights import weights_hash
from unitscope.sources.files import combined_hash

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

    def __post_init__(self) -> None:
        numbers = np.asarray(self.numbers, np.int32)
        object.__setattr__(
            self, "numbers", numbers if len(numbers) else np.arange(len(self.vocabulary), dtype=np.int32)
        )

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
        )

    def channel_numbers(self, channels: int) -> NDArray[np.int32]:
        """Return the vocabulary number that each channel of scores stands for.

        Raises:
            UnitscopeError: the segmenter does not have that many channels.
        """
        fitting = {
            True: (len(self.numbers),),
            False: (len(self.numbers) - 1,),
            None: (len(self.numbers), len(self.numbers) - 1),
        }[self.nothing_channel]
        if channels not in fitting or channels < 2:
            raise UnitscopeError(
                f"segmenter {self.name!r} returned {channels} channels of scores, and its labels call for "
                f"{' or '.join(map(str, fitting))} (numbers up to {len(self.numbers) - 1}); "
                "give the labels it was trained with, numbered like its channels"
            )
        # A channel without a name is "nothing": the labels may leave some out.
        return np.maximum(self.numbers[-channels:], 0)


SEGMENTERS: dict[str, Callable[[], Segmenter]] = {}
"""The segmenters that have a name of their own."""


def load_segmenter(
    spec: str,
    *,
    labels: Path | str | None = None,
    preprocess: str | None = None,
    device: torch.device | str = "cpu",
) -> Segmenter:
    """Return the segmenter that `spec` names, in eval mode and on `device`.

    Args:
        spec: a name in `SEGMENTERS`, ``package.module:function``, ``file.py:function``, or ``file.pt2`` (made
            by ``torch.export.save``); a function takes no arguments and returns an ``nn.Module`` or a
            `Segmenter`.
        labels: the file that names its channels or numbers; needed unless a `Segmenter` is returned. Channel
            k of scores is number k; if the file has no line for 0 and the network has just as many channels
            as the largest number, it has no channel for "nothing", and channel k is number k + 1.
        preprocess: settings that replace its own, see `parse_preprocessing`.
        device: where it is to run.

    Raises:
        UnitscopeError: there is no such segmenter, it cannot be made, or its labels are missing.
    """
    segmenter = _make(spec, Path(labels) if labels is not None else None, device)
    if preprocess:
        changed = parse_preprocessing(preprocess, segmenter.preprocessing)
        segmenter = replace(segmenter, preprocessing=changed)
    segmenter = _fit_to_program(segmenter, resizable="size" not in (preprocess or ""))
    module = ready(segmenter.module, device)
    return replace(segmenter, module=module, device=torch.device(device))


def _make(spec: str, labels: Path | None, device: torch.device | str) -> Segmenter:
    if spec in SEGMENTERS:
        return _relabel(SEGMENTERS[spec](), labels)
    if Path(spec).suffix.lower() == ".pt2":
        table = _needed(labels, spec)
        module, weights = load_exported(Path(spec), device)
        return _label(Segmenter(module, Vocabulary([]), name=Path(spec).stem, weights=weights), table)
    if Path(spec).suffix.lower() in WEIGHT_FILES:
        raise UnitscopeError(
            f"segmenter {spec!r} is a file of weights, which says nothing about the network (and a pickled "
            f"file may run any code); {HOW}, or a file.pt2 saved with torch.export.save"
        )
    if not names_a_factory(spec):
        hint = did_you_mean(spec, SEGMENTERS)
        known = f" segmenters are {', '.join(SEGMENTERS)};" if SEGMENTERS else ""
        raise UnitscopeError(f"segmenter {spec!r} not found;{hint}{known} {HOW}, or a file.pt2")
    return _from_function(spec, labels)


def _from_function(spec: str, labels: Path | None) -> Segmenter:
    made = call_factory(spec, "segmenter")
    if isinstance(made, Segmenter):
        return _relabel(made, labels)
    if isinstance(made, nn.Module):
        table = _needed(labels, spec)
        return _label(Segmenter(made, Vocabulary([]), name=spec.rpartition(":")[2]), table)
    raise UnitscopeError(
        f"segmenter {spec!r} returned a {type(made).__name__}; it must return an nn.Module or a "
        "unitscope.concepts.segmenters.Segmenter"
    )


def _needed(labels: Path | None, spec: str) -> LabelTable:
    if labels is None:
        raise UnitscopeError(
            f"segmenter {spec!r} does not say what its outputs mean; "
            "give --labels FILE with lines 'number name'"
        )
    return read_labels(labels)


def _relabel(segmenter: Segmenter, labels: Path | None) -> Segmenter:
    return segmenter if labels is None else _label(segmenter, read_labels(labels))


def _label(segmenter: Segmenter, table: LabelTable) -> Segmenter:
    nothing = True if table.names_nothing else None
    vocabulary = Vocabulary(table.concepts)
    return replace(segmenter, vocabulary=vocabulary, numbers=table.lookup(), nothing_channel=nothing)


def _fit_to_program(segmenter: Segmenter, *, resizable: bool) -> Segmenter:
    """Take batch and input size from the signature of an exported program that the module is or holds."""
    shapes = (input_shape(part) for part in segmenter.module.modules())
    shape = next((shape for shape in shapes if shape is not None and len(shape) == 4), None)
    if shape is None:
        return segmenter
    smallest, largest = shape[0]
    segmenter = replace(segmenter, batch=(smallest, max(smallest, min(largest, BATCH))))
    if input_shape(segmenter.module) is None:  # what surrounds the program may resize
        return segmenter
    size, sides = segmenter.preprocessing.size, shape[2:]
    height, width = (min(max(side, low), high) for side, (low, high) in zip(size, sides, strict=True))
    if (height, width) != size and not resizable:
        allowed = "x".join(str(low) if low == high else f"{low}..{high}" for low, high in sides)
        raise UnitscopeError(
            f"segmenter {segmenter.name!r} was exported for an input of {allowed} (height x width), and its "
            f"preprocessing says {size[0]}x{size[1]}; leave size out"
        )
    return replace(segmenter, preprocessing=replace(segmenter.preprocessing, size=(height, width)))
