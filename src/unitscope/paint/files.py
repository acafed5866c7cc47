"""Pictures and recipes as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.paint.studio import png


def write_pictures(out: Path, pictures: NDArray[np.uint8], numbers: Sequence[int] | None) -> list[Path]:
    """Write pictures ``(N, H, W, 3)`` as PNG: one to a file, or those of numbered latents into a folder.

    Raises:
        UnitscopeError: they cannot be written there.
    """
    files = [out] if numbers is None else [out / f"latent-{number:06d}.png" for number in numbers]
    try:
        files[0].parent.mkdir(parents=True, exist_ok=True)
        for file, picture in zip(files, pictures, strict=True):
            file.write_bytes(png(picture))
    except OSError as error:
        raise UnitscopeError(f"--out {error.filename or out} cannot be written: {error.strerror}") from error
    return files
