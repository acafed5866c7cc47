"""What something answered to one made-up input, in a few numbers: whether it still is what it was.

A hash of weights says nothing of the code that uses them, nor of settings that are no weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fingerprint:
    """Numbers of an answer.

    Attributes:
        tolerance: how far numbers may be from others, as a part of the largest of both, and be taken for the same:
            rounding differs from machine to machine.
        numbers: the root of the mean square first, then others of at most about that size.
    """

    tolerance: float
    numbers: tuple[float, ...]

    def is_like(self, other: Fingerprint) -> bool:
        """Tell whether another one is of the same answer, but for rounding."""
        if len(self.numbers) != len(other.numbers):
            return False
        most = self.tolerance * max(map(abs, (*self.numbers, *other.numbers)), default=0)
        return all(abs(a - b) <= most for a, b in zip(self.numbers, other.numbers, strict=True))


Fingerprints = Mapping[str, Mapping[str, Fingerprint]]
"""Of those who were asked (a network, segmenters), by what of them answered, in the order in which it does."""


def unlike(before: Fingerprints, now: Fingerprints) -> str:
    """Return the first that answered otherwise than before, of those who are asked now; empty where nothing did."""
    for who, answers in now.items():
        for name, each in before.get(who, {}).items():
            if name not in answers or not each.is_like(answers[name]):
                return name
    return ""
