"""Charts as files for a paper, and the scripts that draw them in a page."""

from __future__ import annotations

import json
import os
import re
import tempfile
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import altair as alt
import vl_convert as vlc

from unitscope.cache import Recent, cache_folder
from unitscope.report.charts.parts import Figure
from unitscope.report.charts.theme import PANEL, config

VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
"""The Vega-Lite that draws pages and files."""
ENDINGS = ("svg", "png", "pdf")
MARGIN = 12
KEPT_BYTES = 32 << 20
"""Of files that are remembered: a report that is written again has most of those that it had."""
Files = tuple[bytes, bytes, bytes]
_kept = Recent[bytes, Files](KEPT_BYTES, lambda files: sum(map(len, files)))


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as `path.svg`, `path.png` (160 dots an inch) and `path.pdf`."""
    spec = json.dumps(file_spec(figure))
    files = _kept.made(sha256(spec.encode()).digest(), lambda: _drawn(spec))
    for ending, content in zip(ENDINGS, files, strict=True):
        path.with_name(f"{path.name}.{ending}").write_bytes(content)


def _drawn(spec: str) -> Files:
    """Return the content of the files of a figure, in the order of their endings."""
    svg = _numbered(vlc.vegalite_to_svg(spec, vl_version=VERSION))
    return svg.encode(), vlc.svg_to_png(svg, ppi=160, scale=1), vlc.svg_to_pdf(svg)


def _numbered(svg: str) -> str:
    """Number the definitions of a drawing from 0, for the library counts on, and drop what is no letter of XML."""
    svg = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", svg)
    names = dict.fromkeys(re.findall(r'id="((?:clip|gradient_)\d+)"', svg))
    numbers = {name: f"d{at}" for at, name in enumerate(names)}
    return re.sub(r"\b(?:clip|gradient_)\d+\b", lambda found: numbers.get(found.group(), found.group()), svg)


def file_spec(figure: Figure) -> dict[str, object]:
    """Return the specification of a figure for a file: on white, with its title, as wide as the figure says."""
    spec = figure.spec()
    if spec.get("width") == "container":
        spec["width"] = figure.width
    title = {"text": figure.title, "subtitle": figure.note} if figure.note else {"text": figure.title}
    look = {**config(), "background": PANEL}
    return {**spec, "title": title, "padding": MARGIN, "config": look}


def bundle() -> Path:
    """Return the script with Vega, Vega-Lite and Vega-Embed; made once for each version, and kept in the cache."""
    path = cache_folder() / "charts" / f"vega-{version('vl-convert-python')}-{VERSION}.js"
    if not path.is_file():
        text = _bundled()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    return path


@cache
def _bundled() -> str:
    code = "window.vega = vega; window.vegaLite = vegaLite; window.vegaEmbed = vegaEmbed;"
    found: str = vlc.javascript_bundle(code, vl_version=VERSION)
    return found
