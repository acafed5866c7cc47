"""The pictures of a run folder: each saved once, as the network saw or made it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.experiments.samples import Samples
from unitscope.run.layout import PICTURES
from unitscope.run.storage import write_file

JPEG_QUALITY = 88


class PictureFiles:
    """Saves pictures of samples below a run folder.

    A picture that a generator made while its activations were read is there already, and is not made again.

    Args:
        samples: whose pictures they are.
        folder: the run folder.
    """

    def __init__(self, samples: Samples, folder: Path) -> None:
        self._samples, self._folder = samples, folder

    def save(self, sample: int) -> str | None:
        """Save the picture of a sample; return its path in the run folder, None where samples have no pictures."""
        name = _name(sample)
        if self._samples.generated and _is_whole(self._folder / name):
            return name
        picture = self._samples.picture(sample)
        if picture is None:
            return None
        self.write(sample, picture)
        return name

    def write(self, sample: int, picture: NDArray[np.uint8]) -> None:
        """Save a picture ``(H, W, 3)``."""
        image = Image.fromarray(picture)
        write_file(
            self._folder / _name(sample),
            lambda partial: image.save(partial, "JPEG", quality=JPEG_QUALITY),
            durable=False,
        )

    def keep_only(self, names: Iterable[str | None]) -> None:
        """Delete the pictures that a generator made and that are not among some names."""
        kept = set(names)
        if self._samples.generated:
            for path in (self._folder / PICTURES).glob("*.jpg"):
                if f"{PICTURES}/{path.name}" not in kept:
                    path.unlink()


def write_png(path: Path, picture: NDArray[np.uint8], *, durable: bool = True) -> None:
    """Write a picture ``(H, W, 3)`` without loss, in one step, see :func:`write_file`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(picture)
    write_file(path, lambda partial: image.save(partial, "PNG"), durable=durable)


def _name(sample: int) -> str:
    return f"{PICTURES}/{sample:06d}.jpg"


def _is_whole(path: Path) -> bool:
    """Return whether a picture opens: a power cut may have left an empty one."""
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True
