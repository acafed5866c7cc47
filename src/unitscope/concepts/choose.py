"""Choose what says which concept is where: masks, segmenters, both, or the pictures' own labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.concepts.labellers import (
    Labeller,
    MaskLabeller,
    PixelGrid,
    Prepared,
    SegmenterLabeller,
    WorldLabeller,
)
from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.merge import MergedLabeller
from unitscope.concepts.segmenters import load_segmenter, names_itself
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

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> Prepared:
        """Return what `label` needs of one picture."""
        source, own = self._pictures.locate(index)
        return self._labellers[source].prepare(own, picture)

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
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
    segmenter: str | Sequence[str] | None = None,
    segmenter_preprocess: str | Sequence[str] | None = None,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> Labeller:
    """Return what labels the pictures of `sources`, checked before any work.

    Args:
        sources: one or more sources of pictures; several are read as `JoinedPictures`.
        framing: the region of the picture that the network sees.
        size: height and width of the network's input, pixels.
        grid: rows and columns of the label maps.
        masks: for each label file, one mask folder for each source.
        labels: label files: first one for each plane of masks, then one for each segmenter that does not name
            its outputs itself.
        segmenter: see `load_segmenter`; several, and masks with them, are merged (`MergedLabeller`).
        segmenter_preprocess: settings that replace a segmenter's own, for each segmenter in turn.
        mirror: another server for published segmenters.
        device: where a segmenter runs.

    Raises:
        UnitscopeError: nothing, or too much, says what the pictures show, or it does not fit the pictures.
    """
    where = PixelGrid(framing, size, grid)
    specs = _listed(segmenter)
    planes = len(masks) // len(sources)
    chosen: list[Labeller] = []
    if masks:
        chosen.append(_by_masks(sources, masks, labels[:planes] if specs else labels, where))
        labels = labels[planes:]
    if specs:
        chosen += segmenter_labellers(
            specs, labels, settings=segmenter_preprocess, where=where, mirror=mirror, device=device
        )
    if chosen:
        return chosen[0] if len(chosen) == 1 else MergedLabeller(chosen)
    labelled = [source for source in sources if isinstance(source, LabelledSource)]
    if len(labelled) == len(sources):
        return _joined(sources, [WorldLabeller(source, where) for source in labelled])
    alone = ", and --labels alone does not" if labels else ""
    raise UnitscopeError(
        f"nothing says what the pictures show{alone}; give --masks DIR with --labels FILE, or --segmenter SPEC"
    )


def segmenter_labellers(
    segmenter: str | Sequence[str],
    labels: Sequence[Path] = (),
    *,
    settings: str | Sequence[str] | None = None,
    where: PixelGrid,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> list[SegmenterLabeller]:
    """Return a labeller for each segmenter.

    Args:
        segmenter: one or more, see `load_segmenter`.
        labels: one label file for each that does not name its outputs itself.
        settings: settings that replace their own preprocessing, for each in turn.
        where: the grid of the label maps.
        mirror: another server for published segmenters.
        device: where they run.

    Raises:
        UnitscopeError: a segmenter cannot be made, or there are more label files or settings than segmenters.
    """
    specs = _listed(segmenter)
    if not specs:
        raise UnitscopeError("no segmenter given; name one with --segmenter")
    files, changes = _label_files(specs, labels), _settings(specs, _listed(settings))
    return [
        SegmenterLabeller(
            load_segmenter(spec, labels=file, preprocess=change, mirror=mirror, device=device), where
        )
        for spec, file, change in zip(specs, files, changes, strict=True)
    ]


def _listed(given: str | Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _label_files(specs: Sequence[str], files: Sequence[Path]) -> list[Path | None]:
    """Return the label file of each segmenter: in turn for those that do not name their outputs themselves."""
    if len(specs) == 1 and len(files) == 1:
        return [files[0]]  # a segmenter that names its outputs may be given other names
    takers = [spec for spec in specs if not names_itself(spec)]
    if len(files) > len(takers):
        more = f"{len(files)} label files are left for {len(takers)} segmenters"
        raise UnitscopeError(
            f"--labels was given too often: {more} that do not name their outputs themselves; give one for each "
            "plane of masks, then one for each such segmenter"
        )
    left = iter(files)
    return [None if names_itself(spec) else next(left, None) for spec in specs]


def _settings(specs: Sequence[str], settings: Sequence[str]) -> list[str | None]:
    if len(settings) > len(specs):
        raise UnitscopeError(
            f"--segmenter-preprocess was given {_times(settings)} and --segmenter {_times(specs)}; "
            "give it at most once for each segmenter, '' for one that is to stay as it is"
        )
    return [*settings, *[None] * (len(specs) - len(settings))]


def _by_masks(
    sources: Sequence[PictureSource], masks: Sequence[Path], labels: Sequence[Path], where: PixelGrid
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
        labeller = MaskLabeller(PictureMasks(source, pairs), where)
        labeller.check()
        labellers.append(labeller)
    return _joined(sources, labellers)


def _joined(sources: Sequence[PictureSource], labellers: Sequence[Labeller]) -> Labeller:
    return labellers[0] if len(labellers) == 1 else JoinedLabeller(JoinedPictures(sources), labellers)


def _times(given: Sequence[object]) -> str:
    return {0: "not at all", 1: "once"}.get(len(given), f"{len(given)} times")
