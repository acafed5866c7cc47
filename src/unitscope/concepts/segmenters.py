"""Segmentation networks: where they come from, what they want and what their outputs mean."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unitscope.concepts.labelfile import LabelTable, read_labels
from unitscope.concepts.named import NAMED, named_segmenter
from unitscope.concepts.segmenter import BATCH, NO_CONCEPT, Segmenter
from unitscope.concepts.transformers_segmenters import transformers_segmenter
from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.checkpoints import WEIGHT_FILES
from unitscope.models.exported import input_shape, load_exported
from unitscope.models.factories import HOW, call_factory, names_a_factory
from unitscope.models.preprocessing import parse_preprocessing
from unitscope.models.weights import ready
from unitscope.registered import SEGMENTERS, make_registered, registered

__all__ = ["Segmenter", "load_segmenter", "names_itself"]

LIBRARY = "transformers"
"""Begins the name of a segmenter of that library."""


def names_itself(spec: str) -> bool:
    """Return whether a segmenter of this name brings its own vocabulary and needs no label file."""
    return spec in registered(SEGMENTERS) or re.split("[:,]", spec)[0] in (*NAMED, LIBRARY)


def load_segmenter(
    spec: str,
    *,
    labels: Path | str | None = None,
    preprocess: str | None = None,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> Segmenter:
    """Return the segmenter that `spec` names, in eval mode and on `device`.

    Args:
        spec: ``upp``, ``colors``, ``csail`` (see `named_segmenter`), ``transformers:ID``, a name that a package
            registers such as ``world``, ``package.module:function``, ``file.py:function``, or ``file.pt2`` (made
            by ``torch.export.save``); a function takes no arguments and returns an ``nn.Module`` or a
            `Segmenter`.
        labels: the file that names its channels or numbers; needed unless a `Segmenter` is returned. Channel
            k of scores is number k; if the file has no line for 0 and the network has just as many channels
            as the largest number, it has no channel for "nothing", and channel k is number k + 1. Numbers that the file
            calls void count among them, and their points nowhere. Number 0 is what its line says: nothing, or a class.
        preprocess: settings that replace its own, see `parse_preprocessing`.
        mirror: another server for published files.
        device: where it is to run.

    Raises:
        UnitscopeError: there is no such segmenter, it cannot be made, or its labels are missing.
    """
    segmenter = _make(spec, Path(labels) if labels is not None else None, device, mirror=mirror)
    if preprocess:
        changed = parse_preprocessing(preprocess, segmenter.preprocessing)
        segmenter = replace(segmenter, preprocessing=changed)
    segmenter = _fit_to_program(segmenter, resizable="size" not in (preprocess or ""))
    module = ready(segmenter.module, device)
    return replace(segmenter, module=module, device=torch.device(device))


def _make(spec: str, labels: Path | None, device: torch.device | str, *, mirror: str | None) -> Segmenter:
    if spec in registered(SEGMENTERS):
        return _finished(make_registered(SEGMENTERS, spec), spec, labels)
    named = named_segmenter(spec, mirror=mirror)
    if named is not None and labels is not None:
        raise UnitscopeError(f"segmenter {spec!r} names its outputs itself; leave --labels out")
    found = named or transformers_segmenter(spec)
    if found is not None:
        return _relabel(found, labels)
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
        names = [*NAMED, *registered(SEGMENTERS)]
        raise UnitscopeError(
            f"segmenter {spec!r} not found;{did_you_mean(spec, names)} segmenters are {', '.join(names)}; "
            f"{HOW}, or a file.pt2"
        )
    return _finished(call_factory(spec, "segmenter"), spec, labels)


def _finished(made: object, spec: str, labels: Path | None) -> Segmenter:
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
    return read_labels(labels, zero_is_a_class=None)


def _relabel(segmenter: Segmenter, labels: Path | None) -> Segmenter:
    return segmenter if labels is None else _label(segmenter, read_labels(labels, zero_is_a_class=None))


def _label(segmenter: Segmenter, table: LabelTable) -> Segmenter:
    nothing = True if table.names_zero else None
    vocabulary = Vocabulary(table.concepts)
    numbers = np.maximum(table.lookup(), NO_CONCEPT)
    return replace(
        segmenter, vocabulary=vocabulary, numbers=numbers, void=table.void, nothing_channel=nothing
    )


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
