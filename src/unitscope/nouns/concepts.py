"""Concepts, and what says where they are: masks, segmenters, colours, or several of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import torch

from unitscope.concepts.labellers import (
    Background,
    Labeller,
    MaskLabeller,
    PixelGrid,
    SegmenterLabeller,
    WorldLabeller,
)
from unitscope.concepts.maskrules import MaskRules, mask_rules
from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.merge import JoinedLabeller, MergedLabeller, OnlyLabelled
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.segmenters import load_segmenter, names_itself
from unitscope.errors import UnitscopeError
from unitscope.nouns.pictures import parts_of
from unitscope.paths import AnyPath, as_path, as_paths
from unitscope.run.manifest import SegmenterRecord
from unitscope.sources.base import LabelledSource, PictureSource
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import PictureFolder

NOTHING_SAYS = "nothing says what the pictures show"


@dataclass(frozen=True)
class NamedSegmenter:
    """A segmenter that is still to be loaded, see :func:`segmenter`."""

    spec: str
    preprocess: str | None = None
    labels: Path | None = None
    mirror: str | None = None

    def load(self, device: torch.device | str = "cpu") -> Segmenter:
        """Return the segmenter on a device."""
        return load_segmenter(
            self.spec, labels=self.labels, preprocess=self.preprocess, mirror=self.mirror, device=device
        )


@dataclass(frozen=True)
class Concepts:
    """What says where concepts are; the sum of two says both.

    Attributes:
        masks: for each label file, one folder of masks for each source of pictures.
        labels: the label files of the masks.
        segmenters: whose label maps follow those of the masks.
        rules: how the masks are read.
        unlabelled: whether points with no label at all are background, or count nowhere.
    """

    masks: tuple[Path, ...] = ()
    labels: tuple[Path, ...] = ()
    segmenters: tuple[NamedSegmenter, ...] = ()
    rules: MaskRules = field(default_factory=MaskRules)
    unlabelled: Background = "background"

    def __add__(self, other: Concepts | str) -> Concepts:
        more = as_concepts(other)
        if self.masks and more.masks and self.rules != more.rules:
            raise UnitscopeError(
                "masks that are read differently cannot be joined; give the same ignore, zero_is_a_class and suffix"
            )
        return Concepts(
            self.masks + more.masks,
            self.labels + more.labels,
            self.segmenters + more.segmenters,
            self.rules if self.masks else more.rules,
            "ignore" if "ignore" in (self.unlabelled, more.unlabelled) else "background",
        )

    def __radd__(self, other: str) -> Concepts:
        return as_concepts(other) + self

    def load(self, device: torch.device | str = "cpu") -> list[Segmenter]:
        """Return the segmenters on a device."""
        return [each.load(device) for each in self.segmenters]

    def labeller(self, pictures: PictureSource, where: PixelGrid, device: torch.device) -> Labeller:
        """Return what labels pictures, checked before any work; their own labels where nothing is said.

        Raises:
            UnitscopeError: nothing says what the pictures show, or something does not fit them.
        """
        chosen: list[Labeller] = [] if not self.masks else [_by_masks(self, pictures, where)]
        chosen += self._by_segmenters(where, device)
        labeller = _merged(chosen) if chosen else _own(pictures, where)
        return OnlyLabelled(labeller) if self.unlabelled == "ignore" else labeller

    def for_generated(self, where: PixelGrid, device: torch.device) -> Labeller:
        """Return what labels generated pictures.

        Raises:
            UnitscopeError: there is no segmenter, or it cannot be made.
        """
        if self.masks:
            raise UnitscopeError(
                "--masks do not go with --latents: nobody has masks of generated pictures; give --segmenter SPEC"
            )
        check_generated(self.unlabelled)
        return _merged(self._by_segmenters(where, device))

    def _by_segmenters(self, where: PixelGrid, device: torch.device) -> list[Labeller]:
        return [SegmenterLabeller(each, where) for each in self.load(device)]

    def record(self) -> SegmenterRecord:
        """Return what gets the segmenters again."""
        each = self.segmenters
        labels = tuple("" if one.labels is None else str(one.labels.resolve()) for one in each)
        preprocess = tuple(one.preprocess or "" for one in each)
        return SegmenterRecord(
            specs=tuple(one.spec for one in each),
            labels=labels if any(labels) else (),
            preprocess=preprocess if any(preprocess) else (),
        )


ConceptsLike = Concepts | str | Sequence[Concepts | str]
"""Concepts, the name of a segmenter, or several of these."""


def masks(
    folders: AnyPath | Sequence[AnyPath],
    labels: AnyPath | Sequence[AnyPath],
    *,
    preset: str | None = None,
    ignore: Sequence[int | str] | int = (),
    zero_is_a_class: bool = False,
    suffix: str | None = None,
    unlabelled: Background = "background",
) -> Concepts:
    """Return the concepts of label masks that somebody made.

    Args:
        folders: a folder of masks, one for each picture; for each label file, one for each source of pictures.
        labels: what the numbers in them mean; one file for each plane.
        preset: ``ade20k``, ``voc``, ``cityscapes``, ``cityscapes-trainids`` or ``coco``: how the masks of these are
            read.
        ignore: numbers whose pixels count nowhere, neither for a concept nor against it; ranges as ``"200-254"``.
        zero_is_a_class: whether number 0 is a class; otherwise it means "nothing".
        suffix: what masks have after the names of their pictures (``_mask``), or ``OLD=NEW``: an ending of the
            pictures' names and the one that takes its place.
        unlabelled: whether pixels without any label are ``background``, which counts against the concepts that are not
            there, or ``ignore``: count nowhere.

    Raises:
        UnitscopeError: a value is not one of these.
    """
    numbers = [ignore] if isinstance(ignore, int | str) else ignore
    rules = mask_rules(preset, ignore=numbers, zero_is_a_class=zero_is_a_class, suffix=suffix)
    return _counting(
        Concepts(masks=tuple(as_paths(folders)), labels=tuple(as_paths(labels)), rules=rules), unlabelled
    )


def check_generated(unlabelled: Background) -> None:
    """Refuse what does not go with generated pictures, every point of which a segmenter labels.

    Raises:
        UnitscopeError: points without a label are not to count.
    """
    if unlabelled == "ignore":
        raise UnitscopeError("--unlabelled ignore is for pictures; leave it out for a generator")


def _counting(concepts: Concepts, unlabelled: Background) -> Concepts:
    if unlabelled not in get_args(Background):
        raise UnitscopeError(f"--unlabelled is {unlabelled!r}; give background or ignore")
    return replace(concepts, unlabelled=unlabelled)


def segmenter(
    spec: str,
    *,
    preprocess: str | None = None,
    labels: AnyPath | None = None,
    mirror: str | None = None,
) -> Concepts:
    """Return the concepts that a segmentation network finds.

    Args:
        spec: ``upp``, ``colors``, ``csail:folder``, ``transformers:ID``, ``package.module:function``,
            ``file.py:function`` or ``file.pt2``, see :func:`unitscope.concepts.segmenters.load_segmenter`.
        preprocess: settings that replace its own, such as ``size=512,range=-1:1``.
        labels: the file that names its outputs, where it does not do so itself.
        mirror: another server for files that are downloaded.
    """
    file = None if labels is None else as_path(labels)
    return Concepts(segmenters=(NamedSegmenter(spec, preprocess, file, mirror),))


def colors() -> Concepts:
    """Return the eleven basic colour terms."""
    return segmenter("colors")


def as_concepts(given: ConceptsLike | None) -> Concepts:
    """Return what says where concepts are; nothing when None."""
    if given is None or isinstance(given, Concepts):
        return given or Concepts()
    if isinstance(given, str):
        return segmenter(given)
    if not isinstance(given, list | tuple):
        raise UnitscopeError(
            f"concepts are a {type(given).__name__}; give masks, a segmenter or the name of one"
        )
    return sum((as_concepts(each) for each in given), Concepts())


def read_concepts(
    masks: Sequence[AnyPath] = (),
    labels: Sequence[AnyPath] = (),
    segmenters: Sequence[str] = (),
    preprocess: Sequence[str] = (),
    *,
    sources: int = 1,
    rules: MaskRules | None = None,
    unlabelled: Background = "background",
) -> Concepts:
    """Return the concepts that lists of words stand for, as a command line has them.

    Args:
        masks: for each label file, one mask folder for each source of pictures.
        labels: first one for each plane of masks, then one for each segmenter that does not name its outputs itself.
        segmenters: see :func:`segmenter`.
        preprocess: settings that replace their own, for each in turn; empty ones replace nothing.
        sources: of pictures.
        rules: how masks are read.
        unlabelled: see `masks`.

    Raises:
        UnitscopeError: there are more label files or settings than they could be for.
    """
    said = _read(masks, labels, segmenters, preprocess, sources)
    rules = rules or MaskRules()
    if not said.masks:
        check_without_masks(rules)
    return _counting(replace(said, rules=rules), unlabelled)


def check_without_masks(rules: MaskRules) -> None:
    """Refuse rules of masks where there are none.

    Raises:
        UnitscopeError: a rule is not the default.
    """
    if rules != MaskRules():
        raise UnitscopeError(
            "--ignore, --zero-is-a-class, --mask-suffix and --labels-preset say how masks are read; give --masks DIR "
            "with --labels FILE, or leave them out"
        )


def _read(
    masks: Sequence[AnyPath],
    labels: Sequence[AnyPath],
    segmenters: Sequence[str],
    preprocess: Sequence[str],
    sources: int,
) -> Concepts:
    folders, files = tuple(as_paths(masks)), tuple(as_paths(labels))
    if not segmenters:
        if files and not folders:
            raise UnitscopeError(
                f"{NOTHING_SAYS}, and --labels alone does not; give --masks DIR with --labels FILE, or --segmenter SPEC"
            )
        if any(preprocess):
            raise UnitscopeError(
                "--segmenter-preprocess says how a segmenter reads pictures; give --segmenter SPEC with it"
            )
        return Concepts(folders, files)
    planes = len(folders) // max(sources, 1)
    if folders:
        _check_masks(folders, files[:planes], sources)
    taken = zip(
        segmenters, _label_files(segmenters, files[planes:]), _settings(segmenters, preprocess), strict=True
    )
    named = tuple(NamedSegmenter(spec, change or None, file) for spec, file, change in taken)
    return Concepts(folders, files[:planes], named)


def recorded_concepts(record: SegmenterRecord) -> Concepts:
    """Return the segmenters of a finished run."""
    files = [Path(file) if file else None for file in record.labels]
    if len(files) != len(record.specs):
        files = _label_files(record.specs, [file for file in files if file])
    settings = _settings(record.specs, record.preprocess)
    named = (
        NamedSegmenter(spec, change or None, file)
        for spec, file, change in zip(record.specs, files, settings, strict=True)
    )
    return Concepts(segmenters=tuple(named))


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


def _check_masks(masks: Sequence[Path], labels: Sequence[Path], sources: int) -> None:
    if len(masks) != sources * len(labels) or not labels:
        wanted = "give --labels once for each plane of masks"
        if sources > 1:
            wanted += f", and for each of them {sources} --masks, one for each --images"
        raise UnitscopeError(f"--masks was given {_times(masks)} and --labels {_times(labels)}; {wanted}")


def _by_masks(concepts: Concepts, pictures: PictureSource, where: PixelGrid) -> Labeller:
    sources = parts_of(pictures)
    _check_masks(concepts.masks, concepts.labels, len(sources))
    labellers = []
    for number, source in enumerate(sources):
        if not isinstance(source, PictureFolder):
            raise UnitscopeError(f"masks go with a folder of pictures; {source.name!r} is none")
        pairs = list(zip(concepts.masks[number :: len(sources)], concepts.labels, strict=True))
        masked = PictureMasks(source, pairs, rules=concepts.rules)
        labeller = MaskLabeller(masked, where)
        labeller.check()
        labellers.append(labeller)
    return _joined(pictures, labellers)


def _own(pictures: PictureSource, where: PixelGrid) -> Labeller:
    """Return the labels that all pictures come with."""
    sources = parts_of(pictures)
    labelled = [source for source in sources if isinstance(source, LabelledSource)]
    if len(labelled) < len(sources):
        raise UnitscopeError(f"{NOTHING_SAYS}; give --masks DIR with --labels FILE, or --segmenter SPEC")
    return _joined(
        pictures,
        [WorldLabeller(source, where) for source in labelled],
    )


def _joined(pictures: PictureSource, labellers: Sequence[Labeller]) -> Labeller:
    return JoinedLabeller(pictures, labellers) if isinstance(pictures, JoinedPictures) else labellers[0]


def _merged(labellers: Sequence[Labeller]) -> Labeller:
    return labellers[0] if len(labellers) == 1 else MergedLabeller(labellers)


def _times(given: Sequence[object]) -> str:
    return {0: "not at all", 1: "once"}.get(len(given), f"{len(given)} times")
