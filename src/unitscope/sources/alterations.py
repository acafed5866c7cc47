"""What can be done to a picture without any weights: functions of the picture and of random numbers of its own.

Each takes RGB ``(H, W, 3)`` uint8 and a generator, and returns another picture of that shape. The disturbed phases are
those of Geirhos et al. (2018), silhouettes after Geirhos et al. (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray
from PIL import Image

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.sources.altered import Alteration, Picture

DARKEST, LIGHTEST = 0, 208
"""Levels of the objects of a silhouette, before white."""
NOTHING = 255


def shuffle(picture: Picture, generator: np.random.Generator, *, patch: int) -> Picture:
    """Put square patches into another order, in which none stays where it was: texture stays, shape goes.

    What is left over at the right and at the bottom, where patches do not fit, stays.

    Args:
        picture: the original.
        generator: draws the order.
        patch: side of a patch, pixels.

    Raises:
        UnitscopeError: fewer than two patches fit.
    """
    rows, columns = picture.shape[0] // patch, picture.shape[1] // patch
    if rows * columns < 2:
        raise UnitscopeError(
            f"patches of {patch} pixels cannot be put into another order in a picture of "
            f"{picture.shape[1]}x{picture.shape[0]}; give shuffle:K a smaller K"
        )
    altered = picture.copy()
    whole = altered[: rows * patch, : columns * patch]
    patches = whole.reshape(rows, patch, columns, patch, 3).swapaxes(1, 2).reshape(-1, patch, patch, 3)
    order = generator.permutation(len(patches))
    moved = np.empty_like(patches)
    # Every patch goes to the place of the next one of a random order: all places are one cycle.
    moved[np.roll(order, -1)] = patches[order]
    whole[:] = moved.reshape(rows, columns, patch, patch, 3).swapaxes(1, 2).reshape(whole.shape)
    return altered


def gray(picture: Picture, _generator: np.random.Generator) -> Picture:
    """Take the colour away: every channel becomes the luma of ITU-R 601."""
    return np.repeat(np.asarray(Image.fromarray(picture).convert("L"))[..., None], 3, axis=2)


def blur(picture: Picture, _generator: np.random.Generator, *, sigma: float) -> Picture:
    """Smooth with a Gaussian of `sigma` pixels, edges repeated: fine texture goes, coarse shape stays."""
    smooth = scipy.ndimage.gaussian_filter(picture.astype(np.float64), (sigma, sigma, 0), mode="nearest")
    return _rounded(smooth)


def phase(picture: Picture, generator: np.random.Generator, *, share: float) -> Picture:
    """Disturb the phases of the Fourier transform, all channels alike: the spectrum stays, shape goes.

    To each phase a number is added that is drawn evenly between -share pi and share pi; the mean stays.
    """
    height, width = picture.shape[:2]
    noise = np.angle(np.fft.fft2(generator.standard_normal((height, width))))
    # What is its own mirror image must stay real.
    own = [[0, side // 2] if side % 2 == 0 else [0] for side in (height, width)]
    noise[np.ix_(*own)] = 0
    spectrum = np.fft.fft2(picture.astype(np.float64), axes=(0, 1))
    turned = np.fft.ifft2(spectrum * np.exp(1j * share * noise)[..., None], axes=(0, 1))
    return _rounded(turned.real)


def silhouette(labels: NDArray[np.integer], generator: np.random.Generator) -> Picture:
    """Draw every concept of a label map in one flat gray of its own, on white: shape stays, colour and texture go.

    Args:
        labels: one plane ``(H, W)``; 0 is nothing.
        generator: draws which concept gets which gray; a single one is black.
    """
    numbers, places = np.unique(labels, return_inverse=True)
    found = int((numbers != 0).sum())
    levels = np.full(len(numbers), NOTHING, np.uint8)
    levels[numbers != 0] = generator.permutation(np.linspace(DARKEST, LIGHTEST, found)).astype(np.uint8)
    return np.repeat(levels[places.reshape(labels.shape)][..., None], 3, axis=2)


def _rounded(values: NDArray[np.float64]) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _patch(text: str) -> Alteration:
    number = int(text)
    if number < 1:
        raise ValueError
    return partial(shuffle, patch=number)


def _sigma(text: str) -> Alteration:
    number = float(text)
    if not 0 < number < np.inf:
        raise ValueError
    return partial(blur, sigma=number)


def _share(text: str) -> Alteration:
    number = float(text)
    if not 0 < number <= 1:
        raise ValueError
    return partial(phase, share=number)


_KNOWN: dict[str, tuple[Callable[[str], Alteration], str]] = {
    "shuffle": (_patch, "shuffle:K, patches of K pixels such as shuffle:16"),
    "blur": (_sigma, "blur:S, a Gaussian of S pixels such as blur:3"),
    "phase": (_share, "phase:S, S above 0 and at most 1 such as phase:0.5"),
}
PLAIN = ("gray",)
OTHERS = ("silhouette", "retexture", "stylize")
"""What needs more than a picture; see `unitscope.nouns.pairs`."""


def alteration(spec: str) -> Alteration:
    """Return the alteration that a person names: ``shuffle:K``, ``gray``, ``blur:S`` or ``phase:S``.

    Raises:
        UnitscopeError: there is none of the name, or its number cannot be.
    """
    name, _, number = spec.partition(":")
    if spec in PLAIN:
        return gray
    if name not in _KNOWN:
        known = (*_KNOWN, *PLAIN, *OTHERS)
        hint = did_you_mean(name, known) or f" there are {', '.join(known)} and FILE.py:FUNCTION"
        raise UnitscopeError(f"alteration {spec!r} not found;{hint}")
    make, wanted = _KNOWN[name]
    try:
        return make(number)
    except ValueError:
        raise UnitscopeError(f"alteration {spec!r} cannot be read; write {wanted}") from None
