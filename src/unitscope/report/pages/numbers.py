"""Numbers with their intervals, as pages show them in words."""

from __future__ import annotations

import numpy as np

Interval = tuple[float, float, float]
"""A value with the ends of its interval; NaN where there is none."""


def alone(value: float) -> Interval:
    """Return a value that has no interval."""
    return float(value), float("nan"), float("nan")


def interval_of(row: object, name: str, low: str | None = None, high: str | None = None) -> Interval:
    """Return a value of a row of a table with its interval, whose columns are named after it by default."""
    names = (name, low or f"{name}_low", high or f"{name}_high")
    values = [getattr(row, each) for each in names]
    first, second, third = (float("nan") if value is None else float(value) for value in values)
    return first, second, third


def shown(found: Interval, digits: int = 1, *, sign: bool = False, scale: float = 100) -> dict[str, str]:
    """Return a share as text: its value in per cent, and its interval."""
    form = f"{'+' if sign else ''}.{digits}f"
    value, low, high = (scale * each for each in found)
    unit = "\u202f%" if scale == 100 else ""
    if not np.isfinite(value):
        return {"value": "\u2013", "interval": ""}
    ends = f"{low:{form}} to {high:{form}}" if np.isfinite(low) and np.isfinite(high) else ""
    return {"value": f"{value:{form}}{unit}", "interval": ends}
