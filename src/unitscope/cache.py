"""Where what was made or fetched once is kept for the next time."""

from __future__ import annotations

import os
from pathlib import Path

from unitscope.paths import as_path


def cache_folder() -> Path:
    """Return the user's cache: ``UNITSCOPE_CACHE``, or ``unitscope`` below ``XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("UNITSCOPE_CACHE"):
        return as_path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "unitscope"
