"""Stylised pictures: each in the style of one picture of a folder, drawn at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unitscope.errors import UnitscopeError
from unitscope.models.adain import load_transfer
from unitscope.paths import AnyPath, as_path
from unitscope.sources.altered import Picture
from unitscope.sources.base import PictureSource, UnreadablePicture
from unitscope.sources.files import combined_hash
from unitscope.sources.pairs import Frame
from unitscope.sources.pictures import PictureFolder

STYLIZE = "stylize:"


class Stylizing:
    """An alteration that draws a picture in a style; styles that cannot be read are passed over.

    Args:
        transfer: draws the content of one picture in the style of another.
        styles: the pictures whose styles are taken.
        frame: what is seen of a style: as much as of the pictures.
    """

    def __init__(
        self, transfer: Callable[[Picture, Picture], Picture], styles: PictureSource, frame: Frame
    ) -> None:
        self.transfer, self.styles, self.frame = transfer, styles, frame

    def __call__(self, picture: Picture, generator: np.random.Generator) -> Picture:
        """Return the picture in a style that is drawn.

        Raises:
            UnitscopeError: no style can be read.
        """
        reason = ""
        for number in generator.permutation(len(self.styles)):
            try:
                style = self.styles.read(int(number))
            except UnreadablePicture as error:
                reason = str(error)
                continue
            return self.transfer(picture, self.frame.of(style))
        raise UnitscopeError(f"none of the styles of {self.styles.name!r} could be read; the last: {reason}")


def stylizing(
    spec: str, adain: AnyPath | None, frame: Frame, device: str | None = None
) -> tuple[Stylizing, str]:
    """Return the alteration ``stylize:FOLDER``, and a hash of the styles and the weights.

    Args:
        spec: as it is written.
        adain: the folder of the published networks, see `load_transfer`.
        frame: what a network sees of pictures.
        device: where the networks are to run.

    Raises:
        UnitscopeError: there is no folder of styles or none of networks, or these do not fit.
    """
    folder = spec.removeprefix(STYLIZE)
    if not folder:
        raise UnitscopeError("no folder of styles; write stylize:FOLDER")
    if adain is None:
        raise UnitscopeError(
            f"{spec!r} needs the published networks of AdaIN; give --adain DIR, a folder that holds vgg_normalised and "
            "decoder"
        )
    styles, transfer = PictureFolder(as_path(folder)), load_transfer(adain, device)
    return Stylizing(transfer, styles, frame), combined_hash(styles.content_hash, transfer.content_hash)
