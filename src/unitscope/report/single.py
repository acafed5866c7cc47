"""A report as one HTML file, to send by mail: the page with everything it loads inside, as far as a limit allows."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from unitscope.errors import UnitscopeError
from unitscope.report.shell import write_text
from unitscope.report.write import Content, write_content
from unitscope.run.address import run_path
from unitscope.run.mirror import fetched, put_made

LIMIT = 18 * 2**20
"""Bytes of the file: below the 25 MB that most mail servers take, once it is encoded for them."""
GENERATOR = '<meta name="generator" content="Unitscope">'
"""What tells a page of this package from other files (`templates/base.html`)."""
MAIN = '<main id="main" class="wide" tabindex="-1">\n'


def write_single_report(run: Path | str, *, out: Path | str | None = None) -> Path:
    """Write the report of a finished run as one HTML file.

    Pages of questions that were asked of the run since are not in it. Where all would be larger than `LIMIT`, pictures
    are smaller than in the folder of a report, and the details of the units of lowest IoU are left out; the page says
    so.

    Args:
        run: the run folder.
        out: the file; default `RUN/report.html`. An earlier one is replaced.

    Returns:
        The path of the file.

    Raises:
        UnitscopeError: the run is missing or not finished, or `out` is something else than an earlier report.
    """
    run = fetched(run)
    target = run_path(out) if out is not None else run / "report.html"
    _check_file(target)
    content = Content.of(run)
    alone = content.alone
    left = [f"the pages of {content.questions} questions about its units"] if content.questions else []
    with tempfile.TemporaryDirectory() as aside:
        index = write_content(alone, Path(aside) / "report", picture_bytes=LIMIT // 2)
        text = joined(index, left_out=left)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        write_text(part, text)
        part.replace(target)
    except OSError as error:
        raise UnitscopeError(
            f"cannot write the report to {str(target)!r}: {error.strerror or error}; give another place for it"
        ) from error
    put_made(target)
    return target


def joined(index: Path, *, limit: int = LIMIT, left_out: Sequence[str] = ()) -> str:
    """Return a report as one page.

    Args:
        index: its `index.html`.
        limit: bytes of the page; what every view needs is always in it.
        left_out: what is known to be missing, in words.
    """
    folder, text = index.parent, index.read_text(encoding="utf-8")
    later = r'<script src="([^"]+)" defer></script>\n?'
    *needed, start = (_script(folder / name) for name in re.findall(later, text))
    text = re.sub(later, "", text)
    text = re.sub(r'<script src="([^"]+)"></script>', lambda found: _script(folder / found[1]), text)
    styles = r'<link rel="stylesheet" href="([^"]+)">'
    text = re.sub(styles, lambda found: f"<style>\n{_read(folder / found[1])}</style>", text)
    text = _with_figures(text, folder)
    used = len("".join([text, *needed, start]).encode())
    kept, missing = _details(folder / "data", limit - used)
    said = ", ".join([*left_out, *missing])
    notice = (
        f'<p class="notice">Left out of this file: {said}. The folder of the report has them.</p>\n'
        if said
        else ""
    )
    scripts = "\n".join([*needed, *kept, start])
    return text.replace(MAIN, MAIN + notice, 1).replace("</body>", f"{scripts}\n</body>", 1)


def _details(data: Path, budget: int) -> tuple[list[str], list[str]]:
    """Take pictures and details of units, both in the order of IoU, until a budget is spent.

    Returns:
        The scripts, and what is missing in words.
    """
    kept, missing = [], []
    for name, share, words in (("pictures", 2, "pictures"), ("units", 1, "details of units")):
        files = sorted((data / name).glob("*.js"), key=lambda file: int(file.stem))
        spent, taken = 0, 0
        for file in files:
            size = file.stat().st_size
            if spent + size > budget // share:
                break
            kept.append(_script(file))
            spent, taken = spent + size, taken + 1
        if taken < len(files):
            missing.append(f"{1 - taken / len(files):.0%} of the {words}, those of the units of lowest IoU")
        budget -= spent
    return kept, missing


def _with_figures(text: str, folder: Path) -> str:
    """Put the SVG of every figure into its link, and leave the other forms out."""

    def link(found: re.Match[str]) -> str:
        if found[2] != "svg":
            return ""
        content = base64.b64encode((folder / "figures" / f"{found[1]}.svg").read_bytes()).decode("ascii")
        address = f"data:image/svg+xml;base64,{content}"
        return (
            found[0]
            .replace(f"figures/{found[1]}.svg", address)
            .replace(" download", f' download="{found[1]}.svg"')
        )

    return re.sub(r'<a href="figures/([^"]+)\.(svg|png|pdf)"[^>]*>[^<]*</a> ?', link, text)


def _script(file: Path) -> str:
    """Return a file as a script inside HTML, which must not meet the end of its own element."""
    text = _read(file).replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"<script>\n{text}</script>"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _check_file(target: Path) -> None:
    if target.is_dir():
        raise UnitscopeError(
            f"cannot write the report to {str(target)!r}: it is a folder; give a file, as report.html"
        )
    if target.exists():
        with target.open("rb") as file:
            start = file.read(4096)
        if GENERATOR.encode() not in start:
            raise UnitscopeError(
                f"cannot write the report to {str(target)!r}: the file is something else than a report; give another"
            )
