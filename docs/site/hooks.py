"""What MkDocs does besides: durations of code blocks become their titles, and some pages are made of other files.

A comment before a block of code says how long it takes, or why it is not run in the tests (``tests/pages.py``); a
reader sees it above the block. ``changelog.md`` is ``CHANGELOG.md``, and pictures of the gallery are left out where
``python docs/gallery.py`` has not drawn them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MARKED = re.compile(r"^([ ]*)<!-- (takes|not run:|file|prints) ?(.*?) -->\n\1```(\w*)$", re.MULTILINE)
PICTURE = re.compile(r"^!\[[^\]]*\]\((gallery/[^)]+)\)(?:\{[^}]*\})?\n(?:\*.*\*\n)?", re.MULTILINE)
NOT_DRAWN = "*(`python docs/gallery.py` draws this picture.)*\n"


def titled(found: re.Match[str]) -> str:
    """Return a block of code with what its comment says as its title."""
    indent, kind, said, language = found.groups()
    title = {"takes": f"about {said} on two cores", "file": said, "prints": f"prints {said}".strip()}.get(
        kind, said
    )
    return f'{indent}```{language or "text"} title="{title}"'


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page as it is rendered."""
    name = page.file.src_uri
    if name == "changelog.md":
        markdown = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        markdown = re.sub(r"`docs/(\w+\.md)`", r"[`\1`](\1)", markdown)
    if name == "gallery.md":
        drawn = {path.name for path in (ROOT / "docs" / "gallery").glob("*")}
        markdown = PICTURE.sub(
            lambda found: found[0] if Path(found[1]).name in drawn else NOT_DRAWN, markdown
        )
    return MARKED.sub(titled, markdown)
