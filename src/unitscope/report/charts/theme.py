"""The look of every chart and page: one palette with a light and a dark shade of each colour, axes, legends."""

from __future__ import annotations

from collections.abc import Iterable

PALETTE: dict[str, tuple[str, str]] = {
    "paper": ("#fbfaf8", "#131417"),
    "panel": ("#ffffff", "#1b1d21"),
    "ink": ("#1d1f24", "#eceae6"),
    "muted": ("#5c616b", "#a3a7b0"),
    "rule": ("#e3e1dc", "#2e3137"),
    "rule-strong": ("#85898f", "#7d828b"),
    "accent": ("#4a3fc4", "#aaa3ff"),
    "accent-soft": ("#eceafa", "#2a2847"),
    "category-0": ("#0072b2", "#4ba7e0"),
    "category-1": ("#d55e00", "#f08a3c"),
    "category-2": ("#009e73", "#2fc497"),
    "category-3": ("#b5548a", "#dd8bb8"),
    "category-4": ("#8a6d00", "#d8b93a"),
    "category-5": ("#3a9bd9", "#8cccf5"),
    "category-6": ("#6b6b6b", "#a8a8a8"),
    "category-7": ("#7b4ab5", "#b792ea"),
}
"""Light and dark shade by name. Charts are written in the light ones; a dark page replaces each by the other.

The categories are the Okabe-Ito set (readable with every common colour vision deficiency), slightly darkened where
white paper asks for it.
"""
PANEL, INK, MUTED, RULE, STRONG, ACCENT = (
    PALETTE[name][0] for name in ("panel", "ink", "muted", "rule", "rule-strong", "accent")
)
COLORS = tuple(light for name, (light, _) in PALETTE.items() if name.startswith("category-"))
_PENTAGON = "M0,-0.6L0.57,-0.19L0.35,0.49L-0.35,0.49L-0.57,-0.19Z"
_HEXAGON = "M0,-0.6L0.52,-0.3L0.52,0.3L0,0.6L-0.52,0.3L-0.52,-0.3Z"
SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "triangle-down"),
    *(_PENTAGON, "cross", _HEXAGON),
)
"""One shape a category, in the order of the colours, as Vega names or draws them."""
FIXED = ("object", "part", "material", "color", "texture", "scene")
FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif'


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


def category_colors(categories: Iterable[str]) -> dict[str, str]:
    """Return the colour of every category."""
    return {name: COLORS[slot] for name, slot in category_slots(categories).items()}


def config() -> dict[str, object]:
    """Return the Vega-Lite configuration that all charts share."""
    text = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 200}
    axis = {
        **text,
        "grid": False,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "domainColor": STRONG,
        "gridColor": RULE,
        "tickColor": RULE,
        "titlePadding": 8,
    }
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "axisBand": {"domain": False, "ticks": False, "labelColor": INK, "labelPadding": 6},
        "legend": {
            **text,
            "title": None,
            "labelColor": INK,
            "titleColor": MUTED,
            "titleLimit": 320,
            "orient": "top",
            "direction": "horizontal",
            "labelLimit": 320,
            "symbolOpacity": 1,
            "columnPadding": 18,
            "columns": {"expr": "width < 480 ? 1 : width < 720 ? 3 : 6"},
        },
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": INK,
            "fontSize": 13,
            "subtitleColor": MUTED,
            "subtitleFontSize": 11,
            "subtitlePadding": 5,
            "offset": 12,
        },
        "point": {"filled": True, "opacity": 1},
        "bar": {"cornerRadiusEnd": 1},
    }
