"""How things show themselves in a notebook: titles, facts, tables and pictures in HTML, in the notebook's colours."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

PICTURE_WIDTH = 144
"""Pixels of a notebook."""
STYLE = """
.unitscope { color: inherit; font-size: 13px; line-height: 1.4; max-width: 1100px; }
.unitscope p { margin: 0 0 6px; }
.unitscope .quiet { opacity: .72; }
.unitscope .side { display: flex; flex-wrap: wrap; gap: 8px 28px; align-items: flex-start; margin: 0 0 8px; }
.unitscope .side:has(figure) { column-gap: 10px; }
.unitscope table { border-collapse: collapse; margin: 0 0 8px; font-size: inherit; line-height: inherit;
  font-variant-numeric: tabular-nums; }
.unitscope table tr { background: none !important; }
.unitscope table th, .unitscope table td { padding: 1px 12px 1px 0 !important; text-align: left !important;
  vertical-align: top; background: none !important; border: 0; color: inherit; white-space: normal; }
.unitscope table thead th { font-weight: 600; border-bottom: 1px solid; }
.unitscope table tbody th { font-weight: 400; opacity: .72; white-space: nowrap; }
.unitscope table .number { text-align: right !important; white-space: nowrap; }
.unitscope figure { margin: 0; }
.unitscope img { display: block; background: none; image-rendering: auto; }
.unitscope figcaption { font-size: 12px; overflow-wrap: anywhere; }
.unitscope ul { margin: 0 0 6px; padding-left: 18px; }
.unitscope svg text { fill: currentColor; }
.unitscope svg .background { fill: none; }
.unitscope svg path[fill="#4a3fc4"] { fill: #7a70e8; }
.unitscope svg .mark-rule line { stroke: currentColor; }
.unitscope svg .role-axis-grid line { stroke: currentColor; stroke-opacity: .18; }
.unitscope .key { display: inline-block; width: 10px; height: 10px; margin-right: 4px; border: 1px solid; }
.unitscope .key + .quiet { margin-right: 14px; }
"""
"""Colours are the notebook's, so that light and dark need nothing; without this style all is still there to read.

What notebooks say of tables themselves, stripes and numbers to the right, gives way to rules of importance alone.
"""


def card(title: str, *parts: str, link: str = "") -> str:
    """Return what something shows of itself: a title, and parts that are HTML already; empty ones are left out."""
    body = "".join(part for part in parts if part)
    return f'<div class="unitscope"><style>{STYLE}</style><p><strong>{escape(title)}</strong>{link}</p>{body}</div>'


def page_link(page: Path, fragment: str = "") -> str:
    """Return a link to a page; one in or below the working folder is named from there, as notebook servers want it."""
    try:
        where = quote(page.resolve().relative_to(Path.cwd()).as_posix())
    except ValueError:
        where = page.resolve().as_uri()
    return f' <a href="{escape(where + fragment)}" target="_blank">report</a>'


def line(text: str, *, quiet: bool = False) -> str:
    """Return a line of text."""
    start = '<p class="quiet">' if quiet else "<p>"
    return f"{start}{escape(text)}</p>"


def lines(texts: Iterable[str]) -> str:
    """Return lines of text as a list; nothing for none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return what is known under names."""
    return "<table><tbody>" + "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in rows
    ) + "</tbody></table>"  # fmt: skip


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, words: int = 1) -> str:
    """Return a table; its first so many columns are words, the others numbers, written as they are to be read."""
    kinds = ["" if at < words else ' class="number"' for at in range(len(headings))]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(headings, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(str(each))}</td>" for each, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )  # fmt: skip
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def beside(*parts: str) -> str:
    """Return parts side by side, as many as there is room for."""
    return f'<div class="side">{"".join(f"<div>{part}</div>" for part in parts if part)}</div>'


def picture(
    pixels: NDArray[np.uint8], *, alt: str, caption: Sequence[str], width: int = PICTURE_WIDTH
) -> str:
    """Return a picture ``(H, W, 3)`` uint8 with lines below it, within the HTML; tiny ones are drawn larger."""
    from PIL import Image

    found = Image.fromarray(pixels)
    times = width // found.width
    if times > 1:
        found = found.resize((found.width * times, found.height * times), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    found.save(buffer, "JPEG", quality=88)
    data = base64.b64encode(buffer.getvalue()).decode()
    said = "<br>".join(escape(each) for each in caption)
    return (
        f'<figure style="width:{width}px"><img src="data:image/jpeg;base64,{data}" alt="{escape(alt)}" '
        f'width="{width}"><figcaption>{said}</figcaption></figure>'
    )


def key(*colors: tuple[str, str]) -> str:
    """Return what colours mean: a line of pairs of a colour of CSS and words."""
    said = (
        f'<span class="key" style="background:{color}"></span><span class="quiet">{escape(words)}</span>'
        for color, words in colors
    )
    return f"<p>{''.join(said)}</p>"


def scale(value: float, low: float, high: float, cut: float) -> str:
    """Return a value with its interval on an axis from 0 to 1, and a mark at the least that counts."""
    at = [6 + 240 * min(max(each, 0.0), 1.0) for each in (value, low, high, cut)]
    ticks = "".join(
        f'<line x1="{6 + 240 * tick:g}" x2="{6 + 240 * tick:g}" y1="18" y2="22" stroke="currentColor"/>'
        f'<text x="{6 + 240 * tick:g}" y="34" font-size="10" text-anchor="middle" fill="currentColor">{tick:g}</text>'
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )
    said = f"{value:.3f}, interval {low:.3f} to {high:.3f}, at least {cut:.3f} counts"
    return (
        f'<svg width="252" height="38" role="img" aria-label="{said}"><title>{said}</title>'
        f'<line x1="6" x2="246" y1="18" y2="18" stroke="currentColor" stroke-opacity=".5"/>{ticks}'
        f'<line x1="{at[3]:.1f}" x2="{at[3]:.1f}" y1="4" y2="18" stroke="currentColor" stroke-dasharray="2 2"/>'
        f'<line x1="{at[1]:.1f}" x2="{at[2]:.1f}" y1="11" y2="11" stroke="#7a70e8" stroke-width="5" '
        f'stroke-opacity=".55"/><circle cx="{at[0]:.1f}" cy="11" r="4.5" fill="#7a70e8"/></svg>'
    )
