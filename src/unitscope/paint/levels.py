"""The levels that units are forced to: thresholds and quantiles of a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.look import thresholds_of
from unitscope.experiments.dissection.rescore import LayerQuantiles
from unitscope.experiments.effects.settings import THRESHOLD, parse_level
from unitscope.nouns.subject import exceeded
from unitscope.paint.recipe import Stroke
from unitscope.run.dissection import Dissection

HALF = "half"
"""Half of the threshold."""
OFFERED = ("0.5", "0.75", "0.9", "0.95", "0.98", "0.99", "0.995", "0.998", "0.999")
"""Quantiles that a slider goes through, as far as the run has kept enough to answer them."""


class Levels:
    """Levels of the units of a layer.

    Args:
        run: a finished dissection.
        layer: module name of one of its layers.
    """

    def __init__(self, run: Dissection, layer: str) -> None:
        self.run, self.layer = run, layer
        thresholds = thresholds_of(run)[layer]
        half = (thresholds / 2).astype(np.float32, copy=False)
        self._known: dict[str, NDArray[np.float32]] = {HALF: half, THRESHOLD: thresholds}

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """The threshold of every unit ``(U,)``."""
        return self._known[THRESHOLD]

    @cached_property
    def _quantiles(self) -> LayerQuantiles:
        return LayerQuantiles(self.run, self.layer)

    def of(self, level: str) -> NDArray[np.float32]:
        """Return a level of every unit ``(U,)``: ``threshold``, ``half``, or what ``--level`` reads.

        Raises:
            UnitscopeError: it is none, or the run has not kept enough to answer it.
        """
        if level not in self._known:
            parsed = parse_level(level)
            if parsed.kind == "value":
                return np.full(len(self.thresholds), parsed.value, np.float32)
            (found,) = self._quantiles.find([exceeded(parsed)])
            if level not in OFFERED:
                return found
            self._known[level] = found
        return self._known[level]

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """The levels that a slider goes through, from half of the threshold to the highest quantile."""
        above = {level: exceeded(parse_level(level)) for level in OFFERED}
        own = self.run.settings.quantile
        known = {
            level: share for level, share in above.items() if share != own and self._quantiles.answers(share)
        }
        ordered = sorted({**known, THRESHOLD: own}.items(), key=lambda each: -each[1])
        return (HALF, *(level for level, _ in ordered))

    def prepare(self, between: Callable[[], None]) -> None:
        """Find all levels that are offered, so that none has to be waited for.

        Args:
            between: is called now and then.
        """
        wanted = [level for level in self.offered if level not in self._known]
        if wanted:
            found = self._quantiles.find([exceeded(parse_level(level)) for level in wanted], between)
            self._known |= dict(zip(wanted, found, strict=True))

    def fill(self, stroke: Stroke) -> Stroke:
        """Return a stroke with levels for its units, as float32.

        Raises:
            UnitscopeError: its level cannot be found, or it has a unit that the layer has not.
        """
        if stroke.tool == "erase":
            return stroke
        if stroke.levels is not None:
            levels = np.array(stroke.levels, np.float32)
        else:
            every = self.of(str(stroke.level))
            if max(stroke.units) >= len(every):
                raise UnitscopeError(
                    f"unit {max(stroke.units)} is not in layer {self.layer!r}, which has {len(every)} units; "
                    f"give a number from 0 to {len(every) - 1}"
                )
            levels = every[list(stroke.units)]
        wrong = ~np.isfinite(levels)
        if wrong.any():
            unit = stroke.units[int(wrong.argmax())]
            raise UnitscopeError(f"unit {unit} has no level {stroke.level!r}: it is not finite in the run")
        return replace(stroke, level=stroke.level or "values", levels=tuple(levels.tolist()))
