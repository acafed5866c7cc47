"""The demonstration: the bundled network, dissected on the embedded world."""

from __future__ import annotations

from pathlib import Path

from unitscope.api import dissect
from unitscope.run.dissection import Dissection

DEMO_MODEL = "world-vgg"
DEMO_PICTURES = 1000
DEMO_RUN = "demo-run"


def run_demo(out: Path, pictures: int = DEMO_PICTURES) -> Dissection:
    """Dissect the default layers of the bundled network on unseen scenes.

    Args:
        out: the run folder.
        pictures: how many scenes to draw.
    """
    return dissect(DEMO_MODEL, f"world:{pictures}", out=out)
