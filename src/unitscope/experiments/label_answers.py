"""Whether segmenters label the same picture the same way: again, in other company, and at another place in a batch."""

from __future__ import annotations

from unitscope.concepts.labellers import Labeller
from unitscope.concepts.merge import segmenting
from unitscope.errors import UnitscopeError
from unitscope.layer.answers import CAUSES, Answers


def label_answers(
    labeller: Labeller, advice: str = "make it deterministic", *, allowed: bool = False
) -> Answers:
    """Ask the segmenters of a labeller, each with pictures of noise; masks have none.

    One that fails on noise, as it reads the colours of one generator only, tells nothing by that.

    Args:
        labeller: for pictures or generated ones.
        advice: what a person can do about one that does not.
        allowed: whether such a one is only told of.

    Raises:
        UnitscopeError: one does not.
    """
    found: Answers = "same"
    for each in segmenting(labeller):
        try:
            answers = each.answers()
        except UnitscopeError:
            continue
        if answers != "same":
            found = answers
            if not allowed:
                raise UnitscopeError(
                    f"segmenter {each.name!r} answers differently {CAUSES[answers]}; {advice}"
                )
    return found
