"""The pictures of a report: each once, in a few scripts, as large as a budget for each unit allows.

A file of its own for every picture or every unit makes a folder that nobody can mail. A pack is a script that holds
many pictures as base64, so the page can take single pictures from it without a server.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from unitscope.report.shell import script, write_text

PER_UNIT = 5_500
"""Bytes of packed pictures that a report may take for each unit."""
LEAST = 8 * 2**20
"""Bytes that any report may take for its pictures."""
PACK = 512 * 2**10
"""Bytes of a pack; more where there would be more than `PACKS` of them."""
PACKS = 80
TRIED = 48
"""Pictures that a form is tried with."""


@dataclass(frozen=True)
class Form:
    """How pictures are kept: WebP, the longer side at most so many pixels."""

    side: int
    quality: int


FORMS = tuple(
    Form(*each)
    for each in (
        (320, 84),
        (256, 82),
        (192, 78),
        (160, 75),
        (128, 72),
        (112, 68),
        (96, 62),
        (80, 56),
        (64, 50),
    )
)
Place = tuple[int, int]
"""Number of the pack, and place in it."""


@dataclass(frozen=True)
class Packed:
    """Where pictures are.

    Attributes:
        places: by name; a picture that cannot be read is not there.
        side: longest side of a picture in pixels.
        reduced: whether a picture is smaller here than in the run.
    """

    places: dict[str, Place]
    side: int
    reduced: bool


def picture_budget(units: int) -> int:
    """Return the bytes that the pictures of a report of so many units may take."""
    return max(LEAST, PER_UNIT * units)


def write_packs(
    names: Sequence[str],
    run: Path,
    folder: Path,
    *,
    budget: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Packed:
    """Write the packs `folder/<number>.js`.

    Args:
        names: pictures of the run, in the order in which they are likely to be asked for; each once.
        run: the run folder.
        folder: of the packs; made here.
        budget: bytes that all of them should take together.
        advance: is told how many pictures are done.
    """
    form, largest = choose_form([run / name for name in names], budget)
    packs = Packs(folder, max(PACK, budget // PACKS))
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for name, text in zip(names, pool.map(lambda name: packed(run / name, form), names), strict=True):
            if text is not None:
                packs.add(name, text)
            advance(1)
    packs.write()
    return Packed(packs.places, min(form.side, largest), largest > form.side)


class Packs:
    """Fills one pack after the other, each of about `size` bytes.

    Attributes:
        places: where each picture is, by name.
    """

    def __init__(self, folder: Path, size: int = PACK) -> None:
        folder.mkdir(parents=True)
        self.places: dict[str, Place] = {}
        self._folder, self._size = folder, size
        self._number, self._held = 0, 0
        self._texts: list[str] = []

    def add(self, name: str, text: str) -> None:
        """Add a picture, given as :func:`webp` writes it."""
        if self._held + len(text) > self._size:
            self.write()
        self.places[name] = (self._number, len(self._texts))
        self._texts.append(text)
        self._held += len(text)

    def write(self) -> None:
        """Write what has been added since the last pack, and begin the next one."""
        if not self._texts:
            return
        content = script(f".pictures[{self._number}]", self._texts)
        write_text(self._folder / f"{self._number}.js", content)
        self._number, self._held, self._texts = self._number + 1, 0, []


def choose_form(files: Sequence[Path], budget: int) -> tuple[Form, int]:
    """Choose the best form in which pictures are likely to take at most so many bytes; the smallest if none is.

    Args:
        files: the pictures; some of them are tried, spread over all.
        budget: bytes of all, as base64.

    Returns:
        The form, and the longest side of the pictures that were tried.
    """
    tried = [image for file in files[:: max(1, len(files) // TRIED)] if (image := _open(file)) is not None]
    if not tried:
        return FORMS[0], 0
    largest = max(max(image.size) for image in tried)
    for form in FORMS:
        mean = sum(len(_text(image, form)) for image in tried) / len(tried)
        if mean * len(files) <= budget:
            return form, largest
    return FORMS[-1], largest


def packed(file: Path, form: Form) -> str | None:
    """Return a picture in a form as base64; None if it cannot be read."""
    image = _open(file)
    return None if image is None else _text(image, form)


def webp(image: Image.Image, quality: int) -> str:
    """Return a picture as WebP in base64."""
    written = BytesIO()
    image.save(written, "WEBP", quality=quality)
    return base64.b64encode(written.getvalue()).decode("ascii")


def _open(file: Path) -> Image.Image | None:
    try:
        with Image.open(file) as image:
            return image.convert("RGB")
    except OSError:
        return None


def _text(image: Image.Image, form: Form) -> str:
    if max(image.size) > form.side:
        scale = form.side / max(image.size)
        width, height = (max(1, round(scale * length)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return webp(image, form.quality)
