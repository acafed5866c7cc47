"""Colours, shapes and names that the importance figures share."""

from __future__ import annotations

from unitscope.report.charts.theme import COLORS, MUTED

SETTING_COLORS = {"baseline": COLORS[0], "removed": COLORS[1], "kept": COLORS[2], "random": COLORS[6]}
SETTING_SHAPES = ("circle", "square", "triangle-up", "diamond")
SPLIT_COLORS = {"train": COLORS[5], "val": COLORS[0]}
ORDERS = {
    "baseline": "whole network",
    "removed": "most important first",
    "kept": "least important first",
    "random": "random order: mean and range",
    "chance": "chance",
}
ORDER_COLORS = {ORDERS[key]: SETTING_COLORS.get(key, MUTED) for key in ORDERS}
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
