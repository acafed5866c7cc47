"""Colours, markers and names that the importance figures share; the page has the same in `assets/importance/`."""

from __future__ import annotations

from unitscope.report.palette import COLORS, MARKERS

SETTING_COLORS = {"baseline": COLORS[0], "removed": COLORS[1], "kept": COLORS[2], "random": COLORS[6]}
SETTING_MARKERS = {
    "baseline": MARKERS[0],
    "removed": MARKERS[1],
    "kept": MARKERS[2],
    "random": MARKERS[3],
}
TRAIN, VAL = COLORS[5], COLORS[0]
CHANCE = 0.5
"""Balanced accuracy of guessing."""


def setting_names(many: int, units: int) -> dict[str, str]:
    """Return what the settings of fig. 2D are called."""
    return {
        "baseline": "whole network",
        "removed": f"{many} most important removed",
        "kept": f"only these {many} kept ({units - many:,} removed)",
        "random": f"{many} random removed",
    }
