"""Which files are pictures, and which only look like some."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image, features

from unitscope.sources.files import regular_file, same_name

NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow registers and does not decode itself, or only where another program is installed."""
HEIF = (".heic", ".heif", ".heics", ".heifs", ".hif")
"""What phones save; `pillow-heif` reads it."""
NEEDS_HEIF = "pip install 'unitscope[heif]' reads them"
NEEDS_OTHER_PILLOW = "Pillow is installed without their decoder"
BY_NAME = "read if given by name, as FOLDER/{000..099}.tar"
NO_PICTURE = "not read as pictures"
BESIDE = "masks beside their pictures"

MASK_EXTENSIONS = frozenset({".png", ".bmp", ".tif", ".tiff", ".gif"})
_MASK = re.compile(
    r"(?P<picture>.+?)[-_. ](?:masks?|segm?|segmentations?|segmask|labels?|labelmap|labeled|gt|ground[-_]?truth"
    r"|annotations?|anno|semantic|instances?|parts[-_]\d+|gt(?:fine|coarse)_\w+)",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?P<picture>.+?)[-_. ](?:leftimg8bit|images?|img|rgb|photo)", re.IGNORECASE)


@cache
def picture_suffixes() -> frozenset[str]:
    """Return the extensions of files that are read as pictures, in lower case with their dot.

    These are all that the installed Pillow decodes itself, and HEIC where `pillow-heif` is installed.
    """
    _open_heif()
    Image.init()
    without = NO_PICTURES if features.check("jpg_2000") else NO_PICTURES | {"JPEG2000"}
    return frozenset(
        suffix
        for suffix, name in Image.registered_extensions().items()
        if name in Image.OPEN and name not in without
    )


def unread_suffixes() -> Mapping[str, str]:
    """Return the extensions of pictures that could be read with what is not installed, and what that is."""
    wanting = {
        **dict.fromkeys(HEIF, NEEDS_HEIF),
        **dict.fromkeys((".avif", ".webp", ".jp2"), NEEDS_OTHER_PILLOW),
        **dict.fromkeys((".tar", ".parquet"), BY_NAME),
    }
    return {suffix: why for suffix, why in wanting.items() if suffix not in picture_suffixes()}


def opened(source: Path | bytes | BytesIO) -> Image.Image:
    """Return a picture file, open and not yet decoded.

    Raises:
        OSError: it is no file, or Pillow does not know its kind.
    """
    picture_suffixes()  # which makes HEIC known to Pillow
    if isinstance(source, Path):
        return unmapped(Image.open(regular_file(source)))
    return Image.open(BytesIO(source) if isinstance(source, bytes) else source)


def unmapped(image: Image.Image) -> Image.Image:
    """Keep Pillow from mapping a TIFF file into memory: of one that its tag turns, it would take rows for columns."""
    if image.format == "TIFF" and hasattr(image, "filename"):
        vars(image)["filename"] = ""
    return image


def _open_heif() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()


def masks_beside(names: Iterable[str]) -> set[str]:
    """Return those of some files that are called as a mask of another one in the same folder.

    ``a/x_mask.png`` is the mask of ``a/x.jpg``, and so are files that end in seg, label, gt and the like, with any
    of ``_-.`` or a space before it; Cityscapes' ``x_gtFine_labelIds.png`` is that of ``x_leftImg8bit.png``.

    Args:
        names: relative paths.
    """
    stems: dict[str, set[str]] = defaultdict(set)
    candidates: list[tuple[str, str, str]] = []
    for name in names:
        path = PurePosixPath(name)
        folder, stem = str(path.parent), same_name(path.stem)
        stems[folder].add(stem)
        if found := _PICTURE.fullmatch(stem):
            stems[folder].add(found["picture"])
        if path.suffix.lower() in MASK_EXTENSIONS and (found := _MASK.fullmatch(stem)):
            candidates.append((name, folder, found["picture"]))
    return {name for name, folder, picture in candidates if picture in stems[folder]}
