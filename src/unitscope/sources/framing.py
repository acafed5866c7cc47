"""Which region of a picture the network sees, for the picture and for what is labelled in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LabelT = TypeVar("LabelT", bound=np.generic)
RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Framing:
    """The region of a picture that becomes the network's input.

    Attributes:
        mode: "squash": the whole picture, stretched; "crop": the largest central region with the input's
            shape.
        share: the central part of that region's sides that is seen.
        interpolation: how `resize` resamples.
    """

    mode: Literal["squash", "crop"] = "squash"
    share: float = 1.0
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"

    def box(self, height: int, width: int, aspect: float) -> tuple[float, float, float, float]:
        """Return the region as (left, top, right, bottom), in pixels of the picture.

        Args:
            height: of the picture, pixels.
            width: of the picture, pixels.
            aspect: width / height of the network's input.
        """
        whole = self.mode == "squash"
        wide = self.share * (width if whole else min(width, height * aspect))
        high = self.share * (height if whole else min(height, width / aspect))
        left, top = (width - wide) / 2, (height - high) / 2
        return left, top, left + wide, top + high

    def resize(
        self, picture: NDArray[np.uint8], size: tuple[int, int], *, aspect: float | None = None
    ) -> NDArray[np.uint8]:
        """Return the region, resampled to `size`, with antialiasing.

        Args:
            picture: RGB, (H, W, 3) uint8.
            size: height and width of the result, pixels.
            aspect: width / height that decides the region, if it is not that of `size`: a segmenter looks at
                the network's region whatever the shape of its own input.

        Returns:
            RGB, (h, w, 3) uint8.
        """
        height, width = size
        box = self.box(picture.shape[0], picture.shape[1], aspect or width / height)
        image = Image.fromarray(picture).resize((width, height), RESAMPLING[self.interpolation], box=box)
        return np.asarray(image)

    def sample_labels(
        self, labels: NDArray[LabelT], *, size: tuple[int, int], grid: tuple[int, int]
    ) -> NDArray[LabelT]:
        """Return the labels at the centres of the cells of a grid laid over the region.

        Args:
            labels: (P, H, W), of the whole picture.
            size: height and width of the network's input; only their ratio matters.
            grid: rows and columns of the result.

        Returns:
            (P, rows, columns), of the dtype of `labels`.
        """
        _, height, width = labels.shape
        left, top, right, bottom = self.box(height, width, size[1] / size[0])
        rows = _centres(top, bottom, count=grid[0], limit=height)
        columns = _centres(left, right, count=grid[1], limit=width)
        return np.ascontiguousarray(labels[:, rows[:, None], columns])


def _centres(start: float, stop: float, *, count: int, limit: int) -> NDArray[np.intp]:
    """Return the pixels that hold the centres of `count` equal steps from `start` to `stop`."""
    centres = start + (np.arange(count) + 0.5) * ((stop - start) / count)
    pixels: NDArray[np.intp] = np.clip(np.floor(centres), 0, limit - 1).astype(np.intp)
    return pixels
