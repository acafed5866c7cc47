"""Pages that are one file: their styles, their figures as SVG in the page's own colours, and their pictures."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from unitscope.report.figure_style import INK, MUTED, RULE
from unitscope.report.figures import STYLE
from unitscope.report.masks import draw_mask
from unitscope.report.strips import QUALITY, pack_image, to_image
from unitscope.run.masks import resize_mask, unpack_mask

ASSETS = Path(__file__).parent / "assets"
SIDE = 256
"""Longer side of a drawn picture, pixels."""
THEMED = {INK: "--ink", MUTED: "--muted", RULE: "--rule"}


def single_page(*styles: str) -> dict[str, Any]:
    """Return what the template `single.html` needs: the styles of every page with those named, and the theme."""
    names = ("app.css", "pages.css", "single.css", *styles)
    return {
        "styles": Markup("\n".join(_asset(name) for name in names)),
        "theme": Markup(_asset("js/theme.js")),
    }


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def themed_svg(figure: Figure, colors: Mapping[str, str]) -> Markup:
    """Return a figure as SVG for a page: no background, and the colours of the page in place of its own.

    Args:
        figure: drawn with the shared style.
        colors: its further colours, each with the custom property of the page that takes its place.
    """
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set_visible(False)
    written = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(
            written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    text = written.getvalue()
    text = text[text.index("<svg") :]
    for color, name in {**THEMED, **colors}.items():
        text = text.replace(color, f"var({name})")
    # The size is the page's business; the shape stays in the viewBox.
    return Markup(re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2))


def draw_picture(picture: Path, mask: bytes, shape: tuple[int, int], out: Path) -> tuple[int, int]:
    """Draw a picture larger, with the outline of a mask and the rest dimmed if anything is in it.

    Args:
        picture: the file.
        mask: packed bits, see `unpack_mask`.
        shape: height and width of the mask.
        out: the JPEG to write.

    Returns:
        Width and height in pixels.
    """
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    scale = SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    if any(mask):
        region = resize_mask(unpack_mask(mask, int(shape[0]), int(shape[1])), height, width)
        image = to_image(draw_mask(pack_image(image), region)).convert("RGB")
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return width, height
