"""How numbers and columns are written for people: IoU with three digits, shares and accuracies in per cent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Score:
    """A value with the ends of its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, *numbers: float) -> Score:
        """Return a value, alone or with both ends; what is not finite is not there."""
        return cls(*(float(number) if math.isfinite(number) else None for number in numbers))


def fraction(value: float, digits: int = 3, *, sign: Literal["", "+"] = "") -> str:
    """Write an IoU, an AUROC or a correlation: ``0.446``."""
    return f"{value:{sign}.{digits}f}"


def percent(share: float, *, digits: int = 1, sign: Literal["", "+"] = "", unit: str = " %") -> str:
    """Write a share: ``44.6 %``."""
    return f"{100 * share:{sign}.{digits}f}{unit}"


def interval(low: float, high: float, digits: int = 3, *, sign: Literal["", "+"] = "") -> str:
    """Write an interval of fractions: ``0.401 to 0.487``."""
    return f"{fraction(low, digits, sign=sign)} to {fraction(high, digits, sign=sign)}"


def fraction_score(score: Score, digits: int = 3, *, sign: Literal["", "+"] = "") -> str:
    """Write a fraction with its interval, ``0.446 (0.401 to 0.487)``; ``-`` where there is none."""
    if score.value is None:
        return "-"
    shown = fraction(score.value, digits, sign=sign)
    if score.low is None or score.high is None:
        return shown
    return f"{shown} ({interval(score.low, score.high, digits, sign=sign)})"


def percent_score(score: Score, *, digits: int = 1, sign: Literal["", "+"] = "", none: str = "0.0 %") -> str:
    """Write a share with its interval: ``44.6 % (40.1 to 48.7)``.

    Args:
        score: the share.
        digits: after the point.
        sign: ``+`` writes the sign of gains as well.
        none: what stands for a share of nothing.
    """
    if score.value is None:
        return none
    shown = percent(score.value, digits=digits, sign=sign)
    if score.low is None or score.high is None:
        return shown
    ends = (percent(end, digits=digits, sign=sign, unit="") for end in (score.low, score.high))
    return f"{shown} ({' to '.join(ends)})"


def heading(column: str) -> str:
    """Write the name of a column: ``iou_heldout`` is ``IoU held out``, ``mean_iou_1`` is ``mean IoU 1``."""
    return " ".join({"iou": "IoU", "heldout": "held out"}.get(word, word) for word in column.split("_"))


def column_of(name: str, columns: Iterable[str]) -> str:
    """Return the column that a name or heading stands for; the name as it is when there is none."""
    by_heading = {heading(column).lower(): column for column in columns}
    return by_heading.get(heading(name).lower(), name)
