"""One colour and one marker per category, the same in the page's charts and in the figure files.

The colours are the Okabe-Ito set (readable with every common colour vision deficiency), slightly darkened
where white paper asks for it. The page has its own light and dark shades in `assets/app.css`
(`--category-0` ...), in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable

COLORS = ("#0072b2", "#d55e00", "#009e73", "#b5548a", "#8a6d00", "#3a9bd9", "#6b6b6b", "#7b4ab5")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
FIXED = ("object", "part", "material", "color", "texture", "scene")


def category_slots(categories: Iterable[str]) -> dict[str, int]:
    """Give every category a slot of the palette: known categories always the same, others in order.

    Args:
        categories: names, in the order in which they shall be listed.

    Returns:
        Category name to slot `0 .. len(COLORS) - 1`; slots repeat only after all are taken.
    """
    names = list(dict.fromkeys(categories))
    slots = {name: FIXED.index(name) for name in names if name in FIXED}
    free = [slot for slot in range(len(COLORS)) if slot not in slots.values()] or [0]
    others = [name for name in names if name not in slots]
    slots.update({name: free[index % len(free)] for index, name in enumerate(others)})
    return {name: slots[name] for name in names}
