"""Ground truth: for every picture of a folder, mask files that hold one label number per pixel."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.concepts.labelfile import LARGEST, LabelTable, check_zero, read_labels
from unitscope.concepts.labelrows import Color
from unitscope.concepts.maskrules import NO_SUFFIX, MaskRules
from unitscope.concepts.vocabulary import IGNORED, NOTHING, UNNAMED, Vocabulary
from unitscope.errors import UnitscopeError, as_typed
from unitscope.sources.decode import picture_size
from unitscope.sources.exif import orientation, upright
from unitscope.sources.files import WORKERS, combined_hash, files_hash, find_files, same_name
from unitscope.sources.formats import opened
from unitscope.sources.pictures import PictureFolder, check_folder
from unitscope.sources.whole import is_whole

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")
UNSUITABLE = {
    ".jpg": "is compressed with loss, which changes label numbers",
    ".jpeg": "is compressed with loss, which changes label numbers",
    ".webp": "is usually compressed with loss, which changes label numbers",
    ".gif": "is a gif, whose colours are renumbered by the programs that write it",
}


@dataclass(frozen=True)
class _Plane:
    """One folder of masks with its labels: one plane of the label map."""

    folder: Path
    table: LabelTable
    lookup: NDArray[np.int32]
    files: dict[str, str]
    """Picture -> relative path of its mask."""


class PictureMasks:
    """The mask files of a `PictureFolder`; each pair of mask folder and label file is one plane.

    The mask of ``a/b/x.jpg`` is ``a/b/x.png`` below the mask folder, or ``a/b/x.jpg.png`` (bmp and tif are found too),
    of the size of the picture as it is seen, with one 8-bit, 16-bit or palette value per pixel, or one colour where the
    label file gives colours; 0 is "nothing".

    Args:
        pictures: the pictures.
        pairs: mask folder and label file of every plane.
        category: the category of labels for which the label file gives none.
        rules: what else is said of the masks.

    Attributes:
        ignored: the numbers of each plane whose pixels count nowhere, those that its label file calls void included.

    Raises:
        UnitscopeError: a mask folder or label file is not usable, or two label files name the same concept.
    """

    def __init__(
        self,
        pictures: PictureFolder,
        pairs: Sequence[tuple[Path, Path]],
        *,
        category: str = "object",
        rules: MaskRules | None = None,
    ) -> None:
        if not pairs:
            raise UnitscopeError("no masks given; give --masks FOLDER and --labels FILE")
        self.pictures, self.rules = pictures, rules or MaskRules()
        tables = [_labels_of(labels, category, self.rules, len(pairs)) for _, labels in pairs]
        _check_names_differ(tables)
        if self.rules.zero_is_a_class and NOTHING not in self.rules.ignore:
            check_zero(tables)
        self.vocabulary = Vocabulary([concept for table in tables for concept in table.concepts])
        self._planes: list[_Plane] = []
        first = 1
        for (folder, _), table in zip(pairs, tables, strict=True):
            check_folder(Path(folder), "mask folder")
            lookup = table.lookup(first, LARGEST + 1)
            lookup[list(self.rules.ignore)] = IGNORED
            files = _masks_of(pictures.sample_ids, Path(folder), self.rules)
            self._planes.append(_Plane(Path(folder), table, lookup, files))
            first += len(table.concepts)
        self.ignored = tuple(tuple(sorted({*self.rules.ignore, *table.void})) for table in tables)

    @property
    def planes(self) -> int:
        """The number of planes of a label map."""
        return len(self._planes)

    @property
    def name(self) -> str:
        """The names of the mask folders."""
        return "+".join(plane.folder.resolve().name for plane in self._planes)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the masks (see `files_hash`) and of what their values mean, as hexadecimal digits."""
        samples = self.pictures.sample_ids
        hashes = [
            files_hash(plane.folder, [plane.files[sample] for sample in samples if sample in plane.files])
            for plane in self._planes
        ]
        numbers = [plane.table.numbers for plane in self._planes]
        colors = [
            sorted((number, *color) for color, number in plane.table.colors.items()) for plane in self._planes
        ]
        more = [part for part in (self.ignored, colors) if any(part)]
        return combined_hash(self.vocabulary.content_hash, numbers, hashes, *more)

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label map of one picture, (P, H, W), as numbers of the vocabulary.

        A pixel that one plane says not to count is IGNORED in all of them.

        Raises:
            UnitscopeError: a mask is missing, broken, or holds a value that the label file does not name.
        """
        sample_id = self.pictures.sample_ids[index]
        maps = [self._plane_labels(plane, sample_id) for plane in self._planes]
        if len({part.shape for part in maps}) > 1:
            sizes = " and ".join(f"{part.shape[1]}x{part.shape[0]}" for part in maps)
            raise UnitscopeError(
                f"the masks of picture {sample_id!r} have different sizes, {sizes}; make them equal"
            )
        labels = np.stack(maps)
        labels[:, (labels == IGNORED).any(0)] = IGNORED
        return labels

    def check(self) -> None:
        """Look at every mask before any work is done.

        Pictures that cannot be opened are left to the run, which skips them; their masks are not compared in
        size.

        Raises:
            UnitscopeError: a mask is missing, has another size than its picture, or holds an unknown value.
        """
        for plane in self._planes:
            self._check_all_there(plane)
        pool = ThreadPoolExecutor(WORKERS)
        try:
            for _ in pool.map(self._check_one, range(len(self.pictures))):
                pass
        finally:
            pool.shutdown(cancel_futures=True)

    def _check_all_there(self, plane: _Plane) -> None:
        missing = [sample for sample in self.pictures.sample_ids if sample not in plane.files]
        if not missing:
            return
        expected = plane.folder / f"{next(self.rules.stems(missing[0]), missing[0])}.png"
        found = next((suffix for suffix in UNSUITABLE if expected.with_suffix(suffix).is_file()), None)
        if found and expected.with_suffix(found) != self.pictures.folder / missing[0]:
            raise UnitscopeError(
                f"mask {str(expected.with_suffix(found))!r} {UNSUITABLE[found]}; save masks as png"
            )
        raise UnitscopeError(
            f"{len(missing)} of {len(self.pictures)} pictures have no mask in {str(plane.folder)!r}; "
            f"the first is {missing[0]!r}, whose mask was expected at {str(expected)!r}{_advice(plane, missing[0])}"
        )

    def _check_one(self, index: int) -> None:
        labels = self.labels(index)
        path = self.pictures.path(index)
        try:
            height, width = picture_size(path)
        except ValueError:
            return
        if labels.shape[1:] == (height, width):
            return
        sample_id = self.pictures.sample_ids[index]
        turned = labels.shape[1:] == (width, height)
        advice = "make the mask for the picture as it is seen" + (
            ", turned by its EXIF tag" if turned else ""
        )
        raise UnitscopeError(
            f"picture {sample_id!r} is {width}x{height} pixels and its mask "
            f"{labels.shape[2]}x{labels.shape[1]}; {advice}"
        )

    def _plane_labels(self, plane: _Plane, sample_id: str) -> NDArray[np.int32]:
        if sample_id not in plane.files:
            expected = plane.folder / next(self.rules.stems(sample_id), sample_id)
            raise UnitscopeError(f"picture {sample_id!r} has no mask at {str(expected)!r}.png")
        path = plane.folder / plane.files[sample_id]
        values = read_mask(path, plane.table.colors)
        labels: NDArray[np.int32] = plane.lookup[values]
        if (labels == UNNAMED).any():
            raise UnitscopeError(
                f"mask {str(path)!r} holds the value {int(values[labels == UNNAMED][0])}, which "
                f"{plane.table.source!r} does not name (its largest number is {plane.table.largest}); "
                "add it to the label file, or give it to --ignore"
            )
        return labels


def read_mask(path: Path, colors: Mapping[Color, int] | None = None) -> NDArray[np.integer]:
    """Return the numbers in a mask file as it is seen, (H, W); of a palette picture, the indices and not the colours.

    It is turned by an orientation tag of its own, as pictures are.

    Args:
        path: the file.
        colors: the number of each colour, where the label file gives colours: then what is seen counts, also in a
            palette picture.

    Raises:
        UnitscopeError: the file cannot be read, has several pages, holds something else than numbers, or is of a kind
            that changes numbers.
    """
    try:
        with opened(path) as image:
            kind, stored, pages = image.format or "", _stored_as(image), getattr(image, "n_frames", 1)
            image.load()
            if not is_whole(image, path):
                raise ValueError("it ends early")
            seen = upright(image, orientation(image))
            if colors and image.mode in ("RGB", "RGBA", "P"):
                seen = seen.convert("RGB")
            mode, values = seen.mode, np.asarray(seen)
    except Exception as error:  # decoders raise whatever they stumble on
        problem = " ".join(str(error).split())
        raise UnitscopeError(f"mask {str(path)!r} cannot be read ({problem}); make it again") from error
    if kind not in ("PNG", "BMP", "TIFF"):
        raise UnitscopeError(f"mask {str(path)!r} is a {kind} file whatever its name says; save masks as png")
    if pages > 1:
        raise UnitscopeError(
            f"mask {str(path)!r} has {pages} pages, of which one alone would be read; save one page with one number "
            "per pixel, or each as masks of a plane of their own"
        )
    if mode == "RGB" and colors:
        return _numbers_of_colors(path, values, colors)
    if mode not in ("1", "L", "P", "I") and not mode.startswith("I;16"):
        raise UnitscopeError(
            f"mask {str(path)!r} holds {_HELD.get(mode, 'colours')} (mode {mode}); save it with one number per pixel, "
            "8-bit, 16-bit or palette, or give a label file with their colours, as CVAT's labelmap.txt"
        )
    if mode == "I" and (values.min() < 0 or values.max() > LARGEST):
        raise UnitscopeError(
            f"mask {str(path)!r} holds values beyond 0 to {LARGEST}; use smaller label numbers"
        )
    if "I" in stored.partition(";")[2]:
        raise UnitscopeError(f"mask {str(path)!r} stores its values inverted (white is 0); save masks as png")
    return values.astype(np.uint8) if mode == "1" else values // _STRETCH.get(stored, 1)


_HELD = {
    "F": "floating-point numbers",
    **dict.fromkeys(("LA", "La", "PA"), "transparency beside its numbers"),
}
"""What is in masks besides whole numbers and colours, by the mode of the file."""
_STRETCH = {"L;2": 85, "L;2R": 85, "L;4": 17, "L;4R": 17}
"""What Pillow multiplies gray values of two or four bits with, whichever of them comes first in a byte."""


def _stored_as(image: Image.Image) -> str:
    """Return Pillow's name of the pixel format in the file, such as ``L;4`` for four-bit gray."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) and first.partition(";")[0] in ("1", "L") else ""


def _numbers_of_colors(
    path: Path, values: NDArray[np.uint8], colors: Mapping[Color, int]
) -> NDArray[np.integer]:
    """Return the number of each pixel's colour, ``(H, W, 3) -> (H, W)``."""
    packed = values.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    found, places = np.unique(packed, return_inverse=True)
    known = {red * 65536 + green * 256 + blue: number for (red, green, blue), number in colors.items()}
    for color in found.tolist():
        if color not in known:
            raise UnitscopeError(
                f"mask {str(path)!r} holds the colour {color >> 16},{color >> 8 & 255},{color & 255}, which the label "
                "file does not name; add it there"
            )
    numbers = np.array([known[color] for color in found.tolist()], np.int32)
    return numbers[places].reshape(packed.shape)


def _labels_of(path: Path, category: str, rules: MaskRules, planes: int) -> LabelTable:
    """Read a label file; a number that is ignored in several planes may be meant to be in one of them alone."""
    return read_labels(
        path,
        category=category,
        zero_is_a_class=rules.zero_is_a_class,
        ignore=rules.ignore,
        nameless=rules.implied if planes == 1 else rules.ignore,
        columns=rules.columns,
    )


def _mask_files(folder: Path) -> dict[str, list[str]]:
    """Find the masks of a folder, by their paths without extension."""
    found = defaultdict[str, list[str]](list)
    for path in find_files(folder, MASK_SUFFIXES):
        found[same_name(str(PurePosixPath(path).with_suffix("")))].append(path)
    return found


def _masks_of(samples: Sequence[str], folder: Path, rules: MaskRules) -> dict[str, str]:
    """Return the mask of every picture that has one.

    Raises:
        UnitscopeError: two files may be the mask of a picture, or one file may be that of two.
    """
    files, masks, owners = _mask_files(folder), dict[str, str](), dict[str, str]()
    for sample in samples:
        found = [files.get(same_name(stem), []) for stem in rules.stems(sample)]
        if rules.suffix != NO_SUFFIX:
            found = [each for each in found if each][:1]
        candidates = [path for each in found for path in each]
        if len(candidates) > 1:
            raise UnitscopeError(
                f"picture {sample!r} has two masks in {str(folder)!r}, {candidates[0]!r} and {candidates[1]!r}; "
                "leave one of them there"
            )
        for mask in candidates:
            if mask in owners:
                raise UnitscopeError(
                    f"pictures {owners[mask]!r} and {sample!r} have the same mask in {str(folder)!r}, {mask!r}; "
                    "rename one of them, and give each a mask of its own"
                )
            masks[sample], owners[mask] = mask, sample
    return masks


def _advice(plane: _Plane, sample: str) -> str:
    """Say which ending the masks seem to have, where one of them begins like the picture."""
    stem = same_name(str(PurePosixPath(sample).with_suffix("")))
    name = PurePosixPath(stem).name
    likely = sorted(PurePosixPath(each).name for each in _mask_files(plane.folder))
    longer = next((each for each in likely if each.startswith(name) and each != name), None)
    return (
        f"; give --mask-suffix {as_typed(longer.removeprefix(name))} if that is {longer!r}" if longer else ""
    )


def _check_names_differ(tables: Sequence[LabelTable]) -> None:
    for one, other in itertools.combinations(tables, 2):
        for concept in one.concepts:
            if concept in other.concepts:
                raise UnitscopeError(
                    f"label files {one.source!r} and {other.source!r} both name the {concept.category} "
                    f"{concept.name!r}; give one of them another category"
                )
