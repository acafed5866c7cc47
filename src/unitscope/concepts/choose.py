"""Choose what says which concept is where: masks, a segmenter, or the pictures' own labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.concepts.labellers import Labeller, MaskLabeller, SegmenterLabeller, WorldLabeller
from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.segmenters import load_segmenter
from unitscope.errors import UnitscopeError
from unitscope.sources.base import LabelledSource, PictureSource
from unitscope.sources.files import combined_hash
from unitscope.sources.framing import Framing
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import PictureFolder


class JoinedLabeller:
    """The label maps of joined pictures: each source has a labeller of its own, with one vocabulary.

    Args:
        pictures: the joined sources.
        labellers: one for each source, alike in vocabulary and planes.
    """

    def __init__(self, pictures: JoinedPictures, labellers: Sequence[Labeller]) -> None:
        self._pictures, self._labellers = pictures, labellers
        first = labellers[0]
        self.vocabulary, self.planes, self.name = first.vocabulary, first.planes, first.name
        self.content_hash = combined_hash(*(labeller.content_hash for labeller in labellers))

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return what `label` needs of one picture."""
        source, own = self._pictures.locate(index)
        return self._labellers[source].prepare(own, picture)

    def label(self, prepared: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns)."""
        return self._labellers[0].label(prepared)


def choose_labeller(
    sources: Sequence[PictureSource],
    *,
    framing: Framing,
    size: tuple[int, int],
    grid: tuple[int, int],
    masks: Sequence[Path] = (),
    labels: Sequence[Path] = (),
    segmenter: str | None = None,
    segmenter_preprocess: str | None = None,
    device: torch.device | str = "cpu",
) -> Labeller:
    """Return what labels the pictures of `sources`, checked before any work.

    Args:
        sources: one or more sources of pictures; several are read as `JoinedPictures`.
        framing: the region of the picture that the network sees.
        size: height and width of the network's input, pixels.
        grid: rows and columns of the label maps.
        masks: for each label file, one mask folder for each source.
        labels: label files: one a plane of masks, or the segmenter's.
        segmenter: see `load_segmenter`.
        segmenter_preprocess: settings that replace the segmenter's own.
        device: where a segmenter runs.

    Raises:
        UnitscopeError: nothing, or too much, says what the pictures show, or it does not fit the pictures.
    """
    where: dict[str, Any] = {"framing": framing, "size": size, "grid": grid}
    if masks and segmenter:
        raise UnitscopeError("--masks and --segmenter were both given; the concepts come from one of them")
    if masks:
        return _by_masks(sources, masks, labels, where)
    if segmenter:
        if len(labels) > 1:
            raise UnitscopeError(f"--labels was given {len(labels)} times; a segmenter has one label file")
        file = labels[0] if labels else None
        network = load_segmenter(segmenter, labels=file, preprocess=segmenter_preprocess, device=device)
        return SegmenterLabeller(network, **where)
    labelled = [source for source in sources if isinstance(source, LabelledSource)]
    if len(labelled) == len(sources):
        return _joined(sources, [WorldLabeller(source, **where) for source in labelled])
    alone = ", and --labels alone does not" if labels else ""
    raise UnitscopeError(
        f"nothing says what the pictures show{alone}; give --masks DIR with --labels FILE, or --segmenter SPEC"
    )


def _by_masks(
    sources: Sequence[PictureSource], masks: Sequence[Path], labels: Sequence[Path], where: dict[str, Any]
) -> Labeller:
    if len(masks) != len(sources) * len(labels) or not labels:
        wanted = "give --labels once for each plane of masks"
        if len(sources) > 1:
            wanted += f", and for each of them {len(sources)} --masks, one for each --images"
        raise UnitscopeError(f"--masks was given {_times(masks)} and --labels {_times(labels)}; {wanted}")
    labellers = []
    for number, source in enumerate(sources):
        if not isinstance(source, PictureFolder):
            raise UnitscopeError(f"masks go with a folder of pictures; {source.name!r} is none")
        pairs = list(zip(masks[number :: len(sources)], labels, strict=True))
        labeller = MaskLabeller(PictureMasks(source, pairs), **where)
        labeller.check()
        labellers.append(labeller)
    return _joined(sources, labellers)


def _joined(sources: Sequence[PictureSource], labellers: Sequence[Labeller]) -> Labeller:
    return labellers[0] if len(labellers) == 1 else JoinedLabeller(JoinedPictures(sources), labellers)


def _times(given: Sequence[object]) -> str:
    return {0: "not at all", 1: "once"}.get(len(given), f"{len(given)} times")
