"""The shell of every page: its template, its styles and scripts, its charts, and how it writes numbers and dates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2

from unitscope.report.charts.files import bundle
from unitscope.report.charts.parts import Figure
from unitscope.report.charts.theme import PALETTE, config
from unitscope.report.folder import place_file
from unitscope.run.slugs import slug

ASSETS = Path(__file__).parent / "assets"
EARLY = ("core", "theme")
LATER = ("header", "files", "marks", "pictures", "router", "pager", "table", "charts")
FOLDER = "assets"
"""Where a report has them; all pages of a report share one."""


def write_assets(folder: Path, *parts: str) -> None:
    """Write the styles and scripts of a report into `folder/assets`.

    Args:
        folder: of the report.
        parts: the folders of scripts that its pages need beside the shell.
    """
    target = folder / FOLDER
    target.mkdir(parents=True)
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    write_text(target / "style.css", palette_css() + style)
    look = {"config": config(), "shades": dict(PALETTE.values())}
    early = [*_scripts("shell", EARLY), f"window.unitscope.look = {safe_json(look)};\n"]
    write_text(target / "early.js", "".join(early))
    write_text(target / "shell.js", "".join(_scripts("shell", LATER)))
    write_text(target / "start.js", "".join(_scripts("shell", ("start",))))
    for part in parts:
        names = sorted(path.stem for path in (ASSETS / part).glob("*.js"))
        write_text(target / f"{part}.js", "".join(_scripts(part, names)))
    place_file(bundle(), target / "vega.js")


def _scripts(part: str, names: Sequence[str]) -> list[str]:
    return [(ASSETS / part / f"{name}.js").read_text(encoding="utf-8") for name in names]


def palette_css() -> str:
    """Return the palette as custom properties, for light pages and for dark ones."""
    shades = ["".join(f"  --{name}: {pair[at]};\n" for name, pair in PALETTE.items()) for at in range(2)]
    light, dark = (
        f"  color-scheme: {name};\n{lines}" for name, lines in zip(("light", "dark"), shades, strict=True)
    )
    dark += "  --shadow: none;\n"
    return (
        f":root {{\n{light}}}\n:root[data-theme=dark] {{\n{dark}}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{\n{dark}}} }}\n"
    )


def write_charts(path: Path, figures: Mapping[str, Figure]) -> None:
    """Write the charts of a page as a script that the shell draws from."""
    specs = {name: figure.spec() for name, figure in figures.items()}
    write_text(path, script(".charts", specs))


def script(target: str, value: object) -> str:
    """Return a classic script that assigns `value` to `unitscope.data.<target>`, safe inside HTML too."""
    return f"unitscope.data{target} = {safe_json(value)};\n"


def safe_json(value: object) -> str:
    """Return JSON without a letter that means something in HTML."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def write_text(path: Path, text: str) -> None:
    """Write a text, the same on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def copy_report(source: Path, folder: Path) -> None:
    """Make `folder` a copy of a report without its own shell, by hard links where the file system allows."""
    shutil.copytree(
        source,
        folder,
        copy_function=lambda one, other: place_file(Path(one), Path(other)),
        ignore=lambda at, _: [FOLDER] if Path(at) == source else [],
    )


def fill(template: str, **facts: object) -> str:
    """Return the text of a page, given what its template (`templates/<template>`) says of the run."""
    return templates().get_template(template).render(**{"header": None, **facts})


@cache
def templates() -> jinja2.Environment:
    """Return the templates of all pages; what has been compiled of them is kept."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("unitscope.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "integer": integer,
        "date": date,
        "value": value,
        "slug": slug,
    }
    return environment


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage: `4 %`, with more digits where it would lose its value."""
    text = f"{100 * share:.{digits}f}" if digits else f"{100 * share:.3g}"
    return f"{text}\u202f%"


def integer(number: float) -> str:
    """Return an integer with thousands apart."""
    return f"{int(number):,}"


def date(text: str) -> str:
    """Return an ISO time as `4 March 2026, 10:20 UTC`, or as it is if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = f" {moment.tzname()}" if moment.tzinfo else ""
    return f"{moment.day} {moment:%B %Y, %H:%M}{zone}"


def value(item: object) -> str:
    """Return a value of the manifest in plain words."""
    if isinstance(item, bool) or item is None:
        return {True: "yes", False: "no", None: "none"}[item]
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value(inner)}" for key, inner in item.items()) or "none"
    if isinstance(item, (list, tuple)):
        return ", ".join(value(inner) for inner in item) or "none"
    return f"{item:g}" if isinstance(item, float) else str(item)
